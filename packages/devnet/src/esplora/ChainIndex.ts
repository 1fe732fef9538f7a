import { createHash } from 'node:crypto'
import type { Rpc } from '../internal/JsonRpc.js'

/** An output as the index keeps it. */
export interface Output {
  readonly script: string
  /** sha256 of the script, hex, not reversed: Esplora's `scripthash`. */
  readonly scripthash: string
  readonly address: string | undefined
  readonly value: number
}

/** An input as the index keeps it; a coinbase has no `previous`. */
export interface Input {
  readonly previous: { readonly txid: string; readonly vout: number } | undefined
  readonly scriptSig: string
  readonly witness: readonly string[]
  readonly sequence: number
}

/** A transaction of the best chain or the mempool. */
export interface Transaction {
  readonly txid: string
  readonly hex: string
  readonly version: number
  readonly locktime: number
  readonly size: number
  readonly weight: number
  readonly inputs: readonly Input[]
  readonly outputs: readonly Output[]
}

/** A block of the best chain. */
export interface Block {
  readonly hash: string
  readonly height: number
  readonly time: number
  readonly txids: readonly string[]
}

/** Where a confirmed transaction is. */
export interface Position {
  readonly block: Block
  readonly index: number
}

/** What the node's best chain and mempool hold, by transaction, script and outpoint. */
export interface ChainIndex {
  /** Catches up with the node: new blocks, undone blocks, mempool. Concurrent calls share the work not yet begun. */
  sync(): Promise<void>
  readonly tip: () => Block
  readonly blockAt: (height: number) => Block | undefined
  readonly transaction: (txid: string) => Transaction | undefined
  readonly position: (txid: string) => Position | undefined
  /** Ids of the transactions that pay to or spend from a script. */
  readonly history: (scripthash: string) => ReadonlySet<string>
  readonly spender: (
    txid: string,
    vout: number,
  ) => { readonly txid: string; readonly vin: number } | undefined
  readonly mempool: () => ReadonlySet<string>
}

interface RpcTransaction {
  readonly txid: string
  readonly hex: string
  readonly version: number
  readonly locktime: number
  readonly size: number
  readonly weight: number
  readonly vin: readonly {
    readonly coinbase?: string
    readonly txid?: string
    readonly vout?: number
    readonly scriptSig?: { readonly hex: string }
    readonly txinwitness?: readonly string[]
    readonly sequence: number
  }[]
  readonly vout: readonly {
    readonly value: number
    readonly scriptPubKey: { readonly hex: string; readonly address?: string }
  }[]
}

const SYNC_ROUNDS = 20
const NONE: ReadonlySet<string> = new Set()

/** An empty index over a node; `alone` keeps it from reading while the devnet rearranges the chain. */
export function create(rpc: Rpc, alone: <T>(task: () => Promise<T>) => Promise<T>): ChainIndex {
  const blocks: Block[] = []
  const transactions = new Map<string, Transaction>()
  const positions = new Map<string, Position>()
  const histories = new Map<string, Set<string>>()
  const spenders = new Map<string, { readonly txid: string; readonly vin: number }>()
  const mempool = new Set<string>()

  const touched = (transaction: Transaction): readonly string[] => [
    ...transaction.outputs.map((output) => output.scripthash),
    ...transaction.inputs.flatMap(({ previous }) => {
      const spent = previous && transactions.get(previous.txid)?.outputs[previous.vout]
      return spent === undefined ? [] : [spent.scripthash]
    }),
  ]

  const add = (transaction: Transaction): void => {
    transactions.set(transaction.txid, transaction)
    for (const scripthash of touched(transaction)) {
      const history = histories.get(scripthash) ?? new Set()
      histories.set(scripthash, history.add(transaction.txid))
    }
    for (const [vin, { previous }] of transaction.inputs.entries())
      if (previous !== undefined)
        spenders.set(`${previous.txid}:${previous.vout}`, { txid: transaction.txid, vin })
  }

  const forget = (txid: string): void => {
    const transaction = transactions.get(txid)
    if (transaction === undefined) return
    for (const scripthash of touched(transaction)) histories.get(scripthash)?.delete(txid)
    for (const { previous } of transaction.inputs) {
      const key = previous && `${previous.txid}:${previous.vout}`
      if (key !== undefined && spenders.get(key)?.txid === txid) spenders.delete(key)
    }
    transactions.delete(txid)
    positions.delete(txid)
  }

  const disconnect = (): void => {
    const block = blocks.pop() as Block
    // Spenders before what they spend: their history is found through it.
    for (const txid of [...block.txids].reverse()) forget(txid)
  }

  const connect = async (hash: string): Promise<void> => {
    const block = await rpc<{ hash: string; height: number; time: number; tx: readonly RpcTransaction[] }>(
      'getblock',
      hash,
      2,
    )
    const entry: Block = {
      hash,
      height: block.height,
      time: block.time,
      txids: block.tx.map((tx) => tx.txid),
    }
    for (const [index, raw] of block.tx.entries()) {
      const transaction = read(raw)
      add(transaction)
      positions.set(transaction.txid, { block: entry, index })
    }
    blocks.push(entry)
  }

  const evict = (txid: string): void => {
    if (!mempool.delete(txid)) return
    const outputs = transactions.get(txid)?.outputs.length ?? 0
    for (let vout = 0; vout < outputs; vout++) {
      const child = spenders.get(`${txid}:${vout}`)
      if (child !== undefined) evict(child.txid)
    }
    forget(txid)
  }

  const follow = async (best: string): Promise<void> => {
    const missing: string[] = []
    let hash: string | undefined = best
    while (hash !== undefined) {
      const header: { height: number; previousblockhash?: string } = await rpc('getblockheader', hash)
      while (blocks.length > header.height + 1) disconnect()
      if (blocks[header.height]?.hash === hash) break
      missing.push(hash)
      hash = header.previousblockhash
    }
    for (const next of missing.reverse()) await connect(next)
  }

  const followMempool = async (): Promise<void> => {
    const present = new Set(await rpc<readonly string[]>('getrawmempool'))
    for (const txid of [...mempool]) if (!present.has(txid)) evict(txid)
    for (const txid of present) {
      if (mempool.has(txid)) continue
      const raw = await rpc<RpcTransaction>('getrawtransaction', txid, true).catch(() => undefined)
      if (raw === undefined) continue
      mempool.add(txid)
      add(read(raw))
    }
    // A child may have come before its parent: what it spends is known only now.
    for (const txid of mempool) add(transactions.get(txid) as Transaction)
  }

  const catchUp = async (): Promise<void> => {
    for (let round = 0; round < SYNC_ROUNDS; round++) {
      const best = await rpc<string>('getbestblockhash')
      if (blocks.at(-1)?.hash !== best) {
        // What the mempool holds may hang on blocks that go, or be what the new ones confirm or contradict.
        for (const txid of [...mempool]) evict(txid)
        await follow(best)
      }
      await followMempool()
      if ((await rpc<string>('getbestblockhash')) === best) return
    }
  }

  let queued: Promise<void> | undefined
  const sync = (): Promise<void> => {
    queued ??= alone(() => {
      queued = undefined
      return catchUp()
    })
    return queued
  }

  return {
    sync,
    tip: () => blocks.at(-1) as Block,
    blockAt: (height) => blocks[height],
    transaction: (txid) => transactions.get(txid),
    position: (txid) => positions.get(txid),
    history: (scripthash) => histories.get(scripthash) ?? NONE,
    spender: (txid, vout) => spenders.get(`${txid}:${vout}`),
    mempool: () => mempool,
  }
}

function read(raw: RpcTransaction): Transaction {
  return {
    txid: raw.txid,
    hex: raw.hex,
    version: raw.version,
    locktime: raw.locktime,
    size: raw.size,
    weight: raw.weight,
    inputs: raw.vin.map((vin) => ({
      previous:
        vin.txid === undefined || vin.vout === undefined ? undefined : { txid: vin.txid, vout: vin.vout },
      scriptSig: vin.coinbase ?? vin.scriptSig?.hex ?? '',
      witness: vin.txinwitness ?? [],
      sequence: vin.sequence,
    })),
    outputs: raw.vout.map(({ value, scriptPubKey }) => ({
      script: scriptPubKey.hex,
      scripthash: scripthashOf(scriptPubKey.hex),
      address: scriptPubKey.address,
      value: Math.round(value * 1e8),
    })),
  }
}

/** Esplora's key of a script (hex): its sha256, hex, not reversed. */
export function scripthashOf(script: string): string {
  return createHash('sha256').update(Buffer.from(script, 'hex')).digest('hex')
}
