import { type Bytes, Verdict } from '@aitbc/core'
import * as Ssz from '../ssz/Ssz.js'
import { type BeaconConfig, type Fork, forkAt, isFrom } from './BeaconConfig.js'
import * as ExecutionPayloadHeader from './ExecutionPayloadHeader.js'

/** A beacon block, with the root of its body in the body's place (consensus-specs, Phase 0). */
export interface BeaconBlockHeader {
  readonly slot: bigint
  readonly proposerIndex: bigint
  readonly parentRoot: Bytes.Hash32
  readonly stateRoot: Bytes.Hash32
  readonly bodyRoot: Bytes.Hash32
}

/** A beacon block header, and from Capella on the execution block in it. */
export interface LightClientHeader {
  readonly beacon: BeaconBlockHeader
  readonly execution?: {
    readonly header: ExecutionPayloadHeader.ExecutionPayloadHeader
    /** The four siblings of `ExecutionPayloadHeader.GINDEX` in the body. */
    readonly branch: readonly Bytes.Hash32[]
  }
}

const u64 = /* @__PURE__ */ Ssz.uint(64)
const bytes32 = /* @__PURE__ */ Ssz.bytes(32)

/** The SSZ type of {@link BeaconBlockHeader}. */
export const BEACON = /* @__PURE__ */ Ssz.container({
  slot: u64,
  proposerIndex: u64,
  parentRoot: bytes32,
  stateRoot: bytes32,
  bodyRoot: bytes32,
})

/** A header as containers of one fork have it: one type in all forks, so that a default and an older header fit too. */
export interface Wire {
  readonly beacon: BeaconBlockHeader
  readonly execution?: ExecutionPayloadHeader.ExecutionPayloadHeader
  readonly executionBranch?: readonly Bytes.Hash32[]
}

/** The header's SSZ type in containers of a fork. */
export function typeOf(fork: Fork): Ssz.Type<Wire> {
  const type = isFrom(fork, 'capella')
    ? Ssz.container({
        beacon: BEACON,
        execution: ExecutionPayloadHeader.typeOf(fork),
        executionBranch: Ssz.vector(bytes32, 4),
      })
    : Ssz.container({ beacon: BEACON })
  return type as unknown as Ssz.Type<Wire>
}

/** The block's root. */
export function root(header: LightClientHeader): Bytes.Hash32 {
  return BEACON.root(header.beacon)
}

/** Tells whether there is no block: what stands for the finalized one before anything is final. */
export function isBlank(header: LightClientHeader): boolean {
  return header.execution === undefined && Ssz.isZero(BEACON, header.beacon)
}

/**
 * Reads what a container of `fork` holds as a header of its own slot: one of an earlier fork stands there with that fork's
 * missing fields at their defaults. Refusal: `header-default`, where they are not.
 */
export function fromWire(config: BeaconConfig, fork: Fork, wire: Wire): Verdict.Verdict<LightClientHeader> {
  const { beacon, execution, executionBranch } = wire
  // Before anything is final there is no header, whatever fork the network started with.
  if (execution === undefined || executionBranch === undefined || Ssz.isZero(typeOf(fork), wire))
    return Verdict.accept({ beacon })
  const own = forkAt(config, beacon.slot)?.fork ?? 'altair'
  if (!isFrom(own, 'capella'))
    return executionBranch.every((node) => node.every((byte) => byte === 0)) &&
      Ssz.isZero(ExecutionPayloadHeader.typeOf(fork), execution)
      ? Verdict.accept({ beacon })
      : Verdict.refuse('header-default', `a block of ${own} carries an execution header`)
  if (isFrom(own, 'deneb') || !isFrom(fork, 'deneb'))
    return Verdict.accept({ beacon, execution: { header: execution, branch: executionBranch } })
  const { blobGasUsed, excessBlobGas, ...header } = execution
  return blobGasUsed === 0n && excessBlobGas === 0n
    ? Verdict.accept({ beacon, execution: { header, branch: executionBranch } })
    : Verdict.refuse('header-default', `a block of ${own} carries blob gas`)
}

/** A header as containers of `fork` have it. */
export function toWire(fork: Fork, header: LightClientHeader): Wire {
  if (!isFrom(fork, 'capella')) return { beacon: header.beacon }
  const type = ExecutionPayloadHeader.typeOf(fork)
  const { execution } = header
  return {
    beacon: header.beacon,
    execution: { ...type.zero, ...execution?.header },
    executionBranch: execution?.branch ?? Array.from({ length: 4 }, () => new Uint8Array(32)),
  }
}

/**
 * Decides whether a header carries what its slot's fork demands: from Capella on an execution header in its body, and none
 * before. Refusals: `fork-unknown` (before Altair), `execution-missing`, and those of `ExecutionPayloadHeader.verify`.
 */
export function verify(config: BeaconConfig, header: LightClientHeader): Verdict.Verdict<LightClientHeader> {
  const fork = forkAt(config, header.beacon.slot)?.fork
  if (fork === undefined) return Verdict.refuse('fork-unknown', `slot ${header.beacon.slot} is before Altair`)
  const { execution } = header
  if (!isFrom(fork, 'capella'))
    return execution === undefined
      ? Verdict.accept(header)
      : Verdict.refuse('execution-fork', `headers of ${fork} have no execution header`)
  if (execution === undefined)
    return Verdict.refuse('execution-missing', `headers of ${fork} have an execution header`)
  const found = ExecutionPayloadHeader.verify(
    fork,
    header.beacon.bodyRoot,
    execution.header,
    execution.branch,
  )
  return found.ok ? Verdict.accept(header) : found
}
