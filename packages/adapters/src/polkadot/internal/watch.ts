import {
  type CallOptions,
  type ChainEvent,
  CoreErrors,
  type Fact,
  type HeaderUpdate,
  isAitbcError,
  type Sighting,
  type Subject,
  show,
} from '@aitbc/core'
import * as Address from '../Address.js'
import { PolkadotErrors } from '../errors.js'
import * as PolkadotTransaction from '../PolkadotTransaction.js'
import { type Client, headerAt, needBlock, needHeader, ref, tipOf } from './client.js'
import { contains, eventsOf, registryAt } from './events.js'
import { signerOf } from './follow.js'
import type * as Rpc from './rpc.js'

type Hex = `0x${string}`

/** How the head moved: blocks that left the chain, newest first, then blocks that joined it, oldest first. */
interface Move {
  readonly retracted: readonly Fact.BlockRef[]
  readonly added: readonly Rpc.Header[]
  readonly asOf: Fact.Tip
}

/** A sighting that stands as long as its block does. */
export interface Seen {
  readonly what: Sighting
  readonly block: Fact.BlockRef
}

/** What a watch looks for. */
export interface Look {
  inBlocks(added: readonly Rpc.Header[]): Promise<readonly Seen[]>
  inPool(standing: readonly Seen[]): Promise<readonly Sighting[]>
}

/** Blocks that one look takes in; what is further comes with the next look, at once. */
const MAX_STEP = 64n
/** Failed looks in a row after which a watch gives up, where failing may pass. */
const MAX_FAILURES = 5
/** Sightings that a watch can still retract. */
const MAX_STANDING = 10_000

/** Headers after `from`, oldest first; after a reorganisation those of the new branch. Ends when aborted. */
export function headers(
  client: Client,
  from: Fact.BlockRef,
  options?: CallOptions,
): AsyncGenerator<HeaderUpdate, void, undefined> {
  return follow(client, from, options, async (move) =>
    (move?.added ?? []).map((header) => ({ block: ref(header), bytes: header.bytes })),
  )
}

/** What happens to a subject; ends when aborted. What a reorganisation undid is retracted, newest first. */
export function watch(
  client: Client,
  subject: Subject,
  options?: CallOptions,
  lookForLock?: (subject: Subject & { readonly kind: 'lock' }) => Look,
): AsyncGenerator<ChainEvent, void, undefined> {
  const look = lookFor(client, subject, options, lookForLock)
  const standing: Seen[] = []
  const inPool = new Set<string>()
  let asOf: Fact.Tip | undefined
  return follow(client, undefined, options, async (move) => {
    // All reads first: a look that fails half-way must leave nothing behind.
    const added = move === undefined ? [] : await look.inBlocks(move.added)
    const pending = await look.inPool([...standing, ...added])
    const now = move?.asOf ?? asOf
    if (now === undefined) return []
    asOf = now
    const events: ChainEvent[] = []
    const gone = new Set((move?.retracted ?? []).map(({ hash }) => hash))
    for (let i = standing.length - 1; i >= 0; i--) {
      const entry = standing[i] as Seen
      if (!gone.has(entry.block.hash)) continue
      standing.splice(i, 1)
      events.push({ is: 'retracted', what: entry.what, asOf: now })
    }
    for (const entry of added) {
      standing.push(entry)
      events.push({ is: 'added', what: entry.what, asOf: now })
    }
    standing.splice(0, standing.length - MAX_STANDING)
    for (const what of pending) {
      const id = what.kind === 'spend' ? what.spend.transaction : ''
      if (inPool.has(id)) continue
      inPool.add(id)
      events.push({ is: 'added', what, asOf: now })
    }
    return events
  })
}

function lookFor(
  client: Client,
  subject: Subject,
  options?: CallOptions,
  lookForLock?: (subject: Subject & { readonly kind: 'lock' }) => Look,
): Look {
  const nothing = async () => []
  switch (subject?.kind) {
    case 'tip':
      return {
        inBlocks: async (added) =>
          added.map((header) => ({ what: { kind: 'block', block: ref(header) }, block: ref(header) })),
        inPool: nothing,
      }
    case 'account': {
      const account = Address.fromAccountId(subject.account, client.network, 'subject.account')
      const { address } = Address.ofNetwork(subject.account, client.network.id, 'subject.account')
      return {
        inBlocks: async (added) => {
          const found: Seen[] = []
          for (const header of added) {
            const ids = await touching(client, header.hash, account, address, options)
            for (const id of ids)
              found.push({ what: { kind: 'transaction', id, block: ref(header) }, block: ref(header) })
          }
          return found
        },
        inPool: nothing,
      }
    }
    default:
      if (subject?.kind === 'lock' && lookForLock !== undefined) return lookForLock(subject)
      throw CoreErrors.InvalidArgument(
        `subject.kind must be tip${lookForLock === undefined ? '' : ', lock'} or account, got ${show(subject?.kind)}`,
        { argument: 'subject.kind', received: subject?.kind },
      )
  }
}

/** The transactions of a block that an account signed, or that have an event that names it. */
async function touching(
  client: Client,
  hash: Hex,
  account: Uint8Array,
  address: string,
  options?: CallOptions,
): Promise<readonly string[]> {
  const events = await eventsOf(client, hash, options, account)
  const { extrinsics } = await needBlock(client, hash, options)
  const named = new Set(
    events
      .filter(({ values }) => values.some((value) => contains(value, account)))
      .map(({ extrinsic }) => extrinsic),
  )
  const holding = extrinsics
    .map((raw, index) => ({ raw, index }))
    .filter(({ raw, index }) => named.has(index) || contains(raw, account))
  if (holding.length === 0) return []
  const { registry } = await registryAt(client, hash, options)
  return holding
    .filter(({ raw, index }) => named.has(index) || signerOf(registry, raw)?.address === address)
    .map(({ raw }) => PolkadotTransaction.id(raw))
}

/**
 * Follows the head by polling, and yields what `look` makes of each move, and of each look at a head that stayed (`undefined`).
 * Without a `from` it begins with the head itself. A look that fails and may succeed later is repeated from the same place.
 *
 * `PolkadotReorgTooDeep` (3511) where more blocks left the chain than the network's profile plans for, twice over.
 */
async function* follow<T>(
  client: Client,
  from: Fact.BlockRef | undefined,
  options: CallOptions | undefined,
  look: (move: Move | undefined) => Promise<readonly T[]>,
): AsyncGenerator<T, void, undefined> {
  const aborted = () => options?.signal?.aborted === true
  let path: readonly Fact.BlockRef[] = []
  let failures = 0
  while (!aborted()) {
    let behind = false
    let found: readonly T[] = []
    try {
      const asOf = await tipOf(client, options)
      if (path.length === 0) path = await beginning(client, from, asOf, options)
      const last = path.at(-1) as Fact.BlockRef
      behind = asOf.height > last.height + MAX_STEP
      const target = behind ? await headerAt(client, last.height + MAX_STEP, options) : undefined
      const move = await step(client, path, target?.hash ?? (asOf.hash as Hex), asOf, options)
      found = await look(move)
      if (move !== undefined)
        path = [...path.slice(0, path.length - move.retracted.length), ...move.added.map(ref)].slice(
          -planned(client),
        )
      failures = 0
    } catch (error) {
      if (aborted()) return
      // A block that vanished between two answers is a reorganisation: the next look sees it whole.
      const passing =
        isAitbcError(error) && (error.retryable || ['RpcMalformed', 'RpcRejected'].includes(error._tag))
      if (path.length === 0 || !passing || ++failures > MAX_FAILURES) throw error
    }
    yield* found
    if (behind) continue
    try {
      await client.wait(client.pollMs, options?.signal)
    } catch (error) {
      if (aborted()) return
      throw error
    }
  }
}

/** Blocks of the chain that a watch keeps in mind: twice what the profile plans for, and some. */
function planned(client: Client): number {
  return Number(client.network.reorgDepth) * 2 + 16
}

/** The last blocks up to where a watch begins, so that a reorganisation from below it is understood. */
async function beginning(
  client: Client,
  from: Fact.BlockRef | undefined,
  asOf: Fact.Tip,
  options?: CallOptions,
): Promise<readonly Fact.BlockRef[]> {
  let header = await needHeader(client, (from ?? asOf).hash as Hex, options)
  const path: Fact.BlockRef[] = from === undefined ? [] : [ref(header)]
  while (header.height > 0n && path.length < planned(client)) {
    header = await needHeader(client, header.parent, options)
    path.unshift(ref(header))
  }
  // A chain of one block has no parent to begin from.
  return path.length === 0 ? [{ height: -1n, hash: '' }] : path
}

async function step(
  client: Client,
  path: readonly Fact.BlockRef[],
  target: Hex,
  asOf: Fact.Tip,
  options?: CallOptions,
): Promise<Move | undefined> {
  if (path.at(-1)?.hash === target) return undefined
  let header = await needHeader(client, target, options)
  const byHeight = new Map(path.map(({ height, hash }) => [height, hash]))
  // The head of an endpoint that lags: nothing left the chain.
  if (byHeight.get(header.height) === header.hash) return undefined
  const added: Rpc.Header[] = [header]
  const first = path[0] as Fact.BlockRef
  const last = path.at(-1) as Fact.BlockRef
  while (header.height > 0n && byHeight.get(header.height - 1n) !== header.parent) {
    if (header.height - 1n <= first.height)
      throw PolkadotErrors.PolkadotReorgTooDeep(
        `blocks from ${first.height} to ${last.height} left the chain, more than ${client.network.id} plans for`,
        { network: client.network.id, from: first.height, to: last.height, head: asOf.hash },
      )
    header = await needHeader(client, header.parent, options)
    added.unshift(header)
  }
  const fork = header.height - 1n
  return { retracted: path.filter(({ height }) => height > fork).reverse(), added, asOf }
}
