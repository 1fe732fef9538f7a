import { assertHas } from './internal/given.js'
import type { LegChain } from './Planner.js'
import * as Policy from './Policy.js'

/** Something that a plan takes into account and can't promise away. */
export interface Caveat {
  readonly kind:
    | 'tail'
    | 'probabilistic-finality'
    | 'undone'
    | 'late-claims'
    | 'several-locks'
    | 'fees-from-amount'
    | 'queue'
    | 'unseen'
    | 'not-proved'
    | 'free-option'
    | 'downtime'
    | 'clock'
    | 'pace'
    | 'outage'
    | 'ended-unproved'
  /** For people, with the numbers. */
  readonly message: string
}

/**
 * What a plan between two chains can't promise, by their parameters and one party's policy; to be shown before anybody locks.
 * `InvalidPolicy` (4008), or `InvalidAmount` (1004) for a policy out of range; `InvalidArgument` (1013) for a leg that isn't there.
 *
 * @example
 * import { ethereum, bitcoin } from '@aitbc/core/networks'
 * import { Caveats, type Planner, Policy } from '@aitbc/swap'
 * const show = (long: Planner.LegChain, short: Planner.LegChain) =>
 *   Caveats.of(long, short, Policy.standard).map(({ message }) => message)
 */
export function of(long: LegChain, short: LegChain, policy: Policy.Policy): readonly Caveat[] {
  Policy.assert(policy)
  assertHas(long, 'long', ['network', 'profile'])
  assertHas(short, 'short', ['network', 'profile'])
  const tail = policy.risk === 'standard' ? '1e-3' : '1e-6'
  const caveats: Caveat[] = [
    {
      kind: 'tail',
      message: `each of the times was exceeded with a chance of ${tail} where it was measured; the sum of them bounds the chance that the plan is`,
    },
    {
      kind: 'downtime',
      message: `a party that is offline for more than ${policy.offline} s in all, or notices later than ${policy.detection} s, may lose its leg; a watchtower makes up for it`,
    },
    {
      kind: 'free-option',
      message: 'until it reveals, the initiator may wait for a better price: what that is worth says Premium',
    },
  ]
  for (const [leg, { network, profile }] of [['long', long] as const, ['short', short] as const]) {
    const { name, finality } = network
    const { lead, lag, outage, reorg } = network.timing[policy.risk]
    const add = (kind: Caveat['kind'], message: string) =>
      caveats.push({ kind, message: `${leg} leg, ${name}: ${message}` })
    if (finality.rule === 'depth')
      add(
        'probabilistic-finality',
        `a block is final by depth ${finality.depth}; a reorganisation of so many blocks or more stops the swap with an alarm`,
      )
    if (policy.reorgs > 0n && reorg > 0n)
      add('undone', 'what a reorganisation undoes is taken to be in a mempool again, without its owner')
    add(
      'clock',
      `its clock is taken to be at most ${lag} s behind UTC and ${lead} s ahead, and to move within that while a claim waits`,
    )
    if (network.clock === 'height' && network.pace !== undefined)
      add(
        'pace',
        `its locks count blocks, which are taken to come ${network.pace.least} to ${network.pace.most} ms apart on average; a halt puts the deadline off`,
      )
    add('outage', `it is taken to stand still for at most ${outage} s in all while the swap lasts`)
    if (profile.lateClaims)
      add(
        'late-claims',
        `a claim is accepted after the deadline, until the refund is mined${leg === 'long' ? '' : '; the gap has S and D once more for it'}. Whoever replaces the refund that waits by a claim, and that by something else, holds it up until its owner looks again`,
      )
    if (!profile.unique)
      add('several-locks', 'a second payment into the same lock is possible, and is refunded')
    if (profile.feesFrom === 'lock')
      add('fees-from-amount', 'the fee of a claim or refund is paid out of the amount')
    else if (network.fees.model !== 'compute-units' && policy.fees?.[network.id] === undefined)
      add(
        'queue',
        'an account’s transactions are included in the order of their numbers, and without a budget (policy.fees) none pays more than its own lock is worth: that of a small swap may hold up a larger one’s claim while fees are high',
      )
    if (!profile.events)
      add('unseen', 'nobody can list the locks of a hashlock: a recovery needs the lock’s own record')
    const spends = policy.spends?.[network.id]
    if (spends === 'reported' || spends === 'quorum')
      add('ended-unproved', `the policy takes a claim or refund that is only ${spends} for the end of a lock`)
  }
  if (policy.assurance !== 'proved')
    caveats.push({
      kind: 'not-proved',
      message: `the policy reveals against a lock that is only ${policy.assurance}: who tells of it is trusted`,
    })
  return caveats
}
