import { availableParallelism } from 'node:os'
import { Campaign } from '../packages/devnet/src/world/index.js'
import { asked } from './options.js'
import { begin, type Ledger, type Options, resume } from './sim/checkpoint.js'
import { type Failing, hire, type Member, program, sumsOf } from './sim/crew.js'

/*
 * `pnpm sim -- --seeds <number> [--seed <first>] [--jobs <processes>] [--byzantine-rpc <liars of 4>] [--twice <every>] [--resume]
 * [--ledger <file>] [--trace]`: simulated universes, each with faults of its own, in virtual time, in several processes side by side, one for each
 * processor unless told. A violation is printed with its plan and its trace, made smaller by taking faults away, and told how to be run
 * again; it ends with exit code 1. What is done is kept in `.reports/sim`, by the sources' hash: `--resume` goes on from there, and from
 * nowhere else; `--ledger` keeps it in a file, and goes on from it on whatever machine. The last line is JSON; two campaigns of the same seeds and sources have the same `hash`.
 */

/** Universes that a process is given at once. */
const SLICE = 50
/** How often what is done is written down, and told, milliseconds. */
const KEEP_EVERY = 5_000
const TELL_EVERY = 60_000

const { value, whole, has } = asked(
  ['seeds', 'seed', 'jobs', 'byzantine-rpc', 'twice', 'ledger'],
  ['resume', 'trace'],
)
const universes = whole('seeds', 100, 1)
const tracing = has('trace')
const jobs = tracing ? 1 : whole('jobs', availableParallelism(), 1, 256)
const byzantineRpc = value('byzantine-rpc') === undefined ? undefined : whole('byzantine-rpc', 3, 0, 4)
const draw = byzantineRpc === undefined ? {} : { byzantineRpc }
const made = await program()
const options: Options = { hash: made.hash, from: whole('seed', 1), twiceEvery: whole('twice', 25), ...draw }
const file = value('ledger')
const ledger: Ledger = has('resume') || file !== undefined ? resume(options, file) : begin(options)
const before = { seconds: ledger.seconds, universes: ledger.sums.universes }
if (before.universes > 0) console.log(`${before.universes} universes were done before`)

const began = process.hrtime.bigint()
const elapsed = () => Number((process.hrtime.bigint() - began) / 1_000_000n) / 1000
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupted = true
  })

const orders = ledger.missing(universes, SLICE)
const crew: Member[] = await Promise.all(
  Array.from({ length: Math.max(1, Math.min(jobs, Math.ceil((universes - before.universes) / SLICE))) }, () =>
    hire(made),
  ),
)
const cpuBefore = ledger.cpuSeconds
const note = () => {
  ledger.seconds = before.seconds + elapsed()
  ledger.cpuSeconds = cpuBefore + crew.reduce((sum, member) => sum + member.cpuSeconds(), 0)
}
let [kept, told] = [Date.now(), Date.now()]
async function work(member: Member): Promise<void> {
  for (const { from, universes: count } of orders) {
    if (interrupted) return
    const answer = await member.carryOut(
      { do: 'run', from, universes: count, twiceEvery: options.twiceEvery, trace: tracing, ...draw },
      (lines) => console.log(lines.join('\n')),
    )
    if (answer.is !== 'done') throw new Error(`a process of the simulator said ${answer.is}`)
    ledger.add(from, count, sumsOf(answer.sums), answer.failing)
    note()
    if (Date.now() - kept > KEEP_EVERY) {
      ledger.keep()
      kept = Date.now()
    }
    const { universes: done, violations } = ledger.sums
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${universes}, ${violations} violations `)
    else if (Date.now() - told > TELL_EVERY) {
      console.log(
        `${done} of ${universes} universes, ${violations} violations, ${Math.round(ledger.seconds)} s`,
      )
      told = Date.now()
    }
  }
}
await Promise.all(crew.map(work))
if (process.stderr.isTTY) process.stderr.write('\r')
note()
ledger.keep()

const liars = byzantineRpc === undefined ? '' : ` --byzantine-rpc ${byzantineRpc}`
for (const { seed, why } of ledger.failing.slice(0, 5) as readonly Failing[]) {
  console.log(`\nuniverse ${seed}: ${why}`)
  console.log(`run it again with: pnpm sim -- --seeds 1 --seed ${seed}${liars} --trace`)
  const least = interrupted ? undefined : await crew[0]?.carryOut({ do: 'shrink', seed, ...draw })
  if (least?.is === 'shrunk') console.log(least.lines.map((line) => `  ${line}`).join('\n'))
}
for (const member of crew) member.end()

const figures = Campaign.figuresOf(ledger.sums)
const rate = (per: number) => Math.round((figures.universes / Math.max(per, 0.001)) * 10) / 10
console.log(
  `${figures.universes} universes from seed ${options.from}: ${figures.violations} violations, ${figures.lost} units lost, ${figures.repeated} run twice to the same hash; ${figures.faults.mean} faults each (least ${figures.faults.least}); ${rate(ledger.seconds)} a second, ${rate(ledger.cpuSeconds)} a second of CPU`,
)
for (const [name, count] of Object.entries(figures.outcomes).sort())
  console.log(`  ${String(count).padStart(6)}  ${name}`)
if (interrupted) console.log(`interrupted: go on with --resume`)
// Least number of faults of every universe; a campaign of fewer would show less than it says.
const FAULTS = 20
const pass =
  figures.universes >= universes &&
  figures.violations === 0 &&
  figures.lost === 0n &&
  figures.faults.least >= FAULTS
console.log(
  JSON.stringify({
    gate: byzantineRpc === undefined ? 'sim' : 'sim-liars',
    ...figures,
    lost: String(figures.lost),
    from: options.from,
    ...draw,
    failing: ledger.failing.map(({ seed }) => seed),
    jobs: crew.length,
    seconds: Math.round(ledger.seconds * 10) / 10,
    universesPerSecond: rate(ledger.seconds),
    universesPerCpuSecond: rate(ledger.cpuSeconds),
    sources: made.hash.slice(0, 16),
    pass,
  }),
)
if (!pass) process.exitCode = 1
