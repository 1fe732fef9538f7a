import { Campaign, Universe } from '../packages/devnet/src/world/index.js'

/*
 * `pnpm sim -- --seeds <number> [--seed <first>] [--byzantine-rpc <liars of 4>] [--twice <every>] [--trace]`: simulated universes, each
 * with faults of its own, in virtual time. A violation is printed with its plan and its trace, made smaller by taking faults away, and
 * told how to be run again; it ends with exit code 1. The last line is JSON.
 */

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const whole = (name: string, otherwise: number, most = Number.MAX_SAFE_INTEGER): number => {
  const value = Number(option(name) ?? otherwise)
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw new Error(`--${name} is a whole number up to ${most}, got ${option(name)}`)
  return value
}
const universes = whole('seeds', 100)
const from = whole('seed', 1)
const byzantineRpc = option('byzantine-rpc') === undefined ? undefined : whole('byzantine-rpc', 3, 4)
const draw = byzantineRpc === undefined ? {} : { byzantineRpc }
const tracing = process.argv.includes('--trace')

const failing: Universe.Report[] = []
let done = 0
const began = process.hrtime.bigint()
const cpu = process.cpuUsage()
const figures = await Campaign.run({
  from,
  universes,
  ...draw,
  twiceEvery: whole('twice', 25),
  onReport(report) {
    done++
    if (report.violations.length > 0) failing.push(report)
    if (tracing) console.log([...Universe.describe(report.plan), ...report.trace, report.hash].join('\n'))
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${universes}`)
  },
})
if (process.stderr.isTTY) process.stderr.write('\r')
const seconds = Number((process.hrtime.bigint() - began) / 1_000_000n) / 1000
const used = process.cpuUsage(cpu)
const busy = (used.user + used.system) / 1_000_000

for (const { plan, violations } of failing.slice(0, 5)) {
  const liars = byzantineRpc === undefined ? '' : ` --byzantine-rpc ${byzantineRpc}`
  console.log(
    `\nuniverse ${plan.seed}: ${violations.map((it) => `${it.property}: ${it.message}`).join('; ')}`,
  )
  console.log(`run it again with: pnpm sim -- --seeds 1 --seed ${plan.seed}${liars} --trace`)
  const least = await Universe.shrink(plan)
  console.log([...Universe.describe(least.plan), ...least.trace].map((line) => `  ${line}`).join('\n'))
}
const rate = (per: number) => Math.round((universes / per) * 10) / 10
console.log(
  `${universes} universes from seed ${from}: ${figures.violations} violations, ${figures.lost} units lost, ${figures.repeated} run twice to the same hash; ${figures.faults.mean} faults each (least ${figures.faults.least}); ${rate(seconds)} a second, ${rate(busy)} a second of CPU`,
)
for (const [name, count] of Object.entries(figures.outcomes))
  console.log(`  ${String(count).padStart(6)}  ${name}`)
const pass = figures.violations === 0 && figures.lost === 0n
console.log(
  JSON.stringify({
    gate: 'sim',
    ...figures,
    lost: String(figures.lost),
    from,
    ...draw,
    failing: failing.map(({ plan }) => plan.seed),
    seconds: Math.round(seconds * 10) / 10,
    universesPerSecond: rate(seconds),
    universesPerCpuSecond: rate(busy),
    pass,
  }),
)
if (!pass) process.exitCode = 1
