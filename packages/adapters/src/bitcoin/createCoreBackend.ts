import { Bytes, type CallOptions, type Fact, isAitbcError } from '@aitbc/core'
import type { Rpc } from '@aitbc/core/rpc'
import { Block, Hash256, MerkleTree, Transaction } from '@aitbc/proofs/bitcoin'
import { pause } from '../internal/pause.js'
import type { Backend, Outpoint, Place, Told } from './Backend.js'
import { BitcoinErrors } from './errors.js'
import * as Answer from './internal/answer.js'
import { forEach } from './internal/forEach.js'
import { lru } from './internal/lru.js'
import { inputOf } from './internal/reader.js'

/** Error codes of Bitcoin Core (`rpc/protocol.h`). */
const CODE = {
  MISC_ERROR: -1,
  INVALID_ADDRESS_OR_KEY: -5,
  INVALID_PARAMETER: -8,
  VERIFY_ERROR: -25,
  VERIFY_REJECTED: -26,
  ALREADY_IN_UTXO_SET: -27,
  METHOD_NOT_FOUND: -32601,
} as const

/** Blocks read one by one rather than by a scan of filters, which other callers may hold. */
const FEW_BLOCKS = 12n
const BUSY_TRIES = 20
const SCAN_TRIES = 3
/** The last scan that was begun on each client. */
const turns = /* @__PURE__ */ new WeakMap<Rpc, Promise<unknown>>()
const BLOCK_CACHE_BYTES = 16_000_000
const SCANS = 256
const ID_CACHE = 200_000

/**
 * Reads Bitcoin from the RPC of Bitcoin Core or a node that speaks it (Knots), without a wallet. The node runs with `-txindex=1`,
 * and with `-blockfilterindex=1` where blocks since `birthHeight` are more than a few.
 *
 * Errors of its calls: `InvalidAnswer` (3101), `IndexMissing` (3119), `NodeBusy` (3121), the `Rpc…` codes (1201–1208).
 *
 * @example
 * import { createCoreBackend } from '@aitbc/adapters/bitcoin'
 * import { createHttpRpc } from '@aitbc/core/rpc'
 * const rpc = createHttpRpc({ url: 'http://user:password@127.0.0.1:8332', exactNumbers: 'all' })
 * createCoreBackend({ rpc, birthHeight: 880_000n })
 */
export function createCoreBackend(options: createCoreBackend.Options): Backend {
  const { rpc, birthHeight = 0n, mempoolLimit = 20_000 } = options
  const { name } = rpc
  const scans = lru<Scan>(SCANS)
  const mempool = new Map<string, Transaction.Transaction>()
  const ids = lru<readonly string[]>(ID_CACHE)
  const blocks = lru<readonly Transaction.Transaction[]>(BLOCK_CACHE_BYTES)

  const call = async (
    method: string,
    params: readonly unknown[],
    callOptions: CallOptions | undefined,
  ): Promise<Answer.Answer> => {
    callOptions?.signal?.throwIfAborted()
    return Answer.answer(await rpc.request(method, params, callOptions), `${method} of ${name}`)
  }
  /** `undefined` where the node says that it has no such thing. */
  const ask = async (
    method: string,
    params: readonly unknown[],
    callOptions: CallOptions | undefined,
  ): Promise<Answer.Answer | undefined> => {
    try {
      return await call(method, params, callOptions)
    } catch (error) {
      const code = codeOf(error)
      if (code === CODE.INVALID_ADDRESS_OR_KEY || code === CODE.INVALID_PARAMETER) {
        // Also while the index is being made: what isn't in it yet isn't absent.
        if (/txindex|indexed/i.test(reasonOf(error)))
          throw BitcoinErrors.IndexMissing(`${name} has no transaction index`, { method }, { cause: error })
        return undefined
      }
      throw error
    }
  }
  /** Scans exclude each other within the node: one after another from here, and other processes are waited for, not for ever. */
  const scan = (
    method: string,
    params: readonly unknown[],
    callOptions: CallOptions | undefined,
  ): Promise<Answer.Answer> => {
    const turn = (turns.get(rpc) ?? Promise.resolve()).then(async () => {
      for (let tries = 1; ; tries++) {
        try {
          return await call(method, params, callOptions)
        } catch (error) {
          if (!/scan already in progress/i.test(reasonOf(error))) throw error
          if (tries === BUSY_TRIES)
            throw BitcoinErrors.NodeBusy(
              `${name} is scanning for somebody else`,
              { method },
              { cause: error },
            )
          // Jitter: two processes must not meet again and again.
          await pause(10 * 2 ** Math.min(tries, 5) * (0.5 + Math.random()), callOptions?.signal)
        }
      }
    })
    turns.set(
      rpc,
      turn.catch(() => undefined),
    )
    return turn
  }

  const tip = async (callOptions?: CallOptions): Promise<Fact.BlockRef> => {
    const info = await call('getblockchaininfo', [], callOptions)
    return {
      height: Answer.height(Answer.field(info, 'blocks')),
      hash: Answer.hash(Answer.field(info, 'bestblockhash')),
    }
  }
  const blockHash = async (height: bigint, callOptions?: CallOptions): Promise<string | undefined> => {
    const found = await ask('getblockhash', [Number(height)], callOptions)
    return found && Answer.hash(found)
  }
  const block = async (hash: string, callOptions?: CallOptions): Promise<Bytes.Bytes | undefined> => {
    const found = await ask('getblock', [hash, 0], callOptions)
    return found && Answer.bytes(found)
  }
  const idsOf = async (
    hash: string,
    callOptions: CallOptions | undefined,
  ): Promise<readonly string[] | undefined> => {
    const known = ids.get(hash)
    if (known !== undefined) return known
    const found = await ask('getblock', [hash, 1], callOptions)
    const list = found && Answer.list(Answer.field(found, 'tx'), MerkleTree.MAX_TRANSACTIONS).map(Answer.hash)
    if (list !== undefined) ids.set(hash, list, list.length)
    return list
  }
  const transactionsOf = async (
    hash: string,
    callOptions: CallOptions | undefined,
  ): Promise<readonly Transaction.Transaction[]> => {
    const known = blocks.get(hash)
    if (known !== undefined) return known
    const raw = await block(hash, callOptions)
    const decoded = raw && Block.decode(raw)
    if (raw === undefined || !decoded?.ok)
      throw BitcoinErrors.InvalidAnswer(`getblock of ${name}: block ${hash} is missing or malformed`, {
        hash,
        ...(decoded === undefined || decoded.ok ? {} : { check: decoded.refusal.check }),
      })
    const { transactions } = decoded.value
    blocks.set(hash, transactions, raw.length)
    return transactions
  }

  const scanOf = async (
    scripts: readonly Bytes.Bytes[],
    callOptions: CallOptions | undefined,
  ): Promise<Scan> => {
    const wanted = new Set(scripts.map(Bytes.toHex))
    const key = [...wanted].join()
    for (let tries = 1; ; tries++) {
      const head = await tip(callOptions)
      let known = scans.get(key)
      // What a reorganisation undid may hide anywhere in what was read: read again.
      if (known !== undefined && (await blockHash(known.upTo.height, callOptions)) !== known.upTo.hash)
        known = undefined
      // What a node's index once left out is not left out for good.
      if (known?.filtered !== undefined && head.height - known.filtered >= FEW_BLOCKS) known = undefined
      const scanned = await scanTo(head, wanted, known, callOptions)
      // A chain that moved meanwhile was read in part from one branch, in part from another.
      if (scanned !== undefined && (await blockHash(head.height, callOptions)) === head.hash) {
        scans.set(key, scanned)
        return scanned
      }
      if (tries === SCAN_TRIES)
        throw BitcoinErrors.ContradictoryAnswer(`${name}: the chain moved ${tries} times while it was read`, {
          head,
        })
    }
  }
  const scanTo = async (
    head: Fact.BlockRef,
    wanted: ReadonlySet<string>,
    known: Scan | undefined,
    callOptions: CallOptions | undefined,
  ): Promise<Scan | undefined> => {
    const touched = new Map(known?.touched ?? [])
    const own = new Set(known?.own ?? [])
    const visit = async (hash: string): Promise<void> => {
      for (const transaction of await transactionsOf(hash, callOptions)) {
        const txid = touch(transaction, wanted, own)
        if (txid !== undefined) touched.set(txid, transaction)
      }
    }
    let from = known === undefined ? birthHeight : known.upTo.height + 1n
    let filteredTo = known?.filtered
    if (head.height - from + 1n > FEW_BLOCKS) {
      const relevant = await filtered([...wanted], from, head, callOptions)
      if (relevant !== undefined) {
        for (const hash of relevant) await visit(hash)
        from = head.height + 1n
        filteredTo = head.height
      }
    }
    for (let height = from; height <= head.height; height++) {
      const hash = height === head.height ? head.hash : await blockHash(height, callOptions)
      // The chain moved, or another node answers, which lags behind the one that named the head.
      if (hash === undefined) return undefined
      await visit(hash)
    }
    return { upTo: head, touched, own, ...(filteredTo === undefined ? {} : { filtered: filteredTo }) }
  }
  /**
   * Blocks whose BIP-158 filters match any script, oldest first; `undefined` where the node has no such index. A node makes filters behind
   * its tip, and a scan to a block that has none yet says nothing of ten thousand blocks before it, as if they held nothing: so it is asked
   * for the last block's filter first, which it makes after all others, and waits for.
   */
  const filtered = async (
    wanted: readonly string[],
    from: bigint,
    to: Fact.BlockRef,
    callOptions: CallOptions | undefined,
  ): Promise<readonly string[] | undefined> => {
    try {
      const indexes = await call('getindexinfo', ['basic block filter index'], callOptions)
      const index = Answer.field(indexes, 'basic block filter index')
      if (Answer.isAbsent(index) || !Answer.flag(Answer.field(index, 'synced'))) return undefined
      await call('getblockfilter', [to.hash, 'basic'], callOptions)
      const objects = wanted.map((script) => `raw(${script})`)
      const params = ['start', objects, Number(from), Number(to.height), 'basic']
      const found = await scan('scanblocks', params, callOptions)
      if (!Answer.flag(Answer.field(found, 'completed'))) return undefined
      return Answer.list(Answer.field(found, 'relevant_blocks')).map(Answer.hash)
    } catch (error) {
      const code = codeOf(error)
      if (code === CODE.METHOD_NOT_FOUND || code === CODE.MISC_ERROR) return undefined
      throw error
    }
  }

  /** Reads what entered the mempool since the last call, and forgets what left it. */
  const syncMempool = async (callOptions: CallOptions | undefined): Promise<void> => {
    const waiting = Answer.list(await call('getrawmempool', [], callOptions)).map(Answer.hash)
    const present = new Set(waiting)
    for (const id of mempool.keys()) if (!present.has(id)) mempool.delete(id)
    const fresh = waiting.filter((id) => !mempool.has(id)).slice(0, Math.max(0, mempoolLimit - mempool.size))
    await forEach(fresh, async (id) => {
      const found = await ask('getrawtransaction', [id], callOptions)
      const decoded = found && Transaction.decode(Answer.bytes(found))
      if (decoded?.ok) mempool.set(id, decoded.value)
    })
  }

  return {
    name,
    assurance: rpc.assurance,
    tip,
    blockHash,
    block,
    async header(hash, callOptions) {
      const found = await ask('getblockheader', [hash, false], callOptions)
      return found && Answer.bytes(found, 80)
    },
    coinbase: async (hash, callOptions) => (await idsOf(hash, callOptions))?.[0],
    async transaction(txid, callOptions): Promise<Told | undefined> {
      const found = await ask('getrawtransaction', [txid, true], callOptions)
      if (found === undefined) return undefined
      const raw = Answer.bytes(Answer.field(found, 'hex'))
      const within = Answer.field(found, 'blockhash')
      if (Answer.isAbsent(within)) return { raw }
      const hash = Answer.hash(within)
      const header = await ask('getblockheader', [hash], callOptions)
      // The index keeps what undone blocks held; in the mempool it would have been found first.
      const depth = header && Answer.field(header, 'confirmations').value
      if (header === undefined || Number(depth) < 0) return undefined
      return { raw, block: { height: Answer.height(Answer.field(header, 'height')), hash } }
    },
    async place(txid, hash, callOptions): Promise<Place> {
      const list = await idsOf(hash, callOptions)
      const index = list?.indexOf(txid) ?? -1
      if (list === undefined || index < 0)
        throw BitcoinErrors.InvalidAnswer(`getblock of ${name}: block ${hash} does not list ${txid}`, {
          txid,
          block: hash,
        })
      return MerkleTree.branch(list.map(Hash256.fromDisplay), index)
    },
    async history(scripts, callOptions) {
      // First the mempool: what moves into a block meanwhile is found there, and nothing falls between.
      await syncMempool(callOptions)
      const { touched, own } = await scanOf(scripts, callOptions)
      const wanted = new Set(scripts.map(Bytes.toHex))
      const found = new Set(touched.keys())
      const pending = new Set(own)
      // Descendants come in any order: a pass that finds nothing new ends it.
      for (let before = -1; before !== found.size; ) {
        before = found.size
        for (const [id, transaction] of mempool)
          if (touch(transaction, wanted, pending) !== undefined) found.add(id)
      }
      return [...found]
    },
    async unspent(script, callOptions) {
      await syncMempool(callOptions)
      const found = await scan('scantxoutset', ['start', [`raw(${Bytes.toHex(script)})`]], callOptions)
      const coins = new Map<string, Outpoint>()
      const add = (txid: string, index: number) => coins.set(`${txid}:${index}`, { txid, index })
      for (const coin of Answer.list(Answer.field(found, 'unspents')))
        add(Answer.hash(Answer.field(coin, 'txid')), Answer.integer(Answer.field(coin, 'vout')))
      for (const [txid, transaction] of mempool)
        for (const [index, output] of transaction.outputs.entries())
          if (Bytes.equal(output.script, script)) add(txid, index)
      const all = [...coins.values()]
      const spent = await spendersOf(all, callOptions)
      return all.filter((_, i) => spent[i] === undefined)
    },
    async spender(outpoint, script, callOptions) {
      const [pending] = await spendersOf([outpoint], callOptions)
      if (pending !== undefined) return pending
      const output = await ask('gettxout', [outpoint.txid, outpoint.index, false], callOptions)
      if (output !== undefined && !Answer.isAbsent(output)) return undefined
      const { touched } = await scanOf([script], callOptions)
      for (const [txid, transaction] of touched) if (inputOf(transaction, outpoint) !== undefined) return txid
      return undefined
    },
    async send(raw, callOptions) {
      try {
        // No bound of the node's own on the fee rate: whoever signed has its own, and what it must outbid knows none.
        await call('sendrawtransaction', [Bytes.toHex(raw), 0], callOptions)
        return undefined
      } catch (error) {
        const code = codeOf(error)
        if (code === CODE.ALREADY_IN_UTXO_SET) return undefined
        if (code === CODE.VERIFY_ERROR || code === CODE.VERIFY_REJECTED) return reasonOf(error)
        throw error
      }
    },
    async evicted(txid, callOptions) {
      const entry = await ask('getmempoolentry', [txid], callOptions)
      if (entry === undefined) return undefined
      const fees = Answer.field(Answer.field(entry, 'fees'), 'descendant')
      // A price to beat, in coins with eight decimals: rounding up errs on the safe side.
      return BigInt(Math.ceil(Answer.price(fees, 21e6) * 1e8))
    },
    async estimate(target, callOptions) {
      const found = await call('estimatesmartfee', [target], callOptions)
      const rate = Answer.field(found, 'feerate')
      // Coins per 1000 virtual bytes; 21 million is more than there are.
      const estimate = Answer.isAbsent(rate) ? undefined : Math.ceil(Answer.price(rate, 21e6) * 1e8)
      const floor = Answer.field(await call('getmempoolinfo', [], callOptions), 'mempoolminfee')
      const least = Math.ceil(Answer.price(floor, 21e6) * 1e8)
      return estimate === undefined && least <= 1000 ? undefined : BigInt(Math.max(estimate ?? 0, least))
    },
  }

  async function spendersOf(
    outpoints: readonly Outpoint[],
    callOptions: CallOptions | undefined,
  ): Promise<readonly (string | undefined)[]> {
    if (outpoints.length === 0) return []
    const asked = outpoints.map(({ txid, index }) => ({ txid, vout: index }))
    const answer = await call('gettxspendingprevout', [asked], callOptions)
    const found = Answer.list(answer)
    return outpoints.map((_, i) => {
      const spender = Answer.field(
        found[i] ?? { ...answer, value: undefined, path: `answer[${i}]` },
        'spendingtxid',
      )
      return Answer.isAbsent(spender) ? undefined : Answer.hash(spender)
    })
  }
}

export declare namespace createCoreBackend {
  type Options = {
    /** JSON-RPC of one node, or of several through `quorum` (`@aitbc/core/rpc`). */
    readonly rpc: Rpc
    /** No lock or record that is looked for is older than this block; 0 unless told. */
    readonly birthHeight?: bigint
    /** Transactions of the mempool that are looked into at most; 20,000 unless told. Spends of locks are seen whatever it is. */
    readonly mempoolLimit?: number
  }
}

/** What was read about scripts up to a block: transactions that touch them, and their outputs as `txid:index`. */
interface Scan {
  readonly upTo: Fact.BlockRef
  readonly touched: ReadonlyMap<string, Transaction.Transaction>
  readonly own: ReadonlySet<string>
  /** The height up to which the node's filters named the blocks that were read. */
  readonly filtered?: bigint
}

/** The transaction's id where it pays to one of the scripts or spends one of their outputs, which are added to `own`. */
function touch(
  transaction: Transaction.Transaction,
  scripts: ReadonlySet<string>,
  own: Set<string>,
): string | undefined {
  const paid = transaction.outputs.flatMap(({ script }, i) => (scripts.has(Bytes.toHex(script)) ? [i] : []))
  const spent = transaction.inputs.some((input) => own.has(`${Hash256.toDisplay(input.txid)}:${input.index}`))
  if (paid.length === 0 && !spent) return undefined
  const txid = Hash256.toDisplay(Transaction.txid(transaction))
  for (const index of paid) own.add(`${txid}:${index}`)
  return txid
}

function codeOf(error: unknown): number | undefined {
  if (!isAitbcError(error, 'RpcRejected')) return undefined
  const { code } = error.context
  return typeof code === 'number' ? code : undefined
}

function reasonOf(error: unknown): string {
  if (!isAitbcError(error, 'RpcRejected')) return ''
  const { message } = error.context
  return typeof message === 'string' ? message : error.message
}
