import type { Step, SwapAdapter } from '@aitbc/core'
import type { Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, expectGains, LEGS, locksBy } from './model/expect.js'
import { LONG, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create } from './model/market.js'
import * as Process from './model/process.js'

// What a party pays where no budget is told, beside endpoints that make up markets, heights and clocks.

const CHEAP = { slow: 1n, normal: 2n, fast: 5n }

/** Sides whose adapters on one network do some things otherwise. */
const on =
  (network: string, change: (adapter: SwapAdapter) => Partial<SwapAdapter>) =>
  (side: Side.Side): Side.Side =>
    side.adapter.network.id === network
      ? { ...side, adapter: { ...side.adapter, ...change(side.adapter) } }
      : side

/** An endpoint that makes up a market as long as `lies` says so: what isn't told a rate pays the one in the middle, as adapters do. */
const market = (rate: bigint, lies: () => boolean) => (adapter: SwapAdapter) =>
  ({
    feeRates: async (o) => (lies() ? { slow: rate, normal: rate, fast: rate } : adapter.feeRates(o)),
    prepare: async (intent, o) =>
      adapter.prepare(intent, lies() && o?.feeRate === undefined ? { ...o, feeRate: rate } : o),
  }) satisfies Partial<SwapAdapter>

/** What was paid at most in the steps of a kind that were sent, one after the other. */
const sent = ({ calls }: Process.Process, kind: string): readonly bigint[] => {
  const fees = calls.flatMap(({ method, args }) => {
    const step = (args[0] as { readonly step?: Step } | undefined)?.step
    return method === 'submit' && step?.kind === kind ? [step.maxFee.amount] : []
  })
  return [...new Set(fees)]
}

const kinds = [
  { long: 'utxo', short: 'contract' },
  { long: 'contract', short: 'utxo' },
] as const

describe('without a budget', () => {
  it.each(kinds)(
    'S13 H8: no lock costs more than it is worth, whatever the market, $long long',
    async (of) => {
      const world = create(of)
      const { deal, alice } = both(world, {
        wrap: on(
          LONG,
          market(30_000n, () => true),
        ),
      })
      Process.start(alice, deal)
      const { tip } = world.nets.long
      await Process.drive(world, () => world.nets.long.tip.height > tip.height + 6)
      alice.dead = true
      const most = of.long === 'utxo' ? 500n : 1000n
      for (const fee of sent(alice, 'lock')) expect(fee).toBeLessThanOrEqual(most)
    },
  )

  it.each(kinds)(
    'S6 S13 H8: no secret is shown for a claim that costs more than it brings, $short short',
    async (of) => {
      const world = create(of)
      let lies = false
      const { deal, alice, bob } = both(world, {
        wrap: on(
          SHORT,
          market(40_000n, () => lies),
        ),
      })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.drive(world, () => locksBy(world, BOB).length > 0)
      lies = true
      await Process.finish(world, alice, bob)
      expect(sent(alice, 'claim')).toEqual([])
      expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
      expectGains(world, ALICE, 'no-deal')
    },
  )

  it.each(kinds)(
    'S13 H8: no follower locks against a lock that its own claim would eat up, $long long',
    async (of) => {
      const world = create(of)
      const { deal, alice, bob } = both(
        world,
        {},
        {
          wrap: on(LONG, (adapter) => ({
            ...market(1001n, () => true)(adapter),
            ...(adapter.arm && {
              arm: (terms, lock, o) => adapter.arm?.(terms, lock, { feeRate: 1001n, ...o }) as never,
            }),
          })),
        },
      )
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(world, alice, bob)
      expect(locksBy(world, BOB)).toEqual([])
      expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
      expect(bob.progress).toContainEqual(
        expect.objectContaining({ error: expect.objectContaining({ _tag: 'FeeBudgetSpent' }) }),
      )
    },
  )

  it.each(kinds)(
    'S13 H29: claims and refunds of what is locked cost no more than it, $long long',
    async (of) => {
      const world = create(of)
      let lies = false
      const wrap = (side: Side.Side) =>
        LEGS.reduce(
          (it, leg) =>
            on(
              leg === 'long' ? LONG : SHORT,
              market(90_000n, () => lies),
            )(it),
          side,
        )
      const { deal, alice } = both(world, { wrap })
      Process.start(alice, deal)
      await Process.drive(world, () => locksBy(world, ALICE).length > 0)
      lies = true
      await Process.finish(world, alice)
      expect(alice.outcome).toBe('no-deal')
      expect(sent(alice, 'refund').length).toBeGreaterThan(0)
      for (const fee of sent(alice, 'refund')) expect(fee).toBeLessThanOrEqual(1000n)
    },
  )
})

describe('one endpoint of several that tells of another market', () => {
  it.each(kinds)('S13 H29: no claim from a lock that pays for itself follows it, $long long', async (of) => {
    const world = create(of)
    const leg = of.long === 'utxo' ? LONG : SHORT
    const dear = on(leg, (adapter) => ({
      // Of the rates that all of them tell, it knows nothing.
      prepare: async (intent, o) =>
        adapter.prepare(intent, intent.kind === 'claim' ? { feeRate: leg === LONG ? 400n : 4000n, ...o } : o),
    }))
    const { deal, alice, bob } = both(world, { wrap: dear }, { wrap: dear })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(world, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectGains(world, ALICE, 'deal')
    expectGains(world, BOB, 'deal')
  })
})

describe('beside an endpoint that tells of heights and clocks to come', () => {
  /** Bob's claim waits, and each look shows him what `change` makes of the tip. */
  async function waiting(
    change: (tip: { height: bigint; clock: bigint; time: bigint }) => object,
    looks: number,
    early = false,
  ) {
    const world = create({ long: 'utxo', short: 'contract' })
    const { long } = world.nets
    let lies = false
    const wrap = on(LONG, (adapter) => ({
      feeRates: async () => (lies ? { slow: 900n, normal: 900n, fast: 900n } : CHEAP),
      async tip(o) {
        const fact = await adapter.tip(o)
        return lies ? { ...fact, value: { ...fact.value, ...change(fact.value) } } : fact
      },
    }))
    const { deal, alice, bob } = both(
      world,
      {},
      { wrap, context: { bumpAfter: () => 4n, utc: () => long.tip.clock - 599n } },
    )
    long.held = (tx) => tx.does.is === 'claim'
    Process.start(alice, deal)
    Process.start(bob, deal)
    if (early) await Process.drive(world, () => locksBy(world, BOB).length > 0)
    lies = early
    await Process.drive(world, () => long.mempool.some((tx) => tx.does.is === 'claim'))
    lies = true
    for (let i = 0; i < looks; i++) {
      for (const listener of [...long.listeners]) listener()
      await Process.quiet()
    }
    const end = () => {
      lies = false
      long.held = () => false
      return Process.finish(world, alice, bob)
    }
    return {
      world,
      long,
      bob,
      alice,
      deal,
      end,
      lies: (is: boolean) => {
        lies = is
      },
    }
  }

  it('S13 H29: a claim is made dearer no faster than blocks can come', async () => {
    let looks = 0n
    const { bob, alice, end } = await waiting(({ height }) => ({ height: height + 100n * ++looks }), 20)
    expect(sent(bob, 'claim').length).toBe(1)
    await end()
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
  })

  it('L5 L6: a height that was taken back keeps no claim from being made dearer', async () => {
    const { world, long, bob, alice, end, lies } = await waiting(
      ({ height }) => ({ height: height + 1_000_000n }),
      2,
      true,
    )
    lies(false)
    const { height } = long.tip
    await Process.drive(world, () => long.tip.height >= height + 6)
    expect(sent(bob, 'claim').length).toBe(2)
    await end()
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
  })

  it('S13 H25: a clock that is ahead further than it can be has no claim spend the whole lock', async () => {
    const { world, long, bob, alice, end } = await waiting(
      ({ clock }) => ({ clock: clock + 100_000n, time: clock }),
      1,
    )
    const { height } = long.tip
    await Process.drive(world, () => long.tip.height >= height + 6)
    for (const fee of sent(bob, 'claim')) expect(fee).toBeLessThanOrEqual(500n)
    expect(sent(bob, 'claim').length).toBe(2)
    await end()
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
  })
  it.each([0n, 100_000n])(
    'S6 H25: a clock that is past the deadline by %d s before UTC is keeps no claim from being sent again',
    async (by) => {
      const world = create({ long: 'utxo', short: 'contract' })
      const { short } = world.nets
      const { value } = Process.agreed(world).signed.agreement.short.deadline
      let lies = false
      const wrap = on(SHORT, (adapter) => ({
        async tip(o) {
          const fact = await adapter.tip(o)
          return lies ? { ...fact, value: { ...fact.value, clock: value + by } } : fact
        },
      }))
      const { deal, alice, bob } = both(world, { wrap })
      short.held = (tx) => tx.does.is === 'claim'
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.drive(world, () => short.mempool.some((tx) => tx.does.is === 'claim'))
      // Bob has seen its secret, and nodes forget it.
      lies = true
      short.mempool = []
      short.held = () => false
      await Process.drive(world, () => locksBy(world, BOB)[0]?.spend !== undefined)
      lies = false
      await Process.finish(world, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expectGains(world, ALICE, 'deal')
    },
  )

  it('S13 H25: past the deadline by UTC too, no claim is made', async () => {
    const world = create({ long: 'utxo', short: 'contract' })
    const { short } = world.nets
    const { deal, alice, bob } = both(world)
    short.held = (tx) => tx.does.is === 'claim'
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(world, () => short.mempool.some((tx) => tx.does.is === 'claim'))
    bob.dead = true
    const { value } = deal.signed.agreement.short.deadline
    await Process.drive(world, () => short.tip.clock > value + 1n)
    const { length } = sent(alice, 'claim')
    alice.calls.length = 0
    short.mempool = []
    await Process.drive(world, () => short.tip.clock > value + 6n)
    expect(length).toBeGreaterThan(0)
    expect(sent(alice, 'claim')).toEqual([])
    alice.dead = true
  })
})
