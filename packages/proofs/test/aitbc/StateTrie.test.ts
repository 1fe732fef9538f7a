import { Account, StateTrie } from '@aitbc/proofs/aitbc'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'
import { thrown } from '../thrown.js'
import { utf8 } from './world.js'

const accounts = (n: number) =>
  Array.from({ length: n }, (_, i) => ({
    address: `0x${hex(sha256(Uint8Array.of(i))).slice(0, 40)}`,
    balance: BigInt(i) * 1000n,
    nonce: BigInt(i),
  }))
const trieOf = (n: number) => value(StateTrie.fromAccounts(accounts(n)))
const numRuns = Math.min(Number(process.env.FC_NUM_RUNS), 200)

describe('StateTrie', () => {
  test('default: each account is proved, in any spelling, and each absent one too', () => {
    for (const n of [1, 2, 20, 60]) {
      const trie = trieOf(n)
      for (const { address, balance, nonce } of accounts(n)) {
        const proof = StateTrie.prove(trie, Account.key(address))
        for (const spelled of Account.spellings(address))
          expect(value(StateTrie.account(trie.root, spelled, proof))).toEqual({ balance, nonce })
      }
      for (const name of ['', 'nobody', 'ait1', `ait1${'0'.repeat(40)}`, `${accounts(1)[0]?.address}0`]) {
        const proof = StateTrie.prove(trie, Account.key(name))
        expect(value(StateTrie.account(trie.root, name, proof))).toBe(undefined)
        expect(check(StateTrie.verify(trie.root, Account.key(name), utf8('0:0'), proof))).toBe('state-value')
      }
    }
  })

  test('A52: a zero root is no root', () => {
    expect(StateTrie.from([]).root).toEqual(new Uint8Array(32))
    expect(StateTrie.prove(StateTrie.from([]), utf8('a'))).toEqual([])
    for (const root of [new Uint8Array(32), new Uint8Array(0), new Uint8Array(31).fill(1)])
      expect(check(StateTrie.lookup(root, utf8('a'), []))).toBe('state-root')
  })

  test('behavior: nodes are all used, in order, and none is missing', () => {
    const trie = trieOf(20)
    const key = Account.key(accounts(20)[7]?.address as string)
    const proof = StateTrie.prove(trie, key)
    const attempt = (nodes: readonly Uint8Array[], root = trie.root) =>
      check(StateTrie.lookup(root, key, nodes))
    expect(attempt([])).toBe('state-incomplete')
    const context = (nodes: readonly Uint8Array[]) => {
      const verdict = StateTrie.lookup(trie.root, key, nodes)
      return verdict.ok ? undefined : verdict.refusal.context
    }
    const index = proof.length - 1
    expect(context([...proof, trie.root])).toEqual({ index })
    expect(context([...proof.slice(0, -1), trie.root])).toEqual({ index })
    expect(attempt(proof.slice(0, -1))).toBe('state-incomplete')
    expect(attempt(proof.slice(1))).toBe('state-node-hash')
    expect(attempt([...proof].reverse())).toBe('state-node-hash')
    expect(attempt([...proof, proof.at(-1) as Uint8Array])).toBe('state-surplus')
    expect(attempt(proof, trieOf(21).root)).toBe('state-node-hash')
    expect(check(StateTrie.verify(trie.root, key, utf8('7000:8'), proof))).toBe('state-value')
    expect(value(StateTrie.verify(trie.root, key, utf8('7000:7'), proof))).toBe(true)
    const told = (name: string) => {
      const at = StateTrie.prove(trie, Account.key(name))
      const verdict = StateTrie.verify(trie.root, Account.key(name), utf8('0:0'), at)
      return verdict.ok ? undefined : verdict.refusal.message
    }
    expect(told('nobody')).toBe('the key has no value')
    expect(told(accounts(20)[7]?.address as string)).toBe('the key has another value')
  })

  test('behavior: any changed bit is refused', () => {
    const trie = trieOf(5)
    const key = Account.key(accounts(5)[3]?.address as string)
    const proof = StateTrie.prove(trie, key)
    for (const [at, node] of proof.entries())
      for (let bit = 0; bit < node.length * 8; bit++) {
        const changed = proof.map((it, i) => (i === at ? flip(it, bit) : it))
        expect(check(StateTrie.lookup(trie.root, key, changed))).toBe('state-node-hash')
      }
    for (let bit = 0; bit < 256; bit++)
      expect(check(StateTrie.lookup(flip(trie.root, bit), key, proof))).toBe('state-node-hash')
  })

  test('behavior: only the one encoding of a node is a node', () => {
    // The chain hashes these as they are: without the checks each would be a proof under its own root.
    const key = utf8('a')
    const attempt = (...nodes: readonly string[]) =>
      check(StateTrie.lookup(sha256(unhex(nodes[0] as string)), key, nodes.map(unhex)))
    const leaf = '4c 00000002 06 01 0000000000000001 31'.replaceAll(' ', '')
    expect(value(StateTrie.lookup(sha256(unhex(leaf)), key, [unhex(leaf)]))).toEqual(utf8('1'))
    for (const wrong of [
      '',
      '4c',
      '4c000000',
      '4d000000020601000000000000000131',
      '4c00000002060100000000000000013131',
      '4c0000000206010000000000000001',
      '4c000000020601000000000000000231',
      '4c00000002060100000000000000',
      '4c000000020611000000000000000131',
      '4c000000ff0601000000000000000131',
      '4cffffffff0601000000000000000131',
      `4500000000${'11'.repeat(32)}`,
      `450000000106${'11'.repeat(31)}`,
      `450000000106${'11'.repeat(33)}`,
      `450000000110${'11'.repeat(32)}`,
      '42',
      `42${'00'.repeat(17)}`,
      `42${'00'.repeat(16)}`,
      `4201${'11'.repeat(32)}${'00'.repeat(16)}`,
      `42${'00'.repeat(16)}01000000000000000131`,
      `4201${'11'.repeat(32)}01${'11'.repeat(32)}${'00'.repeat(14)}`,
      `4201${'11'.repeat(32)}01${'11'.repeat(32)}${'00'.repeat(16)}`,
      `4201${'11'.repeat(32)}01${'11'.repeat(32)}${'00'.repeat(14)}02`,
      `4201${'11'.repeat(32)}02${'11'.repeat(32)}${'00'.repeat(15)}`,
      `4202${'11'.repeat(64)}01${'11'.repeat(32)}01${'11'.repeat(32)}${'00'.repeat(14)}`,
      `4201${'11'.repeat(32)}01${'11'.repeat(32)}${'00'.repeat(14)}010000000000000001`,
      `42${'00'.repeat(15)}01${'11'.repeat(31)}`,
    ])
      expect(attempt(wrong)).toBe('state-node')
    const broken = StateTrie.lookup(sha256(unhex('4c')), key, [unhex('4c')])
    expect(broken.ok ? undefined : broken.refusal.context).toEqual({ index: 0 })
    // An extension leads to a branch, never to a leaf or another extension.
    const below = '4c 00000001 01 0000000000000001 31'.replaceAll(' ', '')
    const above = `450000000106${hex(sha256(unhex(below)))}`
    expect(attempt(above, below)).toBe('state-node')
    const branch = `42${'00'.repeat(1)}01${hex(sha256(unhex('4c00000000000000000000000131')))}01${'11'.repeat(32)}${'00'.repeat(13)}00`
    const up = `450000000106${hex(sha256(unhex(branch)))}`
    const found = StateTrie.lookup(
      sha256(unhex(up)),
      key,
      [up, branch, '4c00000000000000000000000131'].map(unhex),
    )
    expect(value(found)).toEqual(utf8('1'))
  })

  test('behavior: values of keys that are part of others, and empty ones', () => {
    const entries = ['', 'a', 'ab', 'abc', 'abd', 'b'].map((key) => [utf8(key), utf8(key)] as const)
    const trie = StateTrie.from([...entries, [utf8('a'), utf8('last')]])
    for (const [key, put] of entries) {
      const expected = hex(key) === hex(utf8('a')) ? utf8('last') : put
      const proof = StateTrie.prove(trie, key)
      expect(value(StateTrie.lookup(trie.root, key, proof))).toEqual(expected)
    }
    for (const key of ['abcd', 'ac', 'c', 'aa'].map(utf8))
      expect(value(StateTrie.lookup(trie.root, key, StateTrie.prove(trie, key)))).toBe(undefined)
    // Branches have no path of their own.
    expect(trie.top?.children.length).toBe(16)
    expect(trie.top?.path).toEqual([])
    // A branch at the key's end without a value.
    const bare = StateTrie.from([
      [utf8('ab'), utf8('1')],
      [utf8('a\u0001'), utf8('2')],
    ])
    expect(value(StateTrie.lookup(bare.root, utf8('a'), StateTrie.prove(bare, utf8('a'))))).toBe(undefined)
  })

  test('behavior: any set of keys, in any order, has one root, and proves what is in it and what is not', () => {
    const keyArbitrary = fc.uint8Array({ maxLength: 4 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(keyArbitrary, fc.uint8Array({ maxLength: 3 })), { minLength: 1, maxLength: 20 }),
        keyArbitrary,
        (entries, other) => {
          const trie = StateTrie.from(entries)
          const expected = new Map(entries.map(([key, put]) => [hex(key), put]))
          const reversed = [...expected].reverse().map(([key, put]) => [unhex(key), put] as const)
          expect(hex(StateTrie.from(reversed).root)).toBe(hex(trie.root))
          for (const key of [...entries.map(([it]) => it), other]) {
            const found = StateTrie.lookup(trie.root, key, StateTrie.prove(trie, key))
            expect(value(found)).toEqual(expected.get(hex(key)))
          }
        },
      ),
      { numRuns },
    )
  })

  test('behavior: hostile nodes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(0x42, 0x45, 0x4c), (rest, first) => {
        const node = concat(Uint8Array.of(first), rest)
        expect(typeof StateTrie.lookup(sha256(node), utf8('a'), [node]).ok).toBe('boolean')
      }),
      { numRuns },
    )
  })

  test('error: accounts that are there twice, values that are no accounts, keys too long', () => {
    const [one] = accounts(1) as [ReturnType<typeof accounts>[number]]
    const twice = { ...one, address: `ait1${one.address.slice(2)}` }
    expect(check(StateTrie.fromAccounts([one, twice]))).toBe('state-account')
    expect(check(StateTrie.fromAccounts([{ ...one, balance: -1n }]))).toBe('state-account')
    expect(check(StateTrie.fromAccounts([{ ...one, nonce: 10n ** 19n }]))).toBe('state-account')
    const long = StateTrie.fromAccounts([{ ...one, address: 'a'.repeat(257) }])
    expect(check(long)).toBe('state-account')
    // A name of any length is shown by its beginning.
    expect(long.ok ? undefined : long.refusal.message).toBe(
      `${'a'.repeat(80)} is there twice or can't be that`,
    )
    expect(value(StateTrie.fromAccounts([{ ...one, address: 'a'.repeat(256) }])).root.length).toBe(32)
    for (const wrong of [
      '',
      '1',
      '1:',
      ':1',
      '01:1',
      '1:-1',
      '1:1 ',
      'x:y',
      '1'.repeat(20),
      `1:${'1'.repeat(80)}`,
    ]) {
      const trie = StateTrie.from([[utf8('faucet'), utf8(wrong)]])
      const proof = StateTrie.prove(trie, utf8('faucet'))
      expect(check(StateTrie.account(trie.root, 'faucet', proof))).toBe('state-account')
      expect(check(StateTrie.account(trie.root, 'faucet', []))).toBe('state-incomplete')
    }
    const most = `${'1'.repeat(19)}:${'2'.repeat(19)}`
    const trie = StateTrie.from([[utf8('faucet'), concat(utf8(most), new Uint8Array(26))]])
    expect(check(StateTrie.account(trie.root, 'faucet', StateTrie.prove(trie, utf8('faucet'))))).toBe(
      'state-account',
    )
    expect(thrown(() => StateTrie.from([[new Uint8Array(257), utf8('1')]]))).toBe('InvalidArgument entries')
    expect(StateTrie.from([[new Uint8Array(256), utf8('1')]]).root.length).toBe(32)
  })
})
