import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { list } from '../vectors/files.js'
import { judge, type Run, raise } from '../vectors/judge.js'
import { sample, type Tally } from '../vectors/reader.js'
import { root } from '../workspace.js'

const tally = (fields: Partial<Tally>): Tally => ({
  topic: 'json',
  folder: 'json/a',
  files: [],
  passed: 0,
  failed: 0,
  skipped: [],
  ...fields,
})
/** Twenty files in two folders, all read. */
const good: Run = (() => {
  const a = Array.from({ length: 15 }, (_, i) => `json/a/${i}.json`)
  const b = Array.from({ length: 5 }, (_, i) => `caip/${i}.json`)
  return {
    files: [...b, ...a],
    committed: [...b, ...a],
    floors: { caip: 10, json: 40 },
    tallies: [
      ...a.map((path) => tally({ files: [path], passed: 3 })),
      tally({ topic: 'caip', folder: 'caip', files: b, passed: 9, skipped: [{ name: 'x', reason: 'why' }] }),
    ],
    broken: [],
  }
})()
const run = (fields: Partial<Run>): Run => ({ ...good, floors: { caip: 9, json: 40 }, ...fields })
const complaints = (fields: Partial<Run>) => judge(run(fields)).complaints
const notes = (fields: Partial<Run>) => judge(run(fields), { partial: true }).notes

describe('judge', () => {
  test('default: what is in order is summed up, by topic and by folder', () => {
    const { complaints, notes, figures, topics, folders } = judge(run({}))
    expect([complaints, notes]).toEqual([[], []])
    expect(figures).toEqual({ total: 55, passed: 54, failed: 0, skipped: 1 })
    expect(topics).toEqual({
      caip: { total: 10, passed: 9, failed: 0, skipped: 1 },
      json: { total: 45, passed: 45, failed: 0, skipped: 0 },
    })
    expect(Object.keys(folders)).toEqual(['caip', 'json/a'])
  })

  test('error: a directory or a file that no reader knows, also under --partial', () => {
    const files = [...good.files, 'json/new/x.json', 'top.json']
    expect(complaints({ files })).toEqual([
      expect.stringMatching(/^json\/new: no reader knows x.json: write one/),
      expect.stringMatching(/^\.: no reader knows top.json/),
    ])
    expect(judge(run({ files }), { partial: true }).complaints).toHaveLength(2)
  })

  test('error: a file claimed twice', () => {
    const twice = tally({ folder: 'json', files: ['json/a/3.json'], passed: 1 })
    expect(complaints({ tallies: [...good.tallies, twice] })).toEqual([
      'json/a/3.json is read by json/a and by json: leave it to one of them',
    ])
  })

  test('error: a skip without a reason, a listed file without one', () => {
    const [first, ...rest] = good.tallies as [Tally, ...Tally[]]
    expect(complaints({ tallies: [{ ...first, skipped: [{ name: 'y', reason: ' ' }] }, ...rest] })).toEqual([
      'json/a: y is skipped without a reason: say why, or run it',
    ])
    expect(complaints({ tallies: [{ ...first, listed: '' }, ...rest] })).toEqual([
      'json/a: json/a/0.json is listed without a reason: say why, or run it',
    ])
  })

  test('error: a topic below its floor, or without one', () => {
    expect(complaints({ floors: { caip: 10, json: 40 } })).toEqual([
      expect.stringMatching(/^caip: 9 cases were run, the floor .* is 10/),
    ])
    expect(complaints({ floors: { caip: 9, json: 40, solana: 1 } })).toEqual([
      expect.stringMatching(/^solana: 0 cases/),
    ])
    expect(complaints({ floors: { caip: 9 } })).toEqual([expect.stringMatching(/^json has no floor/)])
    expect(notes({ floors: { caip: 10, json: 40 } })).toHaveLength(1)
  })

  test('error: more than a tenth of the files listed; a listed file counts as skipped', () => {
    const listing = (count: number) =>
      good.tallies.map((one, i) => (i < count ? { ...one, passed: 0, listed: 'no code for it' } : one))
    const floors = { caip: 9, json: 1 }
    expect(judge(run({ tallies: listing(2), floors }))).toMatchObject({
      complaints: [],
      figures: { skipped: 3 },
    })
    expect(complaints({ tallies: listing(3), floors })).toEqual([
      expect.stringMatching(/^3 of 20 files are listed instead of run/),
    ])
  })

  test('error: a committed file that is gone; under --partial it is a note', () => {
    const [gone, ...files] = good.files
    const tallies = good.tallies.map((one) => ({ ...one, files: one.files.filter((path) => path !== gone) }))
    expect(complaints({ files, tallies })).toEqual([expect.stringMatching(/^caip lacks 0.json: restore/)])
    expect(judge(run({ files, tallies }), { partial: true })).toMatchObject({
      complaints: [],
      notes: [expect.stringContaining('caip lacks 0.json')],
    })
  })

  test('error: cases that failed, and what vitest says', () => {
    const [first, ...rest] = good.tallies as [Tally, ...Tally[]]
    expect(complaints({ tallies: [{ ...first, failed: 2 }, ...rest], broken: ['x.test.ts broke'] })).toEqual([
      'x.test.ts broke',
      expect.stringMatching(/^2 cases failed/),
    ])
  })

  test('behavior: one folder alone is judged without floors and without the other files', () => {
    const tallies = good.tallies.filter(({ folder }) => folder === 'caip')
    expect(judge(run({ tallies, floors: { caip: 99 } }), { only: 'caip' }).complaints).toEqual([])
    expect(judge(run({ tallies: [] }), { only: 'caip' }).complaints).toHaveLength(1)
  })

  test('behavior: floors are raised, never lowered', () => {
    const { topics } = judge(run({}))
    expect(raise({ solana: 4, json: 99 }, topics)).toEqual({ caip: 9, json: 99, solana: 4 })
  })
})

test('a sample goes over the whole length, and is no longer than what there is', () => {
  const ten = Array.from({ length: 10 }, (_, i) => i)
  expect([...sample(ten, 3)]).toEqual([0, 3, 6])
  expect([...sample(ten, 99)]).toEqual(ten)
  expect(sample(ten, Number.POSITIVE_INFINITY)).toBe(ten)
})

describe('pnpm vectors', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aitbc-vectors-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const vectors = (at: string, ...args: string[]) => {
    try {
      const output = execFileSync(
        process.execPath,
        ['--import', 'tsx', 'scripts/vectors/run.ts', '--partial', ...args],
        {
          cwd: root,
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
          env: { ...process.env, AITBC_VECTORS: at },
        },
      )
      return { code: 0, output, last: output.trim().split('\n').at(-1) }
    } catch (error) {
      const { status, stdout } = error as { status: number; stdout: string }
      return { code: status, output: stdout, last: stdout.trim().split('\n').at(-1) }
    }
  }

  test('behavior: documentation is no data', () => {
    put('a/README.md', '')
    put('LICENSE', '')
    put('a/LICENSE-MIT.json', '')
    expect(list(folder)).toEqual(['a/LICENSE-MIT.json'])
  })

  test('behavior: no folder is one skip with its reason', () => {
    const { code, output, last } = vectors('/nowhere/at/all')
    expect([code, last]).toEqual([0, '{"total": 1, "passed": 0, "failed": 0, "skipped": 1}'])
    expect(output).toContain('skipped: no vectors at /nowhere/at/all')
  })

  test('behavior: another folder of the same layout runs; its wrong cases fail', () => {
    const identifiers = (valid: boolean) =>
      JSON.stringify({
        cases: [
          { source: 'x', value: 'eip155:1', matches_spec_regex: valid },
          { source: 'x', value: 'no id', matches_spec_regex: false },
        ],
      })
    put('caip/caip2-true.json', identifiers(true))
    put('caip/caip10-false.json', identifiers(true))
    put('caip/caip7.json', identifiers(true))
    const { code, output, last } = vectors(folder, 'caip')
    expect([code, last]).toEqual([1, '{"total": 5, "passed": 3, "failed": 2, "skipped": 0}'])
    expect(output).toContain('caip10-false.json')
    expect(output).toMatch(/^note: caip lacks caip10.json/m)
  })

  test('error: a folder that no reader knows', () => {
    put('unknown/x.json', '{}')
    const { code, output } = vectors(folder, 'unknown')
    expect(code).toBe(1)
    expect(output).toContain('✗ unknown: no reader knows x.json')
  })
})
