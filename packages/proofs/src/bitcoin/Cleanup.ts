import { Verdict } from '@aitbc/core'
import type { Block } from './Block.js'
import * as Transaction from './Transaction.js'

/**
 * Checks what BIP-54 (proposed) demands of a block at a height beside its header: a coinbase that no other block can repeat, and no
 * transaction of 64 bytes. Refusals: `coinbase`, `coinbase-lock-time`, `transaction-64`.
 *
 * @example
 * import { Cleanup } from '@aitbc/proofs/bitcoin'
 * Cleanup.verify.length // 2
 */
export function verify(block: Block, height: bigint): Verdict.Verdict<Block> {
  const [coinbase] = block.transactions
  if (coinbase === undefined || !Transaction.isCoinbase(coinbase))
    return Verdict.refuse('coinbase', 'the first transaction is no coinbase')
  if (BigInt(coinbase.lockTime) !== height - 1n || coinbase.inputs[0]?.sequence === 0xffff_ffff)
    return Verdict.refuse(
      'coinbase-lock-time',
      `the coinbase must be locked until height ${height - 1n}, got ${coinbase.lockTime}`,
    )
  const small = block.transactions.findIndex((one) => Transaction.encodeStripped(one).length === 64)
  return small < 0
    ? Verdict.accept(block)
    : Verdict.refuse('transaction-64', `transaction ${small} has 64 bytes without witnesses`, {
        index: small,
      })
}
