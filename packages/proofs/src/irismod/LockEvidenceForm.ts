import { type Bytes, Codec } from '@aitbc/core'

/** Names of the form in an `Evidence`: one layout for all statements. */
export const FORMAT = {
  lock: 'irismod-lock/1',
  spend: 'irismod-spend/1',
  absence: 'irismod-absence/1',
} as const

/** Evidence as it is gathered: block and proofs (`ics23.CommitmentProof`) in their bytes, which nobody has judged. */
export interface Gathered {
  readonly block: Bytes.Bytes
  readonly value: Bytes.Bytes | null
  readonly proofs: readonly [inStore: Bytes.Bytes, inMultistore: Bytes.Bytes]
}

/**
 * Writes what was gathered in evidence's canonical form; it is evidence where every part of it is in its one encoding.
 *
 * @example
 * import { LockEvidenceForm } from '@aitbc/proofs/irismod'
 * LockEvidenceForm.FORMAT.lock // 'irismod-lock/1'
 */
export function write({ block, value, proofs: [inStore, inMultistore] }: Gathered): Bytes.Bytes {
  return Codec.writer()
    .bytes(block)
    .optional(value ?? undefined, (w, bytes) => w.bytes(bytes))
    .bytes(inStore)
    .bytes(inMultistore)
    .finish()
}
