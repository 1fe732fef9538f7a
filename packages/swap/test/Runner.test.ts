import { Bytes, type Fact } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { type Policy, Runner, type Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, crossed, expectGains, expectWhole, isKind } from './model/expect.js'
import { LONG, pairs, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create, mine, type Name, nonces, risk } from './model/market.js'
import * as Process from './model/process.js'

describe('two runners', () => {
  it.each(pairs)('L1 S9: between $long and $short both claim, to the last unit but fees', async (kinds) => {
    const market = create(kinds)
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome, alice.error, bob.error]).toEqual([
      'deal',
      'deal',
      undefined,
      undefined,
    ])
    expectGains(market, ALICE, 'deal')
    expectGains(market, BOB, 'deal')
    expectWhole(market, ALICE, BOB)
    for (const one of [alice, bob]) {
      const sent = one.progress.flatMap((p) => (p.is === 'sent' ? [p.command] : []))
      expect(sent).toEqual(['lock', 'claim'])
      expect(one.progress.at(-1)).toEqual({ is: 'finished', outcome: 'deal' })
      expect(one.progress.some((p) => p.is === 'trouble' || p.is === 'alarm')).toBe(false)
    }
  })

  it.each(pairs)('L2: between $long and $short, who is left alone is refunded', async (kinds) => {
    const market = create(kinds)
    const { deal, alice } = both(market)
    Process.start(alice, deal)
    await Process.finish(market, alice)
    expect(alice.outcome).toBe('no-deal')
    expectGains(market, ALICE, 'no-deal')
    expectWhole(market, ALICE)

    const other = create(kinds)
    const { alice: gone, bob } = both(other, {
      judge: ({ method, args }) => (isKind(method, args, 'claim') ? 'die-before' : 'go'),
    })
    Process.start(gone, deal)
    Process.start(bob, deal)
    await Process.finish(other, bob)
    expect([gone.dead, bob.outcome]).toEqual([true, 'no-deal'])
    expectGains(other, BOB, 'no-deal')
    expectWhole(other, BOB)
  })

  it.each(pairs)(
    'S8 S9: between $long and $short, before any version of a lock is sent, its bytes and its refund are journaled',
    async (kinds) => {
      const market = create(kinds)
      for (const net of Object.values(market.nets)) net.held = (tx) => tx.does.is === 'lock' && tx.fee < 5n
      let submitted = 0
      const check = (process: () => Process.Process) => (call: Process.Call) => {
        if (isKind(call.method, call.args, 'lock')) {
          const [signed] = call.args as [{ id: string }]
          const entries = process().swap?.journal.entries ?? []
          const known = [...(process().swap?.book.values() ?? [])].find((sent) =>
            sent.signed.some(({ id }) => id === signed.id),
          )
          expect(known?.undo.length).toBeGreaterThan(0)
          expect(entries.at(-1)?.kind).not.toBe('opened')
          submitted++
        }
        return 'go' as const
      }
      const { deal, alice, bob } = both(market, { judge: check(() => alice) }, { judge: check(() => bob) })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expect(submitted).toBeGreaterThanOrEqual(4)
      expect(alice.progress.some((p) => p.is === 'raised')).toBe(true)
      expectWhole(market, ALICE, BOB)
      expectGains(market, ALICE, 'deal')
    },
  )

  it('S15: nothing is written while nothing happens', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice } = both(market)
    Process.start(alice, deal)
    await Process.drive(market, () => market.nets.long.tip.height > 6)
    const before = alice.calls.filter((call) => call.effect !== undefined).length
    for (let i = 0; i < 5; i++) {
      mine(market)
      await Process.quiet()
    }
    expect(alice.calls.filter((call) => call.effect !== undefined).length).toBe(before)
  })

  it('abort: the runner ends with the signal’s own reason, and can be taken up again', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const storage = createMemoryStorage()
    const { deal, alice, bob } = both(market, { storage })
    const stop = new AbortController()
    const reason = new Error('closing time')
    Process.start(alice, deal, stop.signal)
    Process.start(bob, deal)
    await Process.drive(market, () => market.nets.long.tip.height > 3)
    stop.abort(reason)
    await Process.quiet()
    expect(alice.error).toBe(reason)
    expect(market.nets.long.listeners.size).toBe(2)
    const again = Process.create(market, ALICE, { storage })
    Process.start(again, deal)
    await Process.finish(market, again, bob)
    expect([again.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectWhole(market, ALICE, BOB)
    expect(market.nets.long.listeners.size).toBe(0)
  })
})

describe('a crash at every point', () => {
  /** One history: the party under test dies once at an effect, and is started again from its storage some blocks later. */
  async function crash(
    kinds: (typeof crossed)[number],
    name: Name,
    outcome: 'deal' | 'no-deal',
    at: number,
    later: number,
  ) {
    const market = create(kinds)
    const storage = createMemoryStorage()
    const judge = (call: Process.Call) => {
      // To die before an effect is to die after the one before it; only the first has none before it.
      if (at < 0) return call.effect === 0 ? ('die-before' as const) : ('go' as const)
      return call.effect === at ? ('die-after' as const) : ('go' as const)
    }
    const vanish = (call: Process.Call) =>
      outcome === 'no-deal' && isKind(call.method, call.args, name === ALICE ? 'lock' : 'claim')
        ? ('die-before' as const)
        : ('go' as const)
    const deal = Process.agreed(market)
    let tested = Process.create(market, name, { storage, judge })
    const other = Process.create(market, name === ALICE ? BOB : ALICE, { judge: vanish })
    Process.start(tested, deal)
    Process.start(other, deal)
    let died: number | undefined
    await Process.drive(market, () => tested.outcome !== undefined && Process.isDone(other), {
      each: (block) => {
        if (!tested.dead) return
        died ??= block
        if (block < died + later) return
        tested = Process.create(market, name, { storage })
        Process.start(tested, deal)
      },
    })
    expect(tested.error).toBeUndefined()
    return { market, tested, other, died: died !== undefined }
  }

  const cases = crossed.flatMap((kinds) =>
    ([ALICE, BOB] as const).flatMap((name) =>
      (['deal', 'no-deal'] as const).map((outcome) => ({ ...kinds, name, outcome })),
    ),
  )

  it.each(cases)(
    'S9 S15 L3 H22: $name between $long and $short, on the way to $outcome',
    async ({ long, short, name, outcome }) => {
      let points = 0
      for (let at = -1; ; at++) {
        const later = (at + 1) % 4
        const what = `after effect ${at}, back after ${later}`
        const { market, tested, other, died } = await crash({ long, short }, name, outcome, at, later)
        expect(tested.outcome, what).toBe(outcome)
        if (outcome === 'deal') expect(other.outcome, what).toBe('deal')
        expectGains(market, name, outcome)
        expectWhole(market, name)
        if (!died) break
        points++
      }
      expect(points).toBeGreaterThan(12)
    },
  )
})

describe('a second process', () => {
  it.each(pairs)(
    'L3: between $long and $short it takes over; the first can send nothing new, and says SwapBusy (4012)',
    async (kinds) => {
      const market = create(kinds)
      const storage = createMemoryStorage()
      const { deal, alice, bob } = both(market, { storage })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.drive(market, () => market.nets.long.tip.height > 1)
      const second = Process.create(market, ALICE, { storage })
      Process.start(second, deal)
      await Process.quiet()
      const sent = alice.progress.filter((p) => p.is === 'sent').length
      await Process.finish(market, second, bob)
      expect([second.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expect(alice.outcome).toBeUndefined()
      expect(alice.error).toMatchObject({ _tag: 'SwapBusy', code: 4012, retryable: true })
      expect(alice.progress.filter((p) => p.is === 'sent').length).toBe(sent)
      expectWhole(market, ALICE, BOB)
    },
  )

  it('H15: a hashlock opens one swap: HashlockReused (4007) afterwards, and the running one is not disturbed', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const storage = createMemoryStorage()
    const { deal, alice, bob } = both(market, { storage })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => market.nets.long.tip.height > 1)
    const { signed, margins } = deal
    for (const [{ context }, role, nonce] of [
      [alice, 'initiator', nonces[ALICE]],
      [bob, 'follower', new Uint8Array(8).fill(9)],
    ] as const)
      await expect(
        Runner.open(context, { role, nonce, signed, margins, policy: risk }),
      ).rejects.toMatchObject({ _tag: 'HashlockReused', code: 4007 })
    expect(await Runner.knowsHashlock(storage, signed.agreement.long.hashlock)).toBe(true)
    expect(await Runner.knowsHashlock(storage, new Uint8Array(32).fill(1))).toBe(false)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(await Runner.list(storage)).toEqual([Bytes.toHex(nonces[ALICE])])
    // A finished swap says so again, and does nothing.
    const again = Process.create(market, ALICE, { storage })
    Process.start(again, deal)
    await Process.quiet()
    expect(again.outcome).toBe('deal')
    expect(again.progress.some((p) => p.is === 'sent')).toBe(false)
  })

  it('S15: a journal of a later version stops it: nothing is guessed', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice } = both(market)
    const { signed, margins } = deal
    const nonce = nonces[ALICE]
    const { context } = alice
    const swap = await Runner.open(context, { role: 'initiator', nonce, signed, margins, policy: risk })
    await swap.journal.append('durable', Uint8Array.of(0, 0, 9))
    await expect(Runner.load(context, swap.id)).rejects.toMatchObject({ name: 'AitbcError' })
    await expect(Runner.load(context, 'never-opened')).rejects.toMatchObject({ _tag: 'StateUnreadable' })
  })

  it('S12: how well spends must be known is as the policy says, and what the sides can tell', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice } = both(market)
    const { long, short } = deal.signed.agreement
    const all = alice.context.sides
    const of = (change: Pick<Policy.Policy, 'spends'> & { assurance?: Fact.Assurance }, sides = all) =>
      Runner.spendsOf({ assurance: 'proved', ...change }, 'initiator', { long, short }, sides).spends
    // The own leg is the long one: what its verifier vouches for.
    expect(of({})).toEqual({ long: 'attested', short: 'proved' })
    expect(of({ assurance: 'quorum' })).toEqual({ long: 'quorum', short: 'quorum' })
    expect(of({ assurance: 'reported' })).toBeUndefined()
    expect(of({ spends: { [LONG]: 'proved' } })).toEqual({ long: 'proved', short: 'proved' })
    expect(of({ spends: { [SHORT]: 'reported' } })).toEqual({ long: 'attested' })
    const { verifier: _, ...blind } = all[SHORT] as Side.Side
    expect(of({ spends: { [SHORT]: 'proved' } }, { ...all, [SHORT]: blind })).toEqual({ long: 'attested' })
    expect(Runner.spendsOf({ assurance: 'proved' }, 'follower', { short }, all).spends).toEqual({
      short: 'attested',
    })
  })

  it('L6 S15: whoever loads a swap may believe endpoints again, and that is journaled', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice } = both(market)
    const { signed, margins } = deal
    const { context } = alice
    const swap = await Runner.open(context, {
      ...{ role: 'initiator', nonce: nonces[ALICE], signed, margins, policy: risk },
    })
    const spends = async (options?: Parameters<typeof Runner.load>[2]) => {
      const { state, journal } = await Runner.load(context, swap.id, options)
      return [state.durable.rules.spends, journal.entries.length]
    }
    const both_ = { long: 'attested', short: 'proved' }
    expect(await spends()).toEqual([both_, 1])
    expect(await spends({ spends: { [SHORT]: 'proved' } })).toEqual([both_, 1])
    expect(await spends({ spends: { [LONG]: 'reported' } })).toEqual([{ short: 'proved' }, 2])
    expect(await spends({ spends: { [SHORT]: 'reported' } })).toEqual([undefined, 3])
    expect(await spends()).toEqual([undefined, 3])
    await expect(spends({ spends: { [SHORT]: 'sure' as never } })).rejects.toMatchObject({
      _tag: 'InvalidPolicy',
      code: 4008,
    })
  })

  it('error: InvalidArgument (1013) for what is missing, by its name, before anything is written', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice } = both(market)
    const { context } = alice
    const all = { ...deal, role: 'initiator', nonce: nonces[ALICE], policy: risk } as const
    const wrong: [() => Promise<unknown>, string][] = [
      [() => Runner.open(context, undefined as never), 'options.role'],
      [() => Runner.open(context, { ...all, nonce: undefined } as never), 'options.nonce'],
      [() => Runner.open(context, { ...all, signed: undefined } as never), 'options.signed'],
      [() => Runner.open(context, { ...all, margins: null } as never), 'options.margins'],
      [() => Runner.open(undefined as never, all), 'context.storage'],
      [() => Runner.load(undefined as never, 'any'), 'context.storage'],
      [() => Runner.load({ ...context, utc: undefined } as never, 'any'), 'context.utc'],
      [() => Runner.open({ ...context, utc: undefined } as never, all), 'context.utc'],
      [() => Runner.openRing(context, { ...all, member: undefined } as never), 'options.member'],
      [() => Runner.run(context, undefined as never), 'swap.state'],
      [() => Runner.run(context, Runner.open(context, {} as never).catch(() => 0) as never), 'swap.state'],
      [() => Runner.run({ ...context, seed: undefined } as never, {} as never), 'context.seed'],
    ]
    for (const [run, argument] of wrong)
      await expect(run(), argument).rejects.toMatchObject({ _tag: 'InvalidArgument', context: { argument } })
    expect(await Runner.list(context.storage)).toEqual([])
  })

  it('S6 S10: a nonce or a role that isn’t the negotiated one is refused before anything is written: the own claim could never be made', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice, bob } = both(market)
    const { signed, margins } = deal
    const all = { signed, margins, policy: risk }
    // A wallet with a key of its own for each swap, as on Bitcoin.
    const side = bob.context.sides[LONG] as Side.Side
    const keyed: Side.Side = {
      ...side,
      signer: (account, nonce) => (Bytes.equal(nonce, nonces[BOB]) ? side.signer(account, nonce) : undefined),
    }
    const context = { ...bob.context, sides: { ...bob.context.sides, [LONG]: keyed } }
    const other = new Uint8Array(8).fill(9)
    await expect(Runner.open(context, { ...all, role: 'follower', nonce: other })).rejects.toMatchObject({
      _tag: 'SignerMissing',
      code: 4010,
      context: { account: `${LONG}:${BOB}` },
    })
    await expect(
      Runner.open(context, { ...all, role: 'initiator', nonce: nonces[BOB] }),
    ).rejects.toMatchObject({
      _tag: 'SignerMissing',
    })
    await expect(
      Runner.open(alice.context, { ...all, role: 'initiator', nonce: other }),
    ).rejects.toMatchObject({ _tag: 'InvalidArgument', context: { argument: 'options.nonce' } })
    for (const { storage } of [context, alice.context]) {
      expect(await Runner.list(storage)).toEqual([])
      expect(await Runner.knowsHashlock(storage, signed.agreement.long.hashlock)).toBe(false)
    }
  })

  it('error: an agreement that is not signed by both, or on a network without a side', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice } = both(market)
    const { signed, margins } = deal
    const nonce = nonces[ALICE]
    const open = (context: Runner.Context, one: typeof signed) =>
      Runner.open(context, { role: 'initiator', nonce, signed: one, margins, policy: risk })
    await expect(open(alice.context, { ...signed, follower: signed.initiator })).rejects.toMatchObject({
      _tag: 'InvalidSignature',
      code: 4002,
    })
    await expect(open({ ...alice.context, sides: {} }, signed)).rejects.toMatchObject({
      _tag: 'SideMissing',
      code: 4009,
    })
    // Neither took the hashlock.
    expect(await Runner.knowsHashlock(alice.context.storage, signed.agreement.long.hashlock)).toBe(false)
  })
})
