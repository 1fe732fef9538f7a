import type { Bytes } from '@aitbc/core'

/** Reads Base64 (RFC 4648 §4) in its one spelling: padded, without white space, no bit set that counts for nothing. */
export function decode(text: string): Bytes.Bytes | undefined {
  let binary: string
  try {
    binary = atob(text)
  } catch {
    return undefined
  }
  return btoa(binary) === text ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : undefined
}
