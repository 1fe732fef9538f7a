import type { AssetId } from './AssetId.js'
import type { Bytes } from './Bytes.js'
import type { Deadline } from './Deadline.js'
import type { Secret } from './Hashlock.js'
import type { LockTerms } from './LockTerms.js'
import type { Signed } from './Signer.js'

/**
 * How a lock found on chain compares with its terms: `exact`; a further one of the same terms (`duplicate`); less or
 * more than the amount (`under`, `over`); or one that appeared when its deadline had passed (`late`).
 */
export type Match = 'exact' | 'duplicate' | 'under' | 'over' | 'late'

/** A lock on chain. */
export interface Lock {
  /** Where it is: `txid:vout` on Bitcoin, the contract's lock id (`0x…`) on EVM chains. */
  readonly ref: string
  /** The transaction that made it, in the chain's display form. */
  readonly transaction: string
  /** Base units really locked. */
  readonly amount: bigint
  readonly match: Match
}

/**
 * What ended a lock. A claim carries the secret, already checked against the hashlock; it lacks one only where both parties signed it, and a
 * refund that both signed may come before the deadline (Bitcoin, `p2tr-musig2`): no honest party is in either without knowing why.
 */
export type Spend =
  | { readonly kind: 'claim'; readonly transaction: string; readonly secret?: Secret }
  | { readonly kind: 'refund'; readonly transaction: string }

/** The two parties of a lock. */
export type LockSide = 'locker' | 'beneficiary'

/** What a settled lock still owes one of its parties: a claim or a refund doesn't pay everything everywhere. */
export interface Due {
  /** `payment`: the amount, which could not be paid with the claim or the refund (H26). `deposit`: what the chain kept for the lock's place. */
  readonly kind: 'payment' | 'deposit'
  readonly asset: AssetId
  /** Base units. */
  readonly amount: bigint
  /** From when on it can be collected; at once unless told. */
  readonly from?: Deadline
}

/** A lock found by its hashlock or by its owner's record, with the terms that it was rebuilt to. */
export interface FoundLock {
  readonly terms: LockTerms
  readonly lock: Lock
}

/** A lock that its owner found again from the swap seed alone. */
export interface RecoveredLock extends FoundLock {
  /** The swap's nonce: keys, salt and secret derive from (seed, nonce). */
  readonly nonce: Bytes
  /** What the owner wrote beside the lock ({@link SwapRecord}). */
  readonly record: SwapRecord
  /**
   * The transaction that made it, where a chain takes no second one for the same (`profile.unique` is false): if a reorganisation undoes the
   * lock, it is sent again, or made void. Absent where it can't be rebuilt.
   */
  readonly signed?: Signed
}

/**
 * What a lock's owner must know after losing everything but the swap seed. `counter` is the id of the other leg's terms
 * where the chain has room for no more; `agreement` the terms of both legs where it has.
 */
export interface SwapRecord {
  readonly role: 'initiator' | 'follower'
  readonly counter?: Bytes
  readonly agreement?: Bytes
}
