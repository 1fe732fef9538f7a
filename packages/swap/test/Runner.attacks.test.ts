import { Bytes, CoreErrors, defineErrors, type Signed, type Step, type SwapAdapter } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { Recovery, Runner, type Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, expectGains, expectWhole, isKind, locksBy } from './model/expect.js'
import { LONG, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create, mine, nonces, risk } from './model/market.js'
import * as Process from './model/process.js'

// What a counterparty, an endpoint or a miner does to an honest party, and what it may not cost.

const Refusals = defineErrors({
  FeeTooLow: { code: 9110, retryable: true, hint: 'Pay more.' },
})

/** A side whose adapter answers some calls otherwise. */
const lying =
  (network: string, change: (adapter: SwapAdapter) => Partial<SwapAdapter>) =>
  (side: Side.Side): Side.Side =>
    side.adapter.network.id === network
      ? { ...side, adapter: { ...side.adapter, ...change(side.adapter) } as SwapAdapter }
      : side

describe('mempools', () => {
  it('L5 H6: a claim that a full mempool threw out and refuses again is made anew, and paid more', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { long } = market.nets
    const thrownOut = new Set<string>()
    const claimOf = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      async submit(signed: Signed, o) {
        if (thrownOut.has(signed.id)) throw Refusals.FeeTooLow(`${signed.id}: mempool min fee not met`)
        return adapter.submit(signed, o)
      },
      async prepare(intent, o) {
        const [step, ...more] = await adapter.prepare(intent, o)
        if (step === undefined || intent.kind !== 'claim' || thrownOut.size === 0) return [step!, ...more]
        // The market has moved since.
        const payload = new TextDecoder().decode(step.payload).replace('"fee":"2n"', '"fee":"9n"')
        return [{ ...step, payload: new TextEncoder().encode(payload) }, ...more]
      },
    })
    const { deal, alice, bob } = both(market, {}, { wrap: lying(LONG, claimOf) })
    long.held = (tx) => tx.does.is === 'claim' && tx.fee < 9n
    Process.start(alice, deal)
    Process.start(bob, deal)
    const isClaim = (tx: { does: { is: string } }) => tx.does.is === 'claim'
    await Process.drive(market, () => long.mempool.some(isClaim))
    for (const tx of long.mempool.filter(isClaim)) thrownOut.add(tx.id)
    long.mempool = long.mempool.filter((tx) => !isClaim(tx))
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, BOB, 'deal')
  })
})

describe('endpoints in league with the counterparty', () => {
  it('S9: one that says the lock’s coins went elsewhere does not get a second lock', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    let first: string | undefined
    const denies = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      async submit(signed, o) {
        const submission = await adapter.submit(signed, o)
        first ??= submission.id
        return submission
      },
      async status(submission, o) {
        const fact = await adapter.status(submission, o)
        const lies = submission.id === first
        return lies ? { ...fact, value: { is: 'replaced', by: 'another' } } : fact
      },
      async findLocks(terms, o) {
        const reads = await adapter.findLocks(terms, o)
        return reads.map((read) =>
          read.is === 'found' ? { is: 'absent', fact: { ...read.fact, value: null } as never } : read,
        )
      },
    })
    const { deal, alice, bob } = both(market, { wrap: lying(LONG, denies) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    for (let i = 0; i < 20; i++) {
      await Process.quiet()
      mine(market)
    }
    const slots = alice.calls
      .filter(({ method, args }) => isKind(method, args, 'lock'))
      .map(({ args }) => (args[0] as Signed).step.conflictKey)
    expect(new Set(slots).size).toBe(1)
    expect(locksBy(market, ALICE).length).toBe(1)
  })
})

describe('claims that others copy', () => {
  it('S6: a claim that somebody else sent first is not sent again and again, each time for a fee', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { short } = market.nets
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => short.mempool.some((tx) => tx.does.is === 'claim'))
    const [own] = short.mempool.filter((tx) => tx.does.is === 'claim')
    // In the same block, before it.
    short.mempool = [{ ...own!, id: 'copy', by: BOB, slot: 'nonce:copy' }, ...short.mempool]
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    const claims = alice.calls.filter(({ method, args }) => isKind(method, args, 'claim'))
    expect(claims.length).toBeLessThanOrEqual(1)
  })
})

describe('endpoints that made up a spend, and dropped what was sent', () => {
  it('S6 S12 H29: a claim that is told to have failed beside one in a block is made anew once that should be proved, and isn’t', async () => {
    for (const kind of ['claim', 'refund'] as const) {
      const market = create({ long: 'utxo', short: 'contract' })
      const { short } = market.nets
      let first: string | undefined
      let since: bigint | undefined
      const lies = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
        async submit(signed, o) {
          const submission = await adapter.submit(signed, o)
          if (signed.step.kind !== 'claim' || first !== undefined) return submission
          first = signed.id
          short.mempool = short.mempool.filter(({ id }) => id !== first)
          return submission
        },
        async status(submission, o) {
          const fact = await adapter.status(submission, o)
          if (submission.id !== first) return fact
          const { height, hash } = fact.asOf
          return { ...fact, value: { is: 'failed', id: first, block: { height, hash } } }
        },
        async findSpend(terms, lock, o) {
          const read = await adapter.findSpend(terms, lock, o)
          if (first === undefined || read.is !== 'absent') return read
          const { asOf } = read.fact
          since ??= asOf.height
          const value = { kind, transaction: 'lie' }
          const at = { height: since, hash: `0x${since}` }
          return { is: 'found', fact: { ...read.fact, value, at, depth: asOf.height - since + 1n } as never }
        },
      })
      const { deal, alice, bob } = both(market, { wrap: lying(SHORT, lies) })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expectGains(market, ALICE, 'deal')
    }
  })
})

describe('numbers of accounts', () => {
  it('L5 S6 H29: a claim with a number that one endpoint made up is made anew by another one, where nodes keep the first of two versions too', async () => {
    for (const replacement of [true, 'after-drop'] as const) {
      const market = create({ long: 'contract', short: 'contract' })
      const isMadeUp = ({ payload }: Step) => new TextDecoder().decode(payload).includes('nonce:made-up')
      let isFirst = true
      const numbers = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
        capabilities: { ...adapter.capabilities, replacement },
        async prepare(intent, o) {
          const steps = await adapter.prepare(intent, o)
          if (intent.kind !== 'claim' || !isFirst) return steps
          isFirst = false
          return steps.map((step) => {
            const text = new TextDecoder().decode(step.payload).replace(step.conflictKey, 'nonce:made-up')
            return { ...step, conflictKey: 'nonce:made-up', payload: new TextEncoder().encode(text) }
          })
        },
        async submit(signed, o) {
          if (!isMadeUp(signed.step)) return adapter.submit(signed, o)
          throw CoreErrors.RpcRejected(`${signed.id}: account sequence mismatch`, {})
        },
      })
      const { deal, alice, bob } = both(market, {}, { wrap: lying(LONG, numbers) })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.finish(market, alice, bob)
      expect(isFirst).toBe(false)
      expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
      expectGains(market, BOB, 'deal')
    }
  })
})

describe('statuses that are hidden', () => {
  it('S13: a claim that is shown in a block is not made anew, though nobody tells what became of its transaction', async () => {
    const market = create({ long: 'contract', short: 'contract' })
    const made = new Set<string>()
    const hides = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      async findSpend(terms, lock, o) {
        const read = await adapter.findSpend(terms, lock, o)
        const isDeep = read.is === 'found' && read.fact.depth > 0n
        return isDeep ? { ...read, fact: { ...read.fact, depth: 1n } } : read
      },
      async submit(signed, o) {
        if (signed.step.kind === 'claim') made.add(signed.step.conflictKey)
        return adapter.submit(signed, o)
      },
      async status(submission, o) {
        const fact = await adapter.status(submission, o)
        return submission.step.kind === 'claim' ? { ...fact, value: { is: 'unknown' } } : fact
      },
    })
    const { deal, alice, bob } = both(market, {}, { wrap: lying(LONG, hides) })
    Process.start(alice, deal)
    Process.start(bob, deal)
    const claimed = () => locksBy(market, ALICE).find(({ spend }) => spend !== undefined)
    await Process.drive(market, () => claimed() !== undefined)
    const end = market.nets.long.tip.height + 30
    await Process.drive(market, () => market.nets.long.tip.height >= end)
    expect(made.size).toBe(1)
  })
})

describe('endpoints that call all that is sent in vain', () => {
  const WAYS = [
    { says: 'that it failed', is: 'failed' },
    { says: 'that it failed, and that the chain is a thousand times as high', is: 'failed', times: 1000n },
    { says: 'that it failed, where all are for one place,', is: 'failed', shared: true },
    { says: 'that its time is over, where all are for one place,', is: 'replaced', shared: true },
    { says: 'that it waits, where all are for one place,', is: 'pending', shared: true, times: 1000n },
    { says: 'that nobody knows it, where all are for one place,', is: 'unknown', shared: true },
    { says: 'that nobody knows it', is: 'unknown' },
    { says: 'that it pays too little, though it took it', is: 'unknown', refuses: true },
  ] as const

  it.each(WAYS)(
    'S13 H29: who says $says of every refund costs ever fewer fees, and not one a block',
    async (way) => {
      const market = create({ long: 'contract', short: 'contract' })
      const { long } = market.nets
      const { times, refuses, shared } = { times: 1n, refuses: false, shared: false, ...way }
      const madeAt = new Map<string, bigint>()
      let isLying = true
      const lies = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
        network: {
          ...adapter.network,
          ...(shared && { fees: { ...networks.solana.fees, dust: 1n } }),
          timing: {
            ...adapter.network.timing,
            conservative: { ...adapter.network.timing.conservative, inclusion: 64n },
          },
        },
        async tip(o) {
          const fact = await adapter.tip(o)
          return { ...fact, value: { ...fact.value, height: fact.value.height * times } }
        },
        // As on Solana, where the program sees to it that one of them counts.
        async prepare(intent, o) {
          const steps = await adapter.prepare(intent, o)
          return shared && intent.kind === 'refund'
            ? steps.map((step) => ({ ...step, conflictKey: `settle/${intent.lock.ref}` }))
            : steps
        },
        async submit(signed, o) {
          const { kind, conflictKey } = signed.step
          const one = shared ? signed.id : conflictKey
          if (kind === 'refund' && !madeAt.has(one)) madeAt.set(one, BigInt(long.tip.height))
          // Whoever makes them without end in one block isn't waited for.
          if (madeAt.size > 50) isLying = false
          const submission = await adapter.submit(signed, o)
          if (isLying && refuses && kind === 'refund')
            throw Refusals.FeeTooLow(`${signed.id}: it pays too little`)
          return submission
        },
        async status(submission, o) {
          const fact = await adapter.status(submission, o)
          const { height, hash } = fact.asOf
          if (!isLying || submission.step.kind !== 'refund') return fact
          if (way.is === 'unknown' || way.is === 'pending') return { ...fact, value: { is: way.is } }
          if (fact.value.is === 'pending') return fact
          if (way.is === 'replaced') return { ...fact, value: { is: 'replaced', by: '' } }
          return { ...fact, value: { is: 'failed', id: submission.id, block: { height, hash } } }
        },
        async findSpend(terms, lock, o) {
          const read = await adapter.findSpend(terms, lock, o)
          return isLying && read.is === 'found' ? { is: 'absent', fact: { ...read.fact, value: null } } : read
        },
      })
      const { deal, alice } = both(market, { wrap: lying(LONG, lies) })
      Process.start(alice, deal)
      await Process.drive(market, () => madeAt.size > 0)
      const end = long.tip.height + 100
      await Process.drive(market, () => long.tip.height >= end)
      expect(madeAt.size).toBeGreaterThan(2)
      expect(madeAt.size).toBeLessThan(12)
      const made = [...madeAt.values()]
      const rests = made.slice(1).map((at, i) => at - (made[i] as bigint))
      expect(rests.slice(1)).toEqual([...rests.slice(1)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
      isLying = false
      await Process.finish(market, alice)
      expect(alice.outcome).toBe('no-deal')
    },
  )
})

describe('crashes', () => {
  it('L2 S8: an own lock that a crash kept back isn’t made when its time is over, though a reveal would still do', async () => {
    for (const [at, kill] of [
      ['sign', 'die-before'],
      ['submit', 'die-before'],
    ] as const)
      for (const waits of [true, false]) {
        const market = create({ long: 'utxo', short: 'utxo' })
        const { short } = market.nets
        const storage = createMemoryStorage()
        const judge = ({ method, args }: Process.Call) => (isKind(method, args, 'lock', at) ? kill : 'go')
        const { deal, alice, bob } = both(market, {}, { storage, judge })
        Process.start(alice, deal)
        Process.start(bob, deal)
        await Process.drive(market, () => bob.dead)
        const { value } = deal.signed.agreement.short.deadline
        const { lock, reveal } = deal.margins
        while (waits && value - short.tip.clock > lock.seconds - 2n) mine(market)
        expect(value - short.tip.clock).toBeGreaterThan(reveal.seconds)
        const again = Process.create(market, BOB, { storage })
        Process.start(again, deal)
        await Process.finish(market, alice, again)
        const outcome = waits ? 'no-deal' : 'deal'
        expect([alice.outcome, again.outcome]).toEqual([outcome, outcome])
        expect(locksBy(market, BOB).length).toBe(waits ? 0 : 1)
      }
  })

  it('S6 H18: a claim that went out just before a crash is pursued, though its mempool shows it to nobody', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { short } = market.nets
    const [storage, bobs] = [createMemoryStorage(), createMemoryStorage()]
    // Public endpoints of contract chains keep their mempool to themselves.
    const blind = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
      async findSpend(terms, lock, o) {
        const read = await adapter.findSpend(terms, lock, o)
        return read.is === 'found' && read.fact.at === 'mempool'
          ? { is: 'absent', fact: { ...read.fact, value: null } as never }
          : read
      },
    })
    // The follower keeps still until nobody can claim from it any more; its own claim is still good then.
    const judge = ({ method, args }: Process.Call) => {
      if (!isKind(method, args, 'claim')) return 'go'
      bob.dead = true
      return 'die-after'
    }
    short.held = (tx) => tx.does.is === 'claim' && tx.fee < 5n
    const wrap = lying(SHORT, blind)
    const { deal, alice, bob } = both(market, { storage, judge, wrap }, { storage: bobs })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => alice.dead)
    const { value } = deal.signed.agreement.short.deadline
    while (value - short.tip.clock >= deal.margins.reveal.seconds) mine(market)
    const again = Process.create(market, ALICE, { storage, wrap })
    Process.start(again, deal)
    while (short.tip.clock < value) {
      await Process.quiet()
      mine(market)
    }
    const late = Process.create(market, BOB, { storage: bobs })
    Process.start(late, deal)
    await Process.finish(market, again, late)
    expect([again.outcome, late.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, ALICE, 'deal')
    expectWhole(market, ALICE, BOB)
  })
})

describe('crashes where no mempool can be asked', () => {
  /** What waits is seen by nobody, and nobody remembers it. */
  const silent = (adapter: SwapAdapter): Partial<SwapAdapter> => ({
    capabilities: { ...adapter.capabilities, pending: false },
    async status(submission, o) {
      const fact = await adapter.status(submission, o)
      const { is } = fact.value
      return is === 'pending' || is === 'dropped' ? { ...fact, value: { is: 'unknown' } } : fact
    },
    async findSpend(terms, lock, o) {
      const read = await adapter.findSpend(terms, lock, o)
      return read.is === 'found' && read.fact.at === 'mempool'
        ? { is: 'absent', fact: { ...read.fact, value: null } as never }
        : read
    },
  })

  it('S6 H18: a claim that was about to be sent counts as sent, and is made again; one that was only signed does not', async () => {
    for (const [at, outcome] of [
      ['submit', 'deal'],
      ['sign', 'no-deal'],
    ] as const) {
      const market = create({ long: 'utxo', short: 'contract' })
      const { short } = market.nets
      const storage = createMemoryStorage()
      const judge = ({ method, args }: Process.Call) =>
        isKind(method, args, 'claim', at) ? 'die-after' : 'go'
      const wrap = lying(SHORT, silent)
      const { deal, alice, bob } = both(market, { storage, judge, wrap }, { wrap })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.drive(market, () => alice.dead)
      // It expired, and there is less time left than a first claim would need.
      short.mempool = []
      const { value } = deal.signed.agreement.short.deadline
      while (value - short.tip.clock >= deal.margins.reveal.seconds) mine(market)
      const again = Process.create(market, ALICE, { storage, wrap })
      Process.start(again, deal)
      await Process.finish(market, again, bob)
      expect([again.outcome, bob.outcome]).toEqual([outcome, outcome])
      expectWhole(market, ALICE, BOB)
    }
  })
})

describe('a claim that was about to be sent', () => {
  /**
   * Its process dies as it sends it, and the mempool forgets it; then an endpoint hides the lock for a while. What became of the lock at its
   * deadline, where its owner doesn't move before.
   */
  const ended = async (at: 'submit' | 'sign') => {
    const market = create({ long: 'utxo', short: 'contract' })
    const storage = createMemoryStorage()
    const judge = ({ method, args }: Process.Call) => {
      if (!isKind(method, args, 'claim', at)) return 'go'
      bob.dead = true
      return 'die-after'
    }
    const { deal, alice, bob } = both(market, { storage, judge })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => alice.dead)
    market.nets.short.mempool = []
    let hides = true
    const hiding = ({ findLocks }: SwapAdapter): Partial<SwapAdapter> => ({
      findLocks: async (terms, o) => (hides ? [] : findLocks(terms, o)),
    })
    const again = Process.create(market, ALICE, { storage, wrap: lying(SHORT, hiding) })
    Process.start(again, deal)
    await Process.drive(market, () => again.swap?.state.durable.stop === 'reorg')
    hides = false
    const { deadline } = deal.signed.agreement.short
    await Process.drive(market, () => market.nets.short.tip.clock >= deadline.value)
    again.dead = true
    return locksBy(market, BOB)[0]?.spend?.is
  }

  it('S6 H18 H29: is made again once it could be made anew, though an endpoint hid the lock meanwhile', async () => {
    expect(await ended('submit')).toBe('claim')
  })

  it('S7 S12: is not, where it was only signed', async () => {
    expect(await ended('sign')).toBeUndefined()
  })
})

describe('recoveries that saw too little', () => {
  it('L3: a later one that finds the other leg goes on with it', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => locksBy(market, BOB).length > 0)
    bob.dead = true
    const storage = createMemoryStorage()
    const none = (): Partial<SwapAdapter> => ({ discoverLocks: async () => [] })
    const half = Process.create(market, BOB, { storage, wrap: lying(LONG, none) })
    const [first] = (await Recovery.recover(half.context, { policy: () => risk })).swaps
    expect(first?.state.durable.stop).toBe('recovered-without-terms')
    half.dead = true
    const whole = Process.create(market, BOB, { storage })
    expect(await Process.recover(whole)).toBe(true)
    expect(whole.swap?.id).toBe(Bytes.toHex(nonces[BOB]))
    await Process.finish(market, alice, whole)
    expect([alice.outcome, whole.outcome]).toEqual(['deal', 'deal'])
    expectGains(market, BOB, 'deal')
  })

  it('S7: a later one that finds the other leg takes up no swap that was cancelled meanwhile', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { deal, alice, bob } = both(market)
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => market.nets.short.mempool.some(({ does }) => does.is === 'lock'))
    alice.dead = true
    const storage = createMemoryStorage()
    const half = Process.create(market, ALICE, { storage })
    const [first] = (await Recovery.recover(half.context, { policy: () => risk })).swaps
    expect(first?.state.durable.stop).toBe('recovered-without-terms')
    expect(first && (await Runner.cancel(first))).toBe(true)
    mine(market)
    const whole = Process.create(market, ALICE, { storage })
    expect(await Process.recover(whole)).toBe(true)
    expect(whole.swap?.state.durable.stop).toBe('cancelled')
    await Process.finish(market, whole, bob)
    expect([whole.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
    expectWhole(market, ALICE, BOB)
  })
})
