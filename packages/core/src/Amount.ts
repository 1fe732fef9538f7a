import type { AssetId } from './AssetId.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'

/** Which way a division is rounded; always named, and always against the side that would gain. */
export type Rounding = 'down' | 'up'

/** An asset with what is needed to show its amounts: `decimals` (0–77) base-unit digits after the point. */
export interface Asset {
  readonly id: AssetId
  readonly symbol: string
  readonly decimals: number
}

/** The largest amount any supported chain can hold: 2^256 − 1 base units. */
export const MAX = 2n ** 256n - 1n

/**
 * Refuses what isn't a whole number of base units in [`min`, `max`]: `InvalidAmount` (1004).
 *
 * @example
 * import { Amount } from '@aitbc/core'
 * Amount.assert(5n)
 */
export function assert(value: unknown, options: assert.Options = {}): asserts value is bigint {
  const { argument = 'amount', min = 0n, max = MAX } = options
  if (typeof value !== 'bigint' || value < min || value > max)
    throw CoreErrors.InvalidAmount(`${argument} must be a bigint from ${min} to ${max}, got ${show(value)}`, {
      argument,
      min,
      max,
      received: value,
    })
}

export declare namespace assert {
  type Options = {
    readonly argument?: string
    /** Least amount allowed, base units; 0 unless told. */
    readonly min?: bigint
    /** Largest amount allowed, base units; 2^256 − 1 unless told. */
    readonly max?: bigint
  }
}

/**
 * Reads a decimal number as base units, exactly; `InvalidAmount` (1004) where digits would be lost, or the text is no such number;
 * `InvalidArgument` (1013) for `decimals` that aren't 0 to 77.
 *
 * @example
 * import { Amount } from '@aitbc/core'
 * Amount.parse('1.5', 8) // 150000000n
 */
export function parse(text: string, decimals: number): bigint {
  assertDecimals(decimals)
  const match = typeof text === 'string' ? /^(0|[1-9][0-9]{0,77})(?:\.([0-9]{1,77}))?$/.exec(text) : null
  const fraction = match?.[2] ?? ''
  if (match === null || fraction.length > decimals)
    throw CoreErrors.InvalidAmount(
      `amount must be a decimal of at most ${decimals} places, got ${show(text)}`,
      {
        argument: 'text',
        decimals,
        received: text,
      },
    )
  const value = BigInt((match[1] as string) + fraction.padEnd(decimals, '0'))
  assert(value)
  return value
}

/**
 * Writes base units as a decimal number without trailing zeros; the inverse of {@link parse}, with the same codes.
 *
 * @example
 * import { Amount } from '@aitbc/core'
 * Amount.format(150000000n, 8) // '1.5'
 */
export function format(amount: bigint, decimals: number): string {
  assert(amount)
  assertDecimals(decimals)
  const digits = amount.toString().padStart(decimals + 1, '0')
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '')
  const whole = digits.slice(0, digits.length - decimals)
  return decimals === 0 || fraction === '' ? whole : `${whole}.${fraction}`
}

/**
 * `amount · numerator / denominator` in exact integers, rounded as told; `InvalidAmount` (1004) on overflow or a zero denominator,
 * `InvalidArgument` (1013) for another rounding.
 *
 * @example
 * import { Amount } from '@aitbc/core'
 * Amount.mulDiv(10n, 1n, 3n, 'up') // 4n
 */
export function mulDiv(amount: bigint, numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  assert(amount)
  assert(numerator, { argument: 'numerator' })
  assert(denominator, { argument: 'denominator', min: 1n })
  if (rounding !== 'down' && rounding !== 'up')
    throw CoreErrors.InvalidArgument(`rounding must be "down" or "up", got ${show(rounding)}`, {
      argument: 'rounding',
      received: rounding,
    })
  const product = amount * numerator
  const value = rounding === 'down' ? product / denominator : (product + denominator - 1n) / denominator
  assert(value, { argument: 'result' })
  return value
}

function assertDecimals(decimals: number): void {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 77)
    throw CoreErrors.InvalidArgument(`decimals must be an integer from 0 to 77, got ${show(decimals)}`, {
      argument: 'decimals',
      received: decimals,
    })
}
