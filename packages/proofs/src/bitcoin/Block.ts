import { Bytes, Verdict } from '@aitbc/core'
import * as Cursor from '../internal/cursor.js'
import * as BlockHeader from './BlockHeader.js'
import * as MerkleTree from './MerkleTree.js'
import * as Transaction from './Transaction.js'

/** A whole block: what evidence about its transactions is made from. */
export interface Block {
  readonly header: BlockHeader.BlockHeader
  readonly transactions: readonly Transaction.Transaction[]
}

/**
 * Reads a block as nodes serve it (`getblock` with verbosity 0, Esplora's `/block/:hash/raw`), and checks that its header
 * commits to its transactions; the header itself is for the header chain.
 *
 * Refusals: `header-length`, `block-encoding`, `merkle-root`, and those of `Transaction.decode` and `MerkleTree.root`.
 *
 * @example
 * import { Block } from '@aitbc/proofs/bitcoin'
 * Block.decode(new Uint8Array(81)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Block> {
  const header = BlockHeader.decode(bytes.subarray(0, BlockHeader.SIZE))
  if (!header.ok) return header
  const cursor = Cursor.from(bytes.subarray(BlockHeader.SIZE))
  const count = Cursor.compactSize(cursor)
  const transactions: Transaction.Transaction[] = []
  for (let i = 0; i < count && !cursor.failed; i++) {
    const transaction = Transaction.read(cursor)
    if (!transaction.ok) return transaction
    transactions.push(transaction.value)
  }
  if (!Cursor.done(cursor))
    return Verdict.refuse(
      'block-encoding',
      `wrong at byte ${BlockHeader.SIZE + cursor.at} of ${bytes.length}`,
    )
  const root = MerkleTree.root(transactions.map(Transaction.txid))
  if (!root.ok) return root
  if (!Bytes.equal(root.value, header.value.merkleRoot))
    return Verdict.refuse('merkle-root', "the header doesn't commit to these transactions")
  return Verdict.accept({ header: header.value, transactions })
}
