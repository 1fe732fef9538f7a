import {
  Bytes,
  type Claim,
  type Established,
  Fact,
  type Lock,
  type Spend,
  Verdict,
  type Verifier,
} from '@aitbc/core'
import { establish } from '@aitbc/core/verifier'
import * as Hash256 from './Hash256.js'
import * as HeaderChain from './HeaderChain.js'
import * as LockEvidence from './LockEvidence.js'
import * as SpendEvidence from './SpendEvidence.js'

/** A verifier that also follows the chain: the more it has seen, the less a stale branch can fool it. */
export interface BitcoinVerifier extends Verifier {
  /** Takes headers as they come; a refusal changes nothing. */
  apply(headers: Bytes.Bytes): Verdict.Verdict<Fact.Tip>
  /** The head of the best chain so far. */
  tip(): Fact.Tip
}

/**
 * Starts a verifier of Bitcoin locks (`bitcoin-lock/1`) and spends (`bitcoin-spend/1`) from a block that the caller trusts.
 *
 * A fact is `proved` when the caller's anchor is, and carries its depth: whether that is enough, policy decides. What a forged branch
 * costs follows from the anchor's difficulty: take a recent block, or `apply` the headers since the genesis block first. Each verdict
 * is against the chain with the most work among all headers ever shown to this verifier. The first refusals are those of
 * `HeaderChain.trust`; evidence adds those of `LockEvidence.verify` and `SpendEvidence.verify`, `evidence-network`,
 * `evidence-format` and `claim-mismatch` (the evidence proves another statement).
 *
 * @example
 * import { Consensus, createBitcoinVerifier, HeaderChain } from '@aitbc/proofs/bitcoin'
 * const verifier = createBitcoinVerifier({
 *   anchor: HeaderChain.genesis(Consensus.mainnet),
 *   now: () => BigInt(Math.floor(Date.now() / 1000)),
 * })
 */
export function createBitcoinVerifier(
  options: createBitcoinVerifier.Options,
): Verdict.Verdict<BitcoinVerifier> {
  const { anchor, now, assurance = 'proved' } = options
  const start = HeaderChain.trust(anchor)
  if (!start.ok) return start
  const { network } = anchor.consensus
  const trusted: Fact.Anchor = {
    network,
    height: anchor.height,
    hash: Hash256.toDisplay(anchor.hash),
    assurance,
  }
  let state = start.value

  const judge = <C extends Claim>(
    claim: C,
    evidence: Fact.Evidence,
  ): Verdict.Verdict<LockEvidence.Locked | SpendEvidence.Spent> => {
    const { terms, lock } = claim
    if (claim.kind === 'lock') {
      const decoded = LockEvidence.decode(evidence.bytes)
      return decoded.ok ? LockEvidence.verify(state, terms, decoded.value, { now: now() }) : decoded
    }
    const decoded = SpendEvidence.decode(evidence.bytes)
    if (!decoded.ok) return decoded
    const outpoint = parse(lock.ref)
    return outpoint === undefined
      ? Verdict.refuse('claim-mismatch', `${lock.ref} is not txid:output`)
      : SpendEvidence.verify(state, terms, outpoint, decoded.value, { now: now() })
  }

  return Verdict.accept({
    network,
    apply(headers) {
      const next = HeaderChain.apply(state, { headers, now: now() })
      if (!next.ok) return next
      state = next.value
      return Verdict.accept(tipOf(state))
    },
    tip: () => tipOf(state),
    verify<C extends Claim>(
      claim: C,
      evidence: Fact.Evidence,
    ): Verdict.Verdict<Fact.Verified<Established<C>>> {
      if (evidence.network !== network)
        return Verdict.refuse(
          'evidence-network',
          `evidence of ${network} is expected, got ${evidence.network}`,
        )
      const format = claim.kind === 'lock' ? LockEvidence.FORMAT : SpendEvidence.FORMAT
      if (evidence.format !== format)
        return Verdict.refuse('evidence-format', `${format} is expected, got ${evidence.format}`)
      const judged = judge(claim, evidence)
      if (!judged.ok) return judged
      const value = 'spend' in judged.value ? spendOf(judged.value) : lockOf(claim, judged.value)
      if (!isSame(claim, value))
        return Verdict.refuse('claim-mismatch', 'the evidence proves another statement than the claim')
      state = judged.value.state
      return Verdict.accept(
        establish({
          value: value as Established<C>,
          assurance: Fact.weaker('proved', assurance),
          at: refOf(judged.value.block),
          asOf: tipOf(state),
          anchor: trusted,
          evidence,
        }),
      )
    },
  })
}

export declare namespace createBitcoinVerifier {
  type Options = {
    /** The block everything is proved from. */
    readonly anchor: HeaderChain.Anchor
    /** The caller's clock, unix seconds: headers more than two hours ahead of it are refused. */
    readonly now: () => bigint
    /** How the caller knows the anchor; `proved` unless told, as for a checkpoint that came with the program. */
    readonly assurance?: Fact.Assurance
  }
}

function lockOf(claim: Claim, locked: LockEvidence.Locked): Lock {
  const { terms } = claim
  const transaction = Hash256.toDisplay(locked.txid)
  const match =
    locked.amount < terms.amount
      ? 'under'
      : locked.amount > terms.amount
        ? 'over'
        : locked.medianTime >= terms.deadline.value
          ? 'late'
          : // Only the whole chain shows which of several is the first: a claim may lower itself, not raise.
            claim.lock.match === 'duplicate'
            ? 'duplicate'
            : 'exact'
  return { ref: `${transaction}:${locked.output}`, transaction, amount: locked.amount, match }
}

function spendOf(spent: SpendEvidence.Spent): Spend {
  const transaction = Hash256.toDisplay(spent.txid)
  if (spent.spend.is === 'refund') return { kind: 'refund', transaction }
  const { secret } = spent.spend
  return { kind: 'claim', transaction, ...(secret === undefined ? {} : { secret }) }
}

function isSame(claim: Claim, value: Lock | Spend): boolean {
  if (claim.kind === 'lock') {
    const { ref, transaction, amount } = value as Lock
    return ref === claim.lock.ref && transaction === claim.lock.transaction && amount === claim.lock.amount
  }
  const { spend } = claim
  const proved = value as Spend
  if (proved.kind !== spend.kind || proved.transaction !== spend.transaction) return false
  // Refunds have none, nor have claims that both parties signed.
  const { secret: own } = proved as { readonly secret?: Bytes.Bytes }
  const { secret: told } = spend as { readonly secret?: Bytes.Bytes }
  return own === undefined || told === undefined ? own === told : Bytes.equal(own, told)
}

function parse(ref: string): { readonly txid: Bytes.Hash32; readonly output: number } | undefined {
  const match = /^([0-9a-f]{64}):(0|[1-9][0-9]{0,9})$/.exec(ref)
  return match === null
    ? undefined
    : { txid: Hash256.fromDisplay(match[1] as string), output: Number(match[2]) }
}

function tipOf(state: HeaderChain.State): Fact.Tip {
  return {
    ...refOf(state.best),
    time: BigInt(state.best.time),
    clock: HeaderChain.medianTime(state, state.best),
    finalized: refOf(HeaderChain.finalized(state)),
  }
}

function refOf(block: HeaderChain.Block): Fact.BlockRef {
  return { height: BigInt(block.height), hash: Hash256.toDisplay(block.hash) }
}
