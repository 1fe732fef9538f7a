import { BeaconConfig } from '@aitbc/proofs/beacon'
import { describe, expect, test } from 'vitest'
import { hex } from '../helpers.js'

const schedule = (config: BeaconConfig.BeaconConfig) =>
  config.forks.map(({ fork, epoch, version }) => `${fork} ${epoch} ${hex(version)}`)

describe('BeaconConfig', () => {
  test('A25: mainnet, as eth-clients/mainnet has it', () => {
    const { mainnet } = BeaconConfig
    expect(schedule(mainnet)).toEqual([
      'altair 74240 01000000',
      'bellatrix 144896 02000000',
      'capella 194048 03000000',
      'deneb 269568 04000000',
      'electra 364032 05000000',
      'fulu 411392 06000000',
    ])
    expect({ ...mainnet, forks: [], genesisValidatorsRoot: hex(mainnet.genesisValidatorsRoot) }).toEqual({
      network: 'eip155:1',
      preset: { slotsPerEpoch: 32n, epochsPerPeriod: 256n, committeeSize: 512 },
      genesisValidatorsRoot: '4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95',
      genesisTime: 1_606_824_023n,
      secondsPerSlot: 12n,
      forks: [],
    })
  })

  test('A25: sepolia, as eth-clients/sepolia has it', () => {
    const { sepolia } = BeaconConfig
    expect(schedule(sepolia)).toEqual([
      'altair 50 90000070',
      'bellatrix 100 90000071',
      'capella 56832 90000072',
      'deneb 132608 90000073',
      'electra 222464 90000074',
      'fulu 272640 90000075',
    ])
    expect({ ...sepolia, forks: [], genesisValidatorsRoot: hex(sepolia.genesisValidatorsRoot) }).toEqual({
      network: 'eip155:11155111',
      preset: BeaconConfig.MAINNET_PRESET,
      genesisValidatorsRoot: 'd8ea171f3c94aea21ebc42a1ed61052acf3f9209c00e4efbaaddac09ed9b8078',
      genesisTime: 1_655_733_600n,
      secondsPerSlot: 12n,
      forks: [],
    })
  })

  test('a network of one’s own has the forks whose epochs it names', () => {
    const own = BeaconConfig.minimal({
      network: 'eip155:31337',
      genesisValidatorsRoot: new Uint8Array(32).fill(1),
      genesisTime: 100n,
      forkEpochs: [1n, 2n],
    })
    expect(schedule(own)).toEqual(['altair 1 01000001', 'bellatrix 2 02000001'])
    expect([own.preset, own.secondsPerSlot]).toEqual([
      { slotsPerEpoch: 8n, epochsPerPeriod: 8n, committeeSize: 32 },
      6n,
    ])
    // Epochs have 8 slots, periods 64.
    const forks = [7n, 8n, 15n, 16n, 1000n].map((slot) => BeaconConfig.forkAt(own, slot)?.fork)
    expect(forks).toEqual([undefined, 'altair', 'altair', 'bellatrix', 'bellatrix'])
    expect([0n, 63n, 64n, 128n].map((slot) => BeaconConfig.periodAt(own, slot))).toEqual([0n, 0n, 1n, 2n])
    expect([99n, 100n, 105n, 106n].map((time) => BeaconConfig.slotAt(own, time))).toEqual([-1n, 0n, 0n, 1n])
    expect(BeaconConfig.timeOf(own, 3n)).toBe(118n)
  })

  test('forks in their order', () => {
    expect(BeaconConfig.isFrom('deneb', 'deneb')).toBe(true)
    expect(BeaconConfig.isFrom('electra', 'deneb')).toBe(true)
    expect(BeaconConfig.isFrom('capella', 'deneb')).toBe(false)
  })
})
