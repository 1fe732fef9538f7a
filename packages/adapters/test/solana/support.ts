import { Hashlock, type LockTerms } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { Address } from '@aitbc/proofs/solana'
import { ed25519 } from '@noble/curves/ed25519.js'
import { HtlcArtifact, type HtlcLock } from '../../src/solana/index.js'

export const network = networks.solanaLocal
export const fill = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte)
/** The address of a private key of one byte, repeated. */
export const keyOf = (byte: number): Uint8Array => ed25519.getPublicKey(fill(byte))
export const accountOf = (byte: number) => `${network.id}:${Address.encode(keyOf(byte))}` as const
export const PROGRAM = Address.encode(fill(0x99))
export const MINT = Address.encode(fill(0x77))
export const token = `${network.id}/token:${MINT}` as const
export const BLOCKHASH = Address.encode(fill(0x42))
export const SECRET = fill(0x5e)

export const backend: HtlcLock.HtlcBackend = {
  network: network.id,
  kind: 'program',
  address: PROGRAM,
  codeHash: HtlcArtifact.codeHashes.v3,
}

export const terms = (change: Partial<LockTerms.LockTerms> = {}): LockTerms.LockTerms => ({
  version: 1,
  backend,
  asset: network.native.id,
  amount: 5_000_000n,
  hashlock: Hashlock.of(SECRET),
  locker: { account: accountOf(1), payout: accountOf(1) },
  beneficiary: { account: accountOf(2), payout: accountOf(2) },
  deadline: { network: network.id, clock: 'unix', value: 1_900_003_600n },
  salt: fill(7),
  ...change,
})

/** The typed error of a call, or what it threw instead. */
export function thrown(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

export async function rejected(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('nothing was rejected')
}
