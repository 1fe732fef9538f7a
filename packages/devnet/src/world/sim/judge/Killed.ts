// What the chains knew when a process was killed.
import { Agreement } from '@aitbc/swap'
import * as Chain from '../../Chain.js'
import type { Leg, Role } from '../Plan.js'
import type { Stage } from '../Stage.js'
import type { Checks } from './Checks.js'

/** What the chains knew when a process was killed. */
export interface Killed {
  /** Whose process it was. */
  readonly who: Role
  readonly label: string
  /** The party's own lock: not made, on its way, in a block, or ended. */
  readonly own: Where
  readonly incoming: Where
  /** The secret is out. */
  readonly public: boolean
  /** Its own claim was sent. */
  readonly claimed: boolean
}

/** Where a lock is: not made, on its way, in a block, or ended. */
export type Where = 'nowhere' | 'waiting' | 'locked' | 'spent'

/** What the chains know at this instant, when a party's process dies at `label`. */
export function of(stage: Stage, checks: Checks, role: Role, label: string): Killed {
  return {
    who: role,
    label,
    own: where(stage, Agreement.ownLeg(role)),
    incoming: where(stage, Agreement.incomingLeg(role)),
    public: checks.public(),
    claimed: checks.claimed(role),
  }
}

function where({ chains, deal }: Stage, leg: Leg): Where {
  const { key } = deal.scripts[leg]
  const held = [...Chain.tip(chains[leg]).ledger.locks.values()].filter(({ script }) => script.key === key)
  if (held.length > 0) return held.some(({ spend }) => spend === undefined) ? 'locked' : 'spent'
  const waits = chains[leg].mempool.some(({ tx: { does } }) => does.is === 'lock' && does.script.key === key)
  return waits ? 'waiting' : 'nowhere'
}
