import { type Bytes, Verdict } from '@aitbc/core'
import { join } from '../../internal/join.js'
import * as wire from '../internal/wire.js'
import * as HashOp from './HashOp.js'

/** `LengthOp` of ICS-23, by number. */
export const LENGTHS = [
  'none',
  'var-proto',
  'var-rlp',
  'fixed32-big',
  'fixed32-little',
  'fixed64-big',
  'fixed64-little',
  'require-32',
  'require-64',
] as const

export type LengthOp = (typeof LENGTHS)[number]

/** How a key and its value become a leaf's hash (ICS-23, "LeafOp"). */
export interface LeafOp {
  readonly hash: HashOp.HashOp
  readonly prehashKey: HashOp.HashOp
  readonly prehashValue: HashOp.HashOp
  readonly length: LengthOp
  readonly prefix: Bytes.Bytes
}

export interface Options extends HashOp.Options {
  /** The leaf only marks where something is absent, and its value is told to nobody. */
  readonly marks?: boolean
}

/**
 * The hash of a leaf. A leaf that only marks a place may have an empty value where values are hashed first, since its length then says
 * nothing: modules of the Cosmos SDK keep indices of empty values.
 *
 * Refusals: `ics23-key-empty`, `ics23-value-empty`, `ics23-hash-op`, `ics23-length-op`.
 */
export function apply(
  op: LeafOp,
  key: Bytes.Bytes,
  value: Bytes.Bytes,
  options: Options = {},
): Verdict.Verdict<Bytes.Bytes> {
  if (key.length === 0) return Verdict.refuse('ics23-key-empty', 'a leaf has a key')
  const mayBeEmpty = options.marks === true && op.prehashValue !== 'none'
  if (value.length === 0 && !mayBeEmpty) return Verdict.refuse('ics23-value-empty', 'a leaf has a value')
  const parts: Bytes.Bytes[] = [op.prefix]
  for (const [prehash, data] of [
    [op.prehashKey, key],
    [op.prehashValue, value],
  ] as const) {
    const hashed = prehash === 'none' ? data : HashOp.hash(prehash, data, options)
    if (hashed === undefined) return Verdict.refuse('ics23-hash-op', `${prehash} has no meaning`)
    const before = lengthOf(op.length, hashed.length)
    if (before === undefined)
      return Verdict.refuse('ics23-length-op', `${op.length} doesn't go with ${hashed.length} bytes`)
    parts.push(before, hashed)
  }
  const hash = HashOp.hashOf(op.hash, parts, options)
  return hash === undefined
    ? Verdict.refuse('ics23-hash-op', `${op.hash} gives no hash of a leaf`)
    : Verdict.accept(hash)
}

/**
 * Checks that a leaf is hashed as its specification says (ICS-23, "LeafOp.CheckAgainstSpec"). Refusals: `ics23-leaf-op`,
 * `ics23-leaf-prefix`.
 */
export function check(op: LeafOp, spec: LeafOp): Verdict.Verdict<true> {
  for (const field of ['hash', 'prehashKey', 'prehashValue', 'length'] as const)
    if (op[field] !== spec[field])
      return Verdict.refuse('ics23-leaf-op', `${field} of the leaf is ${op[field]}, not ${spec[field]}`, {
        field,
      })
  if (!startsWith(op.prefix, spec.prefix))
    return Verdict.refuse('ics23-leaf-prefix', "the leaf doesn't start as its specification says")
  return Verdict.accept(true)
}

/** Tells whether bytes begin with a prefix; total. */
export function startsWith(bytes: Bytes.Bytes, prefix: Bytes.Bytes): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false
  return true
}

/** Writes `ics23.LeafOp`. */
export function encode(op: LeafOp): Bytes.Bytes {
  return join([
    wire.integer(1, HashOp.NAMES.indexOf(op.hash)),
    wire.integer(2, HashOp.NAMES.indexOf(op.prehashKey)),
    wire.integer(3, HashOp.NAMES.indexOf(op.prehashValue)),
    wire.integer(4, LENGTHS.indexOf(op.length)),
    wire.bytes(5, op.prefix),
  ])
}

/** Reads `ics23.LeafOp`. */
export function read(reader: wire.Reader): LeafOp {
  return {
    hash: wire.readEnum(reader, 1, HashOp.NAMES),
    prehashKey: wire.readEnum(reader, 2, HashOp.NAMES),
    prehashValue: wire.readEnum(reader, 3, HashOp.NAMES),
    length: wire.readEnum(reader, 4, LENGTHS),
    prefix: wire.readBytes(reader, 5),
  }
}

/** What stands before data of a length; none where the length isn't allowed, or the name has no meaning. */
function lengthOf(op: LengthOp, length: number): Bytes.Bytes | undefined {
  switch (op) {
    case 'none':
      return new Uint8Array(0)
    case 'var-proto':
      return wire.varint(BigInt(length))
    case 'fixed32-big':
    case 'fixed32-little': {
      const out = new Uint8Array(4)
      new DataView(out.buffer).setUint32(0, length, op === 'fixed32-little')
      return out
    }
    case 'fixed64-big':
    case 'fixed64-little': {
      const out = new Uint8Array(8)
      new DataView(out.buffer).setBigUint64(0, BigInt(length), op === 'fixed64-little')
      return out
    }
    case 'require-32':
      return length === 32 ? new Uint8Array(0) : undefined
    case 'require-64':
      return length === 64 ? new Uint8Array(0) : undefined
  }
  return undefined
}
