import {
  Bytes,
  type CallOptions,
  type Fact,
  type FoundLock,
  Hashlock,
  isAitbcError,
  type Lock,
  type LockTerms,
  type RecoveredLock,
  type Spend,
  type SwapSeed,
  type Verdict,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { assertRef } from '../../internal/guards.js'
import * as CosmosRpc from '../CosmosRpc.js'
import type * as CosmosTransaction from '../CosmosTransaction.js'
import * as HtlcLock from '../HtlcLock.js'
import {
  assertContract,
  blockAt,
  type Client,
  contractFault,
  type Head,
  ref,
  rpc,
  tipOf,
  told,
} from './client.js'
import { indexed } from './indexed.js'
import { pendingClaims } from './pending.js'
import * as Recover from './recover.js'

/** An event with the transaction that it is of. */
export interface Found {
  readonly event: HtlcLock.HtlcEvent
  readonly transaction: CosmosRpc.Included
}

/** Every lock of these terms: at most one, for the contract takes an id once. Audits the contract in the same block. */
export async function findLocks(
  client: Client,
  terms: LockTerms.LockTerms,
  options?: CallOptions,
): Promise<readonly Fact.Read<Lock>[]> {
  const own = HtlcLock.fromLockTerms(terms, client.backend, client.network)
  const id = HtlcLock.id(own)
  const tip = await tipOf(client, options)
  const audited = await entryAt(client, own, tip.height, options)
  if ('why' in audited) return [{ is: 'unknown', why: audited.why }]
  if (audited.entry.status === 'none') return [{ is: 'absent', fact: told(client, null, ref(tip), tip) }]
  const events = await indexed(eventsOf(client, `wasm.id='${id}'`, tip, options))
  // What the contract holds it took in time: that much is in the state.
  if (events === undefined) {
    const lock: Lock = { ref: id, transaction: '', amount: terms.amount, match: 'exact' }
    return [{ is: 'found', fact: told(client, lock, ref(tip), tip) }]
  }
  const made = events.filter(({ event }) => event.is === 'create')
  const [first, ...more] = made
  if (first === undefined || more.length > 0)
    return [unknown('lock-event', `one event of lock ${id} must be there, got ${made.length}`)]
  const block = await blockAt(client, first.transaction.height, options)
  return [{ is: 'found', fact: told(client, lockOf(first, terms.amount, block), ref(block), tip) }]
}

/** What ended a lock; a claim that waits in the mempool has told its secret already. */
export async function findSpend(
  client: Client,
  terms: LockTerms.LockTerms,
  lock: Lock,
  options?: CallOptions,
): Promise<Fact.Read<Spend>> {
  const own = HtlcLock.fromLockTerms(terms, client.backend, client.network)
  const id = HtlcLock.id(own)
  assertRef(id, lock, 'lock')
  const tip = await tipOf(client, options)
  const audited = await entryAt(client, own, tip.height, options)
  if ('why' in audited) return { is: 'unknown', why: audited.why }
  const { entry } = audited
  if (entry.status === 'none' || entry.status === 'locked') {
    const [pending] =
      entry.status === 'locked'
        ? await pendingClaims(client, secretIn(client, id), terms.hashlock, options)
        : []
    return pending === undefined
      ? { is: 'absent', fact: told(client, null, ref(tip), tip) }
      : { is: 'found', fact: told(client, pending, 'mempool', tip) }
  }
  const wanted = entry.status === 'claimed' ? 'release' : 'refund'
  const events = await indexed(eventsOf(client, `wasm.id='${id}'`, tip, options))
  const [first, ...more] = (events ?? []).filter(({ event }) => event.is === wanted)
  const spend = first === undefined || more.length > 0 ? undefined : spendOf(first)
  if (first !== undefined && spend !== undefined) {
    const block = await blockAt(client, first.transaction.height, options)
    return { is: 'found', fact: told(client, spend, ref(block), tip) }
  }
  // The state itself has the secret: an endpoint that hides the transaction can't hide it.
  if (entry.status === 'claimed' && Hashlock.opens(entry.secret, terms.hashlock))
    return {
      is: 'found',
      fact: told(client, { kind: 'claim', transaction: '', secret: entry.secret }, ref(tip), tip),
    }
  if (entry.status === 'refunded' && events === undefined)
    return { is: 'found', fact: told(client, { kind: 'refund', transaction: '' }, ref(tip), tip) }
  return unknown(
    'spend-event',
    `one event that tells how lock ${id} ended must be there, with its secret if claimed`,
  )
}

/** Locks by hashlock alone, oldest first. */
export async function discoverLocks(
  client: Client,
  hashlock: Bytes.Hash32,
  options?: CallOptions,
): Promise<readonly FoundLock[]> {
  Hashlock.assert(hashlock)
  const tip = await tipOf(client, options)
  await assertContract(client, tip.height, options)
  const found = await eventsOf(client, `wasm.hash='${Bytes.toHex(hashlock)}'`, tip, options)
  return rebuilt(client, found, options).then((all) => all.map(({ terms, lock }) => ({ terms, lock })))
}

/** Every lock that the owner of a seed made, found by its tags and opened with its key. */
export async function recoverLocks(
  client: Client,
  seed: SwapSeed.NetworkSeed,
  options: Recover.Options,
): Promise<readonly RecoveredLock[]> {
  let audited = false
  return Recover.recoverLocks(client, seed, options, async (tag, tip) => {
    if (!audited) await assertContract(client, tip.height, options)
    audited = true
    const found = await eventsOf(client, `wasm.tag='${tag}'`, tip, options)
    const locks = (await rebuilt(client, found, options)).map(({ terms, lock, record }) => ({
      ...{ terms, lock, id: Bytes.fromHex(lock.ref), sealed: record },
    }))
    return { inUse: found.length > 0, locks }
  })
}

/** What the contract keeps of a lock after a block, where the contract is the audited one. */
export async function entryAt(
  client: Client,
  own: HtlcStorage.Parameters,
  height: bigint,
  options?: CallOptions,
): Promise<{ readonly entry: HtlcStorage.Entry } | { readonly why: Verdict.Refusal }> {
  const fault = await contractFault(client, height, options)
  if (fault !== undefined) return { why: { ...fault, context: { address: client.backend.address } } }
  const key = HtlcStorage.lockKey(client.contract, HtlcStorage.lockId(own))
  const value = await CosmosRpc.stored(client.transport, HtlcStorage.STORE, key, height, rpc(options))
  const entry = HtlcStorage.entryOf(value, own)
  return entry.ok ? { entry: entry.value } : { why: entry.refusal }
}

/** The secret of a message that claims the lock of an id, wherever it stands in it. */
export function secretIn(client: Client, id: string) {
  return (message: CosmosTransaction.Message) => HtlcLock.secretInMessage(message, id, client.backend)
}

/** The contract's events of included transactions that match, oldest first; none that the head doesn't know of. */
export async function eventsOf(
  client: Client,
  condition: string,
  tip: Head,
  options?: CallOptions,
): Promise<readonly Found[]> {
  const { address } = client.backend
  const query = `wasm._contract_address='${address}' AND ${condition}`
  const [, wanted = ''] = /='([0-9a-f]{64})'$/.exec(condition) ?? []
  const transactions = await CosmosRpc.search(client.transport, query, rpc(options))
  return transactions
    .filter(({ code, height }) => code === 0 && height <= tip.height)
    .flatMap((transaction) =>
      transaction.events
        // The node searches transactions: other events of the same one come along.
        .filter(({ attributes }) => attributes.some(([, value]) => value === wanted))
        .flatMap((raw) => {
          const event = HtlcLock.decodeEvent(raw, client.backend, client.network)
          return event === undefined ? [] : [{ event, transaction }]
        }),
    )
}

/** The lock of a `create` event. */
export function lockOf(found: Found, amount: bigint, block: CosmosRpc.Block): Lock {
  const { event, transaction } = found
  const late = event.is === 'create' && block.header.time >= event.parameters.expires
  return { ref: event.id, transaction: transaction.hash, amount, match: late ? 'late' : 'exact' }
}

/** The spend of a `release` or `refund` event. */
export function spendOf({ event, transaction }: Found): Spend | undefined {
  if (event.is === 'refund') return { kind: 'refund', transaction: transaction.hash }
  return event.is === 'release'
    ? { kind: 'claim', transaction: transaction.hash, secret: event.secret }
    : undefined
}

/** The terms and locks of `create` events; none where terms of that kind can't be. */
async function rebuilt(
  client: Client,
  found: readonly Found[],
  options?: CallOptions,
): Promise<readonly (FoundLock & { readonly record: Bytes.Bytes })[]> {
  const locks: (FoundLock & { readonly record: Bytes.Bytes })[] = []
  for (const one of found) {
    const { event, transaction } = one
    if (event.is !== 'create') continue
    const terms = termsOf(client, event.parameters)
    if (terms === undefined) continue
    const block = await blockAt(client, transaction.height, options)
    locks.push({ terms, lock: lockOf(one, terms.amount, block), record: event.record })
  }
  return locks
}

function termsOf(client: Client, parameters: HtlcStorage.Parameters): LockTerms.LockTerms | undefined {
  try {
    return HtlcLock.toLockTerms(parameters, client.backend, client.network)
  } catch (error) {
    // Anybody may lock on terms that the SDK has no words for, such as a deadline in the year 2200.
    if (isAitbcError(error)) return undefined
    throw error
  }
}

function unknown(check: string, message: string): { readonly is: 'unknown'; readonly why: Verdict.Refusal } {
  return { is: 'unknown', why: { check, message } }
}
