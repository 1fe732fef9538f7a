import { incomingLeg, type Role } from './Agreement.js'
import * as SwapMachine from './SwapMachine.js'

/** What a party knows of its swap for good. */
export interface Standing {
  readonly role: Role
  /** The secret left its owner: it was revealed by this party, or learned. */
  readonly revealed: boolean
  /** This party will neither lock nor reveal any more. */
  readonly stopped: boolean
  /** Whether this party's own lock was ever ordered: `none` can appear where it wasn't, and this party has stopped. */
  readonly own: 'none' | 'open'
  /** The agreed amount of the incoming leg was claimed by this party, final by the network's rule. */
  readonly received: boolean
}

/**
 * What a party may rest on when its counterparty asks it to sign for a lock together (`Cooperation` of `@aitbc/adapters/bitcoin/musig2`), which can
 * be used whenever the counterparty likes and not be taken back.
 *
 * That the own lock was refunded, or made void, is told by endpoints, and here never enough: a lie about it would cost the other lock, so such
 * a lock counts as `open`. `received` is told too; but it only counts beside a public secret, with which the counterparty needs nobody.
 *
 * For a claim of the own lock the state of a running swap is enough: nothing that could still happen makes it wrong. To give an incoming
 * lock back, `stopped` must be in the journal, and no claim may be under way: take the state of a swap that is loaded and doesn't run.
 *
 * @example
 * import { Standing } from '@aitbc/swap'
 * typeof Standing.of // 'function'
 */
export function of(state: SwapMachine.SwapState): Standing {
  const { role, durable } = state
  return {
    role,
    revealed: SwapMachine.isPublic(durable),
    stopped: durable.stop !== undefined,
    own: durable.ordered ? 'open' : 'none',
    received: isReceived(state),
  }
}

function isReceived(state: SwapMachine.SwapState): boolean {
  const leg = incomingLeg(state.role)
  const view = state.view[leg]
  const terms = state.durable.terms[leg]
  if (view.is !== 'seen' || terms === undefined) return false
  const claimed = view.locks.filter(({ spend }) => spend?.final === true && spend.spend.kind === 'claim')
  return claimed.reduce((sum, { lock }) => sum + lock.amount, 0n) >= terms.amount
}
