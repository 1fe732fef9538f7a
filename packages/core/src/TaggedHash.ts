import { sha256 } from '@noble/hashes/sha2.js'
import * as Bytes from './Bytes.js'

/**
 * SHA-256 under a tag, `sha256(sha256(tag) ‖ sha256(tag) ‖ data)` (BIP-340, "Design"): hashes of two purposes never meet.
 *
 * @example
 * import { TaggedHash } from '@aitbc/core'
 * TaggedHash.of('aitbc/example', new Uint8Array(0)).length // 32
 */
export function of(tag: string, ...data: readonly Bytes.Bytes[]): Bytes.Hash32 {
  const prefix = sha256(new TextEncoder().encode(tag))
  return sha256(Bytes.concat(prefix, prefix, ...data))
}
