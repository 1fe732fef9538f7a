import type { Effort } from './attacks.js'

/** What `pnpm adversary` does; inputs are those of all families together. */
const FULL: Effort = {
  hashBits: Number.POSITIVE_INFINITY,
  signatureBits: 10_000,
  random: 1_000_000,
  mutated: 1_000_000,
  encodings: 1_000,
  swaps: 100,
  weighed: 500,
}

/** How many of all random and mutated inputs a family gets, against 1 of others: many where they cost little, few where signatures are. */
const WEIGHTS: Readonly<Record<string, number>> = {
  'aitbc-state': 6,
  'comet-branch': 8,
  multiproof: 6,
  'ethereum-trie': 4,
  'ethereum-account': 2,
  ics23: 2,
  multistore: 2,
  'substrate-trie': 2,
  'mountain-range': 3,
  'bitcoin-headers': 2,
  'bitcoin-merkleblock': 3,
  'bitcoin-lock': 0.2,
  'beacon-bootstrap': 0.1,
  'bitcoin-inclusion': 0.5,
  'incremental-tree': 0.3,
  'substrate-branch': 0.5,
  'beacon-update': 0.05,
  'light-block': 0.2,
  'grandpa-justification': 0.2,
  'grandpa-warp': 0.2,
  beefy: 0.2,
  'solana-transaction': 0.1,
  attestation: 0.1,
  vaa: 0.1,
}
const weightOf = (family: string) => WEIGHTS[family] ?? 1

/** A part of the full effort for one of these families. */
export function effortOf(part: number, family: string, families: readonly string[]): Effort {
  const of = (most: number) => Math.ceil(most * part)
  const share = weightOf(family) / families.reduce((sum, it) => sum + weightOf(it), 0)
  return {
    hashBits: part === 1 ? FULL.hashBits : of(20_000),
    signatureBits: of(FULL.signatureBits),
    random: of(FULL.random * share),
    mutated: of(FULL.mutated * share),
    encodings: of(FULL.encodings),
    swaps: of(FULL.swaps),
    weighed: of(FULL.weighed),
  }
}
