import { defineErrors } from '@aitbc/core'

/** The errors of `@aitbc/adapters/polkadot` (codes 3500–3599). Append only: a code or tag is never renamed and never reused. */
export const PolkadotErrors = /* @__PURE__ */ defineErrors({
  PolkadotUnsupportedTerms: {
    code: 3501,
    retryable: false,
    hint: 'Correct the named term; nothing was built from it.',
  },
  PolkadotAddress: {
    code: 3502,
    retryable: false,
    hint: "Write the account as SS58 with the network's own prefix; another chain's address is another chain's account.",
  },
  PolkadotWrongChain: {
    code: 3503,
    retryable: true,
    hint: 'Connect the endpoint or the wallet to the network that is named, then repeat.',
  },
  PolkadotInsufficientFunds: {
    code: 3504,
    retryable: true,
    hint: 'Fund the account with the amount, the maximum fee and the existential deposit that it must keep.',
  },
  PolkadotBelowExistentialDeposit: {
    code: 3505,
    retryable: false,
    hint: 'Send at least the existential deposit to an account that does not exist yet: less of it is destroyed.',
  },
  PolkadotPayeeCannotReceive: {
    code: 3506,
    retryable: true,
    hint: 'The payee must exist (hold the native coin), or map its account, before it can be paid so.',
  },
  PolkadotInvalidFeeRate: {
    code: 3507,
    retryable: false,
    hint: 'Fee rates are planck of tip for one transaction, from 0 to 2^127, and within `maxTip` of the adapter.',
  },
  PolkadotInvalidStep: {
    code: 3508,
    retryable: false,
    hint: 'Hand in the step as `prepare` or `replace` made it, and the signature made over just that step.',
  },
  PolkadotRefused: {
    code: 3509,
    retryable: false,
    hint: "Read the runtime's own reason in `context`; a used nonce or a passed mortality needs a new step.",
  },
  PolkadotTipTooLow: {
    code: 3510,
    retryable: true,
    hint: 'Another transaction with this nonce waits: use `replace` with a higher tip.',
  },
  PolkadotReorgTooDeep: {
    code: 3511,
    retryable: false,
    hint: 'The chain changed deeper than is planned for: stop, and look at it with an endpoint of your own.',
  },
  PolkadotUnknownExtension: {
    code: 3512,
    retryable: false,
    hint: 'The runtime wants something signed that this version does not know: update the SDK.',
  },
  PolkadotContractMismatch: {
    code: 3513,
    retryable: false,
    hint: 'The code at that address is not the audited one: check network and address, or deploy it.',
  },
  PolkadotNotProvable: {
    code: 3514,
    retryable: true,
    hint: 'The chain does not say so now: look for the lock and its spend again.',
  },
  PolkadotWouldRevert: {
    code: 3515,
    retryable: true,
    hint: 'The contract would refuse this now: read its answer in `context`; what it owes stays owed until the payee takes it.',
  },
  PolkadotWalletRefused: {
    code: 3521,
    retryable: true,
    hint: 'The user declined in the wallet: ask again, or stop.',
  },
  PolkadotWalletAccount: {
    code: 3522,
    retryable: true,
    hint: 'Select and connect the named account in the wallet, then repeat.',
  },
  PolkadotWalletChanged: {
    code: 3523,
    retryable: false,
    hint: 'The wallet signed another transaction than it was asked for: nothing was sent; use another wallet.',
  },
  PolkadotWalletFailed: {
    code: 3524,
    retryable: true,
    hint: "Read the wallet's own answer in `context`; nothing was sent.",
  },
})
