import { expect, test } from 'vitest'
import { counts, problemsOf, type Row, refresh, rowsOf, titlesOf } from '../safety-table.js'

const all = Object.entries(counts).flatMap(([letter, count]) =>
  Array.from(
    { length: count },
    (_, i): Row => ({ number: `${letter}${i + 1}`, what: 'w', tests: [], reason: 'later' }),
  ),
)
const withRow = (number: string, change: Partial<Row>) =>
  all.map((row) => (row.number === number ? { ...row, ...change } : row))
const title = { file: 'a.test.ts', title: 'H7: x', numbers: ['H7'] }

test('default: titles are found in every form of a test', () => {
  const text = `
    test('H1: a', () => {})
    it.each([1])('H2, S3: b', () => {})
    test.prop([])(\`A4/A5: \${1}\`, () => {})
    describe('L6: c', () => { it('no number', () => {}) })
    readVectors({ topic: 'json', title: 'A36: d', folder: 'H8: x' })
    readVectors({ topic: 'json', folder: 'H9: x' })
    test('Layer L2 is no prefix', () => {})
    other('H9: not a test')`
  expect(titlesOf('a.test.ts', text).map((t) => t.numbers)).toEqual([
    ['H1'],
    ['H2', 'S3'],
    ['A4', 'A5'],
    ['L6'],
    ['A36'],
  ])
})

test('default: a table of all numbers, each with a reason or a test, is right', () => {
  expect(problemsOf(all, [])).toEqual([])
  expect(problemsOf(withRow('H7', { tests: ['a.test.ts'], reason: '' }), [title])).toEqual([])
})

test('behavior: refreshing lists the files; a reason goes when a test comes, unless it says what is left', () => {
  const table =
    '| H7 | w |  | later |\n| H8 | v | `gone.test.ts` | left: half |\n| H9 | u | `gone.test.ts` |  |'
  const next = refresh(table, [title, { ...title, numbers: ['H8'] }])
  expect(next).toBe(
    '| H7 | w | `a.test.ts` |  |\n| H8 | v | `a.test.ts` | left: half |\n| H9 | u |  | not tested yet |',
  )
  expect(rowsOf(next)).toHaveLength(3)
})

test.each([
  ['missing', all.slice(1), []],
  ['twice', [...all, ...all.slice(0, 1)], []],
  ['no number', [...all, { number: 'H99', what: 'w', tests: [], reason: 'r' }], []],
  ['no description', withRow('H7', { what: '' }), []],
  ['neither test nor reason', withRow('H7', { reason: '' }), []],
  ['a reason that is none', withRow('H7', { reason: 'not tested yet' }), []],
  ['a test that is not there', withRow('H7', { tests: ['b.test.ts'] }), [title]],
  ['a title that is not listed', all, [title]],
  ['a title with an unknown number', all, [{ ...title, numbers: ['S23'] }]],
])('error: %s', (_, rows, titles) => {
  expect(problemsOf(rows, titles).length).toBeGreaterThan(0)
})
