import { AccountId, Bytes, type ChainId, CoreErrors, type Network, show } from '@aitbc/core'
import { Base58 } from '@aitbc/proofs/bitcoin-script'
import { blake2b } from '@noble/hashes/blake2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { PolkadotErrors } from './errors.js'

/** What an SS58 address says. */
export interface Address {
  /** The chain that it is for. */
  readonly prefix: number
  /** The account itself: 32 bytes, one for all chains. */
  readonly account: Bytes.Bytes32
}

const CONTEXT = /* @__PURE__ */ new TextEncoder().encode('SS58PRE')
const CHECKSUM_LENGTH = 2
/** Last bytes of an account that stands for an address of 20 bytes (pallet-revive, `AccountId32Mapper`). */
const FILLER = 0xee

/**
 * Reads an SS58 address of an account of 32 bytes; `PolkadotAddress` (3502) for anything else, a wrong checksum included.
 *
 * @example
 * import { Address } from '@aitbc/adapters/polkadot'
 * Address.decode('5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY').prefix // 42
 */
export function decode(text: string, argument = 'address'): Address {
  const refuse = (why: string) =>
    PolkadotErrors.PolkadotAddress(`${argument} must be an SS58 address: ${why}, got ${show(text)}`, {
      argument,
      received: text,
    })
  const decoded = typeof text === 'string' && text.length <= 64 ? Base58.decode(text) : undefined
  if (decoded === undefined || !decoded.ok) throw refuse('it is no Base58')
  const bytes = decoded.value
  const [first = 0, second = 0] = bytes
  if (first >= 128) throw refuse('its prefix is reserved')
  const length = first < 64 ? 1 : 2
  const prefix = length === 1 ? first : ((first & 0x3f) << 2) | (second >> 6) | ((second & 0x3f) << 8)
  if (bytes.length !== length + 32 + CHECKSUM_LENGTH) throw refuse('it is of another length')
  const body = bytes.slice(0, -CHECKSUM_LENGTH)
  if (!Bytes.equal(checksum(body), bytes.slice(-CHECKSUM_LENGTH))) throw refuse('its checksum is wrong')
  const account = bytes.slice(length, length + 32)
  if (encode({ prefix, account }) !== text) throw refuse('its prefix is not in the shortest form')
  return { prefix, account }
}

/** Writes an account as SS58. */
export function encode({ prefix, account }: Address): string {
  Bytes.assert(account, 32, 'account')
  if (!Number.isInteger(prefix) || prefix < 0 || prefix >= 16_384)
    throw CoreErrors.InvalidArgument(`prefix must be from 0 to 16383, got ${show(prefix)}`, {
      argument: 'prefix',
      received: prefix,
    })
  const head =
    prefix < 64
      ? Uint8Array.of(prefix)
      : Uint8Array.of(0x40 | ((prefix >> 2) & 0x3f), (prefix >> 8) | ((prefix & 3) << 6))
  const body = Bytes.concat(head, account)
  return Base58.encode(Bytes.concat(body, checksum(body)))
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
  return standsForH160(account) ? account.slice(0, 20) : keccak_256(account).slice(12)
}

/** The account that stands for an address of 20 bytes that nobody mapped: no key of 32 bytes signs for it. */
export function fallback(h160: Bytes.Bytes): Bytes.Bytes32 {
  Bytes.assert(h160, 20, 'h160')
  return Bytes.concat(h160, new Uint8Array(12).fill(FILLER))
}

/** Whether an account stands for an address of 20 bytes. */
export function standsForH160(account: Bytes.Bytes32): boolean {
  return account.slice(20).every((byte) => byte === FILLER)
}

function prefixOf(network: Network): number {
  if (network.ss58 === undefined)
    throw CoreErrors.InvalidNetwork('network.ss58 must be an SS58 prefix, got undefined', {
      argument: 'network.ss58',
    })
  return network.ss58
}

function checksum(body: Bytes.Bytes): Bytes.Bytes {
  return blake2b(Bytes.concat(CONTEXT, body)).slice(0, CHECKSUM_LENGTH)
}
