import { Signature } from '@aitbc/proofs/solana'
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat, flip, unhex } from '../helpers.js'
import { key } from './world.js'

const { Point } = ed25519
const ORDER = Point.Fn.ORDER
const message = new TextEncoder().encode('attack at dawn')
const { secret, address: publicKey } = key('signer')
const signature = ed25519.sign(message, secret)

const little = (integer: bigint) =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((integer >> BigInt(8 * i)) & 255n))
const fromLittle = (bytes: Uint8Array) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
const challenge = (r: Uint8Array, a: Uint8Array) => Point.Fn.create(fromLittle(sha512(concat(r, a, message))))

/** A signature by the scalar of a key whose public key and R have torsion added: right but for that. */
function torsioned(a: string, r: string) {
  const scalar = 12345n
  const nonce = 67890n
  const A = Point.BASE.multiply(scalar).add(Point.fromHex(a, true))
  const R = Point.BASE.multiply(nonce).add(Point.fromHex(r, true))
  const k = challenge(R.toBytes(), A.toBytes())
  return {
    publicKey: A.toBytes(),
    message,
    signature: concat(R.toBytes(), little(Point.Fn.create(nonce + k * scalar))),
  }
}

test('A59: the right signature, and none with one bit changed', () => {
  expect(Signature.verify({ publicKey, message, signature })).toBe(true)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8 * (64 + 32 + message.length) - 1 }), (bit) => {
      const all = flip(concat(signature, publicKey, message), bit)
      const changed = { signature: all.slice(0, 64), publicKey: all.slice(64, 96), message: all.slice(96) }
      expect(Signature.verify(changed)).toBe(false)
    }),
    { numRuns: 40 },
  )
})

test('A59: S is below the order', () => {
  const s = fromLittle(signature.slice(32))
  // The order itself, of which noble makes no multiple.
  const order = concat(signature.slice(0, 32), little(ORDER))
  expect(Signature.verify({ publicKey, message, signature: order })).toBe(false)
  for (const times of [1n, 2n, 8n]) {
    const changed = concat(signature.slice(0, 32), little(s + times * ORDER))
    expect(Signature.verify({ publicKey, message, signature: changed })).toBe(false)
  }
})

test('A59: a key of small order signs every message by the relaxed rule, none by the strict one', () => {
  let relaxed = 0
  for (const a of ED25519_TORSION_SUBGROUP)
    for (const r of ED25519_TORSION_SUBGROUP) {
      const check = { publicKey: unhex(a), message, signature: concat(unhex(r), new Uint8Array(32)) }
      if (ed25519.verify(check.signature, message, check.publicKey, { zip215: true })) relaxed++
      expect(Signature.verify(check)).toBe(false)
    }
  expect(relaxed).toBe(64)
})

test('A59: a key of small order is refused with a good R, where the equation holds without cofactor', () => {
  const identity = Point.ZERO.toBytes()
  for (const nonce of [1n, 2n, 67890n]) {
    const forged = concat(Point.BASE.multiply(nonce).toBytes(), little(nonce))
    expect(ed25519.verify(forged, message, identity, { zip215: true })).toBe(true)
    expect(Signature.verify({ publicKey: identity, message, signature: forged })).toBe(false)
  }
})

test('A59: R of small order is refused with a good key', () => {
  for (const r of ED25519_TORSION_SUBGROUP) {
    const k = challenge(unhex(r), publicKey)
    // R is torsion alone: S must be k times the key's scalar.
    const scalar = ed25519.utils.getExtendedPublicKey(secret).scalar
    const forged = concat(unhex(r), little(Point.Fn.create(k * scalar)))
    expect(ed25519.verify(forged, message, publicKey, { zip215: true })).toBe(true)
    expect(Signature.verify({ publicKey, message, signature: forged })).toBe(false)
  }
})

test('A59: the equation has no cofactor', () => {
  const [zero, ...others] = ED25519_TORSION_SUBGROUP
  expect(Signature.verify(torsioned(zero as string, zero as string))).toBe(true)
  for (const torsion of others) {
    const check = torsioned(zero as string, torsion)
    expect(ed25519.verify(check.signature, message, check.publicKey, { zip215: true })).toBe(true)
    expect(Signature.verify(check)).toBe(false)
  }
})

test('A59: a key or an R that isn’t in its canonical form, or not of its size', () => {
  // y = p + 3 is y = 3, a point: only the form differs.
  const odd = unhex(`f0${'ff'.repeat(30)}7f`)
  expect(Signature.isOnCurve(odd)).toBe(true)
  expect(Signature.verify({ publicKey: odd, message, signature })).toBe(false)
  expect(Signature.verify({ publicKey, message, signature: concat(odd, signature.slice(32)) })).toBe(false)
  expect(Signature.verify({ publicKey: publicKey.slice(0, 31), message, signature })).toBe(false)
  expect(Signature.verify({ publicKey, message, signature: concat(signature, new Uint8Array(1)) })).toBe(
    false,
  )
  expect(Signature.verify({ publicKey, message, signature: new Uint8Array(0) })).toBe(false)
})
