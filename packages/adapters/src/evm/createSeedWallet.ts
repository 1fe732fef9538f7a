import type { Network, SeedWallet, SwapSeed } from '@aitbc/core'
import { seedWallet } from '../internal/seedWallet.js'
import { createKeySigner } from './signers.js'

/**
 * The wallet of a network's share of a swap seed: one account (key `SwapSeed.derive(seed, 'funding')`) that locks, is paid and
 * pays for gas in every swap, since gas has to be there before a claim.
 *
 * `InvalidNetwork` (1011) for another family, `ForeignNetwork` (1016) where the share is another network's.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import * as networks from '@aitbc/core/networks'
 * import { createSeedWallet } from '@aitbc/adapters/evm'
 * const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(1), networks.evmLocal.id)
 * createSeedWallet({ network: networks.evmLocal, seed }).funding // 'eip155:31337:0x…'
 */
export function createSeedWallet(options: {
  readonly network: Network
  readonly seed: SwapSeed.NetworkSeed
}): SeedWallet {
  return seedWallet(options, createKeySigner)
}
