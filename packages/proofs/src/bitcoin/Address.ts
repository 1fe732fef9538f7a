import { Bytes, Verdict } from '@aitbc/core'
import * as Base58 from './Base58.js'
import * as Script from './Script.js'
import * as SegwitAddress from './SegwitAddress.js'

/** How a network writes addresses and keys: prefix of SegWit addresses, and first bytes of what is in Base58Check. */
export interface Form {
  readonly prefix: string
  readonly keyHash: number
  readonly scriptHash: number
  readonly privateKey: number
}

const TEST = { keyHash: 0x6f, scriptHash: 0xc4, privateKey: 0xef } as const

/** Addresses of mainnet. */
export const mainnet: Form = { prefix: 'bc', keyHash: 0x00, scriptHash: 0x05, privateKey: 0x80 }
/** Addresses of testnet3, testnet4 and signet. */
export const testnet: Form = { prefix: 'tb', ...TEST }
/** Addresses of regtest. */
export const regtest: Form = { prefix: 'bcrt', ...TEST }

/**
 * The output script that an address of a network pays to: SegWit (BIP-173, BIP-350), or the hash of a key or script in Base58Check.
 *
 * Refusals: those of `SegwitAddress.decode` for what starts like one, else those of `Base58.decodeCheck`, and `address-version`.
 *
 * @example
 * import { Address } from '@aitbc/proofs/bitcoin-script'
 * Address.toScript('1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', Address.mainnet).ok // true
 */
export function toScript(address: string, form: Form): Verdict.Verdict<Bytes.Bytes> {
  if (address.slice(0, form.prefix.length + 1).toLowerCase() === `${form.prefix}1`) {
    const segwit = SegwitAddress.decode(address, form.prefix)
    return segwit.ok ? Verdict.accept(SegwitAddress.toScript(segwit.value)) : segwit
  }
  const payload = Base58.decodeCheck(address)
  if (!payload.ok) return payload
  const [version] = payload.value
  const hash = payload.value.slice(1)
  if (hash.length === 20) {
    if (version === form.keyHash) return Verdict.accept(Bytes.concat(KEY_HASH_HEAD, hash, KEY_HASH_TAIL))
    if (version === form.scriptHash)
      return Verdict.accept(Bytes.concat(SCRIPT_HASH_HEAD, hash, SCRIPT_HASH_TAIL))
  }
  return Verdict.refuse('address-version', `no address of ${form.prefix} has version ${version}`, { version })
}

/** The address that an output script pays to; `address-script` where it has none. */
export function fromScript(script: Bytes.Bytes, form: Form): Verdict.Verdict<string> {
  const hash = Script.scriptHash(script)
  if (hash !== undefined)
    return Verdict.accept(Base58.encodeCheck(Bytes.concat(Uint8Array.of(form.scriptHash), hash)))
  const key = Script.keyHash(script)
  if (key !== undefined)
    return Verdict.accept(Base58.encodeCheck(Bytes.concat(Uint8Array.of(form.keyHash), key)))
  const segwit = SegwitAddress.fromScript(script, form.prefix)
  return segwit.ok ? Verdict.accept(SegwitAddress.encode(segwit.value)) : segwit
}

const { dup, hash160, equal, equalVerify, checkSig } = Script.OP
const KEY_HASH_HEAD = /* @__PURE__ */ Uint8Array.of(dup, hash160, 20)
const KEY_HASH_TAIL = /* @__PURE__ */ Uint8Array.of(equalVerify, checkSig)
const SCRIPT_HASH_HEAD = /* @__PURE__ */ Uint8Array.of(hash160, 20)
const SCRIPT_HASH_TAIL = /* @__PURE__ */ Uint8Array.of(equal)
