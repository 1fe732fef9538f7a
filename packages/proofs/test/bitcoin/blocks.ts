import { Hash256, Transaction } from '@aitbc/proofs/bitcoin'
import { value } from '../helpers.js'

/** A raw block, cut into its parts by trial: no transaction's end is written anywhere. */
export interface RawBlock {
  readonly header: Uint8Array
  readonly transactions: readonly Transaction.Transaction[]
}

/** Reads a whole block; the transactions' lengths follow from a walk over their fields. */
export function readBlock(bytes: Uint8Array): RawBlock {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 80
  const compact = (): number => {
    const first = view.getUint8(at++)
    if (first < 0xfd) return first
    const size = first === 0xfd ? 2 : 4
    at += size
    return size === 2 ? view.getUint16(at - 2, true) : view.getUint32(at - 4, true)
  }
  const count = compact()
  const transactions: Transaction.Transaction[] = []
  for (let i = 0; i < count; i++) {
    const start = at
    at += 4
    const segwit = view.getUint8(at) === 0
    if (segwit) at += 2
    const inputs = compact()
    for (let j = 0; j < inputs; j++) {
      at += 36
      const length = compact()
      at += length + 4
    }
    const outputs = compact()
    for (let j = 0; j < outputs; j++) {
      at += 8
      const length = compact()
      at += length
    }
    if (segwit)
      for (let j = 0; j < inputs; j++) {
        const items = compact()
        for (let k = 0; k < items; k++) {
          const length = compact()
          at += length
        }
      }
    at += 4
    transactions.push(value(Transaction.decode(bytes.subarray(start, at))))
  }
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes after the block`)
  return { header: bytes.slice(0, 80), transactions }
}

/** Hash of a raw header as explorers show it. */
export const nameOf = (header: Uint8Array): string => Hash256.toDisplay(Hash256.of(header))
