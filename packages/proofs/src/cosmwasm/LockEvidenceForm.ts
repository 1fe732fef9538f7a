import { type Bytes, Codec } from '@aitbc/core'

/** Names of the form in an `Evidence`: one layout for all statements. */
export const FORMAT = { lock: 'cosmos-lock/1', spend: 'cosmos-spend/1', absence: 'cosmos-absence/1' } as const

/** Evidence as it is gathered: blocks and proofs (`ics23.CommitmentProof`) in their bytes, which nobody has judged. */
export interface Gathered {
  readonly block: Bytes.Bytes
  readonly store: Bytes.Bytes
  /** Of contract, history, code and lock, in this order. */
  readonly pieces: readonly Piece[]
}

/** What a node says that the store holds at a key, and its proof. */
export interface Piece {
  readonly value: Bytes.Bytes | null
  readonly proof: Bytes.Bytes
}

/**
 * Writes what was gathered in evidence's canonical form; it is evidence where every part of it is in its one encoding.
 *
 * @example
 * import { LockEvidenceForm } from '@aitbc/proofs/cosmwasm'
 * LockEvidenceForm.FORMAT.lock // 'cosmos-lock/1'
 */
export function write({ block, store, pieces }: Gathered): Bytes.Bytes {
  const writer = Codec.writer().bytes(block).bytes(store)
  for (const { value, proof } of pieces)
    writer.optional(value ?? undefined, (w, bytes) => w.bytes(bytes)).bytes(proof)
  return writer.finish()
}
