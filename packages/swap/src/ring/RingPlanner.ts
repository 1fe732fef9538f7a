import { Amount, Deadline, Verdict } from '@aitbc/core'
import { SwapErrors } from '../errors.js'
import { assertHas, assertInstant } from '../internal/given.js'
import * as Planner from '../Planner.js'
import * as Policy from '../Policy.js'
import { MAX_MEMBERS, MIN_MEMBERS, type RingAgreement, viewOf } from './RingAgreement.js'

/** The margins of a ring under one policy, seconds. */
export interface RingMargins {
  /** Least T_i − T_(i+1), for each arc but the last (S20): that of the pair of chains, as for two. */
  readonly gaps: readonly Planner.Bound[]
  /** Least time from now to the last arc's deadline, for a ring that is to be completed. */
  readonly start: Planner.Bound
  /** Least time to the last arc's deadline, on its own clock, when member `i` locks. */
  readonly rest: readonly Planner.Bound[]
  /** Least time to the last arc's deadline, on its own clock, when the secret is revealed. */
  readonly reveal: Planner.Bound
}

/** Deadlines that satisfy the margins, one for each arc. */
export interface RingPlan {
  readonly margins: RingMargins
  readonly deadlines: readonly Deadline.Deadline[]
}

/**
 * The margins of a ring over these chains, one for each arc; `UnsupportedClock` (4004), `InvalidAgreement` (4001) where they are too few or
 * too many.
 *
 * A member is safe by its own two arcs alone: what it locked ends earlier than what it is paid from, by the gap of that pair. All
 * others together can't take from it what two could not.
 *
 * @example
 * import { cosmosHub, ethereum, polkadotHub } from '@aitbc/core/networks'
 * import { Planner, Policy, RingPlanner } from '@aitbc/swap'
 * const profile = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const chains = [ethereum, cosmosHub, polkadotHub].map((network) => ({ network, profile }))
 * const { gaps, start } = RingPlanner.margins(chains, Policy.standard)
 * gaps.length // 2
 * for (const [i, gap] of gaps.entries()) console.log(Planner.explain(`T_${i} − T_${i + 1}`, gap))
 * console.log(Planner.explain('T − now', start))
 */
export function margins(chains: readonly Planner.LegChain[], policy: Policy.Policy): RingMargins {
  assertSize(chains?.length)
  for (const [i, chain] of chains.entries()) {
    assertHas(chain, `chains[${i}]`, ['network', 'profile'])
    Planner.assertTime(chain.network)
    Planner.assertPunctual(chain)
  }
  const last = chains.at(-1) as Planner.LegChain
  const pairs = chains
    .slice(1)
    .map((short, i) => Planner.margins(chains[i] as Planner.LegChain, short, policy))
  const { reveal } = pairs.at(-1) as Planner.Margins
  const b = last.network.timing[policy.risk]
  // Each member but the leader locks by its own arc's clock, the leader by the last one's.
  const ahead = chains.slice(1).reduce((a, b) => (leadOf(a, policy) > leadOf(b, policy) ? a : b))
  const waits = chains.map(({ network }, i): Planner.Summand => {
    const { inclusion, finality } = network.timing[policy.risk]
    return {
      name: `S+F of ${network.name} and D: arc ${i} is locked and noticed`,
      seconds: inclusion + finality + policy.detection,
    }
  })
  const slack = { name: `reveal slack on ${last.network.name}`, seconds: reveal.seconds }
  return {
    gaps: pairs.map(({ gap }) => gap),
    start: sum([
      ...waits,
      slack,
      { name: `F of ${last.network.name}: the claim settles`, seconds: b.finality },
      { name: `lead of ${ahead.network.name}: its clock runs ahead`, seconds: leadOf(ahead, policy) },
      { name: 'O: the leader is offline', seconds: policy.offline },
    ]),
    rest: waits.map((_, i) => sum([...waits.slice(i), slack])),
    reveal,
  }
}

/**
 * The earliest deadlines that are safe for all and leave time to finish, from `now` (UTC, unix seconds).
 *
 * Codes: those of {@link margins}, `InvalidAmount` (1004) for a `now` in another unit or a `slack` of more than a year.
 *
 * @param slack seconds added to the least start time, for slow members; 0 unless told
 *
 * @example
 * import { cosmosHub, ethereum, polkadotHub } from '@aitbc/core/networks'
 * import { Policy, RingPlanner } from '@aitbc/swap'
 * const profile = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const chains = [ethereum, cosmosHub, polkadotHub].map((network) => ({ network, profile }))
 * const { deadlines, margins } = RingPlanner.plan(chains, Policy.standard, 1_900_000_000n)
 * const [first = 0n, second = 0n, last = 0n] = deadlines.map(({ value }) => value)
 * // Each member's own lock ends earlier than the one that pays it, by what this pair of chains needs.
 * first - second === margins.gaps[0]?.seconds // true
 * last - 1_900_000_000n === margins.start.seconds // true
 */
export function plan(
  chains: readonly Planner.LegChain[],
  policy: Policy.Policy,
  now: bigint,
  options: { readonly slack?: bigint } = {},
): RingPlan {
  assertInstant(now)
  const { slack = 0n } = options
  Amount.assert(slack, { argument: 'slack', max: 31_536_000n })
  const all = margins(chains, policy)
  let value = now + all.start.seconds + slack
  const deadlines = chains
    .map(({ network }, i) => ({ network, gap: all.gaps[i]?.seconds ?? 0n }))
    .reverse()
    .map(({ network: { id, clock }, gap }) => {
      value += gap
      return Deadline.from({ network: id, clock, value })
    })
  return { margins: all, deadlines: deadlines.reverse() }
}

/**
 * Judges a ring's deadlines for one member by its own policy, and gives the margins that its machine runs by. Checks: `clock` (an arc
 * counts another clock than its chain), `order` (an arc doesn't end before the one before it), `gap` (S20, of the member's own two
 * arcs), `start` (no time is left to finish), `patience` (the own funds would be tied up longer than this party is ready for: H3, H4).
 * `InvalidAgreement` (4001) where there is no such member, or another number of chains.
 *
 * Codes: those of {@link margins}, `InvalidAmount` (1004) for a `now` in another unit.
 *
 * @param chains of all arcs; of other members' arcs only the times are asked for
 * @param now UTC, unix seconds
 *
 * @example
 * import { Hashlock, type LockTerms } from '@aitbc/core'
 * import { cosmosHub, ethereum, polkadotHub } from '@aitbc/core/networks'
 * import { Policy, RingPlanner } from '@aitbc/swap'
 * const profile = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const chains = [ethereum, cosmosHub, polkadotHub].map((network) => ({ network, profile }))
 * const now = 1_900_000_000n
 * const { deadlines } = RingPlanner.plan(chains, Policy.standard, now)
 * const arcs = deadlines.map((deadline, i): LockTerms.LockTerms => {
 *   const { network } = deadline
 *   const who = (at: number) => ({ account: `${network}:0${at % 3}`, payout: `${network}:0${at % 3}` }) as const
 *   return {
 *     ...{ version: 1, asset: `${network}/slip44:60`, amount: 1n, salt: new Uint8Array(32), deadline },
 *     ...{ backend: { network, kind: 'contract', address: 'c0' }, hashlock: Hashlock.of(new Uint8Array(32).fill(7)) },
 *     ...{ locker: who(i), beneficiary: who(i + 1) },
 *   }
 * })
 * RingPlanner.audit({ arcs }, 1, chains, Policy.standard, now).ok // true
 * // A minute later than planned there is no time left to finish.
 * const verdict = RingPlanner.audit({ arcs }, 1, chains, Policy.standard, now + 60n)
 * verdict.ok ? '' : verdict.refusal.check // 'start'
 */
export function audit(
  agreement: Pick<RingAgreement, 'arcs'>,
  member: number,
  chains: readonly Planner.LegChain[],
  policy: Policy.Policy,
  now: bigint,
): Verdict.Verdict<Planner.Margins> {
  assertInstant(now)
  assertHas(agreement, 'agreement', ['arcs'])
  const { arcs } = agreement
  viewOf(agreement, member)
  const all = margins(chains, policy)
  if (arcs.length !== chains.length)
    throw SwapErrors.InvalidAgreement(
      `chains must be ${arcs.length}, one for each arc, got ${chains.length}`,
      {
        argument: 'chains',
        received: chains.length,
      },
    )
  const ends = arcs.map(({ deadline }) => deadline.value)
  const end = (i: number) => ends[(i + ends.length) % ends.length] as bigint
  for (const [i, { deadline }] of arcs.entries()) {
    const network = chains[i]?.network
    if (deadline.network !== network?.id || deadline.clock !== network.clock)
      return Verdict.refuse('clock', `arc ${i} must count ${network?.clock} of ${network?.id}`, { arc: i })
    if (i > 0 && deadline.value >= end(i - 1))
      return Verdict.refuse('order', `arc ${i} must end before arc ${i - 1}`, { arc: i })
  }
  if (member > 0) {
    const gap = end(member - 1) - end(member)
    const least = all.gaps[member - 1] as Planner.Bound
    if (gap < least.seconds)
      return Verdict.refuse(
        'gap',
        `arcs ${member - 1} and ${member} end ${gap} s apart; ${Planner.explain(`T_${member - 1} − T_${member}`, least)}`,
        { gap, least: least.seconds },
      )
  }
  const left = end(-1) - now
  if (left < all.start.seconds)
    return Verdict.refuse(
      'start',
      `the last arc ends in ${left} s; ${Planner.explain('T − now', all.start)}`,
      {
        left,
        least: all.start.seconds,
      },
    )
  const planned = all.gaps.slice(member).reduce((total, { seconds }) => total + seconds, all.start.seconds)
  const most = planned + (policy.patience ?? Policy.PATIENCE)
  const tied = end(member) - now
  if (tied > most)
    return Verdict.refuse('patience', `the own arc ends in ${tied} s only; at most ${most} s are patience`, {
      left: tied,
      most,
    })
  return Verdict.accept(marginsOf(chains, member, ends, policy))
}

/**
 * The margins that a member's machine runs by, as that of one of two: for the gap, those of the two chains of its own arcs; and for every
 * time that is asked for on its own clocks, what the whole ring needs from there on.
 *
 * @param ends deadlines of all arcs, in seconds
 */
export function marginsOf(
  chains: readonly Planner.LegChain[],
  member: number,
  ends: readonly bigint[],
  policy: Policy.Policy,
): Planner.Margins {
  const all = margins(chains, policy)
  const long = chains[member === 0 ? 0 : member - 1] as Planner.LegChain
  const short = chains[member === 0 ? chains.length - 1 : member] as Planner.LegChain
  // The machine counts on the own pair's clocks: a follower's own arc ends later than the last one, by so much.
  const beyond = member === 0 ? 0n : (ends[member] as bigint) - (ends.at(-1) as bigint)
  const later = (bound: Planner.Bound) =>
    sum([...bound.summands, { name: 'the own arc ends after the last', seconds: beyond }])
  const own = later(all.rest[member] as Planner.Bound)
  return {
    ...Planner.margins(long, short, policy),
    start: all.start,
    launch: own,
    lock: own,
    reveal: later(all.reveal),
  }
}

function leadOf({ network }: Planner.LegChain, { risk }: Policy.Policy): bigint {
  return network.timing[risk].lead
}

function assertSize(count: number): void {
  if (!(count >= MIN_MEMBERS && count <= MAX_MEMBERS))
    throw SwapErrors.InvalidAgreement(`a ring has ${MIN_MEMBERS} to ${MAX_MEMBERS} arcs, got ${count}`, {
      argument: 'chains',
      received: count,
    })
}

function sum(summands: readonly Planner.Summand[]): Planner.Bound {
  return { summands, seconds: summands.reduce((total, { seconds }) => total + seconds, 0n) }
}
