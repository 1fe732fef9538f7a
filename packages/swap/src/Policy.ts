import { Amount, ChainId, type Fact, type Risk, show } from '@aitbc/core'
import { SwapErrors } from './errors.js'

/** What a party is ready to rely on, in seconds and counts; each party plans and acts by its own. */
export interface Policy {
  /** Tail probability of the network's numbers: `standard` 1e-3, `conservative` 1e-6. */
  readonly risk: Risk
  /** O: how long this party may be offline in one swap, seconds. */
  readonly offline: bigint
  /** D: how long it may take to notice what happened on a chain, seconds. */
  readonly detection: bigint
  /** k: how many reorganisations are planned for. */
  readonly reorgs: bigint
  /** Least assurance of the incoming lock before anything irrevocable is done. */
  readonly assurance: Fact.Assurance
  /**
   * Least assurance at which a final claim or refund on a network counts as the end of a lock there, and what failed or took its place as the
   * end of an own one that may have left (until a refund would have been final for long). Unless told: `assurance` where the other side's lock
   * is; where the own lock is, whatever the side's verifier vouches for, and no more than `assurance`. What an endpoint reports counts on a side
   * without a verifier, and nowhere else: until there is evidence, a swap goes on. So a light client that can't follow for long keeps a swap from
   * ending, and `reported` here is the way out (`Runner.load` takes it too).
   */
  readonly spends?: Readonly<Record<ChainId.ChainId, Fact.Assurance>>
  /** Most that the short leg may end beyond the least start time, seconds; {@link PATIENCE} unless told. */
  readonly patience?: bigint
  /**
   * Most that this party pays in fees for one act of a swap (a lock, a claim, a refund: of all versions of one a single one is ever
   * included), by network, base units of its native coin. Fees are raised up to it, it is kept back from the lock on where accounts pay
   * (S13), and no lock is made while a claim or refund would cost more. What makes a lock void has to outbid it, for twice as much at most.
   * Where there is none, no act costs more than its lock is worth (half of that where the lock itself pays), and one coin where it holds a token:
   * nobody here knows what that is worth.
   */
  readonly fees?: Readonly<Record<ChainId.ChainId, bigint>>
}

/** Two days: how much longer than needed the other side may ask to tie funds up. */
export const PATIENCE = 172_800n

/**
 * Two hours offline, five minutes to notice, one reorganisation, tails of 1e-3, proofs only.
 *
 * @example
 * import { Policy } from '@aitbc/swap'
 * Policy.standard.offline // 7200n
 */
export const standard: Policy = {
  risk: 'standard',
  offline: 7200n,
  detection: 300n,
  reorgs: 1n,
  assurance: 'proved',
}

/** Twelve hours offline, ten minutes to notice, two reorganisations, tails of 1e-6, proofs only. */
export const conservative: Policy = {
  risk: 'conservative',
  offline: 43_200n,
  detection: 600n,
  reorgs: 2n,
  assurance: 'proved',
}

/** A policy, and up to which value it is meant; without a bound for any. */
export interface Tier {
  readonly upTo?: bigint
  readonly policy: Policy
}

/**
 * The policy for a swap of that value: the first of rising tiers that is meant for it. A plan, a negotiation and the runner's gate take it
 * like any other, so that what is worth more waits longer, or is believed by better evidence only.
 *
 * `InvalidPolicy` (4008) where bounds don't rise or no tier is meant for so much, `InvalidAmount` (1004).
 *
 * @param value in the tiers' unit, whichever that is: cents, or base units of one asset
 *
 * @example
 * import { Policy } from '@aitbc/swap'
 * const tiers = [{ upTo: 100_000n, policy: Policy.standard }, { policy: Policy.conservative }]
 * Policy.of(tiers, 100_000n) === Policy.standard // true
 * Policy.of(tiers, 100_001n) === Policy.conservative // true
 */
export function of(tiers: readonly Tier[], value: bigint): Policy {
  Amount.assert(value, { argument: 'value' })
  if (!Array.isArray(tiers)) throw invalid('tiers', 'must be a list', tiers)
  let last: bigint | undefined = -1n
  let found: Policy | undefined
  for (const [i, tier] of (tiers as readonly Tier[]).entries()) {
    assert(tier?.policy)
    const { upTo, policy } = tier
    if (upTo !== undefined) Amount.assert(upTo, { argument: `tiers[${i}].upTo` })
    if (last === undefined || (upTo !== undefined && upTo <= last))
      throw invalid(
        `tiers[${i}].upTo`,
        'must rise from tier to tier, and the last one alone may have none',
        upTo,
      )
    if (upTo === undefined || value <= upTo) found ??= policy
    last = upTo
  }
  if (found === undefined) throw invalid('tiers', 'must have one that is meant for the value', value)
  return found
}

/**
 * Refuses a policy with a field out of range: `InvalidPolicy` (4008), `InvalidAmount` (1004), or `InvalidChainId` (1001)
 * for a key of `fees` or `spends`.
 *
 * @example
 * import { Policy } from '@aitbc/swap'
 * Policy.assert({ ...Policy.standard, offline: 6n * 3600n })
 * // Less than nothing is no time to be away: `Policy.assert({ ...Policy.standard, offline: -1n })` throws `InvalidAmount`.
 */
export function assert(policy: Policy): void {
  if (policy?.risk !== 'standard' && policy?.risk !== 'conservative')
    throw invalid('policy.risk', 'must be "standard" or "conservative"', policy?.risk)
  for (const field of ['offline', 'detection'] as const)
    Amount.assert(policy[field], { argument: `policy.${field}`, max: 31_536_000n })
  if (policy.patience !== undefined)
    Amount.assert(policy.patience, { argument: 'policy.patience', max: 31_536_000n })
  for (const [network, most] of entriesOf('policy.fees', policy.fees)) {
    ChainId.from(network, 'policy.fees')
    Amount.assert(most, { argument: `policy.fees[${network}]`, min: 1n })
  }
  Amount.assert(policy.reorgs, { argument: 'policy.reorgs', max: 1000n })
  if (!isAssurance(policy.assurance)) throw invalid('policy.assurance', ONE_OF, policy.assurance)
  assertSpends(policy.spends)
}

/** Refuses what says nothing of how well spends must be known: `InvalidPolicy` (4008), or `InvalidChainId` (1001). */
export function assertSpends(spends: Policy['spends']): void {
  for (const [network, least] of entriesOf('policy.spends', spends)) {
    ChainId.from(network, 'policy.spends')
    if (!isAssurance(least)) throw invalid(`policy.spends[${network}]`, ONE_OF, least)
  }
}

/** What is told by network; a `Map` or a number would pass for nothing. */
function entriesOf<T>(argument: string, by: Readonly<Record<ChainId.ChainId, T>> = {}): [string, T][] {
  if (Object.prototype.toString.call(by) !== '[object Object]')
    throw invalid(argument, 'must be an object by network', by)
  return Object.entries(by)
}

const ONE_OF = 'must be "proved", "attested", "quorum" or "reported"'

function isAssurance(value: unknown): value is Fact.Assurance {
  return value === 'proved' || value === 'attested' || value === 'quorum' || value === 'reported'
}

function invalid(argument: string, message: string, received: unknown) {
  return SwapErrors.InvalidPolicy(`${argument} ${message}, got ${show(received)}`, { argument, received })
}
