import { conform, type Report } from '../packages/devnet/test/conformance/conform.js'
import { CHAINS } from '../packages/devnet/test/conformance/drivers.js'
import { asked } from './options.js'

/*
 * `pnpm conform -- --traces <number> [--seed <number>] [--chain <name>]`: random traces of acts on each chain's own lock, compared with
 * one reference automaton; the last line is JSON. A difference, or a control that finds none, ends with exit code 1.
 */

const { value, whole } = asked(['traces', 'seed', 'chain'])
const traces = whole('traces', 200, 1)
const seed = whole('seed', (Math.random() * 0x7fffffff) | 0)
const wanted = value('chain')
const chains = CHAINS.filter(({ name }) => wanted === undefined || name === wanted)
if (chains.length === 0)
  throw new Error(`no chain ${wanted} among ${CHAINS.map(({ name }) => name).join(', ')}`)

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))
console.log(`conform: seed ${seed}, ${traces} traces a chain`)
const reports: (Omit<Report, 'differences'> & { differences: number; seconds: number })[] = []
const skipped: Record<string, string> = {}
for (const chain of chains) {
  const { name } = chain
  if ('skip' in chain) {
    skipped[name] = chain.skip
    console.log(`${name}: skipped: ${chain.skip}`)
    continue
  }
  const started = Date.now()
  const driver = await chain.create()
  try {
    const report = await conform(driver, {
      traces,
      seed,
      progress: (done) => {
        if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${done} of ${traces}`)
      },
    })
    if (process.stderr.isTTY) process.stderr.write('\r')
    const seconds = Math.round((Date.now() - started) / 100) / 10
    reports.push({ ...report, differences: report.differences.length, seconds })
    const { acts, locked, claimed, refunded, refused, inapplicable, payouts, control } = report
    console.log(
      `${name}: ${acts} acts: ${locked} locked, ${claimed} claimed, ${refunded} refunded, ${refused} refused, ${inapplicable} inapplicable; ${payouts} payouts compared; ${report.differences.length} differences; the wrong reference is found out by ${control} traces; ${seconds} s`,
    )
    for (const { trace, act, expected, received, of } of report.differences)
      console.log(
        `  trace ${trace}, act ${act}: ${shown(expected)} expected, ${shown(received)} seen, in ${shown(of)}`,
      )
  } finally {
    await driver.close()
  }
}
const pass =
  reports.length > 0 && reports.every(({ differences, control }) => differences === 0 && control > 0)
console.log(shown({ conform: true, seed, traces, chains: reports, skipped, pass }))
if (!pass) process.exitCode = 1
