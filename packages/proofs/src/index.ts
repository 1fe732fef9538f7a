export { type BitcoinVerifier, createBitcoinVerifier } from './bitcoin/createBitcoinVerifier.js'
export * as Bitcoin from './bitcoin/index.js'
export * as Beacon from './ethereum/beacon.js'
export {
  createEvmVerifier,
  type EvmAnchor,
  type EvmVerifier,
  type Trust,
} from './ethereum/createEvmVerifier.js'
export * as Ethereum from './ethereum/index.js'
export type { HeaderSync } from './HeaderSync.js'
export * as Substrate from './substrate/index.js'
