import { defineErrors } from '@aitbc/core'

/** The errors of `@aitbc/adapters/solana` (codes 3300–3399). Append only: a code or tag is never renamed and never reused. */
export const SolanaErrors = /* @__PURE__ */ defineErrors({
  SolanaUnsupportedTerms: {
    code: 3301,
    retryable: false,
    hint: 'Correct the named term; nothing was built from it.',
  },
  SolanaTokenNotAllowed: {
    code: 3302,
    retryable: false,
    hint: 'Check the token yourself, then add it to the `tokens` of the adapter; never take one from a counterparty.',
  },
  SolanaProgramMismatch: {
    code: 3303,
    retryable: false,
    hint: 'The program at that address is not the audited one, or somebody can still change it: check network and address, or deploy it.',
  },
  SolanaWrongChain: {
    code: 3304,
    retryable: true,
    hint: 'Connect the endpoint or the wallet to the network that is named, then repeat.',
  },
  SolanaInsufficientFunds: {
    code: 3305,
    retryable: true,
    hint: 'Fund the account with the amount, the maximum fee and the rent of what is created.',
  },
  SolanaInvalidFeeRate: {
    code: 3306,
    retryable: false,
    hint: 'Fee rates are millionths of a lamport for a compute unit, from 0 to 2^64 - 1.',
  },
  SolanaInvalidStep: {
    code: 3307,
    retryable: false,
    hint: 'Hand in the step as `prepare` or `replace` made it, and the signature made over just that step.',
  },
  SolanaExpired: {
    code: 3308,
    retryable: false,
    hint: 'The blockhash is too old or the nonce was used: read `status`, then prepare again.',
  },
  SolanaNotReplaceable: {
    code: 3309,
    retryable: true,
    hint: 'An earlier version may still be included and both would count: wait until its blockhash has expired, or use a durable nonce.',
  },
  SolanaTokenRefused: {
    code: 3310,
    retryable: false,
    hint: 'The mint has rules that a lock or a transfer could not rely on: use another token.',
  },
  SolanaWouldFail: {
    code: 3311,
    retryable: false,
    hint: 'The chain would refuse this now: read its answer in `context`, then correct the intent.',
  },
  SolanaNotProvable: {
    code: 3312,
    retryable: true,
    hint: 'Give the adapter a source of evidence; JSON-RPC has none.',
  },
  SolanaFeeRateTooHigh: {
    code: 3313,
    retryable: true,
    hint: 'The market or the endpoint asks for more than `maxFeeRate` of the adapter: wait, ask another endpoint, or raise it.',
  },
  SolanaTooLarge: {
    code: 3314,
    retryable: false,
    hint: 'A transaction has at most 1,232 bytes: leave something out.',
  },
  SolanaReorgTooDeep: {
    code: 3315,
    retryable: false,
    hint: 'The chain changed deeper than is planned for: stop, and look at it with an endpoint of your own.',
  },
  SolanaWalletRefused: {
    code: 3321,
    retryable: true,
    hint: 'The user declined in the wallet: ask again, or stop.',
  },
  SolanaWalletAccount: {
    code: 3322,
    retryable: true,
    hint: 'Select and connect the named account in the wallet, then repeat.',
  },
  SolanaWalletChanged: {
    code: 3323,
    retryable: false,
    hint: 'The wallet signed another transaction than it was asked for: nothing of it was used; use another wallet.',
  },
  SolanaWalletFailed: {
    code: 3324,
    retryable: true,
    hint: "Read the wallet's own answer in `context`; nothing is known to be sent.",
  },
})
