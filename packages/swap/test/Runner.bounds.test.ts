import { defineErrors, type SwapAdapter } from '@aitbc/core'
import type { Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, expectGains, expectWhole, feesOf, isLocked } from './model/expect.js'
import { LONG, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create } from './model/market.js'
import * as Process from './model/process.js'

// A market that asks for more than the adapter takes for meant (`maxFeeRate`), as those of EVM and Cosmos chains say it.

const Refusals = defineErrors({
  EvmFeeRateTooHigh: { code: 9131, retryable: true, hint: 'Wait, or raise the bound.' },
})
const MOST = 40n

/** The adapter of one chain, whose market asks for so much. */
const bounded =
  (network: string, market: { rate: bigint }) =>
  (side: Side.Side): Side.Side => {
    const { adapter } = side
    if (adapter.network.id !== network) return side
    const within = (rate: bigint) => {
      if (rate > MOST) throw Refusals.EvmFeeRateTooHigh(`the fee rate must be at most ${MOST}, got ${rate}`)
      return rate
    }
    const changed: SwapAdapter = {
      ...adapter,
      feeRates: async () => ({ slow: 1n, normal: within(market.rate), fast: MOST }),
      prepare: async (intent, o) =>
        adapter.prepare(intent, { ...o, feeRate: within(o?.feeRate ?? market.rate) }),
      replace: async (submission, feeRate, o) => adapter.replace(submission, within(feeRate), o),
    }
    return { ...side, adapter: changed }
  }

describe('where the market asks for more than the adapter takes for meant', () => {
  it('L5 S6: a claim whose secret is public pays what it takes at most', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const asks = { rate: 2n }
    const { deal, alice, bob } = both(market, {}, { wrap: bounded(LONG, asks) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => isLocked(market, 'short'))
    asks.rate = 900n
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(feesOf(bob, 'claim')).toEqual([MOST])
    expectGains(market, BOB, 'deal')
  })

  it('L5 S5: a refund does too', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const asks = { rate: 2n }
    const { deal, alice } = both(market, { wrap: bounded(LONG, asks) })
    Process.start(alice, deal)
    await Process.drive(market, () => isLocked(market, 'long'))
    asks.rate = 900n
    await Process.finish(market, alice)
    expect(alice.outcome).toBe('no-deal')
    expect(feesOf(alice, 'refund').at(-1)).toBe(MOST)
    expectWhole(market, ALICE)
  })

  it('L5: a version that waits is raised to what it takes at most', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const asks = { rate: 2n }
    const { long } = market.nets
    long.held = (tx) => tx.does.is === 'claim' && tx.fee < MOST
    const { deal, alice, bob } = both(
      market,
      {},
      { wrap: bounded(LONG, asks), context: { bumpAfter: () => 1n } },
    )
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => long.mempool.some((tx) => tx.does.is === 'claim'))
    asks.rate = 900n
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(feesOf(bob, 'claim')).toEqual([2n, MOST])
    expectGains(market, BOB, 'deal')
  })

  it('H8: no secret is shown at less than the market asks', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const asks = { rate: 2n }
    const { deal, alice, bob } = both(market, { wrap: bounded(SHORT, asks) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => isLocked(market, 'short'))
    asks.rate = 900n
    await Process.finish(market, alice, bob)
    expect(feesOf(alice, 'claim')).toEqual([])
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expectWhole(market, ALICE, BOB)
  })
})
