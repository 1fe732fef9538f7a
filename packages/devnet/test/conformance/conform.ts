import type { LockProfile } from '@aitbc/core'
import { type Ground, type Outcome, outcomes, RULE, type Rule, type Trace, WRONG_RULE } from './Automaton.js'
import { trace } from './Generator.js'

/** A chain's own lock, driven by traces. */
export interface Driver extends Ground {
  readonly name: string
  /** What the chain's adapter declares. */
  readonly profile: LockProfile
  /** Most traces that are run together. */
  readonly batch: number
  /** Runs traces, each with locks of its own, and tells what each act of each came to. */
  run(traces: readonly Trace[]): Promise<readonly (readonly Outcome[])[]>
  close(): Promise<void>
}

/** An act that came to something else than the reference says. */
export interface Difference {
  readonly trace: number
  readonly act: number
  readonly expected: Outcome
  readonly received: Outcome
  readonly of: Trace
}

export interface Report {
  readonly chain: string
  readonly traces: number
  readonly acts: number
  readonly locked: number
  readonly claimed: number
  readonly refunded: number
  readonly refused: number
  readonly inapplicable: number
  /** Acts whose payouts were compared, to the base unit. */
  readonly payouts: number
  readonly differences: readonly Difference[]
  /** Differences that a reference wrong by one unit at the deadline gives: 0 would mean that nothing is compared. */
  readonly control: number
}

/** Most differences that a report keeps. */
const MOST_KEPT = 20

/** Runs so many traces of a seed on a chain, and compares each act's outcome and payouts with the reference. */
export async function conform(
  driver: Driver,
  options: { readonly traces: number; readonly seed: number; readonly progress?: (done: number) => void },
): Promise<Report> {
  const counts = { locked: 0, claimed: 0, refunded: 0, refused: 0, inapplicable: 0 }
  const differences: Difference[] = []
  let acts = 0
  let control = 0
  for (let from = 0; from < options.traces; from += driver.batch) {
    const count = Math.min(driver.batch, options.traces - from)
    const traces = Array.from({ length: count }, (_, i) => trace(options.seed, from + i))
    const received = await driver.run(traces)
    for (const [i, one] of traces.entries()) {
      const seen = received[i] ?? []
      acts += seen.length
      for (const [at, outcome] of seen.entries()) {
        const done = { lock: 'locked', claim: 'claimed', refund: 'refunded' } as const
        const act = one.acts[at]
        if (act !== undefined) counts[outcome.is === 'done' ? done[act.do] : outcome.is]++
      }
      const found = compare(one, seen, driver, RULE)
      for (const difference of found)
        if (differences.length < MOST_KEPT) differences.push({ trace: from + i, of: one, ...difference })
      if (compare(one, seen, driver, WRONG_RULE).length > 0) control++
    }
    options.progress?.(from + count)
  }
  const payouts = counts.locked + counts.claimed + counts.refunded
  return { chain: driver.name, traces: options.traces, acts, ...counts, payouts, differences, control }
}

/** Where what was seen of a trace is not what the reference says. */
export function compare(
  trace: Trace,
  seen: readonly Outcome[],
  ground: Ground,
  rule: Rule,
): readonly Pick<Difference, 'act' | 'expected' | 'received'>[] {
  // What a chain has no such act for did nothing, in the reference as well.
  const applicable = trace.acts.flatMap((act, at) => (seen[at]?.is === 'inapplicable' ? [] : [{ act, at }]))
  const expected = outcomes({ ...trace, acts: applicable.map(({ act }) => act) }, ground, rule)
  return applicable.flatMap(({ at }, i) => {
    const [want, got] = [
      expected[i] as Outcome,
      seen[at] ?? ({ is: 'inapplicable', why: 'not run' } as const),
    ]
    return key(want) === key(got) ? [] : [{ act: at, expected: want, received: got }]
  })
}

function key(outcome: Outcome): string {
  if (outcome.is !== 'done') return outcome.is
  const moves = Object.entries(outcome.moves).filter(([, amount]) => amount !== 0n)
  return `done ${moves
    .map(([who, amount]) => `${who} ${amount}`)
    .sort()
    .join(', ')}`
}
