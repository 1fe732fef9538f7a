import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'

/**
 * A position in bytes from a stranger. The first thing that is wrong is kept; what is read after it is empty, so a decoder runs
 * straight through.
 */
export interface Reader {
  readonly bytes: Bytes.Bytes
  at: number
  /** Recursive types that are open. */
  depth: number
  refusal: Verdict.Refusal | undefined
}

/** How values of one kind are written and read (Polkadot specification, appendix A.2). Made by the functions of this module. */
export interface Type<T> {
  /** Fewest bytes of a value. */
  readonly least: number
  read(reader: Reader): T
  write(value: T, out: Bytes.Bytes[]): void
}

/** The values of a type. */
export type Value<X> = X extends Type<infer T> ? T : never

type Fields = Readonly<Record<string, Type<unknown>>>
type Struct<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> }
type Variant<V extends Readonly<Record<string, readonly [number, Type<unknown>]>>> = {
  readonly [K in keyof V]: { readonly kind: K; readonly value: Value<V[K][1]> }
}[keyof V]

/** Deepest nesting of recursive types that is read. */
const MAX_DEPTH = 128
const EMPTY = /* @__PURE__ */ new Uint8Array(0)

/**
 * Reads the one encoding of a value; total, all bytes consumed, allocating at most a constant times the input.
 *
 * Refusals: `scale-truncated`, `scale-trailing`, `scale-compact` (not in the shortest form, or wider than its type),
 * `scale-length` (more items than bytes are left), `scale-tag` (no such variant, or neither 0 nor 1), `scale-text` (no UTF-8),
 * `scale-depth`.
 *
 * @example
 * import { Scale } from '@aitbc/proofs/substrate'
 * Scale.decode(Scale.compact, Uint8Array.of(0x15, 0x01)) // { ok: true, value: 69n }
 */
export function decode<T>(type: Type<T>, bytes: Bytes.Bytes): Verdict.Verdict<T> {
  const reader: Reader = { bytes, at: 0, depth: 0, refusal: undefined }
  const value = type.read(reader)
  if (reader.refusal !== undefined) return { ok: false, refusal: reader.refusal }
  if (reader.at !== bytes.length)
    return Verdict.refuse('scale-trailing', `${bytes.length - reader.at} bytes after the value`)
  return Verdict.accept(value)
}

/**
 * Writes a value. Integers are cut to their type's width.
 *
 * @example
 * import { Scale } from '@aitbc/proofs/substrate'
 * Scale.encode(Scale.compact, 69n) // Uint8Array [0x15, 0x01]
 */
export function encode<T>(type: Type<T>, value: T): Bytes.Bytes {
  const out: Bytes.Bytes[] = []
  type.write(value, out)
  return join(out)
}

/** Keeps the first refusal of a reader; a decoder of one's own calls it where something is wrong. */
export function refuse(reader: Reader, check: string, message: string): void {
  reader.refusal ??= { check, message: `${message} at byte ${reader.at}` }
}

/** The next `length` bytes, without a copy; none of them where they aren't all there. */
export function take(reader: Reader, length: number): Bytes.Bytes {
  if (reader.refusal !== undefined) return EMPTY
  if (length > reader.bytes.length - reader.at) {
    refuse(reader, 'scale-truncated', `${length} bytes are expected`)
    return EMPTY
  }
  reader.at += length
  return reader.bytes.subarray(reader.at - length, reader.at)
}

/** An unsigned integer of 8, 16, 32, 64 or 128 bits, little-endian. */
export function uint(bits: 8 | 16 | 32 | 64 | 128): Type<bigint> {
  const size = bits / 8
  return {
    least: size,
    read: (reader) => fromLittle(take(reader, size)),
    write: (value, out) => out.push(toLittle(value, size)),
  }
}

/** A byte as a number. */
export const byte: Type<number> = {
  least: 1,
  read: (reader) => take(reader, 1)[0] ?? 0,
  write: (value, out) => out.push(Uint8Array.of(value)),
}

/** A 32-bit integer as a number. */
export const u32: Type<number> = {
  least: 4,
  read: (reader) => Number(fromLittle(take(reader, 4))),
  write: (value, out) => out.push(toLittle(BigInt(value), 4)),
}

/** A 64-bit integer. */
export const u64: Type<bigint> = /* @__PURE__ */ uint(64)

/** A boolean: one byte, 0 or 1. */
export const boolean: Type<boolean> = {
  least: 1,
  read: (reader) => flag(reader),
  write: (value, out) => out.push(Uint8Array.of(value ? 1 : 0)),
}

/** An integer in the compact form: of up to 2^536 - 1, in the fewest bytes. */
export const compact: Type<bigint> = {
  least: 1,
  read: (reader) => {
    const first = take(reader, 1)[0] ?? 0
    const mode = first & 3
    if (mode === 0) return BigInt(first >> 2)
    const width = mode === 1 ? 2 : mode === 2 ? 4 : (first >> 2) + 4
    const rest = take(reader, mode === 3 ? width : width - 1)
    if (mode === 3) {
      const value = fromLittle(rest)
      if (rest[width - 1] === 0 || value < 1n << 30n)
        refuse(reader, 'scale-compact', `${value} is written in ${width} bytes`)
      return value
    }
    const value = ((fromLittle(rest) << 8n) | BigInt(first)) >> 2n
    if (value < (mode === 1 ? 1n << 6n : 1n << 14n))
      refuse(reader, 'scale-compact', `${value} is written in ${width} bytes`)
    return value
  },
  write: (value, out) => {
    if (value < 1n << 6n) out.push(toLittle(value << 2n, 1))
    else if (value < 1n << 14n) out.push(toLittle((value << 2n) | 1n, 2))
    else if (value < 1n << 30n) out.push(toLittle((value << 2n) | 2n, 4))
    else {
      const width = Math.ceil(value.toString(16).length / 2)
      out.push(Uint8Array.of(((width - 4) << 2) | 3), toLittle(value, width))
    }
  },
}

/** A compact integer of a type of `bits`. */
export function compactOf(bits: 8 | 16 | 32 | 64 | 128): Type<bigint> {
  return {
    least: 1,
    read: (reader) => {
      const value = compact.read(reader)
      if (value >> BigInt(bits) !== 0n) refuse(reader, 'scale-compact', `${value} is wider than ${bits} bits`)
      return value
    },
    write: compact.write,
  }
}

/** Exactly `size` bytes. */
export function fixed(size: number): Type<Bytes.Bytes> {
  return {
    least: size,
    read: (reader) => Bytes.copy(take(reader, size)),
    write: (value, out) => out.push(value),
  }
}

/** Bytes behind their number (`Vec<u8>`). */
export const bytes: Type<Bytes.Bytes> = {
  least: 1,
  read: (reader) => Bytes.copy(take(reader, count(reader, 1))),
  write: (value, out) => {
    compact.write(BigInt(value.length), out)
    out.push(value)
  },
}

/** Text in UTF-8. */
export const text: Type<string> = {
  least: 1,
  read: (reader) => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.read(reader))
    } catch {
      refuse(reader, 'scale-text', 'the text is no UTF-8')
      return ''
    }
  },
  write: (value, out) => bytes.write(new TextEncoder().encode(value), out),
}

/**
 * Items behind their number. No more are read than bytes are left, whatever their size: a list of values without bytes has no
 * bound of its own.
 */
export function list<T>(item: Type<T>): Type<readonly T[]> {
  return {
    least: 1,
    read: (reader) => {
      const length = count(reader, Math.max(item.least, 1))
      const out: T[] = []
      for (let i = 0; i < length && reader.refusal === undefined; i++) out.push(item.read(reader))
      return out
    },
    write: (value, out) => {
      compact.write(BigInt(value.length), out)
      for (const it of value) item.write(it, out)
    },
  }
}

/** A value or none. */
export function option<T>(item: Type<T>): Type<T | undefined> {
  return {
    least: 1,
    read: (reader) => (flag(reader) ? item.read(reader) : undefined),
    write: (value, out) => {
      out.push(Uint8Array.of(value === undefined ? 0 : 1))
      if (value !== undefined) item.write(value, out)
    },
  }
}

/** Named fields, one after the other in their order. */
export function struct<F extends Fields>(fields: F): Type<Struct<F>> {
  const entries = Object.entries(fields)
  return {
    least: entries.reduce((sum, [, type]) => sum + type.least, 0),
    read: (reader) =>
      Object.fromEntries(entries.map(([name, type]) => [name, type.read(reader)])) as Struct<F>,
    write: (value, out) => {
      for (const [name, type] of entries) type.write(value[name], out)
    },
  }
}

/** One of several kinds, told by a byte: `{ name: [byte, type] }`. */
export function variant<V extends Readonly<Record<string, readonly [number, Type<unknown>]>>>(
  kinds: V,
): Type<Variant<V>> {
  const byTag = new Map(Object.entries(kinds).map(([kind, [tag, type]]) => [tag, { kind, type }]))
  return {
    least: 1,
    read: (reader) => {
      const tag = byte.read(reader)
      const found = byTag.get(tag)
      if (found === undefined) {
        refuse(reader, 'scale-tag', `no variant has the tag ${tag}`)
        return undefined as unknown as Variant<V>
      }
      return { kind: found.kind, value: found.type.read(reader) } as Variant<V>
    },
    write: ({ kind, value }, out) => {
      const [tag, type] = kinds[kind] as readonly [number, Type<unknown>]
      out.push(Uint8Array.of(tag))
      type.write(value, out)
    },
  }
}

/** A type that contains itself; read to a depth of 128. */
export function recursive<T>(type: () => Type<T>): Type<T> {
  return {
    least: 1,
    read: (reader) => {
      if (reader.depth >= MAX_DEPTH) {
        refuse(reader, 'scale-depth', `values are nested deeper than ${MAX_DEPTH}`)
        return undefined as T
      }
      reader.depth++
      const value = type().read(reader)
      reader.depth--
      return value
    },
    write: (value, out) => type().write(value, out),
  }
}

/** Reads the number of items of at least `size` bytes that follow. */
export function count(reader: Reader, size: number): number {
  const length = compact.read(reader)
  if (length * BigInt(size) <= BigInt(reader.bytes.length - reader.at)) return Number(length)
  refuse(reader, 'scale-length', `${length} items are announced`)
  return 0
}

function flag(reader: Reader): boolean {
  const value = byte.read(reader)
  if (value > 1) refuse(reader, 'scale-tag', `0 or 1 is expected, got ${value}`)
  return value === 1
}

function fromLittle(bytes: Bytes.Bytes): bigint {
  let hex = ''
  for (let i = bytes.length - 1; i >= 0; i--) hex += (bytes[i] as number).toString(16).padStart(2, '0')
  return hex === '' ? 0n : BigInt(`0x${hex}`)
}

function toLittle(value: bigint, size: number): Bytes.Bytes {
  const out = new Uint8Array(size)
  for (let i = 0, rest = value; i < size; i++, rest >>= 8n) out[i] = Number(rest & 0xffn)
  return out
}
