import { type Bytes, Verdict } from '@aitbc/core'
import * as Reader from './internal/reader.js'
import * as Write from './internal/write.js'

/**
 * Reads a compact-u16 (`shortvec`) to the last byte; a value has one form: aliases are refused (A50).
 *
 * Refusals: `compact-u16` (above 65,535, more than three bytes, or a last group of zero), `truncated`, `trailing-bytes`.
 *
 * @example
 * import { CompactU16 } from '@aitbc/proofs/solana'
 * CompactU16.decode(Uint8Array.of(0x80, 0x01)) // { ok: true, value: 128 }
 */
export function decode(bytes: Bytes.Bytes): Verdict.Verdict<number> {
  const reader = Reader.from(bytes)
  return Reader.finish(reader, Reader.compactU16(reader))
}

/**
 * Writes a compact-u16. Refusal: `compact-u16` (not an integer of 0 to 65,535).
 *
 * @example
 * import { CompactU16 } from '@aitbc/proofs/solana'
 * CompactU16.encode(128) // { ok: true, value: Uint8Array [0x80, 0x01] }
 */
export function encode(value: number): Verdict.Verdict<Bytes.Bytes> {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff)
    return Verdict.refuse('compact-u16', `an integer of 0 to 65535 is expected, got ${value}`)
  return Verdict.accept(Write.varint(value))
}
