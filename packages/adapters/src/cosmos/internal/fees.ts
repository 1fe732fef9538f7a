import { type CallOptions, type FeeRates, show } from '@aitbc/core'
import { BinaryReader, BinaryWriter } from 'cosmjs-types/binary'
import { ConfigResponse } from 'cosmjs-types/cosmos/base/node/v1beta1/query'
import { DecCoin } from 'cosmjs-types/cosmos/base/v1beta1/coin'
import { larger } from '../../internal/extremes.js'
import * as CosmosRpc from '../CosmosRpc.js'
import { CosmosErrors } from '../errors.js'
import { type Base, rpc } from './client.js'

const CONFIG = '/cosmos.base.node.v1beta1.Service/Config'
/** Where chains that price gas by their load tell what it costs now (`x/feemarket` of Cosmos Hub and Neutron, `x/txfees` of Osmosis). */
const SKIP = '/feemarket.feemarket.v1.Query/GasPrice'
const OSMOSIS = '/osmosis.txfees.v1beta1.Query/GetEipBaseFee'
const MILLION = 1_000_000n
const ONE = 10n ** 18n
const DECIMAL = /^\d{1,60}$/

/**
 * Gas prices for three levels of hurry: the largest of the network's, the node's and the chain's own minimum, a quarter above it, and twice it
 * as far as the bound allows: some chains raise theirs by an eighth with each full block. Nodes order by price rarely, so more buys little.
 * `CosmosFeeRateTooHigh` (3413) where not even the market's price is within the bound.
 */
export async function rates(client: Base, height: bigint, options?: CallOptions): Promise<FeeRates> {
  const denom = BinaryWriter.create().uint32(10).string(client.denom).finish()
  const none = new Uint8Array(0)
  const told = await Promise.all([
    ask(client, CONFIG, none, height, (answer) => minimum(answer, client.denom), options),
    ask(client, SKIP, denom, height, priceIn, options),
    ask(client, OSMOSIS, none, height, priceIn, options),
  ])
  const least = told.reduce(larger, client.network.fees.minRelay)
  const within = (feeRate: bigint) => assertBounded(client, feeRate)
  const fast = least * 2n
  return {
    slow: within(least),
    normal: within((least * 5n + 3n) / 4n),
    fast: fast < client.maxFeeRate ? fast : client.maxFeeRate,
  }
}

/** A price that the node is asked for; 0 where it has no such service. */
async function ask(
  client: Base,
  path: string,
  request: Uint8Array,
  height: bigint,
  read: (answer: Uint8Array) => bigint,
  options?: CallOptions,
): Promise<bigint> {
  let answer: Uint8Array
  try {
    answer = await CosmosRpc.query(client.transport, path, request, height, rpc(options))
  } catch (error) {
    if (CosmosRpc.isUnknown(error)) return 0n
    throw error
  }
  try {
    return read(answer)
  } catch {
    throw CosmosRpc.malformed('abci_query', 'a price of gas', CosmosRpc.upperHex(answer))
  }
}

/** The node's own least gas price in the native coin; 0 where it tells none. */
function minimum(answer: Uint8Array, denom: string): bigint {
  return parsePrices(ConfigResponse.decode(answer).minimumGasPrice, denom)
}

/** The chain's least price of 1,000,000 gas now, rounded up: a decimal of 18 places, in a coin or by itself, for one gas. */
function priceIn(answer: Uint8Array): bigint {
  const reader = new BinaryReader(answer)
  reader.uint32()
  const price = reader.bytes()
  const own = new TextDecoder().decode(price)
  const text = DECIMAL.test(own) ? own : DecCoin.decode(price).amount
  if (!DECIMAL.test(text)) throw new TypeError('it is no decimal')
  return (BigInt(text) * MILLION + ONE - 1n) / ONE
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
