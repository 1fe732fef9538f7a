import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import { plain } from '../internal/plain.js'

/** A byte string, or a list of items (Ethereum yellow paper, appendix B). */
export type Item = Bytes.Bytes | readonly Item[]

/** Where an item's payload lies in its input. */
export interface Span {
  readonly list: boolean
  /** First byte of the payload. */
  readonly start: number
  /** The byte after it: where the next item starts. */
  readonly end: number
}

/** Deepest nesting that is read: nothing on Ethereum comes near it. */
const MAX_DEPTH = 1024

/**
 * Reads the one canonical encoding of an item; total, all bytes consumed.
 *
 * Refusals: `rlp-truncated`, `rlp-trailing`, `rlp-single-byte` (a byte below 128 behind a length), `rlp-length` (not in the
 * shortest form), `rlp-depth`.
 *
 * @example
 * import { Rlp } from '@aitbc/proofs/ethereum'
 * Rlp.decode(Uint8Array.of(0xc2, 0x01, 0x02)).ok // true
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Item> {
  const item = read(plain(bytes), 0, bytes.length, 0)
  if (!item.ok) return item
  if (item.value.end !== bytes.length)
    return Verdict.refuse('rlp-trailing', `${bytes.length - item.value.end} bytes after the item`)
  return Verdict.accept(item.value.item)
}

/**
 * Writes an item.
 *
 * @example
 * import { Rlp } from '@aitbc/proofs/ethereum'
 * Rlp.encode([Uint8Array.of(1), Uint8Array.of(2)]) // Uint8Array [0xc2, 1, 2]
 */
export function encode(item: Item): Bytes.Bytes {
  if (item instanceof Uint8Array)
    return item.length === 1 && (item[0] as number) < 0x80
      ? item
      : Bytes.concat(prefix(0x80, item.length), item)
  const payload = join(item.map(encode))
  return Bytes.concat(prefix(0xc0, payload.length), payload)
}

/**
 * Reads a string as a scalar of at most `size` bytes: big-endian without leading zeros, zero as the empty string.
 * Refusal: `rlp-integer`.
 */
export function toBigInt(bytes: Bytes.Bytes, size: number): Verdict.Verdict<bigint> {
  if (bytes.length > size || bytes[0] === 0)
    return Verdict.refuse(
      'rlp-integer',
      `not a scalar of at most ${size} bytes: ${bytes.length} bytes from ${bytes[0]}`,
    )
  return Verdict.accept(bytes.length === 0 ? 0n : BigInt(`0x${Bytes.toHex(bytes)}`))
}

/** A scalar as the string that {@link toBigInt} reads. */
export function fromBigInt(value: bigint): Bytes.Bytes {
  const hex = value === 0n ? '' : value.toString(16)
  return Bytes.fromHex(hex.length % 2 === 0 ? hex : `0${hex}`)
}

/**
 * Finds the payload of the item that starts at `at`, without copying; nothing inside it is judged. `limit` is the byte after
 * the last that may belong to it. Refusals: those of {@link decode} but `rlp-trailing` and `rlp-depth`.
 */
export function span(bytes: Bytes.Bytes, at: number, limit: number): Verdict.Verdict<Span> {
  if (at >= limit) return Verdict.refuse('rlp-truncated', `an item is expected at byte ${at}`)
  const first = bytes[at] as number
  if (first < 0x80) return Verdict.accept({ list: false, start: at, end: at + 1 })
  const list = first >= 0xc0
  const short = first - (list ? 0xc0 : 0x80)
  let start = at + 1
  let length = short
  if (short > 55) {
    const width = short - 55
    if (width > limit - start)
      return Verdict.refuse('rlp-truncated', `the length at byte ${start} is cut off`)
    if (bytes[start] === 0)
      return Verdict.refuse('rlp-length', `the length at byte ${start} starts with zero`)
    length = 0
    // Lengths beyond 2^53 lose digits here, and are far beyond the limit all the same.
    for (let i = 0; i < width; i++) length = length * 256 + (bytes[start + i] as number)
    if (length <= 55)
      return Verdict.refuse('rlp-length', `${length} is written in the long form at byte ${at}`)
    start += width
  }
  if (length > limit - start)
    return Verdict.refuse(
      'rlp-truncated',
      `${length} bytes are announced at byte ${at}, ${limit - start} are there`,
    )
  if (!list && length === 1 && (bytes[start] as number) < 0x80)
    return Verdict.refuse('rlp-single-byte', `the byte at ${start} stands for itself`)
  return Verdict.accept({ list, start, end: start + length })
}

function read(
  bytes: Bytes.Bytes,
  at: number,
  limit: number,
  depth: number,
): Verdict.Verdict<{ readonly item: Item; readonly end: number }> {
  const found = span(bytes, at, limit)
  if (!found.ok) return found
  const { list, start, end } = found.value
  if (!list) return Verdict.accept({ item: bytes.slice(start, end), end })
  if (depth === MAX_DEPTH) return Verdict.refuse('rlp-depth', `lists are nested deeper than ${MAX_DEPTH}`)
  const items: Item[] = []
  for (let next = start; next < end; ) {
    const inner = read(bytes, next, end, depth + 1)
    if (!inner.ok) return inner
    items.push(inner.value.item)
    next = inner.value.end
  }
  return Verdict.accept({ item: items, end })
}

function prefix(base: number, length: number): Bytes.Bytes {
  if (length <= 55) return Uint8Array.of(base + length)
  const digits = fromBigInt(BigInt(length))
  return Bytes.concat(Uint8Array.of(base + 55 + digits.length), digits)
}
