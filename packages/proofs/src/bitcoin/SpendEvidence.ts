import { Bytes, type LockTerms, Verdict } from '@aitbc/core'
import type * as HeaderChain from './HeaderChain.js'
import * as HtlcScript from './HtlcScript.js'
import * as Inclusion from './Inclusion.js'
import * as LockEvidence from './LockEvidence.js'
import type { SpendEvidence } from './SpendEvidenceForm.js'

export { decode, encode, FORMAT, of, type SpendEvidence } from './SpendEvidenceForm.js'

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

/**
 * Decides whether the best chain holds a spend of a lock, and which: a claim with its secret, or a refund; or either by both parties' key.
 *
 * The chain checked the witness against the output it spends. `lock` is one that is known (`LockEvidence.verify`): of an output that
 * anyone may spend, such as one of a later SegWit version, a witness says nothing. Refusals: those of `LockEvidence.verify` but the last three and of
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
  const spend = HtlcScript.read(script.value, included.value.transaction, evidence.input)
  if (spend.is === 'foreign') return Verdict.refuse('spend-witness', spend.why)
  return Verdict.accept({ ...placed.value, spend, txid: included.value.txid, input: evidence.input })
}
