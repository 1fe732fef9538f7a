export { type CosmosVerifier, createCosmosVerifier } from './createCosmosVerifier.js'
export * as HtlcStorage from './HtlcStorage.js'
export * as LockEvidence from './LockEvidence.js'
export * as LockEvidenceForm from './LockEvidenceForm.js'
