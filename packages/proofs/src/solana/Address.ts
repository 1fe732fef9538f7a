import { type Bytes, Verdict } from '@aitbc/core'
import * as base58 from '../internal/base58.js'

/** The longest text of 32 bytes. */
const MAX_TEXT = 44

/** The program that creates accounts and moves lamports. */
export const SYSTEM_PROGRAM: Bytes.Bytes32 = /* @__PURE__ */ new Uint8Array(32)
/** The vote program. */
export const VOTE_PROGRAM: Bytes.Bytes32 = /* @__PURE__ */ base58.decode(
  'Vote111111111111111111111111111111111111111',
) as Bytes.Bytes32
/** The precompile that checks ed25519 signatures. */
export const ED25519_PROGRAM: Bytes.Bytes32 = /* @__PURE__ */ base58.decode(
  'Ed25519SigVerify111111111111111111111111111',
) as Bytes.Bytes32
/** The sysvar with the hashes of recent banks. */
export const SLOT_HASHES_SYSVAR: Bytes.Bytes32 = /* @__PURE__ */ base58.decode(
  'SysvarS1otHashes111111111111111111111111111',
) as Bytes.Bytes32
/** The sysvar with slot, epoch and time. */
export const CLOCK_SYSVAR: Bytes.Bytes32 = /* @__PURE__ */ base58.decode(
  'SysvarC1ock11111111111111111111111111111111',
) as Bytes.Bytes32

/**
 * Reads an address: base58 of exactly 32 bytes. Refusals: `base58`, `address-length`.
 *
 * @example
 * import { Address } from '@aitbc/proofs/solana'
 * Address.decode('11111111111111111111111111111111') // { ok: true, value: 32 zero bytes }
 */
export function decode(text: string): Verdict.Verdict<Bytes.Bytes32> {
  // Decoding costs the square of the length: what can't be an address isn't looked at.
  if (text.length > MAX_TEXT)
    return Verdict.refuse(
      'address-length',
      `an address has at most ${MAX_TEXT} characters, got ${text.length}`,
    )
  const bytes = base58.decode(text)
  if (typeof bytes === 'string')
    return Verdict.refuse('base58', `${bytes} is none of the characters of base58`)
  if (bytes.length !== 32)
    return Verdict.refuse('address-length', `an address has 32 bytes, got ${bytes.length}`)
  return Verdict.accept(bytes)
}

/**
 * Writes an address, a hash or a signature in base58.
 *
 * @example
 * import { Address } from '@aitbc/proofs/solana'
 * Address.encode(new Uint8Array(32)) // '11111111111111111111111111111111'
 */
export function encode(bytes: Bytes.Bytes): string {
  return base58.encode(bytes)
}
