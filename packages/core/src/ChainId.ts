import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'

/** A CAIP-2 chain id, `namespace:reference`, compared exactly as written. */
export type ChainId = `${string}:${string}`

const CAIP2 = /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/

/** The two halves of a {@link ChainId}. */
export interface Parts {
  readonly namespace: string
  readonly reference: string
}

/**
 * Tells whether a value is a chain id by the grammar of CAIP-2.
 *
 * @example
 * import { ChainId } from '@aitbc/core'
 * ChainId.is('eip155:1') // true
 */
export function is(value: unknown): value is ChainId {
  return typeof value === 'string' && CAIP2.test(value)
}

/**
 * Reads a chain id (CAIP-2, "Syntax"); `InvalidChainId` (1001) for anything else.
 *
 * @example
 * import { ChainId } from '@aitbc/core'
 * ChainId.from('bip122:000000000019d6689c085ae165831e93')
 */
export function from(value: unknown, argument = 'chainId'): ChainId {
  if (!is(value))
    throw CoreErrors.InvalidChainId(`${argument} must be a CAIP-2 id, got ${show(value)}`, {
      argument,
      received: value,
    })
  return value
}

/**
 * Splits a chain id into namespace and reference; `InvalidChainId` (1001).
 *
 * @example
 * import { ChainId } from '@aitbc/core'
 * ChainId.parse('eip155:1').namespace // 'eip155'
 */
export function parse(value: unknown): Parts {
  const id = from(value)
  const colon = id.indexOf(':')
  return { namespace: id.slice(0, colon), reference: id.slice(colon + 1) }
}

/**
 * Joins namespace and reference; `InvalidChainId` (1001) where the result isn't CAIP-2.
 *
 * @example
 * import { ChainId } from '@aitbc/core'
 * ChainId.format({ namespace: 'eip155', reference: '1' }) // 'eip155:1'
 */
export function format(parts: Parts): ChainId {
  return from(`${parts.namespace}:${parts.reference}`)
}
