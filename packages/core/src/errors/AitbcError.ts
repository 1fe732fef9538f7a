/**
 * The one error class of the SDK: every rejected promise and every throw of `@aitbc/*` is an `AitbcError`.
 *
 * `_tag` and `code` are append-only: never renamed, never reused. `context` holds plain data (the argument's
 * name and what came, block references …) and never a secret. `retryable` says whether the same call may
 * succeed later without any change by the caller. `hint` is the next step.
 *
 * @example
 * import { isAitbcError, ChainId } from '@aitbc/core'
 * try {
 *   ChainId.from('Bitcoin')
 * } catch (error) {
 *   if (isAitbcError(error, 'InvalidChainId')) console.log(error.code, error.hint)
 * }
 */
export class AitbcError extends Error {
  override readonly name = 'AitbcError'
  readonly _tag: string
  readonly code: number
  readonly context: ErrorContext
  readonly retryable: boolean
  readonly hint: string

  constructor(options: AitbcError.Options) {
    super(options.message, options.cause === undefined ? {} : { cause: options.cause })
    this._tag = options.tag
    this.code = options.code
    this.context = options.context ?? {}
    this.retryable = options.retryable
    this.hint = options.hint
  }
}

export declare namespace AitbcError {
  type Options = {
    readonly tag: string
    readonly code: number
    readonly message: string
    readonly hint: string
    readonly retryable: boolean
    readonly context?: ErrorContext | undefined
    readonly cause?: unknown
  }
}

/** Plain data that explains an error; never a secret. */
export type ErrorContext = Readonly<Record<string, unknown>>

/**
 * Tells whether a value is an {@link AitbcError} (of one tag, where a tag is given).
 *
 * Works by shape, so it also holds for errors made by a second copy of the package.
 *
 * @example
 * import { isAitbcError } from '@aitbc/core'
 * isAitbcError(new Error('x')) // false
 */
export function isAitbcError(value: unknown, tag?: string): value is AitbcError {
  if (!(value instanceof Error) || value.name !== 'AitbcError') return false
  const candidate = value as Partial<AitbcError>
  if (typeof candidate._tag !== 'string' || typeof candidate.code !== 'number') return false
  return tag === undefined || candidate._tag === tag
}
