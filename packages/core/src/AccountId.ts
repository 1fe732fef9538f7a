import type { ChainId } from './ChainId.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'

/** A CAIP-10 account id, `namespace:reference:address`, compared exactly as written. */
export type AccountId = `${string}:${string}:${string}`

const CAIP10 = /^([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}):([-.%a-zA-Z0-9]{1,128})$/
const EVM_ADDRESS = /^0x[0-9a-fA-F]{40}$/

/** The two halves of an {@link AccountId}. */
export interface Parts {
  readonly network: ChainId
  readonly address: string
}

/**
 * Tells whether a value is an account id by the grammar of CAIP-10.
 *
 * @example
 * import { AccountId } from '@aitbc/core'
 * AccountId.is('eip155:1') // false
 */
export function is(value: unknown): value is AccountId {
  return typeof value === 'string' && CAIP10.test(value)
}

/**
 * Reads an account id (CAIP-10, "Syntax"); `InvalidAccountId` (1002) for anything else.
 *
 * @example
 * import { AccountId } from '@aitbc/core'
 * AccountId.from('cosmos:cosmoshub-3:cosmos1t2uflqwqe0fsj0shcfkrvpukewcw40yjj6hdc0')
 */
export function from(value: unknown, argument = 'accountId'): AccountId {
  if (!is(value))
    throw CoreErrors.InvalidAccountId(`${argument} must be a CAIP-10 id, got ${show(value)}`, {
      argument,
      received: value,
    })
  return value
}

/**
 * Splits an account id into its network and its address; `InvalidAccountId` (1002).
 *
 * @example
 * import { AccountId } from '@aitbc/core'
 * AccountId.parse('hedera:mainnet:0.0.1234567890-zbhlt').address // '0.0.1234567890-zbhlt'
 */
export function parse(value: unknown): Parts {
  const match = CAIP10.exec(from(value)) as RegExpExecArray
  return { network: match[1] as ChainId, address: match[2] as string }
}

/**
 * Joins network and address; `InvalidAccountId` (1002) where the result isn't CAIP-10.
 *
 * @example
 * import { AccountId } from '@aitbc/core'
 * AccountId.format({ network: 'cosmos:cosmoshub-4', address: 'alice' }) // 'cosmos:cosmoshub-4:alice'
 */
export function format(parts: Parts): AccountId {
  return from(`${parts.network}:${parts.address}`)
}

/**
 * The one spelling in which this SDK writes an account: `eip155` addresses in lower case, all others as they are.
 *
 * EIP-55 lets one account be written in two ways; two spellings must not become two identities. `InvalidAccountId` (1002), also for an
 * `eip155` number with leading zeros, and an address there that isn't 20 bytes of hex.
 *
 * @example
 * import { AccountId } from '@aitbc/core'
 * AccountId.canonical('eip155:1:0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb')
 */
export function canonical(value: unknown): AccountId {
  const id = from(value)
  if (!id.startsWith('eip155:')) return id
  const { network, address } = parse(id)
  if (!/^eip155:(?:0|[1-9][0-9]*)$/.test(network))
    throw CoreErrors.InvalidAccountId(
      `an eip155 chain id is a number without leading zeros, got ${show(id)}`,
      {
        argument: 'accountId',
        received: id,
      },
    )
  if (!EVM_ADDRESS.test(address))
    throw CoreErrors.InvalidAccountId(`an eip155 account has a 20-byte hex address, got ${show(address)}`, {
      argument: 'accountId',
      received: id,
    })
  return `${network}:${address.toLowerCase()}`
}
