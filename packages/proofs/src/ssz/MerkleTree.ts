import { Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { join } from '../internal/join.js'

/** Roots of subtrees that hold nothing, by depth; grown as deeper ones are asked for. */
const ZEROS: Bytes.Hash32[] = [/* @__PURE__ */ new Uint8Array(32)]

/** Deepest generalized index that is read; nothing in the beacon chain comes near it. */
const MAX_DEPTH = 256

/** The root of a tree of `depth` levels with nothing in it. */
export function zero(depth: number): Bytes.Hash32 {
  for (let level = ZEROS.length; level <= depth; level++)
    ZEROS.push(pair(ZEROS[level - 1] as Bytes.Hash32, ZEROS[level - 1] as Bytes.Hash32))
  return ZEROS[depth] as Bytes.Hash32
}

/** sha256 of two nodes. */
export function pair(left: Bytes.Hash32, right: Bytes.Hash32): Bytes.Hash32 {
  return sha256(Bytes.concat(left, right))
}

/** Levels above the leaves of a tree that has room for `leaves` of them. */
export function depthOf(leaves: number): number {
  let depth = 0
  for (let room = 1; room < leaves; room *= 2) depth++
  return depth
}

/**
 * The root over chunks of 32 bytes in a tree with room for `limit` of them (consensus-specs, "Simple Serialize", `merkleize`).
 *
 * @example
 * import { MerkleTree } from '@aitbc/proofs/beacon'
 * MerkleTree.root([new Uint8Array(32)]) // the chunk itself
 */
export function root(chunks: readonly Bytes.Bytes32[], limit: number = chunks.length): Bytes.Hash32 {
  const depth = depthOf(limit)
  if (chunks.length === 0) return zero(depth)
  let level = join(chunks)
  for (let height = 0; height < depth; height++) level = above(level, height)
  return level
}

/**
 * The branch from the chunk at `index` to the root of the same tree as in {@link root}, siblings from the leaf upwards.
 *
 * @example
 * import { MerkleTree } from '@aitbc/proofs/beacon'
 * MerkleTree.branch([new Uint8Array(32), new Uint8Array(32).fill(1)], 2, 0).length // 1
 */
export function branch(
  chunks: readonly Bytes.Bytes32[],
  limit: number,
  index: number,
): readonly Bytes.Hash32[] {
  const siblings: Bytes.Hash32[] = []
  let level = join(chunks)
  let at = index
  for (let height = 0; height < depthOf(limit); height++) {
    const sibling = (at ^ 1) * 32
    siblings.push(sibling < level.length ? level.slice(sibling, sibling + 32) : zero(height))
    level = above(level, height)
    at >>>= 1
  }
  return siblings
}

/**
 * Decides whether `leaf` is at a generalized index (consensus-specs, "Merkle proof formats") under `root`.
 *
 * The branch has exactly as many nodes as the index is deep, and the index alone says on which side each one stands.
 * Refusals: `branch-gindex` (no generalized index), `branch-root-zero` (A52), `branch-length`, `branch-node` (not 32 bytes),
 * `branch-root` (it leads to another root).
 *
 * @example
 * import { MerkleTree } from '@aitbc/proofs/beacon'
 * const leaf = new Uint8Array(32).fill(1)
 * MerkleTree.verify(leaf, [], 1n, leaf).ok // true
 */
export function verify(
  leaf: Bytes.Hash32,
  branch: readonly Bytes.Hash32[],
  gindex: bigint,
  root: Bytes.Hash32,
): Verdict.Verdict<null> {
  if (gindex < 1n || gindex >= 1n << BigInt(MAX_DEPTH))
    return Verdict.refuse('branch-gindex', `${gindex} is no generalized index`)
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('branch-root-zero', 'a zero root is no root')
  const depth = gindex.toString(2).length - 1
  if (branch.length !== depth)
    return Verdict.refuse('branch-length', `a branch of ${depth} nodes is expected, got ${branch.length}`)
  if (leaf.length !== 32 || branch.some((node) => node.length !== 32))
    return Verdict.refuse('branch-node', 'a node has 32 bytes')
  let node = leaf
  let at = gindex
  for (const sibling of branch) {
    node = (at & 1n) === 0n ? pair(node, sibling) : pair(sibling, node)
    at >>= 1n
  }
  return Bytes.equal(node, root)
    ? Verdict.accept(null)
    : Verdict.refuse('branch-root', 'the branch leads to another root', { gindex })
}

function above(level: Bytes.Bytes, height: number): Bytes.Bytes {
  const count = level.length / 32
  const out = new Uint8Array(Math.ceil(count / 2) * 32)
  const pairs = Math.floor(count / 2)
  for (let i = 0; i < pairs; i++) out.set(sha256(level.subarray(i * 64, i * 64 + 64)), i * 32)
  if (count % 2 === 1) out.set(pair(level.subarray(level.length - 32), zero(height)), out.length - 32)
  return out
}
