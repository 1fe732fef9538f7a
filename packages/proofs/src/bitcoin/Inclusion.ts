import { Bytes, Verdict } from '@aitbc/core'
import * as Hash256 from './Hash256.js'
import * as MerkleTree from './MerkleTree.js'
import * as Transaction from './Transaction.js'

/**
 * Evidence that a block holds a transaction: both it and the block's coinbase without witnesses, and their branches.
 * The coinbase fixes the tree's depth, so that no inner node passes for a transaction, nor a transaction for a node.
 */
export interface Inclusion {
  readonly transaction: Bytes.Bytes
  readonly index: number
  readonly siblings: readonly Bytes.Hash32[]
  readonly coinbase: Bytes.Bytes
  readonly coinbaseSiblings: readonly Bytes.Hash32[]
}

/** Evidence that binds witnesses too (BIP-141): both transactions with witnesses, and the branch of the wtxid. */
export interface WitnessInclusion extends Inclusion {
  readonly witnessSiblings: readonly Bytes.Hash32[]
}

/** A transaction that a block really holds. */
export interface Included {
  readonly transaction: Transaction.Transaction
  /** In the order of the protocol. */
  readonly txid: Bytes.Hash32
  readonly index: number
}

const COMMITMENT = /* @__PURE__ */ Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed)

/**
 * Decides whether a block with this Merkle root holds a transaction, in the one form without witnesses.
 *
 * Immune to CVE-2012-2459 (copies) and CVE-2017-12842 (64-byte transactions). Refusals: those of `Transaction.decode` and
 * `MerkleTree.rootOf`, `transaction-form` (witnesses given), `transaction-64`, `coinbase`, `merkle-depth`, `merkle-root`.
 *
 * @example
 * import { Inclusion } from '@aitbc/proofs/bitcoin'
 * const none = new Uint8Array(0)
 * const evidence = { transaction: none, index: 0, siblings: [], coinbase: none, coinbaseSiblings: [] }
 * Inclusion.verify(new Uint8Array(32), evidence).ok // false
 */
export function verify(merkleRoot: Bytes.Hash32, inclusion: Inclusion): Verdict.Verdict<Included> {
  const transaction = decodeIn(inclusion.transaction, false)
  if (!transaction.ok) return transaction
  const coinbase = decodeIn(inclusion.coinbase, false)
  if (!coinbase.ok) return coinbase
  return verifyDecoded(merkleRoot, inclusion, transaction.value, coinbase.value)
}

/**
 * Decides whether a block holds a transaction with exactly these witnesses (BIP-141, "Commitment structure"), in the one
 * form with witnesses.
 *
 * Refusals: those of {@link verify}, `witness-commitment` (none, or another root), `witness-reserved`, and
 * `coinbase-witness` for a coinbase, whose wtxid is zero by definition.
 */
export function verifyWitness(
  merkleRoot: Bytes.Hash32,
  inclusion: WitnessInclusion,
): Verdict.Verdict<Included> {
  const transaction = decodeIn(inclusion.transaction, true)
  if (!transaction.ok) return transaction
  const coinbase = decodeIn(inclusion.coinbase, true)
  if (!coinbase.ok) return coinbase
  const included = verifyDecoded(merkleRoot, inclusion, transaction.value, coinbase.value)
  if (!included.ok) return included
  if (inclusion.index === 0)
    return Verdict.refuse('coinbase-witness', "a coinbase's witness isn't committed to by itself")
  if (inclusion.witnessSiblings.length !== inclusion.siblings.length)
    return Verdict.refuse('merkle-depth', 'the branches of txid and wtxid differ in length')
  const root = MerkleTree.rootOf(Transaction.wtxid(transaction.value), {
    index: inclusion.index,
    siblings: inclusion.witnessSiblings,
  })
  if (!root.ok) return root
  const [reserved, ...more] = (coinbase.value.inputs[0] as Transaction.Input).witness
  if (reserved?.length !== 32 || more.length > 0)
    return Verdict.refuse('witness-reserved', "the coinbase's witness is not one item of 32 bytes")
  const commitment = commitmentOf(coinbase.value)
  if (commitment === undefined || !Bytes.equal(commitment, Hash256.ofPair(root.value, reserved)))
    return Verdict.refuse('witness-commitment', "the coinbase doesn't commit to these witnesses")
  return included
}

/** The witness commitment of a coinbase, 32 bytes: the last output of that form counts (BIP-141). */
export function commitmentOf(coinbase: Transaction.Transaction): Bytes.Hash32 | undefined {
  const output = coinbase.outputs.findLast(
    ({ script }) => script.length >= 38 && COMMITMENT.every((byte, i) => script[i] === byte),
  )
  return output?.script.slice(6, 38)
}

/**
 * Builds the evidence for one transaction of a block (`Block.decode`) from all of the block's transactions.
 */
export function of(transactions: readonly Transaction.Transaction[], index: number): Inclusion {
  const ids = transactions.map(Transaction.txid)
  return {
    transaction: Transaction.encodeStripped(transactions[index] as Transaction.Transaction),
    ...MerkleTree.branch(ids, index),
    coinbase: Transaction.encodeStripped(transactions[0] as Transaction.Transaction),
    coinbaseSiblings: MerkleTree.branch(ids, 0).siblings,
  }
}

/** Builds the evidence that binds witnesses too. */
export function ofWitness(transactions: readonly Transaction.Transaction[], index: number): WitnessInclusion {
  const wtxids = transactions.map((transaction, i) =>
    i === 0 ? new Uint8Array(32) : Transaction.wtxid(transaction),
  )
  return {
    ...of(transactions, index),
    transaction: Transaction.encode(transactions[index] as Transaction.Transaction),
    coinbase: Transaction.encode(transactions[0] as Transaction.Transaction),
    witnessSiblings: MerkleTree.branch(wtxids, index).siblings,
  }
}

/** Reads a transaction in one of its two forms, and never one of 64 bytes. */
export function decodeIn(bytes: Bytes.Bytes, witnesses: boolean): Verdict.Verdict<Transaction.Transaction> {
  const transaction = Transaction.decode(bytes)
  if (!transaction.ok) return transaction
  const stripped = Transaction.encodeStripped(transaction.value).length
  if (!witnesses && stripped !== bytes.length)
    return Verdict.refuse('transaction-form', 'the txid commits to no witness: the form without is expected')
  // Read as two hashes, such a transaction is an inner node of the tree (CVE-2017-12842, BIP-54).
  if (stripped === 64) return Verdict.refuse('transaction-64', 'a transaction of 64 bytes proves nothing')
  return transaction
}

function verifyDecoded(
  merkleRoot: Bytes.Hash32,
  inclusion: Inclusion,
  transaction: Transaction.Transaction,
  coinbase: Transaction.Transaction,
): Verdict.Verdict<Included> {
  const { index, siblings, coinbaseSiblings } = inclusion
  if (!Transaction.isCoinbase(coinbase))
    return Verdict.refuse('coinbase', 'the transaction that fixes the depth is no coinbase')
  if (coinbaseSiblings.length !== siblings.length)
    return Verdict.refuse(
      'merkle-depth',
      `the coinbase is ${coinbaseSiblings.length} deep, not ${siblings.length}`,
    )
  if ((index === 0) !== Transaction.isCoinbase(transaction))
    return Verdict.refuse('coinbase', 'the coinbase, and nothing else, is at index 0')
  const first = MerkleTree.rootOf(Transaction.txid(coinbase), { index: 0, siblings: coinbaseSiblings })
  if (!first.ok) return first
  if (!Bytes.equal(first.value, merkleRoot))
    return Verdict.refuse('merkle-root', "the coinbase's branch leads to another root")
  const txid = Transaction.txid(transaction)
  const root = MerkleTree.rootOf(txid, { index, siblings })
  if (!root.ok) return root
  if (!Bytes.equal(root.value, merkleRoot))
    return Verdict.refuse('merkle-root', "the transaction's branch leads to another root")
  return Verdict.accept({ transaction, txid, index })
}
