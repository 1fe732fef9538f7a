import { AssetId, type Network } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { describe, expect, test } from 'vitest'
import { JUNK, thrown } from './support.js'

const { assert, ...shipped } = networks
const ALL: readonly [string, Network][] = Object.entries(shipped)
const hours = (seconds: bigint) => Number(seconds) / 3600

describe('shipped profiles', () => {
  for (const [name, network] of ALL)
    test(`${name}: complete and consistent`, () => {
      networks.assert(network)
      // Heights mean nothing without bounds.
      expect(network.clock === 'height').toBe(network.pace !== undefined)
      expect(AssetId.parse(network.native.id).network).toBe(network.id)
      expect(network.fees.minRelay).toBeGreaterThan(0n)
      for (const [field, standard] of Object.entries(network.timing.standard))
        expect(network.timing.conservative[field as 'lead']).toBeGreaterThanOrEqual(standard)
      // A fact counts as final no earlier than the deepest reorganisation that is planned for.
      if (network.finality.rule === 'depth')
        expect(network.finality.depth).toBeGreaterThanOrEqual(network.reorgDepth)
    })

  test('ids are unique, and those of the chains they name', () => {
    const ids = ALL.map(([, network]) => network.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(networks.bitcoin.id).toBe('bip122:000000000019d6689c085ae165831e93')
    expect(networks.bitcoinRegtest.id).toBe('bip122:0f9188f13cb7b2c71f2a335e3a4fc328')
    expect(networks.ethereum.id).toBe('eip155:1')
    expect(networks.solana.id).toBe('solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp')
  })

  test('the inputs of the safety page, in hours: lead, lag, inclusion + finality, and halts', () => {
    const inputs = (
      network:
        | typeof networks.bitcoin
        | typeof networks.ethereum
        | typeof networks.cosmosHub
        | typeof networks.solana
        | typeof networks.polkadotHub,
      risk: 'standard' | 'conservative',
    ) => {
      const { lead, lag, inclusion, finality } = network.timing[risk]
      return [hours(lead), hours(lag), hours(inclusion + finality)].map(
        (value) => Math.round(value * 100) / 100,
      )
    }
    expect(inputs(networks.bitcoin, 'standard')).toEqual([2, 2.7, 5.7])
    expect(inputs(networks.bitcoin, 'conservative')).toEqual([2, 4.2, 7.6])
    expect(inputs(networks.ethereum, 'standard')).toEqual([0, 0.02, 0.6])
    expect(inputs(networks.ethereum, 'conservative')).toEqual([0, 0.1, 2])
    expect(inputs(networks.cosmosHub, 'standard')).toEqual([0.01, 0.01, 0.2])
    expect(inputs(networks.cosmosHub, 'conservative')).toEqual([0.05, 0.05, 0.5])
    expect(inputs(networks.solana, 'standard')).toEqual([0.5, 0.5, 0.3])
    expect(inputs(networks.solana, 'conservative')).toEqual([2, 2, 1])
    expect(inputs(networks.polkadotHub, 'standard')).toEqual([0.01, 0.01, 0.2])
    expect(inputs(networks.polkadotHub, 'conservative')).toEqual([0.02, 0.02, 0.5])
    const { bitcoin, ethereum, solana, cosmosHub, polkadotHub, polkadotHubEth } = networks
    const halts = [bitcoin, ethereum, solana, cosmosHub, polkadotHub, polkadotHubEth].map(({ timing }) =>
      [timing.standard.outage, timing.conservative.outage].map(hours),
    )
    expect(halts.map(([standard]) => standard)).toEqual([0, 0, 0, 0, 0, 0])
    expect(halts.map(([, conservative]) => conservative)).toEqual([0, 0, 6, 6, 2, 2])
  })
})

describe('assert', () => {
  const good = networks.evmLocal
  const timing = (field: string, value: unknown) => ({
    ...good.timing,
    standard: { ...good.timing.standard, [field]: value },
  })
  const cases: readonly [unknown, string][] = [
    [{ ...good, id: 'ethereum' }, 'id'],
    [{ ...good, family: 'tron' }, 'family'],
    [{ ...good, name: '' }, 'name'],
    [{ ...good, native: null }, 'native.id'],
    [{ ...good, native: { ...good.native, id: 'eip155:1/slip44:60' } }, 'native.id'],
    [{ ...good, native: { ...good.native, symbol: 5 } }, 'native.symbol'],
    [{ ...good, native: { ...good.native, decimals: 78 } }, 'native.decimals'],
    [{ ...good, clock: 'utc' }, 'clock'],
    [{ ...good, blockTimeMs: 0n }, 'blockTimeMs'],
    [{ ...good, blockTimeMs: 12_000 }, 'blockTimeMs'],
    [{ ...good, reorgDepth: -1n }, 'reorgDepth'],
    [{ ...good, finality: { rule: 'depth', depth: 0n } }, 'finality'],
    [{ ...good, finality: { rule: 'depth' } }, 'finality'],
    [{ ...good, finality: { rule: 'tag', tag: 'latest' } }, 'finality'],
    [{ ...good, finality: 'instant' }, 'finality'],
    [{ ...good, fees: { ...good.fees, unit: 'sat/kvB' } }, 'fees'],
    [{ ...good, fees: { ...good.fees, minRelay: -1n } }, 'fees'],
    [{ ...good, family: 'polkadot' }, 'ss58'],
    [{ ...good, family: 'polkadot', ss58: 46 }, 'ss58'],
    [{ ...good, family: 'polkadot', ss58: 16_384 }, 'ss58'],
    [{ ...good, family: 'cosmos', denom: 'uatom' }, 'hrp'],
    [{ ...networks.cosmosHub, denom: undefined }, 'denom'],
    [{ ...networks.cosmosHub, denom: '1atom' }, 'denom'],
    [{ ...networks.cosmosHub, fees: { ...networks.cosmosHub.fees, unit: 'wei/gas' } }, 'fees'],
    [{ ...good, pace: { least: 0n, most: good.blockTimeMs } }, 'pace'],
    [{ ...good, pace: { least: 1n, most: good.blockTimeMs - 1n } }, 'pace'],
    [{ ...good, pace: { least: good.blockTimeMs + 1n, most: good.blockTimeMs + 2n } }, 'pace'],
    [{ ...good, pace: { least: 1n } }, 'pace'],
    [{ ...good, timing: timing('lead', -1n) }, 'timing.standard.lead'],
    [{ ...good, timing: timing('outage', undefined) }, 'timing.standard.outage'],
    [{ ...good, timing: { standard: good.timing.standard } }, 'timing.conservative.lead'],
    [{ ...networks.bitcoin, hrp: undefined }, 'hrp'],
    [{ ...networks.bitcoin, hrp: 'BC' }, 'hrp'],
  ]
  for (const [value, field] of cases)
    test(`error: ${field}`, () => {
      expect(thrown(() => networks.assert(value))).toMatchObject({
        _tag: 'InvalidNetwork',
        context: { argument: `network.${field}` },
      })
    })

  test('error: anything else', () => {
    for (const junk of JUNK.slice(0, -1))
      expect(thrown(() => networks.assert(junk))._tag).toBe('InvalidNetwork')
  })
})
