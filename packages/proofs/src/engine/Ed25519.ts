import type { Bytes } from '@aitbc/core'
import { sha512 } from '@noble/hashes/sha2.js'
import { verify as strict } from '../solana/Signature.js'
import type { Check, Rule } from './Engine.js'
import { verify as zip215 } from './zip215.js'

/** Order of the base point. */
export const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/**
 * Verifies one signature by noble.
 *
 * @example
 * import { Ed25519 } from '@aitbc/proofs/engine'
 * Ed25519.verify({ publicKey: new Uint8Array(32), message: new Uint8Array(0), signature: new Uint8Array(64) }, 'strict') // false
 */
export function verify(check: Check, rule: Rule): boolean {
  return rule === 'strict' ? strict(check) : zip215(check)
}

/** Tells whether lengths are right and the scalar is below the order: what every rule asks for. */
export function isShaped({ publicKey, signature }: Check): boolean {
  return publicKey.length === 32 && signature.length === 64 && littleEndian(signature.subarray(32)) < ORDER
}

/** The scalar s of a signature. */
export function scalarOf({ signature }: Check): bigint {
  return littleEndian(signature.subarray(32))
}

/** SHA-512(R ‖ A ‖ M) modulo the order (RFC 8032, 5.1.7). */
export function challenge({ publicKey, message, signature }: Check): bigint {
  const bytes = new Uint8Array(64 + message.length)
  bytes.set(signature.subarray(0, 32))
  bytes.set(publicKey, 32)
  bytes.set(message, 64)
  return littleEndian(sha512(bytes)) % ORDER
}

/** Bytes as a number, the least first; their number is a multiple of eight. */
export function littleEndian(bytes: Bytes.Bytes): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let value = 0n
  for (let at = bytes.length - 8; at >= 0; at -= 8) value = (value << 64n) | view.getBigUint64(at, true)
  return value
}

/** y of the points of small order, and p: below it lies the one form of each y. */
const SMALL = [
  0n,
  1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  2n ** 255n - 20n,
]
const PRIME = 2n ** 255n - 19n

/** Tells whether 32 bytes stand for a point that the rule `strict` refuses whatever was signed: of small order, or not in its one form. */
export function isRefused(bytes: Bytes.Bytes32): boolean {
  const y = BigInt.asUintN(255, littleEndian(bytes))
  return y >= PRIME || SMALL.includes(y)
}
