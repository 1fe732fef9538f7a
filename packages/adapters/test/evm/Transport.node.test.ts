import { isAitbcError } from '@aitbc/core'
import { createHttpRpc, fallback, pipe, retry, toProvider } from '@aitbc/core/rpc'
import { closedUrl } from '@aitbc/devnet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEvmAdapter } from '../../src/evm/index.js'
import { type Bench, createBench, network } from './party.js'

let bench: Bench
beforeAll(async () => {
  bench = await createBench()
})
afterAll(() => bench?.close())

const over = (url: string) => createEvmAdapter({ network, transport: toProvider(createHttpRpc({ url })) })

describe('JSON-RPC over HTTP, by the middleware of core', () => {
  test('default: the adapter works over it, and says what its facts are worth', async () => {
    const adapter = over(bench.devnet.evm.url)
    const { value, assurance } = await adapter.tip()
    expect(value.hash).toBe((await bench.adapter.tip()).value.hash)
    expect(assurance).toBe('reported')
    expect(await adapter.findLocks(bench.terms())).toMatchObject([{ is: 'absent' }])
  })

  test('error: a closed node is a typed error in under a second that names the endpoint and the method', async () => {
    const url = await closedUrl()
    const began = performance.now()
    const error = await over(url)
      .tip()
      .catch((reason: unknown) => reason)
    expect(performance.now() - began).toBeLessThan(1000)
    expect(error).toMatchObject({ _tag: 'RpcUnreachable', code: 1202, retryable: true })
    expect(isAitbcError(error) && error.message).toContain('eth_chainId')
  })

  test('behavior: a dead endpoint before a live one costs nothing but the detour', async () => {
    const dead = createHttpRpc({ url: await closedUrl() })
    const live = createHttpRpc({ url: bench.devnet.evm.url })
    const transport = toProvider(pipe(fallback([dead, live]), retry({ attempts: 2 })))
    const adapter = createEvmAdapter({ network, transport })
    expect((await adapter.tip()).value.hash).toBe((await bench.adapter.tip()).value.hash)
  })
})
