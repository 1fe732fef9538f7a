import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import { plain } from '../internal/plain.js'
import * as MerkleTree from './MerkleTree.js'

/** How values of one kind are written, read and hashed. Made by the functions of this module alone. */
export interface Type<T> {
  /** Bytes of every value; `undefined` where that depends on the value. */
  readonly size: number | undefined
  /** Reads exactly these bytes. */
  read(bytes: Bytes.Bytes): Verdict.Verdict<T>
  write(value: T): Bytes.Bytes
  root(value: T): Bytes.Hash32
  /** What stands where nothing was given ("Default values"). */
  readonly zero: T
  /** Values are packed into chunks, several to one. */
  readonly basic?: true
}

/** The values of a type. */
export type Value<X> = X extends Type<infer T> ? T : never

/** A type with named fields. */
export interface Container<F extends Readonly<Record<string, Type<unknown>>>>
  extends Type<{ readonly [K in keyof F]: Value<F[K]> }> {
  readonly fields: F
  /** Roots of the fields, in order: the leaves of the value's tree. */
  leaves(value: { readonly [K in keyof F]: Value<F[K]> }): readonly Bytes.Hash32[]
}

/** Bits with their number; the first is the lowest of the first byte. */
export interface Bits {
  readonly length: number
  readonly bytes: Bytes.Bytes
}

/**
 * Reads the one encoding of a value (consensus-specs, "Simple Serialize"); total, all bytes consumed, allocating at most a
 * constant times the input.
 *
 * Refusals: `ssz-length` (too short, or bytes left over), `ssz-offset` (not where the part before ends), `ssz-limit` (more
 * elements than the type has room for), `ssz-boolean`, `ssz-bits` (padding that isn't zero, or no end mark), `ssz-type` (a type
 * without values).
 *
 * @example
 * import { Ssz } from '@aitbc/proofs/beacon'
 * Ssz.decode(Ssz.uint(16), Uint8Array.of(1, 2)) // { ok: true, value: 513n }
 */
export function decode<T>(type: Type<T>, bytes: Bytes.Bytes): Verdict.Verdict<T> {
  return type.read(plain(bytes))
}

/** Writes a value. */
export function encode<T>(type: Type<T>, value: T): Bytes.Bytes {
  return type.write(value)
}

/**
 * `hash_tree_root` of a value.
 *
 * @example
 * import { Ssz } from '@aitbc/proofs/beacon'
 * Ssz.hashTreeRoot(Ssz.uint(8), 1n)[0] // 1
 */
export function hashTreeRoot<T>(type: Type<T>, value: T): Bytes.Hash32 {
  return type.root(value)
}

/** Tells whether a value is its type's default. */
export function isZero<T>(type: Type<T>, value: T): boolean {
  return Bytes.equal(type.write(value), type.write(type.zero))
}

/** An unsigned integer of 8, 16, 32, 64, 128 or 256 bits, little-endian. */
export function uint(bits: 8 | 16 | 32 | 64 | 128 | 256): Type<bigint> {
  const size = bits / 8
  const write = (value: bigint): Bytes.Bytes => {
    const out = new Uint8Array(size)
    for (let i = 0, rest = value; i < size; i++, rest >>= 8n) out[i] = Number(rest & 0xffn)
    return out
  }
  return {
    size,
    basic: true,
    read: (bytes) =>
      exactly(bytes, size) ??
      Verdict.accept(bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)),
    write,
    root: (value) => padded(write(value)),
    zero: 0n,
  }
}

/** A boolean: one byte, 0 or 1. */
export const boolean: Type<boolean> = {
  size: 1,
  basic: true,
  read: (bytes) =>
    exactly(bytes, 1) ??
    ((bytes[0] as number) > 1
      ? Verdict.refuse('ssz-boolean', `a boolean is 0 or 1, got ${bytes[0]}`)
      : Verdict.accept(bytes[0] === 1)),
  write: (value) => Uint8Array.of(value ? 1 : 0),
  root: (value) => padded(Uint8Array.of(value ? 1 : 0)),
  zero: false,
}

/** Exactly `size` bytes (`ByteVector`). */
export function bytes(size: number): Type<Bytes.Bytes> {
  return {
    size,
    read: (bytes) => exactly(bytes, size) ?? Verdict.accept(bytes.slice()),
    write: (value) => value,
    root: (value) => MerkleTree.root(chunksOf(value)),
    zero: new Uint8Array(size),
  }
}

/** At most `limit` bytes (`ByteList`). */
export function byteList(limit: number): Type<Bytes.Bytes> {
  return {
    size: undefined,
    read: (bytes) => atMost(bytes.length, limit) ?? Verdict.accept(bytes.slice()),
    write: (value) => value,
    root: (value) => mixIn(MerkleTree.root(chunksOf(value), Math.ceil(limit / 32)), value.length),
    zero: new Uint8Array(0),
  }
}

/** Exactly `length` bits, packed; what pads the last byte is zero. */
export function bitvector(length: number): Type<Bytes.Bytes> {
  const size = Math.ceil(length / 8)
  return {
    size,
    read: (bytes) => {
      if (length === 0) return Verdict.refuse('ssz-type', 'a vector of no bits has no values')
      const wrong = exactly(bytes, size)
      if (wrong !== undefined) return wrong
      return length % 8 !== 0 && (bytes[size - 1] as number) >> (length % 8) !== 0
        ? Verdict.refuse('ssz-bits', `bits beyond the ${length} are set`)
        : Verdict.accept(bytes.slice())
    },
    write: (value) => value,
    root: (value) => MerkleTree.root(chunksOf(value)),
    zero: new Uint8Array(size),
  }
}

/** At most `limit` bits, with a set bit that marks their end. */
export function bitlist(limit: number): Type<Bits> {
  return {
    size: undefined,
    read: (bytes) => {
      const last = bytes[bytes.length - 1] ?? 0
      if (last === 0) return Verdict.refuse('ssz-bits', 'no bit marks the end of the bits')
      const top = 31 - Math.clz32(last)
      const length = (bytes.length - 1) * 8 + top
      const wrong = atMost(length, limit)
      if (wrong !== undefined) return wrong
      const out = bytes.slice(0, Math.ceil(length / 8))
      if (top > 0) out[out.length - 1] = last ^ (1 << top)
      return Verdict.accept({ length, bytes: out })
    },
    write: ({ length, bytes }) => {
      const out = new Uint8Array(Math.floor(length / 8) + 1)
      out.set(bytes)
      out[out.length - 1] = (out[out.length - 1] as number) | (1 << (length % 8))
      return out
    },
    root: ({ length, bytes }) => mixIn(MerkleTree.root(chunksOf(bytes), Math.ceil(limit / 256)), length),
    zero: { length: 0, bytes: new Uint8Array(0) },
  }
}

/** Exactly `length` elements. */
export function vector<T>(element: Type<T>, length: number): Type<readonly T[]> {
  return {
    size: element.size === undefined ? undefined : element.size * length,
    read: (bytes) =>
      length === 0
        ? Verdict.refuse('ssz-type', 'a vector of nothing has no values')
        : sequence(bytes, element, (count) =>
            count === length
              ? undefined
              : Verdict.refuse('ssz-length', `${length} elements are expected, got ${count}`),
          ),
    write: (value) => writeAll(value.map((item) => ({ type: element, bytes: element.write(item) }))),
    root: (value) => elementsRoot(element, value, length),
    zero: Array.from({ length }, () => element.zero),
  }
}

/** At most `limit` elements. */
export function list<T>(element: Type<T>, limit: number): Type<readonly T[]> {
  return {
    size: undefined,
    read: (bytes) => sequence(bytes, element, (count) => atMost(count, limit)),
    write: (value) => writeAll(value.map((item) => ({ type: element, bytes: element.write(item) }))),
    root: (value) => mixIn(elementsRoot(element, value, limit), value.length),
    zero: [],
  }
}

/** Named fields, in order. */
export function container<F extends Readonly<Record<string, Type<unknown>>>>(fields: F): Container<F> {
  type T = { readonly [K in keyof F]: Value<F[K]> }
  const entries = Object.entries(fields) as readonly (readonly [keyof F, Type<unknown>])[]
  const head = entries.reduce((sum, [, type]) => sum + (type.size ?? 4), 0)
  const fixed = entries.every(([, type]) => type.size !== undefined)
  const leaves = (value: T) => entries.map(([name, type]) => type.root(value[name]))
  return {
    fields,
    leaves,
    size: fixed ? head : undefined,
    read: (bytes) => {
      if (bytes.length < head || (fixed && bytes.length > head))
        return Verdict.refuse('ssz-length', `${head} bytes are expected, got ${bytes.length}`)
      const value: Partial<Record<keyof F, unknown>> = {}
      const starts: number[] = []
      let at = 0
      for (const [, type] of entries) {
        if (type.size === undefined) starts.push(offset(bytes, at))
        at += type.size ?? 4
      }
      const wrong = ordered(starts, head, bytes.length)
      if (wrong !== undefined) return wrong
      starts.push(bytes.length)
      at = 0
      let part = 0
      for (const [name, type] of entries) {
        const item = type.read(
          type.size === undefined
            ? bytes.subarray(starts[part], starts[++part])
            : bytes.subarray(at, at + type.size),
        )
        if (!item.ok) return item
        value[name] = item.value
        at += type.size ?? 4
      }
      return Verdict.accept(value as T)
    },
    write: (value) => writeAll(entries.map(([name, type]) => ({ type, bytes: type.write(value[name]) }))),
    root: (value) => MerkleTree.root(leaves(value)),
    zero: Object.fromEntries(entries.map(([name, type]) => [name, type.zero])) as T,
  }
}

function sequence<T>(
  bytes: Bytes.Bytes,
  element: Type<T>,
  refusalOf: (count: number) => Verdict.Verdict<never> | undefined,
): Verdict.Verdict<readonly T[]> {
  const { size } = element
  const out: T[] = []
  if (size !== undefined) {
    if (size === 0) return Verdict.refuse('ssz-type', 'elements without bytes')
    if (bytes.length % size !== 0)
      return Verdict.refuse('ssz-length', `elements of ${size} bytes are expected, got ${bytes.length} bytes`)
    const wrong = refusalOf(bytes.length / size)
    if (wrong !== undefined) return wrong
    for (let at = 0; at < bytes.length; at += size) {
      const item = element.read(bytes.subarray(at, at + size))
      if (!item.ok) return item
      out.push(item.value)
    }
    return Verdict.accept(out)
  }
  if (bytes.length === 0) return refusalOf(0) ?? Verdict.accept(out)
  if (bytes.length < 4)
    return Verdict.refuse('ssz-offset', `an offset of 4 bytes is expected, got ${bytes.length}`)
  const first = offset(bytes, 0)
  if (first % 4 !== 0 || first > bytes.length || first === 0)
    return Verdict.refuse('ssz-offset', `the first offset can't be ${first} in ${bytes.length} bytes`)
  const count = first / 4
  const wrong = refusalOf(count)
  if (wrong !== undefined) return wrong
  const starts: number[] = []
  for (let i = 0; i < count; i++) starts.push(offset(bytes, i * 4))
  const unordered = ordered(starts, first, bytes.length)
  if (unordered !== undefined) return unordered
  starts.push(bytes.length)
  for (let i = 0; i < count; i++) {
    const item = element.read(bytes.subarray(starts[i], starts[i + 1]))
    if (!item.ok) return item
    out.push(item.value)
  }
  return Verdict.accept(out)
}

/** Offsets start where the fixed part ends, never go back, and stay inside. */
function ordered(
  starts: readonly number[],
  head: number,
  length: number,
): Verdict.Verdict<never> | undefined {
  if (starts.length > 0 && starts[0] !== head)
    return Verdict.refuse('ssz-offset', `the first offset must be ${head}, got ${starts[0]}`)
  let before = head
  for (const [index, start] of starts.entries()) {
    if (start < before)
      return Verdict.refuse('ssz-offset', `offset ${index} goes back to ${start}`, { index })
    before = start
  }
  return before > length
    ? Verdict.refuse('ssz-offset', `an offset leads beyond the ${length} bytes`)
    : undefined
}

function writeAll(
  parts: readonly { readonly type: { readonly size: number | undefined }; readonly bytes: Bytes.Bytes }[],
): Bytes.Bytes {
  let at = parts.reduce((sum, { type }) => sum + (type.size ?? 4), 0)
  const heads: Bytes.Bytes[] = []
  const tails: Bytes.Bytes[] = []
  for (const { type, bytes } of parts) {
    if (type.size !== undefined) heads.push(bytes)
    else {
      heads.push(uint(32).write(BigInt(at)))
      tails.push(bytes)
      at += bytes.length
    }
  }
  return join([...heads, ...tails])
}

function elementsRoot<T>(element: Type<T>, value: readonly T[], limit: number): Bytes.Hash32 {
  return element.basic === true
    ? MerkleTree.root(
        chunksOf(join(value.map(element.write))),
        Math.ceil((limit * (element.size as number)) / 32),
      )
    : MerkleTree.root(value.map(element.root), limit)
}

function mixIn(root: Bytes.Hash32, length: number): Bytes.Hash32 {
  return MerkleTree.pair(root, uint(256).write(BigInt(length)))
}

function chunksOf(bytes: Bytes.Bytes): readonly Bytes.Bytes32[] {
  const out: Bytes.Bytes32[] = []
  for (let at = 0; at < bytes.length; at += 32) out.push(padded(bytes.subarray(at, at + 32)))
  return out
}

function padded(bytes: Bytes.Bytes): Bytes.Bytes32 {
  const out = new Uint8Array(32)
  out.set(bytes)
  return out
}

function offset(bytes: Bytes.Bytes, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true)
}

function exactly(bytes: Bytes.Bytes, size: number): Verdict.Verdict<never> | undefined {
  return bytes.length === size
    ? undefined
    : Verdict.refuse('ssz-length', `${size} bytes are expected, got ${bytes.length}`)
}

function atMost(count: number, limit: number): Verdict.Verdict<never> | undefined {
  return count <= limit
    ? undefined
    : Verdict.refuse('ssz-limit', `at most ${limit} are allowed, got ${count}`)
}
