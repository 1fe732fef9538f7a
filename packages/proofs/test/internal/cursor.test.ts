import { describe, expect, test } from 'vitest'
import * as Cursor from '../../src/internal/cursor.js'
import { concat, hex, unhex } from '../helpers.js'

/** What is read from bytes, and whether that was all of them. */
function of<T>(text: string, read: (cursor: Cursor.Cursor) => T): readonly [T, boolean] {
  const cursor = Cursor.from(unhex(text))
  return [read(cursor), Cursor.done(cursor)]
}

describe('cursor', () => {
  test('integers, little-endian', () => {
    expect(of('ff', Cursor.u8)).toEqual([255, true])
    expect(of('01ff', Cursor.u16le)).toEqual([0xff01, true])
    expect(of('010203ff', Cursor.u32le)).toEqual([0xff030201, true])
    expect(of('feffffff', Cursor.i32le)).toEqual([-2, true])
    expect(of('01020304050607ff', Cursor.u64le)).toEqual([0xff07060504030201n, true])
  })

  test('reading past the end gives zeros, and fails for good', () => {
    expect(of('', Cursor.u8)).toEqual([0, false])
    expect(of('01', Cursor.u16le)).toEqual([0, false])
    expect(of('010203', Cursor.u32le)).toEqual([0, false])
    expect(of('010203', Cursor.i32le)).toEqual([0, false])
    expect(of('01020304050607', Cursor.u64le)).toEqual([0n, false])
    expect(of('0102', (it) => Cursor.take(it, 3))).toEqual([new Uint8Array(0), false])
    const cursor = Cursor.from(unhex('0102'))
    Cursor.u32le(cursor)
    expect([Cursor.u16le(cursor), Cursor.done(cursor)]).toEqual([0x0201, false])
  })

  test('bytes are copied, in their order, from inside a larger buffer too', () => {
    const outer = unhex('0001020304')
    const cursor = Cursor.from(outer.subarray(1))
    const first = Cursor.take(cursor, 2)
    expect([hex(first), Cursor.done(cursor)]).toEqual(['0102', false])
    expect([Cursor.u16le(cursor), Cursor.done(cursor)]).toEqual([0x0403, true])
    outer.fill(9)
    expect(hex(first)).toBe('0102')
  })

  test('as many items fit as there are bytes for', () => {
    const cursor = Cursor.from(new Uint8Array(6))
    Cursor.u16le(cursor)
    expect([Cursor.fits(cursor, 4), Cursor.fits(cursor, 2, 2), cursor.failed]).toEqual([true, true, false])
    expect([Cursor.fits(cursor, 5), cursor.failed]).toEqual([false, true])
    expect(Cursor.fits(Cursor.from(new Uint8Array(5)), 2, 3)).toBe(false)
  })

  test('a compact size has one form', () => {
    for (const [text, size] of [
      ['00', 0],
      ['fc', 0xfc],
      ['fdfd00', 0xfd],
      ['fdffff', 0xffff],
      ['fe00000100', 0x1_0000],
      ['feffffffff', 0xffff_ffff],
      ['ff0000000001000000', 0x1_0000_0000],
    ] as const)
      expect(of(text, Cursor.compactSize), text).toEqual([size, true])
    for (const text of ['fdfc00', 'feffff0000', 'ffffffffff00000000', 'fd01', 'fe010203', 'ff01020304050607'])
      expect(of(text, Cursor.compactSize), text).toEqual([0, false])
    expect(of('020102', Cursor.sized)).toEqual([unhex('0102'), true])
    expect(of('0301', Cursor.sized)[1]).toBe(false)
    // What failed before stays failed, whatever follows.
    const cursor = Cursor.from(concat(unhex('0102')))
    Cursor.take(cursor, 9)
    expect(Cursor.compactSize(cursor)).toBe(1)
    expect(Cursor.done(cursor)).toBe(false)
  })
})
