export * as AccountId from './AccountId.js'
export * as Amount from './Amount.js'
export * as AssetId from './AssetId.js'
export * as Bytes from './Bytes.js'
export type {
  CallOptions,
  Capabilities,
  ChainAdapter,
  ChainEvent,
  Claim,
  FeeRates,
  HeaderUpdate,
  Intent,
  LockProfile,
  LockRecovery,
  PrepareOptions,
  Sighting,
  Status,
  Subject,
  SwapAdapter,
} from './ChainAdapter.js'
export * as ChainId from './ChainId.js'
export * as Channel from './Channel.js'
export * as Codec from './Codec.js'
export * as Deadline from './Deadline.js'
export { AitbcError, type ErrorContext, isAitbcError } from './errors/AitbcError.js'
export { CoreErrors } from './errors/CoreErrors.js'
export { defineErrors, type ErrorEntry, type ErrorMaker, show } from './errors/ErrorTable.js'
export * as Fact from './Fact.js'
export * as Hashlock from './Hashlock.js'
export * as Journal from './Journal.js'
export type { Due, FoundLock, Lock, LockSide, Match, RecoveredLock, Spend, SwapRecord } from './Lock.js'
export * as LockTerms from './LockTerms.js'
export type { Family, FeeModel, Finality, Network, Risk, Timing } from './Network.js'
export * as RecoveryRecord from './RecoveryRecord.js'
export type { SeedWallet } from './SeedWallet.js'
export type { Signed, Signer, Step, Submission } from './Signer.js'
export type { Log, Storage, Versioned } from './Storage.js'
export * as SwapSeed from './SwapSeed.js'
export * as TaggedHash from './TaggedHash.js'
export * as Verdict from './Verdict.js'
export type { Established, Verifier } from './Verifier.js'
