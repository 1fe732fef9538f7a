import { BitcoinErrors } from '@aitbc/adapters/errors'
import type { Family, Refusal } from '../Family.js'

const REFUSALS = {
  used: BitcoinErrors.InputsSpent,
  cheap: BitcoinErrors.FeeTooLow,
  outbid: BitcoinErrors.ReplacementRefused,
  'not-final': BitcoinErrors.TransactionNotFinal,
  'too-long': BitcoinErrors.MempoolChainTooLong,
  funds: BitcoinErrors.InputsSpent,
  expired: BitcoinErrors.TransactionRefused,
  fails: BitcoinErrors.TransactionRefused,
  sequence: BitcoinErrors.TransactionRefused,
} as const satisfies Record<Refusal, unknown>

/** Coins, a mempool with replacement by fee and its limits, locks by script, the median of eleven times. */
export const bitcoin: Family = {
  name: 'bitcoin',
  kind: 'coins',
  profile: {
    lateClaims: true,
    payee: 'key',
    unique: false,
    lateLocks: true,
    feesFrom: 'lock',
    events: false,
  },
  capabilities: { locks: true, proofs: 'inclusion', replacement: true },
  best: 'proved',
  backend: ({ id }) => ({ network: id, kind: 'p2wsh' }),
  format: 'world/coins',
  address: (hex) => `bcsim1q${hex}`,
  id: (hex) => hex,
  size: ({ is }) => (is === 'lock' ? 250n : is === 'claim' ? 160n : 140n),
  feeOf: (rate, size) => (rate * size + 999n) / 1000n,
  counted: false,
  contest: 'replace-by-fee',
  outbid: (rate) => rate + 1n,
  baseFee: false,
  drift: (_floor, demand) => demand,
  calm: ({ fees }) => fees.minRelay * 2n,
  median: true,
  stale: false,
  lag: 0n,
  preflight: false,
  errors: {
    terms: BitcoinErrors.UnsupportedTerms,
    funds: BitcoinErrors.InsufficientFunds,
    rate: BitcoinErrors.InvalidFeeRate,
    step: BitcoinErrors.InvalidStep,
    differs: BitcoinErrors.SignedDiffers,
    unproved: BitcoinErrors.NotOnChain,
    refusal: (reason, message, context) => REFUSALS[reason](message, context),
  },
}
