import { Hashing } from '@aitbc/proofs/engine'
import { Rlp, StateProof, TrieProof } from '@aitbc/proofs/ethereum'
import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, unhex, value } from '../helpers.js'
import { hexPrefix, nibblesOf, trieOf } from './trie.js'

const keyOf = (i: number) => keccak_256(Uint8Array.of(i & 255, i >> 8))
const entries = (n: number, size = 40): [Uint8Array, Uint8Array][] =>
  Array.from({ length: n }, (_, i) => [keyOf(i), new Uint8Array(size).fill(i + 1)])
const verify = (root: Uint8Array, key: Uint8Array, proof: readonly Uint8Array[]) =>
  TrieProof.verify(root, key, proof)
const list = (...items: Rlp.Item[]) => Rlp.encode(items)
const EMPTY = new Uint8Array(0)

describe('TrieProof', () => {
  test('default: what is there, and that the rest isn’t', () => {
    for (const n of [1, 2, 5, 17, 100]) {
      const trie = trieOf(entries(n))
      for (const [key, held] of entries(n))
        expect(value(verify(trie.root, key, trie.prove(key)))).toEqual(held)
      for (let i = n; i < n + 40; i++)
        expect(value(verify(trie.root, keyOf(i), trie.prove(keyOf(i))))).toBeNull()
    }
  })

  test('A14: a key that ends at a branch without a value is absent, and one with a value is there', () => {
    const held = new Uint8Array(40).fill(7)
    const longer: [Uint8Array, Uint8Array][] = [unhex('1201'), unhex('1211')].map((key) => [key, held])
    const without = trieOf(longer)
    expect(value(verify(without.root, unhex('12'), without.prove(unhex('12'))))).toBeNull()
    const trie = trieOf([...longer, [unhex('12'), held]])
    expect(value(verify(trie.root, unhex('12'), trie.prove(unhex('12'))))).toEqual(held)
  })

  test('A13: nodes below 32 bytes stand in their parent', () => {
    // Short keys and values: most leaves, and some branches, are inline.
    const short: [Uint8Array, Uint8Array][] = [0x1234, 0x1235, 0x1245, 0x2000, 0x2001, 0x3fff].map((key) => [
      Uint8Array.of(key >> 8, key & 255),
      Uint8Array.of(key & 255 || 1),
    ])
    const trie = trieOf(short)
    for (const [key, held] of short) {
      const proof = trie.prove(key)
      expect(value(verify(trie.root, key, proof))).toEqual(held)
      expect(proof.length).toBeLessThan(4)
    }
    expect(value(verify(trie.root, unhex('1236'), trie.prove(unhex('1236'))))).toBeNull()
    // The inline leaf given as a node of its own is one too many.
    const [key] = short[0] as [Uint8Array, Uint8Array]
    const leaf = list(hexPrefix([4], true), Uint8Array.of(0x34))
    expect(check(verify(trie.root, key, [...trie.prove(key), leaf]))).toBe('trie-extra')
  })

  test('A13: a hash of a node below 32 bytes, and an embedded node of 32 or more', () => {
    const key = unhex('12')
    const branch = (child: Rlp.Item) => {
      const children: Rlp.Item[] = Array.from({ length: 17 }, () => EMPTY)
      children[1] = child
      children[2] = keccak_256(EMPTY)
      return Rlp.encode(children)
    }
    const small = list(hexPrefix([2], true), Uint8Array.of(7))
    const hashed = branch(keccak_256(small))
    expect(check(verify(keccak_256(hashed), key, [hashed, small]))).toBe('trie-node-short')
    const inline = branch([hexPrefix([2], true), Uint8Array.of(7)])
    expect(value(verify(keccak_256(inline), key, [inline]))).toEqual(Uint8Array.of(7))
    for (const size of [29, 40, 60]) {
      const big: Rlp.Item = [hexPrefix([2], true), new Uint8Array(size).fill(9)]
      expect(Rlp.encode(big).length).toBeGreaterThanOrEqual(32)
      const embedded = branch(big)
      expect(check(verify(keccak_256(embedded), key, [embedded]))).toBe('trie-inline')
      const right = branch(keccak_256(Rlp.encode(big)))
      expect(value(verify(keccak_256(right), key, [right, Rlp.encode(big)]))).toEqual(big[1])
    }
    for (const size of [1, 31, 33]) {
      const odd = branch(new Uint8Array(size).fill(1))
      expect(check(verify(keccak_256(odd), key, [odd]))).toBe('trie-child')
    }
  })

  test('A14: emptiness is proved, never assumed', () => {
    const trie = trieOf(entries(60))
    const key = keyOf(3)
    expect(check(verify(trie.root, key, []))).toBe('trie-empty')
    expect(value(verify(TrieProof.EMPTY_ROOT, key, []))).toBeNull()
    expect(hex(TrieProof.EMPTY_ROOT)).toBe('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')
    // The node that is the empty trie's only preimage is no node.
    expect(check(verify(TrieProof.EMPTY_ROOT, key, [Uint8Array.of(0x80)]))).toBe('trie-node')
    expect(check(verify(TrieProof.EMPTY_ROOT, key, trie.prove(key)))).toBe('trie-root')
    const proof = trie.prove(key)
    expect(proof.length).toBeGreaterThan(1)
    for (let length = 1; length < proof.length; length++)
      expect(check(verify(trie.root, key, proof.slice(0, length)))).toBe('trie-truncated')
    for (let i = 100; i < 140; i++) {
      const absent = keyOf(i)
      const exclusion = trie.prove(absent)
      expect(value(verify(trie.root, absent, exclusion))).toBeNull()
      for (let length = 1; length < exclusion.length; length++)
        expect(check(verify(trie.root, absent, exclusion.slice(0, length)))).toBe('trie-truncated')
      expect(check(verify(trie.root, absent, [...exclusion, proof.at(-1) as Uint8Array]))).toBe('trie-extra')
    }
    // The last node is checked like all others.
    const last = flip(proof.at(-1) as Uint8Array, 100)
    expect(check(verify(trie.root, key, [...proof.slice(0, -1), last]))).toBe('trie-node-hash')
    expect(check(verify(trie.root, key, [...proof, Uint8Array.of(0x80)]))).toBe('trie-extra')
  })

  test('A15: two keys never share a proof; paths are compared to their end', () => {
    const trie = trieOf(entries(60))
    for (let i = 0; i < 60; i++) {
      const proof = trie.prove(keyOf(i))
      for (let j = 0; j < 60; j++)
        if (i !== j) expect(verify(trie.root, keyOf(j), proof).ok, `key ${j} by key ${i}`).toBe(false)
    }
    // A leaf whose path is longer or shorter than what is left of the key, or differs in it.
    const key = unhex('1234')
    for (const path of ['123456', '12', '1235', '2234', '']) {
      const leaf = list(hexPrefix(nibblesOf(unhex(path)), true), unhex('ff'.repeat(40)))
      expect(value(verify(keccak_256(leaf), key, [leaf])), path).toBeNull()
    }
    const child = keccak_256(unhex('00'))
    for (const path of ['123456', '1235']) {
      const extension = list(hexPrefix(nibblesOf(unhex(path)), false), child)
      expect(value(verify(keccak_256(extension), key, [extension])), path).toBeNull()
    }
    const empty = list(hexPrefix([], false), child)
    expect(check(verify(keccak_256(empty), key, [empty]))).toBe('trie-extension')
    // Below an extension stands a branch, and nothing else.
    const leaf = list(hexPrefix(nibblesOf(unhex('34')), true), unhex('ff'.repeat(40)))
    const extension = list(hexPrefix(nibblesOf(unhex('12')), false), keccak_256(leaf))
    expect(check(verify(keccak_256(extension), key, [extension, leaf]))).toBe('trie-extension')
    const nowhere = list(hexPrefix(nibblesOf(unhex('12')), false), EMPTY)
    expect(check(verify(keccak_256(nowhere), key, [nowhere]))).toBe('trie-child')
    // A value in a branch is for the key that ends there, and no other.
    const children: Rlp.Item[] = Array.from({ length: 16 }, () => EMPTY)
    const branch = Rlp.encode([...children, unhex('aa'.repeat(40))])
    expect(value(verify(keccak_256(branch), EMPTY, [branch]))).toEqual(unhex('aa'.repeat(40)))
    expect(value(verify(keccak_256(branch), key, [branch]))).toBeNull()
    const listed = Rlp.encode([...children, [unhex('aa')]])
    expect(check(verify(keccak_256(listed), EMPTY, [listed]))).toBe('trie-value')
  })

  test('A12: one hex prefix is accepted of all 256 first bytes', () => {
    const held = unhex('ff'.repeat(40))
    for (const path of ['1234', '123']) {
      const nibbles = [...path].map((digit) => Number.parseInt(digit, 16))
      // A key of whole bytes below a branch, so that odd paths end with the key too.
      const children: Rlp.Item[] = Array.from({ length: 17 }, () => EMPTY)
      const odd = nibbles.length % 2 === 1
      const key = unhex(odd ? `0${path}` : path)
      const right = hexPrefix(nibbles, true)
      let accepted = 0
      for (let first = 0; first < 256; first++) {
        const prefixed = concat(Uint8Array.of(first), right.slice(1))
        const leaf = list(prefixed, held)
        children[0] = keccak_256(leaf)
        const top = odd ? Rlp.encode(children) : leaf
        const verdict = verify(keccak_256(top), key, odd ? [top, leaf] : [leaf])
        if (!verdict.ok) expect(['trie-path', 'trie-child']).toContain(verdict.refusal.check)
        else if (verdict.value !== null) {
          accepted++
          expect(first).toBe(right[0])
        }
      }
      expect(accepted).toBe(1)
    }
    for (const path of [EMPTY, [] as const]) {
      const leaf = list(path, held)
      expect(check(verify(keccak_256(leaf), unhex('12'), [leaf]))).toBe('trie-path')
    }
  })

  test('A17: nodes are canonical to the byte, and have 2 or 17 items', () => {
    const key = unhex('12')
    for (const [name, node] of [
      ['trie-node', list()],
      ['trie-node', list(EMPTY)],
      ['trie-node', list(EMPTY, EMPTY, EMPTY)],
      ['trie-node', list(...Array.from({ length: 16 }, () => EMPTY))],
      ['trie-node', list(...Array.from({ length: 18 }, () => EMPTY))],
      ['trie-node', list(...Array.from({ length: 200 }, () => EMPTY))],
      ['trie-node', Rlp.encode(new Uint8Array(40))],
      ['rlp-trailing', concat(list(hexPrefix([1, 2], true), unhex('ffff')), Uint8Array.of(0))],
      ['rlp-single-byte', unhex('c4201281'.concat('05'))],
      ['rlp-truncated', unhex('c52012b8ffff')],
      ['rlp-truncated', unhex('c32082ff')],
      ['rlp-truncated', unhex('c32083ff')],
      ['rlp-truncated', EMPTY],
      ['trie-value', list(hexPrefix([1, 2], true), EMPTY)],
      ['trie-value', list(hexPrefix([1, 2], true), [unhex('ff')])],
    ] as const)
      expect(check(verify(keccak_256(node), key, [node])), hex(node)).toBe(name)
  })

  test('A12: a path is a string of its own, not what stands behind it, nor what is in a list', () => {
    // Behind the empty path, and within the list, stands the prefix of a leaf.
    const empty = list(EMPTY, Uint8Array.of(0x20))
    expect(check(verify(keccak_256(empty), unhex('12'), [empty]))).toBe('trie-path')
    const listed = list([Uint8Array.of(0x20)], unhex('ff'))
    for (const key of [EMPTY, unhex('12')])
      expect(check(verify(keccak_256(listed), key, [listed]))).toBe('trie-path')
  })

  test('A14: absence is read from whole nodes alone', () => {
    const key = unhex('1234')
    // An extension that leads elsewhere, and nowhere.
    for (const child of [EMPTY, new Uint8Array(31).fill(1)]) {
      const extension = list(hexPrefix(nibblesOf(unhex('1235')), false), child)
      expect(check(verify(keccak_256(extension), key, [extension]))).toBe('trie-child')
    }
    // An empty list is no empty place.
    const children: Rlp.Item[] = Array.from({ length: 17 }, () => EMPTY)
    const branch = Rlp.encode(children.with(1, []))
    expect(check(verify(keccak_256(branch), key, [branch]))).toBe('trie-node')
    // A path beyond the key's end, where a key that is too short would read as zeros.
    const extension = list(hexPrefix([2, 0], false), keccak_256(EMPTY))
    const top = Rlp.encode(children.with(1, keccak_256(extension)))
    expect(value(verify(keccak_256(top), unhex('12'), [top, extension]))).toBeNull()
  })

  test('a refusal says how much there is', () => {
    const said = (node: Uint8Array, key = unhex('12'), more: readonly Uint8Array[] = []) =>
      refusal(verify(keccak_256(node), key, [node, ...more])).message
    const children: Rlp.Item[] = Array.from({ length: 17 }, () => EMPTY)
    expect(said(Rlp.encode(children.with(1, [hexPrefix([2], true), new Uint8Array(29)])))).toBe(
      'a node of 32 bytes stands in its parent',
    )
    expect(said(Rlp.encode(children.with(1, new Uint8Array(31))))).toBe('a reference of 31 bytes')
    const leaf = list(hexPrefix([1, 2], true), unhex('ffff'))
    expect(said(concat(leaf, new Uint8Array(3)))).toBe('3 bytes after a node')
    expect(said(leaf, unhex('12'), [leaf, leaf])).toBe('2 nodes are unused')
    expect(said(Rlp.encode(new Uint8Array(40)))).toBe('a node has 2 or 17 items, got a string')
    // Items beyond the 18th aren't counted.
    expect(said(list(...Array.from({ length: 200 }, () => EMPTY)))).toBe('a node has 2 or 17 items, got 18')
  })

  test('hashes may come from whoever the caller has for it, all in one call', () => {
    const trie = trieOf(entries(60))
    const proof = trie.prove(keyOf(3))
    expect(proof.length).toBeGreaterThan(1)
    const options = { hashing: Hashing.noble }
    expect(value(TrieProof.verify(trie.root, keyOf(3), proof, options))).toEqual(new Uint8Array(40).fill(4))
    for (const at of proof.keys()) {
      const changed = proof.map((node, i) => (i === at ? flip(node, 100) : node))
      const refused = check(TrieProof.verify(trie.root, keyOf(3), changed, options))
      expect(refused).toBe(at === 0 ? 'trie-root' : 'trie-node-hash')
    }
  })

  test('A52: a zero root is never acceptable', () => {
    const zero = new Uint8Array(32)
    expect(check(verify(new Uint8Array(31).fill(1), keyOf(0), []))).toBe('trie-root-zero')
    expect(check(verify(zero, keyOf(0), []))).toBe('trie-root-zero')
    expect(check(verify(new Uint8Array(0), keyOf(0), []))).toBe('trie-root-zero')
    expect(check(verify(zero, keyOf(0), [Uint8Array.of(0x80)]))).toBe('trie-root-zero')
  })

  test('property: every one-bit change of root, key or node is refused, or proves absence of another key', () => {
    const trie = trieOf(entries(40))
    const key = keyOf(7)
    const proof = trie.prove(key)
    for (let bit = 0; bit < 256; bit++) {
      expect(verify(flip(trie.root, bit), key, proof).ok).toBe(false)
      const other = verify(trie.root, flip(key, bit), proof)
      if (other.ok) expect(other.value).toBeNull()
    }
    proof.forEach((node, i) => {
      for (let bit = 0; bit < node.length * 8; bit++) {
        const changed = proof.map((n, j) => (i === j ? flip(n, bit) : n))
        expect(check(verify(trie.root, key, changed))).toBe(i === 0 ? 'trie-root' : 'trie-node-hash')
      }
    })
  })

  test('property: tries of any keys: included and excluded as built, swapped roots refused', () => {
    const key = fc.uint8Array({ minLength: 2, maxLength: 2 })
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(key, fc.uint8Array({ minLength: 1, maxLength: 40 })), {
          selector: ([k]) => hex(k),
          minLength: 1,
          maxLength: 30,
        }),
        fc.array(key, { maxLength: 10 }),
        (held, absent) => {
          const trie = trieOf(held)
          for (const [k, v] of held) expect(value(verify(trie.root, k, trie.prove(k)))).toEqual(v)
          for (const k of absent)
            if (!held.some(([other]) => hex(other) === hex(k)))
              expect(value(verify(trie.root, k, trie.prove(k)))).toBeNull()
        },
      ),
    )
  })

  test('property: any nodes give a verdict, never a value that wasn’t put in', () => {
    const trie = trieOf(entries(20))
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 4 }), (nodes) => {
        expect(verify(trie.root, keyOf(1), nodes).ok).toBe(false)
        const first = nodes[0]
        // Nodes that someone made up, under a root that fits them, end in a verdict too.
        if (first !== undefined) verify(keccak_256(first), keyOf(1), nodes)
      }),
    )
  })
})

describe('StateProof', () => {
  const address = new Uint8Array(20).fill(0xaa)
  const slot = new Uint8Array(32).fill(0x11)
  const storage = trieOf([
    [keccak_256(slot), Rlp.encode(Uint8Array.of(1))],
    ...entries(20).map(([key]) => [key, Rlp.encode(unhex('0badcafe'))] as const),
  ])
  const account: StateProof.Account = {
    nonce: 3n,
    balance: 10n ** 18n,
    storageRoot: storage.root,
    codeHash: keccak_256(unhex('6000')),
  }
  const others = (seed: number) =>
    Array.from(
      { length: 20 },
      (_, i) =>
        [
          keccak_256(new Uint8Array(20).fill(i + seed)),
          StateProof.encodeAccount({ ...account, nonce: BigInt(i) }),
        ] as const,
    )
  const state = trieOf([[keccak_256(address), StateProof.encodeAccount(account)], ...others(1)])
  const proof = state.prove(keccak_256(address))

  test('default: account and storage, there and absent', () => {
    expect(value(StateProof.account(state.root, address, proof))).toEqual(account)
    const nobody = new Uint8Array(20).fill(0xbb)
    expect(value(StateProof.account(state.root, nobody, state.prove(keccak_256(nobody))))).toBeNull()
    expect(value(StateProof.storage(storage.root, slot, storage.prove(keccak_256(slot))))).toBe(1n)
    const unset = new Uint8Array(32).fill(0x22)
    expect(value(StateProof.storage(storage.root, unset, storage.prove(keccak_256(unset))))).toBe(0n)
  })

  test('A16: storage proofs against state roots, other accounts’ roots, and unhashed keys', () => {
    const word = storage.prove(keccak_256(slot))
    expect(check(StateProof.storage(state.root, slot, word))).toBe('trie-root')
    expect(check(StateProof.account(storage.root, address, proof))).toBe('trie-root')
    expect(check(StateProof.storage(trieOf(entries(3)).root, slot, word))).toBe('trie-root')
    const raw = trieOf([[slot, Rlp.encode(Uint8Array.of(1))], ...entries(20)])
    // The slot itself as the path: under its hash there is nothing.
    expect(StateProof.storage(raw.root, slot, raw.prove(slot))).not.toEqual({ ok: true, value: 1n })
    for (const length of [0, 1, 31, 33])
      expect(check(StateProof.storage(storage.root, new Uint8Array(length), word))).toBe('slot-length')
    for (const length of [0, 19, 21, 32])
      expect(check(StateProof.account(state.root, new Uint8Array(length), proof))).toBe('address-length')
  })

  test('A16: stored words in another form than the chain writes', () => {
    for (const [name, stored] of [
      ['rlp-integer', Rlp.encode(unhex('0001'))],
      ['rlp-integer', unhex('00')],
      ['rlp-integer', Rlp.encode(new Uint8Array(33).fill(1))],
      ['storage-zero', unhex('80')],
      ['storage-value', unhex('c101')],
      ['rlp-single-byte', unhex('8101')],
      ['rlp-trailing', unhex('0101')],
      ['rlp-truncated', unhex('82ff')],
    ] as const) {
      const trie = trieOf([[keccak_256(slot), stored]])
      expect(check(StateProof.storage(trie.root, slot, trie.prove(keccak_256(slot)))), hex(stored)).toBe(name)
    }
  })

  test('A16: accounts in another form than the chain writes', () => {
    const { nonce, balance, storageRoot, codeHash } = account
    const [n, b] = [Rlp.fromBigInt(nonce), Rlp.fromBigInt(balance)]
    for (const [name, item] of [
      ['account-encoding', [n, b, storageRoot]],
      ['account-encoding', [n, b, storageRoot, codeHash, n]],
      ['account-encoding', [n, b, storageRoot.slice(1), codeHash]],
      ['account-encoding', [n, b, storageRoot, concat(codeHash, n)]],
      ['account-encoding', [[n], b, storageRoot, codeHash]],
      ['account-encoding', [n, b, [], codeHash]],
      ['account-encoding', n],
      ['rlp-integer', [Uint8Array.of(0), b, storageRoot, codeHash]],
      ['rlp-integer', [new Uint8Array(9).fill(1), b, storageRoot, codeHash]],
      ['rlp-integer', [n, Uint8Array.of(0, 1), storageRoot, codeHash]],
      ['rlp-integer', [n, new Uint8Array(33).fill(1), storageRoot, codeHash]],
    ] as [string, Rlp.Item][]) {
      const trie = trieOf([[keccak_256(address), Rlp.encode(item)]])
      expect(check(StateProof.account(trie.root, address, trie.prove(keccak_256(address))))).toBe(name)
    }
    expect(check(StateProof.decodeAccount(unhex('c1')))).toBe('rlp-truncated')
  })
})
