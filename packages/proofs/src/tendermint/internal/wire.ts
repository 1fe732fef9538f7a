import { type Bytes, Verdict } from '@aitbc/core'
import { join } from '../../internal/join.js'
import { plain } from '../../internal/plain.js'

/*
 * Protocol Buffers in the one form that CometBFT and ICS-23 write (ADR-027): fields in ascending order, each once, shortest
 * varints, defaults left out. All fields read here have numbers below 16, so a tag is one byte.
 */

const VARINT = 0
const FIXED64 = 1
const DELIMITED = 2
const EMPTY = /* @__PURE__ */ new Uint8Array(0)

/** A varint of 64 bits; negative numbers take ten bytes. */
export function varint(value: bigint): Bytes.Bytes {
  const out: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  out.push(Number(rest))
  return Uint8Array.from(out)
}

/** An integer field; nothing where it is zero. */
export function integer(field: number, value: bigint | number): Bytes.Bytes {
  if (value === 0n || value === 0) return EMPTY
  return join([Uint8Array.of((field << 3) | VARINT), varint(BigInt(value))])
}

/** A signed field of 8 bytes, little-endian; nothing where it is zero. */
export function sfixed64(field: number, value: bigint): Bytes.Bytes {
  if (value === 0n) return EMPTY
  const out = new Uint8Array(9)
  out[0] = (field << 3) | FIXED64
  new DataView(out.buffer).setBigInt64(1, value, true)
  return out
}

/** A field of bytes; nothing where there are none. */
export function bytes(field: number, value: Bytes.Bytes): Bytes.Bytes {
  return value.length === 0 ? EMPTY : message(field, value)
}

export function text(field: number, value: string): Bytes.Bytes {
  return bytes(field, new TextEncoder().encode(value))
}

/** A message field, also where the message is empty (fields that can't be null). */
export function message(field: number, value: Bytes.Bytes): Bytes.Bytes {
  return join([Uint8Array.of((field << 3) | DELIMITED), delimited(value)])
}

/** Bytes behind their length. */
export function delimited(value: Bytes.Bytes): Bytes.Bytes {
  return join([varint(BigInt(value.length)), value])
}

/**
 * A position in bytes from a stranger. Fields are asked for in ascending order, so whatever comes out of order, twice or
 * unknown is left over when the message ends, and fails it. After a fault everything reads as absent.
 */
export interface Reader {
  readonly bytes: Bytes.Bytes
  at: number
  end: number
  fault: string | undefined
}

/** Reads one message to its last byte; whatever isn't its one encoding is the refusal `protobuf`. */
export function decode<T>(bytes: Bytes.Bytes, read: (reader: Reader) => T): Verdict.Verdict<T> {
  const reader: Reader = { bytes: plain(bytes), at: 0, end: bytes.length, fault: undefined }
  const value = read(reader)
  finish(reader)
  return reader.fault === undefined ? Verdict.accept(value) : Verdict.refuse('protobuf', reader.fault)
}

export function fail(reader: Reader, why: string): void {
  reader.fault ??= `${why} at byte ${reader.at}`
  reader.at = reader.end
}

function finish(reader: Reader): void {
  if (reader.at !== reader.end)
    fail(reader, 'a field that is unknown, repeated, out of order or of another type')
}

function tag(reader: Reader, field: number, type: number): boolean {
  if (reader.at >= reader.end || reader.bytes[reader.at] !== ((field << 3) | type)) return false
  reader.at++
  return true
}

function readVarint(reader: Reader): bigint {
  const first = reader.bytes[reader.at] as number
  if (reader.at < reader.end && first < 0x80) {
    reader.at++
    return BigInt(first)
  }
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (reader.at >= reader.end) break
    const byte = reader.bytes[reader.at++] as number
    value |= BigInt(byte & 0x7f) << shift
    if (byte > 0x7f) continue
    if (byte === 0 || value > 0xffff_ffff_ffff_ffffn) break
    return value
  }
  fail(reader, 'a varint that is cut off, too long or too large')
  return 0n
}

function readLength(reader: Reader): number {
  const length = readVarint(reader)
  if (length <= BigInt(reader.end - reader.at)) return Number(length)
  fail(reader, `${length} bytes are announced, ${reader.end - reader.at} are there`)
  return 0
}

function within(reader: Reader, value: bigint, least: bigint, most: bigint): number {
  if (value >= least && value <= most) return Number(value)
  fail(reader, `${value} is out of range`)
  return 0
}

/** A signed integer of 64 bits; 0 where the field is absent. */
export function readInt64(reader: Reader, field: number): bigint {
  if (!tag(reader, field, VARINT)) return 0n
  const value = BigInt.asIntN(64, readVarint(reader))
  if (value === 0n) fail(reader, 'a zero is left out')
  return value
}

export function readUint64(reader: Reader, field: number): bigint {
  return BigInt.asUintN(64, readInt64(reader, field))
}

export function readInt32(reader: Reader, field: number): number {
  return within(reader, readInt64(reader, field), -0x8000_0000n, 0x7fff_ffffn)
}

export function readUint32(reader: Reader, field: number): number {
  return within(reader, readInt64(reader, field), 0n, 0xffff_ffffn)
}

/** Bytes; none where the field is absent. */
export function readBytes(reader: Reader, field: number): Bytes.Bytes {
  if (!tag(reader, field, DELIMITED)) return EMPTY
  const length = readLength(reader)
  if (length === 0) fail(reader, 'empty bytes are left out')
  reader.at += length
  return reader.bytes.slice(reader.at - length, reader.at)
}

export function readText(reader: Reader, field: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readBytes(reader, field))
  } catch {
    fail(reader, 'text that is not UTF-8')
    return ''
  }
}

/** A message; `undefined` where the field is absent. */
export function readMessage<T>(reader: Reader, field: number, read: (reader: Reader) => T): T | undefined {
  if (!tag(reader, field, DELIMITED)) return undefined
  const length = readLength(reader)
  const outer = reader.end
  reader.end = reader.at + length
  const value = read(reader)
  finish(reader)
  reader.end = outer
  if (reader.fault === undefined) return value
  reader.at = outer
  return undefined
}

/** A message that is written also where it is empty; after a fault its place is taken by `otherwise`. */
export function readRequired<T>(reader: Reader, field: number, read: (reader: Reader) => T, otherwise: T): T {
  const value = readMessage(reader, field, read)
  if (value !== undefined) return value
  fail(reader, `field ${field} is missing`)
  return otherwise
}

export function readMany<T>(reader: Reader, field: number, read: (reader: Reader) => T): readonly T[] {
  const out: T[] = []
  for (;;) {
    const value = readMessage(reader, field, read)
    if (value === undefined) return out
    out.push(value)
  }
}

/** Integers packed into one field (non-negative, 32 bits). */
export function readPacked(reader: Reader, field: number): readonly number[] {
  const out: number[] = []
  readMessage(reader, field, (inner) => {
    if (inner.at === inner.end) fail(inner, 'an empty list is left out')
    while (inner.at < inner.end) out.push(within(inner, readVarint(inner), 0n, 0x7fff_ffffn))
  })
  return out
}

/** The name of an enumeration's value, the first where the field is absent. */
export function readEnum<T extends string>(reader: Reader, field: number, names: readonly [T, ...T[]]): T {
  const name = names[readUint32(reader, field)]
  if (name === undefined) fail(reader, 'an unknown value of an enumeration')
  return name ?? names[0]
}
