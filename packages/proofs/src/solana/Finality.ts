import { Bytes, Verdict } from '@aitbc/core'
import * as Engine from '../engine/Engine.js'
import * as BankHash from './BankHash.js'
import * as StakeTable from './StakeTable.js'
import * as Transaction from './Transaction.js'
import * as Vote from './Vote.js'

/** A slot and the bank that it is said to have. */
export interface Bank {
  readonly slot: bigint
  readonly hash: Bytes.Hash32
}

/**
 * Votes of TowerBFT. The runtime calls a slot final (`rooted`) when more than two thirds of the stake have it as root or below: a vote
 * carries its root, and binds its fork by the bank's hash alone.
 */
export interface Tower {
  readonly kind: 'tower'
  /** Vote transactions for the bank itself, in the order of the table: they tie hash and slot. */
  readonly votes: readonly Bytes.Bytes[]
  /** Whose table judges the votes that root it: the epoch of the bank's slot, or the one after. */
  readonly epoch: bigint
  /** The banks on top of it, each from its parent's hash on. */
  readonly descendants: readonly BankHash.Parts[]
  /** Vote transactions for any of these banks, with a root at or above the slot, in the order of the table. */
  readonly rooting: readonly Bytes.Bytes[]
}

/** A certificate of Alpenglow, in whatever bytes it comes. */
export interface Alpenglow {
  readonly kind: 'alpenglow'
  readonly certificate: Bytes.Bytes
}

/** Evidence that a bank is final, by the consensus that made it so. */
export type Evidence = Tower | Alpenglow

/** Most banks between a bank and the votes that root it. */
export const MAX_DESCENDANTS = 512

const ALPENGLOW =
  'SIMD-0326 sets the thresholds (60 % twice, or 80 %), and no published SIMD the bytes that a certificate signs; it certifies a block id, which no published SIMD in force ties to a bank hash'

/**
 * Verifies that a bank is rooted by more than two thirds of the stake.
 *
 * What the runtime calls `processed` (one leader's word) or `confirmed` (votes for the bank alone) is not enough: {@link confirmed}
 * is a part of this, never the whole (A51).
 *
 * Refusals: `unsupported` (Alpenglow, see its message), `stake-unknown` (no table for the slot, or for an epoch that isn't that of the slot
 * or the next), `stake-expired`, those of {@link confirmed}, `descendants` (none, or more than 512), those of
 * `BankHash.check`, `vote-bank` (a vote for no descendant), `vote-root` (none, or below the slot), `descendant-unused` (nobody votes for the
 * last bank).
 *
 * @example
 * import { Finality } from '@aitbc/proofs/solana'
 * declare const evidence: Finality.Tower
 * Finality.verify([], { slot: 1n, hash: new Uint8Array(32) }, evidence, { now: 0n }).ok // false
 */
export function verify(
  tables: readonly StakeTable.StakeTable[],
  bank: Bank,
  evidence: Evidence,
  options: { readonly now: bigint },
): Verdict.Verdict<Bank> {
  return settle(prepare(tables, bank, evidence, options))
}

/**
 * {@link verify} for an engine of the caller's, by the rule `strict`: decides everything but the signatures, and hands these out at once.
 */
export function prepare(
  tables: readonly StakeTable.StakeTable[],
  bank: Bank,
  evidence: Evidence,
  { now }: { readonly now: bigint },
): Verdict.Verdict<Engine.Pending<Bank>> {
  if (evidence.kind === 'alpenglow') return Verdict.refuse('unsupported', ALPENGLOW)
  const { votes, epoch, descendants, rooting } = evidence
  const table = tables.find(({ slots }) => bank.slot >= slots[0] && bank.slot <= slots[1])
  if (table === undefined)
    return Verdict.refuse('stake-unknown', `no table is installed for slot ${bank.slot}`)
  const later = tables.find(
    (it) => it.epoch === epoch && epoch - table.epoch >= 0n && epoch - table.epoch <= 1n,
  )
  if (later === undefined) return Verdict.refuse('stake-unknown', `no table is installed for epoch ${epoch}`)
  const expired = [table, later].find((it) => now > it.expires)
  if (expired !== undefined)
    return Verdict.refuse(
      'stake-expired',
      `the table of epoch ${expired.epoch} expired at ${expired.expires}`,
    )
  const own = tallyFor(table, bank, votes)
  if (!own.ok) return own
  if (descendants.length === 0 || descendants.length > MAX_DESCENDANTS)
    return Verdict.refuse('descendants', `1 to ${MAX_DESCENDANTS} are expected, got ${descendants.length}`)
  /** How far each descendant is above the bank, by its hash. */
  const heights = new Map<string, bigint>()
  let parent = bank.hash
  for (const parts of descendants) {
    const checked = BankHash.check(parts)
    if (!checked.ok) return checked
    parent = BankHash.of(parent, parts)
    heights.set(Bytes.toHex(parent), BigInt(heights.size + 1))
  }
  let top = false
  const rooted = tally(later, rooting, ({ root }, slot, hash) => {
    const height = heights.get(Bytes.toHex(hash))
    if (height === undefined || slot < bank.slot + height)
      return Verdict.refuse('vote-bank', `the bank of slot ${slot} doesn't descend from this one`)
    if (root === undefined || root < bank.slot)
      return Verdict.refuse('vote-root', `slot ${bank.slot} isn't rooted by a root of ${root}`)
    top ||= height === BigInt(heights.size)
    return Verdict.accept(slot)
  })
  if (!rooted.ok) return rooted
  if (!top) return Verdict.refuse('descendant-unused', 'nobody votes for the last bank')
  return Verdict.accept(pending([...own.value.checks, ...rooted.value.checks], bank))
}

/**
 * Verifies that more than two thirds of the stake voted for a bank: the runtime's `confirmed`. It never makes anything final, and no
 * state of the light client comes of it (A51).
 *
 * Refusals: `bank-hash` (zero), `vote-bank` (a vote for another slot or hash), `vote-slot` (outside the table's slots), `vote-voter` (not in
 * the table, twice, or not in its order), `vote-authority` (not the table's), `stake` (two thirds or less), `signature`, and those of
 * `Transaction.decode` and `Vote.of`.
 *
 * @example
 * import { Finality } from '@aitbc/proofs/solana'
 * declare const table: import('@aitbc/proofs/solana').StakeTable.StakeTable
 * Finality.confirmed(table, { slot: 1n, hash: new Uint8Array(32) }, []).ok // false
 */
export function confirmed(
  table: StakeTable.StakeTable,
  bank: Bank,
  votes: readonly Bytes.Bytes[],
): Verdict.Verdict<bigint> {
  const tallied = tallyFor(table, bank, votes)
  if (!tallied.ok) return tallied
  return settle(Verdict.accept(pending(tallied.value.checks, tallied.value.stake)))
}

/** A verdict that waits for signatures of the strict rule alone. */
export function pending<T>(checks: readonly Engine.Check[], value: T): Engine.Pending<T> {
  return {
    checks,
    rule: 'strict',
    settle(answers) {
      const folded = Engine.fold(checks, answers)
      return folded.ok ? Verdict.accept(value) : folded
    },
  }
}

/** Carries a verdict to its end with noble. */
export function settle<T>(waiting: Verdict.Verdict<Engine.Pending<T>>): Verdict.Verdict<T> {
  return waiting.ok ? waiting.value.settle(Engine.noble(waiting.value.checks, waiting.value.rule)) : waiting
}

interface Tally {
  readonly stake: bigint
  readonly checks: readonly Engine.Check[]
}

function tallyFor(
  table: StakeTable.StakeTable,
  bank: Bank,
  votes: readonly Bytes.Bytes[],
): Verdict.Verdict<Tally> {
  if (bank.hash.length !== 32 || bank.hash.every((byte) => byte === 0))
    return Verdict.refuse('bank-hash', 'the hash of a bank has 32 bytes that are not all zero')
  return tally(table, votes, (_, slot, hash) =>
    slot === bank.slot && Bytes.equal(hash, bank.hash)
      ? Verdict.accept(slot)
      : Verdict.refuse('vote-bank', `the vote is for another bank than that of slot ${bank.slot}`),
  )
}

/** Adds up the stake behind votes that all pass a test, where it is more than two thirds; signatures are left to the end. */
function tally(
  table: StakeTable.StakeTable,
  votes: readonly Bytes.Bytes[],
  test: (vote: Vote.Vote, slot: bigint, hash: Bytes.Hash32) => Verdict.Verdict<unknown>,
): Verdict.Verdict<Tally> {
  let next = 0
  let stake = 0n
  const checks: Engine.Check[] = []
  for (const bytes of votes) {
    const transaction = Transaction.decode(bytes)
    if (!transaction.ok) return transaction
    const cast = Vote.of(transaction.value)
    if (!cast.ok) return cast
    const { vote, voteAccount, authority } = cast.value
    const found = table.voters.findIndex(
      (it, index) => index >= next && Bytes.equal(it.voteAccount, voteAccount),
    )
    const voter = table.voters[found]
    if (voter === undefined)
      return Verdict.refuse('vote-voter', 'the voter is not in the table, or not in its order')
    if (!Bytes.equal(voter.authority, authority))
      return Verdict.refuse('vote-authority', 'somebody else votes for the account')
    const { slot } = vote.lockouts.at(-1) as Vote.Lockout
    if (slot < table.slots[0] || slot > table.slots[1])
      return Verdict.refuse('vote-slot', `slot ${slot} is not of epoch ${table.epoch}`)
    const passed = test(vote, slot, vote.hash)
    if (!passed.ok) return passed
    next = found + 1
    stake += voter.stake
    checks.push(...Transaction.checks(transaction.value))
  }
  if (!StakeTable.isSupermajority(table, stake))
    return Verdict.refuse('stake', `${stake} of ${table.total} is not more than two thirds`)
  return Verdict.accept({ stake, checks })
}
