import { Bytes, Verdict } from '@aitbc/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { join } from '../internal/join.js'
import * as WalletSignature from './WalletSignature.js'

/** A member of a struct type. */
export interface Field {
  readonly name: string
  /** Such as `uint256`, `Person`, `bytes32[2][]`. */
  readonly type: string
}

/** Struct types by name. */
export type Types = Readonly<Record<string, readonly Field[]>>

/**
 * A value of some type: `bigint`, a safe integer or its decimal text for `uintN` and `intN`; bytes, or hex behind `0x`, for `bytes`,
 * `bytesN` and `address` (mixed case is EIP-55, and checked); a list for an array, an object with exactly the members for a struct.
 */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | Bytes.Bytes
  | readonly Value[]
  | { readonly [name: string]: Value }

/** What separates the messages of one application on one chain from all others (EIP-712, "Definition of domainSeparator"). */
export interface Domain {
  readonly name?: string
  readonly version?: string
  readonly chainId?: bigint | number | string
  readonly verifyingContract?: string | Bytes.Bytes
  readonly salt?: string | Bytes.Bytes
}

/** Typed structured data, as wallets show it (EIP-712). */
export interface TypedData {
  readonly domain: Domain
  readonly types: Types
  readonly primaryType: string
  readonly message: Value
}

/** Structs and arrays inside one another beyond which no data is read. */
export const DEPTH = 32
/** Struct types beyond which none is read: each may reach all others, and is hashed with them. */
export const MAX_TYPES = 256

const DOMAIN = 'EIP712Domain'

const DOMAIN_FIELDS: readonly Field[] = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
  { name: 'salt', type: 'bytes32' },
]

/** It has no UTF-8 form: an encoder would write another text. */
const LONE_SURROGATE = /\p{Surrogate}/u
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/
const ATOMIC = /^(?:bool|address|string|bytes|bytes([1-9]|[12]\d|3[0-2])|(u?)int(8|[1-9]\d{1,2}))$/
const ARRAY = /^(.+)\[([1-9]\d{0,8})?\]$/
/** A type, and its arrays from the inside out. */
const ARRAYS = /^([^[]+)((?:\[(?:[1-9]\d{0,8})?\])*)$/

/**
 * The digest that a wallet signs: Keccak-256 of `0x1901`, the domain's hash and the message's (EIP-712, "Specification"). Every
 * value is bound, or refused.
 *
 * Refusals: `type-name` (no identifier, or the name of an elementary type: A61, a name with a comma or a bracket would make two types
 * read the same), `type-field` (no identifier, or one twice), `type-unknown`, `domain-field` (unknown, or the types declare another
 * domain), `type-count` (more than {@link MAX_TYPES}), `value-missing`, `value-unknown` (a member that nothing would bind),
 * `value-type`, `value-length`, `depth`.
 *
 * @example
 * import { TypedData } from '@aitbc/proofs/attestation'
 * TypedData.digest({
 *   domain: { name: 'Ether Mail', chainId: 1n },
 *   types: { Mail: [{ name: 'contents', type: 'string' }] },
 *   primaryType: 'Mail',
 *   message: { contents: 'Hello, Bob!' },
 * }).ok // true
 */
export function digest({ domain, types, primaryType, message }: TypedData): Verdict.Verdict<Bytes.Hash32> {
  const separator = domainSeparator(domain, types)
  if (!separator.ok) return separator
  const struct = hashStruct(types, primaryType, message)
  return struct.ok
    ? Verdict.accept(keccak_256(Bytes.concat(Uint8Array.of(0x19, 0x01), separator.value, struct.value)))
    : struct
}

/**
 * Decides whether an address signed typed data for one chain, by a key of its own (65 or 64 bytes; for contracts see
 * `WalletSignature.contractCall`). Refusals: `domain-chain` (the domain names no chain or another: the signature would count
 * everywhere; A54, A61), those of {@link digest} and `WalletSignature.verify`.
 *
 * @example
 * import { TypedData } from '@aitbc/proofs/attestation'
 * const mail = { domain: {}, types: {}, primaryType: 'Mail', message: {} }
 * TypedData.verify(mail, new Uint8Array(65), new Uint8Array(20), 1n).ok // false: no chain
 */
export function verify(
  data: TypedData,
  signature: Bytes.Bytes,
  address: Bytes.Bytes,
  chain: bigint,
): Verdict.Verdict<Bytes.Hash32> {
  if (integer(data.domain.chainId, 256, false) !== chain)
    return Verdict.refuse('domain-chain', `the domain must name chain ${chain}`)
  const hash = digest(data)
  if (!hash.ok) return hash
  const signed = WalletSignature.verify(address, hash.value, signature)
  return signed.ok ? hash : signed
}

/** The hash of a domain, whose type is made of the members that it has. Refusals: those of {@link digest}. */
export function domainSeparator(domain: Domain, types: Types = {}): Verdict.Verdict<Bytes.Hash32> {
  const fields = DOMAIN_FIELDS.filter(({ name }) => Object.hasOwn(domain, name))
  const declared = Object.hasOwn(types, DOMAIN) ? types[DOMAIN] : undefined
  if (fields.length !== Object.keys(domain).length)
    return Verdict.refuse('domain-field', 'the domain has a member that EIP-712 doesn’t know')
  if (declared !== undefined && show(declared) !== show(fields))
    return Verdict.refuse('domain-field', 'the types declare another domain than the one given')
  return hashStruct({ [DOMAIN]: fields }, DOMAIN, domain as Value)
}

/** The hash of a struct (EIP-712, "Definition of hashStruct"). Refusals: those of {@link digest}. */
export function hashStruct(types: Types, name: string, value: Value): Verdict.Verdict<Bytes.Hash32> {
  const encoded = encodeStruct(types, name, value)
  return encoded.ok ? Verdict.accept(keccak_256(encoded.value)) : encoded
}

/**
 * The type's hash and the struct's members in 32 bytes each (EIP-712, "Definition of encodeData"). Refusals: those of {@link digest}.
 *
 * @example
 * import { TypedData } from '@aitbc/proofs/attestation'
 * TypedData.encodeStruct({ A: [{ name: 'b', type: 'bool' }] }, 'A', { b: true }) // { ok: true, value: Uint8Array(64) }
 */
export function encodeStruct(types: Types, name: string, value: Value): Verdict.Verdict<Bytes.Bytes> {
  const wrong = checkTypes(types)
  if (wrong !== undefined) return wrong
  if (!Object.hasOwn(types, name)) return Verdict.refuse('type-unknown', `there is no type ${name}`)
  return structOf({ types, hashes: new Map(), arrays: new Map() }, name, value, 0)
}

/**
 * A type as it is hashed: itself, then all types that it reaches, sorted (EIP-712, "Definition of encodeType"). Refusals:
 * `type-name`, `type-field`, `type-unknown`.
 *
 * @example
 * import { TypedData } from '@aitbc/proofs/attestation'
 * TypedData.encodeType({ A: [{ name: 'b', type: 'B[]' }], B: [] }, 'A') // { ok: true, value: 'A(B[] b)B()' }
 */
export function encodeType(types: Types, name: string): Verdict.Verdict<string> {
  const wrong = checkTypes(types)
  if (wrong !== undefined) return wrong
  return Object.hasOwn(types, name)
    ? Verdict.accept(typeText(types, name))
    : Verdict.refuse('type-unknown', `there is no type ${name}`)
}

interface Context {
  readonly types: Types
  readonly hashes: Map<string, Bytes.Hash32>
  /** Types as arrays, read once: a list may hold many items, and a type have a long name. */
  readonly arrays: Map<string, RegExpExecArray | undefined>
}

function checkTypes(types: Types): Verdict.Verdict<never> | undefined {
  const all = Object.entries(types)
  if (all.length > MAX_TYPES)
    return Verdict.refuse('type-count', `at most ${MAX_TYPES} types are read, got ${all.length}`)
  for (const [name, fields] of all) {
    if (!IDENTIFIER.test(name) || isAtomic(name))
      return Verdict.refuse('type-name', `no type can have the name ${name}`)
    const names = new Set<string>()
    for (const field of fields) {
      if (!IDENTIFIER.test(field.name) || names.size === names.add(field.name).size)
        return Verdict.refuse('type-field', `${name} can't have a member ${field.name} there`)
      const [, base = '', arrays = ''] = ARRAYS.exec(field.type) ?? []
      if (!isAtomic(base) && !Object.hasOwn(types, base))
        return Verdict.refuse('type-unknown', `${name}.${field.name} has a type that is none: ${field.type}`)
      if (arrays.split('[').length > DEPTH + 1)
        return Verdict.refuse(
          'depth',
          `${name}.${field.name} has more than ${DEPTH} arrays inside one another`,
        )
    }
  }
  return undefined
}

/** Tells whether a name is that of an elementary type; bits go in steps of 8 up to 256. */
function isAtomic(type: string): boolean {
  const bits = ATOMIC.exec(type)
  return bits !== null && Number(bits[3] ?? 8) % 8 === 0 && Number(bits[3] ?? 8) <= 256
}

/** What the arrays of a checked type hold. */
function baseOf(type: string): string {
  return type.split('[', 1)[0] as string
}

function typeText(types: Types, name: string): string {
  const reached = new Set([name])
  for (const reachedName of reached)
    for (const { type } of types[reachedName] as readonly Field[])
      if (!isAtomic(baseOf(type))) reached.add(baseOf(type))
  const [first, ...rest] = reached
  return [first as string, ...rest.sort()]
    .map((each) => `${each}(${show(types[each] as readonly Field[])})`)
    .join('')
}

function show(fields: readonly Field[]): string {
  return fields.map(({ name, type }) => `${type} ${name}`).join(',')
}

function structOf(context: Context, name: string, value: Value, depth: number): Verdict.Verdict<Bytes.Bytes> {
  const { types, hashes } = context
  const fields = types[name] as readonly Field[]
  if (depth > DEPTH)
    return Verdict.refuse('depth', `more than ${DEPTH} structs and arrays inside one another`)
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    return Verdict.refuse('value-type', `a struct ${name} was expected`)
  const members = value as { readonly [name: string]: Value }
  const missing = fields.find((field) => !Object.hasOwn(members, field.name))
  if (missing !== undefined) return Verdict.refuse('value-missing', `${name}.${missing.name} is missing`)
  if (Object.keys(members).length !== fields.length)
    return Verdict.refuse('value-unknown', `${name} has a member that its type doesn't know`)
  const hash = hashes.get(name) ?? keccak_256(new TextEncoder().encode(typeText(types, name)))
  hashes.set(name, hash)
  const parts = [hash]
  for (const field of fields) {
    const word = wordOf(context, field.type, members[field.name] as Value, depth + 1)
    if (!word.ok) return word
    parts.push(word.value)
  }
  return Verdict.accept(join(parts))
}

/** The 32 bytes that stand for a value. */
function wordOf(context: Context, type: string, value: Value, depth: number): Verdict.Verdict<Bytes.Hash32> {
  const { arrays } = context
  if (!arrays.has(type)) arrays.set(type, ARRAY.exec(type) ?? undefined)
  const array = arrays.get(type)
  if (array !== undefined) return arrayOf(context, array[1] as string, array[2], value, depth)
  if (!isAtomic(type)) {
    const struct = structOf(context, type, value, depth)
    return struct.ok ? Verdict.accept(keccak_256(struct.value)) : struct
  }
  const word = atomOf(type, value)
  return word === undefined
    ? Verdict.refuse('value-type', `a value of ${type} was expected`)
    : Verdict.accept(word)
}

function arrayOf(
  context: Context,
  type: string,
  length: string | undefined,
  value: Value,
  depth: number,
): Verdict.Verdict<Bytes.Hash32> {
  if (depth > DEPTH)
    return Verdict.refuse('depth', `more than ${DEPTH} structs and arrays inside one another`)
  if (!Array.isArray(value)) return Verdict.refuse('value-type', `a list of ${type} was expected`)
  if (length !== undefined && value.length !== Number(length))
    return Verdict.refuse('value-length', `${length} of ${type} were expected, got ${value.length}`)
  const parts: Bytes.Bytes[] = []
  for (const item of value as readonly Value[]) {
    const word = wordOf(context, type, item, depth + 1)
    if (!word.ok) return word
    parts.push(word.value)
  }
  return Verdict.accept(keccak_256(join(parts)))
}

function atomOf(type: string, value: Value): Bytes.Hash32 | undefined {
  const [, size, unsigned, bits] = ATOMIC.exec(type) as RegExpExecArray
  if (type === 'bool') return typeof value === 'boolean' ? word(value ? 1n : 0n) : undefined
  if (type === 'string')
    return typeof value === 'string' && !LONE_SURROGATE.test(value)
      ? keccak_256(new TextEncoder().encode(value))
      : undefined
  if (bits !== undefined) {
    const number = integer(value, Number(bits), unsigned === '')
    return number === undefined ? undefined : word(number)
  }
  const bytes = bytesOf(value)
  if (bytes === undefined) return undefined
  if (type === 'bytes') return keccak_256(bytes)
  if (bytes.length !== Number(size ?? 20)) return undefined
  const out = new Uint8Array(32)
  if (type !== 'address') {
    out.set(bytes)
    return out
  }
  out.set(bytes, 12)
  return typeof value === 'string' && !isChecksummed(value, bytes) ? undefined : out
}

function integer(value: unknown, bits: number, signed: boolean): bigint | undefined {
  let number: bigint
  if (typeof value === 'bigint') number = value
  else if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0))
    number = BigInt(value)
  else if (typeof value === 'string' && /^(?:0|-?[1-9]\d{0,77})$/.test(value)) number = BigInt(value)
  else return undefined
  return (signed ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number)) === number ? number : undefined
}

function word(value: bigint): Bytes.Hash32 {
  return Bytes.fromHex(BigInt.asUintN(256, value).toString(16).padStart(64, '0'))
}

function bytesOf(value: Value): Bytes.Bytes | undefined {
  if (value instanceof Uint8Array) return value
  return typeof value === 'string' && /^0x(?:[0-9a-fA-F]{2})*$/.test(value)
    ? Bytes.fromHex(value.slice(2).toLowerCase())
    : undefined
}

/** One case only, or that of EIP-55. */
function isChecksummed(text: string, address: Bytes.Bytes): boolean {
  const digits = text.slice(2)
  if (digits === digits.toLowerCase() || digits === digits.toUpperCase()) return true
  const lower = Bytes.toHex(address)
  const hash = Bytes.toHex(keccak_256(new TextEncoder().encode(lower)))
  return [...digits].every((digit, i) => {
    const plain = lower[i] as string
    return digit === ((hash[i] as string) >= '8' ? plain.toUpperCase() : plain)
  })
}
