import type { Network, SeedWallet, SwapSeed } from '@aitbc/core'
import { fundingAccount, partyAccount } from './keys.js'

/**
 * The wallet of a network's share of a swap seed: a funding account, and a fresh account for each swap whose key is in the lock's
 * script (H15).
 *
 * `InvalidNetwork` (1011) for another family, `ForeignNetwork` (1016) where the share is another network's.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import * as networks from '@aitbc/core/networks'
 * import { createSeedWallet } from '@aitbc/adapters/bitcoin'
 * const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(1), networks.bitcoin.id)
 * createSeedWallet({ network: networks.bitcoin, seed }).funding // 'bip122:000000000019d6689c085ae165831e93:bc1q…'
 */
export function createSeedWallet(options: {
  readonly network: Network
  readonly seed: SwapSeed.NetworkSeed
}): SeedWallet {
  const { network, seed } = options
  const funding = fundingAccount(network, seed)
  return {
    funding: funding.account,
    party: (nonce) => partyAccount(network, seed, nonce).party,
    signer(account, nonce) {
      if (account === funding.account) return funding.signer
      const party = partyAccount(network, seed, nonce)
      return account === party.account ? party.signer : undefined
    },
  }
}
