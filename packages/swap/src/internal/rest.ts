// How long what is told to be in vain rests before it is made anew, whatever endpoints say.
import type { Deadline, LockProfile, Network } from '@aitbc/core'
import * as Pace from '../Pace.js'
import { leftUntil } from './left.js'

/**
 * What was made so often for one purpose has rested since `since` (UTC, unix seconds). A clock that was set back counts as long enough: it may
 * cost a fee, and waiting for it to come back could cost the lock.
 */
export function isRested(
  network: Pick<Network, 'blockTimeMs' | 'timing'>,
  made: number,
  at: { readonly since: bigint; readonly utc: bigint; readonly left: bigint | undefined },
): boolean {
  const gone = at.utc - at.since
  return gone < 0n || gone >= Pace.restAfter(network, made, at.left)
}

/**
 * Seconds until a deadline, the more of what the chain shows and of what UTC does where its clock is a time: an endpoint that shows too late
 * a time makes nothing more urgent.
 */
export function leftBy(
  leg: { readonly network: Network; readonly profile: LockProfile },
  deadline: Pick<Deadline.Deadline, 'value'>,
  clock: bigint | undefined,
  utc: bigint,
): bigint | undefined {
  const told = clock === undefined ? undefined : leftUntil(leg, deadline, clock).least
  if (leg.network.clock === 'height') return told
  const { least } = leftUntil(leg, deadline, utc)
  return told === undefined || told < least ? least : told
}
