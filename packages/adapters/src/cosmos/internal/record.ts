import {
  Bytes,
  isAitbcError,
  type LockRecovery,
  RecoveryRecord,
  type SwapRecord,
  SwapSeed,
} from '@aitbc/core'

/** Tags that recovery asks for at once; it goes on as long as any of them is in use. */
export const TAG_WINDOW = 32
/** Tags that recovery asks for at most: an endpoint that finds something for every one is lying. */
export const MAX_TAGS = 8192

/** The tag of an owner's locks with this index: without the seed, not to be told from those of other indices or owners. */
export function tagOf(seed: SwapSeed.NetworkSeed, index: number): Bytes.Bytes32 {
  return SwapSeed.derive(seed, 'tag', index)
}

/** What the contract's event keeps for a lock's owner: the swap's nonce, then its record sealed for this lock. */
export function seal(recovery: LockRecovery, lockId: Bytes.Hash32): Bytes.Bytes {
  const { seed, nonce, record } = recovery
  const sealed = RecoveryRecord.seal(seed, nonce, RecoveryRecord.encode(record), { context: lockId })
  return Bytes.concat(nonce, sealed)
}

/** Opens what {@link seal} made for this lock; undefined for another owner's, another lock's, or damaged bytes. */
export function open(
  seed: SwapSeed.NetworkSeed,
  lockId: Bytes.Hash32,
  bytes: Bytes.Bytes,
): { readonly nonce: Bytes.Bytes; readonly record: SwapRecord } | undefined {
  const nonce = bytes.slice(0, SwapSeed.NONCE_LENGTH)
  if (nonce.length !== SwapSeed.NONCE_LENGTH) return undefined
  try {
    const sealed = bytes.slice(SwapSeed.NONCE_LENGTH)
    const plaintext = RecoveryRecord.open(seed, nonce, sealed, { context: lockId })
    return { nonce, record: RecoveryRecord.decode(plaintext) }
  } catch (error) {
    if (isAitbcError(error)) return undefined
    throw error
  }
}
