import { Codec, isAitbcError } from '@aitbc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JUNK, thrown } from './support.js'

/** One field: how it is written and read, and any value of it. */
const FIELDS = {
  u8: fc.integer({ min: 0, max: 255 }),
  u32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  u256: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  bytes: fc.uint8Array({ maxLength: 40 }),
  text: fc.string({ unit: 'grapheme', maxLength: 20 }),
} as const
type Kind = keyof typeof FIELDS
const field = fc
  .constantFrom(...(Object.keys(FIELDS) as Kind[]))
  .chain((kind) => fc.tuple(fc.constant(kind), FIELDS[kind] as fc.Arbitrary<unknown>))
const write = (writer: Codec.Writer, [kind, value]: readonly [Kind, unknown]) =>
  (writer[kind] as (value: unknown) => Codec.Writer)(value)

test('round trip of any sequence of fields', () => {
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const writer = Codec.writer()
      for (const one of fields) write(writer, one)
      const reader = Codec.reader(writer.finish())
      for (const [kind, value] of fields) expect(reader[kind]()).toEqual(value)
      reader.finish()
    }),
  )
})

test('round trip of optional values and lists', () => {
  fc.assert(
    fc.property(
      fc.option(field, { nil: undefined }),
      fc.array(fc.uint8Array({ maxLength: 5 })),
      (value, list) => {
        const bytes = Codec.writer()
          .optional(value, write)
          .list(list, (w, one) => w.bytes(one))
          .finish()
        const reader = Codec.reader(bytes)
        expect(reader.optional((r) => r[value?.[0] ?? 'u8']())).toEqual(value?.[1])
        expect(reader.list((r) => r.bytes())).toEqual(list)
        reader.finish()
      },
    ),
  )
})

test('the bytes are as documented', () => {
  const bytes = Codec.writer()
    .u8(1)
    .u32(2)
    .u64(3n)
    .fixed(Uint8Array.of(9, 9))
    .bytes(Uint8Array.of(7))
    .text('é')
    .optional(undefined, () => {})
    .optional(5, (w, value) => w.u8(value))
    .list([1, 2], (w, value) => w.u8(value))
    .finish()
  expect(Array.from(bytes)).toEqual([
    1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 9, 9, 0, 0, 0, 1, 7, 0, 0, 0, 2, 0xc3, 0xa9, 0, 1, 5, 0, 0, 0, 2,
    1, 2,
  ])
})

test('total: any bytes read in any way end in a value of this encoding, or in InvalidEncoding', () => {
  const reads = fc.array(
    fc.constantFrom(...(Object.keys(FIELDS) as Kind[]), 'optional' as const, 'list' as const),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), reads, (input, kinds) => {
      try {
        const reader = Codec.reader(input)
        const writer = Codec.writer()
        for (const kind of kinds) {
          if (kind === 'optional')
            writer.optional(
              reader.optional((r) => r.u8()),
              (w, value) => w.u8(value),
            )
          else if (kind === 'list')
            writer.list(
              reader.list((r) => r.bytes()),
              (w, value) => w.bytes(value),
            )
          else write(writer, [kind, reader[kind]()])
        }
        reader.finish()
        expect(writer.finish()).toEqual(input)
      } catch (error) {
        if (!isAitbcError(error, 'InvalidEncoding')) throw error
      }
    }),
  )
})

test('error: lengths that can’t be are refused before memory is taken', () => {
  const huge = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1)
  expect(thrown(() => Codec.reader(huge).bytes())._tag).toBe('InvalidEncoding')
  expect(thrown(() => Codec.reader(huge).text())._tag).toBe('InvalidEncoding')
  expect(thrown(() => Codec.reader(huge).list((r) => r.u8()))._tag).toBe('InvalidEncoding')
  expect(thrown(() => Codec.reader(Uint8Array.of(0, 0, 0, 3, 1, 2, 3)).bytes(2))._tag).toBe('InvalidEncoding')
  expect(thrown(() => Codec.reader(Uint8Array.of(0, 0, 0, 2, 1, 2)).list((r) => r.u8(), 1))._tag).toBe(
    'InvalidEncoding',
  )
})

test('error: text that is not UTF-8, an optional of 2, trailing bytes', () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]])
    expect(thrown(() => Codec.reader(Uint8Array.of(0, 0, 0, bytes.length, ...bytes)).text())._tag).toBe(
      'InvalidEncoding',
    )
  const bom = Codec.writer().text('\u{feff}a').finish()
  expect(Codec.reader(bom).text()).toBe('\u{feff}a')
  expect(thrown(() => Codec.reader(Uint8Array.of(2)).optional((r) => r.u8()))._tag).toBe('InvalidEncoding')
  const error = thrown(() => Codec.reader(Uint8Array.of(1, 2)).finish())
  expect(error).toMatchObject({ _tag: 'InvalidEncoding', context: { offset: 0 } })
})

test('error: what doesn’t fit a field is refused, and nothing is rounded or replaced', () => {
  const writer = Codec.writer()
  for (const run of [
    () => writer.u8(256),
    () => writer.u8(-1),
    () => writer.u8(1.5),
    () => writer.u32(2 ** 32),
    () => writer.u64(2n ** 64n),
    () => writer.u64(-1n),
    () => writer.u256(2n ** 256n),
    () => writer.text('\ud800'),
    () => writer.text('a\udc00b'),
  ])
    expect(isAitbcError(thrown(run))).toBe(true)
  for (const junk of JUNK) {
    if (junk !== 0) expect(isAitbcError(thrown(() => writer.u8(junk as number)))).toBe(true)
    if (junk !== 1n) expect(isAitbcError(thrown(() => writer.u64(junk as bigint)))).toBe(true)
    if (typeof junk !== 'string') expect(isAitbcError(thrown(() => writer.text(junk as string)))).toBe(true)
    if (!(junk instanceof Uint8Array)) {
      expect(isAitbcError(thrown(() => writer.bytes(junk as Uint8Array)))).toBe(true)
      expect(isAitbcError(thrown(() => writer.fixed(junk as Uint8Array)))).toBe(true)
      expect(thrown(() => Codec.reader(junk as Uint8Array))._tag).toBe('InvalidEncoding')
    }
  }
})

test('behavior: what is read is a copy', () => {
  const input = Uint8Array.of(0, 0, 0, 1, 7)
  const read = Codec.reader(input).bytes()
  input[4] = 9
  expect(read).toEqual(Uint8Array.of(7))
})
