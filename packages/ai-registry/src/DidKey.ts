import { Bytes, type Verdict } from '@aitbc/core'
import { Ed25519 } from '@aitbc/proofs/attestation'
import { base58 } from '@scure/base'
import { RegistryErrors } from './errors.js'
import * as did from './internal/did.js'

/** An ed25519 public key as a `did:key` (did:key Method, section 3.1): `did:key:z6Mk…`. */
export type DidKey = `did:key:z6Mk${string}`

/** What {@link decode} refuses, by name. */
export type Check = did.Check | Ed25519.KeyCheck

/**
 * Writes an ed25519 public key (32 bytes) as its `did:key`.
 *
 * `InvalidKey` (5003) where the bytes aren't the canonical encoding of a point of prime order: such a key could be
 * claimed under several names, or sign anything.
 *
 * @example
 * import { DidKey } from '@aitbc/ai-registry'
 * import { ed25519 } from '@noble/curves/ed25519.js'
 * DidKey.from(ed25519.getPublicKey(new Uint8Array(32))) // 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp'
 */
export function from(publicKey: Uint8Array): DidKey {
  Bytes.assert(publicKey, 32, 'publicKey')
  const key = Ed25519.readKey(publicKey, 'prime-order')
  if (!key.ok)
    throw RegistryErrors.InvalidKey(`publicKey: ${key.refusal.message}`, {
      argument: 'publicKey',
      check: key.refusal.check,
    })
  return `${did.PREFIX}${base58.encode(Bytes.concat(did.ED25519, publicKey))}` as DidKey
}

/**
 * Reads a `did:key` to the 32 bytes of its ed25519 key; keys of other types are refused by name (`key-type`), as are
 * keys that aren't canonical (`key-encoding`) or not of prime order (`key-order`). One key has one spelling.
 *
 * @example
 * import { DidKey } from '@aitbc/ai-registry'
 * DidKey.decode('did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme') // { ok: false, refusal: { check: 'key-type', … } }
 */
export function decode(text: string): Verdict.Verdict<Uint8Array> {
  const publicKey = did.statedKey(text)
  if (!publicKey.ok) return publicKey
  const point = Ed25519.readKey(publicKey.value, 'prime-order')
  return point.ok ? publicKey : point
}
