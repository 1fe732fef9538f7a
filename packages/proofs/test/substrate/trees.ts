import { Bytes } from '@aitbc/core'
import { Hasher, type MountainRange } from '@aitbc/proofs/substrate'

const pair = (left: Uint8Array, right: Uint8Array) => Hasher.keccak256(Bytes.concat(left, right))

/** A binary tree that a test builds: a node without a partner goes up as it is. */
export function treeOf(leaves: readonly Uint8Array[]) {
  const levels: (readonly Uint8Array[])[] = [leaves]
  for (let level = leaves; level.length > 1; levels.push(level))
    level = level.flatMap((node, i) =>
      i % 2 === 1 ? [] : [i + 1 < level.length ? pair(node, level[i + 1] as Uint8Array) : node],
    )
  return {
    root: levels.at(-1)?.[0] as Uint8Array,
    levels,
    branch: (index: number) =>
      levels.flatMap((level, h) => {
        const sibling = level[(index >> h) ^ 1]
        return level.length > 1 && sibling !== undefined ? [sibling] : []
      }),
  }
}

/** The root that the branch of a leaf leads to: what a file states is held against it. */
export function climb(
  leaf: Uint8Array,
  index: bigint,
  count: bigint,
  branch: readonly Uint8Array[],
): Uint8Array {
  const rest = [...branch]
  let [hash, at, width] = [leaf, index, count]
  for (; width > 1n; width = (width + 1n) / 2n, at /= 2n) {
    // The last of an odd number of nodes goes up as it is.
    if (at % 2n === 0n && at === width - 1n) continue
    const sibling = rest.shift()
    if (sibling === undefined) throw new Error('the branch is too short')
    hash = at % 2n === 0n ? pair(hash, sibling) : pair(sibling, hash)
  }
  if (rest.length > 0) throw new Error('the branch is too long')
  return hash
}

/** A mountain range that a test builds. */
export function rangeOf(leaves: readonly Uint8Array[]) {
  const mountains: { first: number; size: number; tree: ReturnType<typeof treeOf> }[] = []
  for (let first = 0; first < leaves.length; ) {
    const size = 2 ** Math.floor(Math.log2(leaves.length - first))
    mountains.push({ first, size, tree: treeOf(leaves.slice(first, first + size)) })
    first += size
  }
  const peaks = mountains.map(({ tree }) => tree.root)
  const bag = (some: readonly Uint8Array[]) => some.reduceRight((bagged, peak) => pair(bagged, peak))
  const prove = (...indices: readonly number[]): MountainRange.Proof => {
    const sorted = [...indices].sort((a, b) => a - b)
    const items: Uint8Array[] = []
    for (const [i, { first, size, tree }] of mountains.entries()) {
      if (first > (sorted.at(-1) as number)) {
        items.push(bag(peaks.slice(i)))
        break
      }
      let known = sorted.filter((at) => at >= first && at < first + size).map((at) => at - first)
      if (known.length === 0) items.push(tree.root)
      else
        for (const level of tree.levels.slice(0, -1)) {
          for (const at of known) if (!known.includes(at ^ 1)) items.push(level[at ^ 1] as Uint8Array)
          known = [...new Set(known.map((at) => at >> 1))]
        }
    }
    return {
      leafCount: BigInt(leaves.length),
      leaves: sorted.map((at) => ({ index: BigInt(at), hash: leaves[at] as Uint8Array })),
      items,
    }
  }
  const path = (index: number) => {
    const place = mountains.findLastIndex(({ first }) => first <= index)
    const { first, tree } = mountains[place] as (typeof mountains)[number]
    const inside = tree.branch(index - first)
    const right = place < mountains.length - 1 ? [bag(peaks.slice(place + 1))] : []
    const order = BigInt(index - first) | (BigInt(right.length) << BigInt(inside.length))
    return { path: [...inside, ...right, ...peaks.slice(0, place).reverse()], order }
  }
  return { root: bag(peaks), peaks, prove, path }
}
