// The servers that honest parties ask, and which of them lie when: some all the time, or the one that is believed for a while.
import type { Endpoint } from '../Endpoint.js'
import * as Random from '../Random.js'
import * as Bug from './Bug.js'
import { EPOCH, type Fault, type Leg, LIES, type Lie, type Role } from './Plan.js'
import type { Stage } from './Stage.js'
import { createServer } from './servers.js'

export interface Rpc {
  /** The servers that a party asks about a chain: one that it believes, or more than lie. */
  serversOf(role: Role, leg: Leg): readonly [Endpoint, ...Endpoint[]]
  /** Some server lies at this instant: to one party of one chain where those are told. */
  isLying(role?: Role, leg?: Leg): boolean
}

export function create(stage: Stage): Rpc {
  const { plan, bug, deal, chains } = stage
  const r = Random.of(`liars/${plan.seed}`)
  const permanent = Array.from({ length: plan.liars }, () => r.pick(LIES))
  const truthful = r.below(plan.servers)
  const windows = plan.faults.filter((fault) => fault.is === 'rpc')

  const lieOf = (role: Role, leg: Leg, server: number): Lie | undefined => {
    // The first servers after the truthful one lie.
    if (plan.liars > 0)
      return server >= plan.servers
        ? undefined
        : permanent[(server - truthful - 1 + plan.servers) % plan.servers]
    for (const fault of windows) {
      if (fault.who !== role || fault.leg !== leg || !isOn(fault, stage.now)) continue
      stage.struck.add(fault)
      return fault.lie
    }
    return undefined
  }

  return {
    serversOf(role, leg) {
      const chain = chains[leg]
      const { best } = chain.family
      const several = plan.liars > 0 && bug !== 'one-server'
      const script = () => deal.scripts[leg]
      const serverOf = (server: number): Endpoint => {
        const endpoint = createServer({
          ...{ chain, script },
          lie: () => lieOf(role, leg, server),
          // Where nothing can be proved, a single one stands for so many that agree.
          assurance: best === 'quorum' && !several ? 'quorum' : 'reported',
        })
        return Bug.endpoint(bug, endpoint, chain, script)
      }
      // What nothing proves takes more servers than lie.
      const count = !several ? 1 : Math.max(plan.servers, best === 'quorum' ? 2 * plan.liars + 1 : 0)
      return [serverOf(0), ...Array.from({ length: count - 1 }, (_, i) => serverOf(i + 1))]
    },
    isLying: (role, leg) =>
      plan.liars > 0 ||
      windows.some(
        (fault) =>
          (role === undefined || fault.who === role) &&
          (leg === undefined || fault.leg === leg) &&
          isOn(fault, stage.now),
      ),
  }
}

function isOn(fault: Extract<Fault, { from: number }>, now: number): boolean {
  const at = now - EPOCH
  return at >= fault.from && at < fault.from + fault.for
}
