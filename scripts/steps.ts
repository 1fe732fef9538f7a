import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunReport } from './tally-reporter.js'
import { root } from './workspace.js'

/** Where the suites leave their figures; git-ignored. */
export const reports = join(root, '.reports')

/** What a suite came to. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** What a step returns beside having passed; `undefined` figures are not printed. */
export interface Outcome {
  readonly figures?: Readonly<Record<string, unknown>>
  readonly tests?: Tally
  /** Why a step could not run here; never for a failure. */
  readonly skipped?: string
}

/** One step: its name and what it does. A rejection is a failure. */
export interface Step {
  readonly name: string
  readonly run: () => Promise<Outcome | undefined>
}

/** A failed step that nevertheless knows its tally. */
export class StepFailure extends Error {
  readonly outcome: Outcome
  constructor(message: string, outcome: Outcome = {}) {
    super(message)
    this.outcome = outcome
  }
}

/**
 * Runs steps one after another and prints the time of each, then a summary, then one JSON line of all figures.
 * Stops at the first failure unless told to go on; the exit code says whether all passed.
 */
export async function runSteps(
  name: string,
  steps: readonly Step[],
  { keepGoing = false }: { readonly keepGoing?: boolean } = {},
): Promise<void> {
  const seconds: Record<string, number> = {}
  const tests: Record<string, Tally> = {}
  const skipped: Record<string, string> = {}
  const figures: Record<string, unknown> = {}
  const failed: string[] = []
  const lines: string[] = []
  const began = Date.now()
  let interrupted = false
  process.once('SIGINT', () => {
    interrupted = true
  })
  for (const [index, step] of steps.entries()) {
    console.log(`\n▶ ${step.name} (${index + 1}/${steps.length})`)
    const start = Date.now()
    let outcome: Outcome = {}
    let complaint: string | undefined
    try {
      outcome = (await step.run()) ?? {}
    } catch (error) {
      complaint = error instanceof Error ? error.message : String(error)
      if (error instanceof StepFailure) outcome = error.outcome
      failed.push(step.name)
    }
    seconds[step.name] = Math.round((Date.now() - start) / 100) / 10
    if (outcome.tests !== undefined) tests[step.name] = outcome.tests
    if (outcome.skipped !== undefined) skipped[step.name] = outcome.skipped
    Object.assign(figures, outcome.figures)
    const mark = complaint !== undefined ? '✗' : outcome.skipped !== undefined ? '–' : '✓'
    const tally = outcome.tests
    const line = [
      `${mark} ${step.name.padEnd(16)} ${seconds[step.name]?.toFixed(1).padStart(6)} s`,
      tally === undefined ? '' : `  ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`,
      outcome.skipped === undefined ? '' : `  skipped: ${outcome.skipped}`,
      complaint === undefined ? '' : `  ${complaint}`,
    ].join('')
    console.log(line)
    lines.push(line)
    if (interrupted || (complaint !== undefined && !keepGoing)) break
  }
  const notRun = steps.slice(lines.length).map((step) => step.name)
  console.log(`\n${name}\n${lines.join('\n')}`)
  if (notRun.length > 0) console.log(`not run: ${notRun.join(', ')}`)
  const pass = failed.length === 0 && notRun.length === 0
  const total = sum(Object.values(tests))
  console.log(
    JSON.stringify({
      gate: name,
      steps: lines.length,
      totalSeconds: Math.round((Date.now() - began) / 100) / 10,
      seconds,
      passed: total.passed,
      failed: total.failed,
      skipped: total.skipped,
      tests,
      ...(Object.keys(skipped).length > 0 ? { stepsSkipped: skipped } : {}),
      ...figures,
      ...(failed.length > 0 ? { failedSteps: failed } : {}),
      ...(notRun.length > 0 ? { notRun } : {}),
      pass,
    }),
  )
  process.exitCode = pass ? 0 : 1
}

/** Adds tallies up. */
export function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }),
    { passed: 0, failed: 0, skipped: 0 },
  )
}

/** Runs a program of the workspace (`node_modules/.bin`) or of PATH; rejects when it fails or takes too long. */
export async function exec(
  command: string,
  args: readonly string[],
  {
    env = {},
    minutes = 10,
    capture = false,
  }: { env?: Record<string, string>; minutes?: number; capture?: boolean } = {},
): Promise<string> {
  const { code, output } = await start(command, args, { env, minutes, capture })
  if (code !== 0) {
    if (capture) process.stdout.write(output)
    throw new StepFailure(`${command} ${args.slice(0, 3).join(' ')} ended with ${code}`)
  }
  return output
}

/** Runs a program and says what it ended with. */
export function start(
  command: string,
  args: readonly string[],
  {
    env,
    minutes,
    capture,
    cwd = root,
  }: { env: Record<string, string>; minutes: number; capture: boolean; cwd?: string },
): Promise<{ code: number | string; output: string }> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what is too slow goes with all its children.
    const child = spawn(command, args, {
      cwd,
      detached: true,
      stdio: ['ignore', capture ? 'pipe' : 'inherit', capture ? 'pipe' : 'inherit'],
      env: { ...process.env, PATH: `${join(cwd, 'node_modules/.bin')}:${process.env.PATH}`, ...env },
    })
    const kill = (signal: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal)
      } catch {}
    }
    let late = false
    const timer = setTimeout(() => {
      late = true
      kill('SIGTERM')
      setTimeout(() => kill('SIGKILL'), 5_000).unref()
    }, minutes * 60_000)
    const forward = (signal: NodeJS.Signals) => {
      kill(signal)
      process.exitCode = 130
    }
    process.once('SIGINT', forward).once('SIGTERM', forward)
    let output = ''
    child.stdout?.on('data', (data) => {
      output += data
    })
    child.stderr?.on('data', (data) => {
      output += data
    })
    const done = () => {
      clearTimeout(timer)
      process.off('SIGINT', forward).off('SIGTERM', forward)
    }
    child.on('error', (error) => {
      done()
      reject(error)
    })
    child.on('close', (code, signal) => {
      done()
      resolve({ code: late ? `a timeout of ${minutes} minutes` : (code ?? signal ?? 'nothing'), output })
    })
  })
}

/** A script of this folder, whose last line is its JSON of figures. */
export async function script(file: string, ...args: string[]): Promise<Outcome> {
  const output = await exec(process.execPath, ['--import', 'tsx', `scripts/${file}`, ...args], {
    capture: true,
    minutes: 45,
  })
  process.stdout.write(output)
  const last = output.trim().split('\n').at(-1) ?? ''
  const { gate, pass, ...figures } = JSON.parse(last)
  if (pass !== true) throw new StepFailure(`${gate} did not pass`, { figures: { [gate]: figures } })
  return { figures: { [gate]: figures } }
}

/** Runs one vitest project and keeps its tally in {@link reports}, also when it fails, breaks or hangs: so many minutes are no busy machine's. */
export async function runVitest(project: string, { minutes = 30 } = {}): Promise<Outcome> {
  mkdirSync(reports, { recursive: true })
  const file = join(reports, `vitest-${project}.json`)
  rmSync(file, { force: true })
  const args = ['run', '--project', project, '--passWithNoTests']
  const { code } = await start('vitest', args, { env: { AITBC_TALLY: file }, minutes, capture: false })
  let report: RunReport = {
    passed: 0,
    failed: 0,
    skipped: 0,
    left: [],
    failures: [],
    running: [],
    done: false,
  }
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
  } catch {}
  for (const title of report.left) console.log(`skipped: ${title}`)
  for (const name of report.running) console.log(`had not ended: ${name}`)
  const { tests, why } = judged(code, report)
  writeTally(project, tests)
  writeFileSync(join(reports, `failures-${project}.json`), JSON.stringify(report.failures))
  if (why !== undefined) throw new StepFailure(why, { tests })
  return { tests }
}

/**
 * What a run of vitest came to. One that fails outside its tests counts as a failure, and so does one that says nothing is wrong and has no
 * test that passed, or no end: it would show nothing.
 */
export function judged(
  code: number | string,
  { passed, failed, skipped, done }: Pick<RunReport, 'passed' | 'failed' | 'skipped' | 'done'>,
): { readonly tests: Tally; readonly why?: string } {
  const why =
    code !== 0
      ? `vitest ended with ${code}`
      : failed > 0
        ? 'tests failed'
        : !done
          ? 'vitest left no tally'
          : passed === 0
            ? 'no test ran'
            : undefined
  if (why === undefined) return { tests: { passed, failed, skipped } }
  return { tests: { passed, failed: failed === 0 ? 1 : failed, skipped }, why }
}

/** Keeps the tally of a suite for the last line of `.ci/run`. */
export function writeTally(suite: string, tally: Tally): void {
  mkdirSync(reports, { recursive: true })
  writeFileSync(join(reports, `tally-${suite}.json`), `${JSON.stringify(tally)}\n`)
}
