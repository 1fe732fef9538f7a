import { Bytes } from '@aitbc/core'
import { blake2b } from '@noble/hashes/blake2.js'

export { blake2b256, type Hasher, keccak256 } from '../merkle/Hasher.js'

const MASK = 0xffff_ffff_ffff_ffffn
const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n

/** BLAKE2b of 16 bytes. */
export function blake2b128(bytes: Bytes.Bytes): Bytes.Bytes {
  return blake2b(bytes, { dkLen: 16 })
}

/**
 * `twox_64`, `twox_128` or `twox_256`: xxHash64 with the seeds 0, 1, … one after the other, little-endian. Not a cryptographic
 * hash: it names what the runtime's author chose, never what a stranger can choose.
 *
 * @example
 * import { Hasher } from '@aitbc/proofs/substrate'
 * Hasher.twox(128, new TextEncoder().encode('System')).length // 16
 */
export function twox(bits: 64 | 128 | 256, bytes: Bytes.Bytes): Bytes.Bytes {
  const out = new Uint8Array(bits / 8)
  const view = new DataView(out.buffer)
  for (let i = 0; i < bits / 64; i++) view.setBigUint64(8 * i, xxHash64(bytes, BigInt(i)), true)
  return out
}

/** Hash and key: `Blake2_128Concat` of storage maps. */
export function blake2b128Concat(bytes: Bytes.Bytes): Bytes.Bytes {
  return Bytes.concat(blake2b128(bytes), bytes)
}

/** Hash and key: `Twox64Concat` of storage maps. */
export function twox64Concat(bytes: Bytes.Bytes): Bytes.Bytes {
  return Bytes.concat(twox(64, bytes), bytes)
}

function rotate(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & MASK
}

function round(lane: bigint, input: bigint): bigint {
  return (rotate((lane + input * P2) & MASK, 31n) * P1) & MASK
}

/** xxHash specification, "XXH64". */
function xxHash64(bytes: Bytes.Bytes, seed: bigint): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { length } = bytes
  let at = 0
  let hash = seed + P5
  if (length >= 32) {
    const lanes = [seed + P1 + P2, seed + P2, seed, seed - P1]
    for (; at + 32 <= length; at += 32)
      for (let i = 0; i < 4; i++)
        lanes[i] = round((lanes[i] as bigint) & MASK, view.getBigUint64(at + 8 * i, true))
    const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint]
    hash = rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n)
    for (const lane of lanes) hash = (((hash ^ round(0n, lane)) & MASK) * P1 + P4) & MASK
  }
  hash = (hash + BigInt(length)) & MASK
  for (; at + 8 <= length; at += 8)
    hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4) & MASK
  if (at + 4 <= length) {
    hash = (rotate(hash ^ ((BigInt(view.getUint32(at, true)) * P1) & MASK), 23n) * P2 + P3) & MASK
    at += 4
  }
  for (; at < length; at++) hash = (rotate(hash ^ ((BigInt(view.getUint8(at)) * P5) & MASK), 11n) * P1) & MASK
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK
  return hash ^ (hash >> 32n)
}
