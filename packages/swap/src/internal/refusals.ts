// What adapters call a transaction that isn't taken for what it pays.
import { isAitbcError } from '@aitbc/core'

const OUTBID = [
  'FeeTooLow',
  'ReplacementRefused',
  'EvmUnderpriced',
  'CosmosUnderpriced',
  'PolkadotTipTooLow',
] as const
const SHORT = [
  'InsufficientFunds',
  'EvmInsufficientFunds',
  'SolanaInsufficientFunds',
  'CosmosInsufficientFunds',
  'PolkadotInsufficientFunds',
] as const
const TOO_DEAR = [
  'FeeRateTooHigh',
  'EvmFeeRateTooHigh',
  'SolanaFeeRateTooHigh',
  'CosmosFeeRateTooHigh',
] as const

/** A node refused the transaction for its fee: what is there, or waits beside it, pays more. */
export function isOutbid(error: unknown): boolean {
  return OUTBID.some((tag) => isAitbcError(error, tag))
}

/** An account holds too little for the fee, as an adapter or a node says. */
export function isShort(error: unknown): boolean {
  return SHORT.some((tag) => isAitbcError(error, tag))
}

/** The market asks for more than an adapter takes for meant (`maxFeeRate`). */
export function isTooDear(error: unknown): boolean {
  return TOO_DEAR.some((tag) => isAitbcError(error, tag))
}
