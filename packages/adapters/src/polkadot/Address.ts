import { AccountId, Bytes, type ChainId, CoreErrors, type Network, show } from '@aitbc/core'
import { Account } from '@aitbc/proofs/revive'
import { PolkadotErrors } from './errors.js'

/** What an SS58 address says: the chain that it is for, and the account itself, 32 bytes that are one for all chains. */
export type Address = Account.Account

/**
 * Reads an SS58 address of an account of 32 bytes; `PolkadotAddress` (3502) for anything else, a wrong checksum included.
 *
 * @example
 * import { Address } from '@aitbc/adapters/polkadot'
 * Address.decode('5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY').prefix // 42
 */
export function decode(text: string, argument = 'address'): Address {
  const decoded = Account.decode(typeof text === 'string' ? text : '')
  if (decoded.ok) return decoded.value
  throw PolkadotErrors.PolkadotAddress(
    `${argument} must be an SS58 address: ${decoded.refusal.message}, got ${show(text)}`,
    { argument, received: text },
  )
}

/** Writes an account as SS58. */
export function encode({ prefix, account }: Address): string {
  Bytes.assert(account, 32, 'account')
  if (!Number.isInteger(prefix) || prefix < 0 || prefix >= 16_384)
    throw CoreErrors.InvalidArgument(`prefix must be from 0 to 16383, got ${show(prefix)}`, {
      argument: 'prefix',
      received: prefix,
    })
  return Account.encode({ prefix, account })
}

/** The id of an account on a network, in the network's own spelling. */
export function toAccountId(account: Bytes.Bytes32, network: Network): AccountId.AccountId {
  return AccountId.format({ network: network.id, address: encode({ prefix: prefixOf(network), account }) })
}

/**
 * The 32 bytes of an account of a network: `ForeignNetwork` (1016) for an id of another one, `PolkadotAddress` (3502) for an address with
 * another chain's prefix, even where the account would be the same.
 */
export function fromAccountId(id: AccountId.AccountId, network: Network, argument: string): Bytes.Bytes32 {
  const { address } = ofNetwork(id, network.id, argument)
  const { prefix, account } = decode(address, argument)
  if (prefix !== prefixOf(network))
    throw PolkadotErrors.PolkadotAddress(
      `${argument} must have the prefix ${prefixOf(network)} of ${network.name}, got ${prefix}`,
      { argument, expected: prefixOf(network), received: id },
    )
  return account
}

/** The parts of an account id; `ForeignNetwork` (1016). */
export function ofNetwork(
  id: AccountId.AccountId,
  network: ChainId.ChainId,
  argument: string,
): AccountId.Parts {
  const parts = AccountId.parse(AccountId.from(id, argument))
  if (parts.network !== network)
    throw CoreErrors.ForeignNetwork(`${argument} must be on ${network}, got ${show(id)}`, {
      argument,
      expected: network,
      received: id,
    })
  return parts
}

/**
 * The address of 20 bytes by which contracts know an account (pallet-revive): the last 20 bytes of its keccak-256, or the first 20 where
 * the account stands for such an address itself.
 *
 * @example
 * import { Address } from '@aitbc/adapters/polkadot'
 * Address.toH160(new Uint8Array(32)).length // 20
 */
export function toH160(account: Bytes.Bytes32): Bytes.Bytes {
  Bytes.assert(account, 32, 'account')
  return Account.toH160(account)
}

/** The account that stands for an address of 20 bytes that nobody mapped: no key of 32 bytes signs for it. */
export function fallback(h160: Bytes.Bytes): Bytes.Bytes32 {
  Bytes.assert(h160, 20, 'h160')
  return Account.fallback(h160)
}

/** Whether an account stands for an address of 20 bytes. */
export function standsForH160(account: Bytes.Bytes32): boolean {
  return Account.standsForH160(account)
}

function prefixOf(network: Network): number {
  if (network.ss58 === undefined)
    throw CoreErrors.InvalidNetwork('network.ss58 must be an SS58 prefix, got undefined', {
      argument: 'network.ss58',
    })
  return network.ss58
}
