import { BlockFilter, BlockHeader, Consensus, Hash256 } from '@aitbc/proofs/bitcoin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { siphash } from '../../src/internal/siphash.js'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'
import { coinbase, filler } from './world.js'

const header = Consensus.regtest.genesis
const blockHash = BlockHeader.hash(header)
const script = (seed: number) => Uint8Array.of(0x00, 0x14, ...new Uint8Array(20).fill(seed))
/** A block that pays to and spends from `count` scripts each. */
const blockOf = (count: number) => ({
  header,
  transactions: [coinbase(1), ...Array.from({ length: count }, (_, i) => filler(i + 1))],
})
const spentBy = (count: number) => Array.from({ length: count }, (_, i) => script(100 + i))
const filterOf = (count: number) => value(BlockFilter.from(blockOf(count), spentBy(count)))

/** Bits as a filter of `count` elements has them. */
function pack(count: number, bits: string): Uint8Array {
  const bytes = bits.match(/.{1,8}/g) ?? []
  return Uint8Array.of(count, ...bytes.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)))
}

describe('SipHash-2-4', () => {
  // Appendix A of the paper, and the lengths around a word from its reference code.
  test.each([
    [0, 0x726fdb47dd0e0e31n],
    [1, 0x74f839c593dc67fdn],
    [7, 0xab0200f58b01d137n],
    [8, 0x93f5f5799a932462n],
    [15, 0xa129ca6149be45e5n],
  ])('of %i bytes', (length, expected) => {
    const bytes = (count: number) => Uint8Array.from({ length: count }, (_, i) => i)
    expect(siphash(bytes(16), bytes(length))).toBe(expected)
  })
})

describe('BlockFilter', () => {
  test('default: the genesis block of testnet has the filter that BIP-158 gives', () => {
    const hash = Hash256.fromDisplay('000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943')
    const filter = value(BlockFilter.decode(unhex('019dfca8'), hash))
    const paid = unhex(
      '4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac',
    )
    expect(BlockFilter.match(filter, paid)).toBe(true)
    expect(BlockFilter.match(filter, script(1))).toBe(false)
    expect(hex(BlockFilter.header(BlockFilter.hash(filter), new Uint8Array(32)).reverse())).toBe(
      '21584579b7eb08997773e5aeff3a7f932700042d0ed2a6129012b7d7ae81b750',
    )
  })

  test('behavior: all that a block pays to or spends from matches; what it only carries does not', () => {
    const data = Uint8Array.of(0x6a, 1, 2)
    const block = {
      header,
      transactions: [
        coinbase(1),
        {
          ...filler(1),
          outputs: [
            { amount: 0n, script: data },
            { amount: 1n, script: script(1) },
          ],
        },
        {
          ...filler(2),
          outputs: [
            { amount: 0n, script: new Uint8Array(0) },
            { amount: 1n, script: script(1) },
          ],
        },
      ],
    }
    const filter = value(BlockFilter.from(block, [script(7), new Uint8Array(0)]))
    // The coinbase's, one that two transactions pay to, and one that is spent.
    expect(filter.count).toBe(3)
    for (const one of [Uint8Array.of(0x51), script(1), script(7)])
      expect(BlockFilter.match(filter, one)).toBe(true)
    expect(BlockFilter.match(filter, data)).toBe(false)
    expect(BlockFilter.match(filter, new Uint8Array(0))).toBe(false)
    expect(value(BlockFilter.verify(filter, block, [script(7), new Uint8Array(0)]))).toEqual(filter)
  })

  test('behavior: any of many scripts, in one pass', () => {
    const filter = filterOf(40)
    const strangers = Array.from({ length: 50 }, (_, i) => Uint8Array.of(0x51, 0x20, i))
    expect(BlockFilter.matchAny(filter, strangers)).toBe(false)
    expect(BlockFilter.matchAny(filter, [...strangers, script(139)])).toBe(true)
    expect(BlockFilter.matchAny(filter, [])).toBe(false)
    // Of three elements most of them are beyond the last one: the filter ends before they come.
    const small = filterOf(1)
    for (const one of strangers) expect(BlockFilter.match(small, one)).toBe(false)
  })

  test('behavior: a count of three bytes', () => {
    const filter = filterOf(150)
    // One script begins with 0x6a, and so carries data.
    expect(filter.count).toBe(300)
    expect(value(BlockFilter.decode(filter.bytes, blockHash))).toEqual(filter)
    for (const one of [Uint8Array.of(0x51), ...spentBy(150)])
      expect(BlockFilter.match(filter, one)).toBe(true)
  })

  test('behavior: a filter keeps nothing of the bytes that it was read from', () => {
    const { bytes } = filterOf(3)
    const hash = blockHash.slice()
    const filter = value(BlockFilter.decode(bytes, hash))
    const before = { ...filter, bytes: bytes.slice(), blockHash: hash.slice() }
    bytes.fill(0xff)
    hash.fill(0xff)
    expect(filter).toEqual(before)
  })

  test('behavior: an empty filter matches nothing', () => {
    const empty = value(BlockFilter.decode(Uint8Array.of(0), blockHash))
    expect(BlockFilter.match(empty, script(1))).toBe(false)
    const nothing = { header, transactions: [{ ...coinbase(1), outputs: [] }] }
    expect(value(BlockFilter.from(nothing, []))).toEqual(empty)
  })

  test('error: filter-block, filter-spent, filter-mismatch', () => {
    const filter = filterOf(3)
    expect(check(BlockFilter.decode(filter.bytes, new Uint8Array(31)))).toBe('filter-block')
    expect(check(BlockFilter.from(blockOf(3), spentBy(2)))).toBe('filter-spent')
    expect(check(BlockFilter.verify(filter, blockOf(3), spentBy(4)))).toBe('filter-spent')
    expect(check(BlockFilter.verify(filter, blockOf(3), [script(1), script(2), script(3)]))).toBe(
      'filter-mismatch',
    )
    const other = { ...blockOf(3), header: { ...header, nonce: 9 } }
    expect(check(BlockFilter.verify(filter, other, spentBy(3)))).toBe('filter-block')
  })

  test('error: filter-encoding: cut, padded, a count that does not fit', () => {
    const { bytes } = filterOf(3)
    const read = (raw: Uint8Array) => check(BlockFilter.decode(raw, blockHash))
    expect(read(new Uint8Array(0))).toBe('filter-encoding')
    expect(read(bytes.subarray(0, -1))).toBe('filter-encoding')
    expect(read(concat(bytes, Uint8Array.of(0)))).toBe('filter-encoding')
    expect(read(Uint8Array.of(0, 0))).toBe('filter-encoding')
    expect(read(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0xff, 1, 2, 3))).toBe('filter-encoding')
    expect(read(Uint8Array.of(0xfd, 1, 0, ...bytes))).toBe('filter-encoding')
    // Quotients that go on to the end.
    expect(read(pack(1, '1'.repeat(40)))).toBe('filter-encoding')
    expect(read(pack(1, `0${'0'.repeat(19)}0001`))).toBe('filter-encoding')
    expect(BlockFilter.decode(pack(1, `0${'0'.repeat(19)}0000`), blockHash).ok).toBe(true)
  })

  test('error: filter-range: an element that nothing hashes to', () => {
    // 784,931 is 1 · 2^19 + 260,643.
    const element = (value: number) => pack(1, `10${(value - 2 ** 19).toString(2).padStart(19, '0')}`)
    expect(BlockFilter.decode(element(784_930), blockHash).ok).toBe(true)
    expect(check(BlockFilter.decode(element(784_931), blockHash))).toBe('filter-range')
    // Of two, 1,569,862 is 2 · 2^19 + 521,286; after it none is read, so that it doesn't matter how they go on.
    expect(
      check(BlockFilter.decode(pack(2, `110${(521_286).toString(2)}${'1'.repeat(26)}`), blockHash)),
    ).toBe('filter-range')
  })

  test('behavior: filter headers lead to the one that is trusted', () => {
    const hashes = [1, 2, 3].map((seed) => new Uint8Array(32).fill(seed))
    const previous = new Uint8Array(32)
    const headers: Uint8Array[] = []
    for (const one of hashes) headers.push(BlockFilter.header(one, headers.at(-1) ?? previous))
    const trusted = headers.at(-1) as Uint8Array
    expect(value(BlockFilter.verifyHeaders(hashes, { previous, trusted }))).toEqual(headers)
    expect(value(BlockFilter.verifyHeaders([], { previous, trusted: previous }))).toEqual([])
    for (let i = 0; i < 3; i++) {
      const changed = hashes.map((one, j) => (j === i ? flip(one, 8 * i) : one))
      expect(check(BlockFilter.verifyHeaders(changed, { previous, trusted }))).toBe('filter-header')
    }
    expect(check(BlockFilter.verifyHeaders([new Uint8Array(31)], { previous, trusted }))).toBe('filter-hash')
  })

  test('property: what is built decodes to itself, and every one-bit change is refused or another filter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (count, at) => {
        const filter = filterOf(count)
        expect(value(BlockFilter.decode(filter.bytes, blockHash))).toEqual(filter)
        const changed = BlockFilter.decode(flip(filter.bytes, at % (8 * filter.bytes.length)), blockHash)
        if (changed.ok)
          expect(check(BlockFilter.verify(changed.value, blockOf(count), spentBy(count)))).toBe(
            'filter-mismatch',
          )
      }),
    )
  })

  test('property: the decoder is total', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (raw) => {
        const decoded = BlockFilter.decode(raw, blockHash)
        if (decoded.ok) BlockFilter.match(decoded.value, raw)
        else expect(check(decoded)).toMatch(/^filter-/)
      }),
    )
  })
})
