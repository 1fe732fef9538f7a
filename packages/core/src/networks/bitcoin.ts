import type { Network } from '../Network.js'

const hours = (tenths: bigint): bigint => (tenths * 3600n) / 10n

/**
 * Bitcoin. Times: 12 blocks to include and 6 to settle; median time lags as the 6th block after an instant
 * does (Erlang-6) and can lead by the two hours that a header may be ahead.
 */
const BITCOIN_TIMING = {
  standard: {
    lead: 7200n,
    lag: 9720n,
    inclusion: hours(41n),
    finality: hours(16n),
    reorg: 3600n,
    outage: 0n,
  },
  conservative: {
    lead: 7200n,
    lag: 15_120n,
    inclusion: hours(55n),
    finality: hours(21n),
    reorg: 7200n,
    outage: 0n,
  },
} as const satisfies Network['timing']

const BITCOIN_FEES = { model: 'utxo', unit: 'sat/kvB', minRelay: 1000n, dust: 330n } as const

/**
 * Bitcoin mainnet (`bip122:000000000019d6689c085ae165831e93`).
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * networks.bitcoin.clock // 'median-time'
 */
export const bitcoin = {
  id: 'bip122:000000000019d6689c085ae165831e93',
  family: 'bitcoin',
  name: 'Bitcoin',
  native: { id: 'bip122:000000000019d6689c085ae165831e93/slip44:0', symbol: 'BTC', decimals: 8 },
  clock: 'median-time',
  blockTimeMs: 600_000n,
  finality: { rule: 'depth', depth: 6n },
  reorgDepth: 6n,
  fees: BITCOIN_FEES,
  timing: BITCOIN_TIMING,
  hrp: 'bc',
} as const satisfies Network

/** A local Bitcoin chain (regtest); the rules are mainnet's but for difficulty and finality, which is 3 deep here. */
export const bitcoinRegtest = {
  ...bitcoin,
  id: 'bip122:0f9188f13cb7b2c71f2a335e3a4fc328',
  name: 'Bitcoin regtest',
  native: { id: 'bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1', symbol: 'rBTC', decimals: 8 },
  finality: { rule: 'depth', depth: 3n },
  reorgDepth: 3n,
  hrp: 'bcrt',
} as const satisfies Network
