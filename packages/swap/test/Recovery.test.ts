import { Bytes, type FoundLock, type Intent, isAitbcError, LockTerms, type Signed } from '@aitbc/core'
import { createRedundantAdapter } from '@aitbc/core/redundant'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Policy, Recovery, Runner, type Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import * as Chain from './model/Chain.js'
import { both, crossed, expectGains, expectWhole, isKind, locksBy } from './model/expect.js'
import { LONG, pairs, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create, type Market, mine, type Name, nonces, risk, seeds } from './model/market.js'
import * as Net from './model/Net.js'
import * as Process from './model/process.js'

const policy = () => risk
const kindsWithEvents = [...crossed, { long: 'contract', short: 'contract' } as const]

/** Runs both until `when`, then takes one party's process and storage away. */
async function wiped(market: Market, name: Name, when: (tested: Process.Process) => boolean) {
  const { deal, alice, bob } = both(market)
  Process.start(alice, deal)
  Process.start(bob, deal)
  const [tested, other] = name === ALICE ? [alice, bob] : [bob, alice]
  await Process.drive(market, () => when(tested))
  tested.dead = true
  return { deal, other, fresh: Process.create(market, name) }
}

const has = (name: Name, kind: string) => (process: Process.Process) =>
  process.name === name && process.calls.some(({ method, args }) => isKind(method, args, kind))

/** As Bitcoin has it: there is no room for the id of the other leg in a follower's record. */
function brief(context: Runner.Context): Runner.Context {
  const side = context.sides[SHORT] as Side.Side
  const recoverLocks: typeof side.adapter.recoverLocks = async (seed, o) =>
    (await side.adapter.recoverLocks(seed, o)).map((one) => ({ ...one, record: { role: one.record.role } }))
  return {
    ...context,
    sides: { ...context.sides, [SHORT]: { ...side, adapter: { ...side.adapter, recoverLocks } } },
  }
}

/** As a Hub and IRISnet have it: the agreement has no room. */
function without(context: Runner.Context, network: typeof LONG | typeof SHORT): Runner.Context {
  const side = context.sides[network] as Side.Side
  const recoverLocks: typeof side.adapter.recoverLocks = async (seed, o) =>
    (await side.adapter.recoverLocks(seed, o)).map(({ record: { agreement: _, ...record }, ...one }) => ({
      ...one,
      record,
    }))
  const adapter = { ...side.adapter, recoverLocks }
  return { ...context, sides: { ...context.sides, [network]: { ...side, adapter } } }
}

/** As a Hub has it: whom a lock pays has no account there before that account is mapped. */
function unmapped(context: Runner.Context, network: typeof LONG | typeof SHORT): Runner.Context {
  const side = context.sides[network] as Side.Side
  const account = `${network}:nobody` as const
  const told = <T extends FoundLock>(one: T): T => ({
    ...one,
    terms: { ...one.terms, beneficiary: { account, payout: account } },
  })
  const discoverLocks: typeof side.adapter.discoverLocks = async (hashlock, o) =>
    (await side.adapter.discoverLocks(hashlock, o)).map(told)
  const recoverLocks: typeof side.adapter.recoverLocks = async (seed, o) =>
    (await side.adapter.recoverLocks(seed, o)).map(told)
  const adapter = { ...side.adapter, discoverLocks, recoverLocks }
  return { ...context, sides: { ...context.sides, [network]: { ...side, adapter } } }
}

/** As an endpoint of a Hub has it that hides who signed a lock, or whose account that is. */
function nobody(context: Runner.Context, network: typeof LONG | typeof SHORT): Runner.Context {
  const side = context.sides[network] as Side.Side
  const account = `${network}:nobody` as const
  const recoverLocks: typeof side.adapter.recoverLocks = async (seed, o) =>
    (await side.adapter.recoverLocks(seed, o)).map((one) => ({
      ...one,
      terms: { ...one.terms, locker: { account, payout: account } },
    }))
  return {
    ...context,
    sides: { ...context.sides, [network]: { ...side, adapter: { ...side.adapter, recoverLocks } } },
  }
}

/** The initiator locks on the long leg, in the next block. */
function plant(market: Market, terms: LockTerms.LockTerms): void {
  const key = Bytes.toHex(LockTerms.id(terms))
  const note = { tag: '', nonce: '', role: 'initiator', terms: Bytes.toHex(LockTerms.encode(terms)) }
  const script = {
    key,
    amount: terms.amount,
    deadline: terms.deadline.value,
    hashlock: Bytes.toHex(terms.hashlock),
    locker: ALICE,
    beneficiary: BOB,
  }
  const does = { is: 'lock', script, amount: terms.amount, note: JSON.stringify(note) } as const
  Net.accept(market.nets.long, { id: key, by: ALICE, slot: key, fee: 1n, does })
}

describe('storage wiped at every point', () => {
  const cases = kindsWithEvents.flatMap((kinds) =>
    ([ALICE, BOB] as const).flatMap((name) =>
      (['deal', 'no-deal'] as const).map((ending) => ({ ...kinds, name, ending })),
    ),
  )

  it.each(cases)(
    'L3 S9 S15: $name between $long and $short, on the way to $ending, from the seed and the chains alone',
    async ({ long, short, name, ending }) => {
      let recovered = 0
      for (let at = 0; ; at++) {
        const market = create({ long, short })
        const deal = Process.agreed(market)
        const judge = (call: Process.Call) => (call.effect === at ? 'die-after' : 'go')
        const vanish = (call: Process.Call) =>
          ending === 'no-deal' && isKind(call.method, call.args, name === ALICE ? 'lock' : 'claim')
            ? 'die-before'
            : 'go'
        let tested = Process.create(market, name, { judge })
        const other = Process.create(market, name === ALICE ? BOB : ALICE, { judge: vanish })
        Process.start(tested, deal)
        Process.start(other, deal)
        const first = tested
        const sent = () => first.calls.some(({ method, args }) => isKind(method, args, 'lock'))
        const nothing = () => first.dead && !sent()
        let started = false
        await Process.drive(
          market,
          () => nothing() || (tested.outcome !== undefined && Process.isDone(other)),
          {
            each: async () => {
              if (!first.dead || nothing() || started) return
              // Nothing of the lock is in a block at first, and what isn't can't be found: it is looked for again.
              tested = Process.create(market, name)
              started = await Process.recover(tested)
            },
          },
        )
        const what = `after effect ${at}`
        expect(tested.error, what).toBeUndefined()
        expectWhole(market, name)
        if (!first.dead) break
        if (nothing()) continue
        recovered++
        // Who is alone again before the answer to its lock is there can't know it, and is refunded: nobody loses.
        expect(['deal', 'no-deal'], what).toContain(tested.outcome)
        if (ending === 'no-deal') expect(tested.outcome, what).toBe('no-deal')
        expectGains(market, name, tested.outcome as 'deal' | 'no-deal')
        if (ending === 'deal') {
          expect(other.outcome, what).toBe(tested.outcome)
          expectWhole(market, ALICE, BOB)
        }
        if (tested.swap !== undefined)
          expect(
            await Runner.knowsHashlock(tested.context.storage, deal.signed.agreement.long.hashlock),
          ).toBe(true)
      }
      expect(recovered).toBeGreaterThan(2)
    },
  )
})

describe('what a recovery finds', () => {
  it.each([
    { name: BOB, long: 'utxo', short: 'contract', own: SHORT, other: LONG },
    { name: ALICE, long: 'contract', short: 'utxo', own: LONG, other: SHORT },
  ] as const)(
    'S6 L3: that the leg of $name on $other may be there is told, where no record has its terms and nobody lists locks',
    async ({ name, long, short, own, other }) => {
      const market = create({ long, short })
      const both = () => locksBy(market, ALICE).length > 0 && locksBy(market, BOB).length > 0
      const { fresh } = await wiped(market, name, both)
      const { swaps, unreachable } = await Recovery.recover(without(fresh.context, own), { policy })
      expect(swaps.length).toBe(1)
      expect(unreachable).toMatchObject([
        {
          network: other,
          missing: 'counterpart',
          swap: swaps[0]?.id,
          error: { _tag: 'UnsupportedCapability' },
        },
      ])
      // With the agreement it isn't missed.
      expect((await Recovery.recover(fresh.context, { policy })).unreachable).toEqual([])
    },
  )

  it.each([
    { name: BOB, long: 'utxo', short: 'contract', own: SHORT },
    { name: ALICE, long: 'contract', short: 'utxo', own: LONG },
  ] as const)(
    'S6 L3 H29: both legs of $name, where of several endpoints the first has forgotten what stands behind the call, or who called',
    async ({ name, long, short, own }) => {
      const market = create({ long, short })
      const both = () => locksBy(market, ALICE).length > 0 && locksBy(market, BOB).length > 0
      const { fresh, other, deal } = await wiped(market, name, both)
      const honest = fresh.context.sides[own] as Side.Side
      const forgets = without(fresh.context, own).sides[own] as Side.Side
      const unknown = nobody(fresh.context, own).sides[own] as Side.Side
      const adapters = [forgets, unknown, honest].map(({ adapter }) => adapter)
      const { recoverLocks } = createRedundantAdapter({ adapters })
      const side = { ...honest, adapter: { ...honest.adapter, recoverLocks } }
      const context = { ...fresh.context, sides: { ...fresh.context.sides, [own]: side } }
      const { swaps, unreachable } = await Recovery.recover(context, { policy })
      expect(unreachable).toEqual([])
      const { agreement } = deal.signed
      const terms = { long: agreement.long, short: agreement.short }
      expect(swaps.map(({ state }) => state.durable.terms)).toEqual([terms])
      let outcome: string | undefined
      void Runner.run(context, swaps[0] as Runner.Swap).then((how) => {
        outcome = how
      })
      await Process.drive(market, () => outcome !== undefined && Process.isDone(other))
      expect([outcome, other.outcome]).toEqual(['deal', 'deal'])
    },
  )

  it.each([
    { name: BOB, long: 'contract', short: 'utxo', on: LONG },
    { name: BOB, long: 'utxo', short: 'contract', on: SHORT },
    { name: ALICE, long: 'utxo', short: 'contract', on: SHORT },
    { name: ALICE, long: 'contract', short: 'utxo', on: LONG },
  ] as const)(
    'S6 L3: both legs of $name, where the chain of $on, $long against $short, has no account of a payee yet',
    async ({ name, long, short, on }) => {
      const market = create({ long, short })
      const both = () => locksBy(market, ALICE).length > 0 && locksBy(market, BOB).length > 0
      const { fresh, other, deal } = await wiped(market, name, both)
      const context = unmapped(fresh.context, on)
      const { swaps, unreachable } = await Recovery.recover(context, { policy })
      expect(unreachable).toEqual([])
      const { agreement } = deal.signed
      expect(swaps.map(({ state }) => state.durable.terms)).toEqual([
        { long: agreement.long, short: agreement.short },
      ])
      let outcome: string | undefined
      void Runner.run(context, swaps[0] as Runner.Swap).then((how) => {
        outcome = how
      })
      await Process.drive(market, () => outcome !== undefined && Process.isDone(other))
      expect([outcome, other.outcome]).toEqual(['deal', 'deal'])
    },
  )

  it('L3: both legs, where both are locked; the initiator reveals and the follower claims as if nothing had been', async () => {
    for (const kinds of kindsWithEvents)
      for (const name of [ALICE, BOB] as const) {
        const market = create(kinds)
        const { fresh, other, deal } = await wiped(
          market,
          name,
          () => locksBy(market, ALICE).length > 0 && locksBy(market, BOB).length > 0,
        )
        expect(await Process.recover(fresh)).toBe(true)
        const { terms } = fresh.swap?.state.durable ?? {}
        const { long, short } = deal.signed.agreement
        expect(terms?.long && LockTerms.id(terms.long)).toEqual(LockTerms.id(long))
        expect(terms?.short && LockTerms.id(terms.short)).toEqual(LockTerms.id(short))
        expect(fresh.swap?.id).toBe(Bytes.toHex(nonces[name]))
        await Process.finish(market, fresh, other)
        expect([fresh.outcome, other.outcome]).toEqual(['deal', 'deal'])
        expectGains(market, name, 'deal')
        expectWhole(market, ALICE, BOB)
      }
  })

  it('S7: an initiator whose counterparty has not locked yet waits for its refund, and never reveals', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { fresh, other } = await wiped(market, ALICE, () => locksBy(market, ALICE).length > 0)
    expect(await Process.recover(fresh)).toBe(true)
    expect(fresh.swap?.state.durable.stop).toBe('recovered-without-terms')
    await Process.finish(market, fresh, other)
    expect([fresh.outcome, other.outcome]).toEqual(['no-deal', 'no-deal'])
    expect(has(ALICE, 'claim')(fresh)).toBe(false)
    expectWhole(market, ALICE, BOB)
  })

  it('S9: a recovered lock that a reorganisation undoes is not made a second time', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { fresh } = await wiped(market, ALICE, () => locksBy(market, BOB).length > 0)
    const { long } = market.nets
    const [lock, ...more] = locksBy(market, ALICE)
    expect(more).toEqual([])
    const made = [...long.tip.ledger.slots].find(([, id]) => id === lock?.tx)
    expect(await Process.recover(fresh)).toBe(true)
    Net.reorganise(market.nets.long, market.nets.long.tip.height)
    market.nets.long.held = () => true
    for (let i = 0; i < 10; i++) {
      mine(market)
      await Process.quiet()
    }
    const sent = fresh.calls.filter(({ method, args }) => isKind(method, args, 'lock'))
    expect(sent.length).toBeGreaterThan(0)
    for (const { args } of sent) expect((args[0] as Signed).step.conflictKey).toBe(made?.[0])
    // Its first transaction is still around, and counts when it is mined again.
    market.nets.long.held = () => false
    await Process.finish(market, fresh)
    expect(locksBy(market, ALICE).length).toBe(1)
    expectWhole(market, ALICE)
  })

  it('H15 H21: what others lock for the follower under its hashlock is not taken for the agreed leg', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { fresh, other, deal } = await wiped(market, BOB, () => locksBy(market, BOB).length > 0)
    const { long } = deal.signed.agreement
    for (let i = 0; i < 3; i++)
      plant(market, { ...long, amount: 10n, salt: new Uint8Array(32).fill(0xd0 + i) })
    mine(market)
    const { swaps, waiting, unreachable } = await Recovery.recover(fresh.context, { policy })
    expect([waiting, unreachable]).toEqual([[], []])
    expect(swaps.map(({ id }) => id)).toEqual([Bytes.toHex(nonces[BOB])])
    expect(await Process.recover(fresh)).toBe(true)
    await Process.finish(market, fresh, other)
    expect([fresh.outcome, other.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, BOB, 'deal')
  })

  it.each(
    ([ALICE, BOB] as const).flatMap((name) =>
      (['taken', 'lost', 'too late'] as const).map((how) => ({ name, how })),
    ),
  )(
    'S9 L6 S12: $name’s recovered lock that a reorganisation undoes ($how) is sent again or made void, and the swap ends',
    async ({ name, how }) => {
      const leg = name === ALICE ? 'long' : 'short'
      const market = create(
        name === ALICE ? { long: 'utxo', short: 'contract' } : { long: 'contract', short: 'utxo' },
      )
      const net = market.nets[leg]
      const { fresh, deal, other } = await wiped(market, name, () => locksBy(market, name).length > 0)
      const [lock] = locksBy(market, name)
      expect(await Process.recover(fresh)).toBe(true)
      await Process.quiet()
      const made = net.tip.txs.find((tx) => tx.id === lock?.tx) as Chain.Tx
      Net.reorganise(net, 1)
      expect(locksBy(market, name)).toEqual([])
      net.mempool = []
      if (how === 'taken') Net.accept(net, { ...made, id: 'other', does: { is: 'nothing' } })
      if (how === 'too late') while (net.tip.clock < deal.signed.agreement.short.deadline.value) mine(market)
      await Process.finish(market, fresh, other)
      // The initiator found no other leg yet: it wants nothing but its money.
      const again = how === 'lost' && name === BOB
      expect(fresh.outcome).toBe(again ? 'deal' : 'no-deal')
      expect(locksBy(market, name).map(({ ref }) => ref)).toEqual(again ? [lock?.ref] : [])
      const sent = fresh.calls.flatMap(({ method, args: [one] }) =>
        method === 'submit' ? [one as Signed] : [],
      )
      const kinds = new Set(
        sent.filter(({ step }) => step.conflictKey === made.slot).map(({ step }) => step.kind),
      )
      if (how !== 'taken') expect([...kinds]).toEqual([again ? 'lock' : 'void'])
      expectWhole(market, name)
    },
  )

  it('L3 L4: one that dies when it has written one entry knows the lock, and sends it again when it was undone', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const net = market.nets.short
    const { deal, other } = await wiped(market, BOB, () => locksBy(market, BOB).length > 0)
    const [lock] = locksBy(market, BOB)
    const storage = createMemoryStorage()
    let appends = 0
    // A journal has a header of its own.
    const judge = ({ method }: Process.Call) =>
      method === 'append' && ++appends === 2 ? ('die-after' as const) : ('go' as const)
    const first = Process.create(market, BOB, { storage, judge })
    void Process.recover(first)
    await Process.quiet()
    expect(first.dead).toBe(true)
    Net.reorganise(net, 1)
    net.mempool = []
    const fresh = Process.create(market, BOB, { storage })
    Process.start(fresh, deal)
    await Process.finish(market, fresh, other)
    expect([fresh.outcome, other.outcome]).toEqual(['deal', 'deal'])
    expect(locksBy(market, BOB).map(({ ref }) => ref)).toEqual([lock?.ref])
    expectWhole(market, ALICE, BOB)
  })

  it('S16: a lock that pays somebody else is no leg of the follower’s, whatever its hashlock', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { fresh, deal } = await wiped(market, BOB, () => locksBy(market, BOB).length > 0)
    const { long } = deal.signed.agreement
    const side = fresh.context.sides[long.backend.network] as Side.Side
    const recover = async (terms: LockTerms.LockTerms) => {
      const lock = { ref: 'r', transaction: 't', amount: terms.amount, match: 'exact' } as const
      const adapter = { ...side.adapter, discoverLocks: async () => [{ terms, lock }] }
      const sides = { ...fresh.context.sides, [long.backend.network]: { ...side, adapter } }
      const context = { ...fresh.context, sides, storage: createMemoryStorage() }
      const { swaps } = await Recovery.recover(context, { policy })
      return swaps.map(({ state }) => state.durable.terms.long)
    }
    const other: LockTerms.LockTerms = { ...long, salt: new Uint8Array(32).fill(0xd0) }
    expect(await recover(other)).toEqual([other])
    expect(
      await recover({ ...other, beneficiary: { ...long.locker, account: `${long.backend.network}:carol` } }),
    ).toEqual([undefined])
  })

  it('H4: of thousands of locks that somebody plants under the hashlock, the largest few are driven', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { fresh, deal } = await wiped(market, BOB, () => locksBy(market, BOB).length > 0)
    const { long } = deal.signed.agreement
    const side = fresh.context.sides[long.backend.network] as Side.Side
    const planted = Array.from({ length: 2000 }, (_, i) => {
      const salt = new Uint8Array(32).fill(0xd0)
      new DataView(salt.buffer).setUint32(0, i)
      // The agreed amount is somewhere among the dust.
      const amount = i === 1234 ? long.amount : BigInt(10 + (i % 7))
      const lock = { ref: `r${i}`, transaction: 't', amount, match: 'exact' } as const
      return { terms: { ...long, amount, salt }, lock }
    })
    const adapter = { ...side.adapter, discoverLocks: async () => planted }
    const sides = { ...fresh.context.sides, [long.backend.network]: { ...side, adapter } }
    const { swaps } = await Recovery.recover({ ...fresh.context, sides }, { policy })
    expect(swaps.length).toBe(8)
    expect(swaps[0]?.state.durable.terms.long?.amount).toBe(long.amount)
    for (const { state } of swaps) expect(state.durable.terms.long?.amount).toBeGreaterThanOrEqual(16n)
  })

  it('S6 H4: larger locks that end before the secret must be shown don’t displace the agreed leg', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { fresh, other, deal } = await wiped(market, BOB, () => locksBy(market, BOB).length > 0)
    const { long } = deal.signed.agreement
    // The initiator has them back in time, and would claim what the follower locked for nothing.
    for (let i = 0; i < 9; i++)
      plant(market, {
        ...long,
        amount: long.amount + 1n,
        deadline: { ...long.deadline, value: market.nets.long.tip.clock + 2n },
        salt: new Uint8Array(32).fill(0xd0 + i),
      })
    mine(market)
    const context = brief(fresh.context)
    const { swaps } = await Recovery.recover(context, { policy })
    const agreed = swaps.find(({ state }) => state.durable.terms.long?.amount === long.amount)
    expect(swaps.length).toBe(8)
    let outcome: string | undefined
    if (agreed !== undefined)
      void Runner.run(context, agreed).then((how) => {
        outcome = how
      })
    await Process.drive(market, () => outcome !== undefined && Process.isDone(other))
    expect([outcome, other.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, BOB, 'deal')
  })

  it('S6 H29: larger locks that only one endpoint tells of don’t displace the agreed leg', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { fresh, deal } = await wiped(market, BOB, () => locksBy(market, BOB).length > 0)
    const { long } = deal.signed.agreement
    const side = fresh.context.sides[LONG] as Side.Side
    const told = Array.from({ length: 9 }, (_, i) => {
      const terms = { ...long, amount: 10n * long.amount, salt: new Uint8Array(32).fill(0xd0 + i) }
      return {
        terms,
        lock: { ref: `r${i}`, transaction: 't', amount: terms.amount, match: 'exact' },
      } as const
    })
    const discoverLocks: typeof side.adapter.discoverLocks = async (hashlock, o) => [
      ...told,
      ...(await side.adapter.discoverLocks(hashlock, o)),
    ]
    const sides = { ...fresh.context.sides, [LONG]: { ...side, adapter: { ...side.adapter, discoverLocks } } }
    const { swaps } = await Recovery.recover(brief({ ...fresh.context, sides }), { policy })
    expect(swaps[0]?.state.durable.terms.long?.amount).toBe(long.amount)
    expect(swaps.length).toBe(8)
  })

  it('S6 H15: the agreed leg that an endpoint hid is found later, though a stranger’s was taken for it before', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { fresh, other, deal } = await wiped(market, BOB, () => locksBy(market, BOB).length > 0)
    const { long } = deal.signed.agreement
    const side = fresh.context.sides[LONG] as Side.Side
    const decoy = { ...long, amount: 10n, salt: new Uint8Array(32).fill(0xd0) }
    const planted = {
      terms: decoy,
      lock: { ref: 'r', transaction: 't', amount: 10n, match: 'exact' },
    } as const
    let hides = true
    const discoverLocks: typeof side.adapter.discoverLocks = async (hashlock, o) =>
      hides ? [planted] : [planted, ...(await side.adapter.discoverLocks(hashlock, o))]
    const sides = { ...fresh.context.sides, [LONG]: { ...side, adapter: { ...side.adapter, discoverLocks } } }
    const context = { ...fresh.context, sides }
    const found = async () => {
      const { swaps } = await Recovery.recover(context, { policy })
      return swaps.map(({ id, state }) => [id, state.durable.terms.long?.amount])
    }
    const id = Bytes.toHex(nonces[BOB])
    expect(await found()).toEqual([[id, 10n]])
    hides = false
    const both = [
      [id, 10n],
      [`${id}-1`, long.amount],
    ]
    expect(await found()).toEqual(both)
    expect(await found()).toEqual(both)
    const [, agreed] = (await Recovery.recover(context, { policy })).swaps
    let outcome: string | undefined
    void Runner.run(context, agreed as Runner.Swap).then((how) => {
      outcome = how
    })
    await Process.drive(market, () => outcome !== undefined && Process.isDone(other))
    expect([outcome, other.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, BOB, 'deal')
  })

  it('L3: beside each lock stand the terms of both legs and no more, for which there is room', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    const { long, short } = deal.signed.agreement
    const most = LockTerms.encode(long).length + LockTerms.encode(short).length
    for (const [{ calls }, incoming] of [
      [alice, short],
      [bob, long],
    ] as const) {
      const records = calls.flatMap(({ method, args: [intent] }) => {
        const asked = method === 'prepare' ? (intent as Intent) : undefined
        return asked?.kind === 'lock' && asked.recovery !== undefined ? [asked.recovery.record] : []
      })
      expect(records.length).toBeGreaterThan(0)
      for (const { agreement, counter } of records) {
        expect(counter).toEqual(LockTerms.id(incoming))
        expect(agreement?.length).toBeLessThan(most + 16)
      }
    }
  })

  it('L3: a swap that can’t be taken up is told, and holds up no other', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { fresh } = await wiped(market, ALICE, () => locksBy(market, BOB).length > 0)
    const side = fresh.context.sides[LONG] as Side.Side
    const bad = new Uint8Array(8).fill(0x99)
    const recoverLocks: typeof side.adapter.recoverLocks = async (seed, o) => {
      const [lock] = await side.adapter.recoverLocks(seed, o)
      if (lock === undefined) throw new Error('there is no lock')
      // One of a version that wrote another agreement than this one reads.
      return [{ ...lock, nonce: bad, record: { ...lock.record, agreement: Uint8Array.of(1, 2) } }, lock]
    }
    const sides = { ...fresh.context.sides, [LONG]: { ...side, adapter: { ...side.adapter, recoverLocks } } }
    const context = { ...fresh.context, sides }
    const { swaps, unreachable } = await Recovery.recover(context, { policy })
    expect(swaps.map(({ id }) => id)).toEqual([Bytes.toHex(nonces[ALICE])])
    expect(unreachable).toMatchObject([
      { network: LONG, missing: 'swap', swap: Bytes.toHex(bad), error: { _tag: 'InvalidEncoding' } },
    ])
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    await expect(Recovery.recover(context, { policy, signal: stop.signal })).rejects.toThrow('enough')
  })

  it('S6: a policy is asked for by what the legs are worth, whoever recovers', async () => {
    for (const name of [ALICE, BOB] as const) {
      const market = create({ long: 'contract', short: 'contract' })
      const { fresh, deal } = await wiped(market, name, () => locksBy(market, BOB).length > 0)
      const { long, short } = deal.signed.agreement
      const few = { ...risk, assurance: 'attested' } as const
      const tiers = (upTo: bigint) => [{ upTo, policy: few }, { policy: risk }]
      const recovered = async (upTo: bigint) => {
        const { swaps } = await Recovery.recover(
          { ...fresh.context, storage: createMemoryStorage() },
          { policy: (_network, legs) => Policy.of(tiers(upTo), legs.short?.amount ?? short.amount) },
        )
        return swaps.map(({ state }) => [state.durable.terms.long, state.durable.rules.assurance])
      }
      expect(await recovered(short.amount)).toEqual([[long, 'attested']])
      expect(await recovered(short.amount - 1n)).toEqual([[long, risk.assurance]])
    }
  })

  it('L3 H4: a lock that no policy is meant for, planted under the hashlock, holds up the agreed leg no more than another would', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { fresh, deal } = await wiped(market, BOB, () => locksBy(market, BOB).length > 0)
    const { long } = deal.signed.agreement
    for (const many of [1, 9]) {
      const planted = Array.from({ length: many }, (_, i) => {
        const terms = { ...long, amount: 10n * long.amount, salt: new Uint8Array(32).fill(0xd0 + i) }
        return {
          terms,
          lock: { ref: `r${i}`, transaction: 't', amount: terms.amount, match: 'exact' },
        } as const
      })
      const side = fresh.context.sides[LONG] as Side.Side
      const discoverLocks: typeof side.adapter.discoverLocks = async (hashlock, o) => [
        ...planted,
        ...(await side.adapter.discoverLocks(hashlock, o)),
      ]
      const sides = {
        ...fresh.context.sides,
        [LONG]: { ...side, adapter: { ...side.adapter, discoverLocks } },
      }
      const tiers = [{ upTo: long.amount, policy: risk }]
      const { swaps, unreachable } = await Recovery.recover(
        brief({ ...fresh.context, sides, storage: createMemoryStorage() }),
        { policy: (_network, legs) => Policy.of(tiers, legs.long?.amount ?? 0n) },
      )
      expect(swaps.map(({ state }) => state.durable.terms.long)).toEqual([long])
      for (const one of unreachable)
        expect(one).toMatchObject({ missing: 'swap', error: { _tag: 'InvalidPolicy' } })
      expect(unreachable.length).toBe(many === 1 ? 1 : 7)
    }
  })

  it('L2 L3: where no policy is meant for the other leg, the own lock goes back all the same', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { fresh, other } = await wiped(market, BOB, () => locksBy(market, BOB).length > 0)
    other.dead = true
    const { context } = fresh
    const { swaps, unreachable } = await Recovery.recover(context, {
      policy: (_network, legs) => Policy.of([{ upTo: 1n, policy: risk }], legs.long?.amount ?? 0n),
    })
    expect(unreachable).toMatchObject([{ missing: 'swap', error: { _tag: 'InvalidPolicy' } }])
    let outcome: string | undefined
    void Runner.run(context, swaps[0] as Runner.Swap).then((how) => {
      outcome = how
    })
    await Process.drive(market, () => outcome !== undefined)
    expect(outcome).toBe('no-deal')
    expectWhole(market, BOB)
  })

  it('S7 S16: an initiator takes no other lock under its hashlock for the agreed one', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { fresh, other, deal } = await wiped(market, ALICE, () => locksBy(market, ALICE).length > 0)
    other.dead = true
    const { short } = deal.signed.agreement
    const cheap = { ...short, amount: 10n }
    const note = { tag: '', nonce: '', role: 'follower', terms: Bytes.toHex(LockTerms.encode(cheap)) }
    const script = {
      key: Bytes.toHex(LockTerms.id(cheap)),
      amount: 10n,
      deadline: cheap.deadline.value,
      hashlock: Bytes.toHex(cheap.hashlock),
      locker: BOB,
      beneficiary: ALICE,
    }
    const does = { is: 'lock', script, amount: 10n, note: JSON.stringify(note) } as const
    Net.accept(market.nets.short, { id: 'cheap', by: BOB, slot: 'cheap', fee: 1n, does })
    mine(market)
    expect(await Process.recover(fresh)).toBe(true)
    expect(fresh.swap?.state.durable.stop).toBe('recovered-without-terms')
    await Process.finish(market, fresh)
    expect(fresh.outcome).toBe('no-deal')
    expect(has(ALICE, 'claim')(fresh)).toBe(false)
  })

  it('S6: a follower that cancelled what it recovered without the other leg claims that leg once a later recovery finds it', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { fresh, other } = await wiped(market, BOB, () => locksBy(market, BOB).length > 0)
    const side = fresh.context.sides[LONG] as Side.Side
    const hidden = { ...side, adapter: { ...side.adapter, discoverLocks: async () => [] } }
    const sides = { ...fresh.context.sides, [LONG]: hidden }
    const [half] = (await Recovery.recover({ ...fresh.context, sides }, { policy })).swaps
    expect(half && (await Runner.cancel(half))).toBe(true)
    await half?.journal.close()
    expect(await Process.recover(fresh)).toBe(true)
    expect(fresh.swap?.state.durable.stop).toBe('cancelled')
    await Process.finish(market, other, fresh)
    expect([other.outcome, fresh.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, BOB, 'deal')
  })

  it('L6: a recovered lock that was undone, and that nobody has any more, is waited for until its chain takes none', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    const { fresh, other } = await wiped(market, ALICE, () => locksBy(market, ALICE).length > 0)
    other.dead = true
    const context = { ...fresh.context, sides: { [LONG]: fresh.context.sides[LONG] as Side.Side } }
    const [swap] = (await Recovery.recover(context, { policy })).swaps
    long.tip = Chain.mine(long.kind, Chain.back(long.tip, 1), long.tip.clock, [], '~')
    let outcome: string | undefined
    void Runner.run(context, swap as Runner.Swap).then((how) => {
      outcome = how
    })
    await Process.drive(market, () => outcome !== undefined)
    expect(outcome).toBe('no-deal')
    expectWhole(market, ALICE)
  })

  it.each(pairs)(
    'S12 H29: between $long and $short nobody’s word that a recovered lock failed, or isn’t there, gives it up',
    async (kinds) => {
      for (const ends of ['whole', 'half'] as const) {
        const market = create(kinds)
        const { fresh, other } = await wiped(market, ALICE, () => locksBy(market, ALICE).length > 0)
        other.dead = true
        const side = fresh.context.sides[LONG] as Side.Side
        let hides = false
        const lies = {
          ...side.adapter,
          findLocks: async (...args: Parameters<typeof side.adapter.findLocks>) =>
            hides ? [] : side.adapter.findLocks(...args),
          async status(...args: Parameters<typeof side.adapter.status>) {
            const fact = await side.adapter.status(...args)
            const block = { height: 1n, hash: '1' }
            return hides ? { ...fact, value: { is: 'failed', id: args[0].id, block } as const } : fact
          },
          // Who gives it up does so between the signature of another one and the look after it.
          async prepare(...args: Parameters<typeof side.adapter.prepare>) {
            if (args[0].kind === 'lock') void Runner.cancel(swap)
            return side.adapter.prepare(...args)
          },
        }
        const all = { ...fresh.context.sides, [LONG]: { ...side, adapter: lies } }
        const sides = ends === 'half' ? { [LONG]: all[LONG] } : all
        const context = { ...fresh.context, sides }
        const swap: Runner.Swap = (await Recovery.recover(context, { policy })).swaps[0] as Runner.Swap
        hides = true
        let outcome: string | undefined
        void Runner.run(context, swap).then((how) => {
          outcome = how
        })
        await Process.quiet()
        await Runner.cancel(swap)
        for (let i = 0; i < 10; i++) {
          mine(market)
          await Process.quiet()
        }
        expect(outcome).toBeUndefined()
        hides = false
        await Process.drive(market, () => outcome !== undefined)
        expect(outcome).toBe('no-deal')
        expectWhole(market, ALICE)
      }
    },
  )

  it('S6: an endpoint that hides a recovered lock does not end the swap', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { fresh, other } = await wiped(market, ALICE, () => locksBy(market, ALICE).length > 0)
    other.dead = true
    let hidden = true
    const [id, side] = Object.entries(fresh.context.sides)[0] as [string, Side.Side]
    const findLocks: typeof side.adapter.findLocks = async (terms, o) =>
      hidden ? [] : side.adapter.findLocks(terms, o)
    const sides = { ...fresh.context.sides, [id]: { ...side, adapter: { ...side.adapter, findLocks } } }
    const { swaps } = await Recovery.recover({ ...fresh.context, sides }, { policy })
    const [swap] = swaps
    let outcome: string | undefined
    void Runner.run({ ...fresh.context, sides }, swap as Runner.Swap).then((how) => {
      outcome = how
    })
    for (let i = 0; i < 120; i++) {
      await Process.quiet()
      mine(market)
    }
    expect(outcome).toBeUndefined()
    hidden = false
    await Process.drive(market, () => outcome !== undefined, { blocks: 10 })
    expect(outcome).toBe('no-deal')
    expectWhole(market, ALICE)
  })

  it('S13: what a recovered swap’s claim and refund need is kept from the others of its account', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    // After the first lock and its fee 1,007: a lock of 1,000, its fee of 2 and twice 2, and 1 of the 4 that the first one needs.
    const balances = new Map([...long.tip.ledger.balances, [ALICE, 2009n] as const])
    long.tip = { ...long.tip, ledger: { ...long.tip.ledger, balances } }
    const { fresh, other } = await wiped(market, ALICE, () => locksBy(market, ALICE).length > 0)
    other.dead = true
    expect(await Process.recover(fresh)).toBe(true)
    await Process.quiet()
    const second = Process.create(market, ALICE, { context: { storage: fresh.context.storage } })
    Process.start(second, Process.agreedAgain(market))
    const missing = () =>
      second.progress.some((one) => one.is === 'trouble' && isAitbcError(one.error, 'FundsMissing'))
    await Process.drive(market, () => missing() || locksBy(market, ALICE).length === 2)
    expect(locksBy(market, ALICE)).toHaveLength(1)
    await Process.finish(market, fresh, second)
    expect([missing(), fresh.outcome]).toEqual([true, 'no-deal'])
    expectWhole(market, ALICE)
  })

  it('S15: a swap that storage still has is continued, not begun again', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const storage = createMemoryStorage()
    const { deal, alice, bob } = both(market, { storage })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => locksBy(market, BOB).length > 0)
    alice.dead = true
    const again = Process.create(market, ALICE, { storage })
    const { swaps } = await Recovery.recover(again.context, { policy })
    const [swap, ...more] = swaps
    expect(more).toEqual([])
    expect(swap?.recovered).toBe(false)
    expect(swap?.journal.entries.length).toBeGreaterThan(3)
    expect(await Runner.list(storage)).toEqual([swap?.id])
  })

  it('error: without any side nothing could be found, and that isn’t told as if nothing were there', async () => {
    const { context } = Process.create(create({ long: 'utxo', short: 'contract' }), ALICE)
    for (const sides of [{}, new Map(Object.entries(context.sides)) as never])
      await expect(Recovery.recover({ ...context, sides }, { policy })).rejects.toMatchObject({
        _tag: 'SideMissing',
        context: { argument: 'context.sides' },
      })
    const wrong: [unknown, unknown, string][] = [
      [context, undefined, 'options.policy'],
      [context, {}, 'options.policy'],
      [undefined, { policy }, 'context.storage'],
      [{ ...context, sides: undefined }, { policy }, 'context.sides'],
    ]
    for (const [one, options, argument] of wrong)
      await expect(Recovery.recover(one as never, options as never), argument).rejects.toMatchObject({
        _tag: 'InvalidArgument',
        context: { argument },
      })
  })

  it('S10: another seed finds nothing', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { fresh } = await wiped(market, ALICE, () => locksBy(market, ALICE).length > 0)
    const context = { ...fresh.context, seed: seeds[BOB].map((byte) => byte ^ 1) }
    expect(await Recovery.recover(context, { policy })).toEqual({ swaps: [], waiting: [], unreachable: [] })
  })

  it('S12: terms that the adapter’s audit refuses are not taken', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { fresh } = await wiped(market, ALICE, () => locksBy(market, BOB).length > 0)
    const short = fresh.context.sides[SHORT] as Side.Side
    const refuses = {
      ...short.adapter,
      auditTerms: () => ({ ok: false, refusal: { check: 'x', message: 'x' } }) as const,
    }
    const sides = { ...fresh.context.sides, [SHORT]: { ...short, adapter: refuses } }
    const { swaps } = await Recovery.recover({ ...fresh.context, sides }, { policy })
    const [swap] = swaps
    expect(swap?.state.durable.stop).toBe('recovered-without-terms')
  })

  it.each(pairs)(
    'L3: between $long and $short, a network that can’t be reached is told, and holds up no swap of others',
    async (kinds) => {
      const market = create(kinds)
      const { fresh, other, deal } = await wiped(market, ALICE, () => locksBy(market, BOB).length > 0)
      let down = true
      const dead = <T>(real: () => Promise<T>) => {
        if (down) throw new Error('no route to host')
        return real()
      }
      const [long, short] = [fresh.context.sides[LONG] as Side.Side, fresh.context.sides[SHORT] as Side.Side]
      const adapter: typeof short.adapter = {
        ...short.adapter,
        recoverLocks: (...args) => dead(() => short.adapter.recoverLocks(...args)),
        discoverLocks: (...args) => dead(() => short.adapter.discoverLocks(...args)),
        tip: (o) => dead(() => short.adapter.tip(o)),
      }
      const context = { ...fresh.context, sides: { [SHORT]: { ...short, adapter }, [LONG]: long } }
      const first = await Recovery.recover(context, { policy })
      expect(first.swaps.map(({ id }) => id)).toEqual([Bytes.toHex(nonces[ALICE])])
      const found = first.swaps[0]?.state.durable
      // A contract's record has both legs; a script's names the other leg, which can't be looked for now.
      const lost = kinds.long === 'utxo'
      expect(first.unreachable.map(({ network, missing, swap }) => [network, missing, swap])).toEqual([
        [SHORT, 'own-locks', undefined],
        ...(lost ? [[SHORT, 'counterpart', Bytes.toHex(nonces[ALICE])]] : []),
      ])
      if (kinds.long === 'contract')
        expect(found?.terms.short?.hashlock).toEqual(deal.signed.agreement.short.hashlock)
      if (lost) expect(found?.stop).toBe('recovered-without-terms')
      // Later it can be reached, and a recovery goes on with both.
      down = false
      if (kinds.long === 'utxo' && kinds.short === 'utxo') return
      const again = await Recovery.recover(context, { policy })
      expect([again.unreachable, again.waiting]).toEqual([[], []])
      let outcome: string | undefined
      void Runner.run(context, again.swaps[0] as Runner.Swap).then((how) => {
        outcome = how
      })
      await Process.drive(market, () => outcome !== undefined && Process.isDone(other))
      expect([outcome, other.outcome]).toEqual(['deal', 'deal'])
      expectGains(market, ALICE, 'deal')
      expectWhole(market, ALICE, BOB)
    },
  )

  it('L3: a network that is named and not handed in leaves a swap that is refunded', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { fresh, other } = await wiped(market, ALICE, () => locksBy(market, ALICE).length > 0)
    other.dead = true
    const context = { ...fresh.context, sides: { [LONG]: fresh.context.sides[LONG] as Side.Side } }
    const { swaps, unreachable } = await Recovery.recover(context, { policy })
    expect(unreachable).toMatchObject([
      { network: SHORT, missing: 'counterpart', swap: swaps[0]?.id, error: { _tag: 'SideMissing' } },
    ])
    let outcome: string | undefined
    void Runner.run(context, swaps[0] as Runner.Swap).then((how) => {
      outcome = how
    })
    await Process.drive(market, () => outcome !== undefined)
    expect(outcome).toBe('no-deal')
    expectWhole(market, ALICE)
  })

  it('L6: an own lock in no block waits to be one; one that vanishes keeps nobody', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { long } = market.nets
    long.held = (tx) => tx.does.is === 'lock'
    const { fresh, other } = await wiped(market, ALICE, () => long.mempool.length > 0)
    const [pending] = long.mempool
    // As Bitcoin's adapter finds it by its beacon, in the mempool.
    const side = fresh.context.sides[LONG] as Side.Side
    const recoverLocks: typeof side.adapter.recoverLocks = async (seed, o) => {
      const { tip } = long
      long.tip = Chain.mine(long.kind, tip, tip.clock, long.mempool)
      try {
        return await side.adapter.recoverLocks(seed, o)
      } finally {
        long.tip = tip
      }
    }
    const sides = { ...fresh.context.sides, [LONG]: { ...side, adapter: { ...side.adapter, recoverLocks } } }
    const context = { ...fresh.context, sides }
    const seen = await Recovery.recover(context, { policy })
    expect(seen.swaps).toEqual([])
    expect(seen.waiting).toMatchObject([
      { lock: { transaction: pending?.id }, record: { role: 'initiator' } },
    ])
    expect(await Runner.list(context.storage)).toEqual([])
    long.mempool = []
    expect(await Recovery.recover(context, { policy })).toEqual({ swaps: [], waiting: [], unreachable: [] })
    // It comes all the same, for somebody kept it: then it is a swap.
    long.mempool = [pending as Chain.Tx]
    long.held = () => false
    mine(market)
    const late = await Recovery.recover(fresh.context, { policy })
    expect([late.swaps.length, late.waiting]).toEqual([1, []])
    other.dead = true
    await late.swaps[0]?.journal.close()
    expect(await Process.recover(fresh)).toBe(true)
    await Process.finish(market, fresh)
    expect(fresh.outcome).toBe('no-deal')
    expectWhole(market, ALICE)
  })
})
