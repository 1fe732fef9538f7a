import {
  type CallOptions,
  type ChainEvent,
  CoreErrors,
  type Fact,
  type HeaderUpdate,
  type Lock,
  type Sighting,
  type Subject,
  show,
} from '@aitbc/core'
import { LightBlock } from '@aitbc/proofs/tendermint'
import { indexed } from '../../internal/indexed.js'
import { poll } from '../../internal/poll.js'
import * as CosmosRpc from '../CosmosRpc.js'
import { CosmosErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import { type Base, blockAt, type Client, type Head, ref, rpc, tipOf } from './client.js'
import { eventsOf, lockOf, secretIn, spendOf } from './locks.js'
import { pendingClaims } from './pending.js'
import { contractTerms } from './prepare.js'
import { accountOf } from './steps.js'

/** Blocks that one look takes in; what is further comes with the next look, at once. */
const MAX_STEP = 64n

/** New blocks, oldest first; none where the head stayed. */
export interface Move {
  readonly added: readonly CosmosRpc.Block[]
  readonly tip: Head
}

/** Blocks with their votes and validators after `from`, oldest first, each as `LightBlock.encode` writes it. Ends when aborted. */
export function headers(
  client: Base,
  from: Fact.BlockRef,
  options?: CallOptions,
): AsyncGenerator<HeaderUpdate, void, undefined> {
  return follow(client, from, options, async ({ added }) => {
    const updates: HeaderUpdate[] = []
    for (const block of added) {
      const { light, block: own } = await CosmosRpc.lightBlock(client.transport, block.height, rpc(options))
      if (own.hash !== block.hash) throw forked(client, block.height, block.hash, own.hash)
      updates.push({ block: ref(block), bytes: LightBlock.encode(light) })
    }
    return updates
  })
}

/**
 * What happens to a subject, beginning with what already has; ends when aborted. Blocks of CometBFT are final, so nothing is ever
 * retracted.
 */
export function watch(
  client: Base,
  subject: Subject,
  lookForLock: (subject: Subject & { readonly kind: 'lock' }) => Look,
  options?: CallOptions,
): AsyncGenerator<ChainEvent, void, undefined> {
  const look = lookFor(client, subject, lookForLock, options)
  return follow(client, undefined, options, async (move) => {
    const { block: _, ...asOf } = move.tip
    return (await look(move)).map((what) => ({ is: 'added', what, asOf }))
  })
}

/** What there is to see after a move. */
export type Look = (move: Move) => Promise<readonly Sighting[]>

function lookFor(
  client: Base,
  subject: Subject,
  lookForLock: (subject: Subject & { readonly kind: 'lock' }) => Look,
  options?: CallOptions,
): Look {
  switch (subject?.kind) {
    case 'tip':
      return async ({ added }) => added.map((block) => ({ kind: 'block', block: ref(block) }))
    case 'account': {
      const address = accountOf(client, subject.account, 'subject.account')
      return async ({ added }) => {
        const found: Sighting[] = []
        for (const block of added)
          for (const { hash, events } of await CosmosRpc.blockTransactions(
            client.transport,
            block,
            rpc(options),
          ))
            if (events.some(({ attributes }) => attributes.some(([, value]) => value === address)))
              found.push({ kind: 'transaction', id: hash, block: ref(block) })
        return found
      }
    }
    case 'lock':
      return lookForLock(subject)
    default:
      throw CoreErrors.InvalidArgument(
        `subject.kind must be tip, account or lock, got ${show((subject as Subject | undefined)?.kind)}`,
        { argument: 'subject.kind', received: (subject as Subject | undefined)?.kind },
      )
  }
}

/** What happens to a lock of the contract. */
export function lookForLock(
  client: Client,
  subject: Subject & { readonly kind: 'lock' },
  options?: CallOptions,
): Look {
  const { terms } = subject
  const id = HtlcLock.id(contractTerms(client, terms))
  let lock: Lock = { ref: id, transaction: '', amount: terms.amount, match: 'exact' }
  const told = new Set<string>()
  return async ({ tip }) => {
    // All reads first: a look that fails half-way must leave nothing behind.
    const { found } = (await indexed(
      eventsOf(client, `wasm.id='${id}'`, tip, options, CosmosRpc.searchFew),
    )) ?? { found: [] }
    const sightings: { readonly key: string; readonly what: Sighting }[] = []
    let seen = lock
    for (const one of found) {
      const key = `${one.event.is}/${one.transaction.hash}`
      if (told.has(key)) continue
      const block = (await indexed(blockAt(client, one.transaction.height, options))) ?? tip
      const spend = spendOf(one)
      if (spend === undefined) {
        seen = lockOf(id, one.transaction.hash, terms.amount)
        sightings.push({ key, what: { kind: 'lock', lock: seen, block: ref(block) } })
      } else sightings.push({ key, what: { kind: 'spend', lock: seen, spend, block: ref(block) } })
    }
    const open =
      found.some(({ event }) => event.is === 'create') && found.every(({ event }) => event.is === 'create')
    // The mempool is only asked for while there is something to claim.
    for (const spend of open
      ? await pendingClaims(client, secretIn(client, id), terms.hashlock, options)
      : []) {
      const key = `mempool/${spend.transaction}`
      if (!told.has(key))
        sightings.push({ key, what: { kind: 'spend', lock: seen, spend, block: 'mempool' } })
    }
    lock = seen
    for (const { key } of sightings) told.add(key)
    return sightings.map(({ what }) => what)
  }
}

/**
 * Follows the head by polling, and yields what `look` makes of each move, and of each look at a head that stayed. Without a `from` it
 * begins with the head itself. A look that fails and may succeed later is repeated from the same place.
 *
 * `CosmosForked` (3410) where a block doesn't follow the one before it: that was final.
 */
function follow<T>(
  client: Base,
  from: Fact.BlockRef | undefined,
  options: CallOptions | undefined,
  look: (move: Move) => Promise<readonly T[]>,
): AsyncGenerator<T, void, undefined> {
  let last = from
  return poll(client, options, async () => {
    const tip = await tipOf(client, options)
    const most = last === undefined ? tip.height : last.height + MAX_STEP
    const target = tip.height > most ? most : tip.height
    const added = await blocks(client, last, target, tip, options)
    const found = await look({ added, tip })
    const newest = added.at(-1)
    last = newest === undefined ? last : ref(newest)
    return { found, behind: target < tip.height }
  })
}

/** The blocks after `last` up to a height, each on the one before. */
async function blocks(
  client: Base,
  last: Fact.BlockRef | undefined,
  target: bigint,
  tip: Head,
  options?: CallOptions,
): Promise<readonly CosmosRpc.Block[]> {
  if (last === undefined) return [tip.block]
  const added: CosmosRpc.Block[] = []
  let before = last
  for (let height = last.height + 1n; height <= target; height++) {
    const block = height === tip.height ? tip.block : await blockAt(client, height, options)
    const parent = CosmosRpc.upperHex(block.header.lastBlockId.hash)
    if (parent !== '' && parent !== before.hash) throw forked(client, before.height, before.hash, parent)
    added.push(block)
    before = ref(block)
  }
  return added
}

function forked(client: Base, height: bigint, expected: string, received: string) {
  return CosmosErrors.CosmosForked(
    `block ${height} of ${client.network.id} must be ${expected}, the endpoint shows ${received}`,
    { network: client.network.id, height, expected, received },
  )
}
