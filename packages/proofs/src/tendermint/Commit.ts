import { type Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as BlockId from './BlockId.js'
import * as wire from './internal/wire.js'
import * as MerkleTree from './MerkleTree.js'
import * as Timestamp from './Timestamp.js'
import { MAX_VALIDATORS } from './ValidatorSet.js'

/** A validator's precommit: none, one for the block, or one for no block. */
export type CommitSig =
  | { readonly flag: 'absent' }
  | {
      readonly flag: 'commit' | 'nil'
      /** 20 bytes. */
      readonly address: Bytes.Bytes
      /** Nanoseconds since 1970. */
      readonly time: bigint
      /** 64 bytes: ed25519. */
      readonly signature: Bytes.Bytes
    }

/** The precommits for a block, by validator index (`spec/core/data_structures.md`, "Commit"). */
export interface Commit {
  readonly height: bigint
  /** 32 bits. */
  readonly round: number
  readonly blockId: BlockId.BlockId
  readonly signatures: readonly CommitSig[]
}

/** `BlockIDFlag` of CometBFT. */
export const FLAGS = ['unknown', 'absent', 'commit', 'nil'] as const

/** A commit's hash, which the next header carries (`spec/core/data_structures.md`, "LastCommitHash"). */
export function hash(commit: Commit): Bytes.Hash32 {
  return MerkleTree.root(commit.signatures.map(encodeSig))
}

/**
 * Checks what a commit must fulfil by itself (CometBFT `Commit.ValidateBasic`).
 *
 * Refusals: `commit-height`, `commit-round`, `commit-block-id`, `commit-size` (no votes, or more than 10,000), `commit-vote` (an
 * address that isn't 20 bytes, or a signature that isn't 64), `commit-time` (A36).
 */
export function check(commit: Commit): Verdict.Verdict<Commit> {
  const { height, round, blockId, signatures } = commit
  if (height < 1n || height > 0x7fff_ffff_ffff_ffffn)
    return Verdict.refuse('commit-height', `no block has height ${height}`, { height })
  if (!Number.isInteger(round) || round < 0 || round > 0x7fff_ffff)
    return Verdict.refuse('commit-round', `no round has number ${round}`, { round })
  if (!BlockId.isComplete(blockId))
    return Verdict.refuse('commit-block-id', 'the commit names no block, or not the whole of one')
  if (signatures.length === 0 || signatures.length > MAX_VALIDATORS)
    return Verdict.refuse('commit-size', `a commit has 1 to ${MAX_VALIDATORS} votes`, {
      received: signatures.length,
    })
  for (const [index, vote] of signatures.entries()) {
    if (vote.flag === 'absent') continue
    if (vote.address.length !== 20 || vote.signature.length !== 64)
      return Verdict.refuse('commit-vote', `vote ${index} has no address of 20 and signature of 64 bytes`, {
        index,
      })
    if (!Timestamp.isValid(vote.time))
      return Verdict.refuse('commit-time', `the time of vote ${index} lies outside years 1 to 9999`, {
        index,
      })
  }
  return Verdict.accept(commit)
}

/** Writes `tendermint.types.Commit`. */
export function encode({ height, round, blockId, signatures }: Commit): Bytes.Bytes {
  return join([
    wire.integer(1, height),
    wire.integer(2, round),
    wire.message(3, BlockId.encode(blockId)),
    ...signatures.map((vote) => wire.message(4, encodeSig(vote))),
  ])
}

/** Reads `tendermint.types.Commit` in its one encoding; an absent vote that carries anything is refused. Refusal: `protobuf`. */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Commit> {
  return wire.decode(bytes, read)
}

/** Reads `Commit` (CometBFT, `types.proto`); the caller judges it. */
export function read(reader: wire.Reader): Commit {
  return {
    height: wire.readInt64(reader, 1),
    round: wire.readInt32(reader, 2),
    blockId: wire.readRequired(reader, 3, BlockId.read, BlockId.ZERO),
    signatures: wire.readMany(reader, 4, readSig),
  }
}

function encodeSig(vote: CommitSig): Bytes.Bytes {
  if (vote.flag === 'absent')
    return join([wire.integer(1, 1), wire.message(3, Timestamp.encode(Timestamp.ZERO))])
  return join([
    wire.integer(1, FLAGS.indexOf(vote.flag)),
    wire.bytes(2, vote.address),
    wire.message(3, Timestamp.encode(vote.time)),
    wire.bytes(4, vote.signature),
  ])
}

function readSig(reader: wire.Reader): CommitSig {
  const flag = FLAGS[wire.readUint32(reader, 1)] ?? 'unknown'
  const address = wire.readBytes(reader, 2)
  const time = wire.readRequired(reader, 3, Timestamp.read, Timestamp.ZERO)
  const signature = wire.readBytes(reader, 4)
  if (flag === 'commit' || flag === 'nil') return { flag, address, time, signature }
  if (flag === 'unknown') wire.fail(reader, 'a vote of unknown kind')
  if (address.length > 0 || signature.length > 0 || time !== Timestamp.ZERO)
    wire.fail(reader, 'an absent vote that carries something')
  return { flag: 'absent' }
}
