import type { Network } from '../Network.js'

/** CometBFT: final at once; the clock is the median of the votes' times. Halts for upgrades take hours. */
const COSMOS_TIMING = {
  standard: { lead: 36n, lag: 36n, inclusion: 690n, finality: 30n, reorg: 0n, outage: 0n },
  conservative: { lead: 180n, lag: 180n, inclusion: 1740n, finality: 60n, reorg: 0n, outage: 21_600n },
} as const satisfies Network['timing']

/** Cosmos Hub (`cosmos:cosmoshub-4`). */
export const cosmosHub = {
  id: 'cosmos:cosmoshub-4',
  family: 'cosmos',
  name: 'Cosmos Hub',
  native: { id: 'cosmos:cosmoshub-4/slip44:118', symbol: 'ATOM', decimals: 6 },
  clock: 'unix',
  blockTimeMs: 6000n,
  finality: { rule: 'instant' },
  reorgDepth: 0n,
  fees: { model: 'gas-price', unit: 'base/Mgas', minRelay: 5000n, dust: 1n },
  timing: COSMOS_TIMING,
  hrp: 'cosmos',
  denom: 'uatom',
} as const satisfies Network

/** Osmosis (`cosmos:osmosis-1`). */
export const osmosis = {
  ...cosmosHub,
  id: 'cosmos:osmosis-1',
  name: 'Osmosis',
  native: { id: 'cosmos:osmosis-1/slip44:118', symbol: 'OSMO', decimals: 6 },
  blockTimeMs: 1200n,
  fees: { ...cosmosHub.fees, minRelay: 30_000n },
  hrp: 'osmo',
  denom: 'uosmo',
} as const satisfies Network

/** Neutron (`cosmos:neutron-1`). */
export const neutron = {
  ...cosmosHub,
  id: 'cosmos:neutron-1',
  name: 'Neutron',
  native: { id: 'cosmos:neutron-1/slip44:118', symbol: 'NTRN', decimals: 6 },
  blockTimeMs: 1300n,
  fees: { ...cosmosHub.fees, minRelay: 5300n },
  hrp: 'neutron',
  denom: 'untrn',
} as const satisfies Network

/**
 * IRISnet (`cosmos:irishub-1`); the locks of its own module expire by height. No chain of CometBFT among these makes blocks faster than one
 * in 1.2 s, whatever its validators agreed to wait. A halt puts deadlines off, where other clocks go on: whoever knows of an
 * upgrade beforehand chooses the moment, so that halts of hours are planned for at any risk.
 */
export const irisnet = {
  ...cosmosHub,
  id: 'cosmos:irishub-1',
  name: 'IRISnet',
  native: { id: 'cosmos:irishub-1/slip44:118', symbol: 'IRIS', decimals: 6 },
  clock: 'height',
  blockTimeMs: 6500n,
  pace: { least: 1000n, most: 10_000n },
  timing: {
    standard: { ...COSMOS_TIMING.standard, outage: 21_600n },
    conservative: { ...COSMOS_TIMING.conservative, outage: 86_400n },
  },
  fees: { ...cosmosHub.fees, minRelay: 200_000n },
  hrp: 'iaa',
  denom: 'uiris',
} as const satisfies Network

/** A local Cosmos chain (`aitbc-local-1`) with CosmWasm and addresses as the Hub's. */
export const cosmosLocal = {
  ...cosmosHub,
  id: 'cosmos:aitbc-local-1',
  name: 'Cosmos local',
  native: { id: 'cosmos:aitbc-local-1/slip44:118', symbol: 'ATOM', decimals: 6 },
  blockTimeMs: 1000n,
} as const satisfies Network
