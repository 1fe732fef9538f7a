import { Bytes } from '@aitbc/core'
import { Hasher, SortedTree } from '@aitbc/proofs/merkle'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, flip, hex, value } from '../helpers.js'
import { thrown } from '../thrown.js'

const values = (n: number) => Array.from({ length: n }, (_, i) => Uint8Array.of(i, i >> 8, 1, 2))
const hashed = (n: number) => values(n).map(Hasher.sha256)
const standard = SortedTree.standard()
const simple = SortedTree.simple()
const pick = <T>(list: readonly T[], indices: readonly number[]) => indices.map((i) => list[i] as T)

describe('SortedTree', () => {
  test('default: a root by hand, and each value under it', () => {
    const [a, b, c] = hashed(3).sort((x, y) => (hex(x) < hex(y) ? -1 : 1)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const pair = (x: Uint8Array, y: Uint8Array) =>
      Hasher.keccak256(hex(x) < hex(y) ? Bytes.concat(x, y) : Bytes.concat(y, x))
    // Leaves fill the tree from its end: the two lowest are the deepest.
    const tree = SortedTree.from(simple, [b, c, a])
    expect(hex(SortedTree.root(tree))).toBe(hex(pair(pair(a, b), c)))
    const given = SortedTree.from(simple, [b, c, a], { order: 'given' })
    expect(hex(SortedTree.root(given))).toBe(hex(pair(pair(b, c), a)))
    for (const [i, it] of [b, c, a].entries())
      expect(value(SortedTree.verify(simple, SortedTree.root(tree), it, SortedTree.prove(tree, i)))).toBe(
        true,
      )
  })

  test('default: leaves and nodes stand by all of their bytes, the last one included', () => {
    const ending = (byte: number) => new Uint8Array(32).fill(7).with(31, byte)
    const [a, b, c] = [ending(1), ending(2), ending(3)] as const
    const below = Hasher.keccak256(Bytes.concat(a, b))
    const whole = hex(below) < hex(c) ? Bytes.concat(below, c) : Bytes.concat(c, below)
    for (const order of [
      [a, b, c],
      [c, b, a],
      [b, c, a],
    ])
      expect(hex(SortedTree.root(SortedTree.from(simple, order)))).toBe(hex(Hasher.keccak256(whole)))
  })

  test('A44: a proof stands for its own value alone', () => {
    for (const n of [1, 2, 3, 15, 17]) {
      const tree = SortedTree.from(standard, values(n))
      const root = SortedTree.root(tree)
      let aliases = 0
      for (let i = 0; i < n; i++) {
        const proof = SortedTree.prove(tree, i)
        expect(value(SortedTree.verify(standard, root, values(n)[i] as Uint8Array, proof))).toBe(true)
        for (let other = 0; other < n + 2; other++)
          if (other !== i && SortedTree.verify(standard, root, values(n + 2)[other] as Uint8Array, proof).ok)
            aliases++
        for (const length of [proof.length - 1, proof.length + 1]) {
          const cut = length < 0 ? [root] : [...proof, root].slice(0, length)
          if (SortedTree.verify(standard, root, values(n)[i] as Uint8Array, cut).ok) aliases++
        }
      }
      expect(aliases).toBe(0)
    }
  })

  test('behavior: a node is no value (second preimage)', () => {
    const all = values(4)
    const tree = SortedTree.from(standard, all)
    const root = SortedTree.root(tree)
    const [, left, right, ...leaves] = tree.nodes as [Uint8Array, Uint8Array, Uint8Array, ...Uint8Array[]]
    const [x, y] = (
      hex(leaves[0] as Uint8Array) < hex(leaves[1] as Uint8Array) ? leaves : [leaves[1], leaves[0]]
    ) as [Uint8Array, Uint8Array]
    expect(Hasher.keccak256(Bytes.concat(x, y))).toEqual(left)
    expect(check(SortedTree.verify(standard, root, Bytes.concat(x, y), [right]))).toBe('merkle-root')
    expect(check(SortedTree.verify(standard, root, left, [right]))).toBe('merkle-root')
    expect(check(SortedTree.verify(simple, root, Bytes.concat(x, y), [right]))).toBe('merkle-leaf')
  })

  test('A52: a zero root is no root, and no value no proof', () => {
    const zero = new Uint8Array(32)
    const root = SortedTree.root(SortedTree.from(standard, values(3)))
    for (const none of [zero, new Uint8Array(0), root.slice(1)])
      expect(check(SortedTree.verify(simple, none, zero, []))).toBe('merkle-root-zero')
    expect(check(SortedTree.verifyMany(standard, root, [], [root], []))).toBe('merkle-leaves')
  })

  test('behavior: sizes and lengths are bound', () => {
    const tree = SortedTree.from(standard, values(5))
    const root = SortedTree.root(tree)
    const [first] = values(1) as [Uint8Array]
    const proof = SortedTree.prove(tree, 0)
    const attempt = (siblings: readonly Uint8Array[]) =>
      check(SortedTree.verify(standard, root, first, siblings))
    expect(attempt([root.slice(1), ...proof.slice(1)])).toBe('merkle-node')
    expect(attempt(Array.from({ length: 65 }, () => root))).toBe('merkle-length')
    expect(attempt(Array.from({ length: 64 }, () => root))).toBe('merkle-root')
    const many = SortedTree.proveMany(tree, [0, 3])
    const some = pick(values(5), many.indices)
    const together = (change: Partial<SortedTree.MultiProof>, these: readonly Uint8Array[] = some) => {
      const { items, flags } = { ...many, ...change }
      return check(SortedTree.verifyMany(standard, root, these, items, flags))
    }
    expect(SortedTree.verifyMany(standard, root, some, many.items, many.flags).ok).toBe(true)
    expect(together({ items: many.items.slice(1) })).toBe('merkle-length')
    expect(together({ items: [...many.items, root] })).toBe('merkle-length')
    expect(together({ flags: many.flags.slice(1) })).toBe('merkle-length')
    expect(together({ flags: [...many.flags, true] })).toBe('merkle-length')
    expect(together({ flags: [true, true, true, true], items: [] })).toBe('merkle-length')
    expect(together({}, [...some, first])).toBe('merkle-length')
    expect(together({ items: [], flags: [] })).toBe('merkle-length')
    expect(together({}, some.slice(1))).toBe('merkle-length')
    expect(together({}, [some[0] as Uint8Array, Uint8Array.of(9)])).toBe('merkle-root')
    expect(check(SortedTree.verifyMany(simple, root, [root, first], [], [true]))).toBe('merkle-leaf')
  })

  test('behavior: flags that spend a node before it is made are refused (CVE-2023-34459)', () => {
    // A tree whose first level holds a zero node: flags could once make a verifier skip values.
    const zero = new Uint8Array(32)
    const [bad] = hashed(1) as [Uint8Array]
    const tree = SortedTree.from(simple, [bad, zero], { order: 'given' })
    const root = SortedTree.root(tree)
    const forged = hashed(3).slice(1)
    expect(SortedTree.verifyMany(simple, root, forged, [], [true, true, true]).ok).toBe(false)
    expect(SortedTree.verifyMany(simple, root, forged, [zero, root], [true, false, false]).ok).toBe(false)
    expect(check(SortedTree.verifyMany(simple, root, forged, [bad, zero], [false, false]))).toBe(
      'merkle-length',
    )
  })

  test('behavior: any changed bit is refused', () => {
    const all = hashed(6)
    const tree = SortedTree.from(simple, all)
    const root = SortedTree.root(tree)
    const many = SortedTree.proveMany(tree, [0, 2, 5])
    const some = pick(all, many.indices)
    const verify = (these: readonly Uint8Array[], items: readonly Uint8Array[], at = root) =>
      check(SortedTree.verifyMany(simple, at, these, items, many.flags))
    for (let bit = 0; bit < 256; bit++) {
      expect(verify(some, many.items, flip(root, bit))).toBe('merkle-root')
      for (const at of many.items.keys())
        expect(
          verify(
            some,
            many.items.map((it, i) => (i === at ? flip(it, bit) : it)),
          ),
        ).toBe('merkle-root')
      for (const at of some.keys())
        expect(
          verify(
            some.map((it, i) => (i === at ? flip(it, bit) : it)),
            many.items,
          ),
        ).toBe('merkle-root')
    }
  })

  test('behavior: what is proved is verified, in trees of any size and both orders', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.uniqueArray(fc.nat(59), { minLength: 1, maxLength: 9 }),
        fc.constantFrom<'hash' | 'given'>('hash', 'given'),
        (n, some, order) => {
          const indices = [...new Set(some.map((it) => it % n))]
          const all = values(n)
          const tree = SortedTree.from(standard, all, { order })
          const root = SortedTree.root(tree)
          const many = SortedTree.proveMany(tree, indices)
          expect([...many.indices].sort()).toEqual([...indices].sort())
          const these = pick(all, many.indices)
          expect(value(SortedTree.verifyMany(standard, root, these, many.items, many.flags))).toBe(true)
          const flipped = many.flags.map((flag, i) => (i === 0 ? !flag : flag))
          if (flipped.length > 0)
            expect(SortedTree.verifyMany(standard, root, these, many.items, flipped).ok).toBe(false)
        },
      ),
      { numRuns: Math.min(Number(process.env.FC_NUM_RUNS), 200) },
    )
  })

  test('error: no values, a value that is no leaf, an index that is none', () => {
    expect(thrown(() => SortedTree.from(standard, []))).toBe('InvalidArgument values')
    expect(thrown(() => SortedTree.from(simple, [new Uint8Array(64)]))).toBe('InvalidBytes values[0]')
    const tree = SortedTree.from(standard, values(3))
    for (const index of [-1, 3, 0.5])
      expect(thrown(() => SortedTree.prove(tree, index))).toBe('InvalidArgument index')
    for (const indices of [[], [1, 1]])
      expect(thrown(() => SortedTree.proveMany(tree, indices))).toBe('InvalidArgument indices')
    expect(thrown(() => SortedTree.proveMany(tree, [0, 3]))).toBe('InvalidArgument index')
  })
})
