import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'

/** Raw bytes; lengths are stated by the name of the alias where they are fixed. */
export type Bytes = Uint8Array
/** Exactly 32 bytes. */
export type Bytes32 = Uint8Array
/** Exactly 32 bytes: the output of a hash function. */
export type Hash32 = Uint8Array

const HEX = /^(?:[0-9a-f]{2})*$/
const PAIRS = /* @__PURE__ */ Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * Reads lower-case hex without prefix; `InvalidBytes` (1005) for anything else.
 *
 * @example
 * import { Bytes } from '@aitbc/core'
 * Bytes.fromHex('00ff') // Uint8Array [0, 255]
 */
export function fromHex(hex: string, argument = 'hex'): Bytes {
  if (typeof hex !== 'string' || !HEX.test(hex)) {
    // Only the place and the length of a wrong text are told: it may be a key or a secret.
    const received = typeof hex === 'string' ? `a text of ${hex.length} characters` : typeof hex
    const wrong = typeof hex === 'string' ? hex.search(/[^0-9a-f]/) : -1
    throw CoreErrors.InvalidBytes(
      `${argument} must be lower-case hex of whole bytes, got ${received}${wrong < 0 ? '' : `, wrong at ${wrong}`}`,
      { argument, received },
    )
  }
  const out = new Uint8Array(hex.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return out
}

/**
 * Writes lower-case hex without prefix.
 *
 * @example
 * import { Bytes } from '@aitbc/core'
 * Bytes.toHex(Uint8Array.of(0, 255)) // '00ff'
 */
export function toHex(bytes: Bytes): string {
  let out = ''
  for (let i = 0; i < bytes.length; i++) out += PAIRS[bytes[i] as number]
  return out
}

/**
 * Compares two byte strings; the time taken depends on the lengths alone.
 *
 * @example
 * import { Bytes } from '@aitbc/core'
 * Bytes.equal(Uint8Array.of(1), Uint8Array.of(1)) // true
 */
export function equal(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

/**
 * Copies a byte string into a plain `Uint8Array` of its own memory (the `slice` of Node's `Buffer` is no copy).
 *
 * @example
 * import { Bytes } from '@aitbc/core'
 * const theirs = Uint8Array.of(1, 2)
 * const own = Bytes.copy(theirs)
 * theirs.fill(0)
 * Bytes.toHex(own) // '0102'
 */
export function copy(bytes: Bytes): Bytes {
  return new Uint8Array(bytes)
}

/**
 * Joins byte strings into a new one.
 *
 * @example
 * import { Bytes } from '@aitbc/core'
 * Bytes.toHex(Bytes.concat(Uint8Array.of(1), Uint8Array.of(2, 3))) // '010203'
 */
export function concat(...parts: readonly Bytes[]): Bytes {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/**
 * Refuses what isn't a `Uint8Array` of exactly `length` bytes: `InvalidBytes` (1005), by the name `argument`.
 *
 * @example
 * import { Bytes } from '@aitbc/core'
 * const salt: unknown = new Uint8Array(32)
 * Bytes.assert(salt, 32, 'salt')
 * // From here on it is known to be bytes.
 * salt.length // 32
 */
export function assert(value: unknown, length: number, argument: string): asserts value is Bytes {
  if (!(value instanceof Uint8Array) || value.length !== length)
    throw CoreErrors.InvalidBytes(`${argument} must be a Uint8Array of ${length} bytes, got ${show(value)}`, {
      argument,
      expected: length,
      received: value instanceof Uint8Array ? value.length : typeof value,
    })
}
