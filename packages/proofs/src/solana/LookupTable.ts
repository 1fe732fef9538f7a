import { type Bytes, Verdict } from '@aitbc/core'
import { join } from '../internal/join.js'
import * as Reader from './internal/reader.js'
import * as Write from './internal/write.js'
import type * as Message from './Message.js'

/** Bytes before the addresses. */
const META_SIZE = 56
/** A table that isn't closing. */
const OPEN = 0xffff_ffff_ffff_ffffn
/** An index is one byte. */
const MAX_ADDRESSES = 256

/** An account of the address lookup table program. Its content is what somebody told: nothing on Solana proves state. */
export interface LookupTable {
  /** The slot in which it was closed; `undefined` while it is open. */
  readonly closedAt: bigint | undefined
  readonly extendedAt: bigint
  /** First address of the extension in `extendedAt`. */
  readonly extendedFrom: number
  /** Who may change it; nobody once it is frozen. */
  readonly authority: Bytes.Bytes32 | undefined
  readonly addresses: readonly Bytes.Bytes32[]
}

/**
 * Reads the data of a lookup table's account; total.
 *
 * Refusals: `lookup-state` (not initialised), `lookup-padding` (bytes that mean nothing must be zero), `lookup-size` (no whole number
 * of addresses, or more than 256), `option-flag`, `truncated`.
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<LookupTable> {
  const reader = Reader.from(bytes)
  const state = Reader.u32(reader)
  if (state !== 1) Reader.refuse(reader, 'lookup-state', `a table in use has state 1, got ${state}`)
  const closed = Reader.u64(reader)
  const extendedAt = Reader.u64(reader)
  const extendedFrom = Reader.u8(reader)
  const authority = Reader.option(reader, (it) => Reader.take(it, 32))
  const padding = Reader.take(reader, META_SIZE - reader.at)
  if (padding.some((byte) => byte !== 0)) Reader.refuse(reader, 'lookup-padding', 'padding must be zero')
  const count = (bytes.length - META_SIZE) / 32
  if (!Number.isInteger(count) || count > MAX_ADDRESSES)
    Reader.refuse(reader, 'lookup-size', `${bytes.length} bytes are no table`)
  const addresses = Reader.list(reader, Math.max(0, Math.floor(count)), 32, (it) => Reader.take(it, 32))
  return Reader.finish(reader, {
    closedAt: closed === OPEN ? undefined : closed,
    extendedAt,
    extendedFrom,
    authority,
    addresses,
  })
}

/** Writes the data of a lookup table's account. */
export function encode(table: LookupTable): Bytes.Bytes {
  const { closedAt, extendedAt, extendedFrom, authority, addresses } = table
  const meta = join([
    Write.little(1, 4),
    Write.little(closedAt ?? OPEN, 8),
    Write.little(extendedAt, 8),
    Uint8Array.of(extendedFrom, authority === undefined ? 0 : 1),
    authority ?? new Uint8Array(0),
  ])
  return join([meta, new Uint8Array(META_SIZE - meta.length), ...addresses])
}

/** The addresses that a lookup names. */
export interface Resolved {
  readonly writable: readonly Bytes.Bytes32[]
  readonly readonly: readonly Bytes.Bytes32[]
}

/**
 * Takes what a lookup names from a table, as of the slot of the transaction (A50). The answer is as good as whoever told the table.
 *
 * Refusals: `lookup-closed` (a closing table changes nothing more, but can be gone and made anew), `lookup-fresh` (an address that
 * was added in that slot or later), `lookup-index`.
 */
export function resolve(
  table: LookupTable,
  lookup: Message.Lookup,
  { slot }: { readonly slot: bigint },
): Verdict.Verdict<Resolved> {
  if (table.closedAt !== undefined)
    return Verdict.refuse('lookup-closed', `the table was closed in slot ${table.closedAt}`)
  const indexes = [...lookup.writable, ...lookup.readonly]
  if (indexes.some((index) => index >= table.addresses.length))
    return Verdict.refuse('lookup-index', `the table has ${table.addresses.length} addresses`)
  if (table.extendedAt >= slot && indexes.some((index) => index >= table.extendedFrom))
    return Verdict.refuse('lookup-fresh', `the table was extended in slot ${table.extendedAt}`)
  const at = (index: number) => table.addresses[index] as Bytes.Bytes32
  return Verdict.accept({
    writable: Array.from(lookup.writable, at),
    readonly: Array.from(lookup.readonly, at),
  })
}
