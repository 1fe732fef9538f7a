// What a network's market asks for.
import type { CallOptions } from '@aitbc/core'
import type * as Side from '../Side.js'
import { isTooDear } from './refusals.js'

/** What is asked for in a hurry; `undefined` where that is more than the adapter takes for meant: then all that it takes is paid. */
export async function hurriedRate(
  { adapter }: Pick<Side.Side, 'adapter'>,
  options: CallOptions,
): Promise<bigint | undefined> {
  try {
    return (await adapter.feeRates(options)).fast
  } catch (error) {
    if (isTooDear(error)) return undefined
    throw error
  }
}
