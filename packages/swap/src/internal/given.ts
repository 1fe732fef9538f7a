// What is refused at the face: an argument that isn't there, and an instant in another unit.
import { CoreErrors, Deadline, show } from '@aitbc/core'
import type { Context } from '../Runner.js'

/** Refuses what lacks one of these, or isn't there at all: `InvalidArgument` (1013), by its name. */
export function assertHas<T>(of: T, argument: string, fields: readonly (keyof T & string)[]): void {
  for (const field of fields) {
    const received = (of as T | undefined | null)?.[field]
    const name = `${argument}.${field}`
    if (received === undefined || received === null)
      throw CoreErrors.InvalidArgument(`${name} must be given, got ${show(received)}`, {
        argument: name,
        received,
      })
  }
}

/** Refuses what a runner can't work with: `InvalidArgument` (1013). */
export function assertContext(context: Context): void {
  assertHas(context, 'context', ['storage', 'seed', 'sides', 'utc'])
}

/** Refuses milliseconds, nanoseconds, heights and numbers where UTC in unix seconds belongs: `InvalidAmount` (1004). */
export function assertInstant(now: bigint): void {
  const [min, max] = [Deadline.TIME_THRESHOLD, Deadline.MAX_VALUE]
  if (typeof now !== 'bigint' || now < min || now > max)
    throw CoreErrors.InvalidAmount(`now must be UTC in unix seconds (a bigint), got ${show(now)}`, {
      argument: 'now',
      min,
      max,
      received: now,
    })
}
