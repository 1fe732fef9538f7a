import { Verdict } from '@aitbc/core'

/**
 * Reads `nBits` as the target a header's hash must not exceed (Bitcoin Core `arith_uint256::SetCompact`).
 *
 * Refusals: `target-negative`, `target-overflow`, `target-zero`.
 *
 * @example
 * import { CompactTarget } from '@aitbc/proofs/bitcoin'
 * CompactTarget.decode(0x1d00ffff).ok // true
 */
export function decode(bits: number): Verdict.Verdict<bigint> {
  const size = bits >>> 24
  const word = bits & 0x7fffff
  if (word !== 0 && (bits & 0x800000) !== 0)
    return Verdict.refuse('target-negative', `nBits ${hex(bits)} has its sign bit set`, { bits })
  if (word !== 0 && (size > 34 || (word > 0xff && size > 33) || (word > 0xffff && size > 32)))
    return Verdict.refuse('target-overflow', `nBits ${hex(bits)} exceeds 256 bits`, { bits })
  // A negative count shifts the other way.
  const target = BigInt(word) << BigInt(8 * (size - 3))
  if (target === 0n) return Verdict.refuse('target-zero', `nBits ${hex(bits)} is a target of zero`, { bits })
  return Verdict.accept(target)
}

/**
 * Writes a target (0 to 2^256 − 1) as `nBits`, cutting what 24 bits can't hold (`arith_uint256::GetCompact`).
 *
 * @example
 * import { CompactTarget } from '@aitbc/proofs/bitcoin'
 * CompactTarget.encode(0xffffn << 208n).toString(16) // '1d00ffff'
 */
export function encode(target: bigint): number {
  let size = 0
  for (let rest = target; rest > 0n; rest >>= 8n) size++
  // A negative count shifts the other way.
  let word = Number(target >> BigInt(8 * (size - 3)))
  // A leading bit of 1 would read as a sign: move to the next size.
  if ((word & 0x800000) !== 0) {
    word >>>= 8
    size++
  }
  return ((size << 24) | word) >>> 0
}

/** Hashes expected for a block of this target: 2^256 / (target + 1), rounded down (`GetBlockProof`). */
export function work(target: bigint): bigint {
  return (1n << 256n) / (target + 1n)
}

/** A target as 32 bytes in the order of a block hash (least significant first), to compare without bigint. */
export function toBytes(target: bigint): Uint8Array {
  const out = new Uint8Array(32)
  let rest = target
  for (let i = 0; i < 32; i++, rest >>= 8n) out[i] = Number(rest & 0xffn)
  return out
}

function hex(bits: number): string {
  return `0x${bits.toString(16).padStart(8, '0')}`
}
