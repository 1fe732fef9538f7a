import { CoreErrors, show } from '@aitbc/core'

/** Base units in one AIT: a base unit is one second of computing. */
export const SECONDS_PER_AIT = 3600n

const DECIMAL = /^([-+]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([-+]?[0-9]{1,4}))?$/
type Parts = readonly [text: string, sign: string, whole: string, part?: string, exponent?: string]
const LIMIT = 1n << 63n

/** Significant digits of the chain's decimals. */
const PRECISION = 28

/**
 * Base units in an amount of AIT, truncated toward zero; `InvalidAmount` (1004) for what is no decimal number, or lies outside 64
 * signed bits. A number goes by its shortest decimal text.
 *
 * @example
 * import { Units } from '@aitbc/proofs/aitbc'
 * Units.toSeconds('0.5025') // 1809n
 */
export function toSeconds(ait: string | number): bigint {
  const text = String(ait)
  const match = text.length > 100 ? null : DECIMAL.exec(text)
  if (match === null) throw outside(ait)
  const [, sign, whole, part = '', exponent] = match as unknown as Parts
  if (whole + part === '') throw outside(ait)
  const digits = BigInt(whole + part) * SECONDS_PER_AIT
  const shift = Number(exponent ?? 0) - part.length
  const size = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift)
  const value = sign === '-' ? -size : size
  if (value >= LIMIT || value < -LIMIT) throw outside(ait)
  return value
}

/**
 * An amount of base units in AIT, with 28 significant digits where it doesn't come out even.
 *
 * @example
 * import { Units } from '@aitbc/proofs/aitbc'
 * Units.toAit(5400n) // '1.5'
 */
export function toAit(seconds: bigint): string {
  const size = seconds < 0n ? -seconds : seconds
  const whole = (size / SECONDS_PER_AIT).toString()
  const rest = size % SECONDS_PER_AIT
  let places = PRECISION - whole.length
  if (whole === '0') {
    // Zeros right behind the point aren't significant, nor is the one before it.
    places = PRECISION
    for (let digit = rest * 10n; digit > 0n && digit < SECONDS_PER_AIT; digit *= 10n) places++
  }
  const scale = 10n ** BigInt(places)
  const rounded = (rest * scale * 2n + SECONDS_PER_AIT) / (2n * SECONDS_PER_AIT)
  const part = rounded.toString().padStart(places, '0').replace(/0+$/, '')
  return `${seconds < 0n ? '-' : ''}${whole}${part === '' ? '' : `.${part}`}`
}

/** An amount of base units as the chain's programs show it: whole AIT, or four decimals. */
export function format(seconds: bigint): string {
  if (seconds % SECONDS_PER_AIT === 0n) return `${seconds / SECONDS_PER_AIT} AIT`
  const size = seconds < 0n ? -seconds : seconds
  const rounded = (size * 20_000n + SECONDS_PER_AIT) / (2n * SECONDS_PER_AIT)
  const digits = rounded.toString().padStart(5, '0')
  return `${seconds < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)} AIT`
}

function outside(ait: unknown) {
  return CoreErrors.InvalidAmount(
    `ait must be a decimal number within 64 bits of base units, got ${show(ait)}`,
    {
      argument: 'ait',
    },
  )
}
