import { AggregateKey } from '@aitbc/proofs/bitcoin'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check, hex, unhex, value } from '../helpers.js'

// Key pairs 1, 2 and 3 of BIP-327's vectors, and their aggregates in two orders.
const KEYS = [
  '02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9',
  '03dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659',
  '023590a94e768f8e1815c2f24b4d80a8e3149316c3518ce7b7ad338368d038ca66',
].map(unhex) as [Uint8Array, Uint8Array, Uint8Array]

const { Point } = secp256k1
const runs = { numRuns: Number(process.env.FC_NUM_RUNS ?? 100) / 10 }
const scalars = fc.bigInt({ min: 1n, max: 2n ** 255n })
const keyOf = (scalar: bigint) => Point.BASE.multiply(scalar).toBytes(true)

test('BIP-327: the order counts, and so do repeated keys', () => {
  const of = (...keys: Uint8Array[]) => hex(value(AggregateKey.from(keys)).slice(1))
  const [a, b, c] = KEYS
  expect(of(a, b, c)).toBe('90539eede565f5d054f32cc0c220126889ed1e5d193baf15aef344fe59d4610c')
  expect(of(c, b, a)).toBe('6204de8b083426dc6eaf9502d27024d53fc826bf7d2012148a0575435df54b2b')
  expect(of(a, a, a)).toBe('b436e3bad62b8cd409969a224731c193d051162d8c5ae8b109306127da3aa935')
  expect(of(a, a, b, b)).toBe('69bc22bfa5d106306e48a20679de1d7389386124d07571d0d872686028c26a3e')
})

test('behavior: sorted keys have one aggregate, whoever lists them', () => {
  fc.assert(
    fc.property(fc.array(scalars, { minLength: 1, maxLength: 4 }), (list) => {
      const keys = list.map(keyOf)
      const sorted = AggregateKey.sort(keys)
      expect(sorted.map(hex)).toEqual(keys.map(hex).sort())
      expect(AggregateKey.sort([...keys].reverse()).map(hex)).toEqual(sorted.map(hex))
      expect(AggregateKey.from(AggregateKey.sort(keys.slice().reverse()))).toEqual(AggregateKey.from(sorted))
    }),
    runs,
  )
})

test('S5: a key made from the other one signs no more alone than any other', () => {
  fc.assert(
    fc.property(scalars, scalars, (victim, own) => {
      fc.pre(victim !== own)
      // With plain sums, this key would cancel the victim's and leave the attacker's alone.
      const rogue = Point.BASE.multiply(own).subtract(Point.BASE.multiply(victim)).toBytes(true)
      const aggregate = value(AggregateKey.from(AggregateKey.sort([keyOf(victim), rogue])))
      expect(hex(aggregate.slice(1))).not.toBe(hex(keyOf(own).slice(1)))
    }),
    runs,
  )
})

test('error: what is no key is named by its place', () => {
  const [a, b] = KEYS
  const off = unhex(`02${'00'.repeat(31)}05`)
  for (const bad of [
    off,
    a.slice(1),
    Uint8Array.from([4, ...a.slice(1)]),
    new Uint8Array(33),
    new Uint8Array(0),
  ]) {
    const verdict = AggregateKey.from([a, b, bad])
    expect(check(verdict)).toBe('key-off-curve')
    expect(verdict).toMatchObject({ refusal: { context: { index: 2 } } })
  }
  expect(check(AggregateKey.from([]))).toBe('key-off-curve')
  // An uncompressed key is no key of BIP-327.
  expect(check(AggregateKey.from([Point.fromBytes(a).toBytes(false)]))).toBe('key-off-curve')
})
