import { type Bytes, Verdict } from '@aitbc/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'

const { Point } = ed25519

/** A point of edwards25519. */
export type Point = InstanceType<typeof Point>

/**
 * What counts as a signature. Verifiers differ on a few of them, so each chain has one rule, and everybody on it must follow that one
 * (A59):
 * - `zip215`: the cofactored equation, and any encoding of A and R (ZIP-215): CometBFT, Zcash, Substrate's batches;
 * - `strict`: the equation without cofactor, canonical A and R, neither of small order (`verify_strict` of ed25519-dalek): Solana;
 * - `prime-order`: `strict`, and A without a part of small order: what all verifiers agree on.
 */
export type Rule = 'zip215' | 'strict' | 'prime-order'

/** What a key is refused for, by name. */
export type KeyCheck =
  | 'key-length' // not 32 bytes
  | 'key-encoding' // not an encoding of a point that the rule takes (RFC 8032, 5.1.3)
  | 'key-order' // small order, or with a small-order part

/** What a key or a signature is refused for, by name. */
export type Check =
  | KeyCheck
  | 'signature-length' // not 64 bytes
  | 'signature-scalar' // S ≥ L (RFC 8032, 5.1.7)
  | 'signature-point' // R isn't an encoding of a point that the rule takes
  | 'signature' // the equation doesn't hold

/**
 * Reads a public key by a rule. Refusals: {@link KeyCheck}.
 *
 * @example
 * import { Ed25519 } from '@aitbc/proofs/attestation'
 * Ed25519.readKey(new Uint8Array(32), 'strict').ok // false: it is of small order and signs everything
 */
export function readKey(publicKey: Bytes.Bytes, rule: Rule): Verdict.Verdict<Point> {
  if (publicKey.length !== 32)
    return refuse('key-length', `an ed25519 key has 32 bytes, got ${publicKey.length}`)
  const point = readPoint(publicKey, rule)
  if (point === undefined) return refuse('key-encoding', `the key is no encoding of a point by ${rule}`)
  if (rule !== 'zip215' && point.isSmallOrder()) return refuse('key-order', 'the key is of small order')
  return rule === 'prime-order' && !point.isTorsionFree()
    ? refuse('key-order', 'the key is not of prime order')
    : Verdict.accept(point)
}

/**
 * Decides whether a key signed a message, by a rule (RFC 8032, 5.1.7; ZIP-215). Refusals: {@link Check}.
 *
 * @example
 * import { Ed25519 } from '@aitbc/proofs/attestation'
 * Ed25519.verify(new Uint8Array(32), new Uint8Array(0), new Uint8Array(64), 'zip215').ok // true: A59, a key that signs everything
 */
export function verify(
  publicKey: Bytes.Bytes,
  message: Bytes.Bytes,
  signature: Bytes.Bytes,
  rule: Rule,
): Verdict.Verdict<true> {
  const key = readKey(publicKey, rule)
  if (!key.ok) return key
  if (signature.length !== 64)
    return refuse('signature-length', `an ed25519 signature has 64 bytes, got ${signature.length}`)
  const s = littleEndian(signature.subarray(32))
  if (s >= Point.Fn.ORDER) return refuse('signature-scalar', 'S is not below the group order')
  const r = readPoint(signature.subarray(0, 32), rule)
  if (r === undefined || (rule !== 'zip215' && r.isSmallOrder()))
    return refuse('signature-point', `R is no encoding of a point by ${rule}`)
  const hash = sha512.create().update(signature.subarray(0, 32)).update(publicKey).update(message).digest()
  const k = littleEndian(hash) % Point.Fn.ORDER
  const difference = Point.BASE.multiplyUnsafe(s).subtract(r.add(key.value.multiplyUnsafe(k)))
  return (rule === 'zip215' ? difference.clearCofactor() : difference).is0()
    ? Verdict.accept(true)
    : refuse('signature', 'the signature is not of this key over these bytes')
}

function readPoint(bytes: Bytes.Bytes, rule: Rule): Point | undefined {
  try {
    return Point.fromBytes(bytes, rule === 'zip215')
  } catch {
    return undefined
  }
}

function littleEndian(bytes: Bytes.Bytes): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}

function refuse(check: Check, message: string): Verdict.Verdict<never> {
  return Verdict.refuse(check, message)
}
