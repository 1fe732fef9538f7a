import type { CallOptions, ChainEvent, Fact, Network, Sighting } from '@aitbc/core'
import { ref } from './facts.js'
import { type Pace, poll } from './poll.js'

/** A block by which a chain is followed: it names its parent. */
export interface Link extends Fact.BlockRef {
  readonly parent: string
}

/** How the head moved: blocks that left the chain, newest first, then blocks that joined it, oldest first. */
export interface Move<B extends Link> {
  readonly retracted: readonly Fact.BlockRef[]
  readonly added: readonly B[]
  readonly asOf: Fact.Tip
}

/** A chain whose head may move to another branch. */
export interface Chain<B extends Link> extends Pace {
  readonly network: Network
  /** Blocks that one look takes in; what is further comes with the next look, at once. */
  readonly maxStep: bigint
  tip(): Promise<Fact.Tip>
  /** A block that must be there, by its hash or its height; with a height it is of that. */
  block(which: { readonly hash: string; readonly height?: bigint } | { readonly height: bigint }): Promise<B>
  /** At most so many blocks up to where a watch begins: those up to a block that is known, or those before the head. */
  beginning(from: Fact.BlockRef | undefined, head: Fact.Tip, most: number): Promise<readonly Fact.BlockRef[]>
  /** More blocks left the chain than were planned for. */
  tooDeep(message: string, context: Readonly<Record<string, unknown>>): Error
}

/** A sighting that stands as long as its block does. */
export interface Seen {
  readonly what: Sighting
  readonly block: Fact.BlockRef
}

/** What a watch looks for. */
export interface Look<B extends Link> {
  /** What happened before a watch began with this block. */
  before?(first: B): Promise<readonly Seen[]>
  inBlocks(added: readonly B[]): Promise<readonly Seen[]>
  /** What waits, given what stands. */
  inMempool(standing: readonly Seen[]): Promise<readonly Sighting[]>
}

/** Sightings that a watch can still retract. */
const MAX_STANDING = 10_000

/** The blocks themselves. */
export const BLOCKS: Look<Link> = {
  inBlocks: async (added) =>
    added.map((block) => ({ what: { kind: 'block', block: ref(block) }, block: ref(block) })),
  inMempool: async () => [],
}

/** What happens to a subject, beginning with what already has; what a reorganisation undid is retracted, newest first. */
export function watchHeads<B extends Link>(
  chain: Chain<B>,
  options: CallOptions | undefined,
  look: Look<B>,
): AsyncGenerator<ChainEvent, void, undefined> {
  const standing: Seen[] = []
  const waiting = new Set<string>()
  let asOf: Fact.Tip | undefined
  return followHeads(chain, undefined, options, async (move) => {
    // All reads first: a look that fails half-way must leave nothing behind.
    const added = move === undefined ? [] : [...(await look.inBlocks(move.added))]
    const first = asOf === undefined ? move?.added[0] : undefined
    if (first !== undefined) added.unshift(...((await look.before?.(first)) ?? []))
    const pending = await look.inMempool([...standing, ...added])
    const now = move?.asOf ?? asOf
    if (now === undefined) return []
    asOf = now
    const events: ChainEvent[] = []
    const gone = new Set((move?.retracted ?? []).map(({ hash }) => hash))
    for (let i = standing.length - 1; i >= 0; i--) {
      const entry = standing[i] as Seen
      if (!gone.has(entry.block.hash)) continue
      standing.splice(i, 1)
      // It may wait again.
      if (entry.what.kind === 'spend') waiting.delete(entry.what.spend.transaction)
      events.push({ is: 'retracted', what: entry.what, asOf: now })
    }
    for (const entry of added) {
      standing.push(entry)
      events.push({ is: 'added', what: entry.what, asOf: now })
    }
    standing.splice(0, standing.length - MAX_STANDING)
    for (const what of pending) {
      const id = what.kind === 'spend' ? what.spend.transaction : ''
      const mined = standing.some(({ what: past }) => past.kind === 'spend' && past.spend.transaction === id)
      if (mined || waiting.has(id)) continue
      waiting.add(id)
      events.push({ is: 'added', what, asOf: now })
    }
    return events
  })
}

/**
 * Follows the head by polling, and yields what `look` makes of each move, and of each look at a head that stayed (`undefined`).
 * Without a `from` it begins with the head itself. Throws the chain's `tooDeep` where more blocks left it than the network's profile
 * plans for, twice over.
 */
export function followHeads<B extends Link, T>(
  chain: Chain<B>,
  from: Fact.BlockRef | undefined,
  options: CallOptions | undefined,
  look: (move: Move<B> | undefined) => Promise<readonly T[]>,
): AsyncGenerator<T, void, undefined> {
  // Twice what the profile plans for, and some.
  const most = Number(chain.network.reorgDepth) * 2 + 16
  let path: readonly Fact.BlockRef[] = []
  const next = async () => {
    const asOf = await chain.tip()
    if (path.length === 0) path = await chain.beginning(from, asOf, most)
    const last = path.at(-1) as Fact.BlockRef
    const behind = asOf.height > last.height + chain.maxStep
    const move = await step(chain, path, behind ? { height: last.height + chain.maxStep } : asOf, asOf)
    const found = await look(move)
    if (move !== undefined)
      path = [...path.slice(0, path.length - move.retracted.length), ...move.added.map(ref)].slice(-most)
    return { found, behind }
  }
  return poll(chain, options, next, () => path.length > 0)
}

async function step<B extends Link>(
  chain: Chain<B>,
  path: readonly Fact.BlockRef[],
  target: { readonly hash?: string; readonly height: bigint },
  asOf: Fact.Tip,
): Promise<Move<B> | undefined> {
  const first = path[0] as Fact.BlockRef
  const last = path.at(-1) as Fact.BlockRef
  if (last.hash === target.hash) return undefined
  let block = await chain.block(target.hash === undefined ? { height: target.height } : { hash: target.hash })
  const byHeight = new Map(path.map(({ height, hash }) => [height, hash]))
  // The head of an endpoint that lags, further perhaps than the path goes back: nothing left the chain.
  if (block.height <= first.height || byHeight.get(block.height) === block.hash) return undefined
  const added: B[] = [block]
  while (byHeight.get(block.height - 1n) !== block.parent) {
    if (block.height - 1n <= first.height)
      throw chain.tooDeep(
        `blocks from ${first.height} to ${last.height} left the chain, more than ${chain.network.id} plans for`,
        { network: chain.network.id, from: first.height, to: last.height, head: asOf.hash },
      )
    block = await chain.block({ hash: block.parent, height: block.height - 1n })
    added.unshift(block)
  }
  const fork = block.height - 1n
  return { retracted: path.filter(({ height }) => height > fork).reverse(), added, asOf }
}
