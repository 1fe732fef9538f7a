import { expect, it } from 'vitest'
import { claimPhases, gapOf, revealOf, revealPhases, type Symmetric, violationOf } from './settings.js'

const range = (most: number, from = 0) => Array.from({ length: most - from + 1 }, (_, i) => i + from)
const grid: readonly Symmetric[] = [false, true].flatMap((late) =>
  range(1).flatMap((E) =>
    range(3, 1).flatMap((S) =>
      range(2).flatMap((R) =>
        range(1).flatMap((O) => range(R === 0 ? 0 : 2).map((k) => ({ E, S, R, O, k, late }))),
      ),
    ),
  ),
)

it.each(grid)('S6 S7: E=$E S=$S R=$R O=$O k=$k late=$late: both formulas are the least safe values', (of) => {
  expect(violationOf(claimPhases(of, gapOf(of)))).toBeUndefined()
  expect(violationOf(claimPhases(of, gapOf(of) - 1))).toMatch(/^S6: the follower is underwater/)
  expect(violationOf(revealPhases(of, revealOf(of)))).toBeUndefined()
  expect(violationOf(revealPhases(of, revealOf(of) - 1))).toMatch(/^S6: the initiator is underwater/)
})
