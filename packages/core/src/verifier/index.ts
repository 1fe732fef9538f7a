import type { Anchor, Assurance, BlockRef, Evidence, Tip, Verified } from '../Fact.js'
import { markVerified } from '../internal/verified.js'

/**
 * Makes a verified fact; for the verifiers of `@aitbc/proofs` alone (the layering check holds everyone else to that).
 *
 * The fact's assurance is what its evidence and its anchor together give: a proof down to a block that somebody merely
 * reported is `reported`.
 */
export function establish<T>(options: establish.Options<T>): Verified<T> {
  const { value, assurance, at, asOf, anchor, evidence } = options
  const depth = at === 'mempool' || at.height > asOf.height ? 0n : asOf.height - at.height + 1n
  const fact = {
    value,
    assurance,
    at: at === 'mempool' ? at : { ...at },
    depth,
    asOf: { ...asOf },
    anchor: { ...anchor },
    evidence: { ...evidence },
  }
  return markVerified(fact) as unknown as Verified<T>
}

export declare namespace establish {
  type Options<T> = {
    readonly value: T
    readonly assurance: Assurance
    readonly at: BlockRef | 'mempool'
    readonly asOf: Tip
    readonly anchor: Anchor
    readonly evidence: Evidence
  }
}
