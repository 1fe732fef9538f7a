import { Bytes, Verdict } from '@aitbc/core'
import { blake2b } from '@noble/hashes/blake2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as base58 from '../internal/base58.js'
import { join } from '../internal/join.js'

/** What an SS58 address says. */
export interface Account {
  /** The chain that it is for. */
  readonly prefix: number
  /** The account itself: 32 bytes, one for all chains. */
  readonly account: Bytes.Bytes32
}

const CONTEXT = /* @__PURE__ */ new TextEncoder().encode('SS58PRE')
/** An address of 32 bytes takes at most 50 characters; the work grows with the square. */
const MAX_LENGTH = 64
/** Last bytes of an account that stands for an address of 20 bytes (pallet-revive, `AccountId32Mapper`). */
const FILLER = 0xee

/**
 * Reads the one SS58 address of an account of 32 bytes. Refusals: `ss58-characters`, `ss58-prefix` (reserved, or not in its shortest form),
 * `ss58-length`, `ss58-checksum`.
 *
 * @example
 * import { Account } from '@aitbc/proofs/revive'
 * Account.decode('5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY').ok // true
 */
export function decode(text: string): Verdict.Verdict<Account> {
  const bytes = text.length > MAX_LENGTH ? text : base58.decode(text)
  if (typeof bytes === 'string') return Verdict.refuse('ss58-characters', 'it is no Base58')
  const [first = 0, second = 0] = bytes
  const length = first < 64 ? 1 : 2
  const prefix = length === 1 ? first : ((first & 0x3f) << 2) | (second >> 6) | ((second & 0x3f) << 8)
  if (first >= 128) return Verdict.refuse('ss58-prefix', 'its prefix is reserved')
  if (length === 2 && prefix < 64)
    return Verdict.refuse('ss58-prefix', 'its prefix is not in the shortest form')
  if (bytes.length !== length + 34) return Verdict.refuse('ss58-length', 'it is of another length')
  const body = bytes.slice(0, -2)
  return Bytes.equal(checksum(body), bytes.slice(-2))
    ? Verdict.accept({ prefix, account: body.slice(length) })
    : Verdict.refuse('ss58-checksum', 'its checksum is wrong')
}

/** Writes an account as SS58; `prefix` is below 16,384. */
export function encode({ prefix, account }: Account): string {
  const head = prefix < 64 ? [prefix] : [0x40 | ((prefix >> 2) & 0x3f), (prefix >> 8) | ((prefix & 3) << 6)]
  const body = join([Uint8Array.from(head), account])
  return base58.encode(join([body, checksum(body)]))
}

/**
 * The address of 20 bytes by which contracts know an account (pallet-revive, `AccountId32Mapper`): the last 20 bytes of its keccak-256, or
 * the first 20 where the account stands for such an address itself.
 */
export function toH160(account: Bytes.Bytes32): Bytes.Bytes {
  return standsForH160(account) ? account.slice(0, 20) : keccak_256(account).slice(12)
}

/** The account that stands for an address of 20 bytes that nobody mapped: no key of 32 bytes signs for it. */
export function fallback(h160: Bytes.Bytes): Bytes.Bytes32 {
  return join([h160, new Uint8Array(12).fill(FILLER)])
}

/** Whether an account stands for an address of 20 bytes. */
export function standsForH160(account: Bytes.Bytes32): boolean {
  return account.slice(20).every((byte) => byte === FILLER)
}

function checksum(body: Bytes.Bytes): Bytes.Bytes {
  return blake2b(join([CONTEXT, body])).slice(0, 2)
}
