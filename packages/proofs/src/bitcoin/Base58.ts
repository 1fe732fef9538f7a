import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as Hash256 from './Hash256.js'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** More than an extended key has; the work grows with the square. */
const MAX_LENGTH = 1024

/**
 * Reads Base58: each leading `1` is a zero byte. Refusals: `base58-length` (over 1,024 characters), `base58-character`.
 *
 * @example
 * import { Base58 } from '@aitbc/proofs/bitcoin-script'
 * Base58.decode('2g').ok // true
 */
export function decode(text: string): Verdict.Verdict<Bytes.Bytes> {
  if (text.length > MAX_LENGTH)
    return Verdict.refuse('base58-length', `${text.length} characters are more than ${MAX_LENGTH}`)
  const digits: number[] = []
  for (const character of text) {
    const digit = ALPHABET.indexOf(character)
    if (digit < 0) return Verdict.refuse('base58-character', `${character} is not of the alphabet`)
    digits.push(digit)
  }
  return Verdict.accept(Uint8Array.from(rebase(digits, 58, 256)))
}

/** Writes bytes as Base58. */
export function encode(bytes: Bytes.Bytes): string {
  return rebase([...bytes], 256, 58)
    .map((digit) => ALPHABET[digit])
    .join('')
}

/** Reads Base58Check: the last four bytes are a checksum. Refusals: those of {@link decode}, `base58-checksum`. */
export function decodeCheck(text: string): Verdict.Verdict<Bytes.Bytes> {
  const bytes = decode(text)
  if (!bytes.ok) return bytes
  const payload = bytes.value.slice(0, -4)
  return Bytes.equal(Hash256.of(payload).subarray(0, 4), bytes.value.subarray(payload.length))
    ? Verdict.accept(payload)
    : Verdict.refuse('base58-checksum', 'the checksum is wrong')
}

/** Writes bytes as Base58Check. */
export function encodeCheck(payload: Bytes.Bytes): string {
  return encode(join([payload, Hash256.of(payload).subarray(0, 4)]))
}

/** Digits, the most significant first, in another base; leading zeros stay as many as they are. */
function rebase(digits: readonly number[], from: number, to: number): number[] {
  const out: number[] = []
  for (const digit of digits) {
    let carry = digit
    for (let i = 0; i < out.length; i++) {
      carry += (out[i] as number) * from
      out[i] = carry % to
      carry = Math.floor(carry / to)
    }
    for (; carry > 0; carry = Math.floor(carry / to)) out.push(carry % to)
  }
  for (let i = 0; i < digits.length && digits[i] === 0; i++) out.push(0)
  return out.reverse()
}
