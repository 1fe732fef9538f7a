import { Bytes, defineErrors, isAitbcError, type Network, type Step, type SwapAdapter } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Pace, type Policy, Runner, type Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import type * as Chain from './model/Chain.js'
import { both, expectGains, expectWhole, LEGS, locksBy } from './model/expect.js'
import { LONG, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create, FUNDS, type Market, risk } from './model/market.js'
import * as Net from './model/Net.js'
import * as Process from './model/process.js'

// How soon, and how, a runner pays more for what isn't included, on chains of every pace.

const Refusals = defineErrors({
  FeeTooLow: { code: 9111, retryable: true, hint: 'Pay more.' },
  DustOutput: { code: 9112, retryable: false, hint: 'Lower the fee rate.' },
  InvalidFeeRate: { code: 9113, retryable: false, hint: 'Ask for a rate that nodes take.' },
})

/** The long leg's chain calls its blocks so short; they come once a second all the same. */
function paced(kinds: Parameters<typeof create>[0], blockTimeMs: bigint): Market {
  const { nets } = create(kinds)
  const network: Network = { ...nets.long.network, blockTimeMs }
  return { nets: { ...nets, long: { ...nets.long, network } } }
}

/** Sides whose adapter on the long leg's chain does some things otherwise. */
const otherwise =
  (change: (adapter: SwapAdapter) => Partial<SwapAdapter>) =>
  (side: Side.Side): Side.Side =>
    side.adapter.network.id === LONG
      ? { ...side, adapter: { ...side.adapter, ...change(side.adapter) } }
      : side

const raised = (process: Process.Process) => process.progress.filter((p) => p.is === 'raised')

/** Miners want so much for a transaction of a kind. */
function dear(net: Net.Net, does: string, fee = 5n): void {
  net.held = (tx) => tx.does.is === does && tx.fee < fee
}

describe('when a fee is raised', () => {
  it.each([
    [1000n, 2n],
    [40n, 5n],
    [20n, 9n],
  ])('L5: with blocks of %s ms after %s of them', async (blockTimeMs, blocks) => {
    const market = paced({ long: 'contract', short: 'utxo' }, blockTimeMs)
    const { long } = market.nets
    expect(Pace.bumpAfter(long.network)).toBe(blocks)
    dear(long, 'lock')
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => long.mempool.length > 0)
    const sent = long.tip.height
    await Process.drive(market, () => raised(alice).length > 0)
    expect(BigInt(long.tip.height - sent)).toBe(blocks)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectWhole(market, ALICE, BOB)
  })

  it('L5 S15: what nodes forget and are sent again has waited all the same; the journal has it once', async () => {
    const market = paced({ long: 'contract', short: 'utxo' }, 20n)
    const { long } = market.nets
    let since = 0
    const forgetful = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      async submit(signed, o) {
        since = long.tip.height
        return adapter.submit(signed, o)
      },
      async status(submission, o) {
        const fact = await adapter.status(submission, o)
        return fact.value.is === 'pending' && long.tip.height >= since + 3
          ? { ...fact, value: { is: 'dropped' } }
          : fact
      },
    })
    dear(long, 'lock')
    const { deal, alice, bob } = both(market, { wrap: otherwise(forgetful) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => long.mempool.length > 0)
    await Process.quiet()
    const [sent, written] = [long.tip.height, alice.swap?.journal.entries.length]
    await Process.drive(market, () => long.tip.height === sent + 8)
    expect(alice.calls.filter(({ method }) => method === 'submit').length).toBe(3)
    expect(alice.swap?.journal.entries.length).toBe(written)
    await Process.drive(market, () => raised(alice).length > 0)
    expect(long.tip.height).toBeLessThanOrEqual(sent + 10)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectWhole(market, ALICE, BOB)
  })

  it('L5 S9: a lock that nodes call too cheap is sent again for more under its conflict key, and once alone', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const choosy = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      async submit(signed, o) {
        const { fee } = JSON.parse(new TextDecoder().decode(signed.raw)) as { fee: string }
        if (BigInt(fee.slice(0, -1)) < 5n) throw Refusals.FeeTooLow('mempool min fee not met')
        return adapter.submit(signed, o)
      },
    })
    const { deal, alice, bob } = both(market, { wrap: otherwise(choosy) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    const keys = alice.calls.flatMap(({ method, args }) =>
      method === 'sign' ? [args[0] as { kind: string; conflictKey: string }] : [],
    )
    const locking = keys.filter(({ kind }) => kind === 'lock')
    expect(locking.length).toBeGreaterThan(1)
    expect(new Set(locking.map(({ conflictKey }) => conflictKey)).size).toBe(1)
    expect(locksBy(market, ALICE).length).toBe(1)
    expectGains(market, ALICE, 'deal')
  })
})

describe('when fees are a hundred times what they were', () => {
  it('L5 H8 S6: a claim whose secret is public goes beyond half of its lock, a quarter at a time; a refund does not', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { long } = market.nets
    let spike = false
    const spiking = (): Partial<SwapAdapter> => ({
      feeRates: async () =>
        spike ? { slow: 2n, normal: 2n, fast: 900n } : { slow: 1n, normal: 2n, fast: 5n },
    })
    const bumpAfter = () => 1n
    const { deal, alice, bob } = both(market, {}, { wrap: otherwise(spiking), context: { bumpAfter } })
    long.held = (tx) => tx.does.is === 'claim' && tx.fee < 700n
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => long.mempool.some((tx) => tx.does.is === 'claim'))
    spike = true
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    const paid = bob.calls.flatMap(({ method, args }) => {
      const step = (args[0] as { readonly step?: Step } | undefined)?.step
      return method === 'submit' && step?.kind === 'claim' && step.network === LONG
        ? [step.maxFee.amount]
        : []
    })
    expect([...new Set(paid)]).toEqual([2n, 500n, 625n, 781n])

    const other = create({ long: 'utxo', short: 'contract' })
    const { alice: alone } = both(other, { wrap: otherwise(spiking), context: { bumpAfter } })
    spike = false
    other.nets.long.held = (tx) => tx.does.is === 'refund'
    Process.start(alone, deal)
    await Process.drive(other, () => other.nets.long.mempool.some((tx) => tx.does.is === 'refund'))
    spike = true
    for (let i = 0; i < 12; i++) {
      Net.mine(other.nets.long, other.nets.long.tip.clock + 1n)
      await Process.quiet()
    }
    expect(Math.max(...other.nets.long.mempool.map(({ fee }) => Number(fee)))).toBe(500)
    other.nets.long.held = () => false
    await Process.finish(other, alone)
    expect(alone.outcome).toBe('no-deal')
  })
})

describe('where a lock pays for its claim and its refund, as on Bitcoin', () => {
  /** What isn't told a rate takes what the market asks, and all but dust at most; what is told one is refused where that can't be paid. */
  const exacting =
    (market: { rate: bigint; beaten: bigint }) =>
    (adapter: SwapAdapter): Partial<SwapAdapter> => {
      const priceOf = (told: bigint) => {
        if (told < 2n || told > 10_000n) throw Refusals.InvalidFeeRate(`${told} is out of bounds`)
        const cost = told > market.beaten ? told : market.beaten
        if (cost > 999n) throw Refusals.DustOutput(`${cost} leaves nothing of the lock`)
        return cost
      }
      return {
        feeRates: async () => ({ slow: 1n, normal: market.rate, fast: market.rate }),
        async prepare(intent, o) {
          if (intent.kind !== 'claim' && intent.kind !== 'refund') return adapter.prepare(intent, o)
          const asked = o?.feeRate ?? (market.rate < 999n ? market.rate : 999n)
          return adapter.prepare(intent, { ...o, feeRate: priceOf(asked) })
        },
        replace: async (submission, feeRate, o) => adapter.replace(submission, priceOf(feeRate), o),
      }
    }
  const signed = (process: Process.Process, kind: string) =>
    process.calls.flatMap(({ method, args }) => {
      const step = args[0] as Step | undefined
      return method === 'sign' && step?.kind === kind && step.network === LONG ? [step.maxFee.amount] : []
    })

  it('L5 H8 S6: a market beyond what the lock holds stops no claim, no refund and no raise', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { long } = market.nets
    const told = { rate: 5000n, beaten: 0n }
    const wrap = otherwise(exacting(told))
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(signed(bob, 'claim').at(-1)).toBeGreaterThan(400n)
    expect(signed(bob, 'claim').at(-1)).toBeLessThanOrEqual(500n)

    const other = create({ long: 'utxo', short: 'contract' })
    told.rate = 2n
    const { alice: alone } = both(other, { wrap, context: { bumpAfter: () => 1n } })
    other.nets.long.held = (tx) => tx.does.is === 'refund' && tx.fee < 300n
    Process.start(alone, deal)
    await Process.drive(other, () => other.nets.long.mempool.some((tx) => tx.does.is === 'refund'))
    told.rate = 5000n
    await Process.finish(other, alone)
    expect(alone.outcome).toBe('no-deal')
    expect(signed(alone, 'refund').at(-1)).toBeGreaterThan(400n)
    expect(long.mempool).toEqual([])
  })

  it('H5 H6: what is right outbids for more than half of the lock, where nothing less would do', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const told = { rate: 20n, beaten: 0n }
    const { deal, alice, bob } = both(market, {}, { wrap: otherwise(exacting(told)) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => signed(bob, 'claim').length === 0 && locksBy(market, BOB).length > 0)
    told.beaten = 600n
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(signed(bob, 'claim').at(-1)).toBe(600n)
  })
})

describe('what takes the place of a version that came to nothing', () => {
  const least = 20n
  const made = (process: Process.Process) =>
    process.calls.flatMap(({ method, args }) => {
      const step = args[0] as Step | undefined
      return method === 'sign' && step?.kind === 'claim' && step.network === LONG ? [step.maxFee.amount] : []
    })
  const expectRising = (paid: readonly bigint[]) => {
    for (const [i, fee] of paid.entries()) expect(fee).toBeGreaterThanOrEqual(paid[i - 1] ?? 0n)
    expect(paid.at(-1)).toBeGreaterThanOrEqual(least)
  }

  it('L5 H6 S6: a claim that is refused for its price begins no raise anew', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    // As where what it must outbid isn't told.
    const choosy = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      async submit(signed, o) {
        if (signed.step.kind === 'claim' && signed.step.maxFee.amount < least)
          throw Refusals.FeeTooLow('insufficient fee, rejecting replacement')
        return adapter.submit(signed, o)
      },
    })
    const wrap = otherwise(choosy)
    const { deal, alice, bob } = both(market, {}, { wrap, context: { bumpAfter: () => 1n } })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectRising(made(bob))
    expectGains(market, BOB, 'deal')
  })

  it('L5 S6: a claim whose time to be included is over is made for more, whatever the market is told to be', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    let since = 0
    // As with a blockhash, on a chain that tells of no price at the lock's own account.
    const fleeting = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      async submit(signed, o) {
        since = long.tip.height
        return adapter.submit(signed, o)
      },
      async status(submission, o) {
        const fact = await adapter.status(submission, o)
        if (submission.step.kind !== 'claim' || fact.value.is !== 'pending' || long.tip.height <= since)
          return fact
        long.mempool = long.mempool.filter((tx) => tx.does.is !== 'claim')
        return { ...fact, value: { is: 'replaced', by: '' } }
      },
    })
    dear(long, 'claim', least)
    const { deal, alice, bob } = both(market, {}, { wrap: otherwise(fleeting) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectRising(made(bob))
    expectGains(market, BOB, 'deal')
  })
})

describe('accounts whose transactions come one after the other', () => {
  it('L6 S6: a claim that waits for one that is lost is made again in its place, and paid well', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    let first: string | undefined
    // As after a nonce that nobody will ever use: nodes keep it, and no block takes it.
    const gapped = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      async submit(signed, o) {
        if (signed.step.kind === 'claim') first ??= signed.step.conflictKey
        return adapter.submit(signed, o)
      },
      async status(submission, o) {
        const fact = await adapter.status(submission, o)
        return submission.step.conflictKey === first && fact.value.is === 'pending'
          ? { ...fact, value: { is: 'dropped' } }
          : fact
      },
    })
    long.held = (tx) => tx.slot === first
    const { deal, alice, bob } = both(market, {}, { wrap: otherwise(gapped) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    const made = bob.calls.flatMap(({ method, args }) =>
      method === 'sign' ? [args[0] as { kind: string; conflictKey: string }] : [],
    )
    const claims = made.filter(({ kind }) => kind === 'claim').map(({ conflictKey }) => conflictKey)
    expect(claims).toEqual([first, first, expect.not.stringMatching(String(first))])
    expectGains(market, BOB, 'deal')
  })
})

describe('chains that keep the first of two versions', () => {
  /** As CometBFT's mempool does: of two with one sequence it keeps the first, whatever the second one pays. */
  const stubborn =
    (net: Net.Net) =>
    (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      capabilities: { ...adapter.capabilities, replacement: 'after-drop' },
      async submit(signed, o) {
        if (net.mempool.some((tx) => tx.slot === signed.step.conflictKey && tx.id !== signed.id))
          throw new Error('account sequence mismatch')
        return adapter.submit(signed, o)
      },
    })
  const replaces = (process: Process.Process) => process.calls.filter(({ method }) => method === 'replace')

  it.each(['lock', 'claim'] as const)(
    'L5 S9: a %s that waits is left alone, and sent for more once they dropped it',
    async (what) => {
      const market = create({ long: 'contract', short: 'utxo' })
      const { long } = market.nets
      // What can't be raised while it waits pays five at once.
      dear(long, what, 6n)
      const { deal, alice, bob } = both(
        market,
        { wrap: otherwise(stubborn(long)) },
        { wrap: otherwise(stubborn(long)) },
      )
      const acts = what === 'lock' ? alice : bob
      Process.start(alice, deal)
      Process.start(bob, deal)
      const waits = () => long.mempool.some((tx) => tx.does.is === what)
      await Process.drive(market, waits)
      const sent = long.tip.height
      await Process.drive(market, () => long.tip.height > sent + 4)
      expect(waits()).toBe(true)
      expect(replaces(acts)).toEqual([])
      long.mempool = long.mempool.filter((tx) => tx.does.is !== what)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expect(raised(acts).length).toBe(1)
      expectWhole(market, ALICE, BOB)
      expectGains(market, ALICE, 'deal')
    },
  )

  it('L5: where the dearer version can’t be made, the first one is sent again', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    long.held = (tx) => tx.does.is === 'claim' && long.tip.height < 22
    const poor = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      ...stubborn(long)(adapter),
      async replace() {
        throw new Error('more than maxFeeRate allows')
      },
    })
    const { deal, alice, bob } = both(market, {}, { wrap: otherwise(poor) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    const waits = () => long.mempool.some((tx) => tx.does.is === 'claim')
    await Process.drive(market, waits)
    const sent = long.tip.height
    await Process.drive(market, () => long.tip.height > sent + 2)
    long.mempool = long.mempool.filter((tx) => tx.does.is !== 'claim')
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(bob.progress.some((p) => p.is === 'trouble')).toBe(true)
    expect(raised(bob)).toEqual([])
  })
})

describe('a budget', () => {
  const policyOf = (fees: Policy.Policy['fees']): Policy.Policy => ({ ...risk, ...(fees && { fees }) })
  const paid = (market: Market, name: string) =>
    LEGS.flatMap((leg) => {
      const { tip } = market.nets[leg]
      const blocks: Chain.Block[] = []
      for (let at: Chain.Block | undefined = tip; at !== undefined; at = at.parent) blocks.push(at)
      return blocks.flatMap(({ txs }) => txs.filter(({ by }) => by === name).map(({ fee }) => fee))
    })

  it('L5: while nothing is included fees rise by a quarter at least, whatever the market says, up to the budget and no further', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    dear(long, 'lock', 13n)
    const policy = policyOf({ [LONG]: 12n })
    const { deal, alice, bob } = both(market, { policy })
    const fees: bigint[] = []
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => Process.isDone(alice), {
      each: () => {
        for (const tx of long.mempool) if (tx.does.is === 'lock' && tx.fee !== fees.at(-1)) fees.push(tx.fee)
      },
    })
    expect(fees.length).toBeGreaterThan(4)
    expect(fees.at(-1)).toBe(12n)
    for (const [i, fee] of fees.entries())
      if (i > 0) expect(fee * 5n).toBeGreaterThan((fees[i - 1] as bigint) * 5n)
    expect(alice.progress.some((p) => p.is === 'trouble' && isAitbcError(p.error, 'FeeBudgetSpent'))).toBe(
      true,
    )
    expect(alice.outcome).toBe('no-deal')
    // What makes it void outbids it.
    for (const fee of paid(market, ALICE)) expect(fee).toBeLessThanOrEqual(12n + 5n)
    expectWhole(market, ALICE)
  })

  it('L5: the last blocks before a claim’s deadline take all of it', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    long.held = (tx) => tx.does.is === 'claim' && tx.fee < 400n
    const { deal, alice, bob } = both(market, {}, { policy: policyOf({ [LONG]: 400n }) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(paid(market, BOB)).toContain(400n)
  })

  it('S13: what the budget may cost is kept back from the lock on', async () => {
    for (const [more, locks] of [
      [0n, true],
      [1n, false],
    ] as const) {
      const market = create({ long: 'contract', short: 'contract' })
      // The lock, its fee, and the budget for its refund, to the unit.
      const budget = FUNDS - 1000n - 2n + more
      const { deal, alice } = both(market, { policy: policyOf({ [LONG]: budget }) })
      Process.start(alice, deal)
      await Process.drive(market, () => market.nets.long.tip.height > 4)
      expect(locksBy(market, ALICE).length).toBe(locks ? 1 : 0)
      expect(alice.progress.some((p) => p.is === 'trouble' && isAitbcError(p.error, 'FundsMissing'))).toBe(
        !locks,
      )
      alice.dead = true
    }
  })

  it('S13 H8: no lock is made whose claim or refund would cost more than the budget today', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice } = both(market, { policy: policyOf({ [SHORT]: 1n }) })
    Process.start(alice, deal)
    await Process.drive(market, () => market.nets.long.tip.height > 4)
    expect(locksBy(market, ALICE)).toEqual([])
    expect(alice.progress).toContainEqual(
      expect.objectContaining({
        is: 'trouble',
        error: expect.objectContaining({ _tag: 'FeeBudgetSpent', code: 4016 }),
      }),
    )
    alice.dead = true
  })

  it('S15: it outlives a restart', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const storage = createMemoryStorage()
    const { deal, alice } = both(market, { storage, policy: policyOf({ [LONG]: 33n }) })
    Process.start(alice, deal)
    await Process.drive(market, () => market.nets.long.tip.height > 2)
    alice.dead = true
    const again = await Runner.load({ ...alice.context, storage }, Bytes.toHex(deal.nonces[ALICE]))
    expect(again.state.durable.rules.fees).toEqual({ long: 33n })
  })
})
