import type { Bytes } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as BlockId from './BlockId.js'
import * as wire from './internal/wire.js'
import * as Timestamp from './Timestamp.js'

/** `SignedMsgType` of CometBFT: what a vote is for. */
export const TYPES = { unknown: 0, prevote: 1, precommit: 2 } as const

/** A vote (`spec/core/data_structures.md`, "Vote"); a nil vote has {@link BlockId.ZERO}. */
export interface Vote {
  readonly type: keyof typeof TYPES
  readonly height: bigint
  readonly round: bigint
  readonly blockId: BlockId.BlockId
  /** Nanoseconds since 1970. */
  readonly time: bigint
}

/**
 * What a validator signs for a vote: `CanonicalVote` behind its length (`spec/core/encoding.md`, "CanonicalVote"). Vote
 * extensions are signed on their own.
 *
 * @example
 * import { BlockId, Timestamp, Vote } from '@aitbc/proofs/tendermint'
 * const vote = { type: 'precommit', height: 1n, round: 0n, blockId: BlockId.ZERO, time: Timestamp.ZERO } as const
 * Vote.signBytes('chain', vote).length // 32
 */
export function signBytes(chainId: string, vote: Vote): Bytes.Bytes {
  return signer(chainId, vote)(vote.time)
}

/** {@link signBytes} for votes that differ by their time only, as those of a commit do. */
export function signer(chainId: string, vote: Omit<Vote, 'time'>): (time: bigint) => Bytes.Bytes {
  const { type, height, round, blockId } = vote
  const before = join([
    wire.integer(1, TYPES[type]),
    wire.sfixed64(2, height),
    wire.sfixed64(3, round),
    ...(BlockId.isZero(blockId) ? [] : [wire.message(4, BlockId.encode(blockId))]),
  ])
  const after = wire.text(6, chainId)
  return (time) => wire.delimited(join([before, wire.message(5, Timestamp.encode(time)), after]))
}
