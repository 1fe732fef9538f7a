import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../../internal/join.js'
import * as wire from '../internal/wire.js'
import * as ExistenceProof from './ExistenceProof.js'
import type * as HashOp from './HashOp.js'
import * as InnerOp from './InnerOp.js'
import * as LeafOp from './LeafOp.js'
import * as NonExistenceProof from './NonExistenceProof.js'
import type { ProofSpec } from './ProofSpec.js'

/** One statement's proof. */
export type Entry =
  | { readonly is: 'exist'; readonly proof: ExistenceProof.ExistenceProof }
  | { readonly is: 'nonexist'; readonly proof: NonExistenceProof.NonExistenceProof }

/** What travels (ICS-23, "CommitmentProof"): one proof or many, these with their nodes repeated or named once. */
export type CommitmentProof =
  | Entry
  | { readonly is: 'batch'; readonly entries: readonly Entry[]; readonly compressed: boolean }

/** A key with its value; `null` where there is none. */
export interface Statement {
  readonly key: Bytes.Bytes
  readonly value: Bytes.Bytes | null
}

/**
 * Decides what stands at a key under a root.
 *
 * Refusals: `ics23-kind` (the proof is of a statement of the other kind, or of many), and those of `ExistenceProof.verify` and
 * `NonExistenceProof.verify`.
 */
export function verify(
  root: Bytes.Bytes,
  spec: ProofSpec,
  { key, value }: Statement,
  proof: CommitmentProof,
  options: HashOp.Options = {},
): Verdict.Verdict<Bytes.Bytes | null> {
  if (value !== null && proof.is === 'exist')
    return ExistenceProof.verify(root, spec, key, value, proof.proof, options)
  if (value === null && proof.is === 'nonexist')
    return NonExistenceProof.verify(root, spec, key, proof.proof, options)
  return Verdict.refuse('ics23-kind', `${value === null ? 'absence' : 'a value'} isn't proved by ${proof.is}`)
}

/**
 * Decides many statements at once: a batch has one entry each, in their order, and no other, so that nothing unproved travels with
 * what is proved (A31).
 *
 * Refusals: `ics23-kind`, `ics23-entries`, and those of {@link verify}.
 */
export function verifyBatch(
  root: Bytes.Bytes,
  spec: ProofSpec,
  statements: readonly Statement[],
  proof: CommitmentProof,
  options: HashOp.Options = {},
): Verdict.Verdict<readonly Statement[]> {
  if (proof.is !== 'batch') return Verdict.refuse('ics23-kind', 'a batch is expected')
  if (statements.length === 0 || proof.entries.length !== statements.length)
    return Verdict.refuse(
      'ics23-entries',
      `${statements.length} statements are proved by as many entries, got ${proof.entries.length}`,
    )
  for (const [index, statement] of statements.entries()) {
    const verdict = verify(root, spec, statement, proof.entries[index] as Entry, options)
    if (!verdict.ok) return verdict
  }
  return Verdict.accept(statements)
}

/** Writes `ics23.CommitmentProof`; a compressed batch names its nodes in the order of their first use. */
export function encode(proof: CommitmentProof): Bytes.Bytes {
  if (proof.is === 'exist') return wire.message(1, ExistenceProof.encode(proof.proof))
  if (proof.is === 'nonexist') return wire.message(2, NonExistenceProof.encode(proof.proof))
  if (!proof.compressed)
    return wire.message(3, join(proof.entries.map((entry) => wire.message(1, encode(entry)))))
  const lookup = new Map<string, number>()
  const ops: InnerOp.InnerOp[] = []
  const existence = ({ key, value, leaf, path }: ExistenceProof.ExistenceProof): Bytes.Bytes => {
    const indices = path.map((op) => {
      const name = nameOf(op)
      if (!lookup.has(name)) lookup.set(name, ops.push(op) - 1)
      return wire.varint(BigInt(lookup.get(name) as number))
    })
    return join([
      wire.bytes(1, key),
      wire.bytes(2, value),
      ...(leaf === undefined ? [] : [wire.message(3, LeafOp.encode(leaf))]),
      wire.bytes(4, join(indices)),
    ])
  }
  const entries = proof.entries.map((entry) => {
    if (entry.is === 'exist') return wire.message(1, wire.message(1, existence(entry.proof)))
    const { key, left, right } = entry.proof
    const sides = [left, right].map((side, i) =>
      side === undefined ? new Uint8Array(0) : wire.message(i + 2, existence(side)),
    )
    return wire.message(1, wire.message(2, join([wire.bytes(1, key), ...sides])))
  })
  return wire.message(4, join([...entries, ...ops.map((op) => wire.message(2, InnerOp.encode(op)))]))
}

/**
 * Reads `ics23.CommitmentProof` in its one encoding. Of a compressed batch, each node is named once, in the order of first use, and
 * used; nodes are shared then, so memory stays within the input's size.
 *
 * Refusals: `protobuf`, `ics23-lookup`.
 *
 * @example
 * import { Ics23 } from '@aitbc/proofs/tendermint'
 * Ics23.CommitmentProof.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<CommitmentProof> {
  const raw = wire.decode(bytes, (reader) => {
    const single = readEntry(reader)
    const batch = wire.readMessage(reader, 3, (inner) =>
      wire.readMany(inner, 1, (item) => one(item, [readEntry(item)])),
    )
    const compressed = wire.readMessage(reader, 4, (inner) => ({
      entries: wire.readMany(inner, 1, readCompressed),
      lookup: wire.readMany(inner, 2, InnerOp.read),
    }))
    one(reader, [single, batch, compressed])
    return { single, batch, compressed }
  })
  if (!raw.ok) return raw
  const { single, batch, compressed } = raw.value
  if (compressed !== undefined) return decompress(compressed.entries, compressed.lookup)
  if (batch !== undefined)
    return Verdict.accept({ is: 'batch', entries: batch as readonly Entry[], compressed: false })
  return Verdict.accept(single as Entry)
}

interface CompressedExistence extends Omit<ExistenceProof.ExistenceProof, 'path'> {
  readonly path: readonly number[]
}

interface CompressedEntry {
  readonly exist: CompressedExistence | undefined
  readonly nonexist:
    | {
        readonly key: Bytes.Bytes
        readonly left: CompressedExistence | undefined
        readonly right: CompressedExistence | undefined
      }
    | undefined
}

function readEntry(reader: wire.Reader): Entry | undefined {
  const exist = wire.readMessage(reader, 1, ExistenceProof.read)
  if (exist !== undefined) return { is: 'exist', proof: exist }
  const nonexist = wire.readMessage(reader, 2, NonExistenceProof.read)
  return nonexist === undefined ? undefined : { is: 'nonexist', proof: nonexist }
}

function readCompressed(reader: wire.Reader): CompressedEntry {
  const exist = wire.readMessage(reader, 1, readCompressedExistence)
  const nonexist = wire.readMessage(reader, 2, (inner) => ({
    key: wire.readBytes(inner, 1),
    left: wire.readMessage(inner, 2, readCompressedExistence),
    right: wire.readMessage(inner, 3, readCompressedExistence),
  }))
  one(reader, [exist, nonexist])
  return { exist, nonexist }
}

function readCompressedExistence(reader: wire.Reader): CompressedExistence {
  return {
    key: wire.readBytes(reader, 1),
    value: wire.readBytes(reader, 2),
    leaf: wire.readMessage(reader, 3, LeafOp.read),
    path: wire.readPacked(reader, 4),
  }
}

/** Of alternatives exactly one must be there; gives the first. */
function one<T>(reader: wire.Reader, alternatives: readonly T[]): T {
  if (alternatives.filter((it) => it !== undefined).length !== 1)
    wire.fail(reader, 'exactly one of several is expected')
  return alternatives[0] as T
}

function decompress(
  compressed: readonly CompressedEntry[],
  lookup: readonly InnerOp.InnerOp[],
): Verdict.Verdict<CommitmentProof> {
  let used = 0
  let inOrder = new Set(lookup.map(nameOf)).size === lookup.length
  const existence = (it: CompressedExistence): ExistenceProof.ExistenceProof => {
    const path = it.path.map((index) => {
      if (index > used) inOrder = false
      if (index === used) used++
      // Where there is none, more are used than there are.
      return lookup[index] as InnerOp.InnerOp
    })
    return { ...it, path }
  }
  const optional = (it: CompressedExistence | undefined) => (it === undefined ? undefined : existence(it))
  const entries: Entry[] = []
  for (const { exist, nonexist } of compressed) {
    if (nonexist === undefined) {
      entries.push({ is: 'exist', proof: existence(exist as CompressedExistence) })
      continue
    }
    const { key, left, right } = nonexist
    entries.push({ is: 'nonexist', proof: { key, left: optional(left), right: optional(right) } })
  }
  if (!inOrder || used !== lookup.length)
    return Verdict.refuse('ics23-lookup', 'nodes are named once, in the order of their first use, and used')
  return Verdict.accept({ is: 'batch', entries, compressed: true })
}

function nameOf(op: InnerOp.InnerOp): string {
  return `${op.hash}/${Bytes.toHex(op.prefix)}/${Bytes.toHex(op.suffix)}`
}
