import {
  type Bytes,
  type LockRecovery,
  LockTerms,
  RecoveryRecord,
  type SwapRecord,
  SwapSeed,
} from '@aitbc/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import * as Shared from '../../internal/record.js'
import { pack, unpack } from './compact.js'

/** Tags that recovery asks for beyond the last one in use. */
export const TAG_WINDOW = 4
/** Tags that recovery asks for at most: an endpoint that finds something for every one is lying. */
export const MAX_TAGS = 64

/**
 * An address that an owner's locks name besides, so that they are found: without the seed, not to be told from any other. It is a point of
 * the curve, as a wallet's.
 */
export function tagOf(seed: SwapSeed.NetworkSeed, index: number): Bytes.Bytes32 {
  return ed25519.getPublicKey(SwapSeed.derive(seed, 'tag', index))
}

/** What stands beside a lock for its owner: the swap's nonce, then its record, packed, sealed for this lock. */
export function seal(
  recovery: LockRecovery,
  record: SwapRecord,
  terms: LockTerms.LockTerms,
  lockId: Bytes.Hash32,
): Bytes.Bytes {
  return Shared.seal({ ...recovery, record }, lockId, beside(terms))
}

/** Opens what {@link seal} made for this lock; undefined for another owner's, another lock's, or damaged bytes. */
export function open(
  seed: SwapSeed.NetworkSeed,
  terms: LockTerms.LockTerms,
  lockId: Bytes.Hash32,
  bytes: Bytes.Bytes,
): ReturnType<typeof Shared.open> {
  return Shared.open(seed, lockId, bytes, beside(terms))
}

/** What the terms say already isn't said again. */
function beside(terms: LockTerms.LockTerms): Shared.Packing {
  const known = LockTerms.encode(terms)
  return {
    pack: (plain) => pack(plain, known),
    unpack: (packed) => unpack(packed, known, RecoveryRecord.MAX_LENGTH),
  }
}
