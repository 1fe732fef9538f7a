import { CoreErrors, type Signed, type Step } from '@aitbc/core'
import { Ladder, type Runner, type Side } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { account, EPOCH, LONG, network, profiles, terms } from './model/fixtures.js'

const until = { network: LONG, clock: 'median-time', value: EPOCH } as const
const asset = `${LONG}/coin:native` as const
const { signal } = new AbortController()

const step = (fee: bigint, more: Partial<Step> = {}): Step => ({
  network: LONG,
  kind: 'refund',
  from: account('long', 'somebody'),
  format: 'model/tx',
  payload: new Uint8Array(0),
  maxFee: { asset, amount: fee },
  conflictKey: 'one',
  ...more,
})

const signOf = async (one: Step): Promise<Signed> => ({
  step: one,
  id: String(one.maxFee.amount),
  raw: new Uint8Array(0),
})

/** A side whose market asks so much; nothing else of it is asked here. */
const sideOf = (normal: bigint, replacement: boolean | 'after-drop' = true): Side.Side =>
  ({
    adapter: {
      network: network(LONG, 'utxo'),
      profile: profiles.utxo,
      capabilities: { locks: true, proofs: 'state', replacement },
      feeRates: async () => ({ slow: normal, normal, fast: normal }),
    },
  }) as unknown as Side.Side

const build = (
  normal: bigint,
  cap: bigint | undefined,
  make: (rate: bigint) => Promise<readonly Step[]> = async (rate) => [step(rate * 3n)],
  replacement: boolean | 'after-drop' = true,
) => Ladder.build(sideOf(normal, replacement), make, signOf, { until, cap, signal })

const fees = (ladder: Ladder.Ladder) => ladder.map((one) => one.step.maxFee.amount)

describe('rates', () => {
  it('L5: each rung pays a half more than the one before, up to 128 times what the market asks', () => {
    expect(Ladder.rates(10n, 'named')).toEqual([10n, 40n, 160n, 640n, 1280n])
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 14n }), fc.constantFrom('key', 'named'), (from, payee) => {
        const rates = Ladder.rates(from, payee)
        const first = from > 0n ? from : 1n
        expect(rates[0]).toBe(first)
        expect(rates.at(-1)).toBe(first * Ladder.SPAN)
        expect(rates.length).toBeLessThanOrEqual(Ladder.MAX_RUNGS)
        for (const [i, rate] of rates.entries()) {
          const before = rates[i - 1]
          if (before !== undefined) expect(rate * 8n).toBeGreaterThanOrEqual(before * 9n)
        }
      }),
    )
  })
})

describe('what an act may pay', () => {
  const capOf = (kind: 'utxo' | 'contract', of: string, budget?: bigint) => {
    const chain = network(LONG, kind)
    const native = { ...chain.native, decimals: 3 }
    const adapter = { network: { ...chain, native }, profile: profiles[kind] }
    const terms = { asset: of as typeof asset, amount: 1_000_000n }
    return Ladder.capOf({ adapter } as unknown as Side.Side, terms, budget)
  }

  it('S13: the budget; else what is locked, half of it where that pays, and one coin where it is a token', () => {
    expect(capOf('contract', asset, 7n)).toBe(7n)
    expect(capOf('contract', asset)).toBe(1_000_000n)
    expect(capOf('utxo', asset)).toBe(500_000n)
    expect(capOf('contract', `${LONG}/erc20:0x11`)).toBe(1000n)
    expect(capOf('contract', `${LONG}/erc20:0x11`, 7n)).toBe(7n)
  })
})

describe('ladders', () => {
  it('L5 H8: the last rung pays the whole budget, none pays more, none less than the one before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: 1n, max: 100_000n }),
        fc.bigInt({ min: 1n, max: 40_000_000n }),
        async (normal, cap) => {
          const paid = fees(await build(normal, cap))
          for (const [i, fee] of paid.entries()) {
            expect(fee).toBeLessThanOrEqual(cap)
            expect(fee).toBeGreaterThan(paid[i - 1] ?? 0n)
          }
          // Three units a rate: the last rung is within one rate of the budget, or at the end of the span.
          const most = cap < 3n * normal * Ladder.SPAN ? cap : 3n * normal * Ladder.SPAN
          if (cap >= 3n) expect(most - (paid.at(-1) ?? 0n)).toBeLessThan(3n)
          else expect(paid).toEqual([])
        },
      ),
    )
  })

  it('S13 H29: a market that would eat much of what it may pay leaves cheaper ones below, for an endpoint may have made it up', async () => {
    const paid = fees(await build(100_000n, 1000n))
    expect(paid.slice(0, 4)).toEqual([3n, 6n, 9n, 15n])
    expect(paid.at(-1)).toBeGreaterThan(996n)
    // Where versions can't replace each other, what the market asks is all that there is.
    expect(fees(await build(100_000n, 1000n, undefined, 'after-drop'))).toEqual([999n])
    // Nothing else is worth the time to sign it.
    expect(fees(await build(10n, 1000n))[0]).toBe(30n)
  })

  it('L5: what the lock can pay ends it', async () => {
    const make = async (rate: bigint) => {
      if (rate > 40n) throw new Error('dust would be left')
      return [step(rate)]
    }
    expect(fees(await build(10n, undefined, make))).toEqual([10n, 15n, 23n, 35n])
    await expect(build(50n, undefined, make)).rejects.toThrow('dust')
    // A market beyond what the lock can pay leaves what it can: all from the relay minimum on.
    const poor = async (rate: bigint) => {
      if (rate > 4n) throw CoreErrors.InvalidAmount('dust would be left')
      return [step(rate)]
    }
    expect(fees(await build(1000n, undefined, poor))).toEqual([1n, 2n, 3n])
  })

  it('has one rung where versions can’t replace each other, and where steps expire', async () => {
    expect(fees(await build(10n, undefined, undefined, 'after-drop'))).toEqual([30n])
    const expiring = async (rate: bigint) => [
      step(rate, { validUntil: { network: LONG, clock: 'height', value: 7n } }),
    ]
    expect(fees(await build(10n, undefined, expiring))).toEqual([10n])
  })

  it('is empty where the wallet only sends', async () => {
    const ladder = await Ladder.build(
      sideOf(5n),
      async (rate) => [step(rate)],
      async () => undefined,
      {
        until,
        cap: undefined,
        signal,
      },
    )
    expect(ladder).toEqual([])
  })

  it('tells what lasts until the deadline', () => {
    const at = (clock: 'height' | 'median-time', value: bigint) =>
      Ladder.isLasting({ validUntil: { network: LONG, clock, value } }, until)
    expect(Ladder.isLasting({}, until)).toBe(true)
    expect(at('median-time', EPOCH)).toBe(true)
    expect(at('median-time', EPOCH - 1n)).toBe(false)
    expect(at('height', EPOCH)).toBe(false)
  })

  it('L5: what costs more than it may is made at the nearest rate that doesn’t, or not at all', async () => {
    const make = async (rate: bigint) => [step(7n + rate * 2n)]
    const paid = async (most: bigint | undefined) => {
      const steps = await Ladder.priced(make, 100n, { asset, most })
      return steps === undefined ? undefined : Ladder.costOf(steps, asset)
    }
    expect(await paid(undefined)).toBe(207n)
    expect(await paid(207n)).toBe(207n)
    const less = await paid(100n)
    expect(less).toBeLessThanOrEqual(100n)
    expect(less).toBeGreaterThan(60n)
    expect(await paid(8n)).toBeUndefined()
  })

  it('S13 L4: what is wanted is found where most of the cost is the same at any rate, and no more is paid', async () => {
    const paid = async (least: bigint, floor: bigint) => {
      // As a deposit is; a replacement pays more than the one before at any rate.
      const make = async (rate: bigint) => [step(20_000_000n + (rate > floor ? rate : floor))]
      const steps = await Ladder.priced(make, 2000n, { asset, least, most: 20_250_000n })
      return steps && Ladder.costOf(steps, asset)
    }
    expect(await paid(20_189_000n, 128_001n)).toBe(20_189_000n)
    expect(await paid(20_250_000n, 128_001n)).toBe(20_250_000n)
    expect(await paid(20_150_000n, 1n)).toBe(20_150_000n)
    expect(await paid(20_250_000n, 250_001n)).toBeUndefined()
  })

  it('L5 H8: an adapter refuses what leaves dust, and rates out of bounds; what it takes between is found', async () => {
    const bounded = (dust: bigint, least = 1000n) => {
      const asked: bigint[] = []
      const make = async (rate: bigint) => {
        asked.push(rate)
        if (rate < least || rate > 10_000_000n) throw CoreErrors.InvalidArgument('a rate out of bounds')
        if (rate * 3n > dust) throw CoreErrors.InvalidAmount('dust would be left')
        return [step(rate * 3n)]
      }
      return { make, asked }
    }
    const paid = async (make: ReturnType<typeof bounded>['make'], market: bigint, most: bigint) => {
      const steps = await Ladder.priced(make, market, { asset, most })
      return steps && Ladder.costOf(steps, asset)
    }
    // A market at which the lock would be gone, or nothing of it left but dust.
    for (const market of [200_000n, 1_000_000n, 10_000_000n]) {
      const cost = await paid(bounded(300_000n).make, market, 150_000n)
      expect(cost).toBeLessThanOrEqual(150_000n)
      expect(cost).toBeGreaterThan(130_000n)
    }
    // Whatever the rate, it costs what it must beat.
    const beaten = async (rate: bigint) => {
      if (rate < 1000n) throw CoreErrors.InvalidArgument('a rate out of bounds')
      return [step(70_000n + rate)]
    }
    expect(await paid(beaten, 20_000n, 60_000n)).toBeUndefined()
    expect(await paid(beaten, 20_000n, 72_000n)).toBeGreaterThan(70_000n)
    // As where each signature costs more than what it is asked for.
    const signed = async (rate: bigint) => [step(5000n + (20_000n * rate + 999_999n) / 1_000_000n)]
    expect(await paid(signed, 50_000_000n, 5100n)).toBeGreaterThan(5090n)
    // Where nothing can be made, the adapter says why; an endpoint that is silent isn't asked again.
    await expect(paid(bounded(0n).make, 50_000n, 150_000n)).rejects.toThrow('dust')
    let silent = 0
    const dead = async () => {
      silent++
      throw CoreErrors.RpcUnreachable('nobody answers')
    }
    await expect(paid(dead, 50_000n, 150_000n)).rejects.toThrow('nobody')
    expect(silent).toBe(1)
  })

  it('L5: a replacement that costs what it replaces at any low rate reaches what is wanted all the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: 1n, max: 500n }),
        fc.bigInt({ min: 1n, max: 5000n }),
        fc.bigInt({ min: 0n, max: 9000n }),
        async (market, floor, more) => {
          const make = async (rate: bigint) => {
            if (rate > 5000n) throw CoreErrors.InvalidAmount('more than is taken for meant')
            return [step(rate * 3n > floor ? rate * 3n : floor)]
          }
          const wanted = floor + more
          const steps = await Ladder.priced(make, market, { asset, least: wanted, most: wanted })
          const paid = steps && Ladder.costOf(steps, asset)
          if (3n * market > wanted && paid === undefined) return
          expect(paid).toBeLessThanOrEqual(wanted)
          // Three units a rate, and nearly is enough.
          expect(paid).toBeGreaterThan(wanted - wanted / 16n - 3n)
        },
      ),
    )
  })
})

describe('what is prepared for', () => {
  it('L7 H29: of many locks the deepest, whatever is told to wait beside them', () => {
    const one = terms('long', 'utxo', EPOCH + 100n)
    const side = sideOf(1n)
    const adapter = { ...side.adapter, arm: async () => [] }
    const lockOf = (ref: string, depth: bigint) => ({
      lock: { ref, transaction: ref, amount: one.amount, match: 'exact' },
      ...{ depth, final: depth > 0n, assurance: 'reported' },
    })
    const told = ['a', 'b', 'c', 'd', 'e'].map((ref) => lockOf(ref, 0n))
    const view = { long: { is: 'seen', locks: [...told, lockOf('agreed', 3n)] }, short: { is: 'unseen' } }
    const unarmed = Ladder.unarmed(
      { sides: { [LONG]: { ...side, adapter } } } as unknown as Runner.Context,
      {
        state: { role: 'follower', durable: { terms: { long: one } }, view },
        book: new Map(),
      } as unknown as Runner.Swap,
    )
    expect(unarmed.map(({ lock }) => lock.ref)).toEqual(['agreed', 'a', 'b', 'c'])
  })
})
