import {
  closedUrl,
  createDevnet,
  createProxy,
  type Devnet,
  type EvmNode,
  type FaultProxy,
} from '@aitbc/devnet'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

let devnet: Devnet<undefined, EvmNode>
let proxy: FaultProxy

beforeAll(async () => {
  devnet = await createDevnet({ bitcoin: false })
  proxy = await createProxy(devnet.evm.url)
})
beforeEach(() => proxy.clear())
afterAll(async () => {
  await proxy?.close()
  await devnet?.dispose()
})

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}
const post = (body: unknown, url = proxy.url): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const call = async (method: string, ...params: unknown[]): Promise<Answer> =>
  (await post({ jsonrpc: '2.0', id: 1, method, params })).json()

test('default: everything passes, and is noted', async () => {
  const from = proxy.exchanges.length
  expect((await call('eth_chainId')).result).toBe('0x7a69')
  expect(proxy.exchanges.slice(from)).toEqual([{ methods: ['eth_chainId'], path: '/', fault: undefined }])
})

test('behavior: close breaks the connection, for the matching method only', async () => {
  proxy.rule({ method: /^eth_block/, fault: { kind: 'close' } })
  await expect(call('eth_blockNumber')).rejects.toThrow()
  expect((await call('eth_chainId')).result).toBe('0x7a69')
})

test('behavior: after and times count matching requests', async () => {
  proxy.rule({
    method: 'eth_chainId',
    after: 1,
    times: 2,
    fault: { kind: 'status', status: 429, body: 'slow' },
  })
  const statuses: number[] = []
  for (let n = 0; n < 4; n++)
    statuses.push((await post({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] })).status)
  expect(statuses).toEqual([200, 429, 429, 200])
})

test('behavior: result lies, also within a batch', async () => {
  proxy.rule({
    method: 'eth_getBalance',
    fault: { kind: 'result', of: (_, [address]) => `lie about ${address}` },
  })
  expect((await call('eth_getBalance', '0xab', 'latest')).result).toBe('lie about 0xab')
  const batch = (await (
    await post([
      { jsonrpc: '2.0', id: 7, method: 'eth_getBalance', params: ['0xcd', 'latest'] },
      { jsonrpc: '2.0', id: 8, method: 'eth_chainId', params: [] },
    ])
  ).json()) as Answer[]
  expect(batch.find(({ id }) => id === 7)?.result).toBe('lie about 0xcd')
  expect(batch.find(({ id }) => id === 8)?.result).toBe('0x7a69')
})

test('behavior: error, body and cut', async () => {
  const lift = proxy.rule({ fault: { kind: 'error', code: -32005, message: 'limit' } })
  expect((await call('eth_chainId')).error).toEqual({ code: -32005, message: 'limit' })
  lift()
  const garble = proxy.rule({ fault: { kind: 'body', of: (body) => body.replace('{', '[') } })
  await expect(call('eth_chainId')).rejects.toThrow(SyntaxError)
  garble()
  proxy.rule({ fault: { kind: 'cut', after: 5 } })
  await expect(call('eth_chainId')).rejects.toThrow()
})

test('behavior: swallow loses the answer, not the deed', async () => {
  const [from] = devnet.evm.accounts
  proxy.rule({ method: 'eth_sendTransaction', fault: { kind: 'swallow' } })
  // The node answers once the transaction is in its pool; the block comes after that, at a time of its own.
  const count = () => devnet.evm.rpc<string>('eth_getTransactionCount', from?.address, 'pending')
  const before = Number(await count())
  await expect(call('eth_sendTransaction', { from: from?.address, to: from?.address })).rejects.toThrow()
  expect(Number(await count())).toBe(before + 1)
})

test('behavior: hold keeps the answer back until it is released', async () => {
  proxy.rule({ fault: { kind: 'hold' } })
  let arrived = false
  const answer = call('eth_chainId').then((value) => {
    arrived = true
    return value
  })
  await proxy.whenHeld()
  expect([proxy.held(), arrived]).toEqual([1, false])
  proxy.release()
  expect((await answer).result).toBe('0x7a69')
})

test('behavior: a closed proxy is a node that went away', async () => {
  const gone = await createProxy(devnet.evm.url)
  expect((await post({ id: 1, method: 'eth_chainId' }, gone.url)).status).toBe(200)
  await gone.close()
  await expect(post({}, gone.url)).rejects.toThrow()
  await expect(post({}, await closedUrl())).rejects.toThrow()
})

test('error: no address', async () => {
  await expect(createProxy('nonsense')).rejects.toMatchObject({ _tag: 'InvalidDevnetArgument' })
  await expect(createProxy('ftp://127.0.0.1')).rejects.toMatchObject({ _tag: 'InvalidDevnetArgument' })
})
