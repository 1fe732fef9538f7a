import { Verdict } from '@aitbc/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'

const { Point } = ed25519
type Point = InstanceType<typeof Point>

/** What a key is refused for, by name. */
export type KeyCheck =
  | 'key-length' // not 32 bytes
  | 'key-encoding' // not the canonical encoding of a point (RFC 8032, 5.1.3)
  | 'key-order' // small order, or with a small-order part

/** What a key or a signature is refused for, by name. */
export type Check =
  | KeyCheck
  | 'signature-length' // not 64 bytes
  | 'signature-scalar' // S ≥ L (RFC 8032, 5.1.7)
  | 'signature-point' // R isn't the canonical encoding of a point, or is of small order
  | 'signature' // the equation doesn't hold

/** The point of a public key that can't sign for more than one secret: canonical, of prime order. */
export function readKey(publicKey: Uint8Array): Verdict.Verdict<Point> {
  if (publicKey.length !== 32)
    return refuse('key-length', `an ed25519 key has 32 bytes, got ${publicKey.length}`)
  const point = readPoint(publicKey)
  if (point === undefined) return refuse('key-encoding', 'the key is not the canonical encoding of a point')
  return point.isSmallOrder() || !point.isTorsionFree()
    ? refuse('key-order', 'the key is not of prime order')
    : Verdict.accept(point)
}

/**
 * Verifies Ed25519 (RFC 8032, 5.1.7) by the strictest rule in use: canonical A and R, A of prime order, R not of small
 * order, S < L, and the equation without the cofactor. All verifiers that differ elsewhere agree on what passes here.
 */
export function verify(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Verdict.Verdict<null> {
  const key = readKey(publicKey)
  if (!key.ok) return key
  if (signature.length !== 64)
    return refuse('signature-length', `an ed25519 signature has 64 bytes, got ${signature.length}`)
  const s = littleEndian(signature.subarray(32))
  if (s >= Point.Fn.ORDER) return refuse('signature-scalar', 'S is not below the group order')
  const r = readPoint(signature.subarray(0, 32))
  if (r === undefined || r.isSmallOrder())
    return refuse('signature-point', 'R is not the canonical encoding of a point beyond small order')
  const hash = sha512.create().update(signature.subarray(0, 32)).update(publicKey).update(message).digest()
  const k = littleEndian(hash) % Point.Fn.ORDER
  return Point.BASE.multiplyUnsafe(s).equals(r.add(key.value.multiplyUnsafe(k)))
    ? Verdict.accept(null)
    : refuse('signature', 'the signature is not of this key over these bytes')
}

function readPoint(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes, false)
  } catch {
    return undefined
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}

function refuse(check: Check, message: string): Verdict.Verdict<never> {
  return Verdict.refuse(check, message)
}
