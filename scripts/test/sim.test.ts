import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { Campaign } from '../../packages/devnet/src/world/index.js'
import { begin, type Options, resume } from '../sim/checkpoint.js'
import { sumsOf, toldOf } from '../sim/crew.js'

const options: Options = { hash: '0'.repeat(64), from: 1, twiceEvery: 0 }
const sums = (universes: number): Campaign.Sums => ({ ...Campaign.nothing, universes, least: 20 })

test('what is done is not done again, whatever the order and the portions', () => {
  const ledger = begin(options)
  expect([...ledger.missing(10, 4)]).toEqual([
    { from: 1, universes: 4 },
    { from: 5, universes: 4 },
    { from: 9, universes: 2 },
  ])
  ledger.add(5, 4, sums(4), [])
  ledger.add(1, 2, sums(2), [{ seed: '2', why: 'S6' }])
  expect([...ledger.missing(20, 8)]).toEqual([
    { from: 3, universes: 2 },
    { from: 9, universes: 8 },
    { from: 17, universes: 4 },
  ])
  expect([...ledger.missing(5, 8)]).toEqual([{ from: 3, universes: 2 }])
  ledger.add(3, 2, sums(2), [])
  expect([...ledger.missing(8, 8)]).toEqual([])
  expect(ledger.sums).toMatchObject({ universes: 8, least: 20 })
  expect(ledger.failing).toEqual([{ seed: '2', why: 'S6' }])
})

test('a campaign of other sources, seeds or liars is another one', () => {
  for (const other of [{}, { from: 2 }, { twiceEvery: 3 }, { byzantineRpc: 3 }])
    expect(resume({ ...options, ...other, hash: 'f'.repeat(64) }).sums.universes).toBe(0)
})

test('what is kept in a file is gone on with from there, by the same campaign alone', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'ledger-')), 'deep', 'campaign.json')
  try {
    const ledger = resume(options, file)
    ledger.add(1, 6, sums(6), [{ seed: '2', why: 'S6' }])
    ledger.seconds = 12
    ledger.keep()
    const again = resume(options, file)
    expect([again.sums, again.failing, again.seconds]).toEqual([ledger.sums, ledger.failing, 12])
    expect([...again.missing(8, 8)]).toEqual([{ from: 7, universes: 2 }])
    expect(() => resume({ ...options, twiceEvery: 25 }, file)).toThrow('is of another campaign')
    writeFileSync(file, '{')
    expect(() => resume(options, file)).toThrow(SyntaxError)
  } finally {
    rmSync(dirname(dirname(file)), { recursive: true })
  }
})

test('sums survive being told; hashes add up in any order', () => {
  const [a, b] = [
    { ...sums(1), lost: 5n, hash: '1'.repeat(64), outcomes: { deal: 1 } },
    { ...sums(2), lost: 7n, hash: '2'.repeat(64), outcomes: { deal: 2 } },
  ]
  expect(sumsOf(JSON.parse(JSON.stringify(toldOf(a))))).toEqual(a)
  expect(Campaign.add(a, b)).toEqual(Campaign.add(b, a))
  expect(Campaign.add(a, b)).toMatchObject({ lost: 12n, hash: '3'.repeat(64), outcomes: { deal: 3 } })
})
