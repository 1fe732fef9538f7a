import { Bytes, type CallOptions, ChainId, CoreErrors, type Fact, type Network } from '@aitbc/core'
import { BlockHeader, Hash256, MerkleTree, Transaction } from '@aitbc/proofs/bitcoin'
import type { Backend, Outpoint } from '../Backend.js'
import { BitcoinErrors } from '../errors.js'
import { forEach } from './forEach.js'
import { lru } from './lru.js'

const MEDIAN_SPAN = 11
/** Bits of the easiest target, where it isn't that of mainnet and its test networks; `Consensus` would weigh ten times as much. */
const EASY: Readonly<Record<string, number>> = {
  // signet (a bit more than its own limit, which has no round number), regtest
  '00000008819873e925422c1ff0f99f7c': 234,
  '0f9188f13cb7b2c71f2a335e3a4fc328': 255,
}
const HEADERS = 4096
const TRANSACTIONS = 2048

/** A transaction with its place in the best chain, or in the mempool; ids are recomputed from its bytes. */
export interface Located {
  readonly txid: string
  readonly raw: Bytes.Bytes
  readonly transaction: Transaction.Transaction
  readonly at: Fact.BlockRef | 'mempool'
  /** Place within the block; 0 in the mempool. */
  readonly index: number
}

/** What an endpoint says, checked as far as hashes go: headers and their work, ids, places in blocks, and that blocks are on the best chain. */
export interface Reader {
  tip(options?: CallOptions): Promise<Fact.Tip>
  header(hash: string, options?: CallOptions): Promise<BlockHeader.BlockHeader>
  /** The best chain's block at a height. */
  at(height: bigint, options?: CallOptions): Promise<Fact.BlockRef | undefined>
  isBest(block: Fact.BlockRef, options?: CallOptions): Promise<boolean>
  /** Clock of a block (BIP-113): the median time of it and its ten predecessors. */
  medianTime(hash: string, options?: CallOptions): Promise<bigint>
  transaction(txid: string, options?: CallOptions): Promise<Located | undefined>
  /** Transactions that pay to these scripts or spend from them, in the order of the chain, the mempool's last. */
  history(scripts: readonly Bytes.Bytes[], options?: CallOptions): Promise<readonly Located[]>
  unspent(
    script: Bytes.Bytes,
    options?: CallOptions,
  ): Promise<readonly (Outpoint & { readonly located: Located; readonly amount: bigint })[]>
  spender(outpoint: Outpoint, script: Bytes.Bytes, options?: CallOptions): Promise<Located | undefined>
}

export function createReader(network: Network, backend: Backend): Reader {
  const headers = lru<BlockHeader.BlockHeader>(HEADERS)
  const decoded = lru<{ readonly raw: Bytes.Bytes; readonly transaction: Transaction.Transaction }>(
    TRANSACTIONS,
  )
  /** Places that were proved once: a place in a block never changes. */
  const places = lru<number>(TRANSACTIONS)
  let sameNetwork = false
  // What a network's difficulty should be, only its chain of headers tells: that is for `proved` facts.
  const limit = 1n << BigInt(EASY[ChainId.parse(network.id).reference] ?? 224)

  const contradiction = (message: string, context: Record<string, unknown>) =>
    BitcoinErrors.ContradictoryAnswer(`${backend.name}: ${message}`, context)

  /** The endpoint's first block must be that of the network (CAIP-2 names it); asked until it is known to be. */
  const assertNetwork = async (options: CallOptions | undefined): Promise<void> => {
    if (sameNetwork) return
    const genesis = await backend.blockHash(0n, options)
    if (genesis?.slice(0, 32) !== ChainId.parse(network.id).reference)
      throw CoreErrors.ForeignNetwork(
        `${backend.name} is on a chain that starts with ${genesis}, not on ${network.id}`,
        { expected: network.id, received: genesis },
      )
    sameNetwork = true
  }

  const header = async (hash: string, options?: CallOptions): Promise<BlockHeader.BlockHeader> => {
    const known = headers.get(hash)
    if (known !== undefined) return known
    const raw = await backend.header(hash, options)
    if (raw === undefined) throw contradiction(`block ${hash} has no header`, { hash })
    const value = BlockHeader.decode(raw)
    if (!value.ok || Hash256.toDisplay(BlockHeader.hash(value.value)) !== hash)
      throw contradiction(`the header of ${hash} has another hash`, { hash })
    const work = BlockHeader.verifyWork(value.value, limit)
    if (!work.ok)
      throw contradiction(`the header of ${hash} has no proof of work: ${work.refusal.message}`, {
        hash,
        check: work.refusal.check,
      })
    headers.set(hash, value.value)
    return value.value
  }
  const medianTime = async (hash: string, options?: CallOptions): Promise<bigint> => {
    const times: bigint[] = []
    let at = hash
    for (let i = 0; i < MEDIAN_SPAN; i++) {
      const { time, previous } = await header(at, options)
      times.push(time)
      if (previous.every((byte) => byte === 0)) break
      at = Hash256.toDisplay(previous)
    }
    times.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    return times[times.length >> 1] as bigint
  }
  const at = async (height: bigint, options?: CallOptions): Promise<Fact.BlockRef | undefined> => {
    const hash = await backend.blockHash(height, options)
    return hash === undefined ? undefined : { height, hash }
  }
  const isBest = async (block: Fact.BlockRef, options?: CallOptions): Promise<boolean> =>
    (await backend.blockHash(block.height, options)) === block.hash

  const transaction = async (txid: string, options?: CallOptions): Promise<Located | undefined> => {
    await assertNetwork(options)
    const told = await backend.transaction(txid, options)
    if (told === undefined) return undefined
    let known = decoded.get(txid)
    // Witnesses aren't part of the id: the same bytes alone are the same transaction.
    if (known === undefined || !Bytes.equal(known.raw, told.raw)) {
      const value = Transaction.decode(told.raw)
      if (!value.ok || Hash256.toDisplay(Transaction.txid(value.value)) !== txid)
        throw contradiction(`transaction ${txid} has another id`, { txid })
      known = { raw: told.raw, transaction: value.value }
      decoded.set(txid, known)
    }
    if (told.block === undefined) return { txid, ...known, at: 'mempool', index: 0 }
    if (!(await isBest(told.block, options)))
      throw contradiction(
        `transaction ${txid} is said to be in block ${told.block.hash}, which is not on the best chain`,
        {
          txid,
          block: told.block,
        },
      )
    const key = `${told.block.hash}:${txid}`
    let index = places.get(key)
    if (index === undefined) {
      const place = await backend.place(txid, told.block.hash, options)
      const { merkleRoot } = await header(told.block.hash, options)
      const root = MerkleTree.rootOf(Hash256.fromDisplay(txid), place)
      if (!root.ok || !Bytes.equal(root.value, merkleRoot))
        throw contradiction(`transaction ${txid} is not in block ${told.block.hash}`, {
          txid,
          block: told.block.hash,
        })
      index = place.index
      places.set(key, index)
    }
    return { txid, ...known, at: told.block, index }
  }

  const locate = async (ids: readonly string[], options?: CallOptions): Promise<readonly Located[]> => {
    const found: Located[] = []
    await forEach(ids, async (id) => {
      const located = await transaction(id, options)
      if (located !== undefined) found.push(located)
    })
    return found.sort(inOrder)
  }

  return {
    header,
    medianTime,
    at,
    isBest,
    transaction,
    async tip(options) {
      await assertNetwork(options)
      const { height, hash } = await backend.tip(options)
      const { time } = await header(hash, options)
      const clock = network.clock === 'height' ? height : await medianTime(hash, options)
      const finalized = await finalizedAt(height, hash, options)
      return { height, hash, time, clock, ...(finalized === undefined ? {} : { finalized }) }
    },
    async history(scripts, options) {
      await assertNetwork(options)
      return locate(await backend.history(scripts, options), options)
    },
    async unspent(script, options) {
      await assertNetwork(options)
      const outpoints = await backend.unspent(script, options)
      const located = new Map(
        (await locate([...new Set(outpoints.map(({ txid }) => txid))], options)).map((one) => [
          one.txid,
          one,
        ]),
      )
      return outpoints.flatMap(({ txid, index }) => {
        const found = located.get(txid)
        if (found === undefined) return []
        const output = found.transaction.outputs[index]
        if (output === undefined || !Bytes.equal(output.script, script))
          throw contradiction(`output ${txid}:${index} does not pay to the script asked for`, { txid, index })
        return [{ txid, index, located: found, amount: output.amount }]
      })
    },
    async spender(outpoint, script, options) {
      await assertNetwork(options)
      const txid = await backend.spender(outpoint, script, options)
      const found = txid === undefined ? undefined : await transaction(txid, options)
      if (found === undefined) return undefined
      const input = inputOf(found.transaction, outpoint)
      if (input === undefined)
        throw contradiction(`${txid} does not spend ${outpoint.txid}:${outpoint.index}`, { txid })
      return found
    },
  }

  async function finalizedAt(
    height: bigint,
    hash: string,
    options: CallOptions | undefined,
  ): Promise<Fact.BlockRef | undefined> {
    if (network.finality.rule !== 'depth') return undefined
    const back = network.finality.depth - 1n
    if (height < back) return undefined
    if (back > BigInt(MEDIAN_SPAN)) return at(height - back, options)
    // The chain of headers names it: no second question that a reorganisation could fall between.
    let name = hash
    for (let i = 0n; i < back; i++) name = Hash256.toDisplay((await header(name, options)).previous)
    return { height: height - back, hash: name }
  }
}

/** The input of a transaction that spends an output. */
export function inputOf(
  transaction: Transaction.Transaction,
  outpoint: Outpoint,
): { readonly index: number; readonly input: Transaction.Input } | undefined {
  const index = transaction.inputs.findIndex(
    (input) => input.index === outpoint.index && Hash256.toDisplay(input.txid) === outpoint.txid,
  )
  return index < 0 ? undefined : { index, input: transaction.inputs[index] as Transaction.Input }
}

function inOrder(a: Located, b: Located): number {
  if (a.at === 'mempool' || b.at === 'mempool')
    return a.at === b.at ? (a.txid < b.txid ? -1 : 1) : a.at === 'mempool' ? 1 : -1
  return a.at.height < b.at.height ? -1 : a.at.height > b.at.height ? 1 : a.index - b.index
}
