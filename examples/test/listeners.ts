/** Those who wait until something was told. */
export interface Listeners {
  /** To be called after each word. */
  notify(): void
  /**
   * Resolves when it holds, looking whenever something is told; rejects with what `holds` throws, when the signal is aborted, and with the
   * last words where nothing goes on any more, or nothing comes of all that is told.
   */
  until(what: string, holds: () => boolean): Promise<void>
}

/** No word for so long means that something hangs; not a busy machine. */
const PATIENCE_MS = 300_000
/** However much is told meanwhile; shorter than the bounds of the tests, which say nothing of who hangs. */
const WHOLE_MS = 840_000

export function createListeners(
  options: {
    readonly signal?: AbortSignal
    /** What else is to be said where nothing goes on any more. */
    readonly lastWords?: () => string
  } = {},
): Listeners {
  const { signal, lastWords = () => '' } = options
  const looks = new Set<() => void>()
  return {
    notify() {
      for (const look of looks) look()
    },
    until: (what, holds) =>
      new Promise((resolve, reject) => {
        let hang: NodeJS.Timeout | undefined
        const giveUp = () => settle(() => reject(new Error(`nothing came of it: ${what}\n${lastWords()}`)))
        const whole = setTimeout(giveUp, WHOLE_MS)
        const settle = (act: () => void) => {
          clearTimeout(hang)
          clearTimeout(whole)
          looks.delete(look)
          signal?.removeEventListener('abort', look)
          act()
        }
        const look = () => {
          clearTimeout(hang)
          try {
            signal?.throwIfAborted()
            if (holds()) return settle(resolve)
          } catch (error) {
            return settle(() => reject(error))
          }
          hang = setTimeout(giveUp, PATIENCE_MS)
        }
        looks.add(look)
        signal?.addEventListener('abort', look)
        look()
      }),
  }
}
