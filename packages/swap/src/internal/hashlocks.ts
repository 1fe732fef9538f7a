// The hashlocks that a storage has seen: one swap each (H15).
import { Bytes, isAitbcError, type Storage } from '@aitbc/core'
import { SwapErrors } from '../errors.js'

/**
 * Tells whether an earlier swap of this storage has a hashlock: pass it to `Negotiation.follow` and `RingNegotiation.join` as `isKnown` (H15).
 *
 * @example
 * import { Hashlock } from '@aitbc/core'
 * import { createMemoryStorage } from '@aitbc/core/storage/memory'
 * import { Runner } from '@aitbc/swap'
 * const storage = createMemoryStorage()
 * const isKnown = (hashlock: Uint8Array) => Runner.knowsHashlock(storage, hashlock)
 * await isKnown(Hashlock.of(new Uint8Array(32).fill(7))) // false
 */
export async function knowsHashlock(storage: Storage, hashlock: Bytes.Hash32): Promise<boolean> {
  return (await storage.get(`hashlock/${Bytes.toHex(hashlock)}`)) !== undefined
}

export const hashlockKey = (hashlock: Bytes.Hash32): string => `hashlock/${Bytes.toHex(hashlock)}`

/**
 * Takes a hashlock for one swap; resolves to what marks the swap as begun. Where a crash came between the two, the same swap may
 * take it again.
 */
export async function claimHashlock(
  storage: Storage,
  hashlock: Bytes.Hash32,
  id: string,
): Promise<() => Promise<unknown>> {
  const key = hashlockKey(hashlock)
  const mark = (text: string, version: bigint) =>
    storage.compareAndSet(key, version, new TextEncoder().encode(text))
  const reused = () =>
    SwapErrors.HashlockReused(`hashlock ${Bytes.toHex(hashlock)} was used before`, {
      hashlock: Bytes.toHex(hashlock),
    })
  const found = await storage.get(key)
  if (found !== undefined && new TextDecoder().decode(found.value) !== id) throw reused()
  try {
    const version = found?.version ?? (await mark(id, 0n))
    return () => mark(`${id}/begun`, version)
  } catch (error) {
    throw isAitbcError(error, 'StorageConflict') ? reused() : error
  }
}
