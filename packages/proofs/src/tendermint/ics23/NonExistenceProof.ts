import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../../internal/join.js'
import * as wire from '../internal/wire.js'
import * as ExistenceProof from './ExistenceProof.js'
import * as HashOp from './HashOp.js'
import * as InnerOp from './InnerOp.js'
import type { InnerSpec, ProofSpec } from './ProofSpec.js'

/** That a tree doesn't hold a key: the neighbours between which it would stand (ICS-23, "NonExistenceProof"). */
export interface NonExistenceProof {
  /** As the tree orders it: its hash where the specification compares hashes. Verifiers elsewhere don't look at it. */
  readonly key: Bytes.Bytes
  readonly left: ExistenceProof.ExistenceProof | undefined
  readonly right: ExistenceProof.ExistenceProof | undefined
}

/**
 * Decides whether nothing stands at a key under a root.
 *
 * Refusals: `ics23-key`, `ics23-key-empty`, `ics23-neighbours-missing`, `ics23-order` (a neighbour on the wrong side, or the key
 * itself), `ics23-leftmost`, `ics23-rightmost`, `ics23-neighbours` (something could stand between them), `ics23-hash-op`, and those
 * of `ExistenceProof.verify` for each neighbour.
 */
export function verify(
  root: Bytes.Bytes,
  spec: ProofSpec,
  key: Bytes.Bytes,
  proof: NonExistenceProof,
  options: HashOp.Options = {},
): Verdict.Verdict<null> {
  const { left, right } = proof
  if (key.length === 0) return Verdict.refuse('ics23-key-empty', 'an empty key is never there')
  const order = orderOf(spec)
  const wanted = order(key)
  if (wanted === undefined) return Verdict.refuse('ics23-hash-op', 'keys have no order')
  if (!Bytes.equal(wanted, proof.key)) return Verdict.refuse('ics23-key', 'the proof is of another key')
  for (const side of [left, right]) {
    if (side === undefined) continue
    const verdict = ExistenceProof.verify(root, spec, side.key, side.value, side, { ...options, marks: true })
    if (!verdict.ok) return verdict
  }
  if (right !== undefined && compare(wanted, order(right.key) as Bytes.Bytes) >= 0)
    return Verdict.refuse('ics23-order', 'the key stands not left of its right neighbour')
  if (left !== undefined && compare(wanted, order(left.key) as Bytes.Bytes) <= 0)
    return Verdict.refuse('ics23-order', 'the key stands not right of its left neighbour')
  const { innerSpec } = spec
  if (left === undefined) {
    if (right === undefined)
      return Verdict.refuse('ics23-neighbours-missing', 'a key is absent beside a neighbour at least')
    if (!right.path.every((op) => InnerOp.isLeftmost(op, innerSpec)))
      return Verdict.refuse('ics23-leftmost', 'the only neighbour given is not the first of its tree')
  } else if (right === undefined) {
    if (!left.path.every((op) => InnerOp.isRightmost(op, innerSpec)))
      return Verdict.refuse('ics23-rightmost', 'the only neighbour given is not the last of its tree')
  } else if (!areNeighbours(innerSpec, left.path, right.path)) {
    return Verdict.refuse('ics23-neighbours', 'something could stand between the neighbours')
  }
  return Verdict.accept(null)
}

/** Tells whether a right path is the next one after a left path, in one tree (ICS-23, "IsLeftNeighbor"). */
export function areNeighbours(
  spec: InnerSpec,
  left: readonly InnerOp.InnerOp[],
  right: readonly InnerOp.InnerOp[],
): boolean {
  let l = left.length - 1
  let r = right.length - 1
  // What both share below the root.
  for (; l >= 0 && r >= 0; l--, r--)
    if (!InnerOp.equal(left[l] as InnerOp.InnerOp, right[r] as InnerOp.InnerOp)) break
  const [topLeft, topRight] = [left[l], right[r]]
  if (topLeft === undefined || topRight === undefined) return false
  const place = InnerOp.branchOf(topLeft, spec) ?? Number.NaN
  return (
    InnerOp.branchOf(topRight, spec) === place + 1 &&
    left.slice(0, l).every((op) => InnerOp.isRightmost(op, spec)) &&
    right.slice(0, r).every((op) => InnerOp.isLeftmost(op, spec))
  )
}

/** In what order a tree's keys stand: their own, or that of their hashes. */
function orderOf(spec: ProofSpec): (key: Bytes.Bytes) => Bytes.Bytes | undefined {
  const { prehashKey } = spec.leafSpec
  return (key) =>
    spec.prehashKeyBeforeComparison && prehashKey !== 'none' ? HashOp.hash(prehashKey, key) : key
}

function compare(a: Bytes.Bytes, b: Bytes.Bytes): number {
  for (let i = 0; i < a.length && i < b.length; i++)
    if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number)
  return a.length - b.length
}

/** Writes `ics23.NonExistenceProof`. */
export function encode({ key, left, right }: NonExistenceProof): Bytes.Bytes {
  return join([
    wire.bytes(1, key),
    ...(left === undefined ? [] : [wire.message(2, ExistenceProof.encode(left))]),
    ...(right === undefined ? [] : [wire.message(3, ExistenceProof.encode(right))]),
  ])
}

/** Reads `ics23.NonExistenceProof`. */
export function read(reader: wire.Reader): NonExistenceProof {
  return {
    key: wire.readBytes(reader, 1),
    left: wire.readMessage(reader, 2, ExistenceProof.read),
    right: wire.readMessage(reader, 3, ExistenceProof.read),
  }
}
