import { CosmosErrors } from '@aitbc/adapters/errors'
import { CoreErrors } from '@aitbc/core'
import type { Family, Refusal } from '../Family.js'
import { backendOf, CONTRACT } from './accounts.js'

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
  name: 'cosmos',
  kind: 'accounts',
  profile: CONTRACT,
  capabilities: { locks: true, proofs: 'state', replacement: 'after-drop' },
  best: 'proved',
  backend: backendOf('cosmwasm', address),
  format: 'world/accounts',
  address,
  id: (hex) => hex.toUpperCase(),
  size: ({ is }) => (is === 'lock' ? 250_000n : is === 'claim' || is === 'refund' ? 200_000n : 90_000n),
  feeOf: (rate, size) => (rate * size + 999_999n) / 1_000_000n,
  counted: true,
  contest: 'first-stays',
  outbid: (rate) => rate + 1n,
  baseFee: false,
  drift: (_floor, demand) => demand,
  calm: ({ fees }) => fees.minRelay,
  median: false,
  lag: 0n,
  preflight: false,
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
