import { Bytes, CoreErrors, show, Verdict } from '@aitbc/core'
import { type Hasher, keccak256 } from './Hasher.js'

/** How a tree hashes its values; nodes are always the hash of two, the lower one first. */
export interface Scheme {
  readonly hasher: Hasher
  /** Hash of a value; what isn't 32 bytes after it is no leaf of this tree. */
  readonly leaf: (value: Bytes.Bytes) => Bytes.Hash32
}

/** A tree with all its nodes. */
export interface Tree {
  /** The root, then level by level; children of node i are 2i + 1 and 2i + 2. */
  readonly nodes: readonly Bytes.Hash32[]
  /** Where each value's leaf stands among the nodes. */
  readonly places: readonly number[]
}

/** The values that a multiproof is for, in the order it needs, and how they lead to the root. */
export interface MultiProof {
  /** Values by their index in the list that the tree was built from. */
  readonly indices: readonly number[]
  readonly items: readonly Bytes.Hash32[]
  /** For each step: whether the second node is one that is known (`true`) or the next item. */
  readonly flags: readonly boolean[]
}

/** Trees of 2^64 leaves don't exist. */
const MAX_DEPTH = 64

/**
 * OpenZeppelin's `StandardMerkleTree`: a value is given as its ABI encoding, and its leaf is the hash of its hash, so that no node
 * is ever a leaf. Keccak-256 unless told.
 */
export function standard(hasher: Hasher = keccak256): Scheme {
  return { hasher, leaf: (value) => hasher(hasher(value)) }
}

/**
 * OpenZeppelin's `SimpleMerkleTree`: values are hashes of 32 bytes and stand as they are. Keccak-256 unless told.
 *
 * Nothing tells a node of such a tree from a leaf: what the value is the hash of must not be 64 bytes long.
 */
export function simple(hasher: Hasher = keccak256): Scheme {
  return { hasher, leaf: (value) => value }
}

/**
 * Builds a tree over values; `InvalidArgument` (1013) where there are none, `InvalidBytes` (1005) for a value that the scheme
 * doesn't take.
 *
 * @example
 * import { SortedTree } from '@aitbc/proofs/merkle'
 * const tree = SortedTree.from(SortedTree.standard(), [Uint8Array.of(1), Uint8Array.of(2)])
 * SortedTree.root(tree).length // 32
 */
export function from(scheme: Scheme, values: readonly Bytes.Bytes[], options: from.Options = {}): Tree {
  const count = values.length
  if (count === 0)
    throw CoreErrors.InvalidArgument('values must not be empty, got Array(0)', { argument: 'values' })
  const leaves = values.map((value, index) => {
    const hash = scheme.leaf(value)
    Bytes.assert(hash, 32, `values[${index}]`)
    return { hash: Bytes.copy(hash), index }
  })
  if (options.order !== 'given') leaves.sort((a, b) => compare(a.hash, b.hash))
  const nodes: Bytes.Hash32[] = new Array(2 * count - 1)
  const places: number[] = new Array(count)
  for (const [i, { hash, index }] of leaves.entries()) {
    const place = nodes.length - 1 - i
    nodes[place] = hash
    places[index] = place
  }
  for (let i = count - 2; i >= 0; i--)
    nodes[i] = pair(scheme, nodes[2 * i + 1] as Bytes.Hash32, nodes[2 * i + 2] as Bytes.Hash32)
  return { nodes, places }
}

export declare namespace from {
  type Options = {
    /** Leaves stand by `hash` (as OpenZeppelin sorts them, unless told) or as `given`. */
    readonly order?: 'hash' | 'given'
  }
}

/** The root of a tree. */
export function root(tree: Tree): Bytes.Hash32 {
  return tree.nodes[0] as Bytes.Hash32
}

/** The proof of the value at an index of the list: siblings from the bottom up; `InvalidArgument` (1013) where there is none. */
export function prove(tree: Tree, index: number): readonly Bytes.Hash32[] {
  const siblings: Bytes.Hash32[] = []
  for (let at = placeOf(tree, index); at > 0; at = parent(at))
    siblings.push(tree.nodes[sibling(at)] as Bytes.Hash32)
  return siblings
}

/** The proof of several values at once; `InvalidArgument` (1013) where none is named, one twice, or one that isn't there. */
export function proveMany(tree: Tree, indices: readonly number[]): MultiProof {
  const chosen = indices
    .map((index) => ({ index, place: placeOf(tree, index) }))
    .sort((a, b) => b.place - a.place)
  if (chosen.length === 0 || new Set(indices).size !== indices.length)
    throw CoreErrors.InvalidArgument(`indices must name values, each once, got ${show(indices)}`, {
      argument: 'indices',
    })
  const items: Bytes.Hash32[] = []
  const flags: boolean[] = []
  const queue = chosen.map(({ place }) => place)
  for (let at = 0; (queue[at] as number) > 0; at++) {
    const place = queue[at] as number
    const known = queue[at + 1] === sibling(place)
    if (known) at++
    else items.push(tree.nodes[sibling(place)] as Bytes.Hash32)
    flags.push(known)
    queue.push(parent(place))
  }
  return { indices: chosen.map(({ index }) => index), items, flags }
}

/**
 * Decides whether a value is one of those under a root (OpenZeppelin Contracts, `MerkleProof.verify`). As the lower hash always
 * comes first, a proof says nothing of the value's index nor of how many there are: the verdict is membership alone.
 *
 * Refusals: `merkle-root-zero` (A52), `merkle-length` (longer than any tree), `merkle-leaf`, `merkle-node` (not 32 bytes),
 * `merkle-root`.
 *
 * @example
 * import { SortedTree } from '@aitbc/proofs/merkle'
 * const value = Uint8Array.of(1)
 * const tree = SortedTree.from(SortedTree.standard(), [value])
 * SortedTree.verify(SortedTree.standard(), SortedTree.root(tree), value, SortedTree.prove(tree, 0)).ok // true
 */
export function verify(
  scheme: Scheme,
  root: Bytes.Hash32,
  value: Bytes.Bytes,
  siblings: readonly Bytes.Hash32[],
): Verdict.Verdict<true> {
  if (siblings.length > MAX_DEPTH)
    return Verdict.refuse('merkle-length', `no tree is ${siblings.length} levels deep`)
  return verifyMany(
    scheme,
    root,
    [value],
    siblings,
    siblings.map(() => false),
  )
}

/**
 * Decides whether all of some values are under a root (OpenZeppelin Contracts, `MerkleProof.multiProofVerify`), and nothing else, as
 * {@link verify}. No value, no verdict: what proves nothing is refused.
 *
 * Refusals: `merkle-root-zero` (A52), `merkle-leaves` (none), `merkle-leaf`, `merkle-node` (not 32 bytes), `merkle-length` (values,
 * items and flags that don't fit together: CVE-2023-34459), `merkle-root`.
 */
export function verifyMany(
  scheme: Scheme,
  root: Bytes.Hash32,
  values: readonly Bytes.Bytes[],
  items: readonly Bytes.Hash32[],
  flags: readonly boolean[],
): Verdict.Verdict<true> {
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('merkle-root-zero', 'a zero root is no root')
  if (values.length === 0) return Verdict.refuse('merkle-leaves', 'no value is given')
  const queue = values.map(scheme.leaf)
  if (queue.some((leaf) => leaf.length !== 32)) return Verdict.refuse('merkle-leaf', "a leaf isn't 32 bytes")
  if (items.some((item) => item.length !== 32)) return Verdict.refuse('merkle-node', 'a node has 32 bytes')
  let at = 0
  let used = 0
  for (const known of flags) {
    // One node at least is left: a step that takes two and finds one is refused.
    const left = queue[at++] as Bytes.Hash32
    const right = known ? queue[at++] : items[used++]
    if (right === undefined) return Verdict.refuse('merkle-length', 'a step has no second node')
    queue.push(pair(scheme, left, right))
  }
  // All that was given has gone into the last node.
  if (used !== items.length || at !== queue.length - 1)
    return Verdict.refuse('merkle-length', 'a value or an item is left over')
  return Bytes.equal(queue[at] as Bytes.Hash32, root)
    ? Verdict.accept(true)
    : Verdict.refuse('merkle-root', 'the proof leads to another root')
}

function pair(scheme: Scheme, a: Bytes.Hash32, b: Bytes.Hash32): Bytes.Hash32 {
  return scheme.hasher(compare(a, b) <= 0 ? Bytes.concat(a, b) : Bytes.concat(b, a))
}

/** Order of 32 bytes as one number. */
function compare(a: Bytes.Hash32, b: Bytes.Hash32): number {
  for (const [i, byte] of a.entries()) if (byte !== b[i]) return byte - (b[i] as number)
  return 0
}

function placeOf(tree: Tree, index: number): number {
  const place = tree.places[index]
  if (place === undefined)
    throw CoreErrors.InvalidArgument(
      `index must be that of one of ${tree.places.length} values, got ${show(index)}`,
      { argument: 'index' },
    )
  return place
}

function parent(place: number): number {
  return Math.floor((place - 1) / 2)
}

function sibling(place: number): number {
  return place % 2 === 1 ? place + 1 : place - 1
}
