import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'
import { ABSENT } from './files.js'
import type { Tally } from './reader.js'

/** What the vectors project has come to, rewritten after each file. */
export interface Report {
  readonly tallies: readonly Tally[]
  /** What failed, or was left out in silence, beside the tallies. */
  readonly broken: readonly string[]
  /** Groups of files, each of which is one test. */
  readonly tests: { readonly passed: number; readonly failed: number; readonly skipped: number }
  readonly running: readonly string[]
  readonly done: boolean
}

/** A vitest reporter that prints a line for each file and keeps a {@link Report}. */
export function vectorsReporter(file: string, root: string): Reporter {
  const tallies: Tally[] = []
  const broken: string[] = []
  const tests = { passed: 0, failed: 0, skipped: 0 }
  const running = new Set<string>()
  const nameOf = (module: TestModule) => relative(root, module.moduleId)
  const write = (done: boolean) => {
    const report: Report = { tallies, broken, tests, running: [...running], done }
    writeFileSync(file, `${JSON.stringify(report)}\n`)
  }
  return {
    onInit: () => write(false),
    onTestModuleStart: (module) => {
      running.add(nameOf(module))
      write(false)
    },
    onTestModuleEnd: (module) => {
      const name = nameOf(module)
      running.delete(name)
      let cases = 0
      let failed = 0
      for (const test of module.children.allTests()) {
        const result = test.result()
        const tally = test.meta().vectors
        if (tally !== undefined) {
          tallies.push(tally)
          cases += tally.passed + tally.failed
        }
        if (result.state === 'failed') {
          failed++
          tests.failed++
          console.log(`✗ ${test.fullName}\n${result.errors.map(({ message }) => message).join('\n')}\n`)
          if (tally === undefined) broken.push(`${name}: the test "${test.fullName}" failed: repair it`)
          else if (tally.failed === 0)
            broken.push(`${name}: "${test.fullName}" failed outside its cases: repair its reader`)
        } else if (result.state === 'passed') {
          if (tally?.listed === undefined) tests.passed++
          else tests.skipped++
        } else if (!test.name.endsWith(ABSENT)) {
          tests.skipped++
          broken.push(`${name}: "${test.fullName}" is skipped without a reason: run it, or list its files`)
        }
      }
      const errors = module.errors().map(({ message }) => message)
      if (errors.length > 0 || (failed === 0 && module.state() === 'failed')) {
        failed++
        tests.failed++
        broken.push(`${name} can't be run: ${errors.join('; ') || 'vitest says no more'}`)
      }
      const seconds = (module.diagnostic().duration / 1000).toFixed(1).padStart(6)
      console.log(`${failed === 0 ? '✓' : '✗'} ${seconds} s ${String(cases).padStart(6)} cases  ${name}`)
      write(false)
    },
    onTestRunEnd: (_, errors) => {
      for (const { message } of errors) broken.push(`vitest: ${message}`)
      write(true)
    },
  }
}
