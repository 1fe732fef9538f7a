import type { AitbcError } from '@aitbc/core'
import { fromEffect, type Rpc, toEffect } from '@aitbc/core/rpc'
import * as Effect from 'effect/Effect'
import * as Exit from 'effect/Exit'
import * as Fiber from 'effect/Fiber'
import * as TestClock from 'effect/testing/TestClock'

const clock = Effect.clockWith((service) => Effect.sync(() => service.currentTimeMillisUnsafe()))

/** Runs a program on a clock that stands still until the program lets an hour pass whenever it waits. */
export function virtually<A, E>(program: Effect.Effect<A, E>): Promise<A> {
  return Effect.runPromise(Effect.provide(program, TestClock.layer()))
}

/** How a call ended, and when, in virtual milliseconds. */
export interface End {
  readonly value?: unknown
  readonly error?: AitbcError
  readonly at: number
}

/** One call, on its own. */
export const call = (rpc: Rpc, method = 'm', params: readonly unknown[] = []): Effect.Effect<End> =>
  Effect.flatMap(Effect.exit(toEffect(rpc)(method, params)), (exit) =>
    Effect.map(clock, (at) => {
      if (Exit.isSuccess(exit)) return { value: exit.value, at }
      const [reason] = exit.cause.reasons
      if (reason?._tag !== 'Fail') throw new Error(`unexpected: ${String(reason)}`)
      return { error: reason.error, at }
    }),
  )

/** Calls that begin together; time passes until all have ended. */
export const together = (...calls: readonly Effect.Effect<End>[]): Effect.Effect<readonly End[]> =>
  Effect.gen(function* () {
    const fibers: Fiber.Fiber<End>[] = []
    for (const one of calls) fibers.push(yield* Effect.forkChild(one))
    yield* TestClock.adjust(3_600_000)
    const ends: End[] = []
    for (const fiber of fibers) ends.push(yield* Fiber.join(fiber))
    return ends
  })

/** What a scripted endpoint does: wait, then answer or fail. */
export interface Act {
  readonly after?: number
  readonly value?: unknown
  readonly error?: AitbcError
  readonly hang?: true
}

/** An endpoint that follows a script, and remembers when it was asked, and what was cut short. */
export function scripted(name: string, script: (n: number, method: string) => Act) {
  const asked: number[] = []
  const interrupted: number[] = []
  const rpc = fromEffect({ name, assurance: 'reported' }, (method) =>
    Effect.gen(function* () {
      asked.push(yield* clock)
      const act = script(asked.length, method)
      if (act.hang) yield* Effect.never
      if (act.after) yield* Effect.sleep(act.after)
      return act.error === undefined ? act.value : yield* Effect.fail(act.error)
    }).pipe(Effect.onInterrupt(() => Effect.map(clock, (at) => void interrupted.push(at)))),
  )
  return { rpc, asked, interrupted }
}
