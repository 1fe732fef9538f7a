import { Bytes, Verdict } from '@aitbc/core'
import * as Cursor from '../internal/cursor.js'
import { join } from '../internal/join.js'
import { siphash } from '../internal/siphash.js'
import type { Block } from './Block.js'
import * as BlockHeader from './BlockHeader.js'
import * as Hash256 from './Hash256.js'
import * as Transaction from './Transaction.js'

/** Bits of a remainder, and one over the rate of false matches (BIP-158, "Block Filters": basic filter). */
const P = 19
const M = 784_931n
const OP_RETURN = 0x6a

/** A basic block filter (BIP-158): which scripts a block may pay to or spend from. A match may be false, a miss never is. */
export interface BlockFilter {
  /** Of the block, in the order of the protocol: the filter is keyed by it. */
  readonly blockHash: Bytes.Hash32
  /** Scripts in it. */
  readonly count: number
  /** As `cfilter` carries it: the count, and the sorted hashes as Golomb-Rice coded differences. */
  readonly bytes: Bytes.Bytes
}

/**
 * Reads a filter of a block; total and canonical, and of constant memory: what it finds stays coded.
 *
 * Nothing in a block commits to its filter: it is as good as the filter header that the caller trusts ({@link verifyHeaders}), or
 * is checked against the whole block ({@link verify}). Refusals: `filter-block`, `filter-encoding`, `filter-range`.
 *
 * @example
 * import { BlockFilter } from '@aitbc/proofs/bitcoin'
 * BlockFilter.decode(Uint8Array.of(0), new Uint8Array(32)).ok // true
 */
export function decode(bytes: Bytes.Bytes, blockHash: Bytes.Hash32): Verdict.Verdict<BlockFilter> {
  if (blockHash.length !== 32)
    return Verdict.refuse('filter-block', `a block hash has 32 bytes, got ${blockHash.length}`)
  const cursor = Cursor.from(bytes)
  const count = Cursor.compactSize(cursor)
  const bits = 8 * (bytes.length - cursor.at)
  // Each element takes a bit for its quotient at least: a larger count can't be meant.
  if (cursor.failed || count * (P + 1) > bits)
    return Verdict.refuse('filter-encoding', `${bytes.length} bytes hold no filter of ${count} elements`)
  const reader = readerOf(bytes, cursor.at)
  const range = Number(BigInt(count) * M)
  for (let i = 0; i < count; i++) if (next(reader) >= range) break
  if (reader.ended) return Verdict.refuse('filter-encoding', 'the filter ends within an element')
  if (reader.value >= range && count > 0)
    return Verdict.refuse('filter-range', `an element is not below ${range}, the range of ${count} elements`)
  if (!isPadding(reader))
    return Verdict.refuse('filter-encoding', 'the filter goes on after its last element')
  return Verdict.accept({ blockHash: Bytes.copy(blockHash), count, bytes: Bytes.copy(bytes) })
}

/**
 * Builds the filter of a block from it and the scripts that its inputs spend, those of the coinbase aside, in the block's order.
 *
 * Refusal: `filter-spent` where another number of scripts came than the block has inputs.
 */
export function from(block: Block, spent: readonly Bytes.Bytes[]): Verdict.Verdict<BlockFilter> {
  const inputs = block.transactions
    .filter((transaction) => !Transaction.isCoinbase(transaction))
    .reduce((sum, { inputs }) => sum + inputs.length, 0)
  if (spent.length !== inputs)
    return Verdict.refuse('filter-spent', `the block spends ${inputs} outputs, got ${spent.length} scripts`)
  const scripts = new Map<string, Bytes.Bytes>()
  const add = (script: Bytes.Bytes) => scripts.set(Bytes.toHex(script), script)
  for (const { outputs } of block.transactions)
    for (const { script } of outputs) if (script.length > 0 && script[0] !== OP_RETURN) add(script)
  for (const script of spent) if (script.length > 0) add(script)
  const blockHash = BlockHeader.hash(block.header)
  const values = hashes(blockHash, scripts.size, [...scripts.values()])
  return Verdict.accept({
    blockHash,
    count: scripts.size,
    bytes: join([Transaction.compactSize(scripts.size), encode(values)]),
  })
}

/**
 * Decides whether a filter is that of a block, by building it again from the whole block and what it spends.
 *
 * Refusals: `filter-block`, `filter-mismatch`, and that of {@link from}.
 */
export function verify(
  filter: BlockFilter,
  block: Block,
  spent: readonly Bytes.Bytes[],
): Verdict.Verdict<BlockFilter> {
  if (!Bytes.equal(filter.blockHash, BlockHeader.hash(block.header)))
    return Verdict.refuse('filter-block', 'the filter is of another block')
  const own = from(block, spent)
  if (!own.ok) return own
  if (!Bytes.equal(own.value.bytes, filter.bytes))
    return Verdict.refuse('filter-mismatch', "the filter isn't that of the block's scripts")
  return own
}

/** Tells whether a script may be in the block. */
export function match(filter: BlockFilter, script: Bytes.Bytes): boolean {
  return matchAny(filter, [script])
}

/** Tells whether any of these scripts may be in the block; one pass over the filter for all of them. */
export function matchAny(filter: BlockFilter, scripts: readonly Bytes.Bytes[]): boolean {
  const { blockHash, bytes, count } = filter
  const wanted = hashes(blockHash, count, scripts)
  const reader = readerOf(bytes, Transaction.compactSize(count).length)
  let at = 0
  for (let i = 0; i < count && at < wanted.length; i++) {
    const value = next(reader)
    while (at < wanted.length && (wanted[at] as number) < value) at++
    if (wanted[at] === value) return true
  }
  return false
}

/** A filter's hash, which its header commits to (BIP-157, "Filter Headers"). */
export function hash(filter: BlockFilter): Bytes.Hash32 {
  return Hash256.of(filter.bytes)
}

/** A filter's header: its hash joined with the header before; 32 zero bytes come before that of the genesis block. */
export function header(filterHash: Bytes.Hash32, previous: Bytes.Hash32): Bytes.Hash32 {
  return Hash256.ofPair(filterHash, previous)
}

/**
 * Checks what a `cfheaders` message says: filter hashes on top of a filter header that the caller has, up to one that the caller
 * trusts. Gives the header of each. Refusals: `filter-hash`, `filter-header`.
 */
export function verifyHeaders(
  filterHashes: readonly Bytes.Hash32[],
  { previous, trusted }: { readonly previous: Bytes.Hash32; readonly trusted: Bytes.Hash32 },
): Verdict.Verdict<readonly Bytes.Hash32[]> {
  const headers: Bytes.Hash32[] = []
  let last = previous
  for (const [i, filterHash] of filterHashes.entries()) {
    if (filterHash.length !== 32)
      return Verdict.refuse('filter-hash', `hash ${i} must be 32 bytes, got ${filterHash.length}`, {
        index: i,
      })
    last = header(filterHash, last)
    headers.push(last)
  }
  if (!Bytes.equal(last, trusted))
    return Verdict.refuse('filter-header', "the filters' hashes lead to another header than the trusted one")
  return Verdict.accept(headers)
}

/** Where scripts fall in the range of a filter (BIP-158, "Hashing Data Objects"), in order. */
function hashes(blockHash: Bytes.Hash32, count: number, scripts: readonly Bytes.Bytes[]): readonly number[] {
  const key = blockHash.slice(0, 16)
  const range = BigInt(count) * M
  return scripts.map((script) => Number((siphash(key, script) * range) >> 64n)).sort((a, b) => a - b)
}

/** Golomb-Rice codes the differences of sorted numbers (BIP-158, "Golomb-Rice Coding"). */
function encode(values: readonly number[]): Bytes.Bytes {
  const quotient = (delta: number) => Math.floor(delta / 2 ** P)
  let bits = 0
  let last = 0
  for (const value of values) {
    bits += quotient(value - last) + 1 + P
    last = value
  }
  const out = new Uint8Array((bits + 7) >> 3)
  let at = 0
  const put = (bit: number) => {
    out[at >> 3] = (out[at >> 3] as number) | (bit << (7 - (at & 7)))
    at++
  }
  last = 0
  for (const value of values) {
    const delta = value - last
    for (let i = quotient(delta); i > 0; i--) put(1)
    put(0)
    for (let i = P - 1; i >= 0; i--) put((delta >>> i) & 1)
    last = value
  }
  return out
}

interface Reader {
  readonly bytes: Bytes.Bytes
  /** In bits. */
  at: number
  /** The last element read. */
  value: number
  ended: boolean
}

function readerOf(bytes: Bytes.Bytes, from: number): Reader {
  return { bytes, at: 8 * from, value: 0, ended: false }
}

function bit(reader: Reader): number {
  const byte = reader.bytes[reader.at >> 3]
  if (byte === undefined) {
    reader.ended = true
    return 0
  }
  return (byte >> (7 - (reader.at++ & 7))) & 1
}

function next(reader: Reader): number {
  let quotient = 0
  while (bit(reader) === 1) quotient++
  let rest = 0
  for (let i = 0; i < P; i++) rest = (rest << 1) | bit(reader)
  reader.value += quotient * 2 ** P + rest
  return reader.value
}

/** Tells whether fewer than eight bits are left, all of them zero. */
function isPadding(reader: Reader): boolean {
  const left = 8 * reader.bytes.length - reader.at
  if (left >= 8) return false
  for (let i = 0; i < left; i++) if (bit(reader) === 1) return false
  return true
}
