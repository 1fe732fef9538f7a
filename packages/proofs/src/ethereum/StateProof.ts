import { type Bytes, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as Rlp from './Rlp.js'
import * as TrieProof from './TrieProof.js'

/** An account in the state trie (yellow paper, section 4.1). */
export interface Account {
  /** At most 64 bits (EIP-2681). */
  readonly nonce: bigint
  /** Wei. */
  readonly balance: bigint
  readonly storageRoot: Bytes.Hash32
  /** keccak-256 of the code; that of nothing for an account without. */
  readonly codeHash: Bytes.Hash32
}

/**
 * Reads an account's value in the state trie. Refusals: `account-encoding`, `rlp-integer`, and those of `Rlp.decode`.
 */
export function decodeAccount(value: Bytes.Bytes): Verdict.Verdict<Account> {
  const item = Rlp.decode(value)
  if (!item.ok) return item
  const [nonce, balance, storageRoot, codeHash, ...more] = item.value instanceof Uint8Array ? [] : item.value
  if (
    !(nonce instanceof Uint8Array && balance instanceof Uint8Array) ||
    !(storageRoot instanceof Uint8Array && codeHash instanceof Uint8Array) ||
    storageRoot.length !== 32 ||
    codeHash.length !== 32 ||
    more.length > 0
  )
    return Verdict.refuse('account-encoding', 'an account is nonce, balance, storage root and code hash')
  const nonceOf = Rlp.toBigInt(nonce, 8)
  if (!nonceOf.ok) return nonceOf
  const balanceOf = Rlp.toBigInt(balance, 32)
  if (!balanceOf.ok) return balanceOf
  return Verdict.accept({ nonce: nonceOf.value, balance: balanceOf.value, storageRoot, codeHash })
}

/** Writes an account as the state trie has it. */
export function encodeAccount(account: Account): Bytes.Bytes {
  const { nonce, balance, storageRoot, codeHash } = account
  return Rlp.encode([Rlp.fromBigInt(nonce), Rlp.fromBigInt(balance), storageRoot, codeHash])
}

/**
 * Decides what a state holds at an address of 20 bytes: the account, or `null` where it is proved that there is none.
 *
 * Refusals: `address-length`, those of `TrieProof.verify` and {@link decodeAccount}.
 *
 * @example
 * import { StateProof, TrieProof } from '@aitbc/proofs/ethereum'
 * StateProof.account(TrieProof.EMPTY_ROOT, new Uint8Array(20), []) // { ok: true, value: null }
 */
export function account(
  stateRoot: Bytes.Hash32,
  address: Bytes.Bytes,
  proof: readonly Bytes.Bytes[],
  options: TrieProof.Options = {},
): Verdict.Verdict<Account | null> {
  if (address.length !== 20)
    return Verdict.refuse('address-length', `an address is 20 bytes, got ${address.length}`)
  const value = TrieProof.verify(stateRoot, keccak_256(address), proof, options)
  if (!value.ok || value.value === null) return value as Verdict.Verdict<null>
  return decodeAccount(value.value)
}

/**
 * Decides what a contract's storage holds at a slot of 32 bytes; 0 where it is proved that nothing was written.
 *
 * Refusals: `slot-length`, `storage-zero` (a zero is never stored), `storage-value` (not one RLP string), `rlp-integer`, and
 * those of `TrieProof.verify`.
 */
export function storage(
  storageRoot: Bytes.Hash32,
  slot: Bytes.Bytes32,
  proof: readonly Bytes.Bytes[],
  options: TrieProof.Options = {},
): Verdict.Verdict<bigint> {
  if (slot.length !== 32) return Verdict.refuse('slot-length', `a slot is 32 bytes, got ${slot.length}`)
  const value = TrieProof.verify(storageRoot, keccak_256(slot), proof, options)
  if (!value.ok) return value
  if (value.value === null) return Verdict.accept(0n)
  const item = Rlp.decode(value.value)
  if (!item.ok) return item
  if (!(item.value instanceof Uint8Array)) return Verdict.refuse('storage-value', 'a stored word is a list')
  const word = Rlp.toBigInt(item.value, 32)
  if (!word.ok) return word
  if (word.value === 0n) return Verdict.refuse('storage-zero', 'a zero is never stored')
  return word
}
