import type { LockTerms } from '@aitbc/core'
import type { Role } from '../Agreement.js'
import { SwapErrors } from '../errors.js'
import { assertHas, assertInstant } from '../internal/given.js'
import type * as Planner from '../Planner.js'
import { explain } from '../Planner.js'
import type * as Policy from '../Policy.js'
import { type RingAgreement, viewOf } from '../ring/RingAgreement.js'
import * as RingPlanner from '../ring/RingPlanner.js'
import * as SwapMachine from '../SwapMachine.js'
import { assertSeconds, type Figures, type Options, runAll, secondsOf, unexplored } from './check.js'
import { exploreRing, type RingSetting } from './exploreRing.js'
import type { Setting } from './Setting.js'
import { assertClocks, type Measures, measure } from './scale.js'
import { tell } from './story.js'

/** What is taken for granted of a ring's chains, one for each arc, and of its honest members. */
export interface RingAssumptions {
  readonly chains: readonly Planner.LegChain[]
  /** O, D, k, and which of the networks' numbers count. */
  readonly policy: Policy.Policy
  /** As for two, for each member alone: `steady` unless told. Where several are honest at once, clocks are steady. */
  readonly clocks?: 'steady' | 'free'
  /** Seconds of a tick; unless told, a quarter of the longest time there is. */
  readonly tick?: bigint
}

/** The times of a ring in seconds, as a plan or an agreement has them. */
export interface RingTerms {
  /** T_i − T_(i+1), of each arc but the last. */
  readonly gaps: readonly bigint[]
  /** T of the last arc − now. */
  readonly start: bigint
}

/** How much a ring's check may take, and what is explored beside each member alone against all others. */
export interface RingOptions extends Options {
  /** Members that are honest at once, in worlds of their own; none unless told. Two take some 10^5 states at a tick for each time. */
  readonly together?: readonly (readonly number[])[]
}

/** The shortest way to what must not be. */
export interface RingCounterexample {
  /** The number of the rule in the specification, and what happened. */
  readonly message: string
  /** The honest members of that world. */
  readonly honest: readonly number[]
  /** Tick by tick, for people. */
  readonly story: readonly string[]
  /** The inequality that the terms don't meet, or the one that wasn't enough, with its numbers. */
  readonly inequality: string
}

/** What a ring's check came to. */
export type RingResult =
  | ({
      readonly ok: true
      /** How it may end for each member that is honest alone. */
      readonly outcomes: readonly (readonly SwapMachine.Outcome[])[]
      /** What no history had in it, as for two. */
      readonly unexplored: readonly string[]
    } & Figures)
  | ({ readonly ok: false; readonly counterexample: RingCounterexample } & Figures)

/**
 * The times of a ring's agreement, as they are at an instant (UTC, unix seconds); `UnsupportedClock` (4004) where a deadline counts heights,
 * `InvalidAmount` (1004) for an instant in another unit.
 *
 * @example
 * import { cosmosHub, ethereum, polkadotHub } from '@aitbc/core/networks'
 * import { Policy, type RingAgreement, RingPlanner } from '@aitbc/swap'
 * import { checkRing, ringTermsOf } from '@aitbc/swap/check'
 * const profile = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const chains = [ethereum, cosmosHub, polkadotHub].map((network) => ({ network, profile }))
 * // Whether a ring that was agreed upon is safe by its own deadlines.
 * const isSafe = async (agreement: RingAgreement.RingAgreement, now: bigint) =>
 *   (await checkRing(ringTermsOf(agreement, now), { chains, policy: Policy.standard })).ok
 */
export function ringTermsOf({ arcs }: Pick<RingAgreement, 'arcs'>, now: bigint): RingTerms {
  const ends = arcs.map(({ deadline }) => secondsOf(deadline))
  assertInstant(now)
  const next = (i: number) => ends[i + 1] as bigint
  return {
    gaps: ends.slice(0, -1).map((end, i) => end - next(i)),
    start: (ends.at(-1) as bigint) - now,
  }
}

/**
 * Explores every history of a ring with such terms, for each member that is honest against all others together: a coalition that knows
 * the secret, or learns it when the leader's claim goes out, and does anything on both of the member's arcs. That is the worst case for this
 * member: whatever others do that are honest too, a coalition may do as well. Its part is a swap of two legs ({@link
 * RingAgreement.viewOf}), run by the production machine by the margins of `RingPlanner`, and arcs that aren't its own don't touch it. Then
 * explores the world in which all are honest and everything comes in time, where all have to end with a deal (L1); and every world of
 * `options.together`, arc by arc.
 *
 * Holds S20 (deadlines fall; nobody honest refunds an arc before its deadline) and S21 (no honest member's arc is taken while the one
 * it is paid by is not), beside all that `check` holds for two. `CheckTooLarge` (4030), `UnsupportedClock` (4004), `InvalidAgreement` (4001),
 * `InvalidPolicy` (4008), `InvalidArgument` (1013) for times or bounds that are none; rejects with `signal.reason`.
 *
 * @example
 * import { cosmosHub, osmosis, polkadotHub } from '@aitbc/core/networks'
 * import { Policy, RingPlanner } from '@aitbc/swap'
 * import { checkRing } from '@aitbc/swap/check'
 *
 * const contract = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const chains = [cosmosHub, osmosis, polkadotHub].map((network) => ({ network, profile: contract }))
 * const policy = { ...Policy.standard, offline: 0n, detection: 0n, reorgs: 0n }
 * const { gaps, start } = RingPlanner.margins(chains, policy)
 * const [first, second] = gaps.map(({ seconds }) => seconds) as [bigint, bigint]
 * const terms = { gaps: [first, second - 1n], start: start.seconds }
 * const result = await checkRing(terms, { chains, policy, tick: 700n }) // coarse, and quick
 * result.ok // false
 */
export async function checkRing(
  terms: RingTerms,
  assumptions: RingAssumptions,
  options: RingOptions = {},
): Promise<RingResult> {
  assertHas(assumptions, 'assumptions', ['chains', 'policy'])
  const { chains, policy } = assumptions
  if (terms?.gaps?.length !== chains.length - 1)
    throw SwapErrors.InvalidAgreement(
      `a ring of ${chains.length} arcs has ${chains.length - 1} gaps, got ${terms?.gaps?.length}`,
      { argument: 'terms.gaps', received: terms?.gaps?.length },
    )
  for (const [i, gap] of terms.gaps.entries()) assertSeconds(gap, `terms.gaps[${i}]`)
  assertSeconds(terms.start, 'terms.start')
  for (const some of options.together ?? []) assertMembers(some, chains.length)
  const scaled = scaleRing(terms, assumptions)
  let figures: Figures = { states: 0, transitions: 0, bytes: 0, tick: scaled.tick }
  const add = (found: { readonly states: number; readonly transitions: number; readonly bytes: number }) => {
    figures = {
      ...figures,
      states: figures.states + found.states,
      transitions: figures.transitions + found.transitions,
      bytes: Math.max(figures.bytes, found.bytes),
    }
  }
  const refuse = (message: string, honest: readonly number[], story: readonly string[]): RingResult => ({
    ok: false,
    counterexample: { message, honest, story, inequality: inequality(terms, chains, policy, honest) },
    ...figures,
  })
  const rises = terms.gaps.findIndex((gap) => gap <= 0n)
  if (rises >= 0) return refuse(`S20: arc ${rises + 1} doesn't end before arc ${rises}`, [rises + 1], [])

  const outcomes: (readonly SwapMachine.Outcome[])[] = []
  for (const member of chains.keys()) {
    const ends = new Set<string>()
    for await (const [setting, found] of runAll(scaled.alone(member), SwapMachine, options)) {
      add(found)
      for (const one of found.outcomes) ends.add(one)
      if (found.violation === undefined) continue
      const { message, path } = found.violation
      return refuse(ringwise(message, member), [member], tell(setting, path))
    }
    outcomes.push([...ends].sort() as SwapMachine.Outcome[])
  }
  const everybody = [...chains.keys()]
  for (const [honest, fair] of [
    [everybody, true] as const,
    ...(options.together ?? []).map((some) => [some, false] as const),
  ])
    for (const setting of scaled.world(honest, fair)) {
      const found = await exploreRing(setting, SwapMachine, options)
      add(found)
      if (found.violation !== undefined) return refuse(found.violation.message, honest, found.violation.story)
      const other = [...found.outcomes].find((one) => fair && one.split(' ').some((end) => end !== 'deal'))
      if (other !== undefined)
        return refuse(`L1: all are honest and in time, and end with ${other}`, honest, [])
    }
  return {
    ok: true,
    outcomes,
    unexplored: [
      ...unexplored(chains, assumptions, scaled.tick),
      'several honest members at once, but for options.together, and all of them in time',
    ],
    ...figures,
  }
}

/** Members that can be honest at once; of nobody all would be said, as nobody loses: `InvalidAgreement` (4001). */
function assertMembers(some: readonly number[], count: number): void {
  const known = some.filter((member) => Number.isSafeInteger(member) && member >= 0 && member < count)
  if (some.length === 0 || new Set(known).size !== some.length)
    throw SwapErrors.InvalidAgreement(
      `options.together must be lists of members from 0 to ${count - 1}, each once, got [${some.join()}]`,
      { argument: 'options.together', received: some },
    )
}

/** A ring in ticks. */
export interface ScaledRing {
  readonly tick: bigint
  /** What one member may meet whose peers are all against it, for each way the clocks may be off. */
  alone(member: number): readonly Setting[]
  /** What some members may meet that are honest at once. */
  world(honest: readonly number[], fair: boolean): readonly RingSetting[]
}

/** The worlds of a ring in ticks. */
export function scaleRing(terms: RingTerms, { chains, policy, tick, clocks }: RingAssumptions): ScaledRing {
  assertClocks(clocks)
  const seconds = RingPlanner.margins(chains, policy)
  const measures = measure(chains, policy, tick)
  const { chains: all, policy: scaled } = measures
  const legs = all.map(({ leg }) => leg)
  const ticks = RingPlanner.margins(legs, scaled)
  // Each locks by its own arc's clock, the leader by the last one's.
  const locks = (member: number, clock: 'slowest' | 'fastest') => {
    const { lead, lag } = (chains.at(member || -1) as Planner.LegChain).network.timing[policy.risk]
    const left = terms.start + (clock === 'slowest' ? lag : -lead)
    return left >= (seconds.rest[member] as Planner.Bound).seconds
  }
  const endsIf = (locks: boolean) => endsOf(terms, locks, seconds, ticks, measures)
  const partOf = (member: number, ends: readonly number[]) => {
    // The production code says which arcs are a member's, and which is which.
    const arcs = ends.map((end) => ({ deadline: { value: BigInt(end) } }) as LockTerms.LockTerms)
    const view = viewOf({ arcs }, member)
    const [long, short] = [arcs.indexOf(view.terms.long), arcs.indexOf(view.terms.short)] as [number, number]
    const margins = RingPlanner.marginsOf(legs, member, ends.map(BigInt), scaled)
    const [a, b] = [all[long]?.chain, all[short]?.chain] as [
      Setting['chains']['long'],
      Setting['chains']['short'],
    ]
    const gap = (ends[long] as number) - (ends[short] as number)
    const setting: Omit<Setting, 'clocks'> = {
      chains: { long: a, short: b },
      deadlines: { long: ends[long] as number, short: ends[short] as number },
      rules: {
        launch: Number(margins.launch.seconds),
        lock: Number(margins.lock.seconds),
        reveal: Number(margins.reveal.seconds),
        // The terms are judged, not the machine's right to refuse them.
        apart: Math.min(Number(margins.apart.seconds), gap - a.lead - b.lag),
      },
      offline: Number(scaled.offline),
      detection: Number(scaled.detection),
      reorgs: Number(policy.reorgs),
      honest: [view.role],
      from: 'agreed',
    }
    return { role: view.role as Role, long, short, setting }
  }
  const skews = (arc: number) => {
    const chain = all[arc]?.chain
    return chain === undefined ? [0] : [...new Set([-chain.lag, chain.lead])]
  }
  return {
    tick: measures.tick,
    alone(member) {
      const { long, short, setting } = partOf(member, endsIf(locks(member, 'slowest')))
      if (clocks === 'free') return [{ ...setting, clocks: 'free' }]
      return skews(long).flatMap((a) =>
        skews(short).map((b): Setting => ({ ...setting, clocks: { long: a, short: b } })),
      )
    },
    world(honest, fair) {
      // A deal takes all of them, a loss any.
      const ends = endsIf(
        fair
          ? honest.every((member) => locks(member, 'fastest'))
          : honest.some((member) => locks(member, 'slowest')),
      )
      const members = honest.map((member) => ({ member, ...partOf(member, ends) }))
      const touched = all.map((_, arc) => members.some(({ long, short }) => arc === long || arc === short))
      let combined: (readonly number[])[] = [[]]
      for (const [arc, mine] of touched.entries())
        combined = combined.flatMap((chosen) => (mine ? skews(arc) : [0]).map((skew) => [...chosen, skew]))
      return combined.map((clocks) => ({
        chains: all.map(({ chain }) => chain),
        ends,
        clocks,
        members,
        touched,
        reorgs: fair ? 0 : Number(policy.reorgs),
        fair,
      }))
    },
  }
}

/** All deadlines in ticks; as for two (`scale`), no start is less than the planner's as long as whoever is honest `locks`. */
function endsOf(
  terms: RingTerms,
  locks: boolean,
  seconds: RingPlanner.RingMargins,
  ticks: RingPlanner.RingMargins,
  { ticksOf }: Measures,
): readonly number[] {
  // A look sees what was so a tick ago, which sums of seconds don't have: one for the agreement, and one for each lock.
  const looks = seconds.gaps.length + 2
  const asked = ticksOf(terms.start, seconds.start, ticks.start)
  const ends = [(locks ? Math.max(asked, Number(ticks.start.seconds)) : asked) + looks]
  for (let i = seconds.gaps.length - 1; i >= 0; i--)
    ends.unshift(
      (ends[0] as number) +
        ticksOf(terms.gaps[i] ?? 0n, seconds.gaps[i] as Planner.Bound, ticks.gaps[i] as Planner.Bound),
    )
  return ends
}

/** A violation of two legs, as it is one of a ring. */
function ringwise(message: string, member: number): string {
  return message.startsWith('S6') ? `S21: member ${member}, of ${message}` : `member ${member}: ${message}`
}

/** The inequality of the member's own two arcs; the leader's is what the whole ring needs. */
function inequality(
  terms: RingTerms,
  chains: readonly Planner.LegChain[],
  policy: Policy.Policy,
  honest: readonly number[],
): string {
  const { gaps, start } = RingPlanner.margins(chains, policy)
  const short = honest.find((member) => (terms.gaps[member - 1] ?? 0n) < (gaps[member - 1]?.seconds ?? 0n))
  const member = short ?? honest[0] ?? 0
  const gap = gaps[member - 1]
  const [name, value, bound] =
    gap === undefined
      ? (['T − now', terms.start, start] as const)
      : ([`T_${member - 1} − T_${member}`, terms.gaps[member - 1], gap] as const)
  return `${name} is ${value} s; the planner's bound: ${explain(name, bound)}`
}
