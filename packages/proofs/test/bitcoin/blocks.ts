import { Block, Hash256, type Transaction } from '@aitbc/proofs/bitcoin'
import { value } from '../helpers.js'

/** A raw header, and the transactions that it commits to. */
export interface RawBlock {
  readonly header: Uint8Array
  readonly transactions: readonly Transaction.Transaction[]
}

export function readBlock(bytes: Uint8Array): RawBlock {
  return { header: bytes.slice(0, 80), transactions: value(Block.decode(bytes)).transactions }
}

/** Hash of a raw header as explorers show it. */
export const nameOf = (header: Uint8Array): string => Hash256.toDisplay(Hash256.of(header))
