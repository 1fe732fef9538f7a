import { Bytes, CoreErrors, show, Verdict } from '@aitbc/core'
import type { Hasher } from './Hasher.js'
import { climb, gather, grow, type Known } from './internal/levels.js'

/** How a range hashes; made by {@link scheme}. */
export interface Scheme {
  readonly node: (left: Bytes.Hash32, right: Bytes.Hash32) => Bytes.Hash32
  /** Joins a peak with what is bagged on its right. */
  readonly bag: (peak: Bytes.Hash32, right: Bytes.Hash32) => Bytes.Hash32
}

/** As much of a range as appending needs. */
export interface Range {
  readonly scheme: Scheme
  readonly leafCount: bigint
  /** Roots of the perfect trees that it is made of, the largest first. */
  readonly peaks: readonly Bytes.Hash32[]
}

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

/** A perfect tree of the range: its leaves are `first` to `first + size - 1`, with `size` = `2^height`. */
interface Mountain {
  readonly first: number
  readonly size: number
  readonly height: number
}

/**
 * A range's hashing: a node is the hash of two, and a bag too, with its right side first (`polkadot-ckb-merkle-mountain-range`, which
 * `pallet-mmr` and BEEFY have with Keccak-256) unless `bag` says otherwise.
 *
 * @example
 * import { Hasher, MountainRange } from '@aitbc/proofs/merkle'
 * const scheme = MountainRange.scheme(Hasher.keccak256)
 * MountainRange.append(MountainRange.empty(scheme), new Uint8Array(32).fill(1)).leafCount // 1n
 */
export function scheme(hasher: Hasher, options: scheme.Options = {}): Scheme {
  const node = (left: Bytes.Hash32, right: Bytes.Hash32) => hasher(Bytes.concat(left, right))
  return { node, bag: options.bag ?? ((peak, right) => node(right, peak)) }
}

export declare namespace scheme {
  type Options = {
    /** Joins a peak with what is bagged on its right. */
    readonly bag?: Scheme['bag']
  }
}

/** A range without leaves; its root is zero, which nothing is proved against. */
export function empty(scheme: Scheme): Range {
  return { scheme, leafCount: 0n, peaks: [] }
}

/** The range with one leaf more; `InvalidBytes` (1005) for a hash that isn't 32 bytes. */
export function append(range: Range, hash: Bytes.Hash32): Range {
  Bytes.assert(hash, 32, 'hash')
  const { scheme, leafCount } = range
  const peaks = [...range.peaks]
  let node = Bytes.copy(hash)
  for (let size = leafCount; size % 2n === 1n; size /= 2n)
    node = scheme.node(peaks.pop() as Bytes.Hash32, node)
  return { scheme, leafCount: leafCount + 1n, peaks: [...peaks, node] }
}

/** The root of a range: its peaks, bagged from the right. */
export function root(range: Range): Bytes.Hash32 {
  return range.peaks.length === 0 ? new Uint8Array(32) : bag(range.scheme, range.peaks)
}

/**
 * The proof of some leaves in the range that holds `hashes`; `InvalidArgument` (1013) where no index is given or the indices don't rise
 * from leaf to leaf.
 *
 * @example
 * import { Hasher, MountainRange } from '@aitbc/proofs/merkle'
 * const hash = new Uint8Array(32).fill(1)
 * MountainRange.prove(MountainRange.scheme(Hasher.keccak256), [hash, hash, hash], [2n]).items.length // 1
 */
export function prove(scheme: Scheme, hashes: readonly Bytes.Hash32[], indices: readonly bigint[]): Proof {
  let last = -1n
  for (const index of indices) {
    if (index <= last || index >= BigInt(hashes.length))
      throw CoreErrors.InvalidArgument(
        `an index must be that of one of ${hashes.length} leaves and above the one before, got ${show(index)}`,
        { argument: 'indices' },
      )
    last = index
  }
  if (last < 0n)
    throw CoreErrors.InvalidArgument('indices must name a leaf, got none', { argument: 'indices' })
  const leafCount = BigInt(hashes.length)
  const items: Bytes.Hash32[] = []
  const right: Bytes.Hash32[] = []
  for (const { first, size } of mountains(leafCount)) {
    const levels = grow(scheme.node, hashes.slice(first, first + size))
    const peak = levels.at(-1)?.[0] as Bytes.Hash32
    const within = indices.map((index) => Number(index) - first).filter((at) => at >= 0 && at < size)
    if (within.length > 0) items.push(...gather(levels, within))
    else if (first > Number(last)) right.push(peak)
    else items.push(peak)
  }
  if (right.length > 0) items.push(bag(scheme, right))
  const leaves = indices.map((index) => ({ index, hash: hashes[Number(index)] as Bytes.Hash32 }))
  return { leafCount, leaves, items }
}

/**
 * Verifies leaves against the root of a range.
 *
 * Every leaf must be used, every item consumed, and both follow from the number of leaves alone (A43, A45): items are the nodes
 * that the leaves' paths lack, mountain by mountain from the left and level by level, mountains without leaves as their peak, those
 * right of the last leaf bagged into one.
 *
 * Refusals: `mmr-root-zero` (A52), `mmr-leaf-count`, `mmr-leaves` (none), `mmr-leaf-index`, `mmr-leaf-order` (not rising),
 * `mmr-hash` (not 32 bytes), `mmr-items` (too few or too many), `mmr-root`.
 *
 * @example
 * import { Hasher, MountainRange } from '@aitbc/proofs/merkle'
 * const hash = new Uint8Array(32).fill(1)
 * const proof = { leafCount: 1n, leaves: [{ index: 0n, hash }], items: [] }
 * MountainRange.verify(MountainRange.scheme(Hasher.keccak256), hash, proof).ok // true
 */
export function verify(scheme: Scheme, root: Bytes.Hash32, proof: Proof): Verdict.Verdict<true> {
  const { leafCount, leaves, items } = proof
  if (root.length !== 32 || root.every((byte) => byte === 0))
    return Verdict.refuse('mmr-root-zero', 'a zero root is no root')
  if (leafCount <= 0n || leafCount > MAX_LEAVES) return noRange(leafCount)
  if (leaves.length === 0) return Verdict.refuse('mmr-leaves', 'no leaf is given')
  let previous = -1n
  const known: Known[] = []
  for (const { index, hash } of leaves) {
    if (index < 0n || index >= leafCount)
      return Verdict.refuse('mmr-leaf-index', `there is no leaf ${index} among ${leafCount}`, { index })
    if (index <= previous)
      return Verdict.refuse('mmr-leaf-order', `leaf ${index} comes after ${previous}`, { index })
    previous = index
    if (hash.length !== 32) return Verdict.refuse('mmr-hash', `the hash of leaf ${index} is no hash`)
    known.push({ index: Number(index), hash })
  }
  if (items.some((item) => item.length !== 32)) return Verdict.refuse('mmr-hash', 'an item is no hash')

  let used = 0
  const next = (): Bytes.Hash32 | undefined => items[used++]
  const peaks: Bytes.Hash32[] = []
  let at = 0
  for (const { first, size } of mountains(leafCount)) {
    const within: Known[] = []
    const bagged = at === known.length
    for (let leaf = known[at]; leaf !== undefined && leaf.index < first + size; leaf = known[++at])
      within.push({ index: leaf.index - first, hash: leaf.hash })
    const peak = within.length === 0 ? next() : climb(scheme.node, size, within, next)
    if (peak === undefined) return Verdict.refuse('mmr-items', `more than ${items.length} items are needed`)
    peaks.push(peak)
    if (bagged) break
  }
  if (used !== items.length)
    return Verdict.refuse('mmr-items', `${used} items are needed, got ${items.length}`)
  return Bytes.equal(bag(scheme, peaks), root)
    ? Verdict.accept(true)
    : Verdict.refuse('mmr-root', 'the leaves and items lead to another root')
}

/**
 * The root over a range's peaks, from the left. Refusals: `mmr-leaf-count`, `mmr-peaks` (not one for each bit of the number of
 * leaves: A45).
 */
export function rootOf(
  scheme: Scheme,
  leafCount: bigint,
  peaks: readonly Bytes.Hash32[],
): Verdict.Verdict<Bytes.Hash32> {
  if (leafCount <= 0n || leafCount > MAX_LEAVES) return noRange(leafCount)
  const count = mountains(leafCount).length
  if (peaks.length !== count || peaks.some((peak) => peak.length !== 32))
    return Verdict.refuse('mmr-peaks', `${leafCount} leaves have ${count} peaks, got ${peaks.length}`)
  return Verdict.accept(bag(scheme, peaks))
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
  if (leafCount <= 0n || leafCount > MAX_LEAVES) return noRange(leafCount)
  if (leaf.index < 0n || leaf.index >= leafCount)
    return Verdict.refuse('mmr-leaf-index', `there is no leaf ${leaf.index} among ${leafCount}`)
  const all = mountains(leafCount)
  const place = all.findLastIndex(({ first }) => first <= leaf.index)
  const { first, size, height } = all[place] as Mountain
  const right = place < all.length - 1 ? 1 : 0
  if (path.length !== height + right + place)
    return Verdict.refuse('mmr-items', `${height + right + place} items are needed, got ${path.length}`)
  // Within its mountain a node's bit tells its side; the bag joins from the left (its hash comes first), peaks from the right.
  const expected = leaf.index - BigInt(first) + BigInt(right * size)
  if (order !== expected) return Verdict.refuse('mmr-order', `the order is ${expected}, got ${order}`)
  const peaks = path.slice(height + right).reverse()
  const items = [...peaks, ...path.slice(0, height + right)]
  return Verdict.accept({ leafCount, leaves: [leaf], items })
}

function noRange(leafCount: bigint): Verdict.Verdict<never> {
  return Verdict.refuse('mmr-leaf-count', `no range has ${leafCount} leaves`, { leafCount })
}

function mountains(leafCount: bigint): readonly Mountain[] {
  const out: Mountain[] = []
  let first = 0
  let rest = Number(leafCount)
  for (let height = 53; height >= 0; height--) {
    const size = 2 ** height
    if (rest < size) continue
    out.push({ first, size, height })
    first += size
    rest -= size
  }
  return out
}

function bag(scheme: Scheme, peaks: readonly Bytes.Hash32[]): Bytes.Hash32 {
  return peaks.reduceRight((right, peak) => scheme.bag(peak, right))
}
