// What became of each command, as the journal has it.
import { isAitbcError, Journal, type Step, type Storage, type Submission } from '@aitbc/core'
import { SwapErrors } from '../errors.js'
import type { Sent, Swap } from '../Runner.js'
import * as SwapRecord from '../SwapRecord.js'

/** What is known of a command after one more entry. */
export function after(
  before: Sent | undefined,
  entry: Extract<SwapRecord.Entry, { is: 'signed' | 'sending' | 'submitted' }>,
): Sent {
  const { signed = [], undo = [], submissions = [], attempts = [], made = 0 } = before ?? {}
  // Versions share a conflict key; what was made anew after a failure has another one, and begins a list of its own.
  const key = (submissions.at(-1) ?? signed.at(-1))?.step.conflictKey
  const joined = (step: Step | undefined, ids: readonly string[]) => [
    ...new Set([...(step?.conflictKey === key ? attempts : []), ...ids]),
  ]
  const count = (step: Step | undefined) => (key === undefined || step?.conflictKey !== key ? made + 1 : made)
  switch (entry.is) {
    case 'sending':
      return { signed, undo, submissions, attempts, made, sending: true }
    case 'signed': {
      const last = entry.signed.at(-1)
      const ids = last === undefined ? [] : [last.id]
      return {
        ...{ signed: entry.signed, undo: entry.undo, submissions: [] },
        ...{ attempts: joined(last?.step, ids), made: count(last?.step) },
        // What an earlier version may have told is told.
        ...(before?.sending && { sending: true }),
      }
    }
    case 'submitted': {
      const last = entry.submissions.at(-1)
      const ids = last === undefined ? [] : [...last.attempts, last.id]
      return {
        ...{ signed, undo, submissions: entry.submissions },
        ...{ attempts: joined(last?.step, ids), made: count(last?.step) },
      }
    }
  }
}

/** The last version of a transaction, sent or only signed so far. */
export function latest(sent: Sent): Submission | undefined {
  const { attempts } = sent
  const last = sent.submissions.at(-1)
  if (last !== undefined) return { ...last, attempts }
  const signed = sent.signed.at(-1)
  return signed === undefined
    ? undefined
    : {
        step: signed.step,
        id: signed.id,
        raw: signed.raw,
        attempts: attempts.length > 0 ? attempts : [signed.id],
      }
}

/** Sent again, as often as it takes: the journal has it already. */
export function isNoted({ submissions }: Sent, again: readonly Submission[]): boolean {
  const text = (all: readonly Submission[]) =>
    all.map(({ id, attempts }) => `${id} ${attempts.join()}`).join()
  return submissions.length === again.length && text(submissions) === text(again)
}

export function note(swap: Swap, key: string, submissions: readonly Submission[]): Promise<void> {
  return write(swap, { is: 'submitted', key, submissions })
}

/** Swaps whose journal failed: what they know may be less than what is stored. */
export const broken = new WeakSet<Swap>()

export async function write(swap: Swap, entry: SwapRecord.Entry): Promise<void> {
  try {
    await swap.journal.append(entry.is, SwapRecord.encode(entry))
  } catch (error) {
    broken.add(swap)
    if (!isAitbcError(error, 'StorageConflict')) throw error
    throw SwapErrors.SwapBusy(
      `swap ${swap.id} was taken over by another process`,
      { id: swap.id },
      { cause: error },
    )
  }
  if (!('key' in entry)) return
  const before = swap.book.get(entry.key)
  const now = after(before, entry)
  // The same version sent again has waited since it was first sent.
  if (before?.waitingSince !== undefined && latest(before)?.id === latest(now)?.id)
    now.waitingSince = before.waitingSince
  if (before?.madeAt !== undefined && latest(before)?.id === latest(now)?.id) now.madeAt = before.madeAt
  if (before?.failures !== undefined) now.failures = before.failures
  swap.book.set(entry.key, now)
}

/** Opens a swap's journal: whoever had it open before can write, and so send anything new, no more (L3). */
export async function journalOf(storage: Storage, id: string): Promise<Journal.Journal> {
  try {
    return await Journal.open(storage, { name: `swap/${id}`, kinds: SwapRecord.KINDS })
  } catch (error) {
    if (!isAitbcError(error, 'StorageConflict')) throw error
    throw SwapErrors.SwapBusy(`swap ${id} is driven by another process`, { id }, { cause: error })
  }
}
