import type { LockTerms } from '@aitbc/core'
import { type Standing, SwapMachine } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import type { Role } from '../../src/Agreement.js'
import { partiesOf } from '../../src/check/explore.js'
import { givesBack } from '../../src/check/Party.js'
import type { Setting } from '../../src/check/Setting.js'
import {
  claimPhases,
  explored,
  gapOf,
  hasty,
  revealOf,
  revealPhases,
  type Symmetric,
  violationOf,
} from './settings.js'

const grid: readonly Symmetric[] = [false, true].flatMap((late) =>
  [
    { E: 0, S: 1, R: 0, O: 0, k: 0 },
    { E: 0, S: 2, R: 0, O: 1, k: 0 },
    { E: 1, S: 2, R: 0, O: 0, k: 1 },
    { E: 0, S: 2, R: 1, O: 0, k: 1 },
    { E: 0, S: 1, R: 1, O: 0, k: 2 },
  ].map((one) => ({ ...one, late })),
)

const small: Setting = {
  chains: {
    long: {
      lead: 0,
      lag: 0,
      inclusion: 2,
      finality: 1,
      reorg: 1,
      outage: 0,
      lateClaims: true,
      lateLocks: true,
      shown: true,
    },
    short: {
      lead: 0,
      lag: 1,
      inclusion: 1,
      finality: 1,
      reorg: 1,
      outage: 1,
      lateClaims: false,
      lateLocks: false,
      shown: false,
    },
  },
  deadlines: { short: 12, long: 21 },
  rules: { launch: 9, lock: 7, reveal: 5, apart: 7 },
  offline: 1,
  detection: 0,
  reorgs: 1,
  honest: ['follower'],
  clocks: 'free',
  from: 'agreed',
}

const steady: Setting = { ...small, clocks: { long: 0, short: -1 } }

describe('the specification’s formulas', () => {
  it.each(grid)(
    'S6 S18: E=$E S=$S R=$R O=$O k=$k late=$late: the gap of the formula is safe, one tick less is not',
    (of) => {
      expect(violationOf(claimPhases(of, gapOf(of)))).toBeUndefined()
      expect(violationOf(claimPhases(of, gapOf(of) - 1))).toMatch(/^S6: the follower is underwater/)
    },
  )

  it.each(grid)(
    'S7: E=$E S=$S R=$R O=$O k=$k late=$late: the reveal of the formula is safe, one tick later is not',
    (of) => {
      expect(violationOf(revealPhases(of, revealOf(of)))).toBeUndefined()
      expect(violationOf(revealPhases(of, revealOf(of) - 1))).toMatch(/^S6: the initiator is underwater/)
    },
  )
})

describe('every history of a small world, from the agreement on', () => {
  it.each(['follower', 'initiator'] as const)(
    'S2 S4 S6 S7 S8 S9 S12 S15 S18 L2 L6: an honest %s is whole whatever happens',
    (role) => {
      const found = explored({ ...steady, honest: [role] })
      expect(found.violation).toBeUndefined()
      expect([...found.outcomes].sort()).toEqual(['deal', 'free-ride', 'no-deal'])
      expect(found.states).toBeGreaterThan(1000)
    },
  )

  it('L1: two honest parties whose locks are included in time come to a deal, whatever the delays', () => {
    const found = explored({
      ...small,
      chains: { ...small.chains, short: { ...small.chains.short, outage: 0 } },
      deadlines: { short: 12, long: 21 },
      honest: ['initiator', 'follower'],
      offline: 0,
      reorgs: 0,
      clocks: { long: 0, short: -1 },
      fair: true,
    })
    expect(found.violation).toBeUndefined()
    expect([...found.outcomes]).toEqual(['deal deal'])
  })

  it('default: one exploration is the same as another, and as one that takes no instant for another', () => {
    const one = { ...steady, offline: 0, reorgs: 0, honest: ['initiator'] } as const
    const [first, again, exact] = [explored(one), explored(one), explored({ ...one, exact: true })]
    expect(again).toEqual(first)
    expect({ ...exact, steps: 0 }).toEqual({ ...first, steps: 0 })
    expect(exact.steps).toBeGreaterThan(first.steps)
  })

  it('default: explorations that differ in clocks alone share what the parties decide, and come to the same as alone', () => {
    const one = { ...steady, offline: 0, reorgs: 0 }
    const other = { ...one, clocks: { long: -1, short: 0 } }
    const shared = partiesOf(one, SwapMachine)
    const [first, second, alone] = [
      explored(one, SwapMachine, shared),
      explored(other, SwapMachine, shared),
      explored(other),
    ]
    expect({ ...second, steps: 0 }).toEqual({ ...alone, steps: 0 })
    expect(second.steps - first.steps).toBeLessThan(alone.steps)
    // What is shared may be full.
    const full = () => {
      throw new Error('too many')
    }
    expect(explored(other, SwapMachine, full)).toEqual(alone)
  })
})

describe('machines that are wrong', () => {
  const without = (change: (command: SwapMachine.Command, state: SwapMachine.SwapState) => boolean) => ({
    ...SwapMachine,
    step: (state: SwapMachine.SwapState, event: SwapMachine.SwapEvent) => {
      const next = SwapMachine.step(state, event)
      return { ...next, commands: next.commands.filter((command) => !change(command, next.state)) }
    },
  })

  it('S6: one that never claims loses its lock', () => {
    const idle = without((command) => command.do === 'claim')
    expect(explored({ ...steady, lax: true }, idle).violation?.message).toMatch(/^S6/)
  })

  it('L6: one that never refunds is stuck', () => {
    const idle = without((command) => command.do === 'refund')
    expect(explored({ ...steady, offline: 0, reorgs: 0, lax: true }, idle).violation?.message).toMatch(
      /^L6: no end is reached/,
    )
  })

  it('S15: one that decides otherwise at a second look is found out', () => {
    let asked = 0
    const fickle = without((command) => command.do === 'lock' && asked++ % 2 === 0)
    expect(explored(steady, fickle).violation?.message).toMatch(/^S15: the same sight of the/)
  })

  it('S7: one that reveals against a lock that is not final leaks', () => {
    const found = explored({ ...steady, honest: ['initiator'] }, hasty)
    expect(found.violation?.message).toMatch(
      /^S7: the secret leaves without an exact, final, unspent short lock/,
    )
  })
})

describe('each rule has a machine that breaks it', () => {
  type State = SwapMachine.SwapState
  type Change = (
    next: SwapMachine.Transition,
    event: SwapMachine.SwapEvent,
    before: State,
  ) => SwapMachine.Transition
  const wrong = (change: Change) => ({
    ...SwapMachine,
    step: (state: State, event: SwapMachine.SwapEvent) =>
      change(SwapMachine.step(state, event), event, state),
  })
  const commands = (map: (command: SwapMachine.Command, state: State) => readonly SwapMachine.Command[]) =>
    wrong((next) => ({ ...next, commands: next.commands.flatMap((command) => map(command, next.state)) }))
  const durable = (change: (durable: SwapMachine.Durable) => Partial<SwapMachine.Durable>) =>
    wrong((next) => ({
      ...next,
      state: { ...next.state, durable: { ...next.state.durable, ...change(next.state.durable) } },
    }))
  const own = ({ role, view }: State) => {
    const seen = view[role === 'initiator' ? 'long' : 'short']
    return seen.is === 'seen' ? seen.locks : []
  }
  const refund = ({ role, durable: { terms } }: State): SwapMachine.Command[] => {
    const leg = role === 'initiator' ? 'long' : 'short'
    const lock = { ref: leg, transaction: leg, amount: 2n, match: 'exact' } as const
    return [
      { do: 'refund', key: `refund/${leg}/${leg}`, leg, terms: terms[leg] as LockTerms.LockTerms, lock },
    ]
  }

  const chain = {
    ...{ lead: 0, lag: 0, inclusion: 1, finality: 1, reorg: 1, outage: 0 },
    ...{ lateClaims: false, lateLocks: false, shown: false },
  }
  const tiny: Setting = {
    chains: { long: chain, short: chain },
    deadlines: { short: 7, long: 8 },
    rules: { launch: 5, lock: 3, reveal: 1, apart: 1 },
    ...{ offline: 0, detection: 0, reorgs: 0, honest: ['follower'], from: 'agreed' },
    clocks: { long: 0, short: 0 },
  }
  const initiator: Setting = { ...tiny, honest: ['initiator'] }
  const undone: Setting = {
    ...initiator,
    deadlines: { short: 9, long: 12 },
    rules: { launch: 7, lock: 5, reveal: 3, apart: 3 },
    reorgs: 1,
    drops: true,
  }
  const deep = { ...chain, reorg: 2 }
  const beyond: Setting = { ...initiator, chains: { long: deep, short: deep }, reorgs: 1, beyond: true }

  const cases: readonly (readonly [string, RegExp, Setting, typeof SwapMachine])[] = [
    [
      'S2: refunds what is claimed',
      /^S2: the follower refunds what is claimed/,
      tiny,
      wrong((next) =>
        own(next.state).some(({ spend }) => spend?.spend.kind === 'claim' && spend.depth > 0n && !spend.final)
          ? { ...next, commands: [...next.commands, ...refund(next.state)] }
          : next,
      ),
    ],
    [
      'S3: claims with anything',
      /^S3: the follower claims with what opens no lock/,
      tiny,
      commands((c) => [c.do === 'claim' && c.secret !== 'own' ? { ...c, secret: new Uint8Array(32) } : c]),
    ],
    [
      'S4: refunds before the deadline',
      /^S4: the follower refunds before the deadline/,
      tiny,
      wrong((next) =>
        own(next.state).some((view) => view.depth > 0n)
          ? { ...next, commands: [...next.commands, ...refund(next.state)] }
          : next,
      ),
    ],
    [
      'S5: claims its own lock',
      /^S5: the initiator would claim the long leg/,
      initiator,
      commands((c) => [c.do === 'claim' ? { ...c, leg: 'long' } : c]),
    ],
    [
      'S8: locks when it likes',
      /^S8: the follower locks with 2 ticks left/,
      tiny,
      {
        ...SwapMachine,
        start: (role, terms, rules) => SwapMachine.start(role, terms, { ...rules, lock: 2n }),
      },
    ],
    [
      'S9: locks under another key',
      /^S9: the initiator orders a second lock/,
      initiator,
      commands((c) => [c.do === 'lock' ? { ...c, key: `${c.key}/again` } : c]),
    ],
    [
      'S9: locks before that is durable',
      /^S9: the initiator locks before that is durable/,
      initiator,
      durable(() => ({ ordered: false })),
    ],
    [
      'S12: hides a deep reorganisation',
      /^S12: a lock that was final is gone, and there is no alarm/,
      beyond,
      durable(() => ({ settled: [] })),
    ],
    [
      'S12: gives no alarm',
      /^S12: an alarm without its reason, or a reason without the alarm/,
      beyond,
      commands((c) => (c.do === 'alarm' ? [] : [c])),
    ],
    [
      'S14: has its secret at hand',
      /^S14: the initiator claims with its own secret at hand/,
      initiator,
      commands((c) => [c.do === 'claim' ? { ...c, secret: new Uint8Array(32) } : c]),
    ],
    [
      'S15: forgets its end',
      /^S15: the initiator has finished, and that is not durable/,
      initiator,
      wrong(
        ({
          state: {
            durable: { outcome: _, ...rest },
            ...state
          },
          commands,
        }) => ({
          state: { ...state, durable: rest },
          commands,
        }),
      ),
    ],
    [
      'S18: calls everything a deal',
      /^S18: the initiator says deal, the chains say no-deal/,
      initiator,
      wrong(({ state, commands }) => {
        const { outcome } = state.durable
        if (outcome === undefined) return { state, commands }
        return {
          state: { ...state, durable: { ...state.durable, outcome: 'deal' } },
          commands: commands.map((c) => (c.do === 'finish' ? { ...c, outcome: 'deal' } : c)),
        }
      }),
    ],
    [
      'L2: leaves its lock behind',
      /^L2: the initiator has finished and left its lock behind/,
      initiator,
      wrong((next) =>
        own(next.state).some((view) => view.final)
          ? {
              state: { ...next.state, durable: { ...next.state.durable, outcome: 'no-deal' } },
              commands: [{ do: 'finish', key: 'finish', outcome: 'no-deal' }],
            }
          : next,
      ),
    ],
    [
      'L3: decides otherwise after a restart',
      /^L3: the initiator decides "lock\/long", and after a crash ""/,
      { ...initiator, keeps: true },
      wrong((next, event, before) => {
        const view = event.is === 'seen' ? before.view[event.leg] : undefined
        const restarted = view?.is === 'unreadable' && view.latest === undefined && before.durable.ordered
        return restarted ? { ...next, commands: next.commands.filter((c) => c.do !== 'lock') } : next
      }),
    ],
    [
      'L4: sends a claim once',
      /^L4: the initiator's claim is due, and not sent/,
      undone,
      commands((c, { durable: { revealed } }) => (c.do === 'claim' && revealed ? [] : [c])),
    ],
    [
      'L4: sends a refund late',
      /^L4: the initiator's refund is due, and not sent/,
      initiator,
      commands((c) => (c.do === 'refund' ? [] : [c])),
    ],
  ]

  it.each(cases)('%s', (_, message, setting, machine) => {
    expect(explored(setting, machine).violation?.message).toMatch(message)
  })

  it.each([tiny, initiator, beyond, { ...initiator, keeps: true, from: 'launched' }, undone] as const)(
    'default: the machine itself breaks none of them, %#',
    (setting) => {
      expect(explored(setting).violation).toBeUndefined()
    },
  )
})

describe('refunds that both sign for, before the deadline', () => {
  const chain = {
    ...{ lead: 0, lag: 0, inclusion: 1, finality: 1, reorg: 1, outage: 0 },
    ...{ lateClaims: true, lateLocks: true, shown: true },
  }
  const world = (role: Role, change: Partial<Setting> = {}): Setting => ({
    chains: { long: chain, short: chain },
    deadlines: { short: 7, long: 10 },
    rules: { launch: 5, lock: 3, reveal: 1, apart: 3 },
    ...{ offline: 0, detection: 0, reorgs: 0, honest: [role], from: 'agreed' },
    clocks: { long: 0, short: 0 },
    ...{ together: true, cancels: true },
    ...change,
  })

  it.each(['initiator', 'follower'] as const)(
    'S6 S12 S18 L2: an honest %s that may be told to stop at any time, and be asked at any time, is whole',
    (role) => {
      let given = 0
      const counting = (standing: Standing.Standing) => {
        const gives = givesBack(standing)
        given += Number(gives)
        return gives
      }
      // An initiator helps only where it never locked, so that lies of endpoints change nothing for it, and take long.
      const lies = role === 'initiator' ? ({ truthful: true } as const) : {}
      const found = explored(world(role, lies), { ...SwapMachine, givesBack: counting })
      expect(found.violation).toBeUndefined()
      expect([...found.outcomes].sort()).toEqual(['deal', 'free-ride', 'no-deal'])
      expect(given).toBeGreaterThan(0)
    },
  )

  it.each<[string, Role, (standing: Standing.Standing) => boolean]>([
    ['S6: a follower that helps before it has stopped', 'follower', ({ own }) => own !== 'open'],
    ['S6: a follower that helps with its own lock out', 'follower', ({ stopped }) => stopped],
    ['S6: an initiator that helps before it has stopped', 'initiator', () => true],
  ])('%s is robbed', (_, role, helps) => {
    const found = explored(world(role, { truthful: true }), { ...SwapMachine, givesBack: helps })
    expect(found.violation?.message).toMatch(new RegExp(`^S6: the ${role}`))
  })
})

describe('how long it takes at most', () => {
  const kinds = [
    { role: 'initiator', late: false },
    { role: 'initiator', late: true },
    { role: 'follower', late: false },
  ] as const
  const times = [
    { S: 1, F: 1, O: 0 },
    { S: 2, F: 1, O: 0 },
    { S: 1, F: 2, O: 0 },
    { S: 1, F: 1, O: 1 },
  ]
  type Case = (typeof kinds)[number] & (typeof times)[number]
  const world = ({ role, late, S, F, O }: Case): Setting => {
    const chain = {
      ...{ lead: 0, lag: 0, inclusion: S, finality: F, reorg: 1, outage: 0 },
      ...{ lateClaims: late, lateLocks: late, shown: late },
    }
    const short = 3 * S + 2 * F + 2
    return {
      chains: { long: chain, short: chain },
      deadlines: { short, long: short + S + O + (late ? S + 1 : 0) },
      rules: { launch: short - 2, lock: 2 * S + F, reveal: S, apart: S + O + (late ? S + 1 : 0) },
      ...{ offline: O, detection: 0, reorgs: 0, honest: [role], from: 'agreed' },
      ...{ clocks: { long: 0, short: 0 }, lax: true, truthful: true },
    }
  }
  /** The own leg's clock when the last one ends, beyond its deadline. */
  const beyond = (of: Case, machine = SwapMachine) => {
    const setting = world(of)
    const found = explored(setting, machine)
    expect(found.violation).toBeUndefined()
    return found.settled + 1 - setting.deadlines[of.role === 'initiator' ? 'long' : 'short']
  }
  const late: typeof SwapMachine = {
    ...SwapMachine,
    step(state, event) {
      const next = SwapMachine.step(state, event)
      const own = next.state.view[next.state.role === 'initiator' ? 'long' : 'short']
      const isLate = ({ terms }: { readonly terms: LockTerms.LockTerms }) =>
        own.is === 'seen' && own.now.value > terms.deadline.value
      return { ...next, commands: next.commands.filter((c) => c.do !== 'refund' || isLate(c)) }
    },
  }

  it.each(
    kinds.flatMap((kind, i) =>
      times.slice(0, i === 0 ? times.length : 1).map((time) => ({ ...kind, ...time })),
    ),
  )(
    'L2: $role, late claims $late, S=$S F=$F O=$O: all is back or swapped by T + S + F + O; later with a machine that refunds a tick late',
    (of) => {
      expect(beyond(of)).toBe(of.S + of.F + of.O)
      expect(beyond(of, late)).toBe(of.S + of.F + of.O + 1)
    },
  )
})
