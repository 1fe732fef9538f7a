import { type AitbcError, isAitbcError } from '@aitbc/core'
import { createHttpRest, createHttpRpc, get, parseExact, post } from '@aitbc/core/rpc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

type Answer = (
  call: { id: number; method: string; params: unknown },
  init: RequestInit,
  url: string,
) => Response | Promise<Response>

/** A fetch that answers by a function. */
const fetching = (answer: Answer): typeof globalThis.fetch =>
  (async (url: string, init: RequestInit) =>
    answer(
      init.body === undefined ? (undefined as never) : safeParse(init.body as string),
      init,
      url,
    )) as never
const safeParse = (text: string) => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status })
const rpcOf = (answer: Answer, more: Partial<createHttpRpc.Options> = {}) =>
  createHttpRpc({ url: 'http://node.test:8545', fetch: fetching(answer), ...more })
const errorOf = (promise: Promise<unknown>): Promise<AitbcError> =>
  promise.then(
    (value) => expect.unreachable(`resolved to ${String(value)}`),
    (error) => error,
  )

describe('createHttpRpc', () => {
  test('asks by JSON-RPC 2.0, each call with an id of its own', async () => {
    const seen: unknown[] = []
    const rpc = rpcOf((call, init, url) => {
      seen.push([url, init.method, call, (init.headers as Record<string, string>)['content-type']])
      return json({ jsonrpc: '2.0', id: call.id, result: { ok: [call.id] } })
    })
    expect(await rpc.request('a', [1, 'x'])).toEqual({ ok: [1] })
    expect(await rpc.request('b')).toEqual({ ok: [2] })
    expect(await rpc.request('c', { named: true })).toEqual({ ok: [3] })
    const at = 'http://node.test:8545'
    expect(seen).toEqual([
      [at, 'POST', { jsonrpc: '2.0', id: 1, method: 'a', params: [1, 'x'] }, 'application/json'],
      [at, 'POST', { jsonrpc: '2.0', id: 2, method: 'b', params: [] }, 'application/json'],
      [at, 'POST', { jsonrpc: '2.0', id: 3, method: 'c', params: { named: true } }, 'application/json'],
    ])
    expect(rpc).toMatchObject({ name: at, assurance: 'reported' })
  })

  test('takes bitcoind’s form of 1.0, and null as a result', async () => {
    const rpc = rpcOf(({ id }) => json({ result: 'here', error: null, id }))
    expect(await rpc.request('m')).toBe('here')
    expect(await rpcOf(({ id }) => json({ jsonrpc: '2.0', id, result: null })).request('m')).toBeNull()
  })

  test('error: a node’s refusal is RpcRejected with its code and message, whatever the HTTP status', async () => {
    for (const [status, answer] of [
      [500, { result: null, error: { code: -5, message: 'No such transaction' } }],
      [200, { jsonrpc: '2.0', error: { code: -5, message: 'No such transaction', data: '0xabcd' } }],
      [404, { jsonrpc: '2.0', error: { code: -5, message: 'No such transaction' } }],
    ] as const) {
      const error = await errorOf(
        rpcOf(({ id }) => json({ ...answer, id }, status)).request('getrawtransaction', ['s3cret']),
      )
      expect(isAitbcError(error, 'RpcRejected')).toBe(true)
      expect(error.retryable).toBe(false)
      expect(error.context).toMatchObject({
        endpoint: 'http://node.test:8545',
        method: 'getrawtransaction',
        code: -5,
        message: 'No such transaction',
      })
      expect(JSON.stringify(error.context) + error.message).not.toContain('s3cret')
    }
    const unreadable = await errorOf(
      rpcOf(() =>
        json({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } }),
      ).request('m'),
    )
    expect(unreadable.context['code']).toBe(-32700)
  })

  test('error: a node that is starting is worth another try', async () => {
    const error = await errorOf(
      rpcOf(({ id }) =>
        json({ result: null, error: { code: -28, message: 'Loading block index…' }, id }, 500),
      ).request('m'),
    )
    expect(isAitbcError(error, 'RpcUnreachable') && error.retryable).toBe(true)
  })

  test('error: whatever is not an answer to this call is RpcMalformed', async () => {
    const wrong: [string, (id: number) => unknown][] = [
      ['another id', (id) => ({ jsonrpc: '2.0', id: id + 1, result: 1 })],
      ['id as text', (id) => ({ jsonrpc: '2.0', id: String(id), result: 1 })],
      ['no id', () => ({ jsonrpc: '2.0', result: 1 })],
      ['null id', () => ({ jsonrpc: '2.0', id: null, result: 1 })],
      ['another version', (id) => ({ jsonrpc: '3.0', id, result: 1 })],
      ['version as number', (id) => ({ jsonrpc: 2, id, result: 1 })],
      ['neither', (id) => ({ jsonrpc: '2.0', id })],
      ['both', (id) => ({ jsonrpc: '2.0', id, result: 1, error: { code: 1, message: 'x' } })],
      ['error as text', (id) => ({ jsonrpc: '2.0', id, error: 'boom' })],
      ['error false', (id) => ({ jsonrpc: '2.0', id, error: false })],
      ['error of another id', (id) => ({ jsonrpc: '2.0', id: id + 1, error: { code: 1, message: 'x' } })],
      ['code as text', (id) => ({ jsonrpc: '2.0', id, error: { code: '1', message: 'x' } })],
      ['code not whole', (id) => ({ jsonrpc: '2.0', id, error: { code: 1.5, message: 'x' } })],
      ['no message', (id) => ({ jsonrpc: '2.0', id, error: { code: 1 } })],
      ['a batch', (id) => [{ jsonrpc: '2.0', id, result: 1 }]],
      ['null', () => null],
      ['a text', () => 'hello'],
    ]
    for (const [what, answer] of wrong) {
      const error = await errorOf(rpcOf(({ id }) => json(answer(id))).request('m'))
      expect(isAitbcError(error, 'RpcMalformed'), what).toBe(true)
    }
    for (const body of [
      '',
      'OK',
      '<html>',
      '{"id":1,',
      '{"jsonrpc":"2.0","id":1,"result":01}',
      '\u{FEFF}[]',
    ]) {
      const error = await errorOf(rpcOf(() => new Response(body)).request('m'))
      expect(isAitbcError(error, 'RpcMalformed'), body).toBe(true)
    }
    const invalid = await errorOf(rpcOf(() => new Response(Uint8Array.of(0x22, 0xff, 0x22))).request('m'))
    expect(isAitbcError(invalid, 'RpcMalformed')).toBe(true)
  })

  test('property: any body gives a value or a typed error, never anything else', async () => {
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((text) => `{"jsonrpc":"2.0","id":1,"result":${text}}`),
    )
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(200, 400, 404, 429, 500, 503), async (text, status) => {
        try {
          await rpcOf(() => new Response(text, { status })).request('m')
          expect(JSON.parse(text).id).toBe(1)
        } catch (error) {
          expect(isAitbcError(error) && error._tag.startsWith('Rpc')).toBe(true)
        }
      }),
    )
  })

  test('error: HTTP without JSON-RPC is told by its status', async () => {
    for (const [status, tag] of [
      [400, 'RpcRejected'],
      [401, 'RpcRejected'],
      [403, 'RpcRejected'],
      [429, 'RpcRateLimited'],
      [500, 'RpcUnreachable'],
      [502, 'RpcUnreachable'],
      [503, 'RpcUnreachable'],
    ] as const) {
      const error = await errorOf(rpcOf(() => new Response('nginx', { status })).request('m'))
      expect(isAitbcError(error, tag), String(status)).toBe(true)
      expect(error.context['code']).toBe(status)
    }
    const limited = rpcOf(() => new Response('', { status: 429, headers: { 'retry-after': '7' } }))
    expect((await errorOf(limited.request('m'))).context['retryAfterMs']).toBe(7000)
    const dressed = rpcOf(({ id }) =>
      json({ jsonrpc: '2.0', id, error: { code: 429, message: 'slow' } }, 429),
    )
    expect(isAitbcError(await errorOf(dressed.request('m')), 'RpcRateLimited')).toBe(true)
  })

  test('error: an answer longer than allowed is RpcTooLarge, and is not read to its end', async () => {
    let pulled = 0
    let cancelled = false
    const endless = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            pulled++
            controller.enqueue(new Uint8Array(1000).fill(0x20))
          },
          cancel() {
            cancelled = true
          },
        }),
      )
    const error = await errorOf(rpcOf(endless, { maxBytes: 10_000 }).request('m'))
    expect(isAitbcError(error, 'RpcTooLarge')).toBe(true)
    expect(error.context).toEqual({ endpoint: 'http://node.test:8545', method: 'm', maxBytes: 10_000 })
    expect(pulled).toBeLessThan(20)
    expect(cancelled).toBe(true)
    const announced = () => new Response('{}', { headers: { 'content-length': '10001' } })
    expect(
      isAitbcError(await errorOf(rpcOf(announced, { maxBytes: 10_000 }).request('m')), 'RpcTooLarge'),
    ).toBe(true)
    const fits = rpcOf(({ id }) => json({ id, result: 'x'.repeat(9900) }), { maxBytes: 10_000 })
    expect(await fits.request('m')).toHaveLength(9900)
  })

  test('numbers: none is ever rounded; named methods get them as they were written', async () => {
    const raw = (text: string) => (call: { id: number }) =>
      new Response(`{"result":${text},"error":null,"id":${call.id}}`)
    for (const text of [
      '9007199254740992',
      '-9007199254740993',
      '{"a":[1,115792089237316195423570985008687907853]}',
    ]) {
      const error = await errorOf(rpcOf(raw(text)).request('m'))
      expect(isAitbcError(error, 'RpcMalformed'), text).toBe(true)
      expect(error.message).toContain('exactNumbers')
    }
    expect(
      await rpcOf(raw('[9007199254740991,"90071992547409939","\\"12345678901234567890"]')).request('m'),
    ).toEqual([9007199254740991, '90071992547409939', '"12345678901234567890'])
    expect(
      await rpcOf(raw('{"n":0.10000000,"b":9007199254740993}'), { exactNumbers: 'all' }).request('m'),
    ).toEqual({
      n: '0.10000000',
      b: '9007199254740993',
    })
    const some = rpcOf(raw('[1.50000000]'), { exactNumbers: ['exact'] })
    expect(await some.request('exact')).toEqual(['1.50000000'])
    expect(await some.request('other')).toEqual([1.5])
  })

  test('parseExact: the same as JSON.parse but for numbers, which keep their text', () => {
    const walk = (value: unknown): unknown =>
      typeof value === 'number'
        ? JSON.stringify(value)
        : Array.isArray(value)
          ? value.map(walk)
          : typeof value === 'object' && value !== null
            ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]))
            : value
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseExact(JSON.stringify(value))).toEqual(walk(JSON.parse(JSON.stringify(value))))
      }),
    )
    expect(parseExact('[1e400, -0, 1E+2, "1", "\\\\", 2]')).toEqual(['1e400', '-0', '1E+2', '1', '\\', '2'])
    for (const bad of ['01', '1.', '.5', '+1', '-', '1 2', '[1,]', 'NaN'])
      expect(() => parseExact(bad), bad).toThrow(SyntaxError)
  })

  test('credentials: sent as a header, and seen in no error', async () => {
    const seen: { url: string; headers: Record<string, string> }[] = []
    const echo: Answer = (_call, init, url) => {
      seen.push({ url, headers: init.headers as Record<string, string> })
      const headers = init.headers as Record<string, string>
      return new Response(
        `denied ${url} ${headers['authorization']} ${headers['x-api-key']} hunter%C3%A42 hunterä2`,
        { status: 401 },
      )
    }
    const url = 'https://alice:hunter%C3%A42@node.test/v3/0123456789abcdef0123456789abcdef?token=tok-123456'
    const rpc = createHttpRpc({ url, fetch: fetching(echo), headers: { 'x-api-key': 'key-987654321' } })
    const errors = [await errorOf(rpc.request('m'))]
    const leaky = (async (target: string) => {
      throw new TypeError(`failed to fetch ${target}`, { cause: new Error(`connect ${url}`) })
    }) as never
    errors.push(await errorOf(createHttpRpc({ url, fetch: leaky }).request('m')))
    errors.push(await errorOf(createHttpRest({ url, fetch: leaky }).request('GET', ['/tx'])))
    const secrets = [
      'hunter',
      'tok-123456',
      '0123456789abcdef0123456789abcdef',
      'key-987654321',
      btoa('alice:hunter'),
      seen[0]?.headers['authorization']?.slice(6),
    ]
    for (const error of errors) {
      const text = [
        error.message,
        error.stack,
        error.hint,
        JSON.stringify(error.context),
        String(error.cause),
      ].join('\n')
      for (const secret of secrets) expect(text).not.toContain(secret)
      expect(text).toContain('https://node.test/…')
    }
    expect(seen[0]?.url).toBe('https://node.test/v3/0123456789abcdef0123456789abcdef?token=tok-123456')
    const basic = seen[0]?.headers['authorization']?.slice(6) as string
    expect(new TextDecoder().decode(Uint8Array.from(atob(basic), (c) => c.charCodeAt(0)))).toBe(
      'alice:hunterä2',
    )
  })

  test('error: wrong options are named, and a wrong URL is not shown', () => {
    const cases: [() => unknown, string][] = [
      [() => createHttpRpc({ url: 'alice:hunter2@node.test' }), 'url'],
      [() => createHttpRpc({ url: 'ftp://alice:hunter2@node.test' }), 'url'],
      [() => createHttpRpc({ url: '' }), 'url'],
      [() => createHttpRpc({ url: null as never }), 'url'],
      [() => createHttpRpc({ url: 'http://a', fetch: 5 as never }), 'fetch'],
      [() => createHttpRpc({ url: 'http://a', maxBytes: 0 }), 'maxBytes'],
      [() => createHttpRpc({ url: 'http://a', timeoutMs: 0 }), 'ms'],
      [() => createHttpRpc({ url: 'http://a', exactNumbers: 'some' as never }), 'exactNumbers'],
      [() => createHttpRpc({ url: 'http://a', headers: { 'x-key': 5 as never } }), 'headers["x-key"]'],
    ]
    for (const [run, argument] of cases) {
      let error: unknown
      try {
        run()
      } catch (caught) {
        error = caught
      }
      expect(isAitbcError(error, 'InvalidArgument') && error.context['argument'], argument).toBe(argument)
      expect(String(error)).not.toContain('hunter')
    }
  })

  test('error: parameters that are not JSON are refused before anything is sent', async () => {
    let sent = 0
    const rpc = rpcOf(({ id }) => {
      sent++
      return json({ id, result: 1 })
    })
    const circular: unknown[] = []
    circular.push(circular)
    for (const params of [[5n], circular]) {
      const error = await errorOf(rpc.request('m', params))
      expect(isAitbcError(error, 'InvalidArgument') && error.context['argument']).toBe('params')
    }
    expect(sent).toBe(0)
  })

  test('error: an abort reaches fetch and comes back as its reason', async () => {
    const reason = { why: 'done' }
    let aborted: unknown
    let asked = () => {}
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve
    })
    const rpc = rpcOf(
      (_call, init) =>
        new Promise((_resolve, reject) => {
          init.signal?.addEventListener('abort', () => {
            aborted = true
            reject(init.signal?.reason)
          })
          asked()
        }),
    )
    const controller = new AbortController()
    const pending = errorOf(rpc.request('m', [], { signal: controller.signal }))
    await isAsked
    controller.abort(reason)
    expect(await pending).toBe(reason)
    expect(aborted).toBe(true)
  })
})

describe('createHttpRest', () => {
  const rest = (answer: Answer) =>
    createHttpRest({ url: 'http://explorer.test/api/', fetch: fetching(answer) })

  test('GET and POST; 404 is an answer', async () => {
    const seen: unknown[] = []
    const api = rest((body, init, url) => {
      seen.push([init.method, url, body])
      return url.endsWith('/none')
        ? new Response('Transaction not found', { status: 404 })
        : new Response('12')
    })
    expect(await get(api, '/blocks/tip/height')).toEqual({ status: 200, body: '12' })
    expect(await get(api, '/tx/none')).toEqual({ status: 404, body: 'Transaction not found' })
    expect(await post(api, '/tx', '00ff')).toMatchObject({ status: 200 })
    expect(seen).toEqual(
      [
        ['GET', 'http://explorer.test/api/blocks/tip/height', undefined],
        ['GET', 'http://explorer.test/api/tx/none', undefined],
        ['POST', 'http://explorer.test/api/tx', '00ff'],
      ].map(([verb, url, body]) => [verb, url, body === '00ff' ? '00ff' : body]),
    )
  })

  test('error: statuses, as typed errors with the server’s text', async () => {
    for (const [status, tag] of [
      [400, 'RpcRejected'],
      [405, 'RpcRejected'],
      [429, 'RpcRateLimited'],
      [500, 'RpcUnreachable'],
      [304, 'RpcMalformed'],
    ] as const) {
      const body = status === 304 ? null : 'sendrawtransaction RPC error: {"code":-26}'
      const error = await errorOf(
        get(
          rest(() => new Response(body, { status })),
          '/x',
        ),
      )
      expect(isAitbcError(error, tag), String(status)).toBe(true)
      if (body !== null) expect(error.context).toMatchObject({ code: status, message: body })
    }
  })

  test('error: verbs, paths and bodies of the wrong form', async () => {
    const api = rest(() => new Response('never'))
    for (const [verb, params, argument] of [
      ['PUT', ['/x'], 'method'],
      ['GET', ['x'], 'params[0]'],
      ['GET', ['/a/../../x'], 'params[0]'],
      ['GET', ['/..'], 'params[0]'],
      ['GET', ['/a b'], 'params[0]'],
      ['GET', ['/x#y'], 'params[0]'],
      ['GET', ['/x\\y'], 'params[0]'],
      ['GET', [5], 'params[0]'],
      ['GET', [], 'params[0]'],
      ['GET', { path: '/x' }, 'params[0]'],
      ['GET', ['/x', 'body'], 'params[1]'],
      ['POST', ['/x'], 'params[1]'],
      ['POST', ['/x', 'a', 'b'], 'params[1]'],
    ] as [string, unknown[], string][]) {
      const error = await errorOf(api.request(verb, params))
      expect(
        isAitbcError(error, 'InvalidArgument') && error.context['argument'],
        `${verb} ${JSON.stringify(params)}`,
      ).toBe(argument)
    }
  })
})
