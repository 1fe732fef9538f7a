export * as Address from './Address.js'
export {
  createPolkadotAdapter,
  LIMITS,
  type PolkadotAdapter,
  type PolkadotHubAdapter,
} from './createPolkadotAdapter.js'
export { createSeedWallet } from './createSeedWallet.js'
export { PolkadotErrors } from './errors.js'
export * as HubDeployment from './HubDeployment.js'
export * as HubLock from './HubLock.js'
export * as HubUnits from './HubUnits.js'
export type { DispatchFailure } from './internal/events.js'
export type { PolkadotStatus } from './internal/follow.js'
export type { HubLimits } from './internal/hub.js'
export * as PolkadotTransaction from './PolkadotTransaction.js'
export {
  createInjectedSigner,
  createKeySigner,
  type InjectedExtension,
  type InjectedSigner,
} from './signers.js'
