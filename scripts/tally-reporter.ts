import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'

/** What a run has come to so far, rewritten after each file, so that a run that is killed still tells. */
export interface RunReport {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** The titles of what was skipped, so that nothing is left out in silence. */
  readonly left: readonly string[]
  /** What failed: its title, and the first lines of why. */
  readonly failures: readonly string[]
  /** Files that have begun and not ended. */
  readonly running: readonly string[]
  readonly done: boolean
}

/** A vitest reporter that keeps a {@link RunReport} in a file. */
export function tallyReporter(file: string, root: string): Reporter {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const left: string[] = []
  const failures: string[] = []
  const running = new Set<string>()
  const nameOf = (module: TestModule) => relative(root, module.moduleId)
  const write = (done: boolean) => {
    const report: RunReport = { ...counts, left, failures, running: [...running], done }
    writeFileSync(file, `${JSON.stringify(report)}\n`)
  }
  return {
    onInit: () => write(false),
    onTestModuleStart: (module) => {
      running.add(nameOf(module))
      write(false)
    },
    onTestModuleEnd: (module) => {
      running.delete(nameOf(module))
      let failed = 0
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') counts.passed++
        else if (state === 'failed') {
          failed++
          failures.push(described(`${nameOf(module)} › ${test.fullName}`, test.result().errors))
        } else {
          counts.skipped++
          left.push(`${nameOf(module)} › ${test.fullName}`)
        }
      }
      // A file that can't be loaded has no test that could fail.
      const broken = failed === 0 && module.state() === 'failed'
      counts.failed += broken ? 1 : failed
      if (broken) failures.push(described(nameOf(module), module.errors()))
      write(false)
    },
    onTestRunEnd: (_, errors, reason) => {
      if (errors.length > 0 || (reason === 'failed' && counts.failed === 0))
        counts.failed += Math.max(errors.length, 1)
      for (const error of errors) failures.push(described('outside the tests', [error]))
      write(true)
    },
  }
}

const LINES = 30

function described(
  title: string,
  errors: readonly { readonly message: string; readonly stack?: string }[] = [],
) {
  const why = errors.flatMap(({ message, stack }) => [...message.split('\n'), ...(stack ?? '').split('\n')])
  return [title, ...why.slice(0, LINES)].join('\n  ')
}
