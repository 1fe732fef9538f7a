import { defineErrors } from '@aitbc/core'

/** The errors of `@aitbc/adapters/cosmos` (codes 3400–3499). Append only: a code or tag is never renamed and never reused. */
export const CosmosErrors = /* @__PURE__ */ defineErrors({
  CosmosUnsupportedTerms: {
    code: 3401,
    retryable: false,
    hint: 'Correct the named term; nothing was built from it.',
  },
  CosmosTokenNotAllowed: {
    code: 3402,
    retryable: false,
    hint: 'Check the token yourself, then add it to the `tokens` of the adapter; never take one from a counterparty.',
  },
  CosmosContractMismatch: {
    code: 3403,
    retryable: false,
    hint: 'What is at that address is not the audited contract without an administrator: check network and address, or deploy it.',
  },
  CosmosWrongChain: {
    code: 3404,
    retryable: true,
    hint: 'Connect the endpoint or the wallet to the network that is named, then repeat.',
  },
  CosmosInsufficientFunds: {
    code: 3405,
    retryable: true,
    hint: 'Fund the account with the amount and the maximum fee, or lower the fee rate.',
  },
  CosmosInvalidFeeRate: {
    code: 3406,
    retryable: false,
    hint: 'Fee rates are base units of the native coin for 1,000,000 gas, from 1 to `maxFeeRate`.',
  },
  CosmosInvalidStep: {
    code: 3407,
    retryable: false,
    hint: 'Hand in the step as `prepare` or `replace` made it, and the signature made over just that step.',
  },
  CosmosSequenceMismatch: {
    code: 3408,
    retryable: true,
    hint: 'Read `status`: another transaction has the sequence, or an earlier one is missing. Then prepare again, or send the earlier one.',
  },
  CosmosUnderpriced: {
    code: 3409,
    retryable: true,
    hint: 'The node wants a higher fee: use `replace` with a higher fee rate.',
  },
  CosmosForked: {
    code: 3410,
    retryable: false,
    hint: 'The endpoint shows another block at a height that was final: stop, and look at the chain with an endpoint of your own.',
  },
  CosmosWouldFail: {
    code: 3411,
    retryable: false,
    hint: 'The chain would refuse this now: read its answer in `context`, then correct the intent.',
  },
  CosmosNotProvable: {
    code: 3412,
    retryable: true,
    hint: 'The state before the newest block does not say so: wait for the next block, then look for the lock and its spend again.',
  },
  CosmosFeeRateTooHigh: {
    code: 3413,
    retryable: true,
    hint: 'The market or the endpoint asks for more than `maxFeeRate` of the adapter: wait, ask another endpoint, or raise it.',
  },
  CosmosExpired: {
    code: 3414,
    retryable: false,
    hint: 'The transaction may not be included any more (its timeout height has passed): prepare again.',
  },
  CosmosUnknownAccount: {
    code: 3415,
    retryable: true,
    hint: 'The chain knows an account once it was paid: fund it first. Only plain and vesting accounts are supported.',
  },
  CosmosWalletRefused: {
    code: 3421,
    retryable: true,
    hint: 'The user declined in the wallet: ask again, or stop.',
  },
  CosmosWalletAccount: {
    code: 3422,
    retryable: true,
    hint: 'Select and connect the named account in the wallet, then repeat.',
  },
  CosmosWalletChanged: {
    code: 3423,
    retryable: false,
    hint: 'The wallet signed something else than it was asked for; nothing was sent. Use another wallet.',
  },
  CosmosWalletFailed: {
    code: 3424,
    retryable: true,
    hint: "Read the wallet's own answer in `context`; nothing was sent.",
  },
})
