import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apply, said } from '../seeded-bugs/apply.js'
import { bugs } from '../seeded-bugs/bugs.js'
import { root } from '../workspace.js'

test('each seeded bug still has its place, and its tests are there', () => {
  const complaints = bugs.flatMap((bug) => {
    const applied = apply(bug, readFileSync(join(root, bug.file), 'utf8'))
    const missing = bug.tests.filter((file) => !existsSync(join(root, file)))
    return [
      ...('complaint' in applied ? [applied.complaint] : []),
      ...missing.map((file) => `${bug.name}: there is no ${file}`),
    ]
  })
  expect(complaints).toEqual([])
  expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length)
  expect(bugs.length).toBeGreaterThanOrEqual(60)
})

test('a text that stands twice, or not at all, is no place for a bug', () => {
  const bug = { name: 'x', file: 'f.ts', from: 'a', to: '$&b', tests: [] }
  expect(apply(bug, 'bab')).toEqual({ source: 'b$&bb' })
  expect(apply(bug, 'aa')).toEqual({ complaint: 'x: what it replaces stands 2 times in f.ts, not once' })
  expect(apply(bug, 'b')).toEqual({ complaint: 'x: what it replaces stands 0 times in f.ts, not once' })
})

test('a bug is noticed by a test that fails for what it does, not because it makes no sense', () => {
  const one = (status: string, fullName: string, ...failureMessages: string[]) => ({
    status,
    fullName,
    failureMessages,
  })
  const report = (passed: number, ...assertionResults: ReturnType<typeof one>[]) => ({
    numPassedTests: passed,
    testResults: [{ status: passed > 0 ? 'passed' : 'failed', message: 'why', assertionResults }],
  })
  const noticed = one('failed', 'S7', 'AssertionError: expected 1 to be 2')
  const senseless = one('failed', 'S8', 'ReferenceError: left is not defined\n    at step')
  expect(said(report(3, noticed, senseless), ['a'])).toEqual({ passed: 3, failed: ['S7'] })
  expect(said(report(3, senseless), ['a'])).toEqual({
    passed: 3,
    failed: [],
    broken: 'it does not compile: ReferenceError: left is not defined',
  })
  const drawn = one(
    'failed',
    'S8',
    'Error: Property failed after 1 tests\nCaused by: ReferenceError: x is not defined',
  )
  expect(said(report(3, drawn), ['a']).failed).toEqual([])
  expect(said(report(3, one('passed', 'S9')), ['a'])).toEqual({ passed: 3, failed: [] })
  expect(said(report(0), ['a']).broken).toBe('not loaded: why')
  expect(said({ numPassedTests: 0, testResults: [] }, ['a']).broken).toBe('no test in a')
})
