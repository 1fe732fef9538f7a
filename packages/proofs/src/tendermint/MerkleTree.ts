import { Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { join } from '../internal/join.js'

const LEAF = /* @__PURE__ */ Uint8Array.of(0)
const INNER = /* @__PURE__ */ Uint8Array.of(1)

/** A path from a leaf to the root: siblings ("aunts") from the bottom up, in a tree of `total` leaves. */
export interface Branch {
  readonly index: number
  readonly total: number
  readonly aunts: readonly Bytes.Hash32[]
}

/** sha256 of `00 ‖ leaf` (RFC 6962, section 2.1). */
export function leafHash(leaf: Bytes.Bytes): Bytes.Hash32 {
  return sha256(join([LEAF, leaf]))
}

/** sha256 of `01 ‖ left ‖ right` (RFC 6962, section 2.1). */
export function innerHash(left: Bytes.Hash32, right: Bytes.Hash32): Bytes.Hash32 {
  return sha256(join([INNER, left, right]))
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
  if (leaves.length === 0) return sha256(new Uint8Array(0))
  return rootOf(leaves.map(leafHash))
}

function rootOf(hashes: readonly Bytes.Hash32[]): Bytes.Hash32 {
  if (hashes.length === 1) return hashes[0] as Bytes.Hash32
  const split = splitOf(hashes.length)
  return innerHash(rootOf(hashes.slice(0, split)), rootOf(hashes.slice(split)))
}

/** The branch of one leaf; `index` must be that of a leaf. */
export function branch(leaves: readonly Bytes.Bytes[], index: number): Branch {
  const aunts: Bytes.Hash32[] = []
  let part = leaves
  let at = index
  while (part.length > 1) {
    const split = splitOf(part.length)
    const left = at < split
    aunts.unshift(root(left ? part.slice(split) : part.slice(0, split)))
    part = left ? part.slice(0, split) : part.slice(split)
    if (!left) at -= split
  }
  return { index, total: leaves.length, aunts }
}

/**
 * Decides whether a leaf stands under a root: a transaction under `dataHash` (its leaf is the transaction's sha256), a field
 * under a header's hash. The root doesn't bind the number of leaves: only who knows `total` from elsewhere learns the index too,
 * as the same branch fits other places in trees of other sizes (A44).
 *
 * Refusals: `root-zero`, `merkle-index`, `merkle-aunts`, `merkle-root`.
 */
export function verify(root: Bytes.Hash32, leaf: Bytes.Bytes, branch: Branch): Verdict.Verdict<Bytes.Bytes> {
  const { index, total, aunts } = branch
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('root-zero', 'a zero root is no root')
  if (!Number.isInteger(index) || !Number.isInteger(total) || index < 0 || index >= total || total > 2 ** 31)
    return Verdict.refuse('merkle-index', `index ${index} lies outside a tree of ${total}`)
  // Which side the sibling stands on, from the top down.
  const sides: boolean[] = []
  for (let size = total, at = index; size > 1; ) {
    const split = splitOf(size)
    const left = at < split
    sides.push(left)
    size = left ? split : size - split
    if (!left) at -= split
  }
  if (aunts.length !== sides.length || aunts.some((aunt) => aunt.length !== 32))
    return Verdict.refuse(
      'merkle-aunts',
      `${sides.length} siblings of 32 bytes are expected, got ${aunts.length}`,
    )
  let hash = leafHash(leaf)
  for (const aunt of aunts) hash = sides.pop() === true ? innerHash(hash, aunt) : innerHash(aunt, hash)
  if (!Bytes.equal(hash, root)) return Verdict.refuse('merkle-root', 'the branch leads to another root')
  return Verdict.accept(leaf)
}

/** The largest power of two below a count. */
function splitOf(count: number): number {
  let split = 1
  while (split * 2 < count) split *= 2
  return split
}
