import { Bytes, Verdict } from '@aitbc/core'
import { keccak256 } from './Hasher.js'

/** A leaf of a mountain range by its place and its hash. */
export interface Leaf {
  readonly index: bigint
  readonly hash: Bytes.Hash32
}

/** A statement about some leaves, and the nodes that show it. */
export interface Proof {
  /** Leaves of the whole range: the caller knows their number from the chain, never from the proof. */
  readonly leafCount: bigint
  /** By rising index. */
  readonly leaves: readonly Leaf[]
  readonly items: readonly Bytes.Hash32[]
}

/** More leaves than any chain has blocks. */
const MAX_LEAVES = 1n << 53n

/** A perfect tree of the range: its leaves are `first` to `first + 2^height - 1`. */
interface Mountain {
  readonly first: bigint
  readonly height: number
}

/**
 * Verifies leaves against the root of a Merkle mountain range (Keccak-256, as `pallet-mmr` and BEEFY have it): peaks bagged from
 * the right, each the second half of a hash whose first half is the bag.
 *
 * Every leaf must be used, every item consumed, and both follow from the number of leaves alone (A43, A45): items are the nodes
 * that the leaves' paths lack, mountain by mountain from the left and level by level, mountains without leaves as their peak, those
 * right of the last leaf bagged into one.
 *
 * Refusals: `mmr-root-zero` (A52), `mmr-leaf-count`, `mmr-leaves` (none), `mmr-leaf-index`, `mmr-leaf-order` (not rising),
 * `mmr-hash` (not 32 bytes), `mmr-items` (too few or too many), `mmr-root`.
 *
 * @example
 * import { MountainRange } from '@aitbc/proofs/substrate'
 * const hash = new Uint8Array(32).fill(1)
 * MountainRange.verify(hash, { leafCount: 1n, leaves: [{ index: 0n, hash }], items: [] }).ok // true
 */
export function verify(root: Bytes.Hash32, proof: Proof): Verdict.Verdict<true> {
  const { leafCount, leaves, items } = proof
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('mmr-root-zero', 'a zero root is no root')
  if (leafCount <= 0n || leafCount > MAX_LEAVES)
    return Verdict.refuse('mmr-leaf-count', `no range has ${leafCount} leaves`, { leafCount })
  if (leaves.length === 0) return Verdict.refuse('mmr-leaves', 'no leaf is given')
  let previous = -1n
  for (const { index, hash } of leaves) {
    if (index < 0n || index >= leafCount)
      return Verdict.refuse('mmr-leaf-index', `there is no leaf ${index} among ${leafCount}`, { index })
    if (index <= previous)
      return Verdict.refuse('mmr-leaf-order', `leaf ${index} comes after ${previous}`, { index })
    previous = index
    if (hash.length !== 32) return Verdict.refuse('mmr-hash', `the hash of leaf ${index} is no hash`)
  }
  if (items.some((item) => item.length !== 32)) return Verdict.refuse('mmr-hash', 'an item is no hash')

  let used = 0
  const next = (): Bytes.Hash32 | undefined => items[used++]
  const peaks: Bytes.Hash32[] = []
  for (const mountain of mountains(leafCount)) {
    const end = mountain.first + (1n << BigInt(mountain.height))
    const within = leaves.filter(({ index }) => index >= mountain.first && index < end)
    const bagged = mountain.first > previous
    const peak = within.length === 0 ? next() : peakOf(mountain, within, next)
    if (peak === undefined) return Verdict.refuse('mmr-items', `more than ${items.length} items are needed`)
    peaks.push(peak)
    if (bagged) break
  }
  if (used !== items.length)
    return Verdict.refuse('mmr-items', `${used} items are needed, got ${items.length}`)
  return Bytes.equal(bag(peaks), root)
    ? Verdict.accept(true)
    : Verdict.refuse('mmr-root', 'the leaves and items lead to another root')
}

/**
 * The root over a range's peaks, from the left. Refusals: `mmr-leaf-count`, `mmr-peaks` (not one for each bit of the number of
 * leaves: A45).
 */
export function rootOf(leafCount: bigint, peaks: readonly Bytes.Hash32[]): Verdict.Verdict<Bytes.Hash32> {
  if (leafCount <= 0n || leafCount > MAX_LEAVES)
    return Verdict.refuse('mmr-leaf-count', `no range has ${leafCount} leaves`, { leafCount })
  const count = mountains(leafCount).length
  if (peaks.length !== count || peaks.some((peak) => peak.length !== 32))
    return Verdict.refuse('mmr-peaks', `${leafCount} leaves have ${count} peaks, got ${peaks.length}`)
  return Verdict.accept(bag(peaks))
}

/**
 * Turns the path of one leaf as bridges to Ethereum send it (siblings upwards, the bag to the right, then peaks leftwards, with a
 * bit for each that stands left) into a {@link Proof}. Refusals: `mmr-leaf-count`, `mmr-leaf-index`, `mmr-items`, `mmr-order` (the
 * bits aren't those of the place).
 */
export function fromPath(
  leafCount: bigint,
  leaf: Leaf,
  path: readonly Bytes.Hash32[],
  order: bigint,
): Verdict.Verdict<Proof> {
  if (leafCount <= 0n || leafCount > MAX_LEAVES)
    return Verdict.refuse('mmr-leaf-count', `no range has ${leafCount} leaves`, { leafCount })
  if (leaf.index < 0n || leaf.index >= leafCount)
    return Verdict.refuse('mmr-leaf-index', `there is no leaf ${leaf.index} among ${leafCount}`)
  const all = mountains(leafCount)
  const place = all.findLastIndex(({ first }) => first <= leaf.index)
  const { first, height } = all[place] as Mountain
  const right = place < all.length - 1 ? 1 : 0
  if (path.length !== height + right + place)
    return Verdict.refuse('mmr-items', `${height + right + place} items are needed, got ${path.length}`)
  // Within its mountain a node's bit tells its side; the bag joins from the left (its hash comes first), peaks from the right.
  const inside = (leaf.index - first) & ((1n << BigInt(height)) - 1n)
  const expected = inside | (BigInt(right) << BigInt(height))
  if (order !== expected) return Verdict.refuse('mmr-order', `the order is ${expected}, got ${order}`)
  const peaks = path.slice(height + right).reverse()
  const items = [...peaks, ...path.slice(0, height + right)]
  return Verdict.accept({ leafCount, leaves: [leaf], items })
}

function mountains(leafCount: bigint): readonly Mountain[] {
  const out: Mountain[] = []
  let first = 0n
  for (let height = 53; height >= 0; height--) {
    const size = 1n << BigInt(height)
    if ((leafCount & size) === 0n) continue
    out.push({ first, height })
    first += size
  }
  return out
}

function bag(peaks: readonly Bytes.Hash32[]): Bytes.Hash32 {
  return peaks.reduceRight((bagged, peak) => keccak256(Bytes.concat(bagged, peak)))
}

function peakOf(
  { first, height }: Mountain,
  leaves: readonly Leaf[],
  next: () => Bytes.Hash32 | undefined,
): Bytes.Hash32 | undefined {
  let level = leaves.map(({ index, hash }) => ({ index: index - first, hash }))
  for (let h = 0; h < height; h++) {
    const above: Leaf[] = []
    for (let i = 0; i < level.length; i++) {
      const { index, hash } = level[i] as Leaf
      const left = index % 2n === 0n
      const partner = left && level[i + 1]?.index === index + 1n ? level[++i]?.hash : next()
      if (partner === undefined) return undefined
      const pair = left ? Bytes.concat(hash, partner) : Bytes.concat(partner, hash)
      above.push({ index: index / 2n, hash: keccak256(pair) })
    }
    level = above
  }
  return level[0]?.hash
}
