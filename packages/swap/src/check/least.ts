import * as SwapMachine from '../SwapMachine.js'
import { type Options, runAll } from './check.js'
import type { Violation } from './explore.js'
import type { Chain, Setting } from './Setting.js'
import { type Assumptions, type Scaled, scale } from './scale.js'
import { tell } from './story.js'

/** One reason why a least safe value isn't the planner's: what it adds to the planner's sum, in ticks. */
export interface Reason {
  readonly why: string
  readonly ticks: number
}

/** A least safe value beside the planner's, in ticks. */
export interface Least {
  readonly least: number
  readonly planner: number
  /** What leads from the planner's value to the least one. */
  readonly reasons: readonly Reason[]
  /** The reasons are the whole difference. */
  readonly explained: boolean
  /** What happens with one tick less. */
  readonly below: { readonly message: string; readonly story: readonly string[] }
}

/**
 * The least safe values of one pair of chains, once both locks are in. Where no reorganisation is planned for (k = 0), nothing is noticed late
 * (D = 0) and the short leg takes late locks, add a tick to the gap: a lock that is mined in the very block of its deadline can be refunded from
 * the next block on only. With D the planner's gap has what such locks need.
 */
export interface LeastValues {
  /** Seconds of a tick. */
  readonly tick: bigint
  /** T_A − T_B. */
  readonly gap: Least
  /** T_B − now, on B's own clock, when the secret is revealed. */
  readonly reveal: Least
  /** Distinct states over all explorations. */
  readonly states: number
}

/** How many times the planner's value is searched, where nothing less is safe: what is broken beyond is no matter of time. */
const FAR = 3
/** Earlier than any rule asks for. */
const NEVER_REFUSES = -96

/**
 * Searches the least gap between the deadlines, and the least time to reveal in, that no history breaks: by exploring every history of
 * the claim phase with one tick more or less, from the value on that the reasons lead to. More time never does harm, so that one value that is
 * safe, with a counterexample a tick below, is enough.
 *
 * `CheckTooLarge` (4030), `UnsupportedClock` (4004), `InvalidPolicy` (4008); rejects with `signal.reason`.
 *
 * @example
 * import { cosmosHub, polkadotHub } from '@aitbc/core/networks'
 * import { Policy } from '@aitbc/swap'
 * import { least } from '@aitbc/swap/check'
 *
 * const contract = { lateClaims: false, payee: 'named', unique: true, lateLocks: false, feesFrom: 'account', events: true } as const
 * const { gap } = await least({
 *   long: { network: cosmosHub, profile: contract },
 *   short: { network: polkadotHub, profile: contract },
 *   policy: { ...Policy.standard, offline: 0n, reorgs: 0n },
 * })
 * gap.least === gap.planner // true
 */
export async function least(assumptions: Assumptions, options: Options = {}): Promise<LeastValues> {
  const scaled = scale(assumptions)
  let states = 0
  const search = async ({ planner, least: from, setting }: Expected) => {
    const violationOf = async (value: number): Promise<readonly [Setting, Violation] | undefined> => {
      const settings = scaled.clocks.map((clocks) => ({ ...setting(value), clocks }))
      for await (const [one, found] of runAll(settings, SwapMachine, options)) {
        states += found.states
        if (found.violation !== undefined) return [one, found.violation]
      }
      return undefined
    }
    let value = from
    let below = await violationOf(value)
    if (below === undefined)
      do below = await violationOf(--value)
      while (below === undefined && value >= 0)
    else {
      let last: typeof below | undefined = below
      do {
        below = last
        last = await violationOf(++value)
      } while (last !== undefined && value < FAR * (planner + 1))
      value--
    }
    const [at, violation] = below ?? [setting(value), { message: 'nothing', path: [] }]
    return { least: value + 1, below: { message: violation.message, story: tell(at, violation.path) } }
  }
  const { gap, reveal } = expected(scaled, assumptions)
  const found = {
    gap: await search(gap),
    reveal: await search(reveal),
  }
  const judged = (of: 'gap' | 'reveal'): Least => {
    const { planner, reasons, least: sum } = of === 'gap' ? gap : reveal
    return { ...found[of], planner, reasons, explained: sum === found[of].least }
  }
  return { tick: scaled.tick, gap: judged('gap'), reveal: judged('reveal'), states }
}

/** What a least safe value should be, and the claim phase with any other. */
export interface Expected {
  readonly planner: number
  readonly reasons: readonly Reason[]
  readonly least: number
  setting(value: number): Setting
}

/** The planner's values with the reasons why the least safe ones are others. */
export function expected(
  scaled: Scaled,
  assumptions: Assumptions,
): { readonly gap: Expected; readonly reveal: Expected } {
  const phases = settings(scaled)
  const planned = { gap: Number(scaled.ticks.gap.seconds), reveal: Number(scaled.ticks.reveal.seconds) }
  const late = scaled.ticks.gap.summands.find(({ name }) => name.startsWith('late locks'))
  const all = reasonsOf(phases.gap(planned.gap), assumptions.clocks === 'free', Number(late?.seconds ?? 0n))
  const of = (name: 'gap' | 'reveal'): Expected => ({
    planner: planned[name],
    reasons: all[name],
    least: all[name].reduce((sum, { ticks }) => sum + ticks, planned[name]),
    setting: phases[name],
  })
  return { gap: of('gap'), reveal: of('reveal') }
}

/** The claim phase: with both locks final, and with the follower's lock still to come. */
function settings(scaled: Scaled): {
  readonly gap: (v: number) => Setting
  readonly reveal: (v: number) => Setting
} {
  const plain = { gap: scaled.seconds.gap.seconds, start: scaled.seconds.start.seconds }
  const rules = { launch: NEVER_REFUSES, lock: NEVER_REFUSES, reveal: NEVER_REFUSES, apart: NEVER_REFUSES }
  return {
    gap(value) {
      const base = scaled.setting(plain, ['follower'])
      const short = base.chains.short.lead + 3
      return { ...base, rules, deadlines: { short, long: short + value }, from: 'locked' }
    },
    reveal(value) {
      const base = scaled.setting(plain, ['initiator'])
      const { lead, lag, finality } = base.chains.short
      const short = value + lead + lag + finality + 4
      const long = short + base.deadlines.long - base.deadlines.short
      return { ...base, rules: { ...rules, reveal: value }, deadlines: { short, long }, from: 'launched' }
    },
  }
}

/** What the planner's sums count that no history of these assumptions needs. */
function reasonsOf(
  setting: Setting,
  free: boolean,
  late: number,
): { readonly gap: Reason[]; readonly reveal: Reason[] } {
  const { long, short } = setting.chains
  const k = setting.reorgs
  const again = ({ inclusion, reorg }: Chain) => (reorg > 0 ? inclusion + reorg : 0)
  const drift = short.lead + short.lag
  // A refund that was displaced by what is undone is sent again once that is noticed.
  const resent = short.lateClaims && short.reorg > 0 ? Math.max(short.reorg, setting.detection) : short.reorg
  // A strict leg's claim can be undone, but not made after its deadline: one more reorganisation only shows it late.
  const worst = Math.max(
    k * again(long),
    short.lateClaims
      ? k * again({ ...short, reorg: resent })
      : k > 0
        ? (k - 1) * again(long) + short.reorg
        : 0,
  )
  const planned = k * Math.max(long.inclusion + long.reorg, short.inclusion + resent)
  const all = {
    gap: [
      {
        why: 'k·(S+R) of what matters: nothing is undone where R is 0, and no late claim made where none is accepted',
        ticks: worst - planned,
      },
      { why: 'late locks: both are in to begin with', ticks: -late },
    ],
    reveal: [
      { why: 'lead+lag: each clock is off by one amount throughout', ticks: free ? 0 : -drift },
      {
        why: 'k·S: nothing is undone where R is 0',
        ticks: k * (again(short) - short.inclusion - short.reorg),
      },
    ],
  }
  const real = (list: readonly Reason[]) => list.filter(({ ticks }) => ticks !== 0)
  return { gap: real(all.gap), reveal: real(all.reveal) }
}
