import { type Bytes, CoreErrors } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { join } from '../internal/join.js'
import { ofEach80 } from '../internal/sha256d.js'

/** Hash functions; results are memory of their own. */
export interface Hashing {
  /** SHA-256 of what the parts are end to end. */
  readonly sha256: (...parts: readonly Bytes.Bytes[]) => Bytes.Hash32
  readonly keccak256: (bytes: Bytes.Bytes) => Bytes.Hash32
  /** SHA-256 of nodes of 64 bytes each, laid end to end: as many hashes of 32 bytes, end to end. */
  readonly hashLevel: (nodes: Bytes.Bytes) => Bytes.Bytes
  /** SHA-256 twice of headers of 80 bytes each, laid end to end: as many hashes of 32 bytes, end to end. */
  readonly sha256d: (headers: Bytes.Bytes) => Bytes.Bytes
  /** Keccak-256 of each message: as many hashes of 32 bytes, end to end. */
  readonly keccakMany: (messages: readonly Bytes.Bytes[]) => Bytes.Bytes
}

/** Bytes of a node with two children. */
export const NODE = 64
/** Bytes of a Bitcoin header. */
export const HEADER = 80

/**
 * Hashing in plain JavaScript: always there, and the oracle of all other tiers.
 *
 * @example
 * import { Hashing } from '@aitbc/proofs/engine'
 * Hashing.noble.hashLevel(new Uint8Array(128)).length // 64
 */
export const noble: Hashing = {
  sha256: (...parts) => sha256(parts.length === 1 ? (parts[0] as Bytes.Bytes) : join(parts)),
  keccak256: (bytes) => keccak_256(bytes),
  hashLevel(nodes) {
    whole(nodes, NODE, 'nodes')
    const out = new Uint8Array(nodes.length / 2)
    for (let at = 0; at < nodes.length; at += NODE) out.set(sha256(nodes.subarray(at, at + NODE)), at / 2)
    return out
  },
  sha256d(headers) {
    whole(headers, HEADER, 'headers')
    return ofEach80(headers)
  },
  keccakMany(messages) {
    const out = new Uint8Array(32 * messages.length)
    for (const [i, message] of messages.entries()) out.set(keccak_256(message), 32 * i)
    return out
  },
}

/** Refuses bytes that aren't a multiple of a size: `InvalidBytes` (1005). */
export function whole(bytes: Bytes.Bytes, size: number, argument: string): void {
  if (bytes.length % size !== 0)
    throw CoreErrors.InvalidBytes(`${argument} have ${size} bytes each, got ${bytes.length} in all`, {
      argument,
      expected: size,
      received: bytes.length,
    })
}
