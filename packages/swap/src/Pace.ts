import type { Network } from '@aitbc/core'

/** How often a fee can be raised within S, the time in which a properly bumped transaction is included. */
const RAISES = 24n
/** A share of what is left until it is too late: one step of waiting takes no more. */
const SHARE = 8n
/** Fewer say nothing: the first block may have been on its way when the transaction was sent. */
const LEAST = 2n

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

function ceil(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b
}
