import { Bytes, show } from '@aitbc/core'
import { BitcoinErrors } from '../errors.js'

/** What an endpoint said, not yet believed: each reader takes one form and refuses all others, naming what came. */
export interface Answer {
  readonly value: unknown
  /** What was asked, for messages: `getblockheader of Bitcoin Core`. */
  readonly asked: string
  /** Where in the answer, for messages. */
  readonly path: string
}

export function answer(value: unknown, asked: string): Answer {
  return { value, asked, path: 'answer' }
}

export function field(from: Answer, name: string): Answer {
  const { value, asked, path } = from
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(from, 'an object')
  return { value: (value as Record<string, unknown>)[name], asked, path: `${path}.${name}` }
}

export function keys(from: Answer): readonly string[] {
  field(from, '')
  return Object.keys(from.value as object)
}

export function list(from: Answer, max = 1_000_000): readonly Answer[] {
  const { value, asked, path } = from
  if (!Array.isArray(value) || value.length > max) throw wrong(from, `a list of at most ${max}`)
  return value.map((item, i) => ({ value: item, asked, path: `${path}[${i}]` }))
}

export function isAbsent(from: Answer): boolean {
  return from.value === undefined || from.value === null
}

export function text(from: Answer, max = 10_000): string {
  if (typeof from.value !== 'string' || from.value.length > max) throw wrong(from, 'a text')
  return from.value
}

export function flag(from: Answer): boolean {
  if (typeof from.value !== 'boolean') throw wrong(from, 'true or false')
  return from.value
}

/** A block or transaction hash in display form: 64 lower-case hex digits. */
export function hash(from: Answer): string {
  if (typeof from.value !== 'string' || !/^[0-9a-f]{64}$/.test(from.value))
    throw wrong(from, '64 lower-case hex digits')
  return from.value
}

export function bytes(from: Answer, length?: number): Bytes.Bytes {
  const { value } = from
  if (
    typeof value !== 'string' ||
    !/^(?:[0-9a-f]{2})*$/.test(value) ||
    (length !== undefined && value.length !== 2 * length)
  )
    throw wrong(from, length === undefined ? 'lower-case hex' : `${length} bytes in lower-case hex`)
  return Bytes.fromHex(value)
}

/** A whole number from 0 to `max`; text, where the client keeps numbers as they were written. */
export function integer(from: Answer, max = 0xffff_ffff): number {
  const value = numeric(from)
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max)
    throw wrong(from, `a whole number from 0 to ${max}`)
  return value
}

export function height(from: Answer): bigint {
  return BigInt(integer(from, 0x7fff_ffff))
}

/** A price, as a JSON number in some unit, from 0 to `max`; amounts never come this way. */
export function price(from: Answer, max: number): number {
  const value = numeric(from)
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > max)
    throw wrong(from, `a number from 0 to ${max}`)
  return value
}

function numeric({ value }: Answer): unknown {
  return typeof value === 'string' && /^[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/.test(value)
    ? Number(value)
    : value
}

function wrong(from: Answer, expected: string): Error {
  return BitcoinErrors.InvalidAnswer(
    `${from.asked}: ${from.path} must be ${expected}, got ${show(from.value)}`,
    {
      asked: from.asked,
      path: from.path,
      received: show(from.value),
    },
  )
}
