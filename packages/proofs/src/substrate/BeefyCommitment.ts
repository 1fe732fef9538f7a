import { type Bytes, Verdict } from '@aitbc/core'
import * as Secp256k1 from '../attestation/Secp256k1.js'
import { keccak256 } from './Hasher.js'
import * as Scale from './Scale.js'

/** What BEEFY's validators sign: the payload of a block, and the set that signs. */
export interface Commitment {
  /** By rising id of two letters; `mh` is the root of the mountain range. */
  readonly payload: readonly { readonly id: Bytes.Bytes; readonly data: Bytes.Bytes }[]
  readonly blockNumber: number
  readonly validatorSetId: bigint
}

/** A commitment with the signatures of some validators, as the chain's `VersionedFinalityProof` has it. */
export interface SignedCommitment {
  readonly commitment: Commitment
  /** A bit a validator, the first the highest of the first byte; one more byte than full ones. */
  readonly bitfield: Bytes.Bytes
  readonly validatorCount: number
  /** r, s and the recovery id, 65 bytes; in the order of the validators. */
  readonly signatures: readonly Bytes.Bytes[]
}

const MMR_ROOT = [0x6d, 0x68]

/** How a commitment is written. */
export const type: Scale.Type<Commitment> = /* @__PURE__ */ Scale.struct({
  payload: /* @__PURE__ */ Scale.list(
    /* @__PURE__ */ Scale.struct({ id: /* @__PURE__ */ Scale.fixed(2), data: Scale.bytes }),
  ),
  blockNumber: Scale.u32,
  validatorSetId: Scale.u64,
})

const SIGNED = /* @__PURE__ */ Scale.variant({
  v1: [
    1,
    /* @__PURE__ */ Scale.struct({
      commitment: type,
      bitfield: Scale.bytes,
      validatorCount: Scale.u32,
      signatures: /* @__PURE__ */ Scale.list(/* @__PURE__ */ Scale.fixed(65)),
    }),
  ],
})

/** Reads a finality proof of version 1. Refusals: those of `Scale.decode`. */
export function decodeSigned(bytes: Bytes.Bytes): Verdict.Verdict<SignedCommitment> {
  const signed = Scale.decode(SIGNED, bytes)
  return signed.ok ? Verdict.accept(signed.value.value) : signed
}

/** Writes a finality proof of version 1. */
export function encodeSigned(signed: SignedCommitment): Bytes.Bytes {
  return Scale.encode(SIGNED, { kind: 'v1', value: signed })
}

/**
 * What is signed: Keccak-256 of the commitment.
 *
 * @example
 * import { BeefyCommitment } from '@aitbc/proofs/substrate'
 * BeefyCommitment.hash({ payload: [], blockNumber: 1, validatorSetId: 0n }).length // 32
 */
export function hash(commitment: Commitment): Bytes.Hash32 {
  return keccak256(Scale.encode(type, commitment))
}

/**
 * The root of the mountain range that a commitment names. Refusals: `payload-order` (ids don't rise), `payload-root` (no `mh`, or
 * not 32 bytes that aren't zero: A46, A52).
 */
export function mmrRoot({ payload }: Commitment): Verdict.Verdict<Bytes.Hash32> {
  let previous = -1
  let root: Bytes.Bytes | undefined
  for (const { id, data } of payload) {
    const [high, low] = id as unknown as readonly [number, number]
    if (high * 256 + low <= previous)
      return Verdict.refuse('payload-order', 'the ids of the payload do not rise')
    previous = high * 256 + low
    if (high === MMR_ROOT[0] && low === MMR_ROOT[1]) root = data
  }
  return root === undefined || root.length !== 32 || root.every((byte) => byte === 0)
    ? Verdict.refuse('payload-root', 'the payload has no root of the mountain range')
    : Verdict.accept(root)
}

/**
 * The signers' places, in order. Refusals: `bitfield` (not the one form for its number of validators, or bits beyond it: A46),
 * `signature-count` (not one a bit).
 */
export function signers(signed: SignedCommitment): Verdict.Verdict<readonly number[]> {
  const { bitfield, validatorCount, signatures } = signed
  if (bitfield.length !== Math.floor(validatorCount / 8) + 1)
    return Verdict.refuse(
      'bitfield',
      `${validatorCount} validators don't have ${bitfield.length} bytes of bits`,
    )
  const places: number[] = []
  for (let i = 0; i < bitfield.length * 8; i++)
    if (((bitfield[i >> 3] as number) & (0x80 >> (i & 7))) !== 0) places.push(i)
  if ((places[places.length - 1] ?? 0) >= validatorCount)
    return Verdict.refuse('bitfield', `a bit stands beyond ${validatorCount} validators`)
  return places.length === signatures.length
    ? Verdict.accept(places)
    : Verdict.refuse('signature-count', `${places.length} bits, ${signatures.length} signatures`)
}

/**
 * The address (last 20 bytes of Keccak-256 of the public key) that signed a hash. Refusals: `signature-form` (not 65 bytes with a
 * recovery id of 0 or 1), `signature-high-s` (the other of the two forms of a signature), `signature` (no key signed this).
 */
export function recover(digest: Bytes.Hash32, signature: Bytes.Bytes): Verdict.Verdict<Bytes.Bytes> {
  return Secp256k1.recover(digest, signature, 'from-0')
}

/** Signatures without which a set's commitment isn't final: all but less than a third. */
export function threshold(count: number): number {
  return count - Math.floor((count - 1) / 3)
}

/** Leaf of a validator's address in the tree of its set. */
export function leafOf(address: Bytes.Bytes): Bytes.Hash32 {
  return keccak256(address)
}
