import { type CallOptions, type FeeRates, type PrepareOptions, show } from '@aitbc/core'
import { BitcoinErrors } from '../errors.js'
import type { Context } from './context.js'

/** Largest rate that is taken for meant (Bitcoin Core `DEFAULT_MAX_RAW_TX_FEE_RATE`), sat/kvB. */
const MAX_FEE_RATE = 10_000_000n
/** What a replacement pays for its own relay (Bitcoin Core `DEFAULT_INCREMENTAL_RELAY_FEE`), sat/kvB. */
export const INCREMENTAL_RATE = 1000n
const TARGETS = { fast: 2, normal: 6, slow: 24 } as const

/** Rates for the next block, the next hour, the next hours; the relay minimum where the endpoint has no estimate. */
export async function feeRates(context: Context, options?: CallOptions): Promise<FeeRates> {
  const { backend, network } = context
  const [slow, normal, fast] = await Promise.all(
    (['slow', 'normal', 'fast'] as const).map(async (level) => {
      const estimate = (await backend.estimate(TARGETS[level], options)) ?? network.fees.minRelay
      const least = max(estimate, network.fees.minRelay)
      return least < MAX_FEE_RATE ? least : MAX_FEE_RATE
    }),
  )
  const first = slow as bigint
  const second = max(first, normal as bigint)
  return { slow: first, normal: second, fast: max(second, fast as bigint) }
}

export async function rateOf(context: Context, options: PrepareOptions): Promise<bigint> {
  if (options.feeRate === undefined) return (await feeRates(context, options)).normal
  assertRate(context, options.feeRate)
  return options.feeRate
}

export function assertRate(context: Context, feeRate: unknown): asserts feeRate is bigint {
  const { minRelay } = context.network.fees
  if (typeof feeRate !== 'bigint' || feeRate < minRelay || feeRate > MAX_FEE_RATE)
    throw BitcoinErrors.InvalidFeeRate(
      `feeRate must be a bigint from ${minRelay} to ${MAX_FEE_RATE} sat/kvB, got ${show(feeRate)}`,
      { argument: 'feeRate', received: feeRate },
    )
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
