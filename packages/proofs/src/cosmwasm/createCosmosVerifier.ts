import {
  Bytes,
  type Claim,
  type Established,
  type Fact,
  Hashlock,
  type Lock,
  type LockTerms,
  type Network,
  type Spend,
  Verdict,
  type Verifier,
} from '@aitbc/core'
import { establish } from '@aitbc/core/verifier'
import * as Header from '../tendermint/Header.js'
import type { LightBlock } from '../tendermint/LightBlock.js'
import * as LightClient from '../tendermint/LightClient.js'
import { SECOND } from '../tendermint/Timestamp.js'
import * as LockEvidence from './LockEvidence.js'

/** A verifier that also judges what isn't there. */
export interface CosmosVerifier extends Verifier {
  /**
   * Judges that there never was a lock of these terms (`lock`), or that the lock of these terms is there and neither claimed nor
   * refunded (`spend`). Refusals: those of `verify`, `lock-present` (the lock's status is another), `spend-present`.
   */
  absent(
    claim: { readonly kind: 'lock' | 'spend'; readonly terms: LockTerms.LockTerms },
    evidence: Fact.Evidence,
  ): Verdict.Verdict<Fact.Verified<null>>
}

/** A block that counts, and why. */
interface Known {
  readonly assurance: Fact.Assurance
  readonly asOf: Fact.Tip
  readonly anchor: Fact.Anchor
}

/**
 * Starts a verifier of locks (`cosmos-lock/1`), spends (`cosmos-spend/1`) and absence (`cosmos-absence/1`) of the CosmWasm contract.
 *
 * With a light `client` the evidence's block must follow from what it trusts (CometBFT `spec/light-client`; `headers` of an adapter
 * brings it further), and facts are `proved`; a block of CometBFT is final. With `trust` the block is as good as the caller says, and
 * its votes aren't looked at. A state names no transaction, so `transaction` is empty in what this verifier vouches for; the secret of
 * a claim is in the state itself.
 *
 * Refusals: those of `LockEvidence` and `LightClient.apply`, `evidence-network`, `evidence-format`, `block-unknown` (the caller
 * doesn't trust it), `lock-absent`, `spend-absent` (the lock has another status), `claim-mismatch`, `secret`.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createCosmosVerifier } from '@aitbc/proofs/cosmwasm'
 * const verifier = createCosmosVerifier({ network: networks.cosmosHub, trust: () => undefined })
 */
export function createCosmosVerifier(options: createCosmosVerifier.Options): CosmosVerifier {
  const { network } = options
  const know = (block: LightBlock): Verdict.Verdict<Known> => {
    const { height, time } = block.header
    const hash = Bytes.toHex(Header.hash(block.header)).toUpperCase()
    if ('trust' in options) {
      const known = options.trust({ height, hash })
      return known === undefined
        ? Verdict.refuse('block-unknown', `block ${hash} isn't one that the caller knows`)
        : Verdict.accept({
            ...known,
            anchor: { network: network.id, height, hash, assurance: known.assurance },
          })
    }
    const state = options.client()
    const applied = LightClient.apply(state, { block, now: options.now() })
    if (!applied.ok) return applied
    const seconds = time / SECOND
    const base = LightClient.finalized(state)
    return Verdict.accept({
      assurance: 'proved',
      asOf: { height, hash, time: seconds, clock: seconds, finalized: { height, hash } },
      anchor: {
        network: network.id,
        height: base.header.height,
        hash: Bytes.toHex(base.hash).toUpperCase(),
        assurance: 'proved',
      },
    })
  }

  const judge = (
    terms: LockTerms.LockTerms,
    evidence: Fact.Evidence,
    format: string,
  ): Verdict.Verdict<{
    readonly held: LockEvidence.Held
    readonly fact: Omit<establish.Options<null>, 'value'>
  }> => {
    if (evidence.network !== network.id || terms.backend.network !== network.id)
      return Verdict.refuse('evidence-network', `claim and evidence of ${network.id} are expected`)
    if (evidence.format !== format)
      return Verdict.refuse('evidence-format', `${format} is expected, got ${evidence.format}`)
    const decoded = LockEvidence.decode(evidence.bytes)
    if (!decoded.ok) return decoded
    const { header } = decoded.value.block
    const held = LockEvidence.verify(header.appHash, terms, network, decoded.value)
    if (!held.ok) return held
    const known = know(decoded.value.block)
    if (!known.ok) return known
    const at = { height: header.height, hash: Bytes.toHex(Header.hash(header)).toUpperCase() }
    return Verdict.accept({ held: held.value, fact: { ...known.value, at, evidence } })
  }

  return {
    network: network.id,
    verify<C extends Claim>(
      claim: C,
      evidence: Fact.Evidence,
    ): Verdict.Verdict<Fact.Verified<Established<C>>> {
      const judged = judge(claim.terms, evidence, LockEvidence.FORMAT[claim.kind])
      if (!judged.ok) return judged
      const { held, fact } = judged.value
      const value = claim.kind === 'lock' ? lockOf(claim, held) : spendOf(claim, held)
      return value.ok ? Verdict.accept(establish({ ...fact, value: value.value as Established<C> })) : value
    },
    absent({ kind, terms }, evidence) {
      const judged = judge(terms, evidence, LockEvidence.FORMAT.absence)
      if (!judged.ok) return judged
      const { held, fact } = judged.value
      const { status } = held.entry
      if (status !== (kind === 'lock' ? 'none' : 'locked'))
        return Verdict.refuse(`${kind}-present`, `the lock's status is ${status}`, { status })
      return Verdict.accept(establish({ ...fact, value: null }))
    },
  }
}

export declare namespace createCosmosVerifier {
  type Options = {
    /** Profile of the network: its name, address prefix and native coin. */
    readonly network: Network
  } & (
    | {
        /** Whether the caller knows a block (hash in upper-case hex), and how; `undefined` for one that it doesn't. */
        readonly trust: (
          block: Fact.BlockRef,
        ) => { readonly assurance: Fact.Assurance; readonly asOf: Fact.Tip } | undefined
      }
    | {
        /** The light client's state, as far as the caller has brought it. */
        readonly client: () => LightClient.State
        /** The caller's clock, nanoseconds since 1970. */
        readonly now: () => bigint
      }
  )
}

function lockOf(claim: Claim & { readonly kind: 'lock' }, held: LockEvidence.Held): Verdict.Verdict<Lock> {
  const ref = Bytes.toHex(held.lockId)
  const { status } = held.entry
  if (status !== 'locked') return Verdict.refuse('lock-absent', `the lock's status is ${status}`, { status })
  if (claim.lock.ref !== ref || claim.lock.amount !== claim.terms.amount)
    return Verdict.refuse('claim-mismatch', `the evidence proves lock ${ref} of ${claim.terms.amount}`)
  // The id binds every term, so what is there is there exactly.
  return Verdict.accept({ ref, transaction: '', amount: claim.terms.amount, match: 'exact' })
}

function spendOf(claim: Claim & { readonly kind: 'spend' }, held: LockEvidence.Held): Verdict.Verdict<Spend> {
  const { spend, terms, lock } = claim
  const { entry } = held
  const ref = Bytes.toHex(held.lockId)
  if (lock.ref !== ref) return Verdict.refuse('claim-mismatch', `the evidence proves what became of ${ref}`)
  const absent = () =>
    Verdict.refuse('spend-absent', `the lock's status is ${entry.status}`, { status: entry.status })
  if (spend.kind === 'refund')
    return entry.status === 'refunded' ? Verdict.accept({ kind: 'refund', transaction: '' }) : absent()
  if (entry.status !== 'claimed') return absent()
  return Hashlock.opens(entry.secret, terms.hashlock) && Bytes.equal(entry.secret, spend.secret)
    ? Verdict.accept({ kind: 'claim', transaction: '', secret: entry.secret })
    : Verdict.refuse('secret', "the claim's secret isn't the state's, or doesn't open the hashlock")
}
