import type { Bytes } from './Bytes.js'
import type { ChainId } from './ChainId.js'
import { isVerified, type verified } from './internal/verified.js'
import type { Refusal } from './Verdict.js'

/**
 * How a fact is known, best first: `proved` (cryptographic evidence down to an anchor that the caller chose), `attested`
 * (signatures of a known set), `quorum` (so many independent endpoints agree), `reported` (one endpoint said so).
 */
export type Assurance = 'proved' | 'attested' | 'quorum' | 'reported'

/** A block: height, and its hash in the chain's own display form. */
export interface BlockRef {
  readonly height: bigint
  readonly hash: string
}

/** The head of a chain as one reader saw it. */
export interface Tip extends BlockRef {
  /** The block's own timestamp, unix seconds. */
  readonly time: bigint
  /** The value that locks compare with, in the network's clock: height, unix seconds or median time past. */
  readonly clock: bigint
  /** The newest block that the network's finality rule calls irreversible, where one is known. */
  readonly finalized?: BlockRef
}

/** What a proof starts from: a block that the caller trusts, and how it came to trust it. */
export interface Anchor extends BlockRef {
  readonly network: ChainId
  readonly assurance: Assurance
}

/** Self-contained evidence: verifies offline with `@aitbc/proofs`; one format has one encoding. */
export interface Evidence {
  readonly network: ChainId
  /** Name and version of the form, e.g. `bitcoin-lock/1`. */
  readonly format: string
  readonly bytes: Bytes
}

interface Base<T> {
  readonly value: T
  /** The block it is in, or `mempool`. */
  readonly at: BlockRef | 'mempool'
  /** Blocks on top, itself included: 0 in the mempool, 1 at the tip. */
  readonly depth: bigint
  readonly asOf: Tip
  readonly anchor?: Anchor
  readonly evidence?: Evidence
}

/** A fact that somebody told. */
export interface Told<T> extends Base<T> {
  readonly assurance: 'quorum' | 'reported'
}

/** A fact that a {@link Verifier} of `@aitbc/proofs` vouches for; a literal of this type doesn't compile. */
export interface Verified<T> extends Base<T> {
  readonly assurance: Assurance
  readonly [verified]: true
}

/** A statement about a chain, absence included, with how it is known. */
export type Fact<T> = Told<T> | Verified<T>

/** The answer to a look-up. Absence is a fact too: "no claim seen" from one endpoint is only `reported`. */
export type Read<T> =
  | { readonly is: 'found'; readonly fact: Fact<T> }
  | { readonly is: 'absent'; readonly fact: Fact<null> }
  | { readonly is: 'unknown'; readonly why: Refusal }

const ORDER: readonly Assurance[] = ['reported', 'quorum', 'attested', 'proved']

/**
 * The assurance that a fact really has: `proved` and `attested` count only where a verifier of this process made
 * the fact; a forged or deserialised one is `reported`.
 *
 * @example
 * import { Fact } from '@aitbc/core'
 * const tip = { height: 1n, hash: '00', time: 1n, clock: 1n }
 * Fact.assuranceOf(Fact.reported(5n, tip, tip)) // 'reported'
 */
export function assuranceOf(fact: Fact<unknown>): Assurance {
  if (fact?.assurance === 'quorum' || fact?.assurance === 'reported') return fact.assurance
  return isVerified(fact) ? fact.assurance : 'reported'
}

/**
 * Tells whether an assurance is at least as good as another; what is no assurance is never enough, and never met.
 *
 * @example
 * import { Fact } from '@aitbc/core'
 * Fact.atLeast('quorum', 'proved') // false
 */
export function atLeast(assurance: Assurance, least: Assurance): boolean {
  const wanted = ORDER.indexOf(least)
  return wanted >= 0 && ORDER.indexOf(assurance) >= wanted
}

/**
 * The weaker of two assurances: what a conclusion from both has.
 *
 * @example
 * import { Fact } from '@aitbc/core'
 * // Proved down to a block that enough endpoints agree on, and nothing else vouches for.
 * Fact.weaker('proved', 'quorum') // 'quorum'
 */
export function weaker(a: Assurance, b: Assurance): Assurance {
  return atLeast(a, b) ? b : a
}

/**
 * A fact told by one endpoint. `at` is its block, or `mempool`.
 *
 * @example
 * import { Fact } from '@aitbc/core'
 * const tip = { height: 7n, hash: '07', time: 1_900_000_000n, clock: 1_900_000_000n }
 * const fact = Fact.reported(10n ** 18n, { height: 5n, hash: '05' }, tip)
 * fact.assurance // 'reported'
 * // Two blocks on top of its own.
 * fact.depth // 3n
 */
export function reported<T>(value: T, at: BlockRef | 'mempool', asOf: Tip): Told<T> {
  return told(value, at, asOf, 'reported')
}

/**
 * A fact that a quorum of endpoints told alike. `at` is its block, or `mempool`.
 *
 * @example
 * import { Fact } from '@aitbc/core'
 * const tip = { height: 7n, hash: '07', time: 1_900_000_000n, clock: 1_900_000_000n }
 * const fact = Fact.quorum('pending', 'mempool', tip)
 * fact.assurance // 'quorum'
 * fact.depth // 0n
 */
export function quorum<T>(value: T, at: BlockRef | 'mempool', asOf: Tip): Told<T> {
  return told(value, at, asOf, 'quorum')
}

/**
 * A fact told by one endpoint or by a quorum. `at` is its block, or `mempool`.
 *
 * @example
 * import { Fact } from '@aitbc/core'
 * const tip = { height: 7n, hash: '07', time: 1_900_000_000n, clock: 1_900_000_000n }
 * // As good as the endpoint that was asked, which may be a quorum itself (`Rpc.assurance`).
 * const fact = Fact.told(10n ** 18n, tip, tip, 'quorum')
 * fact.depth // 1n
 */
export function told<T>(
  value: T,
  at: BlockRef | 'mempool',
  asOf: Tip,
  assurance: Told<T>['assurance'],
): Told<T> {
  const depth = at === 'mempool' || at.height > asOf.height ? 0n : asOf.height - at.height + 1n
  const place = at === 'mempool' ? at : { height: at.height, hash: at.hash }
  return { value, assurance, at: place, depth, asOf }
}
