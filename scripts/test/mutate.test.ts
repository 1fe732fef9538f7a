import { expect, test } from 'vitest'
import { type Explained, judge, type Mutant, type Report } from '../mutate/judge.js'

const FILE = 'packages/proofs/src/x/X.ts'
const mutant = (line: number, status: string, replacement: string): Mutant => ({
  mutatorName: 'EqualityOperator',
  replacement,
  status,
  location: { start: { line, column: 5 }, end: { line, column: 9 } },
})
const report = (...mutants: readonly Mutant[]): Report => ({
  files: { [FILE]: { source: 'first\n  if (a < b) return\nlast', mutants } },
})
const excuse: Explained = {
  file: FILE,
  mutator: 'EqualityOperator',
  line: 'if (a < b) return',
  replacement: 'a <= b',
  why: 'a is never b',
}

test('default: the score is what was found of what is not explained', () => {
  const found = report(
    mutant(1, 'Killed', 'x'),
    mutant(1, 'Timeout', 'y'),
    mutant(2, 'Survived', 'a <= b'),
    mutant(2, 'NoCoverage', 'a >= b'),
    mutant(3, 'RuntimeError', 'z'),
    mutant(3, 'Ignored', 'z'),
  )
  expect(judge(found, [])).toMatchObject({ mutants: 4, killed: 2, explained: 0, score: 50, complaints: [] })
  const judgement = judge(found, [excuse])
  expect(judgement).toMatchObject({ mutants: 4, killed: 2, explained: 1, score: 66.66, complaints: [] })
  expect(judgement.survivors).toEqual([{ ...excuse, replacement: 'a >= b', why: '', at: `${FILE}:2:5` }])
})

test('error: an explanation of nothing, one without a reason, one for another line', () => {
  const killed = report(mutant(2, 'Killed', 'a <= b'))
  expect(judge(killed, [excuse]).complaints).toEqual([expect.stringContaining('take it from the list')])
  const survived = report(mutant(2, 'Survived', 'a <= b'))
  for (const status of ['Timeout', 'Ignored'])
    expect(judge(report(mutant(2, status, 'a <= b')), [excuse]).complaints).toEqual([])
  expect(judge(survived, [{ ...excuse, why: '' }]).complaints).toHaveLength(1)
  expect(judge(survived, [{ ...excuse, line: 'if (b) return' }])).toMatchObject({ explained: 0, score: 0 })
})

test('behavior: explanations of files that were not mutated are left alone', () => {
  expect(judge(report(), [{ ...excuse, file: 'packages/proofs/src/y/Y.ts' }])).toMatchObject({
    complaints: [],
    score: 100,
  })
})

test('behavior: a mutant with which a test file is not even loaded is found; one that all tests met survives', () => {
  const testFiles = { 'a.test.ts': { tests: [{}, {}] }, 'b.test.ts': { tests: [{}] } }
  const withTests = (testsCompleted: number, options = {}) => {
    const survivor = { ...mutant(2, 'Survived', 'a <= b'), static: true, testsCompleted }
    return judge({ ...report(survivor), testFiles }, [], options)
  }
  expect(withTests(1)).toMatchObject({ killed: 1, score: 100 })
  expect(withTests(3)).toMatchObject({ killed: 0, score: 0 })
  const survivor = { ...mutant(2, 'Survived', 'a <= b'), static: true, testsCompleted: 1 }
  expect(judge({ ...report(survivor), testFiles }, [excuse]).complaints).toEqual([])
  // Where such mutants weren't tried with every test, that some tests didn't run says nothing.
  expect(withTests(1, { loads: false })).toMatchObject({ killed: 0, score: 0 })
})
