import {
  BeaconConfig,
  ExecutionPayloadHeader,
  LightClient,
  LightClientHeader,
  LightClientUpdate,
} from '@aitbc/proofs/ethereum'
import { describe, expect, test } from 'vitest'
import { hex, unhex, value } from '../helpers.js'
import { topic } from '../vectors.js'
import { chunksOf } from './beacon.js'
import { unsnappy } from './snappy.js'

const found = topic('ethereum-lightclient')
const set = found as NonNullable<typeof found>

describe.skipIf(found === undefined)(
  found === undefined ? 'skipped: no vectors' : 'published beacon chain data',
  () => {
    describe('consensus-spec-tests, light_client/sync (minimal preset)', () => {
      test.each([
        ['deneb', 'light_client_sync', 10],
        ['deneb', 'advance_finality_without_sync_committee', 5],
        ['deneb', 'supply_sync_committee_from_past_update', 1],
        ['electra', 'light_client_sync', 10],
        ['electra', 'advance_finality_without_sync_committee', 5],
        ['electra', 'supply_sync_committee_from_past_update', 1],
      ] as const)('%s/%s', (fork, name, count) => {
        const folder = `consensus-spec-sync/${fork}/${name}`
        const meta = set.text(`${folder}/meta.yaml`)
        const yaml = set.text(`${folder}/config.yaml`)
        const root = (key: string) =>
          unhex(new RegExp(`${key}: '(0x[0-9a-f]{64})'`).exec(meta)?.[1] as string)
        const config = BeaconConfig.minimal({
          network: 'eip155:31337',
          genesisValidatorsRoot: root('genesis_validators_root'),
          genesisTime: 1_578_009_600n,
          forkEpochs: BeaconConfig.FORKS.slice(0, BeaconConfig.FORKS.indexOf(fork) + 1).map(() => 0n),
        })
        for (const one of config.forks) {
          const said = new RegExp(`${one.fork.toUpperCase()}_FORK_VERSION: 0x([0-9a-f]{8})`).exec(yaml)?.[1]
          expect(hex(one.version)).toBe(said)
        }
        const ssz = (file: string) => unsnappy(set.bytes(`${folder}/${file}.ssz_snappy`))
        const bootstrap = value(LightClientUpdate.decodeBootstrap(config, fork, ssz('bootstrap')))
        expect(hex(LightClientUpdate.encodeBootstrap(config, fork, bootstrap))).toBe(hex(ssz('bootstrap')))
        let state = value(
          LightClient.trust({
            config,
            bootstrap,
            blockRoot: root('trusted_block_root'),
            now: BeaconConfig.timeOf(config, bootstrap.header.beacon.slot),
          }),
        )
        const steps = set
          .text(`${folder}/steps.yaml`)
          .split(/^- /m)
          .filter((step) => step.trim() !== '')
        for (const step of steps) {
          const now = BeaconConfig.timeOf(config, BigInt(/current_slot: (\d+)/.exec(step)?.[1] as string))
          const file = /update: (\w+)/.exec(step)?.[1]
          if (file === undefined) {
            expect(step).toMatch(/^force_update/)
            state = value(LightClient.apply(state, { kind: 'force', now }))
          } else {
            const update = value(LightClientUpdate.decode(config, fork, 'update', ssz(file)))
            expect(hex(LightClientUpdate.encode(config, fork, 'update', update))).toBe(hex(ssz(file)))
            state = value(LightClient.apply(state, { kind: 'update', update, now }))
          }
          for (const [key, header] of [
            ['finalized_header', state.finalized],
            ['optimistic_header', state.optimistic],
          ] as const) {
            const said = new RegExp(
              `${key}:[\\s{]*slot: (\\d+)[\\s,]*beacon_root: '0x(\\w+)'[\\s,]*execution_root: '0x(\\w+)'`,
            ).exec(step)
            expect([
              String(header.beacon.slot),
              hex(LightClientHeader.root(header)),
              hex(
                ExecutionPayloadHeader.root(
                  fork,
                  header.execution?.header as ExecutionPayloadHeader.ExecutionPayloadHeader,
                ),
              ),
            ]).toEqual(said?.slice(1))
          }
        }
        expect(steps.length).toBe(count)
        console.log(`light_client/sync ${fork}/${name}: ${steps.length} steps`)
      })
    })

    test('colibri-mainnet/eth_getBalance1: 46 consecutive periods of mainnet, chained from one bootstrap', () => {
      const config = BeaconConfig.mainnet
      const folder = 'colibri-mainnet/eth_getBalance1'
      const bytes = set.bytes(
        `${folder}/eth_v1_beacon_light_client_bootstrap_0x2e522016a5ac7d8d57d758b633a25491a43d12750db8f417fd6cf264b7ec5.ssz`,
      )
      const bootstrap = value(LightClientUpdate.decodeBootstrap(config, 'deneb', bytes))
      const checkpoint = set.json<{ data: { finalized: { root: string } } }>(
        `${folder}/eth_v1_beacon_states_head_finality_checkpoints.json`,
      )
      let state = value(
        LightClient.trust({
          config,
          bootstrap,
          blockRoot: unhex(checkpoint.data.finalized.root),
          now: BeaconConfig.timeOf(config, bootstrap.header.beacon.slot) + 3600n,
        }),
      )
      const chunks = chunksOf(
        set.bytes(`${folder}/eth_v1_beacon_light_client_updates_start_period_1347_count_46.ssz.gz`),
      )
      let period = BeaconConfig.periodAt(config, bootstrap.header.beacon.slot)
      expect(period).toBe(1347n)
      for (const { digest, ssz } of chunks) {
        expect(digest).toBe('6a95a1a9')
        const update = value(LightClientUpdate.decode(config, 'deneb', 'update', ssz))
        expect(hex(LightClientUpdate.encode(config, 'deneb', 'update', update))).toBe(hex(ssz))
        expect(BeaconConfig.periodAt(config, update.attested.beacon.slot)).toBe(period++)
        const now = BeaconConfig.timeOf(config, update.signatureSlot)
        state = value(LightClient.apply(state, { kind: 'update', update, now }))
        const final = LightClient.finalized(state)
        const said = update.finality?.header.beacon.slot as bigint
        const start = bootstrap.header.beacon.slot
        expect(final.slot).toBe(said > start ? said : start)
        expect(final.forced).toBe(false)
        expect(state.nextCommittee).toEqual(update.next?.committee)
      }
      expect(chunks.length).toBe(46)
      console.log(LightClient.finalized(state).slot)
    })
  },
)
