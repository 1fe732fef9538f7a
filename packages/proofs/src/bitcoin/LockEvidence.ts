import { Bytes, type LockTerms, Verdict } from '@aitbc/core'
import * as Hash256 from './Hash256.js'
import * as HeaderChain from './HeaderChain.js'
import * as HtlcScript from './HtlcScript.js'
import * as Inclusion from './Inclusion.js'
import type { LockEvidence } from './LockEvidenceForm.js'

export { decode, encode, FORMAT, type LockEvidence, of } from './LockEvidenceForm.js'

/** A lock that a chain holds. */
export interface Locked {
  readonly txid: Bytes.Hash32
  readonly output: number
  /** Satoshi. */
  readonly amount: bigint
  readonly block: HeaderChain.Block
  /** Confirmations on the best chain. */
  readonly depth: bigint
  /** Clock of that block: the median time past after it, unix seconds. */
  readonly medianTime: bigint
  /** The verifier's state with the evidence's headers. */
  readonly state: HeaderChain.State
}

/**
 * Decides whether the best chain that the verifier knows, with the evidence's headers, holds a lock of these terms. The amount
 * is told, not judged: a lock may be under or over its terms.
 *
 * Refusals: those of `HtlcScript.from`, `HeaderChain.apply` and `Inclusion.verify`; `chain-work` (from the genesis block, and on less
 * than `Consensus.leastWork`: A6), `block-unknown`, `block-stale` (not on the best chain), `lock-coinbase`, `lock-output` (no such output), `lock-script` (it pays to something else).
 */
export function verify(
  state: HeaderChain.State,
  terms: LockTerms.LockTerms,
  evidence: LockEvidence,
  options: { readonly now: bigint },
): Verdict.Verdict<Locked> {
  const script = HtlcScript.from(terms)
  if (!script.ok) return script
  const placed = place(state, terms, evidence, options.now)
  if (!placed.ok) return placed
  const { block } = placed.value
  const included = Inclusion.verify(block.merkleRoot, evidence.inclusion)
  if (!included.ok) return included
  if (included.value.index === 0)
    return Verdict.refuse(
      'lock-coinbase',
      'coins just created are locked for 100 blocks: no swap waits so long',
    )
  const output = included.value.transaction.outputs[evidence.output]
  if (output === undefined)
    return Verdict.refuse('lock-output', `the transaction has no output ${evidence.output}`)
  if (!Bytes.equal(output.script, script.value.scriptPubKey))
    return Verdict.refuse('lock-script', "the output doesn't pay to the script of these terms")
  return Verdict.accept({
    ...placed.value,
    txid: included.value.txid,
    output: evidence.output,
    amount: output.amount,
  })
}

/** Applies the evidence's headers and finds its block on the best chain of the terms' network. */
export function place(
  state: HeaderChain.State,
  terms: LockTerms.LockTerms,
  evidence: { readonly headers: Bytes.Bytes; readonly block: Bytes.Hash32 },
  now: bigint,
): Verdict.Verdict<Pick<Locked, 'block' | 'depth' | 'medianTime' | 'state'>> {
  const { height, consensus } = state.anchor
  const { network, leastWork = 0n } = consensus
  if (terms.backend.network !== network)
    return Verdict.refuse('network', `terms of ${terms.backend.network} aren't proved by ${network}`)
  const next = HeaderChain.apply(state, { headers: evidence.headers, now })
  if (!next.ok) return next
  if (height === 0n && HeaderChain.work(next.value.best) < leastWork)
    return Verdict.refuse('chain-work', 'anyone can make so little work on the genesis block')
  const block = HeaderChain.find(next.value, evidence.block)
  const name = Hash256.toDisplay(evidence.block)
  if (block?.parent === undefined)
    return Verdict.refuse('block-unknown', `block ${name} is not among those after the anchor`)
  const depth = HeaderChain.depth(next.value, block)
  if (depth === 0n)
    return Verdict.refuse('block-stale', `block ${name} is not on the chain with the most work`)
  return Verdict.accept({
    block,
    depth,
    medianTime: HeaderChain.medianTime(next.value, block),
    state: next.value,
  })
}
