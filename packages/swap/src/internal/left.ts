import type { Deadline, Fact, LockProfile, Network } from '@aitbc/core'
import { smaller } from './extremes.js'

/** How long it is until a deadline, seconds. */
export interface Left {
  /** Least time in which claims are accepted: a lock may end `profile.early` before its deadline. */
  readonly least: bigint
  /** Most time until no claim is accepted any more, a halt of the chain aside. */
  readonly most: bigint
}

const SECOND = 1000n

/** Seconds from one party's plan to the other's look at it, what their clocks differ by included. */
export const TALK = 120n

/**
 * What a deadline means in seconds when a chain's clock shows `now`: the same number, except where the clock counts blocks, which take
 * from `network.pace.least` to `network.pace.most`.
 */
export function leftUntil(
  { network, profile }: { readonly network: Network; readonly profile: LockProfile },
  deadline: Pick<Deadline.Deadline, 'value'>,
  now: bigint,
): Left {
  const units = deadline.value - now
  const sure = units - (profile.early ?? 0n)
  if (network.clock !== 'height') return { least: sure, most: units }
  const { least, most } = network.pace ?? { least: 0n, most: SECOND }
  // A count of blocks that has passed is no time at all; rounded against whoever counts on it.
  const floor = sure > 0n ? (sure * least) / SECOND : sure
  return { least: floor, most: units > 0n ? ceil(units * most, SECOND) : units }
}

/**
 * The same `utc` seconds later than blocks that are known: since each of them as much time has gone as since its own, and what all of them
 * say together holds. So an endpoint that shows an old height, or a wrong one, has no say where any block is proved (H25).
 */
export function leftSince(
  leg: { readonly network: Network; readonly profile: LockProfile },
  deadline: Pick<Deadline.Deadline, 'value'>,
  known: readonly Pick<Fact.Tip, 'clock' | 'time'>[],
  utc: bigint | undefined,
): Left {
  const since = known.map(({ clock, time }) => {
    const { least, most } = leftUntil(leg, deadline, clock)
    const gone = utc !== undefined && utc > time ? utc - time : 0n
    return { least: least - gone, most: most - gone }
  })
  return since.reduce((a, b) => ({ least: -smaller(-a.least, -b.least), most: smaller(a.most, b.most) }))
}

/** So many units of a clock that at least that many seconds are left until then, the least that claims are accepted. */
export function unitsOf(
  { network, profile }: { readonly network: Network; readonly profile: LockProfile },
  seconds: bigint,
): bigint {
  const early = profile.early ?? 0n
  return network.clock === 'height'
    ? ceil(seconds * SECOND, network.pace?.least ?? 1n) + early
    : seconds + early
}

function ceil(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b
}

/**
 * Ten minutes beyond what the chain's clock may lead or lag: the machine's clock is wrong, the endpoint shows an old block, or the chain
 * stands still (H25). A halt is planned for, and nothing irrevocable is done in one: an endpoint that hides hours would have the secret
 * revealed when the deadline is over.
 */
export const TOLERANCE = 600n

/** The latest that a chain's clock, or its newest block's, can show at an instant of this machine's, unix seconds. */
export function latestBy({ timing }: Pick<Network, 'timing'>, utc: bigint): bigint {
  return utc + timing.conservative.lead + TOLERANCE
}
