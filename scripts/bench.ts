import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { median, round } from '../packages/proofs/bench/gate.js'
import { type Gate, groups } from '../packages/proofs/bench/index.js'
import { root } from './workspace.js'

const runs = 15

/** Milliseconds that a fresh Node takes to import a module, as that process measures it. */
function importTime(specifier: string): number {
  const code = `const t = performance.now(); await import('${specifier}'); console.log(performance.now() - t)`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: join(root, 'packages/adapters'),
    encoding: 'utf8',
    timeout: 60_000,
  })
  return Number(output)
}

function importOfCore(): Gate {
  const times: { core: number[]; viem: number[]; again: number[] } = { core: [], viem: [], again: [] }
  importTime('viem')
  importTime('@aitbc/core')
  for (let run = 0; run < runs; run++) {
    times.core.push(importTime('@aitbc/core'))
    times.viem.push(importTime('viem'))
    times.again.push(importTime('viem'))
  }
  const viem = median(times.viem)
  const value = median(times.core) / viem
  const control = median(times.again) / viem
  return {
    gate: 'import-core',
    value: round(value),
    target: '<= 0.3',
    baseline: `import 'viem' (${round(viem)} ms, median of ${runs})`,
    negativeControl: `'viem' in the place of core: ${round(control)}, ${control <= 0.3 ? 'passes, so this measures nothing' : 'fails as it must'}`,
    pass: value <= 0.3 && control > 0.3,
  }
}

const started = performance.now()
const gates: Gate[] = []
for (const measure of [async () => [importOfCore()], ...groups])
  for (const gate of await measure()) {
    gates.push(gate)
    console.log(JSON.stringify(gate))
  }
const pass = gates.length > 0 && gates.every((gate) => gate.pass)
const seconds = Math.round((performance.now() - started) / 1000)
console.log(JSON.stringify({ gate: 'bench', gates: gates.length, seconds, pass }))
if (!pass) process.exitCode = 1
