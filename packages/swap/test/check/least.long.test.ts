import { ethereum } from '@aitbc/core/networks'
import { type Planner, Policy } from '@aitbc/swap'
import { least } from '@aitbc/swap/check'
import { describe, expect, it } from 'vitest'
import { profiles } from '../model/fixtures.js'

const timing = { lead: 2n, lag: 1n, inclusion: 1n, finality: 1n, reorg: 0n, outage: 1n }
const of = (id: 'check:a' | 'check:b', profile: Planner.LegChain['profile']): Planner.LegChain => ({
  network: { ...ethereum, id, timing: { standard: timing, conservative: timing } },
  profile,
})
const policy: Policy.Policy = { ...Policy.standard, offline: 0n, detection: 1n, reorgs: 0n }
const script = of('check:a', profiles.utxo)
const contract = of('check:b', profiles.contract)

describe('the least safe values', () => {
  it.each([
    // lead 2 + lag 1 + S 1 + D 1 + outages 1 + 1, and S 1 + D 1 for late claims
    ['a script', contract, script, 9],
    ['a contract', script, contract, 7],
  ] as const)(
    'S6 S7: clocks that move, a halt and each time to notice count to the tick, where %s is short',
    async (_, long, short, gap) => {
      const values = await least({ long, short, policy, tick: 1n, clocks: 'free' })
      const exact = { explained: true, reasons: [] }
      // lag 1 + lead 2 + S 1 + outage 1
      expect(values).toMatchObject({ gap: { least: gap, ...exact }, reveal: { least: 5, ...exact } })
    },
  )

  it('S7: of clocks that are off by one amount throughout the reveal needs no drift, and says so', async () => {
    const { reveal, gap } = await least({ long: script, short: contract, policy, tick: 1n })
    expect(gap).toMatchObject({ least: 7, explained: true })
    expect(reveal).toMatchObject({ least: 2, planner: 5, explained: true })
    expect(reveal.reasons).toEqual([{ why: expect.stringMatching(/^lead\+lag: each clock/), ticks: -3 }])
  })
})
