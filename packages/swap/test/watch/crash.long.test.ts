import { expect, it } from 'vitest'
import { pairs } from '../model/fixtures.js'
import { dieEverywhere } from './crash.js'
import { ALICE, BOB } from './towers.js'

const cases = pairs.flatMap((kinds) =>
  ([ALICE, BOB] as const).flatMap((name) =>
    (['die-before', 'die-after'] as const).map((how) => ({ ...kinds, name, how })),
  ),
)

it.each(cases)(
  'L3 L7 S6 H22 H23: between $long and $short, $name dies for good ($how) at each of its effects and loses nothing, by its tower',
  async ({ long, short, name, how }) => {
    const { points, endings } = await dieEverywhere({ long, short }, name, how)
    expect(points).toBeGreaterThan(12)
    expect(endings).toContain('kept nothing')
    expect(endings).toContain('paid received')
  },
)
