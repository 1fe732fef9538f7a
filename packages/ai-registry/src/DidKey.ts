import { Bytes, show, Verdict } from '@aitbc/core'
import { base58 } from '@scure/base'
import { RegistryErrors } from './errors.js'
import { readKey } from './internal/ed25519.js'

/** An ed25519 public key as a `did:key` (did:key Method, section 3.1): `did:key:z6Mk…`. */
export type DidKey = `did:key:z6Mk${string}`

/** What {@link decode} refuses, by name. */
export type Check = 'did-syntax' | 'key-type' | 'key-length' | 'key-encoding' | 'key-order'

const PREFIX = 'did:key:z'
/** multicodec `ed25519-pub` (0xed) as a varint. */
const ED25519 = Uint8Array.of(0xed, 0x01)
const OTHER_KEYS: Readonly<Record<string, string>> = {
  e701: 'secp256k1',
  ec01: 'x25519',
  ea01: 'bls12-381 G1',
  eb01: 'bls12-381 G2',
  '8024': 'P-256',
  '8124': 'P-384',
  '8224': 'P-521',
}

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
  const key = readKey(publicKey)
  if (!key.ok)
    throw RegistryErrors.InvalidKey(`publicKey: ${key.refusal.message}`, {
      argument: 'publicKey',
      check: key.refusal.check,
    })
  return `${PREFIX}${base58.encode(Bytes.concat(ED25519, publicKey))}` as DidKey
}

/**
 * Reads a `did:key` to the 32 bytes of its ed25519 key; keys of other types are refused by name (`key-type`), as are
 * keys that aren't canonical (`key-encoding`) or not of prime order (`key-order`). One key has one spelling.
 *
 * @example
 * import { DidKey } from '@aitbc/ai-registry'
 * DidKey.decode('did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme') // { ok: false, refusal: { check: 'key-type', … } }
 */
export function decode(did: string): Verdict.Verdict<Uint8Array> {
  if (typeof did !== 'string' || !/^did:key:z[1-9A-HJ-NP-Za-km-z]{2,200}$/.test(did))
    return refuse('did-syntax', `a did:key in base58btc was expected, got ${show(did)}`)
  const bytes = base58.decode(did.slice(PREFIX.length))
  const type = Bytes.toHex(bytes.subarray(0, 2))
  if (type !== Bytes.toHex(ED25519))
    return refuse(
      'key-type',
      `an ed25519 key was expected, got ${OTHER_KEYS[type] ?? `multicodec varint ${type}`}`,
    )
  const publicKey = bytes.slice(2)
  const key = readKey(publicKey)
  return key.ok ? Verdict.accept(publicKey) : key
}

function refuse(check: Check, message: string): Verdict.Verdict<never> {
  return Verdict.refuse(check, message)
}
