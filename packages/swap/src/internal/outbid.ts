// What adapters call a transaction that pays too little to be taken.
import { isAitbcError } from '@aitbc/core'

const OUTBID = [
  'FeeTooLow',
  'ReplacementRefused',
  'EvmUnderpriced',
  'CosmosUnderpriced',
  'PolkadotTipTooLow',
] as const

/** A node refused the transaction for its fee: what is there, or waits beside it, pays more. */
export function isOutbid(error: unknown): boolean {
  return OUTBID.some((tag) => isAitbcError(error, tag))
}
