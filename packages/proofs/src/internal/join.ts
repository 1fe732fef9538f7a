import type { Bytes } from '@aitbc/core'

const SHORT = 40

/** Joins any number of byte strings: what a stranger sends may have more parts than a call has room for arguments. */
export function join(parts: readonly Bytes.Bytes[]): Bytes.Bytes {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    // A call of `set` costs more than a few bytes do.
    if (part.length > SHORT) out.set(part, at)
    else for (let i = 0; i < part.length; i++) out[at + i] = part[i] as number
    at += part.length
  }
  return out
}
