import { Bytes, Verdict } from '@aitbc/core'
import type { Commit } from './Commit.js'
import type * as Signatures from './Signatures.js'
import type { Table, ValidatorSet } from './ValidatorSet.js'
import * as Vote from './Vote.js'

/** A part of all power; it must be exceeded, not met. */
export interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

/**
 * Picks the votes with which a block's own validators decide: the first ones for the block that exceed two thirds of all
 * power (CometBFT `VerifyCommitLight`), by index. Nil and absent votes count nothing (A35). Nothing is checked yet of what
 * they signed.
 *
 * Refusals: `commit-size` (not one vote a validator), `commit-address` (a vote under another validator's address: A34, A37),
 * `not-enough-power`.
 */
export function own(commit: Commit, table: Table): Verdict.Verdict<readonly number[]> {
  const { signatures } = commit
  const { addresses, total } = table
  if (signatures.length !== addresses.length)
    return Verdict.refuse(
      'commit-size',
      `${addresses.length} validators have as many votes, got ${signatures.length}`,
    )
  for (const [index, vote] of signatures.entries())
    if (vote.flag !== 'absent' && Bytes.toHex(vote.address) !== addresses[index])
      return Verdict.refuse('commit-address', `vote ${index} carries another address than its validator`, {
        index,
      })
  const picked = pick(commit, { numerator: 2n, denominator: 3n }, total, (index) => table.powers[index])
  if (picked !== undefined) return Verdict.accept(picked)
  return Verdict.refuse('not-enough-power', 'the votes for the block do not exceed two thirds of all power')
}

/**
 * Picks the votes with which validators that are trusted already vouch for a block that another set may have made: more than
 * a level of their power (CometBFT `VerifyCommitLightTrusting`). A validator is known by its address, and counts once.
 *
 * Refusals: `commit-duplicate`, `not-enough-trust`.
 */
export function trusted(commit: Commit, table: Table, level: Fraction): Verdict.Verdict<readonly number[]> {
  const seen = new Set<string>()
  for (const [index, vote] of commit.signatures.entries()) {
    if (vote.flag === 'absent') continue
    const address = Bytes.toHex(vote.address)
    if (seen.has(address))
      return Verdict.refuse('commit-duplicate', `the validator of vote ${index} has voted already`, { index })
    seen.add(address)
  }
  const picked = pick(
    commit,
    level,
    table.total,
    (_, address) => table.powers[table.index.get(address()) ?? -1],
  )
  if (picked !== undefined) return Verdict.accept(picked)
  return Verdict.refuse(
    'not-enough-trust',
    `the votes for the block do not exceed ${level.numerator}/${level.denominator} of the trusted power`,
  )
}

/** What the picked votes of a commit have signed, to be answered by an engine. */
export function checks(
  chainId: string,
  commit: Commit,
  validators: ValidatorSet,
  picked: readonly number[],
): readonly Signatures.Check[] {
  const { height, round, blockId } = commit
  const bytesOf = Vote.signer(chainId, { type: 'precommit', height, round: BigInt(round), blockId })
  return picked.flatMap((index) => {
    const vote = commit.signatures[index]
    const validator = validators[index]
    if (vote === undefined || vote.flag !== 'commit' || validator === undefined) return []
    return [{ publicKey: validator.publicKey, message: bytesOf(vote.time), signature: vote.signature }]
  })
}

function pick(
  commit: Commit,
  { numerator, denominator }: Fraction,
  total: bigint,
  powerOf: (index: number, address: () => string) => bigint | undefined,
): readonly number[] | undefined {
  const picked: number[] = []
  let power = 0n
  for (const [index, vote] of commit.signatures.entries()) {
    if (vote.flag !== 'commit') continue
    const own = powerOf(index, () => Bytes.toHex(vote.address))
    if (own === undefined) continue
    picked.push(index)
    power += own
    if (power * denominator > total * numerator) return picked
  }
  return undefined
}
