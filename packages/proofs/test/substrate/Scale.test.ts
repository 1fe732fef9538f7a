import { Hasher, Header, Scale, StorageKey } from '@aitbc/proofs/substrate'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, hex, unhex, value } from '../helpers.js'

const bytes = (...items: number[]) => Uint8Array.from(items)
const utf8 = (text: string) => new TextEncoder().encode(text)

describe('Scale', () => {
  test('default: compact integers of every width', () => {
    const cases: [bigint, string][] = [
      [0n, '00'],
      [1n, '04'],
      [63n, 'fc'],
      [64n, '0101'],
      [16383n, 'fdff'],
      [16384n, '02000100'],
      [(1n << 30n) - 1n, 'feffffff'],
      [1n << 30n, '0300000040'],
      [(1n << 64n) - 1n, '13ffffffffffffffff'],
      [(1n << 536n) - 1n, `ff${'ff'.repeat(67)}`],
    ]
    for (const [number, encoded] of cases) {
      expect(hex(Scale.encode(Scale.compact, number))).toBe(encoded)
      expect(value(Scale.decode(Scale.compact, unhex(encoded)))).toBe(number)
    }
  })

  test('A47: a compact integer has one encoding', () => {
    for (const alias of [
      '0100',
      'fd00',
      '02000000',
      'feff0000',
      '03ffffff3f',
      '0700000040 00'.replace(' ', ''),
      '1300000000000000 00'.replace(' ', ''),
    ])
      expect(check(Scale.decode(Scale.compact, unhex(alias))), alias).toBe('scale-compact')
    expect(check(Scale.decode(Scale.compactOf(32), unhex('070000000001')))).toBe('scale-compact')
    expect(check(Scale.decode(Scale.compact, bytes(0x02, 0)))).toBe('scale-truncated')
  })

  test('A47: nothing may follow a value', () => {
    expect(check(Scale.decode(Scale.u32, bytes(1, 0, 0, 0, 0)))).toBe('scale-trailing')
    expect(check(Scale.decode(Scale.u32, bytes(1, 0, 0)))).toBe('scale-truncated')
  })

  test('A47: a list that announces more than there is costs nothing', () => {
    const huge = unhex('13ffffffffffffffff')
    for (const type of [Scale.bytes, Scale.list(Scale.u64), Scale.list(Scale.fixed(0)), Scale.text])
      expect(check(Scale.decode(type as Scale.Type<unknown>, huge))).toBe('scale-length')
    expect(check(Scale.decode(Scale.list(Scale.fixed(0)), unhex('feffffff')))).toBe('scale-length')
  })

  test('A47: nesting has an end', () => {
    type Nest = readonly Nest[]
    const nest: Scale.Type<Nest> = Scale.recursive(() => Scale.list(nest))
    const deep = (depth: number) => concat(new Uint8Array(depth - 1).fill(4), bytes(0))
    expect(Scale.decode(nest, deep(128)).ok).toBe(true)
    expect(check(Scale.decode(nest, deep(129)))).toBe('scale-depth')
    expect(check(Scale.decode(nest, deep(100_000)))).toBe('scale-depth')
    expect(hex(Scale.encode(nest, [[], [[]]]))).toBe('08000400')
  })

  test('A47: flags, tags and text have one form', () => {
    expect(check(Scale.decode(Scale.boolean, bytes(2)))).toBe('scale-tag')
    expect(check(Scale.decode(Scale.option(Scale.byte), bytes(2, 1)))).toBe('scale-tag')
    expect(check(Scale.decode(Scale.variant({ a: [1, Scale.byte] }), bytes(0, 1)))).toBe('scale-tag')
    expect(check(Scale.decode(Scale.text, bytes(4, 0xff)))).toBe('scale-text')
    expect(value(Scale.decode(Scale.text, Scale.encode(Scale.text, '\ufeffDOT')))).toBe('\ufeffDOT')
  })

  const everything = Scale.struct({
    a: Scale.compact,
    b: Scale.option(Scale.uint(128)),
    c: Scale.list(Scale.variant({ x: [0, Scale.u32], y: [7, Scale.text] })),
    d: Scale.boolean,
    e: Scale.bytes,
  })

  test('behavior: what is written is read', () => {
    const some = fc.record({
      a: fc.bigInt(0n, (1n << 200n) - 1n),
      b: fc.option(fc.bigInt(0n, (1n << 128n) - 1n), { nil: undefined }),
      c: fc.array(
        fc.oneof(
          fc.record({ kind: fc.constant('x' as const), value: fc.nat() }),
          fc.record({ kind: fc.constant('y' as const), value: fc.string({ unit: 'grapheme' }) }),
        ),
      ),
      d: fc.boolean(),
      e: fc.uint8Array(),
    })
    fc.assert(
      fc.property(some, (it) => {
        expect(value(Scale.decode(everything, Scale.encode(everything, it)))).toEqual(it)
      }),
    )
  })

  test('behavior: total, and what is accepted is the one encoding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64, size: 'max' }), (input) => {
        const decoded = Scale.decode(everything, input)
        if (decoded.ok) expect(Scale.encode(everything, decoded.value)).toEqual(input)
        else expect(decoded.refusal.check).toMatch(/^scale-/)
      }),
    )
  })
})

describe('Hasher, StorageKey', () => {
  test('default: keys that every Polkadot chain has', () => {
    expect(hex(StorageKey.of('Timestamp', 'Now'))).toBe(
      'f0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb',
    )
    expect(hex(StorageKey.of('System', 'Account'))).toBe(
      '26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9',
    )
    expect(hex(Hasher.twox64Concat(unhex('e8030000')))).toBe('b6ff6f7d467b87a9e8030000')
    expect(hex(Hasher.twox(256, utf8('')))).toBe(
      '99e9d85137db46ef4bbea33613baafd56f963c64b1f3685a4eb4abd67ff6203a',
    )
    expect(hex(Hasher.blake2b128Concat(bytes(1))).slice(32)).toBe('01')
  })
})

describe('Header', () => {
  const digest: Header.DigestItem[] = [
    { kind: 'pre-runtime', engine: utf8('BABE'), data: bytes(1) },
    { kind: 'consensus', engine: utf8('XXXX'), data: bytes(2, 3) },
    { kind: 'other', data: bytes(9) },
    { kind: 'changes-trie-root', root: new Uint8Array(32).fill(7) },
    { kind: 'environment-updated' },
    { kind: 'seal', engine: utf8('BABE'), data: new Uint8Array(64) },
  ]
  const header: Header.Header = {
    parentHash: new Uint8Array(32).fill(1),
    number: 1_000_000n,
    stateRoot: new Uint8Array(32).fill(2),
    extrinsicsRoot: new Uint8Array(32).fill(3),
    digest,
  }

  test('default: every kind of digest comes back', () => {
    const encoded = Header.encode(header)
    const decoded = value(Header.decode(encoded))
    expect(decoded).toEqual({ ...header, hash: Hasher.blake2b256(encoded) })
    expect(Header.hash(decoded)).toEqual(decoded.hash)
  })

  test('A47: a header with an unknown digest item hashes the same, and is not read inside other things', () => {
    const known = Header.encode({ ...header, digest: digest.slice(0, 2) })
    const at =
      known.length -
      (Scale.encode(Scale.bytes, bytes(1)).length + 5 + Scale.encode(Scale.bytes, bytes(2, 3)).length + 5) -
      1
    const strange = concat(
      known.subarray(0, at),
      bytes(4 << 2),
      known.subarray(at + 1),
      bytes(0x2a, 1, 2, 3, 0, 4),
    )
    const decoded = value(Header.decode(strange))
    expect(decoded.digest[2]).toEqual({ kind: 'unknown', count: 2, data: bytes(0x2a, 1, 2, 3, 0, 4) })
    expect(decoded.hash).toEqual(Hasher.blake2b256(strange))
    expect(Header.hash(decoded)).toEqual(decoded.hash)
    expect(check(Scale.decode(Header.type(), strange))).toBe('digest-kind')
  })

  test('A47: neither bytes after a header, nor a long form of its number', () => {
    expect(check(Header.decode(concat(Header.encode(header), bytes(0))))).toBe('scale-trailing')
    const zero = new Uint8Array(98)
    expect(Header.decode(zero).ok).toBe(true)
    expect(check(Header.decode(concat(zero.subarray(0, 32), bytes(1, 0), zero.subarray(33))))).toBe(
      'scale-compact',
    )
  })

  test('behavior: total; each one-bit change is refused or another header', () => {
    const encoded = Header.encode(header)
    const { hash } = value(Header.decode(encoded))
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const changed = encoded.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      const decoded = Header.decode(changed)
      if (decoded.ok) {
        expect(hex(decoded.value.hash)).not.toBe(hex(hash))
        expect(hex(Header.encode(decoded.value))).toBe(hex(changed))
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (input) => void Header.decode(input)),
    )
  })
})
