import { defineErrors, type Step, type SwapAdapter } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import type { Side } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import { both, expectGains, expectWhole, feesOf, isLocked } from './model/expect.js'
import { LONG, SHORT } from './model/fixtures.js'
import { ALICE, BOB, create, type Market, mine, risk } from './model/market.js'
import * as Process from './model/process.js'

// What is good for some blocks only, as Polkadot's mortal transactions are.

const Refusals = defineErrors({
  Outdated: { code: 9141, retryable: true, hint: 'Make it anew.' },
})
const ERA = 3n

/** The adapter of the long leg, whose claims (or locks) are good for so many blocks; whoever takes the first one loses it, and tells. */
function mortal(
  { nets: { long } }: Market,
  lost: () => void = () => undefined,
  which: 'claim' | 'lock' = 'claim',
) {
  const heightOf = () => BigInt(long.tip.height)
  let first: bigint | undefined
  return (side: Side.Side): Side.Side => {
    const { adapter } = side
    if (adapter.network.id !== LONG) return side
    const changed: SwapAdapter = {
      ...adapter,
      async prepare(intent, o) {
        const steps = await adapter.prepare(intent, o)
        const validUntil = { network: LONG, clock: 'height', value: heightOf() + ERA } as const
        return intent.kind === which ? steps.map((step) => ({ ...step, validUntil })) : steps
      },
      async submit(signed, o) {
        const { kind, validUntil } = signed.step
        if (kind !== which) return adapter.submit(signed, o)
        const until = validUntil?.value ?? 0n
        if (heightOf() > until) throw Refusals.Outdated('the era is over')
        if (first === undefined) lost()
        first ??= until
        return until === first ? { ...signed, attempts: [signed.id] } : adapter.submit(signed, o)
      },
    }
    return { ...side, adapter: changed }
  }
}

describe('a lock that nobody took in its era', () => {
  it('L4 S9: is made anew where it already costs all that it may, as long as a chain takes no two of them', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const policy = { ...risk, fees: { [LONG]: 2n } }
    const { deal, alice, bob } = both(market, { wrap: mortal(market, undefined, 'lock'), policy })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(feesOf(alice, 'lock')).toEqual([2n, 2n])
    expectWhole(market, ALICE, BOB)
  })
})

describe('a lock whose era is over before it is looked at once more', () => {
  it('L1 L4: is sent all the same, dearer, where another one is good again', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    let isMade = false
    const hasty = (side: Side.Side): Side.Side => {
      const { adapter } = side
      if (adapter.network.id !== LONG) return side
      const height = () => BigInt(market.nets.long.tip.height)
      const mortal = (steps: readonly Step[]) => {
        const validUntil = { network: LONG, clock: 'height', value: height() + 1n } as const
        return steps.map((step) => (step.kind === 'lock' ? { ...step, validUntil } : step))
      }
      const changed: SwapAdapter = {
        ...adapter,
        prepare: async (intent, o) => {
          if (intent.kind === 'lock') isMade = true
          return mortal(await adapter.prepare(intent, o))
        },
        replace: async (submission, rate, o) => mortal(await adapter.replace(submission, rate, o)),
        tip: async (o) => {
          if (isMade && !isLocked(market, 'long')) for (let i = 0; i < 2; i++) mine(market)
          return adapter.tip(o)
        },
        submit: async (one, o) => {
          if (height() > (one.step.validUntil?.value ?? height())) throw Refusals.Outdated('the era is over')
          return adapter.submit(one, o)
        },
      }
      return { ...side, adapter: changed }
    }
    const { deal, alice, bob } = both(market, { wrap: hasty, context: { bumpAfter: () => 1n } })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
  })
})

describe('a claim that nobody took in its era', () => {
  it('L5 S6: is made anew where it already costs all that it may', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const policy = { ...risk, fees: { [LONG]: 2n } }
    const { deal, alice, bob } = both(market, {}, { wrap: mortal(market), policy })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => isLocked(market, 'short'))
    await Process.finish(market, alice, bob)
    expect([alice.outcome, bob.outcome]).toEqual(['deal', 'deal'])
    expect(feesOf(bob, 'claim')).toEqual([2n, 2n])
    expectGains(market, BOB, 'deal')
  })

  it.each(['away', 'down'] as const)(
    'L5 S6: is made anew by the first look of who was %s until the last block',
    async (how) => {
      const market = create({ long: 'contract', short: 'utxo' })
      const { long } = market.nets
      const last = Process.agreed(market).signed.agreement.long.deadline.value - 2n
      let isSent = false
      const isGone = () => isSent && long.tip.clock < last
      const wrap = mortal(market, () => {
        isSent = true
      })
      const storage = createMemoryStorage()
      const judge: Process.Options['judge'] = ({ effect, method }) =>
        isGone() && (effect === undefined || method === 'submit') ? 'fail-before' : 'go'
      const { deal, alice, bob } = both(market, {}, { wrap, storage, ...(how === 'away' && { judge }) })
      Process.start(alice, deal)
      Process.start(bob, deal)
      await Process.drive(market, () => isSent)
      bob.dead = how === 'down'
      await Process.drive(market, () => !isGone())
      const back = bob.dead ? Process.create(market, BOB, { wrap, storage }) : bob
      if (back !== bob) Process.start(back, deal)
      await Process.finish(market, alice, back)
      expect([alice.outcome, back.outcome]).toEqual(['deal', 'deal'])
      expectGains(market, BOB, 'deal')
    },
  )

  it('S7: is shown to nobody where a wallet’s owner confirmed it too late for its era, the first time', async () => {
    const market = create({ long: 'utxo', short: 'contract' })
    const { short } = market.nets
    const isOutdated = ({ validUntil }: Step) => short.tip.height > (validUntil?.value ?? 0n)
    let [asked, outdated] = [0, 0]
    const wrap = (side: Side.Side): Side.Side => {
      const { adapter } = side
      if (adapter.network.id !== SHORT) return side
      const prepare: SwapAdapter['prepare'] = async (intent, o) => {
        const validUntil = { network: SHORT, clock: 'height', value: BigInt(short.tip.height) + 1n } as const
        const steps = await adapter.prepare(intent, o)
        return intent.kind === 'claim' ? steps.map((step) => ({ ...step, validUntil })) : steps
      }
      const submit: SwapAdapter['submit'] = async (signed, o) => {
        if (signed.step.kind === 'claim' && isOutdated(signed.step)) {
          outdated++
          throw Refusals.Outdated('the era is over')
        }
        return adapter.submit(signed, o)
      }
      const signer: typeof side.signer = (account, nonce) => {
        const own = side.signer(account, nonce)
        if (own?.kind !== 'signs') return own
        const sign: typeof own.sign = async (step, o) => {
          if (step.kind === 'claim' && asked++ > 0) return new Promise(() => undefined)
          if (step.kind === 'claim')
            await new Promise<void>((resolve) => {
              short.listeners.add(() => {
                if (isOutdated(step)) resolve()
              })
            })
          return own.sign(step, o)
        }
        return { ...own, asks: true, sign }
      }
      return { ...side, adapter: { ...adapter, prepare, submit }, signer }
    }
    const { deal, alice, bob } = both(market, { wrap })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.finish(market, alice, bob)
    expect(asked).toBeGreaterThan(0)
    expect(outdated).toBe(0)
    expect([alice.outcome, bob.outcome]).toEqual(['no-deal', 'no-deal'])
  })

  it('S13 H25: isn’t made anew at each look because an endpoint tells heights of next year', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    let at: number | undefined
    const eclipsed = (side: Side.Side): Side.Side => {
      const { adapter, ...rest } = mortal(market)(side)
      if (adapter.network.id !== LONG) return side
      const tip: SwapAdapter['tip'] = async (o) => {
        const { value, ...fact } = await adapter.tip(o)
        return { ...fact, value: { ...value, height: value.height + 1_000_000n } }
      }
      const submit: SwapAdapter['submit'] = async (signed, o) => {
        if (signed.step.kind !== 'claim') return adapter.submit(signed, o)
        at ??= long.tip.height
        return { ...signed, attempts: [signed.id] }
      }
      return { ...rest, adapter: { ...adapter, tip, submit } }
    }
    const { deal, alice, bob } = both(market, {}, { wrap: eclipsed, context: { bumpAfter: () => 4n } })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => at !== undefined && long.tip.height >= at + 12)
    expect(feesOf(bob, 'claim').length).toBeLessThanOrEqual(4)
    alice.dead = true
    bob.dead = true
  })

  it('S13 H29: where each version may cost its fee, isn’t raised at each look because an endpoint hides it and tells made-up heights', async () => {
    const market = create({ long: 'contract', short: 'utxo' })
    const { long } = market.nets
    let at: number | undefined
    const eclipsed = (side: Side.Side): Side.Side => {
      const { adapter } = side
      if (adapter.network.id !== LONG) return side
      const fees = { model: 'compute-units', unit: 'microlamports/CU', minRelay: 1n, dust: 0n } as const
      const short = (steps: Awaited<ReturnType<SwapAdapter['prepare']>>) =>
        steps.map((step) => ({
          ...step,
          validUntil: { network: LONG, clock: 'height', value: BigInt(long.tip.height) + ERA } as const,
        }))
      const changed: SwapAdapter = {
        ...adapter,
        network: { ...adapter.network, fees },
        prepare: async (intent, o) => {
          const steps = await adapter.prepare(intent, o)
          return intent.kind === 'claim' ? short(steps) : steps
        },
        replace: async (submission, rate, o) => short(await adapter.replace(submission, rate, o)),
        tip: async (o) => {
          const { value, ...fact } = await adapter.tip(o)
          return { ...fact, value: { ...value, height: value.height + 1_000_000n } }
        },
        submit: async (signed, o) => {
          if (signed.step.kind !== 'claim') return adapter.submit(signed, o)
          at ??= long.tip.height
          return { ...signed, attempts: [signed.id] }
        },
      }
      return { ...side, adapter: changed }
    }
    const { deal, alice, bob } = both(market, {}, { wrap: eclipsed, context: { bumpAfter: () => 1n } })
    Process.start(alice, deal)
    Process.start(bob, deal)
    await Process.drive(market, () => at !== undefined && long.tip.height >= at + 12)
    expect(feesOf(bob, 'claim').length).toBeLessThanOrEqual(6)
    alice.dead = true
    bob.dead = true
  })
})
