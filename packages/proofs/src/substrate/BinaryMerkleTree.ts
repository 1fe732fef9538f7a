import type { Bytes, Verdict } from '@aitbc/core'
import * as BinaryTree from '../merkle/BinaryTree.js'
import { keccak256 } from '../merkle/Hasher.js'

const SCHEME = /* @__PURE__ */ BinaryTree.plain(keccak256)

/**
 * Root of hashed leaves in Substrate's binary tree (`binary-merkle-tree`, Keccak-256): a node without a partner goes up as it is.
 * Of none, the root is zero, which nothing is proved against.
 *
 * @example
 * import { BinaryMerkleTree } from '@aitbc/proofs/substrate'
 * BinaryMerkleTree.root([]).length // 32
 */
export function root(leaves: readonly Bytes.Hash32[]): Bytes.Hash32 {
  return BinaryTree.root(BinaryTree.from(SCHEME, leaves))
}

/**
 * The root that a branch leads to. Position and number of leaves say how long it is and which nodes have no partner, so no branch
 * stands for a second position (A44).
 *
 * Refusals: `merkle-index` (not below the number of leaves), `merkle-leaf`, `merkle-node` (not 32 bytes), `merkle-length` (not as
 * long as the position asks).
 */
export function rootOf(
  leaf: Bytes.Hash32,
  index: bigint,
  count: bigint,
  branch: readonly Bytes.Hash32[],
): Verdict.Verdict<Bytes.Hash32> {
  return BinaryTree.rootOf(SCHEME, leaf, at(index, count, branch))
}

/**
 * Verifies that a leaf stands at a position under a root. Refusals: `merkle-root-zero` (A52), `merkle-root`, and those of
 * {@link rootOf}.
 */
export function verify(
  root: Bytes.Hash32,
  leaf: Bytes.Hash32,
  index: bigint,
  count: bigint,
  branch: readonly Bytes.Hash32[],
): Verdict.Verdict<true> {
  return BinaryTree.verify(SCHEME, root, leaf, at(index, count, branch))
}

/** A number that a double can't hold becomes one beyond any tree. */
function at(index: bigint, count: bigint, siblings: readonly Bytes.Hash32[]): BinaryTree.Branch {
  return { index: Number(index), count: Number(count), siblings }
}
