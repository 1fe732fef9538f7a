import { calculate_state_root } from '@acala-network/chopsticks-executor'
import { TrieProof as EthereumTrie, Rlp } from '@aitbc/proofs/ethereum'
import { Hasher, Scale, TrieProof } from '@aitbc/proofs/substrate'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'
import { trieOf } from './trie.js'

const utf8 = (text: string) => new TextEncoder().encode(text)

readVectors({
  topic: 'polkadot',
  folder: 'polkadot/trie',
  title: 'A42: what a trie holds',
  cases(files) {
    const file = files[0] as VectorFile
    if (file.path.endsWith('.json')) return file.json<readonly Recorded[]>().map(recorded)
    if (file.path.endsWith('.yaml')) return entries(file)
    throw new Error('proofs or entries are expected')
  },
})

interface Recorded {
  readonly trie: string
  readonly key: string
  readonly proof: readonly string[]
  readonly root: string
  readonly hasher?: string
  readonly value_u64?: number
  readonly compact_u64_at_4?: number
}

function recorded(it: Recorded, index: number): Case {
  const [root, key, nodes] = [unhex(it.root), unhex(it.key), it.proof.map(unhex)]
  const name = `proof ${index} of ${it.trie}`
  if (it.trie === 'ethereum')
    return {
      name,
      run: () => {
        expect(Rlp.decode(value(EthereumTrie.verify(root, key, nodes)) as Uint8Array).ok).toBe(true)
        for (let i = 0; i < nodes.length; i++)
          expect(EthereumTrie.verify(root, key, nodes.slice(0, i)).ok).toBe(false)
      },
    }
  const hashers: Readonly<Record<string, Hasher.Hasher>> = {
    keccak256: Hasher.keccak256,
    blake2b256: Hasher.blake2b256,
  }
  const hasher = hashers[it.hasher ?? 'blake2b256']
  if (it.trie !== 'substrate' || hasher === undefined)
    throw new Error(`a trie of ${it.trie} with ${it.hasher}`)
  const run = () => {
    const proof = TrieProof.of(nodes)
    const [bytes] = value(TrieProof.verify(root, [key], proof, { hasher })) as [Uint8Array]
    const number = it.value_u64 ?? it.compact_u64_at_4
    if (number === undefined) throw new Error('the proof says not what is there')
    const read =
      it.value_u64 === undefined
        ? Scale.decode(Scale.compact, bytes.subarray(4))
        : Scale.decode(Scale.u64, bytes)
    expect(value(read)).toBe(BigInt(number))
    const other = hasher === Hasher.keccak256 ? Hasher.blake2b256 : Hasher.keccak256
    expect(check(TrieProof.verify(root, [key], proof, { hasher: other }))).toBe('trie-root')
    for (const [i, node] of proof.entries())
      for (let bit = 0; bit < node.length * 8; bit += 7) {
        const changed = proof.map((it, j) => (i === j ? flip(it, bit) : it))
        expect(TrieProof.verify(root, [key], changed, { hasher }).ok).toBe(false)
      }
  }
  return { name, run }
}

/** Keys with their values: each is there, each with a nibble more isn't, in both versions of the state. */
function entries(file: VectorFile): Case[] {
  const lines = file
    .text()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const middle = lines.indexOf('values:')
  if (lines[0] !== 'keys:' || middle < 0) throw new Error('keys and values are expected')
  const list = (some: readonly string[]) =>
    some.map((line) => {
      if (!line.startsWith('-')) throw new Error(`an item is expected, got ${line}`)
      return line.slice(1).trim()
    })
  const bytesOf = file.path.includes('hex_') ? unhex : utf8
  const keys = list(lines.slice(1, middle)).map(bytesOf)
  const values = list(lines.slice(middle + 1)).map(utf8)
  if (keys.length === 0 || keys.length !== values.length) throw new Error('a key has one value')
  const pairs = keys.map((key, i) => [key, values[i] as Uint8Array] as const)
  const held = new Map(pairs.map(([key, it]) => [hex(key), it]))
  const step = Math.ceil(keys.length / 100)
  return ([0, 1] as const).map((version) => ({
    name: `state version ${version}`,
    run: async () => {
      const trie = trieOf(pairs, version)
      // Substrate's own code (Rust, compiled for chopsticks) says what the root is.
      const root = await calculate_state_root(
        pairs.map(([key, it]) => [`0x${hex(key)}`, `0x${hex(it)}`]),
        version,
      )
      expect(hex(trie.root)).toBe(root.slice(2))
      for (let i = 0; i < keys.length; i += step)
        for (const key of [keys[i] as Uint8Array, concat(keys[i] as Uint8Array, Uint8Array.of(0x30))]) {
          const answer = value(TrieProof.verify(trie.root, [key], trie.prove(key), { version }))
          expect(answer).toEqual([held.get(hex(key)) ?? null])
        }
    },
  }))
}
