import { Bytes, type CallOptions } from '@aitbc/core'
import { Address, Transaction } from '@aitbc/proofs/solana'
import { isTorn } from '../../internal/facts.js'
import * as HtlcLock from '../HtlcLock.js'
import * as SolanaRpc from '../SolanaRpc.js'
import { type Client, remember, rpc } from './client.js'

/** Pages of signatures that are read of one address, 1,000 each. */
const MAX_PAGES = 4
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
export async function signatures(
  client: Client,
  address: Bytes.Bytes32,
  options?: CallOptions,
): Promise<readonly SolanaRpc.SignatureInfo[]> {
  const found: SolanaRpc.SignatureInfo[] = []
  for (let page = 0; page < MAX_PAGES; page++) {
    const before = found.at(-1)?.signature
    const more = await SolanaRpc.signaturesFor(client.transport, address, {
      ...rpc(options),
      ...(before === undefined ? {} : { before }),
    })
    found.push(...more)
    if (more.length < SolanaRpc.PAGE) break
  }
  return found.reverse()
}

/** What happened to a lock: the call that made it, the one that ended it, and claims that failed, whose secrets are public all the same. */
export interface History {
  readonly made?: PastCall & { readonly call: { readonly is: 'lock' } }
  readonly ended?: PastCall & { readonly call: { readonly is: 'claim' | 'refund' } }
  readonly failedClaims: readonly (PastCall & { readonly call: { readonly is: 'claim' } })[]
  readonly closed: boolean
}

/**
 * Reads a lock's history. Anybody can name a lock's address in transactions: at most {@link MAX_LOOKS} are looked into, the oldest first,
 * for the lock is there before whoever bothers it can know of it in earnest.
 */
export async function historyOf(
  client: Client,
  lock: Bytes.Bytes32,
  options?: CallOptions,
): Promise<History> {
  let made: History['made']
  let ended: History['ended']
  let closed = false
  const failedClaims: History['failedClaims'][number][] = []
  const infos = await signatures(client, lock, options)
  const [oldest, newest] = [infos.slice(0, MAX_LOOKS / 2), infos.slice(MAX_LOOKS / 2).slice(-MAX_LOOKS / 2)]
  for (const { signature } of [...oldest, ...newest]) {
    const found = await readable(transactionOf(client, signature, options))
    if (found === undefined) continue
    for (const call of callsOf(client, found)) {
      if (!Bytes.equal(call.lock, lock)) continue
      const past = { transaction: signature, slot: found.slot, failed: found.failed }
      if (call.is === 'claim' && found.failed) failedClaims.push({ ...past, call })
      if (found.failed) continue
      if (call.is === 'lock') made ??= { ...past, call }
      if (call.is === 'claim' || call.is === 'refund') ended ??= { ...past, call: call as never }
      if (call.is === 'close') closed = true
    }
  }
  return {
    ...(made === undefined ? {} : { made }),
    ...(ended === undefined ? {} : { ended }),
    failedClaims,
    closed,
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
