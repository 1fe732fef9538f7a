// What an act may cost, and when it is to cost more.
import type { Deadline, Fact, Intent, PrepareOptions, Step, Submission } from '@aitbc/core'
import { SwapErrors } from '../errors.js'
import * as Ladder from '../Ladder.js'
import * as Pace from '../Pace.js'
import type { Context, Sent, Swap } from '../Runner.js'
import type * as Side from '../Side.js'
import * as SwapMachine from '../SwapMachine.js'
import type { Act } from './carryOut.js'
import { leftUntil } from './left.js'
import { isRested, leftBy } from './rest.js'
import { isReveal } from './sending.js'

/**
 * Most that an act may cost in fees, where the policy says so. What makes a lock void must outbid it, and that one cost no more than the budget:
 * twice as much is enough, and without a budget half of a lock that pays for itself. A market that an endpoint made up takes no more (S13).
 */
function budgetOf(swap: Swap, command: Act, side: Side.Side): bigint | undefined {
  const budget = swap.state.durable.rules.fees?.[command.leg]
  if (command.do !== 'void') return budget
  const { amount = 0n } = swap.state.durable.terms[command.leg] ?? {}
  return budget === undefined ? Ladder.capOf(side, { amount }, undefined) : 2n * budget
}

/** A version has waited long enough for its fee to be raised, by its network's pace and what is left until it is too late (L5). */
export function hasWaited(
  context: Context,
  side: Side.Side,
  command: Act,
  sent: Sent,
  tip: Fact.Tip | undefined,
): boolean {
  if (tip === undefined) return false
  sent.waitingSince ??= tip.height
  const { network } = side.adapter
  const left = leftOf(side, command, tip)
  return tip.height - sent.waitingSince >= (context.bumpAfter ?? Pace.bumpAfter)(network, left)
}

/**
 * Whether it is time to make an act anew, at another fee for whoever pays by an account: at once the first two times, and then the later the
 * more often it was told to be in vain, for it may be only told so ({@link Pace.restAfter}). A lock that pays for itself is spent once.
 */
export function hasRested(
  context: Context,
  side: Side.Side,
  command: Act,
  sent: Sent,
  tip: Fact.Tip | undefined,
): boolean {
  if (side.adapter.profile.feesFrom === 'lock') return true
  const utc = context.utc()
  const until = usefulUntil(side, command)
  const left = until && leftBy(side.adapter, until, tip?.clock, utc)
  sent.failedSince ??= utc
  return isRested(side.adapter.network, sent.made, { since: sent.failedSince, utc, left })
}

/** Time until an act is of no use any more, where there is such an instant, on the chain's own clock. */
function leftOf(side: Side.Side, command: Act, tip: Fact.Tip): bigint | undefined {
  const until = usefulUntil(side, command)
  return until && leftUntil(side.adapter, until, tip.clock).least
}

/** The instant after which an act is of no use, where there is one on the clock of its network. */
function usefulUntil(side: Side.Side, command: Act): Deadline.Deadline | undefined {
  const until = command.do === 'claim' || command.do === 'lock' ? command.terms.deadline : undefined
  return until?.clock === side.adapter.network.clock ? until : undefined
}

/** The steps of an act at a fee rate, at a lower one where that is beyond the budget; `FeeBudgetSpent` (4016) where none is within it. */
export async function affordable(
  swap: Swap,
  command: Act,
  side: Side.Side,
  intent: Intent,
  at: Pick<PrepareOptions, 'feeRate' | 'beside'>,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const steps = await side.adapter.prepare(intent, { signal, ...at })
  const cap = budgetOf(swap, command, side)
  const asset = side.adapter.network.native.id
  if (cap === undefined || Ladder.costOf(steps, asset) <= cap) return steps
  // A secret shown with a claim that is too cheap for the market is shown for nothing, and the own lock is gone (H8).
  if (isReveal(swap, command)) throw spent(swap, command, cap, Ladder.costOf(steps, asset))
  const rate = at.feeRate ?? (await side.adapter.feeRates({ signal })).normal
  const make = (feeRate: bigint) => side.adapter.prepare(intent, { ...at, signal, feeRate })
  const cheaper = await Ladder.priced(make, rate, { asset, most: cap })
  if (cheaper === undefined) throw spent(swap, command, cap, Ladder.costOf(steps, asset))
  return cheaper
}

/**
 * A version at the market's price; of a claim or refund one that pays a quarter more than the last one at least, all of the budget when
 * hardly a block is left for a claim (L5). Never more than the budget (`FeeBudgetSpent` 4016), and where there is none, no more than
 * half of a lock that pays for itself ({@link mostOf} aside), and after {@link PUSHES} versions no more than the market asks.
 */
export async function dearer(
  swap: Swap,
  command: Act,
  side: Side.Side,
  last: Submission,
  tip: Fact.Tip | undefined,
  market: bigint,
  make: (feeRate: bigint) => Promise<readonly Step[]>,
): Promise<readonly Step[]> {
  const { network } = side.adapter
  const asset = network.native.id
  const budget = budgetOf(swap, command, side)
  const settles = command.do === 'claim' || command.do === 'refund'
  const paid = Ladder.costOf([last.step], asset)
  const left = tip === undefined ? undefined : leftOf(side, command, tip)
  const hurried =
    left !== undefined &&
    (network.clock === 'height' ? left <= LAST_BLOCKS : left * 1000n <= LAST_BLOCKS * network.blockTimeMs)
  const cap = settles ? mostOf(swap, command, side, { budget, paid, hurried }) : budget
  const pushed = budget !== undefined || (settles && last.attempts.length <= PUSHES) ? (paid * 5n) / 4n : 0n
  const least = hurried && budget !== undefined ? budget : pushed
  const wanted = cap !== undefined && cap < least ? cap : least
  const steps = await Ladder.priced(make, market, { asset, least: wanted, most: cap })
  if (steps === undefined) throw spent(swap, command, cap ?? 0n, paid)
  return steps
}

/**
 * Most that a claim or refund may pay: its budget, or half of a lock that pays for itself. A claim whose secret is public goes beyond that half
 * where no budget is told: not to be in time costs the own lock, and whatever is left of this one is more than nothing. It does so a quarter at
 * a time, as long as it isn't included, so that a market that an endpoint made up doesn't burn it at once; in the last blocks, as far as the
 * market asks.
 */
function mostOf(
  swap: Swap,
  command: Extract<Act, { do: 'claim' | 'refund' }>,
  side: Side.Side,
  known: { readonly budget: bigint | undefined; readonly paid: bigint; readonly hurried: boolean },
): bigint | undefined {
  const { budget, paid, hurried } = known
  const cap = Ladder.capOf(side, command.terms, budget)
  const presses = command.do === 'claim' && SwapMachine.isPublic(swap.state.durable)
  if (cap === undefined || budget !== undefined || !presses) return cap
  const { amount } = command.terms
  const next = hurried ? amount : (paid * 5n) / 4n
  return next <= cap ? cap : next < amount ? next : amount
}

/** How often a version pays more than the market asks, where no budget is told. */
const PUSHES = 6

/** So few blocks before the deadline nothing of the budget is kept back. */
const LAST_BLOCKS = 2n

function spent(swap: Swap, command: Act, budget: bigint, cost: bigint) {
  return SwapErrors.FeeBudgetSpent(
    `${command.key} would cost more than the budget of swap ${swap.id}, ${budget}`,
    {
      id: swap.id,
      key: command.key,
      budget,
      cost,
    },
  )
}
