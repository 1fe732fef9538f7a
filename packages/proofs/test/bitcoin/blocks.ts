import {
  Block,
  BlockHeader,
  Consensus,
  Hash256,
  Inclusion,
  MerkleTree,
  Transaction,
} from '@aitbc/proofs/bitcoin'
import { expect } from 'vitest'
import { hex, value } from '../helpers.js'

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

/** Proves each transaction of a block by its branch, with its witnesses where the block commits to them. */
export function provesAll({ header, transactions }: RawBlock): void {
  const { merkleRoot } = value(BlockHeader.decode(header))
  expect(hex(value(MerkleTree.root(transactions.map(Transaction.txid))))).toBe(hex(merkleRoot))
  const segwit = Inclusion.commitmentOf(transactions[0] as Transaction.Transaction) !== undefined
  transactions.forEach((transaction, i) => {
    const included = value(Inclusion.verify(merkleRoot, Inclusion.of(transactions, i)))
    expect(hex(included.txid)).toBe(hex(Transaction.txid(transaction)))
    if (segwit && i > 0) value(Inclusion.verifyWitness(merkleRoot, Inclusion.ofWitness(transactions, i)))
  })
}

/** What a file of blocks as nodes store them holds: magic, length and block, again and again. */
export interface Stored {
  readonly magic: number
  readonly blocks: readonly Uint8Array[]
  /** What is left where the file was cut within a block. */
  readonly rest: Uint8Array
}

/** First four bytes before each block, by network. */
const MAGIC = { mainnet: 0xd9b4bef9, testnet3: 0x0709110b, regtest: 0xdab5bffa }

/** Reads a file of stored blocks; `undefined` where it starts with no known magic. */
export function readStored(bytes: Uint8Array): Stored | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = view.getUint32(0, true)
  if (!Object.values(MAGIC).includes(magic)) return undefined
  const blocks: Uint8Array[] = []
  let at = 0
  while (at + 8 <= bytes.length) {
    if (view.getUint32(at, true) !== magic) throw new Error(`another magic at byte ${at}`)
    const length = view.getUint32(at + 4, true)
    if (at + 8 + length > bytes.length) break
    blocks.push(bytes.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  return { magic, blocks, rest: bytes.subarray(Math.min(at + 8, bytes.length)) }
}

/** The rules of the network whose blocks have this magic. */
export function rulesOf(magic: number): Consensus.Consensus {
  return magic === MAGIC.mainnet
    ? Consensus.mainnet
    : magic === MAGIC.testnet3
      ? Consensus.testnet3
      : Consensus.regtest
}
