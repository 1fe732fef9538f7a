import { Bytes, Deadline, type Lock, type Signed } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Runner, type Side, Standing, SwapMachine } from '@aitbc/swap'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { both, expectGains, expectWhole, isKind, locksBy } from './model/expect.js'
import { clockOf, EPOCH, LONG, NETWORK, SHORT, terms } from './model/fixtures.js'
import * as ModelAdapter from './model/ModelAdapter.js'
import { ALICE, BOB, create, type Market, nonces, risk } from './model/market.js'
import * as Process from './model/process.js'

// Refunds before the deadline, which both parties sign: who asks, who may help, and that whoever helped goes no further.

/** What `Cooperation.judge` of the Bitcoin adapters makes of it. */
const helps = ({ stopped, revealed, received, own }: Standing.Standing): boolean =>
  stopped && !revealed && !received && (own === 'none' || own === 'refunded')

/** A side on which refunds are signed by both where the counterparty's standing lets it. */
const jointly =
  (network: string, counterparty: () => Process.Process | undefined) =>
  (side: Side.Side): Side.Side =>
    side.adapter.network.id === network
      ? {
          ...side,
          together: () => ({
            kind: 'signs',
            account: side.funding,
            async sign(step) {
              const other = counterparty()
              if (other?.swap === undefined) throw new Error('nobody answers')
              const told = await Runner.standing(other.context, other.swap)
              if (!helps(told)) throw new Error('declined')
              return ModelAdapter.together(step)
            },
          }),
        }
      : side

const clock = ({ nets }: Market) => nets.long.tip.clock
const swapOf = ({ swap }: Process.Process): Runner.Swap => {
  if (swap === undefined) throw new Error('no swap yet')
  return swap
}

/** Both begin; the follower gives up before it locks, and the initiator's lock comes into a block. */
async function begin(
  market: Market,
  { deal, alice, bob }: Pick<ReturnType<typeof both>, 'deal' | 'alice' | 'bob'>,
) {
  Process.start(alice, deal)
  Process.start(bob, deal)
  await Process.quiet()
  expect(await Runner.cancel(swapOf(bob))).toBe(true)
  await Process.drive(market, () => locksBy(market, ALICE).length > 0)
}

describe('Runner.cancel', () => {
  it('H4: who gives up before the counterparty locks has its lock back at once, by both signatures', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice, bob } = both(market, { wrap: jointly(LONG, () => bob) })
    await begin(market, { deal, alice, bob })
    await Process.finish(market, bob)
    expect(await Runner.cancel(swapOf(alice))).toBe(true)
    await Process.finish(market, alice)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expect(clock(market)).toBeLessThan(deal.signed.agreement.short.deadline.value)
    expectGains(market, ALICE, 'no-deal')
    expectWhole(market, ALICE, BOB)
  })

  it('L2 L6: whoever isn’t helped has its lock back by script, at the deadline', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice, bob } = both(market, { wrap: jointly(LONG, () => bob) })
    Process.start(alice, deal)
    await Process.drive(market, () => locksBy(market, ALICE).length > 0)
    expect(await Runner.cancel(swapOf(alice))).toBe(true)
    await Process.finish(market, alice)
    expect(alice.outcome).toBe('no-deal')
    expect(clock(market)).toBeGreaterThanOrEqual(deal.signed.agreement.long.deadline.value)
    expectGains(market, ALICE, 'no-deal')
    expect(alice.progress.some((one) => one.is === 'trouble' && one.key.startsWith('refund/'))).toBe(true)
  })

  it('S6: with both locks out neither signs first; once one is back by script, the other follows at once', async () => {
    const market = create({ long: 'utxo', short: 'utxo' })
    const { deal, alice, bob } = both(
      market,
      { wrap: jointly(LONG, () => bob) },
      { wrap: jointly(SHORT, () => alice) },
    )
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => locksBy(market, BOB).length > 0)
    expect(await Runner.cancel(swapOf(alice))).toBe(true)
    expect(await Runner.cancel(swapOf(bob))).toBe(true)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    const { long, short } = deal.signed.agreement
    expect(clock(market)).toBeGreaterThanOrEqual(short.deadline.value)
    expect(clock(market)).toBeLessThan(long.deadline.value)
    expectGains(market, ALICE, 'no-deal')
    expectGains(market, BOB, 'no-deal')
    expectWhole(market, ALICE, BOB)
  })

  it('S15: a crash beside the joint refund changes nothing: it is sent again, or made anew', async () => {
    for (const [at, verdict] of [
      ['sign', 'die-before'],
      ['submit', 'die-before'],
      ['submit', 'die-after'],
    ] as const) {
      const market = create({ long: 'utxo', short: 'contract' })
      const storage = createMemoryStorage()
      const judge = ({ method, args }: Process.Call) => (isKind(method, args, 'refund', at) ? verdict : 'go')
      const wrap = jointly(LONG, () => bob)
      const { deal, alice, bob } = both(market, { storage, wrap, judge: at === 'sign' ? () => 'go' : judge })
      await begin(market, { deal, alice, bob })
      await Runner.cancel(swapOf(alice))
      if (at === 'sign') alice.dead = true
      await Process.drive(market, () => alice.dead)
      const again = Process.create(market, ALICE, { storage, wrap })
      Process.start(again, deal)
      await Process.finish(market, again)
      expect(again.outcome).toBe('no-deal')
      expect(clock(market)).toBeLessThan(deal.signed.agreement.long.deadline.value)
      expectGains(market, ALICE, 'no-deal')
    }
  })

  it('L5 H8: one that waits is lifted by a child of its own, which needs nobody’s signature, within the budget', async () => {
    for (const budget of [30n, 4n]) {
      const market = create({ long: 'utxo', short: 'contract' })
      const { long } = market.nets
      const cpfp = (side: Side.Side): Side.Side =>
        side.adapter.network.id === LONG
          ? {
              ...jointly(LONG, () => bob)(side),
              adapter: {
                ...side.adapter,
                cpfp: async (submission, { feeRate }) => [ModelAdapter.child(submission, feeRate)],
              },
            }
          : side
      const policy = { ...risk, fees: { [LONG]: budget } }
      const { deal, alice, bob } = both(market, { wrap: cpfp, policy })
      // Miners take the refund with children that pay, ever more of them.
      const paid = () =>
        long.mempool.reduce((sum, tx) => (tx.slot.startsWith('child:') ? sum + tx.fee : sum), 0n)
      long.held = (tx) => (tx.does.is === 'refund' || tx.slot.startsWith('child:')) && paid() < 7n
      await begin(market, { deal, alice, bob })
      await Runner.cancel(swapOf(alice))
      await Process.drive(market, () => long.mempool.some((tx) => tx.does.is === 'refund'))
      // He answers no more.
      delete bob.swap
      const { value } = deal.signed.agreement.long.deadline
      await Process.drive(market, () => Process.isDone(alice) || clock(market) >= value)
      const children = alice.calls.filter(({ method, args }) => isKind(method, args, 'cpfp'))
      expect([alice.outcome, children.length > 1]).toEqual(
        budget === 30n ? ['no-deal', true] : [undefined, false],
      )
      const fees = children.map(({ args }) => (args[0] as Signed).step.maxFee.amount)
      for (const fee of fees) expect(fee).toBeLessThanOrEqual(budget - 2n)
    }
  })

  it('S4 L6: a wallet that never answers about a child holds up no refund by script', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { long } = market.nets
    let children = 0
    const wrap = (side: Side.Side): Side.Side => {
      if (side.adapter.network.id !== LONG) return side
      const { adapter } = side
      const signer: typeof side.signer = (account, nonce) => {
        const own = side.signer(account, nonce)
        if (own?.kind !== 'signs') return own
        const sign: typeof own.sign = (step, o) => {
          if (step.kind !== 'cpfp') return own.sign(step, o)
          children++
          return new Promise(() => undefined)
        }
        return { ...own, asks: true, sign }
      }
      const cpfp: typeof adapter.cpfp = async (submission, { feeRate }) => [
        ModelAdapter.child(submission, feeRate),
      ]
      return { ...jointly(LONG, () => bob)(side), adapter: { ...adapter, cpfp }, signer }
    }
    const { deal, alice, bob } = both(market, { wrap })
    const { value } = deal.signed.agreement.long.deadline
    // Miners leave out what both signed.
    long.held = (tx) => tx.does.is === 'refund' && clock(market) < value
    await begin(market, { deal, alice, bob })
    await Runner.cancel(swapOf(alice))
    await Process.drive(market, () => long.mempool.some((tx) => tx.does.is === 'refund'))
    long.mempool = []
    await Process.drive(market, () => children > 0 || clock(market) >= value)
    expect(children).toBeGreaterThan(0)
    delete bob.swap
    long.mempool = []
    await Process.drive(market, () => Process.isDone(alice))
    expect(alice.outcome).toBe('no-deal')
    expectWhole(market, ALICE)
  })

  it('S7: it comes too late once the secret is out, and changes nothing', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => market.nets.short.mempool.some(({ does }) => does.is === 'claim'))
    expect(await Runner.cancel(swapOf(alice))).toBe(false)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(await Runner.cancel(swapOf(alice))).toBe(false)
  })
})

describe('Runner.standing', () => {
  it('S15: a stop that isn’t in the journal is none', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const storage = createMemoryStorage()
    let fails = false
    const judge = ({ method }: Process.Call) => (fails && method === 'append' ? 'fail-before' : 'go')
    const { deal, alice, bob } = both(market, {}, { storage, judge })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.quiet()
    fails = true
    await expect(Runner.cancel(swapOf(bob))).rejects.toMatchObject({ _tag: 'JournalClosed' })
    expect(await Runner.standing(bob.context, swapOf(bob))).toMatchObject({ stopped: false, own: 'none' })
    const again = Process.create(market, BOB, { storage })
    Process.start(again, deal)
    await Process.finish(market, alice, again)
    expect([alice.outcome, again.outcome]).toEqual(['deal', 'deal'])
  })

  it('S7 H18: a claim that was about to be sent counts as public, though no endpoint knows it', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const storage = createMemoryStorage()
    const judge = ({ method, args }: Process.Call) => (isKind(method, args, 'claim') ? 'die-before' : 'go')
    const { deal, alice, bob } = both(market, { storage, judge })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => alice.dead)
    const again = Process.create(market, ALICE, { storage })
    const swap = await Runner.load(again.context, Bytes.toHex(nonces[ALICE]))
    expect(await Runner.cancel(swap)).toBe(false)
    expect(await Runner.standing(again.context, swap)).toMatchObject({ stopped: false, revealed: true })
  })

  const rules: SwapMachine.Rules = {
    ...{ launch: 0n, lock: 0n, reveal: 0n, apart: 0n, assurance: 'reported' },
    lateClaims: { long: true, short: true },
  }
  const legs = { long: terms('long', 'utxo', EPOCH + 1000n), short: terms('short', 'utxo', EPOCH + 500n) }
  const lockOf = (leg: 'long' | 'short'): SwapMachine.LockView => {
    const lock: Lock = { ref: leg, transaction: leg, amount: legs[leg].amount, match: 'exact' }
    return { lock, depth: 9n, final: true, assurance: 'proved' }
  }
  const seen = (
    leg: 'long' | 'short',
    at: bigint,
    spend?: 'claim' | 'refund' | undefined,
    none = false,
  ): SwapMachine.SwapEvent => {
    const view = lockOf(leg)
    const as = { depth: 9n, final: true, assurance: 'proved' } as const
    const spent = spend && { ...view, spend: { spend: { kind: spend, transaction: 'by both' }, ...as } }
    const locks = none ? [] : [spent ?? view]
    const now = Deadline.from({ network: NETWORK[leg], clock: clockOf('utxo'), value: EPOCH + at })
    return { is: 'seen', leg, locks, now }
  }
  const leg = fc.constantFrom('long' as const, 'short' as const)
  const event = fc.oneof(
    fc
      .tuple(
        leg,
        fc.bigInt({ min: 0n, max: 1200n }),
        fc.constantFrom(undefined, 'claim', 'refund'),
        fc.boolean(),
      )
      .map(([at, when, spend, none]) => seen(at, when, spend, none)),
    leg.map((at) => ({ is: 'unreadable', leg: at, why: 'no answer' }) as const),
    fc.constantFrom({ is: 'voided' } as const, { is: 'cancel' } as const),
  )

  property.prop([
    fc.constantFrom('initiator' as const, 'follower' as const),
    fc.array(event),
    fc.array(event),
  ])(
    'S6 S7: whoever may help to refund its incoming lock orders no lock and reveals nothing ever after, crashes included',
    (role, before, after) => {
      let state = SwapMachine.start(role, legs, rules)
      for (const one of before) ({ state } = SwapMachine.step(state, one))
      if (!helps(Standing.of(state, { isOwn: () => true })))
        ({ state } = SwapMachine.step(SwapMachine.start(role, legs, rules), { is: 'cancel' }))
      expect(helps(Standing.of(state, { isOwn: () => true }))).toBe(true)
      state = SwapMachine.resume(role, state.durable)
      for (const one of after) {
        const { state: next, commands } = SwapMachine.step(state, one)
        state = next
        const irrevocable = commands.filter(
          (command) => command.do === 'lock' || (command.do === 'claim' && command.secret === 'own'),
        )
        expect(irrevocable).toEqual([])
      }
    },
  )

  it('H4: early refunds are those of an own lock that is there, of a swap that goes no further, before the deadline', () => {
    const early = (events: readonly SwapMachine.SwapEvent[], change: Partial<SwapMachine.Durable> = {}) => {
      const { durable } = SwapMachine.start('initiator', legs, rules)
      let state = SwapMachine.resume('initiator', { ...durable, ordered: true, stop: 'cancelled', ...change })
      for (const one of events) ({ state } = SwapMachine.step(state, one))
      return Standing.early(state).map(({ key, early }) => [key, early])
    }
    const there = seen('long', 10n)
    expect(early([there])).toEqual([['refund/long/long', true]])
    expect(early([seen('long', 1000n)])).toEqual([])
    expect(early([])).toEqual([])
    expect(early([there, { is: 'unreadable', leg: 'long', why: 'no answer' }])).toEqual([])
    expect(early([there], { revealed: true })).toEqual([])
    expect(early([there], { outcome: 'no-deal' })).toEqual([])
    expect(early([seen('long', 10n, 'claim')])).toEqual([])
    expect(early([seen('long', 10n, 'refund')])).toEqual([])
    const { durable } = SwapMachine.start('initiator', legs, rules)
    const going = SwapMachine.step(
      SwapMachine.resume('initiator', { ...durable, ordered: true }),
      there,
    ).state
    expect(Standing.early(going)).toEqual([])
    const { lock } = lockOf('long')
    const other = (view: Partial<SwapMachine.LockView>): SwapMachine.SwapEvent => ({
      ...(there as Extract<SwapMachine.SwapEvent, { is: 'seen' }>),
      locks: [{ ...lockOf('long'), ...view }],
    })
    expect(early([other({ depth: 0n })])).toEqual([])
    expect(early([other({ lock: { ...lock, amount: 1n } })])).toEqual([])
    const spend = { spend: { kind: 'refund', transaction: 'r' }, assurance: 'reported' } as const
    expect(early([other({ spend: { ...spend, depth: 1n, final: false } })])).toHaveLength(1)
  })
})
