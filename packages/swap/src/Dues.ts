import type { Due, Lock, LockSide, LockTerms, Step } from '@aitbc/core'
import * as Agreement from './Agreement.js'
import type { Context, Swap, Tips } from './Runner.js'
import * as Side from './Side.js'
import type { Durable, LegView, LockView } from './SwapMachine.js'
import * as SwapMachine from './SwapMachine.js'

/** What is left to do when the machine is done. */
export interface Collect {
  readonly do: 'collect'
  readonly key: string
  readonly leg: Agreement.Leg
  readonly terms: LockTerms.LockTerms
  readonly lock: Lock
  readonly to: LockSide
  readonly due: Due
}

/**
 * When the swap itself is over: collects what its settled locks still owe this party, as of what is final, so that no crash and no
 * reorganisation leaves any of it behind (H26). `waits`: more is to be had; `left`: what is left is kept, or not worth its fee;
 * `collected`: nothing is owed any more, for good; `none`: no chain here owes anything apart.
 */
export async function collect(
  context: Context,
  swap: Swap,
  options: {
    readonly tips: Tips
    readonly until: 'paid' | 'collected'
    readonly act: (command: Collect) => Promise<'again' | 'waived' | undefined>
    readonly signal: AbortSignal
  },
): Promise<'waits' | 'left' | 'collected' | 'none'> {
  const { tips, until, act, signal } = options
  const { role, durable, view } = swap.state
  let [asked, waits, left] = [false, false, false]
  for (const leg of ['long', 'short'] as const) {
    const terms = durable.terms[leg]
    if (terms === undefined) continue
    const { adapter } = Side.of(context.sides, terms.backend.network)
    const own = leg === Agreement.ownLeg(role)
    // A lock never ordered, and one that nobody could claim, owe this party nothing: no dead endpoint holds that up.
    if (adapter.dues === undefined || !(own ? durable.ordered : SwapMachine.isPublic(durable))) continue
    asked = true
    const to: LockSide = own ? 'locker' : 'beneficiary'
    const { locks, hidden, lost } = settledOf(leg, view[leg], durable)
    // An own lock that is void for good came back to this party whole.
    if (hidden || (lost && !(own && durable.voided))) waits = true
    for (const { lock } of locks) {
      let dues: readonly Due[]
      try {
        dues = (await adapter.dues(terms, lock, to, { signal })).value
      } catch (error) {
        signal.throwIfAborted()
        context.onProgress?.({ is: 'trouble', key: `dues/${leg}`, error })
        waits = true
        continue
      }
      for (const due of dues) {
        const when = whenOf(due, dues, tips[leg]?.clock ?? 0n)
        if (when === 'kept') {
          context.onProgress?.({ is: 'owed', leg, due, why: `it is kept until ${due.from?.value}` })
          left = true
          if (until === 'collected') waits = true
          continue
        }
        if (when === 'after') {
          waits = true
          continue
        }
        const key = `collect/${leg}/${due.kind}/${lock.ref}`
        if ((await act({ do: 'collect', key, leg, terms, lock, to, due })) === 'waived') left = true
        else waits = true
      }
    }
  }
  if (waits) return 'waits'
  if (!asked) return 'none'
  return left ? 'left' : 'collected'
}

/** Brings more than it costs. */
export function isWorth(steps: readonly Step[], due: Due): boolean {
  const cost = steps.reduce((sum, { maxFee }) => sum + (maxFee.asset === due.asset ? maxFee.amount : 0n), 0n)
  return cost < due.amount
}

/** The locks of a leg that ended for good; `hidden`: it can't be read; `lost`: what was final once isn't shown now, and may owe something. */
function settledOf(
  leg: Agreement.Leg,
  view: LegView,
  { settled }: Durable,
): { readonly locks: readonly LockView[]; readonly hidden: boolean; readonly lost: boolean } {
  const shown = view.is === 'seen' ? view.locks : []
  const isLost = (key: string) =>
    key.startsWith(`${leg}/`) && !shown.some(({ lock }) => key === `${leg}/${lock.ref}`)
  return {
    locks: shown.filter(({ spend }) => spend?.final),
    hidden: view.is !== 'seen',
    lost: settled.some(isLost),
  }
}

/**
 * One after the other (`after`): a deposit's transaction may pay as well, and one of the two would fail.
 */
function whenOf(due: Due, dues: readonly Due[], clock: bigint): 'now' | 'kept' | 'after' {
  if (due.from !== undefined && clock < due.from.value) return 'kept'
  return due.kind === 'deposit' && dues.some(({ kind }) => kind === 'payment') ? 'after' : 'now'
}
