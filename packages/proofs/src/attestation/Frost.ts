import { Bytes, Verdict } from '@aitbc/core'
import { ristretto255 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'

/**
 * The two suites of RFC 9591 whose signatures no other scheme has. Those of `FROST(Ed25519, SHA-512)` are Ed25519 signatures, and
 * those of BIP-340 suites are BIP-340 signatures, under the group's key as under any other.
 */
export type Suite = 'ristretto255' | 'secp256k1'

/** Context strings (RFC 9591, 6.2 and 6.5). */
const CONTEXT = { ristretto255: 'FROST-RISTRETTO255-SHA512-v1', secp256k1: 'FROST-secp256k1-SHA256-v1' }

/** Tells whether bytes are a group's key: the one encoding of an element that isn't the identity. */
export function isKey(suite: Suite, publicKey: Bytes.Bytes): boolean {
  return element(suite, publicKey) !== undefined
}

/**
 * Decides whether enough members of a group signed: one signature under the group's one key, in which nobody sees who took part
 * (RFC 9591, 5.3). The signature is R and z: 64 bytes for ristretto255, 65 for secp256k1. Refusals: `key-point`, `signature-form` (not
 * so many bytes, R is no element or the identity, z isn't below the group order), `signature`.
 *
 * @example
 * import { Frost } from '@aitbc/proofs/attestation'
 * Frost.verify('secp256k1', new Uint8Array(33), new Uint8Array(0), new Uint8Array(65)).ok // false
 */
export function verify(
  suite: Suite,
  publicKey: Bytes.Bytes,
  message: Bytes.Bytes,
  signature: Bytes.Bytes,
): Verdict.Verdict<true> {
  const key = element(suite, publicKey)
  if (key === undefined) return Verdict.refuse('key-point', 'the key is no element of the group')
  const width = publicKey.length
  const r = element(suite, signature.subarray(0, width))
  const z = scalar(suite, signature.subarray(width))
  if (r === undefined || z === undefined)
    return Verdict.refuse('signature-form', 'the signature is no element and scalar of the group')
  const input = Bytes.concat(signature.subarray(0, width), publicKey, message)
  // Both points are of the suite's one group.
  const sum = r.add(key.multiplyUnsafe(challenge(suite, input)) as never)
  return base(suite)
    .multiplyUnsafe(z)
    .equals(sum as never)
    ? Verdict.accept(true)
    : Verdict.refuse('signature', "the signature is not of the group's key over this message")
}

type Element = InstanceType<typeof ristretto255.Point> | InstanceType<typeof secp256k1.Point>

function base(suite: Suite): Element {
  return suite === 'ristretto255' ? ristretto255.Point.BASE : secp256k1.Point.BASE
}

/** The group's own decoding refuses the identity, and whatever isn't the one encoding. */
function element(suite: Suite, bytes: Bytes.Bytes): Element | undefined {
  if (bytes.length !== (suite === 'ristretto255' ? 32 : 33)) return undefined
  try {
    const point =
      suite === 'ristretto255' ? ristretto255.Point.fromBytes(bytes) : secp256k1.Point.fromBytes(bytes)
    return point.is0() ? undefined : point
  } catch {
    return undefined
  }
}

function scalar(suite: Suite, bytes: Bytes.Bytes): bigint | undefined {
  const { Fn } = suite === 'ristretto255' ? ristretto255.Point : secp256k1.Point
  try {
    return Fn.fromBytes(bytes)
  } catch {
    return undefined
  }
}

/** H2 of the suite. */
function challenge(suite: Suite, input: Bytes.Bytes): bigint {
  const tag = `${CONTEXT[suite]}chal`
  if (suite === 'ristretto255') {
    const hash = sha512(Bytes.concat(new TextEncoder().encode(tag), input))
    return ristretto255.Point.Fn.create(hash.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n))
  }
  const uniform = expand(input, new TextEncoder().encode(tag))
  return secp256k1.Point.Fn.create(BigInt(`0x${Bytes.toHex(uniform)}`))
}

/** `expand_message_xmd` with SHA-256 to 48 bytes (RFC 9380, 5.3.1): 128 bits more than the scalar, so that none is likelier. */
function expand(message: Bytes.Bytes, tag: Bytes.Bytes): Bytes.Bytes {
  const suffix = Bytes.concat(tag, Uint8Array.of(tag.length))
  const first = sha256(Bytes.concat(new Uint8Array(64), message, Uint8Array.of(0, 48, 0), suffix))
  const one = sha256(Bytes.concat(first, Uint8Array.of(1), suffix))
  const two = sha256(
    Bytes.concat(
      one.map((byte, i) => byte ^ (first[i] as number)),
      Uint8Array.of(2),
      suffix,
    ),
  )
  return Bytes.concat(one, two.subarray(0, 16))
}
