import { Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Signature from './Signature.js'

/** A block as a node serves it, as far as anything of it can be verified; its `state_root` can't (see `StateAttestation`). */
export interface Block {
  readonly chainId: string
  readonly height: bigint
  /** `0x` and 64 hex digits in lower case. */
  readonly hash: string
  /** The same; `0x00` where the parent is nothing. */
  readonly parentHash: string
  /** ISO 8601 in UTC with `+00:00`; six decimals of a second, or none where they are zero: see {@link timestamp}. */
  readonly timestamp: string
  /** Hashes of its transactions, in any order. */
  readonly transactions: readonly string[]
  /** Any spelling of the account. Not part of the hash. */
  readonly proposer: string
  /** Over the hash itself. */
  readonly signature: string
  /** What other validators signed (`block_metadata`), where the chain runs with several. */
  readonly attestations?: readonly Attestation[]
}

/** Another validator's signature over a block's hash. */
export interface Attestation {
  readonly validator: string
  readonly signature: string
}

const HASH = /^0x[0-9a-f]{64}$/
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.(?!000000)[0-9]{6})?\+00:00$/
const CHAIN_ID = /^[^|]{1,128}$/
/** What a block may hold. */
const MAX_TRANSACTIONS = 500

/** A timestamp as it is hashed: nodes serve it without its `+00:00`. */
export function timestamp(served: string): string {
  return served.endsWith('+00:00') ? served : `${served}+00:00`
}

/** What a block's hash is the hash of. */
export function preimage(block: Omit<Block, 'hash' | 'proposer' | 'signature'>): string {
  const { chainId, height, parentHash, timestamp, transactions } = block
  return `${chainId}|${height}|${parentHash}|${timestamp}|${[...transactions].sort().join('|')}`
}

/**
 * A block's hash, `0x` and 64 hex digits: sha256 over {@link preimage}. It covers chain, height, parent, time and transactions,
 * neither the proposer nor the state.
 *
 * @example
 * import { Block } from '@aitbc/proofs/aitbc'
 * const timestamp = '2026-01-01T00:00:10+00:00'
 * Block.hash({ chainId: 'ait-devnet', height: 1n, parentHash: '0x00', timestamp, transactions: [] }).length // 66
 */
export function hash(block: Omit<Block, 'hash' | 'proposer' | 'signature'>): string {
  return `0x${Bytes.toHex(sha256(new TextEncoder().encode(preimage(block))))}`
}

/**
 * Decides whether a block's hash is its own. Refusals: `block-form` (`context.field`: not in the one form that makes the preimage
 * unambiguous), `block-transactions` (too many, or one twice), `block-hash`.
 */
export function check(block: Block): Verdict.Verdict<Block> {
  const { chainId, height, parentHash, timestamp, transactions } = block
  const wrong = !CHAIN_ID.test(chainId)
    ? 'chainId'
    : height < 1n || height >= 1n << 63n
      ? 'height'
      : parentHash !== '0x00' && !HASH.test(parentHash)
        ? 'parentHash'
        : !TIME.test(timestamp)
          ? 'timestamp'
          : undefined
  if (wrong !== undefined) return Verdict.refuse('block-form', `${wrong} isn't well-formed`, { field: wrong })
  if (transactions.length > MAX_TRANSACTIONS || new Set(transactions).size !== transactions.length)
    return Verdict.refuse(
      'block-transactions',
      `a block holds up to ${MAX_TRANSACTIONS} transactions, each once`,
    )
  const bad = transactions.find((it) => !HASH.test(it))
  if (bad !== undefined)
    return Verdict.refuse('block-form', "a transaction's hash isn't well-formed", { field: 'transactions' })
  const found = hash(block)
  if (found !== block.hash)
    return Verdict.refuse('block-hash', `the block's hash is ${found}, not ${block.hash}`)
  return Verdict.accept(block)
}

/**
 * Decides whether the block's proposer signed it, and gives the signer. Who may propose isn't decided here. Refusals: those of
 * {@link check} and of `Signature.verify`.
 */
export function verify(block: Block): Verdict.Verdict<string> {
  const checked = check(block)
  if (!checked.ok) return checked
  return Signature.verify(digest(block), block.signature, block.proposer)
}

/** What proposer and validators sign: the 32 bytes of a checked block's hash, not hashed again. */
export function digest(block: Pick<Block, 'hash'>): Bytes.Hash32 {
  return Bytes.fromHex(block.hash.slice(2))
}
