import { type Bytes, Verdict } from '@aitbc/core'
import * as Bls from '../Bls.js'
import * as Ed25519 from '../Ed25519.js'
import * as Frost from '../Frost.js'
import * as Secp256k1 from '../Secp256k1.js'

/** Signatures of one each. */
interface Individual {
  readonly kind: 'each'
  /** Whether a key may be registered. */
  key(key: Bytes.Bytes): boolean
  verify(key: Bytes.Bytes, digest: Bytes.Hash32, signature: Bytes.Bytes): Verdict.Verdict<unknown>
  /** Whether the first 32 bytes of a signature are those of a nonce's point. */
  readonly nonce?: true
}

/** One signature of many. */
interface Summed {
  readonly kind: 'sum'
  readonly suite: Bls.Suite
}

function ed25519(rule: Ed25519.Rule): Individual {
  return {
    kind: 'each',
    // Whatever the chain's rule takes: a key of small order signs everything, and one with two encodings is two signers.
    key: (key) => Ed25519.readKey(key, rule === 'zip215' ? 'strict' : rule).ok,
    verify: (key, digest, signature) => Ed25519.verify(key, digest, signature, rule),
  }
}

function frost(suite: Frost.Suite): Individual {
  return {
    kind: 'each',
    key: (key) => Frost.isKey(suite, key),
    verify: (key, digest, signature) => Frost.verify(suite, key, digest, signature),
  }
}

/** Names are part of a set's id: they are never changed. */
export const SCHEMES = {
  'ecdsa-address': {
    kind: 'each',
    key: (key) => key.length === 20 && key.some((byte) => byte !== 0),
    verify: (key, digest, signature) => signedBy(key, Secp256k1.recover(digest, signature, 'from-27')),
    nonce: true,
  },
  ecdsa: {
    kind: 'each',
    key: (key) => key.length === 33 && Secp256k1.readKey(key).ok,
    verify: (key, digest, signature) => Secp256k1.verify(key, digest, signature),
    nonce: true,
  },
  bip340: { kind: 'each', key: Secp256k1.isXOnly, verify: Secp256k1.verifySchnorr, nonce: true },
  'ed25519-zip215': /* @__PURE__ */ ed25519('zip215'),
  'ed25519-strict': /* @__PURE__ */ ed25519('strict'),
  'ed25519-prime-order': /* @__PURE__ */ ed25519('prime-order'),
  'frost-ristretto255': /* @__PURE__ */ frost('ristretto255'),
  'frost-secp256k1': /* @__PURE__ */ frost('secp256k1'),
  'bls-min-pk': { kind: 'sum', suite: Bls.ETHEREUM },
  'bls-min-sig': { kind: 'sum', suite: 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_' },
} as const satisfies Readonly<Record<string, Individual | Summed>>

/** What a scheme does, by its name. */
export function schemeOf(name: keyof typeof SCHEMES): Individual | Summed {
  return SCHEMES[name]
}

/** Holds a recovered address against the one expected. */
export function signedBy(
  address: Bytes.Bytes,
  recovered: Verdict.Verdict<Bytes.Bytes>,
): Verdict.Verdict<unknown> {
  if (!recovered.ok) return recovered
  return recovered.value.every((byte, i) => byte === address[i])
    ? Verdict.accept(true)
    : Verdict.refuse('signature', 'another key signed')
}
