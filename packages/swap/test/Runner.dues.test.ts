import type { SwapAdapter } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Agreement, type Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import * as Chain from './model/Chain.js'
import { both, expectGains, isKind, locksBy } from './model/expect.js'
import { LONG, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create, type Market, mine, risk } from './model/market.js'
import * as Net from './model/Net.js'
import * as Process from './model/process.js'

// Chains on which a claim or a refund settles a lock and pays nobody: who is to have it collects it, and the locker its deposit.

const DEPOSIT = 30n
const KINDS = { long: 'contract', short: 'contract' } as const
/** Which legs are such chains. */
const cases = [
  { legs: ['long', 'short'] },
  { legs: ['long'] },
  { legs: ['short'] },
] as const satisfies readonly { readonly legs: readonly Agreement.Leg[] }[]

function apart(legs: readonly Agreement.Leg[], deposit = DEPOSIT): Market {
  const market = create(KINDS)
  for (const leg of legs) market.nets[leg].apart = deposit
  return market
}

const sent = (process: Process.Process) =>
  process.progress.flatMap((p) => (p.is === 'sent' ? [p.command] : []))
const owed = (market: Market) =>
  ([ALICE, BOB] as const)
    .flatMap((name) => locksBy(market, name))
    .map(({ owes }) => owes ?? { payment: 0n, deposit: 0n })
const roleOf = (name: string) => (name === ALICE ? 'initiator' : 'follower')
const endOf = (market: Market, leg: Agreement.Leg) =>
  [...market.nets[leg].tip.ledger.locks.values()][0]?.script.deadline ?? 0n
const secretly =
  (network: string, change: (adapter: SwapAdapter) => Partial<SwapAdapter>) =>
  (side: Side.Side): Side.Side =>
    side.adapter.network.id === network
      ? { ...side, adapter: { ...side.adapter, ...change(side.adapter) } }
      : side

describe('what a settled lock owes', () => {
  it.each(cases)(
    'L1: on $legs, a deal is over when it is paid; deposits come with the deadline',
    async ({ legs }) => {
      const market = apart(legs)
      const storage = { [ALICE]: createMemoryStorage(), [BOB]: createMemoryStorage() }
      const { deal, alice, bob } = both(market, { storage: storage[ALICE] }, { storage: storage[BOB] })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expectGains(market, ALICE, 'deal')
      expectGains(market, BOB, 'deal')
      for (const { payment } of owed(market)) expect(payment).toBe(0n)
      for (const one of [alice, bob]) {
        const incoming = Agreement.incomingLeg(roleOf(one.name))
        const own = Agreement.ownLeg(roleOf(one.name))
        const pays = (legs as readonly string[]).includes(incoming)
        expect(sent(one)).toEqual(['lock', 'claim', ...(pays ? ['collect'] : [])])
        expect(one.progress.some((p) => p.is === 'owed' && p.due.kind === 'deposit' && p.leg === own)).toBe(
          (legs as readonly string[]).includes(own),
        )
        expect(one.progress.at(-1)).toEqual({ is: 'finished', outcome: 'deal' })
      }
      // Later runs get the deposits back, each when its time has come, and then there is nothing left to ask for.
      const later = ([ALICE, BOB] as const).map((name) =>
        Process.create(market, name, { storage: storage[name], until: 'collected' }),
      )
      for (const one of later) Process.start(one, deal)
      await Process.finish(market, ...later)
      expect(later.map(({ outcome }) => outcome)).toEqual(['deal', 'deal'])
      for (const { payment, deposit } of owed(market)) expect([payment, deposit]).toEqual([0n, 0n])
      for (const name of [ALICE, BOB] as const) {
        const again = Process.create(market, name, { storage: storage[name] })
        Process.start(again, deal)
        await Process.quiet()
        expect(again.outcome).toBe('deal')
        expect(again.calls.some(({ method }) => method === 'dues')).toBe(false)
      }
      for (const leg of legs) {
        const { tip } = market.nets[leg]
        expect(Chain.total(tip.ledger)).toBe(200_000n)
      }
    },
  )

  it.each(cases)('L2: on $legs, a refund is over when it is paid, with the deposit', async ({ legs }) => {
    const market = apart(legs)
    const { deal, alice, bob } = both(market, {
      judge: ({ method, args }) => (isKind(method, args, 'claim') ? 'die-before' : 'go'),
    })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.dead, bob.outcome]).toEqual([true, 'no-deal'])
    expectGains(market, BOB, 'no-deal')
    const [lock] = locksBy(market, BOB)
    expect(lock?.owes ?? { payment: 0n, deposit: 0n }).toEqual({ payment: 0n, deposit: 0n })
  })

  it.each([ALICE, BOB] as const)(
    'H22 S15 L3: a crash of %s at any effect, between settlement and payment too, loses nothing',
    async (name) => {
      const legs = ['long', 'short'] as const
      const deal = Process.agreed(apart(legs))
      for (let at = 0; ; at++) {
        const what = `after effect ${at}`
        const market = apart(legs)
        const storage = createMemoryStorage()
        let tested = Process.create(market, name, {
          storage,
          judge: (call) => (call.effect === at ? 'die-after' : 'go'),
        })
        const other = Process.create(market, name === ALICE ? BOB : ALICE)
        Process.start(tested, deal)
        Process.start(other, deal)
        let died = false
        await Process.drive(market, () => tested.outcome !== undefined && Process.isDone(other), {
          each: () => {
            if (!tested.dead) return
            died = true
            tested = Process.create(market, name, { storage })
            Process.start(tested, deal)
          },
        })
        expect([tested.error, tested.outcome, other.outcome], what).toEqual([undefined, 'deal', 'deal'])
        for (const { payment } of owed(market)) expect(payment, what).toBe(0n)
        expectGains(market, name, 'deal')
        if (!died) break
      }
    },
  )

  it.each([ALICE, BOB] as const)(
    'L3: %s, who lost everything between claim and payment, is paid by a recovery',
    async (name) => {
      const market = apart(['long', 'short'])
      const { deal, alice, bob } = both(
        market,
        name === ALICE ? { judge: neverCollects } : {},
        name === BOB ? { judge: neverCollects } : {},
      )
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect((name === ALICE ? alice : bob).dead).toBe(true)
      expect(owed(market).some(({ payment }) => payment > 0n)).toBe(true)
      const fresh = Process.create(market, name, { until: 'collected' })
      expect(await Process.recover(fresh)).toBe(true)
      await Process.finish(market, fresh)
      expect(fresh.outcome).toBe('deal')
      for (const { payment } of owed(market)) expect(payment).toBe(0n)
      expect(locksBy(market, name)[0]?.owes).toEqual({ payment: 0n, deposit: 0n })
      expectGains(market, name, 'deal')
    },
  )

  it('H26: a payment that can’t be made now is tried again in each block, and told', async () => {
    const market = apart(['short'])
    let frozen = true
    const refusing = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      async prepare(intent, o) {
        if (intent.kind === 'collect' && frozen) throw new Error('the payee is frozen')
        return adapter.prepare(intent, o)
      },
    })
    const { deal, alice, bob } = both(market, { wrap: secretly(SHORT, refusing) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => alice.swap?.state.durable.outcome !== undefined)
    for (let i = 0; i < 10; i++) {
      mine(market)
      await Process.quiet()
    }
    expect(Process.isDone(alice)).toBe(false)
    expect(alice.progress.filter((p) => p.is === 'trouble').length).toBeGreaterThanOrEqual(10)
    expect(alice.progress.at(-1)).toEqual({ is: 'waiting', for: 'what the settled locks still owe' })
    frozen = false
    await Process.drive(market, () => Process.isDone(alice) && Process.isDone(bob), { blocks: 10 })
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, ALICE, 'deal')
  })

  it('H9: a payment that a reorganisation undoes, or that reverts, is made again', async () => {
    const market = apart(['short'])
    const { short } = market.nets
    let reverted = 0
    short.reverts = (tx) => tx.does.is === 'collect' && reverted++ === 0
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    const paid = () => [...short.tip.ledger.locks.values()].some((l) => l.spend && l.owes?.payment === 0n)
    await Process.drive(market, paid)
    expect(reverted).toBeGreaterThan(1)
    short.held = (tx) => tx.does.is === 'collect'
    Net.reorganise(short, 1)
    await Process.quiet()
    expect([paid(), Process.isDone(alice)]).toEqual([false, false])
    short.held = () => false
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome, paid()]).toEqual(['deal', 'deal', true])
    expectGains(market, ALICE, 'deal')
  })

  it('a deposit that would cost more than it brings is left, and keeps nobody', async () => {
    const market = apart(['long'], 2n)
    const { deal, alice, bob } = both(market, { until: 'collected' })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(market.nets.long.tip.clock).toBeGreaterThanOrEqual(endOf(market, 'long'))
    expect(alice.progress).toContainEqual({
      is: 'owed',
      leg: 'long',
      due: expect.objectContaining({ kind: 'deposit', amount: 2n }),
      why: 'to collect it would cost more',
    })
    expect(sent(alice)).toEqual(['lock', 'claim'])
  })

  it('an endpoint that hides the settled lock, or can’t tell what it owes, ends nothing', async () => {
    const market = apart(['long'])
    const storage = createMemoryStorage()
    const { deal, alice, bob } = both(market, {}, { storage, judge: neverCollects })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    let [hides, fails] = [true, true]
    const hiding = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      findLocks: async (terms, o) => (hides ? [] : adapter.findLocks(terms, o)),
      dues: async (...args) => {
        if (fails) throw new Error('no state so old')
        return (adapter.dues as NonNullable<typeof adapter.dues>)(...args)
      },
    })
    const again = Process.create(market, BOB, { storage, wrap: secretly(LONG, hiding) })
    Process.start(again, deal)
    const wait = async () => {
      for (let i = 0; i < 5; i++) {
        mine(market)
        await Process.quiet()
      }
      expect(Process.isDone(again)).toBe(false)
    }
    await wait()
    hides = false
    await wait()
    expect(again.progress.some((p) => p.is === 'trouble' && p.key === 'dues/long')).toBe(true)
    fails = false
    await Process.drive(market, () => Process.isDone(again), { blocks: 10 })
    expect(again.outcome).toBe('deal')
    expectGains(market, BOB, 'deal')
  })

  it('L6: a swap that never began is over at once, though nobody can tell what is owed', async () => {
    const market = apart(['long', 'short'])
    const mute = (side: Side.Side): Side.Side => ({
      ...side,
      adapter: {
        ...side.adapter,
        dues: async () => {
          throw new Error('down')
        },
      },
    })
    const { deal, bob } = both(market, {}, { wrap: mute })
    Process.start(bob, deal)
    await Process.finish(market, bob)
    expect(bob.outcome).toBe('no-deal')
    expect(bob.progress.some((p) => p.is === 'trouble')).toBe(false)
  })

  it('L6 S12: a final lock that a reorganisation undid, and that is void for good, owes nothing', async () => {
    const market = apart(['long'])
    const { long } = market.nets
    // Nobody proves here what became of a transaction.
    const { deal, alice } = both(market, { policy: { ...risk, spends: { [LONG]: 'reported' } } })
    Process.start(alice, deal)
    await Process.drive(market, () => (alice.swap?.state.durable.settled.length ?? 0) > 0)
    Net.reorganise(long, 20)
    long.mempool = []
    expect(locksBy(market, ALICE)).toEqual([])
    await Process.finish(market, alice)
    expect([alice.outcome, alice.swap?.state.durable.voided]).toEqual(['no-deal', true])
    expect(sent(alice)).toContain('void')
    expectGains(market, ALICE, 'no-deal')
  })

  it('S1: a locker whose counterparty is paid late, or never asks, gets its deposit all the same', async () => {
    const market = apart(['long'])
    const storage = createMemoryStorage()
    const { deal, alice, bob } = both(market, { storage }, { judge: neverCollects })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.dead]).toEqual(['deal', true])
    const later = Process.create(market, ALICE, { storage, until: 'collected' })
    Process.start(later, deal)
    await Process.finish(market, later)
    expect(locksBy(market, ALICE)[0]?.owes).toEqual({ payment: 0n, deposit: 0n })
    // It paid the other one out with it.
    expectGains(market, ALICE, 'deal')
    expectGains(market, BOB, 'deal')
  })
})

function neverCollects({ method, args }: Process.Call): Process.Verdict {
  return isKind(method, args, 'collect') ? 'die-before' : 'go'
}
