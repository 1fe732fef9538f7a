import { Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as Address from './Address.js'
import * as Reader from './internal/reader.js'
import * as Write from './internal/write.js'
import * as Message from './Message.js'
import type * as Transaction from './Transaction.js'

/** The forms in which votes have stood in transactions, oldest first, by their tag in the vote program's instruction. */
export type Kind = keyof typeof TAGS

/** The forms' tags without and with the proof of a switch of forks. */
const TAGS = {
  vote: [2, 6],
  updateVoteState: [8, 9],
  compactUpdateVoteState: [12, 13],
  towerSync: [14, 15],
} as const

/** Most slots of a tower. */
const MAX_SLOTS = 31
const NO_ROOT = 0xffff_ffff_ffff_ffffn

/** A slot of a voter's tower. */
export interface Lockout {
  readonly slot: bigint
  /** 1 to 31, most for the oldest; 0 in the form `vote`, which doesn't tell. */
  readonly confirmations: number
}

/** What a voter says: that its fork has these slots, the last of them with this bank. */
export interface Vote {
  readonly kind: Kind
  /** 1 to 31, oldest first; the last is what is voted for. */
  readonly lockouts: readonly Lockout[]
  /** The last slot that the voter will never leave; the form `vote` doesn't tell. */
  readonly root: bigint | undefined
  /** The bank of the last slot. */
  readonly hash: Bytes.Hash32
  /** Unix seconds. */
  readonly timestamp: bigint | undefined
  /** Of the last slot's block; in `towerSync` only. */
  readonly blockId: Bytes.Hash32 | undefined
  /** The proof hash of a switch; the runtime doesn't look at it. */
  readonly switchProof: Bytes.Hash32 | undefined
}

/** A vote and who it is by. */
export interface Cast {
  readonly vote: Vote
  readonly voteAccount: Bytes.Bytes32
  /** Signer of the transaction; whether it may vote for the account, the stake table says. */
  readonly authority: Bytes.Bytes32
}

/**
 * Reads a vote from the data of an instruction of the vote program, in its only encoding (bincode with fixed integers; in the compact
 * forms a compact-u16 length and base-128 offsets); total. Bytes behind it, which the runtime overlooks, are refused.
 *
 * Refusals: `vote-kind`, `vote-slots` (none, more than 31, or not ascending from the root), `vote-confirmations` (not descending from at
 * most 31 to at least 1), `compact-u16`, `varint`, `option-flag`, `truncated`, `trailing-bytes`.
 *
 * @example
 * import { Vote } from '@aitbc/proofs/solana'
 * declare const data: Uint8Array
 * const vote = Vote.decode(data)
 * if (vote.ok) vote.value.lockouts.at(-1)?.slot
 */
export function decode(data: Bytes.Bytes): Verdict.Verdict<Vote> {
  const reader = Reader.from(data)
  const tag = Reader.u32(reader)
  const kind = (Object.keys(TAGS) as Kind[]).find((it) => TAGS[it].some((one) => one === tag))
  if (kind === undefined) {
    Reader.refuse(reader, 'vote-kind', `instruction ${tag} is no vote`)
    return Reader.finish(reader, undefined as never)
  }
  const { lockouts, root } = tower(reader, kind)
  const hash = Reader.take(reader, 32)
  const timestamp = Reader.option(reader, Reader.i64)
  const blockId = kind === 'towerSync' ? Reader.take(reader, 32) : undefined
  const switchProof = tag === TAGS[kind][1] ? Reader.take(reader, 32) : undefined
  const whole = Reader.finish(reader, { kind, lockouts, root, hash, timestamp, blockId, switchProof })
  return whole.ok ? check(whole.value) : whole
}

/** The rules that the runtime has for a tower. Refusals: `vote-slots`, `vote-confirmations`. */
export function check(vote: Vote): Verdict.Verdict<Vote> {
  const { kind, lockouts, root } = vote
  if (lockouts.length === 0 || lockouts.length > MAX_SLOTS)
    return Verdict.refuse('vote-slots', `a vote has 1 to ${MAX_SLOTS} slots, got ${lockouts.length}`)
  let last = root ?? -1n
  let most = MAX_SLOTS + 1
  for (const { slot, confirmations } of lockouts) {
    if (slot <= last) return Verdict.refuse('vote-slots', `slot ${slot} isn't above ${last}`)
    if (kind !== 'vote' && (confirmations < 1 || confirmations >= most))
      return Verdict.refuse('vote-confirmations', `slot ${slot} can't have ${confirmations}`)
    last = slot
    most = confirmations
  }
  return Verdict.accept(vote)
}

/** Writes a vote as the data of an instruction. */
export function encode(vote: Vote): Bytes.Bytes {
  const { kind, lockouts, root, hash, timestamp, blockId, switchProof } = vote
  const u64 = (value: bigint) => Write.little(value, 8)
  const option = (value: bigint | undefined) =>
    value === undefined ? [Uint8Array.of(0)] : [Uint8Array.of(1), u64(value)]
  const parts: Bytes.Bytes[] = [Write.little(TAGS[kind][switchProof === undefined ? 0 : 1], 4)]
  if (kind === 'vote') parts.push(u64(BigInt(lockouts.length)), ...lockouts.map(({ slot }) => u64(slot)))
  else if (kind === 'updateVoteState') {
    parts.push(u64(BigInt(lockouts.length)))
    for (const { slot, confirmations } of lockouts) parts.push(u64(slot), Write.little(confirmations, 4))
    parts.push(...option(root))
  } else {
    parts.push(u64(root ?? NO_ROOT), Write.varint(lockouts.length))
    let last = root ?? 0n
    for (const { slot, confirmations } of lockouts) {
      parts.push(Write.varint(slot - last), Uint8Array.of(confirmations))
      last = slot
    }
  }
  parts.push(hash, ...option(timestamp))
  if (blockId !== undefined) parts.push(blockId)
  if (switchProof !== undefined) parts.push(switchProof)
  return join(parts)
}

/**
 * The vote of a transaction that does nothing else. That it was executed isn't asked: a signed vote is a vote wherever it is.
 *
 * Refusals: `vote-instructions` (not exactly one), `vote-program`, `vote-accounts` (not those of its form, in their order; a sysvar that
 * isn't the sysvar: A48), `vote-authority` (no signer), `account-index`, and those of {@link decode}.
 *
 * @example
 * import { Vote } from '@aitbc/proofs/solana'
 * declare const transaction: import('@aitbc/proofs/solana').Transaction.Transaction
 * Vote.of(transaction)
 */
export function of({ message }: Transaction.Transaction): Verdict.Verdict<Cast> {
  const [instruction, ...more] = message.instructions
  if (instruction === undefined || more.length > 0)
    return Verdict.refuse(
      'vote-instructions',
      `a vote stands alone, got ${message.instructions.length} instructions`,
    )
  if (!Bytes.equal(message.addresses[instruction.program] as Bytes.Bytes32, Address.VOTE_PROGRAM))
    return Verdict.refuse('vote-program', 'the instruction is of another program')
  const vote = decode(instruction.data)
  if (!vote.ok) return vote
  const sysvars = vote.value.kind === 'vote' ? [Address.SLOT_HASHES_SYSVAR, Address.CLOCK_SYSVAR] : []
  const accounts: Message.Account[] = []
  for (const index of instruction.accounts) {
    const found = Message.account(message, index)
    if (!found.ok) return found
    accounts.push(found.value)
  }
  const [voteAccount, ...rest] = accounts
  const authority = rest.pop()
  if (
    voteAccount?.kind !== 'static' ||
    !voteAccount.writable ||
    authority?.kind !== 'static' ||
    rest.length !== sysvars.length ||
    rest.some(
      (it, index) => it.kind !== 'static' || !Bytes.equal(it.address, sysvars[index] as Bytes.Bytes32),
    )
  )
    return Verdict.refuse('vote-accounts', 'the accounts are not those of a vote')
  if (!authority.signer) return Verdict.refuse('vote-authority', 'the authority is no signer')
  return Verdict.accept({ vote: vote.value, voteAccount: voteAccount.address, authority: authority.address })
}

function tower(reader: Reader.Reader, kind: Kind): Pick<Vote, 'lockouts' | 'root'> {
  if (kind === 'vote') {
    const lockouts = Reader.list(reader, Reader.u64(reader), 8, (it) => ({
      slot: Reader.u64(it),
      confirmations: 0,
    }))
    return { lockouts, root: undefined }
  }
  if (kind === 'updateVoteState') {
    const lockouts = Reader.list(reader, Reader.u64(reader), 12, (it) => ({
      slot: Reader.u64(it),
      confirmations: Reader.u32(it),
    }))
    return { lockouts, root: Reader.option(reader, Reader.u64) }
  }
  const first = Reader.u64(reader)
  const root = first === NO_ROOT ? undefined : first
  let slot = root ?? 0n
  const lockouts = Reader.list(reader, Reader.compactU16(reader), 2, (it) => {
    slot += Reader.varintU64(it)
    if (slot > NO_ROOT) Reader.refuse(it, 'vote-slots', 'a slot is wider than 64 bits')
    return { slot, confirmations: Reader.u8(it) }
  })
  return { lockouts, root }
}
