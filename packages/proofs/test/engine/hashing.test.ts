import { HeaderChain } from '@aitbc/proofs/bitcoin'
import { Hashing } from '@aitbc/proofs/engine'
import { StateProof, TrieProof } from '@aitbc/proofs/ethereum'
import { Ics23 } from '@aitbc/proofs/tendermint'
import { Wasm } from '@aitbc/proofs/wasm'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { describe, expect, test } from 'vitest'
import { fresh, mineMany, NOW } from '../bitcoin/world.js'
import { trieOf } from '../ethereum/trie.js'
import { treeOf } from '../tendermint/trees.js'
import { changed } from './checks.js'

const wasm = (await Wasm.create()) as Hashing.Hashing
const tiers = [
  ['wasm', wasm],
  ['noble', Hashing.noble],
] as const

/** A tier that counts its calls. */
function counted(hashing: Hashing.Hashing) {
  const calls = { sha256: 0, keccakMany: 0, sha256d: 0 }
  const counting: Hashing.Hashing = {
    ...hashing,
    sha256: (...parts) => {
      calls.sha256++
      return hashing.sha256(...parts)
    },
    keccakMany: (messages) => {
      calls.keccakMany++
      return hashing.keccakMany(messages)
    },
    sha256d: (headers) => {
      calls.sha256d++
      return hashing.sha256d(headers)
    },
  }
  return { calls, hashing: counting }
}

describe.each(tiers)('hashing handed in: %s', (_, tier) => {
  test('trie proofs: the same verdicts, all nodes in one call', () => {
    const keys = Array.from({ length: 60 }, (_, i) => keccak_256(Uint8Array.of(i)))
    const trie = trieOf(keys.map((key) => [key, key.subarray(0, 9)] as const))
    const { calls, hashing } = counted(tier)
    const key = keys[5] as Uint8Array
    const proof = trie.prove(key)
    expect(TrieProof.verify(trie.root, key, proof, { hashing })).toEqual(
      TrieProof.verify(trie.root, key, proof),
    )
    expect(TrieProof.verify(trie.root, key, proof, { hashing }).ok).toBe(true)
    expect(calls.keccakMany).toBe(2)
    for (const [i, node] of proof.entries()) {
      const spoilt = proof.map((it, j) => (i === j ? changed(node, node.length - 1, 1) : it))
      const verdict = TrieProof.verify(trie.root, key, spoilt, { hashing })
      expect(verdict).toEqual(TrieProof.verify(trie.root, key, spoilt))
      expect(verdict).toMatchObject({ refusal: { check: i === 0 ? 'trie-root' : 'trie-node-hash' } })
    }
    expect(StateProof.account(trie.root, new Uint8Array(20), [], { hashing }).ok).toBe(false)
    expect(StateProof.storage(TrieProof.EMPTY_ROOT, new Uint8Array(32), [], { hashing })).toEqual({
      ok: true,
      value: 0n,
    })
  })

  test('Bitcoin headers: the same chain, all hashes in one call', () => {
    const { calls, hashing } = counted(tier)
    const state = fresh()
    const { hash, time } = state.best
    const headers = mineMany({ hash, time }, 20)
    const next = HeaderChain.apply(state, { headers, now: NOW }, { hashing })
    expect(next).toEqual(HeaderChain.apply(state, { headers, now: NOW }))
    expect(next.ok && HeaderChain.finalized(next.value).height).toBe(15)
    expect(calls.sha256d).toBe(1)
    const spoilt = changed(headers, 80 * 7 + 40, 1)
    const verdict = HeaderChain.apply(state, { headers: spoilt, now: NOW }, { hashing })
    expect(verdict).toEqual(HeaderChain.apply(state, { headers: spoilt, now: NOW }))
    expect(verdict.ok).toBe(false)
  })

  test.each(['iavl', 'tendermint', 'smt'] as const)('ICS-23 proofs: the same verdicts, %s', (kind) => {
    const entries = Array.from(
      { length: 9 },
      (_, i) => [Uint8Array.of(i + 1, 7), new Uint8Array(5).fill(i)] as const,
    )
    const tree = treeOf(kind, entries)
    const { calls, hashing } = counted(tier)
    const [key, value] = entries[4] as (typeof entries)[number]
    const exist = { is: 'exist', proof: tree.exist(key) } as const
    const absent = Uint8Array.of(5, 8)
    const nonexist = { is: 'nonexist', proof: tree.nonexist(absent) } as const
    const both = { is: 'batch', entries: [exist, nonexist], compressed: false } as const
    const { verify, verifyBatch } = Ics23.CommitmentProof
    expect(verify(tree.root, tree.spec, { key, value }, exist, { hashing })).toEqual({ ok: true, value })
    expect(calls.sha256).toBe(exist.proof.path.length + (kind === 'smt' ? 3 : 2))
    const statements = [
      { key, value },
      { key: absent, value: null },
    ]
    expect(verifyBatch(tree.root, tree.spec, statements, both, { hashing }).ok).toBe(true)
    const wrong = changed(tree.root, 3, 1)
    expect(verify(wrong, tree.spec, { key, value }, exist, { hashing })).toMatchObject({
      refusal: { check: 'ics23-root' },
    })
  })
})
