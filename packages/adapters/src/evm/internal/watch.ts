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
import type { Hex } from 'viem'
import { BLOCKS, type Chain, followHeads, type Look, type Seen, watchHeads } from '../../internal/heads.js'
import { indexed } from '../../internal/indexed.js'
import * as EvmRpc from '../EvmRpc.js'
import { EvmErrors } from '../errors.js'
import * as HtlcLock from '../HtlcLock.js'
import { type Client, needBlock, ref, rpc, tipOf } from './client.js'
import { encodeHeader } from './headers.js'
import { blockOf, lockOf, PRUNED, pendingClaims, spendOf } from './locks.js'
import { accountOf, contractTerms } from './prepare.js'

/** Blocks that one look takes in; what is further comes with the next look, at once. */
const MAX_STEP = 256n

/** Headers after `from`, oldest first; after a reorganisation those of the new branch. Ends when aborted. */
export function headers(
  client: Client,
  from: Fact.BlockRef,
  options?: CallOptions,
): AsyncGenerator<HeaderUpdate, void, undefined> {
  return followHeads(chainOf(client, options), from, options, async (move) =>
    (move?.added ?? []).map((block) => ({ block: ref(block), bytes: encodeHeader(block) })),
  )
}

/** What happens to a subject, beginning with what already has; ends when aborted. */
export function watch(
  client: Client,
  subject: Subject,
  options?: CallOptions,
): AsyncGenerator<ChainEvent, void, undefined> {
  return watchHeads(chainOf(client, options), options, lookFor(client, subject, options))
}

function lookFor(client: Client, subject: Subject, options?: CallOptions): Look<EvmRpc.Block> {
  switch (subject?.kind) {
    case 'tip':
      return BLOCKS
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
        inMempool: async () => [],
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
): Look<EvmRpc.Block> {
  const { terms } = subject
  const id = HtlcLock.id(contractTerms(client, terms), client.backend)
  const query = {
    address: client.backend.address,
    topics: [[HtlcLock.TOPICS.locked, HtlcLock.TOPICS.claimed, HtlcLock.TOPICS.refunded], id],
  } as const
  let lock: Lock = { ref: id, transaction: '', amount: terms.amount, match: 'exact' }
  const sighting = (log: EvmRpc.RpcLog, block: EvmRpc.Block) => {
    const event = HtlcLock.decodeEvent(log, client.backend)
    if (event?.is === 'locked') {
      lock = lockOf({ log, event }, terms.amount)
      return { what: { kind: 'lock', lock, block: ref(block) }, block: ref(block) } as const
    }
    const spend = event === undefined ? undefined : spendOf({ log, event }, terms.hashlock)
    if (spend === undefined)
      throw EvmRpc.malformed('eth_getLogs', 'events of this lock, with its secret if claimed', log.data)
    return { what: { kind: 'spend', lock, spend, block: ref(block) }, block: ref(block) } as const
  }
  return {
    before: async (first) => {
      const found: Seen[] = []
      const range = { ...query, from: client.deployedAt, to: first.height - 1n }
      // Where the node no longer has what is older, its blocks tell what comes.
      for (const log of (await indexed(EvmRpc.logs(client.transport, range, rpc(options)), PRUNED)) ?? [])
        found.push(sighting(log, await blockOf(client, log, options)))
      return found
    },
    inBlocks: async (added) => {
      const found: Seen[] = []
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

function chainOf(client: Client, options?: CallOptions): Chain<EvmRpc.Block> {
  const { network, pollMs, wait } = client
  return {
    ...{ network, pollMs, wait, maxStep: MAX_STEP },
    tip: () => tipOf(client, options),
    async block(which) {
      const block = await needBlock(client, 'hash' in which ? (which.hash as Hex) : which.height, options)
      if (which.height !== undefined && block.height !== which.height)
        throw EvmRpc.malformed('eth_getBlockByHash', `block ${which.height}`, block.height)
      return block
    },
    beginning: (from, head, most) => beginning(client, from ?? head, from !== undefined, most, options),
    tooDeep: EvmErrors.EvmReorgTooDeep,
  }
}

/**
 * The last blocks of the chain up to `head`, so that a reorganisation from below it is understood; `inclusive`: the head itself is
 * known, and only what follows is news.
 */
async function beginning(
  client: Client,
  head: Fact.BlockRef,
  inclusive: boolean,
  most: number,
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
  for (let top = block.height - 1n; top >= 0n && path.length < most; top -= 16n) {
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
