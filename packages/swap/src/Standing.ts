import { Deadline, Fact, type Lock } from '@aitbc/core'
import { incomingLeg, ownLeg, type Role } from './Agreement.js'
import * as SwapMachine from './SwapMachine.js'

/** What a party knows of its swap for good. */
export interface Standing {
  readonly role: Role
  /** The secret left its owner: it was revealed by this party, or learned. */
  readonly revealed: boolean
  /** This party will neither lock nor reveal any more. */
  readonly stopped: boolean
  /**
   * `none`: this party's own lock was never ordered, and can't appear once it has stopped. `refunded`: it went back, and that is proved.
   * `open`: it may be claimed yet, for all that is known.
   */
  readonly own: 'none' | 'open' | 'refunded'
  /** The agreed amount of the incoming leg was claimed by this party, final by the network's rule, and as well known as it must be. */
  readonly received: boolean
}

/**
 * What a party may rest on when its counterparty asks it to sign for a lock together (`Cooperation` of `@aitbc/adapters/bitcoin/musig2`), which can
 * be used whenever the counterparty likes and not be taken back.
 *
 * That the own lock was made void is told by endpoints, and here never enough: a lie about it would cost the other lock, so such a lock counts as
 * `open`. So does one whose refund isn't proved, whatever the party's policy says of spends. Anybody may pay into the script of the own lock
 * and have it refunded to this party: which lock is its own is for the caller to say (`isOwn`), and without it none counts as refunded. That
 * this party was paid is known as well as `Policy.spends` asks where the secret is public, and the counterparty needs nobody then; where it
 * isn't (a claim that both signed), it is proved: a lie about it would give the own lock away for nothing.
 *
 * For a claim of the own lock the state of a running swap is enough: nothing that could still happen makes it wrong. To give an incoming
 * lock back, `stopped` must be in the journal, and no claim may be under way: `Runner.standing` sees to both.
 *
 * @example
 * import { Standing, SwapMachine } from '@aitbc/swap'
 * const rules = { launch: 7200n, lock: 3600n, reveal: 1800n, apart: 7200n, assurance: 'proved', lateClaims: { long: true, short: false } } as const
 * const before = SwapMachine.start('follower', {}, rules)
 * const { state } = SwapMachine.step(before, { is: 'cancel' })
 * Standing.of(state) // { role: 'follower', revealed: false, stopped: true, own: 'none', received: false }
 */
export function of(
  state: SwapMachine.SwapState,
  options: {
    /**
     * Tells the lock that this party made: one made by a transaction of `swap.book.get('lock/long')` (or `lock/short`, whichever is the own
     * leg), or any where the chain names locks by their terms alone (`profile.unique`).
     */
    readonly isOwn?: (lock: Lock) => boolean
  } = {},
): Standing {
  const { role, durable } = state
  return {
    role,
    revealed: SwapMachine.isPublic(durable),
    // A later recovery that finds the other leg goes on.
    stopped: durable.stop !== undefined && durable.stop !== 'recovered-without-terms',
    own: !durable.ordered ? 'none' : isRefunded(state, options.isOwn) ? 'refunded' : 'open',
    received: isReceived(state),
  }
}

/**
 * The refunds that this party may ask its counterparty to sign with it before the deadline: of its own locks, once it goes no further and the
 * secret isn't public. From the deadline on they are by script, and the machine's.
 *
 * @example
 * import { Hashlock, type LockTerms } from '@aitbc/core'
 * import { Standing, SwapMachine } from '@aitbc/swap'
 * const leg = (network: `cosmos:${string}`, locker: string, beneficiary: string, value: bigint): LockTerms.LockTerms => {
 *   const who = (name: string) => ({ account: `${network}:${name}`, payout: `${network}:${name}` }) as const
 *   return {
 *     ...{ version: 1, backend: { network, kind: 'contract', address: 'htlc' }, asset: `${network}/slip44:118`, amount: 1_000_000n },
 *     ...{ locker: who(locker), beneficiary: who(beneficiary), salt: new Uint8Array(32) },
 *     ...{ hashlock: Hashlock.of(new Uint8Array(32).fill(7)), deadline: { network, clock: 'unix', value } },
 *   }
 * }
 * const terms = {
 *   long: leg('cosmos:cosmoshub-4', 'alice', 'bob', 1_900_028_800n),
 *   short: leg('cosmos:osmosis-1', 'bob', 'alice', 1_900_014_400n),
 * }
 * const rules = { launch: 7200n, lock: 3600n, reveal: 1800n, apart: 7200n, assurance: 'proved', lateClaims: { long: true, short: false } } as const
 * const lock = { ref: 'aa', transaction: 'bb', amount: 1_000_000n, match: 'exact' } as const
 * // Its lock was ordered, and is in a block.
 * const { durable } = SwapMachine.start('initiator', terms, rules)
 * const { state } = SwapMachine.step(SwapMachine.resume('initiator', { ...durable, ordered: true }), {
 *   ...{ is: 'seen', leg: 'long', locks: [{ lock, depth: 1n, final: false, assurance: 'reported' }] },
 *   now: { ...terms.long.deadline, value: 1_900_000_000n },
 * })
 * Standing.early(state) // []
 * const stopped = SwapMachine.step(state, { is: 'cancel' })
 * Standing.early(stopped.state).map(({ key }) => key) // ['refund/long/aa']
 */
export function early(
  state: SwapMachine.SwapState,
): readonly Extract<SwapMachine.Command, { do: 'refund' }>[] {
  const { role, durable, view } = state
  const leg = ownLeg(role)
  const terms = durable.terms[leg]
  const at = view[leg]
  if (durable.stop === undefined || durable.outcome !== undefined || SwapMachine.isPublic(durable)) return []
  if (terms === undefined || at.is !== 'seen' || Deadline.reached(terms.deadline, at.now)) return []
  return at.locks
    .filter(({ lock, depth }) => lock.amount >= terms.amount && depth > 0n)
    .filter(({ spend }) => spend === undefined || (spend.spend.kind === 'refund' && !spend.final))
    .map(({ lock }) => ({ do: 'refund', key: `refund/${leg}/${lock.ref}`, leg, terms, lock, early: true }))
}

/** All that the own leg shows went back for good, the own lock among it: of its versions one at most was ever included (S9). */
function isRefunded(state: SwapMachine.SwapState, isOwn: (lock: Lock) => boolean = () => false): boolean {
  const leg = ownLeg(state.role)
  const view = state.view[leg]
  const amount = state.durable.terms[leg]?.amount
  if (view.is !== 'seen' || amount === undefined) return false
  const whole = view.locks.filter(({ lock }) => lock.amount >= amount)
  return (
    whole.some(({ lock }) => isOwn(lock)) &&
    whole.every(
      ({ spend }) => spend?.final && spend.spend.kind === 'refund' && Fact.atLeast(spend.assurance, 'proved'),
    )
  )
}

function isReceived(state: SwapMachine.SwapState): boolean {
  const leg = incomingLeg(state.role)
  const view = state.view[leg]
  const terms = state.durable.terms[leg]
  if (view.is !== 'seen' || terms === undefined) return false
  const { durable } = state
  const least = SwapMachine.isPublic(durable) ? (durable.rules.spends?.[leg] ?? 'reported') : 'proved'
  const claimed = view.locks.filter(
    ({ spend }) => spend?.final && spend.spend.kind === 'claim' && Fact.atLeast(spend.assurance, least),
  )
  return claimed.reduce((sum, { lock }) => sum + lock.amount, 0n) >= terms.amount
}
