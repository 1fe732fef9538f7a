import { createHash } from 'node:crypto'
import { type AitbcError, isAitbcError } from '@aitbc/core'
import { DevnetErrors } from '../errors.js'
import type { Rpc } from '../internal/JsonRpc.js'
import { type ChainIndex, scripthashOf, type Transaction } from './ChainIndex.js'
import { kindOf, toAsm } from './Script.js'

/** What a request is answered with. */
export interface Reply {
  readonly status: number
  readonly type: 'text/plain' | 'application/json' | 'application/octet-stream'
  readonly body: string | Buffer
}

/** What the routes read from. */
export interface Source {
  readonly rpc: Rpc
  readonly index: ChainIndex
  /** Fee rates (sat/vB) by confirmation target, instead of the node's own estimate. */
  readonly fees: () => Readonly<Record<string, number>> | undefined
}

const PER_PAGE = 25
const MEMPOOL_PER_PAGE = 50
const BLOCKS_PER_PAGE = 10
const FEE_TARGETS = [...Array(25).keys()].map((n) => n + 1).concat([144, 504, 1008])

const notFound = (message: string): AitbcError => DevnetErrors.HttpRefused(message, { status: 404 })
const bad = (message: string): AitbcError => DevnetErrors.HttpRefused(message, { status: 400 })
const text = (body: string): Reply => ({ status: 200, type: 'text/plain', body })
const json = (value: unknown): Reply => ({
  status: 200,
  type: 'application/json',
  body: JSON.stringify(value),
})

/** Answers one request as an Esplora server does (paths without the `/api` prefix). */
export async function answer(source: Source, method: string, path: string, body: string): Promise<Reply> {
  try {
    await source.index.sync()
    return await route(source, method, path, body)
  } catch (error) {
    const status = isAitbcError(error, 'HttpRefused')
      ? Number(error.context['status'])
      : isAitbcError(error, 'NodeUnreachable')
        ? 504
        : 500
    return { status, type: 'text/plain', body: (error as Error).message }
  }
}

async function route(source: Source, method: string, path: string, body: string): Promise<Reply> {
  const parts = path.split('/').slice(1)
  const [first, second, third, fourth] = parts
  const unknown = notFound(`endpoint does not exist "${path}"`)
  if (method === 'POST') {
    if (first === 'tx' && second === undefined) return broadcast(source, body)
    throw unknown
  }
  if (method !== 'GET' || parts.length > 5) throw unknown
  switch (first) {
    case 'tx':
      if (second === undefined) throw unknown
      return transaction(source, txidOf(second), parts.slice(2), unknown)
    case 'address':
    case 'scripthash': {
      if (second === undefined) throw unknown
      const scripthash =
        first === 'address' ? await addressToScripthash(source, second) : parseScripthash(second)
      return script(source, first, second, scripthash, parts.slice(2), unknown)
    }
    case 'block-height': {
      if (second === undefined || third !== undefined) throw unknown
      const block = source.index.blockAt(numberOf(second))
      if (block === undefined) throw notFound('Block not found')
      return text(block.hash)
    }
    case 'block':
      if (second === undefined) throw unknown
      return block(source, hashOf(second), parts.slice(2), unknown)
    case 'blocks':
      if (second === 'tip' && third === 'height' && fourth === undefined)
        return text(String(source.index.tip().height))
      if (second === 'tip' && third === 'hash' && fourth === undefined) return text(source.index.tip().hash)
      if (third === undefined) return blocks(source, second)
      throw unknown
    case 'mempool': {
      if (second === 'txids' && third === undefined) return json([...source.index.mempool()])
      if (second !== undefined) throw unknown
      const waiting = [...source.index.mempool()].map((txid) => source.index.transaction(txid) as Transaction)
      return json({
        count: waiting.length,
        vsize: waiting.reduce((sum, { weight }) => sum + Math.ceil(weight / 4), 0),
        total_fee: waiting.reduce((sum, tx) => sum + feeOf(source.index, tx), 0),
        fee_histogram: histogram(source.index, waiting),
      })
    }
    case 'fee-estimates':
      if (second !== undefined) throw unknown
      return json(await feeEstimates(source))
    default:
      throw unknown
  }
}

// Transactions

async function transaction(
  { index, rpc }: Source,
  txid: string,
  rest: readonly string[],
  unknown: AitbcError,
): Promise<Reply> {
  const [what, which, more] = rest
  if (more !== undefined || (which !== undefined && what !== 'outspend')) throw unknown
  const found = (): Transaction => {
    const entry = index.transaction(txid)
    if (entry === undefined) throw notFound('Transaction not found')
    return entry
  }
  switch (what) {
    case undefined:
      return json(render(index, found()))
    case 'hex':
      return text(found().hex)
    case 'raw':
      return { status: 200, type: 'application/octet-stream', body: Buffer.from(found().hex, 'hex') }
    // As with the original, an unknown transaction is not an error here: it is "not confirmed" and "not spent".
    case 'status':
      return json(statusOf(index, txid))
    case 'outspend':
      if (which === undefined) throw unknown
      return json(outspend(index, txid, numberOf(which)))
    case 'outspends':
      return json(found().outputs.map((_, vout) => outspend(index, txid, vout)))
    case 'merkle-proof': {
      const position = index.position(txid)
      if (position === undefined) throw notFound('Transaction not found or is unconfirmed')
      return json({
        block_height: position.block.height,
        merkle: merkleBranch(position.block.txids, position.index),
        pos: position.index,
      })
    }
    case 'merkleblock-proof': {
      const position = index.position(txid)
      if (position === undefined) throw notFound('Transaction not found or is unconfirmed')
      return text(await rpc<string>('gettxoutproof', [txid], position.block.hash))
    }
    default:
      throw unknown
  }
}

async function broadcast({ rpc, index }: Source, body: string): Promise<Reply> {
  try {
    const txid = await rpc<string>('sendrawtransaction', body.trim())
    await index.sync()
    return text(txid)
  } catch (error) {
    if (!isAitbcError(error, 'NodeRejected')) throw error
    const { code, message } = error.context as { code: number; message: string }
    throw bad(`sendrawtransaction RPC error: ${JSON.stringify({ code, message })}`)
  }
}

function statusOf(index: ChainIndex, txid: string): object {
  const position = index.position(txid)
  if (position === undefined) return { confirmed: false }
  const { height, hash, time } = position.block
  return { confirmed: true, block_height: height, block_hash: hash, block_time: time }
}

function outspend(index: ChainIndex, txid: string, vout: number): object {
  const spender = index.spender(txid, vout)
  if (spender === undefined) return { spent: false }
  return { spent: true, txid: spender.txid, vin: spender.vin, status: statusOf(index, spender.txid) }
}

function renderOutput(output: Transaction['outputs'][number]): object {
  return {
    scriptpubkey: output.script,
    scriptpubkey_asm: toAsm(output.script),
    scriptpubkey_type: kindOf(output.script),
    ...(output.address === undefined ? {} : { scriptpubkey_address: output.address }),
    value: output.value,
  }
}

function render(index: ChainIndex, tx: Transaction): object {
  return {
    txid: tx.txid,
    version: tx.version,
    locktime: tx.locktime,
    vin: tx.inputs.map((input) => {
      const prevout = input.previous && index.transaction(input.previous.txid)?.outputs[input.previous.vout]
      const kind = prevout === undefined ? '' : kindOf(prevout.script)
      const redeem = kind === 'p2sh' ? lastPush(input.scriptSig) : undefined
      const inner = kind === 'v0_p2wsh' || (redeem !== undefined && kindOf(redeem) === 'v0_p2wsh')
      return {
        txid: input.previous?.txid ?? '0'.repeat(64),
        vout: input.previous?.vout ?? 0xffffffff,
        prevout: prevout === undefined ? null : renderOutput(prevout),
        scriptsig: input.scriptSig,
        scriptsig_asm: toAsm(input.scriptSig),
        ...(input.witness.length === 0 ? {} : { witness: input.witness }),
        is_coinbase: input.previous === undefined,
        sequence: input.sequence,
        ...(redeem === undefined ? {} : { inner_redeemscript_asm: toAsm(redeem) }),
        ...(inner ? { inner_witnessscript_asm: toAsm(input.witness.at(-1) ?? '') } : {}),
      }
    }),
    vout: tx.outputs.map(renderOutput),
    size: tx.size,
    weight: tx.weight,
    fee: feeOf(index, tx),
    status: statusOf(index, tx.txid),
  }
}

function lastPush(script: string): string | undefined {
  const word = toAsm(script).split(' ').at(-1)
  return word !== undefined && /^[0-9a-f]+$/.test(word) ? word : undefined
}

function feeOf(index: ChainIndex, tx: Transaction): number {
  if (tx.inputs.some(({ previous }) => previous === undefined)) return 0
  const spent = tx.inputs.reduce((sum, { previous }) => {
    const output = previous && index.transaction(previous.txid)?.outputs[previous.vout]
    return sum + (output?.value ?? 0)
  }, 0)
  return spent - tx.outputs.reduce((sum, { value }) => sum + value, 0)
}

function merkleBranch(txids: readonly string[], at: number): readonly string[] {
  let level: readonly Uint8Array[] = txids.map((txid) => Buffer.from(txid, 'hex').reverse())
  let position = at
  const branch: string[] = []
  const twice = (bytes: Uint8Array): Uint8Array =>
    createHash('sha256').update(createHash('sha256').update(bytes).digest()).digest()
  while (level.length > 1) {
    const last = level.at(-1) as Uint8Array
    if (level.length % 2 === 1) level = [...level, last]
    branch.push(
      Buffer.from(level[position ^ 1] as Uint8Array)
        .reverse()
        .toString('hex'),
    )
    const pairs = level.length / 2
    level = Array.from({ length: pairs }, (_, pair) =>
      twice(Buffer.concat([level[2 * pair] as Uint8Array, level[2 * pair + 1] as Uint8Array])),
    )
    position >>= 1
  }
  return branch
}

// Addresses and script hashes

function script(
  { index }: Source,
  kind: string,
  name: string,
  scripthash: string,
  rest: readonly string[],
  unknown: AitbcError,
): Reply {
  const [what, which, from, more] = rest
  if (more !== undefined) throw unknown
  const all = [...index.history(scripthash)].map((txid) => index.transaction(txid) as Transaction)
  const confirmed = all
    .filter(({ txid }) => index.position(txid) !== undefined)
    .sort((a, b) => {
      const [left, right] = [index.position(a.txid), index.position(b.txid)]
      return (
        (right?.block.height ?? 0) - (left?.block.height ?? 0) || (right?.index ?? 0) - (left?.index ?? 0)
      )
    })
  const waiting = all.filter(({ txid }) => index.position(txid) === undefined)
  if (what === undefined)
    return json({
      [kind]: name,
      chain_stats: stats(index, confirmed, scripthash),
      mempool_stats: stats(index, waiting, scripthash),
    })
  if (what === 'utxo' && which === undefined) {
    const unspent = [...confirmed.reverse(), ...waiting].flatMap((tx) =>
      tx.outputs.flatMap((output, vout) =>
        output.scripthash === scripthash && index.spender(tx.txid, vout) === undefined
          ? [{ txid: tx.txid, vout, status: statusOf(index, tx.txid), value: output.value }]
          : [],
      ),
    )
    return json(unspent)
  }
  if (what !== 'txs') throw unknown
  const show = (list: readonly Transaction[]): Reply => json(list.map((tx) => render(index, tx)))
  if (which === undefined)
    return show([...waiting.slice(0, MEMPOOL_PER_PAGE), ...confirmed.slice(0, PER_PAGE)])
  if (which === 'mempool' && from === undefined) return show(waiting.slice(0, MEMPOOL_PER_PAGE))
  if (which !== 'chain') throw unknown
  const after = from === undefined ? 0 : confirmed.findIndex(({ txid }) => txid === from) + 1
  return show(confirmed.slice(after, after + PER_PAGE))
}

function stats(index: ChainIndex, list: readonly Transaction[], scripthash: string): object {
  const funded = list.flatMap((tx) => tx.outputs.filter((output) => output.scripthash === scripthash))
  const spent = list.flatMap((tx) =>
    tx.inputs.flatMap(({ previous }) => {
      const output = previous && index.transaction(previous.txid)?.outputs[previous.vout]
      return output?.scripthash === scripthash ? [output] : []
    }),
  )
  const sum = (outputs: readonly { readonly value: number }[]): number =>
    outputs.reduce((total, { value }) => total + value, 0)
  return {
    funded_txo_count: funded.length,
    funded_txo_sum: sum(funded),
    spent_txo_count: spent.length,
    spent_txo_sum: sum(spent),
    tx_count: list.length,
  }
}

async function addressToScripthash({ rpc }: Source, address: string): Promise<string> {
  const { isvalid, scriptPubKey, error } = await rpc<{
    isvalid: boolean
    scriptPubKey?: string
    error?: string
  }>('validateaddress', decodeURIComponent(address))
  if (!isvalid || scriptPubKey === undefined) throw bad(error ?? 'Invalid Bitcoin address')
  return scripthashOf(scriptPubKey)
}

function parseScripthash(value: string): string {
  if (!/^[0-9a-fA-F]{64}$/.test(value)) throw bad('Invalid scripthash')
  return value.toLowerCase()
}

// Blocks

interface RpcBlock {
  readonly hash: string
  readonly height: number
  readonly version: number
  readonly time: number
  readonly nTx: number
  readonly size: number
  readonly weight: number
  readonly merkleroot: string
  readonly previousblockhash?: string
  readonly mediantime: number
  readonly nonce: number
  readonly bits: string
  readonly difficulty: number
  readonly tx: readonly string[]
}

async function block(
  source: Source,
  hash: string,
  rest: readonly string[],
  unknown: AitbcError,
): Promise<Reply> {
  const { rpc, index } = source
  const [what, which, more] = rest
  if (more !== undefined || (which !== undefined && what !== 'txid' && what !== 'txs')) throw unknown
  if (what === 'status') {
    const header = await rpc<{ height: number }>('getblockheader', hash).catch(() => undefined)
    if (header === undefined || index.blockAt(header.height)?.hash !== hash)
      return json({ in_best_chain: false })
    const next = index.blockAt(header.height + 1)
    return json({
      in_best_chain: true,
      height: header.height,
      ...(next === undefined ? {} : { next_best: next.hash }),
    })
  }
  // Blocks of undone branches are still served, as the original does.
  const whole = await rpc<RpcBlock>('getblock', hash, 1).catch((error) => {
    if (isAitbcError(error, 'NodeRejected')) throw notFound('Block not found')
    throw error
  })
  switch (what) {
    case undefined:
      return json(renderBlock(whole))
    case 'header':
      return text(await rpc<string>('getblockheader', hash, false))
    case 'raw':
      return {
        status: 200,
        type: 'application/octet-stream',
        body: Buffer.from(await rpc<string>('getblock', hash, 0), 'hex'),
      }
    case 'txids':
      return json(whole.tx)
    case 'txid': {
      if (which === undefined) throw unknown
      const txid = whole.tx[numberOf(which)]
      if (txid === undefined) throw notFound('tx index out of range')
      return text(txid)
    }
    case 'txs': {
      const start = which === undefined ? 0 : numberOf(which)
      if (start % PER_PAGE !== 0) throw bad(`start index must be a multiple of ${PER_PAGE}`)
      if (start >= whole.tx.length) throw bad('start index out of range')
      const page = whole.tx.slice(start, start + PER_PAGE).flatMap((txid) => {
        const tx = index.transaction(txid)
        return tx === undefined ? [] : [render(index, tx)]
      })
      return json(page)
    }
    default:
      throw unknown
  }
}

async function blocks({ rpc, index }: Source, start: string | undefined): Promise<Reply> {
  const top = start === undefined || start === '' ? index.tip().height : numberOf(start)
  if (index.blockAt(top) === undefined) throw notFound('Block not found')
  const page: object[] = []
  for (let height = top; height >= 0 && page.length < BLOCKS_PER_PAGE; height--)
    page.push(renderBlock(await rpc<RpcBlock>('getblock', index.blockAt(height)?.hash, 1)))
  return json(page)
}

function renderBlock(whole: RpcBlock): object {
  return {
    id: whole.hash,
    height: whole.height,
    version: whole.version,
    timestamp: whole.time,
    tx_count: whole.nTx,
    size: whole.size,
    weight: whole.weight,
    merkle_root: whole.merkleroot,
    previousblockhash: whole.previousblockhash ?? null,
    mediantime: whole.mediantime,
    nonce: whole.nonce,
    bits: Number.parseInt(whole.bits, 16),
    difficulty: whole.difficulty,
  }
}

// Fees

async function feeEstimates({ rpc, fees }: Source): Promise<object> {
  const set = fees()
  if (set !== undefined) return set
  const estimates: Record<string, number> = {}
  for (const target of FEE_TARGETS) {
    const { feerate } = await rpc<{ feerate?: number }>('estimatesmartfee', Math.max(2, target))
    // A node that has seen too little to estimate says so for every target.
    if (feerate === undefined) break
    estimates[target] = Math.round(feerate * 1e8) / 1000
  }
  return estimates
}

function histogram(
  index: ChainIndex,
  waiting: readonly Transaction[],
): readonly (readonly [number, number])[] {
  return waiting
    .map((tx) => {
      const vsize = Math.ceil(tx.weight / 4)
      return [feeOf(index, tx) / vsize, vsize] as const
    })
    .sort(([a], [b]) => b - a)
}

// Arguments

function txidOf(value: string): string {
  return hashOf(value)
}

function hashOf(value: string): string {
  if (!/^[0-9a-fA-F]{64}$/.test(value)) throw bad('Invalid hex string')
  return value.toLowerCase()
}

function numberOf(value: string): number {
  if (!/^\d{1,10}$/.test(value)) throw bad('Invalid number')
  return Number(value)
}
