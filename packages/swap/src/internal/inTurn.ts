/** One after the other, by name: what is begun when all before it are through. An abort lets the next one in. */
export function inTurn(): <T>(name: string, signal: AbortSignal, run: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return (name, signal, run) => {
    const mine = aborted(signal, (last.get(name) ?? Promise.resolve()).then(run))
    const over: Promise<unknown> = mine
      .catch(() => undefined)
      .then(() => {
        if (last.get(name) === over) last.delete(name)
      })
    last.set(name, over)
    return mine
  }
}

/** What a run gives, or the signal's reason as soon as it is aborted. */
export function aborted<T>(signal: AbortSignal, run: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    run.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
