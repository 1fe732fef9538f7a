import { type Bytes, Verdict } from '@aitbc/core'
import * as Ed25519 from './Ed25519.js'
import type { Hashing } from './Hashing.js'

/** An ed25519 signature that a verdict depends on. */
export interface Check {
  readonly publicKey: Bytes.Bytes32
  readonly message: Bytes.Bytes
  /** 64 bytes. */
  readonly signature: Bytes.Bytes
}

/**
 * Which ed25519 signatures count, where the specifications differ.
 *
 * - `zip215`: any encoding of points, the equation times eight (ZIP-215: CometBFT, GRANDPA).
 * - `strict`: no point of small order, the equation itself (`verify_strict` of ed25519-dalek: Solana).
 *
 * Both refuse a scalar that isn't below the order.
 */
export type Rule = 'zip215' | 'strict'

/** Answers for many signatures. */
export interface Signing {
  /**
   * One answer a check, in their order, by the rule ZIP-215 unless told. Each is what {@link noble} would answer: a faster way may say
   * yes, but a no is noble's.
   */
  readonly verifyMany: (
    checks: readonly Check[],
    options?: { readonly rule?: Rule; readonly signal?: AbortSignal },
  ) => Promise<readonly boolean[]>
}

/** What is slow in a verification, done by whatever is fastest where the program runs. */
export interface Engine extends Hashing, Signing {}

/** A verdict that waits for signatures: plain data and a function, made by a verifier that did all else. */
export interface Pending<T> {
  readonly checks: readonly Check[]
  /** The rule of the chain whose signatures these are (A59); ZIP-215 where none is named. */
  readonly rule?: Rule
  /** Takes the answers in the order of `checks`. */
  readonly settle: (answers: readonly boolean[]) => Verdict.Verdict<T>
}

/** The answers of noble, at once: always there, and the oracle of all other tiers. */
export function noble(checks: readonly Check[], rule: Rule = 'zip215'): readonly boolean[] {
  return checks.map((check) => Ed25519.verify(check, rule))
}

/** Folds answers into a verdict. Refusals: `signature-answers` (not one answer a check), `signature` (names the first). */
export function fold(checks: readonly Check[], answers: readonly boolean[]): Verdict.Verdict<true> {
  if (answers.length !== checks.length)
    return Verdict.refuse('signature-answers', `${checks.length} answers are needed, got ${answers.length}`)
  const index = answers.findIndex((answer) => answer !== true)
  if (index >= 0) return Verdict.refuse('signature', `signature ${index} is wrong`, { index })
  return Verdict.accept(true)
}

/**
 * Carries a verdict that waits for signatures to its end, by the rule that the verifier named.
 *
 * @example
 * import { Batch, Engine } from '@aitbc/proofs/engine'
 * import { LightClient } from '@aitbc/proofs/tendermint'
 * declare const state: LightClient.State
 * declare const update: LightClient.Update
 * const engine = Batch.create()
 * const verdict = await Engine.settle(engine, LightClient.prepare(state, update))
 */
export async function settle<T>(
  engine: Signing,
  pending: Verdict.Verdict<Pending<T>>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Verdict.Verdict<T>> {
  if (!pending.ok) return pending
  const { checks, settle, rule = 'zip215' } = pending.value
  return settle(await engine.verifyMany(checks, { ...options, rule }))
}
