import { BinaryMerkleTree, Hasher, MountainRange } from '@aitbc/proofs/substrate'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'
import { rangeOf, treeOf } from './trees.js'

const leaf = (i: number) => Hasher.keccak256(Uint8Array.of(i & 0xff, i >> 8))
const leaves = (n: number) => Array.from({ length: n }, (_, i) => leaf(i))
const big = BigInt

describe('MountainRange', () => {
  test('default: every leaf of every range to 40, alone and together', () => {
    for (let n = 1; n <= 40; n++) {
      const range = rangeOf(leaves(n))
      for (let i = 0; i < n; i++) expect(value(MountainRange.verify(range.root, range.prove(i)))).toBe(true)
      expect(value(MountainRange.verify(range.root, range.prove(...leaves(n).keys())))).toBe(true)
      expect(value(MountainRange.rootOf(big(n), range.peaks))).toEqual(range.root)
    }
  })

  test('A43: the input of the Hyperbridge exploit, and its neighbours', () => {
    const root = unhex('466dddba7e9a84a0f2632b59be71b8bd489e3334a1314a61253f8b827c9d3a36')
    const forged = Hasher.keccak256(Uint8Array.of(1))
    const attempt = (index: bigint, leafCount: bigint, items: Uint8Array[]) =>
      check(MountainRange.verify(root, { leafCount, leaves: [{ index, hash: forged }], items }))
    expect(attempt(1n, 1n, [root])).toBe('mmr-leaf-index')
    expect(attempt(0n, 1n, [root])).toBe('mmr-items')
    expect(attempt(0n, 1n, [])).toBe('mmr-root')
    expect(attempt(-1n, 1n, [root])).toBe('mmr-leaf-index')
    expect(attempt((1n << 256n) - 1n, 14n, [root])).toBe('mmr-leaf-index')
  })

  test('A43: no leaf is left out, no item left over', () => {
    const range = rangeOf(leaves(11))
    const proof = range.prove(2, 5, 10)
    const attempt = (change: Partial<MountainRange.Proof>) =>
      check(MountainRange.verify(range.root, { ...proof, ...change }))
    const [a, b, c] = proof.leaves as [MountainRange.Leaf, MountainRange.Leaf, MountainRange.Leaf]
    expect(attempt({ leafCount: 0n })).toBe('mmr-leaf-count')
    expect(attempt({ leafCount: -1n })).toBe('mmr-leaf-count')
    expect(attempt({ leafCount: 1n << 60n })).toBe('mmr-leaf-count')
    expect(attempt({ leaves: [] })).toBe('mmr-leaves')
    expect(attempt({ leaves: [a, b, b] })).toBe('mmr-leaf-order')
    expect(attempt({ leaves: [b, a, c] })).toBe('mmr-leaf-order')
    expect(attempt({ leaves: [a, b, { ...c, index: 11n }] })).toBe('mmr-leaf-index')
    expect(attempt({ leaves: [a, b, { ...c, hash: new Uint8Array(31) }] })).toBe('mmr-hash')
    expect(attempt({ items: [...proof.items.slice(1), new Uint8Array(33)] })).toBe('mmr-hash')
    expect(attempt({ items: proof.items.slice(1) })).toBe('mmr-items')
    expect(attempt({ items: [...proof.items, leaf(0)] })).toBe('mmr-items')
    expect(attempt({ leaves: [a, { ...b, index: 4n }, c] })).toBe('mmr-root')
    expect(attempt({ leaves: [a, c] })).toBe('mmr-items')
    for (let index = 11n; index < 40n; index++)
      expect(attempt({ leaves: [{ ...a, index }] })).toBe('mmr-leaf-index')
  })

  test('A45: as many peaks as the number of leaves has bits, and a bag is no peak', () => {
    for (let n = 1; n <= 40; n++) {
      const { peaks } = rangeOf(leaves(n))
      expect(peaks.length).toBe(n.toString(2).replaceAll('0', '').length)
      expect(check(MountainRange.rootOf(big(n), peaks.slice(1)))).toBe('mmr-peaks')
      expect(check(MountainRange.rootOf(big(n), [...peaks, leaf(0)]))).toBe('mmr-peaks')
      if (peaks.length < 2) continue
      // The bag of the two rightmost peaks, given for a peak.
      const bag = Hasher.keccak256(concat(peaks.at(-1) as Uint8Array, peaks.at(-2) as Uint8Array))
      expect(check(MountainRange.rootOf(big(n), [...peaks.slice(0, -2), bag]))).toBe('mmr-peaks')
    }
    expect(check(MountainRange.rootOf(0n, []))).toBe('mmr-leaf-count')
    expect(check(MountainRange.rootOf(1n, [new Uint8Array(31)]))).toBe('mmr-peaks')
    const { root, peaks } = rangeOf(leaves(7))
    const bag = Hasher.keccak256(concat(peaks[2] as Uint8Array, peaks[1] as Uint8Array))
    const asLeaf = { leafCount: 7n, leaves: [{ index: 6n, hash: bag }], items: [peaks[0] as Uint8Array] }
    expect(check(MountainRange.verify(root, asLeaf))).toBe('mmr-items')
  })

  test('A52: a zero root is no root', () => {
    const zero = new Uint8Array(32)
    const proof = { leafCount: 1n, leaves: [{ index: 0n, hash: zero }], items: [] }
    expect(check(MountainRange.verify(zero, proof))).toBe('mmr-root-zero')
    expect(check(MountainRange.verify(new Uint8Array(0), proof))).toBe('mmr-root-zero')
  })

  test('default: paths as bridges send them', () => {
    for (let n = 1; n <= 20; n++) {
      const range = rangeOf(leaves(n))
      for (let i = 0; i < n; i++) {
        const { path, order } = range.path(i)
        const at = { index: big(i), hash: leaf(i) }
        const proof = value(MountainRange.fromPath(big(n), at, path, order))
        expect(value(MountainRange.verify(range.root, proof))).toBe(true)
        expect(check(MountainRange.fromPath(big(n), at, path, order ^ 1n))).toBe('mmr-order')
        expect(check(MountainRange.fromPath(big(n), at, [...path, leaf(0)], order))).toBe('mmr-items')
        expect(check(MountainRange.fromPath(big(n), { ...at, index: big(n) }, path, order))).toBe(
          'mmr-leaf-index',
        )
      }
    }
    expect(check(MountainRange.fromPath(0n, { index: 0n, hash: leaf(0) }, [], 0n))).toBe('mmr-leaf-count')
  })

  test('behavior: any change is refused', () => {
    const range = rangeOf(leaves(13))
    const proof = range.prove(1, 6, 12)
    const change = (list: readonly Uint8Array[], bit: number) =>
      list.map((it, i) => (i === bit >> 8 ? flip(it, bit & 255) : it))
    for (let bit = 0; bit < proof.items.length * 256; bit += 3)
      expect(check(MountainRange.verify(range.root, { ...proof, items: change(proof.items, bit) }))).toBe(
        'mmr-root',
      )
    for (let bit = 0; bit < 256; bit += 3) {
      expect(check(MountainRange.verify(flip(range.root, bit), proof))).toBe('mmr-root')
      const changed = proof.leaves.map((it) => ({ ...it, hash: flip(it.hash, bit) }))
      expect(check(MountainRange.verify(range.root, { ...proof, leaves: changed }))).toBe('mmr-root')
    }
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(99), { minLength: 1 }),
        fc.integer({ min: 100, max: 400 }),
        (some, n) => {
          const other = rangeOf(leaves(n))
          expect(MountainRange.verify(other.root, other.prove(...some)).ok).toBe(true)
        },
      ),
      { numRuns: 10 },
    )
  })
})

describe('BinaryMerkleTree', () => {
  test('A44: with 3, 15, 17, 513 and 600 leaves, each branch stands for its own place alone', () => {
    for (const n of [1, 2, 3, 15, 17]) {
      const tree = treeOf(leaves(n))
      expect(hex(BinaryMerkleTree.root(leaves(n)))).toBe(hex(tree.root))
      for (let i = 0; i < n; i++)
        for (let other = 0; other < n + 3; other++) {
          const found = BinaryMerkleTree.verify(tree.root, leaf(i), big(other), big(n), tree.branch(i))
          expect(found.ok).toBe(i === other)
        }
    }
    for (const n of [513, 600]) {
      const tree = treeOf(leaves(n))
      for (const i of [0, 1, 255, 256, 511, n - 2, n - 1]) {
        const branch = tree.branch(i)
        for (let other = 0; other < n; other += other > n - 40 ? 1 : 19)
          expect(BinaryMerkleTree.verify(tree.root, leaf(i), big(other), big(n), branch).ok).toBe(i === other)
        expect(value(BinaryMerkleTree.verify(tree.root, leaf(i), big(i), big(n), branch))).toBe(true)
      }
    }
  })

  test('rootOf: where a branch leads, from its own place', () => {
    const tree = treeOf(leaves(5))
    for (const [i, leaf] of leaves(5).entries()) {
      const led = BinaryMerkleTree.rootOf(leaf, big(i), 5n, tree.branch(i))
      expect(value(led)).toEqual(tree.root)
      expect(BinaryMerkleTree.rootOf(leaf, 5n, 5n, tree.branch(i)).ok).toBe(false)
    }
  })

  test('A44: a branch is as long as its place asks', () => {
    const tree = treeOf(leaves(17))
    // The lone last leaf goes up to the root's level without a partner.
    expect(tree.branch(16).length).toBe(1)
    const attempt = (index: bigint, count: bigint, branch: readonly Uint8Array[]) =>
      check(BinaryMerkleTree.verify(tree.root, leaf(16), index, count, branch))
    for (let index = 0n; index < 16n; index++)
      expect(attempt(index, 17n, tree.branch(16))).toBe('merkle-length')
    expect(attempt(16n, 17n, [...tree.branch(16), leaf(0)])).toBe('merkle-length')
    expect(attempt(16n, 17n, [new Uint8Array(31)])).toBe('merkle-node')
    expect(attempt(17n, 17n, tree.branch(16))).toBe('merkle-index')
    expect(attempt(-1n, 17n, tree.branch(16))).toBe('merkle-index')
    expect(attempt(0n, 0n, [])).toBe('merkle-index')
    expect(attempt(0n, 1n << 33n, [])).toBe('merkle-index')
    expect(attempt(0n, 1n << 32n, [])).toBe('merkle-length')
    expect(attempt(16n, 17n, [leaf(0)])).toBe('merkle-root')
  })

  test('A52: a zero root is no root', () => {
    const zero = new Uint8Array(32)
    expect(BinaryMerkleTree.root([])).toEqual(zero)
    expect(check(BinaryMerkleTree.verify(zero, zero, 0n, 1n, []))).toBe('merkle-root-zero')
  })
})
