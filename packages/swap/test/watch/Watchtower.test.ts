import {
  Bytes,
  type Due,
  defineErrors,
  type Fact,
  LockTerms,
  type Signed,
  type Storage,
  type Submission,
  type SwapAdapter,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { WatchJob, Watchtower } from '@aitbc/swap/watch'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Chain from '../model/Chain.js'
import { crossed, expectGains, expectWhole, isKind, LEGS, locksBy } from '../model/expect.js'
import { EPOCH, LONG, pairs, SHORT } from '../model/fixtures.js'
import * as ModelAdapter from '../model/ModelAdapter.js'
import { FUNDS, type Market, mine, type Name, risk } from '../model/market.js'
import * as Net from '../model/Net.js'
import * as Process from '../model/process.js'
import { ALICE, BOB, isEnded, keyOf, marketOf, newest, ownerOf, PURSE, TOWERS, towerOf } from './towers.js'

const balance = (market: Market, leg: 'long' | 'short', name: string) =>
  market.nets[leg].tip.ledger.balances.get(name) ?? 0n
const isLocked = (market: Market, name: Name) => locksBy(market, name).length > 0
const kill = (process: Process.Process) => {
  process.dead = true
}
const [FIRST, SECOND] = TOWERS
const Refusals = defineErrors({
  FeeTooLow: { code: 9111, retryable: true, hint: 'Pay more.' },
  DustOutput: { code: 9112, retryable: false, hint: 'Lower the fee rate.' },
})

/** What the initiator locked on the long leg, with the next block. */
function lockBy(market: Market, terms: LockTerms.LockTerms): void {
  const key = Bytes.toHex(LockTerms.id(terms))
  const { clock, value } = terms.deadline
  const script = {
    ...{ key, amount: terms.amount, deadline: clock === 'height' ? EPOCH + value : value },
    ...{ hashlock: Bytes.toHex(terms.hashlock), locker: ALICE, beneficiary: BOB },
  }
  const does = { is: 'lock', script, amount: terms.amount } as const
  Net.accept(market.nets.long, { id: key, by: ALICE, slot: key, fee: 1n, does })
}

/** The long leg's chain as one whose clock counts blocks, `told` more of them than there are. */
const counting = (adapter: SwapAdapter, told: () => bigint): SwapAdapter => ({
  ...adapter,
  network: { ...adapter.network, clock: 'height', pace: { least: 1000n, most: 1000n } },
  async tip(o) {
    const fact = await adapter.tip(o)
    return { ...fact, value: { ...fact.value, clock: fact.value.clock - EPOCH + told() } }
  },
})

/** An owner that locked, and went away; a follower's counterparty stays. */
async function gone(kinds: Parameters<typeof marketOf>[0], name: Name) {
  const market = marketOf(kinds)
  const owner = ownerOf(market, name)
  const deal = Process.agreed(market)
  if (name === BOB) Process.start(Process.create(market, ALICE), deal)
  Process.start(owner.process, deal)
  await Process.drive(market, () => isLocked(market, name))
  kill(owner.process)
  return { market, deal, job: newest(owner) }
}

/** An armed claim with the secret, once that is in sight on the other chain. */
function completed(market: Market, net: Net.Net, signed: Signed): Signed | undefined {
  const isShown = ({ does }: Chain.Tx) => does.is === 'claim'
  const { short } = market.nets
  const seen =
    short.mempool.some(isShown) ||
    [...short.tip.ledger.locks.values()].some(({ spend }) => spend?.is === 'claim')
  return seen ? ModelAdapter.create(net).complete?.(signed, Process.secretOf()) : undefined
}

describe('before it begins', () => {
  it('L7 H20: a tower whose adapter knows another contract says so at once, and tries', async () => {
    const market = marketOf({ long: 'utxo', short: 'contract' })
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    const auditTerms = () =>
      ({ ok: false, refusal: { check: 'address', message: 'another contract' } }) as const
    const other = (adapter: SwapAdapter) =>
      adapter.network.id === SHORT ? { ...adapter, auditTerms } : adapter
    const tower = towerOf(market, newest(owner), FIRST, { wrap: other })
    kill(owner.process)
    expect(tower.progress[0]).toMatchObject({
      ...{ is: 'trouble', task: 'claim' },
      error: { _tag: 'InvalidAgreement', message: `the claim on ${SHORT} fails address: another contract` },
    })
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toEqual({ refund: 'refunded', claim: 'nothing' })
    expectWhole(market, ALICE)
  })
})

describe('the owner goes away', () => {
  it.each(pairs)('L7 H23: between $long and $short, what it locked in vain comes back', async (kinds) => {
    const market = marketOf(kinds)
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    const tower = towerOf(market, newest(owner), FIRST)
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toEqual({ refund: 'refunded', claim: 'nothing' })
    expectWhole(market, ALICE)
    expectGains(market, ALICE, 'no-deal')
    // Nothing was sent before the deadline.
    for (const lock of locksBy(market, ALICE))
      expect(lock.spend?.clock).toBeGreaterThanOrEqual(lock.script.deadline)
  })

  it.each(pairs)(
    'L7 H23 S6: between $long and $short, a follower’s lock that is claimed has its own claimed',
    async (kinds) => {
      const market = marketOf(kinds)
      const owner = ownerOf(market, BOB)
      const alice = Process.create(market, ALICE)
      const deal = Process.agreed(market)
      Process.start(alice, deal)
      Process.start(owner.process, deal)
      await Process.drive(market, () => isLocked(market, BOB))
      kill(owner.process)
      const tower = towerOf(market, newest(owner), FIRST)
      await Process.drive(market, () => isEnded(tower) && Process.isDone(alice))
      expect(tower.ended).toEqual({ refund: 'claimed', claim: 'claimed' })
      expect(alice.outcome).toBe('deal')
      expectWhole(market, ALICE, BOB)
      expectGains(market, BOB, 'deal')
      expectGains(market, ALICE, 'deal')
    },
  )

  it('S6 L7 H29: an endpoint that shows a year to come and no lock, for once, sends no tower home', async () => {
    const market = marketOf({ long: 'contract', short: 'utxo' })
    const owner = ownerOf(market, BOB)
    const alice = Process.create(market, ALICE)
    const deal = Process.agreed(market)
    Process.start(alice, deal)
    Process.start(owner.process, deal)
    await Process.drive(market, () => isLocked(market, BOB))
    kill(owner.process)
    let looks = 0
    let isLying = true
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      async tip(o) {
        const fact = await adapter.tip(o)
        if (!isLying) return fact
        looks++
        return { ...fact, value: { ...fact.value, clock: fact.value.clock + 31_536_000n } }
      },
      findLocks: async (terms, o) => (isLying ? [] : adapter.findLocks(terms, o)),
    })
    const tower = towerOf(market, newest(owner), FIRST, { wrap })
    await Process.quiet()
    expect(looks).toBeGreaterThan(1)
    isLying = false
    await Process.drive(market, () => isEnded(tower) && Process.isDone(alice))
    expect(tower.ended).toEqual({ refund: 'claimed', claim: 'claimed' })
    expectGains(market, BOB, 'deal')
  })

  it.each(pairs)(
    'L5 L7 H8: between $long and $short, a claim that is stuck when its sender goes is lifted',
    async (kinds) => {
      const market = marketOf(kinds)
      const { short } = market.nets
      const owner = ownerOf(market, ALICE)
      const bob = Process.create(market, BOB)
      const deal = Process.agreed(market)
      short.held = ({ does, fee }) => does.is === 'claim' && fee < 5n
      Process.start(owner.process, deal)
      Process.start(bob, deal)
      await Process.drive(market, () => short.mempool.some(({ does }) => does.is === 'claim'))
      kill(owner.process)
      // The job of before the reveal is as good: the secret is in sight.
      const before = owner.jobs
        .map((job) => WatchJob.open(job, keyOf(ALICE)))
        .filter((job) => job.secret === undefined)
      const tower = towerOf(market, before.at(-1) as WatchJob.WatchJob, FIRST)
      await Process.drive(market, () => isEnded(tower) && Process.isDone(bob))
      expect(tower.ended).toMatchObject({ claim: 'claimed' })
      expect(bob.outcome).toBe('deal')
      expectWhole(market, ALICE, BOB)
      expectGains(market, ALICE, 'deal')
    },
  )

  it('L5 H8: fees rise a hundredfold while a refund waits: the tower climbs, and pays no more than half of the lock', async () => {
    const market = marketOf({ long: 'utxo', short: 'contract' })
    const { long } = market.nets
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    const job = newest(owner)
    long.held = ({ does, fee }) => does.is === 'refund' && fee < 200n
    const tower = towerOf(market, job)
    await Process.drive(market, () => isEnded(tower))
    const fees = tower.progress.flatMap((one) => (one.is === 'sent' ? [one.fee] : []))
    expect(fees.length).toBeGreaterThan(3)
    expect([...fees].sort((a, b) => Number(a - b))).toEqual(fees)
    expect(fees.at(-1)).toBeGreaterThanOrEqual(200n)
    expect(fees.at(-1)).toBeLessThanOrEqual(500n)
    expect(balance(market, 'long', ALICE)).toBeGreaterThan(FUNDS - 510n)
    expectWhole(market, ALICE)
  })

  it('L5 H8: a market at which nothing of the lock would be left takes the dearest rung at once, not the cheapest', async () => {
    const market = marketOf({ long: 'utxo', short: 'contract' })
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      feeRates: async () => ({ slow: 2n, normal: 2n, fast: 5000n }),
      prepare: async (intent, o) => {
        if ((o?.feeRate ?? 0n) > 999n) throw Refusals.DustOutput('nothing of the lock would be left')
        return adapter.prepare(intent, o)
      },
    })
    const tower = towerOf(market, newest(owner), FIRST, { wrap, storage: createMemoryStorage() })
    await Process.drive(market, () => isEnded(tower))
    const fees = tower.progress.flatMap((one) => (one.is === 'sent' ? [one.fee] : []))
    expect(fees[0]).toBeGreaterThan(200n)
    expect(fees.at(-1)).toBeLessThanOrEqual(500n)
    expectWhole(market, ALICE)
  })

  it('L5: the last rung pays the whole budget, and the last blocks before a claim’s deadline take it', async () => {
    const market = marketOf({ long: 'utxo', short: 'utxo' })
    const { long, short } = market.nets
    const policy = { ...risk, fees: { [LONG]: 90n } }
    const owner = ownerOf(market, BOB, { policy })
    const alice = Process.create(market, ALICE)
    const deal = Process.agreed(market)
    Process.start(alice, deal)
    Process.start(owner.process, deal)
    await Process.drive(market, () => isLocked(market, BOB))
    kill(owner.process)
    const job = newest(owner)
    const ladders = job.tasks.find((task) => task.do === 'claim')?.rungs ?? []
    const paid = ladders.flatMap(({ ladder }) => ladder.map(({ step }) => step.maxFee.amount))
    expect(paid.at(-1)).toBe(90n)
    long.held = ({ does, by, fee }) => does.is === 'claim' && by === BOB && fee < 90n
    const tower = towerOf(market, job)
    await Process.drive(market, () => isEnded(tower) && Process.isDone(alice))
    expect(tower.ended).toEqual({ refund: 'claimed', claim: 'claimed' })
    const claim = [...long.tip.ledger.locks.values()].find((lock) => lock.by === ALICE)?.spend
    expect(claim?.clock).toBeLessThan(deal.signed.agreement.long.deadline.value)
    expect(short.tip.ledger.balances.get(ALICE)).toBeGreaterThan(FUNDS)
    expectGains({ nets: market.nets }, ALICE, 'deal')
  })
})

describe('two towers and the owner at once', () => {
  it.each(pairs)('L3 L7 S2: between $long and $short, they do no harm to each other', async (kinds) => {
    for (const end of ['deal', 'no-deal'] as const) {
      const market = marketOf(kinds)
      const [alice, bob] = [ownerOf(market, ALICE), ownerOf(market, BOB)]
      const deal = Process.agreed(market)
      Process.start(alice.process, deal)
      if (end === 'deal') Process.start(bob.process, deal)
      const acting = end === 'deal' ? bob : alice
      await Process.drive(market, () => isLocked(market, acting.process.name))
      const towers = TOWERS.map((name) => towerOf(market, newest(acting), name))
      await Process.drive(market, () => towers.every(isEnded) && Process.isDone(acting.process))
      expect(acting.process.outcome).toBe(end)
      expect(towers.map(({ error }) => error)).toEqual([undefined, undefined])
      expectWhole(market, acting.process.name)
      expectGains(market, acting.process.name, end)
      // Of what they do at their own cost, no more than one goes in vain each.
      for (const name of TOWERS)
        for (const leg of LEGS) expect(balance(market, leg, name)).toBeGreaterThan(PURSE - 12n)
    }
  })
})

describe('two towers with other versions', () => {
  it('S13 L7: they don’t outbid each other as fast as they can', async () => {
    const market = marketOf({ long: 'utxo', short: 'contract' })
    const { long } = market.nets
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    const job = newest(owner)
    // As of before and after an owner lost its storage, and signed all of them anew.
    const half = (odd: number): WatchJob.WatchJob => ({
      ...job,
      tasks: job.tasks.map((task) => ({
        ...task,
        rungs: task.rungs.map(({ ref, ladder }) => ({ ref, ladder: ladder.filter((_, i) => i % 2 === odd) })),
      })),
    })
    const isRefund = ({ does }: Chain.Tx) => does.is === 'refund'
    long.held = isRefund
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      submit: (signed, o) =>
        adapter.submit(signed, o).catch(() => {
          throw Refusals.FeeTooLow(`${signed.id} pays too little to replace what waits`)
        }),
    })
    const towers = [
      towerOf(market, half(0), undefined, { wrap }),
      towerOf(market, half(1), undefined, { wrap }),
    ]
    await Process.drive(market, () => long.mempool.some(isRefund))
    await Process.quiet()
    expect(long.mempool.find(isRefund)?.fee).toBeLessThan(50n)
    long.held = () => false
    await Process.drive(market, () => towers.every(isEnded))
    expectGains(market, ALICE, 'no-deal')
  })
})

describe('what a tower is given', () => {
  it.each(pairs)(
    'S14 L7: between $long and $short, no job holds the secret before it is revealed',
    async (kinds) => {
      const market = marketOf(kinds)
      const secret = Bytes.toHex(Process.secretOf())
      const owner = ownerOf(market, ALICE)
      const bob = Process.create(market, BOB)
      const deal = Process.agreed(market)
      let sealedBefore = 0
      Process.start(owner.process, deal)
      Process.start(bob, deal)
      const isRevealed = () => owner.process.swap?.state.durable.revealed === true
      await Process.drive(market, () => isRevealed() || Process.isDone(bob), {
        each: () => {
          if (!isRevealed()) sealedBefore = owner.jobs.length
        },
      })
      expect(sealedBefore).toBeGreaterThan(0)
      for (const [i, sealed] of owner.jobs.entries()) {
        const job = WatchJob.open(sealed, keyOf(ALICE))
        const shown = Bytes.toHex(WatchJob.encode(job)).includes(secret)
        if (i < sealedBefore) expect(shown).toBe(false)
        expect(shown).toBe(job.secret !== undefined)
      }
      expect(newest(owner).secret).toEqual(Process.secretOf())
      // What is journaled in advance holds it neither (S14).
      for (const entry of owner.process.swap?.journal.entries ?? []) {
        const text = new TextDecoder('latin1').decode(entry.bytes)
        if (text.includes('arm/short')) expect(Bytes.toHex(entry.bytes)).not.toContain(secret)
      }
    },
  )

  it('S8 S9: every version of a lock has its own refunds in the job, journaled before that version is sent', async () => {
    const market = marketOf({ long: 'utxo', short: 'contract' })
    const { long } = market.nets
    const sentBefore: boolean[] = []
    const owner = ownerOf(market, ALICE, {
      judge: ({ method, args }) => {
        if (isKind(method, args, 'lock')) {
          const [{ id }] = args as [Submission]
          const task = newest(owner).tasks.find((one) => one.do === 'refund') as WatchJob.Task
          sentBefore.push(WatchJob.ladderOf(task, { ref: `${id}:0` }).length > 1)
        }
        return 'go'
      },
    })
    long.held = ({ does, fee }) => does.is === 'lock' && fee < 5n
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    expect(sentBefore.length).toBeGreaterThan(1)
    expect(sentBefore).not.toContain(false)
    const rungs = newest(owner).tasks.find((one) => one.do === 'refund')?.rungs ?? []
    expect(new Set(rungs.map(({ ref }) => ref)).size).toBeGreaterThan(1)
    kill(owner.process)
    // An old job knows the version that was replaced only, or both: it can do nothing wrong.
    const old = WatchJob.open(owner.jobs[0] as Uint8Array, keyOf(ALICE))
    const [late, right] = [towerOf(market, old), towerOf(market, newest(owner))]
    await Process.drive(market, () => isEnded(right) && isEnded(late))
    expectGains(market, ALICE, 'no-deal')
  })

  it('a chain on which anybody may send has nothing of the owner’s in its job, unless it is to pay; what can’t be signed says so', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    const { context, swap } = owner.process
    if (swap === undefined) throw new Error('no swap')
    expect(WatchJob.of(context, swap).tasks.flatMap((task) => task.rungs)).toEqual([])
    const prepaid = WatchJob.of(context, swap, { prepaid: ['refund'] })
    expect(prepaid.tasks.map((task) => task.rungs.length)).toEqual([1, 0])
    expect(() => WatchJob.of(context, swap, { prepaid: ['claim'] })).toThrow(
      expect.objectContaining({ _tag: 'NotPresignable', code: 4018 }),
    )
    kill(owner.process)
    // A tower without a coin does it with that.
    const tower = towerOf(market, prepaid)
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toMatchObject({ refund: 'refunded' })
    expectGains(market, ALICE, 'no-deal')
  })

  /** An owner that is gone for good once it has locked, and its job with a refund that it pays itself. */
  const prepaidRefund = async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    const { context, swap } = owner.process
    if (swap === undefined) throw new Error('no swap')
    const job = WatchJob.of(context, swap, { prepaid: ['refund'] })
    kill(owner.process)
    return { market, job }
  }

  it('L7: a prepaid nonce that was used otherwise is seen, and the tower sends its own', async () => {
    const { market, job } = await prepaidRefund()
    // Sent before its time it fails, and is no use any more.
    const [rung] = job.tasks[0]?.rungs[0]?.ladder ?? []
    if (rung === undefined) throw new Error('no rung')
    Net.accept(market.nets.long, ModelAdapter.transactionOf(rung.id, rung.raw))
    const tower = towerOf(market, job, SECOND)
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toMatchObject({ refund: 'refunded' })
    expectGains(market, ALICE, 'no-deal')
    expect(balance(market, 'long', SECOND)).toBeLessThan(PURSE)
  })

  it('L4 L7 H29: a prepaid nonce that was only told to be used otherwise is used as soon as it can be', async () => {
    const { market, job } = await prepaidRefund()
    let lies = 3
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      async status(submission, o) {
        const fact = await adapter.status(submission, o)
        return lies-- > 0 ? { ...fact, value: { is: 'replaced', by: 'another' } } : fact
      },
    })
    const tower = towerOf(market, job, undefined, { wrap })
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toMatchObject({ refund: 'refunded' })
    expectGains(market, ALICE, 'no-deal')
    const said = tower.progress.flatMap((one) => (one.is === 'trouble' ? [one.error] : []))
    expect(said).toContainEqual(expect.objectContaining({ _tag: 'NotPresignable' }))
  })

  it('S13 H29: a clock that no chain can show by now makes a claim no dearer', async () => {
    const { market, job } = await gone({ long: 'utxo', short: 'contract' }, BOB)
    const { long } = market.nets
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      async tip(o) {
        const fact = await adapter.tip(o)
        return { ...fact, value: { ...fact.value, clock: fact.value.clock + 1000n } }
      },
    })
    const tower = towerOf(market, job, FIRST, { wrap, utc: () => long.tip.clock - 1000n })
    const fees = () =>
      tower.progress.flatMap((one) => (one.is === 'sent' && one.task === 'claim' ? [one.fee] : []))
    await Process.drive(market, () => fees().length > 0)
    expect(fees()[0]).toBeLessThan(10n)
    tower.stop.abort()
  })

  it('S6 H25: a clock that is past the deadline before UTC is keeps no claim back', async () => {
    const { market, deal, job } = await gone({ long: 'contract', short: 'contract' }, BOB)
    const { value } = deal.signed.agreement.long.deadline
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      async tip(o) {
        const fact = await adapter.tip(o)
        return adapter.network.id === LONG ? { ...fact, value: { ...fact.value, clock: value } } : fact
      },
    })
    const tower = towerOf(market, job, FIRST, { wrap })
    await Process.drive(market, () => locksBy(market, ALICE)[0]?.spend !== undefined)
    expect(locksBy(market, ALICE)[0]?.spend?.is).toBe('claim')
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toMatchObject({ claim: 'claimed' })
  })

  it('S6 L7 H29: a height of years to come, with the lock or without it, neither keeps a claim back nor sends it home', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    const { long } = market.nets
    const { agreement } = Process.agreed(market).signed
    const terms = { ...agreement.long, deadline: { network: LONG, clock: 'height', value: 60n } as const }
    lockBy(market, terms)
    mine(market)
    let looks = 0
    let isLying = true
    let hides = true
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...counting(adapter, () => (++looks > 0 && isLying ? 1_000_000n : 0n)),
      findLocks: async (of, o) => (hides ? [] : adapter.findLocks(of, o)),
    })
    const task = { do: 'claim', terms, rungs: [] } as const
    const job = { issue: 1n, hashlock: terms.hashlock, tasks: [task], secret: Process.secretOf() }
    const tower = towerOf(market, job, FIRST, { wrap })
    await Process.quiet()
    expect(looks).toBeGreaterThan(0)
    expect(tower.ended).toBeUndefined()
    hides = false
    const lock = () => long.tip.ledger.locks.get(Bytes.toHex(LockTerms.id(terms)))
    await Process.drive(market, () => lock()?.spend !== undefined || long.tip.clock > EPOCH + 70n)
    expect(lock()?.spend?.is).toBe('claim')
    isLying = false
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toEqual({ claim: 'claimed' })
  })

  it.each(pairs)(
    'L7 S6 H29: between $long and $short, an endpoint that tells of no lock whether it is spent keeps no refund and no claim back',
    async (kinds) => {
      for (const name of [ALICE, BOB] as const) {
        const { market, job } = await gone(kinds, name)
        const silent = {
          is: 'unknown',
          why: { check: 'answers', message: '1 of at least 2 endpoints told' },
        } as const
        const wrap = (adapter: SwapAdapter): SwapAdapter => ({
          ...adapter,
          async findSpend(terms, lock, o) {
            const read = await adapter.findSpend(terms, lock, o)
            return read.is === 'absent' ? silent : read
          },
        })
        const tower = towerOf(market, job, FIRST, { wrap, storage: createMemoryStorage() })
        await Process.drive(market, () => isEnded(tower))
        expect(tower.ended?.[name === ALICE ? 'refund' : 'claim']).toBe(
          name === ALICE ? 'refunded' : 'claimed',
        )
      }
    },
  )

  it('L2 L7 H29: a height of years ago, told once, keeps no refund back', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    const { long } = market.nets
    const { agreement } = Process.agreed(market).signed
    const terms = { ...agreement.long, deadline: { network: LONG, clock: 'height', value: 60n } as const }
    lockBy(market, terms)
    const heights = async (count: number) => Process.drive(market, () => long.tip.height >= count)
    await heights(40)
    let isLying = true
    const wrap = (adapter: SwapAdapter) => counting(adapter, () => (isLying ? EPOCH - long.tip.clock : 0n))
    const task = { do: 'refund', terms, rungs: [] } as const
    const job = { issue: 1n, hashlock: terms.hashlock, tasks: [task] }
    const tower = towerOf(market, job, FIRST, { wrap })
    await Process.quiet()
    isLying = false
    await heights(70)
    expect(tower.ended).toEqual({ refund: 'refunded' })
  })

  it('L7 H29: a height of years to come that follows another one is as good as none', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    const { long } = market.nets
    const { agreement } = Process.agreed(market).signed
    const terms = { ...agreement.long, deadline: { network: LONG, clock: 'height', value: 60n } as const }
    let isLying = false
    const wrap = (adapter: SwapAdapter) => counting(adapter, () => (isLying ? 1_000_000n : 0n))
    const task = { do: 'refund', terms, rungs: [] } as const
    const job = { issue: 1n, hashlock: terms.hashlock, tasks: [task] }
    const tower = towerOf(market, job, FIRST, { wrap })
    const till = async (height: number) => Process.drive(market, () => long.tip.height >= height)
    await till(20)
    isLying = true
    await till(30)
    isLying = false
    lockBy(market, terms)
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toEqual({ refund: 'refunded' })
  })

  it('a network without a post, and an abort, are told', async () => {
    const market = marketOf({ long: 'utxo', short: 'utxo' })
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    const job = newest(owner)
    const tower = towerOf(market, job)
    await Process.quiet()
    tower.stop.abort(new Error('enough'))
    await Process.quiet()
    expect(tower.error).toMatchObject({ message: 'enough' })
    const other = {
      ...job,
      tasks: job.tasks.map((task) => ({
        ...task,
        terms: { ...task.terms, backend: { ...task.terms.backend, network: 'model:other' as const } },
      })),
    }
    await expect(Watchtower.run({} as never, job)).rejects.toMatchObject({
      _tag: 'InvalidArgument',
      context: { argument: 'context.posts' },
    })
    await expect(Watchtower.run({ posts: {}, utc: () => 0n }, undefined as never)).rejects.toMatchObject({
      _tag: 'InvalidArgument',
      context: { argument: 'job.tasks' },
    })
    const lost = towerOf(market, other)
    await Process.quiet()
    expect(lost.error).toMatchObject({ _tag: 'SideMissing' })
  })
})

describe('a tower’s own account', () => {
  /** A tower that dies when it first sends, and comes back while what it sent is in no block, and in no mempool that it is shown. */
  const returning = async (fate: 'before' | 'after', storage: Storage | undefined) => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    const ids: string[] = []
    let dies = true
    let died = () => {}
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      findSpend: async (terms, lock, o) => {
        const found = await adapter.findSpend(terms, lock, o)
        return found.is === 'found' && found.fact.depth === 0n
          ? { is: 'absent', fact: { ...found.fact, value: null } }
          : found
      },
      submit: async (signed, o) => {
        const isLast = dies
        dies = false
        if (isLast && fate === 'before') died()
        if (isLast && fate === 'before') return new Promise(() => undefined)
        ids.push(signed.id)
        const submission = await adapter.submit(signed, o)
        if (isLast) died()
        return isLast ? new Promise(() => undefined) : submission
      },
    })
    const options = { wrap, ...(storage && { storage }) }
    let tower = towerOf(market, newest(owner), FIRST, options)
    died = () => {
      tower.stop.abort()
      tower = towerOf(market, newest(owner), FIRST, options)
    }
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toMatchObject({ refund: 'refunded' })
    expectGains(market, ALICE, 'no-deal')
    return { ids, spent: PURSE - balance(market, 'long', FIRST) }
  }

  it.each(['before', 'after'] as const)(
    'L7 H22: a tower that dies %s it sends its own transaction sends the same one when it is back, and pays once',
    async (fate) => {
      const { ids, spent } = await returning(fate, createMemoryStorage())
      expect(new Set(ids).size).toBe(1)
      const once = await returning('before', undefined)
      expect(spent).toBe(once.spent)
    },
  )

  it('S13 L3: of two that run one job over one storage, one pays', async () => {
    const { market, job } = await gone({ long: 'contract', short: 'contract' }, ALICE)
    const sent = new Set<string>()
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      submit(signed, o) {
        sent.add(signed.id)
        return adapter.submit(signed, o)
      },
    })
    const storage = createMemoryStorage()
    const towers = [1, 2].map(() => towerOf(market, job, FIRST, { wrap, storage }))
    await Process.drive(market, () => towers.every(isEnded))
    expect(towers.map(({ ended }) => ended?.refund)).toEqual(['refunded', 'refunded'])
    expect(sent.size).toBe(1)
    expectGains(market, ALICE, 'no-deal')
  })

  const WAYS = [
    { says: 'that it failed', is: 'failed' },
    { says: 'that it failed, and that the chain is a thousand times as high', is: 'failed', times: 1000n },
    { says: 'that nobody knows it', is: 'unknown' },
    { says: 'that nobody knows it, and keeps the first of two', is: 'unknown', keeps: true },
    { says: 'that it waits, where each that is included costs,', is: 'pending', times: 1000n, each: true },
  ] as const

  it.each(WAYS)(
    'S13 H29: an endpoint that says $says costs it ever fewer fees, and not one a block',
    async (way) => {
      const market = marketOf({ long: 'contract', short: 'contract' })
      const owner = ownerOf(market, ALICE)
      Process.start(owner.process, Process.agreed(market))
      await Process.drive(market, () => isLocked(market, ALICE))
      kill(owner.process)
      const { long } = market.nets
      const { times, each, keeps } = { times: 1n, each: false, keeps: false, ...way }
      const made = new Set<string>()
      let isLying = true
      const wrap = (adapter: SwapAdapter): SwapAdapter => {
        const { network } = adapter
        const conservative = { ...network.timing.conservative, inclusion: 64n }
        return {
          ...adapter,
          ...(keeps && { capabilities: { ...adapter.capabilities, replacement: 'after-drop' } }),
          network: {
            ...network,
            ...(each && { fees: { ...networks.solana.fees, dust: 1n } }),
            timing: { ...network.timing, conservative },
          },
          async tip(o) {
            const fact = await adapter.tip(o)
            return { ...fact, value: { ...fact.value, height: fact.value.height * times } }
          },
          submit(signed, o) {
            made.add(each ? signed.id : signed.step.conflictKey)
            // Whoever makes them without end in one block isn't waited for.
            if (made.size > 50) isLying = false
            return adapter.submit(signed, o)
          },
          async status(submission, o) {
            const fact = await adapter.status(submission, o)
            const { height, hash } = fact.asOf
            if (!isLying) return fact
            if (way.is !== 'failed') return { ...fact, value: { is: way.is } }
            if (fact.value.is === 'pending') return fact
            return { ...fact, value: { is: 'failed', id: submission.id, block: { height, hash } } }
          },
          async findSpend(terms, lock, o) {
            const read = await adapter.findSpend(terms, lock, o)
            return isLying && read.is === 'found'
              ? { is: 'absent', fact: { ...read.fact, value: null } }
              : read
          },
        }
      }
      const tower = towerOf(market, newest(owner), FIRST, { wrap, storage: createMemoryStorage() })
      await Process.drive(market, () => made.size > 0)
      const end = long.tip.height + 100
      await Process.drive(market, () => long.tip.height >= end)
      expect(made.size).toBeGreaterThan(2)
      expect(made.size).toBeLessThan(12)
      isLying = false
      await Process.drive(market, () => isEnded(tower))
      expect(tower.ended).toMatchObject({ refund: 'refunded' })
    },
  )

  it('L5 H29: a height of years to come, told once, is no reason to raise nothing any more', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    const { long } = market.nets
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    long.held = ({ does, fee }) => does.is === 'refund' && fee < 6n
    const isRefund = ({ does }: Chain.Tx) => does.is === 'refund'
    let isLying = true
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      async tip(o) {
        const fact = await adapter.tip(o)
        return isLying ? { ...fact, value: { ...fact.value, height: fact.value.height + 1_000_000n } } : fact
      },
    })
    const tower = towerOf(market, newest(owner), FIRST, { wrap, storage: createMemoryStorage() })
    await Process.drive(market, () => long.mempool.some(isRefund))
    isLying = false
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toMatchObject({ refund: 'refunded' })
    expectGains(market, ALICE, 'no-deal')
  })

  it('L5 L7: what no block took while one could is made for more, where each version has a time of its own', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    const { long } = market.nets
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    const isRefund = ({ does }: Chain.Tx) => does.is === 'refund'
    long.held = (tx) => isRefund(tx) && tx.fee < 20n
    let since = 0
    const wrap = ({ network, ...adapter }: SwapAdapter): SwapAdapter => ({
      ...adapter,
      network: { ...network, fees: networks.solana.fees },
      async submit(signed, o) {
        since = long.tip.height
        return adapter.submit(signed, o)
      },
      async status(submission, o) {
        const fact = await adapter.status(submission, o)
        if (fact.value.is !== 'pending' || long.tip.height <= since) return fact
        long.mempool = long.mempool.filter((tx) => !isRefund(tx))
        return { ...fact, value: { is: 'replaced', by: '' } }
      },
    })
    const tower = towerOf(market, newest(owner), FIRST, { wrap, storage: createMemoryStorage() })
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toMatchObject({ refund: 'refunded' })
    expectGains(market, ALICE, 'no-deal')
  })

  it('S13 H29: an endpoint that says that it failed, and that the deadline is always ten blocks off, costs ever fewer fees too', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    const { long } = market.nets
    const { agreement } = Process.agreed(market).signed
    const terms = { ...agreement.long, deadline: { network: LONG, clock: 'height', value: 200n } as const }
    lockBy(market, terms)
    mine(market)
    const made = new Set<string>()
    const slow = ({ network, ...rest }: SwapAdapter): SwapAdapter => {
      const conservative = { ...network.timing.conservative, inclusion: 64n }
      return { ...rest, network: { ...network, timing: { ...network.timing, conservative } } }
    }
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...counting(slow(adapter), () => 190n - (long.tip.clock - EPOCH)),
      submit(signed, o) {
        if (made.size < 50) made.add(signed.step.conflictKey)
        return made.size < 50 ? adapter.submit(signed, o) : Promise.reject(new Error('enough'))
      },
      async status(submission, o) {
        const fact = await adapter.status(submission, o)
        const { height, hash } = fact.asOf
        if (fact.value.is === 'pending') return fact
        return { ...fact, value: { is: 'failed', id: submission.id, block: { height, hash } } }
      },
      async findSpend(of, lock, o) {
        const read = await adapter.findSpend(of, lock, o)
        return read.is === 'found' ? { is: 'absent', fact: { ...read.fact, value: null } } : read
      },
    })
    const task = { do: 'claim', terms, rungs: [] } as const
    const job = { issue: 1n, hashlock: terms.hashlock, tasks: [task], secret: Process.secretOf() }
    const tower = towerOf(market, job, FIRST, { wrap, storage: createMemoryStorage() })
    const end = long.tip.height + 60
    await Process.drive(market, () => long.tip.height >= end)
    tower.stop.abort()
    expect(made.size).toBeGreaterThan(2)
    expect(made.size).toBeLessThan(12)
  })

  it('S13 H29: an endpoint that tells ever more blocks has it raised no faster than time goes', async () => {
    const { market, job } = await gone({ long: 'contract', short: 'contract' }, ALICE)
    const { long } = market.nets
    long.held = ({ does }) => does.is === 'refund'
    const made: string[] = []
    let told = 0n
    let isLying = true
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      async tip(o) {
        const fact = await adapter.tip(o)
        if (isLying) told += 1_000n
        return { ...fact, value: { ...fact.value, height: fact.value.height + told } }
      },
      submit(signed, o) {
        if (signed.step.kind === 'refund' && !made.includes(signed.id)) made.push(signed.id)
        // Whoever makes them without end in one block isn't waited for.
        if (made.length > 50) isLying = false
        return adapter.submit(signed, o)
      },
    })
    const tower = towerOf(market, job, FIRST, { wrap, storage: createMemoryStorage() })
    await Process.drive(market, () => made.length > 0)
    const end = long.tip.height + 12
    await Process.drive(market, () => long.tip.height >= end)
    expect(made.length).toBeGreaterThan(1)
    expect(made.length).toBeLessThan(30)
    long.held = () => false
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toMatchObject({ refund: 'refunded' })
  })

  it('S13 H29: whatever market an endpoint makes up, it pays no more than the lock is worth', async () => {
    const { market, deal, job } = await gone({ long: 'contract', short: 'contract' }, ALICE)
    const { amount } = deal.signed.agreement.long
    const paid: bigint[] = []
    const made = 1_000_000n * amount
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      feeRates: async () => ({ slow: made, normal: made, fast: made }),
      submit(signed, o) {
        paid.push(signed.step.maxFee.amount)
        return adapter.submit(signed, o)
      },
    })
    const tower = towerOf(market, job, FIRST, { wrap, storage: createMemoryStorage() })
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toMatchObject({ refund: 'refunded' })
    for (const fee of paid) expect(fee).toBeLessThanOrEqual(amount)
    expectGains(market, ALICE, 'no-deal')
  })

  it('S13 H29: nor for what an endpoint says that is owed', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    market.nets.long.apart = 7n
    const owner = ownerOf(market, ALICE)
    const deal = Process.agreed(market)
    Process.start(owner.process, deal)
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    const { amount } = deal.signed.agreement.long
    const paid: bigint[] = []
    const made = 1_000_000n * amount
    const wrap = (adapter: SwapAdapter): SwapAdapter => ({
      ...adapter,
      feeRates: async () => ({ slow: made, normal: made, fast: made }),
      async dues(...asked: Parameters<NonNullable<SwapAdapter['dues']>>) {
        const fact = (await adapter.dues?.(...asked)) as Fact.Fact<readonly Due[]>
        return { ...fact, value: fact.value.map((due) => ({ ...due, amount: made })) }
      },
      submit(signed, o) {
        if (signed.step.kind === 'collect') paid.push(signed.step.maxFee.amount)
        return adapter.submit(signed, o)
      },
    })
    const tower = towerOf(market, newest(owner), FIRST, { wrap, storage: createMemoryStorage() })
    await Process.drive(market, () => paid.length > 0)
    for (const fee of paid) expect(fee).toBeLessThanOrEqual(amount)
    tower.stop.abort()
  })

  it('L2 L7: many jobs of one account at once each get a nonce of their own', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    const { long } = market.nets
    const { agreement } = Process.agreed(market).signed
    const deadline = { ...agreement.long.deadline, value: long.tip.clock + 3n }
    const all = Array.from({ length: 12 }, (_, i) => ({
      ...agreement.long,
      deadline,
      salt: new Uint8Array(32).fill(i),
    }))
    for (const terms of all) lockBy(market, terms)
    mine(market)
    const storage = createMemoryStorage()
    const towers = all.map((terms) => {
      const task = { do: 'refund', terms, rungs: [] } as const
      return towerOf(market, { issue: 1n, hashlock: terms.hashlock, tasks: [task] }, FIRST, { storage })
    })
    await Process.drive(market, () => towers.every(isEnded), { blocks: 10 })
    for (const { ended } of towers) expect(ended).toEqual({ refund: 'refunded' })
  })

  it('one that remembers nothing pays twice (negative control)', async () => {
    const { ids, spent } = await returning('after', undefined)
    expect(new Set(ids).size).toBe(2)
    expect(spent).toBeGreaterThan((await returning('after', createMemoryStorage())).spent)
  })

  it('H26 L7: what its refund leaves behind is collected for the owner too, payment and deposit', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    market.nets.long.apart = 7n
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    const tower = towerOf(market, newest(owner), FIRST)
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toEqual({ refund: 'refunded', claim: 'nothing' })
    expect(locksBy(market, ALICE).map(({ owes }) => owes)).toEqual([{ payment: 0n, deposit: 0n }])
    expectGains(market, ALICE, 'no-deal')
    expect(tower.progress.filter(({ is }) => is === 'trouble' || is === 'owed')).toEqual([])
  })

  it('H26: what it can’t collect is told, once, and it ends; the owner collects it when it is back', async () => {
    const market = marketOf({ long: 'contract', short: 'contract' })
    market.nets.long.apart = 7n
    const storage = createMemoryStorage()
    const owner = ownerOf(market, ALICE, { storage })
    const deal = Process.agreed(market)
    Process.start(owner.process, deal)
    await Process.drive(market, () => isLocked(market, ALICE))
    const { context, swap } = owner.process
    if (swap === undefined) throw new Error('no swap')
    const job = WatchJob.of(context, swap, { prepaid: ['refund'] })
    kill(owner.process)
    const tower = towerOf(market, job)
    await Process.drive(market, () => isEnded(tower))
    expect(tower.ended).toMatchObject({ refund: 'refunded' })
    const owed = tower.progress.flatMap((one) => (one.is === 'owed' ? [one.due] : []))
    expect(owed).toMatchObject([
      { kind: 'payment', amount: 1000n },
      { kind: 'deposit', amount: 7n },
    ])
    const back = ownerOf(market, ALICE, { storage }).process
    Process.start(back, deal)
    await Process.finish(market, back)
    expect(back.outcome).toBe('no-deal')
    expectGains(market, ALICE, 'no-deal')
  })
})

describe('a tower that isn’t honest', () => {
  const act = fc.record({
    job: fc.nat(),
    task: fc.nat(1),
    lock: fc.nat(),
    rung: fc.nat(),
    blocks: fc.nat(6),
  })

  it('L7 H6 S5: whatever it sends of any job, at whatever time and fee, or withholds, costs the owner a fee at most', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...crossed),
        fc.boolean(),
        fc.array(act, { maxLength: 40 }),
        async (kinds, goesOn, acts) => {
          const market = marketOf(kinds)
          const policy = { ...risk, fees: { [LONG]: 50n, [SHORT]: 50n } }
          const owner = ownerOf(market, BOB, { policy })
          const alice = Process.create(market, ALICE)
          const deal = Process.agreed(market)
          Process.start(alice, deal)
          Process.start(owner.process, deal)
          await Process.drive(market, () => isLocked(market, BOB))
          kill(owner.process)
          if (!goesOn) kill(alice)
          const jobs = owner.jobs.map((job) => WatchJob.open(job, keyOf(BOB)))
          const honest = towerOf(market, newest(owner), FIRST)
          const queue = [...acts]
          let wait = 0
          await Process.drive(market, () => isEnded(honest) && Process.isDone(alice), {
            each: () => {
              if (wait-- > 0) return
              const { job: j, task: i, lock, rung, blocks } = queue.shift() ?? { ...acts[0], blocks: 0 }
              wait = blocks
              if (j === undefined || i === undefined || lock === undefined || rung === undefined) return
              const job = jobs[j % jobs.length] as WatchJob.WatchJob
              const task = job.tasks[i % job.tasks.length] as WatchJob.Task
              const ladder = task.rungs[lock % Math.max(1, task.rungs.length)]?.ladder ?? []
              const signed = ladder[rung % Math.max(1, ladder.length)]
              if (signed === undefined) return
              const net = task.terms.backend.network === LONG ? market.nets.long : market.nets.short
              const whole = task.do === 'claim' ? completed(market, net, signed) : signed
              const tx = whole && ModelAdapter.transactionOf(whole.id, whole.raw)
              // What misses its secret, or isn't final yet, no node takes in.
              if (tx !== undefined && Chain.canInclude(net.kind, net.tip.ledger, tx, net.tip.clock + 1n))
                Net.accept(net, tx)
            },
          })
          if (goesOn) expect(alice.outcome).toBe('deal')
          expectWhole(market, BOB)
          const [long, short] = goesOn ? [1000n, -5000n] : [0n, 0n]
          expect(balance(market, 'long', BOB)).toBeGreaterThanOrEqual(FUNDS + long - 60n)
          expect(balance(market, 'short', BOB)).toBeGreaterThanOrEqual(FUNDS + short - 60n)
        },
      ),
      { numRuns: Math.min(8, Number(process.env['FC_NUM_RUNS'] ?? 8)) },
    )
  })

  it('L7: one of two that withholds, or runs another swap’s job, changes nothing', async () => {
    const market = marketOf({ long: 'utxo', short: 'contract' })
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => isLocked(market, ALICE))
    kill(owner.process)
    expect(() => WatchJob.open(owner.jobs.at(-1) as Uint8Array, keyOf(BOB))).toThrow(/can't be read/)
    const job = newest(owner)
    // Its terms with another amount, and with the deadline moved: no chain has such a lock, and nothing is sent.
    const bent = {
      ...job,
      tasks: job.tasks.map((task) => ({ ...task, terms: { ...task.terms, amount: task.terms.amount + 1n } })),
    }
    const strange = towerOf(market, bent, SECOND)
    const tower = towerOf(market, job, FIRST)
    await Process.drive(market, () => isEnded(tower))
    expect(strange.progress.filter(({ is }) => is === 'sent')).toEqual([])
    strange.stop.abort()
    expect(balance(market, 'long', SECOND)).toBe(PURSE)
    expectGains(market, ALICE, 'no-deal')
  })
})
