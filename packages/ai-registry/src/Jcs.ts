import { Bytes, CoreErrors, show, Verdict } from '@aitbc/core'
import { RegistryErrors } from './errors.js'
import { pointer } from './internal/pointer.js'
import * as Json from './Json.js'

/** What {@link decode} refuses, by name. */
export type Check = Json.Check | 'not-canonical'

/**
 * Writes a JSON value as its canonical text (RFC 8785): no white space, names in order of UTF-16 code units (3.2.3),
 * numbers and strings as ECMAScript writes them (3.2.2).
 *
 * Throws `NotJson` (5001) naming the JSON Pointer of what isn't JSON: `undefined`, NaN, an infinity, a bigint, a function,
 * half of a surrogate pair, an object with a class, a symbol key or a cycle, more than {@link Json.MAX_DEPTH} levels.
 *
 * @example
 * import { Jcs } from '@aitbc/ai-registry'
 * Jcs.stringify({ b: 1e21, a: 'é' }) // '{"a":"é","b":1e+21}'
 */
export function stringify(value: Json.Value): string {
  return write(value, [])
}

/**
 * The UTF-8 bytes of {@link stringify} (RFC 8785, 3.2.4): what is hashed and signed.
 *
 * @example
 * import { Jcs } from '@aitbc/ai-registry'
 * Jcs.encode([]).length // 2
 */
export function encode(value: Json.Value): Uint8Array {
  return new TextEncoder().encode(stringify(value))
}

/**
 * Reads canonical bytes: strict JSON ({@link Json.decode}) that is its own canonical form, else `not-canonical`.
 * One value has one encoding, so a hash of the received bytes is a hash of the value. Never throws for any bytes;
 * `InvalidArgument` (1013) for anything else.
 *
 * @example
 * import { Jcs } from '@aitbc/ai-registry'
 * Jcs.decode(new TextEncoder().encode('{ "a": 1 }')) // { ok: false, refusal: { check: 'not-canonical', … } }
 */
export function decode(bytes: Uint8Array, options: decode.Options = {}): Verdict.Verdict<Json.Value> {
  if (!(bytes instanceof Uint8Array))
    throw CoreErrors.InvalidArgument(`bytes must be a Uint8Array, got ${show(bytes)}`, { argument: 'bytes' })
  const verdict = Json.decode(bytes, options)
  if (!verdict.ok) return verdict
  return Bytes.equal(encode(verdict.value), bytes)
    ? verdict
    : Verdict.refuse('not-canonical' satisfies Check, 'the JSON text is not its RFC 8785 canonical form')
}

export declare namespace decode {
  type Options = {
    /** Longest input allowed, bytes; {@link Json.MAX_SIZE} unless told. */
    readonly maxSize?: number
  }
}

// With the u flag a surrogate range matches unpaired halves only.
const LONE_SURROGATE = /[\ud800-\udfff]/u

function write(value: unknown, path: (string | number)[]): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'string') return quote(value, path)
  if (typeof value !== 'object') throw notJson(value, path)
  if (path.length >= Json.MAX_DEPTH) throw notJson(value, path, `at most ${Json.MAX_DEPTH} levels of nesting`)
  if (Array.isArray(value)) {
    const items: string[] = []
    // By index: `map` would skip the holes of a sparse array.
    for (let i = 0; i < value.length; i++) items.push(at(path, i, () => write(value[i], path)))
    return `[${items.join(',')}]`
  }
  if (!isPlain(value)) throw notJson(value, path)
  const members = Object.keys(value)
    .sort()
    .map((key) =>
      at(path, key, () => `${quote(key, path)}:${write((value as Record<string, unknown>)[key], path)}`),
    )
  return `{${members.join(',')}}`
}

function at(path: (string | number)[], key: string | number, run: () => string): string {
  path.push(key)
  const text = run()
  path.pop()
  return text
}

function quote(text: string, path: readonly (string | number)[]): string {
  if (LONE_SURROGATE.test(text)) throw notJson(text, path, 'whole surrogate pairs')
  return JSON.stringify(text)
}

/** Objects of another realm are plain too: what counts is that no class stands between them and the root. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return (
    (prototype === null || Object.getPrototypeOf(prototype) === null) &&
    Object.getOwnPropertySymbols(value).length === 0
  )
}

function notJson(value: unknown, keys: readonly (string | number)[], expected = 'JSON data') {
  const path = pointer(keys)
  return RegistryErrors.NotJson(`${path === '' ? 'value' : path} must be ${expected}, got ${show(value)}`, {
    argument: 'value',
    path,
    received: typeof value,
  })
}
