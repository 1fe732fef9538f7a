import { Bytes, Verdict } from '@aitbc/core'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'

/** An ECDSA signature as scripts carry it: `r` and `s`, 32 bytes each, and its hash type. */
export interface Signature {
  readonly compact: Bytes.Bytes
  readonly hashType: number
}

/**
 * Which rules signatures and keys are held to: what blocks may hold, or what nodes relay as well, which leaves one form of each
 * (low s, a defined hash type, no hybrid key).
 */
export type Rules = 'consensus' | 'standard'

/**
 * Reads a DER signature with its hash type byte in the one form that BIP-66 allows.
 *
 * Refusals: `signature-der` and, by standard rules, `sighash-type` (undefined) and `signature-high-s` (BIP-146).
 *
 * @example
 * import { Signature } from '@aitbc/proofs/bitcoin-script'
 * Signature.decode(new Uint8Array(9)).ok // false
 */
export function decode(bytes: Bytes.Bytes, rules: Rules = 'standard'): Verdict.Verdict<Signature> {
  const refuse = (what: string) => Verdict.refuse('signature-der', `not strict DER: ${what}`)
  const { length } = bytes
  if (length < 9 || length > 73) return refuse(`9 to 73 bytes are expected, got ${length}`)
  if (bytes[0] !== 0x30) return refuse('it is no sequence')
  if (bytes[1] !== length - 3) return refuse('its length is wrong')
  const rLength = bytes[3] as number
  if (rLength + 5 >= length) return refuse('r goes beyond the end')
  const sLength = bytes[5 + rLength] as number
  if (rLength + sLength + 7 !== length) return refuse('r and s are not all of it')
  const r = integer(bytes.subarray(2, 4 + rLength))
  const s = integer(bytes.subarray(4 + rLength, length - 1))
  if (r === undefined || s === undefined) return refuse('r or s is no shortest positive integer')
  const compact = new Uint8Array(64)
  // What is longer than 32 bytes is beyond the order, and so no signature of anything: it reads as all ones.
  if (r.length > 32) compact.fill(0xff, 0, 32)
  else compact.set(r, 32 - r.length)
  if (s.length > 32) compact.fill(0xff, 32)
  else compact.set(s, 64 - s.length)
  const hashType = bytes[length - 1] as number
  if (rules === 'standard') {
    if (!isDefined(hashType))
      return Verdict.refuse('sighash-type', `hash type ${hashType} is undefined`, { hashType })
    if (number(compact.subarray(32)) > secp256k1.Point.Fn.ORDER >> 1n)
      return Verdict.refuse(
        'signature-high-s',
        's is above half the order: the same signature has a lower one',
      )
  }
  return Verdict.accept({ compact, hashType })
}

/** Tells whether a hash type of ECDSA is ALL, NONE or SINGLE, with ANYONECANPAY or without. */
export function isDefined(hashType: number): boolean {
  const base = hashType & ~0x80
  return base >= 1 && base <= 3
}

/**
 * Decides whether a signature over a digest is that of a key: compressed or uncompressed, by consensus rules hybrid too.
 *
 * Refusals: `key-form`, `signature`.
 */
export function verify(
  digest: Bytes.Hash32,
  { compact }: Signature,
  key: Bytes.Bytes,
  rules: Rules = 'standard',
): Verdict.Verdict<true> {
  const point = pointOf(key, rules)
  if (point === undefined) return Verdict.refuse('key-form', 'not a public key in an allowed form')
  return isTrue(() => secp256k1.verify(compact, digest, point, { prehash: false, lowS: false }))
    ? Verdict.accept(true)
    : Verdict.refuse('signature', 'the signature is not that of the key over this message')
}

/** Decides whether 64 bytes are the signature of an x-only key over a message (BIP-340). Refusal: `signature`. */
export function verifySchnorr(
  message: Bytes.Bytes,
  signature: Bytes.Bytes,
  key: Bytes.Bytes32,
): Verdict.Verdict<true> {
  return isTrue(() => schnorr.verify(signature, message, key))
    ? Verdict.accept(true)
    : Verdict.refuse('signature', 'the signature is not that of the key over this message')
}

/** Tells whether bytes have the form of a public key: compressed or uncompressed, by consensus rules hybrid too. */
export function isKey(key: Bytes.Bytes, rules: Rules = 'standard'): boolean {
  return pointOf(key, rules) !== undefined
}

/** Noble throws for what has the wrong length. */
function isTrue(verify: () => boolean): boolean {
  try {
    return verify()
  } catch {
    return false
  }
}

function pointOf(key: Bytes.Bytes, rules: Rules): Bytes.Bytes | undefined {
  const [first] = key
  if (key.length === 33) return first === 2 || first === 3 ? key : undefined
  if (key.length !== 65) return undefined
  if (first === 4) return key
  // Hybrid: uncompressed, with the parity of y in the first byte.
  if (rules === 'standard' || first !== 6 + ((key[64] as number) & 1)) return undefined
  return Bytes.concat(Uint8Array.of(4), key.subarray(1))
}

/** A DER integer that is positive and as short as can be; a leading zero is cut. */
function integer(bytes: Bytes.Bytes): Bytes.Bytes | undefined {
  const [tag, length, first = 0, second = 0] = bytes
  if (tag !== 2 || length === 0 || first >= 0x80) return undefined
  if (first !== 0 || length === 1) return bytes.subarray(2)
  return second >= 0x80 ? bytes.subarray(3) : undefined
}

function number(bytes: Bytes.Bytes): bigint {
  return BigInt(`0x${Bytes.toHex(bytes)}`)
}
