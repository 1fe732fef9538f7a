import { BlockHeader, InclusionProof, Receipt, Rlp } from '@aitbc/proofs/ethereum'
import { describe, expect, test } from 'vitest'
import { hex, unhex, value } from '../helpers.js'
import { topic } from '../vectors.js'
import { indexTrie } from './beaconBlock.js'

const found = topic('ethereum-execution')
const set = found as NonNullable<typeof found>

const resultOf = <T>(name: string): T => {
  const line = set
    .text(`execution-apis/${name}`)
    .split('\n')
    .find((one) => one.startsWith('<< '))
  return JSON.parse((line as string).slice(3)).result
}

interface Json {
  readonly type: string
  readonly status?: string
  readonly root?: string
  readonly cumulativeGasUsed: string
  readonly logsBloom: string
  readonly transactionHash: string
  readonly transactionIndex: string
  readonly blockNumber: string
  readonly logs: readonly { readonly address: string; readonly topics: string[]; readonly data: string }[]
}
const receiptOf = (one: Json): Receipt.Receipt => ({
  type: Number(one.type),
  // Before Byzantium, the state after the transaction.
  outcome:
    one.root !== undefined ? { stateRoot: unhex(one.root) } : one.status === '0x1' ? 'success' : 'failure',
  cumulativeGasUsed: BigInt(one.cumulativeGasUsed),
  logsBloom: unhex(one.logsBloom),
  logs: one.logs.map(({ address, topics, data }) => ({
    address: unhex(address),
    topics: topics.map(unhex),
    data: unhex(data),
  })),
})

describe.skipIf(found === undefined)(
  found === undefined ? 'skipped: no vectors' : 'execution-apis: transactions and receipts',
  () => {
    /** Every block of chain.rlp, by number. */
    const blocks = () => {
      const bytes = set.bytes('execution-apis/chain.rlp')
      const out = new Map<bigint, { header: BlockHeader.BlockHeader; transactions: readonly Uint8Array[] }>()
      for (let at = 0; at < bytes.length; ) {
        const { end } = value(Rlp.span(bytes, at, bytes.length))
        const [header, list] = value(Rlp.decode(bytes.subarray(at, end))) as [Rlp.Item, readonly Rlp.Item[]]
        const decoded = value(BlockHeader.decode(Rlp.encode(header)))
        // A typed transaction stands there as a string, a legacy one as a list.
        const transactions = list.map((item) => (item instanceof Uint8Array ? item : Rlp.encode(item)))
        out.set(decoded.number, { header: decoded, transactions })
        at = end
      }
      return out
    }
    const keyOf = (index: number) => Rlp.encode(Rlp.fromBigInt(BigInt(index)))

    test('A18: chain.rlp: every transaction of every block is proved in it, and one more is not', () => {
      const types = new Map<number, number>()
      for (const { header, transactions } of blocks().values()) {
        const trie = indexTrie(transactions)
        expect(hex(trie.root)).toBe(hex(header.transactionsRoot))
        for (const [i, raw] of transactions.entries()) {
          const one = value(InclusionProof.transaction(trie.root, BigInt(i), trie.prove(keyOf(i))))
          expect(hex(one?.raw as Uint8Array)).toBe(hex(raw))
          types.set(one?.type as number, (types.get(one?.type as number) ?? 0) + 1)
        }
        const beyond = transactions.length
        expect(
          value(InclusionProof.transaction(trie.root, BigInt(beyond), trie.prove(keyOf(beyond)))),
        ).toBeNull()
      }
      expect([...types.keys()].sort()).toEqual([0, 1, 2, 3, 4])
      console.log(`chain.rlp: transactions by type ${JSON.stringify([...types].sort())}`)
    })

    test('A18: debug_getRawReceipts and eth_getBlockReceipts: their receipts make the roots of their headers', () => {
      const all = blocks()
      let run = 0
      const judge = (raw: readonly Uint8Array[], root: Uint8Array) => {
        const trie = indexTrie(raw)
        expect(hex(trie.root)).toBe(hex(root))
        for (const [i, one] of raw.entries()) {
          const receipt = value(InclusionProof.receipt(root, BigInt(i), trie.prove(keyOf(i))))
          expect(hex(Receipt.encode(receipt as Receipt.Receipt))).toBe(hex(one))
          run++
        }
      }
      const rawRoots = [...all.values()].map(({ header }) => hex(header.receiptsRoot))
      const raw = resultOf<string[]>('debug_getRawReceipts/get-block-n.io').map(unhex)
      expect(rawRoots).toContain(hex(indexTrie(raw).root))
      judge(raw, indexTrie(raw).root)
      expect(resultOf<string[]>('debug_getRawReceipts/get-genesis.io')).toEqual([])
      for (const name of ['latest', 'n', 'by-hash']) {
        const json = resultOf<Json[]>(`eth_getBlockReceipts/get-block-receipts-${name}.io`)
        const block = all.get(BigInt((json[0] as Json).blockNumber))
        judge(
          json.map((one) => Receipt.encode(receiptOf(one))),
          block?.header.receiptsRoot as Uint8Array,
        )
      }
      for (const name of [
        'access-list',
        'blob-tx',
        'dynamic-fee',
        'legacy-contract',
        'legacy-input',
        'legacy-receipt',
        'setcode-tx',
      ]) {
        const json = resultOf<Json>(`eth_getTransactionReceipt/get-${name}.io`)
        const one = receiptOf(json)
        expect(value(Receipt.decode(Receipt.encode(one)))).toEqual(one)
        const block = all.get(BigInt(json.blockNumber))
        const trie = indexTrie(block?.transactions as readonly Uint8Array[])
        const index = Number(json.transactionIndex)
        const sent = value(InclusionProof.transaction(trie.root, BigInt(index), trie.prove(keyOf(index))))
        expect(`0x${hex(sent?.hash as Uint8Array)}`).toBe(json.transactionHash)
        expect(sent?.type).toBe(one.type)
        run++
      }
      expect(run).toBeGreaterThanOrEqual(11)
      console.log(`execution-apis: ${run} receipts`)
    })
  },
)
