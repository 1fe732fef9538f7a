// A universe from its beginning to its end: instant after instant, what is due happens, everybody acts, and what must hold is checked.
import { Bytes } from '@aitbc/core'
import type { SwapMachine } from '@aitbc/swap'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Chain from '../Chain.js'
import type { Bug } from './Bug.js'
import * as Deal from './Deal.js'
import * as Deeds from './Deeds.js'
import * as Faults from './Faults.js'
import * as Honest from './Honest.js'
import * as Checks from './judge/Checks.js'
import type { Killed } from './judge/Killed.js'
import * as Undone from './judge/Undone.js'
import * as Miners from './Miners.js'
import { budgetOf as budget, describe, draw, EPOCH, LEGS, type Leg, type Plan, type Role } from './Plan.js'
import type { Boundary } from './party/Gate.js'
import { quiet } from './quiet.js'
import * as Rpc from './Rpc.js'
import * as Stage from './Stage.js'
import * as Towers from './Towers.js'

export type { Bug } from './Bug.js'
export { useless } from './Deal.js'
export type { Violation } from './judge/Checks.js'
export type { Killed, Where } from './judge/Killed.js'
export type { Deed, DrawOptions, Fault, HostileAct, Leg, Lie, Moment, Plan, Role } from './Plan.js'
export type { Boundary } from './party/Gate.js'
export { describe, draw, EPOCH }

/** Longest that time jumps, seconds. */
const STRIDE = 1800
/** Most instants of a universe. */
const MOST_STEPS = 6000

/** What became of a universe. */
export interface Report {
  readonly plan: Plan
  /** SHA-256 of its trace: one plan, one hash. */
  readonly hash: string
  /** One line an event. */
  readonly trace: readonly string[]
  readonly violations: readonly Checks.Violation[]
  readonly outcomes: { readonly [R in Role]?: SwapMachine.Outcome }
  /** What each honest party has more or less of than at the beginning on each leg's chain, its own fees aside. */
  readonly change: { readonly [R in Role]?: { readonly [L in Leg]: bigint } }
  /** Where processes stood when they died, in that order. */
  readonly killed: readonly Killed[]
  /** Units that honest parties lost. */
  readonly lost: bigint
  /** Faults and deeds of the plan that made a difference to somebody: were carried out. */
  readonly struck: number
  readonly steps: number
  /** Virtual seconds. */
  readonly seconds: number
}

export interface RunOptions {
  readonly bug?: Bug
  /** What comes of acts is judged, and not the acts themselves. */
  readonly onlyOutcomes?: boolean
  /** Hears of each boundary at which a process could die, and in which instant it comes to it. */
  readonly passed?: (role: Role, boundary: Boundary, instant: number) => void
}

/**
 * Runs a universe to its end, in virtual time: two chains, one or two real runners, whatever the plan says goes wrong. What must hold is
 * checked at every act of an honest party, at every instant, and at the end. The same plan gives the same report.
 *
 * @example
 * import { Universe } from '@aitbc/devnet/world'
 * const report = await Universe.run(Universe.draw('7'))
 * report.violations.length // 0
 */
export async function run(plan: Plan, options: RunOptions = {}): Promise<Report> {
  const { bug, onlyOutcomes = false } = options
  const stage = Stage.create(plan, bug)
  const { deal, chains, trace } = stage
  const { terms, addresses } = deal
  // What is judged is what is right, whatever was signed.
  const margins = bug === undefined ? deal.margins : Deal.of(plan).margins
  const towers = Towers.create(stage)
  // Without a budget no more than the lock is worth.
  const budgetOf = (leg: Leg) => (plan.purse === undefined ? terms[leg].amount : budget(plan.families[leg]))
  const checks = Checks.create({
    ...{ chains, terms, margins, addresses, honest: plan.honest, secret: deal.secret },
    forgetful: plan.faults.flatMap((fault) =>
      fault.is === 'twin' || ('wipe' in fault && fault.wipe) ? [fault.who] : [],
    ),
    budgets: { long: budgetOf('long'), short: budgetOf('short') },
    acts: !onlyOutcomes,
  })
  for (const collision of deal.collisions) checks.fail('S11', collision)
  const undone = Undone.create({
    ...{ chains, terms, addresses, honest: plan.honest },
    ...{ least: margins.launch.seconds, reveal: margins.reveal.seconds, public: checks.public },
    unsure: (role) => honest.isUnsure(role),
    putOff: (role) => honest.isPutOff(role),
  })
  let steps = 0
  const passed = options.passed && ((role: Role, at: Boundary) => options.passed?.(role, at, steps))
  const honest: Honest.Honest = Honest.create(stage, { checks, towers, rpc: Rpc.create(stage), passed })
  const miners = Miners.create(stage)
  const faults = Faults.create(stage, { miners, honest, towers, checks, undone })
  const deeds = Deeds.create(stage, { checks, faults })
  const bound = Deal.end(plan, deal, margins) + 2 * STRIDE

  /** The next instant at which anything can happen. */
  const after = (from: number): number => {
    let next = from + STRIDE
    const sooner = (time: number | undefined) => {
      if (time !== undefined && time > from && time < next) next = time
    }
    sooner(faults.next())
    for (const process of honest.processes) sooner(process.wakes(from))
    sooner(deeds.next(from))
    for (const leg of LEGS) sooner(miners.next(leg, from, [terms[leg].deadline.value, ...deeds.clocks(leg)]))
    return next
  }

  faults.strike()
  for (const process of honest.processes) process.start()
  await quiet()
  while (!honest.isOver() && stage.now < bound && steps < MOST_STEPS && checks.violations.length === 0) {
    steps++
    honest.begin()
    stage.now = after(stage.now)
    miners.mine()
    faults.strike()
    for (const process of honest.processes) process.wake(stage.now)
    await deeds.carryOut()
    await quiet()
    for (const process of honest.processes) process.rest()
    honest.conclude()
    checks.state()
    const unsent = undone.judge(honest.isAble)
    if (unsent !== undefined) checks.fail('L4', unsent)
    const fallen = towers.failure()
    if (fallen !== undefined) checks.fail('L7', fallen)
    const failure = honest.failure()
    if (failure !== undefined && checks.violations.length === 0) checks.fail('L3', failure)
  }
  honest.end()
  towers.end()

  const outcomes: { [R in Role]?: SwapMachine.Outcome } = {}
  const change: { [R in Role]?: { readonly [L in Leg]: bigint } } = {}
  let lost = 0n
  for (const role of plan.honest) {
    const outcome = honest.outcome(role)
    change[role] = checks.change(role)
    if (outcome !== undefined) outcomes[role] = outcome
    if (checks.violations.length === 0 || onlyOutcomes)
      if (towers.has(role)) checks.gone(role)
      else {
        const deceived = honest.isDeceived(role)
        // A process that found nothing has nothing to say.
        const bereft = honest.of(role)?.outcome() === undefined
        checks.end(role, outcome, { deceived, bereft, insolvent: plan.purse === 'short' })
      }
    lost += checks.lost(role)
  }
  for (const { property, message } of checks.violations) stage.told(`violation: ${property}: ${message}`)
  for (const leg of LEGS) trace.push(`${leg} ends with ${Chain.tip(chains[leg]).hash}`)
  await quiet()
  return {
    plan,
    hash: Bytes.toHex(sha256(new TextEncoder().encode(trace.join('\n')))),
    trace,
    violations: checks.violations,
    outcomes,
    change,
    killed: honest.killed(),
    lost,
    struck: stage.struck.size,
    steps,
    seconds: stage.now - EPOCH,
  }
}

/**
 * Makes a failing plan smaller: takes faults and deeds away, one after the other, as long as the same property fails.
 *
 * @param most universes to run at most; 400 unless told
 *
 * @example
 * import { Universe } from '@aitbc/devnet/world'
 * // A runner that takes any block for final.
 * const { plan, violations } = await Universe.run(Universe.draw('3'), { bug: 'final-at-once' })
 * if (violations.length > 0) console.log(Universe.describe((await Universe.shrink(plan, { bug: 'final-at-once' })).plan).join('\n'))
 */
export async function shrink(plan: Plan, options: RunOptions = {}, most = 400): Promise<Report> {
  let best = await run(plan, options)
  const property = best.violations[0]?.property
  if (property === undefined) return best
  let runs = 1
  for (let again = true; again; ) {
    again = false
    for (const part of ['faults', 'deeds'] as const)
      for (let i = best.plan[part].length - 1; i >= 0 && runs < most; i--) {
        const smaller = { ...best.plan, [part]: best.plan[part].filter((_, at) => at !== i) }
        runs++
        const report = await run(smaller, options)
        if (report.violations[0]?.property !== property) continue
        best = report
        again = true
      }
  }
  return best
}
