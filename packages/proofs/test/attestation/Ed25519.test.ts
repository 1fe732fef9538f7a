import { Ed25519, Scheme } from '@aitbc/proofs/attestation'
import { fc, test as property } from '@fast-check/vitest'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'

const { Point } = ed25519
const RULES = ['zip215', 'strict', 'prime-order'] as const

const verify = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
  Ed25519.verify(key, message, signature, 'prime-order')
const L = Point.Fn.ORDER
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 })
const message = fc.uint8Array({ maxLength: 200 })

const toBytes = (value: bigint) =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
const toBigint = (bytes: Uint8Array) => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
const torsion = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')

/** Signs by the equations of RFC 8032, 5.1.6, with a nonce and an addend to R of the test's choice. */
function forge(secretKey: Uint8Array, message: Uint8Array, nonce: bigint, addend = Point.ZERO): Uint8Array {
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(secretKey)
  const r = Point.BASE.multiplyUnsafe(nonce).add(addend).toBytes()
  const k = toBigint(sha512(Uint8Array.of(...r, ...pointBytes, ...message))) % L
  return Uint8Array.of(...r, ...toBytes((nonce + k * scalar) % L))
}

property.prop([secret, message])('accepts what the key signed', (secretKey, message) => {
  const signature = ed25519.sign(message, secretKey)
  for (const rule of RULES)
    expect(Ed25519.verify(ed25519.getPublicKey(secretKey), message, signature, rule)).toEqual({
      ok: true,
      value: true,
    })
})

property.prop([secret, message, fc.nat(), fc.nat(7)])(
  'A59: one flipped bit is refused',
  (secretKey, message, where, bit) => {
    const parts = [
      ed25519.getPublicKey(secretKey),
      message.slice(),
      ed25519.sign(message, secretKey),
    ] as const
    let at = where % (96 + message.length)
    for (const part of parts) {
      if (at >= 0 && at < part.length) part[at] = (part[at] as number) ^ (1 << bit)
      at -= part.length
    }
    for (const rule of RULES) expect(Ed25519.verify(...parts, rule).ok).toBe(false)
  },
)

describe('A59: what one verifier accepts and another does not is refused', () => {
  const secretKey = new Uint8Array(32).fill(3)
  const key = ed25519.getPublicKey(secretKey)
  const message = new TextEncoder().encode('message')
  const refusal = (key: Uint8Array, signature: Uint8Array) => {
    const verdict = verify(key, message, signature)
    return verdict.ok ? 'accepted' : verdict.refusal.check
  }

  test('the forger above signs rightly where nothing is bent', () => {
    expect(refusal(key, forge(secretKey, message, 5n))).toBe('accepted')
  })

  test('A59: S + L', () => {
    const signature = ed25519.sign(message, secretKey)
    const s = toBigint(signature.subarray(32))
    expect(refusal(key, Uint8Array.of(...signature.subarray(0, 32), ...toBytes(s + L)))).toBe(
      'signature-scalar',
    )
    expect(refusal(key, Uint8Array.of(...signature.subarray(0, 32), ...toBytes(L)))).toBe('signature-scalar')
  })

  test('A59: R with a small-order part holds by the cofactored equation only', () => {
    const signature = forge(secretKey, message, 5n, torsion)
    expect(ed25519.verify(signature, message, key)).toBe(true)
    expect(refusal(key, signature)).toBe('signature')
  })

  test('A59: R of small order', () => {
    expect(refusal(key, forge(secretKey, message, L * 0n))).toBe('signature-point')
    expect(refusal(key, forge(secretKey, message, 0n, torsion))).toBe('signature-point')
  })

  test('A59: a small-order key signs everything elsewhere', () => {
    const identity = Point.ZERO.toBytes()
    const signature = Uint8Array.of(...Point.BASE.toBytes(), ...toBytes(1n))
    expect(ed25519.verify(signature, message, identity, { zip215: true })).toBe(true)
    expect(refusal(identity, signature)).toBe('key-order')
  })

  test.each([
    ['a key of 31 bytes', key.subarray(1), new Uint8Array(64), 'key-length'],
    ['a key that is no point', toBytes(2n), new Uint8Array(64), 'key-encoding'],
    ['a signature of 63 bytes', key, new Uint8Array(63), 'signature-length'],
    ['a signature of 65 bytes', key, new Uint8Array(65), 'signature-length'],
    ['R that is no point', key, Uint8Array.of(...toBytes(2n), ...toBytes(1n)), 'signature-point'],
    [
      'R in a second encoding',
      key,
      Uint8Array.of(...toBytes(2n ** 255n - 18n), ...toBytes(1n)),
      'signature-point',
    ],
    ['zeros', key, new Uint8Array(64), 'signature-point'],
  ])('A59: %s', (_, key, signature, check) => {
    expect(refusal(key, signature)).toBe(check)
  })

  const by = (rule: Ed25519.Rule, key: Uint8Array, signature: Uint8Array) => {
    const verdict = Ed25519.verify(key, message, signature, rule)
    return verdict.ok ? 'accepted' : verdict.refusal.check
  }

  test('A59: the rules differ on R with a small-order part', () => {
    const signature = forge(secretKey, message, 5n, torsion)
    expect(RULES.map((rule) => by(rule, key, signature))).toEqual(['accepted', 'signature', 'signature'])
  })

  test('A59: the rules differ on a key with a small-order part', () => {
    // k is a multiple of the part's order, so that the equation without cofactor holds as well.
    const mixed = Point.fromBytes(key).add(torsion)
    const { scalar } = ed25519.utils.getExtendedPublicKey(secretKey)
    for (let nonce = 1n; ; nonce++) {
      const r = Point.BASE.multiplyUnsafe(nonce).toBytes()
      const k = toBigint(sha512(Uint8Array.of(...r, ...mixed.toBytes(), ...message))) % L
      if (k % 8n !== 0n) continue
      const signature = Uint8Array.of(...r, ...toBytes((nonce + k * scalar) % L))
      expect(RULES.map((rule) => by(rule, mixed.toBytes(), signature))).toEqual([
        'accepted',
        'accepted',
        'key-order',
      ])
      break
    }
  })

  test('A59: a key of small order signs everything, in either encoding, by ZIP-215 alone', () => {
    const signature = Uint8Array.of(...Point.BASE.toBytes(), ...toBytes(1n))
    const twin = Point.ZERO.toBytes()
    twin[31] = 0x80
    expect(RULES.map((rule) => by(rule, Point.ZERO.toBytes(), signature))).toEqual([
      'accepted',
      'key-order',
      'key-order',
    ])
    expect(RULES.map((rule) => by(rule, twin, signature))).toEqual([
      'accepted',
      'key-encoding',
      'key-encoding',
    ])
    expect(RULES.map((rule) => by(rule, key, Uint8Array.of(...twin, ...toBytes(0n))))).toEqual([
      'signature',
      'signature-point',
      'signature-point',
    ])
  })

  test('A59: no rule takes S beyond the group order, or bytes of another length', () => {
    const signature = ed25519.sign(message, secretKey)
    const s = toBigint(signature.subarray(32))
    expect(RULES.map((rule) => by(rule, key, forge(secretKey, message, 0n)))).toEqual([
      'accepted',
      'signature-point',
      'signature-point',
    ])
    for (const rule of RULES) {
      expect(by(rule, key, Uint8Array.of(...signature.subarray(0, 32), ...toBytes(s + L)))).toBe(
        'signature-scalar',
      )
      expect(by(rule, key, signature.subarray(0, 63))).toBe('signature-length')
      expect(by(rule, key.subarray(0, 31), signature)).toBe('key-length')
    }
  })
})

test('A59: keys of signers: none of small order, by no rule, and of prime order where that is asked for', () => {
  const key = ed25519.getPublicKey(new Uint8Array(32).fill(1))
  const mixed = Point.fromBytes(key).add(torsion).toBytes()
  const schemes = [Scheme.ed25519Zip215, Scheme.ed25519Strict, Scheme.ed25519PrimeOrder]
  for (const scheme of schemes) {
    expect(scheme.key(key)).toBe(true)
    for (const small of [Point.ZERO, torsion]) expect(scheme.key(small.toBytes())).toBe(false)
  }
  expect(schemes.map((scheme) => scheme.key(mixed))).toEqual([true, true, false])
  // A point whose y is below 19 has a second encoding, which ZIP-215 reads too: one key would be two signers.
  const doubled = Array.from({ length: 19 }, (_, y) => toBytes(2n ** 255n - 19n + BigInt(y))).filter(
    (bytes) => {
      try {
        return !Point.fromBytes(bytes, true).isSmallOrder()
      } catch {
        return false
      }
    },
  )
  expect(doubled.length).toBeGreaterThan(0)
  for (const bytes of doubled) {
    expect(Ed25519.readKey(bytes, 'zip215').ok).toBe(true)
    for (const scheme of schemes) expect(scheme.key(bytes)).toBe(false)
  }
})
