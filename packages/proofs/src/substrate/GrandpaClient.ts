import { Bytes, Verdict } from '@aitbc/core'
import * as AuthorityChange from './AuthorityChange.js'
import * as AuthoritySet from './AuthoritySet.js'
import * as Header from './Header.js'
import * as Justification from './Justification.js'
import * as Scale from './Scale.js'

/** The final block that a caller trusts, and who votes on the blocks after it. */
export interface Anchor {
  /** The block's hash, known from elsewhere: this is what is trusted, with `set`. */
  readonly hash: Bytes.Hash32
  /** Its header, as on the chain. */
  readonly header: Bytes.Bytes
  /** The authorities after it: those that it makes itself, where it announces a change without delay. */
  readonly set: AuthoritySet.AuthoritySet
  /** How the chain writes headers; as Polkadot unless told. */
  readonly format?: Header.Format
}

/** Authorities to come, and the last block that the present ones finalize. */
export interface Pending {
  readonly authorities: readonly AuthoritySet.Authority[]
  readonly at: bigint
}

/** A light client's state: plain, immutable data; only {@link trust} and {@link apply} make one. */
export interface State {
  readonly format: Header.Format
  readonly finalized: Header.Hashed
  readonly set: AuthoritySet.AuthoritySet
  readonly pending: Pending | undefined
}

/**
 * A later final block; or a warp-sync proof (`sp_consensus_grandpa` `WarpSyncProof`), which hands over from set to set.
 * All as the chain writes it.
 */
export type Update =
  | { readonly kind: 'block'; readonly header: Bytes.Bytes; readonly justification: Bytes.Bytes }
  | { readonly kind: 'warp'; readonly proof: Bytes.Bytes }

interface Fragment {
  readonly header: Header.Header
  readonly justification: Justification.Justification
}

/**
 * Starts a light client from a trusted block. Nothing but this makes a state, so a fresh verifier accepts nothing (A52).
 *
 * Votes carry no time, and authorities that left long ago could sign another past: an anchor is as good as it is young (on Polkadot,
 * less than the 28 days for which stake stays bound).
 *
 * Refusals: `anchor-hash` (zero, or not the header's), `change-forced`, and those of `Header.decode`, `AuthoritySet.check` and
 * `AuthorityChange.of`.
 */
export function trust(anchor: Anchor): Verdict.Verdict<State> {
  const { hash, set, format = Header.POLKADOT } = anchor
  const header = Header.decode(anchor.header, format)
  if (!header.ok) return header
  if (!Bytes.equal(hash, header.value.hash))
    return Verdict.refuse('anchor-hash', "the hash isn't the header's")
  const voters = AuthoritySet.check(set)
  if (!voters.ok) return voters
  const change = changeOf(header.value, format)
  if (!change.ok) return change
  const pending =
    change.value !== undefined && change.value.at > header.value.number ? change.value : undefined
  return Verdict.accept({ format, finalized: header.value, set, pending })
}

/**
 * Verifies a later final block, or a chain of hand-overs, and gives the next state; all of it is taken, or none.
 *
 * A block that announces other authorities without delay is the last that the present ones vote on; with a delay, the block that
 * many later is. A block that forces a change ends the chain of trust: start again from a newer anchor.
 *
 * Refusals: `height-not-after`, `justification-target` (it finalizes another block), `set-ended` (the block is beyond the last that
 * this set votes on), `change-pending` (a second change before the first came), `change-forced`, `warp-empty`, `warp-change` (a
 * fragment but the last ends with no change: A41), `digest-kind`, and those of `Scale.decode`, `Header.decode`,
 * `AuthorityChange.of` and `Justification.verify`.
 *
 * @example
 * import { GrandpaClient } from '@aitbc/proofs/substrate'
 * declare const state: GrandpaClient.State
 * declare const update: GrandpaClient.Update
 * const verdict = GrandpaClient.apply(state, update)
 * if (verdict.ok) GrandpaClient.finalized(verdict.value).stateRoot
 */
export function apply(state: State, update: Update): Verdict.Verdict<State> {
  const { format } = state
  if (update.kind === 'block') {
    const header = Header.decode(update.header, format)
    if (!header.ok) return header
    const justification = Justification.decode(update.justification, format)
    return justification.ok ? step(state, header.value, justification.value) : justification
  }
  const proof = Scale.decode(warpType(format), update.proof)
  if (!proof.ok) return proof
  const { fragments } = proof.value
  if (fragments.length === 0) return Verdict.refuse('warp-empty', 'there is no fragment')
  let at = state
  for (const [index, { header, justification }] of fragments.entries()) {
    const next = step(at, { ...header, hash: Header.hash(header, format) }, justification)
    if (!next.ok) {
      const { check, message, context } = next.refusal
      return Verdict.refuse(check, `fragment ${index}: ${message}`, { ...context, index })
    }
    const last = index === fragments.length - 1 && proof.value.isFinished
    if (next.value.set.id === at.set.id && !last)
      return Verdict.refuse('warp-change', `fragment ${index} ends with no change of authorities`, { index })
    at = next.value
  }
  return Verdict.accept(at)
}

/** The newest final block; the anchor itself at first. Its `stateRoot` is what `TrieProof` starts from. */
export function finalized(state: State): Header.Hashed {
  return state.finalized
}

/**
 * Verifies headers from the newest final block downwards, the block itself first; each names the next. Refusals: `header-link`, and
 * those of `Header.decode`.
 */
export function ancestors(
  state: State,
  headers: readonly Bytes.Bytes[],
): Verdict.Verdict<readonly Header.Hashed[]> {
  const out: Header.Hashed[] = []
  let hash = state.finalized.hash
  for (const [index, bytes] of headers.entries()) {
    const header = Header.decode(bytes, state.format)
    if (!header.ok) return header
    if (!Bytes.equal(header.value.hash, hash))
      return Verdict.refuse('header-link', `header ${index} isn't the block that is expected there`, {
        index,
      })
    out.push(header.value)
    hash = header.value.parentHash
  }
  return Verdict.accept(out)
}

/** How a warp-sync proof is written. */
export function warpType(format: Header.Format = Header.POLKADOT): Scale.Type<{
  readonly fragments: readonly Fragment[]
  readonly isFinished: boolean
}> {
  const fragment = Scale.struct({ header: Header.type(format), justification: Justification.type(format) })
  return Scale.struct({ fragments: Scale.list(fragment), isFinished: Scale.boolean })
}

function step(
  state: State,
  header: Header.Hashed,
  justification: Justification.Justification,
): Verdict.Verdict<State> {
  const { format, set, pending } = state
  const { number } = header
  if (number <= state.finalized.number)
    return Verdict.refuse('height-not-after', `block ${number} is not after ${state.finalized.number}`)
  if (!Bytes.equal(justification.targetHash, header.hash) || justification.targetNumber !== number)
    return Verdict.refuse('justification-target', 'the justification is for another block')
  if (pending !== undefined && number > pending.at)
    return Verdict.refuse('set-ended', `set ${set.id} votes on blocks to ${pending.at} only`, {
      at: pending.at,
    })
  const final = Justification.verify(justification, set, { format })
  if (!final.ok) return final
  const change = changeOf(header, format)
  if (!change.ok) return change
  if (change.value !== undefined && pending !== undefined)
    return Verdict.refuse('change-pending', `another change comes with block ${pending.at}`)
  const next = change.value ?? pending
  const due = next?.at === number
  return Verdict.accept({
    format,
    finalized: header,
    set: due ? { id: set.id + 1n, authorities: next.authorities } : set,
    pending: due ? undefined : next,
  })
}

function changeOf(header: Header.Header, format: Header.Format): Verdict.Verdict<Pending | undefined> {
  const change = AuthorityChange.of(header, format)
  if (!change.ok) return change
  if (change.value === undefined) return Verdict.accept(undefined)
  const { kind, authorities, delay } = change.value
  return kind === 'forced'
    ? Verdict.refuse('change-forced', `block ${header.number} forces a change of authorities`)
    : Verdict.accept({ authorities, at: header.number + delay })
}
