import { expect, test } from 'vitest'
import { Crash } from '../../src/world/index.js'

test('L3, S9, S15: every boundary of a deal, in every ordered pair and role: 0 divergent outcomes', async () => {
  const scenes = Crash.PAIRS.flatMap((families) =>
    Crash.COURSES.filter(({ course }) => course === 'deal').map((one) => ({ families, ...one })),
  )
  expect(scenes.length).toBe(40)
  const figures = await Crash.run({ scenes })
  expect(
    figures.divergences.map(({ scene, point, why }) => `${Crash.nameOfPoint(scene, point)}: ${why}`),
  ).toEqual([])
  expect(figures.points).toBeGreaterThan(10_000)
})

test('L3, S9, S15: some of all ordered pairs of crashes in a deal, in every ordered pair and role: 0 divergent outcomes', async () => {
  const scenes = Crash.PAIRS.flatMap((families) =>
    Crash.COURSES.filter(({ course }) => course === 'deal').map((one) => ({ families, ...one })),
  )
  const figures = await Crash.runTwice({ scenes, every: 11 })
  expect(
    figures.divergences.map(({ scene, point, why }) => `${Crash.nameOfPoint(scene, point)}: ${why}`),
  ).toEqual([])
  expect(figures.runs).toBeGreaterThan(1_000)
})
