import { Bytes, Hashlock } from '@aitbc/core'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JUNK, thrown } from './support.js'

const secret = new Uint8Array(32).fill(7)
const ZERO = new Uint8Array(32)

test('of: SHA-256 of the 32 bytes (FIPS 180-4)', () => {
  expect(Bytes.toHex(Hashlock.of(Uint8Array.from({ length: 32 }, (_, i) => i)))).toBe(
    '630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd',
  )
})

test('S3: a secret opens its own hashlock and no other', () => {
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(bytes32, bytes32, (a, b) => {
      fc.pre(!Bytes.equal(a, ZERO) && !Bytes.equal(b, ZERO))
      expect(Hashlock.opens(a, Hashlock.of(a))).toBe(true)
      expect(Hashlock.opens(a, Hashlock.of(b))).toBe(Bytes.equal(a, b))
    }),
  )
})

test('H1: a secret of any other length makes no hashlock and opens none', () => {
  for (const length of [0, 1, 16, 20, 31, 33, 64, 520, 521, 1000]) {
    const wrong = new Uint8Array(length).fill(7)
    const error = thrown(() => Hashlock.of(wrong))
    expect(error).toMatchObject({ _tag: 'InvalidSecret', context: { argument: 'secret', received: length } })
    expect(Hashlock.opens(wrong, sha256(wrong))).toBe(false)
  }
})

test('H2: no other function of the secret is taken for its hashlock', () => {
  const others = [
    keccak_256(secret),
    sha256(sha256(secret)),
    ripemd160(sha256(secret)),
    ripemd160(secret),
    Uint8Array.of(...ripemd160(sha256(secret)), ...new Uint8Array(12)),
  ]
  for (const other of others) expect(Hashlock.opens(secret, other)).toBe(false)
})

test('S3, H12: the sentinels: zero secret, its hash, zero hash', () => {
  expect(thrown(() => Hashlock.of(ZERO))._tag).toBe('InvalidSecret')
  expect(thrown(() => Hashlock.assert(ZERO))._tag).toBe('InvalidHashlock')
  expect(thrown(() => Hashlock.assert(sha256(ZERO)))._tag).toBe('InvalidHashlock')
  Hashlock.assert(Hashlock.of(secret))
})

test('opens: total; assert: anything but 32 bytes is refused', () => {
  for (const junk of JUNK) {
    expect(Hashlock.opens(junk, Hashlock.of(secret))).toBe(false)
    expect(Hashlock.opens(secret, junk as never)).toBe(false)
    expect(thrown(() => Hashlock.of(junk as never))._tag).toBe('InvalidSecret')
    expect(thrown(() => Hashlock.assert(junk, 'lock')).context['argument']).toBe('lock')
  }
})

test('S14: a refused secret is in no part of the error', () => {
  for (const wrong of [new Uint8Array(31).fill(0xab), 'ab'.repeat(32)]) {
    const error = thrown(() => Hashlock.of(wrong as never))
    const all = [error.message, error.hint, error.stack, JSON.stringify(error.context)].join()
    expect(all).not.toContain('abab')
    expect(all).not.toContain('171,171')
  }
})
