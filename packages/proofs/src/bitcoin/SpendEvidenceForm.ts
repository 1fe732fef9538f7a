import { type Bytes, Codec, type Verdict } from '@aitbc/core'
import * as Canonical from '../internal/canonical.js'
import * as Inclusion from './Inclusion.js'
import type * as Transaction from './Transaction.js'

// The form alone, without the light client that judges it: whoever only makes evidence loads no more.

/** Name of the form in an `Evidence`. */
export const FORMAT = 'bitcoin-spend/1'

const MAX_DEPTH = 15

/** Evidence for what ended a lock; the witness decides claim or refund, so its commitment is part of it (BIP-141). */
export interface SpendEvidence {
  /** As in `LockEvidence`. */
  readonly headers: Bytes.Bytes
  readonly block: Bytes.Hash32
  readonly inclusion: Inclusion.WitnessInclusion
  /** Index of the input that spends the lock. */
  readonly input: number
}

/** Writes evidence in its one canonical form. */
export function encode(evidence: SpendEvidence): Bytes.Bytes {
  const { inclusion } = evidence
  return Codec.writer()
    .bytes(evidence.headers)
    .fixed(evidence.block)
    .bytes(inclusion.transaction)
    .u32(inclusion.index)
    .list(inclusion.siblings, (writer, hash) => writer.fixed(hash))
    .list(inclusion.witnessSiblings, (writer, hash) => writer.fixed(hash))
    .bytes(inclusion.coinbase)
    .list(inclusion.coinbaseSiblings, (writer, hash) => writer.fixed(hash))
    .u32(evidence.input)
    .finish()
}

/** Reads evidence; total. Refusal: `evidence-encoding`. */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<SpendEvidence> {
  return Canonical.decode(bytes, (reader) => ({
    headers: reader.bytes(),
    block: reader.fixed(32),
    inclusion: {
      transaction: reader.bytes(),
      index: reader.u32(),
      siblings: Canonical.hashes(reader, MAX_DEPTH),
      witnessSiblings: Canonical.hashes(reader, MAX_DEPTH),
      coinbase: reader.bytes(),
      coinbaseSiblings: Canonical.hashes(reader, MAX_DEPTH),
    },
    input: reader.u32(),
  }))
}

/** Builds the evidence for an input of one transaction from its whole block, witnesses included. */
export function of(options: {
  readonly headers: Bytes.Bytes
  readonly block: Bytes.Hash32
  readonly transactions: readonly Transaction.Transaction[]
  readonly index: number
  readonly input: number
}): SpendEvidence {
  const { headers, block, transactions, index, input } = options
  return { headers, block, inclusion: Inclusion.ofWitness(transactions, index), input }
}
