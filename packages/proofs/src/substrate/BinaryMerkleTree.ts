import { Bytes, Verdict } from '@aitbc/core'
import { keccak256 } from './Hasher.js'

/**
 * Root of hashed leaves in Substrate's binary tree (`binary-merkle-tree`, Keccak-256): a node without a partner goes up as it is.
 * Of none, the root is zero, which nothing is proved against.
 *
 * @example
 * import { BinaryMerkleTree } from '@aitbc/proofs/substrate'
 * BinaryMerkleTree.root([]).length // 32
 */
export function root(leaves: readonly Bytes.Hash32[]): Bytes.Hash32 {
  let level = leaves
  while (level.length > 1) {
    const above: Bytes.Hash32[] = []
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = level.slice(i, i + 2)
      above.push(
        right === undefined ? (left as Bytes.Hash32) : keccak256(Bytes.concat(left as Bytes.Hash32, right)),
      )
    }
    level = above
  }
  return level[0] ?? new Uint8Array(32)
}

/**
 * The root that a branch leads to. Position and number of leaves say how long it is and which nodes have no partner, so no branch
 * stands for a second position (A44).
 *
 * Refusals: `merkle-index` (not below the number of leaves), `merkle-length` (not as long as the position asks).
 */
export function rootOf(
  leaf: Bytes.Hash32,
  index: bigint,
  count: bigint,
  branch: readonly Bytes.Hash32[],
): Verdict.Verdict<Bytes.Hash32> {
  if (index < 0n || index >= count || count > 1n << 32n)
    return Verdict.refuse('merkle-index', `there is no leaf ${index} among ${count}`, { index, count })
  let hash = leaf
  let used = 0
  let at = index
  for (let width = count; width > 1n; width = (width + 1n) / 2n, at /= 2n) {
    // The last of an odd number of nodes has no partner.
    if (at === width - 1n && at % 2n === 0n) continue
    const sibling = branch[used++]
    if (sibling?.length !== 32)
      return Verdict.refuse('merkle-length', `leaf ${index} of ${count} needs a longer branch`)
    hash = keccak256(at % 2n === 0n ? Bytes.concat(hash, sibling) : Bytes.concat(sibling, hash))
  }
  return used === branch.length
    ? Verdict.accept(hash)
    : Verdict.refuse(
        'merkle-length',
        `leaf ${index} of ${count} has a branch of ${used}, got ${branch.length}`,
      )
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
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('merkle-root-zero', 'a zero root is no root')
  const led = rootOf(leaf, index, count, branch)
  if (!led.ok) return led
  return Bytes.equal(led.value, root)
    ? Verdict.accept(true)
    : Verdict.refuse('merkle-root', 'the branch leads to another root')
}
