import { type CallOptions, type FeeRates, show } from '@aitbc/core'
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

/** maxFeePerGas for three levels of hurry: room for the base fee to double (fast: to triple), and a tip. */
export function rates({ baseFee, tips }: Market): FeeRates {
  return { slow: 2n * baseFee + tips[0], normal: 2n * baseFee + tips[1], fast: 3n * baseFee + tips[2] }
}

/** Splits a fee rate: what it leaves above a doubled base fee is tip, and at least the usual tip where it can be. */
export function split(
  feeRate: bigint,
  { baseFee, tips }: Market,
): { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint } {
  if (typeof feeRate !== 'bigint' || feeRate < 1n || feeRate >= 1n << 96n)
    throw EvmErrors.EvmInvalidFeeRate(
      `feeRate must be a bigint from 1 to 2^96 - 1 wei per gas, got ${show(feeRate)}`,
      {
        argument: 'feeRate',
        received: feeRate,
      },
    )
  const usual = tips[1] < feeRate ? tips[1] : feeRate
  return { maxFeePerGas: feeRate, maxPriorityFeePerGas: larger(feeRate - 2n * baseFee, usual) }
}

/** The larger of two amounts. */
export function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a
  return b
}
