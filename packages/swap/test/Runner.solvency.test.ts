import { isAitbcError, type Step, type SwapAdapter } from '@aitbc/core'
import type { Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, expectGains, expectWhole, locksBy } from './model/expect.js'
import { LONG, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create, type Name, risk } from './model/market.js'
import * as Process from './model/process.js'

// What a claim costs on chains that differ from the rest, before anybody locks.

/** A chain that refunds by itself, as IRISnet's module does, and on which an account holds nothing for a claim. */
const refunding =
  (network: string) =>
  (side: Side.Side): Side.Side => {
    const { adapter } = side
    if (adapter.network.id !== network) return side
    const changed: SwapAdapter = {
      ...adapter,
      prepare: async (intent, o) => (intent.kind === 'refund' ? [] : adapter.prepare(intent, o)),
      balance: async (account, o) => ({ ...(await adapter.balance(account, o)), value: 0n }),
    }
    return { ...side, adapter: changed }
  }

describe('S13 H8: where a chain refunds by itself, nobody locks who couldn’t pay for a claim', () => {
  it.each([
    [ALICE, SHORT],
    [BOB, LONG],
  ] satisfies [Name, string][])('%s', async (name, network) => {
    const market = create(
      network === SHORT ? { long: 'utxo', short: 'contract' } : { long: 'contract', short: 'utxo' },
    )
    const options: Process.Options = { wrap: refunding(network) }
    const { deal, alice, bob } = name === ALICE ? both(market, options) : both(market, {}, options)
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    const tested = name === ALICE ? alice : bob
    const [trouble] = tested.progress.flatMap((p) => (p.is === 'trouble' ? [p.error] : []))
    expect(trouble).toMatchObject({
      _tag: 'FundsMissing',
      // Twice the greatest fee of a claim.
      context: { account: `${network}:${name}`, holds: 0n, needs: 4n },
    })
    expect(locksBy(market, name)).toEqual([])
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expectWhole(market, ALICE, BOB)
  })
})

/** What it costs at any rate: a deposit. */
const MAP = 3n

/** A chain on which an account must be made known before its first call, as on a Hub: two transactions. */
const mapping = (side: Side.Side): Side.Side => {
  const { adapter } = side
  if (adapter.network.id !== LONG) return side
  const changed: SwapAdapter = {
    ...adapter,
    async prepare(intent, o) {
      const steps = await adapter.prepare(intent, o)
      const [step] = steps
      const isCall = intent.kind === 'claim' || intent.kind === 'refund'
      if (step === undefined || !isCall) return steps
      const maxFee = { ...step.maxFee, amount: MAP }
      const map: Step = { ...step, kind: 'map-account', maxFee, conflictKey: `map/${step.conflictKey}` }
      return [map, ...steps]
    },
    submit: async (signed, o) =>
      signed.step.kind === 'map-account' ? { ...signed, attempts: [signed.id] } : adapter.submit(signed, o),
  }
  return { ...side, adapter: changed }
}

describe('S13 H8: where a claim takes two transactions', () => {
  it('nobody locks whose budget pays for each of them, and not for both: FeeBudgetSpent (4016)', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const policy = { ...risk, fees: { [LONG]: 3n } }
    const { deal, alice, bob } = both(market, {}, { wrap: mapping, policy })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect(bob.progress.some((p) => p.is === 'trouble' && isAitbcError(p.error, 'FeeBudgetSpent'))).toBe(true)
    expect(locksBy(market, BOB)).toEqual([])
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expectWhole(market, ALICE, BOB)
  })

  it('one that pays for both claims', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const policy = { ...risk, fees: { [LONG]: 5n } }
    const { deal, alice, bob } = both(market, {}, { wrap: mapping, policy })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, BOB, 'deal')
  })
})
