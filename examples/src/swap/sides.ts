import { createBeaconSource } from '@aitbc/adapters/beacon'
import {
  beaconAccount,
  createBitcoinAdapter,
  createSeedWallet as createBitcoinWallet,
  createCoreBackend,
  fundingAccount,
  partyAccount,
} from '@aitbc/adapters/bitcoin'
import { createEvmAdapter, createSeedWallet as createEvmWallet } from '@aitbc/adapters/evm'
import { AccountId, Bytes, SwapSeed } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRest, createHttpRpc, pipe, retry, timeout, toProvider } from '@aitbc/core/rpc'
import { LightClient } from '@aitbc/proofs/beacon'
import { Consensus, createBitcoinVerifier, HeaderChain } from '@aitbc/proofs/bitcoin'
import { BeaconConfig, createBeaconAnchor } from '@aitbc/proofs/checkpoint'
import { createEvmVerifier } from '@aitbc/proofs/ethereum'
import { Policy, type Side } from '@aitbc/swap'
import type { PartyConfig } from './messages.js'

const BITCOIN = networks.bitcoinRegtest
/** Final is what the beacon chain finalized, as on the real network. */
const EVM = {
  ...networks.evmLocal,
  finality: networks.ethereum.finality,
  reorgDepth: networks.ethereum.reorgDepth,
} as const

/** What a party asks for: every lock that it relies on is proved, on both chains. */
export const POLICY: Policy.Policy = { ...Policy.standard, assurance: 'proved' }

/** A party's two sides: adapter, verifier and keys for each chain. */
export function createSides(config: PartyConfig, seed: SwapSeed.SwapSeed, now: () => bigint): Side.Sides {
  return { [BITCOIN.id]: bitcoinSide(config, seed, now), [EVM.id]: evmSide(config, seed, now) }
}

function bitcoinSide(config: PartyConfig, seed: SwapSeed.SwapSeed, now: () => bigint): Side.Side {
  const { url, username, password } = config.bitcoin
  const endpoint = new URL(url)
  endpoint.username = username
  endpoint.password = password
  const rpc = pipe(createHttpRpc({ url: endpoint.href, exactNumbers: 'all' }), timeout(10_000), retry())
  const verifier = createBitcoinVerifier({ anchor: HeaderChain.genesis(Consensus.regtest), now })
  if (!verifier.ok) throw new Error(verifier.refusal.message)
  const adapter = createBitcoinAdapter({ network: BITCOIN, backend: createCoreBackend({ rpc }), pollMs: 200 })
  return {
    adapter,
    verifier: verifier.value,
    backend: { network: BITCOIN.id, kind: 'p2tr' },
    ...createBitcoinWallet({ network: BITCOIN, seed: SwapSeed.forNetwork(seed, BITCOIN.id) }),
  }
}

function evmSide(config: PartyConfig, seed: SwapSeed.SwapSeed, now: () => bigint): Side.Side {
  const rpc = pipe(createHttpRpc({ url: config.evm.url }), timeout(10_000), retry())
  const tokens = config.evm.tokens.map((address) => ({
    id: `${EVM.id}/erc20:${address}` as const,
    symbol: 'TUSD',
    decimals: 6,
  }))
  const { url, genesisValidatorsRoot, genesisTime } = config.evm.beacon
  const beacon: BeaconConfig.BeaconConfig = {
    ...BeaconConfig.minimal({
      network: EVM.id,
      genesisValidatorsRoot: Bytes.fromHex(genesisValidatorsRoot),
      genesisTime: BigInt(genesisTime),
      forkEpochs: [0n, 0n, 0n, 0n, 0n],
    }),
    secondsPerSlot: 12n,
  }
  const blockRoot = Bytes.fromHex(config.checkpoint)
  const rest = pipe(createHttpRest({ url }), timeout(10_000), retry())
  const adapter = createEvmAdapter({
    network: EVM,
    transport: toProvider(rpc),
    beacon: createBeaconSource({ rest, config: beacon, blockRoot }),
    tokens,
    pollMs: 400,
  })
  const verifier = createEvmVerifier({
    anchor: createBeaconAnchor({ client: LightClient, config: beacon, blockRoot, now }),
  })
  return {
    adapter,
    verifier,
    backend: adapter.backend,
    ...createEvmWallet({ network: EVM, seed: SwapSeed.forNetwork(seed, EVM.id) }),
  }
}

/** The address to pay bitcoin to before a swap. */
export function fundingAddress(seed: SwapSeed.SwapSeed): string {
  const { funding } = createBitcoinWallet({ network: BITCOIN, seed: SwapSeed.forNetwork(seed, BITCOIN.id) })
  return AccountId.parse(funding).address
}

/** The address that holds a seed's ether and tokens. */
export function evmAddress(seed: SwapSeed.SwapSeed): string {
  const { funding } = createEvmWallet({ network: EVM, seed: SwapSeed.forNetwork(seed, EVM.id) })
  return AccountId.parse(funding).address
}

/** Every Bitcoin address that a seed controls: funding, one a swap, and those that point to recovery records. */
export function bitcoinAddresses(seed: SwapSeed.SwapSeed, nonces: readonly Uint8Array[]): readonly string[] {
  const share = SwapSeed.forNetwork(seed, BITCOIN.id)
  const accounts = [
    fundingAccount(BITCOIN, share).account,
    ...nonces.map((nonce) => partyAccount(BITCOIN, share, nonce).account),
    ...Array.from({ length: 20 }, (_, index) => beaconAccount(BITCOIN, share, index).account),
  ]
  return accounts.map((account) => AccountId.parse(account).address)
}
