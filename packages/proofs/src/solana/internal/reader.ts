import { type Bytes, Verdict } from '@aitbc/core'

/**
 * A position in bytes from a stranger. The first thing that is wrong is kept; what is read after it is empty, so a decoder runs
 * straight through and asks once.
 */
export interface Reader {
  readonly bytes: Bytes.Bytes
  at: number
  refusal: Verdict.Refusal | undefined
}

const EMPTY = /* @__PURE__ */ new Uint8Array(0)

export function from(bytes: Bytes.Bytes): Reader {
  return { bytes, at: 0, refusal: undefined }
}

/** The value, unless something was wrong or bytes are left. */
export function finish<T>(reader: Reader, value: T): Verdict.Verdict<T> {
  const left = reader.bytes.length - reader.at
  if (left > 0) refuse(reader, 'trailing-bytes', `${left} bytes are left`)
  return reader.refusal === undefined ? Verdict.accept(value) : { ok: false, refusal: reader.refusal }
}

/** Keeps the first refusal. */
export function refuse(reader: Reader, check: string, message: string): void {
  reader.refusal ??= { check, message: `${message} at byte ${reader.at}` }
}

/** A copy of the next `length` bytes; none where they aren't all there. */
export function take(reader: Reader, length: number): Bytes.Bytes {
  if (reader.refusal !== undefined) return EMPTY
  if (length > reader.bytes.length - reader.at) {
    refuse(reader, 'truncated', `${length} bytes are expected`)
    return EMPTY
  }
  reader.at += length
  return new Uint8Array(reader.bytes.subarray(reader.at - length, reader.at))
}

export function u8(reader: Reader): number {
  return Number(unsigned(reader, 1))
}

export function u16(reader: Reader): number {
  return Number(unsigned(reader, 2))
}

export function u32(reader: Reader): number {
  return Number(unsigned(reader, 4))
}

export function u64(reader: Reader): bigint {
  return unsigned(reader, 8)
}

export function i64(reader: Reader): bigint {
  return BigInt.asIntN(64, unsigned(reader, 8))
}

/** An option of bincode: one byte, 0 or 1, and then the value. */
export function option<T>(reader: Reader, read: (reader: Reader) => T): T | undefined {
  const flag = u8(reader)
  if (flag > 1) refuse(reader, 'option-flag', `0 or 1 is expected, got ${flag}`)
  return flag === 1 ? read(reader) : undefined
}

/** A compact-u16 in its only form (Solana documentation, "Compact-array format"): A50. */
export function compactU16(reader: Reader): number {
  return Number(varint(reader, 16, 'compact-u16'))
}

/** A 64-bit integer in base 128, least significant group first, in its only form (`solana-serde-varint`). */
export function varintU64(reader: Reader): bigint {
  return varint(reader, 64, 'varint')
}

/** `count` items of at least `size` bytes each, refused before anything is read where they can't be there. */
export function list<T>(
  reader: Reader,
  count: number | bigint,
  size: number,
  read: (reader: Reader) => T,
): T[] {
  const out: T[] = []
  if (BigInt(count) * BigInt(size) > BigInt(reader.bytes.length - reader.at))
    refuse(reader, 'truncated', `${count} items are announced`)
  for (let i = 0; i < count && reader.refusal === undefined; i++) out.push(read(reader))
  return out
}

function varint(reader: Reader, bits: number, check: string): bigint {
  let value = 0n
  for (let shift = 0; ; shift += 7) {
    const byte = u8(reader)
    value |= BigInt(byte & 0x7f) << BigInt(shift)
    if (byte === 0 && shift > 0) refuse(reader, check, 'the last group is zero')
    if (value >> BigInt(bits) !== 0n || (byte >= 0x80 && shift + 7 >= bits))
      refuse(reader, check, `the integer is wider than ${bits} bits`)
    // Behind a refusal all bytes are zero, which ends it.
    if (byte < 0x80) return value
  }
}

function unsigned(reader: Reader, size: number): bigint {
  const bytes = take(reader, size)
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}
