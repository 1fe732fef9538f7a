import { Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Account from './Account.js'
import * as Json from './Json.js'
import * as Signature from './Signature.js'
import * as Units from './Units.js'

/** A transaction as its sender signed it. Amounts are base units. */
export interface Transaction {
  readonly chainId: string
  /** As sent; the chain stores it in upper case. */
  readonly type: string
  /** As spelled by the sender; white space included. */
  readonly from: string
  readonly to: string
  readonly amount: bigint
  readonly fee: bigint
  readonly nonce: bigint
  readonly payload: Json.Members
  /** As sent: its spelling goes into the hash. Some offers have none. */
  readonly signature: string | null
}

/** The fee where a request names none. */
export const DEFAULT_FEE = 36n

/**
 * Reads the body of `POST /rpc/transaction` as the node does before it checks the signature: defaults filled in, `payload.amount`
 * taken from the raw `amount` where it is missing, `payload.to` from a `recipient` beside it.
 *
 * Refusals: `transaction-form` (no object), `transaction-field` (`context.field`: missing, of another kind, negative, beyond 64 bits,
 * or nested deeper than {@link Json.MAX_DEPTH} once it is filled in).
 *
 * @example
 * import { Json, Transaction } from '@aitbc/proofs/aitbc'
 * const body = Json.decode('{"from":"0x01","to":"0x02","amount":1,"signature":"0x"}')
 * if (body.ok) Transaction.fromBody(body.value, 'ait-mainnet').ok // true
 */
export function fromBody(body: Json.Value, chainId: string): Verdict.Verdict<Transaction> {
  const read = readBody(body, chainId)
  if (!read.ok || !Json.isMembers(body)) return read
  const { payload } = read.value
  const filled: Record<string, Json.Value> = Object.assign(Object.create(null), payload)
  if (filled['amount'] === undefined) filled['amount'] = body['amount'] as Json.Value
  if (filled['to'] === undefined && body['recipient'] !== undefined) filled['to'] = body['recipient']
  return fits(filled) ? Verdict.accept({ ...read.value, payload: filled }) : wrongField('payload')
}

/**
 * Reads and verifies the body of `POST /rpc/transactions/marketplace`, where all of the body but the signature is signed and nothing
 * is filled in. Refusals: those of {@link fromBody}, `signature-missing` and those of `Signature.verify`.
 */
export function verifyMarketplace(body: Json.Value, chainId: string): Verdict.Verdict<Transaction> {
  const read = readBody(body, chainId)
  if (!read.ok || !Json.isMembers(body)) return read
  const { signature: _, sig: __, ...rest } = body
  const signed = signedBy(read.value, Json.digest(rest))
  return signed.ok ? read : signed
}

/**
 * The transaction behind the body of `POST /rpc/ai/submit`. `payment` is a float in AIT, even where it is written without a point.
 * Refusals: those of {@link fromBody}.
 */
export function fromAiJob(body: Json.Value, chainId: string): Verdict.Verdict<Transaction> {
  if (!Json.isMembers(body)) return Verdict.refuse('transaction-form', 'a request is an object')
  const { wallet_address, job_type, prompt, payment, parameters, nonce, fee, signature } = body
  const price = typeof payment === 'bigint' ? Number(payment) : payment
  if (typeof price !== 'number' || !(price >= 0 && price < 1e15)) return wrongField('payment')
  if (typeof job_type !== 'string') return wrongField('job_type')
  if (typeof prompt !== 'string') return wrongField('prompt')
  return readBody(
    {
      from: wallet_address,
      to: 'ai_service',
      amount: Units.toSeconds(price),
      type: 'AI_JOB',
      payload: { job_type, prompt, payment: price, parameters: parameters ?? {} },
      nonce,
      fee,
      signature,
    } as Json.Members,
    chainId,
  )
}

/** The eight keys that are signed. */
export function signedObject(transaction: Transaction): Json.Members {
  const { from, to, amount, fee, nonce, payload, type, chainId } = transaction
  return { from, to, amount, fee, nonce, payload, type, chain_id: chainId }
}

/** What the sender signs: Keccak-256 of the canonical JSON of {@link signedObject}. */
export function digest(transaction: Transaction): Bytes.Hash32 {
  return Json.digest(signedObject(transaction))
}

/** The object that the chain keeps and hashes: type in upper case, spaces around accounts gone, `value` beside `amount`. */
export function storedObject(transaction: Transaction): Json.Members {
  const { chainId, type, from, to, amount, fee, nonce, payload, signature } = stored(transaction)
  return { chain_id: chainId, type, from, to, amount, value: amount, fee, nonce, payload, signature }
}

/**
 * The transaction's hash, `0x` and 64 hex digits: sha256 of the canonical JSON of {@link storedObject}. It covers the signature's
 * text, so one transfer whose signature is spelled in another way has another hash.
 *
 * @example
 * import { Transaction } from '@aitbc/proofs/aitbc'
 * declare const transaction: Transaction.Transaction
 * Transaction.hash(transaction)
 */
export function hash(transaction: Transaction): string {
  return `0x${Bytes.toHex(sha256(new TextEncoder().encode(Json.encode(storedObject(transaction)))))}`
}

/**
 * Decides whether the sender signed a transaction, as the node does when it comes in. Gives the signer. Refusals:
 * `signature-missing`, and those of `Signature.verify`.
 */
export function verify(transaction: Transaction): Verdict.Verdict<string> {
  return signedBy(transaction, digest(transaction))
}

/**
 * Decides whether a transaction can be in a block: the proposer verifies what was stored, with the account's nonce of that moment.
 * One with a type in lower case, spaces around its accounts, fields beyond the eight, or a nonce gone by is dropped in silence.
 * Refusals: those of {@link verify}.
 */
export function verifyIncluded(transaction: Transaction, accountNonce: bigint): Verdict.Verdict<string> {
  return verify({ ...stored(transaction), nonce: accountNonce })
}

function stored(transaction: Transaction): Transaction {
  const { type, from, to } = transaction
  return { ...transaction, type: type.toUpperCase(), from: Account.trim(from), to: Account.trim(to) }
}

function signedBy({ from, signature }: Transaction, digest: Bytes.Hash32): Verdict.Verdict<string> {
  if (signature === null) return Verdict.refuse('signature-missing', 'nobody signed this')
  return Signature.verify(digest, signature, from)
}

function readBody(body: Json.Value, chainId: string): Verdict.Verdict<Transaction> {
  if (!Json.isMembers(body)) return Verdict.refuse('transaction-form', 'a request is an object')
  const { from, to, type = 'TRANSFER', chain_id = chainId, payload = {}, signature = null } = body
  if (typeof from !== 'string') return wrongField('from')
  if (typeof to !== 'string') return wrongField('to')
  if (typeof type !== 'string') return wrongField('type')
  if (typeof chain_id !== 'string') return wrongField('chain_id')
  if (!Json.isMembers(payload) || !fits(payload)) return wrongField('payload')
  if (signature !== null && typeof signature !== 'string') return wrongField('signature')
  const amount = integer(body['amount'])
  const fee = integer(body['fee'] ?? DEFAULT_FEE)
  const nonce = integer(body['nonce'] ?? 0n)
  if (amount === undefined) return wrongField('amount')
  if (fee === undefined) return wrongField('fee')
  if (nonce === undefined) return wrongField('nonce')
  return Verdict.accept({ chainId: chain_id, type, from, to, amount, fee, nonce, payload, signature })
}

/** An integer, or its decimal text, that 64 signed bits hold and that isn't negative. */
function integer(value: Json.Value | undefined): bigint | undefined {
  const number = typeof value === 'string' && /^[0-9]{1,19}$/.test(value) ? BigInt(value) : value
  return typeof number === 'bigint' && number >= 0n && number < 1n << 63n ? number : undefined
}

/** Whether a payload can be written within the object that is signed: what is filled in may stand deeper than it was read. */
function fits(value: Json.Value, levels = Json.MAX_DEPTH - 1): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((it) => fits(it, levels - 1))
}

function wrongField(field: string): Verdict.Verdict<never> {
  return Verdict.refuse('transaction-field', `${field} is missing or can't be that`, { field })
}
