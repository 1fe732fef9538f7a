import {
  Deadline,
  type Fact,
  type Lock,
  type LockProfile,
  type LockTerms,
  type Network,
  Verdict,
} from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { establish } from '@aitbc/core/verifier'
import { type Agreement, Planner, Policy, Runner, Side, SwapMachine } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { profiles } from './model/fixtures.js'
import { ALICE, create, sides } from './model/market.js'
import * as Process from './model/process.js'

const NOW = 1_800_000_000n
const { irisnet, ethereum, cosmosHub } = networks
const WINDOW = 10n
const counting: LockProfile = { ...profiles.contract, early: WINDOW - 1n }
const market = create({ long: 'utxo', short: 'contract' })
const { agreement } = Process.agreed(market).signed

/** A leg of a network whose locks count heights. */
const heights = (
  height: bigint,
  pace: NonNullable<Network['pace']> = irisnet.pace,
  id: Network['id'] = irisnet.id,
): Planner.LegChain => ({
  network: { ...irisnet, pace, id },
  profile: counting,
  height,
})
const timed = (network: Network): Planner.LegChain => ({ network, profile: profiles.contract })
const other = 'cosmos:other-1'

const terms = (leg: LockTerms.LockTerms, deadline: Deadline.Deadline): LockTerms.LockTerms => ({
  ...leg,
  deadline,
})
const signed = ({ long, short }: Pick<Planner.Plan, 'long' | 'short'>): Agreement.Agreement => ({
  ...agreement,
  long: terms(agreement.long, long),
  short: terms(agreement.short, short),
})

/** How blocks really come: milliseconds a block, and what a halt takes. */
interface Reality {
  readonly pace: bigint
  readonly halt: bigint
}

const pace = (least: bigint, most: bigint) => fc.bigInt({ min: least, max: most })
const pairs: fc.Arbitrary<readonly [Planner.LegChain, Planner.LegChain]> = fc
  .tuple(fc.bigInt({ min: 1n, max: 50_000_000n }), fc.bigInt({ min: 1n, max: 50_000_000n }))
  .chain(([a, b]) =>
    fc.constantFrom(
      [heights(a), timed(ethereum)] as const,
      [timed(cosmosHub), heights(b)] as const,
      [heights(a), heights(b, { least: 500n, most: 30_000n }, other)] as const,
    ),
  )
const policies = fc.constantFrom(Policy.standard, Policy.conservative)

/** Seconds from now until a leg's claims end, for sure and at the latest. */
function ends(leg: Planner.LegChain, { value }: Deadline.Deadline, { pace, halt }: Reality) {
  if (leg.height === undefined) return { first: value - NOW, last: value - NOW }
  const blocks = value - leg.height
  return {
    first: ((blocks - (leg.profile.early ?? 0n)) * pace) / 1000n,
    last: (blocks * pace) / 1000n + halt,
  }
}

/** The same leg so many seconds later. */
const later = (leg: Planner.LegChain, seconds: bigint, pace: bigint): Planner.LegChain =>
  leg.height === undefined ? leg : { ...leg, height: leg.height + (seconds * 1000n) / pace }

describe('plans with heights', () => {
  it('S6, H28: however fast or slowly blocks come within their bounds, and halts last, the long leg outlasts the short one', () => {
    fc.assert(
      fc.property(
        pairs.chain(([long, short]) => {
          const reality = ({ network }: Planner.LegChain) =>
            fc.record({
              pace: pace(network.pace?.least ?? 1000n, network.pace?.most ?? 1000n),
              halt: fc.bigInt({ min: 0n, max: network.timing.standard.outage }),
            })
          return fc.tuple(fc.constant([long, short] as const), reality(long), reality(short))
        }),
        policies,
        fc.bigInt({ min: 0n, max: 100_000n }),
        ([[long, short], atLong, atShort], policy, slack) => {
          const plan = Planner.plan(long, short, policy, NOW, { slack })
          const { gap, start } = plan.margins
          const far = ends(long, plan.long, atLong).first
          const near = ends(short, plan.short, atShort)
          expect(near.first).toBeGreaterThanOrEqual(start.seconds + slack)
          expect(far - near.last).toBeGreaterThanOrEqual(gap.seconds - atShort.halt)
        },
      ),
    )
  })

  it('the other side accepts a plan within two minutes, and no plan that its own policy finds too tight', () => {
    fc.assert(
      fc.property(
        pairs,
        fc.bigInt({ min: 0n, max: 120n }),
        fc.bigInt({ min: 1000n, max: 10_000n }),
        (both, gone, rate) => {
          const [long, short] = both
          const plan = Planner.plan(long, short, Policy.standard, NOW, { slack: 1000n })
          const [a, b] = [later(long, gone, rate), later(short, gone, rate)]
          const verdict = Planner.audit(signed(plan), a, b, Policy.standard, NOW + gone)
          expect(verdict).toMatchObject({ ok: true })
          const early = {
            ...plan,
            long: Deadline.from({ ...plan.long, value: plan.long.value - unit(long, 300n) }),
          }
          expect(Planner.audit(signed(early), long, short, Policy.standard, NOW)).toMatchObject({
            refusal: { check: 'gap' },
          })
        },
      ),
    )
  })

  it('S8: whatever height was told when both signed, what a follower locks against by the clocks that it sees outlasts its own lock', () => {
    for (const network of [networks.bitcoin, networks.solana, ethereum])
      for (const [long, short] of [
        [timed(network), heights(1000n)],
        [heights(1000n), timed(network)],
      ] as const)
        for (const policy of [Policy.standard, Policy.conservative]) {
          const margins = Planner.margins(long, short, policy)
          const { lead, lag } = network.timing[policy.risk]
          const needed = margins.gap.summands
            .filter(({ name }) => !/^(lead|lag) /.test(name))
            .reduce((sum, { seconds }) => sum + seconds, 0n)
          for (const off of [-lag, 0n, lead]) {
            // Blocks come in a second at least, and in ten at most.
            const [own, apart] = [100_000n, margins.apart.seconds]
            const shortUnits = short.height === undefined ? own : own / 10n
            const longUnits = own + apart + (long.profile.early ?? 0n)
            const at = ({ network: { id, clock } }: Planner.LegChain, value: bigint) =>
              Deadline.from({ network: id, clock, value })
            const now = (leg: Planner.LegChain) => at(leg, leg.height ?? NOW + off)
            const both = {
              long: terms(agreement.long, at(long, now(long).value + longUnits)),
              short: terms(agreement.short, at(short, now(short).value + shortUnits)),
            }
            const left = {
              long: { least: own + apart, most: longUnits * 10n },
              short: { least: shortUnits, most: own },
            }
            const rules = Runner.rulesOf(margins, policy, { long: long.profile, short: short.profile })
            const see = (state: SwapMachine.SwapState, leg: Agreement.Leg, chain: Planner.LegChain) =>
              SwapMachine.step(state, { is: 'seen', leg, locks: [], now: now(chain), left: left[leg] }).state
            const start = SwapMachine.start('follower', both, { ...rules, lock: 0n })
            expect(SwapMachine.isTimely(see(see(start, 'long', long), 'short', short))).toBe(true)
            // What counts seconds may be as far ahead, or behind, as it can be by the time that this matters.
            const first = long.height === undefined ? both.long.deadline.value - lead - NOW : left.long.least
            const last = short.height === undefined ? both.short.deadline.value + lag - NOW : own
            expect(first - last).toBeGreaterThanOrEqual(needed)
          }
        }
  })

  /** So many seconds of a clock. */
  const unit = ({ network }: Planner.LegChain, seconds: bigint) =>
    network.pace === undefined ? seconds : (seconds * 1000n) / network.pace.least

  it('H28: a plan wants the height that its blocks are counted from', () => {
    const { height: _, ...blind } = heights(1n)
    for (const [long, short] of [
      [blind, timed(ethereum)],
      [timed(ethereum), blind],
    ] as const)
      expect(() => Planner.plan(long, short, Policy.standard, NOW)).toThrow(/height of cosmos:irishub-1/)
  })

  it('H4: what would tie funds up for longer than patience allows is refused, by the slowest blocks', () => {
    const [long, short] = [timed(ethereum), heights(1000n)]
    const plan = Planner.plan(long, short, Policy.standard, NOW, { slack: 10_000n })
    expect(Planner.audit(signed(plan), long, short, Policy.standard, NOW).ok).toBe(true)
    const patience = { ...Policy.standard, patience: 99_000n }
    expect(Planner.audit(signed(plan), long, short, patience, NOW)).toMatchObject({
      refusal: { check: 'patience' },
    })
  })

  it('a halt takes nothing from a leg whose deadline it puts off', () => {
    const named = (margins: Planner.Margins) =>
      margins.gap.summands.filter(({ name, seconds }) => name.startsWith('outage') && seconds > 0n)
    expect(named(Planner.margins(heights(1n), timed(cosmosHub), Policy.standard))).toEqual([])
    expect(named(Planner.margins(timed(cosmosHub), heights(1n), Policy.standard))).toMatchObject([
      { name: 'outage of IRISnet', seconds: 21_600n },
    ])
    // Nor from the time to reveal in: what is left of a height's deadline is left after the halt too.
    const halts = ({ reveal }: Planner.Margins) =>
      reveal.summands.filter(({ name }) => name.startsWith('outage')).map(({ seconds }) => seconds)
    expect(halts(Planner.margins(timed(cosmosHub), heights(1n), Policy.conservative))).toEqual([0n])
    expect(halts(Planner.margins(heights(1n), timed(cosmosHub), Policy.conservative))).toEqual([21_600n])
  })
})

describe('a leg that counts heights, as the machine sees it', () => {
  const deadline = Deadline.from({ network: irisnet.id, clock: 'height', value: 20_000n })
  const leg: LockTerms.LockTerms = { ...agreement.short, deadline }
  const base = Side.of(sides(market, ALICE), agreement.short.backend.network)
  const tip: Fact.Tip = { height: 10_000n, hash: 'tip', time: NOW, clock: 10_000n }
  const lock: Lock = { ref: 'ref', transaction: 'tx', amount: leg.amount, match: 'exact' }

  const sideOf = (shown: Fact.Tip, known?: Fact.Tip, proven?: Fact.Tip): Side.Side => {
    const read = {
      is: 'found',
      fact: { value: lock, assurance: 'reported', at: shown, depth: 1n, asOf: shown },
    }
    const nothing = {
      is: 'absent',
      fact: { value: null, assurance: 'reported', at: shown, depth: 1n, asOf: shown },
    }
    return {
      ...base,
      verifier: {
        network: irisnet.id,
        verify: (claim, evidence) =>
          proven === undefined
            ? Verdict.refuse('none', 'there is no evidence')
            : (Verdict.accept(
                establish({
                  ...{ value: claim.lock, assurance: 'proved', at: proven, asOf: proven, evidence },
                  anchor: { network: irisnet.id, height: 1n, hash: 'one', assurance: 'proved' },
                }),
              ) as never),
        ...(known === undefined ? {} : { tip: () => known }),
      },
      adapter: {
        ...base.adapter,
        network: irisnet,
        profile: counting,
        tip: async () => ({ value: shown, assurance: 'reported', at: shown, depth: 1n, asOf: shown }),
        findLocks: async () => [read as Fact.Read<Lock>],
        findSpend: async () => nothing as Fact.Read<never>,
        prove: async () => ({ network: irisnet.id, format: 'x', bytes: new Uint8Array(0) }),
      },
    }
  }
  const look = async (one: Side.Side, options: Parameters<typeof Side.look>[3] = {}) =>
    (await Side.look(one, 'short', leg, { utc: NOW, ...options })).event

  it('default: at least so many seconds as the fastest blocks take, and no block of the window', async () => {
    // 10,000 blocks: 9,991 for sure, of a second at least and ten at most.
    expect(await look(sideOf(tip))).toMatchObject({ is: 'seen', left: { least: 9991n, most: 100_000n } })
    expect(await look(sideOf(tip), { utc: NOW + 60n })).toMatchObject({
      left: { least: 9931n, most: 99_940n },
    })
  })

  it('H25: an endpoint that shows an old block, or another height, has no say where a block is proved', async () => {
    const told = { ...tip, height: 5000n, clock: 5000n }
    expect(await look(sideOf(told))).toMatchObject({ left: { least: 14_991n } })
    expect(await look(sideOf(told, tip))).toMatchObject({ left: { least: 9991n, most: 100_000n } })
    // A block proved with the lock says more than an older one that the light client knows; both hold.
    const older = { ...tip, height: 9000n, clock: 9000n, time: NOW - 5000n }
    const event = await look(sideOf(told, older, tip), { prove: true })
    expect(event).toMatchObject({ is: 'seen', left: { least: 9991n, most: 100_000n } })
    expect(await look(sideOf(told, older))).toMatchObject({ left: { least: 5991n, most: 105_000n } })
    // A tip of hours ago is a doubt, by the time of its block.
    const old = { ...tip, time: NOW - 10_000n }
    expect(await look(sideOf(old))).toMatchObject({ is: 'unreadable', told: { left: { least: -9n } } })
    const ahead = { ...tip, time: NOW + 10_000n }
    expect(await look(sideOf(ahead))).toMatchObject({
      is: 'unreadable',
      why: expect.stringContaining('ahead'),
    })
  })

  it('H28: locks that may end before a deadline in seconds have that much less time', async () => {
    const side = sideOf({ ...tip, clock: NOW })
    const network = { ...cosmosHub, id: irisnet.id } as Network
    const at = Deadline.from({ network: irisnet.id, clock: 'unix', value: NOW + 100n })
    const early = { ...side, adapter: { ...side.adapter, network, profile: { ...counting, early: 30n } } }
    const { event } = await Side.look(early, 'short', { ...leg, deadline: at }, { utc: NOW })
    expect(event).toMatchObject({ is: 'seen', left: { least: 70n, most: 100n } })
  })

  it('a deadline that has passed leaves nothing', async () => {
    const past = { ...tip, height: 20_001n, clock: 20_001n }
    expect(await look(sideOf(past))).toMatchObject({ left: { least: -10n, most: -1n } })
    // What is left is less than the window: some lock may end now.
    const last = { ...tip, height: 19_995n, clock: 19_995n }
    expect(await look(sideOf(last))).toMatchObject({ left: { least: -4n, most: 50n } })
  })

  it('S6 H29: a height past the deadline that no proved block bears out keeps no claim back', async () => {
    const past = { ...tip, height: 20_000n, clock: 20_000n }
    const rules: SwapMachine.Rules = {
      ...{ launch: 100n, lock: 100n, reveal: 50n, apart: 30n, assurance: 'proved' },
      lateClaims: { long: false, short: false },
    }
    const after = async (side: Side.Side) => {
      const durable = { terms: { short: leg }, rules, ordered: true, revealed: true, settled: [] }
      const event = await look(side)
      return SwapMachine.step(SwapMachine.resume('initiator', durable), event).commands.map(
        ({ do: does }) => does,
      )
    }
    expect(await after(sideOf(tip, tip))).toContain('claim')
    expect(await after(sideOf(past, tip))).toContain('claim')
    // What was proved since, or nothing that is proved, leaves it to what is told.
    expect(await after(sideOf(past, past))).not.toContain('claim')
    expect(await after(sideOf(past))).not.toContain('claim')
  })

  it('S7, S8: secrets and locks wait for the seconds that are left, not for the number of blocks', () => {
    const rules: SwapMachine.Rules = {
      ...{ launch: 100n, lock: 100n, reveal: 50n, apart: 30n, assurance: 'proved' },
      lateClaims: { long: false, short: false },
    }
    const long = { ...leg, deadline: { ...deadline, value: 30_000n } }
    const both = { long, short: leg }
    const now = { ...deadline, value: 10_000n }
    const view = { lock, depth: 1n, final: true, assurance: 'proved' } as const
    const decide = (role: 'initiator' | 'follower', left: SwapMachine.Seen['left'], far = left) => {
      let state = SwapMachine.resume(role, {
        terms: both,
        rules,
        ordered: role === 'initiator',
        revealed: false,
        settled: [],
      })
      const commands = []
      for (const [at, its, locks] of [
        ['long', far, [view]],
        ['short', left, role === 'initiator' ? [view] : []],
      ] as const) {
        const step = SwapMachine.step(state, { is: 'seen', leg: at, locks, now, ...(its && { left: its }) })
        state = step.state
        commands.push(...step.commands.map((command) => command.do))
      }
      return commands
    }
    expect(decide('initiator', { least: 50n, most: 500n })).toContain('claim')
    expect(decide('initiator', { least: 49n, most: 490n })).not.toContain('claim')
    // The long leg ends for sure when the short one has ended at the latest, and the margin beyond.
    const near = { least: 100n, most: 1000n }
    expect(decide('follower', near, { least: 1030n, most: 9000n })).toContain('lock')
    expect(decide('follower', near, { least: 1029n, most: 9000n })).not.toContain('lock')
    expect(decide('follower', { least: 99n, most: 990n }, { least: 9000n, most: 9000n })).not.toContain(
      'lock',
    )
  })
})
