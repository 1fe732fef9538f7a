import {
  type CallOptions,
  type ChainEvent,
  CoreErrors,
  type Fact,
  type HeaderUpdate,
  isAitbcError,
  type Lock,
  type Sighting,
  type Subject,
  show,
} from '@aitbc/core'
import type { Hex } from 'viem'
import * as EvmRpc from '../EvmRpc.js'
import { EvmErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import { type Client, needBlock, ref, rpc, tipOf } from './client.js'
import { encodeHeader } from './headers.js'
import { lockOf, pendingClaims, spendOf } from './locks.js'
import { accountOf, contractTerms } from './prepare.js'

/** How the head moved: blocks that left the chain, newest first, then blocks that joined it, oldest first. */
interface Move {
  readonly retracted: readonly Fact.BlockRef[]
  readonly added: readonly EvmRpc.Block[]
  readonly asOf: Fact.Tip
}

/** Blocks that one look takes in; what is further comes with the next look, at once. */
const MAX_STEP = 256n
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
    (move?.added ?? []).map((block) => ({ block: ref(block), bytes: encodeHeader(block) })),
  )
}

/** What happens to a subject, beginning with what already has; ends when aborted. */
export function watch(
  client: Client,
  subject: Subject,
  options?: CallOptions,
): AsyncGenerator<ChainEvent, void, undefined> {
  const look = lookFor(client, subject, options)
  const standing: Seen[] = []
  const inMempool = new Set<string>()
  let asOf: Fact.Tip | undefined
  return follow(client, undefined, options, async (move) => {
    // All reads first: a look that fails half-way must leave nothing behind.
    const added = move === undefined ? [] : await look.inBlocks(move.added)
    const pending = await look.inMempool(standing)
    const events: ChainEvent[] = []
    const now = move?.asOf ?? asOf
    if (now === undefined) return events
    asOf = now
    const gone = new Set((move?.retracted ?? []).map((block) => block.hash))
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
      const mined = standing.some(({ what: past }) => past.kind === 'spend' && past.spend.transaction === id)
      if (mined || inMempool.has(id)) continue
      inMempool.add(id)
      events.push({ is: 'added', what, asOf: now })
    }
    return events
  })
}

/** A sighting that stands as long as its block does. */
interface Seen {
  readonly what: Sighting
  readonly block: Fact.BlockRef
}

interface Look {
  inBlocks(added: readonly EvmRpc.Block[]): Promise<readonly Seen[]>
  inMempool(standing: readonly Seen[]): Promise<readonly Sighting[]>
}

function lookFor(client: Client, subject: Subject, options?: CallOptions): Look {
  const nothing = async () => []
  switch (subject?.kind) {
    case 'tip':
      return {
        inBlocks: async (added) =>
          added.map((block) => ({ what: { kind: 'block', block: ref(block) }, block: ref(block) })),
        inMempool: nothing,
      }
    case 'account': {
      const account = accountOf(client, subject.account, 'subject.account')
      return {
        inBlocks: async (added) => {
          const found: Seen[] = []
          for (const block of added)
            for (const entry of await EvmRpc.blockTransactions(client.transport, block.hash, rpc(options)))
              if (entry.from === account || entry.to === account)
                found.push({
                  what: { kind: 'transaction', id: entry.hash, block: ref(block) },
                  block: ref(block),
                })
          return found
        },
        inMempool: nothing,
      }
    }
    case 'lock':
      return lookForLock(client, subject, options)
    default:
      throw CoreErrors.InvalidArgument(
        `subject.kind must be tip, account or lock, got ${show((subject as Subject | undefined)?.kind)}`,
        { argument: 'subject.kind', received: (subject as Subject | undefined)?.kind },
      )
  }
}

function lookForLock(
  client: Client,
  subject: Subject & { readonly kind: 'lock' },
  options?: CallOptions,
): Look {
  const { terms } = subject
  const id = HtlcLock.id(contractTerms(client, terms), client.backend)
  const query = {
    address: client.backend.address,
    topics: [[HtlcLock.TOPICS.locked, HtlcLock.TOPICS.claimed, HtlcLock.TOPICS.refunded], id],
  } as const
  let lock: Lock = { ref: id, transaction: '', amount: terms.amount, match: 'exact' }
  let past = true
  const sighting = (log: EvmRpc.RpcLog, block: EvmRpc.Block) => {
    const event = HtlcLock.decodeEvent(log, client.backend)
    if (event?.is === 'locked') {
      lock = lockOf({ log, event, block }, terms.amount)
      return { what: { kind: 'lock', lock, block: ref(block) }, block: ref(block) } as const
    }
    const spend = event === undefined ? undefined : spendOf({ log, event }, terms.hashlock)
    if (spend === undefined)
      throw EvmRpc.malformed('eth_getLogs', 'events of this lock, with its secret if claimed', log.data)
    return { what: { kind: 'spend', lock, spend, block: ref(block) }, block: ref(block) } as const
  }
  return {
    inBlocks: async (added) => {
      const found: Seen[] = []
      const first = added[0]
      if (past && first !== undefined && first.height > 0n) {
        // What happened before the watch began.
        const range = { ...query, from: client.deployedAt, to: first.height - 1n }
        for (const log of await EvmRpc.logs(client.transport, range, rpc(options))) {
          const block = await needBlock(client, log.block.height, options)
          if (block.hash !== log.block.hash)
            throw EvmRpc.malformed('eth_getLogs', `events of block ${block.hash}`, log.block.hash)
          found.push(sighting(log, block))
        }
      }
      past = false
      for (const block of added)
        for (const log of await EvmRpc.logsOfBlock(client.transport, { ...query, block }, rpc(options)))
          found.push(sighting(log, block))
      return found
    },
    inMempool: async (standing) => {
      const has = (kind: Sighting['kind']) => standing.some(({ what }) => what.kind === kind)
      // The mempool is big: it is only asked for while there is something to claim.
      if (!has('lock') || has('spend')) return []
      const claims = await pendingClaims(client, id, terms.hashlock, options)
      return claims.map((spend) => ({ kind: 'spend', lock, spend, block: 'mempool' }))
    },
  }
}

/**
 * Follows the head by polling, and yields what `look` makes of each move, and of each look at a head that stayed (`undefined`).
 * Without a `from` it begins with the head itself. A look that fails and may succeed later is repeated from the same place.
 *
 * `EvmReorgTooDeep` (3210) where more blocks left the chain than the network's profile plans for, twice over.
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
      if (path.length === 0) path = await beginning(client, from ?? asOf, from !== undefined, options)
      const last = path.at(-1)
      behind = last !== undefined && asOf.height > last.height + MAX_STEP
      const target = behind && last !== undefined ? last.height + MAX_STEP : asOf.hash
      const move = await step(client, path, target, asOf, options)
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

/**
 * The last blocks of the chain up to `head`, so that a reorganisation from below it is understood; `inclusive`: the head itself is
 * known, and only what follows is news.
 */
async function beginning(
  client: Client,
  head: Fact.BlockRef,
  inclusive: boolean,
  options?: CallOptions,
): Promise<readonly Fact.BlockRef[]> {
  const own = inclusive ? [ref(head)] : []
  const block = await EvmRpc.block(client.transport, head.hash as Hex, rpc(options))
  if (block === undefined) {
    if (!inclusive) throw EvmRpc.malformed('eth_getBlockByHash', `the block ${head.hash}`, null)
    return own
  }
  const path = [...own]
  let parent = block.parent
  for (let top = block.height - 1n; top >= 0n && path.length < planned(client); top -= 16n) {
    const heights = Array.from({ length: 16 }, (_, i) => top - BigInt(i)).filter((height) => height >= 0n)
    const blocks = await Promise.all(
      heights.map((height) => EvmRpc.block(client.transport, height, rpc(options))),
    )
    for (const older of blocks) {
      // The chain moved meanwhile: what is here suffices until then.
      if (older?.hash !== parent) return path
      path.unshift(ref(older))
      parent = older.parent
    }
  }
  // A chain of one block has no parent to begin from.
  return path.length === 0 ? [{ height: -1n, hash: block.parent }] : path
}

async function step(
  client: Client,
  path: readonly Fact.BlockRef[],
  target: Hex | bigint,
  asOf: Fact.Tip,
  options?: CallOptions,
): Promise<Move | undefined> {
  if (path.at(-1)?.hash === target) return undefined
  let block = await needBlock(client, target, options)
  const byHeight = new Map(path.map((entry) => [entry.height, entry.hash]))
  // The head of an endpoint that lags: nothing left the chain.
  if (byHeight.get(block.height) === block.hash) return undefined
  const added: EvmRpc.Block[] = [block]
  const first = path[0] as Fact.BlockRef
  const last = path.at(-1) as Fact.BlockRef
  while (byHeight.get(block.height - 1n) !== block.parent) {
    if (block.height - 1n <= first.height)
      throw EvmErrors.EvmReorgTooDeep(
        `blocks from ${first.height} to ${last.height} left the chain, more than ${client.network.id} plans for`,
        { network: client.network.id, from: first.height, to: last.height, head: asOf.hash },
      )
    const parent = await needBlock(client, block.parent, options)
    if (parent.height !== block.height - 1n)
      throw EvmRpc.malformed('eth_getBlockByHash', `block ${block.height - 1n}`, parent.height)
    block = parent
    added.unshift(block)
  }
  const fork = block.height - 1n
  return { retracted: path.filter((entry) => entry.height > fork).reverse(), added, asOf }
}
