import { Bytes, show, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { base32nopad } from '@scure/base'
import * as Jcs from './Jcs.js'
import type * as Json from './Json.js'

/**
 * The name of a JSON value: a CIDv1 in base32 lower case, codec `json` (0x0200), multihash sha2-256 (0x12) of its
 * RFC 8785 bytes. 61 characters, always starting with `bagaaiera`.
 */
export type ContentId = `bagaaiera${string}`

/** What {@link decode} and {@link verify} refuse, by name. */
export type Check = 'content-id-syntax' | 'content-id-kind' | 'content-id' | Jcs.Check

/** CIDv1, codec json (varint of 0x0200), sha2-256, 32 bytes (multiformats, "CIDv1"). */
const HEADER = Uint8Array.of(0x01, 0x80, 0x04, 0x12, 0x20)

/**
 * Names a JSON value by the hash of its canonical bytes; `NotJson` (5001) where it isn't JSON.
 *
 * @example
 * import { ContentId } from '@aitbc/ai-registry'
 * ContentId.of({ b: 1, a: 2 }) === ContentId.of({ a: 2, b: 1 }) // true
 */
export function of(value: Json.Value): ContentId {
  return encode(sha256(Jcs.encode(value)))
}

/**
 * Writes a SHA-256 digest (32 bytes) as a content id; `InvalidBytes` (1005) for any other length.
 *
 * @example
 * import { ContentId } from '@aitbc/ai-registry'
 * ContentId.encode(new Uint8Array(32)).length // 61
 */
export function encode(digest: Bytes.Hash32): ContentId {
  Bytes.assert(digest, 32, 'digest')
  return `b${base32nopad.encode(Bytes.concat(HEADER, digest)).toLowerCase()}` as ContentId
}

/**
 * Reads a content id to its digest, 32 bytes. One spelling only: CIDs of other versions, codecs, hashes or bases are
 * refused (`content-id-kind`), as is whatever isn't base32 to the last bit (`content-id-syntax`).
 *
 * @example
 * import { ContentId } from '@aitbc/ai-registry'
 * ContentId.decode('QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG').ok // false
 */
export function decode(id: string): Verdict.Verdict<Bytes.Hash32> {
  if (typeof id !== 'string' || !/^b[a-z2-7]{1,200}$/.test(id))
    return refuse('content-id-syntax', `a CID in base32 lower case was expected, got ${show(id)}`)
  const bytes = decodeBase32(id.slice(1))
  if (bytes === undefined)
    return refuse('content-id-syntax', `base32 without padding bits was expected, got ${show(id)}`)
  if (bytes.length !== HEADER.length + 32 || !Bytes.equal(bytes.subarray(0, HEADER.length), HEADER))
    return refuse('content-id-kind', `a CIDv1 of JSON by SHA-256 was expected, got ${show(id)}`)
  return Verdict.accept(bytes.slice(HEADER.length))
}

/**
 * Tells whether bytes are the canonical JSON that an id names, and returns the value they hold.
 *
 * @example
 * import { ContentId } from '@aitbc/ai-registry'
 * ContentId.verify(ContentId.of({}), new TextEncoder().encode('{}')) // { ok: true, value: {} }
 */
export function verify(id: string, bytes: Uint8Array): Verdict.Verdict<Json.Value> {
  const digest = decode(id)
  if (!digest.ok) return digest
  const value = Jcs.decode(bytes)
  if (!value.ok) return value
  return Bytes.equal(sha256(bytes), digest.value)
    ? value
    : refuse('content-id', `the bytes are not those named by ${show(id)}`)
}

function decodeBase32(text: string): Uint8Array | undefined {
  try {
    return base32nopad.decode(text.toUpperCase())
  } catch {
    return undefined
  }
}

function refuse(check: Check, message: string): Verdict.Verdict<never> {
  return Verdict.refuse(check, message)
}
