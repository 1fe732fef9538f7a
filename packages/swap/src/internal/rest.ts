// How long what was sent waits, or rests when it is told to be in vain, before it is made anew, whatever endpoints say.
import type { Deadline, LockProfile, Network } from '@aitbc/core'
import * as Pace from '../Pace.js'
import { larger, smaller } from './extremes.js'
import { leftUntil } from './left.js'

/** When something began to wait. */
export interface Since {
  /** Of the chain, as it was told. */
  readonly height: bigint
  /** UTC, unix seconds. */
  readonly utc: bigint
}

/** The beginning of a wait: whoever told a height of years to come takes it back, that was none, nor is one by a clock that was set back. */
export function begun(before: Since | undefined, now: Since): Since {
  if (before === undefined) return now
  return { height: smaller(before.height, now.height), utc: smaller(before.utc, now.utc) }
}

/** Blocks come so many times as fast as they should by chance, a few in a row; those that come faster are told, not mined. */
const FASTEST = 4n

/**
 * How often so many blocks have gone by since something began to wait, by the chain's height and by UTC: never within one second, so that
 * a fee that is raised so often climbs no faster than time goes, whatever an endpoint tells.
 */
export function timesWaited(
  { blockTimeMs }: Pick<Network, 'blockTimeMs'>,
  blocks: bigint,
  since: Since,
  now: Since,
): bigint {
  const each = larger(blocks, 1n)
  const fastest = ((now.utc - since.utc) * FASTEST * 1000n) / (each * blockTimeMs)
  return larger(0n, smaller((now.height - since.height) / each, fastest))
}

/** Each version that is included costs its fee: neither an account's number nor a coin sees to it that one alone is (Solana). */
export function costsEach({ fees }: Pick<Network, 'fees'>): boolean {
  return fees.model === 'compute-units'
}

/** As if it had been in vain so often, what a wallet was asked for rests: one that shows the question still is asked again as late as can be. */
export const OFTEN = 32

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
 * Seconds until a deadline, the more of what the chain shows and of what UTC does: an endpoint that shows too late a time makes nothing more
 * urgent. Unknown where clocks count blocks, of which UTC says nothing.
 */
export function leftBy(
  leg: { readonly network: Network; readonly profile: LockProfile },
  deadline: Pick<Deadline.Deadline, 'value'>,
  clock: bigint | undefined,
  utc: bigint,
): bigint | undefined {
  if (leg.network.clock === 'height') return undefined
  const { least } = leftUntil(leg, deadline, smaller(clock ?? utc, utc))
  return least
}
