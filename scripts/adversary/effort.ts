import type { Effort } from './attacks.js'

/** What `pnpm adversary` does; inputs are those of all families together. */
const FULL: Effort = {
  hashBits: Number.POSITIVE_INFINITY,
  signatureBits: 10_000,
  random: 1_000_000,
  mutated: 1_000_000,
  encodings: 2_000,
  swaps: 200,
  weighed: 2_000,
}

/** Families that rest on hashes get five times the inputs of others: so many are of the other kind. */
const SLOW = 0.35

/** A part of the full effort for one of so many families. */
export function effortOf(part: number, count: number): Effort {
  const of = (most: number) => Math.ceil(most * part)
  const share = count * (1 - SLOW + SLOW / 5)
  return {
    hashBits: part === 1 ? FULL.hashBits : of(20_000),
    signatureBits: of(FULL.signatureBits),
    random: of(FULL.random / share),
    mutated: of(FULL.mutated / share),
    encodings: of(FULL.encodings),
    swaps: of(FULL.swaps),
    weighed: of(FULL.weighed),
  }
}
