import { Bytes } from '@aitbc/core'
import { Hasher, IncrementalTree } from '@aitbc/proofs/merkle'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, flip, hex, unhex, value } from '../helpers.js'
import { thrown } from '../thrown.js'

const leaf = (i: number) => Hasher.sha256(Uint8Array.of(i & 0xff, i >> 8, 7))
const leaves = (n: number) => Array.from({ length: n }, (_, i) => leaf(i))
const grown = (shape: IncrementalTree.Shape, some: readonly Uint8Array[]) =>
  some.reduce<IncrementalTree.Tree>(IncrementalTree.append, IncrementalTree.empty(shape))
/** The root from the definition: all places filled, level by level. */
function whole(hasher: Hasher.Hasher, depth: number, some: readonly Uint8Array[]): Uint8Array {
  let level = Array.from({ length: 2 ** depth }, (_, i) => some[i] ?? new Uint8Array(32))
  while (level.length > 1)
    level = level.flatMap((node, i) =>
      i % 2 === 1 ? [] : [hasher(Bytes.concat(node, level[i + 1] as Uint8Array))],
    )
  return level[0] as Uint8Array
}

describe('IncrementalTree', () => {
  test('default: appending gives the root of the whole tree, with each hash function', () => {
    for (const hasher of [Hasher.sha256, Hasher.keccak256, Hasher.blake2b256])
      for (let depth = 1; depth <= 4; depth++) {
        const shape = IncrementalTree.shape(hasher, depth)
        for (let n = 0; n < 2 ** depth; n++)
          expect(hex(IncrementalTree.root(grown(shape, leaves(n))))).toBe(
            hex(whole(hasher, depth, leaves(n))),
          )
      }
  })

  test("default: the deposit contract's root without deposits", () => {
    // consensus-specs `deposit_contract`: hash of the empty tree's root and the count of 0, 32 bytes.
    const shape = IncrementalTree.shape(Hasher.sha256, 32)
    const root = IncrementalTree.root(IncrementalTree.empty(shape))
    expect(hex(Hasher.sha256(Bytes.concat(root, new Uint8Array(32))))).toBe(
      'd70a234731285c6804c2a4f56711ddb8c82c99740f207854891028af34e27e5e',
    )
  })

  test('A44: each proof stands for its own place and leaf alone', () => {
    const shape = IncrementalTree.shape(Hasher.keccak256, 5)
    const n = 21
    const root = IncrementalTree.root(grown(shape, leaves(n)))
    for (let i = 0; i < n; i++) {
      const proof = IncrementalTree.prove(shape, leaves(n), i)
      for (let other = 0; other < 40; other++) {
        const moved = { ...proof, index: other }
        expect(IncrementalTree.verify(shape, root, n, leaf(i), moved).ok).toBe(other === i)
        if (other !== i)
          expect(check(IncrementalTree.verify(shape, root, n, leaf(other), proof))).toBe('merkle-root')
      }
    }
  })

  test('A52: a zero root is no root, and an empty place is no leaf', () => {
    const shape = IncrementalTree.shape(Hasher.sha256, 2)
    const one = [leaf(0)]
    const root = IncrementalTree.root(grown(shape, one))
    const zero = new Uint8Array(32)
    const vacant = { index: 1, siblings: [leaf(0), shape.zeros[1] as Uint8Array] }
    expect(check(IncrementalTree.verify(shape, root, 1, zero, vacant))).toBe('merkle-index')
    expect(IncrementalTree.verify(shape, root, 2, zero, vacant).ok).toBe(true)
    const proof = IncrementalTree.prove(shape, one, 0)
    expect(check(IncrementalTree.verify(shape, zero, 1, leaf(0), proof))).toBe('merkle-root-zero')
    expect(check(IncrementalTree.verify(shape, new Uint8Array(0), 1, leaf(0), proof))).toBe(
      'merkle-root-zero',
    )
    expect(check(IncrementalTree.verify(shape, root.slice(1), 1, leaf(0), proof))).toBe('merkle-root-zero')
  })

  test('behavior: index, count, length, and sizes are bound', () => {
    const shape = IncrementalTree.shape(Hasher.sha256, 3)
    const some = leaves(5)
    const root = IncrementalTree.root(grown(shape, some))
    const proof = IncrementalTree.prove(shape, some, 2)
    const attempt = (change: Partial<IncrementalTree.Proof>, count = 5, it = leaf(2)) =>
      check(IncrementalTree.verify(shape, root, count, it, { ...proof, ...change }))
    for (const index of [-1, 5, 8, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32 + 2])
      expect(attempt({ index })).toBe('merkle-index')
    for (const count of [0, 2, 9, Number.NaN, 7.5]) expect(attempt({}, count)).toBe('merkle-index')
    expect(attempt({ siblings: proof.siblings.slice(1) })).toBe('merkle-length')
    expect(attempt({ siblings: [...proof.siblings, leaf(0)] })).toBe('merkle-length')
    const [first, ...rest] = proof.siblings as [Uint8Array, ...Uint8Array[]]
    expect(attempt({ siblings: [first.slice(1), ...rest] })).toBe('merkle-node')
    // A node of 64 bytes that hashes like the pair would is refused by its size.
    expect(attempt({}, 5, Bytes.concat(leaf(2), leaf(3)))).toBe('merkle-leaf')
    expect(value(IncrementalTree.verify(shape, root, 8, leaf(2), proof))).toBe(true)
  })

  test('behavior: any changed bit is refused', () => {
    const shape = IncrementalTree.shape(Hasher.sha256, 3)
    const some = leaves(6)
    const root = IncrementalTree.root(grown(shape, some))
    const proof = IncrementalTree.prove(shape, some, 3)
    for (let bit = 0; bit < 256; bit++) {
      expect(check(IncrementalTree.verify(shape, flip(root, bit), 6, leaf(3), proof))).toBe('merkle-root')
      expect(check(IncrementalTree.verify(shape, root, 6, flip(leaf(3), bit), proof))).toBe('merkle-root')
      for (let at = 0; at < 3; at++) {
        const siblings = proof.siblings.map((it, i) => (i === at ? flip(it, bit) : it))
        expect(check(IncrementalTree.verify(shape, root, 6, leaf(3), { ...proof, siblings }))).toBe(
          'merkle-root',
        )
      }
    }
  })

  test('behavior: what is appended and proved is verified, in trees of any depth', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 32 }),
        fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 12 }),
        fc.nat(),
        (depth, all, seed) => {
          const shape = IncrementalTree.shape(Hasher.keccak256, depth)
          const some = all.slice(0, 2 ** depth - 1)
          const index = seed % some.length
          const root = IncrementalTree.root(grown(shape, some))
          const proof = IncrementalTree.prove(shape, some, index)
          expect(proof.siblings.length).toBe(depth)
          const found = IncrementalTree.verify(shape, root, some.length, some[index] as Uint8Array, proof)
          expect(found.ok).toBe(true)
        },
      ),
      { numRuns: Math.min(Number(process.env.FC_NUM_RUNS), 200) },
    )
  })

  test('error: what is no depth, leaf or index, and a full tree', () => {
    for (const depth of [0, 33, 1.5, Number.NaN])
      expect(thrown(() => IncrementalTree.shape(Hasher.sha256, depth))).toBe('InvalidArgument depth')
    expect(IncrementalTree.shape(Hasher.sha256, 32).zeros.length).toBe(33)
    const shape = IncrementalTree.shape(Hasher.sha256, 1)
    expect(IncrementalTree.empty(shape).branch.length).toBe(1)
    const tree = IncrementalTree.append(IncrementalTree.empty(shape), leaf(0))
    expect(thrown(() => IncrementalTree.append(tree, leaf(1)))).toBe('InvalidArgument tree')
    expect(() => IncrementalTree.append(tree, leaf(1))).toThrow('room for 1 leaves')
    expect(thrown(() => IncrementalTree.append(IncrementalTree.empty(shape), unhex('00')))).toBe(
      'InvalidBytes leaf',
    )
    for (const index of [-1, 1, 0.5])
      expect(thrown(() => IncrementalTree.prove(shape, [leaf(0)], index))).toBe('InvalidArgument index')
  })

  test('behavior: what is appended is copied', () => {
    const mine = leaf(0)
    const tree = IncrementalTree.append(IncrementalTree.empty(IncrementalTree.shape(Hasher.sha256, 2)), mine)
    const before = hex(IncrementalTree.root(tree))
    mine.fill(0)
    expect(hex(IncrementalTree.root(tree))).toBe(before)
  })
})
