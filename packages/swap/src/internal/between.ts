// What is asked of a swap from outside, between two turns of its runner: nothing of it is under way then, and all it knows is journaled.
import type { CallOptions, Lock } from '@aitbc/core'
import * as Agreement from '../Agreement.js'
import type { Context, Swap } from '../Runner.js'
import * as Side from '../Side.js'
import * as Standing from '../Standing.js'
import * as SwapMachine from '../SwapMachine.js'
import type * as Wake from '../Wake.js'
import { broken, write } from './book.js'
import { sight, wasSending } from './look.js'

const turns = new WeakMap<Swap, Promise<unknown>>()

/** Runs when nothing else of the swap does. */
export function alone<T>(swap: Swap, run: () => Promise<T>): Promise<T> {
  const mine = (turns.get(swap) ?? Promise.resolve()).then(run)
  turns.set(
    swap,
    mine.catch(() => undefined),
  )
  return mine
}

/** What wakes the runner of a swap that runs. */
export const wakes = new WeakMap<Swap, Wake.Wake>()

/**
 * Goes no further towards the exchange: from here on the party neither locks nor reveals, whatever comes; its refund, and a claim with a secret
 * that is public already, go on. Resolves once that is journaled, to whether it is so: not where the secret is out, or the swap over.
 * A swap that runs comes to it between two turns, one that doesn't at once. While its lock may still be mined the swap goes on: until what took
 * its place is known as well as `Policy.spends` asks, or, where an endpoint alone says so, until a refund would have been final for long.
 *
 * `SwapBusy` (4012) where another process took the swap over, `JournalClosed` (1103) after a run that was aborted: load it again.
 *
 * @example
 * import { Runner } from '@aitbc/swap'
 * // Runs a swap until somebody has enough of waiting; ends with its outcome all the same, refunds included.
 * async function runUntil(enough: Promise<void>, context: Runner.Context, swap: Runner.Swap) {
 *   void enough.then(() => Runner.cancel(swap)).catch(() => undefined)
 *   return Runner.run(context, swap)
 * }
 */
export function cancel(swap: Swap): Promise<boolean> {
  return alone(swap, async () => {
    const { durable } = swap.state
    // Whoever kept the claim could tell the counterparty, who would wait for the refund of its own lock (H18).
    const goes = durable.outcome === undefined && !wasSending(swap)
    const { state } = goes ? SwapMachine.step(swap.state, { is: 'cancel' }) : swap
    // What a failed write kept from the journal is no stop either.
    if (state.durable !== durable || broken.has(swap)) {
      await write(swap, { is: 'durable', durable: state.durable })
      swap.state = state
      wakes.get(swap)?.up()
    }
    return swap.state.durable.stop !== undefined
  })
}

/** {@link Standing.Standing}, and what both legs showed when it was taken. */
export interface Told extends Standing.Standing {
  readonly view: SwapMachine.SwapState['view']
}

/**
 * What this party may rest on when its counterparty asks it to sign for a lock together: both legs are looked at anew, while nothing of the swap
 * is under way, and of what the party decided only what is in the journal counts. A claim that was about to be sent counts as public,
 * whatever became of it.
 *
 * What it gives holds for good once `stopped` (see {@link Standing.of}): it may be used later.
 *
 * @example
 * import { Cooperation } from '@aitbc/adapters/bitcoin/musig2'
 * import { Runner } from '@aitbc/swap'
 * declare const context: Runner.Context
 * declare const swap: Runner.Swap
 * const { view, ...standing } = await Runner.standing(context, swap, { signal: AbortSignal.timeout(60_000) })
 * // A follower is asked for the initiator's refund before the deadline: is that safe, and the lock there at all?
 * const may = Cooperation.judge('refund', standing).ok && view.long.is === 'seen'
 */
export function standing(context: Context, swap: Swap, options: CallOptions = {}): Promise<Told> {
  const signal = options.signal ?? new AbortController().signal
  return alone(swap, async () => {
    const { role, durable } = swap.state
    let state = swap.state
    for (const leg of ['long', 'short'] as const) {
      const terms = durable.terms[leg]
      if (terms === undefined) continue
      const { event } = await sight(context, swap, leg, terms, new Map(), signal)
      ;({ state } = SwapMachine.step(state, event))
    }
    const { view } = state
    const told = Standing.of({ role, durable, view }, { isOwn: (lock) => isMade(context, swap, lock) })
    const revealed = SwapMachine.isPublic(state.durable) || wasSending(swap)
    // What a failed write kept from the journal isn't so after a restart.
    const stopped = told.stopped && !broken.has(swap)
    return { ...told, revealed: told.revealed || revealed, stopped, view }
  })
}

/** A lock that this party made: by one of its own transactions, or one of which a chain takes no second. */
function isMade(context: Context, swap: Swap, lock: Lock): boolean {
  const leg = Agreement.ownLeg(swap.state.role)
  const terms = swap.state.durable.terms[leg]
  if (terms === undefined) return false
  if (Side.of(context.sides, terms.backend.network).adapter.profile.unique) return true
  const sent = swap.book.get(`lock/${leg}`)
  const ids = [...(sent?.attempts ?? []), ...(sent?.signed ?? []).map(({ id }) => id)]
  return ids.includes(lock.transaction)
}
