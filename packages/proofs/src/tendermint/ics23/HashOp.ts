import type { Bytes } from '@aitbc/core'
import { blake2b, blake2s } from '@noble/hashes/blake2.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256, sha512, sha512_256 } from '@noble/hashes/sha2.js'
import type { Hashing } from '../../engine/Hashing.js'
import { join } from '../../internal/join.js'

/** `HashOp` of ICS-23, by number. */
export const NAMES = [
  'none',
  'sha256',
  'sha512',
  'keccak256',
  'ripemd160',
  'bitcoin',
  'sha512-256',
  'blake2b-512',
  'blake2s-256',
  'blake3',
] as const

export type HashOp = (typeof NAMES)[number]

export interface Options {
  /** What computes SHA-256, the hash of most trees; noble unless told. */
  readonly hashing?: Pick<Hashing, 'sha256'>
}

/** The hash of bytes; none where ICS-23 gives the name a number but no meaning (`keccak256`, `blake3`), and for `none`. */
export function hash(op: HashOp, bytes: Bytes.Bytes, options: Options = {}): Bytes.Bytes | undefined {
  return hashOf(op, [bytes], options)
}

/** The hash of what parts are end to end. */
export function hashOf(
  op: HashOp,
  parts: readonly Bytes.Bytes[],
  { hashing }: Options = {},
): Bytes.Bytes | undefined {
  if (op === 'sha256' && hashing !== undefined) return hashing.sha256(...parts)
  const bytes = join(parts)
  switch (op) {
    case 'sha256':
      return sha256(bytes)
    case 'sha512':
      return sha512(bytes)
    case 'ripemd160':
      return ripemd160(bytes)
    case 'bitcoin':
      return ripemd160(sha256(bytes))
    case 'sha512-256':
      return sha512_256(bytes)
    case 'blake2b-512':
      return blake2b(bytes)
    case 'blake2s-256':
      return blake2s(bytes)
  }
  return undefined
}
