import type { Bytes } from '@aitbc/core'
import { plain } from './plain.js'

/**
 * A position in bytes from a stranger. Reading past the end gives zeros and sets `failed`, so a decoder
 * runs straight through and asks once; what it allocates is bounded by what is left ({@link fits}).
 */
export interface Cursor {
  readonly bytes: Bytes.Bytes
  readonly view: DataView
  at: number
  failed: boolean
}

const EMPTY = /* @__PURE__ */ new Uint8Array(0)

export function from(bytes: Bytes.Bytes): Cursor {
  return {
    bytes: plain(bytes),
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: 0,
    failed: false,
  }
}

/** Tells whether `count` items of at least `size` bytes can still come. */
export function fits(cursor: Cursor, count: number, size = 1): boolean {
  if (count * size <= cursor.bytes.length - cursor.at) return true
  cursor.failed = true
  return false
}

/** Tells whether everything was there and nothing is left. */
export function done(cursor: Cursor): boolean {
  return !cursor.failed && cursor.at === cursor.bytes.length
}

function step(cursor: Cursor, length: number): number {
  if (!fits(cursor, length)) return -1
  cursor.at += length
  return cursor.at - length
}

export function u8(cursor: Cursor): number {
  const at = step(cursor, 1)
  return at < 0 ? 0 : cursor.view.getUint8(at)
}

export function u16le(cursor: Cursor): number {
  const at = step(cursor, 2)
  return at < 0 ? 0 : cursor.view.getUint16(at, true)
}

export function u32le(cursor: Cursor): number {
  const at = step(cursor, 4)
  return at < 0 ? 0 : cursor.view.getUint32(at, true)
}

export function i32le(cursor: Cursor): number {
  const at = step(cursor, 4)
  return at < 0 ? 0 : cursor.view.getInt32(at, true)
}

export function u64le(cursor: Cursor): bigint {
  const at = step(cursor, 8)
  return at < 0 ? 0n : cursor.view.getBigUint64(at, true)
}

/** A copy of the next `length` bytes. */
export function take(cursor: Cursor, length: number): Bytes.Bytes {
  const at = step(cursor, length)
  return at < 0 ? EMPTY : cursor.bytes.slice(at, at + length)
}

/** A Bitcoin compact size in its only (shortest) form; anything else fails. */
export function compactSize(cursor: Cursor): number {
  const first = u8(cursor)
  if (first < 0xfd) return first
  const [value, least] =
    first === 0xfd
      ? [u16le(cursor), 0xfd]
      : first === 0xfe
        ? [u32le(cursor), 0x1_0000]
        : [Number(u64le(cursor)), 0x1_0000_0000]
  if (value < least) cursor.failed = true
  return cursor.failed ? 0 : value
}

/** Bytes behind a compact size. */
export function sized(cursor: Cursor): Bytes.Bytes {
  return take(cursor, compactSize(cursor))
}
