import type { Bytes, Verdict } from '@aitbc/core'
import { keccak256 } from './Hasher.js'
import * as Scale from './Scale.js'

/** A set of BEEFY validators by its commitment. */
export interface ValidatorSet {
  readonly id: bigint
  readonly length: number
  /** Root of `BinaryMerkleTree` over the hashed addresses. */
  readonly root: Bytes.Hash32
}

/** A leaf of the relay chain's mountain range: one a block, about the block before it (`sp_consensus_beefy::mmr::MmrLeaf`). */
export interface BeefyLeaf {
  readonly version: number
  readonly parentNumber: number
  readonly parentHash: Bytes.Hash32
  readonly nextSet: ValidatorSet
  /** Root of `BinaryMerkleTree` over the heads of all parachains. */
  readonly parachainHeads: Bytes.Hash32
}

const HASH = /* @__PURE__ */ Scale.fixed(32)

/** How a leaf is written. */
export const type: Scale.Type<BeefyLeaf> = /* @__PURE__ */ Scale.struct({
  version: Scale.byte,
  parentNumber: Scale.u32,
  parentHash: HASH,
  nextSet: /* @__PURE__ */ Scale.struct({ id: Scale.u64, length: Scale.u32, root: HASH }),
  parachainHeads: HASH,
})

const HEAD = /* @__PURE__ */ Scale.struct({ paraId: Scale.u32, head: Scale.bytes })

/** Reads a leaf. Refusals: those of `Scale.decode`. */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<BeefyLeaf> {
  return Scale.decode(type, bytes)
}

/** Writes a leaf. */
export function encode(leaf: BeefyLeaf): Bytes.Bytes {
  return Scale.encode(type, leaf)
}

/**
 * A leaf's hash in the mountain range.
 *
 * @example
 * import { BeefyLeaf } from '@aitbc/proofs/substrate'
 * const leaf = BeefyLeaf.decode(new Uint8Array(113))
 * if (leaf.ok) BeefyLeaf.hash(leaf.value).length // 32
 */
export function hash(leaf: BeefyLeaf): Bytes.Hash32 {
  return keccak256(encode(leaf))
}

/**
 * Hash of a parachain's head in the tree of `parachainHeads`. Who proves a head there must know the number of heads from elsewhere:
 * a parachain can choose a head whose encoding reads as an inner node.
 */
export function headHash(paraId: number, head: Bytes.Bytes): Bytes.Hash32 {
  return keccak256(Scale.encode(HEAD, { paraId, head }))
}
