import type { Network } from '../Network.js'

/** Ethereum: the timestamp is the slot's; final after two epochs, with room for missed ones. */
const ETHEREUM_TIMING = {
  standard: { lead: 0n, lag: 72n, inclusion: 660n, finality: 1500n, reorg: 384n, outage: 0n },
  conservative: { lead: 0n, lag: 360n, inclusion: 3600n, finality: 3600n, reorg: 768n, outage: 0n },
} as const satisfies Network['timing']

const EVM_FEES = { model: 'eip1559', unit: 'wei/gas', minRelay: 1n, dust: 1n } as const

/** Ethereum mainnet (`eip155:1`). */
export const ethereum = {
  id: 'eip155:1',
  family: 'evm',
  name: 'Ethereum',
  native: { id: 'eip155:1/slip44:60', symbol: 'ETH', decimals: 18 },
  clock: 'unix',
  blockTimeMs: 12_000n,
  finality: { rule: 'tag', tag: 'finalized' },
  reorgDepth: 64n,
  fees: EVM_FEES,
  timing: ETHEREUM_TIMING,
} as const satisfies Network

/** A local EVM chain (anvil, chain id 31337); final 3 deep. */
export const evmLocal = {
  ...ethereum,
  id: 'eip155:31337',
  name: 'EVM local',
  native: { id: 'eip155:31337/slip44:60', symbol: 'ETH', decimals: 18 },
  finality: { rule: 'depth', depth: 3n },
  reorgDepth: 3n,
} as const satisfies Network

/** What the eth-rpc of a Hub is: Ethereum's interface on a parachain, final with its relay chain. */
const HUB = {
  family: 'evm',
  clock: 'unix',
  blockTimeMs: 6000n,
  finality: { rule: 'tag', tag: 'finalized' },
  reorgDepth: 16n,
  timing: {
    standard: { lead: 36n, lag: 36n, inclusion: 600n, finality: 120n, reorg: 60n, outage: 0n },
    conservative: { lead: 72n, lag: 72n, inclusion: 1500n, finality: 300n, reorg: 120n, outage: 7_200n },
  },
} as const

/**
 * Polkadot Hub as its eth-rpc shows it (`eip155:420420419`): 10^8 wei are one planck, and an account needs 10^16 of them to exist. An adapter for it
 * takes `HubEth.options` of `@aitbc/adapters/evm`: a Hub meters and records otherwise than Ethereum.
 */
export const polkadotHubEth = {
  ...HUB,
  id: 'eip155:420420419',
  name: 'Polkadot Hub (eth-rpc)',
  native: { id: 'eip155:420420419/slip44:354', symbol: 'DOT', decimals: 18 },
  fees: { ...EVM_FEES, dust: 10_000_000_000_000_000n },
} as const satisfies Network

/** Kusama Hub as its eth-rpc shows it (`eip155:420420418`): 10^6 wei are one planck. */
export const kusamaHubEth = {
  ...HUB,
  id: 'eip155:420420418',
  name: 'Kusama Hub (eth-rpc)',
  native: { id: 'eip155:420420418/slip44:434', symbol: 'KSM', decimals: 18 },
  fees: { ...EVM_FEES, dust: 3_333_333_000_000n },
} as const satisfies Network
