// Streams of several endpoints as one.
import { type Failure, failureOf } from './ask.js'

/** Milliseconds from one begin of a stream to the next. */
const REST_MS = 1_000

/** So many items come before whatever else waits has its turn. */
const AT_ONCE = 64

/**
 * What several streams yield, as it comes; each is asked for its next one only when its last one was taken, so nothing piles up. A stream
 * that ends or breaks leaves the others alone and is begun again when another one yields something new, once a second at the most; when none is left, the whole ends, or
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
  const begun: number[] = []
  let over = false
  let taken = 0
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
    begun[from] = Date.now()
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
      // One that never stops would leave timers and connections no turn, nor any other stream.
      if (++taken % AT_ONCE === 0) {
        await new Promise<void>((resolve) => setTimeout(resolve))
        continue
      }
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
      for (const from of begin.keys())
        if (!over && !running.has(from) && Math.abs(Date.now() - (begun[from] as number)) >= REST_MS)
          start(from)
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
