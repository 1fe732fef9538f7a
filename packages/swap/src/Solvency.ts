import { Hashlock, type Intent, type LockTerms } from '@aitbc/core'
import * as Agreement from './Agreement.js'
import { SwapErrors } from './errors.js'
import { leastOf } from './internal/held.js'
import * as Ladder from './Ladder.js'
import type { Context, Swap } from './Runner.js'
import * as Side from './Side.js'
import * as Turns from './Turns.js'

/** What an account must hold for a swap. */
interface Need {
  readonly side: Side.Side
  readonly account: LockTerms.Party['account']
  readonly asset: LockTerms.LockTerms['asset']
  readonly amount: bigint
  /** Spent once the own lock is in a block; what isn't is kept for its claim and refund. */
  readonly locks: boolean
}

/** All that a swap needs of one asset of one account. */
type Total = Omit<Need, 'amount' | 'locks'> & Turns.Coins

/**
 * Nobody locks who couldn't afford to claim or to refund (S13): on chains where the account pays, it must hold the policy's fee budget, or
 * twice the greatest fee of a claim and of a refund, besides the lock itself, what an account needs to exist there, and what other swaps
 * count on. `FundsMissing` (4014) names account and amount; `FeeBudgetSpent` (4016) a budget that is too small today (H8).
 */
export async function assert(
  context: Context,
  swap: Swap,
  own: Side.Side,
  intent: Intent,
  signal: AbortSignal,
): Promise<void> {
  const totals = totalsOf([
    ...(await lockNeeds(swap, own, intent, signal)),
    ...(await needsOf(context, swap, signal)),
  ])
  // One that is signed has counted on it before the others, and goes on doing so: it may be out.
  const isSigned = swap.book.has(`lock/${Agreement.ownLeg(swap.state.role)}`)
  // Of two that look at a balance at once, one has counted on it before the other, who knows.
  const others = isSigned ? new Map<string, bigint>() : await Turns.reserve(swap, totals)
  try {
    for (const { about, side, account, asset, locks, keeps } of totals) {
      const least = leastOf(side.adapter.network, asset) + locks + keeps + (others.get(about) ?? 0n)
      await assertHolds(side, account, asset, least, signal)
    }
  } catch (error) {
    if (!isSigned) await Turns.giveUp(context, swap)
    throw error
  }
}

const kept = new WeakSet<Swap>()

/** Others of its accounts don't count on what the claim and refund of a recovered swap cost: it made its lock before it was lost (S13). */
export async function keep(context: Context, swap: Swap, signal: AbortSignal): Promise<void> {
  if (!swap.recovered || kept.has(swap)) return
  await Turns.reserve(swap, totalsOf(await needsOf(context, swap, signal)))
  kept.add(swap)
}

function totalsOf(needs: readonly Need[]): readonly Total[] {
  const totals = new Map<string, Total>()
  for (const need of needs) {
    const about = `${need.account} ${need.asset}`
    const { locks, keeps } = totals.get(about) ?? { locks: 0n, keeps: 0n }
    const more = need.locks ? { locks: locks + need.amount, keeps } : { locks, keeps: keeps + need.amount }
    totals.set(about, { ...need, about, ...more })
  }
  return [...totals.values()]
}

/** What the own lock itself costs. */
async function lockNeeds(
  swap: Swap,
  side: Side.Side,
  intent: Intent,
  signal: AbortSignal,
): Promise<readonly Need[]> {
  const { durable, role } = swap.state
  const { asset, amount } = durable.terms[Agreement.ownLeg(role)] as LockTerms.LockTerms
  const account = side.funding
  const steps = await side.adapter.prepare(intent, { signal })
  const costs = [{ asset, amount }, ...steps.map(({ maxFee }) => maxFee)]
  return costs.map((cost) => ({ side, account, ...cost, locks: true }))
}

/** What claim and refund cost. */
async function needsOf(context: Context, swap: Swap, signal: AbortSignal): Promise<readonly Need[]> {
  const { durable, role } = swap.state
  const needs: Need[] = []
  for (const leg of ['long', 'short'] as const) {
    const at = durable.terms[leg]
    if (at === undefined) continue
    const side = Side.of(context.sides, at.backend.network)
    const budget = durable.rules.fees?.[leg]
    const cap = Ladder.capOf(side, at, budget)
    const within = (cost: bigint) => {
      if (cost > cap)
        throw SwapErrors.FeeBudgetSpent(
          `a claim or refund on ${side.adapter.network.id} costs ${cost} now, it may cost ${cap}`,
          { network: side.adapter.network.id, budget: cap, cost },
        )
    }
    if (side.adapter.profile.feesFrom !== 'account') {
      const view = swap.state.view[leg]
      const incoming = leg === Agreement.incomingLeg(role)
      const seen = incoming && view.is === 'seen' ? view.locks : []
      const exact = seen.find(({ lock }) => lock.match === 'exact')
      // What the lock itself pays is held to the budget all the same.
      for (const step of (exact && (await side.adapter.arm?.(at, exact.lock, { signal }))) ?? [])
        within(step.maxFee.amount)
      continue
    }
    const isOwn = leg === Agreement.ownLeg(role)
    const feePayer = (isOwn ? at.locker : at.beneficiary).account
    const ask = (intent: Intent) => side.adapter.prepare(intent, { signal })
    // A refund costs what a claim does, and needs no secret to be asked for.
    const refund = await ask({ kind: 'refund', terms: at, lock: side.adapter.expectLock(at, []), feePayer })
    // Where a chain refunds by itself, a claim is asked for of a lock that has another secret. What makes the own account known comes with the lock.
    const steps = isOwn
      ? refund.slice(-1)
      : refund.length > 0
        ? refund
        : await ask(claimLike(side, at, feePayer))
    const [first] = steps
    if (first === undefined) continue
    const asset = side.adapter.network.native.id
    const cost = Ladder.costOf(steps, asset)
    within(cost)
    needs.push({ ...{ side, account: first.from, asset, locks: false }, amount: budget ?? 2n * cost })
  }
  return needs
}

/** A claim of a lock that is like this one, and opens with a secret that everybody knows. */
function claimLike(
  { adapter }: Side.Side,
  { hashlock: _, ...like }: LockTerms.LockTerms,
  feePayer: LockTerms.Party['account'],
): Intent {
  const secret = new Uint8Array(32).fill(1)
  const terms = { ...like, hashlock: Hashlock.of(secret) }
  return { kind: 'claim', terms, lock: adapter.expectLock(terms, []), secret, feePayer }
}

async function assertHolds(
  side: Side.Side,
  account: Need['account'],
  asset: Need['asset'],
  least: bigint,
  signal: AbortSignal,
): Promise<void> {
  const { value } = await side.adapter.balance(account, { asset, signal })
  if (value < least)
    throw SwapErrors.FundsMissing(`${account} holds ${value} of ${asset}, ${least} are needed`, {
      account,
      asset,
      holds: value,
      needs: least,
    })
}
