import { Bytes } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as wire from './internal/wire.js'

/** Names a block: its header's hash and the parts it was gossiped in (CometBFT `spec/core/data_structures.md`, "BlockID"). */
export interface BlockId {
  /** 32 bytes; none for no block. */
  readonly hash: Bytes.Bytes
  readonly parts: {
    /** 32 bits. */
    readonly total: number
    readonly hash: Bytes.Bytes
  }
}

/** Names no block: what the first header has for its predecessor. */
export const ZERO: BlockId = { hash: new Uint8Array(0), parts: { total: 0, hash: new Uint8Array(0) } }

/** Tells whether a block id names no block. */
export function isZero(id: BlockId): boolean {
  return id.hash.length === 0 && id.parts.total === 0 && id.parts.hash.length === 0
}

/** Tells whether a block id is whole: two hashes of 32 bytes, and a part at least. */
export function isComplete(id: BlockId): boolean {
  return id.hash.length === 32 && id.parts.total > 0 && id.parts.hash.length === 32
}

/** Tells whether two name the same block, by hash and parts. */
export function equal(a: BlockId, b: BlockId): boolean {
  return (
    Bytes.equal(a.hash, b.hash) && a.parts.total === b.parts.total && Bytes.equal(a.parts.hash, b.parts.hash)
  )
}

/** Writes `BlockID`; `CanonicalBlockID`, which votes sign, has the same form. */
export function encode(id: BlockId): Bytes.Bytes {
  const parts = join([wire.integer(1, id.parts.total), wire.bytes(2, id.parts.hash)])
  return join([wire.bytes(1, id.hash), wire.message(2, parts)])
}

/** Reads `BlockID` (CometBFT, `types.proto`); the caller judges it. */
export function read(reader: wire.Reader): BlockId {
  const hash = wire.readBytes(reader, 1)
  const parts = wire.readRequired(
    reader,
    2,
    (inner) => ({ total: wire.readUint32(inner, 1), hash: wire.readBytes(inner, 2) }),
    ZERO.parts,
  )
  return { hash, parts }
}
