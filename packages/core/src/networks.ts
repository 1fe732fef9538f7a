import * as AssetId from './AssetId.js'
import * as ChainId from './ChainId.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'
import type { Family, Network } from './Network.js'

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

/** Ethereum: the timestamp is the slot's; final after two epochs, with room for missed ones. */
const ETHEREUM_TIMING = {
  standard: { lead: 0n, lag: 72n, inclusion: 660n, finality: 1500n, reorg: 384n, outage: 0n },
  conservative: { lead: 0n, lag: 360n, inclusion: 3600n, finality: 3600n, reorg: 768n, outage: 0n },
} as const satisfies Network['timing']

/** CometBFT: final at once; the clock is the median of the votes' times. Halts for upgrades take hours. */
const COSMOS_TIMING = {
  standard: { lead: 36n, lag: 36n, inclusion: 690n, finality: 30n, reorg: 0n, outage: 0n },
  conservative: { lead: 180n, lag: 180n, inclusion: 1740n, finality: 60n, reorg: 0n, outage: 21_600n },
} as const satisfies Network['timing']

/** Solana: the clock is an estimate bounded by the stake's votes, final some 13 s after inclusion; halts have taken hours. */
const SOLANA_TIMING = {
  standard: { lead: 1800n, lag: 1800n, inclusion: 1020n, finality: 60n, reorg: 13n, outage: 0n },
  conservative: { lead: 7200n, lag: 7200n, inclusion: 3480n, finality: 120n, reorg: 26n, outage: 21_600n },
} as const satisfies Network['timing']

/** Polkadot: a parachain's block is final with the relay chain's, some ten seconds after it. */
const POLKADOT_TIMING = {
  standard: { lead: 36n, lag: 36n, inclusion: 600n, finality: 120n, reorg: 60n, outage: 0n },
  conservative: { lead: 72n, lag: 72n, inclusion: 1500n, finality: 300n, reorg: 120n, outage: 0n },
} as const satisfies Network['timing']

const BITCOIN_FEES = { model: 'utxo', unit: 'sat/kvB', minRelay: 1000n, dust: 330n } as const
const EVM_FEES = { model: 'eip1559', unit: 'wei/gas', minRelay: 1n, dust: 1n } as const

/**
 * Bitcoin mainnet (`bip122:000000000019d6689c085ae165831e93`).
 *
 * @example
 * import { networks } from '@aitbc/core'
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

/** IRISnet (`cosmos:irishub-1`); the locks of its own module expire by height. */
export const irisnet = {
  ...cosmosHub,
  id: 'cosmos:irishub-1',
  name: 'IRISnet',
  native: { id: 'cosmos:irishub-1/slip44:118', symbol: 'IRIS', decimals: 6 },
  clock: 'height',
  blockTimeMs: 6500n,
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

/** Solana mainnet (`solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp`). */
export const solana = {
  id: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp',
  family: 'solana',
  name: 'Solana',
  native: { id: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/slip44:501', symbol: 'SOL', decimals: 9 },
  clock: 'unix',
  blockTimeMs: 400n,
  finality: { rule: 'tag', tag: 'finalized' },
  reorgDepth: 32n,
  fees: { model: 'compute-units', unit: 'microlamports/CU', minRelay: 1n, dust: 890_880n },
  timing: SOLANA_TIMING,
} as const satisfies Network

/** A local Solana chain; the rules are mainnet's. */
export const solanaLocal = {
  ...solana,
  id: 'solana:7tkzFg8RHBmMw1ncRJZCCZAizgq4rwCf',
  name: 'Solana local',
  native: { id: 'solana:7tkzFg8RHBmMw1ncRJZCCZAizgq4rwCf/slip44:501', symbol: 'SOL', decimals: 9 },
} as const satisfies Network

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

/**
 * Refuses a profile that the planner can't count on: `InvalidNetwork` (1011) names the field. The shipped profiles pass; this is for a
 * caller's own.
 *
 * @example
 * import { networks } from '@aitbc/core'
 * networks.assert({ ...networks.evmLocal, name: 'My chain' })
 */
export function assert(value: unknown, argument = 'network'): asserts value is Network {
  const network = (typeof value === 'object' && value !== null ? value : {}) as Partial<Network>
  const check = (field: string, fits: boolean, expected: string, received: unknown) => {
    if (!fits)
      throw CoreErrors.InvalidNetwork(`${argument}.${field} must be ${expected}, got ${show(received)}`, {
        argument: `${argument}.${field}`,
        received,
      })
  }
  const natural = (found: unknown, least = 0n) => typeof found === 'bigint' && found >= least
  const {
    id,
    family,
    name,
    native,
    clock,
    blockTimeMs,
    finality,
    reorgDepth,
    fees,
    timing,
    hrp,
    denom,
    ss58,
  } = network
  check('id', ChainId.is(id), 'a CAIP-2 id', id)
  check('family', FAMILIES.includes(family as Family), `one of ${FAMILIES.join(', ')}`, family)
  check('name', typeof name === 'string' && name !== '', 'a text', name)
  const { id: asset, symbol, decimals } = native ?? {}
  check(
    'native.id',
    AssetId.is(asset) && AssetId.parse(asset).network === id && AssetId.canonical(asset) === asset,
    `a canonical CAIP-19 id on ${id}`,
    asset,
  )
  check('native.symbol', typeof symbol === 'string' && symbol !== '', 'a text', symbol)
  check(
    'native.decimals',
    Number.isInteger(decimals) && (decimals as number) >= 0 && (decimals as number) <= 77,
    'an integer from 0 to 77',
    decimals,
  )
  check('clock', clock === 'height' || clock === 'unix' || clock === 'median-time', 'a clock', clock)
  check('blockTimeMs', natural(blockTimeMs, 1n), 'a bigint from 1', blockTimeMs)
  check('reorgDepth', natural(reorgDepth), 'a bigint from 0', reorgDepth)
  check(
    'finality',
    finality?.rule === 'instant' ||
      (finality?.rule === 'tag' && (finality.tag === 'finalized' || finality.tag === 'safe')) ||
      (finality?.rule === 'depth' && natural(finality.depth, 1n)),
    'a rule, with its depth from 1 or its tag',
    finality,
  )
  const fits =
    (fees?.model === 'utxo' && fees.unit === 'sat/kvB') ||
    (fees?.model === 'eip1559' && fees.unit === 'wei/gas') ||
    (fees?.model === 'compute-units' && fees.unit === 'microlamports/CU') ||
    (fees?.model === 'tip' && fees.unit === 'planck/tx') ||
    (fees?.model === 'gas-price' && fees.unit === 'base/Mgas')
  check('fees', fits && natural(fees?.minRelay) && natural(fees?.dust), 'a fee model', fees)
  for (const risk of ['standard', 'conservative'] as const)
    for (const field of TIMES) {
      const seconds = timing?.[risk]?.[field]
      check(`timing.${risk}.${field}`, natural(seconds), 'seconds as a bigint from 0', seconds)
    }
  check(
    'hrp',
    (family !== 'bitcoin' && family !== 'cosmos') ||
      (typeof hrp === 'string' && /^[a-z0-9]{1,83}$/.test(hrp)),
    'there',
    hrp,
  )
  check(
    'denom',
    family !== 'cosmos' || (typeof denom === 'string' && /^[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$/.test(denom)),
    'what the chain calls its native coin',
    denom,
  )
  check(
    'ss58',
    family !== 'polkadot' ||
      (Number.isInteger(ss58) &&
        (ss58 as number) >= 0 &&
        (ss58 as number) < 16_384 &&
        ss58 !== 46 &&
        ss58 !== 47),
    'an SS58 prefix',
    ss58,
  )
}

const FAMILIES: readonly Family[] = ['bitcoin', 'evm', 'solana', 'cosmos', 'polkadot', 'aitbc']
const TIMES = ['lead', 'lag', 'inclusion', 'finality', 'reorg', 'outage'] as const
