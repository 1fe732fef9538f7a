import type { Timing } from '@aitbc/core'
import { ethereum } from '@aitbc/core/networks'
import { type Planner, Policy } from '@aitbc/swap'
import { least } from '@aitbc/swap/check'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scale } from '../../src/check/scale.js'
import { profiles } from '../model/fixtures.js'

const NONE: Timing = { lead: 0n, lag: 0n, inclusion: 1n, finality: 1n, reorg: 0n, outage: 0n }
const policy: Policy.Policy = { ...Policy.standard, offline: 0n, detection: 0n, reorgs: 0n }
const of = (
  id: 'check:a' | 'check:b',
  kind: keyof typeof profiles,
  timing: Partial<Timing>,
): Planner.LegChain => {
  const all = { ...NONE, ...timing }
  return {
    network: { ...ethereum, id, timing: { standard: all, conservative: all } },
    profile: profiles[kind],
  }
}
const kind = fc.constantFrom('utxo' as const, 'contract' as const)
const time = fc.bigInt({ min: 0n, max: 50_000n })
const timing = fc.record({
  lead: time,
  lag: time,
  inclusion: time,
  finality: time,
  reorg: time,
  outage: time,
})

describe('seconds as ticks', () => {
  it('no delay gets shorter; less than the planned sum gets no longer, and what reaches it still does, by as many whole ticks', () => {
    const any = fc.record({
      ...{ a: timing, b: timing, long: kind, short: kind, offline: time, detection: time },
      reorgs: fc.bigInt({ min: 0n, max: 3n }),
      tick: fc.bigInt({ min: 1n, max: 60_000n }),
      value: fc.bigInt({ min: 0n, max: 800_000n }),
    })
    fc.assert(
      fc.property(any, ({ a, b, long, short, offline, detection, reorgs, tick, value }) => {
        const risk = { ...policy, offline, detection, reorgs }
        const scaled = scale({
          long: of('check:a', long, a),
          short: of('check:b', short, b),
          policy: risk,
          tick,
        })
        const { gap, start, reveal } = scaled.seconds
        const at = (gap: bigint, reveal: bigint) => {
          const one = scaled.setting({ gap, reveal, start: start.seconds }, ['initiator'])
          return {
            gap: BigInt(one.deadlines.long - one.deadlines.short),
            reveal: BigInt(one.rules.reveal),
            one,
          }
        }
        const { one, ...ticks } = at(value, value)
        for (const [name, seconds] of [
          ['long', a],
          ['short', b],
        ] as const)
          for (const field of Object.keys(seconds) as (keyof Timing)[])
            expect(BigInt(one.chains[name][field]) * tick).toBeGreaterThanOrEqual(seconds[field])
        expect(BigInt(one.offline) * tick).toBeGreaterThanOrEqual(offline)
        expect(BigInt(one.detection) * tick).toBeGreaterThanOrEqual(detection)
        for (const [name, planned] of [
          ['gap', gap],
          ['reveal', reveal],
        ] as const) {
          const whole = scaled.ticks[name].seconds
          if (value < planned.seconds) {
            expect(ticks[name] * tick).toBeLessThanOrEqual(value)
            expect(ticks[name]).toBeLessThan(whole)
          } else expect(ticks[name]).toBe(whole + (value - planned.seconds) / tick)
        }
      }),
    )
  })

  // Where the planner's sum is more than is needed, less than it can be safe: here by k·S, and by drift that clocks don't have.
  it.each([
    ['gap', of('check:a', 'contract', { inclusion: 3n }), of('check:b', 'contract', {}), 1n],
    [
      'gap',
      of('check:a', 'contract', { inclusion: 2n }),
      of('check:b', 'utxo', { inclusion: 3n, lag: 1n }),
      0n,
    ],
    [
      'reveal',
      of('check:a', 'contract', {}),
      of('check:b', 'contract', { lead: 3n, lag: 1n, inclusion: 2n }),
      0n,
    ],
  ] as const)(
    'S6 S7: a %s that is safe in ticks of 4 s is safe in ticks of 1 s',
    async (what, long, short, reorgs) => {
      const assumptions = { long, short, policy: { ...policy, reorgs } }
      const [fine, coarse] = [
        await least({ ...assumptions, tick: 1n }),
        await least({ ...assumptions, tick: 4n }),
      ]
      const scaled = scale({ ...assumptions, tick: 4n })
      const start = scaled.seconds.start.seconds
      const values = Array.from({ length: fine[what].planner + 9 }, (_, i) => BigInt(i))
      const safe = values.filter((value) => {
        const { deadlines, rules } = scaled.setting({ gap: value, reveal: value, start }, ['initiator'])
        return (what === 'gap' ? deadlines.long - deadlines.short : rules.reveal) >= coarse[what].least
      })
      expect(safe[0]).toBeGreaterThanOrEqual(fine[what].least)
      expect(safe[0]).toBeLessThanOrEqual(fine[what].planner)
      expect(safe).toEqual(values.slice(Number(safe[0])))
    },
  )
})
