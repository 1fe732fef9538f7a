import { describe, expect, test } from 'vitest'
import { Crash } from '../../src/world/index.js'

const scene = (name: string): Crash.Scene => {
  const found = Crash.sceneOf(name)
  if (found === undefined) throw new Error(`there is no scene ${name}`)
  return found
}

describe('kill -9 at every boundary', () => {
  test('L3, S9, S15: whoever dies anywhere in a deal ends it, from the journal or from seed and chains alone', async () => {
    const scenes = ['cosmos/solana/deal/initiator', 'solana/cosmos/deal/follower'].map(scene)
    const figures = await Crash.run({ scenes })
    expect(figures.divergences).toEqual([])
    expect(figures.points).toBeGreaterThan(350)
    expect(figures.runs).toBeGreaterThan(2 * figures.distinct)
    const { same, forgotten, ...others } = figures.kinds
    expect(others).toEqual({ refunded: 0, 'too-late': 0, 'windfall-missed': 0, better: 0, divergent: 0 })
    expect(same).toBeGreaterThan(80)
    // Only who lost everything before locking knows of nothing.
    expect(forgotten).toBeLessThan(figures.runs / 4)
  })

  test('control, S9: a journal that is written behind what is sent has a lock made twice', async () => {
    const figures = await Crash.run({
      scenes: [scene('bitcoin/cosmos/deal/initiator')],
      bug: 'late-journal',
      most: 1,
    })
    expect(figures.divergences).toMatchObject([{ why: 'S9: initiator has locks of 2 conflict keys' }])
    expect(figures.divergences[0]?.point).toMatchObject({ torn: false, wipe: false })
  })

  test('boundaries between which nothing lasting happened are one: the crashed swap ends on the same blocks', async () => {
    const of = scene('solana/cosmos/deal/initiator')
    const peace = await Crash.survey(of)
    const groups = new Map<string, number[]>()
    for (const { at, instant, effects } of peace.boundaries) {
      const key = `${instant}/${effects}`
      groups.set(key, [...(groups.get(key) ?? []), at])
    }
    const wide = [...groups.values()].filter(({ length }) => length > 5).slice(0, 4)
    expect(wide.length).toBe(4)
    for (const group of wide)
      for (const wipe of [false, true]) {
        const ends = [group[0], group[group.length >> 1], group.at(-1)].map(async (boundary) => {
          const report = await Crash.crash(of, { boundary: boundary as number, torn: false, wipe })
          return report.trace.filter((line) => / block |ends with/.test(line))
        })
        const [first, ...others] = await Promise.all(ends)
        for (const other of others) expect(other).toEqual(first)
      }
  })

  test('a point has a name, by which it is found again', () => {
    const point = { boundary: 17, torn: true, wipe: false }
    const of = scene('evm/bitcoin/called-off/follower')
    const name = Crash.nameOfPoint(of, point)
    expect(name).toBe('evm/bitcoin/called-off/follower@17t')
    expect(Crash.pointOf(name)).toEqual({ scene: of, point })
    expect(Crash.pointOf('evm/evm/deal/follower@1')).toBeUndefined()
  })
})
