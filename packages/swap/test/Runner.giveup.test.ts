import { Bytes, type Signed, type Status, type Step, type SwapAdapter } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Runner, type Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, crossed, expectGains, isKind, locksBy } from './model/expect.js'
import { LONG, pairs, SHORT } from './model/fixtures.js'
import * as ModelAdapter from './model/ModelAdapter.js'
import { ALICE, BOB, create, type Market, mine, nonces, risk, sides } from './model/market.js'
import * as Net from './model/Net.js'
import * as Process from './model/process.js'

// Who gives a swap up beside a counterparty, an endpoint or a storage that waits for just that.

const swapOf = ({ swap }: Process.Process): Runner.Swap => {
  if (swap === undefined) throw new Error('no swap yet')
  return swap
}

const beside =
  (network: string, change: (side: Side.Side) => Partial<Side.Side>) =>
  (side: Side.Side): Side.Side =>
    side.adapter.network.id === network ? { ...side, ...change(side) } : side

/** Bob, by hand: spends a lock on one leg. */
async function spend(market: Market, { signed }: Process.Deal, leg: 'long' | 'short'): Promise<void> {
  const terms = signed.agreement[leg]
  const { adapter, signer } = sides(market, BOB)[leg === 'long' ? LONG : SHORT] as Side.Side
  const [read] = await adapter.findLocks(terms)
  if (read?.is !== 'found') throw new Error('no lock is there')
  const lock = read.fact.value
  const intent =
    leg === 'long'
      ? ({ kind: 'claim', terms, lock, secret: Process.secretOf() } as const)
      : ({ kind: 'refund', terms, lock } as const)
  const [step] = await adapter.prepare(intent)
  const by = signer((step as Step).from, nonces[BOB])
  if (by?.kind !== 'signs') throw new Error('no signer')
  const { id, raw } = await by.sign(step as Step)
  expect(Net.accept(market.nets[leg], ModelAdapter.transactionOf(id, raw))).toBe('accepted')
}

describe('Runner.cancel', () => {
  it('S6 S7 H18: a claim that was about to be sent is not given up: an endpoint may have kept it, and told the counterparty', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const storage = createMemoryStorage()
    const judge = ({ method, args }: Process.Call) => (isKind(method, args, 'claim') ? 'die-before' : 'go')
    const { deal, alice, bob } = both(market, { storage, judge })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => alice.dead)
    bob.dead = true
    const again = Process.create(market, ALICE, { storage })
    const swap = await Runner.load(again.context, Bytes.toHex(nonces[ALICE]))
    const given = await Runner.cancel(swap)
    Process.start(again, deal)
    const { deadline } = deal.signed.agreement.short
    await Process.drive(market, () => Process.isDone(again) || market.nets.short.tip.clock >= deadline.value)
    if (!Process.isDone(again)) {
      await spend(market, deal, 'short')
      await Process.drive(market, () => market.nets.short.mempool.length === 0)
      await spend(market, deal, 'long')
      await Process.finish(market, again)
    }
    expect(again.outcome).toBe('deal')
    expectGains(market, ALICE, 'deal')
    expect(given).toBe(false)
  })

  it('S15: a stop that could not be journaled is no answer', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const storage = createMemoryStorage()
    let fails = false
    const judge = ({ method }: Process.Call) => (fails && method === 'append' ? 'fail-before' : 'go')
    const { deal, bob } = both(market, {}, { storage, judge })
    Process.start(bob, deal)
    await Process.quiet()
    // Nobody locks, until it is too late.
    fails = true
    await Process.finish(market, bob)
    expect(bob.error).toMatchObject({ _tag: 'JournalClosed' })
    const swap = swapOf(bob)
    expect(swap.state.durable.stop).toBe('too-late')
    expect(await Runner.standing(bob.context, swap)).toMatchObject({ stopped: false, own: 'none' })
    await expect(Runner.cancel(swap)).rejects.toMatchObject({ _tag: 'JournalClosed' })
    const again = await Runner.load(Process.create(market, BOB, { storage }).context, swap.id)
    expect(again.state.durable.stop).toBeUndefined()
  })
})

describe('refunds by both', () => {
  it('S6 L3: a counterparty that neither signs nor declines keeps nobody from the claim with its secret', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    let asked = 0
    const silent = beside(SHORT, ({ funding }) => ({
      together: () => ({
        kind: 'signs',
        account: funding,
        sign: (_step, { signal } = {}) => {
          asked++
          return new Promise<Signed>((_, reject) =>
            signal?.addEventListener('abort', () => reject(signal.reason), { once: true }),
          )
        },
      }),
    }))
    const { deal, alice, bob } = both(market, {}, { wrap: silent })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => locksBy(market, BOB).length > 0)
    expect(await Runner.cancel(swapOf(bob))).toBe(true)
    await Process.finish(market, alice, bob)
    expect(asked).toBe(1)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, BOB, 'deal')
  })

  it('H4: what is answered late is taken as soon as it comes', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    let answer: () => void = () => undefined
    const late = beside(LONG, ({ funding }) => ({
      together: () => ({
        kind: 'signs',
        account: funding,
        sign: (step) =>
          new Promise<Signed>((resolve) => {
            answer = () => resolve(ModelAdapter.together(step))
          }),
      }),
    }))
    const { deal, alice } = both(market, { wrap: late })
    const { long } = market.nets
    Process.start(alice, deal)
    await Process.drive(market, () => locksBy(market, ALICE).length > 0)
    expect(await Runner.cancel(swapOf(alice))).toBe(true)
    const then = long.tip.height + 4
    await Process.drive(market, () => long.tip.height >= then)
    expect(long.mempool).toEqual([])
    answer()
    await Process.quiet()
    expect(long.mempool.map(({ does }) => does.is)).toEqual(['refund'])
    await Process.finish(market, alice)
    expect(alice.outcome).toBe('no-deal')
    expect(long.tip.clock).toBeLessThan(deal.signed.agreement.short.deadline.value)
  })

  it('L5 S13: a child that no node takes is made dearer as seldom as one that waits', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const made = new Set<string>()
    const { long } = market.nets
    const refuses = beside(LONG, ({ adapter, funding }) => ({
      together: () => ({
        kind: 'signs',
        account: funding,
        sign: async (step) => ModelAdapter.together(step),
      }),
      adapter: {
        ...adapter,
        cpfp: async (submission, { feeRate }) => [ModelAdapter.child(submission, feeRate)],
        async submit(signed, o) {
          if (signed.step.kind !== 'cpfp') return adapter.submit(signed, o)
          made.add(signed.id)
          throw new Error('the endpoint hung up')
        },
      } satisfies SwapAdapter,
    }))
    const { deal, alice } = both(market, { wrap: refuses, context: { bumpAfter: () => 5n } })
    long.held = (tx) => tx.does.is === 'refund'
    Process.start(alice, deal)
    await Process.drive(market, () => locksBy(market, ALICE).length > 0)
    expect(await Runner.cancel(swapOf(alice))).toBe(true)
    const then = long.tip.height + 20
    await Process.drive(market, () => long.tip.height >= then)
    expect(made.size).toBeGreaterThan(1)
    expect(made.size).toBeLessThanOrEqual(4)
  })
})

describe('what makes a lock void', () => {
  it.each([10n, undefined])(
    'S13 H29: with a budget of %s it follows no market that an endpoint made up',
    async (budget) => {
      const market = create({ long: 'utxo', short: 'contract' })
      const { long } = market.nets
      let lies = false
      const fees: bigint[] = []
      const dear = beside(LONG, ({ adapter }) => ({
        adapter: {
          ...adapter,
          feeRates: async (o) => (lies ? { slow: 1n, normal: 2n, fast: 40_000n } : adapter.feeRates(o)),
          async submit(signed, o) {
            if (signed.step.kind === 'void') fees.push(signed.step.maxFee.amount)
            return adapter.submit(signed, o)
          },
        } satisfies SwapAdapter,
      }))
      const policy = budget === undefined ? risk : { ...risk, fees: { [LONG]: budget } }
      const { deal, alice } = both(market, { wrap: dear, policy })
      const { amount } = deal.signed.agreement.long
      const most = budget === undefined ? amount : 2n * budget
      long.held = ({ does, fee }) => does.is === 'lock' || (does.is === 'nothing' && fee < most)
      Process.start(alice, deal)
      await Process.drive(market, () => long.mempool.length > 0)
      lies = true
      expect(await Runner.cancel(swapOf(alice))).toBe(true)
      await Process.finish(market, alice)
      expect(alice.outcome).toBe('no-deal')
      expect(fees.length).toBeGreaterThan(1)
      for (const fee of fees) expect(fee).toBeLessThanOrEqual(most)
    },
  )
})

describe('what was signed and given to nobody', () => {
  it.each(
    crossed.flatMap((kinds) => (['failed', 'replaced', 'pending'] as const).map((is) => ({ ...kinds, is }))),
  )(
    'S15 H29: on $short, an endpoint that calls it $is is not believed: it is signed once, and sent',
    async ({ is, ...kinds }) => {
      const market = create(kinds)
      const signed: string[] = []
      const judge = ({ method, args }: Process.Call) => {
        if (isKind(method, args, 'claim', 'sign')) signed.push(method)
        return signed.length > 9 ? 'die-before' : 'go'
      }
      const wrap = beside(SHORT, ({ adapter }) => ({
        adapter: {
          ...adapter,
          async status(submission, o) {
            const fact = await adapter.status(submission, o)
            const { height, hash } = fact.asOf
            const value = {
              failed: { is, id: '', block: { height, hash } },
              replaced: { is, by: '' },
              pending: { is },
            }
            return fact.value.is === 'unknown' ? { ...fact, value: value[is] as Status } : fact
          },
        },
      }))
      const { deal, alice, bob } = both(market, { wrap, judge })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expect(signed.length).toBe(1)
    },
  )
})

describe('locks that an endpoint makes up', () => {
  it('S15 H29: others at each look fill no journal with claims of them, and the real one’s is signed', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { long } = market.nets
    let made = 0
    const wrap = beside(LONG, ({ adapter }) => ({
      adapter: {
        ...adapter,
        async findLocks(terms, o) {
          const reads = await adapter.findLocks(terms, o)
          const [one] = reads
          if (one?.is !== 'found') return reads
          const others = Array.from({ length: 3 }, () => {
            const value = { ...one.fact.value, ref: `made-up:${made++}`, match: 'duplicate' } as const
            return { is: 'found', fact: { ...one.fact, at: 'mempool', depth: 0n, value } } as const
          })
          return [...others, ...reads]
        },
      },
    }))
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => locksBy(market, BOB).length > 0)
    alice.dead = true
    const { clock } = long.tip
    await Process.drive(market, () => long.tip.clock > clock + 10n)
    expect(made).toBeGreaterThan(40)
    const armed = [...swapOf(bob).book.keys()].filter((key) => key.startsWith('arm/'))
    expect(armed.length).toBeLessThan(20)
    expect(armed).toContain(`arm/long/${[...long.tip.ledger.locks.keys()][0]}`)
  })
})

describe('what may have been sent before a crash', () => {
  it('S6 H18: a claim that is only made anew since counts as sent as soon as an endpoint knows the one before', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { short } = market.nets
    const [storage, bobs] = [createMemoryStorage(), createMemoryStorage()]
    const { deal, alice, bob } = both(
      market,
      {
        storage,
        judge({ method, args }) {
          bob.dead ||= isKind(method, args, 'claim')
          return isKind(method, args, 'claim') ? 'die-after' : 'go'
        },
      },
      { storage: bobs },
    )
    short.held = ({ does }) => does.is === 'claim'
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => alice.dead)
    const sent = short.mempool
    short.mempool = []
    short.known.clear()
    // Between the signature and the look that would send it, the chain falls silent until it is too late to reveal.
    let [isSigned, isDown] = [false, false]
    const again = Process.create(market, ALICE, {
      storage,
      judge({ method, args }) {
        if (isKind(method, args, 'claim', 'sign') && !isSigned) isSigned = isDown = true
        return 'go'
      },
      wrap: beside(SHORT, ({ adapter }) => ({
        adapter: {
          ...adapter,
          async tip(o) {
            if (isDown) throw new Error('no answer')
            return adapter.tip(o)
          },
          // Its mempool is its own.
          async findSpend(terms, lock, o) {
            const read = await adapter.findSpend(terms, lock, o)
            const isSecret = read.is === 'found' && read.fact.at === 'mempool'
            return isSecret ? { is: 'absent', fact: { ...read.fact, value: null } as never } : read
          },
        },
      })),
    })
    Process.start(again, deal)
    await Process.drive(market, () => isDown)
    const { value } = deal.signed.agreement.short.deadline
    while (value - short.tip.clock >= deal.margins.reveal.seconds) mine(market)
    short.mempool = sent
    isDown = false
    await Process.quiet()
    short.held = () => false
    while (short.tip.clock < value) {
      await Process.quiet()
      mine(market)
    }
    const late = Process.create(market, BOB, { storage: bobs })
    Process.start(late, deal)
    await Process.finish(market, again, late)
    expect(again.swap?.state.durable.stop).toBeUndefined()
    expect([again.outcome, late.outcome]).toEqual(['deal', 'deal'])
  })
})

describe('what settled locks owe', () => {
  it('S13 H26 H29: an endpoint that tells of it for ever, whatever was paid, costs ever fewer fees', async () => {
    const market = create({ long: 'contract', short: 'contract' })
    const { long } = market.nets
    long.apart = 0n
    const made = new Set<string>()
    long.reverts = (tx) => tx.does.is === 'collect'
    const lies = beside(LONG, ({ adapter }) => ({
      adapter: {
        ...adapter,
        async submit(signed, o) {
          if (signed.step.kind === 'collect') made.add(signed.step.conflictKey)
          return adapter.submit(signed, o)
        },
        async status(submission, o) {
          const fact = await adapter.status(submission, o)
          const { value, at } = fact
          if (submission.step.kind !== 'collect' || value.is !== 'failed' || at === 'mempool') return fact
          return { ...fact, value: { is: 'final', id: submission.id, block: at } }
        },
      } satisfies SwapAdapter,
    }))
    const { deal, alice, bob } = both(market, {}, { wrap: lies })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => made.size > 0)
    const end = long.tip.height + 100
    await Process.drive(market, () => long.tip.height >= end)
    expect(made.size).toBeGreaterThan(2)
    expect(made.size).toBeLessThan(20)
    long.reverts = () => false
    await Process.finish(market, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
  })
})

describe('budgets', () => {
  /** Nothing cheaper than what the market asks is included. */
  const dear = (market: Market, leg: 'long' | 'short') => {
    market.nets[leg].held = ({ does, fee }) => does.is === 'claim' && fee < 2n
    return { ...risk, fees: { [leg === 'long' ? LONG : SHORT]: 1n } }
  }

  it('S6 S13 H8: no secret is shown with a claim that the budget makes too cheap for the market', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { deal, alice, bob } = both(market, { policy: dear(market, 'short') })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expectGains(market, ALICE, 'no-deal')
  })

  it.each(crossed)(
    'S6 S13 H8 H22: a claim that was signed before a crash, on $short, shows no secret once it is too cheap for the market',
    async (kinds) => {
      const market = create(kinds)
      const { short } = market.nets
      const storage = createMemoryStorage()
      const policy = { ...risk, fees: { [SHORT]: 20n } }
      let signed = false
      const judge = ({ method, args }: Process.Call) => {
        if (signed && method === 'tip') return 'die-before'
        signed ||= isKind(method, args, 'claim', 'sign')
        return 'go'
      }
      const { deal, alice, bob } = both(market, { storage, policy, judge })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.drive(market, () => alice.dead)
      short.held = ({ does, fee }) => does.is === 'claim' && fee < 200n
      const wrap = beside(SHORT, ({ adapter }) => ({
        adapter: {
          ...adapter,
          feeRates: async () => ({ slow: 100n, normal: 200n, fast: 300n }),
          prepare: (intent, o) => adapter.prepare(intent, { feeRate: 200n, ...o }),
        },
      }))
      const again = Process.create(market, ALICE, { storage, policy, wrap })
      Process.start(again, deal)
      await Process.finish(market, again, bob)
      expect([again.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
      expect(again.calls.some(({ method, args }) => isKind(method, args, 'claim'))).toBe(false)
      expectGains(market, ALICE, 'no-deal')
    },
  )

  it.each(pairs)(
    'S6 S13 H8 H22: between $long and $short, a lock that was signed before a crash is not made once its budget pays for no claim',
    async (kinds) => {
      for (const at of ['sign', 'submit'] as const) {
        const market = create(kinds)
        const storage = createMemoryStorage()
        const policy = { ...risk, fees: { [LONG]: 20n } }
        let isSigned = false
        const judge = ({ method, args }: Process.Call) => {
          if (isSigned && (at === 'sign' ? method === 'tip' : isKind(method, args, 'lock')))
            return 'die-before'
          isSigned ||= isKind(method, args, 'lock', 'sign')
          return 'go'
        }
        const { deal, alice, bob } = both(market, {}, { storage, policy, judge })
        Process.start(alice, deal)
        Process.start(bob, deal)
        await Process.drive(market, () => bob.dead)
        const wrap = beside(LONG, ({ adapter }) => ({
          adapter: {
            ...adapter,
            feeRates: async () => ({ slow: 100n, normal: 200n, fast: 300n }),
            prepare: (intent, o) => adapter.prepare(intent, { feeRate: 200n, ...o }),
            ...(adapter.arm && {
              arm: (terms, lock, o) =>
                adapter.arm?.(terms, lock, { feeRate: 200n, ...o }) ?? Promise.resolve([]),
            }),
          },
        }))
        const again = Process.create(market, BOB, { storage, policy, wrap })
        Process.start(again, deal)
        await Process.finish(market, alice, again)
        expect([alice.outcome, again.outcome]).toEqual(['no-deal', 'no-deal'])
        expect(locksBy(market, BOB)).toEqual([])
      }
    },
  )

  it('S6 S13 H8: no follower locks whose budget doesn’t pay for its claim, though the lock itself would', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice, bob } = both(market, {}, { policy: dear(market, 'long') })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expect(locksBy(market, BOB)).toEqual([])
    expect(bob.progress).toContainEqual(
      expect.objectContaining({ is: 'trouble', error: expect.objectContaining({ _tag: 'FeeBudgetSpent' }) }),
    )
  })
})
