import { show } from '@aitbc/core'
import { DevnetErrors } from '../errors.js'

/** Refuses an argument: `InvalidDevnetArgument` (6007). */
export function refuse(argument: string, wanted: string, received: unknown): never {
  throw DevnetErrors.InvalidDevnetArgument(`${argument} must be ${wanted}, got ${show(received)}`, {
    argument,
    received,
  })
}

/** A whole number between two bounds. */
export function integer(value: unknown, argument: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most)
    refuse(argument, `a whole number from ${least} to ${most}`, value)
  return value
}

/** A bigint between two bounds. */
export function bigint(value: unknown, argument: string, least: bigint, most: bigint): bigint {
  if (typeof value !== 'bigint' || value < least || value > most)
    refuse(argument, `a bigint from ${least}n to ${most}n`, value)
  return value
}
