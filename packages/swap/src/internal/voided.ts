// What can never be included any more.
import { Fact, type LockTerms, type Status, type Submission } from '@aitbc/core'
import * as Agreement from '../Agreement.js'
import type { Context, Sent, Swap, Tips } from '../Runner.js'
import * as Side from '../Side.js'
import { latest } from './book.js'
import { unitsOf } from './left.js'

/** Another version of the same transaction took the place. */
export function isOwn(sent: Sent, status: Status): boolean {
  return status.is === 'replaced' && sent.attempts.includes(status.by)
}

/** The transaction's conflict key is used up for good, and not by any of its own versions. */
export async function isTaken(
  { adapter }: Side.Side,
  sent: Sent,
  status: Status,
  signal: AbortSignal,
): Promise<boolean> {
  if (isOwn(sent, status)) return false
  if (status.is !== 'failed' && status.is !== 'replaced') return false
  // The chain's own height, after the status: of that each endpoint tells its own, and whoever tells one of years to come takes it back.
  const tip = (await adapter.tip({ signal })).value
  const since = status.is === 'failed' ? status.block : sent.takenSince
  const at = since !== undefined && since.height <= tip.height ? since : tip
  sent.takenSince = { height: at.height, hash: at.hash }
  const depth = tip.height - at.height + 1n
  return Side.isFinal(adapter.network, { at: sent.takenSince, depth, asOf: tip })
}

/**
 * The own lock can never appear: its place is finally taken, or it was never signed, or never left this process; the machine orders it no
 * more. Where a wallet was asked and didn't answer, only the deadline helps, and that only on a chain that takes no late locks. No lock that
 * may have left is undone by a mere word, since whoever hides it would have it never refunded (S12, H29): what is told must be known as well
 * as `Rules.spends`, until a refund would have been final for long.
 */
export async function isVoided(
  context: Context,
  swap: Swap,
  tips: Tips,
  signal: AbortSignal,
): Promise<boolean> {
  const { durable, role } = swap.state
  const leg = Agreement.ownLeg(role)
  const terms = durable.terms[leg]
  const lock = swap.book.get(`lock/${leg}`)
  if (terms === undefined) return false
  if (!swap.recovered && (lock === undefined || lock.inside)) return true
  const side = Side.of(context.sides, terms.backend.network)
  const { adapter } = side
  const isOver = isPast(context, swap, leg, terms, tips)
  const made = lock && latest(lock)
  // What was made anew beside a recovered one says nothing of that.
  const isBeside = swap.recovered && adapter.profile.unique
  // What a wallet sent may have another place than it was asked for.
  if (lock === undefined || made?.raw === undefined || isBeside) return !adapter.profile.lateLocks && isOver
  const least = isOver ? 'reported' : (durable.rules.spends?.[leg] ?? 'reported')
  const told = async (submission: Submission): Promise<Status | undefined> => {
    const { value, assurance } = await adapter.status(submission, { signal })
    return Fact.atLeast(assurance, least) ? value : undefined
  }
  try {
    const void_ = swap.book.get(`void/${leg}`)
    const other = void_ && latest(void_)
    if (other !== undefined && (await told(other))?.is === 'final') return true
    const status = await told(made)
    return status !== undefined && (await isTaken(side, lock, status, signal))
  } catch {
    signal.throwIfAborted()
    return false
  }
}

/**
 * A refund of the own lock would have been final for long, as a conservative plan counts. By the chain's clock and by UTC: a clock alone that
 * an endpoint made up would end the swap, and the lock be mined.
 */
function isPast(
  context: Context,
  swap: Swap,
  leg: Agreement.Leg,
  { backend, deadline }: LockTerms.LockTerms,
  tips: Tips,
): boolean {
  const { adapter } = Side.of(context.sides, backend.network)
  const { inclusion, finality, reorg, outage } = adapter.network.timing.conservative
  const over = deadline.value + unitsOf(adapter, inclusion + finality + reorg + outage)
  const view = swap.state.view[leg]
  if (view.is !== 'seen' || (view.left?.most ?? 0n) > 0n || (tips[leg]?.clock ?? 0n) < over) return false
  return adapter.network.clock === 'height' || context.utc() >= over
}
