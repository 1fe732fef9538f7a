import {
  Bytes,
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
  type SwapSeed,
  type Verdict,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { assertRef } from '../../internal/guards.js'
import { indexed } from '../../internal/indexed.js'
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
  const { transaction, block } = await originOf(client, id, 'create', tip, options)
  return [{ is: 'found', fact: told(client, lockOf(id, transaction, terms.amount), ref(block), tip) }]
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
  // The state itself has the secret: an endpoint that hides the transaction can't hide it.
  if (entry.status === 'claimed' && !Hashlock.opens(entry.secret, terms.hashlock))
    return {
      is: 'unknown',
      why: { check: 'spend-secret', message: `the secret of lock ${id} must open its hashlock` },
    }
  const is = entry.status === 'claimed' ? 'release' : 'refund'
  const { transaction, block } = await originOf(client, id, is, tip, options)
  const spend: Spend =
    entry.status === 'claimed'
      ? { kind: 'claim', transaction, secret: entry.secret }
      : { kind: 'refund', transaction }
  return { is: 'found', fact: told(client, spend, ref(block), tip) }
}

/**
 * The transaction that brought a lock where its state says it is, and its block: what the node's index says, where it has the one event and the
 * block is still there. A node that began after it has neither, and its state is as good.
 */
async function originOf(
  client: Client,
  id: string,
  is: HtlcLock.HtlcEvent['is'],
  tip: Head,
  options?: CallOptions,
): Promise<{ readonly transaction: string; readonly block: Fact.BlockRef }> {
  const { found } = (await indexed(
    eventsOf(client, `wasm.id='${id}'`, tip, options, CosmosRpc.searchFew),
  )) ?? { found: [] }
  const [first, ...more] = found.filter(({ event }) => event.is === is)
  if (first === undefined || more.length > 0) return { transaction: '', block: tip }
  const { hash, height } = first.transaction
  return { transaction: hash, block: (await indexed(blockAt(client, height, options))) ?? tip }
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
  const { found, whole } = await eventsOf(
    client,
    `wasm.hash='${Bytes.toHex(hashlock)}'`,
    tip,
    options,
    CosmosRpc.search,
  )
  // What isn't read may be the one that is looked for.
  if (!whole)
    throw CoreErrors.RpcTooLarge('tx_search has a transaction too large to be read', { method: 'tx_search' })
  return rebuilt(client, found).map(({ terms, lock }) => ({ terms, lock }))
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
    // The owner's are never too large to be read.
    const { found } = await eventsOf(client, `wasm.tag='${tag}'`, tip, options, CosmosRpc.search)
    const locks = rebuilt(client, found).map(({ terms, lock, record }) => ({
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

/** The contract's events of included transactions that match, oldest first; none that the head doesn't know of. `whole`: all of them. */
export async function eventsOf(
  client: Client,
  condition: string,
  tip: Head,
  options: CallOptions | undefined,
  search: typeof CosmosRpc.search,
): Promise<{ readonly found: readonly Found[]; readonly whole: boolean }> {
  const { address } = client.backend
  const query = `wasm._contract_address='${address}' AND ${condition}`
  const [, wanted = ''] = /='([0-9a-f]{64})'$/.exec(condition) ?? []
  const { found: transactions, whole } = await search(client.transport, query, tip.height, rpc(options))
  const found = transactions
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
  return { found, whole }
}

/** A lock of the contract: what that holds it took in time. */
export function lockOf(ref: string, transaction: string, amount: bigint): Lock {
  return { ref, transaction, amount, match: 'exact' }
}

/** The spend of a `release` or `refund` event. */
export function spendOf({ event, transaction }: Found): Spend | undefined {
  if (event.is === 'refund') return { kind: 'refund', transaction: transaction.hash }
  return event.is === 'release'
    ? { kind: 'claim', transaction: transaction.hash, secret: event.secret }
    : undefined
}

/** The terms and locks of `create` events; none where terms of that kind can't be. */
function rebuilt(
  client: Client,
  found: readonly Found[],
): readonly (FoundLock & { readonly record: Bytes.Bytes })[] {
  return found.flatMap(({ event, transaction }) => {
    const terms = event.is === 'create' ? termsOf(client, event.parameters) : undefined
    if (event.is !== 'create' || terms === undefined) return []
    return [{ terms, lock: lockOf(event.id, transaction.hash, terms.amount), record: event.record }]
  })
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
