import { Rlp, TrieProof } from '@aitbc/proofs/ethereum'
import { createMerkleProof, MerklePatriciaTrie, verifyMerkleProof } from '@ethereumjs/mpt'
import { RLP } from '@ethereumjs/rlp'
import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, value } from '../helpers.js'
import { trieOf } from './trie.js'

const { item } = fc.letrec<{ item: Rlp.Item }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small' },
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('item'), { maxLength: 6 }) as fc.Arbitrary<Rlp.Item>,
  ),
}))

describe('differential: @ethereumjs/rlp', () => {
  test('encodings', () => {
    fc.assert(
      fc.property(item, (it) => {
        expect(hex(Rlp.encode(it))).toBe(hex(RLP.encode(it as Uint8Array)))
      }),
    )
  })

  test('what we decode, it decodes alike', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const ours = Rlp.decode(bytes)
        if (ours.ok && bytes.length > 0) expect(RLP.decode(bytes)).toEqual(ours.value)
      }),
    )
  })
})

describe('differential: @ethereumjs/mpt', () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 3 }).map((seed) => keccak_256(seed))
  const entries = fc.uniqueArray(fc.tuple(key, fc.uint8Array({ minLength: 1, maxLength: 60 })), {
    selector: ([k]) => hex(k),
    minLength: 1,
    maxLength: 40,
  })

  test('roots, proofs of keys there and absent, and verdicts on changed proofs', async () => {
    await fc.assert(
      fc.asyncProperty(
        entries,
        fc.array(key, { minLength: 1, maxLength: 5 }),
        fc.nat(),
        fc.nat(7),
        async (held, absent, at, bit) => {
          const theirs = new MerklePatriciaTrie()
          for (const [k, v] of held) await theirs.put(k, v)
          const root = theirs.root()
          expect(hex(root)).toBe(hex(trieOf(held).root))
          for (const k of [...held.map(([k]) => k), ...absent]) {
            const proof = await createMerkleProof(theirs, k)
            const expected = await verifyMerkleProof(k, proof)
            expect(value(TrieProof.verify(root, k, proof))).toEqual(expected)
            expect(trieOf(held).prove(k).map(hex)).toEqual(proof.map(hex))
            const changed = proof.map((node) => node.slice())
            const node = changed[at % changed.length] as Uint8Array
            node[at % node.length] = (node[at % node.length] as number) ^ (1 << bit)
            expect(TrieProof.verify(root, k, changed).ok).toBe(false)
          }
        },
      ),
      { numRuns: 25 },
    )
  })
})
