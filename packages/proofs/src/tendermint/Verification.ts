import { Bytes, Verdict } from '@aitbc/core'
import type { Header } from './Header.js'
import * as LightBlock from './LightBlock.js'
import * as Quorum from './Quorum.js'
import * as Revision from './Revision.js'
import type * as Signatures from './Signatures.js'
import * as Timestamp from './Timestamp.js'
import * as ValidatorSet from './ValidatorSet.js'

/** What one verification is bound to. All times are nanoseconds. */
export interface Rules {
  readonly chainId: string
  readonly trustingPeriod: bigint
  readonly trustLevel: Quorum.Fraction
  readonly maxClockDrift: bigint
}

/** A verified block to go on from. */
export interface Base {
  readonly hash: Bytes.Hash32
  readonly header: Header
  /** Who may vote on the next block; without them only that block can be verified. */
  readonly nextValidators: ValidatorSet.ValidatorSet | undefined
}

/** A block to verify, and the caller's clock in nanoseconds. */
export interface Update {
  readonly block: LightBlock.LightBlock
  /** Who may vote on the block after it: without them, later blocks can't be skipped to. */
  readonly nextValidators?: ValidatorSet.ValidatorSet
  readonly now: bigint
}

/**
 * Checks all of a block but its place after a trusted one and its votes.
 *
 * Refusals: `revision` (another revision of the chain: A39), `chain-id`, `time-in-future`, `next-validators-hash`, and those of
 * `LightBlock.check` and `ValidatorSet.check`.
 */
export function block(rules: Rules, update: Update): Verdict.Verdict<LightBlock.Checked> {
  const { header } = update.block
  const { chainId } = rules
  if (header.chainId !== chainId)
    return Revision.sameChain(header.chainId, chainId)
      ? Verdict.refuse('revision', `the block is of revision ${header.chainId}, not ${chainId}`)
      : Verdict.refuse('chain-id', `the block is of chain ${header.chainId}, not ${chainId}`)
  if (header.time >= update.now + rules.maxClockDrift)
    return Verdict.refuse('time-in-future', 'the block is too far ahead of the clock', { time: header.time })
  const checked = LightBlock.check(update.block)
  if (!checked.ok) return checked
  if (update.nextValidators !== undefined) {
    const table = ValidatorSet.check(update.nextValidators)
    if (!table.ok) return table
    if (!Bytes.equal(ValidatorSet.hash(update.nextValidators), header.nextValidatorsHash))
      return Verdict.refuse('next-validators-hash', 'the header names other next validators')
  }
  return checked
}

/** Tells whether a base's validators can't be held to what they sign any more (A37: at the very end already). */
export function isExpired(rules: Rules, base: Base, now: bigint): boolean {
  return base.header.time + rules.trustingPeriod <= now
}

/**
 * Picks the signatures on which a checked block depends, from a lower trusted one (CometBFT `VerifyAdjacent`,
 * `VerifyNonAdjacent`).
 *
 * Refusals: `trusting-period`, `next-validators`, `last-block`, `trusted-validators`, and those of `Quorum`.
 */
export function votes(
  rules: Rules,
  base: Base,
  update: Update,
  { table }: LightBlock.Checked,
): Verdict.Verdict<readonly Signatures.Check[]> {
  const { header, commit, validators } = update.block
  if (isExpired(rules, base, update.now))
    return Verdict.refuse('trusting-period', `block ${base.header.height} can't be trusted any more`, {
      until: base.header.time + rules.trustingPeriod,
    })
  let vouching: readonly number[] = []
  if (header.height === base.header.height + 1n) {
    if (!Bytes.equal(header.validatorsHash, base.header.nextValidatorsHash))
      return Verdict.refuse('next-validators', 'the block before named other validators')
    const last = header.lastBlockId.hash
    if (last.length > 0 && !Bytes.equal(last, base.hash))
      return Verdict.refuse('last-block', 'the block follows another one than the trusted')
  } else {
    if (base.nextValidators === undefined)
      return Verdict.refuse('trusted-validators', `block ${base.header.height} came without next validators`)
    const trusted = ValidatorSet.check(base.nextValidators)
    if (!trusted.ok) return trusted
    const picked = Quorum.trusted(commit, trusted.value, rules.trustLevel)
    if (!picked.ok) return picked
    vouching = picked.value
  }
  const own = Quorum.own(commit, table)
  if (!own.ok) return own
  // Ascending: whatever vouches besides stands behind the first that suffice.
  const picked = [...new Set([...own.value, ...vouching])]
  return Verdict.accept(Quorum.checks(rules.chainId, commit, validators, picked))
}

export const DEFAULT_LEVEL: Quorum.Fraction = { numerator: 1n, denominator: 3n }
export const DEFAULT_DRIFT = /* @__PURE__ */ BigInt(10) * Timestamp.SECOND
