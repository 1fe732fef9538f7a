export { createIrisVerifier, type IrisVerifier } from './createIrisVerifier.js'
export * as HtlcModule from './HtlcModule.js'
export * as LockEvidence from './LockEvidence.js'
export * as LockEvidenceForm from './LockEvidenceForm.js'
