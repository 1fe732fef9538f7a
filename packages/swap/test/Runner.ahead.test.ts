import { defineErrors, type Step, type SwapAdapter } from '@aitbc/core'
import type { Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, expectGains, expectWhole, LEGS } from './model/expect.js'
import { LONG } from './model/fixtures.js'
import * as ModelAdapter from './model/ModelAdapter.js'
import { ALICE, BOB, create, type Market } from './model/market.js'
import * as Process from './model/process.js'

// What comes before a lock under its account, such as a token's approval: nothing behind it is included before it is.

const Refusals = defineErrors({
  EvmFeeRateTooHigh: { code: 9131, retryable: true, hint: 'Wait, or raise the bound.' },
})

/** A chain on which a lock takes two transactions of its account. */
const approving =
  (market: { fast: bigint }) =>
  (side: Side.Side): Side.Side => {
    const { adapter } = side
    if (adapter.network.id !== LONG) return side
    const changed: SwapAdapter = {
      ...adapter,
      feeRates: async () => ({ slow: 1n, normal: 2n, fast: market.fast }),
      async prepare(intent, o) {
        const steps = await adapter.prepare(intent, o)
        const [lock] = steps
        if (intent.kind !== 'lock' || lock === undefined) return steps
        const made = ModelAdapter.child({ step: lock, id: lock.conflictKey, attempts: [] }, o?.feeRate ?? 2n)
        const approve: Step = { ...made, kind: 'approve' }
        return [approve, lock]
      },
    }
    return { ...side, adapter: changed }
  }

/** Blocks take nothing that pays less than `least`, and nothing behind an approval before it. */
function demand({ nets: { long } }: Market, market: { least: bigint }): void {
  const isApproved = () => [...long.tip.ledger.slots.keys()].some((slot) => slot.startsWith('child:'))
  long.held = (tx) => tx.fee < market.least || (tx.slot.startsWith('nonce:') && !isApproved())
}
const kindsBy = (process: Process.Process, method: string) =>
  process.calls.flatMap((call) => (call.method === method ? [(call.args[0] as Step).kind] : []))

describe('what comes before a lock', () => {
  it('L5 L6: is raised with it: behind it every claim of the account would wait', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const asks = { least: 20n, fast: 25n }
    demand(market, asks)
    const { deal, alice, bob } = both(market, { wrap: approving(asks), context: { bumpAfter: () => 1n } })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, ALICE, 'deal')
    expectGains(market, BOB, 'deal')
  })

  it('L5: what can’t be raised itself keeps no lock from being raised', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const asks = { least: 2n, fast: 25n }
    demand(market, asks)
    // The approval is there; of the lock more is asked.
    const { long } = market.nets
    const { held } = long
    long.held = (tx) => held(tx) || (tx.does.is === 'lock' && tx.fee < 20n)
    const bounded = (side: Side.Side): Side.Side => {
      const made = approving(asks)(side)
      const replace: SwapAdapter['replace'] = async (submission, feeRate, o) => {
        if (submission.step.kind === 'approve') throw Refusals.EvmFeeRateTooHigh('it is at the bound')
        return made.adapter.replace(submission, feeRate, o)
      }
      const status: SwapAdapter['status'] = async (submission, o) => {
        const fact = await made.adapter.status(submission, o)
        return submission.step.kind === 'approve' ? { ...fact, value: { is: 'pending' } } : fact
      }
      return side.adapter.network.id === LONG
        ? { ...made, adapter: { ...made.adapter, replace, status } }
        : side
    }
    const { deal, alice, bob } = both(market, { wrap: bounded, context: { bumpAfter: () => 1n } })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
  })

  it('L6 S12: is raised with what makes the lock void, and made once', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const asks = { least: 1000n, fast: 5n }
    demand(market, asks)
    const { deal, alice, bob } = both(market, { wrap: approving(asks), context: { bumpAfter: () => 1n } })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => kindsBy(alice, 'sign').includes('void'))
    Object.assign(asks, { least: 20n, fast: 25n })
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expectWhole(market, ALICE, BOB)
    expect(market.nets.long.mempool).toEqual([])
    expect(LEGS.map((leg) => market.nets[leg].tip.ledger.locks.size)).toEqual([0, 0])
  })
})
