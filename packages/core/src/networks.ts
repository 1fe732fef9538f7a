import * as AssetId from './AssetId.js'
import * as ChainId from './ChainId.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'
import type { Family, Network } from './Network.js'

export * from './networks/bitcoin.js'
export * from './networks/cosmos.js'
export * from './networks/evm.js'
export * from './networks/polkadot.js'
export * from './networks/solana.js'

/**
 * Refuses a profile that the planner can't count on: `InvalidNetwork` (1011) names the field. The shipped profiles pass; this is for a
 * caller's own.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
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
    pace,
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
  check(
    'pace',
    pace === undefined ||
      (natural(pace.least, 1n) && natural(pace.most, blockTimeMs) && pace.least <= (blockTimeMs as bigint)),
    'bounds around blockTimeMs',
    pace,
  )
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
