export * as Aitbc from './aitbc/index.js'
export * as Attestation from './attestation/index.js'
export { type BitcoinVerifier, createBitcoinVerifier } from './bitcoin/createBitcoinVerifier.js'
export * as Bitcoin from './bitcoin/index.js'
export { type CosmosVerifier, createCosmosVerifier } from './cosmwasm/createCosmosVerifier.js'
export * as Cosmwasm from './cosmwasm/index.js'
export * as Beacon from './ethereum/beacon.js'
export {
  createEvmVerifier,
  type EvmAnchor,
  type EvmVerifier,
  type Trust,
} from './ethereum/createEvmVerifier.js'
export * as Ethereum from './ethereum/index.js'
export type { HeaderSync } from './HeaderSync.js'
export * as Merkle from './merkle/index.js'
export * as Solana from './solana/index.js'
export * as Substrate from './substrate/index.js'
export * as Tendermint from './tendermint/index.js'
