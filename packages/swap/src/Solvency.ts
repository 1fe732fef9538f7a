import type { Intent, LockTerms, Storage } from '@aitbc/core'
import * as Agreement from './Agreement.js'
import { SwapErrors } from './errors.js'
import type { Context, Swap } from './Runner.js'
import * as Side from './Side.js'
import * as SwapMachine from './SwapMachine.js'

/** What an account must hold for a swap. */
interface Need {
  readonly side: Side.Side
  readonly account: LockTerms.Party['account']
  readonly asset: LockTerms.LockTerms['asset']
  readonly amount: bigint
  /** Spent once the own lock is in a block; what isn't is kept for its claim and refund. */
  readonly locks: boolean
}

/** A need with what it draws on; many swaps' are compared at each lock. */
interface Kept extends Need {
  readonly key: string
}

/** What swaps that this process drives keep back, by storage: two of them never count on the same coins. */
const reserved = new WeakMap<
  Storage,
  { readonly kept: Map<Swap, readonly Kept[]>; readonly last: Promise<void> | undefined }
>()

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
  const needs = (await needsOf(context, swap, own, intent, signal)).map((need) => ({
    ...need,
    key: `${need.account} ${need.asset}`,
  }))
  const asked = new Set(needs.map(({ key }) => key))
  await inTurn(context.storage, async (kept) => {
    const others: Kept[] = []
    for (const [other, all] of kept)
      if (other !== swap)
        // What only others count on isn't asked for here.
        for (const need of all)
          if (asked.has(need.key) && !(need.locks && SwapMachine.isLocked(other.state))) others.push(need)
    for (const { side, account, asset, amount } of totals(needs, others))
      await assertHolds(side, account, asset, amount, signal)
    kept.set(swap, needs)
  })
}

/** A swap that isn't driven here any more keeps nothing back. */
export function release(storage: Storage, swap: Swap): void {
  reserved.get(storage)?.kept.delete(swap)
}

async function needsOf(
  context: Context,
  swap: Swap,
  own: Side.Side,
  intent: Intent,
  signal: AbortSignal,
): Promise<readonly Need[]> {
  const { durable, role } = swap.state
  const terms = durable.terms[Agreement.ownLeg(role)] as LockTerms.LockTerms
  const account = own.funding
  const needs: Need[] = [{ side: own, account, asset: terms.asset, amount: terms.amount, locks: true }]
  for (const { maxFee } of await own.adapter.prepare(intent, { signal }))
    needs.push({ side: own, account, ...maxFee, locks: true })
  for (const leg of ['long', 'short'] as const) {
    const at = durable.terms[leg]
    if (at === undefined) continue
    const side = Side.of(context.sides, at.backend.network)
    if (side.adapter.profile.feesFrom !== 'account') continue
    const lock = side.adapter.expectLock(at, [])
    // A refund costs what a claim does, and needs no secret to be asked for.
    const feePayer = (leg === Agreement.ownLeg(role) ? at.locker : at.beneficiary).account
    const settle: Intent = { kind: 'refund', terms: at, lock, feePayer }
    const budget = durable.rules.fees?.[leg]
    for (const { from, maxFee } of await side.adapter.prepare(settle, { signal })) {
      if (budget !== undefined && maxFee.amount > budget)
        throw SwapErrors.FeeBudgetSpent(
          `a claim or refund on ${side.adapter.network.id} costs ${maxFee.amount} now, the budget is ${budget}`,
          { network: side.adapter.network.id, budget, cost: maxFee.amount },
        )
      needs.push({
        side,
        account: from,
        asset: maxFee.asset,
        amount: budget ?? 2n * maxFee.amount,
        locks: false,
      })
    }
  }
  return needs
}

/** What each account must hold of each asset. */
function totals(needs: readonly Kept[], others: readonly Kept[]): readonly Need[] {
  const sums = new Map<string, Need>()
  for (const need of [...needs, ...others]) {
    const before = sums.get(need.key)
    sums.set(need.key, { ...need, amount: (before?.amount ?? least(need)) + need.amount })
  }
  return [...sums.values()]
}

/** What an account must hold of the native coin to exist, or to be touched at all. */
function least({ side, asset }: Need): bigint {
  const { fees, native } = side.adapter.network
  return asset === native.id && (fees.model === 'compute-units' || fees.model === 'tip') ? fees.dust : 0n
}

/** One after the other: of two that look at a balance at once, both would count on it. */
function inTurn(storage: Storage, run: (kept: Map<Swap, readonly Kept[]>) => Promise<void>): Promise<void> {
  const { kept, last } = reserved.get(storage) ?? { kept: new Map<Swap, readonly Kept[]>(), last: undefined }
  const now = (last ?? Promise.resolve()).then(() => run(kept))
  reserved.set(storage, { kept, last: now.catch(() => undefined) })
  return now
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
