import {
  Bytes,
  isAitbcError,
  type LockRecovery,
  RecoveryRecord,
  type SwapRecord,
  SwapSeed,
} from '@aitbc/core'

/** The tag of an owner's locks with this index: without the seed, not to be told from those of other indices or owners. */
export function tagOf(seed: SwapSeed.NetworkSeed, index: number): Bytes.Bytes32 {
  return SwapSeed.derive(seed, 'tag', index)
}

/** How a record stands inside its seal; as it is unless told. */
export interface Packing {
  pack(plain: Bytes.Bytes): Bytes.Bytes
  unpack(packed: Bytes.Bytes): Bytes.Bytes
}

const AS_IT_IS: Packing = { pack: (plain) => plain, unpack: (packed) => packed }

/** What stands beside a lock for its owner: the swap's nonce, then its record sealed for this lock. */
export function seal(
  { seed, nonce, record }: LockRecovery,
  lockId: Bytes.Hash32,
  { pack }: Packing = AS_IT_IS,
): Bytes.Bytes {
  const packed = pack(RecoveryRecord.encode(record))
  return Bytes.concat(nonce, RecoveryRecord.seal(seed, nonce, packed, { context: lockId }))
}

/** Opens what {@link seal} made for this lock; undefined for another owner's, another lock's, or damaged bytes. */
export function open(
  seed: SwapSeed.NetworkSeed,
  lockId: Bytes.Hash32,
  bytes: Bytes.Bytes,
  { unpack }: Packing = AS_IT_IS,
): { readonly nonce: Bytes.Bytes; readonly record: SwapRecord } | undefined {
  const nonce = bytes.slice(0, SwapSeed.NONCE_LENGTH)
  if (nonce.length !== SwapSeed.NONCE_LENGTH) return undefined
  try {
    const sealed = bytes.slice(SwapSeed.NONCE_LENGTH)
    const packed = RecoveryRecord.open(seed, nonce, sealed, { context: lockId })
    return { nonce, record: RecoveryRecord.decode(unpack(packed)) }
  } catch (error) {
    if (isAitbcError(error)) return undefined
    throw error
  }
}
