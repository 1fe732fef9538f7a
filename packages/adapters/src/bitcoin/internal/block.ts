import type { Bytes } from '@aitbc/core'
import { Hash256, type MerkleBlock } from '@aitbc/proofs/bitcoin'
import type { Place } from '../Backend.js'

/** The branch of the one leaf that a partial tree marks, given its index; the tree was walked before (`MerkleBlock.matches`). */
export function placeOf(block: MerkleBlock.MerkleBlock, index: number): Place {
  const { count, hashes } = block
  const width = (level: number): number => Math.ceil(count / 2 ** level)
  let height = 0
  while (width(height) > 1) height++
  const siblings: Bytes.Hash32[] = new Array(height)
  let next = 0
  const walk = (level: number, at: number): Bytes.Hash32 => {
    if (level === 0 || index >> level !== at) return hashes[next++] as Bytes.Hash32
    const left = walk(level - 1, 2 * at)
    const right = 2 * at + 1 < width(level - 1) ? walk(level - 1, 2 * at + 1) : left
    siblings[level - 1] = (index >> (level - 1)) % 2 === 0 ? right : left
    return Hash256.ofPair(left, right)
  }
  walk(height, 0)
  return { index, siblings }
}
