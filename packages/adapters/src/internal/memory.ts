import { CoreErrors, type Signed, type Submission, show } from '@aitbc/core'

/** What an adapter remembers of what it sent. */
export interface Memory {
  /** Ids of what was sent, oldest first, by what makes them versions of one transaction. */
  readonly attempts: Map<string, readonly string[]>
  /** Ids that the node was seen to know. */
  readonly seen: Set<string>
}

/** Most entries of each kind. */
const MOST = 10_000

export function createMemory(): Memory {
  return { attempts: new Map(), seen: new Set() }
}

/** Keeps the newest entries, at most so many. */
export function remember<K, V>(map: Map<K, V>, key: K, value: V, most = MOST): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > most) map.delete(map.keys().next().value as K)
}

/** Notes that the node knows a transaction. */
export function saw({ seen }: Memory, id: string): void {
  seen.add(id)
  if (seen.size > MOST) seen.delete(seen.values().next().value as string)
}

/** The submission of what was just sent, with its versions; they differ in price and life alone. */
export function sent(memory: Memory, { step, id, raw }: Signed, versions: string): Submission {
  saw(memory, id)
  const earlier = memory.attempts.get(versions) ?? []
  const attempts = [...earlier.filter((attempt) => attempt !== id), id]
  remember(memory.attempts, versions, attempts)
  return { step, id, raw, attempts }
}

/** All attempts of a submission, newest first; `InvalidArgument` (1013) where one isn't of the chain's form. */
export function attemptsOf(submission: Submission, form: RegExp): readonly string[] {
  const ids = [...new Set([...(submission.attempts ?? []), submission.id])].reverse()
  for (const id of ids)
    if (typeof id !== 'string' || !form.test(id))
      throw CoreErrors.InvalidArgument(
        `submission.attempts must be ids of transactions of this chain, got ${show(id)}`,
        { argument: 'submission.attempts', received: id },
      )
  return ids
}
