import { SolanaErrors } from '@aitbc/adapters/errors'
import { CoreErrors } from '@aitbc/core'
import type { Family, Refusal } from '../Family.js'
import { backendOf, CONTRACTS, sizes } from './accounts.js'

const REFUSALS = {
  used: CoreErrors.RpcRejected,
  cheap: CoreErrors.RpcRejected,
  outbid: CoreErrors.RpcRejected,
  'not-final': CoreErrors.RpcRejected,
  'too-long': CoreErrors.RpcRejected,
  funds: SolanaErrors.SolanaInsufficientFunds,
  expired: SolanaErrors.SolanaExpired,
  fails: SolanaErrors.SolanaWouldFail,
  sequence: CoreErrors.RpcRejected,
} as const satisfies Record<Refusal, unknown>

const address = (hex: string) => hex

/** Accounts that don't count, no mempool, transactions that die with their blockhash after 150 blocks, no proof of state. */
export const solana: Family = {
  ...CONTRACTS,
  name: 'solana',
  stale: true,
  capabilities: { locks: true, proofs: 'inclusion', replacement: true },
  best: 'quorum',
  backend: backendOf('program', address),
  address,
  id: (hex) => hex,
  size: sizes(60_000n, 40_000n, 2_000n),
  feeOf: (rate, size) => 5000n + (rate * size + 999_999n) / 1_000_000n,
  counted: false,
  contest: 'none',
  lifetime: 150n,
  calm: () => 1000n,
  lag: 32n,
  preflight: true,
  errors: {
    terms: SolanaErrors.SolanaUnsupportedTerms,
    token: SolanaErrors.SolanaTokenNotAllowed,
    funds: SolanaErrors.SolanaInsufficientFunds,
    rate: SolanaErrors.SolanaInvalidFeeRate,
    step: SolanaErrors.SolanaInvalidStep,
    differs: SolanaErrors.SolanaInvalidStep,
    unproved: SolanaErrors.SolanaNotProvable,
    refusal: (reason, message, context) => REFUSALS[reason](message, context),
  },
}
