import { Bytes, Verdict } from '@aitbc/core'
import * as CompactTarget from './CompactTarget.js'
import * as Hash256 from './Hash256.js'

/** Bytes of a header on the wire. */
export const SIZE = 80

/** A block header (Bitcoin developer reference, "Block Headers"); hashes in the order of the protocol. */
export interface BlockHeader {
  /** Signed 32 bits. */
  readonly version: number
  readonly previous: Bytes.Hash32
  readonly merkleRoot: Bytes.Hash32
  /** Unix seconds, 32 bits. */
  readonly time: bigint
  /** Compact target, 32 bits. */
  readonly bits: number
  readonly nonce: number
}

/**
 * Reads a header of exactly 80 bytes. Refusal: `header-length`.
 *
 * @example
 * import { BlockHeader } from '@aitbc/proofs/bitcoin'
 * BlockHeader.decode(new Uint8Array(80)).ok // true
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<BlockHeader> {
  if (bytes.length !== SIZE)
    return Verdict.refuse('header-length', `a header has ${SIZE} bytes, got ${bytes.length}`, {
      length: bytes.length,
    })
  const view = new DataView(bytes.buffer, bytes.byteOffset, SIZE)
  return Verdict.accept({
    version: view.getInt32(0, true),
    previous: Bytes.copy(bytes.subarray(4, 36)),
    merkleRoot: Bytes.copy(bytes.subarray(36, 68)),
    time: BigInt(view.getUint32(68, true)),
    bits: view.getUint32(72, true),
    nonce: view.getUint32(76, true),
  })
}

/** Writes a header as its 80 bytes. */
export function encode(header: BlockHeader): Bytes.Bytes {
  const out = new Uint8Array(SIZE)
  const view = new DataView(out.buffer)
  view.setInt32(0, header.version, true)
  out.set(header.previous, 4)
  out.set(header.merkleRoot, 36)
  view.setUint32(68, Number(header.time), true)
  view.setUint32(72, header.bits, true)
  view.setUint32(76, header.nonce, true)
  return out
}

/** The block's hash, in the order of the protocol. */
export function hash(header: BlockHeader): Bytes.Hash32 {
  return Hash256.of(encode(header))
}

/**
 * Checks a header's proof of work against its own `nBits`; whether those are the right ones is for the header chain.
 *
 * Refusals: those of `CompactTarget.decode`, `target-limit` (easier than the network allows), `proof-of-work`.
 */
export function verifyWork(
  header: BlockHeader,
  limit: bigint,
): Verdict.Verdict<{ readonly hash: Bytes.Hash32 }> {
  const target = CompactTarget.decode(header.bits)
  if (!target.ok) return target
  if (target.value > limit)
    return Verdict.refuse('target-limit', 'the target is easier than the network allows', {
      bits: header.bits,
    })
  const id = hash(header)
  if (!meets(id, CompactTarget.toBytes(target.value)))
    return Verdict.refuse('proof-of-work', 'the hash exceeds the target', { hash: Hash256.toDisplay(id) })
  return Verdict.accept({ hash: id })
}

/** Tells whether a hash is at most a target, both 32 bytes, least significant first. */
export function meets(hash: Bytes.Hash32, target: Bytes.Bytes): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (hash[i] as number) - (target[i] as number)
    if (difference !== 0) return difference < 0
  }
  return true
}
