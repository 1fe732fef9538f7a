import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { asked } from '../options.js'
import { attack, type Outcome } from './attacks.js'
import { effortOf } from './effort.js'
import { FAMILIES } from './families.js'
import { UNBOUND } from './unbound.js'

/*
 * `pnpm adversary [--family <name>] [--seed <number>] [--effort <part of 1>]`: every valid proof of the published data, and some
 * made for what they lack, under attack; see the table that it prints.
 */

const self = fileURLToPath(import.meta.url)
const { value, whole } = asked(['family', 'seed', 'effort', 'one'])
const seed = whole('seed', (Math.random() * 0x7fffffff) | 0)
const part = Number(value('effort') ?? 1)
if (!(part > 0 && Number.isFinite(part))) throw new Error(`--effort is a part of 1, got ${value('effort')}`)

async function alone(family: string): Promise<void> {
  setFlagsFromString('--expose-gc')
  setFlagsFromString('--max-semi-space-size=128')
  ;(globalThis as { gc?: unknown }).gc = runInNewContext('gc')
  const specimens = FAMILIES[family]
  if (specimens === undefined)
    throw new Error(`no family ${family} among ${Object.keys(FAMILIES).join(', ')}`)
  const effort = effortOf(part, family, Object.keys(FAMILIES))
  const outcome = attack(family, [...specimens()], UNBOUND, effort, seed)
  console.log(JSON.stringify(outcome))
}

function inProcess(family: string): Promise<Outcome & { readonly seconds: number }> {
  const started = Date.now()
  const args = [...process.execArgv, self, '--one', family, '--seed', String(seed), '--effort', String(part)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code !== 0) reject(new Error(`${family} ends with ${code}`))
      else resolve({ ...JSON.parse(output), seconds: Math.round((Date.now() - started) / 100) / 10 })
    })
  })
}

async function main(): Promise<void> {
  const one = value('one')
  if (one !== undefined) return alone(one)
  const names = Object.keys(FAMILIES).filter((name) => name === (value('family') ?? name))
  console.log(`adversary: seed ${seed}, effort ${part}`)
  const began = Date.now()
  const outcomes: (Outcome & { seconds: number })[] = []
  const queue = [...names]
  const work = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift())
      outcomes.push(await inProcess(name))
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work))
  outcomes.sort((a, b) => names.indexOf(a.family) - names.indexOf(b.family))
  console.table(
    Object.fromEntries(
      outcomes.map((it) => [
        it.family,
        {
          specimens: it.specimens,
          bits: it.bits,
          listed: Object.values(it.listed).reduce((a, b) => a + b, 0),
          swaps: it.swaps,
          encodings: it.encodings,
          random: it.random,
          mutated: it.mutated,
          untrusted: it.untrusted,
          'ms/kB': Math.round(it.slowest * 100) / 100,
          'B/B': Math.round(it.heaviest * 10) / 10,
          faults: it.faults.length,
          s: it.seconds,
        },
      ]),
    ),
  )
  for (const { family, listed } of outcomes)
    for (const [field, count] of Object.entries(listed))
      console.log(`unbound: ${family}: ${field} (${count} changes accepted, verdicts alike)`)
  for (const { family, faults } of outcomes) for (const fault of faults) console.log(`✗ ${family}: ${fault}`)
  const sum = (of: (it: Outcome) => number) => outcomes.reduce((total, it) => total + of(it), 0)
  // A listed field that all changes found bound is no reason to list it; where they are drawn, it may be missed.
  const idle =
    part === 1
      ? UNBOUND.filter((it) =>
          outcomes.some((one) => one.family === it.family && one.listed[it.fields.join(' + ')] === undefined),
        )
      : []
  const wrong = idle.filter((it) => outcomes.some((one) => one.family === it.family && !one.sampled))
  for (const it of idle)
    console.log(
      `${wrong.includes(it) ? '✗' : 'note:'} ${it.family}: ${it.fields.join(' + ')} is listed as unbound, and no change of it was accepted`,
    )
  const faults = sum((it) => it.faults.length) + wrong.length
  console.log(
    JSON.stringify({
      gate: 'adversary',
      seed,
      families: outcomes.length,
      specimens: sum((it) => it.specimens),
      bits: sum((it) => it.bits),
      swaps: sum((it) => it.swaps),
      encodings: sum((it) => it.encodings),
      random: sum((it) => it.random),
      mutated: sum((it) => it.mutated),
      untrusted: sum((it) => it.untrusted),
      unbound: UNBOUND.length,
      slowestMsPerKB: Math.round(Math.max(...outcomes.map((it) => it.slowest)) * 100) / 100,
      mostAllocatedPerByte: Math.round(Math.max(...outcomes.map((it) => it.heaviest)) * 10) / 10,
      seconds: Math.round((Date.now() - began) / 1000),
      faults,
      pass: faults === 0 && outcomes.length > 0,
    }),
  )
  if (faults > 0 || outcomes.length === 0) process.exitCode = 1
}

if (process.argv[1] === self) await main()
