import { Bytes, Codec, type Verdict } from '@aitbc/core'
import { decode as decodeCanonical } from '../../packages/proofs/src/internal/canonical.js'

/** A valid proof: what it is about is fixed, and what shows it are bytes in the one encoding that this project reads. */
export interface Specimen {
  /** What is judged alike: statements and evidence of a family are swapped with each other. */
  readonly family: string
  readonly name: string
  /** Of hashes, every bit is changed; of signatures, a sample. */
  readonly kind: 'hash' | 'signature'
  /** Equal texts are equal statements under equal trust. */
  readonly statement: string
  readonly evidence: Uint8Array
  readonly decode: (bytes: Uint8Array) => Verdict.Verdict<unknown>
  readonly encode: (value: never) => Uint8Array
  /** What a verifier that trusts what the statement is about says of decoded evidence. */
  readonly judge: (value: never) => Verdict.Verdict<unknown>
  /** The same by a verifier that trusts nothing: zero roots and hashes. It accepts nothing at all (A52). */
  readonly untrusted: (value: never) => Verdict.Verdict<unknown>
  /** Other ways to write the same, all of which must be refused. */
  readonly others?: () => Iterable<Uint8Array>
  /** The verdict tells which statement was shown: others' evidence may show theirs. */
  readonly open?: boolean
  /** Bytes from and to where one large part lies, of which half of the changes are enough. */
  readonly bulk?: readonly [number, number]
  /** What is judged beside the evidence, such as a committee's keys: bytes. */
  readonly beside?: number
}

/** Lets a specimen's own types agree where it is made. */
export function specimen<T>(
  it: Omit<Specimen, 'decode' | 'encode' | 'judge' | 'untrusted'> & {
    readonly decode: (bytes: Uint8Array) => Verdict.Verdict<T>
    readonly encode: (value: T) => Uint8Array
    readonly judge: (value: T) => Verdict.Verdict<unknown>
    readonly untrusted: (value: T) => Verdict.Verdict<unknown>
  },
): Specimen {
  return it as unknown as Specimen
}

/** Judges bytes. */
export function verify(it: Specimen, bytes: Uint8Array): Verdict.Verdict<unknown> {
  const decoded = it.decode(bytes)
  return decoded.ok ? it.judge(decoded.value as never) : decoded
}

/** Evidence that is a list of byte strings, in the project's canonical encoding. */
export const nodes = {
  encode: (list: readonly Uint8Array[]): Uint8Array =>
    Codec.writer()
      .list(list, (writer, node) => writer.bytes(node))
      .finish(),
  decode: (bytes: Uint8Array): Verdict.Verdict<readonly Uint8Array[]> =>
    decodeCanonical(bytes, (reader: Codec.Reader) => reader.list((item) => item.bytes(), 4096)),
}

/** Lists of nodes that say the same: in another order, with nodes twice, with others beside them, or without some. */
export function shuffled(list: readonly Uint8Array[], surplus?: Uint8Array): Iterable<readonly Uint8Array[]>
export function shuffled<T>(list: readonly T[], surplus: T): Iterable<readonly T[]>
export function* shuffled(
  list: readonly unknown[],
  surplus: unknown = new Uint8Array(40).fill(7),
): Iterable<readonly unknown[]> {
  if (list.length > 1) {
    yield list.toReversed()
    yield [...list.slice(1), ...list.slice(0, 1)]
    for (let i = 0; i + 1 < list.length; i++)
      yield list.map((node, j) => (j === i ? list[i + 1] : j === i + 1 ? list[i] : node))
  }
  for (const [i, node] of list.entries()) {
    yield [...list.slice(0, i + 1), node, ...list.slice(i + 1)]
    yield [...list, node]
    yield list.filter((_, j) => j !== i)
  }
  const bytes = [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0x80), new Uint8Array(32)]
  for (const node of surplus instanceof Uint8Array ? [surplus, ...bytes] : [surplus]) {
    yield [...list, node]
    yield [node, ...list]
  }
}

/** The text of any plain value: verdicts with equal texts tell the same. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, it) =>
    typeof it === 'bigint'
      ? `${it}n`
      : it instanceof Uint8Array
        ? `0x${Bytes.toHex(it)}`
        : it instanceof Map
          ? [...it]
          : it,
  )
}

/** Where two values differ: names of fields, with `[*]` for any item of a list, `(order)` and `(fewer)` for a list's items as such. */
export function differences(a: unknown, b: unknown, at = ''): readonly string[] {
  if (a instanceof Uint8Array || b instanceof Uint8Array || !isObject(a) || !isObject(b))
    return textOf(a) === textOf(b) ? [] : [at]
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b)) return [at]
    // The same items in another order, or some of them.
    const [own, other] = [a.map(textOf), b.map(textOf)]
    const inBoth = other.filter((it) => own.includes(it)).length
    if (own.join() === other.join()) return []
    if (inBoth === other.length && a.length === b.length) return [`${at} (order)`]
    if (inBoth === other.length && a.length > b.length) return [`${at} (fewer)`]
    const here = a.length === b.length ? [] : [`${at}.length`]
    const least = Math.min(a.length, b.length)
    return [...new Set([...here, ...range(least).flatMap((i) => differences(a[i], b[i], `${at}[*]`))])]
  }
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [
    ...new Set(
      [...names].flatMap((name) => {
        const path = at === '' ? name : `${at}.${name}`
        return name in a && name in b ? differences(a[name], b[name], path) : [path]
      }),
    ),
  ]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i)
}
