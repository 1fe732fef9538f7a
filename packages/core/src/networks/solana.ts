import type { Network } from '../Network.js'

/** Solana: the clock is an estimate bounded by the stake's votes, final some 13 s after inclusion; halts have taken hours. */
const SOLANA_TIMING = {
  standard: { lead: 1800n, lag: 1800n, inclusion: 1020n, finality: 60n, reorg: 13n, outage: 0n },
  conservative: { lead: 7200n, lag: 7200n, inclusion: 3480n, finality: 120n, reorg: 26n, outage: 21_600n },
} as const satisfies Network['timing']

/** Solana mainnet (`solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp`). */
export const solana = {
  id: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp',
  family: 'solana',
  name: 'Solana',
  native: { id: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/slip44:501', symbol: 'SOL', decimals: 9 },
  clock: 'unix',
  blockTimeMs: 400n,
  finality: { rule: 'tag', tag: 'finalized' },
  reorgDepth: 32n,
  fees: { model: 'compute-units', unit: 'microlamports/CU', minRelay: 1n, dust: 890_880n },
  timing: SOLANA_TIMING,
} as const satisfies Network

/** A local Solana chain; the rules are mainnet's. */
export const solanaLocal = {
  ...solana,
  id: 'solana:7tkzFg8RHBmMw1ncRJZCCZAizgq4rwCf',
  name: 'Solana local',
  native: { id: 'solana:7tkzFg8RHBmMw1ncRJZCCZAizgq4rwCf/slip44:501', symbol: 'SOL', decimals: 9 },
} as const satisfies Network
