import { Bytes } from '@aitbc/core'
import { Address } from '@aitbc/proofs/solana'
import { DevnetErrors } from '../../errors.js'
import type { Commitment } from '../ledger.js'

export type Config = Readonly<Record<string, unknown>>

/** Codes of JSON-RPC and of agave's own errors. */
export const CODES = {
  parse: -32700,
  request: -32600,
  method: -32601,
  params: -32602,
  internal: -32603,
  preflight: -32002,
  signature: -32003,
  blockUnavailable: -32004,
  slotSkipped: -32007,
  version: -32015,
  contextSlot: -32016,
} as const

/** What a client is refused with; the server makes a JSON-RPC error of it. */
export function refusal(code: number, message: string, data?: unknown) {
  return DevnetErrors.HttpRefused(message, { code, ...(data === undefined ? {} : { data }) })
}

export function invalid(message: string) {
  return refusal(CODES.params, message)
}

/** A text parameter. */
export function text(params: readonly unknown[], index: number): string {
  const value = params[index]
  if (value === undefined)
    throw invalid(`Invalid params: invalid length ${index}, expected a tuple of size ${index + 1}.`)
  if (typeof value !== 'string')
    throw invalid(`Invalid params: invalid type: ${kindOf(value)}, expected a string.`)
  return value
}

/** A whole number of at most 2^53 − 1; bigger ones lose digits on their way. */
export function whole(value: unknown, name = 'u64'): bigint {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw invalid(`Invalid params: invalid value: ${kindOf(value)}, expected ${name}.`)
  return BigInt(value)
}

/** A list of texts, of at most so many. */
export function texts(params: readonly unknown[], index: number, most: number): readonly string[] {
  const value = params[index]
  if (!Array.isArray(value) || !value.every((it) => typeof it === 'string'))
    throw invalid(`Invalid params: invalid type: ${kindOf(value)}, expected a sequence.`)
  if (value.length > most) throw invalid(`Too many inputs provided; max ${most}`)
  return value
}

/** The options, which may be absent. */
export function config(params: readonly unknown[], index: number): Config {
  const value = params[index]
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value))
    throw invalid(`Invalid params: invalid type: ${kindOf(value)}, expected a configuration.`)
  return value as Config
}

/** The commitment of options; `finalized` where they have none. */
export function commitment(options: Config, name = 'commitment'): Commitment {
  const value = options[name]
  if (value === undefined || value === null) return 'finalized'
  if (value === 'processed' || value === 'confirmed' || value === 'finalized') return value
  throw invalid(
    `Invalid params: unknown variant \`${String(value)}\`, expected one of \`processed\`, \`confirmed\`, \`finalized\`.`,
  )
}

/** An option of a set. */
export function oneOf<const T extends string>(
  options: Config,
  name: string,
  values: readonly T[],
  otherwise: T,
): T {
  const value = options[name]
  if (value === undefined || value === null) return otherwise
  const found = values.find((it) => it === value)
  if (found === undefined)
    throw invalid(
      `Invalid params: unknown variant \`${String(value)}\`, expected one of ${values.map((it) => `\`${it}\``).join(', ')}.`,
    )
  return found
}

/** An address in base58. */
export function address(value: unknown): string {
  if (typeof value !== 'string')
    throw invalid(`Invalid params: invalid type: ${kindOf(value)}, expected a string.`)
  const found = Address.decode(value)
  if (!found.ok) throw invalid(`Invalid param: ${found.refusal.check === 'base58' ? 'Invalid' : 'WrongSize'}`)
  return value
}

/** Bytes in base64, canonical or not as long as its letters are. */
export function base64(value: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value) || value.length % 4 !== 0)
    throw invalid('invalid base64 encoding: InvalidByte')
  return new Uint8Array(Buffer.from(value, 'base64'))
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

const ALPHABET = /^[1-9A-HJ-NP-Za-km-z]*$/

/** Bytes in base58; what is longer than any transaction isn't looked at, as decoding takes time by the square of the length. */
export function base58(value: string, most: number, decode: (text: string) => Uint8Array): Uint8Array {
  if (value.length > most)
    throw invalid(`base58 encoded data too large: ${value.length} bytes (max: ${most})`)
  if (!ALPHABET.test(value)) throw invalid('invalid base58 encoding: InvalidCharacter')
  return decode(value)
}

/** Whether two byte strings agree at an offset. */
export function occursAt(data: Uint8Array, offset: bigint, bytes: Uint8Array): boolean {
  if (offset + BigInt(bytes.length) > BigInt(data.length)) return false
  return Bytes.equal(data.subarray(Number(offset), Number(offset) + bytes.length), bytes)
}

function kindOf(value: unknown): string {
  return value === null || value === undefined ? 'null' : Array.isArray(value) ? 'sequence' : typeof value
}
