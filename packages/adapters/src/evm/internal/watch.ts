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

/** Headers after `from`, oldest first; after a reorganisation those of the new branch. Ends when aborted. */
export async function* headers(
  client: Client,
  from: Fact.BlockRef,
  options?: CallOptions,
): AsyncGenerator<HeaderUpdate, void, undefined> {
  for await (const move of follow(client, from, options))
    if (move !== undefined)
      for (const block of move.added) yield { block: ref(block), bytes: encodeHeader(block) }
}

/** What happens to a subject, beginning with what already has; ends when aborted. */
export async function* watch(
  client: Client,
  subject: Subject,
  options?: CallOptions,
): AsyncGenerator<ChainEvent, void, undefined> {
  const look = lookFor(client, subject, options)
  const standing: { readonly what: Sighting; readonly block: Fact.BlockRef }[] = []
  const inMempool = new Set<string>()
  let asOf: Fact.Tip | undefined
  for await (const move of follow(client, undefined, options)) {
    if (move !== undefined) {
      asOf = move.asOf
      const gone = new Set(move.retracted.map((block) => block.hash))
      for (let i = standing.length - 1; i >= 0; i--) {
        const entry = standing[i] as (typeof standing)[number]
        if (!gone.has(entry.block.hash)) continue
        standing.splice(i, 1)
        yield { is: 'retracted', what: entry.what, asOf }
      }
      for (const entry of await look.inBlocks(move.added)) {
        standing.push(entry)
        if (standing.length > 10_000) standing.shift()
        yield { is: 'added', what: entry.what, asOf }
      }
    }
    for (const what of await look.inMempool()) {
      const key = what.kind === 'spend' ? what.spend.transaction : ''
      if (asOf === undefined || inMempool.has(key)) continue
      if (standing.some((entry) => entry.what.kind === 'spend' && entry.what.spend.transaction === key))
        continue
      inMempool.add(key)
      yield { is: 'added', what, asOf }
    }
  }
}

interface Look {
  inBlocks(
    added: readonly EvmRpc.Block[],
  ): Promise<readonly { readonly what: Sighting; readonly block: Fact.BlockRef }[]>
  inMempool(): Promise<readonly Sighting[]>
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
          const found: { what: Sighting; block: Fact.BlockRef }[] = []
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
      const found: { what: Sighting; block: Fact.BlockRef }[] = []
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
    inMempool: async () =>
      (await pendingClaims(client, id, terms.hashlock, options)).map((spend) => ({
        kind: 'spend',
        lock,
        spend,
        block: 'mempool',
      })),
  }
}

/**
 * Follows the head by polling: yields each move, and `undefined` for a look at a head that stayed. Without a `from` it begins
 * with the head itself. `EvmReorgTooDeep` (3210) where more blocks left the chain than the network's profile plans for, twice over.
 */
async function* follow(
  client: Client,
  from: Fact.BlockRef | undefined,
  options?: CallOptions,
): AsyncGenerator<Move | undefined, void, undefined> {
  const size = Number(client.network.reorgDepth) * 2 + 16
  const path: Fact.BlockRef[] = from === undefined ? [] : [{ height: from.height, hash: from.hash }]
  let failures = 0
  let started = false
  while (options?.signal?.aborted !== true) {
    let behind = false
    try {
      const asOf = await tipOf(client, options)
      const last = path.at(-1)
      behind = last !== undefined && asOf.height > last.height + MAX_STEP
      const target = behind && last !== undefined ? last.height + MAX_STEP : asOf.hash
      const move = await step(client, path, target, asOf, options)
      failures = 0
      started = true
      for (const _ of move?.retracted ?? []) path.pop()
      path.push(...(move?.added ?? []).map(ref))
      path.splice(0, path.length - size)
      yield move
    } catch (error) {
      if (options?.signal?.aborted) return
      // A block that vanished between two answers is a reorganisation: the next look sees it whole.
      const passing =
        isAitbcError(error) &&
        (error.retryable || error._tag === 'RpcMalformed' || error._tag === 'RpcRejected')
      if (!started || !passing || ++failures > MAX_FAILURES) throw error
      behind = false
    }
    if (behind) continue
    try {
      await client.wait(client.pollMs, options?.signal)
    } catch (error) {
      if (options?.signal?.aborted) return
      throw error
    }
  }
}

async function step(
  client: Client,
  path: readonly Fact.BlockRef[],
  target: Hex | bigint,
  asOf: Fact.Tip,
  options?: CallOptions,
): Promise<Move | undefined> {
  const last = path.at(-1)
  if (last !== undefined && last.hash === target) return undefined
  let block = await needBlock(client, target, options)
  if (last === undefined) return { retracted: [], added: [block], asOf }
  const byHeight = new Map(path.map((entry) => [entry.height, entry.hash]))
  // The head of an endpoint that lags: nothing left the chain.
  if (byHeight.get(block.height) === block.hash) return undefined
  const added: EvmRpc.Block[] = [block]
  const first = path[0] as Fact.BlockRef
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
