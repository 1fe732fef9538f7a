import * as Universe from './Universe.js'

/** What many universes came to: sums, so that those of two campaigns can be added up. */
export interface Sums {
  readonly universes: number
  readonly violations: number
  /** Units that honest parties lost in all of them. */
  readonly lost: bigint
  /** Faults of all plans, of the plan with the fewest, and those that took place, hostile deeds included. */
  readonly faults: number
  readonly least: number
  readonly struck: number
  readonly steps: number
  /** By how many ran the real runner, and what they said at the end. */
  readonly outcomes: Readonly<Record<string, number>>
  /** Universes that were run a second time, and came to the same hash. */
  readonly repeated: number
  /** The hashes of all of them, in whatever order (their exclusive or, 64 hex digits): the same campaign has the same. */
  readonly hash: string
}

/** What many universes came to, for people. */
export interface Figures
  extends Pick<Sums, 'universes' | 'violations' | 'lost' | 'outcomes' | 'repeated' | 'hash'> {
  /** Faults of each universe, on average and at least; and how many of them, and of the hostile deeds, took place. */
  readonly faults: { readonly mean: number; readonly least: number; readonly struck: number }
  readonly steps: number
}

/** Which universes are run, and how. */
export interface Options extends Universe.DrawOptions, Universe.RunOptions {
  /** Number of the first universe; 1 unless told. */
  readonly from?: number
  readonly universes: number
  /** Universes whose number is a multiple of it are run twice; 25 unless told, 0 for none. */
  readonly twiceEvery?: number
  /** Hears of each universe. */
  readonly onReport?: (report: Universe.Report) => void
}

/** A universe that came to another hash the second time, which is no universe. */
export class Divergence extends Error {}

/** The sums of no universe. */
export const nothing: Sums = {
  ...{
    universes: 0,
    violations: 0,
    lost: 0n,
    faults: 0,
    least: Number.MAX_SAFE_INTEGER,
    struck: 0,
    steps: 0,
  },
  ...{ outcomes: {}, repeated: 0, hash: '0'.repeat(64) },
}

/**
 * The sums of two campaigns.
 *
 * @example
 * import { Campaign } from '@aitbc/devnet/world'
 * // Two parts of one campaign, which two processes may have run.
 * const [one, other] = [await Campaign.sum({ universes: 1 }), await Campaign.sum({ from: 2, universes: 1 })]
 * const both = Campaign.add(one, other)
 * both.universes // 2
 * both.lost // 0n
 */
export function add(a: Sums, b: Sums): Sums {
  const outcomes = { ...a.outcomes }
  for (const [name, count] of Object.entries(b.outcomes)) outcomes[name] = (outcomes[name] ?? 0) + count
  return {
    universes: a.universes + b.universes,
    violations: a.violations + b.violations,
    lost: a.lost + b.lost,
    faults: a.faults + b.faults,
    least: Math.min(a.least, b.least),
    struck: a.struck + b.struck,
    steps: a.steps + b.steps,
    outcomes,
    repeated: a.repeated + b.repeated,
    hash: both(a.hash, b.hash),
  }
}

function both(a: string, b: string): string {
  return (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(16).padStart(64, '0')
}

/**
 * Sums as people read them: means of a universe, to one decimal; `NaN` where there was none.
 *
 * @example
 * import { Campaign } from '@aitbc/devnet/world'
 * const sums: Campaign.Sums = { ...Campaign.nothing, universes: 2, faults: 45, least: 21, struck: 30, steps: 900 }
 * Campaign.figuresOf(sums).faults // { mean: 22.5, least: 21, struck: 15 }
 */
export function figuresOf(sums: Sums): Figures {
  const { universes, violations, lost, faults, least, struck, steps, outcomes, repeated, hash } = sums
  const mean = (sum: number) => Math.round((sum / universes) * 10) / 10
  return {
    ...{ universes, violations, lost, faults: { mean: mean(faults), least, struck: mean(struck) } },
    ...{ steps: mean(steps), outcomes, repeated, hash },
  }
}

/**
 * Runs universes one after the other, each from its number as its seed, and adds up what they came to. Rejects with {@link Divergence}
 * where one comes to another hash the second time.
 *
 * @example
 * import { Campaign } from '@aitbc/devnet/world'
 * const sums = await Campaign.sum({ universes: 1 })
 * sums.universes // 1
 */
export async function sum(options: Options): Promise<Sums> {
  const { from = 1, universes, twiceEvery = 25, onReport, byzantineRpc, bug, onlyOutcomes } = options
  let sums = nothing
  const how = {
    ...(bug === undefined ? {} : { bug }),
    ...(onlyOutcomes === undefined ? {} : { onlyOutcomes }),
  }
  for (let i = from; i < from + universes; i++) {
    const plan = Universe.draw(String(i), byzantineRpc === undefined ? {} : { byzantineRpc })
    const report = await Universe.run(plan, how)
    const twice = twiceEvery > 0 && i % twiceEvery === 0
    if (twice) {
      const again = await Universe.run(plan, how)
      if (again.hash !== report.hash)
        throw new Divergence(`universe ${i}: ${report.hash}, then ${again.hash}`)
    }
    const said = plan.honest.map((role) => report.outcomes[role] ?? 'unfinished').sort()
    sums = add(sums, {
      universes: 1,
      violations: report.violations.length > 0 ? 1 : 0,
      lost: report.lost,
      faults: plan.faults.length,
      least: plan.faults.length,
      struck: report.struck,
      steps: report.steps,
      outcomes: { [`${plan.honest.length === 2 ? 'both honest' : 'one honest'}: ${said.join(', ')}`]: 1 },
      repeated: twice ? 1 : 0,
      hash: report.hash,
    })
    onReport?.(report)
  }
  return sums
}

/**
 * Runs universes one after the other, each from its number as its seed.
 *
 * @example
 * import { Campaign } from '@aitbc/devnet/world'
 * const figures = await Campaign.run({ universes: 3 })
 * figures.violations // 0
 */
export async function run(options: Options): Promise<Figures> {
  return figuresOf(await sum(options))
}
