import { createHash } from 'node:crypto'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Preimage, Terms } from './Automaton.js'

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** The bytes whose hash is in the lock. */
export function secretOf({ number, length }: Preimage): Uint8Array {
  const long = new Uint8Array(33)
  long.set(sha256(text(`secret ${number}`)))
  long[32] = 0x5a
  return long.slice(0, length)
}

/** The hash that is in the lock. */
export function hashlockOf(preimage: Preimage): Uint8Array {
  const secret = secretOf(preimage)
  if (preimage.hash === 'keccak256') return keccak_256(secret)
  return preimage.hash === 'sha256' ? sha256(secret) : sha256(sha256(secret))
}

/** What a claim shows: the preimage, another's, or the hash itself. */
export function shown({ preimage }: Terms, which: 'right' | 'wrong' | 'hash'): Uint8Array {
  if (which === 'hash') return hashlockOf(preimage)
  return secretOf(which === 'right' ? preimage : { ...preimage, number: preimage.number + 1_000_000_000 })
}

export const saltOf = ({ salt }: Terms): Uint8Array => sha256(text(`salt ${salt}`))
