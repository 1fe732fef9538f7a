import { Bytes, Verdict } from '@aitbc/core'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as Account from './Account.js'

const FORM = /^(?:0x)?([0-9a-fA-F]{128})(0[01]|1[bBcC])$/

/**
 * The account whose key signed a digest, as `0x` and 40 hex digits in lower case.
 *
 * A signature is r ‖ s ‖ v in hex, with `0x` or without, in either letter case, v 0 or 1, or 27 or 28. The chain doesn't refuse a
 * high s, so each signature has a twin and several spellings: none of them ever names anything. Refusals: `signature-form`
 * (anything else, EIP-155's v included), `signature` (no key signed this).
 *
 * @example
 * import { Signature } from '@aitbc/proofs/aitbc'
 * Signature.recover(new Uint8Array(32), '0x00').ok // false
 */
export function recover(digest: Bytes.Hash32, signature: string): Verdict.Verdict<string> {
  const match = FORM.exec(signature)
  if (match === null)
    return Verdict.refuse('signature-form', 'a signature is 65 bytes of hex that end with 0, 1, 27 or 28')
  const [, rs, v] = match as unknown as readonly [text: string, rs: string, v: string]
  const recovery = Number.parseInt(v, 16) % 27
  try {
    const parsed = secp256k1.Signature.fromBytes(Bytes.fromHex(rs.toLowerCase()), 'compact')
    const point = parsed.addRecoveryBit(recovery).recoverPublicKey(digest)
    return Verdict.accept(addressOf(point.toBytes(false)))
  } catch {
    return Verdict.refuse('signature', 'no key signed this')
  }
}

/**
 * Decides whether an account signed a digest; its spelling doesn't matter. Refusals: those of {@link recover}, `signature-signer`
 * (another account did; `context.signer`).
 */
export function verify(digest: Bytes.Hash32, signature: string, account: string): Verdict.Verdict<string> {
  const signer = recover(digest, signature)
  if (!signer.ok || Account.same(signer.value, account)) return signer
  return Verdict.refuse('signature-signer', `${signer.value} signed, not ${Account.compare(account)}`, {
    signer: signer.value,
  })
}

/** The address of an uncompressed public key of 65 bytes: the last 20 bytes of Keccak-256 of its coordinates, `0x` in lower case. */
export function addressOf(publicKey: Bytes.Bytes): string {
  return `0x${Bytes.toHex(keccak_256(publicKey.subarray(1)).subarray(12))}`
}
