import { calculate_state_root, decode_proof } from '@acala-network/chopsticks-executor'
import { Hasher, Scale, StorageKey, TrieProof } from '@aitbc/proofs/substrate'
import { blake2AsU8a, xxhashAsU8a } from '@polkadot/util-crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, value } from '../helpers.js'
import { trieOf } from './trie.js'

const text = (bytes: Uint8Array) => `0x${hex(bytes)}` as const

describe('differential: @polkadot/util-crypto', () => {
  test('hashes of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: 'max' }), (bytes) => {
        for (const bits of [64, 128, 256] as const)
          expect(hex(Hasher.twox(bits, bytes))).toBe(hex(xxhashAsU8a(bytes, bits)))
        expect(hex(Hasher.blake2b256(bytes))).toBe(hex(blake2AsU8a(bytes, 256)))
        expect(hex(Hasher.blake2b128(bytes))).toBe(hex(blake2AsU8a(bytes, 128)))
      }),
    )
  })
})

describe("differential: Substrate's own trie (Rust, compiled for chopsticks)", () => {
  type Entries = readonly (readonly [Uint8Array, Uint8Array])[]
  const rootOf = async (entries: Entries, version: 0 | 1): Promise<string> =>
    calculate_state_root(
      entries.map(([key, it]) => [text(key), text(it)]),
      version,
    )

  test('roots of any trie, in both state versions', async () => {
    const entry = fc.tuple(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ minLength: 1, maxLength: 40 }))
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entry, { maxLength: 30, selector: ([key]) => hex(key) }),
        fc.constantFrom(0 as const, 1 as const),
        async (entries, version) => {
          expect(await rootOf(entries, version)).toBe(text(trieOf(entries, version).root))
        },
      ),
    )
  })

  test('a proof that one reads, the other reads the same', async () => {
    const entries = Array.from({ length: 200 }, (_, i): [Uint8Array, Uint8Array] => [
      StorageKey.of('System', 'Account', Hasher.blake2b128Concat(Scale.encode(Scale.u32, i))),
      new Uint8Array(1 + (i % 60)).fill(i),
    ])
    const trie = trieOf(entries)
    for (const [key, expected] of entries.filter((_, i) => i % 10 === 0)) {
      const proof = trie.prove(key)
      expect(value(TrieProof.verify(trie.root, [key], proof))).toEqual([expected])
      const theirs: [string, string][] = await decode_proof(text(trie.root), proof.map(text))
      expect(theirs).toContainEqual([text(key), text(expected)])
    }
  })
})
