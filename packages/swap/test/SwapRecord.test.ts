import type { Deadline, Signed, Step, Submission } from '@aitbc/core'
import { type SwapMachine, SwapRecord } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EPOCH, kinds, LONG, terms } from './model/fixtures.js'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const blob = fc.uint8Array({ maxLength: 80 })
const text = fc.string({ maxLength: 40, unit: 'binary' })
const option = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined })
const clean = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

const deadline = fc
  .bigInt({ min: 500_000_000n, max: 4_294_967_295n })
  .map((value) => ({ network: LONG, clock: 'unix', value }) as const)

const step: fc.Arbitrary<Step> = fc
  .record({
    network: fc.constant(LONG),
    kind: text,
    from: fc.constant(`${LONG}:someone` as const),
    format: text,
    payload: blob,
    maxFee: fc.record({
      asset: fc.constant(`${LONG}/coin:native` as const),
      amount: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
    }),
    conflictKey: text,
    validFrom: option(deadline),
    validUntil: option(deadline),
  })
  .map(clean)

const signed: fc.Arbitrary<Signed> = fc.record({ step, id: text, raw: blob })
const submission: fc.Arbitrary<Submission> = fc
  .record({ step, id: text, raw: option(blob), attempts: fc.array(text, { maxLength: 4 }) })
  .map(clean)

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const u128 = fc.bigInt({ min: 0n, max: 2n ** 128n })
const assurance = fc.constantFrom('proved', 'attested', 'quorum', 'reported')
const flags = fc.record({ long: fc.boolean(), short: fc.boolean() })

const durable: fc.Arbitrary<SwapMachine.Durable> = fc
  .record({
    terms: fc
      .record({
        long: option(fc.constantFrom(...kinds).map((kind) => terms('long', kind, EPOCH + 9n))),
        short: option(fc.constantFrom(...kinds).map((kind) => terms('short', kind, EPOCH))),
      })
      .map(clean),
    rules: fc
      .record({
        launch: u64,
        lock: u64,
        reveal: u64,
        apart: u64,
        assurance,
        lateClaims: flags,
        fees: option(fc.record({ long: option(u128), short: option(u128) }).map(clean)),
        spends: option(fc.record({ long: option(assurance), short: option(assurance) }).map(clean)),
      })
      .map(clean),
    ordered: fc.boolean(),
    revealed: fc.boolean(),
    learned: option(bytes(32)),
    voided: option(fc.constant(true as const)),
    settled: fc.array(text, { maxLength: 4 }),
    stop: option(fc.constantFrom('cancelled', 'too-late', 'reorg', 'recovered-without-terms')),
    outcome: option(fc.constantFrom('deal', 'no-deal', 'free-ride', 'underwater')),
  })
  .map(clean)

const opened = fc
  .record({
    is: fc.constant('opened' as const),
    role: fc.constantFrom('initiator', 'follower'),
    nonce: bytes(8),
    durable,
    agreement: option(blob),
    variant: option(fc.nat(1000)),
  })
  .map(clean)

const entry: fc.Arbitrary<SwapRecord.Entry> = fc.oneof(
  opened,
  fc.record({ is: fc.constant('recovered' as const), opened, made: signed }),
  fc.record({ is: fc.constant('durable' as const), durable }),
  fc.record({
    is: fc.constant('signed' as const),
    key: text,
    signed: fc.array(signed, { maxLength: 3 }),
    undo: fc.array(signed, { maxLength: 2 }),
  }),
  fc.record({ is: fc.constant('sending' as const), key: text, step }),
  fc.record({
    is: fc.constant('submitted' as const),
    key: text,
    submissions: fc.array(submission, { maxLength: 3 }),
  }),
  fc.constant({ is: 'collected' as const }),
) as fc.Arbitrary<SwapRecord.Entry>

describe('SwapRecord', () => {
  it('S15: every kind of entry round trips, to the same bytes', () => {
    fc.assert(
      fc.property(entry, (one) => {
        const encoded = SwapRecord.encode(one)
        const read = SwapRecord.decode(one.is, encoded)
        expect(read).toEqual(one)
        expect(SwapRecord.encode(read)).toEqual(encoded)
      }),
    )
  })

  it('H28 L6: a bound that no deadline can hold is left out, and the journal stays readable', () => {
    const network = 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp'
    const step: Step = {
      network,
      kind: 'claim',
      from: `${network}:a`,
      format: 'x',
      payload: new Uint8Array(1),
      maxFee: { asset: `${network}/slip44:501`, amount: 1n },
      conflictKey: 'k',
    }
    const read = (validUntil: Deadline.Deadline) =>
      SwapRecord.decode(
        'sending',
        SwapRecord.encode({ is: 'sending', key: 'k', step: { ...step, validUntil } }),
      )
    const fine = { network, clock: 'height', value: 499_999_999n } as const
    expect(read(fine)).toEqual({ is: 'sending', key: 'k', step: { ...step, validUntil: fine } })
    for (const wrong of [
      { ...fine, value: 500_000_000n },
      { ...fine, clock: 'unix', value: 1_900_000_000_000n },
    ] as const)
      expect(read(wrong)).toEqual({ is: 'sending', key: 'k', step })
  })

  it('S15: truncated at every byte, or with one more, it is refused with a typed error', () => {
    fc.assert(
      fc.property(entry, (one) => {
        const encoded = SwapRecord.encode(one)
        const refused = expect.objectContaining({ name: 'AitbcError' })
        for (let length = 0; length < encoded.length; length++)
          expect(() => SwapRecord.decode(one.is, encoded.slice(0, length))).toThrow(refused)
        expect(() => SwapRecord.decode(one.is, Uint8Array.of(...encoded, 0))).toThrow(refused)
      }),
      { numRuns: 20 },
    )
  })

  it('S15: any bytes end in an entry or in a typed error', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SwapRecord.KINDS), fc.uint8Array({ maxLength: 300 }), (kind, some) => {
        try {
          expect(SwapRecord.encode(SwapRecord.decode(kind, some))).toEqual(some)
        } catch (error) {
          expect(error).toMatchObject({ name: 'AitbcError' })
        }
      }),
    )
  })

  it('S15: a kind or a value of a later version stops the machine', () => {
    for (const kind of ['', 'compacted', 'OPENED', 'toString', '__proto__'])
      expect(() => SwapRecord.decode(kind, new Uint8Array(0))).toThrow(
        expect.objectContaining({ _tag: 'StateUnreadable', code: 4011 }),
      )
    const one: SwapRecord.Entry = {
      is: 'durable',
      durable: {
        terms: {},
        rules: {
          launch: 0n,
          lock: 0n,
          reveal: 0n,
          apart: 0n,
          assurance: 'proved',
          lateClaims: { long: false, short: false },
        },
        ordered: false,
        revealed: false,
        settled: [],
      },
    }
    const encoded = SwapRecord.encode(one)
    const assurance = 2 + 4 * 8
    for (const at of [assurance, assurance + 1, assurance + 3]) {
      const later = encoded.slice()
      later[at] = 9
      expect(() => SwapRecord.decode('durable', later)).toThrow(
        expect.objectContaining({ _tag: 'StateUnreadable' }),
      )
    }
    // Flags that nobody set yet.
    const bits = assurance + 5
    expect([encoded[bits], SwapRecord.decode('durable', encoded)]).toEqual([0, one])
    for (const flags of [8, 16, 128]) {
      const later = encoded.slice()
      later[bits] = flags
      expect(() => SwapRecord.decode('durable', later)).toThrow(
        expect.objectContaining({ _tag: 'StateUnreadable' }),
      )
    }
  })
})
