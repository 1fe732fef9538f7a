import { Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Account from './Account.js'
import * as Json from './Json.js'
import * as Signature from './Signature.js'
import * as StateTrie from './StateTrie.js'

/** A transfer as its sender locked it. The bridge is custodial: a lock is a row in one node's database. */
export interface Transfer {
  readonly sourceChain: string
  readonly targetChain: string
  /** As sent; letter case is part of the id only after lower-casing. */
  readonly sender: string
  readonly recipient: string
  /** Base units. */
  readonly amount: bigint
  /** Unix seconds at which it was locked. */
  readonly time: bigint
}

/** How a proof is signed: by several of a set, or by one. */
export type Signing =
  | { readonly by: 'several'; readonly validators: readonly string[]; readonly threshold: number }
  | { readonly by: 'one'; readonly validators: readonly string[] }

/** Who signed a proof, as `0x` in lower case, each once, in the order of the signatures. */
export type Signers = readonly string[]

const REQUIRED = ['source_chain', 'lock_tx_hash', 'sender', 'recipient', 'chain_id', 'block_hash']
const ID = /^0x[0-9a-f]{64}$/
/** What the trie holds of an account. */
const ACCOUNT = /^-?[0-9]+:-?[0-9]+$/

/**
 * A transfer's id, also called the lock's hash: `0x` and sha256 of its fields with colons between them. Two equal locks of one second
 * have one id.
 */
export function transferId(transfer: Transfer): string {
  const { sourceChain, targetChain, sender, recipient, amount, time } = transfer
  const [from, to] = [sender.toLowerCase(), recipient.toLowerCase()]
  return `0x${hashOf(`${sourceChain}:${targetChain}:${from}:${to}:${amount}:${time}`)}`
}

/** What the bridge takes on top of an amount: a thousandth, rounded down; it isn't given back. */
export function fee(amount: bigint): bigint {
  return (amount * 10n) / 10_000n
}

/** Confirmations that the bridge asks for: 3, or 6 from 10,000 base units on. */
export function confirmations(amount: bigint): number {
  return amount >= 10_000n ? 6 : 3
}

/**
 * What a bridge proof's signatures are over: all fields but the signatures; where one signs, all but its own signature, the list of
 * the others included.
 */
export function message(proof: Json.Members, by: Signing['by']): Json.Members {
  const { proposer_signature: _, ...rest } = proof
  if (by === 'one') return rest
  const { validator_signatures: __, ...fields } = rest
  return fields
}

/**
 * Decides whether a proof is signed: by as many different validators as the threshold asks for, or by one of them. Signatures of
 * others and broken ones count for nothing.
 *
 * It shows that these accounts say so and nothing more: no lock of this bridge is bound to a chain's state (see
 * {@link verifyLockEvent}). Refusals: `bridge-form` (a field is missing or of another kind; `context.field`), `bridge-validators`
 * (none, one twice, or a threshold outside them), `bridge-signatures` (too few signers), and where one signs those of
 * `Signature.recover` and `bridge-signer`.
 */
export function verifySigners(proof: Json.Members, signing: Signing): Verdict.Verdict<Signers> {
  const wrong = REQUIRED.find((field) => typeof proof[field] !== 'string')
  const number = ['amount', 'block_height'].find((field) => typeof proof[field] !== 'bigint')
  const field = wrong ?? number
  if (field !== undefined)
    return Verdict.refuse('bridge-form', `${field} is missing or can't be that`, { field })
  const members = new Set(signing.validators.map(Account.compare))
  if (members.size === 0 || members.size !== signing.validators.length)
    return Verdict.refuse('bridge-validators', 'validators are one at least, each once')
  const digest = Json.digest(message(proof, signing.by))
  const { validator_signatures: several = [], proposer_signature: own = null } = proof
  if (signing.by === 'one') {
    const signer = Signature.recover(digest, typeof own === 'string' ? own : '')
    if (!signer.ok) return signer
    return members.has(signer.value)
      ? Verdict.accept([signer.value])
      : Verdict.refuse('bridge-signer', `${signer.value} is no validator`, { signer: signer.value })
  }
  const { threshold } = signing
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > members.size)
    return Verdict.refuse('bridge-validators', `a threshold is 1 to ${members.size}, got ${threshold}`)
  if (!Array.isArray(several))
    return Verdict.refuse('bridge-form', 'signatures are a list', { field: 'validator_signatures' })
  const found = new Set<string>()
  // Broken entries and repetitions are skipped; a list of many times the set's size isn't read to its end.
  for (const signature of [...several.slice(0, 4 * members.size + 4), own]) {
    const signer = Signature.recover(digest, typeof signature === 'string' ? signature : '')
    if (signer.ok && members.has(signer.value)) found.add(signer.value)
  }
  if (found.size < threshold)
    return Verdict.refuse('bridge-signatures', `${threshold} validators must sign, ${found.size} do`)
  return Verdict.accept([...found])
}

/**
 * Decides whether a lock event stands in a state trie, under the lock's hash as text.
 *
 * By the chain's rule any entry of the trie will do, an account's too, so that an account's name and balance pass for a lock. This
 * function refuses a key that isn't in the form of a lock's hash, and a value that is an account's (whoever pays to such a name opens
 * an account under it), unless it is asked to judge `as: 'node'`. Refusals: `bridge-lock-hash`, `bridge-lock-event` (an account's
 * balance and nonce), `bridge-hex` (root or nodes aren't hex), and those of `StateTrie.verify`.
 */
export function verifyLockEvent(
  lock: verifyLockEvent.Lock,
  proof: readonly string[],
  options: verifyLockEvent.Options = {},
): Verdict.Verdict<true> {
  const { stateRoot, lockTxHash, lockEvent } = lock
  if (options.as !== 'node' && !ID.test(lockTxHash))
    return Verdict.refuse('bridge-lock-hash', "the lock's hash is 0x and 64 hex digits")
  if (options.as !== 'node' && ACCOUNT.test(lockEvent))
    return Verdict.refuse('bridge-lock-event', 'a balance and a nonce are an account, and no lock')
  const [root, ...nodes] = [stateRoot, ...proof].map(fromHex)
  if (root === undefined || !nodes.every((node) => node !== undefined))
    return Verdict.refuse('bridge-hex', 'root and nodes are hex')
  const utf8 = new TextEncoder()
  return StateTrie.verify(root, utf8.encode(lockTxHash), utf8.encode(lockEvent), nodes)
}

export declare namespace verifyLockEvent {
  type Lock = {
    /** Of the header, `0x` or not. */
    readonly stateRoot: string
    readonly lockTxHash: string
    /** JSON text, compared as text. */
    readonly lockEvent: string
  }
  type Options = {
    /** `node` accepts all that the chain's node accepts. */
    readonly as?: 'node'
  }
}

/** The name under which the bridge remembers a proof that was used: sha256 of its JSON with Python's default separators, in hex. */
export function replayKey(proof: Json.Members): string {
  return hashOf(Json.encode(proof, { separators: 'spaced' }))
}

function hashOf(text: string): string {
  return Bytes.toHex(sha256(new TextEncoder().encode(text)))
}

function fromHex(text: string): Bytes.Bytes | undefined {
  const digits = /^(?:0x)?((?:[0-9a-fA-F]{2})*)$/.exec(text)?.[1]
  return digits === undefined ? undefined : Bytes.fromHex(digits.toLowerCase())
}
