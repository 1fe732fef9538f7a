import {
  type Bytes,
  type CallOptions,
  type ChainEvent,
  Codec,
  CoreErrors,
  type Fact,
  type HeaderUpdate,
  type Lock,
  type Sighting,
  type Subject,
  show,
} from '@aitbc/core'
import { poll } from '../../internal/poll.js'
import { SolanaErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import * as SolanaRpc from '../SolanaRpc.js'
import { blockAt, blockNear, type Client, type Head, headOf, ref, rpc } from './client.js'
import { findLocks, findSpend } from './locks.js'
import { programTerms } from './terms.js'

/** How the head moved: blocks that left the chain, newest first, then blocks that joined it, oldest first. */
interface Move {
  readonly retracted: readonly SolanaRpc.Block[]
  readonly added: readonly SolanaRpc.Block[]
  readonly head: Head
}

/** Slots that one look takes in; what is further comes with the next look, at once. */
const MAX_SLOTS = 64n
/** Blocks that a watch keeps in mind: more than can be confirmed and not final. */
const MAX_STANDING = 128

/**
 * Headers after `from`, oldest first. A header here is what JSON-RPC tells of a block: slot, height, hash, the parent's slot and hash,
 * and time ({@link Codec}); a light client verifies banks by votes, which come with evidence.
 */
export function headers(
  client: Client,
  from: Fact.BlockRef,
  options?: CallOptions,
): AsyncGenerator<HeaderUpdate, void, undefined> {
  return follow(client, from, options, async (move) =>
    move.added.map((block) => ({ block: ref(block), bytes: encodeHeader(block) })),
  )
}

/** What happens to a subject, beginning with what already has; ends when aborted. */
export function watch(
  client: Client,
  subject: Subject,
  options?: CallOptions,
): AsyncGenerator<ChainEvent, void, undefined> {
  switch (subject?.kind) {
    case 'tip':
      return follow(client, undefined, options, async ({ retracted, added, head }) => [
        ...retracted.map((it) => event('retracted', { kind: 'block', block: ref(it) }, head)),
        ...added.map((it) => event('added', { kind: 'block', block: ref(it) }, head)),
      ])
    case 'account':
      return watchAccount(
        client,
        HtlcLock.keyOf(subject.account, client.network.id, 'subject.account'),
        options,
      )
    case 'lock':
      return watchLock(client, subject, options)
    default:
      throw CoreErrors.InvalidArgument(
        `subject.kind must be tip, account or lock, got ${show((subject as Subject | undefined)?.kind)}`,
        { argument: 'subject.kind', received: (subject as Subject | undefined)?.kind },
      )
  }
}

/** Transactions that name an account, from now on. */
function watchAccount(
  client: Client,
  account: Bytes.Bytes32,
  options?: CallOptions,
): AsyncGenerator<ChainEvent, void, undefined> {
  let begun: bigint | undefined
  const standing = new Map<string, { readonly what: Sighting; readonly slot: bigint }>()
  return follow(client, undefined, options, async ({ retracted, head }) => {
    const begin = begun ?? head.slot
    const infos = await SolanaRpc.signaturesFor(client.transport, account, rpc(options))
    const events: ChainEvent[] = []
    for (const { slot } of retracted)
      for (const [id, entry] of standing)
        if (entry.slot === slot && standing.delete(id)) events.push(event('retracted', entry.what, head))
    for (const { signature, slot } of [...infos].reverse()) {
      if (slot < begin || slot > head.slot || standing.has(signature)) continue
      const what: Sighting = {
        kind: 'transaction',
        id: signature,
        block: ref(await blockNear(client, slot, options)),
      }
      standing.set(signature, { what, slot })
      events.push(event('added', what, head))
    }
    for (const id of [...standing.keys()].slice(0, Math.max(0, standing.size - 10_000))) standing.delete(id)
    begun = begin
    return events
  })
}

/** A lock and what ends it: the state is looked at with every block, and what changed is told. */
function watchLock(
  client: Client,
  subject: Subject & { readonly kind: 'lock' },
  options?: CallOptions,
): AsyncGenerator<ChainEvent, void, undefined> {
  const { terms } = subject
  programTerms(client, terms)
  let standing: readonly Sighting[] = []
  return follow(
    client,
    undefined,
    options,
    async ({ head }) => {
      const now: Sighting[] = []
      for (const read of await findLocks(client, terms, options)) {
        // What can't be told leaves what was told.
        if (read.is === 'unknown') return []
        if (read.is === 'absent') continue
        const lock: Lock = read.fact.value
        now.push({ kind: 'lock', lock, block: read.fact.at })
        const spend = await findSpend(client, terms, lock, options)
        if (spend.is === 'unknown') return []
        if (spend.is === 'found')
          now.push({ kind: 'spend', lock, spend: spend.fact.value, block: spend.fact.at })
      }
      const gone = standing.filter((it) => !now.some((one) => same(it, one)))
      const fresh = now.filter((it) => !standing.some((one) => same(it, one)))
      standing = now
      return [
        // What waited and is in a block now was never undone.
        ...gone
          .filter(
            (it) => !('block' in it && it.block === 'mempool' && fresh.some((one) => one.kind === it.kind)),
          )
          .reverse()
          .map((it) => event('retracted', it, head)),
        ...fresh.map((it) => event('added', it, head)),
      ]
    },
    true,
  )
}

function event(is: ChainEvent['is'], what: Sighting, head: Head): ChainEvent {
  return { is, what, asOf: head.tip }
}

function same(a: Sighting, b: Sighting): boolean {
  if (a.kind !== b.kind) return false
  const at = (it: Sighting) => (it.block === 'mempool' ? 'mempool' : it.block.hash)
  const kind = (it: Sighting) => (it.kind === 'spend' ? it.spend.kind : '')
  // Whose transaction isn't known (yet), its block isn't either: what is told is the newest final one.
  const isOld = (it: Sighting) =>
    'lock' in it && (it.kind === 'spend' ? it.spend : it.lock).transaction === ''
  const isIn = a.block !== 'mempool' && b.block !== 'mempool'
  return kind(a) === kind(b) && (at(a) === at(b) || (isIn && (isOld(a) || isOld(b))))
}

/** The bytes of a header. */
function encodeHeader({ slot, height, hash, parent, parentSlot, time }: SolanaRpc.Block): Bytes.Bytes {
  const key = (text: string) => HtlcLock.keyOfText(text, 'block')
  return Codec.writer()
    .u64(slot)
    .u64(height)
    .fixed(key(hash))
    .u64(parentSlot)
    .fixed(key(parent))
    .u64(time)
    .finish()
}

/**
 * Follows the head by polling, and yields what `look` makes of each move; with `always`, of each look at a head that stayed as well.
 * Without a `from` it begins with the head itself. A look that fails and may succeed later is repeated from the same place.
 *
 * `SolanaReorgTooDeep` (3315) where more blocks left the chain than a watch remembers: confirmed blocks leave it only if a third of the stake
 * broke its votes.
 */
function follow<T>(
  client: Client,
  from: Fact.BlockRef | undefined,
  options: CallOptions | undefined,
  look: (move: Move) => Promise<readonly T[]>,
  always = false,
): AsyncGenerator<T, void, undefined> {
  let path: readonly SolanaRpc.Block[] = []
  const next = async () => {
    const head = await headOf(client, options)
    const first = path.length === 0
    if (first && from !== undefined) path = [await locate(client, from, head, options)]
    const move = await step(client, path, head, options)
    const news = move.added.length > 0 || move.retracted.length > 0 || always || first
    const found = news ? await look(move) : []
    path = [...path.slice(0, path.length - move.retracted.length), ...move.added].slice(-MAX_STANDING)
    return { found, behind: move.behind }
  }
  return poll(client, options, next, () => path.length > 0)
}

async function step(
  client: Client,
  path: readonly SolanaRpc.Block[],
  head: Head,
  options?: CallOptions,
): Promise<Move & { readonly behind: boolean }> {
  const last = path.at(-1)
  if (last === undefined) {
    const block = await blockNear(client, head.slot, options)
    return { retracted: [], added: [block], head, behind: false }
  }
  const kept = [...path]
  const retracted: SolanaRpc.Block[] = []
  // The head of an endpoint that lags: nothing left the chain.
  if (head.slot < last.slot) return { retracted, added: [], head, behind: false }
  const to = head.slot > last.slot + MAX_SLOTS ? last.slot + MAX_SLOTS : head.slot
  const behind = to < head.slot
  for (;;) {
    const top = kept.at(-1)
    if (top === undefined)
      throw SolanaErrors.SolanaReorgTooDeep(
        `confirmed blocks from slot ${path[0]?.slot} to ${last.slot} left the chain`,
        { network: client.network.id, from: path[0]?.slot, to: last.slot },
      )
    const slots =
      top.slot < to ? await SolanaRpc.blocks(client.transport, top.slot + 1n, to, rpc(options)) : []
    const added: SolanaRpc.Block[] = []
    let above = top
    let broken = false
    for (const slot of slots) {
      const block = await blockAt(client, slot, options)
      // Told of, and not there yet: it comes with the next look.
      if (block === undefined) break
      if (block.parent !== above.hash) {
        // A block that the list lacks has left no chain.
        if (block.parentSlot > above.slot) throw SolanaRpc.malformed('getBlocks', 'every slot', slots)
        broken = true
        break
      }
      added.push(block)
      above = block
    }
    if (!broken && slots.length === 0 && to >= top.slot) {
      const again = await SolanaRpc.block(client.transport, top.slot, rpc(options))
      broken = again !== undefined && again.hash !== top.hash
    }
    if (!broken) return { retracted, added, head, behind: behind && added.length > 0 }
    kept.pop()
    client.memory.blocks.delete(top.slot)
    for (const slot of slots) client.memory.blocks.delete(slot)
    retracted.push(top)
  }
}

/** The block of a reference: heights don't tell slots, and grow no faster than they. */
async function locate(
  client: Client,
  from: Fact.BlockRef,
  head: Head,
  options?: CallOptions,
): Promise<SolanaRpc.Block> {
  for (const known of client.memory.blocks.values()) if (known.hash === from.hash) return known
  let low = from.height
  let high = head.slot
  while (low <= high) {
    const middle = (low + high) / 2n
    const block = await blockNear(client, middle, options)
    if (block.height === from.height) {
      if (block.hash === from.hash) return block
      break
    }
    if (block.height < from.height) low = middle + 1n
    else high = block.slot - 1n
  }
  throw CoreErrors.InvalidArgument(
    `from must be a block of the chain, got ${show(from.hash)} at ${from.height}`,
    {
      argument: 'from',
      received: from.hash,
    },
  )
}
