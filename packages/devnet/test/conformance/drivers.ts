import type { Driver } from './conform.js'

/** How a chain's driver is made, or why it can't be here. */
export type Chain =
  | { readonly name: string; readonly create: () => Promise<Driver> }
  | { readonly name: string; readonly skip: string }

/** Polkadot Hub runs the same Solidity contract, through pallet-revive. */
const hub = (process.env.POLKADOT_CHAIN_SPEC ?? '') !== ''

/** Every chain whose locks are compared with the reference. */
export const CHAINS: readonly Chain[] = [
  { name: 'bitcoin', create: async () => (await import('./bitcoin.js')).createBitcoinDriver() },
  { name: 'evm', create: async () => (await import('./evm.js')).createEvmDriver() },
  { name: 'solana', create: async () => (await import('./solana.js')).createSolanaDriver() },
  { name: 'cosmos', create: async () => (await import('./cosmos.js')).createCosmosDriver() },
  { name: 'iris', create: async () => (await import('./iris.js')).createIrisDriver() },
  hub
    ? { name: 'polkadot', create: async () => (await import('./polkadot.js')).createPolkadotDriver() }
    : { name: 'polkadot', skip: 'POLKADOT_CHAIN_SPEC names no Hub specification' },
]
