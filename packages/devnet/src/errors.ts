import { defineErrors } from '@aitbc/core'

/** The errors of `@aitbc/devnet` (codes 6000–6999). Append only: a code or tag is never renamed and never reused. */
export const DevnetErrors = /* @__PURE__ */ defineErrors({
  BitcoindMissing: {
    code: 6001,
    retryable: false,
    hint: 'Install Bitcoin Core or Knots (27 or later) and put `bitcoind` on PATH, or its path in BITCOIND.',
  },
  AnvilMissing: {
    code: 6002,
    retryable: false,
    hint: 'Install the optional package @foundry-rs/anvil-<platform>-<arch>, or put the path of anvil in ANVIL.',
  },
  NodeNotStarted: {
    code: 6003,
    retryable: true,
    hint: "Read the end of the node's own log in `context.log`.",
  },
  NodeRejected: { code: 6004, retryable: false, hint: "Read the node's own message in `context`." },
  NodeUnreachable: { code: 6005, retryable: true, hint: 'Check that the devnet is still running.' },
  ChainNotRunning: { code: 6006, retryable: false, hint: 'Start the devnet with this chain.' },
  InvalidDevnetArgument: { code: 6007, retryable: false, hint: 'Correct the named argument.' },
  FaucetEmpty: { code: 6008, retryable: false, hint: 'Mine blocks for the faucet, or ask for less.' },
  PackagesUnavailable: {
    code: 6009,
    retryable: true,
    hint: "Check that Debian's package mirror can be reached, or install the program yourself.",
  },
  DevnetStopped: { code: 6010, retryable: false, hint: 'Create another devnet.' },
  ReorgFailed: {
    code: 6011,
    retryable: false,
    hint: 'Ask for a depth that the chain has above its first blocks.',
  },
  ArtifactMissing: { code: 6012, retryable: false, hint: 'Build the contract artifact first.' },
  PortInUse: { code: 6013, retryable: true, hint: 'Choose another port, or 0 for a free one.' },
  FrameTooLarge: {
    code: 6014,
    retryable: false,
    hint: 'Send smaller messages, or raise `maxFrame` on both ends.',
  },
  HttpRefused: {
    code: 6015,
    retryable: false,
    hint: 'Correct the request; the message says what is wrong with it.',
  },
  BeaconUnavailable: {
    code: 6016,
    retryable: false,
    hint: 'Install the optional peer dependencies of @aitbc/devnet, or start the devnet without a beacon chain.',
  },
  BeaconCannotFollow: {
    code: 6017,
    retryable: false,
    hint: "Mine through the devnet's own actions, which keep to the slots of the beacon chain.",
  },
  SolanaUnavailable: {
    code: 6018,
    retryable: false,
    hint: "Install litesvm's optional package for this platform; Windows has none.",
  },
  SolanaRejected: {
    code: 6019,
    retryable: false,
    hint: "Read the runtime's own message; a transaction names one of the last 150 blockhashes.",
  },
  PolkadotUnavailable: {
    code: 6031,
    retryable: false,
    hint: 'Install @acala-network/chopsticks-core, the executor of Substrate runtimes.',
  },
  PolkadotSpecInvalid: {
    code: 6032,
    retryable: false,
    hint: 'Name a chain specification, raw or plain, in POLKADOT_CHAIN_SPEC; or unset it.',
  },
  CosmosRejected: {
    code: 6041,
    retryable: false,
    hint: "Read the node's own message in `context.log`.",
  },
  WasmdMissing: {
    code: 6042,
    retryable: false,
    hint: 'Put Go 1.24 or later with a C compiler on PATH and let it reach its module proxy, or name a wasmd in WASMD.',
  },
})
