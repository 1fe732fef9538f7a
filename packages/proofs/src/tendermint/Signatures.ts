import { type Bytes, Verdict } from '@aitbc/core'
import { ed25519 } from '@noble/curves/ed25519.js'

/** An ed25519 signature that a verdict depends on. */
export interface Check {
  readonly publicKey: Bytes.Bytes32
  readonly message: Bytes.Bytes
  /** 64 bytes. */
  readonly signature: Bytes.Bytes
}

/**
 * Answers for many signatures at once, in their order, by the rule of ZIP-215. One that is faster than {@link noble} may be
 * handed in by whoever trusts it; where it doesn't know that rule's edges, it asks noble before it says no.
 */
export type Engine = (checks: readonly Check[]) => readonly boolean[] | Promise<readonly boolean[]>

/**
 * The engine that is always there, and the oracle of all others: ed25519 by ZIP-215, the rule that CometBFT's validators
 * follow (A59).
 *
 * @example
 * import { Signatures } from '@aitbc/proofs/tendermint'
 * Signatures.noble([]) // []
 */
export function noble(checks: readonly Check[]): readonly boolean[] {
  return checks.map(({ publicKey, message, signature }) => {
    if (publicKey.length !== 32 || signature.length !== 64) return false
    return ed25519.verify(signature, message, publicKey, { zip215: true })
  })
}

/** Folds an engine's answers into a verdict. Refusals: `signature-answers` (not one answer a check), `signature`. */
export function fold(checks: readonly Check[], answers: readonly boolean[]): Verdict.Verdict<true> {
  if (answers.length !== checks.length)
    return Verdict.refuse('signature-answers', `${checks.length} answers are needed, got ${answers.length}`)
  const index = answers.findIndex((answer) => answer !== true)
  if (index >= 0) return Verdict.refuse('signature', `signature ${index} is wrong`, { index })
  return Verdict.accept(true)
}
