import { Bytes, Verdict } from '@aitbc/core'
import * as Cursor from '../internal/cursor.js'
import { join } from '../internal/join.js'
import * as BlockHeader from './BlockHeader.js'
import * as Hash256 from './Hash256.js'
import * as Inclusion from './Inclusion.js'
import * as MerkleTree from './MerkleTree.js'
import * as Transaction from './Transaction.js'

/** A `merkleblock` message (BIP-37, "Partial Merkle branch format"), as `gettxoutproof` of Bitcoin Core gives it. */
export interface MerkleBlock {
  readonly header: BlockHeader.BlockHeader
  /** Transactions in the block, as the sender says: no hash commits to it. */
  readonly count: number
  readonly hashes: readonly Bytes.Hash32[]
  readonly flags: Bytes.Bytes
}

/** A leaf that the message marks as matched. */
export interface Match {
  readonly index: number
  readonly txid: Bytes.Hash32
}

/**
 * Reads a message; total, all bytes consumed. Refusal: `merkleblock-encoding`.
 *
 * @example
 * import { MerkleBlock } from '@aitbc/proofs/bitcoin'
 * MerkleBlock.decode(new Uint8Array(84)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<MerkleBlock> {
  const cursor = Cursor.from(bytes)
  const header = BlockHeader.decode(Cursor.take(cursor, BlockHeader.SIZE))
  if (!header.ok) return header
  const count = Cursor.u32le(cursor)
  const length = Cursor.compactSize(cursor)
  const hashes: Bytes.Hash32[] = []
  if (Cursor.fits(cursor, length, 32)) for (let i = 0; i < length; i++) hashes.push(Cursor.take(cursor, 32))
  const flags = Cursor.sized(cursor)
  if (!Cursor.done(cursor))
    return Verdict.refuse('merkleblock-encoding', `wrong at byte ${cursor.at} of ${bytes.length}`)
  return Verdict.accept({ header: header.value, count, hashes, flags })
}

/** Writes a message. */
export function encode(block: MerkleBlock): Bytes.Bytes {
  const count = new Uint8Array(4)
  new DataView(count.buffer).setUint32(0, block.count, true)
  return join([
    BlockHeader.encode(block.header),
    count,
    Transaction.compactSize(block.hashes.length),
    ...block.hashes,
    Transaction.compactSize(block.flags.length),
    block.flags,
  ])
}

/**
 * Walks the partial tree and gives the leaves it marks; every hash and every bit must be used.
 *
 * The count of transactions is the sender's word, and a leaf's hash may be that of an inner node: this alone proves no
 * transaction, {@link verify} does. Refusals: `merkleblock-count`, `merkleblock-hashes`, `merkleblock-flags`,
 * `merkle-duplicate`, `merkle-root`.
 */
export function matches(block: MerkleBlock): Verdict.Verdict<readonly Match[]> {
  const { count, hashes, flags } = block
  if (count === 0 || count > MerkleTree.MAX_TRANSACTIONS)
    return Verdict.refuse('merkleblock-count', `no block has ${count} transactions`)
  if (hashes.length === 0 || hashes.length > count)
    return Verdict.refuse('merkleblock-hashes', `${hashes.length} hashes for ${count} transactions`)
  if (flags.length * 8 < hashes.length || flags.length > count)
    return Verdict.refuse('merkleblock-flags', `${flags.length} bytes of flags for ${hashes.length} hashes`)
  let height = 0
  while (width(count, height) > 1) height++
  const found: Match[] = []
  const at = { bit: 0, hash: 0, wrong: undefined as Verdict.Verdict<never> | undefined }
  const walk = (level: number, index: number): Bytes.Hash32 => {
    const bit = at.bit++
    if (bit >= flags.length * 8) {
      at.wrong ??= Verdict.refuse('merkleblock-flags', 'the flags end before the tree does')
      return EMPTY
    }
    const marked = (((flags[bit >> 3] as number) >> (bit & 7)) & 1) === 1
    if (level === 0 || !marked) {
      const hash = hashes[at.hash++]
      if (hash === undefined) {
        at.wrong ??= Verdict.refuse('merkleblock-hashes', 'the hashes end before the tree does')
        return EMPTY
      }
      if (marked) found.push({ index, txid: hash })
      return hash
    }
    const left = walk(level - 1, 2 * index)
    if (at.wrong !== undefined) return EMPTY
    if (2 * index + 1 >= width(count, level - 1)) return Hash256.ofPair(left, left)
    const right = walk(level - 1, 2 * index + 1)
    if (at.wrong !== undefined) return EMPTY
    if (Bytes.equal(left, right))
      at.wrong = Verdict.refuse('merkle-duplicate', `equal neighbours at level ${level - 1} (CVE-2012-2459)`)
    return Hash256.ofPair(left, right)
  }
  const root = walk(height, 0)
  if (at.wrong !== undefined) return at.wrong
  if (at.hash !== hashes.length)
    return Verdict.refuse('merkleblock-hashes', `${hashes.length - at.hash} hashes are unused`)
  const padding = (flags[flags.length - 1] as number) >> (((at.bit - 1) & 7) + 1)
  if ((at.bit + 7) >> 3 !== flags.length || padding !== 0)
    return Verdict.refuse('merkleblock-flags', 'there are more flags than the tree has nodes')
  if (!Bytes.equal(root, block.header.merkleRoot))
    return Verdict.refuse('merkle-root', "the tree's root isn't the header's")
  return Verdict.accept(found)
}

/**
 * Decides whether the block holds a transaction, given it and the coinbase without witnesses, the only ones that the message marks
 * (`gettxoutproof ["coinbase", "txid"]`). The header is as good as its caller knows it to be.
 *
 * Refusals: those of {@link matches} and `Transaction.decode`, `transaction-form`, `transaction-64`, `coinbase`,
 * `merkleblock-marks` (it marks others, or not this one).
 */
export function verify(
  block: MerkleBlock,
  evidence: { readonly transaction: Bytes.Bytes; readonly coinbase: Bytes.Bytes },
): Verdict.Verdict<Inclusion.Included> {
  const marked = matches(block)
  if (!marked.ok) return marked
  const coinbase = Inclusion.decodeIn(evidence.coinbase, false)
  if (!coinbase.ok) return coinbase
  const transaction = Inclusion.decodeIn(evidence.transaction, false)
  if (!transaction.ok) return transaction
  const first = Hash256.of(evidence.coinbase)
  if (
    !Transaction.isCoinbase(coinbase.value) ||
    !marked.value.some((m) => m.index === 0 && Bytes.equal(m.txid, first))
  )
    return Verdict.refuse(
      'coinbase',
      "the block's coinbase, which fixes the depth of the tree, isn't marked at index 0",
    )
  const txid = Hash256.of(evidence.transaction)
  const match = marked.value.find((m) => Bytes.equal(m.txid, txid))
  if (match === undefined || marked.value.length !== (match.index === 0 ? 1 : 2))
    return Verdict.refuse('merkleblock-marks', 'the message marks other transactions than these two')
  return Verdict.accept({ transaction: transaction.value, txid, index: match.index })
}

const EMPTY = /* @__PURE__ */ new Uint8Array(32)

function width(count: number, level: number): number {
  return Math.ceil(count / 2 ** level)
}
