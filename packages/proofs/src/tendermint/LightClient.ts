import { Bytes, Verdict } from '@aitbc/core'
import * as Header from './Header.js'
import type { Fraction } from './Quorum.js'
import * as Signatures from './Signatures.js'
import * as ValidatorSet from './ValidatorSet.js'
import * as Verification from './Verification.js'

/** The block that a caller trusts, and for how long (CometBFT `spec/light-client`). All times are nanoseconds. */
export interface Anchor {
  readonly chainId: string
  /** Hash of `header`, known from elsewhere: this is what is trusted. */
  readonly hash: Bytes.Hash32
  readonly header: Header.Header
  /** Who may vote on the next block; the header names their hash. */
  readonly nextValidators: ValidatorSet.ValidatorSet
  /** How long validators can be held to what they signed; must be below the unbonding period (A38). */
  readonly trustingPeriod: bigint
  /** How long the chain keeps the stake of a validator that leaves. */
  readonly unbondingPeriod: bigint
  /** Part of the trusted power that must vouch for a block further on: 1/3 to 1; 1/3 unless told. */
  readonly trustLevel?: Fraction
  /** Most a header may be ahead of the caller's clock; 10 s unless told. */
  readonly maxClockDrift?: bigint
}

/** A verified block. */
export interface Trusted extends Verification.Base {
  /** The verified block before this one, of any lower height. */
  readonly below: Trusted | undefined
}

/** A light client's state: plain, immutable data; only {@link trust}, {@link apply} and {@link freeze} make one. */
export interface State {
  readonly rules: Verification.Rules
  /** The highest verified block. */
  readonly latest: Trusted
  /** Height at which the chain contradicted itself: nothing is accepted any more (A39). */
  readonly frozen: bigint | undefined
}

/** A block above the anchor, its next validators, and the caller's clock in nanoseconds. */
export type Update = Verification.Update

/** A block that is right but for its signatures, which are still to be answered. */
export interface Prepared {
  readonly checks: readonly Signatures.Check[]
  /** Takes the answers in the order of `checks`. Refusals: `signature`, `signature-answers`. */
  readonly settle: (answers: readonly boolean[]) => Verdict.Verdict<State>
}

/** What to do for a block at a height to be trusted: fetch another, nothing, or give up. */
export type Plan =
  | { readonly is: 'fetch'; readonly height: bigint }
  | { readonly is: 'done' }
  | { readonly is: 'impossible' }

/**
 * Starts a light client from a trusted block. Nothing but this makes a state, so a fresh verifier accepts nothing (A52).
 *
 * Refusals: `anchor-hash` (zero, or not the header's), `anchor-chain-id`, `anchor-validators` (not those the header names),
 * `anchor-trusting-period` (zero, or not below the unbonding period: A38), `anchor-trust-level`, `anchor-clock-drift`, and those of
 * `Header.check` and `ValidatorSet.check`.
 */
export function trust(anchor: Anchor): Verdict.Verdict<State> {
  const { chainId, hash, header, nextValidators, trustingPeriod, unbondingPeriod } = anchor
  const { trustLevel = Verification.DEFAULT_LEVEL, maxClockDrift = Verification.DEFAULT_DRIFT } = anchor
  const checked = Header.check(header)
  if (!checked.ok) return checked
  if (!Bytes.equal(hash, Header.hash(header)))
    return Verdict.refuse('anchor-hash', "the hash isn't the header's")
  if (chainId !== header.chainId)
    return Verdict.refuse('anchor-chain-id', `the header is of chain ${header.chainId}, not ${chainId}`)
  const table = ValidatorSet.check(nextValidators)
  if (!table.ok) return table
  if (!Bytes.equal(ValidatorSet.hash(nextValidators), header.nextValidatorsHash))
    return Verdict.refuse('anchor-validators', 'the header names other next validators')
  if (trustingPeriod <= 0n || trustingPeriod >= unbondingPeriod)
    return Verdict.refuse(
      'anchor-trusting-period',
      `it must be above 0 and below the unbonding period of ${unbondingPeriod} ns, got ${trustingPeriod} ns`,
    )
  const { numerator, denominator } = trustLevel
  if (denominator <= 0n || numerator * 3n < denominator || numerator > denominator)
    return Verdict.refuse('anchor-trust-level', `a level is 1/3 to 1, got ${numerator}/${denominator}`)
  if (maxClockDrift < 0n) return Verdict.refuse('anchor-clock-drift', 'a drift is not negative')
  return Verdict.accept({
    rules: { chainId, trustingPeriod, trustLevel, maxClockDrift },
    latest: { hash, header, nextValidators, below: undefined },
    frozen: undefined,
  })
}

/**
 * Verifies a block from the highest trusted one below it, and gives the next state.
 *
 * The next block (adjacent) must be made by the validators that its predecessor named; one further on (skipping) must be signed by
 * validators with more than the trust level of the trusted power; both by more than two thirds of their own. Where trust isn't
 * enough, {@link next} tells which block to fetch first. A block that is trusted already changes nothing, but may bring its next
 * validators.
 *
 * Refusals: `frozen`, `height-below-anchor`, `conflict` (another block is trusted there, or the one above contradicts it: see
 * `Misbehaviour.verify`), `time-not-after`, `signature`, and those of `Verification.block` and `Verification.votes`.
 *
 * @example
 * import { LightClient } from '@aitbc/proofs/tendermint'
 * declare const state: LightClient.State
 * declare const update: LightClient.Update
 * const verdict = LightClient.apply(state, update)
 * if (verdict.ok) LightClient.finalized(verdict.value).header.height
 */
export function apply(state: State, update: Update): Verdict.Verdict<State> {
  const prepared = prepare(state, update)
  return prepared.ok ? prepared.value.settle(Signatures.noble(prepared.value.checks)) : prepared
}

/**
 * {@link apply} for an engine of the caller's: decides everything but the signatures, and hands these out at once. Refusals: those
 * of {@link apply}.
 */
export function prepare(state: State, update: Update): Verdict.Verdict<Prepared> {
  const { rules } = state
  const { header } = update.block
  const { height, time } = header
  if (state.frozen !== undefined)
    return Verdict.refuse('frozen', `the chain contradicted itself at height ${state.frozen}`, {
      height: state.frozen,
    })
  const checked = Verification.block(rules, update)
  if (!checked.ok) return checked
  const { hash } = checked.value
  const known = at(state, height)
  if (known !== undefined) {
    if (!Bytes.equal(known.hash, hash))
      return Verdict.refuse('conflict', `another block is trusted at height ${height}`, { height })
    return Verdict.accept(later(state, { ...known, ...fields(update, known) }, []))
  }
  const base = below(state, height)
  if (base === undefined)
    return Verdict.refuse('height-below-anchor', `no block at or below height ${height} is trusted`, {
      height,
    })
  if (time <= base.header.time)
    return Verdict.refuse('time-not-after', `the block isn't later than block ${base.header.height}`, {
      time,
    })
  const following = above(state, height)
  if (following !== undefined && contradicts(following.header, header, hash))
    return Verdict.refuse('conflict', `the trusted block ${following.header.height} contradicts it`, {
      height,
    })
  const checks = Verification.votes(rules, base, update, checked.value)
  if (!checks.ok) return checks
  return Verdict.accept(later(state, { hash, header, below: base, ...fields(update) }, checks.value))
}

/** The highest verified block: a block of CometBFT is final at once. */
export function finalized(state: State): Trusted {
  return state.latest
}

/** The trusted block at a height. */
export function at(state: State, height: bigint): Trusted | undefined {
  const found = below(state, height + 1n)
  return found?.header.height === height ? found : undefined
}

/** The highest trusted block below a height. */
export function below(state: State, height: bigint): Trusted | undefined {
  let block: Trusted | undefined = state.latest
  while (block !== undefined && block.header.height >= height) block = block.below
  return block
}

/** The lowest trusted block above a height. */
export function above(state: State, height: bigint): Trusted | undefined {
  let found: Trusted | undefined
  for (let block: Trusted | undefined = state.latest; block !== undefined; block = block.below) {
    if (block.header.height <= height) break
    found = block
  }
  return found
}

/**
 * Plans the way to a height by bisection (CometBFT `spec/light-client/verification`, "Schedule"): the target itself, then half way
 * to whatever was refused with `not-enough-trust` since the last block that was accepted.
 *
 * @example
 * import { LightClient } from '@aitbc/proofs/tendermint'
 * declare const state: LightClient.State
 * LightClient.next(state, 1_000n) // { is: 'fetch', height: 1000n } at first
 */
export function next(state: State, target: bigint, refused: readonly bigint[] = []): Plan {
  const base = below(state, target + 1n)
  if (base?.header.height === target) return { is: 'done' }
  if (base === undefined || state.frozen !== undefined) return { is: 'impossible' }
  const { height } = base.header
  let limit = target + 1n
  for (const other of refused) if (other > height && other < limit) limit = other
  if (limit === height + 1n) return { is: 'impossible' }
  if (base.nextValidators === undefined) return { is: 'fetch', height: height + 1n }
  return { is: 'fetch', height: limit > target ? target : height + (limit - height) / 2n }
}

/**
 * The root of the application's state after the block at a height, which stands in the next block's header (A33).
 *
 * Refusals: `frozen`, `height-unknown` (the next block isn't trusted: A39).
 */
export function appHash(state: State, height: bigint): Verdict.Verdict<Bytes.Bytes> {
  if (state.frozen !== undefined)
    return Verdict.refuse('frozen', `the chain contradicted itself at height ${state.frozen}`)
  const block = at(state, height + 1n)
  if (block === undefined)
    return Verdict.refuse(
      'height-unknown',
      `block ${height + 1n}, which carries the state of ${height}, isn't trusted`,
      {
        height,
      },
    )
  return Verdict.accept(block.header.appHash)
}

/** Stops a client for good after the chain contradicted itself at a height (`Misbehaviour.verify`). */
export function freeze(state: State, evidence: { readonly height: bigint }): State {
  const { height } = evidence
  const { frozen = height } = state
  return frozen < height ? state : { ...state, frozen: height }
}

/** Tells whether a trusted block above a height can't stand with a block at that height. */
export function contradicts(above: Header.Header, header: Header.Header, hash: Bytes.Hash32): boolean {
  if (above.time <= header.time) return true
  if (above.height !== header.height + 1n) return false
  const last = above.lastBlockId.hash
  return (
    !Bytes.equal(above.validatorsHash, header.nextValidatorsHash) ||
    (last.length > 0 && !Bytes.equal(last, hash))
  )
}

function fields({ nextValidators }: Update, known?: Trusted): Pick<Trusted, 'nextValidators'> {
  return { nextValidators: nextValidators ?? known?.nextValidators }
}

function later(state: State, block: Trusted, checks: readonly Signatures.Check[]): Prepared {
  return {
    checks,
    settle(answers) {
      const verdict = Signatures.fold(checks, answers)
      return verdict.ok ? Verdict.accept({ ...state, latest: insert(state.latest, block) }) : verdict
    },
  }
}

function insert(latest: Trusted, block: Trusted): Trusted {
  const higher: Trusted[] = []
  let rest = latest
  while (rest.header.height > block.header.height) {
    higher.push(rest)
    // It has been verified from one further down.
    rest = rest.below as Trusted
  }
  let head = block
  for (const it of higher.reverse()) head = { ...it, below: head }
  return head
}
