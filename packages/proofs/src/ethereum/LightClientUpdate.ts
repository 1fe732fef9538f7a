import { type Bytes, Verdict } from '@aitbc/core'
import * as Ssz from '../ssz/Ssz.js'
import { type BeaconConfig, type Fork, forkAt, isFrom } from './BeaconConfig.js'
import * as LightClientHeader from './LightClientHeader.js'
import * as SyncCommittee from './SyncCommittee.js'

/** What a light client starts from: a header, and the committee of its period. */
export interface LightClientBootstrap {
  readonly header: LightClientHeader.LightClientHeader
  readonly committee: SyncCommittee.SyncCommittee
  readonly committeeBranch: readonly Bytes.Hash32[]
}

/** A header that a sync committee signed, with what its state commits to: full, finality and optimistic updates in one. */
export interface LightClientUpdate {
  readonly attested: LightClientHeader.LightClientHeader
  /** The committee of the period after the attested header's. */
  readonly next?: {
    readonly committee: SyncCommittee.SyncCommittee
    readonly branch: readonly Bytes.Hash32[]
  }
  readonly finality?: {
    readonly header: LightClientHeader.LightClientHeader
    readonly branch: readonly Bytes.Hash32[]
  }
  readonly aggregate: SyncCommittee.SyncAggregate
  /** When the signature went into a block; nothing signs this but the fork and committee that it selects. */
  readonly signatureSlot: bigint
}

/** The three containers that an update travels in. */
export type Kind = 'update' | 'finality' | 'optimistic'

/** Generalized indices in a beacon state: Electra's has more than 32 fields, so everything is one level deeper. */
export function gindices(fork: Fork): {
  readonly finalized: bigint
  readonly current: bigint
  readonly next: bigint
} {
  return isFrom(fork, 'electra')
    ? { finalized: 169n, current: 86n, next: 87n }
    : { finalized: 105n, current: 54n, next: 55n }
}

const u64 = /* @__PURE__ */ Ssz.uint(64)

function branchOf(gindex: bigint): Ssz.Type<readonly Bytes.Hash32[]> {
  return Ssz.vector(Ssz.bytes(32), gindex.toString(2).length - 1)
}

/** A bootstrap as it travels. */
export interface WireBootstrap {
  readonly header: LightClientHeader.Wire
  readonly committee: SyncCommittee.SyncCommittee
  readonly committeeBranch: readonly Bytes.Hash32[]
}

/** An update as it travels; what a container has no room for isn't there. */
export interface WireUpdate {
  readonly attested: LightClientHeader.Wire
  readonly next?: SyncCommittee.SyncCommittee
  readonly nextBranch?: readonly Bytes.Hash32[]
  readonly finalized?: LightClientHeader.Wire
  readonly finalityBranch?: readonly Bytes.Hash32[]
  readonly aggregate: SyncCommittee.SyncAggregate
  readonly signatureSlot: bigint
}

/** The SSZ type `LightClientBootstrap` of a fork. */
export function bootstrapType(config: BeaconConfig, fork: Fork): Ssz.Type<WireBootstrap> {
  return Ssz.container({
    header: LightClientHeader.typeOf(fork),
    committee: SyncCommittee.typeOf(config.preset.committeeSize),
    committeeBranch: branchOf(gindices(fork).current),
  })
}

/** The SSZ type of an update of a fork. */
export function updateType(config: BeaconConfig, fork: Fork, kind: Kind): Ssz.Type<WireUpdate> {
  const { committeeSize } = config.preset
  const header = LightClientHeader.typeOf(fork)
  const type = Ssz.container({
    attested: header,
    ...(kind === 'update'
      ? { next: SyncCommittee.typeOf(committeeSize), nextBranch: branchOf(gindices(fork).next) }
      : {}),
    ...(kind === 'optimistic'
      ? {}
      : { finalized: header, finalityBranch: branchOf(gindices(fork).finalized) }),
    aggregate: SyncCommittee.aggregateOf(committeeSize),
    signatureSlot: u64,
  })
  return type as unknown as Ssz.Type<WireUpdate>
}

/**
 * Reads the SSZ of a `LightClientBootstrap` of the fork that its header's slot is in (the beacon API's `Eth-Consensus-Version`);
 * total. Refusals: `update-fork` (its slot is in another fork), and those of `Ssz.decode`.
 *
 * @example
 * import { BeaconConfig, LightClientUpdate } from '@aitbc/proofs/beacon'
 * LightClientUpdate.decodeBootstrap(BeaconConfig.mainnet, 'electra', new Uint8Array(0)).ok // false
 */
export function decodeBootstrap(
  config: BeaconConfig,
  fork: Fork,
  bytes: Bytes.Bytes,
): Verdict.Verdict<LightClientBootstrap> {
  const wire = Ssz.decode(bootstrapType(config, fork), bytes)
  if (!wire.ok) return wire
  const { committee, committeeBranch } = wire.value
  const header = own(config, fork, wire.value.header)
  return header.ok ? Verdict.accept({ header: header.value, committee, committeeBranch }) : header
}

/**
 * Reads the SSZ of a `LightClientUpdate`, `LightClientFinalityUpdate` or `LightClientOptimisticUpdate` of the fork that its
 * attested header's slot is in; total. What isn't there travels as a default, branch included.
 *
 * Refusals: `update-fork` (its slot is in another fork), `update-default` (a committee or header without a branch),
 * `header-default`, and those of `Ssz.decode`.
 *
 * @example
 * import { BeaconConfig, LightClientUpdate } from '@aitbc/proofs/beacon'
 * LightClientUpdate.decode(BeaconConfig.mainnet, 'electra', 'finality', new Uint8Array(0)).ok // false
 */
export function decode(
  config: BeaconConfig,
  fork: Fork,
  kind: Kind,
  bytes: Bytes.Bytes,
): Verdict.Verdict<LightClientUpdate> {
  const wire = Ssz.decode(updateType(config, fork, kind), bytes)
  if (!wire.ok) return wire
  const { next, nextBranch, finalized, finalityBranch, aggregate, signatureSlot } = wire.value
  const attested = own(config, fork, wire.value.attested)
  if (!attested.ok) return attested
  const update: LightClientUpdate = { attested: attested.value, aggregate, signatureSlot }
  const withNext = nextBranch !== undefined && !isBlank(nextBranch)
  if (next !== undefined && !withNext)
    if (!Ssz.isZero(SyncCommittee.typeOf(config.preset.committeeSize), next))
      return Verdict.refuse('update-default', 'a committee comes without a branch')
  const withFinality = finalityBranch !== undefined && !isBlank(finalityBranch)
  if (finalized === undefined || !withFinality) {
    if (finalized !== undefined && !Ssz.isZero(LightClientHeader.typeOf(fork), finalized))
      return Verdict.refuse('update-default', 'a finalized header comes without a branch')
    return Verdict.accept(withNext ? { ...update, next: nextOf(next, nextBranch) } : update)
  }
  const header = LightClientHeader.fromWire(config, fork, finalized)
  if (!header.ok) return header
  const finality = { header: header.value, branch: finalityBranch }
  return Verdict.accept({
    ...update,
    ...(withNext ? { next: nextOf(next, nextBranch) } : {}),
    finality,
  })
}

/**
 * Reads a bootstrap of whatever fork of the network its slot is in; refusals as {@link decodeBootstrap}.
 *
 * @example
 * import { BeaconConfig, LightClientUpdate } from '@aitbc/proofs/beacon'
 * LightClientUpdate.readBootstrap(BeaconConfig.mainnet, new Uint8Array(0)).ok // false
 */
export function readBootstrap(
  config: BeaconConfig,
  bytes: Bytes.Bytes,
): Verdict.Verdict<LightClientBootstrap> {
  return inItsFork(config, (fork) => decodeBootstrap(config, fork, bytes))
}

/**
 * Reads an update of whatever fork of the network its attested slot is in; refusals as {@link decode}.
 *
 * @example
 * import { BeaconConfig, LightClientUpdate } from '@aitbc/proofs/beacon'
 * LightClientUpdate.read(BeaconConfig.mainnet, 'update', new Uint8Array(0)).ok // false
 */
export function read(
  config: BeaconConfig,
  kind: Kind,
  bytes: Bytes.Bytes,
): Verdict.Verdict<LightClientUpdate> {
  return inItsFork(config, (fork) => decode(config, fork, kind, bytes))
}

/** Writes a bootstrap as a container of `fork`. */
export function encodeBootstrap(
  config: BeaconConfig,
  fork: Fork,
  bootstrap: LightClientBootstrap,
): Bytes.Bytes {
  return Ssz.encode(bootstrapType(config, fork), {
    ...bootstrap,
    header: LightClientHeader.toWire(fork, bootstrap.header),
  })
}

/** Writes an update as a container of `fork`; what the container has no room for is left out. */
export function encode(config: BeaconConfig, fork: Fork, kind: Kind, update: LightClientUpdate): Bytes.Bytes {
  const type = updateType(config, fork, kind)
  const { attested, next, finality, aggregate, signatureSlot } = update
  return Ssz.encode(type, {
    ...type.zero,
    attested: LightClientHeader.toWire(fork, attested),
    ...(next === undefined ? {} : { next: next.committee, nextBranch: next.branch }),
    ...(finality === undefined
      ? {}
      : { finalized: LightClientHeader.toWire(fork, finality.header), finalityBranch: finality.branch }),
    aggregate,
    signatureSlot,
  })
}

/** At most one fork reads it, for the slot inside says which; else the newest fork's refusal. */
function inItsFork<T>(config: BeaconConfig, readAs: (fork: Fork) => Verdict.Verdict<T>): Verdict.Verdict<T> {
  let refused: Verdict.Verdict<T> = Verdict.refuse(
    'update-fork',
    'the network has no fork with light clients',
  )
  for (const [index, { fork }] of config.forks.toReversed().entries()) {
    const found = readAs(fork)
    if (found.ok) return found
    if (index === 0) refused = found
  }
  return refused
}

function nextOf(
  committee: SyncCommittee.SyncCommittee | undefined,
  branch: readonly Bytes.Hash32[],
): NonNullable<LightClientUpdate['next']> {
  return { committee: committee as SyncCommittee.SyncCommittee, branch }
}

/** The header that a container is made for: its slot says of which fork that is. */
function own(
  config: BeaconConfig,
  fork: Fork,
  wire: LightClientHeader.Wire,
): Verdict.Verdict<LightClientHeader.LightClientHeader> {
  const is = forkAt(config, wire.beacon.slot)?.fork
  return is === fork
    ? LightClientHeader.fromWire(config, fork, wire)
    : Verdict.refuse('update-fork', `slot ${wire.beacon.slot} is in ${is ?? 'no known fork'}, not ${fork}`)
}

function isBlank(branch: readonly Bytes.Hash32[]): boolean {
  return branch.every((node) => node.every((byte) => byte === 0))
}
