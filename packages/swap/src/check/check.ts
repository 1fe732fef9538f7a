import { CoreErrors, Deadline, show } from '@aitbc/core'
import type { Agreement, Role } from '../Agreement.js'
import { SwapErrors } from '../errors.js'
import { assertInstant } from '../internal/given.js'
import * as Planner from '../Planner.js'
import * as SwapMachine from '../SwapMachine.js'
import { type Exhausted, explore, type Found, type Limits, type Progress, partiesOf } from './explore.js'
import type { Machine, Parties } from './Party.js'
import type { Setting } from './Setting.js'
import { type Assumptions, type Scaled, scale, type Terms } from './scale.js'
import { tell } from './story.js'

/** How much a check may take, and how it is watched and stopped. */
export interface Options {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Most distinct states of one exploration; 20,000,000 unless told. */
  readonly states?: number
  /** Most bytes for the states of one exploration; 2^30 unless told. */
  readonly memory?: number
}

/** What was explored. */
export interface Figures {
  /**
   * Distinct states over all explorations, those that no future tells apart counted once (depths beyond finality, clock and timers of a leg
   * that is settled). Apart from that two states are never taken for one: a hash finds their place, and they are compared whole.
   */
  readonly states: number
  readonly transitions: number
  /** Bytes of the tables at their largest. */
  readonly bytes: number
  /** Seconds of a tick. */
  readonly tick: bigint
}

/** The shortest way to what must not be. */
export interface Counterexample {
  /** The number of the rule in the specification, and what happened. */
  readonly message: string
  /** The honest party that it happened to. */
  readonly honest: Role
  /** Tick by tick, for people. */
  readonly story: readonly string[]
  /** The inequality that the terms don't meet, or the one that wasn't enough, with its numbers. */
  readonly inequality: string
}

/** What a check came to. */
export type Result =
  | ({
      readonly ok: true
      /** How it may end for each role. */
      readonly outcomes: { readonly [R in Role]: readonly SwapMachine.Outcome[] }
      /** What no history had in it, for people, with the numbers: of that the check says nothing. */
      readonly unexplored: readonly string[]
    } & Figures)
  | ({ readonly ok: false; readonly counterexample: Counterexample } & Figures)

/**
 * The times of an agreement, as they are at an instant (UTC, unix seconds); `UnsupportedClock` (4004) where a deadline counts heights,
 * `InvalidAmount` (1004) for an instant in another unit.
 *
 * @example
 * import type { Agreement } from '@aitbc/swap'
 * import { check, termsOf } from '@aitbc/swap/check'
 * const isSafe = async (agreement: Agreement.Agreement, now: bigint, assumptions: Parameters<typeof check>[1]) =>
 *   (await check(termsOf(agreement, now), assumptions)).ok
 */
export function termsOf(agreement: Agreement, now: bigint): Terms {
  assertInstant(now)
  const [long, short] = [secondsOf(agreement.long.deadline), secondsOf(agreement.short.deadline)]
  return { gap: long - short, start: short - now }
}

/** A deadline in seconds; `UnsupportedClock` (4004) where it counts heights. */
export function secondsOf(deadline: Deadline.Deadline): bigint {
  const { clock, network, value } = Deadline.from(deadline)
  if (clock === 'height')
    throw SwapErrors.UnsupportedClock(`a deadline on ${network} counts heights, which the checker doesn't`, {
      network,
    })
  return value
}

/** Refuses what is no time in seconds: `InvalidArgument` (1013). */
export function assertSeconds(value: unknown, argument: string): void {
  if (typeof value !== 'bigint')
    throw CoreErrors.InvalidArgument(`${argument} must be seconds (a bigint), got ${show(value)}`, {
      argument,
      received: value,
    })
}

/**
 * Explores every history of a swap with such terms: each role honest in turn, running the machine that the runner runs, against a
 * counterparty that does anything, and a sky that chooses delays, orders, reorganisations, halts, clocks, crashes, absences and lies of
 * endpoints within the assumptions. Holds S2–S9, S12, S14, S15, S18, L2, L4 and L6 in every state; gives the shortest history
 * that breaks one. That it is `ok` says that nobody loses, not that anything is exchanged: of terms that nobody would lock for, `outcomes`
 * has nothing but `no-deal`; and of what `unexplored` lists it says nothing.
 *
 * `CheckTooLarge` (4030) where the bounds of `options` or of the checker don't suffice (15 reorganisations, 2^16 states of a chain),
 * `UnsupportedClock` (4004), `InvalidPolicy` (4008), `InvalidArgument` (1013) for times or bounds that are none; rejects with `signal.reason`.
 *
 * @example
 * import { bitcoin, ethereum } from '@aitbc/core/networks'
 * import { Planner, Policy } from '@aitbc/swap'
 * import { check } from '@aitbc/swap/check'
 *
 * const script = { lateClaims: true, payee: 'key', unique: false, lateLocks: true, feesFrom: 'lock', events: false } as const
 * const contract = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const assumptions = {
 *   long: { network: bitcoin, profile: script },
 *   short: { network: ethereum, profile: contract },
 *   policy: Policy.standard,
 *   tick: 14_760n, // coarse, and done in seconds
 * }
 * const { gap, start } = Planner.margins(assumptions.long, assumptions.short, assumptions.policy)
 * const result = await check({ gap: gap.seconds - 7200n, start: start.seconds }, assumptions)
 * result.ok // false
 */
export async function check(terms: Terms, assumptions: Assumptions, options: Options = {}): Promise<Result> {
  for (const name of ['gap', 'start', 'reveal'] as const)
    if (name !== 'reveal' || terms?.reveal !== undefined) assertSeconds(terms?.[name], `terms.${name}`)
  const scaled = scale(assumptions)
  let figures: Figures = { states: 0, transitions: 0, bytes: 0, tick: scaled.tick }
  const outcomes: Record<Role, ReadonlySet<string>> = { initiator: new Set(), follower: new Set() }
  for (const role of ['initiator', 'follower'] as const) {
    const settings = scaled.clocks.map((clocks) => scaled.setting(terms, [role], { clocks }))
    for await (const [setting, found] of runAll(settings, SwapMachine, options)) {
      figures = add(figures, found)
      outcomes[role] = new Set([...outcomes[role], ...found.outcomes])
      if (found.violation !== undefined)
        return {
          ok: false,
          counterexample: counterexample(scaled, setting, terms, found.violation),
          ...figures,
        }
    }
  }
  const listed = (role: Role) => [...outcomes[role]].sort() as SwapMachine.Outcome[]
  return {
    ok: true,
    outcomes: { initiator: listed('initiator'), follower: listed('follower') },
    unexplored: [
      ...unexplored([assumptions.long, assumptions.short], assumptions, scaled.tick),
      'both parties honest at once, of which each is safe alone',
    ],
    ...figures,
  }
}

/** What is beyond the assumptions of a check. */
export function unexplored(
  legs: readonly Planner.LegChain[],
  { policy, clocks }: Pick<Assumptions, 'policy' | 'clocks'>,
  tick: bigint,
): readonly string[] {
  const { risk, offline, detection, reorgs, assurance, spends = {} } = policy
  const networks = [...new Map(legs.map(({ network }) => [network.id, network])).values()]
  const times = networks.map(
    ({ name, timing: { [risk]: t } }) =>
      `${name}: a transaction included after more than ${t.inclusion} s, a reorganisation of more than ${t.reorg} s, a halt of more than ${t.outage} s, a clock more than ${t.lag} s behind UTC or ${t.lead} s ahead`,
  )
  // What is final is taken to be so for good, however its numbers were given.
  const undone = networks.flatMap(({ name, timing: { [risk]: t } }) =>
    t.reorg > t.finality
      ? [
          `${name}: a final block that is undone, though a reorganisation takes ${t.reorg} s and finality ${t.finality} s`,
        ]
      : [],
  )
  const believed = [
    ...(assurance === 'proved'
      ? []
      : [`locks made up by those whose word the policy takes (assurance: "${assurance}")`]),
    ...networks.flatMap(({ id, name }) =>
      spends[id] === undefined || spends[id] === 'proved'
        ? []
        : [
            `${name}: claims and refunds made up by those whose word the policy takes (spends: "${spends[id]}")`,
          ],
    ),
  ]
  return [
    ...times,
    `more than ${reorgs} reorganisations on all chains together`,
    ...(reorgs === 0n
      ? []
      : [
          'a transaction that a reorganisation undoes and no mempool has again: it waits until its owner looks',
        ]),
    `an honest party that is away, or whose endpoint lies, for more than ${offline} s in all, or that notices later than ${detection} s`,
    ...undone,
    ...(networks.length < legs.length && reorgs > 0n
      ? ['one reorganisation that undoes two legs at once: it counts as two']
      : []),
    ...believed,
    ...(clocks === 'free' ? [] : ['clocks whose error changes while the swap lasts (clocks: "free")']),
    `what comes of differences below a tick of ${tick} s`,
    'fees, payments by strangers, refunds that both sign early, orders to stop, endpoints that lie of both chains in one look, other swaps of the same accounts',
  ]
}

/** Runs one exploration to its end: `CheckTooLarge` (4030), `InvalidArgument` (1013) for bounds that bound nothing. */
export async function run(
  setting: Setting,
  machine: Machine,
  options: Options,
  shared?: () => Parties,
): Promise<Found> {
  const { signal, onProgress, states = 20_000_000, memory = 2 ** 30 } = options
  for (const [name, value] of Object.entries({ states, memory }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw CoreErrors.InvalidArgument(
        `options.${name} must be a whole number from 1 on, got ${show(value)}`,
        {
          argument: `options.${name}`,
          received: value,
        },
      )
  const limits: Limits = { states, memory }
  const steps = explore(setting, machine, limits, shared)
  signal?.throwIfAborted()
  let paused = 0
  for (let next = steps.next(); ; next = steps.next()) {
    if (next.done === true) return within(next.value)
    onProgress?.(next.value)
    if (next.value.states - paused < PAUSE && next.value.states >= paused) continue
    paused = next.value.states
    await new Promise((resolve) => setTimeout(resolve, 0))
    signal?.throwIfAborted()
  }
}

/** Runs explorations that differ in clocks alone one after the other, as far as they are asked for. */
export async function* runAll(
  settings: readonly Setting[],
  machine: Machine,
  options: Options,
): AsyncGenerator<readonly [Setting, Found]> {
  const [first] = settings
  if (first === undefined) return
  const shared = partiesOf(first, machine)
  for (const setting of settings) yield [setting, await run(setting, machine, options, shared)]
}

/** States between two looks at the signal. */
const PAUSE = 50_000

function within(found: Found | Exhausted): Found {
  if (!('bound' in found)) return found
  const { bound, progress } = found
  throw SwapErrors.CheckTooLarge(
    `the bound on ${bound} is reached at ${progress.states} states, in tick ${progress.tick}`,
    { bound, ...progress },
  )
}

function add(sum: Figures, found: Found): Figures {
  return {
    ...sum,
    states: sum.states + found.states,
    transitions: sum.transitions + found.transitions,
    bytes: Math.max(sum.bytes, found.bytes),
  }
}

function counterexample(
  { seconds }: Scaled,
  setting: Setting,
  terms: Terms,
  violation: NonNullable<Found['violation']>,
): Counterexample {
  const [honest] = setting.honest as [Role]
  const reveal = terms.reveal ?? seconds.reveal.seconds
  const [name, value, bound] =
    honest === 'follower'
      ? (['T_A − T_B', terms.gap, seconds.gap] as const)
      : (['T_B − now at the reveal', reveal, seconds.reveal] as const)
  return {
    message: violation.message,
    honest,
    story: tell(setting, violation.path),
    inequality: `${name} is ${value} s; the planner's bound: ${Planner.explain(name, bound)}`,
  }
}
