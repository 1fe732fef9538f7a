import type { Driver } from './conform.js'

/** How a chain's driver is made; `skip` says why it can't be on this machine. */
export interface Chain {
  readonly name: string
  readonly skip?: string
  create(): Promise<Driver>
}

/** Every chain whose locks are compared with the reference. */
export const CHAINS: readonly Chain[] = [
  { name: 'bitcoin', create: async () => (await import('./bitcoin.js')).createBitcoinDriver() },
  { name: 'evm', create: async () => (await import('./evm.js')).createEvmDriver() },
  { name: 'solana', create: async () => (await import('./solana.js')).createSolanaDriver() },
  { name: 'cosmos', create: async () => (await import('./cosmos.js')).createCosmosDriver() },
]
