import { AccountId, Bytes, type Network, type SeedWallet, type Signer, SwapSeed } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { familyOf } from './families/index.js'
import { sign } from './steps.js'

/**
 * The keys of a swap seed on a network of a world: on Bitcoin a funding account and one for each swap (H15), elsewhere one for all.
 *
 * `InvalidNetwork` (1011) for a family that worlds don't have, `ForeignNetwork` (1016) where the share is another network's.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import * as networks from '@aitbc/core/networks'
 * import { createWorldWallet } from '@aitbc/devnet/world'
 * const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(1), networks.ethereum.id)
 * createWorldWallet({ network: networks.ethereum, seed }).funding // 'eip155:1:0x…'
 */
export function createWorldWallet(options: {
  readonly network: Network
  readonly seed: SwapSeed.NetworkSeed
}): SeedWallet {
  const { network, seed } = options
  const family = familyOf(network)
  SwapSeed.assertNetwork(seed, network.id)
  const keyed = (key: Bytes.Bytes32) => {
    const publicKey = Bytes.concat(Uint8Array.of(2), sha256(key))
    const account = addressOf(network, publicKey)
    const signer: Signer & { readonly kind: 'signs' } = {
      kind: 'signs',
      account,
      async sign(step, { signal } = {}) {
        signal?.throwIfAborted()
        if (step.from !== account || step.network !== network.id)
          throw family.errors.step(`step.from must be ${account}, got ${step.from}`, {
            argument: 'step.from',
            received: step.from,
          })
        return sign(family, step)
      },
    }
    return { account, publicKey, signer }
  }
  const own = keyed(SwapSeed.derive(seed, 'funding'))
  if (family.kind === 'accounts')
    return {
      funding: own.account,
      party: () => ({ account: own.account, payout: own.account }),
      signer: (asked) => (AccountId.canonical(asked) === own.account ? own.signer : undefined),
    }
  const parties = new Map<string, ReturnType<typeof keyed>>()
  const partyOf = (nonce: Bytes.Bytes) => {
    const name = Bytes.toHex(nonce)
    const party = parties.get(name) ?? keyed(SwapSeed.derive(seed, 'party', nonce))
    parties.set(name, party)
    return party
  }
  return {
    funding: own.account,
    party(nonce) {
      const { account, publicKey } = partyOf(nonce)
      return { account, publicKey, payout: account }
    },
    signer(asked, nonce) {
      if (asked === own.account) return own.signer
      const party = partyOf(nonce)
      return asked === party.account ? party.signer : undefined
    },
  }
}

/** The account of a public key. */
export function addressOf(network: Network, publicKey: Bytes.Bytes): AccountId.AccountId {
  const hex = Bytes.toHex(sha256(publicKey)).slice(0, 40)
  return AccountId.canonical(`${network.id}:${familyOf(network).address(hex)}`)
}
