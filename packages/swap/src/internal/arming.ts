// What is signed before its day, and told to towers.
import type { LockTerms, Step } from '@aitbc/core'
import type * as Agreement from '../Agreement.js'
import * as Ladder from '../Ladder.js'
import type { Context, Swap } from '../Runner.js'
import * as Side from '../Side.js'
import { broken, write } from './book.js'

/** Tells of what a tower should know; what becomes of that is the caller's. */
export function tellWatchable(context: Context, swap: Swap): void {
  try {
    context.onWatchable?.(swap)
  } catch (error) {
    context.onProgress?.({ is: 'trouble', key: 'watch-job', error })
  }
}

/**
 * Signs and journals the claims of the incoming locks before their secret is known, and the refunds of own locks that were not signed with
 * them (a recovered swap's), at all fees: whoever learns the secret, or waits for the deadline, needs no key any more (L7). No secret is in it.
 */
export async function armAll(context: Context, swap: Swap, signal: AbortSignal): Promise<void> {
  for (const { key, does, leg, lock } of Ladder.unarmed(context, swap)) {
    const terms = swap.state.durable.terms[leg] as LockTerms.LockTerms
    const side = Side.of(context.sides, terms.backend.network)
    const make = async (feeRate: bigint) =>
      does === 'undo'
        ? side.adapter.prepare({ kind: 'refund', terms, lock }, { signal, feeRate })
        : ((await side.adapter.arm?.(terms, lock, { signal, feeRate })) ?? [])
    try {
      const ladder = await rungsOf(swap, leg, terms, side, make, signal)
      await write(swap, { is: 'signed', key, signed: ladder, undo: [] })
      if (ladder.length > 0) tellWatchable(context, swap)
    } catch (error) {
      signal.throwIfAborted()
      if (broken.has(swap)) throw error
      context.onProgress?.({ is: 'trouble', key, error })
    }
  }
}

export async function rungsOf(
  swap: Swap,
  leg: Agreement.Leg,
  terms: LockTerms.LockTerms,
  side: Side.Side,
  make: (feeRate: bigint) => Promise<readonly Step[]>,
  signal: AbortSignal,
): Promise<Ladder.Ladder> {
  const sign = async (step: Step) => {
    const signer = Side.signerOf(side, step.from, swap.nonce)
    return signer.kind === 'signs' && !signer.asks ? signer.sign(step, { signal }) : undefined
  }
  const cap = Ladder.capOf(side, terms, swap.state.durable.rules.fees?.[leg])
  return Ladder.build(side, make, sign, { until: terms.deadline, cap, signal })
}
