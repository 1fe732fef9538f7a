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
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as BlockHeader from './BlockHeader.js'
import * as LockEvidence from './LockEvidence.js'

/** How the caller knows a block, and the head it is read against. */
export interface Trust {
  readonly assurance: Fact.Assurance
  readonly asOf: Fact.Tip
}

/** What evidence proves of blocks, from a checkpoint that the caller trusts: see `createBeaconAnchor` of `@aitbc/proofs/checkpoint`. */
export interface EvmAnchor {
  readonly network: ChainId.ChainId
  /** Goes from the checkpoint through evidence to a final block. */
  follow(evidence: Bytes.Bytes): Verdict.Verdict<{
    /** What is said of a block: see `LockEvidence`. */
    readonly statement: Bytes.Bytes
    readonly trust: (block: Fact.BlockRef) => Trust | undefined
    readonly anchor: Fact.Anchor
  }>
}

/** A verifier that also judges what isn't there. */
export interface EvmVerifier extends Verifier {
  /**
   * Judges that there is no lock of these terms (`lock`), or that the lock of these terms is there and neither claimed nor refunded
   * (`spend`). Refusals: those of `verify`, `lock-present` (the lock's status is another), `spend-present`.
   */
  absent(
    claim: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
    evidence: Fact.Evidence,
  ): Verdict.Verdict<Fact.Verified<null>>
}

/** Evidence, opened: what it says, and of which blocks that counts. */
interface Known {
  readonly statement: Bytes.Bytes
  readonly trust: (block: Fact.BlockRef) => Trust | undefined
  readonly anchor?: Fact.Anchor
}

/**
 * Starts a verifier of EVM locks (`evm-lock/1`), spends (`evm-spend/1`) and absence (`evm-absence/1`).
 *
 * State is proved down to the block's hash. With `trust` the block itself is as good as the caller says: `reported` where an endpoint
 * named it, `proved` where a light client did. With an `anchor` the evidence goes on from there to a checkpoint (`evm-beacon-lock/1`
 * and so on), and facts are `proved`. A storage word names no transaction, so `transaction` is empty in what this verifier vouches
 * for; the secret of a claim comes with the claim, and opens the hashlock.
 *
 * Refusals: those of `LockEvidence.verify` and of the anchor, `evidence-network`, `evidence-format`, `block-unknown` (the caller
 * doesn't trust it), `lock-absent`, `spend-absent` (the lock has another status), `claim-mismatch`, `secret`.
 *
 * @example
 * import { createEvmVerifier } from '@aitbc/proofs/ethereum'
 * const verifier = createEvmVerifier({ network: 'eip155:1', trust: () => undefined })
 */
export function createEvmVerifier(options: createEvmVerifier.Options): EvmVerifier {
  const network = 'anchor' in options ? options.anchor.network : options.network
  const formats = 'anchor' in options ? LockEvidence.BEACON_FORMAT : LockEvidence.FORMAT
  const open: (bytes: Bytes.Bytes) => Verdict.Verdict<Known> =
    'anchor' in options
      ? (bytes) => options.anchor.follow(bytes)
      : (statement) => Verdict.accept({ statement, trust: options.trust })

  /** The lock's status in a block that is known, and what a fact about it says beside its value. */
  const judge = (
    terms: LockTerms.LockTerms,
    evidence: Fact.Evidence,
    format: string,
  ): Verdict.Verdict<{
    readonly held: LockEvidence.Held
    readonly fact: Omit<establish.Options<null>, 'value'>
  }> => {
    if (evidence.network !== network || terms.backend.network !== network)
      return Verdict.refuse('evidence-network', `claim and evidence of ${network} are expected`)
    if (evidence.format !== format)
      return Verdict.refuse('evidence-format', `${format} is expected, got ${evidence.format}`)
    const opened = open(evidence.bytes)
    if (!opened.ok) return opened
    const { statement, trust, anchor } = opened.value
    const decoded = LockEvidence.decode(statement)
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
    const { assurance, asOf } = trusted
    return Verdict.accept({
      held: held.value,
      fact: { assurance, at: block, asOf, anchor: anchor ?? { network, ...block, assurance }, evidence },
    })
  }

  return {
    network,
    verify<C extends Claim>(
      claim: C,
      evidence: Fact.Evidence,
    ): Verdict.Verdict<Fact.Verified<Established<C>>> {
      const judged = judge(claim.terms, evidence, formats[claim.kind])
      if (!judged.ok) return judged
      const { held, fact } = judged.value
      const value = claim.kind === 'lock' ? lockOf(claim, held) : spendOf(claim, held)
      return value.ok ? Verdict.accept(establish({ ...fact, value: value.value as Established<C> })) : value
    },
    absent({ kind, terms }, evidence) {
      const judged = judge(terms, evidence, formats.absence)
      if (!judged.ok) return judged
      const { held, fact } = judged.value
      if (held.status !== (kind === 'lock' ? 'none' : 'locked'))
        return Verdict.refuse(`${kind}-present`, `the lock's status is ${held.status}`, {
          status: held.status,
        })
      return Verdict.accept(establish({ ...fact, value: null }))
    },
  }
}

export declare namespace createEvmVerifier {
  type Options =
    | {
        readonly network: ChainId.ChainId
        /** Whether the caller knows a block (hash as `0x…`), and how; `undefined` for one that it doesn't. */
        readonly trust: (block: Fact.BlockRef) => Trust | undefined
      }
    | {
        /** The checkpoint that everything is proved from. */
        readonly anchor: EvmAnchor
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
