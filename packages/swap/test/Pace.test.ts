import type { Network } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { Pace } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const all: readonly Network[] = [
  networks.bitcoin,
  networks.bitcoinRegtest,
  networks.ethereum,
  networks.evmLocal,
  networks.solana,
  networks.solanaLocal,
  networks.cosmosHub,
  networks.osmosis,
  networks.neutron,
  networks.cosmosLocal,
  networks.polkadotHub,
  networks.kusamaHub,
]
const seconds = (network: Network, blocks: bigint) => Number(blocks * network.blockTimeMs) / 1000

describe('how long a fee may wait', () => {
  it('L5: some twenty minutes on Bitcoin, under a minute elsewhere, whatever the length of a slot', () => {
    expect(Pace.bumpAfter(networks.bitcoin)).toBe(2n)
    expect(Pace.bumpAfter(networks.ethereum)).toBe(3n)
    expect(Pace.bumpAfter(networks.solana)).toBe(107n)
    expect(Pace.bumpAfter(networks.cosmosHub)).toBe(5n)
    expect(Pace.bumpAfter(networks.osmosis)).toBe(24n)
    for (const network of all.filter(({ family }) => family !== 'bitcoin')) {
      expect(seconds(network, Pace.bumpAfter(network)), network.name).toBeGreaterThanOrEqual(20)
      expect(seconds(network, Pace.bumpAfter(network)), network.name).toBeLessThanOrEqual(60)
    }
  })

  it('L5: on Solana a fee is raised before the 150 blocks of a blockhash are over', () => {
    expect(Pace.bumpAfter(networks.solana)).toBeLessThan(150n)
  })

  it('L5: a dozen raises and more fit into S, and one at least into what is left, down to the last blocks', () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.bigInt(-10n, 200_000n), (network, left) => {
        const calm = Pace.bumpAfter(network)
        const { inclusion } = network.timing.standard
        expect(calm).toBeGreaterThanOrEqual(2n)
        expect(seconds(network, calm) * 12).toBeLessThanOrEqual(Number(inclusion))
        const hurried = Pace.bumpAfter(network, left)
        expect(hurried).toBeGreaterThanOrEqual(1n)
        expect(hurried).toBeLessThanOrEqual(calm)
        expect(hurried).toBeLessThanOrEqual(Pace.bumpAfter(network, left + 1n))
        if (hurried > 1n) expect(seconds(network, hurried) * 8).toBeLessThanOrEqual(Number(left))
      }),
    )
  })

  it('S13: what was made twice in vain rests longer each time, no longer than S, and than a share of what is left', () => {
    const made = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(fc.constantFrom(...all), made, fc.bigInt(-10n, 2_000_000n), (network, failures, left) => {
        const rest = Pace.restAfter(network, failures)
        expect(rest === 0n).toBe(failures <= 2)
        expect(rest).toBeLessThanOrEqual(Pace.restAfter(network, failures + 1))
        expect(rest).toBeLessThanOrEqual(network.timing.conservative.inclusion)
        const hurried = Pace.restAfter(network, failures, left)
        expect(hurried).toBeLessThanOrEqual(rest)
        if (hurried > 1n && left > 0n) expect(hurried * 8n).toBeLessThanOrEqual(left)
        // Once it is over, for all that chain and UTC show, nothing is urgent.
        if (left <= 0n) expect(hurried).toBe(rest)
      }),
    )
    expect(Pace.restAfter(networks.ethereum, 3)).toBe(36n)
    expect(Pace.restAfter(networks.ethereum, 4)).toBe(72n)
    expect(Pace.restAfter(networks.bitcoin, 3)).toBe(1200n)
    expect(Pace.restAfter(networks.solana, 3)).toBe(43n)
  })

  it('a count of failures that is none is refused: InvalidArgument (1013)', () => {
    for (const failures of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 3n, '3', undefined])
      expect(() => Pace.restAfter(networks.ethereum, failures as number)).toThrow(
        /failures must be a whole number/,
      )
  })
})
