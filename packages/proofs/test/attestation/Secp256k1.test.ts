import { Secp256k1 } from '@aitbc/proofs/attestation'
import { fc, test as property } from '@fast-check/vitest'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'

const N = secp256k1.Point.Fn.ORDER
const secret = new Uint8Array(32).fill(7)
const key = secp256k1.getPublicKey(secret)
const digest = new Uint8Array(32).fill(9)
const address = value(Secp256k1.address(key))

const word = (number: bigint) => unhex(number.toString(16).padStart(64, '0'))

/** r, s and the recovery id. */
function sign(digest: Uint8Array, base = 0): Uint8Array {
  const recovered = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
  return concat(recovered.subarray(1), Uint8Array.of((recovered[0] as number) + base))
}

/** The other signature of the same key over the same digest. */
function twin(signature: Uint8Array): Uint8Array {
  const s = N - BigInt(`0x${hex(signature.subarray(32, 64))}`)
  const v = signature[64]
  return concat(
    signature.subarray(0, 32),
    word(s),
    v === undefined ? new Uint8Array(0) : Uint8Array.of(v ^ 1),
  )
}

describe('keys', () => {
  test('an address is that of the key in either encoding', () => {
    expect(value(Secp256k1.address(secp256k1.getPublicKey(secret, false)))).toEqual(address)
    // The address of the key 1 is known to everybody.
    expect(hex(value(Secp256k1.address(secp256k1.getPublicKey(word(1n)))))).toBe(
      '7e5f4552091a69125d5dfcb7b8c2659029395bdf',
    )
  })

  test.each([
    ['nothing', new Uint8Array(0)],
    ['zeros', new Uint8Array(33)],
    ['a hybrid form', concat(Uint8Array.of(6), secp256k1.getPublicKey(secret, false).subarray(1))],
    ['x beyond the curve', concat(Uint8Array.of(2), word(5n))],
  ])('error: %s is no key', (_, bytes) => {
    expect(check(Secp256k1.readKey(bytes))).toBe('key-point')
    expect(check(Secp256k1.address(bytes))).toBe('key-point')
    expect(check(Secp256k1.verify(bytes, digest, sign(digest).subarray(0, 64)))).toBe('key-point')
  })
})

describe('recovery', () => {
  property.prop([fc.uint8Array({ minLength: 32, maxLength: 32 })])('the signer is recovered', (digest) => {
    expect(value(Secp256k1.recover(digest, sign(digest), 'from-0'))).toEqual(address)
    expect(value(Secp256k1.recover(digest, sign(digest, 27), 'from-27'))).toEqual(address)
  })

  test('the signer is held against the address that should have signed', () => {
    const recovered = Secp256k1.recover(digest, sign(digest), 'from-0')
    expect(value(Secp256k1.signedBy(address, recovered))).toBe(true)
    expect(check(Secp256k1.signedBy(flip(address, 0), recovered))).toBe('signature')
  })

  test('A60: of two signatures that are twins, one is taken', () => {
    expect(check(Secp256k1.recover(digest, twin(sign(digest)), 'from-0'))).toBe('signature-high-s')
  })

  test('A60: recovery ids 2 and 3, and those of the other form, are refused', () => {
    for (const id of [2, 3, 27, 28, 255]) {
      const signature = concat(sign(digest).subarray(0, 64), Uint8Array.of(id))
      expect(check(Secp256k1.recover(digest, signature, 'from-0'))).toBe('signature-form')
    }
    for (const id of [0, 1, 26, 29, 30]) {
      const signature = concat(sign(digest).subarray(0, 64), Uint8Array.of(id))
      expect(check(Secp256k1.recover(digest, signature, 'from-27'))).toBe('signature-form')
    }
  })

  test('A60: a digest cut short is refused; a zero one has its own signer', () => {
    expect(check(Secp256k1.recover(digest.subarray(1), sign(digest), 'from-0'))).toBe('digest')
    expect(check(Secp256k1.verify(key, digest.subarray(1), sign(digest).subarray(0, 64)))).toBe('digest')
    const zero = new Uint8Array(32)
    expect(value(Secp256k1.recover(zero, sign(zero), 'from-0'))).toEqual(address)
    expect(value(Secp256k1.recover(zero, sign(digest), 'from-0'))).not.toEqual(address)
  })

  test.each([
    ['64 bytes', sign(digest).subarray(0, 64), 'signature-form'],
    ['66 bytes', concat(sign(digest), new Uint8Array(1)), 'signature-form'],
    ['nothing', new Uint8Array(0), 'signature-form'],
    ['r zero', concat(new Uint8Array(32), sign(digest).subarray(32)), 'signature'],
    [
      's zero',
      concat(sign(digest).subarray(0, 32), new Uint8Array(32), sign(digest).subarray(64)),
      'signature',
    ],
    ['r no coordinate', concat(word(5n), sign(digest).subarray(32)), 'signature'],
    ['r the group order', concat(word(N), sign(digest).subarray(32)), 'signature'],
  ])('A54: %s is refused', (_, signature, expected) => {
    expect(check(Secp256k1.recover(digest, signature, 'from-0'))).toBe(expected)
  })
})

describe("a wallet's forms", () => {
  property.prop([fc.uint8Array({ minLength: 32, maxLength: 32 })])(
    'A54: 64 bytes (EIP-2098) and 65 are the same signature',
    (digest) => {
      const full = sign(digest, 27)
      const short = full.slice(0, 64)
      short[32] = (short[32] as number) | (((full[64] as number) - 27) << 7)
      expect(value(Secp256k1.fromWallet(short))).toEqual(full)
      expect(value(Secp256k1.fromWallet(full))).toEqual(full)
    },
  )

  test('A54: no other length is a signature', () => {
    for (const length of [0, 63, 66])
      expect(check(Secp256k1.fromWallet(new Uint8Array(length)))).toBe('signature-form')
  })

  test('what a wallet signs for a message (ERC-191)', () => {
    // The digest of "hello", as Ethereum's tools have it.
    expect(hex(Secp256k1.personalDigest(new TextEncoder().encode('hello')))).toBe(
      '50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750',
    )
  })
})

describe('ECDSA', () => {
  const signature = sign(digest).subarray(0, 64)
  const der = secp256k1.Signature.fromBytes(signature, 'compact').toBytes('der')

  test('default: the one compact form with low s; DER where that is asked for', () => {
    expect(value(Secp256k1.verify(key, digest, signature))).toBe(true)
    value(Secp256k1.verify(key, digest, der, { form: 'der' }))
    expect(check(Secp256k1.verify(key, digest, der))).toBe('signature-form')
    expect(check(Secp256k1.verify(key, digest, signature, { form: 'der' }))).toBe('signature-form')
  })

  test('A8, A60: the twin is refused unless it is asked for', () => {
    expect(check(Secp256k1.verify(key, digest, twin(signature)))).toBe('signature-high-s')
    value(Secp256k1.verify(key, digest, twin(signature), { highS: 'accepted' }))
  })

  test('A8: r and s are below the group order, and not zero', () => {
    for (const bad of [0n, N]) {
      expect(check(Secp256k1.verify(key, digest, concat(word(bad), signature.subarray(32))))).toBe(
        'signature-form',
      )
      expect(check(Secp256k1.verify(key, digest, concat(signature.subarray(0, 32), word(bad))))).toBe(
        'signature-form',
      )
    }
  })

  test('A8: one changed bit is another signature', () => {
    expect(check(Secp256k1.verify(key, flip(digest, 4), signature))).toBe('signature')
    expect(check(Secp256k1.verify(secp256k1.getPublicKey(word(8n)), digest, signature))).toBe('signature')
  })
})

describe('BIP-340', () => {
  const xOnly = schnorr.getPublicKey(secret)
  const signature = schnorr.sign(digest, secret, new Uint8Array(32))

  test('default', () => {
    expect(value(Secp256k1.verifySchnorr(xOnly, digest, signature))).toBe(true)
    expect(check(Secp256k1.verifySchnorr(xOnly, flip(digest, 0), signature))).toBe('signature')
    expect(check(Secp256k1.verifySchnorr(xOnly, digest, signature.subarray(1)))).toBe('signature-form')
    expect(check(Secp256k1.verifySchnorr(key, digest, signature))).toBe('key-point')
    expect(check(Secp256k1.verifySchnorr(word(5n), digest, signature))).toBe('key-point')
  })
})
