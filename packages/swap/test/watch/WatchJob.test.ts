import { Bytes, Hashlock, type Signed, SwapSeed } from '@aitbc/core'
import { WatchJob } from '@aitbc/swap/watch'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { locksBy } from '../model/expect.js'
import { account, EPOCH, HASHLOCK, kinds, LONG, SECRET, SHORT, terms } from '../model/fixtures.js'
import * as Process from '../model/process.js'
import { ALICE, BOB, keyOf as keyOfOwner, marketOf, ownerOf } from './towers.js'

const seed = new Uint8Array(32).fill(7)
const keyOf = (nonce: number) => SwapSeed.tower(seed, new Uint8Array(8).fill(nonce))
const key = keyOf(1)

const signed = (network: typeof LONG | typeof SHORT): fc.Arbitrary<Signed> =>
  fc.record({
    step: fc.record({
      network: fc.constant(network),
      kind: fc.constantFrom('claim', 'refund'),
      from: fc.constant(account(network === LONG ? 'long' : 'short', 'owner')),
      format: fc.constant('model/tx'),
      payload: fc.uint8Array({ maxLength: 60 }),
      maxFee: fc.record({
        asset: fc.constant(`${network}/coin:native` as const),
        amount: fc.bigInt({ min: 0n, max: 2n ** 128n }),
      }),
      conflictKey: fc.string({ maxLength: 20 }),
    }),
    id: fc.string({ maxLength: 20 }),
    raw: fc.uint8Array({ maxLength: 60 }),
  })

const rungs = (network: typeof LONG | typeof SHORT) =>
  fc.array(
    fc.record({ ref: fc.string({ maxLength: 20 }), ladder: fc.array(signed(network), { maxLength: 4 }) }),
    {
      maxLength: 3,
    },
  )

const task = (does: WatchJob.Task['do'], leg: 'long' | 'short'): fc.Arbitrary<WatchJob.Task> =>
  fc.record({
    do: fc.constant(does),
    terms: fc.constantFrom(...kinds).map((kind) => terms(leg, kind, EPOCH + 50n)),
    rungs: rungs(leg === 'long' ? LONG : SHORT),
  })

const job: fc.Arbitrary<WatchJob.WatchJob> = fc
  .record({
    issue: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    hashlock: fc.constant(HASHLOCK),
    tasks: fc.oneof(
      fc.tuple(task('refund', 'long'), task('claim', 'short')),
      fc.tuple(task('claim', 'long')),
      fc.constant([]),
    ),
    known: fc.boolean(),
  })
  .map(({ known, ...rest }) => (known ? { ...rest, secret: SECRET } : rest))

const sealedJob = (more: Partial<WatchJob.WatchJob> = {}) => {
  const [first] = fc.sample(fc.tuple(task('refund', 'long'), task('claim', 'short')), { seed: 5, numRuns: 1 })
  return WatchJob.seal({ issue: 9n, hashlock: HASHLOCK, tasks: first ?? [], ...more }, key)
}

describe('sealing', () => {
  it('opens to what was sealed, with its key alone', () => {
    fc.assert(
      fc.property(job, (one) => {
        const sealed = WatchJob.seal(one, key)
        expect(WatchJob.open(sealed, key)).toEqual(one)
        expect(WatchJob.decode(WatchJob.encode(one))).toEqual(one)
        // Who has it without the key learns nothing but its length and how new it is.
        expect(Bytes.toHex(sealed)).not.toContain(Bytes.toHex(HASHLOCK))
        for (const other of [keyOf(2), new Uint8Array(32)])
          expect(() => WatchJob.open(sealed, other)).toThrow(/watch job can't be read/)
      }),
    )
  })

  it('L7 H23: a job with any bit flipped, cut anywhere, or longer, is refused with its own error', () => {
    const sealed = sealedJob()
    const refused = (bytes: Uint8Array) => {
      let thrown: unknown
      try {
        WatchJob.open(bytes, key)
      } catch (error) {
        thrown = error
      }
      expect(thrown).toMatchObject({ _tag: 'JobUnreadable', code: 4017, retryable: false })
    }
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.nat(7), (at, bit) => {
        const bent = sealed.slice()
        bent[at] = (bent[at] as number) ^ (1 << bit)
        refused(bent)
      }),
    )
    fc.assert(fc.property(fc.nat(sealed.length - 1), (length) => refused(sealed.slice(0, length))))
    refused(Bytes.concat(sealed, Uint8Array.of(0)))
    // The head of one and the body of another: an old job doesn't pass for a new one.
    const newer = sealedJob({ issue: 10n })
    refused(Bytes.concat(newer.slice(0, 15), sealed.slice(15)))
    refused(Bytes.concat(sealed.slice(0, 15), newer.slice(15)))
  })

  it('S10: two jobs that differ share no part of their ciphertexts, and equal ones are equal', () => {
    const [one, two] = [sealedJob(), sealedJob({ issue: 10n })]
    expect(Bytes.equal(one, sealedJob())).toBe(true)
    expect(Bytes.equal(one.slice(15, 39), two.slice(15, 39))).toBe(false)
  })

  it('no key but one of 32 bytes is taken, and no other type', () => {
    expect(() => WatchJob.open(sealedJob(), new Uint8Array(16))).toThrow(/32/)
    expect(() => WatchJob.open('job' as never, key)).toThrow(/Uint8Array/)
  })
})

describe('the later job', () => {
  it('L3 L7: of an owner that lost its storage, is the one of after its recovery', async () => {
    const market = marketOf({ long: 'utxo', short: 'contract' })
    const owner = ownerOf(market, ALICE)
    Process.start(owner.process, Process.agreed(market))
    await Process.drive(market, () => locksBy(market, ALICE).length > 0)
    const issues = () => owner.jobs.map((job) => WatchJob.open(job, keyOfOwner(ALICE)).issue)
    expect(issues().length).toBeGreaterThan(0)
    owner.process.dead = true
    const fresh = Process.create(market, ALICE)
    expect(await Process.recover(fresh)).toBe(true)
    if (fresh.swap === undefined) throw new Error('there is no swap')
    const { issue } = WatchJob.of(fresh.context, fresh.swap)
    for (const before of issues()) expect(issue).toBeGreaterThan(before)
    fresh.dead = true
  })
})

describe('more than a job holds', () => {
  it('L7 H6: a counterparty that replaced its lock a hundred times leaves a job that opens, with the lock that is there', async () => {
    const market = marketOf({ long: 'utxo', short: 'contract' })
    const owner = ownerOf(market, BOB)
    const deal = Process.agreed(market)
    Process.start(Process.create(market, ALICE), deal)
    Process.start(owner.process, deal)
    await Process.drive(market, () => locksBy(market, BOB).length > 0)
    const { context, swap } = owner.process
    if (swap === undefined) throw new Error('there is no swap')
    const claim = () => WatchJob.of(context, swap).tasks.find((one) => one.do === 'claim')
    const [lock] = locksBy(market, ALICE)
    const armed = swap.book.get(`arm/long/${lock?.ref}`)
    if (armed === undefined) throw new Error('the claim is not armed')
    expect(claim()?.rungs.map(({ ref }) => ref)).toEqual([lock?.ref])
    // Each version of the counterparty's lock was seen, and a claim of it signed.
    for (let i = 0; i < 100; i++) swap.book.set(`arm/long/version-${i}`, armed)
    const opened = WatchJob.open(WatchJob.seal(WatchJob.of(context, swap), key), key)
    const refs = opened.tasks.find((one) => one.do === 'claim')?.rungs.map(({ ref }) => ref)
    expect(refs?.slice(0, 2)).toEqual([lock?.ref, 'version-99'])
    expect(refs?.length).toBe(64)
    owner.process.dead = true
  })

  it('L7: what no tower could open is not sealed', () => {
    const [one] = fc.sample(signed(LONG), { seed: 3, numRuns: 1 })
    const of = (count: number, raw = 0) => {
      const ladder = [{ ...(one as Signed), raw: new Uint8Array(raw) }]
      const many = Array.from({ length: count }, (_, i) => ({ ref: String(i), ladder }))
      const refund = { do: 'refund', terms: terms('long', 'utxo', EPOCH), rungs: many } as const
      return () => WatchJob.seal({ issue: 1n, hashlock: HASHLOCK, tasks: [refund] }, key)
    }
    expect(WatchJob.open(of(64)(), key).tasks[0]?.rungs.length).toBe(64)
    expect(of(65)).toThrow(/watch job can't be read/)
    expect(of(50, 90_000)).toThrow(/watch job can't be read/)
    const twice = { do: 'refund', terms: terms('long', 'utxo', EPOCH), rungs: [] } as const
    expect(() => WatchJob.seal({ issue: 1n, hashlock: HASHLOCK, tasks: [twice, twice] }, key)).toThrow(
      /twice/,
    )
  })
})

describe('jobs that contradict themselves', () => {
  const refusal = (one: WatchJob.WatchJob) => () => WatchJob.decode(WatchJob.encode(one))
  const refund = { do: 'refund', terms: terms('long', 'utxo', EPOCH), rungs: [] } as const

  it('legs of two swaps, one task twice, another network’s step, a secret that opens nothing', () => {
    const base = { issue: 1n, hashlock: HASHLOCK, tasks: [refund] }
    expect(WatchJob.decode(WatchJob.encode(base))).toEqual(base)
    expect(refusal({ ...base, hashlock: Hashlock.of(new Uint8Array(32).fill(1)) })).toThrow(/hashlocks/)
    expect(refusal({ ...base, tasks: [refund, refund] })).toThrow(/twice/)
    expect(refusal({ ...base, secret: new Uint8Array(32).fill(1) })).toThrow(/opens nothing/)
    const [stray] = fc.sample(signed(SHORT), { seed: 1, numRuns: 1 })
    const rungsOf = [{ ref: 'a', ladder: [stray as Signed] }]
    expect(refusal({ ...base, tasks: [{ ...refund, rungs: rungsOf }] })).toThrow(/another leg's/)
  })

  it('bytes of any other form', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let thrown: unknown
        try {
          WatchJob.decode(bytes)
        } catch (error) {
          thrown = error
        }
        // An empty job of any hashlock is one; nothing else that short is.
        if (thrown !== undefined) expect(thrown).toMatchObject({ _tag: 'JobUnreadable' })
      }),
    )
  })
})
