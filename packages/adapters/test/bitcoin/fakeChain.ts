import { Bytes, type Fact } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import {
  BlockHeader,
  CompactTarget,
  Consensus,
  Hash256,
  Inclusion,
  MerkleTree,
  Transaction,
} from '@aitbc/proofs/bitcoin'
import type { Backend } from '../../src/bitcoin/index.js'

export const network = networks.bitcoinRegtest

interface Block {
  readonly header: BlockHeader.BlockHeader
  readonly hash: string
  readonly transactions: readonly Transaction.Transaction[]
}

/** A chain in memory with real headers, proofs of work and Merkle trees, seen through a back end: no node, so it runs in browsers. */
export function createFakeChain(startTime = 1_700_000_000n) {
  const blocks: Block[] = [
    {
      header: Consensus.regtest.genesis,
      hash: Hash256.toDisplay(BlockHeader.hash(Consensus.regtest.genesis)),
      transactions: [],
    },
  ]
  const mempool = new Map<string, Transaction.Transaction>()
  const sent: string[] = []
  const { value: target } = CompactTarget.decode(0x207fffff) as { value: bigint }
  const limit = CompactTarget.toBytes(target)
  const idOf = (transaction: Transaction.Transaction): string =>
    Hash256.toDisplay(Transaction.txid(transaction))

  const mine = (time: bigint, ...transactions: Transaction.Transaction[]): Fact.BlockRef => {
    const height = blocks.length
    const previous = Hash256.fromDisplay((blocks.at(-1) as Block).hash)
    const all = [coinbase(height, transactions), ...transactions]
    const root = MerkleTree.root(all.map(Transaction.txid))
    if (!root.ok) throw new Error(root.refusal.message)
    for (let nonce = 0; ; nonce++) {
      const header = { version: 0x20000000, previous, merkleRoot: root.value, time, bits: 0x207fffff, nonce }
      const hash = BlockHeader.hash(header)
      if (!BlockHeader.meets(hash, limit)) continue
      blocks.push({ header, hash: Hash256.toDisplay(hash), transactions: all })
      for (const transaction of transactions) mempool.delete(idOf(transaction))
      return { height: BigInt(height), hash: Hash256.toDisplay(hash) }
    }
  }
  for (let i = 1n; i <= 11n; i++) mine(startTime + i)

  const find = (hash: string): Block | undefined => blocks.find((block) => block.hash === hash)
  const holder = (txid: string) => {
    for (const [height, block] of blocks.entries()) {
      const index = block.transactions.findIndex((one) => idOf(one) === txid)
      if (index >= 0)
        return { height, block, index, transaction: block.transactions[index] as Transaction.Transaction }
    }
    return undefined
  }
  const everything = () => [...blocks.flatMap((block) => block.transactions), ...mempool.values()]
  const spenderOf = (txid: string, index: number) =>
    everything().find((one) =>
      one.inputs.some((input) => input.index === index && Hash256.toDisplay(input.txid) === txid),
    )

  const backend: Backend = {
    name: 'fake',
    assurance: 'reported',
    tip: async () => ({ height: BigInt(blocks.length - 1), hash: (blocks.at(-1) as Block).hash }),
    blockHash: async (height) => blocks[Number(height)]?.hash,
    header: async (hash) => {
      const block = find(hash)
      return block && BlockHeader.encode(block.header)
    },
    block: async (hash) => {
      const block = find(hash)
      return (
        block &&
        Bytes.concat(
          BlockHeader.encode(block.header),
          Transaction.compactSize(block.transactions.length),
          ...block.transactions.map(Transaction.encode),
        )
      )
    },
    coinbase: async (hash) => {
      const first = find(hash)?.transactions[0]
      return first && idOf(first)
    },
    transaction: async (txid) => {
      const held = holder(txid)
      if (held !== undefined)
        return {
          raw: Transaction.encode(held.transaction),
          block: { height: BigInt(held.height), hash: held.block.hash },
        }
      const waiting = mempool.get(txid)
      return waiting && { raw: Transaction.encode(waiting) }
    },
    place: async (txid, hash) => {
      const { transactions } = find(hash) as Block
      const ids = transactions.map(Transaction.txid)
      return MerkleTree.branch(
        ids,
        transactions.findIndex((one) => idOf(one) === txid),
      )
    },
    history: async (scripts) => {
      const wanted = new Set(scripts.map(Bytes.toHex))
      const own = new Set<string>()
      const ids: string[] = []
      for (const one of everything()) {
        const id = idOf(one)
        const paid = one.outputs.flatMap(({ script }, i) =>
          wanted.has(Bytes.toHex(script)) ? [`${id}:${i}`] : [],
        )
        for (const outpoint of paid) own.add(outpoint)
        const spends = one.inputs.some((input) => own.has(`${Hash256.toDisplay(input.txid)}:${input.index}`))
        if (paid.length > 0 || spends) ids.push(id)
      }
      return ids
    },
    unspent: async (script) =>
      everything().flatMap((one) =>
        one.outputs.flatMap((output, index) =>
          Bytes.equal(output.script, script) && spenderOf(idOf(one), index) === undefined
            ? [{ txid: idOf(one), index }]
            : [],
        ),
      ),
    spender: async ({ txid, index }) => {
      const spender = spenderOf(txid, index)
      return spender && idOf(spender)
    },
    send: async (raw) => {
      const decoded = Transaction.decode(raw)
      if (!decoded.ok) return 'TX decode failed'
      sent.push(idOf(decoded.value))
      mempool.set(idOf(decoded.value), decoded.value)
      return undefined
    },
    evicted: async () => undefined,
    estimate: async () => undefined,
  }

  let payments = 0
  /** A payment out of nowhere, waiting. */
  const pay = (script: Bytes.Bytes, amount: bigint): Transaction.Transaction => {
    const txid = new Uint8Array(32).fill(0xee)
    new DataView(txid.buffer).setUint32(0, ++payments)
    const transaction: Transaction.Transaction = {
      version: 2,
      inputs: [
        { txid, index: 0, script: new Uint8Array(), sequence: 0xffffffff, witness: [Uint8Array.of(1)] },
      ],
      outputs: [{ amount, script }],
      lockTime: 0,
    }
    mempool.set(idOf(transaction), transaction)
    return transaction
  }
  return { backend, mine, pay, mempool, sent, blocks, idOf, undo: (count: number) => blocks.splice(-count) }
}

function coinbase(height: number, transactions: readonly Transaction.Transaction[]): Transaction.Transaction {
  const reserved = new Uint8Array(32)
  const input = {
    txid: new Uint8Array(32),
    index: 0xffffffff,
    script: Uint8Array.of(3, height & 0xff, (height >> 8) & 0xff, 0, 0),
    sequence: 0xffffffff,
    witness: [reserved],
  }
  const wtxids = [new Uint8Array(32), ...transactions.map(Transaction.wtxid)]
  const root = MerkleTree.root(wtxids)
  if (!root.ok) throw new Error(root.refusal.message)
  const commitment = Hash256.ofPair(root.value, reserved)
  const made: Transaction.Transaction = {
    version: 2,
    inputs: [input],
    outputs: [
      { amount: 5_000_000_000n, script: Uint8Array.of(0x51) },
      { amount: 0n, script: Bytes.concat(Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed), commitment) },
    ],
    lockTime: 0,
  }
  if (Inclusion.commitmentOf(made) === undefined) throw new Error('the coinbase commits to nothing')
  return made
}
