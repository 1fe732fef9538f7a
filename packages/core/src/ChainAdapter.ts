import type { AccountId } from './AccountId.js'
import type { AssetId } from './AssetId.js'
import type { Bytes, Hash32 } from './Bytes.js'
import type { BlockRef, Evidence, Fact, Read, Tip } from './Fact.js'
import type { Secret } from './Hashlock.js'
import type { Due, FoundLock, Lock, LockSide, RecoveredLock, Spend, SwapRecord } from './Lock.js'
import type { LockTerms } from './LockTerms.js'
import type { Network } from './Network.js'
import type { Signed, Step, Submission } from './Signer.js'
import type { NetworkSeed } from './SwapSeed.js'
import type { Verdict } from './Verdict.js'

/** What every asynchronous call takes; an aborted call rejects with `signal.reason`. */
export interface CallOptions {
  readonly signal?: AbortSignal
}

/** What a chain's locks can and can't enforce by themselves; the machine and the planner take it into account. */
export interface LockProfile {
  /** A claim is still accepted after the deadline until a refund is mined (LATE = 1 in the planner's inequality). */
  readonly lateClaims: boolean
  /** The payee is fixed by the lock (`named`), or is whoever the beneficiary's key signs for (`key`). */
  readonly payee: 'named' | 'key'
  /** At most one lock of the same terms can exist. */
  readonly unique: boolean
  /** A lock can still appear after its deadline: a lock transaction that got stuck stays valid until its inputs are spent otherwise. */
  readonly lateLocks: boolean
  /** Who pays for a claim or a refund: the sending account, or the lock's own amount. */
  readonly feesFrom: 'account' | 'lock'
  /** Locks announce themselves, so that one can be found by its hashlock alone. */
  readonly events: boolean
  /**
   * By how many units of its clock a lock may end before its deadline, where time counts from inclusion: claims are refused, and it is
   * refunded, from some instant in between on. 0 unless told.
   */
  readonly early?: bigint
}

/** What an adapter can do; the methods that it lacks don't exist on its type. */
export interface Capabilities {
  readonly locks: boolean
  /** Evidence that a light client can check for: a lock's state, only inclusion of transactions, or nothing. */
  readonly proofs: 'state' | 'inclusion' | 'none'
  /**
   * A transaction that waits can be replaced at a higher fee: at any time (`true`), or only once nodes have dropped it (`after-drop`:
   * they keep the first of two that share a conflict key, whatever the second one pays).
   */
  readonly replacement: boolean | 'after-drop'
  /** `false` where no endpoint can tell of what was sent and is in no block yet: that nobody knows a transaction says nothing there. */
  readonly pending?: false
}

/** What an adapter is asked to prepare. */
export type Intent =
  | {
      readonly kind: 'transfer'
      readonly from: AccountId
      readonly to: AccountId
      readonly asset: AssetId
      readonly amount: bigint
    }
  /** Takes the conflict key of a submission that isn't included yet, so that it never can be, and pays back to its account. */
  | { readonly kind: 'void'; readonly submission: Submission }
  | {
      readonly kind: 'lock'
      readonly terms: LockTerms
      /** The account that pays; the locker's account unless told. */
      readonly from?: AccountId
      /** Makes the lock recoverable from the swap seed alone. */
      readonly recovery?: LockRecovery
    }
  | {
      readonly kind: 'claim'
      readonly terms: LockTerms
      readonly lock: Lock
      readonly secret: Secret
      readonly feePayer?: AccountId
    }
  | { readonly kind: 'refund'; readonly terms: LockTerms; readonly lock: Lock; readonly feePayer?: AccountId }
  /** Pays out what a settled lock still owes a party, to that party alone; where the adapter has `dues`. */
  | {
      readonly kind: 'collect'
      readonly terms: LockTerms
      readonly lock: Lock
      readonly due: Due['kind']
      readonly to: LockSide
      readonly feePayer?: AccountId
    }
  | {
      readonly kind: 'call'
      readonly from: AccountId
      readonly to: AccountId
      readonly data: Bytes
      readonly value: bigint
    }

/** What a lock's recovery record is made from; adapters encrypt it so that only the seed's owner can read it. */
export interface LockRecovery {
  /** The network's share of the swap seed. */
  readonly seed: NetworkSeed
  /** The swap's nonce, 8 bytes ({@link SwapSeed}). */
  readonly nonce: Bytes
  /** Index of the seed-derived address that points to the record, where the chain needs one; the next unused one unless told. */
  readonly index?: number
  readonly record: SwapRecord
}

/** How a step is to be prepared. */
export interface PrepareOptions extends CallOptions {
  /** Fee rate in the network's unit; the `normal` rate unless told. */
  readonly feeRate?: bigint
  /** Signed steps that will be broadcast first: their outputs, nonces and sequences count as used, so nothing need be on chain yet. */
  readonly after?: readonly Signed[]
  /** Signed steps of others that share the account, which may be broadcast or not: what they use is taken, what they make isn't there. */
  readonly beside?: readonly Signed[]
}

/** A price per unit of the network's fee model (`Network.fees.unit`), for three levels of hurry. */
export interface FeeRates {
  readonly slow: bigint
  readonly normal: bigint
  readonly fast: bigint
}

/**
 * What became of a submission. `included` and `final` mean that it succeeded; `failed`, that it was included and reverted
 * (the fee is lost); `replaced`, that another transaction with its conflict key was included; `dropped`, that it was known
 * and is no longer, though it may be sent again.
 */
export type Status =
  | { readonly is: 'unknown' }
  | { readonly is: 'pending' }
  | { readonly is: 'included' | 'final' | 'failed'; readonly id: string; readonly block: BlockRef }
  | { readonly is: 'replaced'; readonly by: string }
  | { readonly is: 'dropped' }

/** What to watch. */
export type Subject =
  | { readonly kind: 'tip' }
  | { readonly kind: 'account'; readonly account: AccountId }
  | { readonly kind: 'lock'; readonly terms: LockTerms }

/** What was seen. */
export type Sighting =
  | { readonly kind: 'block'; readonly block: BlockRef }
  | { readonly kind: 'transaction'; readonly id: string; readonly block: BlockRef | 'mempool' }
  | { readonly kind: 'lock'; readonly lock: Lock; readonly block: BlockRef | 'mempool' }
  | {
      readonly kind: 'spend'
      readonly lock: Lock
      readonly spend: Spend
      readonly block: BlockRef | 'mempool'
    }

/** Reorganisations are events: whatever a reorg undid is retracted by an equal sighting, newest first. */
export type ChainEvent = { readonly is: 'added' | 'retracted'; readonly what: Sighting; readonly asOf: Tip }

/** One header for a light client, in the chain's own encoding. */
export interface HeaderUpdate {
  readonly block: BlockRef
  readonly bytes: Bytes
}

/** A statement that evidence is asked for. */
export type Claim =
  | { readonly kind: 'lock'; readonly terms: LockTerms; readonly lock: Lock }
  | { readonly kind: 'spend'; readonly terms: LockTerms; readonly lock: Lock; readonly spend: Spend }

interface Base<C extends Capabilities> {
  readonly network: Network
  readonly profile: LockProfile
  readonly capabilities: C
  tip(options?: CallOptions): Promise<Fact<Tip>>
  /** Headers after `from`, oldest first, up to the tip, then as they come; ends when aborted. */
  headers(from: BlockRef, options?: CallOptions): AsyncIterable<HeaderUpdate>
  /** Base units of `asset` (the native one unless told) that an account holds; `at` binds the read to a block. */
  balance(
    account: AccountId,
    options?: CallOptions & { readonly asset?: AssetId; readonly at?: BlockRef },
  ): Promise<Fact<bigint>>
  feeRates(options?: CallOptions): Promise<FeeRates>
  /** The transactions of an intent, in order. Nothing is signed or sent, and no endpoint learns a secret. */
  prepare(intent: Intent, options?: PrepareOptions): Promise<readonly Step[]>
  /** Broadcasts; sending the same transaction twice is the same as once. */
  submit(signed: Signed, options?: CallOptions): Promise<Submission>
  status(submission: Submission, options?: CallOptions): Promise<Fact<Status>>
  watch(subject: Subject, options?: CallOptions): AsyncIterable<ChainEvent>
}

interface LockMethods {
  /**
   * Judges terms offline, before anybody signs them: keys that fit the accounts, a known contract or script form, a token
   * that the caller allowed, an amount above dust, the chain's own clock. The refusal names the term.
   */
  auditTerms(terms: LockTerms): Verdict<LockTerms>
  /** Every lock of these terms, spent ones included, from the terms alone; absence is one `absent` read. */
  findLocks(terms: LockTerms, options?: CallOptions): Promise<readonly Read<Lock>[]>
  /**
   * The lock that the last of these signed steps will make, known before it is broadcast: so its refund can be built and
   * journaled first (`prepare({ kind: 'refund', terms, lock: expectLock(terms, signed) }, { after: signed })`). Where the
   * chain names a lock by its terms alone, `signed` may be empty.
   */
  expectLock(terms: LockTerms, signed: readonly Signed[]): Lock
  /** What ended a lock, the mempool included. */
  findSpend(terms: LockTerms, lock: Lock, options?: CallOptions): Promise<Read<Spend>>
  /**
   * What a lock that was claimed or refunded still owes a party, as of the newest final block: also what can be had later alone, or only
   * once the other party is paid (a `collect` of it pays that party too). Empty means that nothing will come any more. Adapters of chains where claims and refunds always pay everything don't have it.
   */
  dues?(terms: LockTerms, lock: Lock, to: LockSide, options?: CallOptions): Promise<Fact<readonly Due[]>>
  /**
   * Claims of a lock to be signed before their secret is known: whoever learns it later makes them whole ({@link LockMethods.complete})
   * and sends them. Adapters whose locks name their payee don't have it: anybody may claim there for the beneficiary (`feePayer`).
   */
  arm?(terms: LockTerms, lock: Lock, options?: PrepareOptions): Promise<readonly Step[]>
  /** The claim that an armed one becomes with its secret, under the same id; `InvalidSecret` (1007) for any other secret. Pure. */
  complete?(armed: Signed, secret: Secret): Signed
  /** Locks by hashlock alone; empty where `profile.events` is false. */
  discoverLocks(hashlock: Hash32, options?: CallOptions): Promise<readonly FoundLock[]>
  /**
   * Every lock that the owner of a seed made with a {@link LockRecovery}. `hashlockOf` gives the hashlock of a swap that the owner
   * initiated, from its nonce: the network's share of the seed can't know its secret.
   */
  recoverLocks(
    seed: NetworkSeed,
    options: CallOptions & { readonly hashlockOf: (nonce: Bytes) => Hash32 },
  ): Promise<readonly RecoveredLock[]>
}

interface ReplaceMethods {
  /**
   * The same intent at a higher fee rate; every version shares the conflict key with all earlier ones. Where `capabilities.replacement`
   * is `after-drop`, nodes refuse it as long as they hold the one before.
   */
  replace(submission: Submission, feeRate: bigint, options?: CallOptions): Promise<readonly Step[]>
  /**
   * A child that pays for a submission that waits, where `replace` can't (CPFP): both together pay `feeRate`. Its own versions are made by
   * `replace`. Adapters of chains without coins don't have it.
   */
  cpfp?(
    submission: Submission,
    child: { readonly feeRate: bigint },
    options?: CallOptions,
  ): Promise<readonly Step[]>
}

interface ProofMethods {
  /** Evidence for a statement; self-contained, so that `@aitbc/proofs` verifies it offline. */
  prove(claim: Claim, options?: CallOptions): Promise<Evidence>
}

/**
 * One interface over every chain: read, prepare, submit, follow, prove. What a chain can't do isn't on its type: an adapter
 * whose `capabilities.proofs` is `'none'` has no `prove`.
 *
 * Implementations read everything an endpoint says as hostile: they check what can be checked, and label the rest by its
 * assurance. Errors: `ForeignNetwork` (1016) for ids of another network, the `Rpc…` codes (1201–1208) for endpoints.
 */
export type ChainAdapter<C extends Capabilities = Capabilities> = Base<C> &
  (C['locks'] extends true ? LockMethods : unknown) &
  (false extends C['replacement'] ? unknown : ReplaceMethods) &
  ('none' extends C['proofs'] ? unknown : ProofMethods)

/** The adapter a swap needs: with locks, replacement and evidence. */
export type SwapAdapter = ChainAdapter<{
  readonly locks: true
  readonly proofs: 'state' | 'inclusion'
  readonly replacement: true | 'after-drop'
  readonly pending?: false
}>
