export { createSeedWallet } from './createSeedWallet.js'
export { createSolanaAdapter, type SolanaAdapter, UNITS } from './createSolanaAdapter.js'
export type { EvidenceSource } from './EvidenceSource.js'
export { SolanaErrors } from './errors.js'
export * as HtlcArtifact from './HtlcArtifact.js'
export * as HtlcLock from './HtlcLock.js'
export type { ComputeUnits } from './internal/client.js'
export type { SolanaIntent, SolanaPrepareOptions } from './internal/plan.js'
export * as Mint from './Mint.js'
export * as NonceAccount from './NonceAccount.js'
export * as SolanaInstruction from './SolanaInstruction.js'
export * as SolanaQuorum from './SolanaQuorum.js'
export type { SolanaTransport } from './SolanaRpc.js'
export * as SolanaTransaction from './SolanaTransaction.js'
export {
  createKeySigner,
  createKitSigner,
  createWalletSender,
  createWalletSigner,
  type StandardWallet,
  type WalletAccount,
} from './signers.js'
