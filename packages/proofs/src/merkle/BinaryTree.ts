import { Bytes, CoreErrors, show, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import type { Hasher } from './Hasher.js'
import { climb, gather, grow, type Known } from './internal/levels.js'

/** How a tree hashes; made by {@link rfc6962} or {@link plain}. */
export interface Scheme {
  /** Hash of a leaf; what isn't 32 bytes after it is no leaf of this tree. */
  readonly leaf: (leaf: Bytes.Bytes) => Bytes.Hash32
  readonly node: (left: Bytes.Hash32, right: Bytes.Hash32) => Bytes.Hash32
  /** Root of a tree without leaves. */
  readonly none: () => Bytes.Hash32
}

/** A tree with all its nodes. */
export interface Tree {
  readonly scheme: Scheme
  /** Hashes from the leaves up to the root. */
  readonly levels: readonly (readonly Bytes.Hash32[])[]
}

/** The way from one leaf to the root: siblings from the bottom up, in a tree of `count` leaves. */
export interface Branch {
  readonly index: number
  readonly count: number
  readonly siblings: readonly Bytes.Hash32[]
}

/** Some leaves of a tree of `count`, and the nodes that their ways to the root lack. */
export interface MultiProof {
  readonly count: number
  /** By rising index. */
  readonly leaves: readonly Leaf[]
  /** Level by level from the bottom up, from the left in each. */
  readonly items: readonly Bytes.Hash32[]
}

/** A leaf by its place. */
export interface Leaf {
  readonly index: number
  readonly leaf: Bytes.Bytes
}

const LEAF = /* @__PURE__ */ Uint8Array.of(0)
const NODE = /* @__PURE__ */ Uint8Array.of(1)

/** More leaves than any list that a tree is made of. */
const MAX_COUNT = 2 ** 32

/**
 * Trees of RFC 6962, section 2.1: the hash of a leaf starts from a zero byte, that of a node from a one, so that no leaf is ever a
 * node. CometBFT and certificate transparency have these, with SHA-256.
 *
 * @example
 * import { BinaryTree, Hasher } from '@aitbc/proofs/merkle'
 * BinaryTree.root(BinaryTree.from(BinaryTree.rfc6962(Hasher.sha256), [])).length // 32
 */
export function rfc6962(hasher: Hasher): Scheme {
  return {
    leaf: (leaf) => hasher(join([LEAF, leaf])),
    node: (left, right) => hasher(join([NODE, left, right])),
    none: () => hasher(new Uint8Array(0)),
  }
}

/**
 * Trees of the same form whose nodes are the hash of two hashes and whose leaves are hashes already, such as Substrate's binary tree.
 *
 * Nothing but its place tells a node from a leaf: a leaf of 64 bytes would be a node, so leaves are exactly 32 bytes, `count` has
 * to come from the chain and never from the proof, and what a leaf is the hash of must not be 64 bytes long. The root of no leaves
 * is zero, which nothing is proved against.
 */
export function plain(hasher: Hasher): Scheme {
  return {
    leaf: (leaf) => leaf,
    node: (left, right) => hasher(Bytes.concat(left, right)),
    none: () => new Uint8Array(32),
  }
}

/**
 * Builds a tree. With n leaves, a subtree's left part holds the largest power of two below its number: the same as pairing from the
 * left and letting a node without partner go up. `InvalidBytes` (1005) for a leaf that the scheme doesn't take.
 */
export function from(scheme: Scheme, leaves: readonly Bytes.Bytes[]): Tree {
  const hashes = leaves.map((leaf, i) => {
    const hash = scheme.leaf(leaf)
    Bytes.assert(hash, 32, `leaves[${i}]`)
    return hash
  })
  return { scheme, levels: grow(scheme.node, hashes) }
}

/** The root of a tree. */
export function root(tree: Tree): Bytes.Hash32 {
  return (tree.levels.at(-1) as readonly Bytes.Hash32[])[0] ?? tree.scheme.none()
}

/**
 * The branch of one leaf; `InvalidArgument` (1013) where `index` isn't that of a leaf.
 *
 * @example
 * import { BinaryTree, Hasher } from '@aitbc/proofs/merkle'
 * const tree = BinaryTree.from(BinaryTree.rfc6962(Hasher.sha256), [Uint8Array.of(1), Uint8Array.of(2)])
 * BinaryTree.prove(tree, 0).siblings.length // 1
 */
export function prove(tree: Tree, index: number): Branch {
  return { index, count: countOf(tree), siblings: itemsOf(tree, [index]) }
}

/** The nodes that several leaves lack ({@link MultiProof.items}); `InvalidArgument` (1013) where the indices don't rise from leaf to leaf. */
export function proveMany(tree: Tree, indices: readonly number[]): readonly Bytes.Hash32[] {
  return itemsOf(tree, indices)
}

/**
 * Decides whether a leaf stands at the branch's index in a tree of its `count` leaves under a root. Which levels have a sibling
 * follows from index and count, so a branch stands for no second place in a tree of this size (A44). A root of these trees doesn't
 * bind the number of its leaves: only who knows `count` from elsewhere learns the index.
 *
 * Refusals: those of {@link verifyMany}.
 *
 * @example
 * import { BinaryTree, Hasher } from '@aitbc/proofs/merkle'
 * const scheme = BinaryTree.rfc6962(Hasher.sha256)
 * const leaf = Uint8Array.of(1)
 * const tree = BinaryTree.from(scheme, [leaf])
 * BinaryTree.verify(scheme, BinaryTree.root(tree), leaf, BinaryTree.prove(tree, 0)).ok // true
 */
export function verify(
  scheme: Scheme,
  root: Bytes.Hash32,
  leaf: Bytes.Bytes,
  branch: Branch,
): Verdict.Verdict<true> {
  const { index, count, siblings } = branch
  return verifyMany(scheme, root, { count, leaves: [{ index, leaf }], items: siblings })
}

/**
 * Decides whether all of some leaves stand at their indices in a tree of `count` leaves under a root. Every leaf must be used and
 * every item consumed; how, follows from the indices and the count.
 *
 * Refusals: `merkle-root-zero` (A52), `merkle-leaves` (none), `merkle-index` (outside the tree), `merkle-order` (not rising),
 * `merkle-leaf`, `merkle-node` (not 32 bytes), `merkle-length` (too few or too many items), `merkle-root`.
 *
 * @example
 * import { BinaryTree, Hasher } from '@aitbc/proofs/merkle'
 * const scheme = BinaryTree.rfc6962(Hasher.sha256)
 * const tree = BinaryTree.from(scheme, [Uint8Array.of(1), Uint8Array.of(2)])
 * const leaves = [{ index: 1, leaf: Uint8Array.of(2) }]
 * const items = BinaryTree.proveMany(tree, [1])
 * BinaryTree.verifyMany(scheme, BinaryTree.root(tree), { count: 2, leaves, items }).ok // true
 */
export function verifyMany(scheme: Scheme, root: Bytes.Hash32, proof: MultiProof): Verdict.Verdict<true> {
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('merkle-root-zero', 'a zero root is no root')
  const led = rootOfMany(scheme, proof)
  if (!led.ok) return led
  return Bytes.equal(led.value, root)
    ? Verdict.accept(true)
    : Verdict.refuse('merkle-root', 'the proof leads to another root')
}

/** The root that a leaf and its branch lead to. Refusals: those of {@link verify} but for the root's. */
export function rootOf(scheme: Scheme, leaf: Bytes.Bytes, branch: Branch): Verdict.Verdict<Bytes.Hash32> {
  const { index, count, siblings } = branch
  return rootOfMany(scheme, { count, leaves: [{ index, leaf }], items: siblings })
}

/** The root that some leaves and the nodes they lack lead to. Refusals: those of {@link verifyMany} but for the root's. */
export function rootOfMany(scheme: Scheme, proof: MultiProof): Verdict.Verdict<Bytes.Hash32> {
  const { count, leaves, items } = proof
  if (leaves.length === 0) return Verdict.refuse('merkle-leaves', 'no leaf is given')
  let previous = -1
  const known: Known[] = []
  for (const { index, leaf } of leaves) {
    const places = Number.isInteger(index) && Number.isInteger(count) && index >= 0
    if (!places || index >= count || count > MAX_COUNT)
      return Verdict.refuse('merkle-index', `there is no leaf ${index} among ${count}`)
    if (index <= previous) return Verdict.refuse('merkle-order', `leaf ${index} comes after ${previous}`)
    previous = index
    const hash = scheme.leaf(leaf)
    if (hash.length !== 32) return Verdict.refuse('merkle-leaf', `leaf ${index} isn't 32 bytes`)
    known.push({ index, hash })
  }
  if (items.some((item) => item.length !== 32)) return Verdict.refuse('merkle-node', 'a node has 32 bytes')
  let used = 0
  const found = climb(scheme.node, count, known, () => items[used++])
  if (found === undefined)
    return Verdict.refuse('merkle-length', `more than ${items.length} nodes are needed`)
  if (used !== items.length)
    return Verdict.refuse('merkle-length', `${used} nodes are needed, got ${items.length}`)
  return Verdict.accept(found)
}

function countOf(tree: Tree): number {
  return (tree.levels[0] as readonly Bytes.Hash32[]).length
}

function itemsOf(tree: Tree, indices: readonly number[]): readonly Bytes.Hash32[] {
  let previous = -1
  for (const index of indices) {
    if (!Number.isInteger(index) || index <= previous || index >= countOf(tree))
      throw CoreErrors.InvalidArgument(
        `an index must be that of one of ${countOf(tree)} leaves and above the one before, got ${show(index)}`,
        { argument: 'index' },
      )
    previous = index
  }
  return gather(tree.levels, indices)
}
