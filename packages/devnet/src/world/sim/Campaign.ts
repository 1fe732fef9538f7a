import * as Universe from './Universe.js'

/** What many universes came to. */
export interface Figures {
  readonly universes: number
  readonly violations: number
  /** Units that honest parties lost in all of them. */
  readonly lost: bigint
  /** Faults and hostile deeds of each universe, on average and at least; and how many of them took place. */
  readonly faults: { readonly mean: number; readonly least: number; readonly struck: number }
  readonly steps: number
  /** By how many ran the real runner, and what they said at the end. */
  readonly outcomes: Readonly<Record<string, number>>
  /** Universes that were run a second time, and came to the same hash. */
  readonly repeated: number
}

export interface Options extends Universe.DrawOptions, Universe.RunOptions {
  /** Number of the first universe; 1 unless told. */
  readonly from?: number
  readonly universes: number
  /** Each so-manieth universe is run twice; 25 unless told, 0 for none. */
  readonly twiceEvery?: number
  /** Hears of each universe. */
  readonly onReport?: (report: Universe.Report) => void
}

/** A universe that came to another hash the second time, which is no universe. */
export class Divergence extends Error {}

/**
 * Runs universes one after the other, each from its number as its seed.
 *
 * @example
 * import { Campaign } from '@aitbc/devnet/world'
 * const figures = await Campaign.run({ universes: 3 })
 * figures.violations // 0
 */
export async function run(options: Options): Promise<Figures> {
  const { from = 1, universes, twiceEvery = 25, onReport, byzantineRpc, bug, onlyOutcomes } = options
  const outcomes: Record<string, number> = {}
  let [violations, faults, least, struck, steps, repeated] = [0, 0, Number.POSITIVE_INFINITY, 0, 0, 0]
  let lost = 0n
  const how = {
    ...(bug === undefined ? {} : { bug }),
    ...(onlyOutcomes === undefined ? {} : { onlyOutcomes }),
  }
  for (let i = from; i < from + universes; i++) {
    const plan = Universe.draw(String(i), byzantineRpc === undefined ? {} : { byzantineRpc })
    const report = await Universe.run(plan, how)
    if (twiceEvery > 0 && (i - from) % twiceEvery === 0) {
      const again = await Universe.run(plan, how)
      if (again.hash !== report.hash)
        throw new Divergence(`universe ${i}: ${report.hash}, then ${again.hash}`)
      repeated++
    }
    if (report.violations.length > 0) violations++
    lost += report.lost
    faults += plan.faults.length
    least = Math.min(least, plan.faults.length)
    struck += report.struck
    steps += report.steps
    const said = plan.honest.map((role) => report.outcomes[role] ?? 'unfinished').sort()
    const name = `${plan.honest.length === 2 ? 'both honest' : 'one honest'}: ${said.join(', ')}`
    outcomes[name] = (outcomes[name] ?? 0) + 1
    onReport?.(report)
  }
  const mean = (sum: number) => Math.round((sum / universes) * 10) / 10
  return {
    universes,
    violations,
    lost,
    faults: { mean: mean(faults), least, struck: mean(struck) },
    steps: mean(steps),
    outcomes,
    repeated,
  }
}
