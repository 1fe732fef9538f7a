import {
  Bytes,
  CoreErrors,
  type LockTerms,
  type Network,
  type Signer,
  SwapSeed,
  TaggedHash,
} from '@aitbc/core'
import * as Account from './Account.js'
import { createKeySigner } from './createKeySigner.js'
import { lru } from './internal/lru.js'

/** An account of the swap seed, with its signer. */
export interface SeedAccount {
  readonly account: Account.Account['id']
  /** Compressed, 33 bytes. */
  readonly publicKey: Bytes.Bytes
  readonly signer: Extract<Signer, { kind: 'signs' }>
}

/**
 * The account that swaps are funded from where the user's wallet only sends: a p2wpkh address of the swap seed.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import * as networks from '@aitbc/core/networks'
 * import { fundingAccount } from '@aitbc/adapters/bitcoin'
 * const share = SwapSeed.forNetwork(new Uint8Array(32).fill(1), networks.bitcoin.id)
 * fundingAccount(networks.bitcoin, share).account // 'bip122:000000000019d6689c085ae165831e93:bc1q…'
 */
export function fundingAccount(
  network: Network,
  seed: SwapSeed.NetworkSeed,
  options: { readonly index?: number; readonly more?: readonly Bytes.Bytes32[] } = {},
): SeedAccount {
  assertShare(network, seed)
  const { index = 0, more = [] } = options
  return accountOf(network, SwapSeed.derive(seed, 'funding', index), more)
}

/**
 * The owner's side of one swap on a Bitcoin network: the account of a fresh key that derives from the swap's nonce (8 bytes), and the
 * party that goes into the terms. Payouts are made to the same account, so that a recovery finds them.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import * as networks from '@aitbc/core/networks'
 * import { partyAccount } from '@aitbc/adapters/bitcoin'
 * const share = SwapSeed.forNetwork(new Uint8Array(32).fill(1), networks.bitcoin.id)
 * partyAccount(networks.bitcoin, share, new Uint8Array(8)).party.publicKey?.length // 33
 */
export function partyAccount(
  network: Network,
  seed: SwapSeed.NetworkSeed,
  nonce: Bytes.Bytes,
): SeedAccount & { readonly party: LockTerms.Party } {
  assertShare(network, seed)
  Bytes.assert(nonce, SwapSeed.NONCE_LENGTH, 'nonce')
  const own = accountOf(network, SwapSeed.derive(seed, 'party', nonce), [])
  const { account, publicKey } = own
  return { ...own, party: { account, publicKey, payout: account } }
}

/** Accounts of beacons, which recoveries ask for by the dozen. */
const beacons = /* @__PURE__ */ lru<Account.Account>(4096)

/**
 * The account of the small output that points to a lock's recovery record; its key is `SwapSeed.derive(seed, 'beacon', index)`.
 *
 * @example
 * import { SwapSeed } from '@aitbc/core'
 * import * as networks from '@aitbc/core/networks'
 * import { beaconAccount } from '@aitbc/adapters/bitcoin'
 * const share = SwapSeed.forNetwork(new Uint8Array(32).fill(1), networks.bitcoin.id)
 * beaconAccount(networks.bitcoin, share, 0).kind // 'p2wpkh'
 */
export function beaconAccount(
  network: Network,
  seed: SwapSeed.NetworkSeed,
  index: number,
): Account.Account & { readonly account: Account.Account['id'] } {
  assertShare(network, seed)
  if (!Number.isSafeInteger(index) || index < 0 || index > 0xffff_ffff)
    throw CoreErrors.InvalidArgument(`index must be a whole number from 0 to 4294967295, got ${index}`, {
      argument: 'index',
      received: index,
    })
  const key = `${shareId(seed)}/${index}`
  let account = beacons.get(key)
  if (account === undefined) {
    const publicKey = Account.publicKey(SwapSeed.derive(seed, 'beacon', index))
    account = Account.parse(network, Account.ofKey(network, publicKey))
    beacons.set(key, account)
  }
  return { ...account, account: account.id }
}

/** Names a share without showing it. */
export function shareId(seed: SwapSeed.NetworkSeed): string {
  return Bytes.toHex(TaggedHash.of('aitbc/bitcoin-share/v1', seed.key))
}

/** Refuses a share of a seed that is another network's. */
export function assertShare(network: Network, seed: SwapSeed.NetworkSeed): void {
  if (seed?.network !== network.id)
    throw CoreErrors.ForeignNetwork(`seed must be the share of ${network.id}, got that of ${seed?.network}`, {
      argument: 'seed',
      expected: network.id,
      received: seed?.network,
    })
  Bytes.assert(seed.key, 32, 'seed.key')
}

function accountOf(network: Network, privateKey: Bytes.Bytes32, more: readonly Bytes.Bytes32[]): SeedAccount {
  const signer = createKeySigner({ network, privateKey, more })
  return { account: signer.account, publicKey: Account.publicKey(privateKey), signer }
}
