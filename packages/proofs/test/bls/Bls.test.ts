import { Bls, BlsScheme, Eip2537 } from '@aitbc/proofs/bls'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { check, concat, unhex, value } from '../helpers.js'

const { G1, G2 } = bls12_381
const POP = Bls.ETHEREUM
const NUL: Bls.Suite = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_'
const AUG: Bls.Suite = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_AUG_'
const SHORT: Bls.Suite = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_'
const message = new TextEncoder().encode('message')

const long = (secret: bigint) => G1.Point.BASE.multiply(secret).toBytes()
const sign = (secret: bigint, message: Uint8Array, tag: string) =>
  (Bls.hashTo('G2', message, tag) as Bls.G2).multiply(secret).toBytes()
const sum = (...signatures: readonly Uint8Array[]) => value(Bls.aggregate(POP, signatures))

describe('one key', () => {
  test.each([NUL, POP] as const)('default: %s', (suite) => {
    expect(value(Bls.verify(suite, long(5n), message, sign(5n, message, suite)))).toBe(true)
    expect(check(Bls.verify(suite, long(6n), message, sign(5n, message, suite)))).toBe('signature')
  })

  test('default: signatures in G1, keys in G2', () => {
    const signature = (Bls.hashTo('G1', message, SHORT) as Bls.G1).multiply(5n).toBytes()
    const key = G2.Point.BASE.multiply(5n).toBytes()
    value(Bls.verify(SHORT, key, message, signature))
    expect(check(Bls.verify(SHORT, key, new Uint8Array(1), signature))).toBe('signature')
    expect(check(Bls.verify(SHORT, long(5n), message, signature))).toBe('key-point')
  })

  test('A29: a signature of one suite is none of another', () => {
    const suites = [NUL, AUG, POP]
    for (const made of suites) {
      const signed = made === AUG ? concat(long(5n), message) : message
      const verdicts = suites.map((suite) => Bls.verify(suite, long(5n), message, sign(5n, signed, made)).ok)
      expect(verdicts).toEqual(suites.map((suite) => suite === made))
    }
    // Nor is a proof of possession a signature, or the other way round.
    const possession = POP.replace('SIG', 'POP')
    expect(Bls.verify(POP, long(5n), long(5n), sign(5n, long(5n), possession)).ok).toBe(false)
    expect(Bls.verifyPossession(POP, long(5n), sign(5n, long(5n), POP)).ok).toBe(false)
    value(Bls.verifyPossession(POP, long(5n), sign(5n, long(5n), possession)))
  })

  test('A29: infinity, points outside the group and other encodings are refused', () => {
    const infinity = Uint8Array.from({ length: 48 }, (_, i) => (i === 0 ? 0xc0 : 0))
    expect(check(Bls.readKey(POP, infinity))).toBe('key-infinity')
    expect(check(Bls.readSignature(SHORT, infinity))).toBe('signature-infinity')
    expect(
      check(
        Bls.readSignature(
          POP,
          Uint8Array.from({ length: 96 }, (_, i) => (i === 0 ? 0xc0 : 0)),
        ),
      ),
    ).toBe('signature-infinity')
    expect(check(Bls.readKey(POP, G1.Point.BASE.toBytes(false)))).toBe('key-point')
    expect(check(Bls.readKey(POP, new Uint8Array(48)))).toBe('key-point')
    expect(check(Bls.readKey(POP, long(5n).subarray(1)))).toBe('key-point')
    // x = 4 is on the curve, in no subgroup of prime order.
    const x4 = Uint8Array.from({ length: 48 }, (_, i) => (i === 0 ? 0x80 : i === 47 ? 4 : 0))
    expect(check(Bls.readKey(POP, x4))).toBe('key-point')
    // The same point with the field's order added to a coordinate.
    const shifted = Uint8Array.from({ length: 48 }, (_, i) => (i === 0 ? 0xc0 : i === 47 ? 1 : 0))
    expect(check(Bls.readKey(POP, shifted))).toBe('key-point')
    expect(check(Bls.verify(POP, long(5n), message, new Uint8Array(96)))).toBe('signature-point')
    expect(check(Bls.verify(POP, infinity, message, sign(5n, message, POP)))).toBe('key-infinity')
  })

  test('a coordinate beyond the field has a second spelling, which is refused', () => {
    const { ORDER } = bls12_381.fields.Fp
    for (let factor = 1n; ; factor++) {
      const bytes = long(factor)
      const flags = (bytes[0] as number) & 0xe0
      const x =
        bls12_381.fields.Fp.fromBytes(Uint8Array.of((bytes[0] as number) & 0x1f, ...bytes.subarray(1))) +
        ORDER
      if (x >= 1n << 381n) continue
      const text = x.toString(16).padStart(96, '0')
      const other = Uint8Array.from({ length: 48 }, (_, i) =>
        Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
      )
      other[0] = (other[0] as number) | flags
      expect(check(Bls.readKey(POP, other))).toBe('key-point')
      break
    }
  })

  test('error: names of suites', () => {
    expect(value(Bls.suite(AUG))).toBe(AUG)
    for (const name of ['', `${POP} `, ` ${POP}`, POP.replace('G2', 'G3'), POP.replace('SIG', 'POP')])
      expect(check(Bls.suite(name))).toBe('suite')
  })
})

describe('many keys', () => {
  test('default: one message', () => {
    const both = sum(sign(5n, message, POP), sign(6n, message, POP))
    value(Bls.verifyShared(POP, [long(5n), long(6n)], message, both))
    expect(check(Bls.verifyShared(POP, [long(5n)], message, both))).toBe('signature')
    expect(check(Bls.verifyShared(POP, [], message, both))).toBe('keys-empty')
    expect(check(Bls.verifyShared(NUL, [long(5n), long(6n)], message, both))).toBe('suite')
    expect(check(Bls.verifyShared(POP, [long(5n), new Uint8Array(48)], message, both))).toBe('key-point')
    expect(check(Bls.verifyShared(POP, [long(5n)], message, new Uint8Array(96)))).toBe('signature-point')
  })

  test('default: a message each', () => {
    const other = new TextEncoder().encode('other')
    const both = sum(sign(5n, message, NUL), sign(6n, other, NUL))
    value(Bls.verifyDistinct(NUL, [long(5n), long(6n)], [message, other], both))
    expect(check(Bls.verifyDistinct(NUL, [long(6n), long(5n)], [message, other], both))).toBe('signature')
    expect(check(Bls.verifyDistinct(NUL, [long(5n), long(6n)], [message], both))).toBe('messages')
    expect(check(Bls.verifyDistinct(NUL, [], [], both))).toBe('keys-empty')
    expect(check(Bls.verifyDistinct(NUL, [long(5n), new Uint8Array(48)], [message, other], both))).toBe(
      'key-point',
    )
    expect(check(Bls.verifyDistinct(NUL, [long(5n)], [message], new Uint8Array(96)))).toBe('signature-point')
  })

  test('A29: two equal messages need a suite that withstands rogue keys', () => {
    const keys = [long(5n), long(6n)]
    const equal = sum(sign(5n, message, NUL), sign(6n, message, NUL))
    expect(check(Bls.verifyDistinct(NUL, keys, [message, message], equal))).toBe('messages-equal')
    const bound = keys.map((key, i) => sign(BigInt(i + 5), concat(key, message), AUG))
    value(Bls.verifyDistinct(AUG, keys, [message, message], sum(...bound)))
  })

  test('A29: a rogue key signs for all, and has no proof of possession', () => {
    const victim = long(5n)
    const rogue = G1.Point.BASE.multiply(9n).subtract(G1.Point.fromBytes(victim)).toBytes()
    const alone = sign(9n, message, POP)
    // The equation alone can't tell: the victim never signed.
    value(Bls.verifyShared(POP, [victim, rogue], message, alone))
    const proof = sign(9n, rogue, POP.replace('SIG', 'POP'))
    expect(check(Bls.verifyPossession(POP, rogue, proof))).toBe('signature')
    expect(check(Bls.verifyPossession(NUL, rogue, proof))).toBe('suite')
    expect(check(Bls.verifyPossession(POP, rogue, new Uint8Array(96)))).toBe('signature-point')
    expect(check(Bls.verifyPossession(POP, new Uint8Array(48), proof))).toBe('key-point')
  })

  test('A29: keys that cancel out sign nothing, whatever the signature', () => {
    const negative = G1.Point.fromBytes(long(5n)).negate().toBytes()
    const any = sign(7n, message, POP)
    expect(check(Bls.verifyShared(POP, [long(5n), negative], message, any))).toBe('keys-cancel')
  })

  test('error: nothing, or no signature, adds up to nothing', () => {
    expect(check(Bls.aggregate(POP, []))).toBe('signatures-empty')
    expect(check(Bls.aggregate(POP, [new Uint8Array(96)]))).toBe('signature-point')
  })
})

describe('schemes of attestations', () => {
  test.each([
    ['bls-min-pk', BlsScheme.minPk, POP, G1, 'G2'],
    ['bls-min-sig', BlsScheme.minSig, SHORT, G2, 'G1'],
  ] as const)(
    '%s: keys, possession, commitment and one signature of all',
    (name, scheme, suite, keys, group) => {
      const keyOf = (secret: bigint) => keys.Point.BASE.multiply(secret).toBytes()
      const signed = (secret: bigint, message: Uint8Array, tag: string) =>
        (Bls.hashTo(group, message, tag) as Bls.G1).multiply(secret).toBytes()
      const both = [keyOf(5n), keyOf(6n)]
      expect([scheme.kind, scheme.name]).toEqual(['sum', name])
      expect(both.map(scheme.key)).toEqual([true, true])
      expect(scheme.key(new Uint8Array(both[0]?.length ?? 0))).toBe(false)
      value(scheme.possession(keyOf(5n), signed(5n, keyOf(5n), suite.replace('SIG', 'POP'))))
      expect(check(scheme.possession(keyOf(6n), signed(5n, keyOf(6n), suite.replace('SIG', 'POP'))))).toBe(
        'signature',
      )
      const digest = new Uint8Array(32).fill(7)
      const all = value(Bls.aggregate(suite, [signed(5n, digest, suite), signed(6n, digest, suite)]))
      value(scheme.verify(both, digest, all))
      expect(check(scheme.verify(both, message, all))).toBe('signature')
      // Each key is padded to whole chunks and hashed; the vector's root is the pair's.
      const rootOf = (key: Uint8Array) => {
        const chunks = [0, 32, 64].slice(0, Math.ceil(key.length / 32)).map((at) => {
          const chunk = new Uint8Array(32)
          chunk.set(key.subarray(at, at + 32))
          return chunk
        })
        const [a, b, c = new Uint8Array(32)] = chunks as [Uint8Array, Uint8Array, Uint8Array?]
        const pair = sha256(concat(a, b))
        return chunks.length === 2 ? pair : sha256(concat(pair, sha256(concat(c, new Uint8Array(32)))))
      }
      expect(scheme.commitment(both)).toEqual(sha256(concat(...both.map(rootOf))))
    },
  )
})

describe('points as EVM contracts have them (EIP-2537)', () => {
  test('default: what is written is read, infinity too', () => {
    for (const point of [G1.Point.BASE, G1.Point.ZERO])
      expect(value(Eip2537.decode('G1', Eip2537.encode(point))).equals(point)).toBe(true)
    for (const point of [G2.Point.BASE, G2.Point.ZERO])
      expect(value(Eip2537.decode('G2', Eip2537.encode(point))).equals(point)).toBe(true)
    expect(Eip2537.encode(G1.Point.ZERO)).toEqual(new Uint8Array(128))
    expect(Eip2537.encode(G2.Point.ZERO)).toEqual(new Uint8Array(256))
  })

  test('error: length, field, curve, subgroup', () => {
    const base = Eip2537.encode(G1.Point.BASE)
    const changed = (at: number, to: number) => base.map((byte, i) => (i === at ? to : byte))
    expect(check(Eip2537.decode('G1', base.subarray(1)))).toBe('field-length')
    expect(Eip2537.decode('G2', base)).toMatchObject({
      refusal: { check: 'field-length', message: '256 bytes are expected, got 128' },
    })
    expect(check(Eip2537.decode('G1', changed(0, 1)))).toBe('field-element')
    expect(check(Eip2537.decode('G1', changed(80, 0xff)))).toBe('field-element')
    const order = (less: bigint) => unhex((bls12_381.fields.Fp.ORDER - less).toString(16).padStart(128, '0'))
    expect(value(Eip2537.decodeField(order(1n), 1))).toEqual([bls12_381.fields.Fp.ORDER - 1n])
    expect(check(Eip2537.decodeField(order(0n), 1))).toBe('field-element')
    expect(check(Eip2537.decode('G1', changed(127, 0)))).toBe('point-curve')
    expect(check(Eip2537.decode('G2', concat(base, base)))).toBe('point-curve')
    // (0, 2) is on the curve, of order 3.
    const small = new Uint8Array(128)
    small[127] = 2
    expect(check(Eip2537.decode('G1', small))).toBe('point-subgroup')
    expect(value(Eip2537.decode('G1', small, { subgroup: 'any' })).toAffine()).toEqual({ x: 0n, y: 2n })
  })

  test('pairs with infinity count for nothing', () => {
    expect(Bls.cancel([])).toBe(true)
    expect(Bls.cancel([{ g1: G1.Point.ZERO, g2: G2.Point.BASE }])).toBe(true)
    expect(Bls.cancel([{ g1: G1.Point.BASE, g2: G2.Point.ZERO }])).toBe(true)
    expect(Bls.cancel([{ g1: G1.Point.BASE, g2: G2.Point.BASE }])).toBe(false)
  })
})
