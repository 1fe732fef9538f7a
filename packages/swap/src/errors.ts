import { defineErrors } from '@aitbc/core'

/** The errors of `@aitbc/swap` (codes 4000–4999). Append only: a code or tag is never renamed and never reused. */
export const SwapErrors = /* @__PURE__ */ defineErrors({
  InvalidAgreement: {
    code: 4001,
    retryable: false,
    hint: 'Negotiate again: the agreement is not one both may sign.',
  },
  InvalidSignature: {
    code: 4002,
    retryable: false,
    hint: 'The counterparty did not sign this agreement: do not lock.',
  },
  UnsafeTerms: {
    code: 4003,
    retryable: false,
    hint: 'Ask for deadlines that satisfy the inequality in `context`.',
  },
  UnsupportedClock: {
    code: 4004,
    retryable: false,
    hint: "Plan with networks whose locks count time, or whose profile bounds the time between blocks ('pace').",
  },
  NegotiationRefused: {
    code: 4005,
    retryable: false,
    hint: "Read the counterparty's reason, then make another offer.",
  },
  NegotiationMalformed: {
    code: 4006,
    retryable: false,
    hint: 'The counterparty speaks another protocol: break off.',
  },
  HashlockReused: { code: 4007, retryable: false, hint: 'Refuse the swap: its secret may be known already.' },
  InvalidPolicy: { code: 4008, retryable: false, hint: 'Correct the named number of the policy.' },
  SideMissing: { code: 4009, retryable: false, hint: 'Hand in an adapter and signers for that network.' },
  SignerMissing: { code: 4010, retryable: false, hint: "Hand in a signer for the step's account." },
  StateUnreadable: { code: 4011, retryable: false, hint: 'Recover the swap from the seed and the chains.' },
  SwapBusy: { code: 4012, retryable: true, hint: 'Another process drives this swap; stop it first.' },
  EvidenceRefused: {
    code: 4013,
    retryable: true,
    hint: 'The endpoint contradicts its own evidence: use another.',
  },
  FundsMissing: {
    code: 4014,
    retryable: false,
    hint: 'Fund the account that `context` names, then start again.',
  },
  SkewedClock: {
    code: 4015,
    retryable: true,
    hint: "Set this machine's clock right, or check the endpoint.",
  },
  FeeBudgetSpent: {
    code: 4016,
    retryable: true,
    hint: 'Wait for cheaper blocks, or give the swap a larger fee budget.',
  },
  JobUnreadable: {
    code: 4017,
    retryable: false,
    hint: "Ask the swap's owner for the watch job again, and for its key.",
  },
  NotPresignable: {
    code: 4018,
    retryable: false,
    hint: 'Give the tower an account that pays for claims and refunds there, or the owner a durable nonce.',
  },
  Unanswered: {
    code: 4019,
    retryable: true,
    hint: 'What a wallet asks for is to be confirmed or declined there; what both would sign goes by script at the deadline.',
  },
  CheckTooLarge: {
    code: 4030,
    retryable: false,
    hint: 'Use longer ticks, fewer reorganisations or steady clocks, or raise the bounds.',
  },
})
