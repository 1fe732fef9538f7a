import { CoreErrors, show } from '@aitbc/core'
import type { Outpoint } from '../Backend.js'

/** Reads `txid:vout`. */
export function parseRef(ref: unknown, argument = 'lock.ref'): Outpoint {
  const match = typeof ref === 'string' ? /^([0-9a-f]{64}):(0|[1-9][0-9]{0,8})$/.exec(ref) : null
  if (match === null)
    throw CoreErrors.InvalidArgument(`${argument} must be txid:vout, got ${show(ref)}`, {
      argument,
      received: ref,
    })
  return { txid: match[1] as string, index: Number(match[2]) }
}
