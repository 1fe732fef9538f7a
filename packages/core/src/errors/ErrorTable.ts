import { AitbcError, type ErrorContext } from './AitbcError.js'

/** One row of an error table: the tag is the row's key. */
export type ErrorEntry = {
  /** Append-only number: 1000s core, 2000s proofs, 3000s adapters, 4000s swap, 5000s ai-registry, 6000s devnet. */
  readonly code: number
  /** Whether the same call may succeed later without any change by the caller. */
  readonly retryable: boolean
  /** The caller's next step, one sentence. */
  readonly hint: string
}

/** Makes an error of one row. `context` names the argument and what came. */
export type ErrorMaker = (
  message: string,
  context?: ErrorContext,
  options?: { readonly cause?: unknown; readonly hint?: string },
) => AitbcError

/**
 * Turns a table of tags into functions that make the errors.
 *
 * Each package keeps one table in its `errors.ts`; a test holds tags and codes unique over all packages.
 *
 * @example
 * import { defineErrors } from '@aitbc/core'
 * const Errors = defineErrors({ OutOfRange: { code: 9001, retryable: false, hint: 'Pass a value in range.' } })
 * const error = Errors.OutOfRange('amount must not be negative, got -1', { argument: 'amount', received: -1n })
 * error.code // 9001
 */
export function defineErrors<const T extends Readonly<Record<string, ErrorEntry>>>(
  table: T,
): { readonly [K in keyof T]: ErrorMaker } & { readonly entries: T } {
  const makers: Record<string, unknown> = { entries: table }
  for (const [tag, entry] of Object.entries(table)) {
    makers[tag] = ((message, context, options = {}) =>
      new AitbcError({
        tag,
        code: entry.code,
        message,
        hint: options.hint ?? entry.hint,
        retryable: entry.retryable,
        context,
        cause: options.cause,
      })) satisfies ErrorMaker
  }
  return makers as { readonly [K in keyof T]: ErrorMaker } & { readonly entries: T }
}

/** A hostile object can throw when it is looked at. */
function kindOf(value: object): string {
  try {
    return Object.prototype.toString.call(value)
  } catch {
    return '[object]'
  }
}

/**
 * Renders what came for an error message: short, typed, never longer than 80 characters.
 *
 * @example
 * import { show } from '@aitbc/core'
 * show('eip155:01') // '"eip155:01"'
 * show(5n) // '5n'
 * // Of bytes only how many: they may be a secret.
 * show(new Uint8Array(32)) // 'Uint8Array(32)'
 */
export function show(value: unknown): string {
  let text: string
  if (typeof value === 'string') text = JSON.stringify(value)
  else if (typeof value === 'bigint') text = `${value}n`
  else if (value instanceof Uint8Array) text = `Uint8Array(${value.length})`
  else if (Array.isArray(value)) text = `Array(${value.length})`
  else if (typeof value === 'object' && value !== null) text = kindOf(value)
  else text = String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
