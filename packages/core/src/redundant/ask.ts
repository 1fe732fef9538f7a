// Asking several endpoints at once, none of which can hold the others up.
import { isAitbcError } from '../errors/AitbcError.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import { show } from '../errors/ErrorTable.js'

/** What one endpoint answered; endpoints are numbered as they were handed in. */
export interface Answer<T> {
  readonly from: number
  readonly value: T
}

export interface Failure {
  readonly from: number
  readonly error: unknown
}

/** What was heard, by number. */
export interface Heard<T> {
  readonly answers: readonly Answer<T>[]
  readonly failures: readonly Failure[]
}

export interface Limits {
  /** Longest wait for an endpoint, milliseconds. */
  readonly timeoutMs: number
  /** Longest wait for the others once one has answered, milliseconds. */
  readonly graceMs: number
}

/** A timer of more than that ends at once: whoever asks for more waits without. */
const LONGEST_MS = 2 ** 31 - 1

/**
 * Asks endpoints at once. Whoever hasn't answered in time failed (`RpcTimeout` 1201) and is told to stop; an abort rejects with its reason,
 * whether endpoints mind it or not.
 */
export function ask<T>(
  method: string,
  which: readonly number[],
  call: (from: number, signal: AbortSignal | undefined) => Promise<T>,
  { timeoutMs, graceMs }: Limits,
  signal: AbortSignal | undefined,
): Promise<Heard<T>> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const bounded = timeoutMs <= LONGEST_MS || graceMs <= LONGEST_MS
    const stop = bounded ? new AbortController() : undefined
    const answers: Answer<T>[] = []
    const failures: Failure[] = []
    const open = new Set(which)
    const timers: ReturnType<typeof setTimeout>[] = []
    const close = () => {
      open.clear()
      for (const timer of timers) clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    const abort = () => {
      close()
      stop?.abort(signal?.reason)
      reject(signal?.reason)
    }
    const finish = () => {
      close()
      answers.sort((a, b) => a.from - b.from)
      failures.sort((a, b) => a.from - b.from)
      resolve({ answers, failures })
    }
    const late = () => {
      const error = (from: number) =>
        CoreErrors.RpcTimeout(`${nameOf(from)} did not answer ${method} in time`, {
          ...{ endpoint: nameOf(from), method, ms: timeoutMs },
        })
      for (const from of open) failures.push({ from, error: error(from) })
      stop?.abort(failures.at(-1)?.error)
      finish()
    }
    const within = (ms: number) => {
      if (ms <= LONGEST_MS) timers.push(setTimeout(late, ms))
    }
    const settle = (from: number, note: () => void) => {
      if (!open.delete(from)) return
      note()
      if (open.size === 0) finish()
    }
    signal?.addEventListener('abort', abort, { once: true })
    within(timeoutMs)
    // An adapter that throws at once failed like any other.
    for (const from of which)
      (async () => call(from, stop?.signal ?? signal))().then(
        (value) =>
          settle(from, () => {
            answers.push({ from, value })
            if (answers.length === 1 && open.size > 0) within(graceMs)
          }),
        (error: unknown) => settle(from, () => failures.push({ from, error })),
      )
    if (which.length === 0) finish()
  })
}

/** How an endpoint is called in errors: adapters have no names. */
export function nameOf(from: number): string {
  return `endpoint ${from + 1}`
}

/** The endpoint was not heard, or nothing that makes sense: unlike an answer that says no. */
export function isSilence(error: unknown): boolean {
  return !isAitbcError(error) || (error.code >= 1201 && error.code <= 1208 && error._tag !== 'RpcRejected')
}

export function summary(failures: readonly Failure[]) {
  return failures.map(({ from, error }) => ({
    endpoint: nameOf(from),
    tag: isAitbcError(error) ? error._tag : 'unknown',
    message: error instanceof Error ? error.message : show(error),
  }))
}

/**
 * What is thrown where nobody answered: the only error, the one refusal of all who weren't silent, or `RpcUnreachable` (1202) with all in
 * `context.failures`.
 */
export function failureOf(method: string, failures: readonly Failure[]): unknown {
  if (failures.length === 1) return failures[0]?.error
  const tagOf = ({ error }: Failure) => (isAitbcError(error) ? error._tag : undefined)
  const [refusal, ...more] = failures.filter(({ error }) => !isSilence(error))
  if (refusal !== undefined && more.every((one) => tagOf(one) === tagOf(refusal))) return refusal.error
  return CoreErrors.RpcUnreachable(`no endpoint answered ${method}`, { method, failures: summary(failures) })
}
