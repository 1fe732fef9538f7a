import { type CallOptions, type FeeRates, isAitbcError, show } from '@aitbc/core'
import { ConfigRequest, ConfigResponse } from 'cosmjs-types/cosmos/base/node/v1beta1/query'
import { larger } from '../../internal/larger.js'
import * as CosmosRpc from '../CosmosRpc.js'
import { CosmosErrors } from '../errors.js'
import { type Base, rpc } from './client.js'

const CONFIG = '/cosmos.base.node.v1beta1.Service/Config'
const MILLION = 1_000_000n

/**
 * Gas prices for three levels of hurry: the larger of the network's and the node's minimum, a quarter above it, and twice it. Nodes
 * order by price rarely, so more buys little.
 */
export async function rates(client: Base, height: bigint, options?: CallOptions): Promise<FeeRates> {
  const least = larger(client.network.fees.minRelay, await minimum(client, height, options))
  const within = (feeRate: bigint) => assertBounded(client, feeRate)
  return { slow: within(least), normal: within((least * 5n + 3n) / 4n), fast: within(least * 2n) }
}

/** The node's own least gas price in the native coin; 0 where it tells none. */
async function minimum(client: Base, height: bigint, options?: CallOptions): Promise<bigint> {
  let answer: Uint8Array
  try {
    const request = ConfigRequest.encode({}).finish()
    answer = await CosmosRpc.query(client.transport, CONFIG, request, height, rpc(options))
  } catch (error) {
    // Older nodes have no such service.
    if (isAitbcError(error, 'RpcRejected')) return 0n
    throw error
  }
  let text: string
  try {
    text = ConfigResponse.decode(answer).minimumGasPrice
  } catch {
    throw CosmosRpc.malformed('abci_query', "the node's configuration", CosmosRpc.upperHex(answer))
  }
  return parsePrices(text, client.denom)
}

/** A denomination's price for 1,000,000 gas in `0.025uatom,0.1ibc/…`, rounded up; 0 where it isn't listed. */
export function parsePrices(text: string, denom: string): bigint {
  if (text.length > 65_536) throw CosmosRpc.malformed('abci_query', 'a list of gas prices', text)
  for (const part of text.split(/[,;]/)) {
    const match = /^([0-9]{1,40})(?:\.([0-9]{1,18}))?([a-zA-Z][a-zA-Z0-9/:._-]{2,127})$/.exec(part.trim())
    if (match === null || match[3] !== denom) continue
    const [, whole = '0', fraction = ''] = match
    const scale = 10n ** BigInt(fraction.length)
    return (BigInt(whole + fraction) * MILLION + scale - 1n) / scale
  }
  return 0n
}

/** What a gas limit costs at a price for 1,000,000 gas, rounded up. */
export function feeOf(gas: bigint, feeRate: bigint): bigint {
  return (gas * feeRate + MILLION - 1n) / MILLION
}

/** A price that a caller asked for; `CosmosInvalidFeeRate` (3406), `CosmosFeeRateTooHigh` (3413). */
export function assertRate(client: Base, feeRate: bigint): bigint {
  if (typeof feeRate !== 'bigint' || feeRate < 1n)
    throw CosmosErrors.CosmosInvalidFeeRate(
      `feeRate must be a bigint of at least 1 base unit for 1,000,000 gas, got ${show(feeRate)}`,
      { argument: 'feeRate', received: feeRate },
    )
  return assertBounded(client, feeRate)
}

/** `CosmosFeeRateTooHigh` (3413): what an endpoint says of the market is no reason to burn the money. */
function assertBounded(client: Base, feeRate: bigint): bigint {
  if (feeRate > client.maxFeeRate)
    throw CosmosErrors.CosmosFeeRateTooHigh(
      `the fee rate must be at most ${client.maxFeeRate} base units for 1,000,000 gas, got ${feeRate}`,
      { argument: 'feeRate', max: client.maxFeeRate, received: feeRate },
    )
  return feeRate
}
