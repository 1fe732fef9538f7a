import type { ChainId } from './ChainId.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'

/** A CAIP-19 asset type or asset id, `chain/namespace:reference[/token]`, compared exactly as written. */
export type AssetId = `${string}:${string}/${string}:${string}`

const CAIP19 =
  /^([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32})\/([-a-z0-9]{3,8}):([-.%a-zA-Z0-9]{1,128})(?:\/([-.%a-zA-Z0-9]{1,78}))?$/
const EVM_TOKEN = /^erc[0-9]+$/
const NUMBER = /^(?:0|[1-9][0-9]*)$/
const EVM_ADDRESS = /^0x[0-9a-fA-F]{40}$/

/** The parts of an {@link AssetId}; `tokenId` only for one item of a collection. */
export interface Parts {
  readonly network: ChainId
  readonly namespace: string
  readonly reference: string
  readonly tokenId?: string
}

/**
 * Tells whether a value is an asset type or id by the grammar of CAIP-19.
 *
 * @example
 * import { AssetId } from '@aitbc/core'
 * AssetId.is('eip155:1/slip44:60') // true
 */
export function is(value: unknown): value is AssetId {
  return typeof value === 'string' && CAIP19.test(value)
}

/**
 * Reads an asset id (CAIP-19, "Syntax"); `InvalidAssetId` (1003) for anything else.
 *
 * @example
 * import { AssetId } from '@aitbc/core'
 * AssetId.from('bip122:000000000019d6689c085ae165831e93/slip44:0')
 */
export function from(value: unknown, argument = 'assetId'): AssetId {
  if (!is(value))
    throw CoreErrors.InvalidAssetId(`${argument} must be a CAIP-19 id, got ${show(value)}`, {
      argument,
      received: value,
    })
  return value
}

/**
 * Splits an asset id into its parts; `InvalidAssetId` (1003).
 *
 * @example
 * import { AssetId } from '@aitbc/core'
 * AssetId.parse('eip155:1/slip44:60').network // 'eip155:1'
 */
export function parse(value: unknown): Parts {
  const [, network, namespace, reference, tokenId] = CAIP19.exec(from(value)) as RegExpExecArray
  return {
    network: network as ChainId,
    namespace: namespace as string,
    reference: reference as string,
    ...(tokenId === undefined ? {} : { tokenId }),
  }
}

/**
 * Joins the parts of an asset id; `InvalidAssetId` (1003) where the result isn't CAIP-19.
 *
 * @example
 * import { AssetId } from '@aitbc/core'
 * AssetId.format({ network: 'eip155:1', namespace: 'slip44', reference: '60' }) // 'eip155:1/slip44:60'
 */
export function format(parts: Parts): AssetId {
  const token = parts.tokenId === undefined ? '' : `/${parts.tokenId}`
  return from(`${parts.network}/${parts.namespace}:${parts.reference}${token}`)
}

/**
 * The one spelling in which this SDK writes an asset: contract addresses on `eip155` in lower case, all others as they are. A number
 * with leading zeros (chain id, coin type or token id) and a token without an address are `InvalidAssetId` (1003).
 *
 * @example
 * import { AssetId } from '@aitbc/core'
 * AssetId.canonical('eip155:1/erc20:0x6B175474E89094C44Da98b954EedeAC495271d0F')
 */
export function canonical(value: unknown): AssetId {
  const id = from(value)
  const parts = parse(id)
  const refuse = (why: string) =>
    CoreErrors.InvalidAssetId(`${why}, got ${show(id)}`, { argument: 'assetId', received: id })
  if (parts.namespace === 'slip44' && !NUMBER.test(parts.reference))
    throw refuse('a slip44 coin type is a number without leading zeros')
  if (!parts.network.startsWith('eip155:')) return id
  if (!NUMBER.test(parts.network.slice(7)))
    throw refuse('an eip155 chain id is a number without leading zeros')
  if (!EVM_TOKEN.test(parts.namespace)) return id
  if (!EVM_ADDRESS.test(parts.reference)) throw refuse('an eip155 token has a 20-byte hex address')
  if (parts.tokenId !== undefined && !NUMBER.test(parts.tokenId))
    throw refuse('an eip155 token id is a number without leading zeros')
  return format({ ...parts, reference: parts.reference.toLowerCase() })
}
