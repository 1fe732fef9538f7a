import { Bytes } from '@aitbc/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'

const { Point } = ed25519

/** An ed25519 signature by the strict rule. */
export interface Check {
  readonly publicKey: Bytes.Bytes32
  readonly message: Bytes.Bytes
  /** 64 bytes: R and S. */
  readonly signature: Bytes.Bytes
}

/**
 * Tells whether a signature is right by Solana's strict rule (`verify_strict` of ed25519-dalek), the equation without cofactor:
 * S is below the order, neither the key nor R is of small order, and both are in their canonical form (A59).
 *
 * What a transaction's signature says stands and falls with it: a key of small order signs every message, so a signature found on
 * the chain would prove any transaction. This stays so here where the chain itself relaxes its rule (SIMD-0376).
 *
 * @example
 * import { Signature } from '@aitbc/proofs/solana'
 * const zero = new Uint8Array(32)
 * Signature.verify({ publicKey: zero, message: zero, signature: new Uint8Array(64) }) // false
 */
export function verify({ publicKey, message, signature }: Check): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  const r = signature.subarray(0, 32)
  const s = integer(signature.subarray(32))
  if (s >= Point.Fn.ORDER) return false
  let key: InstanceType<typeof Point>
  try {
    key = Point.fromBytes(Bytes.copy(publicKey))
  } catch {
    return false
  }
  if (key.isSmallOrder()) return false
  const k = Point.Fn.create(integer(sha512.create().update(r).update(publicKey).update(message).digest()))
  const expected = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k))
  return Bytes.equal(expected.toBytes(), r) && !expected.isSmallOrder()
}

/** Tells whether 32 bytes are a point of the curve in any form, as the runtime asks of an address (A49). */
export function isOnCurve(bytes: Bytes.Bytes32): boolean {
  try {
    Point.fromBytes(Bytes.copy(bytes), true)
    return true
  } catch {
    return false
  }
}

function integer(bytes: Bytes.Bytes): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
  return value
}
