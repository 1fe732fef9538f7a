import { type Bytes, CoreErrors, show, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'

/**
 * A JSON value as Python holds it: `bigint` is an integer of any size, `number` a float, so 1 and 1.0 stay two values. Objects read
 * by {@link decode} have no prototype.
 */
export type Value = null | boolean | bigint | number | string | readonly Value[] | Members

/** A JSON object. */
export interface Members {
  readonly [key: string]: Value
}

/** Deepest nesting that is read or written. */
export const MAX_DEPTH = 128
/** Longest text that is read unless told otherwise: bytes, or UTF-16 units of a string. */
export const MAX_SIZE = 1_048_576
/** Digits of the longest integer: Python reads no longer one. */
export const MAX_DIGITS = 4300

/** What {@link decode} refuses, by name. */
export type Check =
  | 'json-size' // longer than allowed
  | 'json-utf8' // not well-formed UTF-8
  | 'json-bom' // starts with U+FEFF
  | 'json-syntax' // not JSON
  | 'json-trailing' // something follows the value
  | 'json-depth' // nested deeper than allowed
  | 'json-integer' // more digits than Python reads
  | 'json-duplicate-key' // strict: one name twice in one object
  | 'json-lone-surrogate' // strict: half of a surrogate pair
  | 'json-not-finite' // strict: NaN, an infinity, or a number that becomes one
  | 'json-negative-zero' // strict: -0, -0.0

/**
 * Reads a JSON text as the chain's node does (Python's `json.loads`), integers exactly and floats as doubles.
 *
 * `strict`, which is the default, refuses what two readers could take in two ways: a name twice in one object, half of a surrogate
 * pair, NaN and infinities, negative zero. `node` takes these as the node does: the last of equal names, `NaN`, `Infinity` and
 * `1e400` as they are. Total, in time and memory linear in the input. Refusals: {@link Check}.
 *
 * @example
 * import { Json } from '@aitbc/proofs/aitbc'
 * Json.decode('{"a":1,"a":2}').ok // false
 */
export function decode(input: Bytes.Bytes | string, options: decode.Options = {}): Verdict.Verdict<Value> {
  const { reading = 'strict', maxSize = MAX_SIZE } = options
  if (input.length > maxSize)
    return refuse('json-size', `at most ${maxSize} bytes are read, got ${input.length}`)
  let text: string
  if (typeof input === 'string') text = input
  else
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input)
    } catch {
      return refuse('json-utf8', 'the bytes are no UTF-8')
    }
  if (text.startsWith('\uFEFF')) return refuse('json-bom', 'the text starts with a byte order mark')
  const reader: Reader = { text, strict: reading === 'strict', at: 0, depth: 0, refusal: undefined }
  const value = readValue(reader)
  if (value !== undefined) {
    skipSpace(reader)
    if (reader.at === text.length) return Verdict.accept(value)
    stop(reader, 'json-trailing', 'something follows the value')
  }
  return reader.refusal as Verdict.Verdict<never>
}

export declare namespace decode {
  type Options = {
    /** `strict` unless told; `node` as the chain's node reads. */
    readonly reading?: 'strict' | 'node'
    /** {@link MAX_SIZE} unless told. */
    readonly maxSize?: number
  }
}

/**
 * The canonical text of a value: Python's `json.dumps` with sorted keys (by code point), ASCII only, without spaces; with the
 * separators `spaced` as Python puts them by default. NaN and infinities are written as Python writes them, bare.
 *
 * `InvalidArgument` (1013) for what is no {@link Value}, or nested deeper than {@link MAX_DEPTH}.
 *
 * @example
 * import { Json } from '@aitbc/proofs/aitbc'
 * Json.encode({ b: 1n, a: 1 }) // '{"a":1.0,"b":1}'
 */
export function encode(value: Value, options: encode.Options = {}): string {
  return write(value, options.separators === 'spaced' ? [', ', ': '] : [',', ':'], 0)
}

export declare namespace encode {
  type Options = {
    /** `compact` unless told. */
    readonly separators?: 'compact' | 'spaced'
  }
}

/** Keccak-256 of the canonical text: what the chain's requests, transactions and bridge proofs are signed over. */
export function digest(value: Value): Bytes.Hash32 {
  return keccak_256(new TextEncoder().encode(encode(value)))
}

/**
 * A float as Python prints it (`repr`): the shortest digits that give it back, an exponent from 1e16 and below 1e-4.
 *
 * @example
 * import { Json } from '@aitbc/proofs/aitbc'
 * Json.float(0.00001) // '1e-05'
 */
export function float(value: number): string {
  // NaN, Infinity and -Infinity: both languages have the same names for them.
  if (!Number.isFinite(value)) return String(value)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e') as [string, string]
  const digits = mantissa.replace('.', '')
  const power = Number(exponent)
  if (power < -4 || power >= 16)
    return `${sign}${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`
  const whole = digits.slice(0, power + 1).padEnd(power + 1, '0')
  return `${sign}${whole}.${digits.slice(power + 1) || '0'}`
}

/** Tells whether a value is a JSON object. */
export function isMembers(value: Value | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface Reader {
  readonly text: string
  readonly strict: boolean
  at: number
  depth: number
  refusal: Verdict.Verdict<never> | undefined
}

const NUMBER = /(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?/y
// With the u flag a surrogate range matches unpaired halves only.
const LONE_SURROGATE = /[\ud800-\udfff]/u
const WORDS: readonly (readonly [word: string, value: null | boolean | number])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]
const SHORT: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

function refuse(check: Check, message: string, context?: Readonly<Record<string, unknown>>) {
  return Verdict.refuse(check, message, context)
}

function stop(reader: Reader, check: Check, message: string): undefined {
  reader.refusal = refuse(check, `${message} (at ${reader.at})`, { offset: reader.at })
  return undefined
}

function skipSpace(reader: Reader): void {
  for (;;) {
    const code = reader.text.charCodeAt(reader.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    reader.at++
  }
}

function readValue(reader: Reader): Value | undefined {
  skipSpace(reader)
  const { text, at } = reader
  const first = text.charAt(at)
  if (first === '"') return readString(reader)
  if (first === '{' || first === '[') {
    if (reader.depth >= MAX_DEPTH) return stop(reader, 'json-depth', `deeper than ${MAX_DEPTH} levels`)
    reader.at++
    reader.depth++
    const value = first === '{' ? readObject(reader) : readArray(reader)
    reader.depth--
    return value
  }
  for (const [word, value] of WORDS)
    if (text.startsWith(word, at)) {
      if (reader.strict && typeof value === 'number')
        return stop(reader, 'json-not-finite', 'only finite numbers are numbers')
      reader.at += word.length
      return value
    }
  return readNumber(reader)
}

function readNumber(reader: Reader): bigint | number | undefined {
  NUMBER.lastIndex = reader.at
  const match = NUMBER.exec(reader.text)
  if (match === null) return stop(reader, 'json-syntax', 'a value was expected')
  const [literal, whole, part, exponent] = match as unknown as readonly [string, string, string?, string?]
  const integer = part === undefined && exponent === undefined
  if (integer && whole.length - (whole.startsWith('-') ? 1 : 0) > MAX_DIGITS)
    return stop(reader, 'json-integer', `an integer of more than ${MAX_DIGITS} digits`)
  const value = Number(literal)
  if (reader.strict && Object.is(value, -0)) return stop(reader, 'json-negative-zero', 'zero has no sign')
  if (!integer && reader.strict && !Number.isFinite(value))
    return stop(reader, 'json-not-finite', 'the number becomes an infinity')
  reader.at += literal.length
  return integer ? BigInt(literal) : value
}

function readObject(reader: Reader): Members | undefined {
  const members: Record<string, Value> = Object.create(null)
  if (closes(reader, '}')) return members
  for (;;) {
    skipSpace(reader)
    if (reader.text.charAt(reader.at) !== '"') return stop(reader, 'json-syntax', 'a name was expected')
    const key = readString(reader)
    if (key === undefined) return undefined
    if (reader.strict && key in members)
      return stop(reader, 'json-duplicate-key', `${show(key)} is there twice`)
    skipSpace(reader)
    if (reader.text.charAt(reader.at) !== ':') return stop(reader, 'json-syntax', '":" was expected')
    reader.at++
    const value = readValue(reader)
    if (value === undefined) return undefined
    members[key] = value
    if (closes(reader, '}')) return members
    if (!comma(reader)) return undefined
  }
}

function readArray(reader: Reader): readonly Value[] | undefined {
  const items: Value[] = []
  if (closes(reader, ']')) return items
  for (;;) {
    const value = readValue(reader)
    if (value === undefined) return undefined
    items.push(value)
    if (closes(reader, ']')) return items
    if (!comma(reader)) return undefined
  }
}

function closes(reader: Reader, bracket: '}' | ']'): boolean {
  skipSpace(reader)
  if (reader.text.charAt(reader.at) !== bracket) return false
  reader.at++
  return true
}

function comma(reader: Reader): boolean {
  if (reader.text.charAt(reader.at) === ',') {
    reader.at++
    return true
  }
  stop(reader, 'json-syntax', '"," or the end of the list was expected')
  return false
}

/** A string at the cursor, which stands on its first quote. */
function readString(reader: Reader): string | undefined {
  const { text } = reader
  const parts: string[] = []
  let from = ++reader.at
  for (;;) {
    const code = text.charCodeAt(reader.at)
    if (code === 0x22) break
    if (code === 0x5c) {
      parts.push(text.slice(from, reader.at))
      const unit = readEscape(reader)
      if (unit === undefined) return undefined
      parts.push(unit)
      from = reader.at
    } else if (code >= 0x20) reader.at++
    else
      return stop(reader, 'json-syntax', 'a string ends with a quote, and its control characters are escaped')
  }
  parts.push(text.slice(from, reader.at))
  const value = parts.join('')
  if (reader.strict && LONE_SURROGATE.test(value))
    return stop(reader, 'json-lone-surrogate', 'a string holds half of a surrogate pair')
  reader.at++
  return value
}

function readEscape(reader: Reader): string | undefined {
  const mark = reader.text.charAt(reader.at + 1)
  if (mark === 'u') {
    // Four units at most.
    const hex = reader.text.slice(reader.at + 2, reader.at + 6)
    if (!/[0-9a-fA-F]{4}/.test(hex)) return stop(reader, 'json-syntax', 'four hex digits were expected')
    reader.at += 6
    return String.fromCharCode(Number.parseInt(hex, 16))
  }
  const unit = mark === '/' ? mark : Object.hasOwn(SHORT, mark) ? SHORT[mark] : undefined
  if (unit === undefined) return stop(reader, 'json-syntax', 'an escape was expected')
  reader.at += 2
  return unit
}

function write(value: Value, separators: readonly [string, string], depth: number): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return float(value)
  if (typeof value === 'string') return quote(value)
  if (depth === MAX_DEPTH) throw notJson(value, `at most ${MAX_DEPTH} levels deep`)
  const [between, after] = separators
  if (Array.isArray(value)) {
    const items: string[] = []
    // By index: `map` would skip the holes of a sparse array.
    for (let i = 0; i < value.length; i++) items.push(write(value[i] as Value, separators, depth + 1))
    return `[${items.join(between)}]`
  }
  if (!isPlain(value)) throw notJson(value, 'JSON')
  const members = Object.keys(value)
    .sort(byCodePoint)
    .map((key) => `${quote(key)}${after}${write((value as Members)[key] as Value, separators, depth + 1)}`)
  return `{${members.join(between)}}`
}

/** Whether what isn't null is an object with no class between it and the root, in whatever realm. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object') return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function quote(text: string): string {
  return `"${text.replace(/["\\]|[^ -~]/g, escapeOf)}"`
}

const ESCAPED = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries(SHORT).map(([mark, unit]) => [unit, `\\${mark}`]),
)

function escapeOf(unit: string): string {
  return ESCAPED.get(unit) ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Python's order of texts; JavaScript's differs where a code point beyond U+FFFF meets one from U+E000. */
function byCodePoint(a: string, b: string): number {
  for (let i = 0; i < a.length; i++) {
    const x = a.codePointAt(i) as number
    // A text that ends comes before all that go on.
    const y = b.codePointAt(i) ?? -1
    if (x !== y) return x - y
  }
  return a.length - b.length
}

function notJson(value: unknown, expected: string) {
  return CoreErrors.InvalidArgument(`value must be ${expected}, got ${show(value)}`, { argument: 'value' })
}
