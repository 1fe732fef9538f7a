export {
  createSolanaVerifier,
  type Included,
  type Said,
  type SolanaVerifier,
} from './createSolanaVerifier.js'
export * as HtlcAddress from './HtlcAddress.js'
export * as HtlcProgram from './HtlcProgram.js'
