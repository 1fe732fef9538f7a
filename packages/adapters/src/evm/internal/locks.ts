import {
  type Bytes,
  type CallOptions,
  CoreErrors,
  type Fact,
  type FoundLock,
  Hashlock,
  isAitbcError,
  type Lock,
  type LockTerms,
  type RecoveredLock,
  type Spend,
  SwapSeed,
  type Verdict,
} from '@aitbc/core'
import { type Hex, hexToBytes, toHex } from 'viem'
import { assertRef } from '../../internal/guards.js'
import { indexed } from '../../internal/indexed.js'
import * as EvmRpc from '../EvmRpc.js'
import * as HtlcLock from '../HtlcLock.js'
import { assertCode, atTip, type Client, codeHashAt, needBlock, ref, rpc, told } from './client.js'
import * as Record from './record.js'

type Head = Fact.Tip & { readonly hash: Hex }
type Found = { readonly log: EvmRpc.RpcLog; readonly event: HtlcLock.HtlcEvent }

/** Every lock of these terms: at most one, for the contract takes an id once. Audits the contract's code in the same block. */
export async function findLocks(
  client: Client,
  terms: LockTerms.LockTerms,
  options?: CallOptions,
): Promise<readonly Fact.Read<Lock>[]> {
  const own = HtlcLock.fromLockTerms(terms, client.backend, client.network)
  const id = HtlcLock.id(own, client.backend)
  return atTip(client, options, async (tip) => {
    const audited = await statusAt(client, id, tip, options)
    if ('why' in audited) return [{ is: 'unknown', why: audited.why }]
    if (audited.status === HtlcLock.STATUS.none)
      return [{ is: 'absent', fact: told(client, null, ref(tip), tip) }]
    const made = await eventOf(client, HtlcLock.TOPICS.locked, id, tip, options)
    if (made !== undefined)
      return [{ is: 'found', fact: told(client, lockOf(made, terms.amount), ref(made.block), tip) }]
    const lock: Lock = { ref: id, transaction: '', amount: terms.amount, match: 'exact' }
    const at = await placeOf(client, id, (it) => it !== HtlcLock.STATUS.none, tip, options)
    return [{ is: 'found', fact: told(client, lock, at, tip) }]
  })
}

/** What ended a lock; a claim that waits in the mempool has told its secret already. */
export async function findSpend(
  client: Client,
  terms: LockTerms.LockTerms,
  lock: Lock,
  options?: CallOptions,
): Promise<Fact.Read<Spend>> {
  const own = HtlcLock.fromLockTerms(terms, client.backend, client.network)
  const id = HtlcLock.id(own, client.backend)
  assertRef(id, lock, 'lock')
  return atTip(client, options, async (tip): Promise<Fact.Read<Spend>> => {
    const audited = await statusAt(client, id, tip, options)
    if ('why' in audited) return { is: 'unknown', why: audited.why }
    const { status } = audited
    if (status === HtlcLock.STATUS.none || status === HtlcLock.STATUS.locked) {
      const locked = status === HtlcLock.STATUS.locked
      const [pending] = locked ? await pendingClaims(client, id, terms.hashlock, options) : []
      return pending === undefined
        ? { is: 'absent', fact: told(client, null, ref(tip), tip) }
        : { is: 'found', fact: told(client, pending, 'mempool', tip) }
    }
    const isClaimed = status === HtlcLock.STATUS.claimed
    const topic = isClaimed ? HtlcLock.TOPICS.claimed : HtlcLock.TOPICS.refunded
    const ended = await eventOf(client, topic, id, tip, options)
    const spend = ended && spendOf(ended, terms.hashlock)
    if (ended !== undefined && spend !== undefined)
      return { is: 'found', fact: told(client, spend, ref(ended.block), tip) }
    if (isClaimed)
      return {
        is: 'unknown',
        why: { check: 'spend-event', message: `the event of the claim of lock ${id} must have its secret` },
      }
    const at = await placeOf(client, id, (it) => it === status, tip, options)
    return { is: 'found', fact: told(client, { kind: 'refund', transaction: '' }, at, tip) }
  })
}

/** How nodes refuse what they have pruned. */
export const PRUNED = ['RpcRejected', 'RpcTooLarge'] as const

/** The one event of a lock with a topic; none where the node no longer has it: some then refuse, and some answer with nothing. */
async function eventOf(
  client: Client,
  topic: Hex,
  id: Hex,
  tip: Head,
  options?: CallOptions,
): Promise<(Found & { readonly block: EvmRpc.Block }) | undefined> {
  const found = await indexed(eventsOf(client, [topic, id], tip, options, 1), PRUNED)
  const [first, ...more] = found ?? []
  if (first === undefined || more.length > 0) return undefined
  return { ...first, block: await blockOf(client, first.log, options) }
}

/** The newest final block where a lock's status is such, else the head, where it is. */
async function placeOf(
  client: Client,
  id: Hex,
  isSuch: (status: bigint) => boolean,
  tip: Head,
  options?: CallOptions,
): Promise<Fact.BlockRef> {
  const { finalized } = tip
  if (finalized === undefined) return ref(tip)
  const { transport, backend } = client
  const word = EvmRpc.storage(
    transport,
    backend.address,
    HtlcLock.slot(id),
    finalized.hash as Hex,
    rpc(options),
  )
  const status = await indexed(word, PRUNED)
  return status !== undefined && isSuch(status) ? finalized : ref(tip)
}

/** Locks by hashlock alone, oldest first. */
export async function discoverLocks(
  client: Client,
  hashlock: Bytes.Hash32,
  options?: CallOptions,
): Promise<readonly FoundLock[]> {
  Hashlock.assert(hashlock)
  return atTip(client, options, async (tip) => {
    await assertCode(client, tip.hash, options)
    const found = await eventsOf(client, [HtlcLock.TOPICS.locked, null, toHex(hashlock)], tip, options)
    return found.flatMap((entry) => rebuilt(client, entry)).map(({ terms, lock }) => ({ terms, lock }))
  })
}

/** Every lock that the owner of a seed made, found by its tags and opened with its key. */
export async function recoverLocks(
  client: Client,
  seed: SwapSeed.NetworkSeed,
  options: CallOptions & { readonly hashlockOf: (nonce: Bytes.Bytes) => Bytes.Hash32 },
): Promise<readonly RecoveredLock[]> {
  SwapSeed.assertNetwork(seed, client.network.id)
  return atTip(client, options, async (tip) => {
    await assertCode(client, tip.hash, options)
    const locks: RecoveredLock[] = []
    for (let from = 0; ; from += Record.TAG_WINDOW) {
      if (from >= Record.MAX_TAGS)
        throw CoreErrors.RpcTooLarge(`more than ${Record.MAX_TAGS} tags of one seed are in use`, {
          method: 'eth_getLogs',
        })
      const tags = Array.from({ length: Record.TAG_WINDOW }, (_, i) => toHex(Record.tagOf(seed, from + i)))
      const found = await eventsOf(client, [HtlcLock.TOPICS.locked, null, null, tags], tip, options)
      if (found.length === 0) return locks
      for (const entry of found)
        for (const { terms, lock, record } of rebuilt(client, entry)) {
          const opened = await openedOf(client, seed, entry, record, options)
          if (opened === undefined) continue
          // An initiator's lock has the hashlock of its own secret; anything else was never its.
          if (
            opened.record.role === 'initiator' &&
            toHex(options.hashlockOf(opened.nonce)) !== toHex(terms.hashlock)
          )
            continue
          locks.push({ terms, lock, ...opened })
        }
    }
  })
}

/** The owner's record of a lock, from its event; where that had no room for the agreement, from the call that made the lock, if that is known still. */
async function openedOf(
  { transport }: Client,
  seed: SwapSeed.NetworkSeed,
  { event, log }: Found,
  record: Bytes.Bytes,
  options: CallOptions,
): Promise<ReturnType<typeof Record.open>> {
  const id = hexToBytes(event.id)
  const opened = Record.open(seed, id, record)
  if (opened === undefined || opened.record.agreement !== undefined || event.is !== 'locked') return opened
  const made = await indexed(EvmRpc.transaction(transport, log.transaction, rpc(options)))
  const call = HtlcLock.encodeLock(event.terms, hexToBytes(event.tag), record)
  const whole = made && HtlcLock.wholeIn(made.data, call)
  return (whole && Record.open(seed, id, whole)) ?? opened
}

/** The status word of a lock in a block, where the contract's code is the audited one. */
export async function statusAt(
  client: Client,
  id: Hex,
  block: { readonly hash: Hex },
  options?: CallOptions,
): Promise<{ readonly status: bigint } | { readonly why: Verdict.Refusal }> {
  const codeHash = await codeHashAt(client, block.hash, options)
  if (codeHash !== client.codeHash)
    return {
      why: {
        check: 'lock-code',
        message: `the code at ${client.backend.address} must have hash ${client.codeHash}, got ${codeHash}`,
        context: { expected: client.codeHash, received: codeHash },
      },
    }
  const { address } = client.backend
  const status = await EvmRpc.storage(client.transport, address, HtlcLock.slot(id), block.hash, rpc(options))
  return status > HtlcLock.STATUS.refunded
    ? { why: { check: 'lock-status', message: `the contract never stores ${status}` } }
    : { status }
}

/** Claims of a lock that wait in the mempool, as far as the endpoint shows it; their secrets open the hashlock. */
export async function pendingClaims(
  client: Client,
  id: Hex,
  hashlock: Bytes.Hash32,
  options?: CallOptions,
): Promise<readonly (Spend & { readonly kind: 'claim' })[]> {
  // Many endpoints keep their mempool to themselves, or whoever fills it has them do so; then there is nothing to see.
  const pending = await indexed(EvmRpc.blockTransactions(client.transport, 'pending', rpc(options)))
  return (pending ?? []).flatMap((transaction) => {
    if (transaction.to !== client.backend.address) return []
    const secret = HtlcLock.secretInCall(transaction.data, id, client.backend)
    return secret !== undefined && Hashlock.opens(secret, hashlock)
      ? [{ kind: 'claim', transaction: transaction.hash, secret }]
      : []
  })
}

/** The lock of a `Locked` event: what the contract holds it took in time. */
export function lockOf({ event, log }: Found, amount: bigint): Lock {
  return { ref: event.id, transaction: log.transaction, amount, match: 'exact' }
}

/** The spend of a `Claimed` or `Refunded` event; undefined where a claim's secret doesn't open the hashlock. */
export function spendOf({ log, event }: Found, hashlock: Bytes.Hash32): Spend | undefined {
  if (event.is === 'refunded') return { kind: 'refund', transaction: log.transaction }
  if (event.is !== 'claimed') return undefined
  const secret = hexToBytes(event.secret)
  return Hashlock.opens(secret, hashlock)
    ? { kind: 'claim', transaction: log.transaction, secret }
    : undefined
}

/** The terms and the lock of a `Locked` event; none where terms of that kind can't be. */
function rebuilt(client: Client, found: Found): readonly (FoundLock & { readonly record: Bytes.Bytes })[] {
  const { event } = found
  if (event.is !== 'locked') return []
  try {
    const terms = HtlcLock.toLockTerms(event.terms, client.backend, client.network)
    return [{ terms, lock: lockOf(found, terms.amount), record: hexToBytes(event.record) }]
  } catch (error) {
    // Anybody may lock on terms that the SDK has no words for, such as a deadline in the year 9999.
    if (isAitbcError(error)) return []
    throw error
  }
}

/** The block of an event, which the chain has; `RpcMalformed` (1204) where it has another one there. */
export async function blockOf(
  client: Client,
  log: EvmRpc.RpcLog,
  options?: CallOptions,
): Promise<EvmRpc.Block> {
  const block = await needBlock(client, log.block.height, options)
  if (block.hash !== log.block.hash)
    throw EvmRpc.malformed('eth_getLogs', `events of block ${block.hash}`, log.block.hash)
  return block
}

/** Events, oldest first. Their blocks aren't asked for: anybody may make any number that name a hashlock or a tag. */
async function eventsOf(
  client: Client,
  topics: EvmRpc.Topics,
  tip: Head,
  options?: CallOptions,
  most?: number,
): Promise<readonly Found[]> {
  const { address } = client.backend
  const logs = await EvmRpc.logs(
    client.transport,
    { address, topics, from: client.deployedAt, to: tip.height, ...(most === undefined ? {} : { most }) },
    rpc(options),
  )
  return logs.map((log) => {
    const event = HtlcLock.decodeEvent(log, client.backend)
    if (event === undefined)
      throw EvmRpc.malformed('eth_getLogs', 'events that the contract can emit', log.data)
    return { log, event }
  })
}
