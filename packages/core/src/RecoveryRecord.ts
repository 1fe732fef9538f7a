import { expand } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Bytes from './Bytes.js'
import * as Codec from './Codec.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'
import { assertBytes } from './internal/storage.js'
import type { SwapRecord } from './Lock.js'
import * as SwapSeed from './SwapSeed.js'

// Encryption is XOR with HKDF-Expand (RFC 5869, section 2.3; HMAC-SHA256 as a pseudorandom function in counter mode) under a key of
// (network, nonce). With a tag it is a synthetic IV (the construction of RFC 5297 over these two), so that even a nonce that was
// used twice reveals no more than whether the two records are equal.

/** Bytes that {@link seal} adds. */
export const TAG_LENGTH = 16
/** Longest plaintext, bytes: what one HKDF-Expand gives. */
export const MAX_LENGTH = 255 * 32

const ROLES = ['initiator', 'follower'] as const
const COUNTER = 2
const AGREEMENT = 4

/**
 * The canonical bytes of what a lock's owner writes beside it: 1 byte, 33 with the id of the other leg's terms, and the terms of both legs
 * where the chain has room for them. `InvalidArgument` (1013) for another role or an agreement that isn't bytes, `InvalidBytes` (1005) for an id
 * that isn't 32.
 *
 * @example
 * import { RecoveryRecord } from '@aitbc/core'
 * RecoveryRecord.encode({ role: 'initiator' }) // Uint8Array [0]
 */
export function encode(record: SwapRecord): Bytes.Bytes {
  const role = ROLES.indexOf(record?.role)
  if (role < 0)
    throw CoreErrors.InvalidArgument(
      `record.role must be "initiator" or "follower", got ${show(record?.role)}`,
      {
        argument: 'record.role',
        received: record?.role,
      },
    )
  const { counter, agreement } = record
  if (counter !== undefined) Bytes.assert(counter, 32, 'record.counter')
  if (agreement !== undefined) assertBytes(agreement, 'record.agreement')
  const writer = Codec.writer().u8(
    role | (counter === undefined ? 0 : COUNTER) | (agreement === undefined ? 0 : AGREEMENT),
  )
  if (counter !== undefined) writer.fixed(counter)
  if (agreement !== undefined) writer.bytes(agreement)
  return writer.finish()
}

/**
 * Reads what {@link encode} wrote; `InvalidEncoding` (1012) for anything else.
 *
 * @example
 * import { RecoveryRecord } from '@aitbc/core'
 * RecoveryRecord.decode(Uint8Array.of(1)).role // 'follower'
 */
export function decode(bytes: Bytes.Bytes): SwapRecord {
  const reader = Codec.reader(bytes)
  const record = read(reader)
  reader.finish()
  return record
}

/**
 * Reads a record inside a longer one, and leaves the reader behind it; `InvalidEncoding` (1012).
 *
 * @example
 * import { Codec, RecoveryRecord } from '@aitbc/core'
 * const bytes = Codec.writer().fixed(RecoveryRecord.encode({ role: 'follower' })).text('mine').finish()
 * const reader = Codec.reader(bytes)
 * RecoveryRecord.read(reader).role // 'follower'
 * reader.text() // 'mine'
 */
export function read(reader: Codec.Reader): SwapRecord {
  const flags = reader.u8()
  if (flags > 7)
    throw CoreErrors.InvalidEncoding(`a record's first byte is at most 7, got ${flags}`, { received: flags })
  const counter = flags & COUNTER ? reader.fixed(32) : undefined
  const agreement = flags & AGREEMENT ? reader.bytes(MAX_LENGTH) : undefined
  return {
    role: ROLES[flags & 1] as SwapRecord['role'],
    ...(counter === undefined ? {} : { counter }),
    ...(agreement === undefined ? {} : { agreement }),
  }
}

/**
 * Encrypts bytes so that only the seed's owner can read them and nobody can alter them; {@link TAG_LENGTH} bytes longer. `context`
 * (the lock's id) is bound but not kept: a record copied beside another lock doesn't open.
 *
 * `InvalidBytes` (1005) for a nonce that isn't 8 bytes, or more than {@link MAX_LENGTH} bytes of plaintext.
 *
 * @example
 * import { RecoveryRecord, SwapSeed } from '@aitbc/core'
 * const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(1), 'eip155:1')
 * const sealed = RecoveryRecord.seal(seed, new Uint8Array(8), Uint8Array.of(1, 2))
 * RecoveryRecord.open(seed, new Uint8Array(8), sealed) // Uint8Array [1, 2]
 */
export function seal(
  seed: SwapSeed.NetworkSeed,
  nonce: Bytes.Bytes,
  plaintext: Bytes.Bytes,
  options: seal.Options = {},
): Bytes.Bytes {
  assertLength(plaintext, 'plaintext')
  const key = keyOf(seed, nonce)
  const tag = tagOf(key, options.context, plaintext)
  return Bytes.concat(tag, xor(plaintext, stream(key, tag, plaintext.length)))
}

export declare namespace seal {
  type Options = {
    /** What the record belongs to; none unless told. */
    readonly context?: Bytes.Bytes
  }
}

/**
 * Decrypts what {@link seal} made; `RecordUnreadable` (1015) for another owner's, another nonce's, another context's, or damaged bytes;
 * `InvalidBytes` (1005) for a nonce that isn't 8 bytes.
 *
 * @example
 * import { Bytes, RecoveryRecord, SwapSeed } from '@aitbc/core'
 * const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(1), 'eip155:1')
 * const [nonce, context] = [new Uint8Array(8), new Uint8Array(32).fill(5)]
 * const sealed = RecoveryRecord.seal(seed, nonce, Uint8Array.of(1, 2), { context })
 * Bytes.toHex(RecoveryRecord.open(seed, nonce, sealed, { context })) // '0102'
 * // Beside another lock it doesn't open: `RecoveryRecord.open(seed, nonce, sealed)` throws `RecordUnreadable`.
 */
export function open(
  seed: SwapSeed.NetworkSeed,
  nonce: Bytes.Bytes,
  sealed: Bytes.Bytes,
  options: seal.Options = {},
): Bytes.Bytes {
  assertBytes(sealed, 'sealed')
  const key = keyOf(seed, nonce)
  const tag = Bytes.copy(sealed.subarray(0, TAG_LENGTH))
  const body = Bytes.copy(sealed.subarray(TAG_LENGTH))
  if (tag.length === TAG_LENGTH && body.length <= MAX_LENGTH) {
    const plaintext = xor(body, stream(key, tag, body.length))
    if (Bytes.equal(tag, tagOf(key, options.context, plaintext))) return plaintext
  }
  throw CoreErrors.RecordUnreadable(
    `a record of ${sealed.length} bytes does not open with this seed and nonce`,
    {
      network: seed.network,
      length: sealed.length,
    },
  )
}

/**
 * Encrypts or decrypts (it is its own inverse) without a tag and without growing, for Bitcoin's 80 bytes: what comes out is
 * authenticated by the script that is rebuilt from it and found on chain, and by nothing else. One (seed, nonce) masks one plaintext.
 * `InvalidBytes` (1005) as for {@link seal}.
 *
 * @example
 * import { RecoveryRecord, SwapSeed } from '@aitbc/core'
 * const seed = SwapSeed.forNetwork(new Uint8Array(32).fill(1), 'bip122:000000000019d6689c085ae165831e93')
 * const masked = RecoveryRecord.mask(seed, new Uint8Array(8), Uint8Array.of(1, 2))
 * RecoveryRecord.mask(seed, new Uint8Array(8), masked) // Uint8Array [1, 2]
 */
export function mask(seed: SwapSeed.NetworkSeed, nonce: Bytes.Bytes, bytes: Bytes.Bytes): Bytes.Bytes {
  assertLength(bytes, 'bytes')
  return xor(bytes, stream(keyOf(seed, nonce), new Uint8Array(0), bytes.length))
}

function assertLength(bytes: unknown, argument: string): asserts bytes is Bytes.Bytes {
  assertBytes(bytes, argument)
  if (bytes.length > MAX_LENGTH)
    throw CoreErrors.InvalidBytes(`${argument} must be at most ${MAX_LENGTH} bytes, got ${bytes.length}`, {
      argument,
      received: bytes.length,
    })
}

function keyOf(seed: SwapSeed.NetworkSeed, nonce: Bytes.Bytes): Bytes.Bytes32 {
  Bytes.assert(nonce, SwapSeed.NONCE_LENGTH, 'nonce')
  return SwapSeed.derive(seed, 'record', nonce)
}

const info = (text: string): Bytes.Bytes => new TextEncoder().encode(`aitbc/recovery-record/v1/${text}`)

function stream(key: Bytes.Bytes32, iv: Bytes.Bytes, length: number): Bytes.Bytes {
  return expand(sha256, key, Bytes.concat(info('stream'), iv), length)
}

function tagOf(key: Bytes.Bytes32, context: Bytes.Bytes | undefined, plaintext: Bytes.Bytes): Bytes.Bytes {
  const bound = Codec.writer()
    .bytes(context ?? new Uint8Array(0))
    .fixed(plaintext)
    .finish()
  return hmac(sha256, expand(sha256, key, info('tag'), 32), bound).slice(0, TAG_LENGTH)
}

function xor(bytes: Bytes.Bytes, pad: Bytes.Bytes): Bytes.Bytes {
  return pad.map((byte, i) => byte ^ (bytes[i] as number))
}
