// The hostile party's deeds, each at its moment.
import { Bytes } from '@aitbc/core'
import * as Chain from '../Chain.js'
import * as Adversary from './Adversary.js'
import type { Faults } from './Faults.js'
import type { Checks } from './judge/Checks.js'
import { type Deed, deepest, EPOCH, type Leg, type Moment } from './Plan.js'
import type { Stage } from './Stage.js'

export interface Deeds {
  /** Has those done that are due. */
  carryOut(): Promise<void>
  /** UTC of the next one after `from` that has a time, seconds. */
  next(from: number): number | undefined
  /** Times of a chain's own clock at which something is to be done. */
  clocks(leg: Leg): readonly bigint[]
}

export function create(
  stage: Stage,
  { checks, faults }: { readonly checks: Checks; readonly faults: Faults },
): Deeds {
  const { plan, deal, chains, told } = stage
  const role = (['initiator', 'follower'] as const).find((one) => !plan.honest.includes(one))
  const left = [...plan.deeds]
  let clocks: { readonly [L in Leg]: readonly bigint[] } | undefined
  const adversary =
    role === undefined
      ? undefined
      : Adversary.create({
          role,
          seed: deal.seeds[role],
          chains,
          terms: deal.terms,
          undo(leg, height, drop) {
            const depth = Number(Chain.tip(chains[leg]).height - height) + 1
            if (height > chains[leg].finalized && depth <= deepest(plan.families[leg]))
              faults.undo(leg, depth, drop)
          },
          secret: () => (role === 'initiator' ? Bytes.toHex(deal.secret) : seenSecret(chains.short)),
          told,
        })

  /** The honest party has done what it can't take back. */
  const hasAnswered = () =>
    role === 'initiator'
      ? Chain.tip(chains.short).ledger.locks.size > 0 ||
        chains.short.mempool.some(({ tx }) => tx.does.is === 'lock')
      : checks.public()

  const timeOf = ({ clock, before }: Extract<Moment, { clock: Leg }>) =>
    deal.terms[clock].deadline.value - BigInt(before)
  const clocksOf = (leg: Leg) =>
    left.flatMap(({ when }) => ('clock' in when && when.clock === leg ? [timeOf(when)] : []))
  const isDue = (when: Moment): boolean => {
    if ('on' in when) return hasAnswered()
    return 'at' in when ? when.at <= stage.now - EPOCH : Chain.tip(chains[when.clock]).clock >= timeOf(when)
  }

  return {
    async carryOut() {
      if (adversary === undefined) return
      for (let i = left.length - 1; i >= 0; i--) {
        const deed = left[i] as Deed
        if (!isDue(deed.when)) continue
        left.splice(i, 1)
        clocks = undefined
        stage.struck.add(deed)
        await adversary.act(deed.act)
      }
    },
    next(from) {
      let next: number | undefined
      for (const { when } of left) {
        if (!('at' in when)) continue
        const at = EPOCH + when.at
        if (at > from && (next === undefined || at < next)) next = at
      }
      return next
    },
    clocks(leg) {
      clocks ??= { long: clocksOf('long'), short: clocksOf('short') }
      return clocks[leg]
    },
  }
}

/** A secret that anybody can see on a chain or in its mempool. */
function seenSecret(chain: Chain.Chain): string | undefined {
  for (const { spend } of Chain.tip(chain).ledger.locks.values())
    if (spend?.secret !== undefined) return spend.secret
  for (const { tx, hidden } of chain.mempool) if (!hidden && tx.does.is === 'claim') return tx.does.secret
  return undefined
}
