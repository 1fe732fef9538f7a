import { Bytes, Codec, TaggedHash, Verdict } from '@aitbc/core'
import type { HeaderSync } from '../HeaderSync.js'
import * as Attestation from './Attestation.js'
import type { SignerSet } from './SignerSet.js'

/** What is known of a row of sets, each appointed by the one before. */
export interface State {
  /** The set that has the word; none before {@link trust}. */
  readonly current?: SignerSet
  /** The set before it, whose word on what was already under way counts until `retires` (unix seconds). */
  readonly previous?: { readonly set: SignerSet; readonly retires: bigint }
}

/** A set's last act: it appoints the next one. */
export interface Handover {
  readonly next: SignerSet
  /** Unix seconds from which on the old set's word doesn't count any more, at most its expiry. */
  readonly retires: bigint
  /** Of the old set, over {@link handoverDigest}. */
  readonly attestation: Attestation.Attestation
  /** Unix seconds. */
  readonly now: bigint
}

/** A state that knows no set, and so accepts nothing (A52). */
export const fresh: State = {}

/** Starts from a set that the caller trusts. */
export function trust(anchor: SignerSet): Verdict.Verdict<State> {
  return Verdict.accept({ current: anchor })
}

/** What members of the old set sign to appoint the next one; no statement has such a digest. */
export function handoverDigest(old: SignerSet, next: SignerSet, retires: bigint): Bytes.Hash32 {
  return TaggedHash.of('aitbc/handover', old.id, next.id, Codec.writer().u64(retires).finish())
}

/**
 * Follows a handover. Only the set that has the word can hand it over, once: the one before, while its word still counts, can't.
 * At most two sets count at a time. Refusals: `untrusted` (no set yet), `handover-domain`, `handover-epoch` (not the next one),
 * `handover-retires` (beyond the old set's expiry), `handover-expired` (the next set's time is over), those of `Attestation.verify`.
 *
 * @example
 * import { SetChain } from '@aitbc/proofs/attestation'
 * const follow = (state: SetChain.State, handover: SetChain.Handover) => SetChain.apply(state, handover)
 */
export function apply(state: State, { next, retires, attestation, now }: Handover): Verdict.Verdict<State> {
  const { current } = state
  if (current === undefined) return Verdict.refuse('untrusted', 'no set is trusted yet')
  if (next.domain.chain !== current.domain.chain || next.domain.purpose !== current.domain.purpose)
    return Verdict.refuse('handover-domain', 'the next set speaks for another chain or purpose')
  if (next.epoch !== current.epoch + 1n)
    return Verdict.refuse('handover-epoch', `epoch ${current.epoch + 1n} is next, not ${next.epoch}`)
  if (retires < 0n || retires > current.expiry)
    return Verdict.refuse('handover-retires', `the old set can't retire at ${retires}`)
  if (now >= next.expiry) return Verdict.refuse('handover-expired', "the next set's time is over")
  const signed = Attestation.verifyDigest(current, attestation, handoverDigest(current, next, retires), now)
  return signed.ok ? Verdict.accept({ current: next, previous: { set: current, retires } }) : signed
}

/** The set that has the word, or `undefined` where none is trusted. */
export function finalized(state: State): SignerSet | undefined {
  return state.current
}

/**
 * Decides whether one of the known sets said this, at `now` (unix seconds). Refusals: `untrusted`, `retired`, those of
 * `Attestation.verify`.
 *
 * @example
 * import { SetChain } from '@aitbc/proofs/attestation'
 * const nothing = { set: new Uint8Array(32), epoch: 0n, by: { kind: 'each', signatures: [] } } as const
 * SetChain.verify(SetChain.fresh, nothing, new Uint8Array(0), 0n).ok // false
 */
export function verify(
  { current, previous }: State,
  attestation: Attestation.Attestation,
  statement: Bytes.Bytes,
  now: bigint,
): Verdict.Verdict<Attestation.Attested> {
  if (current === undefined) return Verdict.refuse('untrusted', 'no set is trusted yet')
  if (previous === undefined || !Bytes.equal(attestation.set, previous.set.id))
    return Attestation.verify(current, attestation, statement, now)
  return now < previous.retires
    ? Attestation.verify(previous.set, attestation, statement, now)
    : Verdict.refuse('retired', `the set's word ended at ${previous.retires}, now is ${now}`)
}

/** The shape of all light clients here. */
export const sync: HeaderSync<SignerSet, State, Handover, SignerSet | undefined> = { trust, apply, finalized }
