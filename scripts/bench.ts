import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { syncCommitteeUpdate } from '../packages/proofs/bench/syncCommittee.js'
import { root } from './workspace.js'

/**
 * One gate: a ratio, measured with its candidates interleaved, and a control in the same code path that must not
 * pass. `pass` is false when the value misses its target, and also when the control meets it.
 */
interface Gate {
  readonly gate: string
  readonly value: number
  readonly target: string
  readonly baseline: string
  readonly negativeControl: string
  readonly pass: boolean
}

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

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
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

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

const gates = [importOfCore(), syncCommitteeUpdate()]
for (const gate of gates) console.log(JSON.stringify(gate))
const pass = gates.length > 0 && gates.every((gate) => gate.pass)
console.log(JSON.stringify({ gate: 'bench', gates: gates.length, pass }))
if (!pass) process.exitCode = 1
