import { Bytes, Verdict } from '@aitbc/core'
import * as Hash256 from './Hash256.js'

/** The path from a leaf to the root: the leaf's index in the block, and its siblings from the bottom up. */
export interface Branch {
  readonly index: number
  readonly siblings: readonly Bytes.Hash32[]
}

/** Transactions that fit in a block: 4,000,000 weight units, 240 at least each (Bitcoin Core `merkleblock.cpp`). */
export const MAX_TRANSACTIONS = 16_666
const MAX_DEPTH = 15

/**
 * The root over a block's transaction ids (Bitcoin developer reference, "Merkle Trees").
 *
 * Refusals: `merkle-empty`; `merkle-duplicate` where two neighbours are equal, as another list gives the same root
 * (CVE-2012-2459).
 *
 * @example
 * import { MerkleTree } from '@aitbc/proofs/bitcoin'
 * MerkleTree.root([new Uint8Array(32)]).ok // true
 */
export function root(leaves: readonly Bytes.Hash32[]): Verdict.Verdict<Bytes.Hash32> {
  if (leaves.length === 0) return Verdict.refuse('merkle-empty', 'a block has at least one transaction')
  let level = leaves
  while (level.length > 1) {
    for (let i = 0; i + 1 < level.length; i += 2)
      if (Bytes.equal(level[i] as Bytes.Hash32, level[i + 1] as Bytes.Hash32))
        return Verdict.refuse(
          'merkle-duplicate',
          `nodes ${i} and ${i + 1} of a level are equal (CVE-2012-2459)`,
        )
    level = up(level)
  }
  return Verdict.accept(level[0] as Bytes.Hash32)
}

/** The branch of one leaf; `index` must be that of a leaf. */
export function branch(leaves: readonly Bytes.Hash32[], index: number): Branch {
  const siblings: Bytes.Hash32[] = []
  let at = index
  for (let level = leaves; level.length > 1; level = up(level), at >>= 1)
    siblings.push((level[at ^ 1] ?? level[at]) as Bytes.Hash32)
  return { index, siblings }
}

/**
 * The root that a branch leads to. A hash of 64 bytes can be read as leaf or node, so this alone proves nothing about a
 * transaction: `Inclusion.verify` does.
 *
 * Refusals: `merkle-depth`, `merkle-index` (outside the tree), `merkle-duplicate` (the leaf would be the copy that fills
 * an odd level, so its index doesn't exist).
 */
export function rootOf(leaf: Bytes.Hash32, branch: Branch): Verdict.Verdict<Bytes.Hash32> {
  const { index, siblings } = branch
  if (siblings.length > MAX_DEPTH)
    return Verdict.refuse('merkle-depth', `no block has a tree ${siblings.length} deep`)
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** siblings.length)
    return Verdict.refuse('merkle-index', `index ${index} lies outside a tree ${siblings.length} deep`)
  let node = leaf
  let last = false
  for (let level = 0; level < siblings.length; level++) {
    const sibling = siblings[level] as Bytes.Hash32
    if (sibling.length !== 32)
      return Verdict.refuse('merkle-sibling', `sibling ${level} must be 32 bytes, got ${sibling.length}`)
    const same = Bytes.equal(sibling, node)
    if ((index >>> level) & 1) {
      if (same) return Verdict.refuse('merkle-duplicate', `the path runs through a copy at level ${level}`)
      node = Hash256.ofPair(sibling, node)
    } else {
      // The last node of a level has no right neighbour, nor has any node above it on a left side.
      if (last && !same)
        return Verdict.refuse('merkle-duplicate', `a node beyond the last appears at level ${level}`)
      last ||= same
      node = Hash256.ofPair(node, sibling)
    }
  }
  return Verdict.accept(node)
}

function up(level: readonly Bytes.Hash32[]): Bytes.Hash32[] {
  const next: Bytes.Hash32[] = []
  for (let i = 0; i < level.length; i += 2)
    next.push(Hash256.ofPair(level[i] as Bytes.Hash32, (level[i + 1] ?? level[i]) as Bytes.Hash32))
  return next
}
