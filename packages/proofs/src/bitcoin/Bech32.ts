import { type Bytes, Verdict } from '@aitbc/core'

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const CHECKSUM = { bech32: 1, bech32m: 0x2bc830a3 } as const

/** Which checksum: that of BIP-173 or that of BIP-350. */
export type Form = keyof typeof CHECKSUM

/** A decoded string: its human-readable part (lower case) and its groups of 5 bits without the checksum. */
export interface Bech32 {
  readonly form: Form
  readonly prefix: string
  readonly words: readonly number[]
}

/**
 * Reads a Bech32 or Bech32m string (BIP-173, BIP-350): 8 to 90 characters of one case.
 *
 * Refusals: `bech32-length`, `bech32-character`, `bech32-case`, `bech32-separator`, `bech32-checksum`.
 *
 * @example
 * import { Bech32 } from '@aitbc/proofs/bitcoin'
 * Bech32.decode('a1lqfn3a').ok // true
 */
export function decode(text: string): Verdict.Verdict<Bech32> {
  if (text.length < 8 || text.length > 90)
    return Verdict.refuse('bech32-length', `8 to 90 characters are expected, got ${text.length}`)
  if (!/^[\x21-\x7e]+$/.test(text))
    return Verdict.refuse('bech32-character', 'a character is outside 33 to 126')
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase())
    return Verdict.refuse('bech32-case', 'upper and lower case are mixed')
  const separator = lower.lastIndexOf('1')
  if (separator < 1 || separator + 7 > lower.length)
    return Verdict.refuse('bech32-separator', 'the separator "1" is missing or misplaced')
  const prefix = lower.slice(0, separator)
  const words: number[] = []
  for (const character of lower.slice(separator + 1)) {
    const word = ALPHABET.indexOf(character)
    if (word < 0) return Verdict.refuse('bech32-character', `${character} is not of the alphabet`)
    words.push(word)
  }
  const sum = polymod([...expand(prefix), ...words])
  const form = sum === CHECKSUM.bech32 ? 'bech32' : sum === CHECKSUM.bech32m ? 'bech32m' : undefined
  if (form === undefined) return Verdict.refuse('bech32-checksum', 'the checksum is wrong')
  return Verdict.accept({ form, prefix, words: words.slice(0, -6) })
}

/** Writes a string in lower case. */
export function encode(value: Bech32): string {
  const sum = polymod([...expand(value.prefix), ...value.words, 0, 0, 0, 0, 0, 0]) ^ CHECKSUM[value.form]
  const check = [25, 20, 15, 10, 5, 0].map((shift) => (sum >>> shift) & 31)
  return `${value.prefix}1${[...value.words, ...check].map((word) => ALPHABET[word]).join('')}`
}

/** Bytes as groups of 5 bits, the last one filled with zeros. */
export function toWords(bytes: Bytes.Bytes): readonly number[] {
  return regroup(bytes, 8, 5).words
}

/** Groups of 5 bits as bytes; `bech32-padding` where more than 4 bits, or a set bit, would be lost. */
export function fromWords(words: readonly number[]): Verdict.Verdict<Bytes.Bytes> {
  const { words: bytes, rest, bits } = regroup(words, 5, 8, false)
  if (bits >= 5 || rest !== 0) return Verdict.refuse('bech32-padding', 'the padding is too long or not zero')
  return Verdict.accept(Uint8Array.from(bytes))
}

function regroup(values: Iterable<number>, from: number, to: number, pad = true) {
  const words: number[] = []
  let rest = 0
  let bits = 0
  for (const value of values) {
    rest = (rest << from) | value
    bits += from
    for (; bits >= to; rest &= (1 << bits) - 1) {
      bits -= to
      words.push(rest >>> bits)
    }
  }
  if (pad && bits > 0) words.push(rest << (to - bits))
  return { words, rest, bits }
}

function expand(prefix: string): number[] {
  const codes = [...prefix].map((character) => character.charCodeAt(0))
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
}

function polymod(values: readonly number[]): number {
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (let i = 0; i < 5; i++) if ((top >> i) & 1) sum ^= GENERATOR[i] as number
  }
  return sum
}
