import type { Bytes, Verdict } from '@aitbc/core'
import { keccak256 } from '../merkle/Hasher.js'
import * as MountainRange from '../merkle/MountainRange.js'

export { fromPath, type Leaf, type Proof } from '../merkle/MountainRange.js'

const SCHEME = /* @__PURE__ */ MountainRange.scheme(keccak256)

/**
 * Verifies leaves against the root of a Merkle mountain range (Keccak-256, as `pallet-mmr` and BEEFY have it): peaks bagged from
 * the right, each the second half of a hash whose first half is the bag. Refusals: those of `MountainRange.verify` of
 * `@aitbc/proofs/merkle` (A43, A45).
 *
 * @example
 * import { MountainRange } from '@aitbc/proofs/substrate'
 * const hash = new Uint8Array(32).fill(1)
 * MountainRange.verify(hash, { leafCount: 1n, leaves: [{ index: 0n, hash }], items: [] }).ok // true
 */
export function verify(root: Bytes.Hash32, proof: MountainRange.Proof): Verdict.Verdict<true> {
  return MountainRange.verify(SCHEME, root, proof)
}

/**
 * The root over a range's peaks, from the left. Refusals: `mmr-leaf-count`, `mmr-peaks` (not one for each bit of the number of
 * leaves: A45).
 */
export function rootOf(leafCount: bigint, peaks: readonly Bytes.Hash32[]): Verdict.Verdict<Bytes.Hash32> {
  return MountainRange.rootOf(SCHEME, leafCount, peaks)
}
