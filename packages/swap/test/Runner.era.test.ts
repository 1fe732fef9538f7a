import { defineErrors, type SwapAdapter } from '@aitbc/core'
import type { Side } from '@aitbc/swap'
import { expect, it } from 'vitest'
import { both, expectGains, feesOf, isLocked } from './model/expect.js'
import { LONG } from './model/fixtures.js'
import { BOB, create, risk } from './model/market.js'
import * as Process from './model/process.js'

// What is good for some blocks only, as Polkadot's mortal transactions are.

const Refusals = defineErrors({
  Outdated: { code: 9141, retryable: true, hint: 'Make it anew.' },
})
const ERA = 3n

it('L5 S6: a claim that nobody took in its era, and that already costs all that it may, is made anew', async () => {
  const market = create({ long: 'contract', short: 'utxo' })
  const { long } = market.nets
  const heightOf = () => BigInt(long.tip.height)
  let first: bigint | undefined
  const wrap = (side: Side.Side): Side.Side => {
    const { adapter } = side
    if (adapter.network.id !== LONG) return side
    const changed: SwapAdapter = {
      ...adapter,
      async prepare(intent, o) {
        const steps = await adapter.prepare(intent, o)
        const validUntil = { network: LONG, clock: 'height', value: heightOf() + ERA } as const
        return intent.kind === 'claim' ? steps.map((step) => ({ ...step, validUntil })) : steps
      },
      async submit(signed, o) {
        const { kind, validUntil } = signed.step
        if (kind !== 'claim') return adapter.submit(signed, o)
        const until = validUntil?.value ?? 0n
        if (heightOf() > until) throw Refusals.Outdated('the era is over')
        first ??= until
        // Whoever takes the first one loses it.
        return until === first ? { ...signed, attempts: [signed.id] } : adapter.submit(signed, o)
      },
    }
    return { ...side, adapter: changed }
  }
  const { deal, alice, bob } = both(market, {}, { wrap, policy: { ...risk, fees: { [LONG]: 2n } } })
  Process.start(alice, deal)
  Process.start(bob, deal)
  await Process.drive(market, () => isLocked(market, 'short'))
  await Process.drive(market, () => Process.isDone(alice) && Process.isDone(bob))
  expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
  expect(feesOf(bob, 'claim')).toEqual([2n, 2n])
  expectGains(market, BOB, 'deal')
})
