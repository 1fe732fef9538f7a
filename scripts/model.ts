import { availableParallelism, freemem } from 'node:os'
import { Policy } from '@aitbc/swap'
import { run } from '../packages/swap/src/check/check.js'
import { exploreFees, feeSettings } from '../packages/swap/src/check/exploreFees.js'
import { expected } from '../packages/swap/src/check/least.js'
import type { Setting } from '../packages/swap/src/check/Setting.js'
import { type Scaled, scale } from '../packages/swap/src/check/scale.js'
import * as SwapMachine from '../packages/swap/src/SwapMachine.js'
import { crew, type Report } from './model/crew.js'
import { failures } from './model/gate.js'
import { prepare, type Trial, verdict } from './model/killed.js'
import { pairs } from './model/pairs.js'
import { isProven, type RingRow, rings, told } from './model/rings.js'
import { isSettled, RISKS, type Row, table } from './model/sweep.js'
import { assumptionsOf, type Done, type Task } from './model/work.js'
import { asked } from './options.js'

/*
 * `pnpm model -- [--ticks <number>] [--states <number>] [--jobs <number>] [--no-mutants] [--quick] [--sweep] [--mutants [--in
 * <functions>]]`: for every ordered pair of families
 * the least safe values beside the planner's, every history from the agreement on at exactly these values, and the list of the machine's
 * mutants; in several processes side by side, one for each processor unless told. The longest time of a pair is that many ticks, and the
 * histories have to have that many distinct states in all (as many as the issue asks for, at the ticks that it takes, unless told).
 * States are compared whole, not by a hash, and only those of two ticks are held: a state of another tick is another state.
 * Both policies' least safe values are searched beside that for clocks that move, in coarse ticks, for a table; and
 * rings of three and four members are checked, with the least gap of each arc; `--sweep` does only these, and
 * `--mutants` tries only the mutants, with `--in` those in some of the machine's functions, with commas between.
 * What claims and refunds are sent for is explored whenever histories are.
 * `--quick` explores the claim phase of each pair under the worst clocks, at the least safe values and a tick below, and tries no
 * mutants. The last line is JSON.
 */

const FINE = 13
/** Ticks of the longest time in the table of both policies: no time is less than one. */
const COARSE = 2
const STATES = 100_000_000

const { value, whole, has } = asked(
  ['ticks', 'states', 'jobs', 'in'],
  ['no-mutants', 'quick', 'sweep', 'mutants'],
)
const quick = has('quick')
const only = has('sweep')
const alone = has('mutants')
const within = value('in')?.split(',')
if (within !== undefined && !alone) throw new Error('--in goes with --mutants')
const ticks = whole('ticks', quick ? 2 : FINE, 1, 24)
const wanted = whole('states', quick || only || alone || value('ticks') !== undefined ? 0 : STATES, 0, 1e12)
const jobs = whole('jobs', availableParallelism(), 1, 64)
const memory = Math.min(1_500_000_000, Math.floor(freemem() / jobs / 2))

const began = Date.now()
const label = (pair: number) =>
  `${pairs[pair]?.long.network.name} → ${pairs[pair]?.short.network.name}`.padEnd(28)
const sum = { fees: 0, states: 0, searched: 0, transitions: 0, seconds: 0, trying: 0, peak: 0, tables: 0 }
const count = { violations: 0, counterexamples: 0, unexplained: 0 }
const trials: Trial[] = []
const rows: Row[] = []
const circles: RingRow[] = []

/** The worst clocks, at the values that the reasons lead to and a tick below. */
async function glance(): Promise<void> {
  const policy = { ...Policy.standard, offline: 0n }
  for (const [pair] of pairs.entries()) {
    const assumptions = assumptionsOf(pair, ticks, policy)
    const scaled = scale(assumptions)
    const clocks = worst(scaled)
    for (const [name, of] of Object.entries(expected(scaled, assumptions))) {
      for (const value of [of.least, of.least - 1]) {
        const found = await run({ ...of.setting(value), clocks }, SwapMachine, { states: 10_000_000, memory })
        sum.states += found.states
        sum.transitions += found.transitions
        sum.tables = Math.max(sum.tables, found.bytes)
        const { message } = found.violation ?? {}
        if (value < of.least && message?.startsWith('S6')) count.counterexamples++
        if (value < of.least || message === undefined) continue
        count.violations++
        console.log(`${label(pair)} ${name}: ${message}`)
      }
    }
  }
  const { user, system } = process.cpuUsage()
  sum.seconds = (user + system) / 1e6
  sum.peak = process.resourceUsage().maxRSS * 1024
}

/** The long leg's clock ahead, and the short leg's behind. */
function worst({ clocks }: Scaled): Setting['clocks'] {
  const skew = (one: Setting['clocks']) => (one === 'free' ? 0 : one.long - one.short)
  return clocks.reduce((a, b) => (skew(b) > skew(a) ? b : a))
}

/** What claims and refunds are sent for, whoever keeps them out. */
function fees(): void {
  for (const setting of feeSettings) {
    const { states, violation } = exploreFees(setting)
    sum.fees += states
    if (violation === undefined) continue
    count.violations++
    console.log(`fees of a ${setting.does}: ${violation}`)
  }
}

/** Everything, in processes of its own. */
async function explore(): Promise<void> {
  const left = new Map<number, { parts: number; states: number; seconds: number }>()
  const first: Task[] = only ? [] : pairs.map((_, pair) => ({ do: 'least', pair, ticks, memory }))
  for (const risk of RISKS)
    for (const [pair] of pairs.entries()) first.push({ do: 'sweep', pair, risk, ticks: COARSE, memory })
  for (const [ring] of rings.entries()) first.push({ do: 'ring', ring, memory })
  if (alone) first.length = 0
  const mutants = only || has('no-mutants') ? 0 : (await prepare(within)).all.length
  for (let from = 0; from < mutants; from += CHUNK)
    first.push({ do: 'mutants', within, from, to: Math.min(from + CHUNK, mutants) })
  const onReport = (task: Task, { done, seconds }: Report): readonly Task[] => {
    if (done.did === 'mutants') {
      sum.trying += seconds
      trials.push(...done.trials)
      for (const { mutant, found } of done.trials)
        if (found === undefined) console.log(`not found out: ${JSON.stringify(mutant)}`)
      const tried = `${trials.length} of ${mutants} mutants tried`
      if (process.stderr.isTTY) process.stderr.write(`\r${tried} `)
      else if (trials.length % (4 * CHUNK) === 0) console.log(tried)
    }
    if (task.do === 'mutants') return []
    sum.seconds += seconds
    if (done.did === 'sweep') {
      sum.searched += done.states
      rows.push(...done.rows)
      return []
    }
    if (done.did === 'ring') {
      sum.searched += done.row.states
      circles.push(done.row)
    }
    if (task.do === 'ring') return []
    const { pair } = task
    if (done.did === 'least') {
      say(pair, done)
      left.set(pair, { parts: done.parts.length, states: 0, seconds })
      return done.parts.map((part) => ({ do: 'explore', pair, ticks, memory, ...part }))
    }
    const of = left.get(pair)
    if (done.did !== 'explore' || task.do !== 'explore' || of === undefined) return []
    sum.states += done.states
    sum.transitions += done.transitions
    sum.tables = Math.max(sum.tables, done.bytes)
    of.states += done.states
    of.seconds += seconds
    if (done.violation !== undefined) {
      count.violations++
      console.log(`${label(pair)} ${task.role}: ${done.violation}`)
    }
    if (--of.parts === 0)
      console.log(`${label(pair)} ${of.states} states, ${of.seconds.toFixed(0)} s; ${far()}`)
    return []
  }
  const { peak } = await crew(first, jobs, onReport)
  sum.peak = peak + process.resourceUsage().maxRSS * 1024
}

/** Mutants that one process tries before it takes something else. */
const CHUNK = 12

const far = () => `in all ${sum.states} states, ${((Date.now() - began) / 1000).toFixed(0)} s of time`

function say(pair: number, values: Extract<Done, { did: 'least' }>): void {
  sum.searched += values.states
  for (const name of ['gap', 'reveal'] as const) {
    const { least, planner, reasons, explained, below } = values[name]
    if (below.message.startsWith('S6')) count.counterexamples++
    if (!explained) count.unexplained++
    const why = reasons.map(({ ticks: by, why }) => ` ${by > 0 ? '+' : ''}${by} (${why})`).join('')
    console.log(
      `${label(pair)} ${name.padEnd(6)} least ${least}, planner ${planner} ticks of ${values.tick} s${why}${explained ? '' : ': not explained'}; a tick less: ${below.message}`,
    )
  }
}

if (!only && !alone) fees()
await (quick ? glance() : explore())

if (rows.length > 0) for (const line of table(rows)) console.log(line)
for (const row of circles) console.log(told(row))

const list = !alone && trials.length === 0 ? undefined : await verdict(trials, within)
if (list !== undefined) {
  console.log(
    `mutants: ${list.mutants}; ${list.theft} are thefts, ${list.leak} leaks, ${list.stuck} stuck, ${list.thrown} throw; ${list.explained} are explained; ${list.survivors.length} survive`,
  )
  for (const survivor of list.survivors) console.log(JSON.stringify(survivor))
  for (const { in: where, line, replacement } of list.stale)
    console.log(`no mutant needs: ${where}: ${line} → ${replacement}`)
}

const megabytes = (value: number) => Math.round(value / 2 ** 20)
const rate = Math.round((sum.states + sum.searched) / Math.max(sum.seconds, 1))
console.log(
  `${sum.states} distinct states, ${rate} a second of processor time, ${megabytes(sum.peak)} MiB at most in ${quick ? 1 : jobs + 1} processes (${megabytes(sum.tables)} of them tables of one)`,
)
const failed = failures({
  ...{ states: sum.states, wanted, ...count, rows, rings: circles },
  searched: only || alone ? 0 : 2 * pairs.length,
  ...(list === undefined ? {} : { mutants: list }),
})
for (const why of failed) console.log(`fails: ${why}`)
console.log(
  JSON.stringify({
    gate: 'model',
    pairs: pairs.length,
    ticks,
    jobs: quick ? 1 : jobs,
    states: sum.states,
    searched: sum.searched,
    fees: sum.fees,
    transitions: sum.transitions,
    statesPerSecond: rate,
    cpuSeconds: Math.round((sum.seconds + sum.trying) * 10) / 10,
    wallSeconds: Math.round((Date.now() - began) / 100) / 10,
    peakMiB: megabytes(sum.peak),
    ...count,
    ...(rows.length === 0
      ? {}
      : {
          swept: rows.length,
          equal: rows.filter((row) => isSettled(row) && row.reasons.length === 0).length,
          unsettled: rows.filter((row) => !isSettled(row)).length,
          least: rows.map((row) => ({
            ...row,
            ...{ tick: Number(row.tick), seconds: Number(row.seconds), below: row.below.split(':')[0] },
          })),
        }),
    ...(circles.length === 0
      ? {}
      : { rings: circles.map((row) => ({ ...row, tick: Number(row.tick), proven: isProven(row) })) }),
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
          needless: list.stale.length,
        }),
    pass: failed.length === 0,
  }),
)
if (failed.length > 0) process.exitCode = 1
