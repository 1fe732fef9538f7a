import { Deadline, type Due, isAitbcError, type LockSide } from '@aitbc/core'
import * as Relay from './Relay.js'
import type * as TowerMachine from './TowerMachine.js'
import type * as WatchJob from './WatchJob.js'

/** What an ended task left: something that is owed to the owner, and what becomes of it. */
export type Told =
  | { readonly is: 'sent'; readonly id: string; readonly fee: bigint }
  | { readonly is: 'owed'; readonly due: Due; readonly why: string }

/**
 * What the settled locks of a task still owe the owner, as of what is final (H26): it is collected from the tower's account, since whom it is
 * paid to is fixed; what can't be had now, or not by a tower, is told. Resolves to whether something is under way.
 */
export async function collect(
  context: Relay.Clock,
  place: Omit<Relay.Place, 'height'> & {
    /** How often a payment was final and something owed still. */
    readonly inVain: Map<string, number>
    readonly tell: (told: Told) => void
  },
  { do: does, terms }: WatchJob.Task,
  ended: TowerMachine.TaskState['ended'],
): Promise<boolean> {
  const { signal, inVain, tell } = place
  const { adapter } = place.post
  if (adapter.dues === undefined || ended !== (does === 'claim' ? 'claimed' : 'refunded')) return false
  const to: LockSide = does === 'claim' ? 'beneficiary' : 'locker'
  const { height, clock } = (await adapter.tip({ signal })).value
  const now = Deadline.from({ network: adapter.network.id, clock: adapter.network.clock, value: clock })
  let waits = false
  for (const read of await adapter.findLocks(terms, { signal })) {
    if (read.is === 'unknown') waits = true
    if (read.is !== 'found') continue
    const lock = read.fact.value
    const dues = (await adapter.dues(terms, lock, to, { signal })).value
    /** What isn't collected, and why; a deposit comes after the payment, since its transaction may pay as well. */
    let stuck: string | undefined
    const leave = (due: Due, why: string) => {
      stuck = why
      tell({ is: 'owed', due, why })
    }
    for (const due of [...dues].sort((a, b) => rank(a) - rank(b))) {
      if (due.from !== undefined && !Deadline.reached(due.from, now)) {
        tell({ is: 'owed', due, why: `it is kept until ${due.from.value}` })
        continue
      }
      if (due.kind === 'deposit' && dues.some(({ kind }) => kind === 'payment')) {
        if (stuck !== undefined) leave(due, stuck)
        else waits = true
        continue
      }
      const ref = `${due.kind}/${lock.ref}`
      try {
        const made = await Relay.send(
          context,
          { ...place, height },
          {
            does: 'collect',
            ref,
            terms,
            // It is to bring more than it costs.
            ...(due.asset === adapter.network.native.id ? { most: due.amount } : {}),
            make: (feePayer, feeRate) =>
              adapter.prepare(
                { kind: 'collect', terms, lock, to, due: due.kind, feePayer },
                { signal, feeRate },
              ),
          },
        )
        if (made === 'final') {
          // As of what was final a moment ago it was owed: that counts when it is so in the next block too.
          const times = (inVain.get(ref) ?? 0) + 1
          inVain.set(ref, times)
          if (times > 1) leave(due, 'it was paid in vain')
          else waits = true
          continue
        }
        waits = true
        if (made !== undefined) tell({ is: 'sent', ...made })
      } catch (error) {
        signal.throwIfAborted()
        if (!isAitbcError(error, 'NotPresignable') && !isAitbcError(error, 'FeeBudgetSpent')) throw error
        leave(due, error.message)
      }
    }
  }
  return waits
}

const rank = ({ kind }: Due) => (kind === 'payment' ? 0 : 1)
