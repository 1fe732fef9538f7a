import type { Bytes } from '@aitbc/core'

/** The same bytes as a plain view, whose slices are copies: those of Node's `Buffer` are not, and whoever owns it may use it again. */
export function plain(bytes: Bytes.Bytes): Bytes.Bytes {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
