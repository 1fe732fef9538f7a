import { describe, expect, test } from 'vitest'
import { Crash, Universe } from '../../src/world/index.js'

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

  test('L3, S9, S15: a selection of all ordered pairs of crashes in a deal, of one party and of both: 0 divergent outcomes', async () => {
    const scenes = ['cosmos/polkadot/deal/initiator', 'polkadot/cosmos/deal/follower'].map(scene)
    const figures = await Crash.runTwice({ scenes, every: 13 })
    expect(figures.divergences).toEqual([])
    expect(figures.runs).toBeGreaterThan(30)
    // Most places are tried with the storage kept and with the storage lost.
    expect(figures.distinct).toBeLessThan(figures.runs)
    const { same, forgotten, ...others } = figures.kinds
    expect(others).toEqual({ refunded: 0, 'too-late': 0, 'windfall-missed': 0, better: 0, divergent: 0 })
    expect(same).toBeGreaterThan(15)
    expect(same + forgotten).toBe(figures.runs)
  })

  test('control, L3: who goes on after a crash and journals late is stuck after a second one, which no single crash shows', async () => {
    const of = scene('cosmos/solana/deal/initiator')
    const bug = 'late-again'
    const peace = await Crash.survey(of, { bug })
    for (const point of Crash.points(peace).filter(({ torn, wipe }) => !torn && !wipe)) {
      const report = await Crash.crash(of, point, { bug })
      expect(Crash.judge(peace, { report, point })).toEqual({ kind: 'same' })
    }
    // As soon as there is a journal: its first entry is the next one's to write.
    const { at: first } = peace.boundaries.find(({ label }) => label === 'after append') as Crash.Place
    const { divergences } = await Crash.runTwice({
      ...{ scenes: [of], bug, most: 1 },
      firsts: ({ boundary, torn, wipe }) => boundary === first && !torn && !wipe,
    })
    const [{ why, point } = { why: '', point: undefined }] = divergences
    expect(why).toMatch(/^L3: initiator's runner failed: .* was used before$/)
    expect(point).toMatchObject({ boundary: first, next: { who: 'initiator', wipe: false } })
    if (point === undefined) throw new Error('no pair of crashes shows it')
    // Without the mistake it is as good as any.
    const report = await Crash.crash(of, point)
    expect(report.killed.map(({ who }) => who)).toEqual(['initiator', 'initiator'])
    expect(Crash.judge(await Crash.survey(of), { report, point })).toEqual({ kind: 'same' })
  })

  test('a second crash is counted on over the restart, and one that nobody comes to is no crash', async () => {
    const of = scene('solana/cosmos/deal/follower')
    const point = { boundary: 8, torn: false, wipe: false }
    const peace = await Crash.survey(of)
    const restarted: string[] = []
    await Universe.run(Crash.planOf(of, point), {
      passed(role, { at, label }) {
        if (role === 'follower') restarted.push(`${at} ${label}`)
      },
    })
    // Each number is there once, and those of the first life are as in peace.
    expect(restarted.map((line) => Number.parseInt(line, 10))).toEqual(restarted.map((_, at) => at))
    expect(restarted[8]).toBe(`8 ${peace.boundaries[8]?.label}`)
    const next = { who: 'follower', boundary: 9, torn: false, wipe: false } as const
    const report = await Crash.crash(of, { ...point, next })
    expect(report.killed.map(({ label }) => label)).toEqual(
      [8, 9].map((at) => restarted[at]?.replace(/^\d+ /, '')),
    )
    expect(Crash.judge(peace, { report, point: { ...point, next } })).toEqual({ kind: 'same' })
    const never = { ...point, next: { ...next, boundary: 9_999 } }
    const once = await Crash.crash(of, never)
    expect(() => Crash.judge(peace, { report: once, point: never })).toThrow(
      'solana/cosmos/deal/follower@8+9999 kills nobody',
    )
  })

  test('a point has a name, by which it is found again', () => {
    const point = { boundary: 17, torn: true, wipe: false }
    const of = scene('evm/bitcoin/called-off/follower')
    const name = Crash.nameOfPoint(of, point)
    expect(name).toBe('evm/bitcoin/called-off/follower@17t')
    expect(Crash.pointOf(name)).toEqual({ scene: of, point })
    expect(Crash.pointOf('evm/evm/deal/follower@1')).toBeUndefined()
    const next = { boundary: 42, torn: false, wipe: true }
    for (const [who, text] of [
      ['follower', 'evm/bitcoin/called-off/follower@17t+42w'],
      ['initiator', 'evm/bitcoin/called-off/follower@17t+initiator@42w'],
    ] as const) {
      const twice = { ...point, next: { who, ...next } }
      expect(Crash.nameOfPoint(of, twice)).toBe(text)
      expect(Crash.pointOf(text)).toEqual({ scene: of, point: twice })
    }
    expect(Crash.pointOf('evm/bitcoin/deal/follower@1+')).toBeUndefined()
    expect(Crash.pointOf('evm/bitcoin/deal/follower@1+2+3')).toBeUndefined()
  })
})
