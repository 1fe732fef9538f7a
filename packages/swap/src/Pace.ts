import { CoreErrors, type Network, show } from '@aitbc/core'

/** How often a fee can be raised within S, the time in which a properly bumped transaction is included. */
const RAISES = 24n
/** A share of what is left until it is too late: one step of waiting takes no more. */
const SHARE = 8n
/** Fewer say nothing: the first block may have been on its way when the transaction was sent. */
const LEAST = 2n
/** So many may fail before the next one waits. */
const FREE = 2
/** By then the wait is longer than any S. */
const MOST_DOUBLED = 32

/**
 * Blocks that a transaction may wait on a network before its fee is raised (L5): so many that two dozen raises fit into S, the network's
 * own time of inclusion, and two at least; the nearer the instant after which it is of no use, the fewer, down to one.
 *
 * @param left seconds until that instant on the chain's own clock, where there is one
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { Pace } from '@aitbc/swap'
 * Pace.bumpAfter(networks.bitcoin) // 2n, some twenty minutes
 * Pace.bumpAfter(networks.solana) // 107n, some 43 seconds
 */
export function bumpAfter(network: Pick<Network, 'blockTimeMs' | 'timing'>, left?: bigint): bigint {
  const { blockTimeMs, timing } = network
  const blocks = ceil(timing.standard.inclusion * 1000n, RAISES * blockTimeMs)
  const calm = blocks > LEAST ? blocks : LEAST
  if (left === undefined) return calm
  const hurried = left > 0n ? (left * 1000n) / (SHARE * blockTimeMs) : 0n
  if (hurried >= calm) return calm
  return hurried > 1n ? hurried : 1n
}

/**
 * Seconds of UTC to wait before a transaction is made anew that paid in vain so often: none after the first two, then the time of
 * {@link bumpAfter}, and twice as long each time, up to S and to a share of what is left. So an endpoint that calls every claim a failure costs
 * a few fees, and not one a block (S13, H29); by UTC, since the same endpoint tells how high the chain is.
 *
 * @param failures how many were made for the same purpose, each of which used up its sender's nonce or sequence; `InvalidArgument` (1013)
 * where it is no whole number from 0 on
 * @param left seconds until the instant after which it is of no use, where there is one
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { Pace } from '@aitbc/swap'
 * Pace.restAfter(networks.ethereum, 1) // 0n
 * Pace.restAfter(networks.ethereum, 5) // 144n
 */
export function restAfter(
  network: Pick<Network, 'blockTimeMs' | 'timing'>,
  failures: number,
  left?: bigint,
): bigint {
  if (!Number.isSafeInteger(failures) || failures < 0)
    throw CoreErrors.InvalidArgument(`failures must be a whole number from 0 on, got ${show(failures)}`, {
      argument: 'failures',
      received: failures,
    })
  if (failures <= FREE) return 0n
  const { blockTimeMs, timing } = network
  const calm = ceil(bumpAfter(network) * blockTimeMs, 1000n)
  const doubled = calm << BigInt(Math.min(failures - FREE - 1, MOST_DOUBLED))
  const longest = timing.conservative.inclusion
  const rest = doubled < longest ? doubled : longest
  // Once it is over, for all that is known, nothing is urgent any more.
  if (left === undefined || left <= 0n) return rest
  const share = left / SHARE
  return rest < share ? rest : share > 1n ? share : 1n
}

function ceil(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b
}
