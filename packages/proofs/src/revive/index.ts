export * as Account from './Account.js'
export { createHubVerifier, type HubVerifier, type RelayClient } from './createHubVerifier.js'
export * as HubTerms from './HubTerms.js'
export * as LockEvidence from './LockEvidence.js'
