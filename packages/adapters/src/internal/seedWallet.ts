import { AccountId, type Bytes, type Network, type SeedWallet, type Signer, SwapSeed } from '@aitbc/core'

/** The wallet of a network's share of a swap seed on a chain of accounts: one account locks, is paid and pays fees. */
export function seedWallet(
  { network, seed }: { readonly network: Network; readonly seed: SwapSeed.NetworkSeed },
  createKeySigner: (options: {
    readonly network: Network
    readonly privateKey: Bytes.Bytes32
  }) => Signer & { readonly kind: 'signs' },
): SeedWallet {
  SwapSeed.assertNetwork(seed, network.id)
  const signer = createKeySigner({ network, privateKey: SwapSeed.derive(seed, 'funding') })
  const { account } = signer
  return {
    funding: account,
    party: () => ({ account, payout: account }),
    signer: (asked) => (AccountId.canonical(asked) === account ? signer : undefined),
  }
}
