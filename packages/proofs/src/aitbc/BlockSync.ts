import { Verdict } from '@aitbc/core'
import * as Account from './Account.js'
import * as Block from './Block.js'
import * as Signature from './Signature.js'
import * as StateAttestation from './StateAttestation.js'

/**
 * What a caller trusts: a block (the genesis, whose hash follows no formula, or a later one) and who may propose. The repository of
 * the chain names no network's genesis, so both come from elsewhere.
 */
export interface Anchor {
  readonly chainId: string
  readonly height: bigint
  /** `0x` and 64 hex digits; some tools leave the `0x` out: put it there. */
  readonly hash: string
  /** Accounts that may propose and attest, in any spelling, each once. */
  readonly proposers: readonly string[]
  /** How many of the others must attest each block; 0 unless told, as the chain has it. */
  readonly attestations?: number
  /** Blocks from which on a block counts as final, itself included; 6 unless told. The chain itself has no finality. */
  readonly confirmations?: number
}

/**
 * A block that a trusted proposer signed. It doesn't hold the served proposer, for the block's hash doesn't cover that, nor the state
 * root: see {@link attestState}.
 */
export interface Trusted {
  readonly height: bigint
  readonly hash: string
  readonly parentHash: string
  /** The proposer's clock; nothing binds it to the height. */
  readonly timestamp: string
  /** Their hashes, sorted: nothing binds the order in which a node serves them. */
  readonly transactions: readonly string[]
  /** Accounts whose signatures cover the block, the proposer first, as `0x` in lower case. */
  readonly signers: readonly string[]
}

/** A sync's state: plain, immutable data; only {@link trust} and {@link apply} make one. */
export interface State {
  readonly chainId: string
  readonly proposers: readonly string[]
  readonly attestations: number
  readonly confirmations: number
  readonly latest: { readonly height: bigint; readonly hash: string }
  /** The newest blocks, oldest first: as many as a block needs to be final. */
  readonly recent: readonly Trusted[]
}

/** The newest final block, none near the anchor. */
export interface Final {
  /**
   * Proposers vouch for blocks and nobody judges them: authority, no proof. Whoever holds enough of their keys can write another
   * history; the chain has no rule by which one of two would win, and none that punishes.
   */
  readonly assurance: 'attested'
  readonly block: Trusted | undefined
}

/** Confirmations that a block needs unless the caller says otherwise. */
export const CONFIRMATIONS = 6

const MAX_CONFIRMATIONS = 100_000
const HASH = /^0x[0-9a-f]{64}$/

/**
 * Starts a sync from a trusted block and the accounts that may propose. Nothing but this makes a state, so a fresh verifier accepts
 * nothing (A52).
 *
 * Refusals: `anchor-hash` (no hash, or zero), `anchor-height`, `anchor-proposers` (none, one twice, or no address),
 * `anchor-attestations` (more than there are others), `anchor-confirmations`.
 *
 * @example
 * import { BlockSync } from '@aitbc/proofs/aitbc'
 * BlockSync.trust({ chainId: 'ait-devnet', height: 0n, hash: `0x${'11'.repeat(32)}`, proposers: [] }).ok // false
 */
export function trust(anchor: Anchor): Verdict.Verdict<State> {
  const { chainId, height, hash, attestations = 0, confirmations = CONFIRMATIONS } = anchor
  if (!HASH.test(hash) || BigInt(hash) === 0n)
    return Verdict.refuse('anchor-hash', 'the hash is 0x and 64 hex digits, and not zero')
  if (height < 0n) return Verdict.refuse('anchor-height', `no block has height ${height}`)
  const proposers = anchor.proposers.map(Account.compare)
  if (
    proposers.length === 0 ||
    new Set(proposers).size !== proposers.length ||
    !proposers.every(Account.isAddress)
  )
    return Verdict.refuse('anchor-proposers', 'proposers are addresses, one at least and each once')
  if (!Number.isInteger(attestations) || attestations < 0 || attestations >= proposers.length)
    return Verdict.refuse('anchor-attestations', `there are no ${attestations} others to attest`)
  if (!Number.isInteger(confirmations) || confirmations < 1 || confirmations > MAX_CONFIRMATIONS)
    return Verdict.refuse('anchor-confirmations', `1 to ${MAX_CONFIRMATIONS}, got ${confirmations}`)
  return Verdict.accept({
    chainId,
    proposers,
    attestations,
    confirmations,
    latest: { height, hash },
    recent: [],
  })
}

/**
 * Verifies the next block, and gives the next state: its hash is its own and joins the latest, its proposer is one of the trusted and
 * signed it, enough others attest it. A block that is known already changes nothing; another one at a known height is a fork, which
 * this chain doesn't resolve: stop, and ask its operators.
 *
 * Refusals: `block-chain`, those of `Block.check`, `conflict` (another block is known there), `height-not-next`, `parent`,
 * `proposer` (none of the trusted), those of `Signature.verify`, `attestations` (too few).
 *
 * @example
 * import { BlockSync } from '@aitbc/proofs/aitbc'
 * declare const state: BlockSync.State
 * declare const block: Parameters<typeof BlockSync.apply>[1]
 * const verdict = BlockSync.apply(state, block)
 * if (verdict.ok) BlockSync.finalized(verdict.value).block?.height
 */
export function apply(state: State, block: Block.Block): Verdict.Verdict<State> {
  const { chainId, proposers, attestations, confirmations, latest, recent } = state
  const { height, hash, parentHash, timestamp, transactions } = block
  if (block.chainId !== chainId)
    return Verdict.refuse(
      'block-chain',
      `the block is of chain ${block.chainId.slice(0, 128)}, not ${chainId}`,
    )
  const checked = Block.check(block)
  if (!checked.ok) return checked
  const known = height === latest.height ? latest : recent.find((it) => it.height === height)
  if (known !== undefined)
    return known.hash === hash
      ? Verdict.accept(state)
      : Verdict.refuse('conflict', `another block is known at height ${height}`, { height })
  if (height !== latest.height + 1n)
    return Verdict.refuse('height-not-next', `block ${latest.height + 1n} comes next, got ${height}`, {
      height,
    })
  if (parentHash !== latest.hash)
    return Verdict.refuse('parent', `the block doesn't join block ${latest.height}`, { height })
  const proposer = Account.compare(block.proposer)
  if (!proposers.includes(proposer))
    return Verdict.refuse('proposer', `${proposer.slice(0, 80)} may not propose`, { height })
  const signed = Signature.verify(Block.digest(block), block.signature, proposer)
  if (!signed.ok) return signed
  const signers = [proposer, ...attesters(state, block, proposer)]
  if (signers.length <= attestations)
    return Verdict.refuse('attestations', `${attestations} others must attest, ${signers.length - 1} do`, {
      height,
    })
  const next: Trusted = {
    height,
    hash,
    parentHash,
    timestamp,
    transactions: [...transactions].sort(),
    signers,
  }
  return Verdict.accept({
    ...state,
    latest: { height, hash },
    recent: [...recent.slice(recent.length < confirmations ? 0 : 1), next],
  })
}

/**
 * The newest final block by the caller's own rule of so many confirmations, and how far it is known: `attested`. What is final here
 * is the list of transactions by hash; whether one of them had effect isn't known, for followers store what fails as confirmed.
 */
export function finalized(state: State): Final {
  const { recent, confirmations } = state
  return { assurance: 'attested', block: recent.length < confirmations ? undefined : recent[0] }
}

/**
 * Decides whether a trusted proposer vouches for the state root after a known block. A block's own signature doesn't cover it; only
 * such an attestation does, or a comparison of the whole state (`StateTrie.fromAccounts`) with what several nodes serve.
 *
 * Refusals: `block-chain`, `block-unknown` (the header's hash, height or parent isn't that of a recent block), `state-root` (no
 * hash), and those of `StateAttestation.verify`.
 */
export function attestState(
  state: State,
  header: StateAttestation.Header,
  signature: string,
): Verdict.Verdict<{ readonly assurance: 'attested'; readonly stateRoot: string; readonly signer: string }> {
  if (header.chainId !== state.chainId)
    return Verdict.refuse('block-chain', `the header isn't of chain ${state.chainId}`)
  const { height, hash, parentHash, stateRoot } = header
  if (!state.recent.some((it) => it.height === height && it.hash === hash && it.parentHash === parentHash))
    return Verdict.refuse('block-unknown', `no such block is known at height ${height}`, { height })
  if (!HASH.test(stateRoot)) return Verdict.refuse('state-root', 'a state root is 0x and 64 hex digits')
  const signer = StateAttestation.verify(header, signature, state.proposers)
  if (!signer.ok) return signer
  return Verdict.accept({ assurance: 'attested', stateRoot, signer: signer.value })
}

/** Trusted accounts other than the proposer that attest a block, each once; whatever else is there counts for nothing. */
function attesters(state: State, block: Block.Block, proposer: string): readonly string[] {
  const digest = Block.digest(block)
  const found = new Set<string>()
  // A hostile list costs as many checks as there are validators, no more.
  for (const { validator, signature } of (block.attestations ?? []).slice(0, 2 * state.proposers.length)) {
    const account = Account.compare(validator)
    if (account === proposer || found.has(account) || !state.proposers.includes(account)) continue
    if (Signature.verify(digest, signature, account).ok) found.add(account)
  }
  return [...found]
}
