import { Bytes, Verdict } from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Wire from './internal/wire.js'
import { NONCE_SIZE } from './SolanaInstruction.js'

/** A durable nonce: a transaction that names its value can be included until the value is used, however long that takes. */
export interface NonceAccount {
  readonly authority: Bytes.Bytes32
  /** What stands where a recent blockhash would. */
  readonly value: Bytes.Hash32
  /** Lamports for a signature. */
  readonly lamportsPerSignature: bigint
}

/**
 * Reads the account of a durable nonce; total. Refusals: `nonce-owner` (not the system program's), `nonce-size`, `nonce-version` (of the
 * older form, whose values can be replayed as blockhashes), `nonce-state` (not initialised).
 *
 * @example
 * import { NonceAccount } from '@aitbc/adapters/solana'
 * NonceAccount.decode({ owner: new Uint8Array(32), data: new Uint8Array(80) }).ok // false
 */
export function decode(account: {
  readonly owner: Bytes.Bytes32
  readonly data: Bytes.Bytes
}): Verdict.Verdict<NonceAccount> {
  const { owner, data } = account
  if (!Bytes.equal(owner, Address.SYSTEM_PROGRAM))
    return Verdict.refuse(
      'nonce-owner',
      `a nonce belongs to the system program, not to ${Address.encode(owner)}`,
    )
  if (data.length !== NONCE_SIZE)
    return Verdict.refuse('nonce-size', `a nonce has ${NONCE_SIZE} bytes, got ${data.length}`)
  if (Wire.readU32(data, 0) !== 1) return Verdict.refuse('nonce-version', 'the nonce is of the older form')
  if (Wire.readU32(data, 4) !== 1) return Verdict.refuse('nonce-state', 'the nonce is not initialised')
  return Verdict.accept({
    authority: data.slice(8, 40),
    value: data.slice(40, 72),
    lamportsPerSignature: Wire.readU64(data, 72),
  })
}

/** The address of an owner's nonce account by its name (`CreateWithSeed`: SHA-256 of base, seed and program). */
export function address(owner: Bytes.Bytes32, name: string): Bytes.Bytes32 {
  return sha256(Bytes.concat(owner, new TextEncoder().encode(name), Address.SYSTEM_PROGRAM))
}
