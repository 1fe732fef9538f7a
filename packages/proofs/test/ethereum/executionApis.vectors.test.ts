import { BlockHeader, InclusionProof, Receipt, Rlp, StateProof, TrieProof } from '@aitbc/proofs/ethereum'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { expect } from 'vitest'
import { type Case, readVectors } from '../../../../scripts/vectors/reader.js'
import { hex, unhex, value } from '../helpers.js'
import { indexTrie } from './beaconBlock.js'
import {
  type Block,
  blocksOf,
  exchanges,
  headerOf,
  type JsonLog,
  type JsonReceipt,
  logOf,
  receiptOf,
} from './execution.js'
import { trieOf } from './trie.js'

type Proof = Record<'address' | 'balance' | 'nonce' | 'codeHash' | 'storageHash', string> & {
  readonly accountProof: readonly string[]
  readonly storageProof: readonly {
    readonly key: string
    readonly value: string
    readonly proof: readonly string[]
  }[]
}
type Alloc = Record<
  string,
  { balance: string; nonce?: string; code?: string; storage?: Record<string, string> }
>
interface Chain {
  /** From the first block after genesis on. */
  readonly blocks: readonly Block[]
  readonly genesis: BlockHeader.BlockHeader
}

const keyOf = (index: number) => Rlp.encode(Rlp.fromBigInt(BigInt(index)))
const word = (text: string) => unhex(text.replace(/^0x/, '').padStart(64, '0'))

/** The header that a parameter names: a number, a tag of the head or the first block, or a hash. */
function headerAt({ blocks, genesis }: Chain, at: unknown): BlockHeader.BlockHeader | undefined {
  const all = [genesis, ...blocks.map(({ header }) => header)]
  if (at === undefined || ['latest', 'safe', 'finalized'].includes(at as string)) return all.at(-1)
  if (at === 'earliest') return genesis
  const text = String(at)
  return text.length === 66
    ? all.find((header) => hex(BlockHeader.hash(header)) === text.slice(2))
    : all.find(({ number }) => number === BigInt(text))
}

const included = (
  { blocks }: Chain,
  said: Pick<JsonLog, 'blockNumber' | 'transactionIndex' | 'transactionHash'>,
) => {
  const block = blocks.find(({ header }) => header.number === BigInt(said.blockNumber)) as Block
  const index = Number(said.transactionIndex)
  const trie = indexTrie(block.transactions)
  expect(hex(trie.root)).toBe(hex(block.header.transactionsRoot))
  const sent = value(InclusionProof.transaction(trie.root, BigInt(index), trie.prove(keyOf(index))))
  expect(`0x${hex(sent?.hash as Uint8Array)}`).toBe(said.transactionHash)
  return sent
}

/** What each method's answer must agree with; a method that isn't here isn't known. */
const METHODS: Readonly<Record<string, (chain: Chain, params: readonly never[], result: never) => void>> = {
  debug_getRawHeader: (chain, [at], result: string) => {
    const decoded = value(BlockHeader.decode(unhex(result)))
    expect(hex(BlockHeader.encode(decoded))).toBe(result.slice(2))
    expect(decoded).toEqual(headerAt(chain, at))
  },
  debug_getRawReceipts: (chain, [at], result: readonly string[]) => receipts(chain, at, result.map(unhex)),
  eth_getBlockByNumber: (chain, [at], result: Record<string, string> | null) => {
    const header = headerAt(chain, at)
    if (result === null) return expect(header).toBeUndefined()
    expect(headerOf(result)).toEqual(header)
    expect(`0x${hex(BlockHeader.hash(headerOf(result)))}`).toBe(result['hash'])
  },
  eth_getBlockReceipts: (chain, [at], result: readonly JsonReceipt[] | null) => {
    if (result === null) return expect(headerAt(chain, at)).toBeUndefined()
    receipts(
      chain,
      at,
      result.map((one) => Receipt.encode(receiptOf(one))),
    )
    for (const one of result) included(chain, one)
  },
  eth_getTransactionReceipt: (chain, [id], result: JsonReceipt | null) => {
    const ids = chain.blocks.flatMap(({ transactions }) =>
      transactions.map((raw) => `0x${hex(keccak_256(raw))}`),
    )
    if (result === null) return expect(ids).not.toContain(id)
    const receipt = receiptOf(result)
    expect(value(Receipt.decode(Receipt.encode(receipt)))).toEqual(receipt)
    expect(included(chain, result)?.type).toBe(receipt.type)
  },
  eth_getLogs: (chain, [filter], result: readonly JsonLog[]) => {
    const { address = [], topics = [] } = (filter ?? {}) as {
      address?: string[]
      topics?: (string[] | null)[]
    }
    expect(result.length).toBeGreaterThan(0)
    for (const one of result) {
      included(chain, one)
      const log = logOf(one)
      if (address.length > 0) expect(address).toContain(`0x${hex(log.address)}`)
      for (const [i, wanted] of topics.entries())
        if (wanted !== null && wanted.length > 0)
          expect(wanted).toContain(`0x${hex(log.topics[i] as Uint8Array)}`)
    }
  },
  eth_getProof: (chain, [, , at], result: Proof) => {
    const { stateRoot } = headerAt(chain, at) as BlockHeader.BlockHeader
    const proof = result.accountProof.map(unhex)
    const account = value(StateProof.account(stateRoot, unhex(result.address), proof))
    expect(account).toEqual({
      nonce: BigInt(result.nonce),
      balance: BigInt(result.balance),
      storageRoot: unhex(result.storageHash),
      codeHash: unhex(result.codeHash),
    })
    for (const { key, value: stored, proof: nodes } of result.storageProof)
      expect(value(StateProof.storage(unhex(result.storageHash), word(key), nodes.map(unhex)))).toBe(
        BigInt(stored),
      )
    // Another address has another path.
    const nobody = unhex(result.address)
    nobody[0] = (nobody[0] as number) ^ 1
    expect(StateProof.account(stateRoot, nobody, proof)).not.toEqual({ ok: true, value: account })
  },
}

function receipts(chain: Chain, at: unknown, raw: readonly Uint8Array[]): void {
  const { receiptsRoot } = headerAt(chain, at) as BlockHeader.BlockHeader
  const trie = indexTrie(raw)
  expect(hex(trie.root)).toBe(hex(receiptsRoot))
  for (const [i, one] of raw.entries()) {
    const receipt = value(InclusionProof.receipt(receiptsRoot, BigInt(i), trie.prove(keyOf(i))))
    expect(hex(Receipt.encode(receipt as Receipt.Receipt))).toBe(hex(one))
  }
  expect(
    value(InclusionProof.receipt(receiptsRoot, BigInt(raw.length), trie.prove(keyOf(raw.length)))),
  ).toBeNull()
}

/** The state that a genesis file describes. */
function stateRootOf(alloc: Alloc): Uint8Array {
  const accounts = Object.entries(alloc).map(
    ([address, { balance, nonce = '0x0', code = '0x', storage = {} }]) => {
      const slots = Object.entries(storage).map(([key, stored]): [Uint8Array, Uint8Array] => [
        keccak_256(word(key)),
        Rlp.encode(Rlp.fromBigInt(BigInt(stored))),
      ])
      const account = StateProof.encodeAccount({
        nonce: BigInt(nonce),
        balance: BigInt(balance),
        storageRoot: slots.length === 0 ? TrieProof.EMPTY_ROOT : trieOf(slots).root,
        codeHash: keccak_256(unhex(code)),
      })
      return [keccak_256(unhex(address)), account] as [Uint8Array, Uint8Array]
    },
  )
  return trieOf(accounts).root
}

readVectors({
  topic: 'ethereum',
  folder: 'ethereum-execution/execution-apis',
  title: 'A18, A19',
  // Every answer is about the one chain.
  group: () => 'chain.rlp',
  unused: { 'forkenv.json': 'the environment of the node that made the chain: nothing is claimed in it' },
  cases: (files): Case[] => {
    const named = (end: string) => files.find(({ path }) => path.endsWith(end))
    const blocks = blocksOf(named('chain.rlp')?.bytes() ?? new Uint8Array(0))
    const all = files
      .filter(({ path }) => path.endsWith('.io'))
      .flatMap((file) => exchanges(file.text()).map((exchange) => ({ ...exchange, name: file.path })))
    const first = all.find(
      ({ method, params, result }) => method === 'eth_getBlockByNumber' && params[0] === '0x0' && result,
    )
    if (first === undefined) throw new Error('no answer shows the first block')
    const chain: Chain = { blocks, genesis: headerOf(first.result as Record<string, unknown>) }
    const rest = files.filter(({ path }) => !path.endsWith('.io') && !path.endsWith('chain.rlp'))
    return [
      ...blocks.map(({ raw, header, transactions }, i) => ({
        name: `chain.rlp: block ${header.number}`,
        run: () => {
          expect(hex(BlockHeader.encode(header))).toBe(hex(raw))
          const parent = blocks[i - 1]?.header ?? chain.genesis
          expect(hex(header.parentHash)).toBe(hex(BlockHeader.hash(parent)))
          const trie = indexTrie(transactions)
          expect(hex(trie.root)).toBe(hex(header.transactionsRoot))
          for (const [index, one] of transactions.entries())
            expect(
              hex(
                value(InclusionProof.transaction(trie.root, BigInt(index), trie.prove(keyOf(index))))
                  ?.raw as Uint8Array,
              ),
            ).toBe(hex(one))
          const beyond = transactions.length
          expect(
            value(InclusionProof.transaction(trie.root, BigInt(beyond), trie.prove(keyOf(beyond)))),
          ).toBeNull()
        },
      })),
      ...all.map(({ name, method, params, result, error }): Case => {
        if (error !== undefined)
          return { name, skip: 'how a node refuses a request: there is nothing to verify' }
        if (method === 'eth_getStorageAt')
          return { name, skip: 'a word without its proof; eth_getProof brings the same one with it' }
        const judge = METHODS[method]
        if (judge === undefined) throw new Error(`${name}: an unknown method, ${method}`)
        return { name, run: () => judge(chain, params as never[], result as never) }
      }),
      ...rest.map((file): Case => {
        const json = file.json<{ alloc?: Alloc; params?: [{ headBlockHash: string }] }>()
        if (json.alloc !== undefined)
          return {
            name: file.path,
            run: () => expect(hex(stateRootOf(json.alloc as Alloc))).toBe(hex(chain.genesis.stateRoot)),
          }
        if (json.params !== undefined)
          return {
            name: file.path,
            run: () =>
              expect(json.params?.[0].headBlockHash).toBe(
                `0x${hex(BlockHeader.hash(headerAt(chain, 'latest') as BlockHeader.BlockHeader))}`,
              ),
          }
        throw new Error(`${file.path} has a shape that isn't known`)
      }),
    ]
  },
})
