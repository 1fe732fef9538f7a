import { CoreErrors, show, Verdict } from '@aitbc/core'
import { pointer } from './internal/pointer.js'

/** A JSON value as plain data (RFC 8259, section 3); numbers are IEEE-754 doubles (RFC 7493, section 2.2). */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }

/** Deepest nesting of arrays and objects that is read or written. */
export const MAX_DEPTH = 64

/** Longest input that is read unless told otherwise: bytes, or UTF-16 code units of a string. */
export const MAX_SIZE = 1_048_576

/** What {@link decode} refuses, by name. */
export type Check =
  | 'size' // longer than allowed
  | 'utf8' // not well-formed UTF-8
  | 'bom' // starts with U+FEFF
  | 'syntax' // not RFC 8259
  | 'trailing' // something follows the value
  | 'depth' // nested deeper than allowed
  | 'duplicate-key' // one name twice in one object
  | 'forbidden-key' // `__proto__`
  | 'lone-surrogate' // half of a surrogate pair, bare or escaped
  | 'number-range' // becomes infinite, or zero although it isn't
  | 'negative-zero' // -0
  | 'unsafe-integer' // beyond ±(2^53 − 1) and not exact

/**
 * Reads one JSON text strictly: what two parsers could read differently is refused, with the name of the {@link Check},
 * the JSON Pointer (RFC 6901) of the place and the offset in UTF-16 code units (`context.path`, `context.offset`).
 *
 * RFC 8259 and I-JSON (RFC 7493), minus what JavaScript can't hold: integers beyond 2^53 − 1 written out, negative zero,
 * numbers out of range, the name `__proto__`. Total over bytes and strings, in time and memory linear in the input;
 * anything else is `InvalidArgument` (1013).
 *
 * @example
 * import { Json } from '@aitbc/ai-registry'
 * Json.decode('{"a":1,"a":2}') // { ok: false, refusal: { check: 'duplicate-key', … } }
 */
export function decode(input: Uint8Array | string, options: decode.Options = {}): Verdict.Verdict<Value> {
  const { maxSize = MAX_SIZE } = options
  if (typeof input !== 'string' && !(input instanceof Uint8Array))
    throw CoreErrors.InvalidArgument(`input must be a Uint8Array or a string, got ${show(input)}`, {
      argument: 'input',
    })
  if (input.length > maxSize)
    return refuse('size', `a JSON text of at most ${maxSize} was expected, got ${input.length}`)
  let text: string
  if (typeof input === 'string') text = input
  else
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input)
    } catch {
      return refuse('utf8', 'the bytes are not well-formed UTF-8')
    }
  if (text.startsWith('\uFEFF'))
    return refuse('bom', 'a JSON text starts with its value, got a byte order mark')
  const reader: Reader = { text, at: 0, path: [], refusal: undefined }
  skipSpace(reader)
  const value = readValue(reader)
  if (value !== undefined) {
    skipSpace(reader)
    if (reader.at === text.length) return Verdict.accept(value)
    stop(reader, 'trailing', `the text ends after its value, got ${here(reader)}`)
  }
  return reader.refusal as Verdict.Verdict<never>
}

export declare namespace decode {
  type Options = {
    /** Longest input allowed, in bytes or UTF-16 code units; {@link MAX_SIZE} unless told. */
    readonly maxSize?: number
  }
}

interface Reader {
  readonly text: string
  readonly path: (string | number)[]
  at: number
  refusal: Verdict.Verdict<never> | undefined
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y
// With the u flag a surrogate range matches unpaired halves only.
const LONE_SURROGATE = /[\ud800-\udfff]/u
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

function refuse(
  check: Check,
  message: string,
  context?: Readonly<Record<string, unknown>>,
): Verdict.Verdict<never> {
  return Verdict.refuse(check, message, context)
}

function stop(reader: Reader, check: Check, message: string, offset = reader.at): undefined {
  reader.refusal = refuse(check, `${message} (offset ${offset})`, { offset, path: pointer(reader.path) })
  return undefined
}

function here(reader: Reader): string {
  return reader.at < reader.text.length
    ? show(reader.text.slice(reader.at, reader.at + 16))
    : 'the end of the text'
}

function skipSpace(reader: Reader): void {
  for (;;) {
    const code = reader.text.charCodeAt(reader.at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    reader.at++
  }
}

function readValue(reader: Reader): Value | undefined {
  const { text } = reader
  const first = text.charAt(reader.at)
  if (first === '{') return readObject(reader)
  if (first === '[') return readArray(reader)
  if (first === '"') return readString(reader)
  if (first === '-' || (first >= '0' && first <= '9')) return readNumber(reader)
  for (const [word, value] of WORDS)
    if (text.startsWith(word, reader.at)) {
      reader.at += word.length
      return value
    }
  return stop(reader, 'syntax', `a JSON value was expected, got ${here(reader)}`)
}

function readObject(reader: Reader): Value | undefined {
  if (!enter(reader)) return undefined
  const object: Record<string, Value> = {}
  if (skipTo(reader, '}')) return object
  for (;;) {
    const start = reader.at
    if (reader.text.charAt(start) !== '"')
      return stop(reader, 'syntax', `a name in double quotes was expected, got ${here(reader)}`)
    const key = readString(reader)
    if (key === undefined) return undefined
    reader.path.push(key)
    if (key === '__proto__') return stop(reader, 'forbidden-key', 'the name "__proto__" is refused', start)
    if (Object.hasOwn(object, key))
      return stop(reader, 'duplicate-key', `the name ${show(key)} is there twice in one object`, start)
    skipSpace(reader)
    if (reader.text.charAt(reader.at) !== ':')
      return stop(reader, 'syntax', `":" was expected, got ${here(reader)}`)
    reader.at++
    skipSpace(reader)
    const value = readValue(reader)
    if (value === undefined) return undefined
    object[key] = value
    reader.path.pop()
    const more = readSeparator(reader, '}')
    if (more === undefined) return undefined
    if (!more) return object
  }
}

function readArray(reader: Reader): Value | undefined {
  if (!enter(reader)) return undefined
  const array: Value[] = []
  if (skipTo(reader, ']')) return array
  for (;;) {
    reader.path.push(array.length)
    const value = readValue(reader)
    if (value === undefined) return undefined
    array.push(value)
    reader.path.pop()
    const more = readSeparator(reader, ']')
    if (more === undefined) return undefined
    if (!more) return array
  }
}

/** Steps over the opening bracket; the path is as long as the nesting is deep. */
function enter(reader: Reader): boolean {
  if (reader.path.length >= MAX_DEPTH) {
    stop(reader, 'depth', `at most ${MAX_DEPTH} levels of nesting are read`)
    return false
  }
  reader.at++
  skipSpace(reader)
  return true
}

function skipTo(reader: Reader, close: '}' | ']'): boolean {
  if (reader.text.charAt(reader.at) !== close) return false
  reader.at++
  return true
}

function readSeparator(reader: Reader, close: '}' | ']'): boolean | undefined {
  skipSpace(reader)
  const mark = reader.text.charAt(reader.at)
  if (mark !== ',' && mark !== close)
    return stop(reader, 'syntax', `"," or ${show(close)} was expected, got ${here(reader)}`)
  reader.at++
  if (mark === close) return false
  skipSpace(reader)
  return true
}

function readString(reader: Reader): string | undefined {
  const { text } = reader
  const start = reader.at
  let result = ''
  let from = start + 1
  for (reader.at = from; ; reader.at++) {
    const code = text.charCodeAt(reader.at)
    if (code === 0x22) break
    if (code === 0x5c) {
      result += text.slice(from, reader.at)
      const unit = readEscape(reader)
      if (unit === undefined) return undefined
      result += unit
      from = reader.at + 1
    } else if (!(code >= 0x20))
      return stop(
        reader,
        'syntax',
        Number.isNaN(code)
          ? 'a string was not closed'
          : `a control character must be escaped, got ${here(reader)}`,
      )
  }
  result += text.slice(from, reader.at)
  if (LONE_SURROGATE.test(result))
    return stop(reader, 'lone-surrogate', 'a string holds half of a surrogate pair', start)
  reader.at++
  return result
}

/** Reads the escape at the cursor and leaves the cursor on its last character. */
function readEscape(reader: Reader): string | undefined {
  const mark = reader.text.charAt(reader.at + 1)
  if (mark === 'u') {
    const hex = reader.text.slice(reader.at + 2, reader.at + 6)
    if (!/^[0-9a-fA-F]{4}$/.test(hex))
      return stop(reader, 'syntax', `four hex digits were expected after "\\u", got ${show(hex)}`)
    reader.at += 5
    return String.fromCharCode(Number.parseInt(hex, 16))
  }
  const unit = Object.hasOwn(ESCAPES, mark) ? ESCAPES[mark] : undefined
  if (unit === undefined) return stop(reader, 'syntax', `an escape was expected, got ${here(reader)}`)
  reader.at++
  return unit
}

function readNumber(reader: Reader): number | undefined {
  NUMBER.lastIndex = reader.at
  const match = NUMBER.exec(reader.text)
  if (match === null) return stop(reader, 'syntax', `a number was expected, got ${here(reader)}`)
  const [literal, , exponent] = match
  const next = reader.text.charAt(reader.at + literal.length)
  // "01", "1.", "1e", "1.e5": the grammar's longest match ends before the number does.
  if ((next >= '0' && next <= '9') || next === '.' || next === 'e' || next === 'E')
    return stop(reader, 'syntax', `a number was expected, got ${here(reader)}`)
  const value = Number(literal)
  const digits = significant(literal)
  if (!Number.isFinite(value) || (value === 0 && digits !== ''))
    return stop(
      reader,
      'number-range',
      `a number within the range of a double was expected, got ${show(literal)}`,
    )
  if (Object.is(value, -0)) return stop(reader, 'negative-zero', `zero has no sign, got ${show(literal)}`)
  // 1e30 names a double; 9007199254740993 names an integer that no double holds.
  if (
    !(Math.abs(value) <= Number.MAX_SAFE_INTEGER) &&
    (exponent === undefined || digits !== significant(String(value)))
  )
    return stop(
      reader,
      'unsafe-integer',
      `an integer beyond 2^53 - 1 goes into a string, got ${show(literal)}`,
    )
  reader.at += literal.length
  return value
}

/** The significant digits of a number literal: no sign, point, exponent, leading or trailing zeros. */
function significant(literal: string): string {
  const digits = literal
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '')
  let end = digits.length
  while (end > 0 && digits.charAt(end - 1) === '0') end--
  return digits.slice(0, end)
}
