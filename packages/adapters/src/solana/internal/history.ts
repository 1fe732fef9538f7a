import { Bytes, type CallOptions, CoreErrors } from '@aitbc/core'
import { Address, Transaction } from '@aitbc/proofs/solana'
import { isTorn } from '../../internal/facts.js'
import * as HtlcLock from '../HtlcLock.js'
import * as SolanaRpc from '../SolanaRpc.js'
import { type Client, remember, rpc } from './client.js'

/** Pages of signatures that are read of one address, 1,000 each. */
const MAX_PAGES = 4
/** Pages of a tag: what stands before the first use of it is as much as somebody paid for to hide it. */
const MAX_TAG_PAGES = 200
/** Transactions that are looked into for one question. */
const MAX_LOOKS = 256

/** A call of the program, and the transaction that it stands in. */
export interface PastCall {
  readonly call: HtlcLock.HtlcCall
  readonly transaction: string
  readonly slot: bigint
  readonly failed: boolean
}

/** Transactions that named an address, oldest first, as far as the node remembers and as reading them is bounded. */
async function signatures(
  client: Client,
  address: Bytes.Bytes32,
  options: CallOptions | undefined,
  pages = MAX_PAGES,
): Promise<{ readonly infos: readonly SolanaRpc.SignatureInfo[]; readonly isWhole: boolean }> {
  const found: SolanaRpc.SignatureInfo[] = []
  let isWhole = false
  for (let page = 0; page < pages && !isWhole; page++) {
    const before = found.at(-1)?.signature
    const more = await SolanaRpc.signaturesFor(client.transport, address, {
      ...rpc(options),
      ...(before === undefined ? {} : { before }),
    })
    found.push(...more)
    isWhole = more.length < SolanaRpc.PAGE
  }
  return { infos: found.reverse(), isWhole }
}

/**
 * The first transactions that named an owner's tag, oldest first, at most {@link MAX_LOOKS}: nobody else knows of it before its owner has used
 * it, and anybody may name it afterwards. `RpcTooLarge` (1206) where they can't be listed to the first one.
 */
export async function firstOf(
  client: Client,
  tag: Bytes.Bytes32,
  options?: CallOptions,
): Promise<readonly SolanaRpc.SignatureInfo[]> {
  const { infos, isWhole } = await signatures(client, tag, options, MAX_TAG_PAGES)
  if (isWhole) return infos.slice(0, MAX_LOOKS)
  const most = MAX_TAG_PAGES * SolanaRpc.PAGE
  throw CoreErrors.RpcTooLarge(
    `more than ${most} transactions name ${Address.encode(tag)}, a tag of the seed`,
    {
      method: 'getSignaturesForAddress',
    },
  )
}

/** What happened to a lock: the call that made it, the one that ended it, and claims that failed, whose secrets are public all the same. */
export interface History {
  readonly made?: PastCall & { readonly call: { readonly is: 'lock' } }
  readonly ended?: PastCall & { readonly call: { readonly is: 'claim' | 'refund' } }
  readonly failedClaims: readonly (PastCall & { readonly call: { readonly is: 'claim' } })[]
  readonly closed: boolean
  /** There is more that wasn't looked into. */
  readonly isCut?: boolean
}

/** What was read of the history of a lock whose account is gone, as far as it was. */
export interface Past {
  readonly found: Found
  /** Listed, and not looked into yet. */
  unread: readonly string[]
  /** What couldn't be read is asked for again, by turns: a later version, or an endpoint's slip. */
  torn: readonly string[]
  /** The newest signature of the last listing that came to its end, that of the one under way, and the oldest of this. */
  until?: string | undefined
  newest?: string | undefined
  before?: string | undefined
  /** One call at a time. */
  turn: Promise<unknown>
}

type Found = { -readonly [K in keyof History]: History[K] } & {
  failedClaims: History['failedClaims'][number][]
}

/**
 * Reads a lock's history. Anybody can name a lock's address in transactions: at most {@link MAX_LOOKS} are looked into, the oldest first,
 * for the lock is there before whoever bothers it can know of it in earnest. What it is by now its account says.
 */
export async function historyOf(
  client: Client,
  lock: Bytes.Bytes32,
  options?: CallOptions,
): Promise<History> {
  const history: Found = { failedClaims: [], closed: false }
  const { infos } = await signatures(client, lock, options)
  const [oldest, newest] = [infos.slice(0, MAX_LOOKS / 2), infos.slice(MAX_LOOKS / 2).slice(-MAX_LOOKS / 2)]
  for (const { signature } of [...oldest, ...newest]) {
    const found = await readable(transactionOf(client, signature, options))
    if (found !== undefined) note(client, history, lock, signature, found)
  }
  return history
}

/**
 * Reads the history of a lock whose account is gone: nothing else tells what became of it, and anybody may close one that is paid, and hide
 * the claim among any number of transactions. So all of them are looked into, {@link MAX_LOOKS} more with each call; `isCut` until then.
 */
export async function pastOf(client: Client, lock: Bytes.Bytes32, options?: CallOptions): Promise<History> {
  const key = Address.encode(lock)
  const past = client.memory.pasts.get(key) ?? {
    ...{ found: { failedClaims: [], closed: false }, unread: [], torn: [], turn: Promise.resolve() },
  }
  remember(client.memory.pasts, key, past)
  const turn = past.turn.then(() => readOn(client, lock, past, options))
  past.turn = turn.catch(() => undefined)
  const isListed = await turn
  return { ...past.found, isCut: !isListed || past.unread.length > 0 }
}

/** Lists what is new, or older than what was listed, and looks into some of it from both ends; tells whether all is listed. */
async function readOn(
  client: Client,
  lock: Bytes.Bytes32,
  past: Past,
  options: CallOptions | undefined,
): Promise<boolean> {
  let isListed = false
  for (let page = 0; page < MAX_PAGES && !isListed; page++) {
    const { before, until } = past
    const more = await SolanaRpc.signaturesFor(client.transport, lock, {
      ...rpc(options),
      ...(before === undefined ? {} : { before }),
      ...(until === undefined ? {} : { until }),
    })
    isListed = more.length < SolanaRpc.PAGE
    past.unread = [...past.unread, ...more.map(({ signature }) => signature)]
    past.newest ??= more[0]?.signature
    past.before = more.at(-1)?.signature
    if (!isListed) continue
    past.until = past.newest ?? past.until
    past.newest = undefined
    past.before = undefined
  }
  const half = MAX_LOOKS / 2
  const chosen = new Set([...past.unread.slice(0, half), ...past.unread.slice(-half), ...past.torn])
  for (const signature of [...chosen].slice(0, MAX_LOOKS)) {
    const without = (list: readonly string[]) => list.filter((one) => one !== signature)
    const read = await readable(transactionOf(client, signature, options).then((found) => ({ found })))
    // The node lists it, and has yet to show it: it stays.
    if (read !== undefined && read.found === undefined) continue
    past.unread = without(past.unread)
    past.torn = read === undefined ? [...without(past.torn), signature] : without(past.torn)
    if (read?.found !== undefined) note(client, past.found, lock, signature, read.found)
  }
  return isListed
}

/** Notes what a transaction did to a lock. */
function note(
  client: Client,
  history: Found,
  lock: Bytes.Bytes32,
  transaction: string,
  found: SolanaRpc.FoundTransaction,
): void {
  const { slot, failed } = found
  for (const call of callsOf(client, found)) {
    if (!Bytes.equal(call.lock, lock)) continue
    const past = { transaction, slot, failed }
    if (call.is === 'claim' && failed) history.failedClaims.push({ ...past, call })
    if (failed) continue
    if (call.is === 'lock') history.made ??= { ...past, call }
    if (call.is === 'claim' || call.is === 'refund') history.ended ??= { ...past, call: call as never }
    if (call.is === 'close') history.closed = true
  }
}

/** Nothing of a transaction that can't be read: anybody names an address in one, of a later version perhaps, and it hides no other. */
export async function readable<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: unknown) => {
    if (isTorn(error)) return undefined
    throw error
  })
}

/** A transaction by its signature; those that were read before aren't asked for again. */
export async function transactionOf(
  client: Client,
  signature: string,
  options?: CallOptions,
): Promise<SolanaRpc.FoundTransaction | undefined> {
  const known = client.memory.transactions.get(signature)
  if (known !== undefined) return known
  const found = await SolanaRpc.transaction(client.transport, signature, rpc(options))
  if (found === undefined) return undefined
  // What stands under a signature must have it; the rest is the endpoint's word.
  const read = Transaction.decode(found.wire)
  if (!read.ok || Address.encode(read.value.signatures[0] as Bytes.Bytes) !== signature)
    throw SolanaRpc.malformed('getTransaction', `the transaction ${signature}`, found.wire)
  remember(client.memory.transactions, signature, found)
  return found
}

/** The calls of the program in a transaction, those that other programs made included. */
export function callsOf(client: Client, found: SolanaRpc.FoundTransaction): readonly HtlcLock.HtlcCall[] {
  const read = Transaction.decode(found.wire)
  if (!read.ok) return []
  const { message } = read.value
  const keys = [...message.addresses, ...found.loaded]
  return [...message.instructions, ...found.inner].flatMap(({ program, accounts, data }) => {
    if (!Bytes.equal(keys[program] ?? new Uint8Array(0), client.program)) return []
    const named = Array.from(accounts, (index) => keys[index])
    if (named.includes(undefined)) return []
    const call = HtlcLock.decodeCall(named as Bytes.Bytes32[], data, client.backend)
    return call === undefined ? [] : [call]
  })
}
