import {
  Bytes,
  type ChainId,
  type Claim,
  type Established,
  type Fact,
  Hashlock,
  type Lock,
  type LockTerms,
  type Spend,
  Verdict,
  type Verifier,
} from '@aitbc/core'
import { establish } from '@aitbc/core/verifier'

/** A verifier that also judges what isn't there. */
export interface StateVerifier extends Verifier {
  /**
   * Judges that there is no lock of these terms (`lock`), or that the lock of these terms is there and neither claimed nor refunded
   * (`spend`). Refusals: those of `verify`, `lock-present` (the lock's status is another), `spend-present`.
   */
  absent(
    claim: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
    evidence: Fact.Evidence,
  ): Verdict.Verdict<Fact.Verified<null>>
}

/** What a chain's state has under the id of a lock's terms, which binds every one of them. */
export interface Held {
  readonly status: 'none' | 'locked' | 'claimed' | 'refunded'
  /** The lock's id, as that chain writes it. */
  readonly ref: string
  /** A claimed lock's secret, where the state keeps it. */
  readonly secret?: Bytes.Bytes32
}

/** How a block is known, and what the state under it has. */
export interface Judged {
  readonly held: Held
  readonly fact: Omit<establish.Options<null>, 'value' | 'evidence'>
}

/** Names of the form in an `Evidence`, by what it states. */
export type Formats = Readonly<Record<'lock' | 'spend' | 'absence', string>>

/**
 * A verifier of one network's locks by their entries in its state; `judge` opens evidence, down to what is known of its block. A state names
 * no transaction, so `transaction` is empty in what it vouches for.
 *
 * Refusals: those of `judge`, `evidence-network`, `evidence-format`, `lock-absent`, `spend-absent` (the lock has another status),
 * `claim-mismatch`, `secret`.
 */
export function createStateVerifier(
  network: ChainId.ChainId,
  formats: Formats,
  judge: (terms: LockTerms.LockTerms, evidence: Bytes.Bytes) => Verdict.Verdict<Judged>,
): StateVerifier {
  const open = (terms: LockTerms.LockTerms, evidence: Fact.Evidence, format: string) => {
    if (evidence.network !== network || terms.backend.network !== network)
      return Verdict.refuse('evidence-network', `claim and evidence of ${network} are expected`)
    if (evidence.format !== format)
      return Verdict.refuse('evidence-format', `${format} is expected, got ${evidence.format}`)
    return judge(terms, evidence.bytes)
  }
  return {
    network,
    verify<C extends Claim>(
      claim: C,
      evidence: Fact.Evidence,
    ): Verdict.Verdict<Fact.Verified<Established<C>>> {
      const judged = open(claim.terms, evidence, formats[claim.kind])
      if (!judged.ok) return judged
      const { held, fact } = judged.value
      const found = claim.kind === 'lock' ? lockOf(claim, held) : spendOf(claim, held)
      if (!found.ok) return found
      return Verdict.accept(establish({ ...fact, evidence, value: found.value as Established<C> }))
    },
    absent({ kind, terms }, evidence) {
      const judged = open(terms, evidence, formats.absence)
      if (!judged.ok) return judged
      const { held, fact } = judged.value
      if (held.status !== (kind === 'lock' ? 'none' : 'locked')) return otherStatus(`${kind}-present`, held)
      return Verdict.accept(establish({ ...fact, evidence, value: null }))
    },
  }
}

function lockOf(claim: Claim & { readonly kind: 'lock' }, held: Held): Verdict.Verdict<Lock> {
  const { ref, status } = held
  const { amount } = claim.terms
  if (status !== 'locked') return otherStatus('lock-absent', held)
  if (claim.lock.ref !== ref || claim.lock.amount !== amount)
    return Verdict.refuse('claim-mismatch', `the evidence proves lock ${ref} of ${amount}`)
  // The id binds every term, so what is there is there exactly.
  return Verdict.accept({ ref, transaction: '', amount, match: 'exact' })
}

function spendOf(claim: Claim & { readonly kind: 'spend' }, held: Held): Verdict.Verdict<Spend> {
  const { spend, terms, lock } = claim
  if (lock.ref !== held.ref)
    return Verdict.refuse('claim-mismatch', `the evidence proves what became of ${held.ref}`)
  if (held.status !== (spend.kind === 'claim' ? 'claimed' : 'refunded'))
    return otherStatus('spend-absent', held)
  if (spend.kind === 'refund') return Verdict.accept({ kind: 'refund', transaction: '' })
  const { secret } = spend
  return secret !== undefined &&
    Hashlock.opens(secret, terms.hashlock) &&
    (held.secret === undefined || Bytes.equal(held.secret, secret))
    ? Verdict.accept({ kind: 'claim', transaction: '', secret })
    : Verdict.refuse('secret', "the claim's secret isn't the state's, or doesn't open the hashlock")
}

function otherStatus(check: string, { status }: Held): Verdict.Verdict<never> {
  return Verdict.refuse(check, `the lock's status is ${status}`, { status })
}
