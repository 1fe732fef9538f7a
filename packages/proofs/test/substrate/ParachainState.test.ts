import {
  BeefyClient,
  BeefyLeaf,
  GrandpaClient,
  Hasher,
  Header,
  Justification,
  ParachainState,
  Scale,
  StorageKey,
  TrieProof,
} from '@aitbc/proofs/substrate'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, value } from '../helpers.js'
import { blockOn, chainOf, hash32, setOf, unanimous, voters } from './grandpa.js'
import { trieOf } from './trie.js'

const utf8 = (text: string) => new TextEncoder().encode(text)

// A contract on a parachain holds a value; the relay chain holds the parachain's head; its authorities finalize that.
const slot = hash32(0x51)
const secret = hash32(0x77)
const contract = utf8('trie id of a contract')
const storage = trieOf([
  [StorageKey.contractSlot(slot), secret],
  [StorageKey.contractSlot(hash32(0x52)), hash32(1)],
])
const state = trieOf([
  [StorageKey.childRoot(contract), storage.root],
  [StorageKey.of('Timestamp', 'Now'), new Uint8Array(8)],
])
const parachain = blockOn({ hash: hash32(3), number: 41n }, [], state.root)
const headOf = (raw: Uint8Array) => Scale.encode(Scale.bytes, raw)
const relayState = trieOf([
  [ParachainState.headKey(1000), headOf(parachain.raw)],
  [ParachainState.headKey(1001), headOf(Uint8Array.of(1, 2, 3))],
  [ParachainState.headKey(1002), parachain.raw],
  [StorageKey.of('Timestamp', 'Now'), new Uint8Array(8)],
])
const [start] = chainOf(1) as [ReturnType<typeof blockOn>]
const relay = blockOn(start, [], relayState.root)
const list = voters(4)

describe('ParachainState', () => {
  test('default: from votes of the relay chain to a slot of a contract', () => {
    const trusted = value(GrandpaClient.trust({ hash: start.hash, header: start.raw, set: setOf(0n, list) }))
    const justification = Justification.encode(unanimous(relay, list, 0n))
    const moved = value(GrandpaClient.apply(trusted, { kind: 'block', header: relay.raw, justification }))
    const head = value(
      ParachainState.head({
        relay: GrandpaClient.finalized(moved),
        paraId: 1000,
        proof: relayState.prove(ParachainState.headKey(1000)),
      }),
    )
    expect(head.number).toBe(42n)
    const key = StorageKey.contractSlot(slot)
    const proof = TrieProof.of([...state.prove(StorageKey.childRoot(contract)), ...storage.prove(key)])
    expect(value(TrieProof.verifyChild(head.stateRoot, contract, [key], proof))).toEqual([secret])
    // A slot that was never written is proved to be empty.
    const none = StorageKey.contractSlot(hash32(0x53))
    const absence = TrieProof.of([...state.prove(StorageKey.childRoot(contract)), ...storage.prove(none)])
    expect(value(TrieProof.verifyChild(head.stateRoot, contract, [none], absence))).toEqual([null])
    // The state of the relay chain is not the parachain's.
    expect(check(TrieProof.verifyChild(relay.stateRoot, contract, [key], proof))).toBe('trie-root')
  })

  test('A42: the head is bound to its parachain', () => {
    const proofOf = (id: number) => relayState.prove(ParachainState.headKey(id))
    const attempt = (paraId: number, proof = proofOf(paraId)) =>
      check(ParachainState.head({ relay, paraId, proof }))
    expect(attempt(1003)).toBe('parachain-absent')
    expect(attempt(1001)).toBe('parachain-head')
    expect(attempt(1002)).toBe('parachain-head')
    const root = hex(relay.stateRoot)
    for (const node of proofOf(1000)) {
      const without = proofOf(1000).filter((it) => hex(it) !== hex(node))
      const expected = hex(Hasher.blake2b256(node)) === root ? 'trie-root' : 'trie-incomplete'
      expect(attempt(1000, without)).toBe(expected)
    }
    expect(attempt(1000, TrieProof.of([...proofOf(1000), hash32(1)]))).toBe('trie-unused')
    for (const id of [-1, 1.5, 2 ** 32, Number.NaN]) expect(attempt(id, proofOf(1000))).toBe('parachain-id')
    for (let bit = 0; bit < 32; bit++) {
      const other = 1000 ^ (1 << bit)
      if (bit < 31) expect(ParachainState.head({ relay, paraId: other, proof: proofOf(1000) }).ok).toBe(false)
    }
    expect(
      check(
        ParachainState.head({ relay: { ...relay, stateRoot: new Uint8Array(32) }, paraId: 1000, proof: [] }),
      ),
    ).toBe('trie-root-zero')
  })

  test('behavior: a sample of one-bit changes', () => {
    const proof = relayState.prove(ParachainState.headKey(1000))
    for (const [i, node] of proof.entries())
      for (let bit = 0; bit < node.length * 8; bit += 9) {
        const changed = proof.map((it, j) => (i === j ? flip(it, bit) : it))
        expect(ParachainState.head({ relay, paraId: 1000, proof: changed }).ok).toBe(false)
      }
  })

  test('behavior: a head that BEEFY makes final', () => {
    const leaf = BeefyLeaf.encode({
      version: 0,
      parentNumber: Number(relay.number),
      parentHash: relay.hash,
      nextSet: { id: 2n, length: 1, root: hash32(1) },
      parachainHeads: BeefyLeaf.headHash(1000, parachain.raw),
    })
    const [a, b] = [0n, 1n].map((id) => ({ id, length: 1, root: hash32(1) })) as [
      BeefyLeaf.ValidatorSet,
      BeefyLeaf.ValidatorSet,
    ]
    const anchored = value(
      BeefyClient.trust({ current: a, next: b, blockNumber: 0, firstBlock: Number(relay.number) + 1 }),
    )
    const final = {
      ...anchored,
      finalized: {
        blockNumber: Number(relay.number) + 1,
        mmrRoot: BeefyLeaf.hash(value(BeefyLeaf.decode(leaf))),
      },
    }
    const header = value(BeefyClient.block(final, { leaf, items: [], header: relay.raw }))
    const proof = relayState.prove(ParachainState.headKey(1000))
    expect(value(ParachainState.head({ relay: header, paraId: 1000, proof })).number).toBe(42n)
    expect(check(BeefyClient.block(final, { leaf, items: [], header: start.raw }))).toBe('header-link')
    expect(check(BeefyClient.block(final, { leaf, items: [], header: Uint8Array.of(1) }))).toBe(
      'scale-truncated',
    )
    expect(check(BeefyClient.block(anchored, { leaf, items: [], header: relay.raw }))).toBe('state-root')
    expect(check(BeefyClient.leaf(final, { leaf: concat(leaf, Uint8Array.of(0)), items: [] }))).toBe(
      'scale-trailing',
    )
    expect(Header.hash(header)).toEqual(relay.hash)
  })
})
