import { Attestation, Scheme, Secp256k1, SignerSet } from '@aitbc/proofs/attestation'
import { Bls, BlsScheme } from '@aitbc/proofs/bls'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { ed25519, ristretto255 } from '@noble/curves/ed25519.js'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, value } from '../helpers.js'

/** Signers of a test's world have small secrets. */
export function secretOf(member: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? member + 1 : i === 0 ? 1 : 0))
}

const point = (member: number) => bls12_381.fields.Fr.create(BigInt(member + 2))
const little = (bytes: Uint8Array) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/** All schemes, by their names. */
export const KNOWN = {
  'ecdsa-address': Scheme.ecdsaAddress,
  ecdsa: Scheme.ecdsa,
  bip340: Scheme.bip340,
  'ed25519-zip215': Scheme.ed25519Zip215,
  'ed25519-strict': Scheme.ed25519Strict,
  'ed25519-prime-order': Scheme.ed25519PrimeOrder,
  'frost-ristretto255': Scheme.frostRistretto255,
  'frost-secp256k1': Scheme.frostSecp256k1,
  'bls-min-pk': BlsScheme.minPk,
  'bls-min-sig': BlsScheme.minSig,
}

export type Name = keyof typeof KNOWN

/** How one member's key looks in a scheme, and how it signs a digest. */
export const SCHEMES: Readonly<
  Record<
    Name,
    {
      readonly key: (member: number) => Uint8Array
      readonly sign: (member: number, digest: Uint8Array) => Uint8Array
    }
  >
> = {
  'ecdsa-address': {
    key: (member) => value(Secp256k1.address(secp256k1.getPublicKey(secretOf(member)))),
    sign(member, digest) {
      const signature = secp256k1.sign(digest, secretOf(member), { prehash: false, format: 'recovered' })
      return concat(signature.subarray(1), Uint8Array.of((signature[0] as number) + 27))
    },
  },
  ecdsa: {
    key: (member) => secp256k1.getPublicKey(secretOf(member)),
    sign: (member, digest) => secp256k1.sign(digest, secretOf(member), { prehash: false }),
  },
  bip340: {
    key: (member) => schnorr.getPublicKey(secretOf(member)),
    sign: (member, digest) => schnorr.sign(digest, secretOf(member), new Uint8Array(32)),
  },
  'ed25519-zip215': ed25519Scheme(),
  'ed25519-strict': ed25519Scheme(),
  'ed25519-prime-order': ed25519Scheme(),
  'frost-ristretto255': {
    key: (member) => ristretto255.Point.BASE.multiply(BigInt(member + 2)).toBytes(),
    sign(member, digest) {
      const { BASE, Fn } = ristretto255.Point
      const key = BASE.multiply(BigInt(member + 2)).toBytes()
      const nonce = Fn.create(little(sha512(concat(key, digest))))
      const r = BASE.multiply(nonce).toBytes()
      const tag = new TextEncoder().encode('FROST-RISTRETTO255-SHA512-v1chal')
      const challenge = Fn.create(little(sha512(concat(tag, r, key, digest))))
      return concat(r, Fn.toBytes(Fn.create(nonce + challenge * BigInt(member + 2))))
    },
  },
  // Its hash to a scalar is judged by published data.
  'frost-secp256k1': {
    key: (member) => secp256k1.getPublicKey(secretOf(member)),
    sign: () => new Uint8Array(65),
  },
  'bls-min-pk': {
    key: (member) => bls12_381.G1.Point.BASE.multiply(point(member)).toBytes(),
    sign: (member, digest) =>
      (Bls.hashTo('G2', digest, Bls.ETHEREUM) as Bls.G2).multiply(point(member)).toBytes(),
  },
  'bls-min-sig': {
    key: (member) => bls12_381.G2.Point.BASE.multiply(point(member)).toBytes(),
    sign: (member, digest) =>
      (Bls.hashTo('G1', digest, 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_') as Bls.G1)
        .multiply(point(member))
        .toBytes(),
  },
}

function ed25519Scheme() {
  return {
    key: (member: number) => ed25519.getPublicKey(secretOf(member)),
    sign: (member: number, digest: Uint8Array) => ed25519.sign(digest, secretOf(member)),
  }
}

/** Proof that a member has its BLS key. */
export function possess(scheme: 'bls-min-pk' | 'bls-min-sig', member: number): Uint8Array {
  const [group, tag] = scheme === 'bls-min-pk' ? (['G2', '2'] as const) : (['G1', '1'] as const)
  const dst = `BLS_POP_BLS12381G${tag}_XMD:SHA-256_SSWU_RO_POP_`
  return (Bls.hashTo(group, SCHEMES[scheme].key(member), dst) as Bls.G1).multiply(point(member)).toBytes()
}

/** The terms of a set of members 0, 1, … that is good from 100 to 200. */
export function termsOf(
  scheme: Name,
  members: number,
  changed: Partial<SignerSet.Terms> = {},
): SignerSet.Terms {
  return {
    domain: { chain: 'eip155:1', purpose: 'bridge/deposits' },
    epoch: 7n,
    notBefore: 100n,
    expiry: 200n,
    scheme: KNOWN[scheme],
    signers: Array.from({ length: members }, (_, i) => ({ key: SCHEMES[scheme].key(i), weight: 1n })),
    threshold: BigInt(Math.floor((members * 2) / 3) + 1),
    ...changed,
  }
}

export function setOf(
  scheme: Name,
  members: number,
  changed: Partial<SignerSet.Terms> = {},
): SignerSet.SignerSet {
  const terms = termsOf(scheme, members, changed)
  const possessions =
    scheme === 'bls-min-pk' || scheme === 'bls-min-sig' ? terms.signers.map((_, i) => possess(scheme, i)) : []
  return value(SignerSet.from(terms, { possessions }))
}

/** What members of a set say over a digest. */
export function signBy(
  set: SignerSet.SignerSet,
  members: readonly number[],
  digest: Uint8Array,
): Attestation.Attestation {
  const signatures = members.map((index) => ({
    index,
    signature: SCHEMES[set.scheme.name as Name].sign(index, digest),
  }))
  const sums = {
    'bls-min-pk': Bls.ETHEREUM,
    'bls-min-sig': 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_',
  } as const
  const suite = (sums as Partial<Record<string, Bls.Suite>>)[set.scheme.name]
  const by: Attestation.Signatures =
    suite === undefined
      ? { kind: 'each', signatures }
      : {
          kind: 'sum',
          signers: members,
          signature: value(
            Bls.aggregate(
              suite,
              signatures.map(({ signature }) => signature),
            ),
          ),
        }
  return { set: set.id, epoch: set.epoch, by }
}

export function attest(
  set: SignerSet.SignerSet,
  members: readonly number[],
  statement: Uint8Array,
): Attestation.Attestation {
  return signBy(set, members, Attestation.digest(set, statement))
}
