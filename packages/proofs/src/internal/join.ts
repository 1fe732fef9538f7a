import type { Bytes } from '@aitbc/core'

/** Joins any number of byte strings: what a stranger sends may have more parts than a call has room for arguments. */
export function join(parts: readonly Bytes.Bytes[]): Bytes.Bytes {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
