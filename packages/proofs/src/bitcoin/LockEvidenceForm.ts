import { type Bytes, Codec, type Verdict } from '@aitbc/core'
import * as Canonical from '../internal/canonical.js'
import * as Inclusion from './Inclusion.js'
import type * as Transaction from './Transaction.js'

// The form alone, without the light client that judges it: whoever only makes evidence loads no more.

/** Name of the form in an `Evidence`. */
export const FORMAT = 'bitcoin-lock/1'

const MAX_DEPTH = 15

/** Evidence for a lock: what a verifier at its anchor, or anywhere after it, still has to learn. */
export interface LockEvidence {
  /** Consecutive headers, 80 bytes each, on top of a block that the verifier knows; they may go over ones it knows. */
  readonly headers: Bytes.Bytes
  /** Hash (order of the protocol) of the block that holds the lock's transaction. */
  readonly block: Bytes.Hash32
  readonly inclusion: Inclusion.Inclusion
  /** Index of the output that is the lock. */
  readonly output: number
}

/** Writes evidence in its one canonical form. */
export function encode(evidence: LockEvidence): Bytes.Bytes {
  const { inclusion } = evidence
  return Codec.writer()
    .bytes(evidence.headers)
    .fixed(evidence.block)
    .bytes(inclusion.transaction)
    .u32(inclusion.index)
    .list(inclusion.siblings, (writer, hash) => writer.fixed(hash))
    .bytes(inclusion.coinbase)
    .list(inclusion.coinbaseSiblings, (writer, hash) => writer.fixed(hash))
    .u32(evidence.output)
    .finish()
}

/**
 * Reads evidence; total. Refusal: `evidence-encoding`.
 *
 * @example
 * import { LockEvidence } from '@aitbc/proofs/bitcoin'
 * LockEvidence.decode(new Uint8Array(0)).ok // false
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<LockEvidence> {
  return Canonical.decode(bytes, (reader) => ({
    headers: reader.bytes(),
    block: reader.fixed(32),
    inclusion: {
      transaction: reader.bytes(),
      index: reader.u32(),
      siblings: Canonical.hashes(reader, MAX_DEPTH),
      coinbase: reader.bytes(),
      coinbaseSiblings: Canonical.hashes(reader, MAX_DEPTH),
    },
    output: reader.u32(),
  }))
}

/** Builds the evidence for an output of one transaction from its whole block (`Block.decode`). */
export function of(options: {
  readonly headers: Bytes.Bytes
  readonly block: Bytes.Hash32
  readonly transactions: readonly Transaction.Transaction[]
  readonly index: number
  readonly output: number
}): LockEvidence {
  const { headers, block, transactions, index, output } = options
  return { headers, block, inclusion: Inclusion.of(transactions, index), output }
}
