import type { Network, SeedWallet, SwapSeed } from '@aitbc/core'
import { seedWallet } from '../internal/seedWallet.js'
import { createKeySigner } from './signers.js'

/**
 * The wallet of a network's share of a swap seed: one account (ed25519 key `SwapSeed.derive(seed, 'funding')`) that locks, is paid and
 * pays the fees in every swap, since fees have to be there before a claim. Ed25519 rather than sr25519: its signatures are deterministic,
 * every Substrate chain takes them, and they need no WebAssembly.
 *
 * `InvalidNetwork` (1011) for another family, `ForeignNetwork` (1016) where the share is another network's.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import * as networks from '@aitbc/core/networks'
 * import { createSeedWallet } from '@aitbc/adapters/polkadot'
 * const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(1), networks.polkadotLocal.id)
 * createSeedWallet({ network: networks.polkadotLocal, seed }).funding // 'polkadot:45…:…'
 */
export function createSeedWallet(options: {
  readonly network: Network
  readonly seed: SwapSeed.NetworkSeed
}): SeedWallet {
  return seedWallet(options, createKeySigner)
}
