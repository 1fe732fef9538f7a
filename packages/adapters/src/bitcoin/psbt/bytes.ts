import { Bytes } from '@aitbc/core'
import { Transaction } from '@aitbc/proofs/bitcoin'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'

export const NONE = /* @__PURE__ */ new Uint8Array(0)

/** Bytes read in order; past the end it gives nothing and fails. */
export interface Reader {
  at: number
  failed: boolean
  take(length: number): Bytes.Bytes
  compactSize(): number
}

export function readerOf(bytes: Bytes.Bytes, at = 0): Reader {
  const reader: Reader = {
    at,
    failed: false,
    take(length) {
      if (length > bytes.length - reader.at) reader.failed = true
      if (reader.failed) return new Uint8Array(Math.min(length, 8))
      reader.at += length
      return bytes.slice(reader.at - length, reader.at)
    },
    compactSize() {
      const [head = 0] = reader.take(1)
      if (head < 0xfd) return head
      const part = reader.take(2 ** (head - 0xfc))
      let size = 0
      for (let i = part.length - 1; i >= 0; i--) size = size * 256 + (part[i] as number)
      // Only the shortest form is one.
      if (size < (head === 0xfd ? 0xfd : 2 ** (8 * 2 ** (head - 0xfd)))) reader.failed = true
      return reader.failed ? 0 : size
    },
  }
  return reader
}

/** Reads bytes to their end; `undefined` where that isn't where the reading ends. */
export function whole<T>(bytes: Bytes.Bytes, read: (reader: Reader) => T): T | undefined {
  const reader = readerOf(bytes)
  const value = read(reader)
  return reader.failed || reader.at !== bytes.length ? undefined : value
}

export function outputOf(bytes: Bytes.Bytes): Transaction.Output | undefined {
  return whole(bytes, (reader) => {
    const amount = u64(reader.take(8))
    return { amount, script: reader.take(reader.compactSize()) }
  })
}

export function stackOf(bytes: Bytes.Bytes): readonly Bytes.Bytes[] | undefined {
  return whole(bytes, (reader) => {
    const items: Bytes.Bytes[] = []
    for (let left = reader.compactSize(); left > 0 && !reader.failed; left--)
      items.push(reader.take(reader.compactSize()))
    return items
  })
}

export function stack(items: readonly Bytes.Bytes[]): Bytes.Bytes {
  return Bytes.concat(Transaction.compactSize(items.length), ...items.map(sized))
}

export function chunks(bytes: Bytes.Bytes, size: number): readonly Bytes.Bytes[] {
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.slice(i * size, (i + 1) * size))
}

export function sized(bytes: Bytes.Bytes): Bytes.Bytes {
  return Bytes.concat(Transaction.compactSize(bytes.length), bytes)
}

export function hash160(bytes: Bytes.Bytes): Bytes.Bytes {
  return ripemd160(sha256(bytes))
}

function view(bytes: Bytes.Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function u32(bytes: Bytes.Bytes): number {
  return view(bytes).getUint32(0, true)
}

export function i32(bytes: Bytes.Bytes): number {
  return view(bytes).getInt32(0, true)
}

export function u64(bytes: Bytes.Bytes): bigint {
  return view(bytes).getBigUint64(0, true)
}
