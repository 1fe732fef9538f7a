import { defineErrors } from '@aitbc/core'

/** The errors of `@aitbc/adapters/bitcoin` (codes 3100–3199). Append only: a code or tag is never renamed and never reused. */
export const BitcoinErrors = /* @__PURE__ */ defineErrors({
  InvalidAnswer: {
    code: 3101,
    retryable: false,
    hint: 'The endpoint does not speak the protocol, or lies: use another one.',
  },
  ContradictoryAnswer: {
    code: 3102,
    retryable: true,
    hint: 'Hashes do not match what they stand for: use another endpoint, or ask again if the chain just moved.',
  },
  UnsupportedAccount: {
    code: 3103,
    retryable: false,
    hint: 'Use a native SegWit address (p2wpkh or p2tr) of this network.',
  },
  UnsupportedTerms: {
    code: 3104,
    retryable: false,
    hint: 'Correct the named term; nothing was built from it.',
  },
  InsufficientFunds: {
    code: 3105,
    retryable: true,
    hint: 'Fund the account, wait for a confirmation, or lower the fee rate.',
  },
  DustOutput: {
    code: 3106,
    retryable: false,
    hint: 'After the fee nothing would be left that the network relays: lower the fee rate.',
  },
  InvalidFeeRate: {
    code: 3107,
    retryable: false,
    hint: 'Fee rates are satoshi per 1000 virtual bytes (sat/kvB), between the relay minimum and 10,000,000.',
  },
  TransactionNotFinal: {
    code: 3108,
    retryable: true,
    hint: 'The median time past lags about an hour behind the wall clock: send it again when `validFrom` is reached.',
  },
  InputsSpent: {
    code: 3109,
    retryable: false,
    hint: 'Another transaction spent an input: ask `status`, then prepare again.',
  },
  FeeTooLow: {
    code: 3110,
    retryable: true,
    hint: "The node's mempool wants a higher fee rate: `replace` or prepare again with one.",
  },
  ReplacementRefused: {
    code: 3111,
    retryable: true,
    hint: 'A replacement must pay more than all it evicts, and for its own relay (BIP-125 rules 3 and 4): raise the fee rate.',
  },
  TransactionRefused: {
    code: 3112,
    retryable: false,
    hint: "Read the node's own words in `context.reason`.",
  },
  InvalidStep: {
    code: 3113,
    retryable: false,
    hint: 'Pass a step as this adapter prepared it, unchanged.',
  },
  SignedDiffers: {
    code: 3114,
    retryable: false,
    hint: 'The wallet changed the transaction or signed it wrongly: nothing was sent.',
  },
  SignerRefused: {
    code: 3115,
    retryable: true,
    hint: 'The wallet did not sign; ask again when its owner agrees.',
  },
  KeyMismatch: {
    code: 3116,
    retryable: false,
    hint: "Use the signer of the step's `from` account.",
  },
  NotOnChain: {
    code: 3117,
    retryable: true,
    hint: 'Only what a block holds can be proved: wait for a confirmation.',
  },
  MempoolChainTooLong: {
    code: 3118,
    retryable: true,
    hint: 'Too many unconfirmed ancestors or descendants: wait for a block, or replace the parent.',
  },
  IndexMissing: {
    code: 3119,
    retryable: false,
    hint: 'Start the node with -txindex=1 (and -blockfilterindex=1 for fast searches).',
  },
  NotReplaceable: {
    code: 3120,
    retryable: false,
    hint: 'Nothing unconfirmed of this submission can pay a higher fee.',
  },
  NodeBusy: {
    code: 3121,
    retryable: true,
    hint: 'The node is already scanning for somebody else: try again shortly.',
  },
})
