import { defineErrors } from '@aitbc/core'

/** The errors of `@aitbc/adapters/evm` (codes 3200–3299). Append only: a code or tag is never renamed and never reused. */
export const EvmErrors = /* @__PURE__ */ defineErrors({
  EvmUnsupportedTerms: {
    code: 3201,
    retryable: false,
    hint: 'Correct the named term; nothing was built from it.',
  },
  EvmTokenNotAllowed: {
    code: 3202,
    retryable: false,
    hint: 'Check the token yourself, then add it to the `tokens` of the adapter; never take one from a counterparty.',
  },
  EvmContractMismatch: {
    code: 3203,
    retryable: false,
    hint: 'The code at that address is not the audited one: check network and address, or deploy it.',
  },
  EvmWrongChain: {
    code: 3204,
    retryable: true,
    hint: 'Connect the endpoint or the wallet to the network that is named, then repeat.',
  },
  EvmInsufficientFunds: {
    code: 3205,
    retryable: true,
    hint: 'Fund the account with the amount and the maximum fee, or lower the fee rate.',
  },
  EvmInvalidFeeRate: {
    code: 3206,
    retryable: false,
    hint: 'Fee rates are wei per gas (maxFeePerGas), from 1 to 2^96.',
  },
  EvmInvalidStep: {
    code: 3207,
    retryable: false,
    hint: 'Hand in the step as `prepare` or `replace` made it, and the signature made over just that step.',
  },
  EvmNonceUsed: {
    code: 3208,
    retryable: false,
    hint: 'Another transaction took the nonce: read `status`, then prepare again.',
  },
  EvmUnderpriced: {
    code: 3209,
    retryable: true,
    hint: 'Use `replace` with a higher fee rate.',
  },
  EvmReorgTooDeep: {
    code: 3210,
    retryable: false,
    hint: 'The chain changed deeper than is planned for: stop, and look at it with an endpoint of your own.',
  },
  EvmWouldRevert: {
    code: 3211,
    retryable: false,
    hint: 'The contract would refuse this now: read its answer in `context`, then correct the intent.',
  },
  EvmNotProvable: {
    code: 3212,
    retryable: true,
    hint: 'The chain does not say so now: look for the lock and its spend again.',
  },
  EvmFeeRateTooHigh: {
    code: 3213,
    retryable: true,
    hint: 'The market or the endpoint asks for more than `maxFeeRate` or `maxFee` of the adapter: wait, ask another endpoint, or raise it.',
  },
  EvmWalletRefused: {
    code: 3221,
    retryable: true,
    hint: 'The user declined in the wallet: ask again, or stop.',
  },
  EvmWalletAccount: {
    code: 3222,
    retryable: true,
    hint: 'Select and connect the named account in the wallet, then repeat.',
  },
  EvmWalletChanged: {
    code: 3223,
    retryable: false,
    hint: 'The wallet sent another transaction than it was asked for: follow the one it sent, and use another wallet.',
  },
  EvmWalletFailed: {
    code: 3224,
    retryable: true,
    hint: "Read the wallet's own answer in `context`; nothing is known to be sent.",
  },
})
