import { Bytes, Verdict } from '@aitbc/core'
import { blake3 } from '@noble/hashes/blake3.js'
import { join } from '../internal/join.js'
import * as Reader from './internal/reader.js'
import * as Write from './internal/write.js'

/** How many addresses sign, and how many of each part are read only. */
export interface Header {
  readonly signatures: number
  readonly readonlySigned: number
  readonly readonlyUnsigned: number
}

/** A call of a program; accounts are told by their index (static addresses, then writable and then read-only looked-up ones). */
export interface Instruction {
  readonly program: number
  /** One byte an account. */
  readonly accounts: Bytes.Bytes
  readonly data: Bytes.Bytes
}

/** Addresses loaded from a table on the chain, one byte an index. */
export interface Lookup {
  readonly table: Bytes.Bytes32
  readonly writable: Bytes.Bytes
  readonly readonly: Bytes.Bytes
}

/** What is signed: a message of the legacy form, or of version 0 with its lookups. */
export interface Message {
  readonly version: 'legacy' | 0
  readonly header: Header
  readonly addresses: readonly Bytes.Bytes32[]
  /** A recent block's hash, or a nonce. */
  readonly lifetime: Bytes.Hash32
  readonly instructions: readonly Instruction[]
  /** Empty in the legacy form. */
  readonly lookups: readonly Lookup[]
}

/** An account of a message. What a table held when the transaction ran isn't known from it (A50). */
export type Account =
  | {
      readonly kind: 'static'
      readonly address: Bytes.Bytes32
      readonly signer: boolean
      readonly writable: boolean
    }
  | {
      readonly kind: 'lookup'
      readonly table: Bytes.Bytes32
      readonly index: number
      readonly writable: boolean
    }

/** Accounts are told by one byte. */
const MAX_ACCOUNTS = 256
const PREFIX = /* @__PURE__ */ new TextEncoder().encode('solana-tx-message-v1')

/**
 * Reads a message to its last byte: total, in the one form that encodes it.
 *
 * Refusals: `message-version` (neither legacy nor 0), `truncated`, `compact-u16`, `trailing-bytes`, and those of {@link check}.
 *
 * @example
 * import { Message } from '@aitbc/proofs/solana'
 * Message.decode(new Uint8Array(0)) // { ok: false, refusal: { check: 'truncated', ... } }
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<Message> {
  const reader = Reader.from(bytes)
  const message = read(reader)
  const whole = Reader.finish(reader, message)
  return whole.ok ? check(whole.value) : whole
}

/** Reads a message where a reader stands, without its rules. */
export function read(reader: Reader.Reader): Message {
  const first = Reader.u8(reader)
  const version = first < 0x80 ? 'legacy' : 0
  if (first > 0x80) Reader.refuse(reader, 'message-version', `version ${first & 0x7f} isn't known`)
  const header = {
    signatures: version === 0 ? Reader.u8(reader) : first,
    readonlySigned: Reader.u8(reader),
    readonlyUnsigned: Reader.u8(reader),
  }
  const addresses = Reader.list(reader, Reader.compactU16(reader), 32, (it) => Reader.take(it, 32))
  const lifetime = Reader.take(reader, 32)
  const instructions = Reader.list(reader, Reader.compactU16(reader), 3, (it) => ({
    program: Reader.u8(it),
    accounts: Reader.take(it, Reader.compactU16(it)),
    data: Reader.take(it, Reader.compactU16(it)),
  }))
  const lookups =
    version === 'legacy'
      ? []
      : Reader.list(reader, Reader.compactU16(reader), 34, (it) => ({
          table: Reader.take(it, 32),
          writable: Reader.take(it, Reader.compactU16(it)),
          readonly: Reader.take(it, Reader.compactU16(it)),
        }))
  return { version, header, addresses, lifetime, instructions, lookups }
}

/**
 * The rules of a message, those of the runtime's `sanitize` and, of addresses, that none comes twice (A50).
 *
 * Refusals: `header-bounds` (more signers and read-only accounts than addresses), `fee-payer` (nobody, or only read-only signers),
 * `account-count` (more than 256), `account-duplicate`, `lookup-empty`, `lookup-duplicate`, `program-index`, `account-index`.
 */
export function check(message: Message): Verdict.Verdict<Message> {
  const { header, addresses, instructions, lookups } = message
  if (header.signatures + header.readonlyUnsigned > addresses.length)
    return Verdict.refuse('header-bounds', `the header needs more than the ${addresses.length} addresses`)
  if (header.readonlySigned >= header.signatures)
    return Verdict.refuse('fee-payer', 'the first address must sign and be writable')
  const seen = new Set<string>()
  for (const address of addresses) seen.add(Bytes.toHex(address))
  if (seen.size !== addresses.length) return Verdict.refuse('account-duplicate', 'an address comes twice')
  let loaded = 0
  for (const { table, writable, readonly } of lookups) {
    const indexes = [...writable, ...readonly]
    if (indexes.length === 0)
      return Verdict.refuse('lookup-empty', 'a table is named and nothing taken from it')
    loaded += indexes.length
    for (const index of indexes) {
      const key = `${Bytes.toHex(table)}/${index}`
      if (seen.has(key)) return Verdict.refuse('lookup-duplicate', 'an entry of a table is loaded twice')
      seen.add(key)
    }
  }
  const count = addresses.length + loaded
  if (count > MAX_ACCOUNTS)
    return Verdict.refuse('account-count', `there are at most ${MAX_ACCOUNTS} accounts, got ${count}`)
  for (const { program, accounts } of instructions) {
    // Neither the payer nor a looked-up account can be a program.
    if (program === 0 || program >= addresses.length)
      return Verdict.refuse('program-index', `account ${program} can't be a program`)
    if (accounts.some((index) => index >= count))
      return Verdict.refuse('account-index', `there are ${count} accounts`)
  }
  return Verdict.accept(message)
}

/**
 * Writes a message; one that {@link decode} gave comes out byte for byte.
 *
 * @example
 * import { Message } from '@aitbc/proofs/solana'
 * declare const message: Message.Message
 * Message.encode(message)
 */
export function encode(message: Message): Bytes.Bytes {
  const { version, header, addresses, lifetime, instructions, lookups } = message
  const sized = (bytes: Bytes.Bytes) => [Write.varint(bytes.length), bytes]
  return join([
    ...(version === 0 ? [Uint8Array.of(0x80)] : []),
    Uint8Array.of(header.signatures, header.readonlySigned, header.readonlyUnsigned),
    Write.varint(addresses.length),
    ...addresses,
    lifetime,
    Write.varint(instructions.length),
    ...instructions.flatMap((it) => [Uint8Array.of(it.program), ...sized(it.accounts), ...sized(it.data)]),
    ...(version === 0
      ? [
          Write.varint(lookups.length),
          ...lookups.flatMap((it) => [it.table, ...sized(it.writable), ...sized(it.readonly)]),
        ]
      : []),
  ])
}

/** The hash by which the runtime tells messages apart: BLAKE3 of `solana-tx-message-v1` and the message. */
export function hash(message: Message): Bytes.Hash32 {
  return blake3(join([PREFIX, encode(message)]))
}

/**
 * The account behind an index of an instruction. Refusal: `account-index`.
 *
 * @example
 * import { Message } from '@aitbc/proofs/solana'
 * declare const message: Message.Message
 * Message.account(message, 0) // the fee payer
 */
export function account(message: Message, index: number): Verdict.Verdict<Account> {
  const { header, addresses, lookups } = message
  const address = addresses[index]
  if (address !== undefined) {
    const signer = index < header.signatures
    const writable = signer
      ? index < header.signatures - header.readonlySigned
      : index < addresses.length - header.readonlyUnsigned
    return Verdict.accept({ kind: 'static', address, signer, writable })
  }
  let at = addresses.length
  for (const writable of [true, false])
    for (const lookup of lookups) {
      const indexes = writable ? lookup.writable : lookup.readonly
      const entry = indexes[index - at]
      if (entry !== undefined)
        return Verdict.accept({ kind: 'lookup', table: lookup.table, index: entry, writable })
      at += indexes.length
    }
  return Verdict.refuse('account-index', `there are ${at} accounts, got the index ${index}`)
}
