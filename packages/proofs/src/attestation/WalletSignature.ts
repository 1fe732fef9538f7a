import { Bytes, Verdict } from '@aitbc/core'
import * as Secp256k1 from './Secp256k1.js'

/** `isValidSignature(bytes32,bytes)`: the function of EIP-1271, and what it answers for a signature of the contract's owners. */
const MAGIC = /* @__PURE__ */ Uint8Array.of(0x16, 0x26, 0xba, 0x7e)

/**
 * Decides whether the key of an address signed a digest: 65 bytes with v 27 or 28, or 64 by EIP-2098 (A54). Refusals: `address-zero`
 * (what a wrong signature recovers to in Solidity), those of `Secp256k1.fromWallet` and `Secp256k1.recover`, `signature`.
 *
 * @example
 * import { WalletSignature } from '@aitbc/proofs/attestation'
 * WalletSignature.verify(new Uint8Array(20), new Uint8Array(32), new Uint8Array(65)).ok // false
 */
export function verify(
  address: Bytes.Bytes,
  digest: Bytes.Hash32,
  signature: Bytes.Bytes,
): Verdict.Verdict<true> {
  if (address.length !== 20 || address.every((byte) => byte === 0))
    return Verdict.refuse('address-zero', 'no key has the zero address')
  const full = Secp256k1.fromWallet(signature)
  if (!full.ok) return full
  return Secp256k1.signedBy(address, Secp256k1.recover(digest, full.value, 'from-27'))
}

/**
 * The call that asks a contract whether its owners signed a digest (EIP-1271). What it answers is the contract's word at one block:
 * it proves nothing to whoever doesn't run the contract, and may be otherwise at the next.
 *
 * @example
 * import { WalletSignature } from '@aitbc/proofs/attestation'
 * WalletSignature.contractCall(new Uint8Array(32), new Uint8Array(65)).length // 196
 */
export function contractCall(digest: Bytes.Hash32, signature: Bytes.Bytes): Bytes.Bytes {
  Bytes.assert(digest, 32, 'digest')
  const out = new Uint8Array(4 + 96 + 32 * Math.ceil(signature.length / 32))
  out.set(MAGIC)
  out.set(digest, 4)
  out[67] = 64
  new DataView(out.buffer).setUint32(96, signature.length)
  out.set(signature, 100)
  return out
}

/**
 * Reads what the contract answered. Refusals: `contract-answer` (anything but the magic value behind which 28 zeros stand: a contract
 * without the function, or one with a fallback, says nothing), no matter what else came back.
 *
 * @example
 * import { WalletSignature } from '@aitbc/proofs/attestation'
 * WalletSignature.contractAnswer(new Uint8Array(32)).ok // false
 */
export function contractAnswer(returned: Bytes.Bytes): Verdict.Verdict<true> {
  return returned.length === 32 && returned.every((byte, i) => byte === (MAGIC[i] ?? 0))
    ? Verdict.accept(true)
    : Verdict.refuse('contract-answer', 'the contract does not vouch for the signature')
}
