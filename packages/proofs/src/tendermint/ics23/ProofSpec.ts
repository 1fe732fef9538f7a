import { type Bytes, Verdict } from '@aitbc/core'
import type { HashOp } from './HashOp.js'
import type { LeafOp } from './LeafOp.js'

/** How a tree's inner nodes are made (ICS-23, "InnerSpec"). */
export interface InnerSpec {
  /** Which child stands at which place, from the left. */
  readonly childOrder: readonly number[]
  /** Bytes of a child in its parent. */
  readonly childSize: number
  readonly minPrefixLength: number
  readonly maxPrefixLength: number
  /** What stands for a child that isn't there; empty where all are. */
  readonly emptyChild: Bytes.Bytes
  readonly hash: HashOp
}

/** A kind of tree (ICS-23, "ProofSpec"). */
export interface ProofSpec {
  readonly leafSpec: LeafOp
  readonly innerSpec: InnerSpec
  /** Most inner nodes of a path; 128 where it is 0. */
  readonly maxDepth: number
  readonly minDepth: number
  /** Whether keys stand in the order of their hashes. */
  readonly prehashKeyBeforeComparison: boolean
  /** How inner nodes must look beyond what the fields above say. */
  readonly nodes: 'iavl' | 'any'
}

const ZERO = /* @__PURE__ */ Uint8Array.of(0)

const LEAF: LeafOp = {
  hash: 'sha256',
  prehashKey: 'none',
  prehashValue: 'sha256',
  length: 'var-proto',
  prefix: ZERO,
}

/** IAVL trees: a store of the Cosmos SDK. */
export const iavl: ProofSpec = {
  leafSpec: LEAF,
  innerSpec: {
    childOrder: [0, 1],
    childSize: 33,
    minPrefixLength: 4,
    maxPrefixLength: 12,
    emptyChild: /* @__PURE__ */ new Uint8Array(0),
    hash: 'sha256',
  },
  maxDepth: 0,
  minDepth: 0,
  prehashKeyBeforeComparison: false,
  nodes: 'iavl',
}

/** CometBFT's Merkle maps: the stores under an app hash. */
export const tendermint: ProofSpec = {
  leafSpec: LEAF,
  innerSpec: {
    childOrder: [0, 1],
    childSize: 32,
    minPrefixLength: 1,
    maxPrefixLength: 1,
    emptyChild: /* @__PURE__ */ new Uint8Array(0),
    hash: 'sha256',
  },
  maxDepth: 0,
  minDepth: 0,
  prehashKeyBeforeComparison: false,
  nodes: 'any',
}

/** Sparse Merkle trees (celestiaorg/smt). */
export const smt: ProofSpec = {
  leafSpec: { ...LEAF, prehashKey: 'sha256', length: 'none' },
  innerSpec: {
    childOrder: [0, 1],
    childSize: 32,
    minPrefixLength: 1,
    maxPrefixLength: 1,
    emptyChild: /* @__PURE__ */ new Uint8Array(32),
    hash: 'sha256',
  },
  maxDepth: 256,
  minDepth: 0,
  prehashKeyBeforeComparison: true,
  nodes: 'any',
}

/**
 * Checks that a specification is sound: that a node's bytes tell the place of the child, and a leaf from an inner node (A30).
 *
 * Refusals: `ics23-spec`.
 */
export function check(spec: ProofSpec): Verdict.Verdict<true> {
  const { childOrder, childSize, minPrefixLength, maxPrefixLength, emptyChild } = spec.innerSpec
  const refuse = (why: string) => Verdict.refuse('ics23-spec', why)
  const numbers = [childSize, minPrefixLength, maxPrefixLength, spec.minDepth, spec.maxDepth]
  if (numbers.some((it) => !Number.isSafeInteger(it) || it < 0)) return refuse('sizes are whole numbers')
  if (childSize < 1) return refuse('children have a size')
  if (childOrder.length < 2 || childOrder.some((_, branch) => !childOrder.includes(branch)))
    return refuse('the order of children must name each once, and two at least')
  if (minPrefixLength > maxPrefixLength) return refuse('the shortest prefix is longer than the longest')
  if (maxPrefixLength >= minPrefixLength + childSize) return refuse('a longer prefix could hide a child')
  if (emptyChild.length !== 0 && emptyChild.length !== childSize)
    return refuse('an empty child has the size of a child')
  if (spec.maxDepth > 0 && spec.minDepth > spec.maxDepth) return refuse('no depth is allowed')
  return Verdict.accept(true)
}

/** Most inner nodes that a path may have. */
export function depthOf({ maxDepth }: ProofSpec): number {
  return maxDepth === 0 ? 128 : maxDepth
}
