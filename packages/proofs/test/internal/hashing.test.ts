import { sha256 } from '@noble/hashes/sha2.js'
import { expect, test } from 'vitest'
import { join } from '../../src/internal/join.js'
import { ofEach80 } from '../../src/internal/sha256d.js'
import { siphash } from '../../src/internal/siphash.js'
import { concat, unhex } from '../helpers.js'

const counting = (length: number) => Uint8Array.from({ length }, (_, i) => i)

test('SipHash-2-4: vectors of its authors, for 0, 15 and 63 bytes', () => {
  const key = counting(16)
  expect(siphash(key, new Uint8Array(0))).toBe(0x726fdb47dd0e0e31n)
  expect(siphash(key, counting(15))).toBe(0xa129ca6149be45e5n)
  expect(siphash(key, counting(63))).toBe(0x958a324ceb064572n)
})

test('SHA-256 twice of each 80 bytes, alone and in a row, from inside a larger buffer', () => {
  const records = Array.from({ length: 5 }, (_, i) => counting(80).map((byte) => (byte * 31 + i * 77) & 0xff))
  const expected = records.map((record) => sha256(sha256(record)))
  for (const [i, record] of records.entries()) expect(ofEach80(record)).toEqual(expected[i])
  expect(ofEach80(concat(new Uint8Array(3), ...records).subarray(3))).toEqual(concat(...expected))
  expect(ofEach80(concat(...records, new Uint8Array(79)))).toEqual(concat(...expected))
  expect(ofEach80(new Uint8Array(79))).toEqual(new Uint8Array(0))
})

test('join: short parts, long ones and none, in their order', () => {
  expect(join([])).toEqual(new Uint8Array(0))
  const parts = [unhex('0102'), counting(40), new Uint8Array(0), counting(41), unhex('ff'), counting(100)]
  expect(join(parts)).toEqual(concat(...parts))
  // More than a call has room for arguments.
  expect(join(new Array(150_000).fill(unhex('07'))).length).toBe(150_000)
})
