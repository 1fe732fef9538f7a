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
