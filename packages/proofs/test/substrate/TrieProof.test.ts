import { CompactProof, Hasher, StorageKey, TrieNode, TrieProof } from '@aitbc/proofs/substrate'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, value } from '../helpers.js'
import { trieOf } from './trie.js'

const bytes = (...items: number[]) => Uint8Array.from(items)
const utf8 = (text: string) => new TextEncoder().encode(text)
const long = (seed: number, length = 40) => new Uint8Array(length).fill(seed)

const entries = Array.from({ length: 60 }, (_, i): [Uint8Array, Uint8Array] => [
  Hasher.twox(64, bytes(i % 50, i)).subarray(0, 1 + (i % 8)),
  i % 3 === 0 ? long(i, 33 + i) : i % 3 === 1 ? bytes(i) : long(i, 32),
])
const held = new Map(entries.map(([key, value]) => [hex(key), value]))
const keys = [...held.keys()].map((key) =>
  Uint8Array.from(key.match(/../g) ?? [], (it) => Number.parseInt(it, 16)),
)
const absent = [bytes(), bytes(0), bytes(0xff, 0xff), ...keys.map((key) => concat(key, bytes(1)))].filter(
  (key) => !held.has(hex(key)),
)

describe('TrieProof', () => {
  test.each([0, 1] as const)(
    'default: state version %i, each key there and absent, one by one and at once',
    (version) => {
      const trie = trieOf(entries, version)
      for (const key of [...keys, ...absent]) {
        const found = TrieProof.verify(trie.root, [key], trie.prove(key), { version })
        expect(value(found), hex(key)).toEqual([held.get(hex(key)) ?? null])
      }
      const all = [...keys, ...absent]
      expect(value(TrieProof.verify(trie.root, all, trie.prove(...all)))).toEqual(
        all.map((key) => held.get(hex(key)) ?? null),
      )
    },
  )

  test('A52: a zero root is no root', () => {
    expect(check(TrieProof.verify(new Uint8Array(32), [bytes(1)], []))).toBe('trie-root-zero')
    expect(check(TrieProof.verify(new Uint8Array(0), [bytes(1)], []))).toBe('trie-root-zero')
  })

  test('A42: an incomplete proof is refused, never taken for absence', () => {
    const trie = trieOf(entries)
    const root = hex(trie.root)
    for (const key of [...keys, ...absent]) {
      const proof = trie.prove(key)
      for (let i = 0; i < proof.length; i++)
        expect(
          check(
            TrieProof.verify(
              trie.root,
              [key],
              proof.filter((_, j) => j !== i),
            ),
          ),
        ).toBe(hex(Hasher.blake2b256(proof[i] as Uint8Array)) === root ? 'trie-root' : 'trie-incomplete')
      expect(check(TrieProof.verify(trie.root, [key], []))).toBe('trie-root')
    }
    const empty = trieOf([])
    expect(value(TrieProof.verify(empty.root, [bytes(1)], [bytes(0)]))).toEqual([null])
    expect(check(TrieProof.verify(empty.root, [bytes(1)], []))).toBe('trie-root')
    expect(check(TrieProof.verify(trie.root, [], trie.prove()))).toBe('trie-keys')
  })

  test('A42: neither duplicates nor unused nodes', () => {
    const trie = trieOf(entries)
    const [key] = keys as [Uint8Array]
    const proof = trie.prove(key)
    const [first] = proof as [Uint8Array]
    expect(check(TrieProof.verify(trie.root, [key], [first, ...proof]))).toBe('trie-duplicate')
    expect(check(TrieProof.verify(trie.root, [key], [bytes(0), ...proof]))).toBe('trie-unused')
    expect(check(TrieProof.verify(trie.root, [key], trie.prove(...keys)))).toBe('trie-unused')
  })

  test('A42: one order of nodes, that of their bytes', () => {
    const trie = trieOf(entries)
    const [key] = keys as [Uint8Array]
    const proof = trie.prove(key)
    expect(proof.length).toBeGreaterThan(1)
    const turned = proof.toReversed()
    expect(check(TrieProof.verify(trie.root, [key], turned))).toBe('trie-order')
    expect(check(TrieProof.verify(trie.root, [key], [...proof, proof[0] as Uint8Array]))).toBe('trie-order')
    expect(TrieProof.of([...turned, ...proof])).toEqual(proof)
    expect(TrieProof.of([])).toEqual([])
    expect(TrieProof.of([bytes(1, 2), bytes(2), bytes(1), bytes(1)])).toEqual([
      bytes(1),
      bytes(1, 2),
      bytes(2),
    ])
  })

  test('A42: a value behind its hash is a value even where it reads as a node', () => {
    const inner = trieOf(entries)
    const node = inner.prove(keys[0] as Uint8Array)[0] as Uint8Array
    const trie = trieOf([
      [bytes(1), node],
      [bytes(2), long(2)],
    ])
    const proof = trie.prove(bytes(1))
    expect(value(TrieProof.verify(trie.root, [bytes(1)], proof))).toEqual([node])
    // The path through that value leads nowhere: it ends at the leaf.
    expect(check(TrieProof.verify(trie.root, [concat(bytes(1), keys[0] as Uint8Array)], proof))).toBe(
      'trie-unused',
    )
  })

  test('A42: state version 0 and 1 are told apart at 33 bytes', () => {
    const v0 = trieOf([[bytes(1), long(1, 33)]], 0)
    const v1 = trieOf([[bytes(1), long(1, 33)]], 1)
    expect(check(TrieProof.verify(v0.root, [bytes(1)], v0.prove(bytes(1)), { version: 1 }))).toBe(
      'trie-version',
    )
    expect(check(TrieProof.verify(v1.root, [bytes(1)], v1.prove(bytes(1)), { version: 0 }))).toBe(
      'trie-version',
    )
    for (const version of [0, 1] as const) {
      const short = trieOf([[bytes(1), long(1, 32)]], version)
      for (const read of [0, 1] as const)
        expect(TrieProof.verify(short.root, [bytes(1)], short.prove(bytes(1)), { version: read }).ok).toBe(
          true,
        )
    }
    const short = long(1, 32)
    const node = TrieNode.encode({
      partial: bytes(0, 1),
      value: { kind: 'hashed', hash: Hasher.blake2b256(short) },
      children: undefined,
    })
    expect(check(TrieProof.verify(Hasher.blake2b256(node), [bytes(1)], TrieProof.of([node, short])))).toBe(
      'trie-value-short',
    )
  })

  test('A13, A42: a node below 32 bytes stands in its parent, no other does', () => {
    const leaf = (seed: number, length: number) =>
      TrieNode.encode({
        partial: bytes(1),
        value: { kind: 'inline', bytes: long(seed, length) },
        children: undefined,
      })
    const branch = (...below: Uint8Array[]) =>
      TrieNode.encode({
        partial: bytes(),
        value: undefined,
        children: Array.from({ length: 16 }, (_, i) => below[i]),
      })
    const short = leaf(1, 28)
    expect(short.length).toBe(31)
    const other = leaf(2, 3)
    const good = branch(short, other)
    expect(value(TrieProof.verify(Hasher.blake2b256(good), [bytes(1)], [good]))).toEqual([long(1, 28)])
    const bad = branch(Hasher.blake2b256(short), other)
    expect(check(TrieProof.verify(Hasher.blake2b256(bad), [bytes(1)], TrieProof.of([bad, short])))).toBe(
      'trie-node-short',
    )
    const tooLong = branch(leaf(1, 31), other)
    expect(check(TrieProof.verify(Hasher.blake2b256(tooLong), [bytes(1)], [tooLong]))).toBe('trie-child')
    // 32 bytes are a hash: what stands there is not looked at as a node.
    const exact = branch(leaf(1, 29), other)
    expect(check(TrieProof.verify(Hasher.blake2b256(exact), [bytes(1)], [exact]))).toBe('trie-incomplete')
  })

  test('A15: the wrong key ends at another place', () => {
    const trie = trieOf(entries)
    for (const key of keys.slice(0, 10)) {
      const proof = trie.prove(key)
      for (const other of keys) {
        if (other === key) continue
        const found = TrieProof.verify(trie.root, [other], proof)
        if (found.ok) expect(found.value).toEqual([held.get(hex(other)) ?? null])
      }
    }
  })

  test.each([
    ['an empty node below the root', bytes(0), 'trie-header'],
    ['a reserved header', bytes(1), 'trie-header'],
    ['padding that is not zero', bytes(0x41, 0x11, 0x00), 'trie-partial'],
    ['a partial key without end', concat(bytes(0x7f), new Uint8Array(300).fill(255)), 'trie-partial'],
    ['a branch without children', bytes(0xc0, 0, 0, 4, 1), 'trie-branch'],
    ['a branch with one child and no value', bytes(0x80, 1, 0, 12, 0x40, 4, 1), 'trie-branch'],
    ['a child of no bytes', bytes(0x80, 3, 0, 0, 12, 0x40, 4, 1), 'trie-child'],
    ['bytes after the node', bytes(0x40, 4, 1, 0), 'scale-trailing'],
    ['a value that is cut off', bytes(0x40, 8, 1), 'scale-length'],
    ['a long form of a length', bytes(0x40, 1, 0), 'scale-compact'],
  ])('error: %s', (_, node, expected) => {
    expect(check(TrieNode.decode(node))).toBe(expected)
    if (node.length === 1 && node[0] === 0) return
    expect(check(TrieProof.verify(Hasher.blake2b256(node), [bytes()], [node]))).toBe(expected)
  })

  test('behavior: partial keys of every length', () => {
    for (const length of [1, 14, 15, 16, 30, 31, 32, 62, 63, 64, 65, 317, 318, 319, 573, 1000]) {
      for (const kind of ['leaf', 'branch', 'hashed leaf', 'hashed branch', 'bare branch']) {
        const node: TrieNode.TrieNode = {
          partial: new Uint8Array(length).map((_, i) => i % 16),
          value: kind.startsWith('bare')
            ? undefined
            : kind.startsWith('hashed')
              ? { kind: 'hashed', hash: long(1, 32) }
              : { kind: 'inline', bytes: bytes(5) },
          children: kind.endsWith('branch')
            ? Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? long(i, 32) : undefined))
            : undefined,
        }
        expect(value(TrieNode.decode(TrieNode.encode(node))), `${kind} of ${length}`).toEqual(node)
      }
    }
  })

  test('behavior: total, and what is accepted is the one encoding', () => {
    const node = fc.tuple(
      fc.constantFrom(0x40, 0x41, 0x80, 0xc1, 0x20, 0x10, 0x7f),
      fc.uint8Array({ maxLength: 80, size: 'max' }),
    )
    fc.assert(
      fc.property(node, ([head, rest]) => {
        const input = concat(bytes(head), rest)
        const decoded = TrieNode.decode(input)
        if (decoded.ok) expect(TrieNode.encode(decoded.value)).toEqual(input)
        void TrieProof.verify(Hasher.blake2b256(input), [rest.subarray(0, 2)], [input])
      }),
    )
  })

  test('behavior: each one-bit change of root, key or proof is refused, or proves what is so', () => {
    const trie = trieOf(entries)
    for (const key of [...keys.slice(0, 3), ...absent.slice(0, 2)]) {
      const proof = trie.prove(key)
      for (let i = 0; i < proof.length; i++)
        for (let bit = 0; bit < (proof[i] as Uint8Array).length * 8; bit += 7) {
          const changed = proof.map((node, j) => (i === j ? flip(node, bit) : node))
          expect(TrieProof.verify(trie.root, [key], changed).ok).toBe(false)
        }
      for (let bit = 0; bit < 256; bit += 11)
        expect(check(TrieProof.verify(flip(trie.root, bit), [key], proof))).toBe('trie-root')
      for (let bit = 0; bit < key.length * 8; bit++) {
        const other = flip(key, bit)
        const found = TrieProof.verify(trie.root, [other], proof)
        if (found.ok) expect(found.value).toEqual([held.get(hex(other)) ?? null])
      }
    }
  })

  test('behavior: any trie, Keccak or BLAKE2, proves what it holds', () => {
    const key = fc.uint8Array({ maxLength: 4 })
    const some = fc.array(fc.tuple(key, fc.uint8Array({ maxLength: 40, size: 'max' })), { maxLength: 20 })
    fc.assert(
      fc.property(
        some,
        fc.array(key, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (pairs, asked, keccak) => {
          const hasher = keccak ? Hasher.keccak256 : Hasher.blake2b256
          const trie = trieOf(pairs, 1, hasher)
          const expected = new Map(pairs.map(([k, v]) => [hex(k), v]))
          const all = [...asked, ...pairs.map(([k]) => k)]
          const answer = all.map((k) => expected.get(hex(k)) ?? null)
          expect(value(TrieProof.verify(trie.root, all, trie.prove(...all), { hasher, version: 1 }))).toEqual(
            answer,
          )
          const nodes = value(CompactProof.expand(trie.root, trie.compact(...all), hasher))
          expect(value(TrieProof.verify(trie.root, all, nodes, { hasher }))).toEqual(answer)
          if (pairs.length > 0)
            expect(
              TrieProof.verify(trie.root, all, trie.prove(...all), {
                hasher: keccak ? Hasher.blake2b256 : Hasher.keccak256,
              }).ok,
            ).toBe(false)
        },
      ),
    )
  })
})

describe('child tries', () => {
  const child = trieOf(entries)
  const id = utf8('contract')
  const top = trieOf([
    [StorageKey.childRoot(id), child.root],
    [StorageKey.childRoot(utf8('broken')), long(1, 31)],
    [utf8('other'), long(3)],
  ])
  const proofOf = (name: Uint8Array, ...asked: Uint8Array[]) =>
    TrieProof.of([...top.prove(StorageKey.childRoot(name)), ...child.prove(...asked)])

  test('default: there, absent, and no such child trie', () => {
    const [key] = keys as [Uint8Array]
    expect(value(TrieProof.verifyChild(top.root, id, [key], proofOf(id, key)))).toEqual([held.get(hex(key))])
    expect(
      value(TrieProof.verifyChild(top.root, id, [bytes(0xff, 0xff)], proofOf(id, bytes(0xff, 0xff)))),
    ).toEqual([null])
    const none = utf8('nobody')
    expect(
      value(TrieProof.verifyChild(top.root, none, [key, bytes(1)], top.prove(StorageKey.childRoot(none)))),
    ).toEqual([null, null])
  })

  test('A42: the child trie is bound to its id, and its nodes to its root', () => {
    const [key] = keys as [Uint8Array]
    const proof = proofOf(id, key)
    expect(check(TrieProof.verifyChild(top.root, utf8('broken'), [key], proofOf(utf8('broken'), key)))).toBe(
      'trie-child-root',
    )
    expect(check(TrieProof.verifyChild(top.root, utf8('nobody'), [key], proofOf(utf8('nobody'), key)))).toBe(
      'trie-unused',
    )
    expect(check(TrieProof.verifyChild(top.root, id, [key], top.prove(StorageKey.childRoot(id))))).toBe(
      'trie-root',
    )
    expect(check(TrieProof.verifyChild(child.root, id, [key], proof))).not.toBe('')
    expect(check(TrieProof.verify(top.root, [key], proof))).not.toBe('')
    expect(check(TrieProof.verifyChild(top.root, id, [], proof))).toBe('trie-keys')
    expect(check(TrieProof.verifyChild(new Uint8Array(32), id, [key], proof))).toBe('trie-root-zero')
    expect(check(TrieProof.verifyChild(top.root, id, [key], [proof[0] as Uint8Array, ...proof]))).toBe(
      'trie-duplicate',
    )
    const zero = trieOf([[StorageKey.childRoot(id), new Uint8Array(32)]])
    expect(check(TrieProof.verifyChild(zero.root, id, [key], zero.prove(StorageKey.childRoot(id))))).toBe(
      'trie-root-zero',
    )
  })

  test('behavior: top and child in one compact proof', () => {
    const [key] = keys as [Uint8Array]
    const compact = [...top.compact(StorageKey.childRoot(id)), ...child.compact(key)]
    const nodes = value(CompactProof.expand(top.root, compact))
    expect(value(TrieProof.verifyChild(top.root, id, [key], nodes))).toEqual([held.get(hex(key))])
  })
})

describe('CompactProof', () => {
  const trie = trieOf(entries)
  const [key] = keys as [Uint8Array]
  const compact = trie.compact(...keys)

  test('default: the same nodes, in fewer bytes', () => {
    const nodes = value(CompactProof.expand(trie.root, compact))
    const size = (list: readonly Uint8Array[]) => list.reduce((sum, it) => sum + it.length, 0)
    expect(new Set(nodes.map(hex))).toEqual(new Set(trie.prove(...keys).map(hex)))
    expect(size(compact)).toBeLessThan(size(nodes))
    expect(value(CompactProof.expand(trieOf([]).root, [bytes(0)]))).toEqual([bytes(0)])
  })

  test('A42: nodes and values that were left out must follow', () => {
    expect(check(CompactProof.expand(trie.root, []))).toBe('compact-empty')
    for (let i = 1; i < compact.length; i++)
      expect(check(CompactProof.expand(trie.root, compact.slice(0, i)))).toBe('compact-truncated')
    expect(check(CompactProof.expand(flip(trie.root, 0), compact))).toBe('compact-root')
    expect(check(CompactProof.expand(trie.root, [bytes(0)]))).toBe('compact-root')
    const at = compact.findIndex((item) => item[0] === 1)
    const swap = (i: number, item: Uint8Array) => compact.map((it, j) => (i === j ? item : it))
    expect(check(CompactProof.expand(trie.root, swap(at + 1, long(1, 32))))).toBe('compact-value')
    expect(check(CompactProof.expand(trie.root, swap(at + 1, long(1, 50))))).toBe('compact-root')
    expect(check(CompactProof.expand(trie.root, [bytes(1, 0x40, 4, 9), long(1)]))).toBe('compact-value')
    const nodes = value(CompactProof.expand(trie.root, [...compact, bytes(0x40, 4, 1)]))
    expect(check(TrieProof.verify(trie.root, keys, nodes))).toBe('trie-unused')
    expect(check(CompactProof.expand(trie.root, [bytes(0x80, 3, 0, 0, 0), bytes(0x40, 4, 1)]))).toBe(
      'compact-inline',
    )
  })

  test('behavior: a node of 32 bytes has a hash, one of 31 has none', () => {
    for (const [length, items] of [
      [29, 2],
      [28, 1],
    ] as const) {
      const two = trieOf([
        [bytes(0x01), long(1, length)],
        [bytes(0x11), long(2, length)],
      ])
      const some = two.compact(bytes(0x01))
      expect(some.length).toBe(items)
      const nodes = value(CompactProof.expand(two.root, some))
      expect(value(TrieProof.verify(two.root, [bytes(0x01)], nodes))).toEqual([long(1, length)])
    }
  })

  test('A42: a deep proof costs no stack', () => {
    const deep = Array.from({ length: 10_000 }, () => bytes(0xc0, 1, 0, 0, 0))
    expect(check(CompactProof.expand(trie.root, deep))).toBe('compact-truncated')
  })

  test('behavior: each one-bit change is refused', () => {
    const some = trie.compact(key)
    for (let i = 0; i < some.length; i++)
      for (let bit = 0; bit < (some[i] as Uint8Array).length * 8; bit += 5) {
        const nodes = CompactProof.expand(
          trie.root,
          some.map((node, j) => (i === j ? flip(node, bit) : node)),
        )
        expect(nodes.ok && TrieProof.verify(trie.root, [key], nodes.value).ok).toBe(false)
      }
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40, size: 'max' }), { maxLength: 6 }), (items) => {
        expect(CompactProof.expand(trie.root, items).ok).toBe(false)
      }),
    )
  })
})
