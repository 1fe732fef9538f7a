import { CosmosErrors } from '@aitbc/adapters/errors'
import { CoreErrors } from '@aitbc/core'
import type { Family, Refusal } from '../Family.js'
import { backendOf, CONTRACTS, sizes } from './accounts.js'

const REFUSALS = {
  used: CosmosErrors.CosmosSequenceMismatch,
  cheap: CosmosErrors.CosmosUnderpriced,
  outbid: CosmosErrors.CosmosSequenceMismatch,
  'not-final': CoreErrors.RpcRejected,
  'too-long': CoreErrors.RpcRejected,
  funds: CosmosErrors.CosmosInsufficientFunds,
  expired: CosmosErrors.CosmosExpired,
  fails: CoreErrors.RpcRejected,
  sequence: CosmosErrors.CosmosSequenceMismatch,
} as const satisfies Record<Refusal, unknown>

const address = (hex: string) => `cosmos1${hex}`

/** CometBFT: blocks are final at once, chains halt, a mempool keeps the first of two with one sequence. */
export const cosmos: Family = {
  ...CONTRACTS,
  name: 'cosmos',
  stale: true,
  capabilities: { locks: true, proofs: 'state', replacement: 'after-drop' },
  backend: backendOf('cosmwasm', address),
  address,
  id: (hex) => hex.toUpperCase(),
  size: sizes(250_000n, 200_000n, 90_000n),
  feeOf: (rate, size) => (rate * size + 999_999n) / 1_000_000n,
  contest: 'first-stays',
  calm: ({ fees }) => fees.minRelay,
  lag: 0n,
  errors: {
    terms: CosmosErrors.CosmosUnsupportedTerms,
    token: CosmosErrors.CosmosTokenNotAllowed,
    funds: CosmosErrors.CosmosInsufficientFunds,
    rate: CosmosErrors.CosmosInvalidFeeRate,
    step: CosmosErrors.CosmosInvalidStep,
    differs: CosmosErrors.CosmosInvalidStep,
    unproved: CosmosErrors.CosmosNotProvable,
    refusal: (reason, message, context) => REFUSALS[reason](message, context),
  },
}
