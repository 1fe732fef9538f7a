import { expect, test } from 'vitest'
import { Universe } from '../../src/world/index.js'

test.each(['bitcoin', 'evm'] as const)(
  'L3, L5: two processes of one party on %s, one of them recovered, refund once and do not outbid each other at once',
  async (long) => {
    const plan: Universe.Plan = {
      ...Universe.draw('1'),
      ...{ families: { long, short: 'polkadot' }, risk: 'standard', reorgs: 2, slack: 1800 },
      ...{ honest: ['initiator'], liars: 0, deeds: [] },
      faults: [{ is: 'twin', who: 'initiator', at: 6584, wiped: true }],
    }
    const { violations, outcomes, lost, trace } = await Universe.run(plan)
    expect(violations).toEqual([])
    expect(outcomes).toEqual({ initiator: 'no-deal' })
    expect(lost).toBe(0n)
    expect(trace.filter((line) => line.includes('initiator sent refund/')).length).toBeLessThan(5)
  },
)

test('L3, L5, S13: two processes of one party, one of them recovered, do not raise one lock against each other at once', async () => {
  const plan: Universe.Plan = {
    ...Universe.draw('1'),
    ...{ families: { long: 'bitcoin', short: 'polkadot' }, risk: 'conservative', reorgs: 1, slack: 1800 },
    ...{ honest: ['initiator'], liars: 0 },
    deeds: [{ act: 'lock', when: { at: 100 } }],
    faults: [
      { is: 'censor', leg: 'long', from: 0, for: 4000 },
      { is: 'twin', who: 'initiator', at: 3000, wiped: true },
      { is: 'undo', who: 'initiator', act: 'lock' },
    ],
  }
  const { violations, trace } = await Universe.run(plan)
  expect(violations).toEqual([])
  expect(trace.filter((line) => line.includes('initiator raised lock/')).length).toBeLessThan(5)
})

test('L2 S12 H29: a recovered lock is not given up for one that was made beside it, as an endpoint hid it, and ran out of time', async () => {
  const plan: Universe.Plan = {
    ...Universe.draw('154462'),
    deeds: [{ act: 'lock', when: { at: 2556 } }],
    faults: [
      { is: 'skew', leg: 'short', at: 16_048, by: 5574 },
      { is: 'twin', who: 'initiator', at: 15_791, wiped: true },
      { is: 'rpc', who: 'initiator', leg: 'long', server: 0, from: 21_905, for: 427, lie: 'hide-locks' },
      { is: 'rpc', who: 'initiator', leg: 'long', server: 0, from: 14_650, for: 2146, lie: 'equivocate' },
    ],
  }
  expect((await Universe.run(plan)).violations).toEqual([])
})
