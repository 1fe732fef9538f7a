import { once } from 'node:events'
import { connect } from 'node:net'
import { createSolanaNode, type SolanaNode } from '@aitbc/devnet'
import * as Kit from '@solana/kit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import * as Client from './client.js'

const numRuns = Number(process.env['FC_NUM_RUNS'])

let node: SolanaNode
let alice: Kit.KeyPairSigner
let transaction: Uint8Array

beforeAll(async () => {
  node = await createSolanaNode({ stakes: [1n] })
  alice = await Kit.createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(1))
  await node.chain.pay(alice.address, 10_000_000_000n)
  await node.chain.produce()
  transaction = await node.chain.compile(alice, [Client.transfer(alice, alice.address, 1n)])
})
afterAll(() => node.close())

interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
  readonly id?: unknown
}

const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  fetch(node.url, { method: 'POST', headers, body })
const ask = async (method: string, ...params: readonly unknown[]): Promise<Answer> =>
  (await post(JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }))).json() as Promise<Answer>
const codeOf = async (method: string, ...params: readonly unknown[]) =>
  (await ask(method, ...params)).error?.code
const alive = async () => expect((await ask('getHealth')).result).toBe('ok')

describe('requests that are none', () => {
  test.each([
    ['no JSON', '{', { code: -32700, message: 'Parse error' }],
    ['nothing', '', { code: -32700, message: 'Parse error' }],
    ['no object', '5', { code: -32600, message: 'Invalid request' }],
    ['null', 'null', { code: -32600, message: 'Invalid request' }],
    ['an empty batch', '[]', { code: -32600, message: 'Invalid request' }],
    ['no version', '{"id":1,"method":"getSlot"}', { code: -32600, message: 'Invalid request' }],
    ['no method', '{"jsonrpc":"2.0","id":1}', { code: -32600, message: 'Invalid request' }],
    [
      'an id of no kind',
      '{"jsonrpc":"2.0","id":{},"method":"getSlot"}',
      { code: -32600, message: 'Invalid request' },
    ],
    [
      'an unknown method',
      '{"jsonrpc":"2.0","id":1,"method":"getNothing"}',
      { code: -32601, message: 'Method not found' },
    ],
    [
      'a method of every object',
      '{"jsonrpc":"2.0","id":1,"method":"constructor"}',
      { code: -32601, message: 'Method not found' },
    ],
  ])('%s', async (_, body, error) => {
    const answer = await post(body)
    expect(answer.status).toBe(200)
    expect(((await answer.json()) as Answer).error).toEqual(error)
  })

  test('a batch is answered one by one', async () => {
    const answers = (await (
      await post(
        JSON.stringify([
          { jsonrpc: '2.0', id: 'a', method: 'getSlot' },
          5,
          { jsonrpc: '2.0', id: 'c', method: 'getSlot', params: {} },
        ]),
      )
    ).json()) as readonly Answer[]
    expect(answers.map(({ id, error }) => [id, error?.code])).toEqual([
      ['a', undefined],
      [null, -32600],
      ['c', -32602],
    ])
  })

  test('other ways to ask: their status', async () => {
    expect((await fetch(node.url)).status).toBe(405)
    expect(await (await fetch(`${node.url}/health`)).text()).toBe('ok')
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415)
    const preflight = await fetch(node.url, { method: 'OPTIONS' })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect((await fetch(node.webSocketUrl.replace('ws:', 'http:'))).status).toBe(405)
  })

  test('a body above 50 KiB is refused while it comes', async () => {
    const answer = await post(' '.repeat(51_201))
    expect(answer.status).toBe(413)
    expect((await post(`${' '.repeat(51_000)}{`)).status).toBe(200)
    await alive()
  })
})

describe('parameters', () => {
  const nobody = '11111111111111111111111111111112'
  test.each<[string, readonly unknown[]]>([
    ['getBalance', []],
    ['getBalance', ['x'.repeat(30)]],
    ['getBalance', ['0OIl']],
    ['getBalance', [7]],
    ['getBalance', [nobody, { commitment: 'rooted' }]],
    ['getBalance', [nobody, 'confirmed']],
    ['getAccountInfo', [nobody, { encoding: 'base64+zstd' }]],
    ['getMultipleAccounts', [Array.from({ length: 101 }, () => nobody)]],
    ['getMultipleAccounts', [nobody]],
    ['getProgramAccounts', [nobody, { filters: [{}] }]],
    ['getProgramAccounts', [nobody, { filters: Array.from({ length: 5 }, () => ({ dataSize: 1 })) }]],
    ['getProgramAccounts', [nobody, { filters: [{ memcmp: { offset: -1, bytes: '1' } }] }]],
    ['getProgramAccounts', [nobody, { filters: [{ memcmp: { offset: 0, bytes: '1'.repeat(1_000) } }] }]],
    ['getSignatureStatuses', [['x']]],
    ['getSignatureStatuses', [Array.from({ length: 257 }, () => '1'.repeat(64))]],
    ['getSignaturesForAddress', [nobody, { limit: 0 }]],
    ['getSignaturesForAddress', [nobody, { limit: 1_001 }]],
    ['getSignaturesForAddress', [nobody, { commitment: 'processed' }]],
    ['getTransaction', ['1'.repeat(64), { commitment: 'processed' }]],
    ['getTransaction', ['1'.repeat(1_000)]],
    ['getBlock', [1, { commitment: 'processed' }]],
    ['getBlock', [-1]],
    ['getBlock', [1.5]],
    ['getBlock', ['1']],
    ['getBlock', []],
    ['getTokenAccountBalance', [nobody]],
    ['getTokenAccountsByOwner', [nobody, {}]],
    ['getTokenAccountsByOwner', [nobody, { mint: nobody }]],
    ['getTokenAccountsByOwner', [nobody, { programId: nobody }]],
    ['requestAirdrop', [nobody, 2 ** 60]],
    ['requestAirdrop', [nobody, '5']],
    ['sendTransaction', []],
    ['sendTransaction', ['0']],
    ['sendTransaction', ['?', { encoding: 'base64' }]],
    ['sendTransaction', ['1'.repeat(2_000)]],
    ['sendTransaction', ['AAAA'.repeat(411), { encoding: 'base64' }]],
    ['sendTransaction', ['AAAA', { encoding: 'base64' }]],
    ['sendTransaction', ['', { encoding: 'base64' }]],
    ['sendTransaction', ['AA==', { encoding: 'utf8' }]],
    ['simulateTransaction', ['AAAA', { encoding: 'base64' }]],
    ['getFeeForMessage', ['AAAA']],
    ['getFeeForMessage', ['*']],
  ])('error: %s %j', async (method, params) => {
    expect(await codeOf(method, ...params)).toBe(-32602)
  })

  test('error: blocks to come, and slots that a client is ahead of', async () => {
    const slot = Number(node.chain.slot())
    expect((await ask('getBlock', slot, { commitment: 'confirmed' })).error).toEqual({
      code: -32004,
      message: `Block not available for slot ${slot}`,
    })
    expect((await ask('getSlot', { minContextSlot: slot + 1, commitment: 'processed' })).error).toEqual({
      code: -32016,
      message: 'Minimum context slot has not been reached',
      data: { contextSlot: slot },
    })
  })

  test('numbers keep all their digits', async () => {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'getAccountInfo',
      params: [alice.address, { commitment: 'processed' }],
    })
    expect(await (await post(body)).text()).toContain('"rentEpoch":18446744073709551615')
  })
})

describe('transactions that are none', () => {
  test('any bytes at all: refused as no transaction, and the chain goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 1_300 }), async (bytes) => {
        const text = Buffer.from(bytes).toString('base64')
        expect(await codeOf('sendTransaction', text, { encoding: 'base64', skipPreflight: true })).toBe(
          -32602,
        )
      }),
      { numRuns },
    )
    await alive()
  })

  test('a byte changed, run without its signature: an answer in every case, from the runtime or before it', async () => {
    const options = { encoding: 'base64', replaceRecentBlockhash: true, commitment: 'processed' }
    const answerTo = async (bytes: Uint8Array) =>
      ask('simulateTransaction', Buffer.from(bytes).toString('base64'), options)
    expect(await answerTo(transaction)).toMatchObject({ result: { value: { err: null } } })
    await fc.assert(
      fc.asyncProperty(fc.nat(transaction.length - 66), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = transaction.slice()
        changed[65 + at] = (changed[65 + at] as number) ^ by
        const { result, error } = await answerTo(changed)
        expect(error === undefined ? typeof result : error.code).toBe(error === undefined ? 'object' : -32602)
      }),
      { numRuns },
    )
    await alive()
  })
})

describe('by WebSocket', () => {
  async function open(): Promise<{ socket: WebSocket; call: (text: string) => Promise<Answer> }> {
    const socket = new WebSocket(node.webSocketUrl)
    await once(socket, 'open')
    const call = async (text: string) => {
      const next = once(socket, 'message')
      socket.send(text)
      return JSON.parse(String((await next)[0])) as Answer
    }
    return { socket, call }
  }
  const request = (method: string, ...params: readonly unknown[]) =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })

  test('the methods are there as well, and what is none is refused', async () => {
    const { socket, call } = await open()
    expect((await call(request('getHealth'))).result).toBe('ok')
    expect((await call('{')).error?.code).toBe(-32700)
    expect((await call(request('slotUnsubscribe', 99))).error).toEqual({
      code: -32602,
      message: 'Invalid subscription id.',
    })
    expect((await call(request('blockSubscribe'))).error?.code).toBe(-32601)
    expect((await call(request('signatureSubscribe', 'x'))).error?.code).toBe(-32602)
    expect((await call(request('accountSubscribe'))).error?.code).toBe(-32602)
    expect((await call(request('logsSubscribe', { mentions: [] }))).error?.code).toBe(-32602)
    const { result } = await call(request('slotSubscribe'))
    expect((await call(request('accountUnsubscribe', result))).error?.code).toBe(-32602)
    expect((await call(request('slotUnsubscribe', result))).result).toBe(true)
    socket.terminate()
  })

  test('a frame above 50 KiB ends the connection, and that one alone', async () => {
    const { socket } = await open()
    const closed = once(socket, 'close')
    socket.send(' '.repeat(51_201))
    expect((await closed)[0]).toBe(1009)
    await alive()
  })

  test('at most so many subscriptions a connection', async () => {
    const { socket, call } = await open()
    const batch = Array.from({ length: 600 }, () => ({
      jsonrpc: '2.0',
      id: 1,
      method: 'slotSubscribe',
      params: [],
    }))
    await call(JSON.stringify(batch))
    const last = (await call(JSON.stringify(batch))) as unknown as readonly Answer[]
    expect(last.filter(({ error }) => error !== undefined).length).toBe(200)
    socket.terminate()
  })
})

describe('the end', () => {
  const refused = async (url: string, host = '127.0.0.1') => {
    const socket = connect(Number(new URL(url).port), host)
    const result = await once(socket, 'connect').then(
      () => 'connected',
      (error: NodeJS.ErrnoException) => error.code,
    )
    socket.destroy()
    return result
  }

  test('it listens on 127.0.0.1 alone, and on no port after its close', async () => {
    const other = await createSolanaNode({ stakes: [1n], production: { everyMs: 5 } })
    const urls = [other.url, other.webSocketUrl]
    for (const url of urls) {
      expect(await refused(url)).toBe('connected')
      expect(await refused(url, '127.0.0.2')).toBe('ECONNREFUSED')
    }
    const socket = new WebSocket(other.webSocketUrl)
    await once(socket, 'open')
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'slotSubscribe', params: [] }))
    // Slots come by themselves here.
    const [answer] = await once(socket, 'message')
    const [notified] = await once(socket, 'message')
    expect(JSON.parse(String(answer)).result).toEqual(expect.any(Number))
    expect(JSON.parse(String(notified)).method).toBe('slotNotification')
    const gone = once(socket, 'close')
    await Promise.all([other.close(), other.close()])
    await gone
    for (const url of urls) expect(await refused(url)).toBe('ECONNREFUSED')
    const slot = other.chain.slot()
    await new Promise((resolve) => setImmediate(resolve))
    expect(other.chain.slot()).toBe(slot)
  })

  test('`await using` closes as well', async () => {
    let url: string
    {
      await using other = await createSolanaNode({ stakes: [1n] })
      url = other.url
      expect(await refused(url)).toBe('connected')
    }
    expect(await refused(url)).toBe('ECONNREFUSED')
  })

  test('error: production of no kind', async () => {
    for (const production of ['now', null, { everyMs: 0 }])
      await expect(createSolanaNode({ production: production as never })).rejects.toMatchObject({
        _tag: 'InvalidDevnetArgument',
      })
  })
})
