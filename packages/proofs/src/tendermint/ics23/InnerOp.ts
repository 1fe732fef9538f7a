import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../../internal/join.js'
import * as wire from '../internal/wire.js'
import * as HashOp from './HashOp.js'
import { startsWith } from './LeafOp.js'
import type { InnerSpec, ProofSpec } from './ProofSpec.js'

/** How a child's hash becomes its parent's: `hash(prefix ‖ child ‖ suffix)` (ICS-23, "InnerOp"). */
export interface InnerOp {
  readonly hash: HashOp.HashOp
  readonly prefix: Bytes.Bytes
  readonly suffix: Bytes.Bytes
}

/** The hash of a node over one of its children. Refusals: `ics23-child-empty`, `ics23-hash-op`. */
export function apply(
  op: InnerOp,
  child: Bytes.Bytes,
  options: HashOp.Options = {},
): Verdict.Verdict<Bytes.Bytes> {
  if (child.length === 0) return Verdict.refuse('ics23-child-empty', 'an inner node has a child')
  const hash = HashOp.hashOf(op.hash, [op.prefix, child, op.suffix], options)
  return hash === undefined
    ? Verdict.refuse('ics23-hash-op', `${op.hash} gives no hash of a node`)
    : Verdict.accept(hash)
}

/**
 * Checks that a node is made as its specification says (ICS-23, "InnerOp.CheckAgainstSpec"): above all, that it can't be read as a
 * leaf, and hides no child (A30). `layer` counts from 1 above the leaf.
 *
 * Refusals: `ics23-inner-op`, `ics23-inner-leaf-prefix`, `ics23-inner-prefix`, `ics23-inner-suffix`, and those of {@link checkIavl}.
 */
export function check(op: InnerOp, spec: ProofSpec, layer: number): Verdict.Verdict<true> {
  const { childOrder, childSize, minPrefixLength, maxPrefixLength, hash } = spec.innerSpec
  if (op.hash !== hash)
    return Verdict.refuse('ics23-inner-op', `a node's hash is ${op.hash}, not ${hash}`, { layer })
  if (startsWith(op.prefix, spec.leafSpec.prefix))
    return Verdict.refuse('ics23-inner-leaf-prefix', 'a node starts as a leaf does', { layer })
  const longest = maxPrefixLength + (childOrder.length - 1) * childSize
  if (op.prefix.length < minPrefixLength || op.prefix.length > longest)
    return Verdict.refuse(
      'ics23-inner-prefix',
      `a node's prefix has ${minPrefixLength} to ${longest} bytes, got ${op.prefix.length}`,
      { layer },
    )
  if (childSize < 1 || op.suffix.length % childSize !== 0)
    return Verdict.refuse('ics23-inner-suffix', 'what follows a child is no whole child', { layer })
  return spec.nodes === 'iavl' ? checkIavl(op, layer) : Verdict.accept(true)
}

/**
 * Checks what IAVL binds in a node's prefix: height (which grows from layer to layer), size and version, as zigzag varints, then
 * the length of a child's hash (A30). In a leaf (`layer` 0) nothing follows, and height and size are 0 and 1.
 *
 * Refusals: `ics23-iavl-prefix`, `ics23-iavl-height`.
 */
export function checkIavl(
  { prefix, suffix = NONE }: { readonly prefix: Bytes.Bytes; readonly suffix?: Bytes.Bytes },
  layer: number,
): Verdict.Verdict<true> {
  const values: number[] = []
  let at = 0
  for (let i = 0; i < 3; i++) {
    const value = zigzag(prefix, at)
    if (value === undefined)
      return Verdict.refuse('ics23-iavl-prefix', 'a node starts with height, size and version', { layer })
    values.push(value.value)
    at = value.next
  }
  const [height, size] = values as [number, number]
  if (height < layer || height > 127)
    return Verdict.refuse('ics23-iavl-height', `a node of height ${height} stands in layer ${layer}`, {
      layer,
    })
  const rest = prefix.length - at
  const lengths =
    layer === 0
      ? rest === 0 && height === 0 && size === 1
      : rest === 1
        ? prefix[at] === 32 && (suffix.length === 0 || suffix[0] === 32)
        : rest === 34 && prefix[at] === 32 && prefix[at + 33] === 32 && suffix.length === 0
  if (!lengths)
    return Verdict.refuse('ics23-iavl-prefix', 'beside height, size and version stand hashes of 32 bytes', {
      layer,
    })
  return Verdict.accept(true)
}

/** The place of a path's child among its siblings, from the left; none where the node's bytes leave no place for it. */
export function branchOf(op: InnerOp, spec: InnerSpec): number | undefined {
  const { childOrder, childSize, minPrefixLength, maxPrefixLength } = spec
  for (let branch = 0; branch < childOrder.length; branch++) {
    const place = childOrder.indexOf(branch)
    const before = op.prefix.length - place * childSize
    const after = (childOrder.length - 1 - place) * childSize
    if (before >= minPrefixLength && before <= maxPrefixLength && op.suffix.length === after) return branch
  }
  return undefined
}

/** Tells whether nothing stands left of a path's child: it is the first, or those before it are empty. */
export function isLeftmost(op: InnerOp, spec: InnerSpec): boolean {
  const branch = branchOf(op, spec)
  return (
    branch !== undefined && spec.childOrder.every((_, it) => it >= branch || isEmpty(op, spec, branch, it))
  )
}

/** Tells whether nothing stands right of a path's child: it is the last, or those behind it are empty. */
export function isRightmost(op: InnerOp, spec: InnerSpec): boolean {
  const branch = branchOf(op, spec)
  return (
    branch !== undefined && spec.childOrder.every((_, it) => it <= branch || isEmpty(op, spec, branch, it))
  )
}

/** Tells whether two hash the same way, with the same bytes on both sides. */
export function equal(a: InnerOp, b: InnerOp): boolean {
  return a.hash === b.hash && Bytes.equal(a.prefix, b.prefix) && Bytes.equal(a.suffix, b.suffix)
}

/** Writes `ics23.InnerOp`. */
export function encode(op: InnerOp): Bytes.Bytes {
  return join([
    wire.integer(1, HashOp.NAMES.indexOf(op.hash)),
    wire.bytes(2, op.prefix),
    wire.bytes(3, op.suffix),
  ])
}

/** Reads `ics23.InnerOp`. */
export function read(reader: wire.Reader): InnerOp {
  return {
    hash: wire.readEnum(reader, 1, HashOp.NAMES),
    prefix: wire.readBytes(reader, 2),
    suffix: wire.readBytes(reader, 3),
  }
}

const NONE = /* @__PURE__ */ new Uint8Array(0)

/** Tells whether a sibling of the child at `branch` is the empty child. */
function isEmpty(op: InnerOp, spec: InnerSpec, branch: number, sibling: number): boolean {
  const { childOrder, childSize, emptyChild } = spec
  const place = childOrder.indexOf(branch)
  const other = childOrder.indexOf(sibling)
  const bytes =
    other < place
      ? op.prefix.subarray(op.prefix.length - (place - other) * childSize)
      : op.suffix.subarray((other - place - 1) * childSize)
  return Bytes.equal(bytes.subarray(0, childSize), emptyChild)
}

/** A zigzag varint of 64 bits in its shortest form that isn't negative; exact to 2^53, and beyond all bounds above. */
function zigzag(
  bytes: Bytes.Bytes,
  from: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0
  let unit = 1
  for (let at = from; at < bytes.length && at < from + 10; at++, unit *= 128) {
    const byte = bytes[at] as number
    value += (byte & 0x7f) * unit
    if (byte > 0x7f) continue
    const tooLong = (byte === 0 && at > from) || (at === from + 9 && byte > 1)
    if (tooLong || ((bytes[from] as number) & 1) === 1) return undefined
    return { value: value / 2, next: at + 1 }
  }
  return undefined
}
