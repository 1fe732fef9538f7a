import {
  Bytes,
  type Claim,
  type Established,
  Fact,
  Hashlock,
  type Lock,
  type Network,
  type Spend,
  Verdict,
  type Verifier,
} from '@aitbc/core'
import { establish } from '@aitbc/core/verifier'
import * as Address from '../solana/Address.js'
import type * as Inclusion from '../solana/Inclusion.js'
import type * as LightClient from '../solana/LightClient.js'
import type * as Pda from '../solana/Pda.js'
import * as TransactionEvidence from '../solana/TransactionEvidence.js'
import * as HtlcAddress from './HtlcAddress.js'
import * as HtlcProgram from './HtlcProgram.js'

/** A transaction that asked for what a claim states: it stood in a block that more than two thirds of the stake rooted. */
export interface Included extends Inclusion.Attested {
  /** Its signature, base58. */
  readonly id: string
  readonly call: 'lock' | 'claim' | 'refund'
  /** The account of the lock, base58. */
  readonly lock: string
  /** Of a claim: it opens the hashlock, whatever became of the transaction. */
  readonly secret?: Hashlock.Secret
}

/** What endpoints of the caller's say of a transaction that succeeded: its block by height and hash, the head, and how many agree. */
export interface Said {
  readonly assurance: Fact.Told<unknown>['assurance']
  readonly at: Fact.BlockRef
  readonly asOf: Fact.Tip
}

/** A verifier of what Solana's validators sign: that a transaction stands in a block. */
export interface SolanaVerifier extends Verifier {
  /**
   * What evidence alone gives, `attested` by a stake table that the caller took on trust: that the transaction which asked for the lock, the
   * claim or the refund stands in a rooted block, and a claim's secret. Its `silent` names what doesn't follow. Refusals: those of `verify`
   * before `claim-mismatch`.
   */
  included(claim: Claim, evidence: Fact.Evidence): Verdict.Verdict<Included>
}

/**
 * Starts a verifier of locks and spends of the program `htlc` from evidence of their transactions (`solana-transaction/1`).
 *
 * No light client can check an account on Solana, or that a transaction succeeded: a lock's existence is never more than `quorum`. So `verify`
 * takes from the evidence that the transaction is there, and from `said` that it succeeded, as endpoints of the caller's tell; the fact is as good
 * as the weaker of the two. Without `said` nothing is established; `included` gives what the votes attest.
 *
 * Refusals: `evidence-network`, `evidence-format`, those of `TransactionEvidence.verify` and `HtlcProgram.parameters`, `call-absent` (the
 * transaction asks the program for nothing such), `secret`, `claim-mismatch` (another lock, amount or transaction), `success-unproved`,
 * `block-mismatch` (endpoints tell of another block than the votes).
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import type { LightClient } from '@aitbc/proofs/solana'
 * import { createSolanaVerifier } from '@aitbc/proofs/svm'
 * const open = (state: LightClient.State) =>
 *   createSolanaVerifier({ network: networks.solana, client: () => state, now: () => 1_800_000_000n })
 */
export function createSolanaVerifier(options: createSolanaVerifier.Options): SolanaVerifier {
  const { network } = options

  const included = (claim: Claim, evidence: Fact.Evidence): Verdict.Verdict<Included> => {
    if (evidence.network !== network.id || claim.terms.backend.network !== network.id)
      return Verdict.refuse('evidence-network', `claim and evidence of ${network.id} are expected`)
    if (evidence.format !== TransactionEvidence.FORMAT)
      return Verdict.refuse(
        'evidence-format',
        `${TransactionEvidence.FORMAT} is expected, got ${evidence.format}`,
      )
    const parameters = HtlcProgram.parameters(claim.terms, network)
    if (!parameters.ok) return parameters
    // That all of 256 hashes are points of the curve is as hard to bring about as a hash of 256 zero bits.
    const { value: account } = HtlcAddress.find(parameters.value) as { readonly value: Pda.Pda }
    const now = options.now()
    const attested = TransactionEvidence.verify(options.client(), evidence.bytes, { ...options.work, now })
    if (!attested.ok) return attested
    const { transaction } = attested.value
    const wanted = claim.kind === 'lock' ? 'lock' : claim.spend.kind
    const call = HtlcProgram.calls(transaction.message, parameters.value.program).find(
      ({ is, lock }) => is === wanted && Bytes.equal(lock, account.address),
    )
    if (call === undefined)
      return Verdict.refuse('call-absent', `the transaction asks for no ${wanted} of the lock`)
    if (call.is === 'claim' && !Hashlock.opens(call.secret, claim.terms.hashlock))
      return Verdict.refuse('secret', "the claim's secret doesn't open the hashlock")
    return Verdict.accept({
      ...attested.value,
      id: Address.encode(transaction.signatures[0] as Bytes.Bytes),
      call: call.is,
      lock: Address.encode(account.address),
      ...(call.is === 'claim' ? { secret: call.secret } : {}),
    })
  }

  return {
    network: network.id,
    included,
    verify<C extends Claim>(
      claim: C,
      evidence: Fact.Evidence,
    ): Verdict.Verdict<Fact.Verified<Established<C>>> {
      const there = included(claim, evidence)
      if (!there.ok) return there
      const { id: transaction, lock, secret, bank, blockhash } = there.value
      const of = claim.kind === 'lock' ? claim.lock.transaction : claim.spend.transaction
      if (
        claim.lock.ref !== lock ||
        claim.lock.amount !== claim.terms.amount ||
        (of !== '' && of !== transaction)
      )
        return Verdict.refuse(
          'claim-mismatch',
          `the evidence is of ${transaction}, and the lock ${lock} of ${claim.terms.amount}`,
        )
      const said = options.said?.(transaction)
      if (said === undefined)
        return Verdict.refuse(
          'success-unproved',
          `nobody says that ${transaction} succeeded, and nothing on Solana proves it`,
        )
      const hash = Address.encode(blockhash)
      if (said.at.hash !== hash)
        return Verdict.refuse(
          'block-mismatch',
          `the votes are for ${hash} in slot ${bank.slot}, got ${said.at.hash}`,
        )
      const value: Lock | Spend =
        claim.kind === 'lock'
          ? { ref: lock, transaction, amount: claim.terms.amount, match: 'exact' }
          : secret === undefined
            ? { kind: 'refund', transaction }
            : { kind: 'claim', transaction, secret }
      const { at, asOf } = said
      const assurance = Fact.weaker('attested', said.assurance)
      const anchor = { network: network.id, ...at, assurance: 'attested' } as const
      return Verdict.accept(
        establish({ value: value as Established<C>, assurance, at, asOf, anchor, evidence }),
      )
    },
  }
}

export declare namespace createSolanaVerifier {
  type Options = {
    /** Profile of the network: its name and native coin. */
    readonly network: Network
    /** The light client's state, as far as the caller has brought it. */
    readonly client: () => LightClient.State
    /** The caller's clock, unix seconds. */
    readonly now: () => bigint
    /** How it is known that a transaction succeeded (`findLocks` and `findSpend` of an adapter); `undefined` where it isn't. */
    readonly said?: (transaction: string) => Said | undefined
    /** How much work evidence may make. */
    readonly work?: Inclusion.Options
  }
}
