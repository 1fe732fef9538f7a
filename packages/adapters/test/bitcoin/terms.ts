import { type Deadline, Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { partyAccount } from '../../src/bitcoin/index.js'

const network = networks.bitcoinRegtest

export const ALICE = new Uint8Array(32).fill(0xa1)
export const BOB = new Uint8Array(32).fill(0xb0)
export const share = (seed: SwapSeed.SwapSeed): SwapSeed.NetworkSeed => SwapSeed.forNetwork(seed, network.id)
export const NONCE = new Uint8Array(8).fill(7)

export function deadline(value: bigint): Deadline.Deadline {
  return { network: network.id, clock: 'median-time', value }
}

/** Terms of a swap that Alice initiates. */
export function termsOf(
  options: { kind?: 'p2wsh' | 'p2tr' | 'p2tr-musig2'; amount?: bigint; deadline?: bigint } = {},
): LockTerms.LockTerms {
  return {
    version: 1,
    backend: { network: network.id, kind: options.kind ?? 'p2wsh' },
    asset: network.native.id,
    amount: options.amount ?? 100_000n,
    hashlock: Hashlock.of(SwapSeed.secret(ALICE, NONCE)),
    locker: partyAccount(network, share(ALICE), NONCE).party,
    beneficiary: partyAccount(network, share(BOB), NONCE).party,
    deadline: deadline(options.deadline ?? 1_800_000_000n),
    salt: SwapSeed.derive(share(ALICE), 'salt', NONCE),
  }
}
