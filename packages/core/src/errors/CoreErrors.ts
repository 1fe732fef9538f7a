import { defineErrors } from './ErrorTable.js'

/** The errors of `@aitbc/core` (codes 1000–1999). Append only: a code or tag is never renamed and never reused. */
export const CoreErrors = /* @__PURE__ */ defineErrors({
  InvalidChainId: { code: 1001, retryable: false, hint: 'Pass a CAIP-2 id such as "eip155:1".' },
  InvalidAccountId: { code: 1002, retryable: false, hint: 'Pass a CAIP-10 id such as "eip155:1:0x…".' },
  InvalidAssetId: { code: 1003, retryable: false, hint: 'Pass a CAIP-19 id such as "eip155:1/slip44:60".' },
  InvalidAmount: {
    code: 1004,
    retryable: false,
    hint: 'Pass a whole number of base units as a bigint in range.',
  },
  InvalidBytes: {
    code: 1005,
    retryable: false,
    hint: 'Pass a Uint8Array of the stated length, or its hex form.',
  },
  InvalidDeadline: {
    code: 1006,
    retryable: false,
    hint: "Use the network's own clock, in that clock's unit.",
  },
  ClockMismatch: {
    code: 1007,
    retryable: false,
    hint: 'Compare deadlines of one network and one clock only.',
  },
  InvalidHashlock: { code: 1008, retryable: false, hint: 'Use the SHA-256 of a fresh 32-byte secret.' },
  InvalidSecret: { code: 1009, retryable: false, hint: 'A secret is exactly 32 bytes, on every chain.' },
  InvalidLockTerms: {
    code: 1010,
    retryable: false,
    hint: 'Correct the named field; every field is bound by the id.',
  },
  InvalidNetwork: {
    code: 1011,
    retryable: false,
    hint: 'Correct the network profile, or use a shipped one.',
  },
  InvalidEncoding: { code: 1012, retryable: false, hint: 'The bytes are not the one canonical encoding.' },
  InvalidArgument: { code: 1013, retryable: false, hint: 'Correct the named argument.' },
  InvalidSeed: {
    code: 1014,
    retryable: false,
    hint: 'A swap seed is 32 random bytes, kept by the SDK alone.',
  },
  RecordUnreadable: {
    code: 1015,
    retryable: false,
    hint: 'The record belongs to another seed, or is damaged.',
  },
  ForeignNetwork: { code: 1016, retryable: false, hint: "Use the adapter of the id's own network." },
  JournalCorrupt: {
    code: 1101,
    retryable: false,
    hint: 'Restore the journal from a copy, or recover from the seed.',
  },
  JournalFromFuture: {
    code: 1102,
    retryable: false,
    hint: 'Update the SDK: the journal was written by a later version.',
  },
  JournalClosed: { code: 1103, retryable: false, hint: 'Open the journal again.' },
  StorageConflict: {
    code: 1104,
    retryable: true,
    hint: 'Another writer was first: read again, then decide.',
  },
  StorageUnavailable: {
    code: 1105,
    retryable: true,
    hint: 'Check that the storage can be reached and written to.',
  },
  ChannelClosed: { code: 1106, retryable: false, hint: 'Reconnect to the counterparty, then resume.' },
  RpcTimeout: { code: 1201, retryable: true, hint: 'Try again, or add another endpoint.' },
  RpcUnreachable: {
    code: 1202,
    retryable: true,
    hint: 'Check that the node is up and the address is right.',
  },
  RpcRejected: { code: 1203, retryable: false, hint: "Read the node's own message in `context`." },
  RpcMalformed: {
    code: 1204,
    retryable: false,
    hint: 'The answer is not of the protocol: use another endpoint.',
  },
  RpcRateLimited: { code: 1205, retryable: true, hint: 'Slow down, or raise the limit with the provider.' },
  RpcDisagreement: {
    code: 1206,
    retryable: true,
    hint: 'Endpoints contradict each other: remove the one named.',
  },
  RpcNoQuorum: {
    code: 1207,
    retryable: true,
    hint: 'Too few endpoints answered alike: add endpoints or wait.',
  },
  RpcTooLarge: { code: 1208, retryable: false, hint: 'The answer exceeds the limit: use another endpoint.' },
  UnsupportedCapability: { code: 1301, retryable: false, hint: 'Ask `capabilities` before the call.' },
})
