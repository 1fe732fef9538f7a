import { HtlcScript } from '@aitbc/proofs/bitcoin'

/** Weight units of version, lock time, SegWit marker and two one-byte counts. */
export const BASE = 4 * (4 + 4 + 1 + 1) + 2
/** Weight units of an input without its witness: outpoint, empty script, sequence. */
export const INPUT = 4 * (32 + 4 + 1 + 4)

/** An ECDSA signature in DER with low s, and its hash type: 72 bytes at most. */
const ECDSA = 72
/** A BIP-340 signature with the default hash type. */
const SCHNORR = 64

/** Weight units of an input that spends an account's coin: p2wpkh (a signature and a key) or p2tr (a signature). */
export function accountInput(kind: 'p2wpkh' | 'p2tr'): number {
  return INPUT + (kind === 'p2wpkh' ? witness([ECDSA, 33]) : witness([SCHNORR]))
}

/** Weight units of the input that claims or refunds a lock. */
export function htlcInput(htlc: HtlcScript.HtlcScript, path: 'claim' | 'refund'): number {
  const signature = new Uint8Array(htlc.kind === 'p2wsh' ? ECDSA : SCHNORR)
  const items =
    path === 'claim'
      ? HtlcScript.claimWitness(htlc, signature, new Uint8Array(32))
      : HtlcScript.refundWitness(htlc, signature)
  return INPUT + witness(items.map((item) => item.length))
}

/** Weight units of a claim or refund: the lock's input and the payout. */
export function settlement(
  htlc: HtlcScript.HtlcScript,
  path: 'claim' | 'refund',
  payout: Uint8Array,
): number {
  return BASE + htlcInput(htlc, path) + output(payout)
}

/** Weight units of an output. */
export function output(script: Uint8Array): number {
  return 4 * (8 + compactSize(script.length) + script.length)
}

/** Virtual bytes of a weight (BIP-141): a quarter, rounded up. */
export function virtualSize(weight: number): number {
  return Math.ceil(weight / 4)
}

/** Fee of a weight at a rate in sat/kvB, rounded up: never below the rate. */
export function fee(weight: number, feeRate: bigint): bigint {
  return (BigInt(virtualSize(weight)) * feeRate + 999n) / 1000n
}

/** Bytes that a count takes. */
export function compactSize(value: number): number {
  return value < 0xfd ? 1 : value <= 0xffff ? 3 : 5
}

function witness(lengths: readonly number[]): number {
  return compactSize(lengths.length) + lengths.reduce((sum, length) => sum + compactSize(length) + length, 0)
}
