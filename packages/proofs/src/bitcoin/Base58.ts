import { Bytes, Verdict } from '@aitbc/core'
import * as base58 from '../internal/base58.js'
import { join } from '../internal/join.js'
import * as Hash256 from './Hash256.js'

/** More than an extended key has; the work grows with the square. */
const MAX_LENGTH = 1024

/**
 * Reads Base58: each leading `1` is a zero byte. Refusals: `base58-length` (over 1,024 characters), `base58-character`.
 *
 * @example
 * import { Base58 } from '@aitbc/proofs/bitcoin-script'
 * Base58.decode('2g').ok // true
 */
export function decode(text: string): Verdict.Verdict<Bytes.Bytes> {
  if (text.length > MAX_LENGTH)
    return Verdict.refuse('base58-length', `${text.length} characters are more than ${MAX_LENGTH}`)
  const bytes = base58.decode(text)
  return typeof bytes === 'string'
    ? Verdict.refuse('base58-character', `${bytes} is not of the alphabet`)
    : Verdict.accept(bytes)
}

/** Writes bytes as Base58. */
export function encode(bytes: Bytes.Bytes): string {
  return base58.encode(bytes)
}

/** Reads Base58Check: the last four bytes are a checksum. Refusals: those of {@link decode}, `base58-checksum`. */
export function decodeCheck(text: string): Verdict.Verdict<Bytes.Bytes> {
  const bytes = decode(text)
  if (!bytes.ok) return bytes
  const payload = bytes.value.slice(0, -4)
  return Bytes.equal(Hash256.of(payload).subarray(0, 4), bytes.value.subarray(payload.length))
    ? Verdict.accept(payload)
    : Verdict.refuse('base58-checksum', 'the checksum is wrong')
}

/** Writes bytes as Base58Check. */
export function encodeCheck(payload: Bytes.Bytes): string {
  return encode(join([payload, Hash256.of(payload).subarray(0, 4)]))
}
