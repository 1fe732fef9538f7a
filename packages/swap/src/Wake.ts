import type { LockTerms, SwapAdapter } from '@aitbc/core'
import { pause } from './internal/pause.js'

/** Something to wait for that may have happened already. */
export interface Wake {
  /** From here on a call of `up` counts for the next `wait`; tells whether one counted before. */
  arm(): boolean
  up(): void
  wait(signal: AbortSignal): Promise<void>
}

/** Makes a wake that nothing has woken yet. */
export function create(): Wake {
  let up = false
  let notify: () => void = () => undefined
  return {
    arm() {
      const was = up
      up = false
      return was
    },
    up() {
      up = true
      notify()
    },
    wait: (signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        if (up) return resolve()
        const abort = () => reject(signal.reason)
        signal.addEventListener('abort', abort, { once: true })
        notify = () => {
          notify = () => undefined
          signal.removeEventListener('abort', abort)
          resolve()
        }
      }),
  }
}

/** Wakes at each block and each sighting of a leg until aborted; a watch that breaks is begun again after a pause. */
export function follow(
  wake: Wake,
  adapter: SwapAdapter,
  terms: LockTerms.LockTerms,
  options: {
    readonly signal: AbortSignal
    readonly pauseMs: number
    readonly trouble: (error: unknown) => void
  },
): readonly Promise<void>[] {
  const { signal, pauseMs, trouble } = options
  return [{ kind: 'tip' } as const, { kind: 'lock', terms } as const].map(async (subject) => {
    while (!signal.aborted) {
      try {
        for await (const _ of adapter.watch(subject, { signal })) wake.up()
      } catch (error) {
        if (signal.aborted) return
        trouble(error)
      }
      await pause(pauseMs, signal)
      wake.up()
    }
  })
}
