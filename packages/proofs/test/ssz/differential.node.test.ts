import { Ssz } from '@aitbc/proofs/beacon'
import * as Theirs from '@chainsafe/ssz'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, value } from '../helpers.js'

/** A type of ours, the same of theirs, values of both, and how ours becomes theirs. */
interface Pair {
  readonly ours: Ssz.Type<never>
  readonly theirs: Theirs.Type<unknown>
  readonly values: fc.Arbitrary<unknown>
  readonly translate: (value: never) => unknown
}

const same = (value: unknown) => value
const bytes = (length: number, max = length) => fc.uint8Array({ minLength: length, maxLength: max })

const uint = (bits: 8 | 16 | 32 | 64 | 128 | 256): Pair => ({
  ours: Ssz.uint(bits) as never,
  theirs: new Theirs.UintBigintType((bits / 8) as 8) as never,
  values: fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }),
  translate: same,
})
const boolean: Pair = {
  ours: Ssz.boolean as never,
  theirs: new Theirs.BooleanType() as never,
  values: fc.boolean(),
  translate: same,
}
const byteVector = (size: number): Pair => ({
  ours: Ssz.bytes(size) as never,
  theirs: new Theirs.ByteVectorType(size) as never,
  values: bytes(size),
  translate: same,
})
const byteList = (limit: number): Pair => ({
  ours: Ssz.byteList(limit) as never,
  theirs: new Theirs.ByteListType(limit) as never,
  values: bytes(0, limit),
  translate: same,
})
const bitsOf = (bits: readonly boolean[]) => {
  const out = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [i, bit] of bits.entries()) if (bit) out[i >> 3] = (out[i >> 3] as number) | (1 << (i & 7))
  return out
}
const bitvector = (length: number): Pair => ({
  ours: Ssz.bitvector(length) as never,
  theirs: new Theirs.BitVectorType(length) as never,
  values: fc.array(fc.boolean(), { minLength: length, maxLength: length }).map(bitsOf),
  translate: (value: Uint8Array) => new Theirs.BitArray(value, length),
})
const bitlist = (limit: number): Pair => ({
  ours: Ssz.bitlist(limit) as never,
  theirs: new Theirs.BitListType(limit) as never,
  values: fc
    .array(fc.boolean(), { maxLength: limit })
    .map((bits) => ({ length: bits.length, bytes: bitsOf(bits) })),
  translate: ({ length, bytes }: Ssz.Bits) => new Theirs.BitArray(bytes, length),
})
const list = (item: Pair, limit: number): Pair => ({
  ours: Ssz.list(item.ours, limit) as never,
  theirs: (item.theirs.constructor === Theirs.UintBigintType || item.theirs instanceof Theirs.BooleanType
    ? new Theirs.ListBasicType(item.theirs as never, limit)
    : new Theirs.ListCompositeType(item.theirs as never, limit)) as never,
  values: fc.array(item.values, { maxLength: Math.min(limit, 9) }),
  translate: (values: readonly never[]) => values.map(item.translate),
})
const vector = (item: Pair, length: number): Pair => ({
  ours: Ssz.vector(item.ours, length) as never,
  theirs: (item.theirs.constructor === Theirs.UintBigintType || item.theirs instanceof Theirs.BooleanType
    ? new Theirs.VectorBasicType(item.theirs as never, length)
    : new Theirs.VectorCompositeType(item.theirs as never, length)) as never,
  values: fc.array(item.values, { minLength: length, maxLength: length }),
  translate: (values: readonly never[]) => values.map(item.translate),
})
const container = (fields: readonly Pair[]): Pair => {
  const named = fields.map((field, i) => [`f${i}`, field] as const)
  const map = (of: (field: Pair) => unknown) =>
    Object.fromEntries(named.map(([name, field]) => [name, of(field)]))
  return {
    ours: Ssz.container(map(({ ours }) => ours) as Record<string, Ssz.Type<unknown>>) as never,
    theirs: new Theirs.ContainerType(map(({ theirs }) => theirs) as never) as never,
    values: fc.record(Object.fromEntries(named.map(([name, { values }]) => [name, values]))),
    translate: (value: Readonly<Record<string, never>>) =>
      Object.fromEntries(named.map(([name, field]) => [name, field.translate(value[name] as never)])),
  }
}

const leaf: fc.Arbitrary<Pair> = fc.oneof(
  fc.constantFrom(8 as const, 16 as const, 32 as const, 64 as const, 128 as const, 256 as const).map(uint),
  fc.constant(boolean),
  fc.integer({ min: 1, max: 100 }).map(byteVector),
  fc.integer({ min: 1, max: 300 }).map(byteList),
  fc.integer({ min: 1, max: 600 }).map(bitvector),
  fc.integer({ min: 1, max: 600 }).map(bitlist),
)
const tree: fc.Arbitrary<Pair> = fc.letrec<{ node: Pair }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.tuple(tie('node'), fc.integer({ min: 1, max: 70_000 })).map(([item, limit]) => list(item, limit)),
    fc.tuple(tie('node'), fc.integer({ min: 1, max: 9 })).map(([item, length]) => vector(item, length)),
    fc.array(tie('node'), { minLength: 1, maxLength: 6 }).map(container),
  ),
})).node

describe('differential: @chainsafe/ssz', () => {
  test('property: types and values of all kinds: the same bytes, roots, and values back', () => {
    fc.assert(
      fc.property(
        tree.chain((pair) => pair.values.map((one) => ({ pair, one }))),
        ({ pair, one }) => {
          const { ours, theirs, translate } = pair
          const encoded = Ssz.encode(ours, one as never)
          const other = translate(one as never)
          expect(hex(encoded)).toBe(hex(theirs.serialize(other)))
          expect(hex(Ssz.hashTreeRoot(ours, one as never))).toBe(hex(theirs.hashTreeRoot(other)))
          expect(value(Ssz.decode(ours, encoded))).toEqual(one)
        },
      ),
    )
  })

  test('property: changed bytes: what they refuse is refused here', () => {
    fc.assert(
      fc.property(
        tree.chain((pair) =>
          fc.tuple(fc.constant(pair), pair.values, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 3 })),
        ),
        ([{ ours, theirs }, one, at, patch]) => {
          const bytes = Ssz.encode(ours, one as never).slice()
          if (bytes.length === 0) return
          const start = at % bytes.length
          bytes.set(patch.subarray(0, bytes.length - start), start)
          const mine = Ssz.decode(ours, bytes)
          if (mine.ok) expect(hex(Ssz.encode(ours, mine.value))).toBe(hex(bytes))
          let known: unknown
          try {
            known = theirs.deserialize(bytes)
          } catch {
            expect(mine.ok).toBe(false)
            return
          }
          // Theirs lets some encodings through that aren't canonical; ours may refuse those alone.
          if (!mine.ok) expect(hex(theirs.serialize(known))).not.toBe(hex(bytes))
          else expect(hex(theirs.hashTreeRoot(known))).toBe(hex(Ssz.hashTreeRoot(ours, mine.value)))
        },
      ),
    )
  })
})
