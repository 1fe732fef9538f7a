import { Frost } from '@aitbc/proofs/attestation'
import { ristretto255 } from '@noble/curves/ed25519.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, unhex, value } from '../helpers.js'
import { SCHEMES } from './world.js'

// RFC 9591, appendix E.5: FROST(secp256k1, SHA-256).
const key = unhex('02f37c34b66ced1fb51c34a90bdae006901f10625cc06c4f64663b0eae87d87b4f')
const message = unhex('74657374')
const signature = unhex(
  '0205b6d04d3774c8929413e3c76024d54149c372d57aae62574ed74319b5ea14d0' +
    'c65dde8492a7471437e6c2fe3da49b90d23f642b5c6dbe7e36089f096dd97324',
)

describe('secp256k1', () => {
  test('default: RFC 9591, appendix E.5', () => {
    value(Frost.verify('secp256k1', key, message, signature))
    expect(check(Frost.verify('secp256k1', key, flip(message, 0), signature))).toBe('signature')
    expect(check(Frost.verify('secp256k1', key, message, signature.subarray(1)))).toBe('signature-form')
    expect(check(Frost.verify('secp256k1', new Uint8Array(33), message, signature))).toBe('key-point')
    const beyond = concat(signature.subarray(0, 33), new Uint8Array(32).fill(0xff))
    expect(check(Frost.verify('secp256k1', key, message, beyond))).toBe('signature-form')
  })
})

test('error: a point of secp256k1 written out in full is no key', () => {
  const whole = secp256k1.Point.BASE.toBytes(false)
  expect(Frost.isKey('secp256k1', whole)).toBe(false)
  expect(Frost.isKey('secp256k1', secp256k1.Point.BASE.toBytes(true))).toBe(true)
})

describe('ristretto255', () => {
  const scheme = SCHEMES['frost-ristretto255']
  const [group, digest] = [scheme.key(1), new Uint8Array(32).fill(4)]
  const signed = scheme.sign(1, digest)
  const identity = ristretto255.Point.ZERO.toBytes()

  test('default', () => {
    expect(value(Frost.verify('ristretto255', group, digest, signed))).toBe(true)
    expect(Frost.isKey('ristretto255', group)).toBe(true)
    expect(check(Frost.verify('ristretto255', group, flip(digest, 0), signed))).toBe('signature')
    expect(check(Frost.verify('ristretto255', scheme.key(2), digest, signed))).toBe('signature')
  })

  test('error: the identity and other encodings are no key and no R', () => {
    for (const bad of [identity, new Uint8Array(32).fill(0xff), group.subarray(1)]) {
      expect(Frost.isKey('ristretto255', bad)).toBe(false)
      expect(check(Frost.verify('ristretto255', bad, digest, signed))).toBe('key-point')
    }
    expect(check(Frost.verify('ristretto255', group, digest, concat(identity, signed.subarray(32))))).toBe(
      'signature-form',
    )
    expect(check(Frost.verify('ristretto255', group, digest, signed.subarray(0, 63)))).toBe('signature-form')
    const beyond = concat(signed.subarray(0, 32), new Uint8Array(32).fill(0xff))
    expect(check(Frost.verify('ristretto255', group, digest, beyond))).toBe('signature-form')
  })
})
