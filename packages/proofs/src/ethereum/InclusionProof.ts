import { Bytes, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as BlockHeader from './BlockHeader.js'
import * as Receipt from './Receipt.js'
import * as Rlp from './Rlp.js'
import * as TrieProof from './TrieProof.js'

/** A transaction that a block contains. */
export interface Transaction {
  /** 0 for a legacy transaction; see `Receipt`. */
  readonly type: number
  readonly hash: Bytes.Hash32
  /** As the trie has it, and as it was signed and sent (blobs aside). */
  readonly raw: Bytes.Bytes
}

/** Where a log is, and what it must say. */
export interface LogStatement {
  /** Position of the transaction in its block, from 0. */
  readonly transactionIndex: bigint
  /** Position of the log in its receipt, from 0: not the one in the block that JSON-RPC calls `logIndex`. */
  readonly logIndex: number
  /** The contract that must have emitted it, 20 bytes. */
  readonly address: Bytes.Bytes
  readonly topics: readonly Bytes.Hash32[]
  readonly data: Bytes.Bytes
}

/** A log's receipt, proved in a block: its header as RLP, and the nodes of the receipts' trie. */
export interface LogEvidence {
  readonly header: Bytes.Bytes
  readonly proof: readonly Bytes.Bytes[]
}

/** A log that was emitted, and the block that it is in. */
export interface Emitted {
  readonly log: Receipt.Log
  readonly block: { readonly number: bigint; readonly hash: Bytes.Hash32; readonly timestamp: bigint }
}

/** Fields of each type of transaction, signature included (EIP-155, 2930, 1559, 4844, 7702). */
const FIELDS: readonly number[] = [9, 11, 12, 14, 13]

/**
 * Decides which receipt a block has at an index (its transaction's, from 0): the receipt, or `null` where it is proved that the
 * block has no so many transactions.
 *
 * Refusals: `inclusion-index` (negative, or beyond 32 bits), those of `TrieProof.verify` and `Receipt.decode`.
 *
 * @example
 * import { InclusionProof, TrieProof } from '@aitbc/proofs/ethereum'
 * InclusionProof.receipt(TrieProof.EMPTY_ROOT, 0n, []) // { ok: true, value: null }
 */
export function receipt(
  receiptsRoot: Bytes.Hash32,
  index: bigint,
  proof: readonly Bytes.Bytes[],
): Verdict.Verdict<Receipt.Receipt | null> {
  const value = at(receiptsRoot, index, proof)
  return !value.ok || value.value === null ? (value as Verdict.Verdict<null>) : Receipt.decode(value.value)
}

/**
 * Decides which transaction a block has at an index, from 0: the transaction, or `null` where it is proved that there are not so
 * many.
 *
 * Refusals: `inclusion-index`, `transaction-type`, `transaction-fields` (another number than its type has: a receipt, for one),
 * those of `TrieProof.verify` and `Rlp.decode`.
 *
 * @example
 * import { InclusionProof, TrieProof } from '@aitbc/proofs/ethereum'
 * InclusionProof.transaction(TrieProof.EMPTY_ROOT, 0n, []) // { ok: true, value: null }
 */
export function transaction(
  transactionsRoot: Bytes.Hash32,
  index: bigint,
  proof: readonly Bytes.Bytes[],
): Verdict.Verdict<Transaction | null> {
  const value = at(transactionsRoot, index, proof)
  if (!value.ok || value.value === null) return value as Verdict.Verdict<null>
  const raw = value.value
  const split = Receipt.typeOf(raw)
  if (split === undefined) return Verdict.refuse('transaction-type', `no transaction starts with ${raw[0]}`)
  const item = Rlp.decode(split.payload)
  if (!item.ok) return item
  const expected = FIELDS[split.type]
  if (item.value instanceof Uint8Array || item.value.length !== expected)
    return Verdict.refuse(
      'transaction-fields',
      `a transaction of type ${split.type} has ${expected} fields, got ${item.value.length}`,
    )
  return Verdict.accept({ type: split.type, hash: keccak_256(raw), raw })
}

/**
 * Decides whether a log was emitted in the block whose hash the caller knows: by this contract, with these topics and data, at
 * this place, in a transaction that succeeded.
 *
 * Refusals: `block-hash` (another header, or a zero hash: A52), `log-absent` (no such transaction), `log-status` (it failed, or
 * its receipt doesn't say), `log-index`, `log-address`, `log-topics`, `log-data`, those of `BlockHeader.decode` and
 * {@link receipt}.
 */
export function log(
  blockHash: Bytes.Hash32,
  statement: LogStatement,
  evidence: LogEvidence,
): Verdict.Verdict<Emitted> {
  if (blockHash.length !== 32 || blockHash.every((byte) => byte === 0))
    return Verdict.refuse('block-hash', 'a zero hash names no block')
  if (!Bytes.equal(keccak_256(evidence.header), blockHash))
    return Verdict.refuse('block-hash', "the header isn't the block's")
  const header = BlockHeader.decode(evidence.header)
  if (!header.ok) return header
  const { transactionIndex, logIndex, address, topics, data } = statement
  const found = receipt(header.value.receiptsRoot, transactionIndex, evidence.proof)
  if (!found.ok) return found
  if (found.value === null)
    return Verdict.refuse('log-absent', `the block has no transaction ${transactionIndex}`)
  if (found.value.outcome !== 'success')
    return Verdict.refuse('log-status', "the receipt doesn't say that its transaction succeeded")
  const entry = Number.isInteger(logIndex) ? found.value.logs[logIndex] : undefined
  if (entry === undefined)
    return Verdict.refuse('log-index', `the receipt has ${found.value.logs.length} logs, none at ${logIndex}`)
  if (!Bytes.equal(entry.address, address))
    return Verdict.refuse('log-address', `another contract emitted it: 0x${Bytes.toHex(entry.address)}`)
  if (
    entry.topics.length !== topics.length ||
    !entry.topics.every((topic, i) => Bytes.equal(topic, topics[i] as Bytes.Hash32))
  )
    return Verdict.refuse('log-topics', 'the log has other topics')
  if (!Bytes.equal(entry.data, data)) return Verdict.refuse('log-data', 'the log has other data')
  const { number, timestamp } = header.value
  return Verdict.accept({ log: entry, block: { number, hash: blockHash, timestamp } })
}

function at(
  root: Bytes.Hash32,
  index: bigint,
  proof: readonly Bytes.Bytes[],
): Verdict.Verdict<Bytes.Bytes | null> {
  if (index < 0n || index >= 1n << 32n)
    return Verdict.refuse('inclusion-index', `no block has a transaction ${index}`)
  return TrieProof.verify(root, Rlp.encode(Rlp.fromBigInt(index)), proof)
}
