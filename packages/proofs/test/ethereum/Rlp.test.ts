import { Rlp } from '@aitbc/proofs/ethereum'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, hex, refusal, unhex, value } from '../helpers.js'

const { item } = fc.letrec<{ item: Rlp.Item }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small' },
    fc.uint8Array({ maxLength: 70 }),
    fc.array(tie('item'), { maxLength: 6 }) as fc.Arbitrary<Rlp.Item>,
  ),
}))

describe('Rlp', () => {
  test('default: the examples of the specification', () => {
    const dog = new TextEncoder().encode('dog')
    const cat = new TextEncoder().encode('cat')
    for (const [decoded, encoded] of [
      [dog, '83646f67'],
      [[cat, dog], 'c88363617483646f67'],
      [new Uint8Array(0), '80'],
      [[], 'c0'],
      [Uint8Array.of(0), '00'],
      [Uint8Array.of(15), '0f'],
      [Uint8Array.of(4, 0), '820400'],
      [[[], [[]], [[], [[]]]], 'c7c0c1c0c3c0c1c0'],
      [new Uint8Array(56), `b838${'00'.repeat(56)}`],
      [new Uint8Array(1024), `b90400${'00'.repeat(1024)}`],
    ] as [Rlp.Item, string][]) {
      expect(hex(Rlp.encode(decoded))).toBe(encoded)
      expect(value(Rlp.decode(unhex(encoded)))).toEqual(decoded)
    }
  })

  test.each([
    ['rlp-truncated', ''],
    ['rlp-truncated', '81'],
    ['rlp-truncated', '83646f'],
    ['rlp-truncated', 'b8'],
    ['rlp-truncated', 'b9ff'],
    ['rlp-truncated', 'b838'],
    ['rlp-truncated', 'c2c1'],
    ['rlp-truncated', 'c483646f67'.slice(0, 8)],
    ['rlp-truncated', 'c2820102'],
    ['rlp-truncated', 'bfffffffffffffffff'],
    ['rlp-truncated', 'ffffffffffffffffff00'],
    ['rlp-trailing', '0000'],
    ['rlp-trailing', 'c000'],
    ['rlp-single-byte', '8100'],
    ['rlp-single-byte', '817f'],
    ['rlp-length', 'b800'],
    ['rlp-length', 'b80100'],
    ['rlp-length', `b837${'00'.repeat(55)}`],
    ['rlp-length', `b90038${'00'.repeat(56)}`],
    ['rlp-length', 'f800'],
    ['rlp-length', 'f80100'],
    ['rlp-length', `f90038${'00'.repeat(56)}`],
  ])('A17: %s: %s', (name, bytes) => {
    expect(check(Rlp.decode(unhex(bytes)))).toBe(name)
  })

  test('A17: a refusal says how many bytes there are', () => {
    const said = (text: string) => refusal(Rlp.decode(unhex(text))).message
    expect(said('00010203')).toBe('3 bytes after the item')
    expect(said('83646f')).toBe('3 bytes are announced at byte 0, 2 are there')
  })

  test('A17: lists nested 100,000 deep end in a refusal', () => {
    // Written from the inside out: each list's header holds the length of all that it encloses.
    const nested = (depth: number): Uint8Array => {
      const headers: Uint8Array[] = []
      for (let length = 0; headers.length < depth; ) {
        const digits = Rlp.fromBigInt(BigInt(length))
        const header = length <= 55 ? [0xc0 + length] : [0xf7 + digits.length, ...digits]
        headers.push(Uint8Array.from(header))
        length += header.length
      }
      return Uint8Array.from(headers.reverse().flatMap((header) => [...header]))
    }
    expect(check(Rlp.decode(nested(100_000)))).toBe('rlp-depth')
    expect(check(Rlp.decode(nested(1025)))).toBe('rlp-depth')
    expect(Rlp.decode(nested(1024)).ok).toBe(true)
  })

  test('A17: scalars without leading zeros, within their size', () => {
    for (const [bytes, size] of [
      ['00', 8],
      ['0001', 8],
      ['010203', 2],
      ['ff'.repeat(33), 32],
    ] as const)
      expect(check(Rlp.toBigInt(unhex(bytes), size))).toBe('rlp-integer')
    for (const scalar of [0n, 1n, 127n, 128n, 2n ** 64n - 1n])
      expect(value(Rlp.toBigInt(Rlp.fromBigInt(scalar), 8))).toBe(scalar)
  })

  test('property: decode ∘ encode is the identity', () => {
    fc.assert(
      fc.property(item, (it) => {
        expect(value(Rlp.decode(Rlp.encode(it)))).toEqual(it)
      }),
    )
  })

  test('property: what decodes has one encoding; nothing throws', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.tuple(item, fc.nat(), fc.nat(255)).map(([it, at, byte]) => {
        const out = Rlp.encode(it).slice()
        out[at % out.length] = byte
        return out
      }),
    )
    fc.assert(
      fc.property(bytes, (input) => {
        const decoded = Rlp.decode(input)
        if (decoded.ok) expect(hex(Rlp.encode(decoded.value))).toBe(hex(input))
      }),
    )
  })
})
