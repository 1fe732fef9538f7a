import { SwapMachine } from '@aitbc/swap'
import { explore, type Found } from '../../src/check/explore.js'
import type { Machine, Parties } from '../../src/check/Party.js'
import type { Setting } from '../../src/check/Setting.js'

/** The symmetric case of the specification: both chains alike, and skewed by E at most. */
export interface Symmetric {
  readonly E: number
  readonly S: number
  readonly R: number
  readonly O: number
  readonly k: number
  readonly late: boolean
}

const NEVER_REFUSES = -96

/** One that takes a lock for final as soon as a block has it. */
export const hasty: Machine = {
  ...SwapMachine,
  step: (state, event) =>
    SwapMachine.step(
      state,
      event.is === 'seen'
        ? { ...event, locks: event.locks.map((view) => ({ ...view, final: view.depth > 0n })) }
        : event,
    ),
}

/** Δ = 2E + (1 + LATE)·S + O + k(S + R), where R counts only with a reorganisation to it. */
export function gapOf({ E, S, R, O, k, late }: Symmetric): number {
  return 2 * E + (late ? 2 : 1) * S + O + (R > 0 ? k * (S + R) : 0)
}

/** S + k(S + R). */
export function revealOf({ S, R, k }: Symmetric): number {
  return S + (R > 0 ? k * (S + R) : 0)
}

function symmetric({ E, S, R, late }: Symmetric): Setting['chains'] {
  const chain = {
    lead: E,
    lag: E,
    inclusion: S,
    finality: Math.max(R, 1),
    reorg: R,
    outage: 0,
    lateClaims: late,
    lateLocks: late,
    shown: late,
  }
  return { long: chain, short: chain }
}

const skews = (E: number) =>
  [...new Set([-E, E])].flatMap((a) => [...new Set([-E, E])].map((b) => ({ long: a, short: b })))

/** The claim phase of an honest follower with some gap, once for each way the clocks may be off. */
export function claimPhases(of: Symmetric, gap: number): readonly Setting[] {
  const short = of.E + 3
  return skews(of.E).map((clocks) => ({
    chains: symmetric(of),
    deadlines: { short, long: short + gap },
    rules: { launch: NEVER_REFUSES, lock: NEVER_REFUSES, reveal: NEVER_REFUSES, apart: NEVER_REFUSES },
    offline: of.O,
    detection: 0,
    reorgs: of.k,
    honest: ['follower'],
    clocks,
    from: 'locked',
  }))
}

/** An honest initiator whose lock is final and that reveals down to some time left. */
export function revealPhases(of: Symmetric, reveal: number): readonly Setting[] {
  const short = reveal + 2 * of.E + Math.max(of.R, 1) + 4
  return skews(of.E).map((clocks) => ({
    chains: symmetric(of),
    deadlines: { short, long: short + gapOf(of) },
    rules: { launch: NEVER_REFUSES, lock: NEVER_REFUSES, reveal, apart: NEVER_REFUSES },
    offline: of.O,
    detection: 0,
    reorgs: of.k,
    honest: ['initiator'],
    clocks,
    from: 'launched',
  }))
}

/** One exploration to its end. */
export function explored(setting: Setting, machine: Machine = SwapMachine, shared?: () => Parties): Found {
  const steps = explore(setting, machine, { states: 2_000_000, memory: 2 ** 28 }, shared)
  let next = steps.next()
  while (next.done !== true) next = steps.next()
  if ('bound' in next.value) throw new Error(`more than the bound on ${next.value.bound}`)
  return next.value
}

/** The first violation of several explorations. */
export function violationOf(settings: readonly Setting[]): string | undefined {
  for (const setting of settings) {
    const { violation } = explored(setting)
    if (violation !== undefined) return violation.message
  }
  return undefined
}
