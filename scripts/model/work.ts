import { Policy } from '@aitbc/swap'
import { type Least, least } from '@aitbc/swap/check'
import type { Role } from '../../packages/swap/src/Agreement.js'
import { run } from '../../packages/swap/src/check/check.js'
import type { Setting } from '../../packages/swap/src/check/Setting.js'
import { type Assumptions, type Scaled, scale } from '../../packages/swap/src/check/scale.js'
import * as SwapMachine from '../../packages/swap/src/SwapMachine.js'
import { prepare, type Trial } from './killed.js'
import { pairs } from './pairs.js'
import { exploreRings, type RingRow } from './rings.js'
import { type Risk, type Row, sweep } from './sweep.js'

/** A piece of the work of `pnpm model`, as plain data, so that another process can do it. */
export type Task =
  | { readonly do: 'least'; readonly pair: number; readonly ticks: number; readonly memory: number }
  | ({
      readonly do: 'explore'
      readonly pair: number
      readonly ticks: number
      readonly memory: number
    } & Part)
  | {
      readonly do: 'sweep'
      readonly pair: number
      readonly risk: Risk
      readonly ticks: number
      readonly memory: number
    }
  | { readonly do: 'ring'; readonly ring: number; readonly memory: number }
  | {
      readonly do: 'mutants'
      /** The functions whose mutants are tried; all of a step unless told. */
      readonly within: readonly string[] | undefined
      readonly from: number
      readonly to: number
    }

/** One exploration from the agreement on, at the least safe values. */
export interface Part {
  readonly role: Role
  readonly clocks: Setting['clocks']
  readonly gap: number
  readonly reveal: number
  readonly later: number
}

/** What came of a task. */
export type Done =
  | {
      readonly did: 'least'
      readonly gap: Least
      readonly reveal: Least
      readonly tick: bigint
      readonly states: number
      readonly parts: readonly Part[]
    }
  | {
      readonly did: 'explore'
      readonly states: number
      readonly transitions: number
      readonly bytes: number
      readonly violation?: string
    }
  | { readonly did: 'sweep'; readonly rows: readonly Row[]; readonly states: number }
  | { readonly did: 'ring'; readonly row: RingRow }
  | { readonly did: 'mutants'; readonly trials: readonly Trial[] }

/** The tick of a pair whose longest time is so many of them. */
export function assumptionsOf(pair: number, ticks: number, policy: Policy.Policy): Assumptions {
  const chosen = pairs[pair]
  if (chosen === undefined) throw new Error(`there is no pair ${pair}`)
  const times = [chosen.long, chosen.short].flatMap(({ network }) =>
    Object.values(network.timing[policy.risk]),
  )
  let longest = policy.offline
  for (const time of [...times, policy.detection]) if (time > longest) longest = time
  return { ...chosen, policy, tick: (longest + BigInt(ticks) - 1n) / BigInt(ticks) }
}

/** From the agreement on, at the least safe values instead of the planner's. */
function atTheBound(scaled: Scaled, { role, clocks, gap, reveal, later }: Part): Setting {
  const planned = { gap: scaled.seconds.gap.seconds, start: scaled.seconds.start.seconds }
  const base = scaled.setting(planned, [role])
  const short = base.deadlines.short + later
  const { launch, lock } = base.rules
  const skews = base.chains.long.lead + base.chains.short.lag
  return {
    ...base,
    clocks,
    deadlines: { short, long: short + gap },
    rules: { launch: launch + later, lock: lock + later, reveal, apart: gap - skews },
  }
}

const STATES = 400_000_000

/** Does a piece of work to its end. */
export async function work(task: Task, onProgress: () => void = () => {}): Promise<Done> {
  if (task.do === 'mutants') {
    const { all, trial } = await prepare(task.within)
    return { did: 'mutants', trials: all.slice(task.from, task.to).map(trial) }
  }
  const limits = { states: STATES, memory: task.memory, onProgress }
  if (task.do === 'ring') return { did: 'ring', row: await exploreRings(task.ring, limits) }
  if (task.do === 'sweep') return { did: 'sweep', ...(await sweep(task.pair, task.risk, task.ticks, limits)) }
  const assumptions = assumptionsOf(task.pair, task.ticks, Policy.standard)
  const scaled = scale(assumptions)
  if (task.do === 'least') {
    const { gap, reveal, tick, states } = await least(assumptions, limits)
    const of = { gap: gap.least, reveal: reveal.least, later: reveal.least - reveal.planner }
    const parts = (['initiator', 'follower'] as const).flatMap((role) =>
      scaled.clocks.map((clocks) => ({ role, clocks, ...of })),
    )
    return { did: 'least', gap, reveal, tick, states, parts }
  }
  const found = await run(atTheBound(scaled, task), SwapMachine, limits)
  const { states, transitions, bytes, violation } = found
  return {
    ...{ did: 'explore', states, transitions, bytes },
    ...(violation === undefined ? {} : { violation: violation.message }),
  }
}
