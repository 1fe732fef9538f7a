import {
  Bytes,
  isAitbcError,
  type LockRecovery,
  RecoveryRecord,
  type SwapRecord,
  SwapSeed,
} from '@aitbc/core'

/** Tags that recovery knows the owner's locks by; an index beyond them would not be found again. */
export const MAX_TAGS = 1024

/** The tag of an owner's locks with this index: without the seed, not to be told from those of other indices or owners. */
export function tagOf(seed: SwapSeed.NetworkSeed, index: number): Bytes.Bytes32 {
  return SwapSeed.derive(seed, 'tag', index)
}

/** What the contract keeps for a lock's owner: the swap's nonce, then its record sealed for this lock. */
export function seal({ seed, nonce, record }: LockRecovery, lockId: Bytes.Hash32): Bytes.Bytes {
  const sealed = RecoveryRecord.seal(seed, nonce, RecoveryRecord.encode(record), { context: lockId })
  return Bytes.concat(nonce, sealed)
}

/** Opens what {@link seal} made for this lock; undefined for another owner's, another lock's, or damaged bytes. */
export function open(
  seed: SwapSeed.NetworkSeed,
  lockId: Bytes.Hash32,
  bytes: Bytes.Bytes,
): { readonly nonce: Bytes.Bytes; readonly record: SwapRecord } | undefined {
  if (bytes.length < SwapSeed.NONCE_LENGTH) return undefined
  const nonce = bytes.slice(0, SwapSeed.NONCE_LENGTH)
  const sealed = bytes.slice(SwapSeed.NONCE_LENGTH)
  try {
    return {
      nonce,
      record: RecoveryRecord.decode(RecoveryRecord.open(seed, nonce, sealed, { context: lockId })),
    }
  } catch (error) {
    if (isAitbcError(error)) return undefined
    throw error
  }
}
