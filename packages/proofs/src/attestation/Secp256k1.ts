import { Bytes, Verdict } from '@aitbc/core'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'

/** A point of secp256k1. */
export type Point = InstanceType<typeof secp256k1.Point>

/** How the recovery id of a 65-byte signature is written: `0` or `1` (Wormhole, BEEFY), or `27` or `28` (Ethereum). */
export type RecoveryIds = 'from-0' | 'from-27'

/** What makes a signature acceptable beside its equation. */
export interface VerifyOptions {
  /** r ‖ s in 64 bytes, or the one DER form of both (X.690; BIP-66). */
  readonly form?: 'compact' | 'der'
  /** Whether s may stand in the upper half of the group order: such a signature has a twin (A8, A60). */
  readonly highS?: 'refused' | 'accepted'
}

/**
 * Reads a public key in its compressed (33 bytes) or uncompressed form (65 bytes; SEC 1, 2.3.4). Refusals: `key-point` (anything
 * else, hybrid forms included).
 *
 * @example
 * import { Secp256k1 } from '@aitbc/proofs/attestation'
 * Secp256k1.readKey(new Uint8Array(33)).ok // false
 */
export function readKey(bytes: Bytes.Bytes): Verdict.Verdict<Point> {
  try {
    return Verdict.accept(secp256k1.Point.fromBytes(bytes))
  } catch {
    return Verdict.refuse('key-point', 'the key is no point of secp256k1 in one of its two encodings')
  }
}

/**
 * The Ethereum address of a public key: the last 20 bytes of Keccak-256 of its uncompressed coordinates (yellow paper, appendix F).
 * Refusals: those of {@link readKey}.
 *
 * @example
 * import { Secp256k1 } from '@aitbc/proofs/attestation'
 * Secp256k1.address(new Uint8Array(65)).ok // false
 */
export function address(publicKey: Bytes.Bytes): Verdict.Verdict<Bytes.Bytes> {
  const point = readKey(publicKey)
  return point.ok ? Verdict.accept(addressOf(point.value)) : point
}

/**
 * The address whose key signed a digest of 32 bytes. Refusals: `digest` (not 32 bytes), `signature-form` (not 65 bytes with one of
 * the two recovery ids: ids 2 and 3, for r beyond the group order, are no signature anywhere; A60), `signature-high-s` (the twin
 * of a signature), `signature` (no key signed this).
 *
 * @example
 * import { Secp256k1 } from '@aitbc/proofs/attestation'
 * Secp256k1.recover(new Uint8Array(32), new Uint8Array(65), 'from-27').ok // false
 */
export function recover(
  digest: Bytes.Hash32,
  signature: Bytes.Bytes,
  ids: RecoveryIds,
): Verdict.Verdict<Bytes.Bytes> {
  const recovery = (signature[64] ?? 0) - (ids === 'from-27' ? 27 : 0)
  if (digest.length !== 32)
    return Verdict.refuse('digest', `a digest of 32 bytes is signed, got ${digest.length}`)
  if (signature.length !== 65 || (recovery !== 0 && recovery !== 1))
    return Verdict.refuse('signature-form', 'a signature is r, s and one of two recovery ids')
  try {
    const parsed = secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact')
    if (parsed.hasHighS()) return Verdict.refuse('signature-high-s', 's is in the upper half')
    return Verdict.accept(addressOf(parsed.addRecoveryBit(recovery).recoverPublicKey(digest)))
  } catch {
    return Verdict.refuse('signature', 'the signature belongs to no key')
  }
}

/**
 * Holds what {@link recover} found against the address that should have signed. Refusals: those of {@link recover}, `signature`
 * (another key signed).
 *
 * @example
 * import { Secp256k1 } from '@aitbc/proofs/attestation'
 * Secp256k1.signedBy(new Uint8Array(20), { ok: true, value: new Uint8Array(20).fill(1) }).ok // false
 */
export function signedBy(
  address: Bytes.Bytes,
  recovered: Verdict.Verdict<Bytes.Bytes>,
): Verdict.Verdict<true> {
  if (!recovered.ok) return recovered
  return Bytes.equal(recovered.value, address)
    ? Verdict.accept(true)
    : Verdict.refuse('signature', 'another key signed')
}

/**
 * A wallet's signature in the form of 65 bytes: r ‖ s ‖ v with v 27 or 28, or the 64 bytes of EIP-2098, where the highest bit of s
 * tells v. Wallets hand out both for one and the same signature, so neither form may ever name anything (A54, A60). Refusals:
 * `signature-form`.
 *
 * @example
 * import { Secp256k1 } from '@aitbc/proofs/attestation'
 * Secp256k1.fromWallet(new Uint8Array(64)) // { ok: true, value: Uint8Array [0, …, 27] }
 */
export function fromWallet(signature: Bytes.Bytes): Verdict.Verdict<Bytes.Bytes> {
  const { length } = signature
  if (length !== 64 && length !== 65)
    return Verdict.refuse('signature-form', `a wallet's signature has 64 or 65 bytes, got ${length}`)
  const out = new Uint8Array(65)
  out.set(signature)
  if (length === 64) {
    const high = signature[32] as number
    out[32] = high & 0x7f
    out[64] = 27 + (high >> 7)
  }
  return Verdict.accept(out)
}

/**
 * Decides whether a key signed a digest of 32 bytes (SEC 1, 4.1.4). Refusals: `digest`, `key-point`, `signature-form` (not the one
 * encoding, r or s zero or beyond the group order), `signature-high-s` (unless accepted), `signature`.
 *
 * @example
 * import { Secp256k1 } from '@aitbc/proofs/attestation'
 * Secp256k1.verify(new Uint8Array(33), new Uint8Array(32), new Uint8Array(64)).ok // false
 */
export function verify(
  publicKey: Bytes.Bytes,
  digest: Bytes.Hash32,
  signature: Bytes.Bytes,
  { form = 'compact', highS = 'refused' }: VerifyOptions = {},
): Verdict.Verdict<true> {
  if (digest.length !== 32)
    return Verdict.refuse('digest', `a digest of 32 bytes is signed, got ${digest.length}`)
  const key = readKey(publicKey)
  if (!key.ok) return key
  const parsed = parse(signature, form)
  if (parsed === undefined)
    return Verdict.refuse('signature-form', `the signature is not r and s in ${form} form`)
  if (highS === 'refused' && parsed.hasHighS())
    return Verdict.refuse('signature-high-s', 's is in the upper half')
  return secp256k1.verify(parsed.toBytes('compact'), digest, publicKey, { prehash: false, lowS: false })
    ? Verdict.accept(true)
    : Verdict.refuse('signature', 'the signature is not of this key over this digest')
}

/**
 * Decides whether an x-only key of 32 bytes signed a message of any length (BIP-340, "Verification"). Refusals: `key-point`,
 * `signature-form` (not 64 bytes), `signature`.
 *
 * @example
 * import { Secp256k1 } from '@aitbc/proofs/attestation'
 * Secp256k1.verifySchnorr(new Uint8Array(32), new Uint8Array(32), new Uint8Array(64)).ok // false
 */
export function verifySchnorr(
  publicKey: Bytes.Bytes32,
  message: Bytes.Bytes,
  signature: Bytes.Bytes,
): Verdict.Verdict<true> {
  if (!isXOnly(publicKey)) return Verdict.refuse('key-point', 'the key is no x coordinate of secp256k1')
  if (signature.length !== 64)
    return Verdict.refuse('signature-form', `a signature has 64 bytes, got ${signature.length}`)
  return schnorr.verify(signature, message, publicKey)
    ? Verdict.accept(true)
    : Verdict.refuse('signature', 'the signature is not of this key over this message')
}

/** Tells whether 32 bytes are the x coordinate of a point (BIP-340, `lift_x`). */
export function isXOnly(publicKey: Bytes.Bytes): boolean {
  return publicKey.length === 32 && readKey(Bytes.concat(Uint8Array.of(2), publicKey)).ok
}

/**
 * What a wallet signs for a message (`personal_sign`; ERC-191, version 0x45): Keccak-256 behind a prefix that no transaction has.
 *
 * @example
 * import { Secp256k1 } from '@aitbc/proofs/attestation'
 * Secp256k1.personalDigest(new Uint8Array(32)).length // 32
 */
export function personalDigest(message: Bytes.Bytes): Bytes.Hash32 {
  const prefix = new TextEncoder().encode(`\x19Ethereum Signed Message:\n${message.length}`)
  return keccak_256(Bytes.concat(prefix, message))
}

function addressOf(point: Point): Bytes.Bytes {
  return keccak_256(point.toBytes(false).subarray(1)).slice(12)
}

function parse(signature: Bytes.Bytes, form: 'compact' | 'der') {
  try {
    return secp256k1.Signature.fromBytes(signature, form)
  } catch {
    return undefined
  }
}
