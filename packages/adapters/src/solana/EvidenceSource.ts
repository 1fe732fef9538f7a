import type { Bytes, CallOptions } from '@aitbc/core'

/**
 * Where evidence of transactions comes from. JSON-RPC has none: entries, the proof of history and votes are what a validator's ledger
 * holds, so that a Geyser plugin or a node of one's own gives it.
 */
export interface EvidenceSource {
  /** `TransactionEvidence` of `@aitbc/proofs/solana` for a signature in base58, encoded; undefined where there is none yet. */
  transaction(signature: string, options?: CallOptions): Promise<Bytes.Bytes | undefined>
}
