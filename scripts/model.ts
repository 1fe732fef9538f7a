import { Policy } from '@aitbc/swap'
import { type LeastValues, least } from '@aitbc/swap/check'
import type { Role } from '../packages/swap/src/Agreement.js'
import { run } from '../packages/swap/src/check/check.js'
import { expected } from '../packages/swap/src/check/least.js'
import type { Setting } from '../packages/swap/src/check/Setting.js'
import { type Assumptions, type Scaled, scale } from '../packages/swap/src/check/scale.js'
import * as SwapMachine from '../packages/swap/src/SwapMachine.js'
import { type Killed, killed } from './model/killed.js'
import { pairs } from './model/pairs.js'

/*
 * `pnpm model -- [--ticks <number>] [--quick]`: for every ordered pair of families the least safe values beside the planner's, every
 * history from the agreement on at exactly these values, and the list of the machine's mutants. The longest time of a pair is that
 * many ticks (8 unless told); `--quick` explores the claim phase of each pair under the
 * worst clocks, at the least safe values and a tick below, and tries no mutants. The last line is JSON.
 */

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const quick = process.argv.includes('--quick')
const ticks = Number(option('ticks') ?? (quick ? 2 : 8))
if (!Number.isInteger(ticks) || ticks < 1 || ticks > 24)
  throw new Error('--ticks is a whole number from 1 to 24')
const policy: Policy.Policy = quick ? { ...Policy.standard, offline: 0n } : Policy.standard
const limits = { states: 400_000_000, memory: 1_500_000_000 }

/** From the agreement on, at the least safe values instead of the planner's. */
function atTheBound(scaled: Scaled, values: LeastValues, role: Role): Setting {
  const planned = { gap: scaled.seconds.gap.seconds, start: scaled.seconds.start.seconds }
  const base = scaled.setting(planned, [role])
  const more = values.reveal.least - values.reveal.planner
  const short = base.deadlines.short + more
  const { launch, lock } = base.rules
  const skews = base.chains.long.lead + base.chains.short.lag
  return {
    ...base,
    deadlines: { short, long: short + values.gap.least },
    rules: {
      launch: launch + more,
      lock: lock + more,
      reveal: values.reveal.least,
      apart: values.gap.least - skews,
    },
  }
}

function longest(pair: (typeof pairs)[number]): bigint {
  const times = [pair.long, pair.short].flatMap(({ network }) => Object.values(network.timing[policy.risk]))
  return [...times, policy.offline, policy.detection].reduce((a, b) => (b < a ? a : b))
}

const began = Date.now()
const cpu = () => process.cpuUsage().user / 1e6
let states = 0
let transitions = 0
let violations = 0
let counterexamples = 0
let unexplained = 0
let bytes = 0
let peak = 0
const watch = () => {
  peak = Math.max(peak, process.memoryUsage().rss)
}
const started = cpu()

/** The worst clocks, at the values that the reasons lead to and a tick below. */
async function glance(pair: (typeof pairs)[number], assumptions: Assumptions): Promise<void> {
  const scaled = scale(assumptions)
  const clocks = worst(scaled)
  for (const [name, of] of Object.entries(expected(scaled, assumptions))) {
    for (const value of [of.least, of.least - 1]) {
      const found = await run({ ...of.setting(value), clocks }, SwapMachine, { ...limits, onProgress: watch })
      states += found.states
      transitions += found.transitions
      bytes = Math.max(bytes, found.bytes)
      const { message } = found.violation ?? {}
      if (value < of.least && message?.startsWith('S6')) counterexamples++
      if (value < of.least || message === undefined) continue
      violations++
      console.log(`${pair.long.network.name} → ${pair.short.network.name}, ${name}: ${message}`)
    }
  }
}

/** The long leg's clock ahead, and the short leg's behind. */
function worst({ clocks }: Scaled): Setting['clocks'] {
  const skew = (one: Setting['clocks']) => (one === 'free' ? 0 : one.long - one.short)
  return clocks.reduce((a, b) => (skew(b) > skew(a) ? b : a))
}

async function explorePair(pair: (typeof pairs)[number], assumptions: Assumptions): Promise<void> {
  const [long, short] = [pair.long.network.name, pair.short.network.name]
  const values = await least(assumptions, { ...limits, onProgress: watch })
  const scaled = scale(assumptions)
  let seen = values.states
  for (const role of ['initiator', 'follower'] as const)
    for (const clocks of scaled.clocks) {
      const setting = { ...atTheBound(scaled, values, role), clocks }
      const found = await run(setting, SwapMachine, { ...limits, onProgress: watch })
      seen += found.states
      transitions += found.transitions
      bytes = Math.max(bytes, found.bytes)
      if (found.violation === undefined) continue
      violations++
      console.log(`${long} → ${short}, ${role}: ${found.violation.message}`)
    }
  states += seen
  for (const name of ['gap', 'reveal'] as const) {
    const { least: found, planner, reasons, explained, below } = values[name]
    if (below.message.startsWith('S6')) counterexamples++
    if (!explained) unexplained++
    const why = reasons
      .map((reason) => ` ${reason.ticks > 0 ? '+' : ''}${reason.ticks} (${reason.why})`)
      .join('')
    console.log(
      `${`${long} → ${short}`.padEnd(28)} ${name.padEnd(6)} least ${found}, planner ${planner} ticks of ${values.tick} s${why}${explained ? '' : ': not explained'}; a tick less: ${below.message}`,
    )
  }
  console.log(`${`${long} → ${short}`.padEnd(28)} ${seen} states, ${Math.round(cpu() - started)} s in all`)
}

for (const pair of pairs) {
  const tick = (longest(pair) + BigInt(ticks) - 1n) / BigInt(ticks)
  await (quick ? glance : explorePair)(pair, { ...pair, policy, tick })
}
const seconds = Math.round((cpu() - started) * 10) / 10
watch()

let list: Killed | undefined
if (!quick) {
  list = await killed((done, all) => {
    if (process.stderr.isTTY) process.stderr.write(`\rmutant ${done} of ${all}`)
  })
  console.log(
    `mutants: ${list.mutants}; ${list.theft} are thefts, ${list.leak} leaks, ${list.stuck} stuck, ${list.thrown} throw; ${list.explained} are explained; ${list.survivors.length} survive`,
  )
  for (const { mutator, line, original, replacement } of list.survivors)
    console.log(
      JSON.stringify({ file: 'packages/swap/src/SwapMachine.ts', mutator, line, original, replacement }),
    )
  for (const { line, replacement } of list.stale) console.log(`no mutant needs: ${line} → ${replacement}`)
}

const megabytes = (value: number) => Math.round(value / 2 ** 20)
console.log(
  `${states} distinct states, ${Math.round(states / seconds)} a second of processor time, ${megabytes(peak)} MiB at most (${megabytes(bytes)} of them tables)`,
)
const pass =
  violations === 0 &&
  counterexamples === 2 * pairs.length &&
  (list === undefined || (list.survivors.length === 0 && list.stale.length === 0))
console.log(
  JSON.stringify({
    gate: 'model',
    pairs: pairs.length,
    ticks,
    states,
    transitions,
    statesPerSecond: Math.round(states / seconds),
    cpuSeconds: seconds,
    wallSeconds: Math.round((Date.now() - began) / 100) / 10,
    peakMiB: megabytes(peak),
    violations,
    counterexamples,
    unexplained,
    ...(list === undefined
      ? {}
      : {
          mutants: list.mutants,
          theft: list.theft,
          leak: list.leak,
          stuck: list.stuck,
          thrown: list.thrown,
          explained: list.explained,
          survivors: list.survivors.length,
        }),
    pass,
  }),
)
if (!pass) process.exitCode = 1
