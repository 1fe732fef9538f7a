import { type Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as BlockId from './BlockId.js'
import * as wire from './internal/wire.js'
import * as MerkleTree from './MerkleTree.js'
import * as Timestamp from './Timestamp.js'

/** A block header of CometBFT (`spec/core/data_structures.md`, "Header"). Hashes are 32 bytes, or none where the spec has none. */
export interface Header {
  readonly version: { readonly block: bigint; readonly app: bigint }
  readonly chainId: string
  readonly height: bigint
  /** Nanoseconds since 1970. */
  readonly time: bigint
  readonly lastBlockId: BlockId.BlockId
  readonly lastCommitHash: Bytes.Bytes
  readonly dataHash: Bytes.Bytes
  readonly validatorsHash: Bytes.Bytes
  readonly nextValidatorsHash: Bytes.Bytes
  readonly consensusHash: Bytes.Bytes
  /** Root of the application's state after the block before this one. Its length is the application's choice. */
  readonly appHash: Bytes.Bytes
  readonly lastResultsHash: Bytes.Bytes
  readonly evidenceHash: Bytes.Bytes
  /** 20 bytes. */
  readonly proposerAddress: Bytes.Bytes
}

/** Version of the block protocol that this code knows (`version/version.go`, `BlockProtocol`). */
export const BLOCK_PROTOCOL = 11n
const MAX_CHAIN_ID = 50

/**
 * A header's hash: the Merkle root over its fourteen encoded fields (`spec/core/encoding.md`, `Header`).
 */
export function hash(header: Header): Bytes.Hash32 {
  return MerkleTree.root([
    versionOf(header),
    wire.text(1, header.chainId),
    wire.integer(1, header.height),
    Timestamp.encode(header.time),
    BlockId.encode(header.lastBlockId),
    ...[
      header.lastCommitHash,
      header.dataHash,
      header.validatorsHash,
      header.nextValidatorsHash,
      header.consensusHash,
      header.appHash,
      header.lastResultsHash,
      header.evidenceHash,
      header.proposerAddress,
    ].map((value) => wire.bytes(1, value)),
  ])
}

/**
 * Checks what a header must fulfil by itself.
 *
 * Refusals: `header-version`, `header-chain-id`, `header-height`, `header-time`, `header-field` (a hash or an address of
 * another length).
 */
export function check(header: Header): Verdict.Verdict<Header> {
  const { version, chainId, height, time } = header
  if (version.block !== BLOCK_PROTOCOL)
    return Verdict.refuse('header-version', `block protocol ${BLOCK_PROTOCOL} is known, got ${version.block}`)
  if (chainId.length === 0 || chainId.length > MAX_CHAIN_ID)
    return Verdict.refuse('header-chain-id', `a chain id has 1 to ${MAX_CHAIN_ID} characters`, { chainId })
  if (height < 1n || height > 0x7fff_ffff_ffff_ffffn)
    return Verdict.refuse('header-height', `no block has height ${height}`, { height })
  if (!Timestamp.isValid(time))
    return Verdict.refuse('header-time', `${time} ns lies outside years 1 to 9999`, { time })
  const { lastBlockId } = header
  if (!BlockId.isZero(lastBlockId) && !BlockId.isComplete(lastBlockId))
    return Verdict.refuse('header-field', 'lastBlockId is neither whole nor zero', { field: 'lastBlockId' })
  for (const field of HASHES)
    if (header[field].length !== 32 && header[field].length !== 0)
      return Verdict.refuse('header-field', `${field} has ${header[field].length} bytes`, { field })
  for (const field of ['validatorsHash', 'nextValidatorsHash', 'consensusHash'] as const)
    if (header[field].length !== 32) return Verdict.refuse('header-field', `${field} is missing`, { field })
  if (header.proposerAddress.length !== 20)
    return Verdict.refuse('header-field', 'proposerAddress has 20 bytes', { field: 'proposerAddress' })
  return Verdict.accept(header)
}

const HASHES = [
  'lastCommitHash',
  'dataHash',
  'validatorsHash',
  'nextValidatorsHash',
  'consensusHash',
  'lastResultsHash',
  'evidenceHash',
] as const

/** Writes `tendermint.types.Header`. */
export function encode(header: Header): Bytes.Bytes {
  return join([
    wire.message(1, versionOf(header)),
    wire.text(2, header.chainId),
    wire.integer(3, header.height),
    wire.message(4, Timestamp.encode(header.time)),
    wire.message(5, BlockId.encode(header.lastBlockId)),
    wire.bytes(6, header.lastCommitHash),
    wire.bytes(7, header.dataHash),
    wire.bytes(8, header.validatorsHash),
    wire.bytes(9, header.nextValidatorsHash),
    wire.bytes(10, header.consensusHash),
    wire.bytes(11, header.appHash),
    wire.bytes(12, header.lastResultsHash),
    wire.bytes(13, header.evidenceHash),
    wire.bytes(14, header.proposerAddress),
  ])
}

/** Reads `tendermint.types.Header` in its one encoding. Refusal: `protobuf`. */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Header> {
  return wire.decode(bytes, read)
}

/** Reads `Header` (CometBFT, `types.proto`); the caller judges it. */
export function read(reader: wire.Reader): Header {
  return {
    version: wire.readRequired(
      reader,
      1,
      (inner) => ({ block: wire.readUint64(inner, 1), app: wire.readUint64(inner, 2) }),
      { block: 0n, app: 0n },
    ),
    chainId: wire.readText(reader, 2),
    height: wire.readInt64(reader, 3),
    time: wire.readRequired(reader, 4, Timestamp.read, 0n),
    lastBlockId: wire.readRequired(reader, 5, BlockId.read, BlockId.ZERO),
    lastCommitHash: wire.readBytes(reader, 6),
    dataHash: wire.readBytes(reader, 7),
    validatorsHash: wire.readBytes(reader, 8),
    nextValidatorsHash: wire.readBytes(reader, 9),
    consensusHash: wire.readBytes(reader, 10),
    appHash: wire.readBytes(reader, 11),
    lastResultsHash: wire.readBytes(reader, 12),
    evidenceHash: wire.readBytes(reader, 13),
    proposerAddress: wire.readBytes(reader, 14),
  }
}

function versionOf({ version }: Header): Bytes.Bytes {
  return join([wire.integer(1, version.block), wire.integer(2, version.app)])
}
