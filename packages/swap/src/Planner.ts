import {
  Amount,
  Deadline,
  type Finality,
  type LockProfile,
  type Network,
  type Timing,
  Verdict,
} from '@aitbc/core'
import type * as Agreement from './Agreement.js'
import { SwapErrors } from './errors.js'
import { assertHas, assertInstant } from './internal/given.js'
import { leftUntil, TALK, unitsOf } from './internal/left.js'
import * as Policy from './Policy.js'

/** Most that a caller may add to the least start time, seconds: a year. */
const MAX_PATIENCE = 31_536_000n

/** One summand of an inequality, with its name in the specification and its value in seconds. */
export interface Summand {
  readonly name: string
  readonly seconds: bigint
}

/** A sum that a difference of times must reach. */
export interface Bound {
  readonly summands: readonly Summand[]
  readonly seconds: bigint
}

/** What the planner needs to know of one leg's chain. */
export interface LegChain {
  readonly network: Network
  readonly profile: LockProfile
  /** Height of its newest block; {@link plan} and {@link audit} want it where its locks count heights. */
  readonly height?: bigint
}

/**
 * The margins of one pair of chains under one policy, in seconds; A is the long leg's chain, B the short leg's.
 *
 * Where both chains are alike, each clock is off by E throughout, and D and outages are nothing, the gap is exactly
 * (1 + LATE)·S + O + k·(S + R) + 2E, which explicit-state search found to be the least safe value. Beyond that formula the checker
 * (`@aitbc/swap/check`) found these to be needed, each to the tick:
 *
 * - `gap`: D a second time where B takes late claims. The follower notices late that T_B has come, sends its refund, and
 *   then notices late the claim that was mined instead.
 * - `gap`: S_B + D for a reorganisation of B, where B takes late claims and D is longer than R_B. The refund that a late claim displaced is in no
 *   mempool when that claim is undone: it waits until the follower looks, who never saw the claim.
 * - `gap`: where B also takes late locks, what of (k + 1)·D the other times don't hold: nothing, unless D is of hours. The follower notices late
 *   that its lock, which still waits, is to be made void; mined after T_B, it can't be refunded any earlier.
 * - `reveal`: lag_B + lead_B, as B's clock may go from its slowest to its fastest while the claim waits (the lead correction of S7; the
 *   formula S + k·(S + R) lets it be off by one amount throughout), and B's outage, which may begin right after the secret is out.
 *
 * And these are more than any history needs, and kept: k·S where R is 0, as nothing can be undone there; and in the gap k·(S + R) of B
 * where B takes no late claims, as its claim can be undone after T_B, but not made again.
 */
export interface Margins {
  /** Least difference of the deadlines: T_A − T_B. */
  readonly gap: Bound
  /**
   * Least that the long leg has left beyond the short one, each on its own clock, when the follower locks; where one counts heights, with what
   * clocks may go on by.
   */
  readonly apart: Bound
  /** Least time from now to T_B for a swap that is to be completed. */
  readonly start: Bound
  /** Least time to T_B, on B's own clock, when the initiator's lock is broadcast. */
  readonly launch: Bound
  /** Least time to T_B, on B's own clock, when the follower's lock is broadcast. */
  readonly lock: Bound
  /** Least time to T_B, on B's own clock, when the secret is revealed. */
  readonly reveal: Bound
  /**
   * Most from T_A, or T_B, until the refund of what is still locked there is final, an outage included, where its owner looks at once and nothing
   * undoes it (L2). Not in it are what the owner is away or notices late (O, D), and k·(S+R) for a refund that is undone.
   */
  readonly settle: { readonly long: Bound; readonly short: Bound }
  /** Chance that one of the times is exceeded, for each of them. */
  readonly tail: '1e-3' | '1e-6'
}

/** Deadlines that satisfy the margins, with the numbers. */
export interface Plan {
  readonly margins: Margins
  readonly long: Deadline.Deadline
  readonly short: Deadline.Deadline
  /** By when each deadline has come, a halt aside: UTC, unix seconds. The deadline itself, but where it counts heights. */
  readonly ends: { readonly long: bigint; readonly short: bigint }
  /** When a lock counts for whoever it pays, as the networks' parameters have it: so many blocks deep, or what the chain calls final. */
  readonly confirmations: { readonly long: Finality; readonly short: Finality }
  /** What is kept back for one act of each leg, base units of its native coin, where the policy's budget says so (S13); else the market does. */
  readonly reserves: { readonly long?: bigint; readonly short?: bigint }
}

/**
 * The margins of a pair of chains; `UnsupportedClock` (4004) where a lock counts heights that say too little about time: those of
 * Bitcoin (144 blocks take 15.7 to 34.7 hours at 1e-6), and all of a network without `pace`. `InvalidAmount` (1004) for a network or profile
 * whose numbers are none: a time below nothing would make a gap smaller than any other one may. `InvalidPolicy` (4008), `InvalidArgument` (1013)
 * for what is missing.
 *
 * A halt takes nothing from a leg that counts heights, whose deadline is put off by it.
 *
 * @example
 * import { cosmosHub, ethereum } from '@aitbc/core/networks'
 * import { Planner, Policy } from '@aitbc/swap'
 * const profile = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const { gap } = Planner.margins({ network: ethereum, profile }, { network: cosmosHub, profile }, Policy.standard)
 * gap.summands.reduce((sum, { seconds }) => sum + seconds, 0n) === gap.seconds // true
 */
export function margins(long: LegChain, short: LegChain, policy: Policy.Policy): Margins {
  Policy.assert(policy)
  for (const [name, leg] of Object.entries({ long, short })) {
    assertHas(leg, name, ['network', 'profile'])
    assertNumbers(leg, policy)
    if (leg.network.pace === undefined) assertTime(leg.network)
  }
  const a = long.network.timing[policy.risk]
  const b = short.network.timing[policy.risk]
  const [A, B] = [long.network.name, short.network.name]
  const repeat = (t: Timing, undone = t.reorg) => policy.reorgs * (t.inclusion + undone)
  // What displaced a refund can be undone before anybody looks: no mempool has that refund then.
  const unseen = short.profile.lateClaims && b.reorg > 0n && policy.detection > b.reorg
  const resent = repeat(b, unseen ? policy.detection : b.reorg)
  const [reorgName, reorgTime] =
    repeat(a) >= resent
      ? ([`k·(S+R) of ${A}`, repeat(a)] as const)
      : ([`k·(S+${unseen ? 'D' : 'R'}) of ${B}`, resent] as const)
  const reveal = bound([
    [`lag of ${B}: its clock ran behind when it was read`, b.lag],
    [`lead of ${B}: it runs ahead when the claim is judged`, b.lead],
    [`S of ${B}: the claim is included`, b.inclusion],
    [`outage of ${B}: it stands still while the claim waits`, isCounting(short) ? 0n : b.outage],
    [`k·(S+R) of ${B}: it is undone and included again`, repeat(b)],
  ])
  const lock = bound([
    [`S+F of ${B}: the short leg is locked`, b.inclusion + b.finality],
    ['D: the lock is noticed', policy.detection],
    [`reveal slack on ${B}`, reveal.seconds],
  ])
  // Two instants are as far apart as the agreement says, and what the clocks are off by counts there. A height is no instant: how far the legs
  // are apart is then what both clocks show at the lock, and one of seconds may go on from where it is off to the other side.
  const counts = isCounting(long) || isCounting(short)
  const off = (leg: LegChain, error: bigint, other: bigint) =>
    counts ? error + (isCounting(leg) ? 0n : other) : 0n
  const apart = [
    [`lead of ${A} from what it showed`, off(long, a.lead, a.lag)],
    [`lag of ${B} from what it showed`, off(short, b.lag, b.lead)],
    [`LATE·S of ${B}: a claim after the deadline`, short.profile.lateClaims ? b.inclusion : 0n],
    [`S of ${A}: the follower's claim is included`, a.inclusion],
    [
      `LATE·D of ${B}: that its deadline has come is noticed`,
      short.profile.lateClaims ? policy.detection : 0n,
    ],
    [
      `late locks of ${B}: one that waits is made void late`,
      lateness(short, policy, { spare: b.lag + b.lead + b.outage, short: repeat(b), most: reorgTime }),
    ],
    ['D: the claim is noticed', policy.detection],
    ['O: the follower is offline', policy.offline],
    [`outage of ${A}`, isCounting(long) ? 0n : a.outage],
    [`outage of ${B}`, b.outage],
    [reorgName, reorgTime],
  ] as const
  return {
    gap: bound([
      [`lead of ${A}: its clock runs ahead`, a.lead],
      [`lag of ${B}: its clock runs behind`, b.lag],
      ...apart,
    ]),
    apart: bound(apart),
    start: bound([
      [`S+F of ${A}: the long leg is locked`, a.inclusion + a.finality],
      [`S+F of ${B}: the short leg is locked`, b.inclusion + b.finality],
      ['D: each lock is noticed', 2n * policy.detection],
      [`reveal slack on ${B}`, reveal.seconds],
      [`F of ${B}: the claim settles`, b.finality],
      [`lead of ${B}: its clock runs ahead`, b.lead],
      ['O: the initiator is offline', policy.offline],
    ]),
    launch: bound([
      [`S+F of ${A}: the long leg is locked`, a.inclusion + a.finality],
      ['D: the lock is noticed', policy.detection],
      ["the follower's least time", lock.seconds],
    ]),
    lock,
    reveal,
    settle: { long: settle(A, a), short: settle(B, b) },
    tail: policy.risk === 'standard' ? '1e-3' : '1e-6',
  }
}

/**
 * By how much the follower's lock may be mined too late to be refunded in time, seconds: one that waits is made void once nobody has the time to reveal
 * any more, which comes D late, and D late again after each reorganisation that undoes it. What the reveal slack has beyond S makes up for that.
 */
function lateness(
  { profile }: LegChain,
  { detection, reorgs }: Policy.Policy,
  held: { readonly spare: bigint; readonly short: bigint; readonly most: bigint },
): bigint {
  if (!profile.lateClaims || !profile.lateLocks || detection === 0n) return 0n
  const once = detection - held.short
  const again = (reorgs + 1n) * detection - held.most
  // The block that has a lock can't have its refund.
  const late = (once > again ? once : again) - held.spare + 1n
  return late > 0n ? late : 0n
}

const TIMES = ['lead', 'lag', 'inclusion', 'finality', 'reorg', 'outage'] as const

/** Refuses numbers of a network or profile by which nothing can be planned: `InvalidAmount` (1004). */
function assertNumbers({ network: { id, timing, pace }, profile }: LegChain, { risk }: Policy.Policy): void {
  for (const name of TIMES)
    Amount.assert(timing?.[risk]?.[name], { argument: `timing.${risk}.${name} of ${id}` })
  if (pace !== undefined) {
    Amount.assert(pace.least, { argument: `pace.least of ${id}`, min: 1n })
    Amount.assert(pace.most, { argument: `pace.most of ${id}`, min: pace.least })
  }
  if (profile.early !== undefined) Amount.assert(profile.early, { argument: `early of locks on ${id}` })
}

/** The locks of a leg count heights: a halt of its chain puts their deadline off. */
function isCounting({ network }: LegChain): boolean {
  return network.clock === 'height'
}

/** `UnsupportedClock` (4004) where a network's locks count heights and not time. */
export function assertTime(network: Network): void {
  if (network.clock === 'height')
    throw SwapErrors.UnsupportedClock(
      `locks of ${network.id} count heights, and its profile bounds no time between blocks (network.pace)`,
      { network: network.id },
    )
}

/** `UnsupportedClock` (4004) where a lock may end before its deadline (`profile.early`), which only the plan of two takes into account. */
export function assertPunctual({ network, profile }: LegChain): void {
  if ((profile.early ?? 0n) !== 0n)
    throw SwapErrors.UnsupportedClock(
      `locks of ${network.id} may end ${profile.early} before their deadline, which is planned for two parties only`,
      { network: network.id, early: profile.early },
    )
}

/**
 * The earliest deadlines that are safe and leave time to finish, from `now` (UTC, unix seconds). Where a leg counts heights, so many that
 * they are late enough however fast blocks come, and the long leg outlasts the short one however slowly.
 *
 * Codes: those of {@link margins}, `InvalidAmount` (1004) for a `now` in another unit, a `slack` of more than a year, and a leg that counts
 * heights and comes without one.
 *
 * @param slack seconds added to the least start time, for a slow counterparty; 0 unless told
 *
 * @example
 * import { cosmosHub, ethereum } from '@aitbc/core/networks'
 * import { Planner, Policy } from '@aitbc/swap'
 * const profile = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const [long, short] = [{ network: ethereum, profile }, { network: cosmosHub, profile }] as const
 * const plan = Planner.plan(long, short, Policy.standard, 1_900_000_000n)
 * plan.short.value - 1_900_000_000n === plan.margins.start.seconds // true
 */
export function plan(
  long: LegChain,
  short: LegChain,
  policy: Policy.Policy,
  now: bigint,
  options: { readonly slack?: bigint } = {},
): Plan {
  assertInstant(now)
  if (options.slack !== undefined) Amount.assert(options.slack, { argument: 'slack', max: MAX_PATIENCE })
  const m = margins(long, short, policy)
  const at = (leg: LegChain, seconds: bigint) =>
    Deadline.from({
      network: leg.network.id,
      clock: leg.network.clock,
      value: nowOf(leg, now) + unitsOf(leg, seconds),
    })
  const shortAt = at(short, m.start.seconds + (options.slack ?? 0n))
  const { most } = leftUntil(short, shortAt, nowOf(short, now))
  // Where a height is compared with a time, the one goes on by blocks and the other always.
  const talk = long.network.clock === 'height' || short.network.clock === 'height' ? TALK : 0n
  const longAt = at(long, most + m.gap.seconds + talk)
  const ends = { long: now + leftUntil(long, longAt, nowOf(long, now)).most, short: now + most }
  const confirmations = { long: long.network.finality, short: short.network.finality }
  const { [long.network.id]: far, [short.network.id]: near } = policy.fees ?? {}
  const reserves = { ...(far !== undefined && { long: far }), ...(near !== undefined && { short: near }) }
  return { margins: m, short: shortAt, long: longAt, ends, confirmations, reserves }
}

/** What a leg's clock shows: UTC, or the height that came with it; `InvalidAmount` (1004) where none did. */
function nowOf({ network, height }: LegChain, now: bigint): bigint {
  if (network.clock !== 'height') return now
  Amount.assert(height, { argument: `height of ${network.id}`, max: Deadline.TIME_THRESHOLD - 1n })
  return height as bigint
}

/**
 * Judges an agreement's deadlines by one party's own policy: `gap` too small is a refusal that carries the inequality, and so are
 * deadlines of another clock, a `start` that leaves no time, and one so late that the funds would be tied up beyond
 * the policy's `patience` (H3, H4). Codes: those of {@link plan}.
 *
 * @param now UTC, unix seconds
 *
 * @example
 * import { Hashlock, type LockTerms, SwapSeed } from '@aitbc/core'
 * import { cosmosHub, ethereum } from '@aitbc/core/networks'
 * import { Agreement, Planner, Policy } from '@aitbc/swap'
 * const profile = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const chains = { long: { network: ethereum, profile }, short: { network: cosmosHub, profile } }
 * const now = 1_900_000_000n
 * const plan = Planner.plan(chains.long, chains.short, Policy.standard, now)
 * const leg = (of: 'long' | 'short', seconds = 0n): LockTerms.LockTerms => {
 *   const { id, native } = chains[of].network
 *   const who = (name: string) => ({ account: `${id}:${name}`, payout: `${id}:${name}` }) as const
 *   return {
 *     ...{ version: 1, asset: native.id, amount: 1n, salt: new Uint8Array(32), backend: { network: id, kind: 'contract', address: 'c0' } },
 *     ...{ hashlock: Hashlock.of(new Uint8Array(32).fill(7)), locker: who('1a'), beneficiary: who('2b') },
 *     deadline: { ...plan[of], value: plan[of].value + seconds },
 *   }
 * }
 * const [initiator, follower] = [1, 2].map((fill) =>
 *   Agreement.publicKey(SwapSeed.identity(new Uint8Array(32).fill(fill), new Uint8Array(8))),
 * ) as [Uint8Array, Uint8Array]
 * const agreed = (long: LockTerms.LockTerms): Agreement.Agreement => ({ version: 1, long, short: leg('short'), initiator, follower })
 * const judge = (of: Agreement.Agreement) => Planner.audit(of, chains.long, chains.short, Policy.standard, now)
 * judge(agreed(leg('long'))).ok // true
 * const verdict = judge(agreed(leg('long', -1n))) // a second too close
 * verdict.ok ? '' : verdict.refusal.check // 'gap'
 */
export function audit(
  agreement: Agreement.Agreement,
  long: LegChain,
  short: LegChain,
  policy: Policy.Policy,
  now: bigint,
): Verdict.Verdict<Margins> {
  assertInstant(now)
  assertHas(agreement, 'agreement', ['long', 'short'])
  const m = margins(long, short, policy)
  for (const [name, leg, terms] of [
    ['long', long, agreement.long],
    ['short', short, agreement.short],
  ] as const)
    if (terms.deadline.network !== leg.network.id || terms.deadline.clock !== leg.network.clock)
      return Verdict.refuse(
        `${name}-clock`,
        `the ${name} leg's deadline must count ${leg.network.clock} of ${leg.network.id}, got ${terms.deadline.clock} of ${terms.deadline.network}`,
      )
  const [far, near] = [
    leftUntil(long, agreement.long.deadline, nowOf(long, now)),
    leftUntil(short, agreement.short.deadline, nowOf(short, now)),
  ]
  const gap = far.least - near.most
  if (gap < m.gap.seconds)
    return Verdict.refuse('gap', `the deadlines are ${gap} s apart; ${explain('T_A − T_B', m.gap)}`, {
      gap,
      least: m.gap.seconds,
    })
  const left = near.least
  if (left < m.start.seconds)
    return Verdict.refuse('start', `the short leg ends in ${left} s; ${explain('T_B − now', m.start)}`, {
      left,
      least: m.start.seconds,
    })
  // Heights are planned for the fastest blocks, and tie funds up for as long as the slowest take.
  const planned = leftUntil(short, { value: unitsOf(short, m.start.seconds) }, 0n).most
  const most = planned + (policy.patience ?? Policy.PATIENCE)
  if (near.most > most)
    return Verdict.refuse(
      'patience',
      `the short leg ends in ${near.most} s only; at most ${most} s are patience`,
      { left: near.most, most },
    )
  return Verdict.accept(m)
}

/**
 * An inequality with its numbers, on one line.
 *
 * @example
 * import { Planner } from '@aitbc/swap'
 * Planner.explain('T', { seconds: 5n, summands: [{ name: 'S', seconds: 5n }] }) // 'T ≥ 5 s = 5 (S)'
 */
export function explain(name: string, bound: Bound): string {
  const parts = bound.summands.filter((s) => s.seconds > 0n).map((s) => `${s.seconds} (${s.name})`)
  return `${name} ≥ ${bound.seconds} s = ${parts.join(' + ')}`
}

function settle(name: string, t: Timing): Bound {
  return bound([
    [`lag of ${name}`, t.lag],
    [`outage of ${name}`, t.outage],
    [`S of ${name}: the refund is included`, t.inclusion],
    [`F of ${name}: the refund settles`, t.finality],
  ])
}

function bound(rows: readonly (readonly [string, bigint])[]): Bound {
  return {
    summands: rows.map(([name, seconds]) => ({ name, seconds })),
    seconds: rows.reduce((sum, [, seconds]) => sum + seconds, 0n),
  }
}
