import { Bytes } from '@aitbc/core'
import { BinaryTree, Hasher } from '@aitbc/proofs/merkle'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, flip, hex, unhex, value } from '../helpers.js'
import { thrown } from '../thrown.js'

const utf8 = (text: string) => new TextEncoder().encode(text)
const data = (n: number) => Array.from({ length: n }, (_, i) => utf8(`leaf ${i}`))
const hashes = (n: number) => data(n).map(Hasher.keccak256)
const numRuns = Math.min(Number(process.env.FC_NUM_RUNS), 200)
const certificate = BinaryTree.rfc6962(Hasher.sha256)

/** MTH of RFC 6962, section 2.1, by its recursion. */
function mth(hasher: Hasher.Hasher, leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only === undefined) return hasher(new Uint8Array(0))
  if (leaves.length === 1) return hasher(Bytes.concat(Uint8Array.of(0), only))
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return hasher(Bytes.concat(Uint8Array.of(1), mth(hasher, leaves.slice(0, k)), mth(hasher, leaves.slice(k))))
}

describe('BinaryTree', () => {
  test('default: roots by the recursion of RFC 6962, with each hash function', () => {
    for (const hasher of [Hasher.sha256, Hasher.keccak256, Hasher.blake2b256])
      for (let n = 0; n <= 33; n++) {
        const tree = BinaryTree.from(BinaryTree.rfc6962(hasher), data(n))
        expect(hex(BinaryTree.root(tree))).toBe(hex(mth(hasher, data(n))))
      }
  })

  test("default: certificate transparency's known roots", () => {
    // github.com/google/certificate-transparency, merkletree tests: eight inputs, roots after 1, 2, 3 and 8.
    const inputs = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ]
    const root = (n: number) =>
      hex(BinaryTree.root(BinaryTree.from(certificate, inputs.slice(0, n).map(unhex))))
    expect(root(0)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(root(1)).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
    expect(root(2)).toBe('fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125')
    expect(root(3)).toBe('aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77')
    expect(root(8)).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
  })

  test('A44: with 3, 15, 17, 513 and 600 leaves, each proof stands for its own leaf at its own index alone', () => {
    for (const scheme of [certificate, BinaryTree.plain(Hasher.keccak256)])
      for (const n of [1, 2, 3, 15, 17, 513, 600]) {
        const leaves = hashes(n)
        const tree = BinaryTree.from(scheme, leaves)
        const root = BinaryTree.root(tree)
        let aliases = 0
        const some = n < 100 ? [...leaves.keys()] : [0, 1, 255, 511, 512, n - 1]
        for (const i of some) {
          const branch = BinaryTree.prove(tree, i)
          const leaf = leaves[i] as Uint8Array
          expect(value(BinaryTree.verify(scheme, root, leaf, branch))).toBe(true)
          for (let index = 0; index < n; index += n < 100 || index > n - 8 ? 1 : 5)
            if (index !== i && BinaryTree.verify(scheme, root, leaf, { ...branch, index }).ok) aliases++
        }
        expect(aliases).toBe(0)
      }
  })

  test('A44: how many siblings there are follows from index and count', () => {
    const tree = BinaryTree.from(certificate, data(17))
    const root = BinaryTree.root(tree)
    const last = BinaryTree.prove(tree, 16)
    expect(last.siblings.length).toBe(1)
    const attempt = (change: Partial<BinaryTree.Branch>, leaf = utf8('leaf 16')) =>
      check(BinaryTree.verify(certificate, root, leaf, { ...last, ...change }))
    for (let index = 0; index < 16; index++) expect(attempt({ index })).toBe('merkle-length')
    expect(attempt({ siblings: [] })).toBe('merkle-length')
    expect(attempt({ siblings: [...last.siblings, root] })).toBe('merkle-length')
    expect(attempt({ count: 18 })).toBe('merkle-length')
    for (const index of [-1, 17, 1.5, Number.NaN]) expect(attempt({ index })).toBe('merkle-index')
    for (const count of [0, 16, 2 ** 33, Number.NaN, 16.5]) expect(attempt({ count })).toBe('merkle-index')
    expect(attempt({ index: 0, count: 2 ** 32 })).toBe('merkle-length')
    expect(attempt({ siblings: [root.slice(1)] })).toBe('merkle-node')
    expect(attempt({}, utf8('leaf 15'))).toBe('merkle-root')
  })

  test('behavior: a node is no leaf (second preimage)', () => {
    const leaves = hashes(4)
    const [a, b] = leaves as [Uint8Array, Uint8Array]
    const separated = BinaryTree.from(certificate, leaves)
    const [, above] = separated.levels as [readonly Uint8Array[], readonly Uint8Array[]]
    const branch: BinaryTree.Branch = { index: 0, count: 2, siblings: [above[1] as Uint8Array] }
    const pair = Bytes.concat(certificate.leaf(a), certificate.leaf(b))
    expect(check(BinaryTree.verify(certificate, BinaryTree.root(separated), pair, branch))).toBe(
      'merkle-root',
    )
    const plain = BinaryTree.plain(Hasher.sha256)
    const tree = BinaryTree.from(plain, leaves)
    const root = BinaryTree.root(tree)
    const sibling = tree.levels[1]?.[1] as Uint8Array
    expect(
      check(BinaryTree.verify(plain, root, Bytes.concat(a, b), { ...branch, siblings: [sibling] })),
    ).toBe('merkle-leaf')
    // Plain trees rely on the count: with the right one the node has no place.
    const node = Hasher.sha256(Bytes.concat(a, b))
    expect(BinaryTree.verify(plain, root, node, { index: 0, count: 2, siblings: [sibling] }).ok).toBe(true)
    expect(check(BinaryTree.verify(plain, root, node, { index: 0, count: 4, siblings: [sibling] }))).toBe(
      'merkle-length',
    )
  })

  test('A52: a zero root is no root, and nothing given proves nothing', () => {
    const zero = new Uint8Array(32)
    const plain = BinaryTree.plain(Hasher.sha256)
    expect(BinaryTree.root(BinaryTree.from(plain, []))).toEqual(zero)
    const branch = { index: 0, count: 1, siblings: [] }
    for (const root of [zero, new Uint8Array(0), new Uint8Array(31).fill(1)])
      expect(check(BinaryTree.verify(plain, root, zero, branch))).toBe('merkle-root-zero')
    const nothing = { count: 1, leaves: [], items: [zero.map(() => 1)] }
    expect(
      check(
        BinaryTree.verifyMany(
          plain,
          zero.map(() => 1),
          nothing,
        ),
      ),
    ).toBe('merkle-leaves')
  })

  test('behavior: several leaves at once, each used and every item consumed', () => {
    const leaves = data(11)
    const tree = BinaryTree.from(certificate, leaves)
    const root = BinaryTree.root(tree)
    const named = (...indices: readonly number[]) =>
      indices.map((index) => ({ index, leaf: leaves[index] as Uint8Array }))
    const items = BinaryTree.proveMany(tree, [2, 5, 10])
    const attempt = (change: Partial<BinaryTree.MultiProof>) =>
      BinaryTree.verifyMany(certificate, root, { count: 11, leaves: named(2, 5, 10), items, ...change })
    expect(value(attempt({}))).toBe(true)
    expect(check(attempt({ leaves: named(5, 2, 10) }))).toBe('merkle-order')
    expect(check(attempt({ leaves: named(2, 5, 5, 10) }))).toBe('merkle-order')
    expect(check(attempt({ leaves: named(5, 10) }))).toBe('merkle-length')
    expect(check(attempt({ leaves: named(2, 5) }))).toBe('merkle-root')
    expect(check(attempt({ items: items.slice(1) }))).toBe('merkle-length')
    expect(check(attempt({ items: [...items, root] }))).toBe('merkle-length')
    const told = (change: Partial<BinaryTree.MultiProof>) => {
      const verdict = attempt(change)
      return verdict.ok ? undefined : verdict.refusal.message
    }
    expect(told({ items: items.slice(1) })).toBe(`more than ${items.length - 1} nodes are needed`)
    expect(told({ items: [...items, root] })).toBe(
      `${items.length} nodes are needed, got ${items.length + 1}`,
    )
    expect(check(attempt({ leaves: [...named(2, 5), { index: 11, leaf: utf8('x') }] }))).toBe('merkle-index')
    expect(check(attempt({ leaves: [...named(2, 5), { index: 10, leaf: utf8('x') }] }))).toBe('merkle-root')
  })

  test('behavior: any changed bit is refused', () => {
    const leaves = hashes(7)
    const tree = BinaryTree.from(certificate, leaves)
    const root = BinaryTree.root(tree)
    const proof = {
      count: 7,
      leaves: [1, 6].map((index) => ({ index, leaf: leaves[index] as Uint8Array })),
      items: BinaryTree.proveMany(tree, [1, 6]),
    }
    expect(value(BinaryTree.rootOfMany(certificate, proof))).toEqual(root)
    for (let bit = 0; bit < 256; bit++) {
      expect(check(BinaryTree.verifyMany(certificate, flip(root, bit), proof))).toBe('merkle-root')
      for (const at of proof.items.keys()) {
        const items = proof.items.map((it, i) => (i === at ? flip(it, bit) : it))
        expect(check(BinaryTree.verifyMany(certificate, root, { ...proof, items }))).toBe('merkle-root')
      }
      for (const at of proof.leaves.keys()) {
        const changed = proof.leaves.map((it, i) => (i === at ? { ...it, leaf: flip(it.leaf, bit) } : it))
        expect(check(BinaryTree.verifyMany(certificate, root, { ...proof, leaves: changed }))).toBe(
          'merkle-root',
        )
      }
    }
  })

  test('behavior: what is proved is verified, of any leaves in any tree', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 90 }),
        fc.uniqueArray(fc.nat(89), { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        (count, some, separated) => {
          const scheme = separated ? certificate : BinaryTree.plain(Hasher.sha256)
          const indices = [...new Set(some.map((it) => it % count))].sort((a, b) => a - b)
          const all = hashes(count)
          const tree = BinaryTree.from(scheme, all)
          const leaves = indices.map((index) => ({ index, leaf: all[index] as Uint8Array }))
          const items = BinaryTree.proveMany(tree, indices)
          const root = BinaryTree.root(tree)
          expect(value(BinaryTree.verifyMany(scheme, root, { count, leaves, items }))).toBe(true)
          const index = indices[0] as number
          const branch = BinaryTree.prove(tree, index)
          expect(value(BinaryTree.rootOf(scheme, all[index] as Uint8Array, branch))).toEqual(root)
        },
      ),
      { numRuns },
    )
  })

  test('error: a leaf that the scheme does not take, an index that is none', () => {
    expect(thrown(() => BinaryTree.from(BinaryTree.plain(Hasher.sha256), [new Uint8Array(64)]))).toBe(
      'InvalidBytes leaves[0]',
    )
    const tree = BinaryTree.from(certificate, data(3))
    for (const index of [-1, 3, 0.5])
      expect(thrown(() => BinaryTree.prove(tree, index))).toBe('InvalidArgument index')
    expect(thrown(() => BinaryTree.proveMany(tree, [1, 1]))).toBe('InvalidArgument index')
    expect(thrown(() => BinaryTree.prove(BinaryTree.from(certificate, []), 0))).toBe('InvalidArgument index')
  })
})
