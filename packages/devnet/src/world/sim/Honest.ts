// The honest parties of a universe: their processes, what each of them can know, and whether it is finished.
import type { Signed } from '@aitbc/core'
import { Agreement, type SwapMachine } from '@aitbc/swap'
import * as Chain from '../Chain.js'
import * as Bug from './Bug.js'
import type { Checks } from './judge/Checks.js'
import * as Killed from './judge/Killed.js'
import { policyOf, type Role } from './Plan.js'
import type { Boundary } from './party/Gate.js'
import * as Process from './party/Process.js'
import type { Rpc } from './Rpc.js'
import type { Stage } from './Stage.js'
import type { Towers } from './Towers.js'

export interface Options {
  readonly checks: Checks
  readonly rpc: Rpc
  readonly towers: Towers
  /** Hears of each boundary at which a process could die. */
  readonly passed: ((role: Role, boundary: Boundary) => void) | undefined
}

export interface Honest {
  readonly processes: readonly Process.Process[]
  of(role: Role): Process.Process | undefined
  /** An instant begins. */
  begin(): void
  /** Who runs in this instant, sees the truth, and had no mishap in it. */
  readonly isAble: (role: Role) => boolean
  /** An instant is over: who is finished, and was lied to when it became so, is known to be deceived. */
  conclude(): void
  /** A party ended while an endpoint lied to it of its incoming leg. */
  isDeceived(role: Role): boolean
  /** A process of it died before it had noted that its claim left, or the note was lost with it, and none has noted that since. */
  isUnsure(role: Role): boolean
  /** And an endpoint lied to it since. */
  isPutOff(role: Role): boolean
  /** How a party's swap ended; `undefined` while it hasn't. */
  outcome(role: Role): SwapMachine.Outcome | undefined
  /** All parties, or the towers of those that are gone, have nothing left to do. */
  isOver(): boolean
  /** What a runner died of, which none may. */
  failure(): string | undefined
  /** What the chains knew whenever a process died, in that order. */
  killed(): readonly Killed.Killed[]
  end(): void
}

export function create(stage: Stage, { checks, rpc, towers, passed }: Options): Honest {
  const { plan, bug, deal, chains, struck } = stage
  const killed: Killed.Killed[] = []
  /** Faults that struck at a call or a write so far, and until this instant. */
  let mishaps = 0
  let before = 0
  const concluded = new Set<Role>()
  const deceived = new Set<Role>()
  /** Who died while it was lied to, and so may have written down an end that it was told. */
  const misled = new Set<Role>()

  /** How far each is with telling its own journal that a claim left. */
  const leaving = new Map<Role, 'sent' | 'noting' | 'noted'>()
  /** Who doesn't know that its claim left, and whether it was lied to since. */
  const unsure = new Map<Role, boolean>()
  const follow = (role: Role, method: string, [first]: readonly unknown[]) => {
    const at = leaving.get(role)
    if (at === undefined && method === 'submit' && (first as Signed).step.kind === 'claim')
      leaving.set(role, 'sent')
    if (at === 'sent' && method === 'append') leaving.set(role, 'noting')
    if (at !== 'noting') return
    leaving.set(role, 'noted')
    unsure.delete(role)
  }

  const processes = plan.honest.map((role) => {
    const clock = plan.faults.find((fault) => fault.is === 'utc' && fault.who === role)
    if (clock !== undefined) struck.add(clock)
    const off = clock?.is === 'utc' ? clock.by : 0
    return Process.create({
      role,
      deal,
      bug,
      policy: Bug.policy(bug, policyOf(plan, Agreement.incomingLeg(role))),
      chains,
      endpoints: { long: rpc.serversOf(role, 'long'), short: rpc.serversOf(role, 'short') },
      risk: plan.risk,
      utc: () => BigInt(stage.now + off),
      faults: plan.faults,
      heard(method, args) {
        follow(role, method, args)
        checks.heard(role, method, args)
      },
      told: stage.told,
      struck(fault) {
        mishaps++
        struck.add(fault)
      },
      watched: plan.faults.some((fault) => fault.is === 'gone' && fault.who === role),
      passed: passed === undefined ? undefined : (boundary) => passed(role, boundary),
      died(label, lost) {
        killed.push(Killed.of(stage, checks, role, label))
        if (rpc.isLying(role, Agreement.incomingLeg(role))) misled.add(role)
        const at = leaving.get(role)
        if (at === undefined || (at === 'noted' && !lost)) return
        leaving.delete(role)
        unsure.set(role, false)
      },
    })
  })
  const of = (role: Role) => processes.find((one) => one.role === role)

  /** A lock of its own is there, or may come; what others pay into its script is theirs to lose. */
  const isBound = (role: Role): boolean => {
    const leg = Agreement.ownLeg(role)
    const own = deal.addresses[role][leg]
    const { locks } = Chain.tip(chains[leg]).ledger
    return (
      [...locks.values()].some(({ by }) => own.includes(by)) ||
      chains[leg].mempool.some(({ tx }) => tx.does.is === 'lock' && own.includes(tx.from))
    )
  }
  const isEnded = ({ role, outcome, isBereft }: Process.Process): boolean =>
    // Whoever lost everything before it locked finds nothing, however long it looks.
    outcome() !== undefined || towers.isOver(role) || (isBereft() && !isBound(role))

  return {
    processes,
    of,
    begin() {
      before = mishaps
      for (const role of unsure.keys()) if (rpc.isLying(role)) unsure.set(role, true)
    },
    isAble(role) {
      const process = of(role)
      // Who lost its storage before its lock was on a chain to stay knows of none.
      const knows = process?.isRunning() === true && !process.isBereft() && !process.offline
      return knows && before === mishaps && !rpc.isLying()
    },
    conclude() {
      for (const { role, outcome } of processes) {
        if (outcome() === undefined || concluded.has(role)) continue
        concluded.add(role)
        if (misled.has(role) || rpc.isLying(role, Agreement.incomingLeg(role))) deceived.add(role)
      }
    },
    isDeceived: (role) => deceived.has(role),
    isUnsure: (role) => unsure.has(role),
    isPutOff: (role) => unsure.get(role) === true,
    outcome(role) {
      const process = of(role)
      return process === undefined
        ? undefined
        : (process.outcome() ?? (isEnded(process) ? 'no-deal' : undefined))
    },
    isOver: () => processes.every(isEnded),
    failure() {
      for (const { role, error } of processes)
        if (error() !== undefined) return `${role}'s runner failed: ${String(error())}`
      return undefined
    },
    killed: () => killed,
    end() {
      for (const process of processes) process.end()
    },
  }
}
