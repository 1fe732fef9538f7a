import { BlockHeader, Rlp, StateProof, TrieProof } from '@aitbc/proofs/ethereum'
import { MerklePatriciaTrie } from '@ethereumjs/mpt'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { describe, expect, test } from 'vitest'
import { check, hex, unhex, value } from '../helpers.js'
import { topic } from '../vectors.js'
import { trieOf } from './trie.js'

const found = topic('ethereum-execution')
const set = found as NonNullable<typeof found>

type Json = string | number | Json[]
const itemOf = (json: Json): Rlp.Item =>
  Array.isArray(json)
    ? json.map(itemOf)
    : typeof json === 'number'
      ? Rlp.fromBigInt(BigInt(json))
      : json.startsWith('#')
        ? Rlp.fromBigInt(BigInt(json.slice(1)))
        : json.startsWith('0x')
          ? unhex(json)
          : Uint8Array.from([...json].map((character) => character.charCodeAt(0)))

/** A request and its answer, as the conformance files of execution-apis have them. */
const io = <T>(name: string): { readonly params: unknown[]; readonly result: T }[] => {
  const lines = set.text(`execution-apis/${name}`).split('\n')
  return lines.flatMap((line, i) =>
    line.startsWith('>> ')
      ? [
          {
            params: JSON.parse(line.slice(3)).params,
            result: JSON.parse((lines[i + 1] as string).slice(3)).result,
          },
        ]
      : [],
  )
}

describe.skipIf(found === undefined)(
  found === undefined ? 'skipped: no vectors' : 'published Ethereum execution data',
  () => {
    describe('RLP', () => {
      test('ethereum-tests/RLPTests/rlptest.json', () => {
        const cases = Object.entries(
          set.json<Record<string, { in: Json; out: string }>>('ethereum-tests/RLPTests/rlptest.json'),
        )
        for (const [name, { in: input, out }] of cases) {
          expect(hex(Rlp.encode(itemOf(input))), name).toBe(out.slice(2).toLowerCase())
          expect(value(Rlp.decode(unhex(out))), name).toEqual(itemOf(input))
        }
        expect(cases.length).toBe(28)
      })

      test('A17: ethereum-tests/RLPTests/invalidRLPTest.json', () => {
        const cases = Object.entries(
          set.json<Record<string, { out: string }>>('ethereum-tests/RLPTests/invalidRLPTest.json'),
        )
        for (const [name, { out }] of cases) expect(check(Rlp.decode(unhex(out))), name).toMatch(/^rlp-/)
        expect(cases.length).toBe(26)
      })

      test('ethereum-tests/RLPTests/example.json', () => {
        const cases = Object.values(
          set.json<Record<string, { in: string; out: string }>>('ethereum-tests/RLPTests/example.json'),
        )
        for (const { in: kind, out } of cases) expect(Rlp.decode(unhex(out)).ok).toBe(kind === 'VALID')
        expect(cases.length).toBe(1)
      })

      test('ethers/rlp.json.gz', () => {
        const cases = set.json<{ name: string; decoded: Json; encoded: string }[]>('ethers/rlp.json.gz')
        for (const { name, decoded, encoded } of cases) {
          expect(hex(Rlp.encode(itemOf(decoded))), name).toBe(encoded.slice(2))
          expect(value(Rlp.decode(unhex(encoded))), name).toEqual(itemOf(decoded))
        }
        expect(cases.length).toBe(61)
      })
    })

    describe('tries', () => {
      type Pairs = [string, string | null][] | Record<string, string | null>
      const bytesOf = (text: string) => (text.startsWith('0x') ? unhex(text) : new TextEncoder().encode(text))

      test.each([
        ['trietest', false],
        ['trieanyorder', false],
        ['trietest_secureTrie', true],
        ['trieanyorder_secureTrie', true],
        ['hex_encoded_securetrie_test', true],
      ] as const)(
        'ethereum-tests/TrieTests/%s.json: every key proved, there and absent',
        async (name, secure) => {
          const cases = Object.values(
            set.json<Record<string, { in: Pairs; root: string }>>(`ethereum-tests/TrieTests/${name}.json`),
          )
          for (const { in: input, root } of cases) {
            const held = new Map<string, Uint8Array>()
            const touched = new Set<string>(['00', 'ffff', ''])
            for (const [k, v] of Array.isArray(input) ? input : Object.entries(input)) {
              const key = hex(bytesOf(k))
              touched.add(key)
              if (v === null) held.delete(key)
              else held.set(key, bytesOf(v))
            }
            const pathOf = (key: string) => (secure ? keccak_256(unhex(key)) : unhex(key))
            const trie = trieOf([...held].map(([key, v]) => [pathOf(key), v]))
            expect(`0x${hex(trie.root)}`).toBe(root)
            // The same proofs from another implementation.
            const theirs = new MerklePatriciaTrie()
            for (const [key, v] of held) await theirs.put(pathOf(key), v)
            expect(hex(theirs.root())).toBe(hex(trie.root))
            for (const key of touched) {
              const proof = trie.prove(pathOf(key))
              expect(value(TrieProof.verify(trie.root, pathOf(key), proof)), key).toEqual(
                held.get(key) ?? null,
              )
            }
          }
          expect(cases.length).toBeGreaterThanOrEqual(3)
        },
      )

      test('ethereum-tests/TrieTests/trietestnextprev.json: keys beside each other', () => {
        const { basic } = set.json<{ basic: { in: string[]; tests: [string, string, string][] } }>(
          'ethereum-tests/TrieTests/trietestnextprev.json',
        )
        const trie = trieOf(basic.in.map((key) => [bytesOf(key), bytesOf(key)]))
        for (const [key] of basic.tests) {
          const held = basic.in.includes(key) ? bytesOf(key) : null
          expect(value(TrieProof.verify(trie.root, bytesOf(key), trie.prove(bytesOf(key))))).toEqual(held)
        }
        expect(basic.tests.length).toBe(12)
      })
    })

    describe('headers', () => {
      test('A19: execution-apis/chain.rlp: every fork’s header; each names its parent', () => {
        const bytes = set.bytes('execution-apis/chain.rlp')
        const counts = new Map<number, number>()
        let parent: Uint8Array | undefined
        let blocks = 0
        for (let at = 0; at < bytes.length; blocks++) {
          const block = value(Rlp.span(bytes, at, bytes.length))
          const header = value(Rlp.span(bytes, block.start, block.end))
          const raw = bytes.subarray(block.start, header.end)
          const decoded = value(BlockHeader.decode(raw))
          expect(hex(BlockHeader.encode(decoded))).toBe(hex(raw))
          if (parent !== undefined) expect(hex(decoded.parentHash)).toBe(hex(parent))
          parent = BlockHeader.hash(decoded)
          const fields = (value(Rlp.decode(raw)) as Rlp.Item[]).length
          counts.set(fields, (counts.get(fields) ?? 0) + 1)
          at = block.end
        }
        expect([...counts.keys()].sort()).toEqual([15, 16, 17, 20, 21])
        expect(blocks).toBeGreaterThanOrEqual(40)
      })

      test('execution-apis: debug_getRawHeader and eth_getBlockByNumber agree', () => {
        let run = 0
        for (const name of ['get-block-n', 'get-genesis']) {
          for (const { result } of io<string>(`debug_getRawHeader/${name}.io`)) {
            const decoded = value(BlockHeader.decode(unhex(result)))
            expect(hex(BlockHeader.encode(decoded))).toBe(result.slice(2))
            run++
          }
        }
        for (const name of ['cancun-fork', 'london-fork', 'merge-fork', 'prague-fork', 'shanghai-fork'])
          for (const { result } of io<Record<string, string>>(`eth_getBlockByNumber/get-block-${name}.io`)) {
            expect(`0x${hex(BlockHeader.hash(headerOf(result)))}`).toBe(result['hash'])
            run++
          }
        for (const name of ['get-finalized', 'get-genesis', 'get-latest', 'get-safe'])
          for (const { result } of io<Record<string, string>>(`eth_getBlockByNumber/${name}.io`)) {
            expect(`0x${hex(BlockHeader.hash(headerOf(result)))}`).toBe(result['hash'])
            run++
          }
        expect(run).toBe(11)
      })

      test('ethereum-tests/BasicTests/genesishashestest.json', () => {
        const { genesis_rlp_hex, genesis_state_root, genesis_hash } = set.json<Record<string, string>>(
          'ethereum-tests/BasicTests/genesishashestest.json',
        )
        const raw = unhex(genesis_rlp_hex as string)
        const block = value(Rlp.span(raw, 0, raw.length))
        const header = value(Rlp.span(raw, block.start, block.end))
        const decoded = value(BlockHeader.decode(raw.subarray(block.start, header.end)))
        expect(hex(BlockHeader.hash(decoded))).toBe(genesis_hash)
        expect(hex(decoded.stateRoot)).toBe(genesis_state_root)
      })
    })

    test('execution-apis/eth_getProof: accounts and slots of the chain’s head', () => {
      type Proof = {
        address: string
        accountProof: string[]
        balance: string
        nonce: string
        codeHash: string
        storageHash: string
        storageProof: { key: string; value: string; proof: string[] }[]
      }
      const [head] = io<Record<string, string>>('eth_getBlockByNumber/get-latest.io')
      const stateRoot = unhex(head?.result['stateRoot'] as string)
      let run = 0
      for (const name of ['blockhash', 'default-block', 'latest', 'with-storage'])
        for (const { result } of io<Proof>(`eth_getProof/get-account-proof-${name}.io`)) {
          const proof = result.accountProof.map(unhex)
          const account = value(StateProof.account(stateRoot, unhex(result.address), proof))
          expect(account).toEqual({
            nonce: BigInt(result.nonce),
            balance: BigInt(result.balance),
            storageRoot: unhex(result.storageHash),
            codeHash: unhex(result.codeHash),
          })
          run++
          for (const { key, value: word, proof: nodes } of result.storageProof) {
            const slot = unhex(key.slice(2).padStart(64, '0'))
            expect(value(StateProof.storage(unhex(result.storageHash), slot, nodes.map(unhex)))).toBe(
              BigInt(word),
            )
            run++
          }
          // Another address has another path.
          const nobody = unhex(result.address)
          nobody[0] = (nobody[0] as number) ^ 1
          expect(StateProof.account(stateRoot, nobody, proof)).not.toEqual({ ok: true, value: account })
        }
      expect(run).toBe(5)
    })
  },
)

/** A header from a block as JSON-RPC gives it. */
function headerOf(block: Readonly<Record<string, string>>): BlockHeader.BlockHeader {
  const bytes = (name: string) => unhex(block[name] as string)
  const scalar = (name: string) => BigInt(block[name] as string)
  return {
    parentHash: bytes('parentHash'),
    ommersHash: bytes('sha3Uncles'),
    beneficiary: bytes('miner'),
    stateRoot: bytes('stateRoot'),
    transactionsRoot: bytes('transactionsRoot'),
    receiptsRoot: bytes('receiptsRoot'),
    logsBloom: bytes('logsBloom'),
    difficulty: scalar('difficulty'),
    number: scalar('number'),
    gasLimit: scalar('gasLimit'),
    gasUsed: scalar('gasUsed'),
    timestamp: scalar('timestamp'),
    extraData: bytes('extraData'),
    mixHash: bytes('mixHash'),
    nonce: bytes('nonce'),
    ...('baseFeePerGas' in block ? { baseFeePerGas: scalar('baseFeePerGas') } : {}),
    ...('withdrawalsRoot' in block ? { withdrawalsRoot: bytes('withdrawalsRoot') } : {}),
    ...('blobGasUsed' in block
      ? {
          blobGasUsed: scalar('blobGasUsed'),
          excessBlobGas: scalar('excessBlobGas'),
          parentBeaconBlockRoot: bytes('parentBeaconBlockRoot'),
        }
      : {}),
    ...('requestsHash' in block ? { requestsHash: bytes('requestsHash') } : {}),
  }
}
