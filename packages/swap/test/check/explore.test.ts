import { SwapMachine } from '@aitbc/swap'
import { describe, expect, it } from 'vitest'
import type { Setting } from '../../src/check/Setting.js'
import {
  claimPhases,
  explored,
  gapOf,
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
      const found = explored({ ...small, honest: [role] })
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
    const one = { ...steady, offline: 0, honest: ['initiator'] } as const
    const [first, again, exact] = [explored(one), explored(one), explored({ ...one, exact: true })]
    expect(again).toEqual(first)
    expect({ ...exact, steps: 0 }).toEqual({ ...first, steps: 0 })
    expect(exact.steps).toBeGreaterThan(first.steps)
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
    expect(explored(steady, idle).violation?.message).toMatch(/^S6/)
  })

  it('L6: one that never refunds is stuck', () => {
    const idle = without((command) => command.do === 'refund')
    expect(explored(steady, idle).violation?.message).toMatch(/^L6: no end is reached/)
  })

  it('S15: one that decides otherwise at a second look is found out', () => {
    let asked = 0
    const fickle = without((command) => command.do === 'lock' && asked++ % 2 === 0)
    expect(explored(steady, fickle).violation?.message).toMatch(/^S15: the same sight of the/)
  })

  it('S7: one that reveals against a lock that is not final leaks', () => {
    const hasty = {
      ...SwapMachine,
      step: (state: SwapMachine.SwapState, event: SwapMachine.SwapEvent) =>
        SwapMachine.step(
          state,
          event.is === 'seen'
            ? { ...event, locks: event.locks.map((view) => ({ ...view, final: view.depth > 0n })) }
            : event,
        ),
    }
    const found = explored({ ...steady, honest: ['initiator'] }, hasty)
    expect(found.violation?.message).toMatch(
      /^S7: the secret leaves without an exact, final, unspent short lock/,
    )
  })
})
