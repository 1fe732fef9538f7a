import type { Bytes } from '@aitbc/core'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Reads Base58, or gives the first character that isn't of its alphabet. The work grows with the square of the length. */
export function decode(text: string): Bytes.Bytes | string {
  const digits: number[] = []
  for (const character of text) {
    const digit = ALPHABET.indexOf(character)
    if (digit < 0) return character
    digits.push(digit)
  }
  return Uint8Array.from(rebase(digits, 58, 256))
}

/** Writes bytes as Base58. */
export function encode(bytes: Bytes.Bytes): string {
  return rebase([...bytes], 256, 58)
    .map((digit) => ALPHABET[digit])
    .join('')
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
  for (let i = 0; digits[i] === 0; i++) out.push(0)
  return out.reverse()
}
