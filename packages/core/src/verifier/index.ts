import type { Anchor, Assurance, BlockRef, Evidence, Tip, Verified } from '../Fact.js'
import { markVerified } from '../internal/verified.js'

/**
 * Makes a verified fact; for the verifiers of `@aitbc/proofs` alone (the layering check holds everyone else to that).
 *
 * `assurance` is what its evidence and its anchor together give (`Fact.weaker`): a proof down to a block that somebody merely
 * reported is `reported`. It is taken as it is told.
 *
 * @example
 * import { Fact } from '@aitbc/core'
 * import { establish } from '@aitbc/core/verifier'
 * const network = 'eip155:1'
 * const asOf = { height: 7n, hash: '07', time: 1_900_000_000n, clock: 1_900_000_000n }
 * // An anchor that somebody reported, and evidence that leads down to it.
 * const anchor = { network, height: 5n, hash: '05', assurance: 'reported' } as const
 * const assurance = Fact.weaker('proved', anchor.assurance)
 * const evidence = { network, format: 'mine/1', bytes: new Uint8Array() } as const
 * Fact.assuranceOf(establish({ value: 1n, assurance, at: asOf, asOf, anchor, evidence })) // 'reported'
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
