import { type CallOptions, type FeeRates, show } from '@aitbc/core'
import { larger, smaller } from '../../internal/extremes.js'
import * as EvmRpc from '../EvmRpc.js'
import { EvmErrors } from '../errors.js'
import { type Client, rpc } from './client.js'

/** What fees are made from. */
export interface Market {
  readonly baseFee: bigint
  /** Tips at the 10th, 50th and 90th percentile, at least the network's minimum. */
  readonly tips: readonly [bigint, bigint, bigint]
}

/** Reads base fee and tips. */
export async function market(client: Client, options?: CallOptions): Promise<Market> {
  const { baseFee, tips } = await EvmRpc.feeHistory(client.transport, rpc(options))
  const least = client.network.fees.minRelay
  return { baseFee, tips: [larger(tips[0], least), larger(tips[1], least), larger(tips[2], least)] }
}

/**
 * maxFeePerGas for three levels of hurry: room for the base fee to double (fast: to triple, as far as the bound allows), and a tip.
 * `EvmFeeRateTooHigh` (3213) where not even the market's price is within the bound.
 */
export function rates(client: Client, { baseFee, tips }: Market): FeeRates {
  const within = (feeRate: bigint) => assertBounded(client, feeRate)
  const fast = 3n * baseFee + tips[2]
  return {
    slow: within(2n * baseFee + tips[0]),
    normal: within(2n * baseFee + tips[1]),
    fast: smaller(fast, client.maxFeeRate),
  }
}

/** Splits the fee rate of a step with so much gas: what it leaves above a doubled base fee is tip, and at least the usual tip where it can be. */
export function split(
  client: Client,
  feeRate: bigint,
  { baseFee, tips }: Market,
  gas: bigint,
): { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint } {
  if (typeof feeRate !== 'bigint' || feeRate < 1n)
    throw EvmErrors.EvmInvalidFeeRate(
      `feeRate must be a bigint of at least 1 wei per gas, got ${show(feeRate)}`,
      {
        argument: 'feeRate',
        received: feeRate,
      },
    )
  assertBounded(client, feeRate, gas)
  const usual = tips[1] < feeRate ? tips[1] : feeRate
  return { maxFeePerGas: feeRate, maxPriorityFeePerGas: larger(feeRate - 2n * baseFee, usual) }
}

/** Highest fee rate of a step with so much gas, wei per gas: by `maxFeeRate`, and by `maxFee`, beyond which nodes take nothing. */
export function bound({ maxFeeRate, maxFee }: Client, gas: bigint): bigint {
  return smaller(maxFeeRate, maxFee / larger(gas, 1n))
}

/** `EvmFeeRateTooHigh` (3213): what an endpoint says of the market is no reason to burn the money. */
export function assertBounded(client: Client, feeRate: bigint, gas?: bigint): bigint {
  const max = gas === undefined ? client.maxFeeRate : bound(client, gas)
  if (feeRate > max)
    throw EvmErrors.EvmFeeRateTooHigh(
      `the fee rate must be at most ${max} wei per gas${gas === undefined ? '' : `, of ${gas}`}, got ${feeRate}`,
      { argument: 'feeRate', max, received: feeRate },
    )
  return feeRate
}
