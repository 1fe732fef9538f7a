import { Amount, CoreErrors, type Network, show, type Timing } from '@aitbc/core'
import type { Leg as Name, Role } from '../Agreement.js'
import { SwapErrors } from '../errors.js'
import { assertHas } from '../internal/given.js'
import * as Planner from '../Planner.js'
import type * as Policy from '../Policy.js'
import type { Chain, Setting } from './Setting.js'

/** What is taken for granted of two chains and of the honest parties. */
export interface Assumptions {
  readonly long: Planner.LegChain
  readonly short: Planner.LegChain
  /** O, D, k, and which of the networks' numbers count. */
  readonly policy: Policy.Policy
  /**
   * `steady` (unless told): each chain's clock is off by one amount throughout, and every combination of the extreme ones is explored;
   * `free`: the amounts change within their bounds from block to block.
   */
  readonly clocks?: 'steady' | 'free'
  /** Seconds of a tick; unless told, a quarter of the longest time there is. */
  readonly tick?: bigint
}

/** The times of a swap in seconds, as a plan or an agreement has them. */
export interface Terms {
  /** T_A − T_B. */
  readonly gap: bigint
  /** T_B − now. */
  readonly start: bigint
  /** Least time to T_B at which an honest initiator reveals; the planner's unless told. A follower takes its lock for void by its own. */
  readonly reveal?: bigint
}

/** The same swap in seconds and in ticks. */
export interface Scaled {
  readonly tick: bigint
  readonly seconds: Planner.Margins
  readonly ticks: Planner.Margins
  setting(terms: Terms, honest: readonly Role[], change?: Partial<Setting>): Setting
  /** Every combination of clocks that is to be explored. */
  readonly clocks: readonly Setting['clocks'][]
}

const TIMES = ['lead', 'lag', 'inclusion', 'finality', 'reorg', 'outage'] as const

/**
 * Scales everything to ticks. Each time is rounded up by itself, so that delays, clocks and halts are never shorter than they are. A gap
 * or a time to reveal in that is less than the planner's sum is rounded down: what is safe in ticks is safe in seconds. One that
 * reaches the sum has the same sum of the rounded times, and whole ticks of what it has beyond; rounded down it would lack
 * up to a tick for each of them.
 *
 * A start is no less than the planner's in ticks as long as the honest party would still lock in seconds; else it is rounded down. Whoever waits has all
 * that an earlier deadline has, and of what nobody locks for in ticks nothing would be explored.
 *
 * So of terms that reach the planner's sums an exploration says whether every delay has its place in the sum, as often as it can happen; not
 * whether one that is counted too short is made up for by another that is counted too long, as these may be as long as each other in
 * ticks. For that there is `least`, which names all that the sums have too much.
 */
export function scale(assumptions: Assumptions): Scaled {
  assertHas(assumptions, 'assumptions', ['long', 'short'])
  const { long, short, policy, clocks: kind } = assumptions
  assertClocks(kind)
  const seconds = Planner.margins(long, short, policy)
  const { tick, chains: all, policy: scaled, ticksOf } = measure([long, short], policy, assumptions.tick)
  const [a, b] = all as readonly [Measured, Measured]
  const ticks = Planner.margins(a.leg, b.leg, scaled)
  const chains = { long: a.chain, short: b.chain }
  const skews = (name: Name) => [...new Set([-chains[name].lag, chains[name].lead])]
  const { lag } = short.network.timing[policy.risk]
  // The first look is a tick after the agreement, and shows what was so a tick before.
  const enough = Math.max(Number(ticks.start.seconds), Number(ticks.launch.seconds) + chains.short.lead + 2)
  return {
    tick,
    seconds,
    ticks,
    clocks:
      kind === 'free'
        ? ['free']
        : skews('long').flatMap((a) => skews('short').map((b) => ({ long: a, short: b }))),
    setting(terms, honest, change = {}) {
      const asked = ticksOf(terms.start, seconds.start, ticks.start)
      const { launch, lock } = seconds
      const locks = terms.start + lag >= (honest.includes('initiator') ? launch : lock).seconds
      const start = locks ? Math.max(asked, enough) : asked
      const gap = ticksOf(terms.gap, seconds.gap, ticks.gap)
      const skew = chains.long.lead + chains.short.lag
      return {
        chains,
        deadlines: { short: start, long: start + gap },
        rules: {
          launch: Number(ticks.launch.seconds),
          lock: Number(ticks.lock.seconds),
          reveal:
            terms.reveal === undefined || !honest.includes('initiator')
              ? Number(ticks.reveal.seconds)
              : ticksOf(terms.reveal, seconds.reveal, ticks.reveal),
          // The terms are judged, not the machine's right to refuse them.
          apart: Math.min(Number(ticks.apart.seconds), gap - skew),
        },
        offline: Number(scaled.offline),
        detection: Number(scaled.detection),
        reorgs: Number(policy.reorgs),
        honest,
        clocks: 'free',
        from: 'agreed',
        ...change,
      }
    },
  }
}

/** Refuses what names no way in which clocks are off, and would pass for the usual one: `InvalidArgument` (1013). */
export function assertClocks(kind: unknown): void {
  if (kind !== undefined && kind !== 'steady' && kind !== 'free')
    throw CoreErrors.InvalidArgument(`assumptions.clocks must be "steady" or "free", got ${show(kind)}`, {
      argument: 'assumptions.clocks',
      received: kind,
    })
}

/** A chain whose seconds are ticks: as the planner takes it, and as the checker does. */
export interface Measured {
  readonly leg: Planner.LegChain
  readonly chain: Chain
}

/** Chains and a policy in ticks. */
export interface Measures {
  readonly tick: bigint
  readonly chains: readonly Measured[]
  readonly policy: Policy.Policy
  /** A value in ticks, beside the planner's sum in seconds and in ticks. */
  ticksOf(value: bigint, seconds: Planner.Bound, ticks: Planner.Bound): number
}

/** Rounds the times of chains and of a policy up to ticks; `UnsupportedClock` (4004) where a chain's locks count heights. */
export function measure(
  legs: readonly Planner.LegChain[],
  policy: Policy.Policy,
  asked: bigint | undefined,
): Measures {
  for (const { network } of legs)
    if (network.clock === 'height')
      throw SwapErrors.UnsupportedClock(`locks of ${network.id} count heights, which the checker doesn't`, {
        network: network.id,
      })
  legs.forEach(Planner.assertPunctual)
  const longest = legs
    .flatMap(({ network }) => TIMES.map((name) => network.timing[policy.risk][name]))
    .concat(policy.offline, policy.detection)
    .reduce(later, 4n)
  const tick = asked ?? up(longest, 4n)
  Amount.assert(tick, { argument: 'assumptions.tick', min: 1n })
  return {
    tick,
    chains: legs.map((one) => {
      const leg = inTicks(one, policy, tick)
      return { leg, chain: chainOf(leg, policy) }
    }),
    policy: { ...policy, offline: up(policy.offline, tick), detection: up(policy.detection, tick) },
    ticksOf: (value, seconds, ticks) =>
      Number(value < seconds.seconds ? down(value, tick) : ticks.seconds + (value - seconds.seconds) / tick),
  }
}

function inTicks(leg: Planner.LegChain, policy: Policy.Policy, tick: bigint): Planner.LegChain {
  const timing = leg.network.timing[policy.risk]
  const rounded = Object.fromEntries(TIMES.map((name) => [name, up(timing[name], tick)])) as Record<
    keyof Timing,
    bigint
  >
  const inclusion = later(rounded.inclusion, 1n)
  const finality = [rounded.finality, rounded.reorg].reduce(later, 1n)
  const all: Timing = { ...rounded, inclusion, finality }
  const network: Network = { ...leg.network, timing: { standard: all, conservative: all } }
  return { network, profile: leg.profile }
}

function chainOf({ network, profile }: Planner.LegChain, policy: Policy.Policy): Chain {
  const t = network.timing[policy.risk]
  return {
    lead: Number(t.lead),
    lag: Number(t.lag),
    inclusion: Number(t.inclusion),
    finality: Number(t.finality),
    reorg: Number(t.reorg),
    outage: Number(t.outage),
    lateClaims: profile.lateClaims,
    lateLocks: profile.lateLocks,
    shown: !profile.unique,
  }
}

function later(a: bigint, b: bigint): bigint {
  return a < b ? b : a
}

function up(value: bigint, tick: bigint): bigint {
  return (value + tick - 1n) / tick
}

function down(value: bigint, tick: bigint): bigint {
  return value >= 0n ? value / tick : -up(-value, tick)
}
