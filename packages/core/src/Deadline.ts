import * as ChainId from './ChainId.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'

/**
 * What a chain's spending rule compares a deadline with: block height, the block's own timestamp in unix seconds,
 * or the median of the last 11 timestamps (BIP-113) in unix seconds.
 */
export type Clock = 'height' | 'unix' | 'median-time'

/**
 * An instant on one network's own clock: height in blocks, `unix` and `median-time` in seconds.
 *
 * Two instants compare only within one network and one clock; where both are known as literal types, any other
 * comparison doesn't compile, and at run time it is `ClockMismatch` (1007).
 */
export interface Deadline<N extends ChainId.ChainId = ChainId.ChainId, C extends Clock = Clock> {
  readonly network: N
  readonly clock: C
  readonly value: bigint
}

/** The limit Bitcoin puts between heights and times (`LOCKTIME_THRESHOLD`); used for every clock, so that kinds can't be mixed up. */
export const TIME_THRESHOLD = 500_000_000n
/** Largest value a 32-bit lock time can hold: the year 2106. */
export const MAX_VALUE = 0xffff_ffffn

/**
 * Makes a deadline; `InvalidDeadline` (1006) for a value that is not of its clock's kind: heights are below
 * 500,000,000, times are unix seconds from 500,000,000 to 2^32 − 1 (so milliseconds and nanoseconds are refused).
 * `InvalidChainId` (1001) for its network.
 *
 * @example
 * import { Deadline } from '@aitbc/core'
 * Deadline.from({ network: 'eip155:1', clock: 'unix', value: 1_900_000_000n })
 */
export function from<const N extends ChainId.ChainId, const C extends Clock>(
  value: Deadline<N, C>,
  argument = 'deadline',
): Deadline<N, C> {
  ChainId.from(value?.network, `${argument}.network`)
  const { clock, value: at } = value
  const known = clock === 'height' || clock === 'unix' || clock === 'median-time'
  const fits =
    typeof at === 'bigint' &&
    (clock === 'height' ? at >= 0n && at < TIME_THRESHOLD : at >= TIME_THRESHOLD && at <= MAX_VALUE)
  if (!known || !fits)
    throw CoreErrors.InvalidDeadline(
      `${argument} must be ${clock === 'height' ? 'a height below 500000000' : 'unix seconds from 500000000 to 4294967295'}, got ${show(clock)} ${show(at)}`,
      { argument, clock, received: at },
    )
  return { network: value.network, clock, value: at }
}

/**
 * Which of two instants comes first: −1, 0 or 1; `ClockMismatch` (1007) across networks or clocks.
 *
 * @example
 * import { Deadline } from '@aitbc/core'
 * const a = Deadline.from({ network: 'eip155:1', clock: 'unix', value: 1_900_000_000n })
 * Deadline.compare(a, { ...a, value: 1_900_000_001n }) // -1
 */
export function compare<N extends ChainId.ChainId, C extends Clock>(
  a: Deadline<N, C>,
  b: NoInfer<Deadline<N, C>>,
): -1 | 0 | 1 {
  assertSame(a, b)
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
}

/**
 * Tells whether a chain's clock has reached a deadline (`now >= deadline`): from then on claims are refused by
 * contracts and refunds are valid.
 *
 * @example
 * import { Deadline } from '@aitbc/core'
 * const deadline = Deadline.from({ network: 'eip155:1', clock: 'unix', value: 1_900_000_000n })
 * Deadline.reached(deadline, { ...deadline, value: 1_900_000_000n }) // true
 */
export function reached<N extends ChainId.ChainId, C extends Clock>(
  deadline: Deadline<N, C>,
  now: NoInfer<Deadline<N, C>>,
): boolean {
  return compare(deadline, now) <= 0
}

/**
 * What is left until a deadline in its clock's unit (seconds or blocks); negative once it has passed. `ClockMismatch` (1007) across networks
 * or clocks.
 *
 * @example
 * import { Deadline } from '@aitbc/core'
 * const deadline = Deadline.from({ network: 'eip155:1', clock: 'unix', value: 1_900_000_000n })
 * Deadline.remaining(deadline, { ...deadline, value: 1_899_999_400n }) // 600n
 * Deadline.remaining(deadline, { ...deadline, value: 1_900_000_060n }) // -60n
 */
export function remaining<N extends ChainId.ChainId, C extends Clock>(
  deadline: Deadline<N, C>,
  now: NoInfer<Deadline<N, C>>,
): bigint {
  assertSame(deadline, now)
  return deadline.value - now.value
}

function assertSame(a: Deadline, b: Deadline): void {
  for (const one of [a, b])
    if (typeof one?.value !== 'bigint')
      throw CoreErrors.InvalidDeadline(`a deadline was expected, got ${show(one)}`, {
        argument: 'deadline',
        received: typeof one,
      })
  if (a.network !== b.network || a.clock !== b.clock)
    throw CoreErrors.ClockMismatch(
      `can't compare ${a.clock} of ${a.network} with ${b.clock} of ${b.network}`,
      { left: { network: a.network, clock: a.clock }, right: { network: b.network, clock: b.clock } },
    )
}
