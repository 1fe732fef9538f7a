import type { Network } from '../Network.js'

/** Polkadot: a parachain's block is final with the relay chain's, some ten seconds after it. */
const POLKADOT_TIMING = {
  standard: { lead: 36n, lag: 36n, inclusion: 600n, finality: 120n, reorg: 60n, outage: 0n },
  conservative: { lead: 72n, lag: 72n, inclusion: 1500n, finality: 300n, reorg: 120n, outage: 7_200n },
} as const satisfies Network['timing']

/** Polkadot Hub, the asset hub of Polkadot (`polkadot:68d56f15f85d3136970ec16946040bc1`). */
export const polkadotHub = {
  id: 'polkadot:68d56f15f85d3136970ec16946040bc1',
  family: 'polkadot',
  name: 'Polkadot Hub',
  native: { id: 'polkadot:68d56f15f85d3136970ec16946040bc1/slip44:354', symbol: 'DOT', decimals: 10 },
  clock: 'unix',
  blockTimeMs: 6000n,
  finality: { rule: 'tag', tag: 'finalized' },
  reorgDepth: 16n,
  fees: { model: 'tip', unit: 'planck/tx', minRelay: 1n, dust: 100_000_000n },
  timing: POLKADOT_TIMING,
  ss58: 0,
} as const satisfies Network

/** Kusama Hub, the asset hub of Kusama (`polkadot:48239ef607d7928874027a43a6768920`). */
export const kusamaHub = {
  ...polkadotHub,
  id: 'polkadot:48239ef607d7928874027a43a6768920',
  name: 'Kusama Hub',
  native: { id: 'polkadot:48239ef607d7928874027a43a6768920/slip44:434', symbol: 'KSM', decimals: 12 },
  fees: { ...polkadotHub.fees, dust: 3_333_333n },
  ss58: 2,
} as const satisfies Network

/** A local Substrate chain with the runtime of Rococo's asset hub; final 3 deep. */
export const polkadotLocal = {
  ...polkadotHub,
  id: 'polkadot:45454545454545454545454545454545',
  name: 'Polkadot local',
  native: { id: 'polkadot:45454545454545454545454545454545/slip44:1', symbol: 'ROC', decimals: 12 },
  finality: { rule: 'depth', depth: 3n },
  reorgDepth: 3n,
  fees: { ...polkadotHub.fees, dust: 3_333_333n },
  ss58: 2,
} as const satisfies Network
