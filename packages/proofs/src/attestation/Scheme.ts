import type { Bytes, Verdict } from '@aitbc/core'
import * as Ed25519 from './Ed25519.js'
import * as Frost from './Frost.js'
import * as Secp256k1 from './Secp256k1.js'

/** Each signs with a signature of its own. */
export interface Individual {
  readonly kind: 'each'
  /** Part of a set's id: never changed. */
  readonly name: string
  /** Whether a key may be registered. */
  key(key: Bytes.Bytes): boolean
  verify(key: Bytes.Bytes, digest: Bytes.Hash32, signature: Bytes.Bytes): Verdict.Verdict<unknown>
  /** Whether the first 32 bytes of a signature are those of a nonce's point. */
  readonly nonce?: true
}

/** All sign with one signature, the sum of theirs: `@aitbc/proofs/bls` has them. */
export interface Summed {
  readonly kind: 'sum'
  /** Part of a set's id: never changed. */
  readonly name: string
  /** Whether a key may be registered. */
  key(key: Bytes.Bytes): boolean
  /** Whether whoever shows a key has its secret. */
  possession(key: Bytes.Bytes, proof: Bytes.Bytes): Verdict.Verdict<unknown>
  /** What keys hash to where a chain commits to them: SSZ root of their vector. */
  commitment(keys: readonly Bytes.Bytes[]): Bytes.Hash32
  verify(keys: readonly Bytes.Bytes[], digest: Bytes.Hash32, signature: Bytes.Bytes): Verdict.Verdict<unknown>
}

/**
 * How members of a set sign, and what their keys are. A group that signs as one (FROST, MuSig2) is a set with one signer: its threshold
 * lives in how the key was shared.
 */
export type Scheme = Individual | Summed

/** Recoverable ECDSA (65 bytes, v 27 or 28, low s); keys are Ethereum addresses, not zero. */
export const ecdsaAddress: Individual = {
  kind: 'each',
  name: 'ecdsa-address',
  key: (key) => key.length === 20 && key.some((byte) => byte !== 0),
  verify: (key, digest, signature) =>
    Secp256k1.signedBy(key, Secp256k1.recover(digest, signature, 'from-27')),
  nonce: true,
}

/** ECDSA (64 bytes, low s); keys are compressed points. */
export const ecdsa: Individual = {
  kind: 'each',
  name: 'ecdsa',
  key: (key) => key.length === 33 && Secp256k1.readKey(key).ok,
  verify: (key, digest, signature) => Secp256k1.verify(key, digest, signature),
  nonce: true,
}

/** Schnorr by BIP-340 (64 bytes); keys are x coordinates. Also what FROST and MuSig2 of Bitcoin make. */
export const bip340: Individual = {
  kind: 'each',
  name: 'bip340',
  key: Secp256k1.isXOnly,
  verify: Secp256k1.verifySchnorr,
  nonce: true,
}

/** Ed25519 by ZIP-215. Also what FROST(Ed25519, SHA-512) makes. */
export const ed25519Zip215: Individual = /* @__PURE__ */ ed25519('zip215')

/** Ed25519 by the rule of `verify_strict`. */
export const ed25519Strict: Individual = /* @__PURE__ */ ed25519('strict')

/** Ed25519 by the rule on which all verifiers agree. */
export const ed25519PrimeOrder: Individual = /* @__PURE__ */ ed25519('prime-order')

/** FROST(ristretto255, SHA-512): 64 bytes under a group's key of 32. */
export const frostRistretto255: Individual = /* @__PURE__ */ frost('ristretto255')

/** FROST(secp256k1, SHA-256): 65 bytes under a group's key of 33. */
export const frostSecp256k1: Individual = /* @__PURE__ */ frost('secp256k1')

function ed25519(rule: Ed25519.Rule): Individual {
  return {
    kind: 'each',
    name: `ed25519-${rule}`,
    // Whatever the chain's rule takes: a key of small order signs everything, and one with two encodings is two signers.
    key: (key) => Ed25519.readKey(key, rule === 'zip215' ? 'strict' : rule).ok,
    verify: (key, digest, signature) => Ed25519.verify(key, digest, signature, rule),
  }
}

function frost(suite: Frost.Suite): Individual {
  return {
    kind: 'each',
    name: `frost-${suite}`,
    key: (key) => Frost.isKey(suite, key),
    verify: (key, digest, signature) => Frost.verify(suite, key, digest, signature),
  }
}
