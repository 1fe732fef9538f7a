/** Why a statement wasn't accepted: the first check that failed, by its stable name. */
export interface Refusal {
  /** Stable kebab-case name of the check, e.g. `merkle-root`. */
  readonly check: string
  /** One sentence: what was expected and what came. */
  readonly message: string
  readonly context?: Readonly<Record<string, unknown>>
}

/** A verifier's answer: the value it vouches for, or the first check that failed. Bad evidence never throws. */
export type Verdict<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal }

/**
 * An accepting verdict.
 *
 * @example
 * import { Verdict } from '@aitbc/core'
 * const verdict: Verdict.Verdict<bigint> = Verdict.accept(5n)
 * verdict.ok ? verdict.value : verdict.refusal.check // 5n
 */
export function accept<T>(value: T): Verdict<T> {
  return { ok: true, value }
}

/**
 * A refusing verdict.
 *
 * @example
 * import { Verdict } from '@aitbc/core'
 * Verdict.refuse('merkle-root', 'the branch leads to another root').ok // false
 */
export function refuse(
  check: string,
  message: string,
  context?: Readonly<Record<string, unknown>>,
): Verdict<never> {
  return { ok: false, refusal: context === undefined ? { check, message } : { check, message, context } }
}
