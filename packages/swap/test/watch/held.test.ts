import { defineErrors, type SwapAdapter } from '@aitbc/core'
import { describe, expect, it } from 'vitest'
import { expectGains, expectWhole, locksBy } from '../model/expect.js'
import { LONG } from '../model/fixtures.js'
import * as Process from '../model/process.js'
import { ALICE, BOB, isEnded, marketOf, newest, ownerOf, TOWERS, towerOf } from './towers.js'

// A tower whose account holds little beside a market that is dear, or made up.

const Refusals = defineErrors({
  EvmInsufficientFunds: { code: 9121, retryable: true, hint: 'Fund the account.' },
  SolanaInsufficientFunds: { code: 9122, retryable: true, hint: 'Fund the account.' },
})
const HELD = 40n
const [FIRST] = TOWERS

/** An adapter refuses what the account can't pay, or a node does. */
const poor =
  (refuses: 'prepare' | 'submit') =>
  (adapter: SwapAdapter): SwapAdapter => {
    if (adapter.network.id !== LONG) return adapter
    return {
      ...adapter,
      feeRates: async () => ({ slow: 1n, normal: 2n, fast: 900n }),
      balance: async (account, o) => ({ ...(await adapter.balance(account, o)), value: HELD }),
      async prepare(intent, o) {
        const steps = await adapter.prepare(intent, o)
        if (refuses === 'prepare' && steps.some(({ maxFee }) => maxFee.amount > HELD))
          throw Refusals.SolanaInsufficientFunds(`${HELD} are held`)
        return steps
      },
      async submit(signed, o) {
        if (signed.step.maxFee.amount > HELD) throw Refusals.EvmInsufficientFunds(`${HELD} are held`)
        return adapter.submit(signed, o)
      },
    }
  }

describe.each(['prepare', 'submit'] as const)('where %s refuses what a tower can’t pay', (refuses) => {
  it('L5 L7: a refund pays what its account holds, where the market asks for more', async () => {
    const market = marketOf({ long: 'contract', short: 'utxo' })
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => locksBy(market, ALICE).length > 0)
    owner.process.dead = true
    const tower = towerOf(market, newest(owner), FIRST, { wrap: poor(refuses) })
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toEqual({ refund: 'refunded', claim: 'nothing' })
    expectWhole(market, ALICE)
  })

  it('L5 L7 S6: a claim does too', async () => {
    const market = marketOf({ long: 'contract', short: 'utxo' })
    const owner = ownerOf(market, BOB)
    const alice = Process.create(market, ALICE)
    const deal = Process.agreed(market)
    Process.start(alice, deal)
    Process.start(owner.process, deal)
    await Process.drive(market, () => locksBy(market, BOB).length > 0)
    owner.process.dead = true
    const tower = towerOf(market, newest(owner), FIRST, { wrap: poor(refuses) })
    await Process.drive(market, () => isEnded(tower) && Process.isDone(alice))
    expect(tower.ended).toEqual({ refund: 'claimed', claim: 'claimed' })
    expectGains(market, BOB, 'deal')
  })
})
