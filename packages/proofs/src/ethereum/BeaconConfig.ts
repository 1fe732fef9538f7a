import { Bytes, type ChainId } from '@aitbc/core'
import * as MerkleTree from '../ssz/MerkleTree.js'

/**
 * Forks of the beacon chain that have a sync committee, oldest first. Gloas (EIP-7732) will show light clients a block hash in the
 * place of the execution header, at indices that its draft still moves: its place is here, in `LightClientUpdate.gindices` and in
 * `LightClientHeader.typeOf`. Until then no signature of it is accepted, as its version is in no schedule.
 */
export const FORKS = ['altair', 'bellatrix', 'capella', 'deneb', 'electra', 'fulu'] as const

/** A fork of the beacon chain. */
export type Fork = (typeof FORKS)[number]

/** Sizes that a network is built with (consensus-specs, "Presets"). */
export interface Preset {
  readonly slotsPerEpoch: bigint
  readonly epochsPerPeriod: bigint
  /** Members of a sync committee. */
  readonly committeeSize: number
}

/** A beacon chain, as far as its light client must know it. */
export interface BeaconConfig {
  /** The execution chain that its payloads make. */
  readonly network: ChainId.ChainId
  readonly preset: Preset
  readonly genesisValidatorsRoot: Bytes.Hash32
  /** Unix seconds. */
  readonly genesisTime: bigint
  readonly secondsPerSlot: bigint
  /** From which epoch each fork is in force, with its version of 4 bytes; in order, and none left out. */
  readonly forks: readonly { readonly fork: Fork; readonly epoch: bigint; readonly version: Bytes.Bytes }[]
}

/** consensus-specs, presets/mainnet. */
export const MAINNET_PRESET: Preset = { slotsPerEpoch: 32n, epochsPerPeriod: 256n, committeeSize: 512 }

/** consensus-specs, presets/minimal: what local test networks are built with. */
export const MINIMAL_PRESET: Preset = { slotsPerEpoch: 8n, epochsPerPeriod: 8n, committeeSize: 32 }

/** Ethereum mainnet (eth-clients/mainnet, metadata/config.yaml). */
export const mainnet: BeaconConfig = {
  network: 'eip155:1',
  preset: MAINNET_PRESET,
  genesisValidatorsRoot: /* @__PURE__ */ Bytes.fromHex(
    '4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95',
  ),
  genesisTime: 1_606_824_023n,
  secondsPerSlot: 12n,
  forks: /* @__PURE__ */ schedule(0x00, [74_240n, 144_896n, 194_048n, 269_568n, 364_032n, 411_392n]),
}

/** Sepolia (eth-clients/sepolia, metadata/config.yaml). */
export const sepolia: BeaconConfig = {
  network: 'eip155:11155111',
  preset: MAINNET_PRESET,
  genesisValidatorsRoot: /* @__PURE__ */ Bytes.fromHex(
    'd8ea171f3c94aea21ebc42a1ed61052acf3f9209c00e4efbaaddac09ed9b8078',
  ),
  genesisTime: 1_655_733_600n,
  secondsPerSlot: 12n,
  forks: /* @__PURE__ */ FORKS.map((fork, i) => ({
    fork,
    epoch: ([50n, 100n, 56_832n, 132_608n, 222_464n, 272_640n] as const)[i] as bigint,
    version: Uint8Array.of(0x90, 0, 0, 0x70 + i),
  })),
}

/**
 * A network of one's own on the minimal preset, whose fork versions end in 1 as in consensus-specs, configs/minimal.
 *
 * @example
 * import { BeaconConfig } from '@aitbc/proofs/beacon'
 * const config = BeaconConfig.minimal({
 *   network: 'eip155:31337',
 *   genesisValidatorsRoot: new Uint8Array(32).fill(1),
 *   genesisTime: 1_700_000_000n,
 *   forkEpochs: [0n, 0n, 0n, 0n, 0n],
 * })
 * BeaconConfig.forkAt(config, 0n)?.fork // 'electra'
 */
export function minimal(options: {
  readonly network: ChainId.ChainId
  readonly genesisValidatorsRoot: Bytes.Hash32
  readonly genesisTime: bigint
  /** Epochs of the forks, from Altair on; those left out never come. */
  readonly forkEpochs: readonly bigint[]
}): BeaconConfig {
  const { forkEpochs, ...rest } = options
  return { ...rest, preset: MINIMAL_PRESET, secondsPerSlot: 6n, forks: schedule(0x01, forkEpochs) }
}

/** The fork in force at a slot; `undefined` before Altair. */
export function forkAt(config: BeaconConfig, slot: bigint): BeaconConfig['forks'][number] | undefined {
  const epoch = slot / config.preset.slotsPerEpoch
  return config.forks.findLast((fork) => fork.epoch <= epoch)
}

/** Tells whether a fork is another, or came after it. */
export function isFrom(fork: Fork, first: Fork): boolean {
  return FORKS.indexOf(fork) >= FORKS.indexOf(first)
}

/** The sync-committee period of a slot. */
export function periodAt(config: BeaconConfig, slot: bigint): bigint {
  return slot / (config.preset.slotsPerEpoch * config.preset.epochsPerPeriod)
}

/** The slot of a time in unix seconds; negative before genesis. */
export function slotAt(config: BeaconConfig, time: bigint): bigint {
  return time < config.genesisTime ? -1n : (time - config.genesisTime) / config.secondsPerSlot
}

/** When a slot starts, unix seconds. */
export function timeOf(config: BeaconConfig, slot: bigint): bigint {
  return config.genesisTime + slot * config.secondsPerSlot
}

/**
 * What a sync committee signs for a block root (consensus-specs, "compute_signing_root"): bound to the network by its genesis
 * validators, and to the fork by its version.
 */
export function signingRoot(
  config: BeaconConfig,
  version: Bytes.Bytes,
  blockRoot: Bytes.Hash32,
): Bytes.Hash32 {
  const data = new Uint8Array(32)
  data.set(version)
  const domain = new Uint8Array(32)
  domain.set(DOMAIN_SYNC_COMMITTEE)
  domain.set(MerkleTree.pair(data, config.genesisValidatorsRoot).subarray(0, 28), 4)
  return MerkleTree.pair(blockRoot, domain)
}

const DOMAIN_SYNC_COMMITTEE = /* @__PURE__ */ Uint8Array.of(7, 0, 0, 0)

function schedule(last: number, epochs: readonly bigint[]): BeaconConfig['forks'] {
  return FORKS.slice(0, epochs.length).map((fork, i) => ({
    fork,
    epoch: epochs[i] as bigint,
    version: Uint8Array.of(i + 1, 0, 0, last),
  }))
}
