// The adapters by number: all asked at once, or one after the other.
import type { CallOptions, SwapAdapter } from '../ChainAdapter.js'
import { ask, type Failure, failureOf, type Heard, isSilence, type Limits } from './ask.js'
import { keep } from './keep.js'
import { assertShape, type Method } from './shapes.js'

/** An adapter with all that it may lack: what one has all have, and what they lack isn't offered. */
export type Whole = Required<SwapAdapter>

/** So many turns goes without whoever was silent in one. */
const PASSED_OVER = 16

type Call<T> = (adapter: Whole, options: CallOptions) => Promise<T>

export interface Endpoints {
  readonly count: number
  /** What all say, or those of some numbers: also if nobody answers. */
  ask<T>(
    method: Method,
    o: CallOptions | undefined,
    call: Call<T>,
    which?: readonly number[],
  ): Promise<Heard<T>>
  /** What all say, at least one. */
  hear<T>(method: Method, o: CallOptions | undefined, call: Call<T>): Promise<Heard<T>>
  /** The first answer of one after the other: each time for the same `key` another one is the first. */
  firstOf<T>(method: Method, key: string, o: CallOptions | undefined, call: Call<T>): Promise<T>
  /** Notes how late the head is that each one shows: whoever has the newest is the first of all. */
  rank(heads: ReadonlyMap<number, bigint>): void
}

export function createEndpoints(adapters: readonly SwapAdapter[], limits: Limits): Endpoints {
  const all = adapters.map((_, from) => from)
  /** How often each was the first, for what was asked before. */
  const turns = new Map<string, readonly number[]>()
  let late: ReadonlyMap<number, bigint> = new Map()

  const endpoints: Endpoints = {
    count: all.length,
    ask(method, o, call, which = all) {
      const asks = async (from: number, signal: AbortSignal | undefined) =>
        assertShape(method, await call(adapters[from] as Whole, signal === undefined ? {} : { signal }))
      return ask(method, which, asks, limits, o?.signal)
    },
    async hear(method, o, call) {
      const heard = await endpoints.ask(method, o, call)
      if (heard.answers.length === 0) throw failureOf(method, heard.failures)
      return heard
    },
    async firstOf(method, key, o, call) {
      const failures: Failure[] = []
      for (const from of inTurn(key)) {
        const heard = await endpoints.ask(method, o, call, [from])
        const [answer] = heard.answers
        if (answer !== undefined) return answer.value
        failures.push(...heard.failures)
        // A price is searched with many questions, and each silence takes its time.
        if (heard.failures.some(({ error }) => isSilence(error))) count(key, from, PASSED_OVER)
      }
      throw failureOf(method, failures)
    },
    rank(heads) {
      late = heads
    },
  }

  /** Whoever was the first least often, and of these the newest: whatever heads it shows, none is always asked whose steps come to nothing. */
  function inTurn(key: string): readonly number[] {
    const firsts = turns.get(key) ?? all.map(() => 0)
    const byAge = (a: number, b: number) => Number((late.get(b) ?? -2n) - (late.get(a) ?? -2n))
    const order = [...all].sort((a, b) => (firsts[a] as number) - (firsts[b] as number) || byAge(a, b))
    count(key, order[0] as number, 1)
    return order
  }

  function count(key: string, which: number, more: number): void {
    const firsts = turns.get(key) ?? all.map(() => 0)
    keep(
      turns,
      key,
      firsts.map((times, from) => (from === which ? times + more : times)),
    )
  }

  return endpoints
}
