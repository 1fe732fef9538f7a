import type { Bytes, CallOptions, FeeRates } from '@aitbc/core'
import { show } from '@aitbc/core'
import { SolanaErrors } from '../errors.js'
import * as SolanaRpc from '../SolanaRpc.js'
import { type Client, checkChain, rpc } from './client.js'

/** What is asked at least: with nothing paid of late, nodes say zero, and the next one who pays anything is first. */
const FLOORS = { slow: 1n, normal: 1000n, fast: 10_000n } as const

/**
 * Prices of a compute unit from what was paid of late in transactions that wrote these accounts: the middle, the upper quarter and the
 * upper tenth of slots. An endpoint can name any: `maxFeeRate` bounds them.
 */
export async function rates(
  client: Client,
  keys: readonly Bytes.Bytes32[],
  options?: CallOptions,
): Promise<FeeRates> {
  await checkChain(client, options)
  const paid = [...(await SolanaRpc.prioritizationFees(client.transport, keys, rpc(options)))].sort((a, b) =>
    a < b ? -1 : a > b ? 1 : 0,
  )
  const at = (share: number) => paid[Math.min(paid.length - 1, Math.floor(paid.length * share))] ?? 0n
  const bounded = (rate: bigint, floor: bigint) => {
    if (rate > client.maxFeeRate || floor > client.maxFeeRate) return client.maxFeeRate
    return rate > floor ? rate : floor
  }
  return {
    slow: bounded(at(0.5), FLOORS.slow),
    normal: bounded(at(0.75), FLOORS.normal),
    fast: bounded(at(0.9), FLOORS.fast),
  }
}

/** `SolanaInvalidFeeRate` (3306), or `SolanaFeeRateTooHigh` (3313) above the adapter's cap. */
export function assertRate(client: Client, feeRate: bigint): bigint {
  if (typeof feeRate !== 'bigint' || feeRate < 0n || feeRate >= 1n << 64n)
    throw SolanaErrors.SolanaInvalidFeeRate(
      `feeRate must be millionths of a lamport for a compute unit, got ${show(feeRate)}`,
      { argument: 'feeRate', received: feeRate },
    )
  if (feeRate > client.maxFeeRate)
    throw SolanaErrors.SolanaFeeRateTooHigh(`feeRate must be at most ${client.maxFeeRate}, got ${feeRate}`, {
      argument: 'feeRate',
      received: feeRate,
      limit: client.maxFeeRate,
    })
  return feeRate
}
