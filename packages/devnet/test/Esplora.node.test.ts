import { createHash } from 'node:crypto'
import {
  type BitcoinNode,
  createDevnet,
  type Devnet,
  fund,
  mine,
  reorg,
  setFeeEstimates,
} from '@aitbc/devnet'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as ChainIndex from '../src/esplora/ChainIndex.js'
import { answer } from '../src/esplora/routes.js'

let devnet: Devnet<BitcoinNode, undefined>

beforeAll(async () => {
  devnet = await createDevnet({ evm: false })
})
afterAll(async () => {
  await devnet?.dispose()
})

interface Tx {
  readonly txid: string
  readonly vin: readonly {
    readonly txid: string
    readonly vout: number
    readonly prevout: { readonly value: number; readonly scriptpubkey: string } | null
    readonly witness?: readonly string[]
    readonly is_coinbase: boolean
  }[]
  readonly vout: readonly { readonly value: number; readonly scriptpubkey_address?: string }[]
  readonly fee: number
  readonly status: { readonly confirmed: boolean; readonly block_height?: number }
}

const get = async (path: string): Promise<{ status: number; text: string; type: string | null }> => {
  const answer = await fetch(`${devnet.bitcoin.esplora.url}${path}`)
  return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') }
}
const getJson = async <T = unknown>(path: string): Promise<T> => {
  const { status, text, type } = await get(path)
  expect({ path, status, type, text: status === 200 ? '' : text }).toEqual({
    path,
    status: 200,
    type: 'application/json',
    text: '',
  })
  return JSON.parse(text)
}
const rpc = <T>(method: string, ...params: unknown[]): Promise<T> => devnet.bitcoin.rpc<T>(method, ...params)

const program = (label: string): string => createHash('sha256').update(label).digest('hex').slice(0, 40)
async function address(label: string): Promise<string> {
  const { descriptor } = await rpc<{ descriptor: string }>('getdescriptorinfo', `raw(0014${program(label)})`)
  return (await rpc<string[]>('deriveaddresses', descriptor))[0] as string
}
const scripthash = (label: string): string =>
  createHash('sha256')
    .update(Buffer.from(`0014${program(label)}`, 'hex'))
    .digest('hex')

describe('fees', () => {
  test('a node that has seen too little estimates nothing; a test may say what it wants', async () => {
    expect(await getJson('/fee-estimates')).toEqual({})
    setFeeEstimates(devnet, { 1: 20.5, 6: 10, 144: 1.01 })
    expect(await getJson('/fee-estimates')).toEqual({ 1: 20.5, 6: 10, 144: 1.01 })
    setFeeEstimates(devnet, undefined)
    expect(await getJson('/fee-estimates')).toEqual({})
  })

  test("after some transactions they are the node's own, in sat/vB", async () => {
    const to = await address('fees')
    for (let n = 0; n < 40; n++) await fund(devnet, 'bitcoin', to, 5000n)
    const { feerate } = await rpc<{ feerate: number }>('estimatesmartfee', 6)
    const estimates = await getJson<Record<string, number>>('/fee-estimates')
    expect(Object.keys(estimates)).toHaveLength(28)
    expect(estimates['6']).toBeCloseTo(feerate * 1e5, 3)
  })
})

describe('blocks', () => {
  test('tip, heights, headers', async () => {
    const tip = await rpc<number>('getblockcount')
    const hash = await rpc<string>('getbestblockhash')
    expect(await get('/blocks/tip/height')).toEqual({ status: 200, text: String(tip), type: 'text/plain' })
    expect((await get('/blocks/tip/hash')).text).toBe(hash)
    expect((await get(`/block-height/${tip}`)).text).toBe(hash)
    expect((await get('/block-height/0')).text).toBe(await rpc('getblockhash', 0))
    expect((await get(`/block/${hash}/header`)).text).toBe(await rpc('getblockheader', hash, false))
    expect(await getJson(`/block/${hash}/status`)).toEqual({ in_best_chain: true, height: tip })
  })

  test('the block object holds what rebuilds its header', async () => {
    const hash = await rpc<string>('getbestblockhash')
    const block = await getJson<Record<string, number | string>>(`/block/${hash}`)
    const header = Buffer.alloc(80)
    header.writeInt32LE(block['version'] as number, 0)
    Buffer.from(block['previousblockhash'] as string, 'hex')
      .reverse()
      .copy(header, 4)
    Buffer.from(block['merkle_root'] as string, 'hex')
      .reverse()
      .copy(header, 36)
    header.writeUInt32LE(block['timestamp'] as number, 68)
    header.writeUInt32LE(block['bits'] as number, 72)
    header.writeUInt32LE(block['nonce'] as number, 76)
    expect(header.toString('hex')).toBe((await get(`/block/${hash}/header`)).text)
    expect(block).toMatchObject({ id: hash, tx_count: 2 })
    expect(await getJson<object[]>('/blocks')).toHaveLength(10)
    expect((await getJson<{ height: number; previousblockhash: null }[]>('/blocks/0'))[0]).toMatchObject({
      height: 0,
      previousblockhash: null,
    })
  })

  test('transactions of a block', async () => {
    await fund(devnet, 'bitcoin', await address('in a block'), 5000n)
    const hash = await rpc<string>('getbestblockhash')
    const { tx } = await rpc<{ tx: string[] }>('getblock', hash, 1)
    expect(await getJson(`/block/${hash}/txids`)).toEqual(tx)
    expect((await get(`/block/${hash}/txid/1`)).text).toBe(tx[1])
    expect(await get(`/block/${hash}/txid/2`)).toMatchObject({ status: 404, text: 'tx index out of range' })
    expect((await getJson<Tx[]>(`/block/${hash}/txs`)).map(({ txid }) => txid)).toEqual(tx)
    const raw = await fetch(`${devnet.bitcoin.esplora.url}/block/${hash}/raw`)
    expect(Buffer.from(await raw.arrayBuffer()).toString('hex')).toBe(await rpc('getblock', hash, 0))
  })

  test('error: unknown height, unknown block, no number, no hash', async () => {
    expect(await get('/block-height/999999')).toMatchObject({ status: 404, text: 'Block not found' })
    expect(await get(`/block/${'ab'.repeat(32)}`)).toMatchObject({ status: 404, text: 'Block not found' })
    expect(await get('/block-height/x')).toMatchObject({ status: 400, text: 'Invalid number' })
    expect(await get('/block/xyz')).toMatchObject({ status: 400, text: 'Invalid hex string' })
    expect(await get('/nonsense')).toMatchObject({ status: 404, text: 'endpoint does not exist "/nonsense"' })
  })
})

describe('transactions', () => {
  test('a confirmed one: object, hex, raw, status', async () => {
    const to = await address('confirmed')
    const txid = await fund(devnet, 'bitcoin', to, 6000n)
    const height = await rpc<number>('getblockcount')
    const block = await rpc<{ hash: string; time: number }>('getblockheader', await rpc('getbestblockhash'))
    const status = { confirmed: true, block_height: height, block_hash: block.hash, block_time: block.time }
    const hex = await rpc<string>('getrawtransaction', txid)
    const node = await rpc<{ size: number; weight: number; version: number; locktime: number }>(
      'getrawtransaction',
      txid,
      true,
    )
    const tx = await getJson<Tx>(`/tx/${txid}`)
    expect(tx).toMatchObject({
      txid,
      status,
      size: node.size,
      weight: node.weight,
      version: node.version,
      locktime: node.locktime,
    })
    expect(tx.vout[0]).toEqual({
      scriptpubkey: `0014${program('confirmed')}`,
      scriptpubkey_asm: `OP_0 OP_PUSHBYTES_20 ${program('confirmed')}`,
      scriptpubkey_type: 'v0_p2wpkh',
      scriptpubkey_address: to,
      value: 6000,
    })
    const spent = tx.vin.reduce((sum, { prevout }) => sum + (prevout?.value ?? 0), 0)
    expect(tx.fee).toBe(spent - tx.vout.reduce((sum, { value }) => sum + value, 0))
    expect(tx.fee).toBeGreaterThan(0)
    expect(tx.vin[0]).toMatchObject({ is_coinbase: false, scriptsig: '', scriptsig_asm: '' })
    expect(tx.vin[0]?.witness).toHaveLength(2)
    expect(await get(`/tx/${txid}/hex`)).toEqual({ status: 200, text: hex, type: 'text/plain' })
    expect(await getJson(`/tx/${txid}/status`)).toEqual(status)
    const raw = await fetch(`${devnet.bitcoin.esplora.url}/tx/${txid}/raw`)
    expect(Buffer.from(await raw.arrayBuffer()).toString('hex')).toBe(hex)
  })

  test('a coinbase', async () => {
    const [hash] = await mine(devnet, 'bitcoin')
    const [txid] = await getJson<string[]>(`/block/${hash}/txids`)
    const tx = await getJson<Tx>(`/tx/${txid}`)
    expect(tx.fee).toBe(0)
    expect(tx.vin).toHaveLength(1)
    expect(tx.vin[0]).toMatchObject({
      txid: '0'.repeat(64),
      vout: 4294967295,
      prevout: null,
      is_coinbase: true,
    })
  })

  test('merkle proofs lead to the root of the header, at every position', async () => {
    const to = await address('merkle')
    for (let n = 0; n < 6; n++) await fund(devnet, 'bitcoin', to, 5000n, { until: 'mempool' })
    const [hash] = await mine(devnet, 'bitcoin')
    const { merkle_root } = await getJson<{ merkle_root: string }>(`/block/${hash}`)
    const txids = await getJson<string[]>(`/block/${hash}/txids`)
    expect(txids).toHaveLength(7)
    for (const [at, txid] of txids.entries()) {
      const proof = await getJson<{ block_height: number; merkle: string[]; pos: number }>(
        `/tx/${txid}/merkle-proof`,
      )
      expect(proof.pos).toBe(at)
      expect(proof.block_height).toBe(await rpc('getblockcount'))
      let node = Buffer.from(txid, 'hex').reverse()
      for (const [level, sibling] of proof.merkle.entries()) {
        const other = Buffer.from(sibling, 'hex').reverse()
        const pair = (at >> level) & 1 ? [other, node] : [node, other]
        const once = createHash('sha256').update(Buffer.concat(pair)).digest()
        node = createHash('sha256').update(once).digest()
      }
      expect(node.reverse().toString('hex')).toBe(merkle_root)
    }
    const txid = txids[3] as string
    expect((await get(`/tx/${txid}/merkleblock-proof`)).text).toBe(await rpc('gettxoutproof', [txid]))
  })

  test('spends, from the mempool and from blocks', async () => {
    const first = await fund(devnet, 'bitcoin', await address('spends'), 5000n, { until: 'mempool' })
    const { vin } = await getJson<Tx>(`/tx/${first}`)
    const { txid, vout } = vin[0] as { txid: string; vout: number }
    const waiting = await getJson(`/tx/${txid}/outspend/${vout}`)
    expect(waiting).toEqual({ spent: true, txid: first, vin: 0, status: { confirmed: false } })
    await mine(devnet, 'bitcoin')
    expect(await getJson(`/tx/${txid}/outspend/${vout}`)).toMatchObject({
      spent: true,
      txid: first,
      vin: 0,
      status: { confirmed: true, block_height: await rpc('getblockcount') },
    })
    expect(await getJson(`/tx/${first}/outspend/0`)).toEqual({ spent: false })
    const all = await getJson<object[]>(`/tx/${txid}/outspends`)
    expect(all[vout]).toMatchObject({ txid: first })
  })

  test('behavior: an unknown transaction is an error only where its content is asked for', async () => {
    const unknown = 'cd'.repeat(32)
    for (const path of ['', '/hex', '/raw', '/outspends'])
      expect(await get(`/tx/${unknown}${path}`)).toMatchObject({ status: 404, text: 'Transaction not found' })
    expect(await get(`/tx/${unknown}/merkle-proof`)).toMatchObject({
      status: 404,
      text: 'Transaction not found or is unconfirmed',
    })
    expect(await getJson(`/tx/${unknown}/status`)).toEqual({ confirmed: false })
    expect(await getJson(`/tx/${unknown}/outspend/0`)).toEqual({ spent: false })
    expect(await get('/tx/zz')).toMatchObject({ status: 400, text: 'Invalid hex string' })
  })
})

describe('broadcast', () => {
  const post = async (body: string): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`${devnet.bitcoin.esplora.url}/tx`, { method: 'POST', body })
    return { status: answer.status, text: await answer.text() }
  }

  test('the transaction is there in the answer after; again is not an error until it is confirmed', async () => {
    const txid = await fund(devnet, 'bitcoin', await address('broadcast'), 5000n)
    const hex = await rpc<string>('getrawtransaction', txid)
    await reorg(devnet, 'bitcoin', 1, { drop: [txid] })
    expect(await get(`/tx/${txid}`)).toMatchObject({ status: 404 })
    expect(await post(hex)).toEqual({ status: 200, text: txid })
    expect(await getJson<string[]>('/mempool/txids')).toEqual([txid])
    expect((await getJson<Tx>(`/tx/${txid}`)).status).toEqual({ confirmed: false })
    expect(await getJson<{ count: number }>('/mempool')).toMatchObject({ count: 1 })
    expect(await post(hex)).toEqual({ status: 200, text: txid })
    await mine(devnet, 'bitcoin')
    const late = await post(hex)
    expect(late.status).toBe(400)
    expect(late.text).toMatch(/^sendrawtransaction RPC error: \{"code":-27,"message":"[^"]+"\}$/)
  })

  test('error: nonsense, and more than a megabyte', async () => {
    expect(await post('00')).toEqual({
      status: 400,
      text: expect.stringContaining('sendrawtransaction RPC error: {"code":-22'),
    })
    expect((await post('00'.repeat(600_000))).status).toBe(413)
  })
})

describe('addresses and script hashes', () => {
  test('unspent outputs, history and sums, by both names', async () => {
    const to = await address('history')
    const first = await fund(devnet, 'bitcoin', to, 5000n)
    const second = await fund(devnet, 'bitcoin', to, 6000n)
    const third = await fund(devnet, 'bitcoin', to, 7000n, { until: 'mempool' })
    const by = [`/address/${to}`, `/scripthash/${scripthash('history')}`]
    for (const base of by) {
      const utxo = await getJson<
        { txid: string; vout: number; value: number; status: { confirmed: boolean } }[]
      >(`${base}/utxo`)
      expect(utxo.map(({ txid, value, status }) => [txid, value, status.confirmed])).toEqual([
        [first, 5000, true],
        [second, 6000, true],
        [third, 7000, false],
      ])
      const ids = async (path: string): Promise<string[]> =>
        (await getJson<Tx[]>(`${base}${path}`)).map(({ txid }) => txid)
      expect(await ids('/txs')).toEqual([third, second, first])
      expect(await ids('/txs/mempool')).toEqual([third])
      expect(await ids('/txs/chain')).toEqual([second, first])
      expect(await ids(`/txs/chain/${second}`)).toEqual([first])
      expect(await getJson(base)).toMatchObject({
        chain_stats: { funded_txo_count: 2, funded_txo_sum: 11_000, spent_txo_count: 0, tx_count: 2 },
        mempool_stats: { funded_txo_count: 1, funded_txo_sum: 7000, tx_count: 1 },
      })
    }
    await mine(devnet, 'bitcoin')
    expect(await getJson(by[0] as string)).toMatchObject({
      chain_stats: { funded_txo_sum: 18_000, tx_count: 3 },
      mempool_stats: { funded_txo_sum: 0, tx_count: 0 },
    })
  })

  test('behavior: pages of 25', async () => {
    const to = await address('pages')
    const sent: string[] = []
    for (let n = 0; n < 30; n++) sent.push(await fund(devnet, 'bitcoin', to, 5000n))
    const first = await getJson<Tx[]>(`/address/${to}/txs/chain`)
    expect(first.map(({ txid }) => txid)).toEqual([...sent].reverse().slice(0, 25))
    const rest = await getJson<Tx[]>(`/address/${to}/txs/chain/${first.at(-1)?.txid}`)
    expect(rest.map(({ txid }) => txid)).toEqual([...sent].reverse().slice(25))
  })

  test('behavior: nothing is known of an unused address', async () => {
    expect(await getJson(`/address/${await address('unused')}/utxo`)).toEqual([])
    expect(await getJson(`/scripthash/${'00'.repeat(32)}/txs`)).toEqual([])
  })

  test('error: another network, no address, no script hash', async () => {
    expect((await get('/address/bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq')).status).toBe(400)
    expect((await get('/address/nonsense/utxo')).status).toBe(400)
    expect(await get('/scripthash/abcd')).toMatchObject({ status: 400, text: 'Invalid scripthash' })
  })
})

describe('reorganisations', () => {
  test('what was undone is gone, what was mined again has moved', async () => {
    const [lost, kept] = [await address('lost'), await address('kept')]
    const dropped = await fund(devnet, 'bitcoin', lost, 5000n)
    const stays = await fund(devnet, 'bitcoin', kept, 6000n)
    const before = await getJson<Tx>(`/tx/${stays}`)
    const stale = (await get('/blocks/tip/hash')).text
    const { vin } = await getJson<Tx>(`/tx/${dropped}`)
    const coin = vin[0] as { txid: string; vout: number }
    await reorg(devnet, 'bitcoin', 2, { drop: [dropped] })
    const tip = await rpc<number>('getblockcount')
    expect((await get('/blocks/tip/height')).text).toBe(String(tip))
    expect((await get('/blocks/tip/hash')).text).toBe(await rpc('getbestblockhash'))
    expect(await getJson(`/block/${stale}/status`)).toEqual({ in_best_chain: false })
    expect(await get(`/tx/${dropped}`)).toMatchObject({ status: 404 })
    expect(await getJson(`/address/${lost}/utxo`)).toEqual([])
    expect(await getJson(`/address/${lost}/txs`)).toEqual([])
    expect(await getJson(`/tx/${coin.txid}/outspend/${coin.vout}`)).not.toMatchObject({ txid: dropped })
    const after = await getJson<Tx>(`/tx/${stays}`)
    expect(after.status.block_height).toBe(tip - 2)
    expect({ ...after, status: 0 }).toEqual({ ...before, status: 0 })
    expect(await getJson<object[]>(`/address/${kept}/utxo`)).toHaveLength(1)
  })

  test('the index is the same as one made afresh', async () => {
    await fund(devnet, 'bitcoin', await address('afresh'), 5000n, { until: 'mempool' })
    await reorg(devnet, 'bitcoin', 4, { drop: 'all' })
    const fresh = await countAfresh()
    const history = await getJson<{ chain_stats: { tx_count: number } }>(`/address/${await faucet()}`)
    expect(history.chain_stats.tx_count).toBe(fresh)
  })
})

describe('properties', () => {
  const paths = async (): Promise<readonly string[]> => [
    '/blocks/tip/hash',
    '/mempool/txids',
    ...['p0', 'p1', 'p2'].flatMap((label) =>
      ['', '/utxo', '/txs', '/txs/chain', '/txs/mempool'].map(
        (path) => `/scripthash/${scripthash(label)}${path}`,
      ),
    ),
    `/address/${await faucet()}/utxo`,
  ]
  /** Transactions that wait have no order of their own. */
  const unordered = (body: string): unknown => {
    const value: unknown = body.startsWith('{') || body.startsWith('[') ? JSON.parse(body) : body
    return Array.isArray(value) ? value.map((item) => JSON.stringify(item)).sort() : value
  }

  test('after any payments, blocks and reorganisations the index is as one made afresh', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ is: fc.constant('pay'), to: fc.nat(2), wait: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ is: fc.constant('mine'), to: fc.nat(1), wait: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ is: fc.constant('reorg'), to: fc.nat(3), wait: fc.boolean() }) },
    )
    const addresses = await Promise.all(['p0', 'p1', 'p2'].map(address))
    const numRuns = Math.min(12, Number(process.env['FC_NUM_RUNS'] ?? 12))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        for (const { is, to, wait } of steps) {
          const until = wait ? 'mempool' : 'block'
          if (is === 'pay') await fund(devnet, 'bitcoin', addresses[to] as string, 5000n, { until })
          else if (is === 'mine') await mine(devnet, 'bitcoin', to + 1)
          else await reorg(devnet, 'bitcoin', to + 1, wait ? { drop: 'all' } : {})
          if (wait) await get('/blocks/tip/height')
        }
        const fresh = { rpc, index: ChainIndex.create(rpc, (task) => task()), fees: () => undefined }
        for (const path of await paths())
          expect([path, unordered((await get(path)).text)]).toEqual([
            path,
            unordered((await answer(fresh, 'GET', path, '')).body.toString()),
          ])
      }),
      { numRuns },
    )
  })
})

async function faucet(): Promise<string> {
  const [block] = await getJson<{ id: string }[]>('/blocks/1')
  const [coinbase] = await getJson<Tx[]>(`/block/${block?.id}/txs`)
  return coinbase?.vout[0]?.scriptpubkey_address as string
}

/** Counts the faucet's transactions from the node itself, block by block. */
async function countAfresh(): Promise<number> {
  const own = await faucet()
  const scripts = new Map<string, string>()
  let txids = 0
  const tip = await rpc<number>('getblockcount')
  for (let height = 0; height <= tip; height++) {
    const block = await rpc<{
      tx: {
        txid: string
        vin: { txid?: string; vout?: number }[]
        vout: { n: number; scriptPubKey: { address?: string } }[]
      }[]
    }>('getblock', await rpc('getblockhash', height), 2)
    for (const tx of block.tx) {
      for (const { n, scriptPubKey } of tx.vout) scripts.set(`${tx.txid}:${n}`, scriptPubKey.address ?? '')
      const mine =
        tx.vout.some(({ scriptPubKey }) => scriptPubKey.address === own) ||
        tx.vin.some(({ txid, vout }) => scripts.get(`${txid}:${vout}`) === own)
      if (mine) txids += 1
    }
  }
  return txids
}

test('browsers of any origin may read it', async () => {
  const answer = await fetch(`${devnet.bitcoin.esplora.url}/tx`, { method: 'OPTIONS' })
  expect(answer.status).toBe(204)
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
})
