import type { Ics23 } from '@aitbc/proofs/tendermint'
import { sha256 } from '@noble/hashes/sha2.js'
import { compare, concat, delimited, varint } from './bytes.js'

// Immutable AVL trees of the Cosmos SDK's stores (cosmos/iavl, `docs/node`): every version stays as it was; the nodes that a version
// makes carry its number.

interface Leaf {
  readonly height: 0
  readonly size: 1
  readonly version: bigint
  readonly key: Uint8Array
  readonly value: Uint8Array
  hash?: Uint8Array
}

interface Inner {
  readonly height: number
  readonly size: number
  readonly version: bigint
  /** The least key on the right. */
  readonly key: Uint8Array
  readonly left: Tree
  readonly right: Tree
  hash?: Uint8Array
}

/** A version of a tree; there is none without a key. */
export type Tree = Leaf | Inner

const EMPTY = /* @__PURE__ */ new Uint8Array(0)

const isLeaf = (tree: Tree): tree is Leaf => tree.height === 0

function inner(left: Tree, right: Tree, key: Uint8Array, version: bigint): Inner {
  return {
    height: Math.max(left.height, right.height) + 1,
    size: left.size + right.size,
    version,
    key,
    left,
    right,
  }
}

export function get(tree: Tree | undefined, key: Uint8Array): Uint8Array | undefined {
  if (tree === undefined) return undefined
  let at = tree
  while (!isLeaf(at)) at = compare(key, at.key) < 0 ? at.left : at.right
  return compare(key, at.key) === 0 ? at.value : undefined
}

export function set(tree: Tree | undefined, key: Uint8Array, value: Uint8Array, version: bigint): Tree {
  const leaf: Leaf = { height: 0, size: 1, version, key, value }
  if (tree === undefined) return leaf
  if (isLeaf(tree)) {
    const order = compare(key, tree.key)
    if (order === 0) return leaf
    return order < 0 ? inner(leaf, tree, tree.key, version) : inner(tree, leaf, key, version)
  }
  const [left, right] =
    compare(key, tree.key) < 0
      ? [set(tree.left, key, value, version), tree.right]
      : [tree.left, set(tree.right, key, value, version)]
  return balanced(inner(left, right, tree.key, version), version)
}

export function remove(tree: Tree | undefined, key: Uint8Array, version: bigint): Tree | undefined {
  return tree === undefined || get(tree, key) === undefined ? tree : without(tree, key, version)
}

function without(tree: Tree, key: Uint8Array, version: bigint): Tree | undefined {
  if (isLeaf(tree)) return undefined
  if (compare(key, tree.key) < 0) {
    const left = without(tree.left, key, version)
    return left === undefined ? tree.right : balanced(inner(left, tree.right, tree.key, version), version)
  }
  const right = without(tree.right, key, version)
  if (right === undefined) return tree.left
  return balanced(inner(tree.left, right, leastOf(right), version), version)
}

function leastOf(tree: Tree): Uint8Array {
  let at = tree
  while (!isLeaf(at)) at = at.left
  return at.key
}

function lean(tree: Tree): number {
  return isLeaf(tree) ? 0 : tree.left.height - tree.right.height
}

function balanced(tree: Inner, version: bigint): Inner {
  const much = lean(tree)
  if (much > 1) {
    const left = tree.left as Inner
    return lean(left) >= 0
      ? rightward(tree, version)
      : rightward(inner(leftward(left, version), tree.right, tree.key, version), version)
  }
  if (much < -1) {
    const right = tree.right as Inner
    return lean(right) <= 0
      ? leftward(tree, version)
      : leftward(inner(tree.left, rightward(right, version), tree.key, version), version)
  }
  return tree
}

function rightward(tree: Inner, version: bigint): Inner {
  const left = tree.left as Inner
  return inner(left.left, inner(left.right, tree.right, tree.key, version), left.key, version)
}

function leftward(tree: Inner, version: bigint): Inner {
  const right = tree.right as Inner
  return inner(inner(tree.left, right.left, tree.key, version), right.right, right.key, version)
}

/** Leaves from `start` on and before `end`, in order. */
export function* range(
  tree: Tree | undefined,
  start: Uint8Array,
  end: Uint8Array | undefined,
): Generator<readonly [key: Uint8Array, value: Uint8Array]> {
  if (tree === undefined) return
  if (isLeaf(tree)) {
    if (compare(tree.key, start) >= 0 && (end === undefined || compare(tree.key, end) < 0))
      yield [tree.key, tree.value]
    return
  }
  if (compare(start, tree.key) < 0) yield* range(tree.left, start, end)
  if (end === undefined || compare(end, tree.key) > 0) yield* range(tree.right, start, end)
}

const signed = (value: bigint | number): Uint8Array => varint(BigInt(value) << 1n)
const head = (tree: Tree): Uint8Array => concat(signed(tree.height), signed(tree.size), signed(tree.version))

export function hashOf(tree: Tree | undefined): Uint8Array {
  if (tree === undefined) return sha256(EMPTY)
  tree.hash ??= isLeaf(tree)
    ? sha256(concat(head(tree), delimited(tree.key), delimited(sha256(tree.value))))
    : sha256(concat(head(tree), delimited(hashOf(tree.left)), delimited(hashOf(tree.right))))
  return tree.hash
}

/** That a key is there, or between which two it would be. `undefined` in a tree without keys, of which ICS-23 can't say anything. */
export function prove(
  tree: Tree | undefined,
  key: Uint8Array,
): Ics23.CommitmentProof.CommitmentProof | undefined {
  if (tree === undefined) return undefined
  const proof = existence(tree, key)
  if (proof !== undefined) return { is: 'exist', proof }
  let before: Uint8Array | undefined
  let after: Uint8Array | undefined
  for (const [found] of range(tree, EMPTY, undefined)) {
    if (compare(found, key) < 0) before = found
    else {
      after = found
      break
    }
  }
  return {
    is: 'nonexist',
    proof: {
      key,
      left: before === undefined ? undefined : existence(tree, before),
      right: after === undefined ? undefined : existence(tree, after),
    },
  }
}

function existence(tree: Tree, key: Uint8Array): Ics23.ExistenceProof.ExistenceProof | undefined {
  const path: Ics23.InnerOp.InnerOp[] = []
  let at = tree
  while (!isLeaf(at)) {
    const prefix = concat(head(at), [32])
    const isLeft = compare(key, at.key) < 0
    path.unshift(
      isLeft
        ? { hash: 'sha256', prefix, suffix: concat([32], hashOf(at.right)) }
        : { hash: 'sha256', prefix: concat(prefix, hashOf(at.left), [32]), suffix: EMPTY },
    )
    at = isLeft ? at.left : at.right
  }
  if (compare(key, at.key) !== 0) return undefined
  return {
    key: at.key,
    value: at.value,
    leaf: {
      hash: 'sha256',
      prehashKey: 'none',
      prehashValue: 'sha256',
      length: 'var-proto',
      prefix: head(at),
    },
    path,
  }
}
