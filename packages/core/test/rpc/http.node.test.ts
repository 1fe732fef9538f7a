import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isAitbcError } from '@aitbc/core'
import { createHttpRest, createHttpRpc, get, pipe, retry, timeout } from '@aitbc/core/rpc'
import { afterAll, expect, test } from 'vitest'

const servers: Server[] = []
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://user:pa%3Ass@127.0.0.1:${(server.address() as AddressInfo).port}`
}

const body = (chunks: AsyncIterable<Uint8Array>): Promise<string> =>
  (async () => {
    let text = ''
    for await (const chunk of chunks) text += new TextDecoder().decode(chunk)
    return text
  })()

test('a real server is asked with the URL’s credentials', async () => {
  const url = await serve(async (request, response) => {
    const call = JSON.parse(await body(request))
    response.end(
      JSON.stringify({ result: [request.headers.authorization, call.params], error: null, id: call.id }),
    )
  })
  expect(await createHttpRpc({ url }).request('m', [1])).toEqual([`Basic ${btoa('user:pa:ss')}`, [1]])
})

test('error: a closed port is RpcUnreachable in under a second, after retries too', async () => {
  const url = await serve(() => {})
  const server = servers.pop() as Server
  await new Promise((resolve) => server.close(resolve))
  const begun = performance.now()
  for (const rpc of [
    createHttpRpc({ url }),
    pipe(createHttpRpc({ url }), retry({ attempts: 3, baseMs: 1 })),
  ]) {
    const error = await rpc.request('m').catch((e) => e)
    expect(isAitbcError(error, 'RpcUnreachable')).toBe(true)
    expect(String(error)).toContain('ECONNREFUSED')
    expect(String(error)).not.toContain('pa')
  }
  expect(performance.now() - begun).toBeLessThan(1000)
})

test('error: a server that hangs is RpcTimeout, and its connection is let go', async () => {
  let closed = () => {}
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve
  })
  const url = await serve((_request, response) => {
    response.on('close', closed)
    response.write('{')
  })
  const error = await pipe(createHttpRpc({ url }), timeout(50))
    .request('m')
    .catch((e) => e)
  expect(isAitbcError(error, 'RpcTimeout')).toBe(true)
  await isClosed
})

test('error: an aborted call lets the connection go and rejects with its reason', async () => {
  let closed = () => {}
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve
  })
  const controller = new AbortController()
  const reason = { why: 'left' }
  const url = await serve((_request, response) => {
    response.on('close', closed)
    controller.abort(reason)
  })
  expect(
    await createHttpRpc({ url })
      .request('m', [], { signal: controller.signal })
      .catch((e) => e),
  ).toBe(reason)
  await isClosed
})

test('error: an endless answer is cut, a redirect not followed, a reset told', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/endless') {
      const more = () => {
        while (response.write('x'.repeat(65_536))) if (response.destroyed) return
        response.once('drain', more)
      }
      more()
    } else if (request.url === '/redirect') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
    else request.socket.destroy()
  })
  const rest = createHttpRest({ url, maxBytes: 1_000_000 })
  expect(isAitbcError(await get(rest, '/endless').catch((e) => e), 'RpcTooLarge')).toBe(true)
  expect(isAitbcError(await get(rest, '/redirect').catch((e) => e), 'RpcUnreachable')).toBe(true)
  expect(isAitbcError(await get(rest, '/reset').catch((e) => e), 'RpcUnreachable')).toBe(true)
})
