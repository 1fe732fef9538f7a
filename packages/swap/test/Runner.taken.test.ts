import { defineErrors, type SwapAdapter } from '@aitbc/core'
import type { Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, expectGains } from './model/expect.js'
import { LONG } from './model/fixtures.js'
import { BOB, create } from './model/market.js'
import * as Net from './model/Net.js'
import * as Process from './model/process.js'

const Refusals = defineErrors({
  FeeTooLow: { code: 9111, retryable: true, hint: 'Pay more.' },
  EvmUnderpriced: { code: 9112, retryable: true, hint: 'Pay more.' },
  CosmosUnderpriced: { code: 9113, retryable: true, hint: 'Pay more.' },
  PolkadotTipTooLow: { code: 9114, retryable: true, hint: 'Tip more.' },
})
const tags = ['FeeTooLow', 'EvmUnderpriced', 'CosmosUnderpriced', 'PolkadotTipTooLow'] as const

describe('a number of an account that another of its transactions has', () => {
  it.each(tags)('L5: a claim that is refused for it, as %s, is made anew with the next one', async (tag) => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    // What no endpoint told of when the claim was made, and miners leave out.
    long.held = (tx) => tx.id === 'other'
    let taken = false
    const wrap = (side: Side.Side): Side.Side => {
      const { adapter } = side
      if (adapter.network.id !== LONG) return side
      const submit: SwapAdapter['submit'] = async (signed, o) => {
        if (signed.step.kind !== 'claim' || taken) return adapter.submit(signed, o)
        taken = true
        const { conflictKey: slot } = signed.step
        Net.accept(long, { id: 'other', by: BOB, slot, fee: 50n, does: { is: 'nothing' } })
        throw Refusals[tag](`${signed.id} pays less than what waits`)
      }
      const guarded: SwapAdapter['submit'] = async (signed, o) => {
        const rival = long.mempool.find((tx) => tx.id === 'other')
        if (rival?.slot === signed.step.conflictKey) throw Refusals[tag](`${signed.id} pays less`)
        return submit(signed, o)
      }
      return { ...side, adapter: { ...adapter, submit: guarded } }
    }
    const { deal, alice, bob } = both(market, {}, { wrap, context: { bumpAfter: () => 1000n } })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, BOB, 'deal')
  })
})
