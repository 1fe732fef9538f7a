import { Bytes, Verdict } from '@aitbc/core'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import * as Ssz from '../ssz/Ssz.js'

/** Those who sign block roots for light clients during one period (consensus-specs, Altair). */
export interface SyncCommittee {
  /** Compressed BLS12-381 keys of 48 bytes; the same one may stand there several times. */
  readonly pubkeys: readonly Bytes.Bytes[]
  /** Sum of all keys. */
  readonly aggregatePubkey: Bytes.Bytes
}

/** Who signed, and the sum of their signatures. */
export interface SyncAggregate {
  /** One bit a member. */
  readonly bits: Bytes.Bytes
  /** Compressed BLS12-381 point of 96 bytes. */
  readonly signature: Bytes.Bytes
}

/** Hash-to-curve suite of the beacon chain (consensus-specs, "BLS signatures": proof of possession). */
export const DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

type Point = InstanceType<typeof bls12_381.G1.Point>

const pubkey = /* @__PURE__ */ Ssz.bytes(48)

/** The committee's SSZ type, for so many members. */
export function typeOf(size: number): Ssz.Type<SyncCommittee> {
  return Ssz.container({ pubkeys: Ssz.vector(pubkey, size), aggregatePubkey: pubkey })
}

/** The aggregate's SSZ type, for so many members. */
export function aggregateOf(size: number): Ssz.Type<SyncAggregate> {
  return Ssz.container({ bits: Ssz.bitvector(size), signature: Ssz.bytes(96) })
}

/** Members whose bits are set. */
export function participants(bits: Bytes.Bytes): number {
  let count = 0
  for (const byte of bits) for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1
  return count
}

/**
 * Decides whether exactly the members with a set bit signed a message of 32 bytes (draft-irtf-cfrg-bls-signature,
 * `FastAggregateVerify`).
 *
 * The committee must be one that a beacon state commits to: its keys proved possession at their deposit (A29), and its
 * aggregate is their sum. So most members are counted by subtracting the absent from the aggregate; the sum alone is checked
 * to be in the group. Refusals: `bits-length`, `participation` (nobody signed), `signature-encoding` (no point of the group in
 * its one encoding, or infinity), `committee-key` (a key is no point), `signature-key` (the keys' sum is infinity or not of the
 * group), `signature`.
 */
export function verify(
  committee: SyncCommittee,
  aggregate: SyncAggregate,
  message: Bytes.Bytes32,
): Verdict.Verdict<null> {
  const { pubkeys } = committee
  const { bits } = aggregate
  if (bits.length !== Math.ceil(pubkeys.length / 8))
    return Verdict.refuse('bits-length', `${pubkeys.length} bits are expected, got ${bits.length} bytes`)
  const count = participants(bits)
  if (count === 0) return Verdict.refuse('participation', 'nobody signed')
  const signature = signatureOf(aggregate.signature)
  if (signature === undefined)
    return Verdict.refuse('signature-encoding', 'the signature is no point of the group in its one encoding')
  const subtract = count * 2 > pubkeys.length
  let sum = subtract ? keyOf(committee.aggregatePubkey) : bls12_381.G1.Point.ZERO
  for (let i = 0; sum !== undefined && i < pubkeys.length; i++) {
    const signed = (((bits[i >> 3] as number) >> (i & 7)) & 1) === 1
    if (signed === subtract) continue
    const key = keyOf(pubkeys[i] as Bytes.Bytes)
    sum = key === undefined ? undefined : subtract ? sum.subtract(key) : sum.add(key)
  }
  if (sum === undefined) return Verdict.refuse('committee-key', 'a key of the committee is no point')
  if (!isOfGroup(sum)) return Verdict.refuse('signature-key', "the signers' keys add up to no key")
  const { G1, G2, fields, pairingBatch } = bls12_381
  const product = pairingBatch([
    { g1: sum, g2: G2.hashToCurve(message, { DST }) },
    { g1: G1.Point.BASE.negate(), g2: signature },
  ])
  return fields.Fp12.eql(product, fields.Fp12.ONE)
    ? Verdict.accept(null)
    : Verdict.refuse('signature', `it isn't the signature of these ${count} members`, { participants: count })
}

/** A key, checked to be on the curve and finite; that it is of the group isn't checked, and needn't be, one by one. */
function keyOf(bytes: Bytes.Bytes): Point | undefined {
  const first = bytes[0] ?? 0
  // The compressed form, and not infinity: no key is.
  if (bytes.length !== 48 || first >> 6 !== 2) return undefined
  const { Fp } = bls12_381.fields
  const x = BigInt(`0x${Bytes.toHex(Uint8Array.of(first & 0x1f))}${Bytes.toHex(bytes.subarray(1))}`)
  if (x >= Fp.ORDER) return undefined
  const square = Fp.add(Fp.mul(Fp.sqr(x), x), 4n)
  try {
    const y = Fp.sqrt(square)
    const larger = y > Fp.ORDER / 2n
    return bls12_381.G1.Point.fromAffine({ x, y: larger === ((first & 0x20) !== 0) ? y : Fp.neg(y) })
  } catch {
    return undefined
  }
}

function isOfGroup(point: Point): boolean {
  try {
    point.assertValidity()
    return !point.is0()
  } catch {
    return false
  }
}

function signatureOf(bytes: Bytes.Bytes): InstanceType<typeof bls12_381.G2.Point> | undefined {
  const { Signature } = bls12_381.longSignatures
  try {
    const point = Signature.fromBytes(bytes)
    point.assertValidity()
    // The library reads coordinates beyond the field's order too: they are another encoding of the same point.
    return !point.is0() && Bytes.equal(Signature.toBytes(point), bytes) ? point : undefined
  } catch {
    return undefined
  }
}
