// What an act may cost, and when it is to cost more.
import type { Deadline, Fact, Intent, LockTerms, PrepareOptions, Step, Submission } from '@aitbc/core'
import { SwapErrors } from '../errors.js'
import * as Ladder from '../Ladder.js'
import * as Pace from '../Pace.js'
import type { Context, Sent, Swap } from '../Runner.js'
import type * as Side from '../Side.js'
import * as SwapMachine from '../SwapMachine.js'
import { latest } from './book.js'
import type { Act } from './carryOut.js'
import { larger, smaller } from './extremes.js'
import { heldFor, payable } from './held.js'
import { latestBy, leftUntil } from './left.js'
import { begun, costsEach, isRested, leftBy, OFTEN, timesWaited } from './rest.js'
import { isReveal } from './reveal.js'

/** What the policy says that an act may cost in fees. */
function budgetOf(swap: Swap, { leg }: Act): bigint | undefined {
  return swap.state.durable.rules.fees?.[leg]
}

/**
 * Most that an act may cost in fees: {@link Ladder.capOf}, whatever market an endpoint makes up (S13). What makes a lock void must outbid it, and
 * that one cost no more: twice as much is enough.
 */
export function capOf(swap: Swap, command: Act, side: Side.Side): bigint {
  const terms = swap.state.durable.terms[command.leg] as LockTerms.LockTerms
  const budget = budgetOf(swap, command)
  const cap = Ladder.capOf(side, terms, budget)
  if (command.do !== 'void') return cap
  const isCoin = terms.asset === side.adapter.network.native.id
  return budget === undefined && isCoin ? terms.amount : 2n * cap
}

/**
 * The height up to which the last version could be included is gone by, for all that is told, and by UTC as long as one waits; nobody knows how
 * long that is after a restart.
 */
export function isOver(
  context: Context,
  side: Side.Side,
  command: Act,
  sent: Sent,
  tip: Fact.Tip | undefined,
): boolean {
  const until = latest(sent)?.step.validUntil
  if (until?.clock !== 'height' || tip === undefined || tip.height <= until.value) return false
  if (sent.madeAt === undefined) return true
  const now = context.utc()
  const gone = now - sent.madeAt
  const { network } = side.adapter
  // As in `isRested`: a clock that was set back says nothing.
  const waited =
    gone < 0n || gone * 1000n >= patienceOf(context, side, command, tip, now) * network.blockTimeMs
  return waited && (!costsEach(network) || hasRested(context, side, command, sent, tip))
}

/** Blocks that a version may wait before its fee is raised. */
function patienceOf(context: Context, side: Side.Side, command: Act, tip: Fact.Tip, utc: bigint): bigint {
  return (context.bumpAfter ?? Pace.bumpAfter)(side.adapter.network, leftOf(side, command, tip, utc))
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
  const { network } = side.adapter
  const now = { height: tip.height, utc: context.utc() }
  sent.waitingSince = begun(sent.waitingSince, now)
  const blocks = patienceOf(context, side, command, tip, now.utc)
  const waited = timesWaited(network, blocks, sent.waitingSince, now) >= 1n
  return waited && (!costsEach(network) || hasRested(context, side, command, sent, tip))
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
  // Where all are for one place, as on Solana, they share a key: what is told to wait, or to have run out of time, may have been paid for.
  const failed = (sent.failures ?? 0) + 1
  const each = costsEach(side.adapter.network) ? sent.attempts.length : 0
  const made = Math.max(failed, sent.made, each)
  return isRested(side.adapter.network, made, { since: sent.failedSince, utc, left })
}

/** What somebody was asked to sign, at `since` (UTC, unix seconds), may be lost with the window that showed it: it is asked again, after the longest rest. */
export function isForgotten(context: Context, side: Side.Side, command: Act, since: bigint): boolean {
  const now = context.utc()
  const until = usefulUntil(side, command)
  const left = until && leftBy(side.adapter, until, undefined, now)
  return isRested(side.adapter.network, OFTEN, { since, utc: now, left })
}

/**
 * Time until an act is of no use any more, where there is such an instant, on the chain's own clock: one that runs ahead further than it can
 * is made up, and makes nothing more urgent than that (H25).
 */
function leftOf(side: Side.Side, command: Act, tip: Fact.Tip, utc: bigint): bigint | undefined {
  const until = usefulUntil(side, command)
  const latest = latestBy(side.adapter.network, utc)
  const clock = until?.clock === 'height' ? tip.clock : smaller(tip.clock, latest)
  return until && leftUntil(side.adapter, until, clock).least
}

/** The instant after which an act is of no use, where there is one on the clock of its network. */
function usefulUntil(side: Side.Side, command: Act): Deadline.Deadline | undefined {
  const until = command.do === 'claim' || command.do === 'lock' ? command.terms.deadline : undefined
  return until?.clock === side.adapter.network.clock ? until : undefined
}

/**
 * The steps of an act at a fee rate, at a lower one where that is beyond the budget, or beyond what is held for it ({@link payable}).
 * `FeeBudgetSpent` (4016) where none is within the budget, `FundsMissing` (4014) for what shows the secret first and couldn't be paid.
 */
export async function affordable(
  swap: Swap,
  command: Act,
  side: Side.Side,
  intent: Intent,
  at: Pick<PrepareOptions, 'feeRate' | 'beside'>,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const { adapter } = side
  const asset = adapter.network.native.id
  const fromLock = adapter.profile.feesFrom === 'lock'
  const costOf = (steps: readonly Step[]) => Ladder.costOf(steps, asset)
  const cap = capOf(swap, command, side)
  const must = isReveal(swap, command)
  let steps = await payable(side, command, intent, { signal, ...at }, { most: cap, must })
  // Of several endpoints one alone may have told such a market, where the lock pays whatever its adapter finds: the rate in the middle counts.
  const isOdd = at.feeRate === undefined && fromLock && Ladder.ODD * costOf(steps) > cap
  if (costOf(steps) <= cap && !isOdd) return steps
  const rate = at.feeRate ?? (await adapter.feeRates({ signal })).normal
  const make = (feeRate: bigint) => adapter.prepare(intent, { ...at, signal, feeRate })
  const fair = isOdd ? await make(rate).catch(() => steps) : steps
  if (costOf(fair) < costOf(steps)) steps = fair
  if (costOf(steps) <= cap) return steps
  // A secret shown with a claim that is too cheap for the market is shown for nothing, and the own lock is gone (H8).
  if (must) throw spent(swap, command, cap, costOf(steps))
  const fits = (most: bigint) => Ladder.priced(make, rate, { asset, most })
  // What waits beside it is outbid for more than half of the lock, where nothing less would do: all of it is at stake (H5, H6).
  const settles = command.do === 'claim' || command.do === 'refund'
  const whole = settles && fromLock && budgetOf(swap, command) === undefined
  const cheaper = (await fits(cap)) ?? (whole ? await fits(command.terms.amount) : undefined)
  if (cheaper === undefined) throw spent(swap, command, cap, costOf(steps))
  return cheaper
}

/**
 * Steps of a claim or refund that take the place of an earlier version, under its conflict key, no cheaper than that was, within the same
 * bounds: it was refused for its price, or no block took it while one could. A quarter dearer where an account pays, since those rest before
 * they are made ({@link hasRested}).
 */
export async function noLess(
  swap: Swap,
  command: Act,
  side: Side.Side,
  intent: Intent,
  at: Pick<PrepareOptions, 'feeRate' | 'beside'>,
  steps: readonly Step[],
  { step: before }: Submission,
  signal: AbortSignal,
): Promise<readonly Step[]> {
  const { adapter } = side
  const asset = adapter.network.native.id
  const settles = command.do === 'claim' || command.do === 'refund'
  const paid = Ladder.costOf([before], asset)
  const wanted = adapter.profile.feesFrom === 'account' ? (paid * 5n) / 4n : paid
  if (!settles || steps.at(-1)?.conflictKey !== before.conflictKey) return steps
  const cap = larger(capOf(swap, command, side), paid)
  const most = smaller(cap, (await heldFor(side, command, { signal })) ?? cap)
  const least = smaller(wanted, most)
  const cost = Ladder.costOf(steps, asset)
  if (cost >= least) return steps
  const make = (feeRate: bigint) => adapter.prepare(intent, { ...at, signal, feeRate })
  const raise = async () =>
    Ladder.priced(make, at.feeRate ?? (await adapter.feeRates({ signal })).normal, { asset, least, most })
  const raised = await raise().catch(() => undefined)
  return raised !== undefined && Ladder.costOf(raised, asset) > cost ? raised : steps
}

/**
 * A version at the market's price, and within what is held for it where one is; of a claim or refund one that pays a quarter more than the
 * last one at least, all of the budget when hardly a block is left for a claim (L5); after {@link PUSHES} versions without a budget no more
 * than the market asks. Never more than {@link capOf} (`FeeBudgetSpent` 4016), except that a claim whose secret is public goes beyond half of
 * a lock that pays for itself, a quarter at a time, as long as it isn't included, so that a market that an endpoint made up doesn't burn it at
 * once; in the last blocks, as far as the market asks.
 */
export async function dearer(
  context: Context,
  swap: Swap,
  command: Act,
  side: Side.Side,
  last: Submission,
  tip: Fact.Tip | undefined,
  market: { readonly rate: bigint | undefined; readonly held: bigint | undefined },
  make: (feeRate: bigint) => Promise<readonly Step[]>,
): Promise<readonly Step[]> {
  const { network, profile } = side.adapter
  const asset = network.native.id
  const budget = budgetOf(swap, command)
  const settles = command.do === 'claim' || command.do === 'refund'
  const paid = Ladder.costOf([last.step], asset)
  const left = tip === undefined ? undefined : leftOf(side, command, tip, context.utc())
  const hurried =
    left !== undefined &&
    (network.clock === 'height' ? left <= LAST_BLOCKS : left * 1000n <= LAST_BLOCKS * network.blockTimeMs)
  let cap = capOf(swap, command, side)
  const quarter = (paid * 5n) / 4n
  // Where most of the cost is the same at any rate, as a deposit is, a quarter more may be all there is. A lock, which can be raised only as
  // long as something is left, keeps half of that back.
  const raised = command.do === 'lock' ? smaller(quarter, larger((paid + cap) / 2n, paid)) : quarter
  // Not to be in time costs the own lock, and whatever is left of this one is more than nothing.
  if (
    command.do === 'claim' &&
    budget === undefined &&
    profile.feesFrom === 'lock' &&
    SwapMachine.isPublic(swap.state.durable)
  )
    cap = larger(cap, smaller(hurried ? command.terms.amount : raised, command.terms.amount))
  const pushes = budget !== undefined || command.do === 'void' || (settles && last.attempts.length <= PUSHES)
  const least = hurried && budget !== undefined ? budget : pushes ? raised : 0n
  const { rate, held = cap } = market
  const from = rate ?? larger(network.fees.minRelay, 1n)
  const upTo = (most: bigint) => {
    const wanted = rate !== undefined ? least : settles ? most : raised
    return Ladder.priced(make, from, { asset, least: smaller(most, wanted), most })
  }
  const steps = (held < cap ? await upTo(held) : undefined) ?? (await upTo(cap))
  if (steps === undefined) throw spent(swap, command, cap, paid)
  return steps
}

/** How often a version pays more than the market asks, where no budget is told. */
const PUSHES = 6

/** So few blocks before the deadline nothing of the budget is kept back. */
const LAST_BLOCKS = 2n

function spent(swap: Swap, command: Act, budget: bigint, cost: bigint) {
  return SwapErrors.FeeBudgetSpent(
    `${command.key} would cost more than the budget of swap ${swap.id}, ${budget}`,
    { id: swap.id, key: command.key, budget, cost },
  )
}
