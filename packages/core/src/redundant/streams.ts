// Streams of several endpoints as one.
import { type Failure, failureOf } from './ask.js'

/**
 * What several streams yield, as it comes; each is asked for its next one only when its last one was taken, so nothing piles up. A stream
 * that ends or breaks leaves the others alone and is begun again when another one yields something new; when none is left, the whole ends, or
 * fails if one of them did. Ends when aborted.
 *
 * @param isNew whether what a stream yields was not yielded before: nothing else comes out
 */
export async function* merge<T>(
  method: string,
  begin: readonly ((signal: AbortSignal) => AsyncIterable<T>)[],
  isNew: (value: T) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  if (signal?.aborted) return
  const stop = new AbortController()
  const ready: { readonly from: number; readonly result: IteratorResult<T> }[] = []
  const running = new Map<number, AsyncIterator<T>>()
  const failures = new Map<number, Failure>()
  let over = false
  let wake = () => {}
  const next = (from: number, iterator: AsyncIterator<T>) => {
    iterator.next().then(
      (result) => {
        if (result.done === true) running.delete(from)
        else ready.push({ from, result })
        wake()
      },
      (error: unknown) => {
        running.delete(from)
        failures.set(from, { from, error })
        wake()
      },
    )
  }
  const start = (from: number) => {
    const iterator = lazily(() => (begin[from] as (signal: AbortSignal) => AsyncIterable<T>)(stop.signal))
    failures.delete(from)
    running.set(from, iterator)
    next(from, iterator)
  }
  const abort = () => {
    over = true
    stop.abort(signal?.reason)
    wake()
  }
  signal?.addEventListener('abort', abort, { once: true })
  try {
    for (const from of begin.keys()) start(from)
    while (!over) {
      const one = ready.shift()
      if (one === undefined) {
        if (running.size === 0) {
          if (failures.size > 0) throw failureOf(method, [...failures.values()])
          return
        }
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      const value = one.result.value as T
      const fresh = isNew(value)
      if (fresh) yield value
      const iterator = running.get(one.from)
      if (iterator !== undefined) next(one.from, iterator)
      if (!fresh) continue
      for (const from of begin.keys()) if (!over && !running.has(from)) start(from)
    }
  } finally {
    over = true
    signal?.removeEventListener('abort', abort)
    stop.abort()
    for (const iterator of running.values()) iterator.return?.().catch(() => {})
  }
}

/** An iterator of what throws at once, as of what breaks later. */
async function* lazily<T>(make: () => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* make()
}
