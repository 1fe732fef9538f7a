import { sha256 } from '@noble/hashes/sha2.js'
import * as Bytes from './Bytes.js'
import { CoreErrors } from './errors/CoreErrors.js'

/** A swap's secret: exactly 32 bytes on every chain. It is money: never log, never serialise before it may be revealed. */
export type Secret = Bytes.Bytes32

const ZERO_SECRET_HASH = /* @__PURE__ */ sha256(/* @__PURE__ */ new Uint8Array(32))

/**
 * The hashlock of a secret: SHA-256 of its 32 bytes (BIP-199's form); `InvalidSecret` (1009) for any other length
 * and for 32 zero bytes.
 *
 * @example
 * import { Hashlock } from '@aitbc/core'
 * Hashlock.of(new Uint8Array(32).fill(7)).length // 32
 */
export function of(secret: Secret): Bytes.Hash32 {
  if (!(secret instanceof Uint8Array) || secret.length !== 32)
    throw CoreErrors.InvalidSecret(
      `a secret is exactly 32 bytes, got ${secret instanceof Uint8Array ? `${secret.length} bytes` : typeof secret}`,
      { argument: 'secret', received: secret instanceof Uint8Array ? secret.length : typeof secret },
    )
  const hash = sha256(secret)
  if (Bytes.equal(hash, ZERO_SECRET_HASH))
    throw CoreErrors.InvalidSecret('the all-zero secret is public knowledge', { argument: 'secret' })
  return hash
}

/**
 * Tells whether a value opens a hashlock: 32 bytes, and SHA-256 gives the lock. Total: any input gives an answer.
 *
 * @example
 * import { Hashlock } from '@aitbc/core'
 * const secret = new Uint8Array(32).fill(7)
 * Hashlock.opens(secret, Hashlock.of(secret)) // true
 */
export function opens(secret: unknown, hashlock: Bytes.Hash32): boolean {
  return (
    secret instanceof Uint8Array &&
    secret.length === 32 &&
    hashlock instanceof Uint8Array &&
    Bytes.equal(sha256(secret), hashlock)
  )
}

/**
 * Refuses what isn't 32 bytes: `InvalidBytes` (1005); and a hashlock that is zero or the hash of 32 zero bytes: `InvalidHashlock` (1008).
 *
 * @example
 * import { Hashlock, isAitbcError } from '@aitbc/core'
 * Hashlock.assert(Hashlock.of(new Uint8Array(32).fill(7)))
 * let code: number | undefined
 * try {
 *   Hashlock.assert(new Uint8Array(32))
 * } catch (error) {
 *   code = isAitbcError(error) ? error.code : undefined
 * }
 * code // 1008
 */
export function assert(value: unknown, argument = 'hashlock'): asserts value is Bytes.Hash32 {
  Bytes.assert(value, 32, argument)
  if (value.every((byte) => byte === 0) || Bytes.equal(value, ZERO_SECRET_HASH))
    throw CoreErrors.InvalidHashlock(`${argument} is a sentinel that anyone could open or none`, {
      argument,
      received: Bytes.toHex(value),
    })
}
