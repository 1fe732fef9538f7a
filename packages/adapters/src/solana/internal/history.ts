import { Bytes, type CallOptions, CoreErrors, isAitbcError } from '@aitbc/core'
import { Address, Transaction } from '@aitbc/proofs/solana'
import { isTorn } from '../../internal/facts.js'
import * as HtlcLock from '../HtlcLock.js'
import * as SolanaRpc from '../SolanaRpc.js'
import { type Client, remember, rpc } from './client.js'

/** Pages of signatures that one look lists, 1,000 each. */
const MAX_PAGES = 4
/** Transactions that one look looks into; of a lock whose account is there only so few that nobody holds up what that says. */
const MAX_LOOKS = 256
const FEW_LOOKS = 16
/** Looks after which all is listed anew: what an index left out once isn't left out for good. */
const ANEW = 16
/** Tries after which nobody waits for what can't be read: nodes lose a transaction now and then that they list. */
const MAX_TRIES = 8
/** Signatures of one address that are kept: more is as much as somebody paid for, or an endpoint that makes them up. */
const MAX_NAMED = 1_000_000

/** A call of the program, and the transaction that it stands in. */
export interface PastCall<Is extends HtlcLock.HtlcCall['is'] = HtlcLock.HtlcCall['is']> {
  readonly call: Extract<HtlcLock.HtlcCall, { readonly is: Is }>
  readonly transaction: string
  readonly slot: bigint
  readonly failed: boolean
}

/** What happened to a lock: the calls that made, ended and closed it, and claims that failed, whose secrets are public all the same. */
export interface History {
  readonly made?: PastCall<'lock'>
  readonly ended?: PastCall<'claim' | 'refund'>
  readonly closed?: PastCall<'close'>
  readonly failedClaims: readonly PastCall<'claim'>[]
  /** There is more that wasn't looked into. */
  readonly isCut: boolean
}

/** What was read of the transactions that name an address. */
export interface Past {
  /** The program's calls in each one, by signature. */
  readonly read: Map<string, readonly PastCall[]>
  /** How often each one was tried in vain that isn't read. */
  readonly unread: Map<string, number>
  /** The listing under way, newest first; it ends at what an earlier one began with. */
  list?:
    | { readonly newest?: string | undefined; readonly until?: string | undefined; readonly before?: string }
    | undefined
  /** The newest signature of the last listing that came to its end. */
  until?: string | undefined
  looks: number
}

/** What is known of an address after one more look; `isCut` where there is more, and what couldn't be had. */
interface Look {
  readonly past: Past
  readonly isCut: boolean
  readonly failure: unknown
}

/**
 * A lock's history, as far as it was read: anybody can name a lock's address in any number of transactions, so some more are looked into with
 * each call, and what can't be had is missing. What a lock is by now its account says; of one that is closed nothing else tells, and all count.
 */
export async function historyOf(
  client: Client,
  lock: Bytes.Bytes32,
  isGone: boolean,
  options?: CallOptions,
): Promise<History> {
  const { past, isCut } = await readOn(client, lock, isGone ? MAX_LOOKS : FEW_LOOKS, options)
  const failedClaims: PastCall<'claim'>[] = []
  const found: { -readonly [K in keyof History]: History[K] } = { failedClaims, isCut }
  for (const one of [...past.read.values()].flat()) {
    const { call, failed } = one
    if (!Bytes.equal(call.lock, lock)) continue
    if (call.is === 'claim' && failed) failedClaims.push(one as PastCall<'claim'>)
    if (failed) continue
    if (call.is === 'lock') found.made = one as PastCall<'lock'>
    if (call.is === 'claim' || call.is === 'refund') found.ended = one as PastCall<'claim' | 'refund'>
    if (call.is === 'close') found.closed = one as PastCall<'close'>
  }
  return found
}

/**
 * All calls of the program that stand beside an owner's tag, oldest first. The owner's locks share it, and anybody who saw one may name it
 * between them, so all are looked into; a call that was broken off is gone on with. `RpcTooLarge` (1208) where they are too many.
 */
export async function callsAt(
  client: Client,
  tag: Bytes.Bytes32,
  options?: CallOptions,
): Promise<readonly PastCall[]> {
  for (let looks = 0; looks * MAX_LOOKS < MAX_NAMED; looks++) {
    const { past, isCut, failure } = await readOn(client, tag, MAX_LOOKS, options)
    if (!isCut) return [...past.read.values()].flat().sort((a, b) => Number(a.slot - b.slot))
    if (failure !== undefined) throw failure
    if (past.read.size + past.unread.size >= MAX_NAMED) break
  }
  throw CoreErrors.RpcTooLarge(`more than ${MAX_NAMED} transactions name a tag of the seed`, {
    method: 'getSignaturesForAddress',
  })
}

/** Lists what is new, or older than what was listed, and looks into some of it from both ends. */
async function readOn(
  client: Client,
  address: Bytes.Bytes32,
  most: number,
  options?: CallOptions,
): Promise<Look> {
  const key = Address.encode(address)
  const past: Past = client.memory.pasts.get(key) ?? { read: new Map(), unread: new Map(), looks: 0 }
  remember(client.memory.pasts, key, past)
  const { read, unread } = past
  const left = () => [...unread].filter(([, tries]) => tries < MAX_TRIES)
  let isWhole = false
  let failure: unknown
  try {
    isWhole = await list(client, address, past, options)
    const open = left()
    // What nobody waits for comes last.
    const chosen = new Map([...open.slice(0, most / 2), ...open.slice(-most / 2), ...unread])
    for (const [signature, tries] of [...chosen].slice(0, most)) {
      try {
        read.set(signature, await callsIn(client, signature, options))
        unread.delete(signature)
      } catch (error) {
        if (!isTorn(error)) throw error
        // Anybody can name an address in a transaction of a version that isn't asked for; what is refused otherwise may be a call of the program.
        const isLater = isAitbcError(error) && error.context['code'] === LATER_VERSION
        if (!isLater) failure = error
        // By turns: what can't be read has others come first.
        unread.delete(signature)
        unread.set(signature, isLater ? MAX_TRIES : tries + 1)
      }
    }
  } catch (error) {
    options?.signal?.throwIfAborted()
    if (!isAitbcError(error)) throw error
    failure = error
  }
  return { past, isCut: !isWhole || left().length > 0, failure }
}

/** Lists some pages more; tells whether all that there is by now is listed. */
async function list(
  client: Client,
  address: Bytes.Bytes32,
  past: Past,
  options: CallOptions | undefined,
): Promise<boolean> {
  const { read, unread } = past
  let { list } = past
  let isFresh = list === undefined
  for (let page = 0; page < MAX_PAGES && read.size + unread.size < MAX_NAMED; page++) {
    list ??= past.looks++ % ANEW === 0 ? {} : { until: past.until }
    const { newest, until } = list
    const more = await SolanaRpc.signaturesFor(client.transport, address, { ...rpc(options), ...list })
    for (const { signature } of more)
      if (!read.has(signature)) unread.set(signature, unread.get(signature) ?? 0)
    const [first, last] = [newest ?? more[0]?.signature, more.at(-1)?.signature]
    // A short page isn't the last one: nodes put them together from several stores.
    list = last === undefined ? undefined : { newest: first, until, before: last }
    past.list = list
    if (list !== undefined) continue
    past.until = first ?? past.until
    if (isFresh) return true
    // What came since a listing of an earlier look began stands before it.
    isFresh = true
  }
  return false
}

/** The node's code for a transaction of a version above the highest one that was asked for. */
const LATER_VERSION = -32_015

/** The program's calls in a transaction that the node lists. */
async function callsIn(
  client: Client,
  signature: string,
  options?: CallOptions,
): Promise<readonly PastCall[]> {
  const found = await SolanaRpc.transaction(client.transport, signature, rpc(options))
  // What stands under a signature must have it; the rest is the endpoint's word.
  const decoded = found && Transaction.decode(found.wire)
  if (!decoded?.ok || Address.encode(decoded.value.signatures[0] as Bytes.Bytes) !== signature)
    throw SolanaRpc.malformed('getTransaction', `the transaction ${signature}`, found?.wire)
  const { slot, failed } = found as SolanaRpc.FoundTransaction
  return callsOf(client, decoded.value, found as SolanaRpc.FoundTransaction).map((call) => ({
    ...{ call, transaction: signature, slot, failed },
  }))
}

/** The calls of the program in a transaction, those that other programs made included. */
function callsOf(
  client: Client,
  { message }: Transaction.Transaction,
  { loaded, inner }: SolanaRpc.FoundTransaction,
): readonly HtlcLock.HtlcCall[] {
  const keys = [...message.addresses, ...loaded]
  return [...message.instructions, ...inner].flatMap(({ program, accounts, data }) => {
    if (!Bytes.equal(keys[program] ?? new Uint8Array(0), client.program)) return []
    const named = Array.from(accounts, (index) => keys[index])
    if (named.includes(undefined)) return []
    const call = HtlcLock.decodeCall(named as Bytes.Bytes32[], data, client.backend)
    return call === undefined ? [] : [call]
  })
}
