import { Bytes, Verdict } from '@aitbc/core'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import type * as Address from './Address.js'
import * as Base58 from './Base58.js'

/** A private key as wallets export it: 32 bytes, and whether its public key is the compressed one. */
export interface Wif {
  readonly key: Bytes.Bytes32
  readonly compressed: boolean
}

/**
 * Reads a private key of a network in Base58Check ("wallet import format"). Refusals: those of `Base58.decodeCheck`, `wif-version`,
 * `wif-length`, `wif-key` (none below the order).
 *
 * @example
 * import { Address, Wif } from '@aitbc/proofs/bitcoin-script'
 * Wif.decode('5JuW2AMDYu4xVwRG9DZW18VbzQrGcd5RCgb99sS6ehJsNQXu5b9', Address.mainnet).ok // true
 */
export function decode(text: string, form: Address.Form): Verdict.Verdict<Wif> {
  const payload = Base58.decodeCheck(text)
  if (!payload.ok) return payload
  const [version] = payload.value
  if (version !== form.privateKey)
    return Verdict.refuse('wif-version', `no private key of ${form.prefix} has version ${version}`, {
      version,
    })
  const { length } = payload.value
  const compressed = length === 34
  if (length !== 33 && !(compressed && payload.value[33] === 1))
    return Verdict.refuse('wif-length', `a key of 32 bytes is expected, got ${length - 1} or another ending`)
  const key = payload.value.slice(1, 33)
  if (!secp256k1.utils.isValidSecretKey(key))
    return Verdict.refuse('wif-key', 'the key is zero or beyond the order')
  return Verdict.accept({ key, compressed })
}

/** Writes a private key in Base58Check. */
export function encode({ key, compressed }: Wif, form: Address.Form): string {
  return Base58.encodeCheck(
    Bytes.concat(Uint8Array.of(form.privateKey), key, compressed ? Uint8Array.of(1) : new Uint8Array(0)),
  )
}
