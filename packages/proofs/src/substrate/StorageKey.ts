import { Bytes } from '@aitbc/core'
import * as Hasher from './Hasher.js'

const CHILD_PREFIX = ':child_storage:default:'

/**
 * The key of a pallet's value: `twox_128(pallet) ++ twox_128(item)`, and for a map the hashed keys after it.
 *
 * @example
 * import { Hasher, Scale, StorageKey } from '@aitbc/proofs/substrate'
 * StorageKey.of('Paras', 'Heads', Hasher.twox64Concat(Scale.encode(Scale.u32, 1000))).length // 44
 */
export function of(pallet: string, item: string, ...keys: readonly Bytes.Bytes[]): Bytes.Bytes {
  return Bytes.concat(Hasher.twox(128, utf8(pallet)), Hasher.twox(128, utf8(item)), ...keys)
}

/** The key under which the root of a default child trie stands in the top trie. */
export function childRoot(id: Bytes.Bytes): Bytes.Bytes {
  return Bytes.concat(utf8(CHILD_PREFIX), id)
}

/** The key of a contract's storage slot of 32 bytes in its child trie (pallet-revive, fixed-size keys). */
export function contractSlot(slot: Bytes.Bytes32): Bytes.Hash32 {
  return Hasher.blake2b256(slot)
}

function utf8(text: string): Bytes.Bytes {
  return new TextEncoder().encode(text)
}
