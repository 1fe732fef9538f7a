import * as Bytes from './Bytes.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'
import { assertBytes } from './internal/storage.js'

const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * The one canonical binary form of the SDK's own records (terms, agreements, evidence, journal entries):
 * big-endian integers of fixed width, byte strings and UTF-8 text behind a u32 length, an optional value
 * behind one byte 0 or 1. Every value has exactly one encoding, and a reader takes nothing else.
 */
export interface Writer {
  u8(value: number): Writer
  u32(value: number): Writer
  u64(value: bigint): Writer
  u256(value: bigint): Writer
  /** Bytes of a length that both sides know. */
  fixed(value: Bytes.Bytes): Writer
  /** Bytes behind a u32 length. */
  bytes(value: Bytes.Bytes): Writer
  text(value: string): Writer
  optional<T>(value: T | undefined, write: (writer: Writer, value: T) => unknown): Writer
  list<T>(values: readonly T[], write: (writer: Writer, value: T) => unknown): Writer
  finish(): Bytes.Bytes
}

/** Reads what a {@link Writer} wrote; each method throws `InvalidEncoding` (1012) where the bytes are of another form. */
export interface Reader {
  u8(): number
  u32(): number
  u64(): bigint
  u256(): bigint
  fixed(length: number): Bytes.Bytes
  bytes(max?: number): Bytes.Bytes
  text(max?: number): string
  optional<T>(read: (reader: Reader) => T): T | undefined
  /** At most `max` items; an item takes at least one byte, so memory stays within the input's size. */
  list<T>(read: (reader: Reader) => T, max?: number): readonly T[]
  /** Refuses trailing bytes. */
  finish(): void
}

/**
 * Starts a canonical encoding. `InvalidAmount` (1004) for an integer that doesn't fit its width, `InvalidArgument` (1013) for a number, text or bytes
 * that are none.
 *
 * @example
 * import { Codec } from '@aitbc/core'
 * Codec.writer().u8(1).text('a').finish() // Uint8Array [1, 0, 0, 0, 1, 97]
 */
export function writer(): Writer {
  const parts: Bytes.Bytes[] = []
  const integer = (value: bigint, width: number): Writer => {
    if (typeof value !== 'bigint' || value < 0n || value >= 1n << BigInt(8 * width))
      throw CoreErrors.InvalidAmount(
        `value must fit an unsigned integer of ${width} bytes, got ${show(value)}`,
        {
          argument: 'value',
          received: value,
        },
      )
    const out = new Uint8Array(width)
    let rest = value
    for (let i = width - 1; rest > 0n; i--, rest >>= 8n) out[i] = Number(rest & 0xffn)
    parts.push(out)
    return self
  }
  const small = (value: number, width: number): Writer => {
    if (!Number.isSafeInteger(value))
      throw CoreErrors.InvalidArgument(`value must be a safe integer, got ${show(value)}`, {
        argument: 'value',
        received: value,
      })
    return integer(BigInt(value), width)
  }
  const self: Writer = {
    u8: (value) => small(value, 1),
    u32: (value) => small(value, 4),
    u64: (value) => integer(value, 8),
    u256: (value) => integer(value, 32),
    fixed(value) {
      assertBytes(value, 'value')
      parts.push(value)
      return self
    },
    bytes(value) {
      assertBytes(value, 'value')
      small(value.length, 4)
      return self.fixed(value)
    },
    text(value) {
      // A lone surrogate has no UTF-8 form: the encoder would write another text.
      if (typeof value !== 'string' || LONE_SURROGATE.test(value))
        throw CoreErrors.InvalidArgument(`value must be well-formed text, got ${show(value)}`, {
          argument: 'value',
          received: typeof value,
        })
      return self.bytes(new TextEncoder().encode(value))
    },
    optional(value, write) {
      self.u8(value === undefined ? 0 : 1)
      if (value !== undefined) write(self, value)
      return self
    },
    list(values, write) {
      self.u32(values.length)
      for (const value of values) write(self, value)
      return self
    },
    finish: () => Bytes.concat(...parts),
  }
  return self
}

/**
 * Reads a canonical encoding; total: any input ends in a value or in `InvalidEncoding` (1012).
 *
 * @example
 * import { Codec } from '@aitbc/core'
 * Codec.reader(Uint8Array.of(1, 0, 0, 0, 1, 97)).u8() // 1
 */
export function reader(bytes: Bytes.Bytes): Reader {
  if (!(bytes instanceof Uint8Array))
    throw CoreErrors.InvalidEncoding(`the input must be a Uint8Array, got ${show(bytes)}`, {
      argument: 'input',
    })
  // A plain view, whose slices are copies also where the input is a Buffer.
  const input = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  const refuse = (message: string) => CoreErrors.InvalidEncoding(`${message} at byte ${at}`, { offset: at })
  const take = (length: number): Bytes.Bytes => {
    if (length > input.length - at) throw refuse(`${length} bytes expected, ${input.length - at} left`)
    at += length
    return input.slice(at - length, at)
  }
  const integer = (width: number): bigint => BigInt(`0x${Bytes.toHex(take(width))}`)
  const self: Reader = {
    u8: () => Number(integer(1)),
    u32: () => Number(integer(4)),
    u64: () => integer(8),
    u256: () => integer(32),
    fixed: take,
    bytes(max = input.length) {
      const length = self.u32()
      if (length > max) throw refuse(`at most ${max} bytes expected, ${length} announced`)
      return take(length)
    },
    text(max = input.length) {
      const bytes = self.bytes(max)
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
      } catch {
        throw refuse('text is not UTF-8')
      }
    },
    optional(read) {
      const present = self.u8()
      if (present > 1) throw refuse(`0 or 1 expected, got ${present}`)
      return present === 1 ? read(self) : undefined
    },
    list(read, max = input.length) {
      const length = self.u32()
      if (length > max || length > input.length - at) throw refuse(`a list of ${length} items can't be here`)
      return Array.from({ length }, () => read(self))
    },
    finish() {
      if (at !== input.length) throw refuse(`${input.length - at} bytes too many`)
    },
  }
  return self
}
