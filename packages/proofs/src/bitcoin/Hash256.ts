import { Bytes } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'

/**
 * Bitcoin's hash, SHA-256 applied twice; 32 bytes in the order of the protocol (reversed from what explorers show).
 *
 * @example
 * import { Hash256 } from '@aitbc/proofs/bitcoin'
 * Hash256.of(new Uint8Array(80)).length // 32
 */
export function of(bytes: Bytes.Bytes): Bytes.Hash32 {
  return sha256(sha256(bytes))
}

/** Hash of two nodes of a Merkle tree, 32 bytes each. */
export function ofPair(left: Bytes.Hash32, right: Bytes.Hash32): Bytes.Hash32 {
  const pair = new Uint8Array(64)
  pair.set(left)
  pair.set(right, 32)
  return of(pair)
}

/**
 * The form in which explorers and RPC servers write a hash: hex of the reversed bytes.
 *
 * @example
 * import { Hash256 } from '@aitbc/proofs/bitcoin'
 * Hash256.toDisplay(Hash256.fromDisplay('00'.repeat(31) + '01')) // '00…01'
 */
export function toDisplay(hash: Bytes.Hash32): string {
  return Bytes.toHex(hash.slice().reverse())
}

/** Reads the form that explorers write; `InvalidBytes` (1005) for anything but 64 lower-case hex digits. */
export function fromDisplay(hex: string): Bytes.Hash32 {
  const hash = Bytes.fromHex(hex).reverse()
  Bytes.assert(hash, 32, 'hash')
  return hash
}
