import type { Bytes } from '@aitbc/core'

/** White space as Python's `str.strip` takes it off, which isn't JavaScript's. */
const WHITE = '[\\t-\\r\\u001c- \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const SPACE = /* @__PURE__ */ new RegExp(WHITE)
const HEX_SPELLING = /^(?:0x|ait1|aitbc1)([0-9a-f]{40})$/
const LONG_0X = /^0x(.{40})$/su

/** Where bonds are locked: `ait1` and the first 40 hex digits of keccak256 of `aitbc.bond.escrow`; a node may be told otherwise. */
export const BOND_ESCROW = 'ait173c3b1e1762f5cfbfdf6a5181a09399c4b37c411'
/** Where slashed bonds go: the same of `aitbc.bond.burn`. */
export const BOND_BURN = 'ait1f692dddeffe395394ac4f444504a1bdad95cf123'
/** Holder of the settlement's locks: a name, not an address. */
export const HTLC_ESCROW = '0xhtlc_contract_0000000000000000000000000000000000000'

/** A text without the white space around it, as the node trims. */
export function trim(text: string): string {
  let from = 0
  let to = text.length
  // One look at each end: an expression for both would try every run of white space within.
  while (SPACE.test(text.charAt(from))) from++
  while (SPACE.test(text.charAt(to - 1))) to--
  return text.slice(from, to)
}

/**
 * The form by which two spellings of an account are compared: trimmed and in lower case, `ait1` and `aitbc1` before 40 hex digits as
 * `0x`. Any other text is a literal account name. The prefixes are plain text, no bech32.
 *
 * @example
 * import { Account } from '@aitbc/proofs/aitbc'
 * Account.compare('aitbc12b54cCAf70e12fdb1e0d169C86381c2AA35D1Df4') // '0x2b54ccaf70e12fdb1e0d169c86381c2aa35d1df4'
 */
export function compare(text: string): string {
  const lower = trim(text).toLowerCase()
  const hex = HEX_SPELLING.exec(lower)?.[1]
  return hex === undefined ? lower : `0x${hex}`
}

/**
 * The form in which the chain's account table holds an account: `ait1` before what follows `0x` in {@link compare}, hex digits or
 * not, where that is 40 characters.
 *
 * @example
 * import { Account } from '@aitbc/proofs/aitbc'
 * Account.stored('0x2b54cCAf70e12fdb1e0d169C86381c2AA35D1Df4') // 'ait12b54ccaf70e12fdb1e0d169c86381c2aa35d1df4'
 */
export function stored(text: string): string {
  const form = compare(text)
  const rest = LONG_0X.exec(form)?.[1]
  return rest === undefined ? form : `ait1${rest}`
}

/** All spellings under which the chain looks an account up, the stored one first. */
export function spellings(text: string): readonly string[] {
  const form = stored(text)
  const rest = /^ait1(.{40})$/su.exec(form)?.[1]
  return rest === undefined ? [form] : [form, `0x${rest}`, `aitbc1${rest}`]
}

/** Tells whether a text spells an address of 20 bytes; others are account names. */
export function isAddress(text: string): boolean {
  return HEX_SPELLING.test(trim(text).toLowerCase())
}

/** Tells whether two texts spell one account. */
export function same(a: string, b: string): boolean {
  return compare(a) === compare(b)
}

/** The key of an account in the state trie: the stored form's UTF-8. */
export function key(text: string): Bytes.Bytes {
  return new TextEncoder().encode(stored(text))
}
