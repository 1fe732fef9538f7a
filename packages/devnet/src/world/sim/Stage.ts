// What all that happens in a universe happens on: a plan, what was signed, two chains, the time, and what was seen so far.
import * as Chain from '../Chain.js'
import type * as Bug from './Bug.js'
import * as Deal from './Deal.js'
import { type Deed, EPOCH, type Fault, LEGS, type Leg, type Plan } from './Plan.js'

export interface Stage {
  readonly plan: Plan
  readonly bug: Bug.Bug | undefined
  readonly deal: Deal.Deal
  readonly chains: { readonly [L in Leg]: Chain.Chain }
  /** UTC, unix seconds. */
  now: number
  /** One line an event. */
  readonly trace: string[]
  told(line: string): void
  /** Faults and deeds that were carried out. */
  readonly struck: Set<Fault | Deed>
  /** Addresses of the honest parties, on both chains. */
  readonly honest: ReadonlySet<string>
}

export function create(plan: Plan, bug: Bug.Bug | undefined): Stage {
  const deal = Deal.of(plan, bug)
  const trace: string[] = []
  const stage: Stage = {
    plan,
    bug,
    deal,
    chains: { long: Chain.copy(deal.chains.long), short: Chain.copy(deal.chains.short) },
    now: EPOCH,
    trace,
    told: (line) => {
      trace.push(`${stage.now - EPOCH} ${line}`)
    },
    struck: new Set(),
    honest: new Set(plan.honest.flatMap((role) => LEGS.flatMap((leg) => deal.addresses[role][leg]))),
  }
  return stage
}
