// What can never be included any more.
import type { Fact, Status } from '@aitbc/core'
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
export function isTaken(side: Side.Side, sent: Sent, fact: Fact.Fact<Status>): boolean {
  const { value: status, asOf } = fact
  if (isOwn(sent, status)) return false
  if (status.is !== 'failed' && status.is !== 'replaced') return false
  const { height, hash } = status.is === 'failed' ? status.block : (sent.takenSince ?? asOf)
  sent.takenSince = { height, hash }
  const depth = asOf.height - height + 1n
  return Side.isFinal(side.adapter.network, { at: sent.takenSince, depth, asOf })
}

/**
 * The own lock can never appear: its place is finally taken, or it was never signed, or never left this process; the machine orders it no
 * more. Where a wallet was asked and didn't answer, only the deadline helps, and that only on a chain that takes no late locks. The lock of
 * a recovered swap has appeared.
 */
export async function isVoided(
  context: Context,
  swap: Swap,
  tips: Tips,
  signal: AbortSignal,
): Promise<boolean> {
  const leg = Agreement.ownLeg(swap.state.role)
  const terms = swap.state.durable.terms[leg]
  const lock = swap.book.get(`lock/${leg}`)
  if (terms === undefined) return false
  if (lock === undefined) return !swap.recovered
  if (lock.inside) return true
  const { adapter } = Side.of(context.sides, terms.backend.network)
  const made = latest(lock)
  if (made === undefined) {
    const { clock, timing } = adapter.network
    const view = swap.state.view[leg]
    // A clock that an endpoint made up would end the swap, and the lock be mined.
    if (adapter.profile.lateLocks || view.is !== 'seen' || (view.left?.most ?? 0n) > 0n) return false
    const over = terms.deadline.value + unitsOf(adapter, timing.conservative.reorg)
    return (tips[leg]?.clock ?? 0n) >= over && (clock === 'height' || context.utc() >= over)
  }
  try {
    const void_ = swap.book.get(`void/${leg}`)
    const other = void_ && latest(void_)
    if (other !== undefined && (await adapter.status(other, { signal })).value.is === 'final') return true
    const fact = await adapter.status(made, { signal })
    return isTaken(Side.of(context.sides, terms.backend.network), lock, fact)
  } catch {
    signal.throwIfAborted()
    return false
  }
}
