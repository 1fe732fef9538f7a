import type { Bytes } from '@aitbc/core'
import { blake2b } from '@noble/hashes/blake2.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'

/** A hash function of 32 bytes that a tree is built with. */
export type Hasher = (bytes: Bytes.Bytes) => Bytes.Hash32

/**
 * SHA-256 (FIPS 180-4).
 *
 * @example
 * import { Hasher } from '@aitbc/proofs/merkle'
 * Hasher.sha256(new Uint8Array(0)).length // 32
 */
export function sha256(bytes: Bytes.Bytes): Bytes.Hash32 {
  return nobleSha256(bytes)
}

/** Keccak-256 as Ethereum has it (before FIPS 202 changed the padding). */
export function keccak256(bytes: Bytes.Bytes): Bytes.Hash32 {
  return keccak_256(bytes)
}

/** BLAKE2b of 32 bytes, without a key (RFC 7693). */
export function blake2b256(bytes: Bytes.Bytes): Bytes.Hash32 {
  return blake2b(bytes, { dkLen: 32 })
}
