import { Bytes, CoreErrors, isAitbcError, type Signed, type Status, type Step, Verdict } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Runner, type Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, crossed, expectGains, expectWhole, isKind, LEGS, locksBy } from './model/expect.js'
import { LONG, pairs, SHORT } from './model/fixtures.js'
import { child, type Gate, sender, transactionOf } from './model/ModelAdapter.js'
import { ALICE, BOB, create, FUNDS, type Market, mine, risk } from './model/market.js'
import * as Net from './model/Net.js'
import * as Process from './model/process.js'

describe('endpoints that fail', () => {
  const failures = [
    () => CoreErrors.RpcTimeout('no answer'),
    () => new TypeError('undefined is not a function'),
  ] as const
  const storages = new Set([
    'get',
    'put',
    'list',
    'compareAndSet',
    'log',
    'read',
    'append',
    'truncate',
    'close',
  ])
  const cases = crossed.flatMap((kinds) => ([ALICE, BOB] as const).map((name) => ({ ...kinds, name })))
  /** Of a ladder's many rungs, the first three stand for all. */
  const isUpperRung = ({ method, args }: Process.Call): boolean => {
    if (method === 'sign') return (args[0] as Step).maxFee.amount > 5n
    const { feeRate = 0n } = (args.at(-1) as { readonly feeRate?: bigint } | undefined) ?? {}
    return (method === 'prepare' || method === 'arm') && feeRate > 5n
  }

  it.each(cases)(
    'L3 S9: each call of $name between $long and $short may fail once, done or not, and nothing is lost',
    async ({ long, short, name }) => {
      let sends = 0
      for (let at = 0, last = false; !last; at++) {
        const market = create({ long, short })
        let asked = 0
        let failed: Process.Call | undefined
        const judge = (call: Process.Call) => {
          if (storages.has(call.method) || isUpperRung(call) || asked++ !== at) return 'go'
          failed = call
          return at % 3 === 0 ? ('fail-before' as const) : ('fail-after' as const)
        }
        const failure = failures[at % 2] as () => unknown
        const options = { judge, failure }
        const { deal, alice, bob } = both(market, name === ALICE ? options : {}, name === BOB ? options : {})
        Process.start(alice, deal)
        Process.start(bob, deal)
        await Process.drive(market, () => Process.isDone(alice) && Process.isDone(bob), {
          // A watch that broke is begun again by a timer; nothing else here needs one.
          each: () =>
            failed?.method === 'watch' ? new Promise((resolve) => setTimeout(resolve)) : undefined,
        })
        const what = `call ${at}, ${failed?.method}`
        expect([alice.error, bob.error], what).toEqual([undefined, undefined])
        expect([alice.outcome, bob.outcome], what).toEqual(['deal', 'deal'])
        expectGains(market, ALICE, 'deal')
        expectGains(market, BOB, 'deal')
        expectWhole(market, ALICE, BOB)
        if (failed?.method === 'submit') sends++
        last = failed === undefined
      }
      expect(sends).toBeGreaterThanOrEqual(2)
    },
  )

  it.each(pairs)(
    'S9: between $long and $short, an endpoint that takes a transaction and denies it is given the same one again',
    async (kinds) => {
      const market = create(kinds)
      let lies = 0
      const judge = ({ method }: Process.Call) => (method === 'submit' && lies++ < 3 ? 'fail-after' : 'go')
      const { deal, alice, bob } = both(market, { judge }, { judge })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expectWhole(market, ALICE, BOB)
      expectGains(market, ALICE, 'deal')
    },
  )

  it('S7 H18: a claim that an endpoint took and denied is public, and is pursued to the end', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    let denied = 0
    const judge = ({ method, args }: Process.Call) =>
      isKind(method, args, 'claim') && denied++ === 0 ? 'fail-before' : 'go'
    const { deal, alice, bob } = both(market, { judge })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => denied > 0)
    expect(alice.swap?.state.durable.revealed).toBe(true)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
  })

  it.each([
    ['knows nothing of it', (status: Status): Status => status],
    ['says that it has it already', (): Status => ({ is: 'pending' })],
  ])(
    'S7: a signature that took until it was too late is not sent, where the endpoint %s',
    async (_, tells) => {
      const market = create({ long: 'utxo', short: 'contract' })
      const judge = ({ method, args }: Process.Call) => {
        // The owner thinks about it until the follower's deadline is near.
        if (isKind(method, args, 'claim', 'sign')) for (let i = 0; i < 30; i++) mine(market)
        return 'go' as const
      }
      const wrap = (side: Side.Side): Side.Side => ({
        ...side,
        adapter: {
          ...side.adapter,
          status: async (submission, o) => {
            const fact = await side.adapter.status(submission, o)
            return submission.step.kind === 'claim' ? { ...fact, value: tells(fact.value) } : fact
          },
        },
      })
      const { deal, alice, bob } = both(market, { judge, wrap })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
      expect(alice.calls.some(({ method, args }) => isKind(method, args, 'claim'))).toBe(false)
      expectWhole(market, ALICE, BOB)
    },
  )

  it('S15: storage that fails ends the runner at once: without its journal it may not act', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const storage = createMemoryStorage()
    let appends = 0
    const judge = ({ method }: Process.Call) =>
      method === 'append' && ++appends === 4 ? ('fail-before' as const) : ('go' as const)
    const { deal, alice, bob } = both(market, { storage, judge })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => Process.isDone(alice), { blocks: 10 })
    expect(alice.error).toMatchObject({ _tag: 'JournalClosed' })
    const again = Process.create(market, ALICE, { storage })
    Process.start(again, deal)
    await Process.finish(market, again, bob)
    expect([again.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectWhole(market, ALICE, BOB)
  })

  it('L3: watches that break are begun again, and told', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    let breaks = 0
    const judge = ({ method }: Process.Call) =>
      method === 'watch' && breaks++ % 3 === 1 ? ('fail-before' as const) : ('go' as const)
    const { deal, alice, bob } = both(market, { judge })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => Process.isDone(alice) && Process.isDone(bob), {
      each: () => new Promise((resolve) => setTimeout(resolve)),
    })
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(alice.progress.some((p) => p.is === 'trouble' && p.key.startsWith('watch/'))).toBe(true)
  })
})

describe('the secret', () => {
  const secret = Process.secretOf()
  const forms = [Bytes.toHex(secret), btoa(String.fromCharCode(...secret)), secret.join(',')]
  const holdsIt = (value: unknown, depth = 0): boolean => {
    if (depth > 12 || value === null || value === undefined) return false
    if (typeof value === 'string')
      return forms.some((form) => value.toLowerCase().includes(form.toLowerCase()))
    if (value instanceof Uint8Array)
      return (
        Bytes.toHex(value).includes(forms[0] as string) || holdsIt(new TextDecoder().decode(value), depth + 1)
      )
    const parts =
      value instanceof Error
        ? [value.message, value.stack, value.cause, (value as { context?: unknown }).context]
        : value instanceof Map
          ? [...value.entries()]
          : typeof value === 'object'
            ? Object.values(value)
            : []
    return parts.some((part) => holdsIt(part, depth + 1))
  }

  const txsOf = (net: Net.Net) => {
    const txs = []
    for (let at: typeof net.tip | undefined = net.tip; at !== undefined; at = at.parent) txs.push(...at.txs)
    return txs
  }

  it('S14: the canary sings where it should: each form is found', () => {
    const found = [secret, forms[0], { a: [forms[1]] }, new Error(`x${forms[0]}`), new Map([[1, forms[2]]])]
    for (const form of found) expect(holdsIt(form)).toBe(true)
    expect(holdsIt(new TextEncoder().encode(JSON.stringify({ a: forms[0] })))).toBe(true)
    expect(holdsIt(new Uint8Array(64))).toBe(false)
  })

  it.each(pairs)(
    'S14 H18: between $long and $short it is nowhere before the incoming lock is final',
    async (kinds) => {
      for (const answered of [true, false]) {
        const market = create(kinds)
        let early = 0
        let seen = 0
        const mayBePublic = () =>
          locksBy(market, BOB).some((lock) => market.nets.short.tip.height - lock.height + 1 >= 2)
        // What people read holds it only when everybody can read it anyhow.
        const isPublic = () =>
          [...market.nets.short.mempool, ...txsOf(market.nets.short)].some((tx) => tx.does.is === 'claim')
        const leaks: unknown[] = []
        const look = (value: unknown, may = mayBePublic()) => {
          if (!mayBePublic()) early++
          if (!holdsIt(value)) return
          seen++
          if (!may) leaks.push(value)
        }
        const judge = (stop: boolean) => (call: Process.Call) => {
          look(call.args)
          return stop && isKind(call.method, call.args, 'lock') ? ('die-before' as const) : ('go' as const)
        }
        const { deal, alice, bob } = both(
          market,
          { judge: judge(false), context: { onProgress: (progress) => look(progress, isPublic()) } },
          { judge: judge(!answered) },
        )
        Process.start(alice, deal)
        Process.start(bob, deal)
        await Process.finish(market, alice, bob)
        expect(alice.outcome).toBe(answered ? 'deal' : 'no-deal')
        expect(leaks).toEqual([])
        expect(early).toBeGreaterThan(50)
        // The claim itself holds it, and what the follower learns; where nobody answered, it was never anywhere.
        expect(seen > 0).toBe(answered)
      }
    },
  )

  it.each(pairs)(
    'S14: between $long and $short no trouble that is told has it before everybody can read it, whatever fails',
    async (kinds) => {
      const market = create(kinds)
      const isPublic = () =>
        [...market.nets.short.mempool, ...txsOf(market.nets.short)].some((tx) => tx.does.is === 'claim')
      // Each way to be asked of a claim fails once before it is done: the runner holds the secret, and nobody else does.
      const asked = new Set<string>()
      const judge = ({ method, args }: Process.Call) => {
        const [first] = args as [{ readonly kind?: string; readonly step?: Step } | undefined]
        if ((first?.step ?? first)?.kind !== 'claim' || isPublic() || asked.has(method)) return 'go'
        asked.add(method)
        return 'fail-before' as const
      }
      const troubles: unknown[] = []
      const onProgress = (progress: Runner.Progress) => {
        if (progress.is === 'trouble' && !isPublic()) troubles.push(progress)
      }
      const { deal, alice, bob } = both(market, { judge, context: { onProgress } })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expect([...asked]).toEqual(expect.arrayContaining(['prepare', 'sign', 'submit']))
      expect(troubles.length).toBeGreaterThanOrEqual(asked.size)
      expect(troubles.filter((trouble) => holdsIt(trouble))).toEqual([])
    },
  )
})

describe('what can go wrong with a lock', () => {
  it('S13: who can’t pay for claim and refund besides the lock does not lock: FundsMissing (4014)', async () => {
    for (const kinds of pairs)
      for (const name of [ALICE, BOB] as const) {
        const market = create(kinds)
        const own = name === ALICE ? 'long' : 'short'
        const { tip } = market.nets[own]
        const other = name === ALICE ? BOB : ALICE
        const balances = new Map([
          [name, name === ALICE ? 1001n : 5001n],
          [other, FUNDS],
        ])
        market.nets[own].tip = { ...tip, ledger: { ...tip.ledger, balances } }
        const { deal, alice, bob } = both(market)
        Process.start(alice, deal)
        Process.start(bob, deal)
        await Process.finish(market, alice, bob)
        const tested = name === ALICE ? alice : bob
        const [trouble] = tested.progress.flatMap((p) => (p.is === 'trouble' ? [p.error] : []))
        expect(trouble).toMatchObject({
          _tag: 'FundsMissing',
          code: 4014,
          context: { account: expect.stringContaining(name), holds: balances.get(name) },
        })
        // Nothing was signed, so nothing needs to be undone: the swap ends by itself (L6).
        expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
        expect(locksBy(market, name)).toEqual([])
        expectWhole(market, ALICE, BOB)
      }
  })

  it('S13: on chains where the account pays, the fees of a claim there are asked for too', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { short } = market.nets
    short.tip = { ...short.tip, ledger: { ...short.tip.ledger, balances: new Map([[BOB, FUNDS]]) } }
    const { deal, alice } = both(market)
    Process.start(alice, deal)
    await Process.finish(market, alice)
    const [trouble] = alice.progress.flatMap((p) => (p.is === 'trouble' ? [p.error] : []))
    expect(trouble).toMatchObject({
      _tag: 'FundsMissing',
      context: { account: `${SHORT}:${ALICE}`, needs: 4n },
    })
    expect(locksBy(market, ALICE)).toEqual([])
  })

  it('S13: two swaps of one account don’t count on the same coins; what is locked is no need any more', async () => {
    // A lock of 1,000, its fee of 2, and twice 2 for its refund: enough for one after the other, then for two at once.
    for (const funds of [2009n, 2012n]) {
      const market = create({ long: 'contract', short: 'utxo' })
      const { long } = market.nets
      const balances = new Map([
        [ALICE, funds],
        [BOB, FUNDS],
      ])
      long.tip = { ...long.tip, ledger: { ...long.tip.ledger, balances } }
      const storage = [createMemoryStorage(), createMemoryStorage()] as const
      const deals = [Process.agreed(market), Process.agreedAgain(market)] as const
      const alices = deals.map(() => Process.create(market, ALICE, { storage: storage[0] }))
      // One process drives both.
      const shared = alices[0]?.context.storage as Process.Process['context']['storage']
      const both_ = alices.map((one) => ({ ...one, context: { ...one.context, storage: shared } }))
      const bobs = deals.map(() => Process.create(market, BOB, { storage: storage[1] }))
      for (const [i, deal] of deals.entries())
        for (const one of [both_[i], bobs[i]]) Process.start(one as Process.Process, deal)
      await Process.finish(market, ...both_, ...bobs)
      expect(both_.map(({ outcome }) => outcome)).toEqual(['deal', 'deal'])
      const missing = both_.flatMap(({ progress }) =>
        progress.flatMap((p) => (p.is === 'trouble' ? [(p.error as { _tag?: string })._tag] : [])),
      )
      expect(missing.includes('FundsMissing')).toBe(funds === 2009n)
    }
  })

  it('S13: what a locked swap’s claim and refund need is kept from the others after a restart too', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    // After the first lock and its fee 1,007: a lock of 1,000, its fee of 2 and twice 2, and 1 of the 4 that the first one needs.
    const balances = new Map([
      [ALICE, 2009n],
      [BOB, FUNDS],
    ])
    long.tip = { ...long.tip, ledger: { ...long.tip.ledger, balances } }
    const [first, second] = [Process.agreed(market), Process.agreedAgain(market)]
    const storage = createMemoryStorage()
    const before = Process.create(market, ALICE, { storage })
    Process.start(before, first)
    await Process.drive(market, () => locksBy(market, ALICE).length === 1)
    before.dead = true
    // As another process finds it: the same disk, and nothing in memory.
    const disk = { ...storage }
    const now = [first, second].map(() => Process.create(market, ALICE, { context: { storage: disk } }))
    const [again, other] = now as [Process.Process, Process.Process]
    Process.start(again, first)
    Process.start(other, second)
    const missing = () =>
      other.progress.some((one) => one.is === 'trouble' && isAitbcError(one.error, 'FundsMissing'))
    await Process.drive(market, () => missing() || locksBy(market, ALICE).length === 2)
    expect(locksBy(market, ALICE)).toHaveLength(1)
    await Process.finish(market, ...now)
    expect(missing()).toBe(true)
    expect(again.outcome).toBe('no-deal')
  })

  it('S9 S13: two swaps of one account at once use nonces of their own, and none of them is in the other’s way', async () => {
    for (const kinds of [
      { long: 'contract', short: 'contract' },
      { long: 'contract', short: 'utxo' },
    ] as const) {
      const market = create(kinds)
      const storage = [createMemoryStorage(), createMemoryStorage()] as const
      const deals = [Process.agreed(market), Process.agreedAgain(market), Process.agreedAgain(market, 5)]
      const parties = ([ALICE, BOB] as const).map((name, i) => {
        const all = deals.map(() => Process.create(market, name, { storage: storage[i as 0 | 1] }))
        const shared = all[0]?.context.storage as Process.Process['context']['storage']
        return all.map((one) => ({ ...one, context: { ...one.context, storage: shared } }))
      })
      for (const [i, deal] of deals.entries())
        for (const all of parties) Process.start(all[i] as Process.Process, deal)
      await Process.finish(market, ...parties.flat())
      expect(parties.flat().map(({ outcome }) => outcome)).toEqual(Array(6).fill('deal'))
      // Nobody was refused, replaced or had to begin anew.
      const trouble = parties.flat().flatMap(({ progress }) => progress.filter((p) => p.is === 'trouble'))
      expect(trouble).toEqual([])
      for (const all of parties) {
        const steps = all.flatMap(({ calls }) =>
          calls.flatMap(({ method, args }) => (method === 'submit' ? [(args[0] as Signed).step] : [])),
        )
        const numbered = steps.filter(({ conflictKey }) => conflictKey.startsWith('nonce:'))
        const keys = numbered.map(
          ({ network, conflictKey, payload }) => `${network} ${conflictKey} ${Bytes.toHex(payload)}`,
        )
        const places = numbered.map(({ network, conflictKey }) => `${network} ${conflictKey}`)
        expect(new Set(keys).size).toBe(new Set(places).size)
      }
    }
  })

  it('S13: where accounts must hold something to exist, that is asked for besides', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const fees = { model: 'compute-units', unit: 'microlamports/CU', minRelay: 1n, dust: 890n } as const
    const network = { ...market.nets.long.network, fees }
    const nets = { ...market.nets, long: { ...market.nets.long, network } }
    const { tip } = nets.long
    nets.long.tip = { ...tip, ledger: { ...tip.ledger, balances: new Map([[ALICE, 1800n]]) } }
    const own = { nets }
    const { alice } = both(own)
    Process.start(alice, Process.agreed(market))
    await Process.drive(own, () => alice.progress.some((p) => p.is === 'trouble'))
    const [trouble] = alice.progress.flatMap((p) => (p.is === 'trouble' ? [p.error] : []))
    expect(trouble).toMatchObject({ _tag: 'FundsMissing', context: { holds: 1800n, needs: 1896n } })
  })

  it.each(pairs)(
    'S9 L2 H8: between $long and $short a lock that miners leave out is raised, then void',
    async (kinds) => {
      for (const name of [ALICE, BOB] as const) {
        const market = create(kinds)
        const own = name === ALICE ? 'long' : 'short'
        market.nets[own].held = (tx) => tx.does.is === 'lock' && tx.by === name
        const { deal, alice, bob } = both(market)
        Process.start(alice, deal)
        Process.start(bob, deal)
        await Process.finish(market, alice, bob)
        const tested = name === ALICE ? alice : bob
        expect(tested.progress.some((p) => p.is === 'raised')).toBe(true)
        expect(tested.progress.some((p) => p.is === 'sent' && p.command === 'void')).toBe(true)
        expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
        expect(locksBy(market, name)).toEqual([])
        expectGains(market, name, 'no-deal')
        const slots = tested.calls
          .filter(({ method, args }) => isKind(method, args, 'lock') || isKind(method, args, 'void'))
          .map(({ args }) => (args[0] as { step: Step }).step.conflictKey)
        expect(new Set(slots).size).toBe(1)
      }
    },
  )

  it('S6: a claim that reverts is made again in the next block, not when its failure is final', async () => {
    const market = create({ long: 'contract', short: 'contract' })
    for (const net of Object.values(market.nets)) {
      let reverted = 0
      net.reverts = (tx) => tx.does.is === 'claim' && reverted++ < 2
    }
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    for (const one of [alice, bob]) {
      const claims = one.progress.filter((p) => p.is === 'sent' && p.command === 'claim')
      expect(claims.length).toBe(3)
    }
    const { long } = market.nets
    const [lock] = locksBy(market, ALICE)
    const included = [...long.tip.ledger.included.values()].map(({ height }) => height).slice(1)
    expect(included).toEqual([-2, -1, 0].map((back) => (lock?.spend?.height ?? 0) + back))
  })

  it('S9: a lock that reverts is made again only when that is final', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    let reverted = 0
    long.reverts = (tx) => tx.does.is === 'lock' && reverted++ < 1
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    const [first, second] = [...long.tip.ledger.included.values()]
    expect(first).toMatchObject({ ok: false })
    expect((second?.height ?? 0) - (first?.height ?? 0)).toBe(2)
    expectWhole(market, ALICE, BOB)
  })

  it('S9 L6: a lock that reverts each time ends when its time is up', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    market.nets.long.reverts = (tx) => tx.does.is === 'lock'
    const { deal, alice } = both(market)
    Process.start(alice, deal)
    await Process.finish(market, alice)
    expect(alice.outcome).toBe('no-deal')
    expect(locksBy(market, ALICE)).toEqual([])
  })

  it('L2: a void that is final is enough, also where the endpoint knows nothing of the lock any more', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    market.nets.long.held = (tx) => tx.does.is === 'lock'
    const wrap = (side: Side.Side): Side.Side => ({
      ...side,
      adapter: {
        ...side.adapter,
        status: async (submission, o) => {
          const fact = await side.adapter.status(submission, o)
          return submission.step.kind === 'lock' && fact.value.is === 'replaced'
            ? { ...fact, value: { is: 'unknown' } }
            : fact
        },
      },
    })
    const { deal, alice } = both(market, { wrap })
    Process.start(alice, deal)
    await Process.finish(market, alice)
    expect(alice.outcome).toBe('no-deal')
    expectGains(market, ALICE, 'no-deal')
  })

  it('L2 H29: a height of years to come, told once with what took its place, is no block to wait for', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    market.nets.long.held = (tx) => tx.does.is === 'lock'
    let lies = 0
    const wrap = (side: Side.Side): Side.Side => ({
      ...side,
      adapter: {
        ...side.adapter,
        status: async (submission, o) => {
          const fact = await side.adapter.status(submission, o)
          if (submission.step.kind !== 'lock') return { ...fact, value: { is: 'unknown' } }
          if (fact.value.is !== 'replaced' || lies++ > 0) return fact
          return { ...fact, asOf: { ...fact.asOf, height: fact.asOf.height + 1_000_000n } }
        },
      },
    })
    const { deal, alice } = both(market, { wrap })
    Process.start(alice, deal)
    await Process.finish(market, alice)
    expect(lies).toBeGreaterThan(1)
    expect(alice.outcome).toBe('no-deal')
    expectGains(market, ALICE, 'no-deal')
  })

  it('S8: a machine that slept looks at both clocks before it locks, not at one from before', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    let blind = true
    const judge = ({ method, args }: Process.Call) =>
      blind &&
      method === 'findLocks' &&
      (args[0] as { backend: { network: string } }).backend.network === LONG
        ? ('fail-before' as const)
        : ('go' as const)
    const { deal, alice } = both(market, { judge })
    Process.start(alice, deal)
    await Process.drive(market, () => market.nets.long.tip.height > 0)
    const awake = LEGS.map((leg) => [...market.nets[leg].listeners])
    for (const leg of LEGS) market.nets[leg].listeners.clear()
    const { launch, reveal } = deal.margins
    const until = deal.signed.agreement.short.deadline.value - launch.seconds + 2n
    expect(launch.seconds - 4n).toBeGreaterThan(reveal.seconds)
    while (market.nets.short.tip.clock < until) mine(market)
    blind = false
    for (const [i, leg] of LEGS.entries())
      for (const one of awake[i] ?? []) market.nets[leg].listeners.add(one)
    await Process.finish(market, alice)
    expect(alice.progress.some((p) => p.is === 'sent')).toBe(false)
    expect(alice.outcome).toBe('no-deal')
  })

  it('S9: a crash between signing a dearer version and sending it, while the first one is mined', async () => {
    const market = create({ long: 'utxo', short: 'utxo' })
    const storage = createMemoryStorage()
    market.nets.short.held = (tx) => tx.does.is === 'claim'
    let signedClaims = 0
    let dying = false
    const judge = ({ method, args }: Process.Call) => {
      if (isKind(method, args, 'claim', 'sign')) dying = ++signedClaims === 2
      else if (dying && method === 'append') return 'die-after' as const
      return 'go' as const
    }
    const { deal, alice, bob } = both(market, { storage, judge })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => alice.dead)
    market.nets.short.held = () => false
    mine(market)
    const again = Process.create(market, ALICE, { storage })
    Process.start(again, deal)
    await Process.finish(market, again, bob)
    expect([again.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    // The first version is known as its own: nothing is signed anew, and nothing fails.
    expect(again.progress.some((p) => p.is === 'trouble' || p.is === 'sent')).toBe(false)
  })

  it('S6 H6: a follower’s lock that is mined in spite of its void, late, is refunded', async () => {
    const market = create({ long: 'utxo', short: 'utxo' })
    const { short } = market.nets
    short.held = (tx) => tx.by === BOB
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    const sent = () => bob.swap?.book.get('lock/short')?.submissions.at(-1)
    await Process.drive(market, () => bob.progress.some((p) => p.is === 'sent' && p.command === 'void'))
    while (short.tip.clock < deal.signed.agreement.short.deadline.value) mine(market)
    // A miner who never saw the void includes the lock.
    const lock = sent()
    if (lock?.raw === undefined) throw new Error('no lock')
    short.mempool = [transactionOf(lock.id, lock.raw)]
    short.held = () => false
    mine(market)
    await Process.finish(market, alice, bob)
    expect(locksBy(market, BOB)).toMatchObject([{ late: true, spend: { is: 'refund' } }])
    expect(bob.outcome).toBe('no-deal')
    expectWhole(market, ALICE, BOB)
    expectGains(market, BOB, 'no-deal')
  })

  it.each(pairs)(
    'L4 S9 H9: between $long and $short what a reorganisation undid is sent again',
    async (kinds) => {
      const market = create(kinds)
      const { deal, alice, bob } = both(market)
      Process.start(alice, deal)
      Process.start(bob, deal)
      let undone = 0
      await Process.drive(market, () => Process.isDone(alice) && Process.isDone(bob), {
        each: (block) => {
          if (block % 3 !== 1 || undone > 8) return
          undone++
          for (const leg of LEGS) {
            Net.reorganise(market.nets[leg], 1)
            // The nodes have forgotten what was in the block.
            market.nets[leg].mempool = []
          }
        },
      })
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expectWhole(market, ALICE, BOB)
      expectGains(market, ALICE, 'deal')
      expectGains(market, BOB, 'deal')
    },
  )

  it('S12: a reorganisation deeper than planned for is told with an alarm, and nothing more is revealed', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const gone = ({ method, args }: Process.Call) =>
      isKind(method, args, 'lock') ? ('die-before' as const) : ('go' as const)
    const { deal, alice, bob } = both(market, {}, { judge: gone })
    Process.start(alice, deal)
    Process.start(bob, deal)
    const { long } = market.nets
    await Process.drive(market, () => long.tip.height > 4)
    Net.reorganise(long, long.tip.height)
    long.mempool = []
    await Process.drive(market, () => long.tip.clock > deal.signed.agreement.long.deadline.value)
    expect(alice.progress).toContainEqual({
      is: 'alarm',
      reason: expect.stringContaining('reorganisation'),
    })
    // That it is gone nobody can prove: it is looked for until it would have been refunded for long.
    expect(Process.isDone(alice)).toBe(false)
    await Process.finish(market, alice)
    expect(alice.outcome).toBe('no-deal')
    expectGains(market, ALICE, 'no-deal')
    expect(alice.swap?.state.durable.revealed).toBe(false)
  })
})

describe('what an endpoint may not be believed', () => {
  it('H25: with a clock far off nothing irrevocable is done; what is right whatever the time is done all the same', async () => {
    for (const off of [10_000n, -10_000n]) {
      const market = create({ long: 'utxo', short: 'contract' })
      let skew = off
      const utc = () => market.nets.long.tip.clock + skew
      const { deal, alice } = both(market, { context: { utc } })
      Process.start(alice, deal)
      await Process.drive(market, () => market.nets.long.tip.height > 3)
      expect(alice.progress.some((p) => p.is === 'sent')).toBe(false)
      expect(alice.swap?.state.view.long).toMatchObject({
        is: 'unreadable',
        why: expect.stringContaining(off > 0n ? 'behind' : 'ahead'),
      })
      skew = 0n
      mine(market)
      await Process.quiet()
      const sent = () => alice.progress.flatMap((p) => (p.is === 'sent' ? [p.command] : []))
      expect(sent()).toEqual(['lock'])
      mine(market)
      await Process.quiet()
      skew = off
      await Process.drive(market, () => sent().length > 1)
      expect(sent()).toEqual(['lock', 'refund'])
    }
  })

  const told = { [LONG]: 'reported', [SHORT]: 'reported' } as const
  const without = (side: Side.Side): Side.Side => {
    const { verifier: _, ...rest } = side
    return rest
  }
  const refusing = (side: Side.Side): Side.Side => ({
    ...side,
    verifier: {
      network: side.adapter.network.id,
      verify: () => Verdict.refuse('merkle-root', 'the branch leads to another root'),
    },
  })
  const otherAmount = (side: Side.Side): Side.Side => ({
    ...side,
    adapter: {
      ...side.adapter,
      // The endpoint tells of a lock that is worth more than the proven one.
      findLocks: async (terms, o) =>
        (await side.adapter.findLocks(terms, o)).map((read) =>
          read.is === 'found'
            ? { ...read, fact: { ...read.fact, value: { ...read.fact.value, amount: terms.amount + 1n } } }
            : read,
        ),
    },
  })
  const provesNothing = (side: Side.Side): Side.Side => ({
    ...side,
    adapter: { ...side.adapter, prove: () => Promise.reject(CoreErrors.RpcUnreachable('no proofs today')) },
  })

  it.each([
    ['no verifier', without],
    ['evidence that is refused', refusing],
    ['evidence of another amount', otherAmount],
    ['no evidence', provesNothing],
  ])(
    'H19 H29: with %s a follower whose policy asks for proof does not lock, nor an initiator reveal',
    async (_, wrap) => {
      // How its lock ended is another matter.
      const policy = { ...risk, spends: told }
      const market = create({ long: 'utxo', short: 'contract' })
      const { deal, alice, bob } = both(market, {}, { wrap, policy })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
      expect(locksBy(market, BOB)).toEqual([])

      const other = create({ long: 'utxo', short: 'contract' })
      const { alice: doubting, bob: trusting } = both(other, { wrap, policy })
      Process.start(doubting, deal)
      Process.start(trusting, deal)
      await Process.finish(other, doubting, trusting)
      expect([doubting.outcome, trusting.outcome]).toEqual(['no-deal', 'no-deal'])
      expectWhole(other, ALICE, BOB)
    },
  )

  it.each([
    ['refused evidence', refusing],
    ['no evidence', provesNothing],
  ])(
    'S6 L6 H29: after a restart that meets %s, a follower still claims with the public secret, and ends once it is told to do without',
    async (_, wrap) => {
      const market = create({ long: 'utxo', short: 'contract' })
      const storage = createMemoryStorage()
      const { deal, alice, bob } = both(market, {}, { storage })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.drive(market, () => locksBy(market, BOB).length > 0)
      bob.dead = true
      const again = Process.create(market, BOB, { storage, wrap })
      Process.start(again, deal)
      const [lock] = locksBy(market, ALICE)
      await Process.drive(
        market,
        () =>
          Process.isDone(alice) &&
          market.nets.long.tip.ledger.locks.get(lock?.ref ?? '')?.spend !== undefined,
      )
      for (let i = 0; i < 6; i++) {
        mine(market)
        await Process.quiet()
      }
      expect([alice.outcome, again.outcome]).toEqual(['deal', undefined])
      expect(again.progress).toContainEqual({
        is: 'waiting',
        for: expect.stringMatching(
          /^evidence of the claim that is told to have ended the short leg's lock, so far (no )?evidence/,
        ),
      })
      again.dead = true
      const last = Process.create(market, BOB, { storage, wrap, spends: told })
      Process.start(last, deal)
      await Process.finish(market, last)
      expect(last.outcome).toBe('deal')
      expectWhole(market, ALICE, BOB)
    },
  )

  it.each(pairs)(
    'S6 H29: between $long and $short, an endpoint that hides the own lock does not end the swap',
    async (kinds) => {
      const market = create(kinds)
      let hidden = false
      const wrap = (side: Side.Side): Side.Side => ({
        ...side,
        adapter: {
          ...side.adapter,
          findLocks: async (terms, o) => (hidden ? [] : side.adapter.findLocks(terms, o)),
        },
      })
      const { deal, alice } = both(market, { wrap })
      Process.start(alice, deal)
      await Process.drive(market, () => market.nets.long.tip.height > 4)
      hidden = true
      for (let i = 0; i < 150; i++) {
        mine(market)
        await Process.quiet()
      }
      expect(alice.outcome).toBeUndefined()
      hidden = false
      await Process.drive(market, () => Process.isDone(alice), { blocks: 10 })
      expect(alice.outcome).toBe('no-deal')
      expectWhole(market, ALICE)
    },
  )
})

describe('a wallet that asks its owner', () => {
  /** Signs for one leg as a person does: what is wrapped here is somebody's answer. */
  const asking =
    (network: string, answer: (step: Step, sign: () => Promise<Signed>) => Promise<Signed>) =>
    (side: Side.Side): Side.Side => ({
      ...side,
      signer: (account, nonce) => {
        const own = side.signer(account, nonce)
        if (own?.kind !== 'signs' || side.adapter.network.id !== network) return own
        return { ...own, asks: true, sign: (step, o) => answer(step, () => own.sign(step, o)) }
      },
    })

  it('S6 L1: one that lost what it was asked for is asked again, in time for the claim', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    let claims = 0
    const wrap = asking(LONG, (step, sign) =>
      step.kind === 'claim' && claims++ === 0 ? new Promise(() => undefined) : sign(),
    )
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(claims).toBe(2)
    expectWhole(market, ALICE, BOB)
  })

  it('S6 S7: one that answers too late holds up no refund, and its claim is not sent', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { long, short } = market.nets
    const { short: incoming } = Process.agreed(market).signed.agreement
    const confirm: (() => void)[] = []
    const wrap = asking(SHORT, async (step, sign) => {
      if (step.kind === 'claim' && short.tip.clock < incoming.deadline.value)
        await new Promise<void>((resolve) => confirm.push(resolve))
      return sign()
    })
    const { deal, alice, bob } = both(market, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, bob)
    for (const one of confirm) one()
    await Process.finish(market, alice)
    expect(confirm.length).toBeGreaterThan(0)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expect(long.tip.clock).toBeLessThan(deal.signed.agreement.long.deadline.value + 8n)
    expect(alice.calls.some(({ method, args }) => isKind(method, args, 'claim'))).toBe(false)
    expectGains(market, ALICE, 'no-deal')
    expectWhole(market, ALICE, BOB)
  })

  it('S6 L6: one that never answers holds up no refund', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const wrap = asking(SHORT, (step, sign) =>
      step.kind === 'claim' ? new Promise(() => undefined) : sign(),
    )
    const { deal, alice, bob } = both(market, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expectWhole(market, ALICE, BOB)
  })

  it('S13: an answer that comes late is taken, and nobody is asked twice meanwhile', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    let [asked, at] = [0, 0]
    let confirm: () => void = () => undefined
    const wrap = asking(LONG, async (step, sign) => {
      if (step.kind !== 'claim') return sign()
      asked++
      at = Number(long.tip.height)
      await new Promise<void>((resolve) => {
        confirm = resolve
      })
      return sign()
    })
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => asked > 0)
    await Process.drive(market, () => Number(long.tip.height) >= at + 2)
    confirm()
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(asked).toBe(1)
    expectWhole(market, ALICE, BOB)
  })

  it('S6 L1: an answer to what was asked first counts, though it was asked again since', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    let claims = 0
    let confirm: () => void = () => undefined
    const wrap = asking(LONG, async (step, sign) => {
      if (step.kind !== 'claim') return sign()
      if (claims++ > 0) confirm()
      await new Promise<void>((resolve) => {
        if (claims === 1) confirm = resolve
      })
      return sign()
    })
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectWhole(market, ALICE, BOB)
  })

  it('S6 L1: of several steps each is asked for once, however late the answers are', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    const asked: string[] = []
    const late = asking(LONG, async (step, sign) => {
      if (step.kind !== 'claim' && step.kind !== 'map-account') return sign()
      if (asked.includes(step.kind)) return new Promise(() => undefined)
      asked.push(step.kind)
      const { height } = long.tip
      await new Promise<void>((resolve) => {
        const listener = () => {
          if (long.tip.height > height) resolve()
        }
        long.listeners.add(listener)
      })
      return sign()
    })
    const wrap = (side: Side.Side): Side.Side => {
      const own = late(side)
      if (own.adapter.network.id !== LONG) return own
      const prepare: typeof own.adapter.prepare = async (intent, o) => {
        const steps = await own.adapter.prepare(intent, o)
        const [step] = steps
        if (intent.kind !== 'claim' || step === undefined) return steps
        return [{ ...child({ step, id: 'map', attempts: [] }, 1n), kind: 'map-account' }, step]
      }
      return { ...own, adapter: { ...own.adapter, prepare } }
    }
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(asked).toEqual(['map-account', 'claim'])
  })

  it('S6 L5: one that never answers about what comes before a dearer claim holds up nothing', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    const asked: string[] = []
    const answers = asking(LONG, (step, sign) => {
      asked.push(step.kind)
      const isAgain = asked.filter((kind) => kind === step.kind).length > 1
      return isAgain && step.kind !== 'refund' ? new Promise(() => undefined) : sign()
    })
    const wrap = (side: Side.Side): Side.Side => {
      const own = answers(side)
      if (own.adapter.network.id !== LONG) return own
      const prepare: typeof own.adapter.prepare = async (intent, o) => {
        const steps = await own.adapter.prepare(intent, o)
        const [step] = steps
        if (intent.kind !== 'claim' || step === undefined) return steps
        return [{ ...child({ step, id: 'map', attempts: [] }, 1n), kind: 'map-account' }, step]
      }
      return { ...own, adapter: { ...own.adapter, prepare } }
    }
    const { deal, alice, bob } = both(market, {}, { wrap })
    let at: number | undefined
    long.held = ({ does }) => {
      if (does.is !== 'claim' && does.is !== 'nothing') return false
      at ??= long.tip.height
      return long.tip.height < at + 6
    }
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectWhole(market, ALICE, BOB)
  })

  it.each(crossed)(
    'S9 S13: between $long and $short a lock that is confirmed late is made all the same, and asked for once',
    async (kinds) => {
      const market = create(kinds)
      const { long } = market.nets
      let asked = 0
      const wrap = asking(LONG, async (step, sign) => {
        if (step.kind !== 'lock' || asked++ > 0) return sign()
        const { height } = long.tip
        await new Promise<void>((resolve) => {
          long.listeners.add(() => {
            if (long.tip.height > height + 1) resolve()
          })
        })
        return sign()
      })
      const { deal, alice, bob } = both(market, { wrap })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expect(asked).toBe(1)
      expectWhole(market, ALICE, BOB)
    },
  )

  it('S4 L6: one that never answers about a lock holds up no refund of another swap, nor who gives up', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const storage = createMemoryStorage()
    let asked = 0
    const never = asking(LONG, (step, sign) => {
      if (step.kind !== 'lock') return sign()
      asked++
      return new Promise(() => undefined)
    })
    const one = Process.create(market, ALICE, { storage })
    const shared = one.context.storage
    const two = Process.create(market, ALICE, { wrap: never, context: { storage: shared } })
    Process.start(one, Process.agreed(market))
    await Process.quiet()
    Process.start(two, Process.agreedAgain(market))
    await Process.drive(market, () => asked > 0)
    await Process.finish(market, one)
    expect(one.outcome).toBe('no-deal')
    await Process.finish(market, two)
    expect(two.outcome).toBe('no-deal')
    expectWhole(market, ALICE)
  })

  it.each(['lock', 'refund'])(
    'S6 L5: one that never answers about a dearer lock’s %s holds up no claim',
    async (kind) => {
      const market = create({ long: 'contract', short: 'utxo' })
      const { short } = market.nets
      let locks = 0
      const wrap = asking(SHORT, (step, sign) => {
        if (step.kind === 'lock') locks++
        return step.kind === kind && locks > 1 ? new Promise(() => undefined) : sign()
      })
      short.held = ({ does }) => does.is === 'lock' && locks < 2
      const { deal, alice, bob } = both(market, {}, { wrap })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect(locks).toBeGreaterThan(1)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expectWhole(market, ALICE, BOB)
    },
  )

  it('S4 S6 H29: one that never answers about another lock, since an endpoint hides the first one, holds up nothing', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    let locks = 0
    const own = asking(LONG, (step, sign) =>
      step.kind === 'lock' && locks++ > 0 ? new Promise(() => undefined) : sign(),
    )
    const wrap = (side: Side.Side): Side.Side => {
      if (side.adapter.network.id !== LONG) return side
      const { adapter, ...rest } = own(side)
      const isHidden = () => long.tip.height > 0 && locks < 2
      const findLocks: typeof adapter.findLocks = async (terms, o) =>
        isHidden() ? [] : adapter.findLocks(terms, o)
      const status: typeof adapter.status = async (submission, o) => {
        const fact = await adapter.status(submission, o)
        const { value } = fact
        const isLock = submission.step.kind === 'lock' && (value.is === 'included' || value.is === 'final')
        return isHidden() && isLock ? { ...fact, value: { ...value, is: 'failed' } } : fact
      }
      return { ...rest, adapter: { ...adapter, findLocks, status } }
    }
    const { deal, alice, bob } = both(market, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect(locks).toBeGreaterThan(1)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectWhole(market, ALICE, BOB)
  })

  it('S4 S6: one that never answers about what makes a lock void holds up no refund', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { short } = market.nets
    let voids = 0
    const wrap = asking(SHORT, (step, sign) => {
      if (step.kind !== 'void') return sign()
      voids++
      return new Promise(() => undefined)
    })
    short.held = ({ does }) => does.is === 'lock' && voids === 0
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect(voids).toBeGreaterThan(0)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expectWhole(market, ALICE, BOB)
  })
})

describe('a wallet that only sends', () => {
  const sending =
    (market: Market, gate: Gate | undefined, also: (step: Step) => void = () => undefined) =>
    (side: Side.Side): Side.Side => {
      const net = side.adapter.network.id === SHORT ? market.nets.short : market.nets.long
      const wallet = sender(net, side.funding, gate)
      if (wallet.kind !== 'sends') return side
      const send: typeof wallet.send = async (step, o) => {
        also(step)
        return wallet.send(step, o)
      }
      return { ...side, signer: () => ({ ...wallet, send }) }
    }

  it.each(pairs)(
    'default: between $long and $short its transactions are asked for once each',
    async (kinds) => {
      const market = create(kinds)
      const asked: string[] = []
      const wrap = sending(market, undefined, (step) => asked.push(step.kind))
      const { deal, alice, bob } = both(market, { wrap })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expect(asked).toEqual(['lock', 'claim'])
      expectWhole(market, ALICE, BOB)
    },
  )

  it.each(pairs)(
    'S9: between $long and $short, where its answer is lost, a lock that could be paid twice is not asked for again',
    async (kinds) => {
      const market = create(kinds)
      const storage = createMemoryStorage()
      let dying: Process.Process | undefined
      const lost: Gate = async (_method, _args, run) => {
        await run()
        if (dying !== undefined) dying.dead = true
        return new Promise(() => undefined)
      }
      const { deal, alice, bob } = both(market, { storage, wrap: sending(market, lost) })
      dying = alice
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.quiet()
      expect(alice.dead).toBe(true)
      const asked: string[] = []
      const wrap = sending(market, undefined, (step) => asked.push(step.kind))
      // It comes back before the lock is mined: nothing in a block tells yet that it was sent.
      const again = Process.create(market, ALICE, { storage, wrap })
      Process.start(again, deal)
      await Process.finish(market, again, bob)
      expect([again.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      if (kinds.long === 'utxo') expect(asked).toEqual(['claim'])
      expectWhole(market, ALICE, BOB)
    },
  )

  it('S9 L6: one that refuses is asked again, and when time is up the swap ends', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    let asked = 0
    const wrap = sending(market, undefined, () => {
      asked++
      throw new Error('User rejected the request.')
    })
    const { deal, alice } = both(market, { wrap })
    Process.start(alice, deal)
    await Process.finish(market, alice)
    expect(asked).toBeGreaterThan(1)
    expect(alice.outcome).toBe('no-deal')
    expectGains(market, ALICE, 'no-deal')
  })

  it('S13: one whose answers are lost is asked for a claim ever more slowly, and not beside one in a block', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { short } = market.nets
    const asked: bigint[] = []
    const lost: Gate = async (_method, _args, run) => {
      asked.push(short.tip.clock)
      await run()
      throw new Error('no answer')
    }
    const wallet = sending(market, lost)
    const wrap = (side: Side.Side) => (side.adapter.network.id === SHORT ? wallet(side) : side)
    const { deal, alice, bob } = both(market, { wrap })
    short.held = ({ does }) => does.is === 'claim'
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => asked.length > 0)
    const { clock } = short.tip
    await Process.drive(market, () => short.tip.clock >= clock + 16n)
    expect(asked.length).toBeGreaterThan(2)
    expect(asked.length).toBeLessThan(16)
    short.held = () => false
    await Process.drive(market, () => short.mempool.length === 0)
    const { length } = asked
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(asked.length).toBe(length)
  })

  it('S9 L2 H25: no made-up clock ends a swap whose lock a wallet may have sent: it is refunded', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    const { value } = Process.agreed(market).signed.agreement.long.deadline
    let lies = false
    // It sends, and says that it was refused; nobody includes that for now.
    const asked: Gate = async (_method, _args, run) => {
      if (long.mempool.length === 0) await run()
      throw new Error('User rejected the request.')
    }
    long.held = () => true
    const wallet = sending(market, asked)
    const wrap = (side: Side.Side): Side.Side => {
      if (side.adapter.network.id !== LONG) return side
      const tip: typeof side.adapter.tip = async (o) => {
        const fact = await side.adapter.tip(o)
        return lies ? { ...fact, value: { ...fact.value, clock: value + 1000n } } : fact
      }
      return wallet({ ...side, adapter: { ...side.adapter, tip } })
    }
    const { deal, alice } = both(market, { wrap })
    Process.start(alice, deal)
    await Process.drive(market, () => long.mempool.length > 0)
    lies = true
    const { height } = long.tip
    await Process.drive(market, () => long.tip.height > height + 3)
    lies = false
    await Process.drive(market, () => long.tip.height > height + 6)
    long.held = () => false
    await Process.drive(market, () => Process.isDone(alice) && long.mempool.length === 0)
    expect(alice.outcome).toBe('no-deal')
    expect(locksBy(market, ALICE).length).toBe(1)
    expectWhole(market, ALICE)
  })

  it('S12 H29: a final lock of a wallet whose answer was lost is refunded, though an endpoint hides it at the deadline', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    const { value } = Process.agreed(market).signed.agreement.long.deadline
    const lost: Gate = async (_method, _args, run) => {
      await run()
      throw new Error('no answer')
    }
    const { reorg } = long.network.timing.conservative
    const isHidden = () => long.tip.clock >= value - 2n && long.tip.clock <= value + reorg + 1n
    const wallet = sending(market, lost)
    const wrap = (side: Side.Side): Side.Side => {
      if (side.adapter.network.id !== LONG) return side
      const findLocks: typeof side.adapter.findLocks = async (terms, o) =>
        isHidden() ? [] : side.adapter.findLocks(terms, o)
      return wallet({ ...side, adapter: { ...side.adapter, findLocks } })
    }
    const { deal, alice } = both(market, { wrap })
    Process.start(alice, deal)
    await Process.drive(market, () => long.tip.clock > value + reorg + 1n)
    expect(alice.outcome).toBeUndefined()
    await Process.drive(market, () => Process.isDone(alice) && long.mempool.length === 0)
    expect(alice.outcome).toBe('no-deal')
    expectWhole(market, ALICE)
  })

  /** A wallet on another chain until it is put right: it is shown nothing before. */
  const astray =
    (market: Market, isRight: () => boolean, also?: (step: Step) => void) =>
    (side: Side.Side): Side.Side => {
      const own = sending(market, undefined, also)(side)
      const ready = async () => {
        if (!isRight()) throw new Error('the wallet is on another chain')
      }
      return {
        ...own,
        signer: (account, nonce) => {
          const wallet = own.signer(account, nonce)
          if (wallet?.kind !== 'sends') return wallet
          const send: typeof wallet.send = async (step, o) => {
            await ready()
            return wallet.send(step, o)
          }
          return { ...wallet, ready, send }
        },
      }
    }

  it('S7 H18: one that is on another chain was shown no claim: put right too late, it is shown none', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { short } = market.nets
    const { value } = Process.agreed(market).signed.agreement.short.deadline
    const asked: string[] = []
    const isRight = () => short.tip.clock >= value - 1n
    const wallet = astray(market, isRight, (step) => asked.push(step.kind))
    const wrap = (side: Side.Side) => (side.adapter.network.id === SHORT ? wallet(side) : side)
    const { deal, alice, bob } = both(market, { wrap })
    // So near the deadline it would come into no block in time.
    short.held = ({ does }) => does.is === 'claim'
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expect(asked).toEqual([])
    expectGains(market, ALICE, 'no-deal')
    expectWhole(market, ALICE, BOB)
  })

  it('S9 H4: one that is on another chain was shown no lock: who gives up then needn’t wait for the deadline', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { deal, alice } = both(market, { wrap: astray(market, () => false) })
    Process.start(alice, deal)
    await Process.drive(market, () => market.nets.long.tip.height > 2)
    await Runner.cancel(alice.swap as Runner.Swap)
    await Process.drive(market, () => Process.isDone(alice), { blocks: 3 })
    expect(alice.outcome).toBe('no-deal')
  })

  it('S6 L6: one that never answers holds up no refund', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { long } = market.nets
    const never: Gate = () => new Promise(() => undefined)
    const wallet = sending(market, never)
    const wrap = (side: Side.Side) => (side.adapter.network.id === SHORT ? wallet(side) : side)
    const { deal, alice, bob } = both(market, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expect(long.tip.clock).toBeGreaterThanOrEqual(deal.signed.agreement.long.deadline.value)
    expectGains(market, ALICE, 'no-deal')
    expectWhole(market, ALICE, BOB)
  })

  it('S6 L1: one that lost what it was asked for is asked again, in time for the claim', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    let claims = 0
    const loses: Gate = (_method, [step], run) =>
      (step as Step).kind === 'claim' && claims++ === 0
        ? new Promise(() => undefined)
        : Promise.resolve(run())
    const wallet = sending(market, loses)
    const wrap = (side: Side.Side) => (side.adapter.network.id === LONG ? wallet(side) : side)
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(claims).toBe(2)
    expectWhole(market, ALICE, BOB)
  })

  it('S9 S13: an answer that comes late counts as one in time, and the wallet is not asked again meanwhile', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    let confirm: () => void = () => undefined
    const asked: string[] = []
    const slow: Gate = async (_method, [step], run) => {
      asked.push((step as Step).kind)
      await new Promise<void>((resolve) => {
        confirm = resolve
      })
      return run()
    }
    const wallet = sending(market, slow)
    const wrap = (side: Side.Side) => (side.adapter.network.id === LONG ? wallet(side) : side)
    const { deal, alice, bob } = both(market, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => long.tip.height >= 3)
    confirm()
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(asked).toEqual(['lock'])
    expect(alice.progress.filter((one) => one.is === 'sent' && one.command === 'lock').length).toBe(1)
    expectWhole(market, ALICE, BOB)
  })

  it('S9 S12: a lock under a number of the wallet’s own, which it doesn’t tell, isn’t given up as what took the asked one ends', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    long.held = () => true
    const wallet = sending(market, undefined, (step) => {
      if (step.kind === 'void') throw new Error('User rejected the request.')
    })
    const wrap = ({ verifier: _, ...side }: Side.Side): Side.Side => {
      if (side.adapter.network.id !== LONG) return side
      // No endpoint knows what the wallet gave to somebody else, and of the number that it was to have there is another one.
      const status: typeof side.adapter.status = async (submission, o) => ({
        ...(await side.adapter.status(submission, o)),
        value: { is: 'replaced', by: 'another one of the account' },
      })
      return wallet({ ...side, adapter: { ...side.adapter, status } })
    }
    const { deal, alice } = both(market, { wrap })
    Process.start(alice, deal)
    await Process.drive(market, () => long.mempool.length > 0)
    expect(await Runner.cancel(alice.swap as Runner.Swap)).toBe(true)
    const { height } = long.tip
    await Process.drive(market, () => long.tip.height > height + 8)
    expect(alice.outcome).toBeUndefined()
    long.held = () => false
    await Process.drive(market, () => Process.isDone(alice) && long.mempool.length === 0)
    expect(alice.outcome).toBe('no-deal')
    expect(locksBy(market, ALICE).length).toBe(1)
    expectWhole(market, ALICE)
  })

  it('S6 L6: one that never tells whether it can be asked holds up no refund', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const asked: string[] = []
    const wallet = sending(market, undefined, (step) => asked.push(step.kind))
    const wrap = (side: Side.Side): Side.Side => {
      if (side.adapter.network.id !== SHORT) return side
      const own = wallet(side)
      const signer: typeof own.signer = (account, nonce) => {
        const one = own.signer(account, nonce)
        return one?.kind === 'sends' ? { ...one, ready: () => new Promise(() => undefined) } : one
      }
      return { ...own, signer }
    }
    const { deal, alice, bob } = both(market, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expect(asked).toEqual([])
    expectWhole(market, ALICE, BOB)
  })

  it('S6 L1: one that tells after a block that it can be asked is asked then', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    const wallet = sending(market, undefined)
    const wrap = (side: Side.Side): Side.Side => {
      if (side.adapter.network.id !== LONG) return side
      const own = wallet(side)
      const ready = async () => {
        const { height } = long.tip
        await new Promise<void>((resolve) => {
          long.listeners.add(() => {
            if (long.tip.height > height) resolve()
          })
        })
      }
      const signer: typeof own.signer = (account, nonce) => {
        const one = own.signer(account, nonce)
        return one?.kind === 'sends' ? { ...one, ready } : one
      }
      return { ...own, signer }
    }
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectWhole(market, ALICE, BOB)
  })

  it('S6 L1: an approval that is answered late is followed by the lock at once', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    let approved: number | undefined
    let locked: number | undefined
    const slow: Gate = async (_method, [step], run) => {
      const { kind } = step as Step
      if (kind === 'lock') locked ??= long.tip.height
      if (kind === 'approve') {
        const { height } = long.tip
        await new Promise<void>((resolve) => {
          long.listeners.add(() => {
            if (long.tip.height > height + 1) resolve()
          })
        })
        approved ??= long.tip.height
      }
      return run()
    }
    const wallet = sending(market, slow)
    const wrap = (side: Side.Side): Side.Side => {
      if (side.adapter.network.id === SHORT) return side
      const prepare: typeof side.adapter.prepare = async (intent, o) => {
        const steps = await side.adapter.prepare(intent, o)
        const [step] = steps
        if (intent.kind !== 'lock' || step === undefined || approved !== undefined) return steps
        return [{ ...child({ step, id: 'allowance', attempts: [] }, 1n), kind: 'approve' }, step]
      }
      return wallet({ ...side, adapter: { ...side.adapter, prepare } })
    }
    const { deal, alice, bob } = both(market, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect((locked ?? 0) - (approved ?? 0)).toBeLessThanOrEqual(1)
  })

  it('S13: one that doesn’t answer about a dearer claim is not asked again at each block', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    const asked: number[] = []
    const once: Gate = (_method, [step], run) => {
      if ((step as Step).kind !== 'claim') return Promise.resolve(run())
      asked.push(long.tip.height)
      return asked.length > 1 ? new Promise(() => undefined) : Promise.resolve(run())
    }
    const wallet = sending(market, once)
    const wrap = (side: Side.Side) => (side.adapter.network.id === LONG ? wallet(side) : side)
    long.held = ({ does }) => does.is === 'claim'
    const { deal, alice, bob } = both(market, {}, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => asked.length > 1)
    const at = asked.at(-1) as number
    await Process.drive(market, () => long.tip.height >= at + 12)
    expect(asked.length).toBeLessThanOrEqual(6)
    long.held = () => false
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
  })

  it('S9: several steps, of which a later one is refused, are not taken for done', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    let locks = 0
    const refusesOnce = sending(market, undefined, (step) => {
      if (step.kind === 'lock' && locks++ === 0) throw new Error('User rejected the request.')
    })
    const wrap = (side: Side.Side): Side.Side => {
      if (side.adapter.network.id === SHORT) return side
      const prepare: typeof side.adapter.prepare = async (intent, o) => {
        const steps = await side.adapter.prepare(intent, o)
        const [lock] = steps as [Step]
        if (intent.kind !== 'lock') return steps
        // A token wants an approval first; here it is a transaction that does nothing, under a key of its own.
        const slot = `approval:${locks}`
        const { by, fee } = transactionOf('', lock.payload)
        const text = JSON.stringify({ by, slot, fee: `${fee}n`, does: { is: 'nothing' } })
        return [
          { ...lock, kind: 'approve', payload: new TextEncoder().encode(text), conflictKey: slot },
          lock,
        ]
      }
      return { ...refusesOnce(side), adapter: { ...side.adapter, prepare } }
    }
    const { deal, alice, bob } = both(market, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect(locks).toBe(2)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectWhole(market, ALICE, BOB)
  })
})
