import type { Claim } from './ChainAdapter.js'
import type { ChainId } from './ChainId.js'
import type { Evidence, Tip, Verified } from './Fact.js'
import type { Lock, Spend } from './Lock.js'
import type { Verdict } from './Verdict.js'

/** What a claim's evidence establishes. */
export type Established<C extends Claim> = C extends { readonly kind: 'lock' } ? Lock : Spend

/**
 * Turns evidence into facts, offline: the only maker of `proved` and `attested`. Implementations come from
 * `@aitbc/proofs`, started from an anchor that the caller trusts.
 */
export interface Verifier {
  readonly network: ChainId
  /** Judges one claim; bad evidence is a refusal that names the failed check, never a throw. */
  verify<C extends Claim>(claim: C, evidence: Evidence): Verdict<Verified<Established<C>>>
  /**
   * The newest block that it knows by proof: where locks count heights, only such a one says how many are left, whatever endpoints show
   * (H25). Nothing where it knows none.
   */
  tip?(): Tip | undefined
}
