import { type Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Write from './internal/write.js'

/** Bytes of a lattice hash: 1,024 numbers of 16 bits (SIMD-0215). */
export const LATTICE_SIZE = 2048

/**
 * What a bank says of accounts, by the features that were active: `delta`, the Merkle root of what the slot wrote, once an epoch with
 * the hash of all accounts; `delta-lattice` since SIMD-0215; `lattice`, that of all accounts alone, since SIMD-0223. None of them
 * proves one account: the first are over accounts that nobody keeps paths for, a lattice hash has none.
 */
export type Accounts =
  | { readonly form: 'delta'; readonly delta: Bytes.Hash32; readonly epoch?: Bytes.Hash32 }
  | { readonly form: 'delta-lattice'; readonly delta: Bytes.Hash32; readonly lattice: Bytes.Bytes }
  | { readonly form: 'lattice'; readonly lattice: Bytes.Bytes }

/** What a bank's hash is made of, but for its parent's hash. The slot is not in it: only votes say it. */
export interface Parts {
  /** Signatures of the slot's transactions. */
  readonly signatures: bigint
  /** The hash of the slot's last tick. */
  readonly blockhash: Bytes.Hash32
  readonly accounts: Accounts
  /** How many hard forks fall between the parent's slot and this one; left out for none. */
  readonly hardForks?: bigint
}

/**
 * The hash of a bank (agave `Bank::hash_internal_state`), which votes sign.
 *
 * @example
 * import { BankHash } from '@aitbc/proofs/solana'
 * const zero = new Uint8Array(32)
 * const lattice = new Uint8Array(BankHash.LATTICE_SIZE)
 * BankHash.of(zero, { signatures: 0n, blockhash: zero, accounts: { form: 'lattice', lattice } })
 */
export function of(
  parent: Bytes.Hash32,
  { signatures, blockhash, accounts, hardForks }: Parts,
): Bytes.Hash32 {
  const delta = accounts.form === 'lattice' ? [] : [accounts.delta]
  let hash = hashv([parent, ...delta, Write.little(signatures, 8), blockhash])
  if (accounts.form !== 'delta') hash = hashv([hash, accounts.lattice])
  else if (accounts.epoch !== undefined) hash = hashv([hash, accounts.epoch])
  return hardForks === undefined ? hash : hashv([hash, Write.little(hardForks, 8)])
}

/** Checks the sizes of a bank's parts, which its hash doesn't tell apart. Refusal: `bank-parts`. */
export function check(parts: Parts): Verdict.Verdict<Parts> {
  const { signatures, blockhash, accounts, hardForks = 1n } = parts
  const hashes = [blockhash]
  if (accounts.form !== 'lattice') hashes.push(accounts.delta)
  if (accounts.form === 'delta' && accounts.epoch !== undefined) hashes.push(accounts.epoch)
  if (
    hashes.some((hash) => hash.length !== 32) ||
    (accounts.form !== 'delta' && accounts.lattice.length !== LATTICE_SIZE) ||
    [signatures, hardForks].some((count) => BigInt.asUintN(64, count) !== count) ||
    hardForks === 0n
  )
    return Verdict.refuse('bank-parts', 'a part of the bank has another size')
  return Verdict.accept(parts)
}

function hashv(parts: readonly Bytes.Bytes[]): Bytes.Hash32 {
  const hash = sha256.create()
  for (const part of parts) hash.update(part)
  return hash.digest()
}
