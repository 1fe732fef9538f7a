import {
  Bytes,
  type ChainId,
  type Claim,
  type Established,
  type Fact,
  Hashlock,
  type Lock,
  type Spend,
  Verdict,
  type Verifier,
} from '@aitbc/core'
import { establish } from '@aitbc/core/verifier'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as BlockHeader from './BlockHeader.js'
import * as LockEvidence from './LockEvidence.js'

/** How the caller knows a block, and the head it is read against. */
export interface Trust {
  readonly assurance: Fact.Assurance
  readonly asOf: Fact.Tip
}

/**
 * Starts a verifier of EVM locks (`evm-lock/1`) and spends (`evm-spend/1`).
 *
 * State is proved down to the block's hash; the block itself is as good as `trust` says: `reported` where an endpoint named it,
 * `proved` where a light client did. A storage word names no transaction, so `transaction` is empty in what this verifier
 * vouches for; the secret of a claim comes with the claim, and opens the hashlock.
 *
 * Refusals: those of `LockEvidence.verify`, `evidence-network`, `evidence-format`, `block-unknown` (the caller doesn't trust
 * it), `lock-absent`, `spend-absent` (the lock has another status), `claim-mismatch`, `secret`.
 *
 * @example
 * import { createEvmVerifier } from '@aitbc/proofs/ethereum'
 * const verifier = createEvmVerifier({ network: 'eip155:1', trust: () => undefined })
 */
export function createEvmVerifier(options: createEvmVerifier.Options): Verifier {
  const { network, trust } = options
  return {
    network,
    verify<C extends Claim>(
      claim: C,
      evidence: Fact.Evidence,
    ): Verdict.Verdict<Fact.Verified<Established<C>>> {
      const { terms, kind } = claim
      if (evidence.network !== network || terms.backend.network !== network)
        return Verdict.refuse('evidence-network', `claim and evidence of ${network} are expected`)
      if (evidence.format !== LockEvidence.FORMAT[kind])
        return Verdict.refuse(
          'evidence-format',
          `${LockEvidence.FORMAT[kind]} is expected, got ${evidence.format}`,
        )
      const decoded = LockEvidence.decode(evidence.bytes)
      if (!decoded.ok) return decoded
      const header = BlockHeader.decode(decoded.value.header)
      if (!header.ok) return header
      const hash = keccak_256(decoded.value.header)
      const block: Fact.BlockRef = { height: header.value.number, hash: `0x${Bytes.toHex(hash)}` }
      const trusted = trust(block)
      if (trusted === undefined)
        return Verdict.refuse('block-unknown', `block ${block.hash} isn't one that the caller knows`)
      const held = LockEvidence.verify(hash, terms, decoded.value)
      if (!held.ok) return held
      const value = claim.kind === 'lock' ? lockOf(claim, held.value) : spendOf(claim, held.value)
      if (!value.ok) return value
      return Verdict.accept(
        establish({
          value: value.value as Established<C>,
          assurance: trusted.assurance,
          at: block,
          asOf: trusted.asOf,
          anchor: { network, ...block, assurance: trusted.assurance },
          evidence,
        }),
      )
    },
  }
}

export declare namespace createEvmVerifier {
  type Options = {
    readonly network: ChainId.ChainId
    /** Whether the caller knows a block (hash as `0x…`), and how; `undefined` for one that it doesn't. */
    readonly trust: (block: Fact.BlockRef) => Trust | undefined
  }
}

function lockOf(claim: Claim & { readonly kind: 'lock' }, held: LockEvidence.Held): Verdict.Verdict<Lock> {
  const ref = `0x${Bytes.toHex(held.lockId)}`
  if (held.status !== 'locked')
    return Verdict.refuse('lock-absent', `the lock's status is ${held.status}`, { status: held.status })
  if (claim.lock.ref !== ref || claim.lock.amount !== claim.terms.amount)
    return Verdict.refuse('claim-mismatch', `the evidence proves lock ${ref} of ${claim.terms.amount}`)
  // The id binds every term, so what is there is there exactly.
  return Verdict.accept({ ref, transaction: '', amount: claim.terms.amount, match: 'exact' })
}

function spendOf(claim: Claim & { readonly kind: 'spend' }, held: LockEvidence.Held): Verdict.Verdict<Spend> {
  const { spend, terms, lock } = claim
  if (lock.ref !== `0x${Bytes.toHex(held.lockId)}`)
    return Verdict.refuse(
      'claim-mismatch',
      `the evidence proves what became of 0x${Bytes.toHex(held.lockId)}`,
    )
  if (held.status !== (spend.kind === 'claim' ? 'claimed' : 'refunded'))
    return Verdict.refuse('spend-absent', `the lock's status is ${held.status}`, { status: held.status })
  if (spend.kind === 'refund') return Verdict.accept({ kind: 'refund', transaction: '' })
  return Hashlock.opens(spend.secret, terms.hashlock)
    ? Verdict.accept({ kind: 'claim', transaction: '', secret: spend.secret })
    : Verdict.refuse('secret', "the claim's secret doesn't open the hashlock")
}
