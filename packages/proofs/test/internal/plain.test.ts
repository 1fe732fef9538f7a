import { Bytes } from '@aitbc/core'
import { StateTrie } from '@aitbc/proofs/aitbc'
import { Ssz } from '@aitbc/proofs/beacon'
import { BlockFilter, BlockHeader, HeaderChain, Transaction } from '@aitbc/proofs/bitcoin'
import { Rlp, TrieProof } from '@aitbc/proofs/ethereum'
import { Header as SubstrateHeader } from '@aitbc/proofs/substrate'
import { Commit } from '@aitbc/proofs/tendermint'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { describe, expect, test } from 'vitest'
import { fresh, mineMany, NOW } from '../bitcoin/world.js'
import { value } from '../helpers.js'

/** Bytes whose `slice` is a view, as that of Node's `Buffer`. */
class Pooled extends Uint8Array {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(start, end) as Uint8Array<ArrayBuffer>
  }
}

/** What a function gives of such bytes, before and after their owner uses them again. */
function outlives<T>(bytes: Uint8Array, read: (bytes: Uint8Array) => T): void {
  const pooled = new Pooled(bytes)
  const found = read(pooled)
  expect(pooled).toEqual(new Pooled(bytes))
  pooled.fill(0xee)
  expect(found).toEqual(read(new Uint8Array(bytes)))
}

describe('what is read of a Buffer is its own', () => {
  test('headers of a chain: a root that changes after its proof of work was verified would prove any transaction', () => {
    const start = fresh()
    const header = mineMany(start.best, 1)
    outlives(header, (headers) => {
      const { merkleRoot, hash } = value(HeaderChain.apply(start, { headers, now: NOW })).best
      return { merkleRoot, hash }
    })
    outlives(header, (bytes) => value(BlockHeader.decode(bytes)))
  })

  test('transactions and filters', () => {
    const transaction = {
      version: 2,
      inputs: [
        { txid: new Uint8Array(32).fill(1), index: 0, script: Uint8Array.of(2), sequence: 3, witness: [] },
      ],
      outputs: [{ amount: 4n, script: Uint8Array.of(5) }],
      lockTime: 6,
    }
    outlives(Transaction.encode(transaction), (bytes) => value(Transaction.decode(bytes)))
    outlives(Uint8Array.of(0), (bytes) => value(BlockFilter.decode(bytes, new Uint8Array(32))))
    outlives(new Uint8Array(32), (hash) => value(BlockFilter.decode(Uint8Array.of(0), hash)))
  })

  test('SSZ, whose end of bits is not taken out of the input', () => {
    const type = Ssz.container({
      a: Ssz.bytes(2),
      b: Ssz.byteList(4),
      c: Ssz.bitlist(9),
      d: Ssz.bitvector(8),
    })
    const written = Ssz.encode(type, {
      a: Uint8Array.of(1, 2),
      b: Uint8Array.of(3),
      c: { length: 9, bytes: Uint8Array.of(4, 1) },
      d: Uint8Array.of(5),
    })
    outlives(written, (bytes) => value(Ssz.decode(type, bytes)))
  })

  test('RLP, and values of tries', () => {
    const item = [Uint8Array.of(0x80, 0x81), Uint8Array.of(7)]
    outlives(Rlp.encode(item), (bytes) => value(Rlp.decode(bytes)))
    const leaf = Rlp.encode([Uint8Array.of(0x20, 0x12), new Uint8Array(40).fill(9)])
    outlives(leaf, (node) => value(TrieProof.verify(keccak_256(leaf), Uint8Array.of(0x12), [node])))
  })

  test('values of a state', () => {
    const key = Uint8Array.of(0x61)
    const trie = StateTrie.from([[key, Uint8Array.of(0x31)]])
    const [node] = StateTrie.prove(trie, key) as [Uint8Array]
    outlives(node, (bytes) => value(StateTrie.lookup(trie.root, key, [bytes])))
  })

  test('SCALE and Protocol Buffers', () => {
    const header = Bytes.concat(new Uint8Array(32).fill(1), Uint8Array.of(4), new Uint8Array(64).fill(2))
    outlives(Bytes.concat(header, Uint8Array.of(4, 0, 4, 9)), (bytes) => value(SubstrateHeader.decode(bytes)))
    const id = { hash: new Uint8Array(32).fill(1), parts: { total: 1, hash: new Uint8Array(32).fill(2) } }
    const commit = { height: 1n, round: 0, blockId: id, signatures: [{ flag: 'absent' as const }] }
    outlives(Commit.encode(commit), (bytes) => value(Commit.decode(bytes)))
  })
})
