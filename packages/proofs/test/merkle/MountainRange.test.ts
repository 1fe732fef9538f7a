import { Bytes } from '@aitbc/core'
import { Hasher, MountainRange } from '@aitbc/proofs/merkle'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, flip, hex, unhex, value } from '../helpers.js'
import { thrown } from '../thrown.js'

const big = BigInt
const leaf = (i: number) => Hasher.keccak256(Uint8Array.of(i & 0xff, i >> 8))
const leaves = (n: number) => Array.from({ length: n }, (_, i) => leaf(i))
const scheme = MountainRange.scheme(Hasher.keccak256)
const grown = (n: number, by = scheme) =>
  leaves(n).reduce<MountainRange.Range>(MountainRange.append, MountainRange.empty(by))

/** The root by positions, as `polkadot-ckb-merkle-mountain-range` lays nodes out: a parent comes right after its right child. */
function byPosition(n: number): Uint8Array {
  const stack: { height: number; hash: Uint8Array }[] = []
  for (const hash of leaves(n)) {
    stack.push({ height: 0, hash })
    for (;;) {
      const [a, b] = stack.slice(-2)
      if (a === undefined || b === undefined || a.height !== b.height) break
      stack.splice(-2, 2, { height: a.height + 1, hash: Hasher.keccak256(Bytes.concat(a.hash, b.hash)) })
    }
  }
  let bag = stack.pop()?.hash as Uint8Array
  for (let peak = stack.pop(); peak !== undefined; peak = stack.pop())
    bag = Hasher.keccak256(Bytes.concat(bag, peak.hash))
  return bag
}

const bits = (n: number) => n.toString(2).replaceAll('0', '').length

describe('MountainRange', () => {
  test('default: appending gives the root and one peak for each bit', () => {
    for (let n = 1; n <= 70; n++) {
      const range = grown(n)
      expect(hex(MountainRange.root(range))).toBe(hex(byPosition(n)))
      expect(range.leafCount).toBe(big(n))
      expect(range.peaks.length).toBe(bits(n))
      expect(value(MountainRange.rootOf(scheme, big(n), range.peaks))).toEqual(MountainRange.root(range))
    }
  })

  test('A44: every leaf is proved at its own index alone', () => {
    for (const n of [1, 2, 3, 7, 11, 16, 21]) {
      const root = MountainRange.root(grown(n))
      let aliases = 0
      for (let i = 0; i < n; i++) {
        const proof = MountainRange.prove(scheme, leaves(n), [big(i)])
        expect(value(MountainRange.verify(scheme, root, proof))).toBe(true)
        for (let index = 0n; index < big(n) + 2n; index++)
          for (const hash of [leaf(i), leaf(Number(index))]) {
            const moved = { ...proof, leaves: [{ index, hash }] }
            if (index !== big(i) && MountainRange.verify(scheme, root, moved).ok) aliases++
          }
      }
      expect(aliases).toBe(0)
    }
  })

  test('A43: the input of the Hyperbridge exploit: an index beyond the leaves, one item that is the root', () => {
    const root = unhex('466dddba7e9a84a0f2632b59be71b8bd489e3334a1314a61253f8b827c9d3a36')
    const forged = leaf(9)
    const attempt = (index: bigint, leafCount: bigint, items: readonly Uint8Array[]) =>
      check(MountainRange.verify(scheme, root, { leafCount, leaves: [{ index, hash: forged }], items }))
    expect(attempt(1n, 1n, [root])).toBe('mmr-leaf-index')
    expect(attempt(0n, 1n, [root])).toBe('mmr-items')
    expect(attempt(0n, 1n, [])).toBe('mmr-root')
    expect(attempt((1n << 256n) - 1n, 1n, [root])).toBe('mmr-leaf-index')
    expect(attempt(-1n, 1n, [root])).toBe('mmr-leaf-index')
  })

  test('A43: no leaf is left out, no item left over, no count made up', () => {
    const n = 11
    const root = MountainRange.root(grown(n))
    const proof = MountainRange.prove(scheme, leaves(n), [2n, 5n, 10n])
    const attempt = (change: Partial<MountainRange.Proof>) =>
      check(MountainRange.verify(scheme, root, { ...proof, ...change }))
    const [a, b, c] = proof.leaves as [MountainRange.Leaf, MountainRange.Leaf, MountainRange.Leaf]
    for (const leafCount of [0n, -1n, (1n << 53n) + 1n]) expect(attempt({ leafCount })).toBe('mmr-leaf-count')
    expect(attempt({ leafCount: 1n << 53n })).toBe('mmr-items')
    expect(attempt({ leaves: [] })).toBe('mmr-leaves')
    expect(attempt({ leaves: [a, b, b] })).toBe('mmr-leaf-order')
    expect(attempt({ leaves: [b, a, c] })).toBe('mmr-leaf-order')
    expect(attempt({ leaves: [a, b, { ...c, index: 11n }] })).toBe('mmr-leaf-index')
    expect(attempt({ leaves: [a, b, { ...c, hash: new Uint8Array(64) }] })).toBe('mmr-hash')
    expect(attempt({ items: [...proof.items.slice(1), new Uint8Array(33)] })).toBe('mmr-hash')
    expect(attempt({ items: proof.items.slice(1) })).toBe('mmr-items')
    expect(attempt({ items: [...proof.items, leaf(0)] })).toBe('mmr-items')
    expect(attempt({ leaves: [a, { ...b, index: 4n }, c] })).toBe('mmr-root')
    expect(attempt({ leafCount: 10n })).toBe('mmr-leaf-index')
    const refusal = (change: Partial<MountainRange.Proof>) => {
      const verdict = MountainRange.verify(scheme, root, { ...proof, ...change })
      return verdict.ok ? undefined : verdict.refusal
    }
    expect(refusal({ leafCount: 0n })?.context).toEqual({ leafCount: 0n })
    expect(refusal({ leaves: [b, a] })?.context).toEqual({ index: 2n })
    expect(refusal({ leaves: [{ ...a, index: 12n }] })?.context).toEqual({ index: 12n })
    const { length } = proof.items
    expect(refusal({ items: proof.items.slice(1) })?.message).toBe(`more than ${length - 1} items are needed`)
    expect(refusal({ items: [...proof.items, leaf(0)] })?.message).toBe(
      `${length} items are needed, got ${length + 1}`,
    )
    // Twelve leaves have a proof of the same size: that a last leaf stands alone is only known from the count.
    expect(attempt({ leafCount: 12n })).not.toBe('mmr-leaf-index')
  })

  test('A45: as many peaks as the count has bits; a bag is no peak', () => {
    for (let n = 1; n <= 40; n++) {
      const { peaks } = grown(n)
      const attempt = (some: readonly Uint8Array[]) => check(MountainRange.rootOf(scheme, big(n), some))
      expect(attempt(peaks.slice(1))).toBe('mmr-peaks')
      expect(attempt([...peaks, leaf(0)])).toBe('mmr-peaks')
      expect(attempt([...peaks.slice(1), new Uint8Array(31)])).toBe('mmr-peaks')
      const [y, z] = peaks.slice(-2)
      if (y !== undefined && z !== undefined)
        expect(attempt([...peaks.slice(0, -2), scheme.bag(y, z)])).toBe('mmr-peaks')
    }
    for (const none of [0n, -1n, 1n << 54n])
      expect(check(MountainRange.rootOf(scheme, none, []))).toBe('mmr-leaf-count')
  })

  test('behavior: a range of 2^53 leaves, and none beyond', () => {
    const most = 1n << 53n
    expect(value(MountainRange.rootOf(scheme, most, [leaf(1)]))).toEqual(leaf(1))
    const at = { index: most - 1n, hash: leaf(0) }
    const path = leaves(53)
    const proof = value(MountainRange.fromPath(most, at, path, most - 1n))
    expect(proof.items.length).toBe(53)
    expect(check(MountainRange.fromPath(most + 1n, at, path, 0n))).toBe('mmr-leaf-count')
    expect(check(MountainRange.rootOf(scheme, most + 1n, [leaf(1), leaf(2)]))).toBe('mmr-leaf-count')
    const root = path.reduce((node, it) => scheme.node(it, node), leaf(0))
    expect(value(MountainRange.verify(scheme, root, proof))).toBe(true)
  })

  test('behavior: beyond 2^52 leaves an index is still exact, and so is the side of its leaf', () => {
    const leafCount = (1n << 52n) + 2n
    const [peak, sibling, own] = leaves(3) as [Uint8Array, Uint8Array, Uint8Array]
    const root = scheme.bag(peak, scheme.node(sibling, own))
    const proofAt = (index: bigint) => ({ leafCount, leaves: [{ index, hash: own }], items: [peak, sibling] })
    expect(value(MountainRange.verify(scheme, root, proofAt(leafCount - 1n)))).toBe(true)
    expect(check(MountainRange.verify(scheme, root, proofAt(leafCount - 2n)))).toBe('mmr-root')
  })

  test('A52: a zero root is no root', () => {
    const zero = new Uint8Array(32)
    expect(MountainRange.root(MountainRange.empty(scheme))).toEqual(zero)
    const proof = { leafCount: 1n, leaves: [{ index: 0n, hash: zero }], items: [] }
    for (const root of [zero, new Uint8Array(0), new Uint8Array(33).fill(1)])
      expect(check(MountainRange.verify(scheme, root, proof))).toBe('mmr-root-zero')
  })

  test('behavior: any changed bit is refused', () => {
    const n = 13
    const root = MountainRange.root(grown(n))
    const proof = MountainRange.prove(scheme, leaves(n), [1n, 6n])
    for (let bit = 0; bit < 256; bit++) {
      expect(check(MountainRange.verify(scheme, flip(root, bit), proof))).toBe('mmr-root')
      for (const at of proof.items.keys()) {
        const items = proof.items.map((it, i) => (i === at ? flip(it, bit) : it))
        expect(check(MountainRange.verify(scheme, root, { ...proof, items }))).toBe('mmr-root')
      }
      for (const at of proof.leaves.keys()) {
        const changed = proof.leaves.map((it, i) => (i === at ? { ...it, hash: flip(it.hash, bit) } : it))
        expect(check(MountainRange.verify(scheme, root, { ...proof, leaves: changed }))).toBe('mmr-root')
      }
    }
  })

  test('behavior: what is proved is verified, with either way of bagging', () => {
    const other = MountainRange.scheme(Hasher.blake2b256, {
      bag: (peak, right) => Hasher.blake2b256(Bytes.concat(Uint8Array.of(2), peak, right)),
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 80 }),
        fc.uniqueArray(fc.nat(79), { minLength: 1, maxLength: 10 }),
        fc.constantFrom(scheme, other),
        (n, some, by) => {
          const indices = [...new Set(some.map((it) => it % n))].sort((a, b) => a - b).map(big)
          const proof = MountainRange.prove(by, leaves(n), indices)
          const root = MountainRange.root(grown(n, by))
          expect(value(MountainRange.verify(by, root, proof))).toBe(true)
          if (n > 1) expect(MountainRange.verify(by === scheme ? other : scheme, root, proof).ok).toBe(false)
        },
      ),
      { numRuns: Math.min(Number(process.env.FC_NUM_RUNS), 200) },
    )
  })

  test('default: paths as bridges to Ethereum send them', () => {
    const n = 11
    const all = leaves(n)
    const root = MountainRange.root(grown(n))
    for (let i = 0; i < n; i++) {
      const proof = MountainRange.prove(scheme, all, [big(i)])
      // Mountains of 8, 2 and 1: items are peaks to the left, then siblings upwards, then the bag.
      const place = i < 8 ? 0 : i < 10 ? 1 : 2
      const path = [...proof.items.slice(place), ...proof.items.slice(0, place).reverse()]
      const order = i < 8 ? big(i) | 8n : i < 10 ? big(i - 8) | 2n : 0n
      const at = { index: big(i), hash: leaf(i) }
      expect(value(MountainRange.fromPath(11n, at, path, order))).toEqual(proof)
      expect(value(MountainRange.verify(scheme, root, proof))).toBe(true)
      expect(check(MountainRange.fromPath(11n, at, path, order ^ 1n))).toBe('mmr-order')
      expect(check(MountainRange.fromPath(11n, at, path, order | 16n))).toBe('mmr-order')
      expect(check(MountainRange.fromPath(11n, at, [...path, root], order))).toBe('mmr-items')
      const long = MountainRange.fromPath(11n, at, [...path, root], order)
      expect(long.ok ? undefined : long.refusal.message).toBe(
        `${path.length} items are needed, got ${path.length + 1}`,
      )
      for (const index of [-1n, 11n])
        expect(check(MountainRange.fromPath(11n, { ...at, index }, path, order))).toBe('mmr-leaf-index')
      for (const none of [0n, 1n << 54n])
        expect(check(MountainRange.fromPath(none, at, path, order))).toBe('mmr-leaf-count')
    }
  })

  test('error: what is no hash, no index', () => {
    expect(thrown(() => MountainRange.append(MountainRange.empty(scheme), new Uint8Array(31)))).toBe(
      'InvalidBytes hash',
    )
    for (const indices of [[], [-1n], [3n], [1n, 1n], [2n, 1n]])
      expect(thrown(() => MountainRange.prove(scheme, leaves(3), indices))).toBe('InvalidArgument indices')
  })
})
