import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { exec, judged, runSteps, StepFailure } from '../steps.js'
import { root } from '../workspace.js'

const tally = (passed: number, failed: number, skipped: number) => ({ passed, failed, skipped })
const good = { name: 'good', run: async () => ({ tests: tally(3, 0, 1), figures: { size: 7 } }) }
const bad = {
  name: 'bad',
  run: async () => {
    throw new StepFailure('it broke', { tests: tally(1, 2, 0) })
  },
}

test('a run of tests counts only where some passed, none failed, and its tally is whole', () => {
  const run = { passed: 3, failed: 0, skipped: 1, done: true }
  expect(judged(0, run)).toEqual({ tests: tally(3, 0, 1) })
  expect(judged(1, run)).toEqual({ tests: tally(3, 1, 1), why: 'vitest ended with 1' })
  expect(judged('a timeout', run).why).toBe('vitest ended with a timeout')
  expect(judged(0, { ...run, failed: 2 })).toEqual({ tests: tally(3, 2, 1), why: 'tests failed' })
  expect(judged(0, { ...run, passed: 0 })).toEqual({ tests: tally(0, 1, 1), why: 'no test ran' })
  expect(judged(0, { ...run, done: false })).toEqual({ tests: tally(3, 1, 1), why: 'vitest left no tally' })
})

describe('runSteps', () => {
  let lines: string[]
  beforeEach(() => {
    lines = []
    vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
  })
  afterEach(() => {
    vi.restoreAllMocks()
    process.exitCode = undefined
  })
  const last = () => JSON.parse(lines.at(-1) ?? '')

  test('default: figures, sums and times in the last line', async () => {
    await runSteps('x', [good, { ...good, name: 'again' }])
    expect(last()).toMatchObject({
      gate: 'x',
      steps: 2,
      passed: 6,
      failed: 0,
      skipped: 2,
      size: 7,
      pass: true,
    })
    expect(Object.keys(last().seconds)).toEqual(['good', 'again'])
    expect(process.exitCode).toBe(0)
  })

  test('behavior: stops at the first failure, says what did not run, still sums up', async () => {
    await runSteps('x', [good, bad, { ...good, name: 'after' }])
    expect(last()).toMatchObject({
      steps: 2,
      passed: 4,
      failed: 2,
      failedSteps: ['bad'],
      notRun: ['after'],
      pass: false,
    })
    expect(process.exitCode).toBe(1)
  })

  test('behavior: told to go on, it does, and fails all the same', async () => {
    await runSteps('x', [bad, good], { keepGoing: true })
    expect(last()).toMatchObject({ steps: 2, passed: 4, failed: 2, failedSteps: ['bad'], pass: false })
    expect(process.exitCode).toBe(1)
  })

  test('behavior: an interrupt during the last step that runs is no pass, whatever that one says', async () => {
    const interrupted = {
      name: 'interrupted',
      run: async () => {
        process.emit('SIGINT')
        return {}
      },
    }
    await runSteps('x', [interrupted, good])
    expect(last()).toMatchObject({ steps: 1, notRun: ['good'], pass: false })
    expect(process.exitCode).toBe(1)
  })

  test('behavior: a step that could not run says why', async () => {
    await runSteps('x', [
      { name: 'browser', run: async () => ({ skipped: 'no Chromium', tests: tally(0, 0, 4) }) },
    ])
    expect(last()).toMatchObject({ skipped: 4, stepsSkipped: { browser: 'no Chromium' }, pass: true })
    expect(lines.join('\n')).toContain('skipped: no Chromium')
  })
})

describe('exec', () => {
  test('error: a program that fails, and one that takes too long with its children', async () => {
    await expect(exec(process.execPath, ['-e', 'process.exit(3)'])).rejects.toThrow('ended with 3')
    const child = "require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' })"
    const began = performance.now()
    await expect(exec(process.execPath, ['-e', child], { minutes: 0.01, capture: true })).rejects.toThrow(
      'timeout',
    )
    expect(performance.now() - began).toBeLessThan(20_000)
  })
})

describe('the last line of .ci/run', () => {
  const line = (folder: string) =>
    execFileSync(process.execPath, [join(root, 'scripts/tests-line.mjs'), folder], { encoding: 'utf8' })

  test('default: sums over all suites', () => {
    const folder = mkdtempSync(join(tmpdir(), 'aitbc-line-'))
    try {
      writeFileSync(join(folder, 'tally-node.json'), JSON.stringify(tally(10, 1, 2)))
      writeFileSync(join(folder, 'tally-browser.json'), JSON.stringify(tally(5, 0, 1)))
      writeFileSync(join(folder, 'vitest-node.json'), '{}')
      writeFileSync(join(folder, 'failures-node.json'), JSON.stringify(['a.test.ts › one\n  why']))
      writeFileSync(join(folder, 'failures-browser.json'), '[]')
      expect(line(folder)).toBe('failed: a.test.ts › one\n  why\ntests: 15 passed, 1 failed, 3 skipped\n')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('behavior: nothing ran', () => {
    expect(line('/nowhere/at/all')).toBe('tests: 0 passed, 0 failed, 0 skipped\n')
  })
})
