import type { Killed } from './killed.js'
import { isProven, type RingRow } from './rings.js'
import { isSettled, type Row } from './sweep.js'

/** What a run of `pnpm model` found, and what it was to find. */
export interface Tally {
  readonly states: number
  /** The states that the explorations were to have in all. */
  readonly wanted: number
  readonly violations: number
  /** Least values a tick below which a lock is lost. */
  readonly counterexamples: number
  /** Least values that were searched, two for each pair; a counterexample is wanted for each. */
  readonly searched: number
  /** Least values that aren't the planner's for reasons that aren't known. */
  readonly unexplained: number
  readonly rows: readonly Pick<Row, 'pair' | 'of' | 'risk' | 'explained' | 'below'>[]
  readonly rings: readonly Pick<RingRow, 'ring' | 'broken' | 'arcs'>[]
  readonly mutants?: Pick<Killed, 'mutants' | 'survivors' | 'stale'>
}

/** Why a run of `pnpm model` doesn't pass, one sentence each; none where it does. */
export function failures(of: Tally): readonly string[] {
  const unsettled = of.rows.filter((row) => !isSettled(row))
  const open = of.rings.filter((row) => !isProven(row))
  const { mutants, survivors, stale } = of.mutants ?? { mutants: 1, survivors: [], stale: [] }
  const found: readonly (readonly [boolean, string])[] = [
    [of.states < of.wanted, `${of.states} distinct states, ${of.wanted} are wanted`],
    [of.violations > 0, `${of.violations} histories at the least safe values break a rule`],
    [
      of.counterexamples !== of.searched,
      `${of.counterexamples} counterexamples a tick below, ${of.searched} are wanted`,
    ],
    [of.unexplained > 0, `${of.unexplained} least values are not explained`],
    ...unsettled.map(({ risk, pair, of: name }) => [true, `${risk} ${pair} ${name}: not explained`] as const),
    ...open.map(({ ring }) => [true, `ring ${ring} not proven`] as const),
    [mutants === 0, 'no mutants were tried'],
    [survivors.length > 0, `${survivors.length} mutants survive`],
    [stale.length > 0, `${stale.length} reasons that no mutant needs`],
  ]
  return found.filter(([fails]) => fails).map(([, why]) => why)
}
