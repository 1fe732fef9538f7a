import { Bytes, Verdict } from '@aitbc/core'
import type { HeaderSync } from '../HeaderSync.js'
import { countEach } from './internal/count.js'
import * as Route from './Route.js'
import * as Scheme from './Scheme.js'
import * as Secp256k1 from './Secp256k1.js'
import * as Vaa from './Vaa.js'

/** A set of Wormhole's guardians. */
export interface GuardianSet {
  /** 0 for the first ever. */
  readonly index: number
  /** Addresses of 20 bytes, in the order by which signatures name them. */
  readonly guardians: readonly Bytes.Bytes[]
}

/** The sets that are known, each appointed by the one before. */
export interface State {
  /** The set that governs; none before {@link trust}. */
  readonly current?: GuardianSet
  /** Sets of before, whose word on other matters than governance counts until `expires` (unix seconds). */
  readonly earlier: readonly (GuardianSet & { readonly expires: bigint })[]
}

/** The appointment of the next set. */
export interface Upgrade {
  /** The governance VAA. */
  readonly vaa: Bytes.Bytes
  /** Unix seconds. */
  readonly now: bigint
}

/** Seconds for which an old set's word still counts (Wormhole's core bridge, `expireGuardianSet`). */
export const GRACE = 86_400n

/** A state that knows no set, and so accepts nothing (A52). */
export const fresh: State = { earlier: [] }

/** Signatures without which a set says nothing: more than two thirds (Wormhole's core bridge, `quorum`). */
export function quorum(count: number): number {
  return Math.floor((count * 2) / 3) + 1
}

/**
 * Starts from a set that the caller trusts. Refusals: `guardians` (none, not 20 bytes, zero, or one twice),
 * `guardians-index`.
 *
 * @example
 * import { Guardians } from '@aitbc/proofs/attestation'
 * Guardians.trust({ index: 0, guardians: [] }).ok // false
 */
export function trust({ index, guardians }: GuardianSet): Verdict.Verdict<State> {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** 32)
    return Verdict.refuse('guardians-index', `no guardian set has the index ${index}`)
  const wellFormed = guardians.every((address) => Scheme.ecdsaAddress.key(address))
  if (!wellFormed || guardians.length === 0 || new Set(guardians.map(Bytes.toHex)).size !== guardians.length)
    return Verdict.refuse('guardians', 'guardians are different addresses of 20 bytes, at least one')
  return Verdict.accept({ current: { index, guardians }, earlier: [] })
}

/**
 * Follows the appointment of the next set, which the current one alone can sign. Refusals: `untrusted`, those of `Vaa.decode` and
 * `Vaa.decodeUpgrade`, `governance-set` (another set signed), those of {@link verify}, `upgrade-index` (not the next one), those of
 * {@link trust}.
 *
 * @example
 * import { Guardians } from '@aitbc/proofs/attestation'
 * Guardians.apply(Guardians.fresh, { vaa: new Uint8Array(0), now: 0n }).ok // false
 */
export function apply(state: State, { vaa, now }: Upgrade): Verdict.Verdict<State> {
  const { current, earlier } = state
  if (current === undefined) return Verdict.refuse('untrusted', 'no guardian set is trusted yet')
  const parsed = Vaa.decode(vaa)
  if (!parsed.ok) return parsed
  const upgrade = Vaa.decodeUpgrade(parsed.value.body)
  if (!upgrade.ok) return upgrade
  if (parsed.value.guardianSet !== current.index)
    return Verdict.refuse('governance-set', `set ${current.index} governs, not ${parsed.value.guardianSet}`)
  const signed = signedBySet(current, parsed.value)
  if (!signed.ok) return signed
  if (upgrade.value.index !== current.index + 1)
    return Verdict.refuse('upgrade-index', `set ${current.index + 1} is next, not ${upgrade.value.index}`)
  const next = trust(upgrade.value)
  if (!next.ok) return next
  const kept = earlier.filter(({ expires }) => now < expires)
  return Verdict.accept({ ...next.value, earlier: [...kept, { ...current, expires: now + GRACE }] })
}

/** The set that governs, or `undefined` where none is trusted. */
export function finalized(state: State): GuardianSet | undefined {
  return state.current
}

/**
 * Decides whether enough guardians of a set that counts at `now` (unix seconds) signed a VAA; who emitted it is for the caller to
 * judge ({@link receive} does). Refusals: `untrusted`, those of `Vaa.decode`, `set-unknown`, `set-expired`, `governance-set` (only
 * the current set governs), `signer-index`, `signer-duplicate`, `signer-order`, `threshold`, `signature`.
 *
 * @example
 * import { Guardians } from '@aitbc/proofs/attestation'
 * Guardians.verify(Guardians.fresh, new Uint8Array(0), 0n).ok // false
 */
export function verify(state: State, bytes: Bytes.Bytes, now: bigint): Verdict.Verdict<Said> {
  const { current, earlier } = state
  if (current === undefined) return Verdict.refuse('untrusted', 'no guardian set is trusted yet')
  const parsed = Vaa.decode(bytes)
  if (!parsed.ok) return parsed
  const { guardianSet, body } = parsed.value
  if (guardianSet === current.index) return signedBySet(current, parsed.value)
  const old = earlier.find(({ index }) => index === guardianSet)
  if (old === undefined) return Verdict.refuse('set-unknown', `guardian set ${guardianSet} is not known`)
  if (now >= old.expires)
    return Verdict.refuse(
      'set-expired',
      `the word of set ${guardianSet} ended at ${old.expires}, now is ${now}`,
    )
  if (Vaa.isGovernance(body))
    return Verdict.refuse('governance-set', `set ${current.index} governs, not ${guardianSet}`)
  return signedBySet(old, parsed.value)
}

/** What a set said. Which of its guardians signed is left out: beyond the quorum nothing binds that. */
export type Said = Omit<Vaa.Vaa, 'signatures'>

/** What a receiver of messages knows beside the guardians. */
export interface Receiver {
  /** Unix seconds. */
  readonly now: bigint
  /** Emitters by Wormhole's numbers of chains, in decimal. */
  readonly policy: Route.Policy
  /** Hex of the digests that were acted on. */
  readonly consumed: ReadonlySet<string>
}

/**
 * Decides whether a VAA is one to act on: signed, from an emitter that is listed, and not acted on before. Refusals: those of
 * {@link verify} and `Route.allow`, `replayed`.
 *
 * @example
 * import { Guardians } from '@aitbc/proofs/attestation'
 * const nobody = { now: 0n, policy: { emitters: [] }, consumed: new Set<string>() }
 * Guardians.receive(Guardians.fresh, new Uint8Array(0), nobody).ok // false
 */
export function receive(
  state: State,
  bytes: Bytes.Bytes,
  { now, policy, consumed }: Receiver,
): Verdict.Verdict<Said> {
  const verdict = verify(state, bytes, now)
  if (!verdict.ok) return verdict
  const { body, digest } = verdict.value
  const emitter = { chain: String(body.emitterChain), address: body.emitterAddress }
  const allowed = Route.allow({ emitter }, policy)
  if (!allowed.ok) return allowed
  return consumed.has(Bytes.toHex(digest))
    ? Verdict.refuse('replayed', 'it was acted on before', { digest: Bytes.toHex(digest) })
    : verdict
}

/** The shape of all light clients here. */
export const sync: HeaderSync<GuardianSet, State, Upgrade, GuardianSet | undefined> = {
  trust,
  apply,
  finalized,
}

function signedBySet({ guardians }: GuardianSet, vaa: Vaa.Vaa): Verdict.Verdict<Said> {
  const voters = guardians.map((key) => ({ key, weight: 1n }))
  const threshold = BigInt(quorum(guardians.length))
  const keys = countEach(voters, threshold, vaa.signatures, (key, signature) =>
    Secp256k1.signedBy(key, Secp256k1.recover(vaa.digest, signature, 'from-0')),
  )
  const { guardianSet, body, digest } = vaa
  return keys.ok ? Verdict.accept({ guardianSet, body, digest }) : keys
}
