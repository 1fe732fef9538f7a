import { Policy } from '@aitbc/swap'
import { type Least, least } from '@aitbc/swap/check'
import { type Scaled, scale } from '../../packages/swap/src/check/scale.js'
import { pairs } from './pairs.js'
import { assumptionsOf } from './work.js'

/** How likely the assumed times are to be exceeded: the policies that are swept. */
export type Risk = 'standard' | 'conservative'
export const RISKS: readonly Risk[] = ['standard', 'conservative']

/** One inequality of one ordered pair under one policy: what the planner asks for, and the least that no history breaks. */
export interface Row {
  readonly risk: Risk
  readonly pair: string
  readonly of: 'gap' | 'reveal'
  /** Seconds of a tick. */
  readonly tick: bigint
  /** The planner's value, seconds. */
  readonly seconds: bigint
  /** The same sum in ticks, each time rounded up. */
  readonly planner: number
  readonly least: number
  readonly reasons: Least['reasons']
  readonly explained: boolean
  /** What happens with a tick less. */
  readonly below: string
}

/** Searches both least values of a pair, with clocks that move within their bounds as they like. */
export async function sweep(
  pair: number,
  risk: Risk,
  ticks: number,
  limits: { readonly states: number; readonly memory: number; readonly onProgress?: () => void },
): Promise<{ readonly rows: readonly Row[]; readonly states: number }> {
  const assumptions = { ...assumptionsOf(pair, ticks, Policy[risk]), clocks: 'free' } as const
  const scaled: Scaled = scale(assumptions)
  const values = await least(assumptions, limits)
  const { long, short } = pairs[pair] as (typeof pairs)[number]
  const rows = (['gap', 'reveal'] as const).map((of): Row => {
    const { below, planner, reasons, explained, least: found } = values[of]
    return {
      risk,
      pair: `${long.network.name} → ${short.network.name}`,
      of,
      tick: values.tick,
      seconds: scaled.seconds[of].seconds,
      ...{ planner, least: found, reasons, explained },
      below: below.message,
    }
  })
  return { rows, states: values.states }
}

/** A least value is the planner's, or is less by what is named; and a tick below it there is a history that breaks it. */
export function isSettled({ explained, below }: Pick<Row, 'explained' | 'below'>): boolean {
  return explained && /^S\d/.test(below)
}

/** The rows as a table for people. */
export function table(rows: readonly Row[]): readonly string[] {
  const sorted = [...rows].sort((a, b) => RISKS.indexOf(a.risk) - RISKS.indexOf(b.risk))
  const lines = sorted.map((row) => {
    const { risk, pair, of, tick, seconds, planner, least, reasons, below } = row
    const why = reasons.map(({ ticks, why }) => `${ticks} (${why})`).join(', ')
    const verdict = !isSettled(row) ? 'NOT EXPLAINED' : why === '' ? 'equal' : why
    return [
      ...[risk.padEnd(12), pair.padEnd(26), (of === 'gap' ? 'T_A − T_B' : 'reveal').padEnd(9)],
      ...[`${seconds}`.padStart(7), `${tick}`.padStart(6), `${planner}`.padStart(7), `${least}`.padStart(5)],
      ...[below.split(':')[0]?.padEnd(5), verdict],
    ].join('  ')
  })
  const head = [
    ...['risk'.padEnd(12), 'long → short'.padEnd(26), 'value'.padEnd(9), 'seconds', '  tick'],
    ...['planner', 'least', 'below', 'difference'],
  ].join('  ')
  return [head, ...lines]
}
