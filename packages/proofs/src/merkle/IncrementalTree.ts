import { Bytes, CoreErrors, show, Verdict } from '@aitbc/core'
import type { Hasher } from './Hasher.js'

/** What all trees of one kind share: the hash function, the levels above the leaves, and the roots of subtrees that hold nothing. */
export interface Shape {
  readonly hasher: Hasher
  /** 1 to 32. */
  readonly depth: number
  /** By height: `zeros[0]` is the empty leaf, 32 zero bytes. */
  readonly zeros: readonly Bytes.Hash32[]
}

/** As much of a tree as appending needs, however many leaves it holds. */
export interface Tree {
  readonly shape: Shape
  /** Leaves so far. */
  readonly count: number
  /** By height: the newest subtree that is full and awaits its right neighbour; what else stands there is never read. */
  readonly branch: readonly Bytes.Hash32[]
}

/** The way from one leaf to the root: as many siblings as the tree is deep, from the bottom up. */
export interface Proof {
  readonly index: number
  readonly siblings: readonly Bytes.Hash32[]
}

/**
 * Makes the shape of trees with room for `2^depth` leaves; `InvalidArgument` (1013) for a depth outside 1 to 32.
 *
 * Ethereum's deposit contract is SHA-256 with 32 levels (consensus-specs, "Deposit contract"), Hyperlane's outbox Keccak-256 with
 * 32.
 *
 * @example
 * import { Hasher, IncrementalTree } from '@aitbc/proofs/merkle'
 * const shape = IncrementalTree.shape(Hasher.keccak256, 32)
 * IncrementalTree.root(IncrementalTree.empty(shape)).length // 32
 */
export function shape(hasher: Hasher, depth: number): Shape {
  if (!Number.isInteger(depth) || depth < 1 || depth > 32)
    throw CoreErrors.InvalidArgument(`depth must be 1 to 32, got ${show(depth)}`, { argument: 'depth' })
  const zeros: Bytes.Hash32[] = [new Uint8Array(32)]
  for (let height = 0; height < depth; height++) {
    const below = zeros[height] as Bytes.Hash32
    zeros.push(hasher(Bytes.concat(below, below)))
  }
  return { hasher, depth, zeros }
}

/** A tree without leaves. */
export function empty(shape: Shape): Tree {
  return { shape, count: 0, branch: shape.zeros.slice(0, shape.depth) }
}

/**
 * The tree with one leaf more, in `depth` hashes at most; `InvalidBytes` (1005) for a leaf that isn't 32 bytes, `InvalidArgument`
 * (1013) where the tree is full (one leaf short of `2^depth`, as in the contracts).
 *
 * @example
 * import { Hasher, IncrementalTree } from '@aitbc/proofs/merkle'
 * const tree = IncrementalTree.empty(IncrementalTree.shape(Hasher.sha256, 32))
 * IncrementalTree.append(tree, new Uint8Array(32).fill(1)).count // 1
 */
export function append(tree: Tree, leaf: Bytes.Hash32): Tree {
  const { shape, count } = tree
  Bytes.assert(leaf, 32, 'leaf')
  if (count >= 2 ** shape.depth - 1)
    throw CoreErrors.InvalidArgument(`tree has room for ${2 ** shape.depth - 1} leaves, and as many are in`, {
      argument: 'tree',
    })
  const branch = [...tree.branch]
  let node = Bytes.copy(leaf)
  let height = 0
  for (let size = count; size % 2 === 1; size = Math.floor(size / 2))
    node = shape.hasher(Bytes.concat(branch[height++] as Bytes.Hash32, node))
  branch[height] = node
  return { shape, count: count + 1, branch }
}

/** The root of a tree, empty places filled with zero. */
export function root(tree: Tree): Bytes.Hash32 {
  const { shape, branch } = tree
  let node = shape.zeros[0] as Bytes.Hash32
  let size = tree.count
  for (let height = 0; height < shape.depth; height++, size = Math.floor(size / 2))
    node = shape.hasher(
      size % 2 === 1
        ? Bytes.concat(branch[height] as Bytes.Hash32, node)
        : Bytes.concat(node, shape.zeros[height] as Bytes.Hash32),
    )
  return node
}

/**
 * The proof of one leaf in the tree that holds `leaves`; `InvalidArgument` (1013) where `index` isn't that of a leaf.
 *
 * @example
 * import { Hasher, IncrementalTree } from '@aitbc/proofs/merkle'
 * const shape = IncrementalTree.shape(Hasher.sha256, 3)
 * IncrementalTree.prove(shape, [new Uint8Array(32).fill(1)], 0).siblings.length // 3
 */
export function prove(shape: Shape, leaves: readonly Bytes.Hash32[], index: number): Proof {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length)
    throw CoreErrors.InvalidArgument(
      `index must be that of one of ${leaves.length} leaves, got ${show(index)}`,
      {
        argument: 'index',
      },
    )
  const siblings: Bytes.Hash32[] = []
  let level = leaves
  let at = index
  for (const zero of shape.zeros.slice(0, shape.depth)) {
    siblings.push(level[at % 2 === 0 ? at + 1 : at - 1] ?? zero)
    level = above(shape.hasher, level, zero)
    at = Math.floor(at / 2)
  }
  return { index, siblings }
}

/**
 * Decides whether `leaf` stands at the proof's index under the root of a tree with `count` leaves. The number of leaves is the
 * caller's to know (the deposit contract mixes it into its root, a Hyperlane checkpoint is signed with it): beyond it every place
 * is empty, and an empty place is no leaf.
 *
 * Refusals: `merkle-root-zero` (A52), `merkle-index` (not below `count`, or `count` beyond the tree's room), `merkle-length` (not as
 * many siblings as the tree is deep), `merkle-leaf`, `merkle-node` (not 32 bytes), `merkle-root`.
 *
 * @example
 * import { Hasher, IncrementalTree } from '@aitbc/proofs/merkle'
 * const shape = IncrementalTree.shape(Hasher.sha256, 3)
 * const leaf = new Uint8Array(32).fill(1)
 * const root = IncrementalTree.root(IncrementalTree.append(IncrementalTree.empty(shape), leaf))
 * IncrementalTree.verify(shape, root, 1, leaf, IncrementalTree.prove(shape, [leaf], 0)).ok // true
 */
export function verify(
  shape: Shape,
  root: Bytes.Hash32,
  count: number,
  leaf: Bytes.Hash32,
  proof: Proof,
): Verdict.Verdict<true> {
  const { index, siblings } = proof
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('merkle-root-zero', 'a zero root is no root')
  const places = Number.isInteger(index) && Number.isInteger(count) && index >= 0
  if (!places || index >= count || count > 2 ** shape.depth)
    return Verdict.refuse('merkle-index', `there is no leaf ${index} among ${count}`)
  if (siblings.length !== shape.depth)
    return Verdict.refuse('merkle-length', `${shape.depth} siblings are expected, got ${siblings.length}`)
  if (leaf.length !== 32) return Verdict.refuse('merkle-leaf', `a leaf has 32 bytes, got ${leaf.length}`)
  let node = leaf
  let at = index
  for (const sibling of siblings) {
    if (sibling.length !== 32)
      return Verdict.refuse('merkle-node', `a node has 32 bytes, got ${sibling.length}`)
    node = shape.hasher(at % 2 === 0 ? Bytes.concat(node, sibling) : Bytes.concat(sibling, node))
    at = Math.floor(at / 2)
  }
  return Bytes.equal(node, root)
    ? Verdict.accept(true)
    : Verdict.refuse('merkle-root', 'the proof leads to another root')
}

function above(hasher: Hasher, level: readonly Bytes.Hash32[], zero: Bytes.Hash32): Bytes.Hash32[] {
  const out: Bytes.Hash32[] = []
  for (let i = 0; i < level.length; i += 2)
    out.push(hasher(Bytes.concat(level[i] as Bytes.Hash32, level[i + 1] ?? zero)))
  return out
}
