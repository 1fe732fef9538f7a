// The keys of a universe's two parties: a few pairs serve all universes, which never meet, and are derived once.
import { type Bytes, Hashlock, type Network, type SeedWallet, SwapSeed } from '@aitbc/core'
import { Agreement } from '@aitbc/swap'
import { createWorldWallet } from '../createWorldWallet.js'
import * as Random from '../Random.js'
import type { Role } from './Plan.js'

export interface Party {
  readonly seed: SwapSeed.SwapSeed
  readonly nonce: Bytes.Bytes
  readonly identity: Bytes.Bytes32
  readonly publicKey: Bytes.Bytes32
}

export interface Pair {
  readonly parties: { readonly [R in Role]: Party }
  readonly secret: Bytes.Bytes
  readonly hashlock: Bytes.Hash32
}

const PAIRS = 4
const pairs = new Map<number, Pair>()

/** One of the pairs. */
export function pair(r: Random.Random): Pair {
  const number = r.below(PAIRS)
  const known = pairs.get(number)
  if (known !== undefined) return known
  const party = (role: Role): Party => {
    const own = Random.of(`party/${number}/${role}`)
    const seed = own.bytes(32)
    const nonce = own.bytes(SwapSeed.NONCE_LENGTH)
    const identity = SwapSeed.identity(seed, nonce)
    return { seed, nonce, identity, publicKey: Agreement.publicKey(identity) }
  }
  const parties = { initiator: party('initiator'), follower: party('follower') }
  const secret = SwapSeed.secret(parties.initiator.seed, parties.initiator.nonce)
  const pair = { parties, secret, hashlock: Hashlock.of(secret) }
  pairs.set(number, pair)
  return pair
}

const wallets = new WeakMap<SwapSeed.SwapSeed, Map<string, SeedWallet>>()

/** The wallet of a party's seed on a network. */
export function wallet(seed: SwapSeed.SwapSeed, network: Network): SeedWallet {
  const own = wallets.get(seed) ?? new Map<string, SeedWallet>()
  wallets.set(seed, own)
  const wallet =
    own.get(network.id) ?? createWorldWallet({ network, seed: SwapSeed.forNetwork(seed, network.id) })
  own.set(network.id, wallet)
  return wallet
}
