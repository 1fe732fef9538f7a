import { ethereum } from '@aitbc/core/networks'
import { type Planner, Policy, RingPlanner, SwapMachine } from '@aitbc/swap'
import { checkRing, type RingAssumptions, type RingTerms, ringTermsOf } from '@aitbc/swap/check'
import { describe, expect, it } from 'vitest'
import { exploreRing } from '../../src/check/exploreRing.js'
import { scaleRing } from '../../src/check/ring.js'
import { profiles } from '../model/fixtures.js'
import { agreementOf, NOW } from '../ring/fixtures.js'
import { hasty } from './settings.js'

type Kind = keyof typeof profiles
const chain = (arc: number, kind: Kind, inclusion: bigint): Planner.LegChain => {
  const timing = { lead: 0n, lag: 0n, inclusion, finality: 1n, reorg: 0n, outage: 0n }
  return {
    network: { ...ethereum, id: `check:${arc}`, timing: { standard: timing, conservative: timing } },
    profile: profiles[kind],
  }
}
const policy: Policy.Policy = { ...Policy.standard, offline: 0n, detection: 0n, reorgs: 0n }
const ring = (
  kinds: readonly Kind[],
  inclusion = 2n,
): { assumptions: RingAssumptions; planned: RingTerms } => {
  const chains = kinds.map((kind, arc) => chain(arc, kind, inclusion))
  const { gaps, start } = RingPlanner.margins(chains, policy)
  return {
    assumptions: { chains, policy, tick: 1n },
    planned: { gaps: gaps.map(({ seconds }) => seconds), start: start.seconds },
  }
}
const less = ({ gaps, start }: RingTerms, arc: number, by = 1n): RingTerms => ({
  gaps: gaps.map((gap, i) => (i === arc ? gap - by : gap)),
  start,
})
const any = ['deal', 'free-ride', 'no-deal']

describe('a ring, each member against all others together', () => {
  it.each([
    ['three', ring(['contract', 'utxo', 'contract'], 1n)],
    ['four', ring(['contract', 'contract', 'utxo', 'contract'], 1n)],
  ] as const)(
    'S7 S8 S18 S20 S21 L1: of %s the plan is safe, and all come to a deal where all are honest',
    async (_, { assumptions, planned }) => {
      const result = await checkRing(planned, assumptions)
      expect(result).toMatchObject({ ok: true, outcomes: assumptions.chains.map(() => any) })
      expect(result.states).toBeGreaterThan(1000)
    },
  )

  it.each([
    [ring(['contract', 'utxo', 'contract']), 0],
    [ring(['contract', 'contract', 'utxo', 'contract'], 1n), 1],
  ] as const)(
    'S21: a second less before one arc, and its locker is robbed: ring and arc %#',
    async (of, arc) => {
      const result = await checkRing(less(of.planned, arc), of.assumptions)
      if (result.ok) throw new Error('no counterexample')
      const { message, honest, story, inequality } = result.counterexample
      expect(message).toMatch(new RegExp(`^S21: member ${arc + 1}, of S6: the follower is underwater`))
      expect(honest).toEqual([arc + 1])
      expect(story.at(-1)).toMatch(/the follower finishes: underwater/)
      const planned = of.planned.gaps[arc] as bigint
      expect(inequality).toMatch(
        new RegExp(
          `^T_${arc} − T_${arc + 1} is ${planned - 1n} s; the planner's bound: .* ≥ ${planned} s = `,
        ),
      )
    },
  )

  it('S20: deadlines that don’t fall are none of a ring', async () => {
    const { assumptions, planned } = ring(['contract', 'contract', 'contract'])
    const result = await checkRing(less(planned, 1, planned.gaps[1]), assumptions)
    expect(result).toMatchObject({
      ok: false,
      counterexample: { message: "S20: arc 2 doesn't end before arc 1", honest: [2] },
    })
  })

  it('L1: a start that leaves no time for all locks ends without a deal', async () => {
    const { assumptions, planned } = ring(['contract', 'contract', 'contract'])
    const result = await checkRing({ ...planned, start: planned.start - 6n }, assumptions)
    expect(result).toMatchObject({ ok: false, counterexample: { honest: [0, 1, 2] } })
    if (!result.ok) {
      expect(result.counterexample.message).toMatch(/^L1: all are honest and in time, and end with no-deal/)
      expect(result.counterexample.inequality).toMatch(/^T − now is 6 s; .* T − now ≥ 12 s/)
    }
  })

  it('L1: where an arc’s clock may run ahead, the planned start leaves its locker the time', async () => {
    const { assumptions } = ring(['contract', 'contract', 'contract'], 1n)
    const chains = assumptions.chains.map((one, i) => {
      const timing = { ...one.network.timing.standard, lead: i === 1 ? 4n : 0n }
      return { ...one, network: { ...one.network, timing: { standard: timing, conservative: timing } } }
    })
    const { gaps, start } = RingPlanner.margins(chains, policy)
    const terms = { gaps: gaps.map(({ seconds }) => seconds), start: start.seconds }
    expect(await checkRing(terms, { ...assumptions, chains })).toMatchObject({
      ok: true,
      outcomes: [any, any, any],
    })
  })

  it('L1 S21: a ring that was planned a while ago is the one that was planned, as long as its leader locks', async () => {
    const { assumptions, planned } = ring(['contract', 'utxo', 'contract'], 1n)
    const coarse = { ...assumptions, tick: 3n }
    const fresh = await checkRing(planned, coarse)
    const { rest } = RingPlanner.margins(assumptions.chains, policy)
    const last = { ...planned, start: rest[0]?.seconds ?? 0n }
    expect(fresh).toMatchObject({ ok: true, outcomes: [any, any, any] })
    expect(await checkRing(last, coarse)).toEqual(fresh)
    expect(await checkRing(less(last, 0), coarse)).toMatchObject({
      ok: false,
      counterexample: { honest: [1], message: expect.stringMatching(/^S21/) },
    })
    expect(await checkRing({ ...last, start: last.start - 1n }, coarse)).toMatchObject({
      ok: false,
      counterexample: { message: expect.stringMatching(/^L1/) },
    })
  })

  it('error: InvalidAgreement (4001), UnsupportedClock (4004), CheckTooLarge (4030), and the reason of an abort', async () => {
    const { assumptions, planned } = ring(['contract', 'contract', 'contract'], 1n)
    const { gaps, start } = planned
    await expect(checkRing({ gaps: gaps.slice(1), start }, assumptions)).rejects.toMatchObject({ code: 4001 })
    await expect(checkRing(planned, undefined as never)).rejects.toMatchObject({ code: 1013 })
    const two = { ...assumptions, chains: assumptions.chains.slice(1) }
    await expect(checkRing({ gaps: gaps.slice(1), start }, two)).rejects.toMatchObject({ code: 4001 })
    const [first, ...rest] = assumptions.chains as [Planner.LegChain]
    const heights = { ...first, network: { ...first.network, clock: 'height' as const } }
    await expect(checkRing(planned, { ...assumptions, chains: [heights, ...rest] })).rejects.toMatchObject({
      code: 4004,
    })
    const early = { ...first, profile: { ...first.profile, early: 1n } }
    await expect(checkRing(planned, { ...assumptions, chains: [early, ...rest] })).rejects.toMatchObject({
      code: 4004,
      context: { early: 1n },
    })
    for (const wrong of [{ start: 1 }, { gaps: [1, 1] }])
      await expect(checkRing({ ...planned, ...wrong } as never, assumptions)).rejects.toMatchObject({
        code: 1013,
      })
    for (const some of [[], [3], [1, 1], [0.5]])
      await expect(checkRing(planned, assumptions, { together: [some] })).rejects.toMatchObject({
        code: 4001,
        context: { argument: 'options.together' },
      })
    const clocks = { ...assumptions, clocks: 'fre' } as never
    await expect(checkRing(planned, clocks)).rejects.toMatchObject({ code: 1013 })
    await expect(checkRing(planned, assumptions, { states: 50 })).rejects.toMatchObject({ code: 4030 })
    const [world] = scaleRing(planned, assumptions).world([0, 1, 2], true)
    if (world === undefined) throw new Error('no world')
    for (const [bound, limits] of [
      ['states', { states: 5 }],
      ['memory', { memory: 300 }],
    ] as const)
      await expect(exploreRing(world, SwapMachine, limits)).rejects.toMatchObject({
        code: 4030,
        context: { bound },
      })
    const reason = new Error('enough')
    await expect(checkRing(planned, assumptions, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('behavior: the times of an agreement are those of its deadlines', () => {
    const agreement = agreementOf(['contract', 'utxo', 'contract'], [NOW + 90n, NOW + 70n, NOW + 40n])
    expect(ringTermsOf(agreement, NOW)).toEqual({ gaps: [20n, 30n], start: 40n })
    // In milliseconds nobody would lock, and nobody lose.
    expect(() => ringTermsOf(agreement, NOW * 1000n)).toThrow(expect.objectContaining({ code: 1004 }))
    const [first, ...rest] = agreement.arcs as [(typeof agreement.arcs)[number]]
    const height = { ...first.deadline, clock: 'height', value: 900_000n } as const
    expect(() => ringTermsOf({ arcs: [{ ...first, deadline: height }, ...rest] }, NOW)).toThrow(
      expect.objectContaining({ code: 4004 }),
    )
  })
})

describe('two honest members at once', () => {
  const { assumptions, planned } = ring(['contract', 'utxo', 'contract'], 1n)

  it('S18 S21 L2 L6: whoever of three is hostile, neither of the others loses its arc', async () => {
    const result = await checkRing(planned, assumptions, {
      together: [
        [0, 1],
        [1, 2],
      ],
    })
    expect(result).toMatchObject({ ok: true })
    expect(result.states).toBeGreaterThan(5000)
  })

  const wrong = (
    change: (
      commands: readonly SwapMachine.Command[],
      state: SwapMachine.SwapState,
    ) => readonly SwapMachine.Command[],
  ) => ({
    ...SwapMachine,
    step: (state: SwapMachine.SwapState, event: SwapMachine.SwapEvent) => {
      const next = SwapMachine.step(state, event)
      return { ...next, commands: change(next.commands, next.state) }
    },
  })
  const world = (honest: readonly number[]) => {
    const [setting] = scaleRing(planned, assumptions).world(honest, true)
    if (setting === undefined) throw new Error('no world')
    return setting
  }

  it('S20: a machine that refunds before the deadline is found out', async () => {
    const selfless = wrong((commands, state) => {
      const { short } = state.view
      const terms = state.durable.terms.short
      const lock = short.is === 'seen' ? short.locks[0]?.lock : undefined
      if (state.role === 'initiator' || lock === undefined || terms === undefined) return commands
      return [...commands, { do: 'refund', key: `refund/short/${lock.ref}`, leg: 'short', terms, lock }]
    })
    const { violation } = await exploreRing(world([0, 1, 2]), selfless, {})
    expect(violation?.message).toMatch(/^S20: member [12] refunds arc [12] with \d+ ticks left/)
    expect(violation?.story[0]).toBe('tick 0: honest: 0, 1, 2')
    expect(violation?.story.some((line) => line.includes('the lock of arc 0: in'))).toBe(true)
  })

  it('S21 S7: a member that never claims is robbed, and a leader that reveals at once breaks its own rule', async () => {
    const idle = wrong((commands, { role }) =>
      commands.filter((c) => c.do !== 'claim' || role === 'initiator'),
    )
    const robbed = await exploreRing(world([0, 1, 2]), idle, {})
    expect(robbed.violation?.message).toMatch(/^S21: member \d's arc is claimed|^member \d: L4/)
    const leaked = await exploreRing(world([0, 1, 2]), hasty, {})
    expect(leaked.violation?.message).toMatch(/^member \d: S[78]: /)
  })
})
