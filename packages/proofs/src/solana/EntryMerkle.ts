import { Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'

const LEAF = /* @__PURE__ */ Uint8Array.of(0)
const NODE = /* @__PURE__ */ Uint8Array.of(1)
/** An entry's signatures are far below 2^20: they fit a slot's shreds. */
export const MAX_DEPTH = 20

/** One step towards the root: the neighbour, or none where the node is its level's last and stands for both. */
export type Step =
  | { readonly side: 'left' | 'right'; readonly hash: Bytes.Hash32 }
  | { readonly side: 'self' }

/** The path of one signature; it says the signature's index. */
export type Path = readonly Step[]

/**
 * The root over the signatures of an entry, all of each transaction in turn (agave `merkle-tree`): leaves are hashed behind 0, nodes
 * behind 1, a level's odd last node with itself. Without signatures it is zero.
 *
 * @example
 * import { EntryMerkle } from '@aitbc/proofs/solana'
 * EntryMerkle.root([new Uint8Array(64)])
 */
export function root(signatures: readonly Bytes.Bytes[]): Bytes.Hash32 {
  let level = signatures.map(leaf)
  if (level.length === 0) return new Uint8Array(32)
  while (level.length > 1) level = above(level)
  return level[0] as Bytes.Hash32
}

/** The path of the signature at an index; `undefined` where there is none. */
export function path(signatures: readonly Bytes.Bytes[], index: number): Path | undefined {
  if (signatures[index] === undefined) return undefined
  const steps: Step[] = []
  let level = signatures.map(leaf)
  for (let at = index; level.length > 1; at >>= 1) {
    const hash = level[at ^ 1]
    if (hash === undefined) steps.push({ side: 'self' })
    else steps.push({ side: at & 1 ? 'left' : 'right', hash })
    level = above(level)
  }
  return steps
}

/** The place of a signature under a root. */
export interface Leaf {
  readonly root: Bytes.Hash32
  readonly index: number
}

/**
 * Folds a path. A neighbour that equals the node is refused: it is the doubled last node, which has its own form (as in A1), so that a
 * signature has one index and one path.
 *
 * Refusals: `merkle-depth` (above 20), `merkle-duplicate`.
 */
export function fold(signature: Bytes.Bytes, steps: Path): Verdict.Verdict<Leaf> {
  if (steps.length > MAX_DEPTH)
    return Verdict.refuse('merkle-depth', `a path has at most ${MAX_DEPTH} steps, got ${steps.length}`)
  let hash = leaf(signature)
  let index = 0
  for (const [depth, step] of steps.entries()) {
    if (step.side === 'self') {
      hash = node(hash, hash)
      continue
    }
    if (Bytes.equal(step.hash, hash))
      return Verdict.refuse('merkle-duplicate', `the neighbour at level ${depth} is the node itself`)
    if (step.side === 'left') index += 2 ** depth
    hash = step.side === 'left' ? node(step.hash, hash) : node(hash, step.hash)
  }
  return Verdict.accept({ root: hash, index })
}

function above(level: readonly Bytes.Hash32[]): Bytes.Hash32[] {
  const out: Bytes.Hash32[] = []
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] as Bytes.Hash32
    out.push(node(left, level[i + 1] ?? left))
  }
  return out
}

function leaf(bytes: Bytes.Bytes): Bytes.Hash32 {
  return sha256.create().update(LEAF).update(bytes).digest()
}

function node(left: Bytes.Hash32, right: Bytes.Hash32): Bytes.Hash32 {
  return sha256.create().update(NODE).update(left).update(right).digest()
}
