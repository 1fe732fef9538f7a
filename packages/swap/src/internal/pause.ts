/** Resolves after a while, with the signal, or when something else does. */
export function pause(ms: number, signal?: AbortSignal, other?: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
    other?.then(done)
  })
}
