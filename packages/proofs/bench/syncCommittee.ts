import { SyncCommittee } from '@aitbc/proofs/beacon'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { type Gate, race } from './gate.js'

const { G1, G2, longSignatures } = bls12_381
const SIZE = 512
/** Of 512. The 46 published periods of mainnet miss 0 to 5, mostly one: more is harder. */
const ABSENT = 8
const RUNS = 7
const TARGET = 15

/**
 * Gate of PERFORMANCE: a sync-committee update, as many times faster than noble from cold keys. Both get the same keys,
 * bits, message and signature as bytes; in each run both are timed, and both must say yes to the true one and no to one whose
 * bits claim another signer.
 */
export async function syncCommitteeUpdate(): Promise<readonly Gate[]> {
  const secrets = Array.from({ length: SIZE }, (_, i) => BigInt(i + 2) ** 5n)
  const sum = (of: readonly bigint[]) =>
    of.reduce((total, secret) => (total + secret) % G1.Point.Fn.ORDER, 0n)
  const committee: SyncCommittee.SyncCommittee = {
    pubkeys: secrets.map((secret) => G1.Point.BASE.multiply(secret).toBytes(true)),
    aggregatePubkey: G1.Point.BASE.multiply(sum(secrets)).toBytes(true),
  }
  const message = new Uint8Array(32).fill(7)
  const absent = (i: number) => i % (SIZE / ABSENT) === 5
  const bits = new Uint8Array(SIZE / 8)
  for (let i = 0; i < SIZE; i++) if (!absent(i)) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7))
  const signature = longSignatures.Signature.toBytes(
    G2.hashToCurve(message, { DST: SyncCommittee.DST }).multiply(
      sum(secrets.filter((_, i) => !absent(i))),
    ) as never,
  )
  const forged = bits.slice()
  forged[0] = (forged[0] as number) | (1 << 5)

  const ours = (claimed: Uint8Array) =>
    SyncCommittee.verify(committee, { bits: claimed, signature }, message).ok
  const cold = (claimed: Uint8Array) => {
    const keys = committee.pubkeys.filter((_, i) => (((claimed[i >> 3] as number) >> (i & 7)) & 1) === 1)
    const key = keys.reduce((total, bytes) => total.add(G1.Point.fromBytes(bytes)), G1.Point.ZERO)
    return longSignatures.verify(
      longSignatures.Signature.fromBytes(signature),
      longSignatures.hash(message, SyncCommittee.DST) as never,
      key as never,
    )
  }

  const gate = await race({
    gate: 'sync-committee-update',
    target: TARGET,
    clock: 'processor',
    ours,
    baseline: cold,
    named: `noble from cold keys, ${SIZE - ABSENT} of ${SIZE}`,
    good: bits,
    tampered: forged,
    rounds: RUNS,
  })
  return [gate]
}
