import { Bytes, type Fact, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as MerkleTree from '../ssz/MerkleTree.js'
import {
  type BeaconConfig,
  type Fork,
  forkAt,
  periodAt,
  signingRoot,
  slotAt,
  timeOf,
} from './BeaconConfig.js'
import * as BlockHeader from './BlockHeader.js'
import type { Trust } from './createEvmVerifier.js'
import type { ExecutionPayloadHeader } from './ExecutionPayloadHeader.js'
import * as LightClientHeader from './LightClientHeader.js'
import { gindices, type LightClientBootstrap, type LightClientUpdate } from './LightClientUpdate.js'
import * as SyncCommittee from './SyncCommittee.js'

/** Oldest block that a light client may start from, or go on from, unless told: two weeks, in seconds. */
export const MAX_AGE = 1_209_600n

/** The finalized block that a caller trusts, and how to go on from it. */
export interface Anchor {
  readonly config: BeaconConfig
  /** Root of a finalized beacon block: the checkpoint. */
  readonly blockRoot: Bytes.Hash32
  readonly bootstrap: LightClientBootstrap
  /**
   * The caller's clock, unix seconds. Nothing signed later counts, as the specification has it: a clock that may be slow is handed in
   * with what it may lack.
   */
  readonly now: bigint
  /** Weak subjectivity: validators that left longer ago than this could sign another past; {@link MAX_AGE} unless told. */
  readonly maxAge?: bigint
}

/** A light client's state: plain, immutable data; only {@link trust} and {@link apply} make one. */
export interface State {
  readonly config: BeaconConfig
  readonly maxAge: bigint
  readonly finalized: LightClientHeader.LightClientHeader
  /** Signed by many, but not final: for display, never for release of funds (A27). */
  readonly optimistic: LightClientHeader.LightClientHeader
  readonly committee: SyncCommittee.SyncCommittee
  readonly nextCommittee: SyncCommittee.SyncCommittee | undefined
  /** The best update that hasn't finalized anything: what a forced step would take. */
  readonly best: LightClientUpdate | undefined
  readonly previousParticipants: number
  readonly currentParticipants: number
  /** A forced step took a header that wasn't shown to be final: nothing since is `proved`. */
  readonly forced: boolean
}

/** An update, or the decision to go on with the best one after a period without finality. */
export type Step =
  | { readonly kind: 'update'; readonly update: LightClientUpdate; readonly now: bigint }
  | { readonly kind: 'force'; readonly now: bigint }

/** The newest final block. */
export interface Final {
  readonly slot: bigint
  readonly root: Bytes.Hash32
  readonly beacon: LightClientHeader.BeaconBlockHeader
  /** The execution block in it; beacon blocks before Capella don't show theirs to light clients. */
  readonly execution: ExecutionPayloadHeader | undefined
  readonly forced: boolean
}

/**
 * Starts a light client from a block root that the caller trusts (consensus-specs, "initialize_light_client_store"). Nothing
 * but this makes a state, so a fresh verifier accepts nothing (A52).
 *
 * Refusals: `anchor-root` (zero, or the bootstrap has another block), `anchor-config` (no genesis validators), `committee-size`,
 * `committee-branch` (the reason in the context), `anchor-future`, `anchor-age`, and those of `LightClientHeader.verify`.
 *
 * @example
 * import { BeaconConfig, LightClient, LightClientUpdate } from '@aitbc/proofs/beacon'
 * const config = BeaconConfig.mainnet
 * const bootstrap = LightClientUpdate.decodeBootstrap(config, 'electra', new Uint8Array(0))
 * if (bootstrap.ok)
 *   LightClient.trust({
 *     config,
 *     blockRoot: new Uint8Array(32).fill(1),
 *     bootstrap: bootstrap.value,
 *     now: 1_760_000_000n,
 *   })
 */
export function trust(anchor: Anchor): Verdict.Verdict<State> {
  const { config, blockRoot, bootstrap, now, maxAge = MAX_AGE } = anchor
  const { header, committee, committeeBranch } = bootstrap
  if (isZero(config.genesisValidatorsRoot))
    return Verdict.refuse('anchor-config', 'the network has no genesis validators')
  if (isZero(blockRoot)) return Verdict.refuse('anchor-root', 'a zero root names no block')
  if (!Bytes.equal(LightClientHeader.root(header), blockRoot))
    return Verdict.refuse('anchor-root', "the bootstrap's block isn't the trusted one")
  const whole = LightClientHeader.verify(config, header)
  if (!whole.ok) return whole
  const proved = committeeAt(config, 'current', committee, committeeBranch, header)
  if (!proved.ok) return proved
  const age = now - timeOf(config, header.beacon.slot)
  if (age < 0n) return Verdict.refuse('anchor-future', 'the trusted block is ahead of the clock', { age })
  if (age > maxAge)
    return Verdict.refuse('anchor-age', `the trusted block is ${age} s old, at most ${maxAge} are safe`, {
      age,
      maxAge,
    })
  return Verdict.accept({
    config,
    maxAge,
    finalized: header,
    optimistic: header,
    committee,
    nextCommittee: undefined,
    best: undefined,
    previousParticipants: 0,
    currentParticipants: 0,
    forced: false,
  })
}

/**
 * Takes an update, or forces the best one, and gives the next state (consensus-specs, "process_light_client_update",
 * "process_light_client_store_force_update").
 *
 * A header is final when two thirds of the committee signed a state that calls it so; the next committee is taken with it.
 * Refusals, in the order of the checks: `state-age` (the newest final block is too old to go on from), `participation` (nobody
 * signed), `slot-future`, `slot-order` (signature, attested and finalized must follow each other), `signature-period` (no known
 * committee), `update-irrelevant`, those of `LightClientHeader.verify`, `finality-default`, `finality-branch`,
 * `committee-known` (another next committee is known), `committee-size`, `committee-branch`, and those of
 * `SyncCommittee.verify`. A forced step adds `force-early` (finality isn't overdue) and `force-nothing`.
 */
export function apply(state: State, step: Step): Verdict.Verdict<State> {
  const slot = slotAt(state.config, step.now)
  if (step.kind === 'force') return force(state, slot)
  const { update } = step
  const valid = validate(state, update, step.now, slot)
  if (!valid.ok) return valid
  const { config } = state
  const count = SyncCommittee.participants(update.aggregate.bits)
  const currentParticipants = Math.max(state.currentParticipants, count)
  const threshold = Math.max(state.previousParticipants, currentParticipants) >> 1
  const seen: State = {
    ...state,
    currentParticipants,
    best: state.best === undefined || isBetter(config, update, state.best) ? update : state.best,
    optimistic:
      count > threshold && update.attested.beacon.slot > state.optimistic.beacon.slot
        ? update.attested
        : state.optimistic,
  }
  const finality = update.finality?.header
  if (finality === undefined || !hasQuorum(config, count)) return Verdict.accept(seen)
  const period = (header: LightClientHeader.LightClientHeader) => periodAt(config, header.beacon.slot)
  const completes =
    state.nextCommittee === undefined &&
    update.next !== undefined &&
    period(finality) === period(update.attested)
  return finality.beacon.slot > state.finalized.beacon.slot || completes
    ? advance({ ...seen, best: undefined }, finality, update.next?.committee)
    : Verdict.accept(seen)
}

/**
 * The newest final block; the anchor itself at first. Its `execution.stateRoot` is what `StateProof` starts from.
 */
export function finalized(state: State): Final {
  const { beacon, execution } = state.finalized
  return {
    slot: beacon.slot,
    root: LightClientHeader.root(state.finalized),
    beacon,
    execution: execution?.header,
    forced: state.forced,
  }
}

/**
 * What `createEvmVerifier` asks: which execution blocks a light client knows, and how. Known are the newest final block and,
 * where `headers` are given (RLP, newest first, from that block's own down), its ancestors among them. Facts about them are
 * `proved`; `reported` after a forced step, which a single member's signature may be behind.
 *
 * Refusals: `execution-missing` (before Capella), `header-link` (a header isn't the one that the one above names), and those of
 * `BlockHeader.decode`.
 *
 * @example
 * import { LightClient } from '@aitbc/proofs/beacon'
 * import { createEvmVerifier } from '@aitbc/proofs/ethereum'
 * const start = (state: LightClient.State) => {
 *   const trust = LightClient.trustFrom(state)
 *   return trust.ok ? createEvmVerifier({ network: state.config.network, trust: trust.value }) : undefined
 * }
 */
export function trustFrom(
  state: State,
  headers: readonly Bytes.Bytes[] = [],
): Verdict.Verdict<(block: Fact.BlockRef) => Trust | undefined> {
  const execution = state.finalized.execution?.header
  if (execution === undefined)
    return Verdict.refuse('execution-missing', 'the newest final block shows no execution block')
  const { blockNumber, timestamp } = execution
  const known = new Map([[hashOf(execution.blockHash), blockNumber]])
  let hash = execution.blockHash
  for (const [index, raw] of headers.entries()) {
    if (!Bytes.equal(keccak_256(raw), hash))
      return Verdict.refuse('header-link', `header ${index} isn't the block that is expected there`, {
        index,
      })
    const header = BlockHeader.decode(raw)
    if (!header.ok) return header
    known.set(hashOf(hash), header.value.number)
    hash = header.value.parentHash
  }
  const head: Fact.BlockRef = { height: blockNumber, hash: hashOf(execution.blockHash) }
  const asOf: Fact.Tip = { ...head, time: timestamp, clock: timestamp, finalized: head }
  const trusted: Trust = { assurance: state.forced ? 'reported' : 'proved', asOf }
  return Verdict.accept((block) => (known.get(block.hash) === block.height ? trusted : undefined))
}

function validate(
  state: State,
  update: LightClientUpdate,
  now: bigint,
  currentSlot: bigint,
): Verdict.Verdict<null> {
  const { config, nextCommittee } = state
  const { attested, finality, next, aggregate, signatureSlot } = update
  const age = now - timeOf(config, state.finalized.beacon.slot)
  if (age > state.maxAge)
    return Verdict.refuse(
      'state-age',
      `the newest final block is ${age} s old, at most ${state.maxAge} are safe`,
      {
        age,
        maxAge: state.maxAge,
      },
    )
  if (SyncCommittee.participants(aggregate.bits) === 0)
    return Verdict.refuse('participation', 'nobody signed')
  const attestedSlot = attested.beacon.slot
  const finalizedSlot = finality?.header.beacon.slot ?? 0n
  if (signatureSlot > currentSlot)
    return Verdict.refuse('slot-future', `signed at slot ${signatureSlot}, it is ${currentSlot} now`)
  if (signatureSlot <= attestedSlot || attestedSlot < finalizedSlot)
    return Verdict.refuse(
      'slot-order',
      `signature ${signatureSlot}, attested ${attestedSlot}, finalized ${finalizedSlot}`,
    )
  const period = periodAt(config, state.finalized.beacon.slot)
  const signedPeriod = periodAt(config, signatureSlot)
  const committee =
    signedPeriod === period ? state.committee : signedPeriod === period + 1n ? nextCommittee : undefined
  if (committee === undefined)
    return Verdict.refuse('signature-period', `no committee of period ${signedPeriod} is known`, {
      known: period,
      received: signedPeriod,
    })
  const attestedPeriod = periodAt(config, attestedSlot)
  const brings = nextCommittee === undefined && next !== undefined && attestedPeriod === period
  if (attestedSlot <= state.finalized.beacon.slot && !brings)
    return Verdict.refuse('update-irrelevant', `slot ${attestedSlot} is final already`)
  const whole = LightClientHeader.verify(config, attested)
  if (!whole.ok) return whole
  const stateRoot = attested.beacon.stateRoot
  const fork = forkOf(config, attested)
  if (finality !== undefined) {
    const genesis = finalizedSlot === 0n
    if (!genesis) {
      const final = LightClientHeader.verify(config, finality.header)
      if (!final.ok) return final
    } else if (!LightClientHeader.isBlank(finality.header))
      return Verdict.refuse('finality-default', 'a state before finality calls no header final')
    const leaf = genesis ? new Uint8Array(32) : LightClientHeader.root(finality.header)
    const found = MerkleTree.verify(leaf, finality.branch, gindices(fork).finalized, stateRoot)
    if (!found.ok)
      return Verdict.refuse('finality-branch', found.refusal.message, { because: found.refusal.check })
  }
  if (next !== undefined) {
    if (attestedPeriod === period && nextCommittee !== undefined && !isSame(next.committee, nextCommittee))
      return Verdict.refuse('committee-known', `another committee of period ${period + 1n} is known`)
    const found = committeeAt(config, 'next', next.committee, next.branch, attested)
    if (!found.ok) return found
  }
  // The attested slot, which has a fork, isn't later.
  const { version } = forkAt(config, signatureSlot - 1n) as BeaconConfig['forks'][number]
  const message = signingRoot(config, version, LightClientHeader.root(attested))
  return SyncCommittee.verify(committee, aggregate, message)
}

/** Takes a header as final, and moves to its period's committee where it begins one. */
function advance(
  state: State,
  header: LightClientHeader.LightClientHeader,
  next: SyncCommittee.SyncCommittee | undefined,
): Verdict.Verdict<State> {
  const { config } = state
  const period = periodAt(config, state.finalized.beacon.slot)
  const headerPeriod = periodAt(config, header.beacon.slot)
  const newer = header.beacon.slot > state.finalized.beacon.slot
  const finalized = newer ? header : state.finalized
  const optimistic = finalized.beacon.slot > state.optimistic.beacon.slot ? finalized : state.optimistic
  const moved = { ...state, finalized, optimistic }
  if (state.nextCommittee === undefined) {
    if (headerPeriod !== period)
      return Verdict.refuse('signature-period', `no committee of period ${headerPeriod} is known`)
    return Verdict.accept({ ...moved, nextCommittee: next })
  }
  return Verdict.accept(
    headerPeriod === period + 1n
      ? {
          ...moved,
          committee: state.nextCommittee,
          nextCommittee: next,
          previousParticipants: state.currentParticipants,
          currentParticipants: 0,
        }
      : moved,
  )
}

function force(state: State, slot: bigint): Verdict.Verdict<State> {
  const { config, best, finalized } = state
  const { slotsPerEpoch, epochsPerPeriod } = config.preset
  const timeout = finalized.beacon.slot + slotsPerEpoch * epochsPerPeriod
  if (slot <= timeout)
    return Verdict.refuse('force-early', `finality isn't overdue before slot ${timeout + 1n}, it is ${slot}`)
  if (best === undefined) return Verdict.refuse('force-nothing', 'there is no update to go on with')
  const final = best.finality?.header
  const header = final === undefined || final.beacon.slot <= finalized.beacon.slot ? best.attested : final
  return advance({ ...state, best: undefined, forced: true }, header, best.next?.committee)
}

/** consensus-specs, "is_better_update". */
function isBetter(config: BeaconConfig, a: LightClientUpdate, b: LightClientUpdate): boolean {
  const [x, y] = [a, b].map((update) => {
    const count = SyncCommittee.participants(update.aggregate.bits)
    const attested = periodAt(config, update.attested.beacon.slot)
    const final = update.finality?.header.beacon.slot
    return {
      count,
      quorum: hasQuorum(config, count),
      committee: update.next !== undefined && attested === periodAt(config, update.signatureSlot),
      final: final !== undefined,
      committeeFinal: final !== undefined && periodAt(config, final) === attested,
      slot: update.attested.beacon.slot,
    }
  }) as [Rank, Rank]
  if (x.quorum !== y.quorum) return x.quorum
  if (!x.quorum && x.count !== y.count) return x.count > y.count
  if (x.committee !== y.committee) return x.committee
  if (x.final !== y.final) return x.final
  if (x.committeeFinal !== y.committeeFinal) return x.committeeFinal
  if (x.count !== y.count) return x.count > y.count
  if (x.slot !== y.slot) return x.slot < y.slot
  return a.signatureSlot < b.signatureSlot
}

interface Rank {
  readonly count: number
  readonly quorum: boolean
  readonly committee: boolean
  readonly final: boolean
  readonly committeeFinal: boolean
  readonly slot: bigint
}

function committeeAt(
  config: BeaconConfig,
  which: 'current' | 'next',
  committee: SyncCommittee.SyncCommittee,
  branch: readonly Bytes.Hash32[],
  header: LightClientHeader.LightClientHeader,
): Verdict.Verdict<null> {
  const { committeeSize } = config.preset
  if (committee.pubkeys.length !== committeeSize)
    return Verdict.refuse(
      'committee-size',
      `a committee has ${committeeSize} members, got ${committee.pubkeys.length}`,
    )
  const found = MerkleTree.verify(
    SyncCommittee.typeOf(committeeSize).root(committee),
    branch,
    gindices(forkOf(config, header))[which],
    header.beacon.stateRoot,
  )
  return found.ok
    ? found
    : Verdict.refuse('committee-branch', found.refusal.message, { because: found.refusal.check })
}

/** The fork of a verified header. */
function forkOf(config: BeaconConfig, header: LightClientHeader.LightClientHeader): Fork {
  return forkAt(config, header.beacon.slot)?.fork as Fork
}

function hasQuorum(config: BeaconConfig, count: number): boolean {
  return count * 3 >= config.preset.committeeSize * 2
}

function isSame(a: SyncCommittee.SyncCommittee, b: SyncCommittee.SyncCommittee): boolean {
  return (
    a.pubkeys.length === b.pubkeys.length &&
    Bytes.equal(a.aggregatePubkey, b.aggregatePubkey) &&
    a.pubkeys.every((key, i) => Bytes.equal(key, b.pubkeys[i] as Bytes.Bytes))
  )
}

function isZero(bytes: Bytes.Bytes): boolean {
  return bytes.length !== 32 || bytes.every((byte) => byte === 0)
}

function hashOf(hash: Bytes.Hash32): string {
  return `0x${Bytes.toHex(hash)}`
}
