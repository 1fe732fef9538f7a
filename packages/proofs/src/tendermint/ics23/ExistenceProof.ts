import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../../internal/join.js'
import * as wire from '../internal/wire.js'
import * as InnerOp from './InnerOp.js'
import * as LeafOp from './LeafOp.js'
import * as ProofSpec from './ProofSpec.js'

/** That a key has a value in a tree: the leaf, and the nodes from there up to the root (ICS-23, "ExistenceProof"). */
export interface ExistenceProof {
  readonly key: Bytes.Bytes
  readonly value: Bytes.Bytes
  readonly leaf: LeafOp.LeafOp | undefined
  readonly path: readonly InnerOp.InnerOp[]
}

/**
 * The root that a proof leads to, whatever its tree looks like: this alone proves nothing, {@link verify} does.
 *
 * Refusals: `ics23-leaf-missing`, and those of `LeafOp.apply` and `InnerOp.apply`.
 */
export function rootOf(proof: ExistenceProof, options: LeafOp.Options = {}): Verdict.Verdict<Bytes.Bytes> {
  if (proof.leaf === undefined) return Verdict.refuse('ics23-leaf-missing', 'the proof has no leaf')
  let hash = LeafOp.apply(proof.leaf, proof.key, proof.value, options)
  for (const op of proof.path) {
    if (!hash.ok) return hash
    hash = InnerOp.apply(op, hash.value, options)
  }
  return hash
}

/**
 * Checks that a proof's leaf and nodes are made as a specification says (ICS-23, "ExistenceProof.CheckAgainstSpec").
 *
 * Refusals: `ics23-leaf-missing`, `ics23-depth`, and those of `LeafOp.check`, `InnerOp.check` and `InnerOp.checkIavl`.
 */
export function check(proof: ExistenceProof, spec: ProofSpec.ProofSpec): Verdict.Verdict<true> {
  const { leaf, path } = proof
  if (leaf === undefined) return Verdict.refuse('ics23-leaf-missing', 'the proof has no leaf')
  const checked = LeafOp.check(leaf, spec.leafSpec)
  if (!checked.ok) return checked
  if (spec.nodes === 'iavl') {
    const iavl = InnerOp.checkIavl(leaf, 0)
    if (!iavl.ok) return iavl
  }
  const most = ProofSpec.depthOf(spec)
  if (path.length < spec.minDepth || path.length > most)
    return Verdict.refuse('ics23-depth', `a path has ${spec.minDepth} to ${most} nodes, got ${path.length}`)
  for (const [index, op] of path.entries()) {
    const inner = InnerOp.check(op, spec, index + 1)
    if (!inner.ok) return inner
  }
  return Verdict.accept(true)
}

/**
 * Decides whether a key has a value under a root.
 *
 * Refusals: `root-zero` (A52), `ics23-key`, `ics23-value`, `ics23-branch` (a node's bytes leave no place for the child),
 * `ics23-child-size`, `ics23-root`, and those of `ProofSpec.check`, {@link check} and {@link rootOf}.
 */
export function verify(
  root: Bytes.Bytes,
  spec: ProofSpec.ProofSpec,
  key: Bytes.Bytes,
  value: Bytes.Bytes,
  proof: ExistenceProof,
  options: LeafOp.Options = {},
): Verdict.Verdict<Bytes.Bytes> {
  const sound = ProofSpec.check(spec)
  if (!sound.ok) return sound
  if (root.every((byte) => byte === 0)) return Verdict.refuse('root-zero', 'a zero root is no root')
  if (!Bytes.equal(key, proof.key)) return Verdict.refuse('ics23-key', 'the proof is of another key')
  if (!Bytes.equal(value, proof.value)) return Verdict.refuse('ics23-value', 'the proof is of another value')
  const checked = check(proof, spec)
  if (!checked.ok) return checked
  for (const [index, op] of proof.path.entries())
    if (InnerOp.branchOf(op, spec.innerSpec) === undefined)
      return Verdict.refuse('ics23-branch', `node ${index} leaves no place for its child`, { index })
  const found = rootOf(proof, options)
  if (!found.ok) return found
  // Of all nodes alike, as all are hashed alike: a longer hash could hide a sibling.
  if (proof.path.length > 0 && found.value.length > spec.innerSpec.childSize)
    return Verdict.refuse('ics23-child-size', `a hash of ${found.value.length} bytes fits no child`)
  if (!Bytes.equal(found.value, root)) return Verdict.refuse('ics23-root', 'the proof leads to another root')
  return Verdict.accept(value)
}

/** Writes `ics23.ExistenceProof`. */
export function encode({ key, value, leaf, path }: ExistenceProof): Bytes.Bytes {
  return join([
    wire.bytes(1, key),
    wire.bytes(2, value),
    ...(leaf === undefined ? [] : [wire.message(3, LeafOp.encode(leaf))]),
    ...path.map((op) => wire.message(4, InnerOp.encode(op))),
  ])
}

/** Reads `ics23.ExistenceProof`. */
export function read(reader: wire.Reader): ExistenceProof {
  return {
    key: wire.readBytes(reader, 1),
    value: wire.readBytes(reader, 2),
    leaf: wire.readMessage(reader, 3, LeafOp.read),
    path: wire.readMany(reader, 4, InnerOp.read),
  }
}
