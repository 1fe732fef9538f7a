import { isAitbcError } from '@aitbc/core'
import { bitcoin, cosmosHub, ethereum, irisnet, polkadotHub, solana } from '@aitbc/core/networks'
import { Caveats, Planner, type Policy, Premium } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EPOCH, LONG, network, pairs, profiles, SHORT } from './model/fixtures.js'
import { risk } from './model/market.js'

const leg = (id: typeof LONG | typeof SHORT, kind: 'utxo' | 'contract', timing = {}) => ({
  network: network(id, kind, timing),
  profile: profiles[kind],
})
const long = leg(LONG, 'utxo', { inclusion: 20_000n, outage: 30_000n })
const short = leg(SHORT, 'contract', { inclusion: 900n, finality: 1500n })
const now = EPOCH
const plan = Planner.plan(long, short, risk, now)
const basic: Premium.Options = {
  plan,
  now,
  value: { long: 10_000_000n, short: 10_000_000n },
  volatility: 8000n,
  rate: 500n,
}

/** The latest instant at which an honest initiator reveals: its clock may be behind. */
const lastReveal = ({ ends, margins }: Planner.Plan) =>
  ends.short - margins.reveal.seconds + margins.gap.seconds - margins.apart.seconds

describe('a premium', () => {
  it('H3: who walks away keeps no times of its own: its option lasts as long as the chain, or the other one, still takes what it does', () => {
    const slow = leg(SHORT, 'utxo', { lag: 9000n, lead: 7000n, inclusion: 14_000n, finality: 6000n })
    const one = { ...basic, rate: 0n, plan: Planner.plan(long, slow, risk, now) }
    const { initiator, follower } = Premium.of(one)
    const worth = (until: bigint) => 1e7 * 0.8 * Math.sqrt(Number(until - now) / 31_556_952 / (2 * Math.PI))
    const { ends, margins } = one.plan
    const lag = slow.network.timing.standard.lag
    // A claim counts until a refund that was sent when the clock came to the deadline is in; a lock as long as the secret may follow.
    const claimed = ends.short + lag + slow.network.timing.standard.inclusion
    expect(Number(initiator.parts[0]?.amount)).toBeGreaterThanOrEqual(worth(claimed))
    expect(Number(follower.parts[0]?.amount)).toBeGreaterThanOrEqual(
      worth(ends.short + lag - margins.reveal.seconds),
    )
    expect(Number(initiator.amount)).toBeGreaterThan(worth(claimed) + Number(follower.amount) - 1)
  })

  it('H3 H4: covers the option and the capital, and the initiator’s covers the follower’s too', () => {
    const { initiator, follower } = Premium.of(basic)
    for (const { amount, parts } of [initiator, follower])
      expect(amount).toBe(parts.reduce((sum, part) => sum + part.amount, 0n))
    expect(initiator.parts.at(-1)?.amount).toBe(follower.amount)
    // By hand, in floats: V·σ·√(T/2π) and V·r·T.
    const years = (seconds: bigint) => Number(seconds) / 31_556_952
    const option = (end: bigint) => 1e7 * 0.8 * Math.sqrt(years(end - now) / (2 * Math.PI))
    const { margins } = plan
    const wanted = [
      option(plan.short.value + margins.settle.short.seconds),
      1e7 * 0.05 * years(plan.short.value + margins.settle.short.seconds - now),
      option(lastReveal(plan)) + 1e7 * 0.05 * years(plan.long.value + margins.settle.long.seconds - now),
    ]
    for (const [i, { amount }] of initiator.parts.entries()) {
      expect(Number(amount) - (wanted[i] as number)).toBeGreaterThan(-0.01)
      expect(Number(amount) - (wanted[i] as number)).toBeLessThan(2.01)
    }
  })

  it('property: never below the real number, never two units above; more of anything is never less', () => {
    const amount = fc.bigInt(0n, 10n ** 15n)
    const basis = fc.bigInt(0n, 100_000n)
    fc.assert(
      fc.property(amount, amount, basis, basis, fc.nat(500_000), (a, b, volatility, rate, slack) => {
        const later = Planner.plan(long, short, risk, now, { slack: BigInt(slack) })
        const one = { ...basic, value: { long: a, short: b }, volatility, rate }
        const { initiator, follower } = Premium.of(one)
        expect(initiator.amount).toBeGreaterThanOrEqual(follower.amount)
        for (const change of [
          { plan: later },
          { volatility: volatility + 1n },
          { rate: rate + 1n },
          { value: { long: 2n * a, short: 2n * b } },
        ]) {
          const more = Premium.of({ ...one, ...change })
          expect(more.initiator.amount).toBeGreaterThanOrEqual(initiator.amount)
          expect(more.follower.amount).toBeGreaterThanOrEqual(follower.amount)
        }
        const years = Number(plan.short.value + plan.margins.settle.short.seconds - now) / 31_556_952
        const worth = Math.max(Number(a), Number(b))
        const exact =
          Math.abs(Number(a - b)) + worth * (Number(volatility) / 1e4) * Math.sqrt(years / (2 * Math.PI))
        const option = Number(initiator.parts[0]?.amount)
        expect(option).toBeGreaterThanOrEqual(exact * (1 - 1e-9) - 1)
        expect(option).toBeLessThanOrEqual(exact * (1 + 1e-9) + 2)
      }),
    )
  })

  it('nothing is worth nothing, a deadline that is over gives no option', () => {
    const none = Premium.of({ ...basic, value: { long: 0n, short: 0n } })
    expect([none.initiator.amount, none.follower.amount]).toEqual([0n, 0n])
    const over = Premium.of({ ...basic, now: plan.long.value + 10n ** 6n })
    expect([over.initiator.amount, over.follower.amount]).toEqual([0n, 0n])
  })

  it('H3: a leg that counts blocks is an option for as long as those may take', () => {
    const counting = (height: bigint) => ({ network: irisnet, profile: profiles.contract, height })
    for (const [a, b] of [
      [long, counting(30_000_000n)],
      [counting(30_000_000n), short],
    ] as const) {
      const one = { ...basic, plan: Planner.plan(a, b, risk, now) }
      const { ends, margins } = one.plan
      expect(ends.long - ends.short).toBeGreaterThanOrEqual(margins.gap.seconds)
      expect(ends.short - now).toBeGreaterThanOrEqual(margins.start.seconds)
      const { initiator, follower } = Premium.of(one)
      const [option, capital] = initiator.parts
      const years = Number(ends.short + margins.settle.short.seconds - now) / 31_556_952
      expect(Number(option?.amount) / (1e7 * 0.8 * Math.sqrt(years / (2 * Math.PI)))).toBeCloseTo(1, 4)
      for (const part of [capital, ...follower.parts]) expect(part?.amount).toBeGreaterThan(0n)
    }
    expect(plan.ends).toEqual({ long: plan.long.value, short: plan.short.value })
  })

  it('error: numbers out of range are named', () => {
    for (const [change, argument] of [
      // In milliseconds every option would be over, and worth nothing.
      [{ now: now * 1000n }, 'now'],
      [{ now: 800_000n }, 'now'],
      [{ value: { long: -1n, short: 1n } }, 'value.long'],
      [{ volatility: 0.8 }, 'volatility'],
      [{ rate: 1_000_001n }, 'rate'],
    ] as const)
      try {
        Premium.of({ ...basic, ...change } as never)
        expect.unreachable()
      } catch (error) {
        expect(isAitbcError(error, 'InvalidAmount') && error.context.argument).toBe(argument)
      }
  })
})

describe('error: what is missing', () => {
  const named = (argument: string) =>
    expect.objectContaining({ _tag: 'InvalidArgument', context: expect.objectContaining({ argument }) })

  it('InvalidArgument (1013) names it, of a premium and of caveats', () => {
    for (const field of ['plan', 'now', 'value', 'volatility', 'rate'] as const)
      expect(() => Premium.of({ ...basic, [field]: undefined } as never)).toThrow(named(`options.${field}`))
    expect(() => Premium.of(undefined as never)).toThrow(named('options.plan'))
    expect(() => Caveats.of(undefined as never, short, risk)).toThrow(named('long.network'))
    expect(() => Caveats.of(long, { network: short.network } as never, risk)).toThrow(named('short.profile'))
  })
})

describe('what a plan can’t promise', () => {
  it.each(pairs)('between $long and $short: what each chain’s locks leave open, and the policy', (kinds) => {
    const caveats = Caveats.of(leg(LONG, kinds.long), leg(SHORT, kinds.short), {
      ...risk,
      assurance: 'quorum',
    })
    const of = (which: 'long' | 'short') =>
      caveats.filter(({ message }) => message.startsWith(`${which} leg`)).map(({ kind }) => kind)
    const always = ['probabilistic-finality', 'undone', 'clock', 'outage']
    const utxo = [...always, 'late-claims', 'several-locks', 'fees-from-amount', 'unseen']
    for (const which of ['long', 'short'] as const)
      expect(of(which)).toEqual(kinds[which] === 'utxo' ? utxo : [...always, 'queue'])
    expect(caveats.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['tail', 'downtime', 'free-option', 'not-proved']),
    )
    expect(caveats.find(({ kind }) => kind === 'not-proved')?.message).toContain('only quorum')
    expect(caveats.find(({ kind }) => kind === 'tail')?.message).toContain('1e-3')
  })

  it('the clock and the halts that a plan allows for, with their numbers, and what a late claim costs the gap', () => {
    const caveats = Caveats.of(
      leg(LONG, 'utxo', { lead: 71n, lag: 72n, outage: 73n }),
      leg(SHORT, 'utxo', { lead: 81n, lag: 82n, outage: 83n }),
      risk,
    )
    const of = (kind: Caveats.Caveat['kind']) => caveats.filter((one) => one.kind === kind)
    const long = 'long leg, A (utxo): '
    const short = 'short leg, B (utxo): '
    expect(of('clock').map(({ message }) => message)).toEqual([
      `${long}its clock is taken to be at most 72 s behind UTC and 71 s ahead, and to move within that while a claim waits`,
      `${short}its clock is taken to be at most 82 s behind UTC and 81 s ahead, and to move within that while a claim waits`,
    ])
    expect(of('outage').map(({ message }) => message)).toEqual([
      `${long}it is taken to stand still for at most 73 s in all while the swap lasts`,
      `${short}it is taken to stand still for at most 83 s in all while the swap lasts`,
    ])
    const late = 'a claim is accepted after the deadline, until the refund is mined'
    const cycled =
      '. Whoever replaces the refund that waits by a claim, and that by something else, holds it up until its owner looks again'
    expect(of('late-claims').map(({ message }) => message)).toEqual([
      `${long}${late}${cycled}`,
      `${short}${late}; the gap has S and D once more for it${cycled}`,
    ])
  })

  it('the pace of blocks that a deadline counts, and what the policy takes for the end of a lock', () => {
    const blocks = { network: irisnet, profile: profiles.contract }
    const spends = { [irisnet.id]: 'reported', [LONG]: 'attested' } as const
    const caveats = Caveats.of(leg(LONG, 'utxo'), blocks, { ...risk, spends })
    const of = (kind: Caveats.Caveat['kind']) =>
      caveats.filter((one) => one.kind === kind).map(({ message }) => message)
    expect(of('pace')).toEqual([
      'short leg, IRISnet: its locks count blocks, which are taken to come 1000 to 10000 ms apart on average; a halt puts the deadline off',
    ])
    expect(of('ended-unproved')).toEqual([
      'short leg, IRISnet: the policy takes a claim or refund that is only reported for the end of a lock',
    ])
  })

  it('H9: that what a reorganisation undoes is back in a mempool, where one is planned for', () => {
    const undone = (reorg: bigint, reorgs: bigint) =>
      Caveats.of(long, leg(SHORT, 'contract', { reorg }), { ...risk, reorgs }).filter(
        ({ kind, message }) => kind === 'undone' && message.startsWith('short leg, B (contract): what'),
      )
    expect(undone(1n, 1n)).toHaveLength(1)
    for (const [reorg, reorgs] of [
      [0n, 1n],
      [1n, 0n],
    ] as const)
      expect(undone(reorg, reorgs)).toEqual([])
  })

  it('S12: a reorganisation that undoes what is final is one of as many blocks, and not only a deeper one', () => {
    const one = leg(SHORT, 'utxo')
    const six = {
      ...one,
      network: { ...one.network, finality: { rule: 'depth', depth: 6n }, reorgDepth: 9n },
    } as const
    const [found] = Caveats.of(six, long, risk).filter(({ kind }) => kind === 'probabilistic-finality')
    expect(found?.message).toContain('final by depth 6; a reorganisation of so many blocks or more stops')
  })

  it('L5: that a small swap may hold up a larger one of its account while fees are high, where no budget is told', () => {
    const queued = (chain: Planner.LegChain, policy: Policy.Policy = risk) =>
      Caveats.of(leg(LONG, 'utxo'), chain, policy)
        .filter(({ kind }) => kind === 'queue')
        .map(({ message }) => message)
    for (const network of [ethereum, cosmosHub, polkadotHub]) {
      const chain = { network, profile: profiles.contract }
      expect(queued(chain)).toEqual([expect.stringMatching(/^short leg, .*policy\.fees.*hold up a larger/)])
      expect(queued(chain, { ...risk, fees: { [bitcoin.id]: 5n } })).toHaveLength(1)
      expect(queued(chain, { ...risk, fees: { [network.id]: 5n } })).toEqual([])
    }
    expect(queued({ network: solana, profile: profiles.contract })).toEqual([])
    expect(queued({ network: bitcoin, profile: profiles.utxo })).toEqual([])
  })

  it('error: a policy that is none has no caveats', () => {
    for (const wrong of [{ ...risk, risk: 'none' }, undefined, { ...risk, offline: -1n }])
      expect(() => Caveats.of(long, short, wrong as never)).toThrow(
        expect.objectContaining({ _tag: expect.stringMatching(/InvalidPolicy|InvalidAmount/) }),
      )
  })

  it('a careful policy on a chain that is final at once: the less is left to say', () => {
    const careful = { ...risk, risk: 'conservative', assurance: 'proved', fees: { [SHORT]: 1n } } as const
    const instant = leg(SHORT, 'contract')
    const final = { ...instant, network: { ...instant.network, finality: { rule: 'instant' } as const } }
    const kinds = Caveats.of(final, final, careful).map(({ kind }) => kind)
    const each = ['undone', 'clock', 'outage']
    expect(kinds).toEqual(['tail', 'downtime', 'free-option', ...each, ...each])
    expect(Caveats.of(final, final, careful)[0]?.message).toContain('1e-6')
  })
})
