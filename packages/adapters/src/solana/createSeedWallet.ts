import { AccountId, type Network, type SeedWallet, SwapSeed } from '@aitbc/core'
import { createKeySigner } from './signers.js'

/**
 * The wallet of a network's share of a swap seed: one account (key `SwapSeed.derive(seed, 'funding')`) that locks, is paid and
 * pays for fees and rent in every swap, since lamports have to be there before a claim.
 *
 * `InvalidNetwork` (1011) for another family, `ForeignNetwork` (1016) where the share is another network's.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import * as networks from '@aitbc/core/networks'
 * import { createSeedWallet } from '@aitbc/adapters/solana'
 * const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(1), networks.solanaLocal.id)
 * createSeedWallet({ network: networks.solanaLocal, seed }).funding // 'solana:…:…'
 */
export function createSeedWallet(options: {
  readonly network: Network
  readonly seed: SwapSeed.NetworkSeed
}): SeedWallet {
  const { network, seed } = options
  SwapSeed.assertNetwork(seed, network.id)
  const signer = createKeySigner({ network, privateKey: SwapSeed.derive(seed, 'funding') })
  return {
    funding: signer.account,
    party: () => ({ account: signer.account, payout: signer.account }),
    signer: (account) => (AccountId.canonical(account) === signer.account ? signer : undefined),
  }
}
