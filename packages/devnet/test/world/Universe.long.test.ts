import { expect, test } from 'vitest'
import { Campaign } from '../../src/world/index.js'

test('S1, S3, S4, S6, S7, S8, S9, S14, S16, S18, L2, L3, L5, L6: 500 universes, 0 units lost', async () => {
  const failing: string[] = []
  const figures = await Campaign.run({
    from: 40_001,
    universes: 500,
    onReport: ({ plan, violations }) => {
      for (const { property, message } of violations) failing.push(`${plan.seed}: ${property}: ${message}`)
    },
  })
  expect(failing).toEqual([])
  expect(figures).toMatchObject({ violations: 0, lost: 0n, repeated: 20 })
})

test('S7, L2: 200 universes with three of four servers lying', async () => {
  const figures = await Campaign.run({ from: 50_001, universes: 200, byzantineRpc: 3, twiceEvery: 0 })
  expect(figures).toMatchObject({ violations: 0, lost: 0n })
})

test('S6: a runner that takes any block for final loses to who can undo one, judged by what it is left with alone', async () => {
  const stolen: string[] = []
  await Campaign.run({
    universes: 200,
    twiceEvery: 0,
    bug: 'final-at-once',
    onlyOutcomes: true,
    onReport: ({ lost, violations }) => {
      if (lost > 0n) stolen.push(violations[0]?.property ?? '')
    },
  })
  expect(stolen).toContain('S6')
})
