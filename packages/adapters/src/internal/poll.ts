import { type CallOptions, isAitbcError } from '@aitbc/core'
import { isTorn } from './facts.js'

/** How a watch waits between two looks. */
export interface Pace {
  readonly pollMs: number
  readonly wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>
}

/** Failed looks in a row after which a watch gives up, where failing may pass. */
const MAX_FAILURES = 5

/**
 * Looks again and again, and yields what it finds; `behind`: there is more to see at once. Ends when aborted. A look that fails and may
 * succeed later is repeated, once there is a place to go on from; it must leave nothing behind when it fails.
 */
export async function* poll<T>(
  { pollMs, wait }: Pace,
  options: CallOptions | undefined,
  look: () => Promise<{ readonly found: readonly T[]; readonly behind: boolean }>,
  begun: () => boolean = () => true,
): AsyncGenerator<T, void, undefined> {
  const aborted = () => options?.signal?.aborted === true
  let failures = 0
  while (!aborted()) {
    let found: readonly T[] = []
    let behind = false
    try {
      ;({ found, behind } = await look())
      failures = 0
    } catch (error) {
      if (aborted()) return
      // A block that vanished between two answers is a reorganisation: the next look sees it whole.
      const passing = isAitbcError(error) && (error.retryable || isTorn(error))
      if (!begun() || !passing || ++failures > MAX_FAILURES) throw error
    }
    for (const one of found) {
      if (aborted()) return
      yield one
    }
    if (behind) continue
    try {
      await wait(pollMs, options?.signal)
    } catch (error) {
      if (aborted()) return
      throw error
    }
  }
}
