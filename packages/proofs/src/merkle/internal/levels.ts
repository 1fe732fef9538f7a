import type { Bytes } from '@aitbc/core'

/** How two nodes make the one above them. */
export type Node = (left: Bytes.Hash32, right: Bytes.Hash32) => Bytes.Hash32

/** A node that is known, by its place in its level. */
export interface Known {
  readonly index: number
  readonly hash: Bytes.Hash32
}

/** All levels of a tree from its leaves up; a node without a partner goes up as it is. */
export function grow(node: Node, leaves: readonly Bytes.Hash32[]): readonly (readonly Bytes.Hash32[])[] {
  const levels = [leaves]
  for (let level = leaves; level.length > 1; levels.push(level)) {
    const above: Bytes.Hash32[] = []
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] as Bytes.Hash32
      const right = level[i + 1]
      above.push(right === undefined ? left : node(left, right))
    }
    level = above
  }
  return levels
}

/** The nodes that {@link climb} asks for on the way from leaves (by rising index) to the root, in its order. */
export function gather(
  levels: readonly (readonly Bytes.Hash32[])[],
  leaves: readonly number[],
): Bytes.Hash32[] {
  const items: Bytes.Hash32[] = []
  let known = leaves
  for (const level of levels) {
    const above: number[] = []
    for (let i = 0; i < known.length; i++) {
      const at = known[i] as number
      const partner = at % 2 === 0 ? at + 1 : at - 1
      if (known[i + 1] === partner) i++
      else if (partner < level.length) items.push(level[partner] as Bytes.Hash32)
      above.push(Math.floor(at / 2))
    }
    known = above
  }
  return items
}

/**
 * The root that known leaves (one at least, by rising index below `width`) and the nodes they lack lead to, level by level;
 * `undefined` where such a node doesn't come. Which nodes have no partner follows from the tree's width alone.
 */
export function climb(
  node: Node,
  width: number,
  leaves: readonly Known[],
  next: () => Bytes.Hash32 | undefined,
): Bytes.Hash32 | undefined {
  let level = leaves
  for (let size = width; size > 1; size = Math.ceil(size / 2)) {
    const above: Known[] = []
    for (let i = 0; i < level.length; i++) {
      const { index, hash } = level[i] as Known
      const left = index % 2 === 0
      if (left && index === size - 1) {
        above.push({ index: index / 2, hash })
        continue
      }
      const partner = left && level[i + 1]?.index === index + 1 ? (level[++i] as Known).hash : next()
      if (partner === undefined) return undefined
      above.push({ index: Math.floor(index / 2), hash: left ? node(hash, partner) : node(partner, hash) })
    }
    level = above
  }
  return (level[0] as Known).hash
}
