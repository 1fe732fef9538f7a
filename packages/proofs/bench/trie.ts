import { TrieProof } from '@aitbc/proofs/ethereum'
import { Wasm } from '@aitbc/proofs/wasm'
import { verifyMerkleProof } from '@ethereumjs/mpt'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { trieOf } from '../test/ethereum/trie.js'
import { type Gate, race } from './gate.js'

const ACCOUNTS = 20_000
const ROUNDS = 9

/** Gate of PERFORMANCE: a proof of an account in a trie of 20,000. */
export async function trieProof(): Promise<readonly Gate[]> {
  const hashing = await Wasm.create()
  if (hashing === undefined) throw new Error('this Node runs no WebAssembly')
  const keys = Array.from({ length: ACCOUNTS }, (_, i) => keccak_256(Uint8Array.of(i & 255, i >> 8)))
  const trie = trieOf(keys.map((key) => [key, new Uint8Array(70).fill(key[0] as number)] as const))
  const key = keys[7] as Uint8Array
  const good = trie.prove(key)
  const tampered = good.map((node) => node.slice())
  const last = tampered.at(-1) as Uint8Array
  last[last.length - 1] = (last[last.length - 1] as number) ^ 1
  const gate = await race({
    gate: 'trie-proof',
    target: 10,
    ours: (proof: readonly Uint8Array[]) => {
      const verdict = TrieProof.verify(trie.root, key, proof, { hashing })
      return verdict.ok && verdict.value?.length === 70
    },
    baseline: async (proof: readonly Uint8Array[]) => {
      try {
        return (await verifyMerkleProof(key, [...proof]))?.length === 70
      } catch {
        return false
      }
    },
    named: `@ethereumjs/mpt, ${good.length} nodes of ${good.reduce((sum, node) => sum + node.length, 0)} bytes`,
    good,
    tampered,
    clock: 'processor',
    rounds: ROUNDS,
  })
  return [gate]
}
