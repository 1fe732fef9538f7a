import { AccountId, type Bytes, CoreErrors, type Network, show } from '@aitbc/core'
import { SegwitAddress, Taproot } from '@aitbc/proofs/bitcoin'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { BitcoinErrors } from './errors.js'

/** An account read as what it pays to. */
export interface Account {
  readonly id: AccountId.AccountId
  /** What coins of it are spent with: `p2wpkh` and `p2tr` by one key, `p2wsh` by a script. */
  readonly kind: 'p2wpkh' | 'p2wsh' | 'p2tr'
  /** The output script that pays to it. */
  readonly script: Bytes.Bytes
  /** The witness program: a hash of 20 or 32 bytes, or an output key. */
  readonly program: Bytes.Bytes
}

/**
 * Reads an account of a Bitcoin network: a native SegWit address in lower case. `InvalidAccountId` (1002), `ForeignNetwork` (1016),
 * `UnsupportedAccount` (3103) for all others, which name the argument.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { Account } from '@aitbc/adapters/bitcoin'
 * const id = `${networks.bitcoin.id}:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4` as const
 * Account.parse(networks.bitcoin, id).kind // 'p2wpkh'
 */
export function parse(network: Network, id: unknown, argument = 'account'): Account {
  const account = AccountId.from(id, argument)
  const parts = AccountId.parse(account)
  if (parts.network !== network.id)
    throw CoreErrors.ForeignNetwork(`${argument} must be on ${network.id}, got ${show(account)}`, {
      argument,
      expected: network.id,
      received: account,
    })
  const decoded = SegwitAddress.decode(parts.address, prefixOf(network))
  const refuse = (why: string) =>
    BitcoinErrors.UnsupportedAccount(`${argument} must be a native SegWit address of ${network.id}: ${why}`, {
      argument,
      received: account,
    })
  if (!decoded.ok) throw refuse(decoded.refusal.message)
  // One account has one spelling: addresses may also be written in capitals.
  if (parts.address !== parts.address.toLowerCase()) throw refuse('it must be in lower case')
  const { version, program } = decoded.value
  const kind = version === 0 ? (program.length === 20 ? 'p2wpkh' : 'p2wsh') : 'p2tr'
  if (version > 1 || (version === 1 && program.length !== 32))
    throw refuse(`version ${version} with ${program.length} bytes can't be spent yet`)
  if (kind === 'p2tr' && !Taproot.isKey(program)) throw refuse('its key is no point of the curve')
  return { id: account, kind, script: SegwitAddress.toScript(decoded.value), program }
}

/**
 * The account of a compressed public key (33 bytes): its p2wpkh address, or with `p2tr` its BIP-86 address.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { Account } from '@aitbc/adapters/bitcoin'
 * const key = Uint8Array.of(2, ...Array(31).fill(0), 1)
 * Account.ofKey(networks.bitcoin, key) // 'bip122:…:bc1q…'
 */
export function ofKey(
  network: Network,
  publicKey: Bytes.Bytes,
  kind: 'p2wpkh' | 'p2tr' = 'p2wpkh',
): AccountId.AccountId {
  assertKey(publicKey, 'publicKey')
  const prefix = prefixOf(network)
  if (kind === 'p2wpkh') return format(network, { prefix, version: 0, program: hash160(publicKey) })
  const output = Taproot.tweak(publicKey.slice(1))
  if (!output.ok) throw BitcoinErrors.UnsupportedAccount(output.refusal.message, { argument: 'publicKey' })
  return format(network, { prefix, version: 1, program: output.value.key })
}

/** The account that an output script pays to, or `undefined` where it pays to no native SegWit address. */
export function ofScript(network: Network, script: Bytes.Bytes): AccountId.AccountId | undefined {
  const address = SegwitAddress.fromScript(script, prefixOf(network))
  return address.ok ? format(network, address.value) : undefined
}

/** The compressed public key of a private key; `InvalidBytes` (1005) where it is none. */
export function publicKey(privateKey: Bytes.Bytes): Bytes.Bytes {
  if (!(privateKey instanceof Uint8Array) || !secp256k1.utils.isValidSecretKey(privateKey))
    throw CoreErrors.InvalidBytes('privateKey must be 32 bytes below the order of secp256k1', {
      argument: 'privateKey',
    })
  return secp256k1.getPublicKey(privateKey, true)
}

/** Refuses what isn't a compressed public key. */
export function assertKey(key: unknown, argument: string): asserts key is Bytes.Bytes {
  if (!(key instanceof Uint8Array) || key.length !== 33 || !Taproot.isKey(key))
    throw CoreErrors.InvalidBytes(
      `${argument} must be a compressed public key of 33 bytes, got ${show(key)}`,
      {
        argument,
        received: show(key),
      },
    )
}

/** Least amount that nodes relay to a script (Bitcoin Core `GetDustThreshold`, 3 sat/vB), and the network's own least. */
export function dust(network: Network, script: Bytes.Bytes): bigint {
  const least = BigInt(3 * (8 + 1 + script.length + 67))
  return least > network.fees.dust ? least : network.fees.dust
}

/** RIPEMD-160 of the SHA-256: 20 bytes, as P2WPKH programs name a key by it (BIP-141). */
export function hash160(bytes: Bytes.Bytes): Bytes.Bytes {
  return ripemd160(sha256(bytes))
}

function format(network: Network, address: SegwitAddress.SegwitAddress): AccountId.AccountId {
  return AccountId.format({ network: network.id, address: SegwitAddress.encode(address) })
}

function prefixOf(network: Network): string {
  if (network.family !== 'bitcoin' || network.hrp === undefined)
    throw CoreErrors.InvalidNetwork(
      `network must be a Bitcoin network with an address prefix, got ${network.id}`,
      {
        argument: 'network',
        received: network.id,
      },
    )
  return network.hrp
}
