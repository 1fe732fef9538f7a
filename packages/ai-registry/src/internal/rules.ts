import { AccountId, AssetId, show, Verdict } from '@aitbc/core'
import * as ContentId from '../ContentId.js'
import * as DidKey from '../DidKey.js'
import type * as Json from '../Json.js'
import { pointer } from './pointer.js'

/** What a field is refused for, by name. */
export type Check =
  | 'type' // another kind of JSON value
  | 'missing-field'
  | 'unknown-field'
  | 'length' // too short, too long, too few, too many
  | 'format' // not of the field's grammar
  | 'not-canonical-id' // a second spelling of an id
  | 'range'
  | 'duplicate'
  | 'depth'

export type Path = readonly (string | number)[]

/** Reads one JSON value at a path: the field's data, or the first thing wrong with it. */
export type Rule<T> = (value: Json.Value, path: Path) => Verdict.Verdict<T>

/** A field that may be left out. */
export interface Optional<T> {
  readonly optional: Rule<T>
}

type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? Optional<Exclude<T[K], undefined>>
    : Rule<T[K]>
}

/** Refuses a field: the message names its path, what was expected and what came. */
export function refuse(
  check: Check,
  path: Path,
  expected: string,
  received: unknown,
): Verdict.Verdict<never> {
  const place = path.length === 0 ? 'the descriptor' : pointer(path)
  return Verdict.refuse(check, `${place} must be ${expected}, got ${show(received)}`, {
    path: pointer(path),
    expected,
    received,
  })
}

/** An object of exactly these fields, read in this order. */
export function object<T>(fields: Fields<T>): Rule<T> {
  return (value, path) => {
    if (!isObject(value)) return refuse('type', path, 'an object', value)
    const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key))
    if (unknown !== undefined)
      return refuse('unknown-field', [...path, unknown], 'absent: no such field', value[unknown])
    const result: Record<string, unknown> = {}
    for (const [key, field] of Object.entries<Rule<unknown> | Optional<unknown>>(fields)) {
      const at = [...path, key]
      const rule = typeof field === 'function' ? field : field.optional
      if (!Object.hasOwn(value, key)) {
        if (rule === field) return refuse('missing-field', at, 'present', undefined)
        continue
      }
      const verdict = rule(value[key] as Json.Value, at)
      if (!verdict.ok) return verdict
      result[key] = verdict.value
    }
    return Verdict.accept(result as T)
  }
}

/** A list of `min` to `max` items, no two with the same key. */
export function list<T>(
  item: Rule<T>,
  min: number,
  max: number,
  key: (item: T) => string,
): Rule<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return refuse('type', path, 'an array', value)
    if (value.length < min || value.length > max)
      return refuse('length', path, `an array of ${min} to ${max} items`, value)
    const result: T[] = []
    const seen = new Set<string>()
    for (const [index, json] of value.entries()) {
      const verdict = item(json, [...path, index])
      if (!verdict.ok) return verdict
      const name = key(verdict.value)
      if (seen.has(name)) return refuse('duplicate', [...path, index], 'unlike every item before it', json)
      seen.add(name)
      result.push(verdict.value)
    }
    return Verdict.accept(result)
  }
}

/** An object of at most `max` members whose names are of a grammar; their values are any JSON, at most `depth` levels deep. */
export function record(
  name: Rule<string>,
  max: number,
  depth: number,
): Rule<{ readonly [name: string]: Json.Value }> {
  return (value, path) => {
    if (!isObject(value)) return refuse('type', path, 'an object', value)
    const members = Object.entries(value)
    if (members.length > max) return refuse('length', path, `an object of at most ${max} members`, value)
    for (const [key, member] of members) {
      const at = [...path, key]
      const verdict = name(key, at)
      if (!verdict.ok) return verdict
      if (!isWithin(member, depth)) return refuse('depth', at, `JSON of at most ${depth} levels`, member)
    }
    return Verdict.accept(value)
  }
}

function isWithin(value: Json.Value, depth: number): boolean {
  return (
    typeof value !== 'object' ||
    value === null ||
    (depth > 0 && Object.values(value).every((item) => isWithin(item, depth - 1)))
  )
}

/** Exactly this string. */
export function literal<T extends string>(text: T): Rule<T> {
  return (value, path) => (value === text ? Verdict.accept(text) : refuse('format', path, show(text), value))
}

/** A string of a grammar, at most `max` characters long. */
export function token(grammar: RegExp, max: number, expected: string): Rule<string> {
  return (value, path) => {
    if (typeof value !== 'string') return refuse('type', path, expected, value)
    if (value.length > max) return refuse('length', path, `${expected} of at most ${max} characters`, value)
    return grammar.test(value) ? Verdict.accept(value) : refuse('format', path, expected, value)
  }
}

// Controls, line separators, and the marks that reorder what a reader sees (Unicode TR 36, "Bidirectional text spoofing").
const LINE = /^[^\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]*$/u
const LINES = /^(?:[^\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]|\n)*$/u

/** One line for people: 1 to `max` UTF-16 code units, NFC, trimmed, nothing invisible that reorders it. */
export function line(max: number): Rule<string> {
  return text(LINE, max, 'one line of text')
}

/** Lines for people, separated by U+000A; otherwise as {@link line}. */
export function lines(max: number): Rule<string> {
  return text(LINES, max, 'text')
}

function text(grammar: RegExp, max: number, kind: string): Rule<string> {
  const expected = `${kind} in NFC without control characters or outer spaces`
  return (value, path) => {
    if (typeof value !== 'string') return refuse('type', path, kind, value)
    if (value.length < 1 || value.length > max)
      return refuse('length', path, `${kind} of 1 to ${max} characters`, value)
    return grammar.test(value) && value.trim() === value && value.normalize('NFC') === value
      ? Verdict.accept(value)
      : refuse('format', path, expected, value)
  }
}

/** A whole number as a decimal string without leading zeros, read as a bigint in [`min`, `max`]. */
export function integer(min: bigint, max: bigint): Rule<bigint> {
  const expected = `a whole number (a bigint; in JSON a decimal string) from ${min} to ${max}`
  return (value, path) => {
    if (typeof value !== 'string') return refuse('type', path, expected, value)
    if (!/^(?:0|[1-9][0-9]{0,77})$/.test(value)) return refuse('format', path, expected, value)
    const number = BigInt(value)
    return number < min || number > max ? refuse('range', path, expected, value) : Verdict.accept(number)
  }
}

/** An https URL as the WHATWG URL Standard writes it, without credentials or fragment. */
export const url: Rule<string> = (value, path) => {
  const expected = 'an https URL in its normal form, without credentials or fragment'
  if (typeof value !== 'string') return refuse('type', path, expected, value)
  if (value.length > 2048) return refuse('length', path, `${expected}, of at most 2048 characters`, value)
  const parsed = value.startsWith('https://') && !/[@#]/.test(value) ? parseUrl(value) : undefined
  return parsed?.href === value ? Verdict.accept(value) : refuse('format', path, expected, value)
}

function parseUrl(value: string): URL | undefined {
  try {
    return new URL(value)
  } catch {
    return undefined
  }
}

/** A CAIP-10 id in its one spelling. */
export const account: Rule<AccountId.AccountId> = (value, path) => {
  if (!AccountId.is(value)) return refuse('format', path, 'a CAIP-10 account id', value)
  return spelling(AccountId.canonical, value) === value
    ? Verdict.accept(value)
    : refuse('not-canonical-id', path, 'a CAIP-10 account id in its canonical spelling', value)
}

/** A CAIP-19 id in its one spelling. */
export const asset: Rule<AssetId.AssetId> = (value, path) => {
  if (!AssetId.is(value)) return refuse('format', path, 'a CAIP-19 asset id', value)
  return spelling(AssetId.canonical, value) === value
    ? Verdict.accept(value)
    : refuse('not-canonical-id', path, 'a CAIP-19 asset id in its canonical spelling', value)
}

function spelling(canonical: (value: unknown) => string, value: string): string | undefined {
  try {
    return canonical(value)
  } catch {
    return undefined
  }
}

/** An ed25519 key as `did:key`. */
export const didKey: Rule<DidKey.DidKey> = (value, path) => {
  const key = DidKey.decode(value as string)
  return key.ok
    ? Verdict.accept(value as DidKey.DidKey)
    : refuse('format', path, `an ed25519 did:key (${key.refusal.message})`, value)
}

/** A content id of JSON. */
export const contentId: Rule<ContentId.ContentId> = (value, path) => {
  const digest = ContentId.decode(value as string)
  return digest.ok
    ? Verdict.accept(value as ContentId.ContentId)
    : refuse('format', path, `a content id (${digest.refusal.message})`, value)
}

function isObject(value: Json.Value): value is { readonly [key: string]: Json.Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
