import { type Bytes, Verdict } from '@aitbc/core'
import * as BinaryTree from '../merkle/BinaryTree.js'
import { sha256 } from '../merkle/Hasher.js'

const SCHEME = /* @__PURE__ */ BinaryTree.rfc6962(sha256)

/** A path from a leaf to the root: siblings ("aunts") from the bottom up, in a tree of `total` leaves. */
export interface Branch {
  readonly index: number
  readonly total: number
  readonly aunts: readonly Bytes.Hash32[]
}

/** sha256 of `00 ‖ leaf` (RFC 6962, section 2.1). */
export function leafHash(leaf: Bytes.Bytes): Bytes.Hash32 {
  return SCHEME.leaf(leaf)
}

/** sha256 of `01 ‖ left ‖ right` (RFC 6962, section 2.1). */
export function innerHash(left: Bytes.Hash32, right: Bytes.Hash32): Bytes.Hash32 {
  return SCHEME.node(left, right)
}

/**
 * The root over leaves (RFC 6962, section 2.1; CometBFT `spec/core/encoding.md`, "Merkle Trees"); that of no leaves is the
 * hash of nothing.
 *
 * @example
 * import { MerkleTree } from '@aitbc/proofs/tendermint'
 * MerkleTree.root([]).length // 32
 */
export function root(leaves: readonly Bytes.Bytes[]): Bytes.Hash32 {
  return BinaryTree.root(BinaryTree.from(SCHEME, leaves))
}

/** The branch of one leaf; `InvalidArgument` (1013) where `index` isn't that of a leaf. */
export function branch(leaves: readonly Bytes.Bytes[], index: number): Branch {
  const { count, siblings } = BinaryTree.prove(BinaryTree.from(SCHEME, leaves), index)
  return { index, total: count, aunts: siblings }
}

/**
 * Decides whether a leaf stands under a root: a transaction under `dataHash` (its leaf is the transaction's sha256), a field
 * under a header's hash. The root doesn't bind the number of leaves: only who knows `total` from elsewhere learns the index too,
 * as the same branch fits other places in trees of other sizes (A44).
 *
 * Refusals: `merkle-root-zero`, `merkle-index`, `merkle-node`, `merkle-length`, `merkle-root`.
 */
export function verify(root: Bytes.Hash32, leaf: Bytes.Bytes, branch: Branch): Verdict.Verdict<Bytes.Bytes> {
  const { index, total, aunts } = branch
  const verdict = BinaryTree.verify(SCHEME, root, leaf, { index, count: total, siblings: aunts })
  return verdict.ok ? Verdict.accept(leaf) : verdict
}
