import { Amount } from '@aitbc/core'
import { assertHas, assertInstant } from './internal/given.js'
import type * as Planner from './Planner.js'

/** What a premium is computed from. All values are in one unit of the caller's, such as cents. */
export interface Options {
  readonly plan: Planner.Plan
  /** UTC, unix seconds. */
  readonly now: bigint
  /** What each leg is worth now. */
  readonly value: { readonly long: bigint; readonly short: bigint }
  /** Yearly volatility of the price of one asset in the other, basis points: 8000n for 80 %. */
  readonly volatility: bigint
  /** What tied-up capital costs in a year, basis points. */
  readonly rate: bigint
}

/** One party's premium: what its walking away takes from the other one. */
export interface Premium {
  readonly amount: bigint
  readonly parts: readonly { readonly name: string; readonly amount: bigint }[]
}

/** A year, seconds. */
const YEAR = 31_556_952n
const BASIS = 10_000n
/** 1/√(2π), in parts of 10¹², rounded up. */
const PEAK = 398_942_280_402n
const PARTS = 1_000_000_000_000n

/**
 * What each party would have to stand to lose, so that neither gains by letting the other wait (H3, H4): the option to see the price
 * first, and the cost of the other's capital. Each rounded up, against the one who pays it.
 *
 * The option to exchange one asset for the other until a deadline is worth at most V·σ·√(T/2π), for equal values (Margrabe 1978), and more
 * by their difference otherwise. Who walks away keeps to no times but the chains' own: the initiator holds it as long as its claim may still be
 * mined, until a follower that looks at once has the short leg back for good (where late claims are taken, one that is away makes it longer); the
 * follower as long as a lock of its own is revealed against, and its own premium is at stake too
 * while the initiator decides, so that the initiator's is the sum of both (Xue and Herlihy 2021, "Hedging Against Sore Loser Attacks in Cross-Chain
 * Transactions").
 *
 * This says how much, not how it is paid: a hash-locked contract can't keep a premium back from who walks away. Between strangers it is
 * paid ahead, or short deadlines and small amounts take its place. `InvalidAmount` (1004) for numbers out of range,
 * `InvalidArgument` (1013) for one that isn't there.
 *
 * @example
 * import { Premium, type Planner } from '@aitbc/swap'
 * const premiumOf = (plan: Planner.Plan, now: bigint) =>
 *   Premium.of({ plan, now, value: { long: 100_000n, short: 100_000n }, volatility: 8000n, rate: 500n })
 */
export function of(options: Options): { readonly initiator: Premium; readonly follower: Premium } {
  assertHas(options, 'options', ['plan', 'now', 'value', 'volatility', 'rate'])
  const { plan, now, value, volatility, rate } = options
  assertInstant(now)
  for (const leg of ['long', 'short'] as const) Amount.assert(value[leg], { argument: `value.${leg}` })
  Amount.assert(volatility, { argument: 'volatility', max: 1_000_000n })
  Amount.assert(rate, { argument: 'rate', max: 1_000_000n })
  const { margins } = plan
  const until = (end: bigint) => (end > now ? end - now : 0n)
  // A deadline may count blocks.
  const { long, short } = plan.ends
  const difference = value.long - value.short
  const apart = difference < 0n ? -difference : difference
  const worth = (value.long + value.short + apart) / 2n
  const option = (seconds: bigint) => apart + timeValue(worth, volatility, seconds)
  const capital = (amount: bigint, end: bigint, settle: bigint) =>
    ceil(amount * rate * until(end + settle), BASIS * YEAR)
  // The clock that says whether there is time to reveal may be behind.
  const behind = margins.gap.seconds - margins.apart.seconds
  const follower = sum([
    {
      name: 'the option to lock, until it is too late',
      amount: option(until(short - margins.reveal.seconds + behind)),
    },
    {
      name: "the initiator's capital, until it is refunded",
      amount: capital(value.long, long, margins.settle.long.seconds),
    },
  ])
  return {
    follower,
    initiator: sum([
      {
        name: 'the option to reveal, until it is too late',
        amount: option(until(short + margins.settle.short.seconds)),
      },
      {
        name: "the follower's capital, until it is refunded",
        amount: capital(value.short, short, margins.settle.short.seconds),
      },
      { name: "the follower's premium, which is at stake meanwhile", amount: follower.amount },
    ]),
  }
}

/** V·σ·√(T/2π), rounded up. */
function timeValue(worth: bigint, volatility: bigint, seconds: bigint): bigint {
  const years = PARTS * PARTS
  const root = ceilRoot(ceil(seconds * years, YEAR))
  return ceil(worth * volatility * root * PEAK, BASIS * PARTS * PARTS)
}

function sum(parts: Premium['parts']): Premium {
  return { amount: parts.reduce((total, { amount }) => total + amount, 0n), parts }
}

function ceil(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by
}

/** The least integer whose square is at least this one (Newton). */
function ceilRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1)
  for (let next = (root + value / root) >> 1n; next < root; next = (root + value / root) >> 1n) root = next
  return root * root === value ? root : root + 1n
}
