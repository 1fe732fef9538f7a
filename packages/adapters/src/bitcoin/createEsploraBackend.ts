import { Bytes, type CallOptions, isAitbcError } from '@aitbc/core'
import type { Rpc } from '@aitbc/core/rpc'
import { BlockHeader, Hash256, Transaction } from '@aitbc/proofs/bitcoin'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Backend, Outpoint, Place, Told } from './Backend.js'
import { BitcoinErrors } from './errors.js'
import * as Answer from './internal/answer.js'
import { forEach } from './internal/forEach.js'

/** Of 25 transactions each, unless the server says otherwise: no address of a swap has so many. */
const MAX_PAGES = 1000
const MAX_DEPTH = 15
const MAX_TRANSACTIONS = 16_666
const MAX_BODY = 64_000_000

/**
 * Reads Bitcoin from an Esplora server (Blockstream, mempool.space, own ones): what browsers can reach.
 *
 * Errors of its calls: `InvalidAnswer` (3101), the `Rpc…` codes (1201–1208).
 *
 * @example
 * import { createEsploraBackend } from '@aitbc/adapters/bitcoin'
 * import { createHttpRest } from '@aitbc/core/rpc'
 * createEsploraBackend({ rest: createHttpRest({ url: 'https://blockstream.info/api' }) })
 */
export function createEsploraBackend(options: createEsploraBackend.Options): Backend {
  const { rest } = options
  const { name } = rest

  const getText = async (path: string, callOptions: CallOptions | undefined) => {
    callOptions?.signal?.throwIfAborted()
    const answer = Answer.answer(await rest.request('GET', [path], callOptions), `${path} of ${name}`)
    if (Answer.integer(Answer.field(answer, 'status')) === 404) return undefined
    const body = Answer.text(Answer.field(answer, 'body'), MAX_BODY)
    return Answer.answer(body.trim(), `${path} of ${name}`)
  }
  const getJson = async (path: string, callOptions: CallOptions | undefined) => {
    const body = await getText(path, callOptions)
    return body && parse(body)
  }
  const needed = (found: Answer.Answer | undefined, path: string): Answer.Answer =>
    found ?? Answer.answer(undefined, `${path} of ${name}`)
  const needJson = async (path: string, callOptions: CallOptions | undefined) =>
    needed(await getJson(path, callOptions), path)

  const blockHash = async (height: bigint, callOptions?: CallOptions): Promise<string | undefined> => {
    const found = await getText(`/block-height/${height}`, callOptions)
    return found && Answer.hash(found)
  }
  const scriptPath = (script: Bytes.Bytes): string => `/scripthash/${Bytes.toHex(sha256(script))}`
  const historyOf = async (
    script: Bytes.Bytes,
    callOptions: CallOptions | undefined,
  ): Promise<readonly string[]> => {
    const base = scriptPath(script)
    const ids = Answer.list(await needJson(`${base}/txs/mempool`, callOptions)).map(idOf)
    for (let page = 0, last = ''; page < MAX_PAGES; page++) {
      const path = `${base}/txs/chain${last === '' ? '' : `/${last}`}`
      const found = Answer.list(await needJson(path, callOptions)).map(idOf)
      const next = found.at(-1)
      // A server may have pages of any length, or one alone.
      if (next === undefined || next === last) return ids
      ids.push(...found)
      last = next
    }
    throw BitcoinErrors.InvalidAnswer(`${base} of ${name} does not end after ${MAX_PAGES} pages`, {
      asked: base,
    })
  }
  const idOf = (transaction: Answer.Answer): string => Answer.hash(Answer.field(transaction, 'txid'))
  const spenderOf = async (
    { txid, index }: Outpoint,
    callOptions: CallOptions | undefined,
  ): Promise<string | undefined> => {
    const found = await getJson(`/tx/${txid}/outspend/${index}`, callOptions)
    if (found === undefined || !Answer.flag(Answer.field(found, 'spent'))) return undefined
    return idOf(found)
  }

  return {
    name,
    assurance: rest.assurance,
    blockHash,
    async tip(callOptions) {
      const path = '/blocks/tip/height'
      const height = Answer.height(needed(await getText(path, callOptions), path))
      const hash = await blockHash(height, callOptions)
      if (hash === undefined)
        throw BitcoinErrors.ContradictoryAnswer(`${name} has no block at its own tip ${height}`, { height })
      return { height, hash }
    },
    async header(hash, callOptions) {
      const found = await getText(`/block/${hash}/header`, callOptions)
      if (found !== undefined) return Answer.bytes(found, 80)
      const block = await getJson(`/block/${hash}`, callOptions)
      return block && rebuild(block)
    },
    async block(hash, callOptions) {
      const path = `/block/${hash}/txids`
      const found = await getJson(path, callOptions)
      if (found === undefined) return undefined
      const raw = Answer.bytes(
        needed(await getText(`/block/${hash}/header`, callOptions), path),
        BlockHeader.SIZE,
      )
      const ids = Answer.list(found, MAX_TRANSACTIONS).map(Answer.hash)
      // The raw form of a block is binary, which clients for text don't carry.
      const transactions: Bytes.Bytes[] = new Array(ids.length)
      await forEach(ids, async (id, i) => {
        const from = `/tx/${id}/hex`
        transactions[i] = Answer.bytes(needed(await getText(from, callOptions), from))
      })
      return Bytes.concat(raw, Transaction.compactSize(ids.length), ...transactions)
    },
    async coinbase(hash, callOptions) {
      const found = await getText(`/block/${hash}/txid/0`, callOptions)
      return found && Answer.hash(found)
    },
    async transaction(txid, callOptions): Promise<Told | undefined> {
      const found = await getText(`/tx/${txid}/hex`, callOptions)
      if (found === undefined) return undefined
      const raw = Answer.bytes(found)
      const status = await needJson(`/tx/${txid}/status`, callOptions)
      if (!Answer.flag(Answer.field(status, 'confirmed'))) {
        const decoded = Transaction.decode(raw)
        const [input] = decoded.ok ? decoded.value.inputs : []
        // Servers keep what undone blocks held; what is in the mempool spends its inputs there.
        if (input === undefined) return { raw }
        const spent = { txid: Hash256.toDisplay(input.txid), index: input.index }
        return (await spenderOf(spent, callOptions)) === txid ? { raw } : undefined
      }
      return {
        raw,
        block: {
          height: Answer.height(Answer.field(status, 'block_height')),
          hash: Answer.hash(Answer.field(status, 'block_hash')),
        },
      }
    },
    async place(txid, _block, callOptions): Promise<Place> {
      const proof = await needJson(`/tx/${txid}/merkle-proof`, callOptions)
      return {
        index: Answer.integer(Answer.field(proof, 'pos')),
        siblings: Answer.list(Answer.field(proof, 'merkle'), MAX_DEPTH).map((node) =>
          Hash256.fromDisplay(Answer.hash(node)),
        ),
      }
    },
    async history(scripts, callOptions) {
      const ids = new Set<string>()
      await forEach(scripts, async (script) => {
        for (const id of await historyOf(script, callOptions)) ids.add(id)
      })
      return [...ids]
    },
    async unspent(script, callOptions) {
      return Answer.list(await needJson(`${scriptPath(script)}/utxo`, callOptions)).map(
        (coin): Outpoint => ({
          txid: idOf(coin),
          index: Answer.integer(Answer.field(coin, 'vout')),
        }),
      )
    },
    spender: (outpoint, _script, callOptions) => spenderOf(outpoint, callOptions),
    async send(raw, callOptions) {
      try {
        await rest.request('POST', ['/tx', Bytes.toHex(raw)], callOptions)
        return undefined
      } catch (error) {
        if (!isAitbcError(error, 'RpcRejected') || error.context['code'] !== 400) throw error
        const { message } = error.context
        const words = typeof message === 'string' ? message : error.message
        // The node's own words stand inside: sendrawtransaction RPC error: {"code":-26,"message":"…"}
        return /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(words)?.[1] ?? words
      }
    },
    // Esplora shows no descendants: the node's refusal tells.
    evicted: async () => undefined,
    async estimate(blocks, callOptions) {
      const found = await needJson('/fee-estimates', callOptions)
      // The nearest target that is no later than the one asked for.
      const target = Answer.keys(found)
        .filter((key) => /^\d{1,5}$/.test(key) && Number(key) <= blocks)
        .sort((a, b) => Number(b) - Number(a))[0]
      if (target === undefined) return undefined
      return BigInt(Math.ceil(Answer.price(Answer.field(found, target), 1e9) * 1000))
    },
  }
}

export declare namespace createEsploraBackend {
  type Options = {
    /** REST of one server (`createHttpRest`), or of several through `quorum` (`@aitbc/core/rpc`). */
    readonly rest: Rpc
  }
}

/** A header from the fields that `/block/:hash` shows; the caller hashes it. */
function rebuild(block: Answer.Answer): Bytes.Bytes {
  const out = new Uint8Array(80)
  const view = new DataView(out.buffer)
  const previous = Answer.field(block, 'previousblockhash')
  // Nodes show versions as signed or unsigned numbers.
  const version = Answer.field(block, 'version')
  view.setInt32(0, Number(version.value) | 0, true)
  out.set(Answer.isAbsent(previous) ? new Uint8Array(32) : Hash256.fromDisplay(Answer.hash(previous)), 4)
  out.set(Hash256.fromDisplay(Answer.hash(Answer.field(block, 'merkle_root'))), 36)
  view.setUint32(68, Answer.integer(Answer.field(block, 'timestamp')), true)
  view.setUint32(72, Answer.integer(Answer.field(block, 'bits')), true)
  view.setUint32(76, Answer.integer(Answer.field(block, 'nonce')), true)
  return out
}

function parse(body: Answer.Answer): Answer.Answer {
  try {
    return Answer.answer(JSON.parse(Answer.text(body, MAX_BODY)), body.asked)
  } catch (cause) {
    throw BitcoinErrors.InvalidAnswer(`${body.asked}: answer must be JSON`, { asked: body.asked }, { cause })
  }
}
