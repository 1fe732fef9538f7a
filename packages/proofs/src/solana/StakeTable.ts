import { Bytes, Verdict } from '@aitbc/core'

/** One vote account of an epoch. */
export interface Voter {
  readonly voteAccount: Bytes.Bytes32
  /** Who votes for it in that epoch. */
  readonly authority: Bytes.Bytes32
  /** Lamports delegated to it, as counted for the epoch. */
  readonly stake: bigint
}

/**
 * Whose votes count in one epoch. Nothing on Solana proves a stake table to someone outside: the caller takes it from where it trusts,
 * such as several validators' `getVoteAccounts`, and hands in the next one itself.
 */
export interface StakeTable {
  readonly epoch: bigint
  /** First and last slot whose banks it may vote for. */
  readonly slots: readonly [bigint, bigint]
  /** Unix seconds after which it counts no more, however good the votes: keys of stake that has left may be sold. */
  readonly expires: bigint
  /** All active stake of the epoch, that of voters who aren't listed included. */
  readonly total: bigint
  /** Each vote account once; evidence names them in this order. */
  readonly voters: readonly Voter[]
}

/**
 * Checks a table that a caller installs.
 *
 * Refusals: `stake-slots` (the last before the first), `stake-voters` (none), `stake-voter` (an address of another length or all zero, or
 * no stake), `stake-duplicate`, `stake-total` (less than the voters have).
 *
 * @example
 * import { StakeTable } from '@aitbc/proofs/solana'
 * StakeTable.check({ epoch: 0n, slots: [0n, 31n], expires: 0n, total: 0n, voters: [] }).ok // false
 */
export function check(table: StakeTable): Verdict.Verdict<StakeTable> {
  const { slots, total, voters } = table
  if (slots[0] < 0n || slots[1] < slots[0])
    return Verdict.refuse('stake-slots', `no slot is from ${slots[0]} to ${slots[1]}`)
  if (voters.length === 0) return Verdict.refuse('stake-voters', 'nobody votes')
  const seen = new Set<string>()
  let sum = 0n
  for (const [index, { voteAccount, authority, stake }] of voters.entries()) {
    if (
      [voteAccount, authority].some((it) => it.length !== 32 || it.every((byte) => byte === 0)) ||
      stake <= 0n
    )
      return Verdict.refuse('stake-voter', 'two addresses and a stake are expected', { index })
    seen.add(Bytes.toHex(voteAccount))
    sum += stake
  }
  if (seen.size !== voters.length) return Verdict.refuse('stake-duplicate', 'a vote account comes twice')
  if (sum > total) return Verdict.refuse('stake-total', `the voters have ${sum} of ${total}`)
  return Verdict.accept(table)
}

/** Tells whether a stake is more than two thirds of all. */
export function isSupermajority({ total }: StakeTable, stake: bigint): boolean {
  return stake * 3n > total * 2n
}
