import { describe, expect, test } from 'vitest'
import { Campaign, Universe } from '../../src/world/index.js'

const UNIVERSES = 32

describe('universes', () => {
  test(`S1, S3, S4, S6, S7, S8, S9, S10, S11, S13, S14, S16, S17, S18, L2, L3, L4, L5, L6: in ${UNIVERSES} universes no honest party loses a unit, whatever goes wrong`, async () => {
    let [wiped, twins] = [0, 0]
    const figures = await Campaign.run({
      universes: UNIVERSES,
      twiceEvery: 8,
      onReport({ trace }) {
        if (trace.some((line) => line.includes('and its storage with it'))) wiped++
        if (trace.some((line) => line.includes('"is":"twin"'))) twins++
      },
    })
    expect(wiped).toBeGreaterThan(0)
    expect(twins).toBeGreaterThan(0)
    expect(figures).toMatchObject({ universes: UNIVERSES, violations: 0, lost: 0n, repeated: 4 })
    expect(figures.faults.least).toBeGreaterThanOrEqual(20)
    // The control: swaps are made, and broken off.
    expect(Object.keys(figures.outcomes)).toEqual(
      expect.arrayContaining(['both honest: deal, deal', 'one honest: deal', 'one honest: no-deal']),
    )
  })

  test('S7, L2: with three of four servers lying no wrong act is done, and no claim or refund is missed', async () => {
    const figures = await Campaign.run({ universes: 10, byzantineRpc: 3, twiceEvery: 0 })
    expect(figures).toMatchObject({ violations: 0, lost: 0n })
    expect(figures.outcomes['both honest: deal, deal']).toBeGreaterThan(0)
  })

  test('L1: where nothing goes wrong, both legs are claimed long before their deadlines', async () => {
    for (const seed of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const plan = Universe.draw(seed)
      const calm = { ...plan, honest: ['initiator', 'follower'] as const, deeds: [], faults: [], liars: 0 }
      const report = await Universe.run(calm)
      expect(report.outcomes, seed).toEqual({ initiator: 'deal', follower: 'deal' })
      expect(report.violations).toEqual([])
    }
  })

  test('one plan, one universe: the hash of its trace says so; another seed is another one', async () => {
    const [a, again, b] = [await run('31'), await run('31'), await run('32')]
    expect(again.trace).toEqual(a.trace)
    expect(again.hash).toBe(a.hash)
    expect(b.hash).not.toBe(a.hash)
  })

  // Each needed several things to go wrong at once, and something to be mended, in the parties or in who judges them.
  test.each([
    38_641, 50_558, 73_021, 83_755, 100_543, 104_157, 108_662, 122_343, 123_897, 131_714, 142_539, 152_484,
    154_462, 162_283, 183_246, 515_861, 552_051, 583_675, 652_891, 797_595, 954_205, 992_748,
  ])('S6, S18, L2, L3, L4, L5, L6: universe %i, which failed once', async (seed) => {
    const { violations, lost } = await run(String(seed))
    expect(violations).toEqual([])
    expect(lost).toBe(0n)
  })

  test('S18: who had nothing to lock with has lost nothing, though the label takes a gift for its lock', async () => {
    const report = await Universe.run({
      ...{ seed: 'a', families: { long: 'cosmos', short: 'bitcoin' }, risk: 'standard', reorgs: 2, slack: 0 },
      ...{ honest: ['follower'], servers: 4, liars: 0, purse: 'short' },
      // Miners leave its claim out, which it can pay for.
      faults: [{ is: 'censor', leg: 'long', from: 100_000, for: 400_000 }],
      deeds: [
        { act: 'lock', when: { at: 2275 } },
        { act: 'refund', when: { clock: 'long', before: 0 } },
        { act: 'gift-whole', when: { at: 16_204 } },
        { act: 'claim', when: { clock: 'short', before: 655 } },
      ],
    })
    expect(report).toMatchObject({ violations: [], lost: 0n, outcomes: { follower: 'underwater' } })
  })
})

const run = (seed: string) => Universe.run(Universe.draw(seed))

/** The first universe from a seed on in which a bug is found. */
async function found(
  from: number,
  most: number,
  options: Universe.RunOptions,
  draw: Universe.DrawOptions = {},
) {
  for (let seed = from; seed < from + most; seed++) {
    const report = await Universe.run(Universe.draw(String(seed), draw), options)
    if (report.violations.length > 0) return report
  }
  throw new Error(`${options.bug} is in none of ${most} universes`)
}

describe('controls: mistakes that are put in are found', () => {
  test('S7, L2, H29: where three of four servers lie, one of them is asked alone', async () => {
    const { violations } = await found(50_001, 40, { bug: 'one-server' }, { byzantineRpc: 3 })
    expect(violations[0]?.property).toMatch(/^[SL]\d+$/)
  })

  test('S7, S8: what a block holds is taken for final', async () => {
    const { violations } = await found(1, 10, { bug: 'final-at-once' })
    expect(violations[0]?.property).toMatch(/^S[78]$/)
  })

  test('H7: what waits in a mempool is taken for final', async () => {
    const { violations } = await found(1, 10, { bug: 'unconfirmed' })
    expect(violations[0]?.property).toMatch(/^S[78]$/)
  })

  test('S8: deadlines are a second apart', async () => {
    const { violations } = await found(1, 10, { bug: 'no-gap' })
    expect(violations[0]?.property).toBe('S8')
  })

  /** A swap of two honest parties in which only these things go wrong. */
  const only = (families: Universe.Plan['families'], ...faults: Universe.Fault[]): Universe.Plan => ({
    ...{ seed: 'a', families, risk: 'standard', reorgs: 1, honest: ['initiator', 'follower'], slack: 0 },
    ...{ servers: 1, liars: 0, deeds: [], faults },
  })

  test('S10: which hashlocks were used is forgotten', async () => {
    const plan = only({ long: 'evm', short: 'cosmos' }, { is: 'reuse', who: 'follower', at: 30 })
    expect((await Universe.run(plan)).violations).toEqual([])
    expect((await Universe.run(plan, { bug: 'forgetful' })).violations[0]?.property).toBe('S10')
  })

  test('S11, S17: locks that differ in their deadlines alone have one id', async () => {
    const plan = only({ long: 'solana', short: 'cosmos' })
    expect((await Universe.run(plan)).violations).toEqual([])
    const { violations } = await Universe.run(plan, { bug: 'same-ids' })
    expect(violations).toMatchObject([
      { property: 'S11', message: expect.stringContaining('another deadline') },
    ])
  })

  test('S14: the secret is what makes a lock’s id unique', async () => {
    const plan = only({ long: 'evm', short: 'cosmos' })
    const { violations } = await Universe.run(plan, { bug: 'telling-salt' })
    expect(violations).toMatchObject([{ property: 'S14', message: expect.stringContaining('the secret') }])
  })

  test('S13: whoever has too little to claim or refund when fees are a hundredfold locks nothing; a wrong balance has it lock', async () => {
    const plan = only({ long: 'solana', short: 'evm' })
    const tight = await Universe.run({ ...plan, purse: 'tight' })
    expect(tight).toMatchObject({ violations: [], outcomes: { initiator: 'deal', follower: 'deal' } })
    const short: Universe.Plan = { ...plan, purse: 'short' }
    const poor = await Universe.run(short)
    expect(poor).toMatchObject({ violations: [], outcomes: { initiator: 'no-deal', follower: 'no-deal' } })
    expect((await Universe.run(short, { bug: 'rich' })).violations[0]?.property).toBe('S13')
  })

  test('S13, H29: a market that an endpoint makes up is paid by whoever isn’t told what steps cost', async () => {
    const lie = { who: 'initiator', leg: 'short', server: 0, from: 300, for: 3600, lie: 'market' } as const
    const plan = only({ long: 'evm', short: 'cosmos' }, { is: 'rpc', ...lie })
    expect(await Universe.run(plan)).toMatchObject({ violations: [], outcomes: { initiator: 'deal' } })
    expect((await Universe.run(plan, { bug: 'any-price' })).violations[0]?.property).toBe('S13')
  })

  test('S13, H29: what two of four servers say has failed is paid for again and again by whoever doesn’t wait', async () => {
    const plan = Universe.draw('1186')
    expect((await Universe.run(plan)).violations).toEqual([])
    const { violations } = await Universe.run(plan, { bug: 'restless' })
    expect(violations).toMatchObject([{ property: 'S13', message: expect.stringContaining('in vain') }])
  })

  test.each([
    ['initiator', 2, 'refund'],
    ['follower', 4000, 'claim'],
  ] as const)(
    "L7: the %s is gone for good after %i s: its towers, of which one is lost, do the %s at the market's price; without what was signed they can't",
    async (who, at, does) => {
      const plan = only({ long: 'bitcoin', short: 'evm' }, { is: 'gone', who, at, lost: 100 })
      const report = await Universe.run(plan)
      expect(report).toMatchObject({ violations: [], lost: 0n })
      const fees = report.trace.flatMap(
        (line) => / long block .*(claim|refund) \w+ for (\d+)/.exec(line)?.slice(1) ?? [],
      )
      expect(fees[0]).toBe(does)
      expect(Number(fees[1])).toBeLessThan(2000)
      expect((await Universe.run(plan, { bug: 'bare-jobs' })).violations[0]?.property).toBe('L7')
    },
  )

  test.each([
    ['lock', 'initiator', { long: 'evm', short: 'cosmos' }],
    ['claim', 'follower', { long: 'evm', short: 'cosmos' }],
  ] as const)('L4: a %s that was undone is not sent again', async (act, who, families) => {
    const plan = only(families, { is: 'undo', who, act })
    const report = await Universe.run(plan)
    expect(report).toMatchObject({
      violations: [],
      struck: 1,
      outcomes: { initiator: 'deal', follower: 'deal' },
    })
    expect((await Universe.run(plan, { bug: 'sent-once' })).violations[0]?.property).toBe('L4')
  })

  test('S6, L3: of two processes over one storage both may write, and it is read again', async () => {
    const who = 'follower'
    const plan = only(
      { long: 'cosmos', short: 'evm' },
      { is: 'twin', who, at: 1, wiped: false },
      { is: 'crash', who, effect: 17, when: 'after', down: 5 },
    )
    expect(await Universe.run(plan)).toMatchObject({ violations: [], struck: 2 })
    expect((await Universe.run(plan, { bug: 'no-fence' })).violations).not.toEqual([])
  })

  test('a failing plan is made smaller, and fails in the same way', async () => {
    const report = await found(1, 10, { bug: 'final-at-once' })
    const least = await Universe.shrink(report.plan, { bug: 'final-at-once' })
    expect(least.violations[0]?.property).toBe(report.violations[0]?.property)
    expect(least.plan.faults.length).toBeLessThan(5)
    expect(Universe.describe(least.plan)[0]).toContain(`seed ${report.plan.seed}`)
    expect(least.trace.some((line) => line.includes('violation: '))).toBe(true)
  })
})
