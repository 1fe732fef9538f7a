import { defineErrors, type Step, type SwapAdapter } from '@aitbc/core'
import type { Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, expectGains, expectWhole, feesOf, isLocked } from './model/expect.js'
import { LONG, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create, type Market } from './model/market.js'
import * as Process from './model/process.js'

// Who holds little beside a market that is dear, or made up.

const Refusals = defineErrors({
  EvmInsufficientFunds: { code: 9121, retryable: true, hint: 'Fund the account.' },
  SolanaInsufficientFunds: { code: 9122, retryable: true, hint: 'Fund the account.' },
})

interface Purse {
  /** What an account holds for fees. */
  held: bigint
  /** What everything costs that names no rate, or the fastest one. */
  market: bigint
  /** Whether an adapter refuses what the account can't pay, or nodes do. */
  readonly refuses: 'prepare' | 'submit'
}

/** The adapter of one chain, on which an account holds so much, and everything costs so much. */
const poor =
  (network: string, purse: Purse) =>
  (side: Side.Side): Side.Side => {
    const { adapter } = side
    if (adapter.network.id !== network) return side
    const dear = (asked: bigint | undefined) => asked ?? purse.market
    const assertPaid = (step: Step, refuse: (message: string) => Error) => {
      const { kind, maxFee } = step
      if ((kind === 'claim' || kind === 'refund') && maxFee.amount > purse.held)
        throw refuse(`${maxFee.amount} for ${kind}, ${purse.held} are held`)
    }
    const changed: SwapAdapter = {
      ...adapter,
      balance: async (account, o) => ({ ...(await adapter.balance(account, o)), value: purse.held }),
      feeRates: async () => ({ slow: 1n, normal: purse.market, fast: purse.market }),
      async prepare(intent, o) {
        const steps = await adapter.prepare(intent, { ...o, feeRate: dear(o?.feeRate) })
        if (purse.refuses === 'prepare')
          for (const step of steps) assertPaid(step, Refusals.SolanaInsufficientFunds)
        return steps
      },
      async submit(signed, o) {
        assertPaid(signed.step, Refusals.EvmInsufficientFunds)
        return adapter.submit(signed, o)
      },
    }
    return { ...side, adapter: changed }
  }

const isClaimed = ({ nets }: Market, leg: 'long' | 'short') =>
  [...nets[leg].tip.ledger.locks.values()].some(({ spend }) => spend?.is === 'claim')

describe.each(['prepare', 'submit'] as const)('where %s refuses what an account can’t pay', (refuses) => {
  it('L5 S6: a claim whose secret is public pays what its account holds, where the market asks for more', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const purse: Purse = { held: 100_000n, market: 2n, refuses }
    const { deal, alice, bob } = both(market, {}, { wrap: poor(LONG, purse) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => isLocked(market, 'short'))
    Object.assign(purse, { held: 40n, market: 900n })
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(feesOf(bob, 'claim').at(-1)).toBe(40n)
    expectGains(market, BOB, 'deal')
  })

  it('L5 S5: a refund does too', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const purse: Purse = { held: 100_000n, market: 2n, refuses }
    const { deal, alice } = both(market, { wrap: poor(LONG, purse) })
    Process.start(alice, deal)
    await Process.drive(market, () => isLocked(market, 'long'))
    Object.assign(purse, { held: 40n, market: 900n })
    await Process.finish(market, alice)
    expect(alice.outcome).toBe('no-deal')
    expect(feesOf(alice, 'refund').at(-1)).toBe(40n)
    expectWhole(market, ALICE)
  })
})

describe('what shows the secret first', () => {
  it('S6 H8 H18: no secret is shown with a claim that its account can’t pay: FundsMissing (4014)', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const purse: Purse = { held: 100_000n, market: 2n, refuses: 'submit' }
    const { deal, alice, bob } = both(market, { wrap: poor(SHORT, purse) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => isLocked(market, 'long'))
    Object.assign(purse, { held: 40n, market: 900n })
    await Process.finish(market, alice, bob)
    expect(alice.progress.flatMap((p) => (p.is === 'trouble' ? [p.error] : []))).toContainEqual(
      expect.objectContaining({
        _tag: 'FundsMissing',
        context: expect.objectContaining({ holds: 40n, needs: 900n }),
      }),
    )
    expect(feesOf(alice, 'claim')).toEqual([])
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expectWhole(market, ALICE, BOB)
  })
})

describe('what was signed before its account held less', () => {
  it('L5 S6: is made anew for what is held', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const purse: Purse = { held: 100_000n, market: 2n, refuses: 'submit' }
    // What is sent first isn't heard of by anybody.
    let heard = false
    const wrap = (side: Side.Side): Side.Side => {
      const { adapter, ...rest } = poor(LONG, purse)(side)
      const submit: SwapAdapter['submit'] = async (signed, o) => {
        if (heard || signed.step.kind !== 'claim' || signed.step.network !== LONG)
          return adapter.submit(signed, o)
        heard = true
        purse.held = 40n
        throw new Error('the endpoint hung up')
      }
      return { ...rest, adapter: { ...adapter, submit } }
    }
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => isLocked(market, 'short'))
    purse.market = 900n
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(feesOf(bob, 'claim')).toEqual([900n, 40n])
    expectGains(market, BOB, 'deal')
  })

  it('L5: a version that waits is raised to what is held', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    const purse: Purse = { held: 40n, market: 9n, refuses: 'submit' }
    long.held = (tx) => tx.does.is === 'claim' && tx.fee < 40n
    const { deal, alice, bob } = both(
      market,
      {},
      { wrap: poor(LONG, purse), context: { bumpAfter: () => 1n } },
    )
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => long.mempool.some((tx) => tx.does.is === 'claim'))
    purse.market = 900n
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(feesOf(bob, 'claim')).toEqual([9n, 40n])
    expectGains(market, BOB, 'deal')
  })

  it.each([
    ['that says 0', async () => 0n],
    [
      'that says nothing',
      async () => {
        throw new Error('the endpoint hung up')
      },
    ],
  ])('L5: an endpoint %s stops no claim and no refund', async (_, holds) => {
    const market = create({ long: 'contract', short: 'utxo' })
    let told = false
    const wrap = (side: Side.Side): Side.Side => {
      const { balance } = side.adapter
      const changed: SwapAdapter['balance'] = async (account, o) => {
        const fact = await balance(account, o)
        return told ? { ...fact, value: await holds() } : fact
      }
      return { ...side, adapter: { ...side.adapter, balance: changed } }
    }
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => isClaimed(market, 'short'))
    told = true
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, BOB, 'deal')
  })
})
