import { Bytes, Codec, type LockTerms, Verdict } from '@aitbc/core'
import * as Canonical from '../internal/canonical.js'
import type * as HeaderChain from './HeaderChain.js'
import * as HtlcScript from './HtlcScript.js'
import * as Inclusion from './Inclusion.js'
import * as LockEvidence from './LockEvidence.js'
import type * as Transaction from './Transaction.js'

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

/** A spend that a chain holds. */
export interface Spent {
  readonly spend: Exclude<HtlcScript.Spend, { readonly is: 'foreign' }>
  readonly txid: Bytes.Hash32
  readonly input: number
  readonly block: HeaderChain.Block
  readonly depth: bigint
  readonly medianTime: bigint
  readonly state: HeaderChain.State
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

/**
 * Decides whether the best chain holds a spend of a lock, and which: a claim with its secret, or a refund.
 *
 * The chain checked the witness against the output it spends, so a witness that reveals the script of these terms also shows
 * that the outpoint was such a lock. Refusals: those of `LockEvidence.verify` but the last three and of
 * `Inclusion.verifyWitness`; `spend-input` (no such input), `spend-outpoint` (it spends another output), `spend-witness`.
 */
export function verify(
  state: HeaderChain.State,
  terms: LockTerms.LockTerms,
  lock: { readonly txid: Bytes.Hash32; readonly output: number },
  evidence: SpendEvidence,
  options: { readonly now: bigint },
): Verdict.Verdict<Spent> {
  const script = HtlcScript.from(terms)
  if (!script.ok) return script
  const placed = LockEvidence.place(state, terms, evidence, options.now)
  if (!placed.ok) return placed
  const included = Inclusion.verifyWitness(placed.value.block.merkleRoot, evidence.inclusion)
  if (!included.ok) return included
  const input = included.value.transaction.inputs[evidence.input]
  if (input === undefined)
    return Verdict.refuse('spend-input', `the transaction has no input ${evidence.input}`)
  if (input.index !== lock.output || !Bytes.equal(input.txid, lock.txid))
    return Verdict.refuse('spend-outpoint', 'the input spends another output than the lock')
  const spend = HtlcScript.readWitness(script.value, input.witness)
  if (spend.is === 'foreign') return Verdict.refuse('spend-witness', spend.why)
  return Verdict.accept({ ...placed.value, spend, txid: included.value.txid, input: evidence.input })
}
