import { PolkadotErrors } from '@aitbc/adapters/errors'
import type { Family, Refusal } from '../Family.js'
import { backendOf, CONTRACTS } from './accounts.js'

const REFUSALS = {
  used: PolkadotErrors.PolkadotRefused,
  cheap: PolkadotErrors.PolkadotTipTooLow,
  outbid: PolkadotErrors.PolkadotTipTooLow,
  'not-final': PolkadotErrors.PolkadotRefused,
  'too-long': PolkadotErrors.PolkadotRefused,
  funds: PolkadotErrors.PolkadotInsufficientFunds,
  expired: PolkadotErrors.PolkadotRefused,
  fails: PolkadotErrors.PolkadotRefused,
  sequence: PolkadotErrors.PolkadotRefused,
} as const satisfies Record<Refusal, unknown>

/** Charged by weight, whatever the tip. */
const WEIGHT_FEE = 20_000_000n

const address = (hex: string) => hex

/** Accounts with nonces, tips, and finality that lags behind the head. */
export const polkadot: Family = {
  ...CONTRACTS,
  name: 'polkadot',
  backend: backendOf('contract', address),
  address,
  id: (hex) => `0x${hex}`,
  size: () => 1n,
  feeOf: (rate) => WEIGHT_FEE + rate,
  contest: 'replace-by-price',
  lifetime: 64n,
  calm: ({ fees }) => fees.minRelay * 1000n,
  lag: 4n,
  errors: {
    terms: PolkadotErrors.PolkadotUnsupportedTerms,
    funds: PolkadotErrors.PolkadotInsufficientFunds,
    rate: PolkadotErrors.PolkadotInvalidFeeRate,
    step: PolkadotErrors.PolkadotInvalidStep,
    differs: PolkadotErrors.PolkadotInvalidStep,
    unproved: PolkadotErrors.PolkadotNotProvable,
    refusal: (reason, message, context) => REFUSALS[reason](message, context),
  },
}
