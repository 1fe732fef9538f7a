import { isAitbcError } from '@aitbc/core'
import { createHttpRpc, fallback, pipe, retry, toProvider } from '@aitbc/core/rpc'
import { closedUrl, createProxy } from '@aitbc/devnet'
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

  test('H22: the answer to a broadcast is lost: the error says so, and sending again finds it sent', async () => {
    await using proxy = await createProxy(bench.devnet.evm.url)
    const adapter = over(proxy.url)
    const [from, to] = [bench.signers[0]!.account, bench.signers[4]!.account]
    const [step] = await adapter.prepare({ kind: 'transfer', from, to, asset: network.native.id, amount: 1n })
    const signed = await bench.signers[0]!.sign(step!)
    proxy.rule({ method: 'eth_sendRawTransaction', times: 1, fault: { kind: 'swallow' } })
    await expect(adapter.submit(signed)).rejects.toMatchObject({ _tag: 'RpcUnreachable', retryable: true })
    expect(await adapter.submit(signed)).toMatchObject({ id: signed.id, attempts: [signed.id] })
    await bench.mine()
    expect((await adapter.status(await adapter.submit(signed))).value).toMatchObject({ is: 'included' })
  })

  test('error: garbled, cut or refused answers are typed, and name what came', async () => {
    await using proxy = await createProxy(bench.devnet.evm.url)
    const cases = [
      [{ kind: 'body', of: () => '<html>busy</html>' }, 'RpcMalformed'],
      [{ kind: 'cut', after: 20 }, 'RpcUnreachable'],
      [{ kind: 'close' }, 'RpcUnreachable'],
      [{ kind: 'status', status: 429 }, 'RpcRateLimited'],
      [{ kind: 'error', code: -32000, message: 'header not found' }, 'RpcRejected'],
      [{ kind: 'result', of: () => ({ number: '0x01' }) }, 'RpcMalformed'],
    ] as const
    for (const [fault, tag] of cases) {
      const off = proxy.rule({ method: 'eth_getBlockByNumber', fault })
      await expect(over(proxy.url).tip(), tag).rejects.toMatchObject({ _tag: tag })
      off()
    }
    expect((await over(proxy.url).tip()).value.height).toBeGreaterThan(0n)
  })

  test('behavior: a held answer is let go by the signal', async () => {
    await using proxy = await createProxy(bench.devnet.evm.url)
    proxy.rule({ method: 'eth_getBlockByNumber', fault: { kind: 'hold' } })
    const stop = new AbortController()
    const reason = new Error('the user left')
    const tip = over(proxy.url).tip({ signal: stop.signal })
    await proxy.whenHeld()
    stop.abort(reason)
    await expect(tip).rejects.toBe(reason)
  })
})
