import * as Effect from 'effect/Effect'
import { type AitbcError, isAitbcError } from '../errors/AitbcError.js'
import { CoreErrors } from '../errors/CoreErrors.js'
import { show } from '../errors/ErrorTable.js'
import { parseExact, unsafeInteger } from './json.js'
import { timeout } from './middleware.js'
import { fromEffect, type Rpc } from './Rpc.js'

/** Where and how to ask over HTTP. */
export interface HttpOptions {
  /** `http:` or `https:`; `user:password@` becomes an `Authorization` header. */
  readonly url: string
  /** Names the endpoint in errors; scheme and host unless told. */
  readonly name?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The fetch to use; the global one unless told. */
  readonly fetch?: typeof globalThis.fetch
  /** Longest answer, bytes; 16 MiB unless told. */
  readonly maxBytes?: number
  /** Longest wait for a whole answer, milliseconds; 30,000 unless told. */
  readonly timeoutMs?: number
}

/**
 * JSON-RPC 2.0 over HTTP; bitcoind's answers in the form of 1.0 are taken too. Strict: an answer of another id or another shape is
 * `RpcMalformed` (1204), an error of the node's is `RpcRejected` (1203) with its `code` and `message` in the context, one longer than
 * `maxBytes` is `RpcTooLarge` (1208). Nothing of the URL but scheme and host appears in an error.
 *
 * An integer beyond 2^53 is never rounded: it is `RpcMalformed`, unless the method is in `exactNumbers`.
 *
 * @example
 * import { createHttpRpc } from '@aitbc/core/rpc'
 * const rpc = createHttpRpc({ url: 'http://user:secret@127.0.0.1:18443', exactNumbers: 'all' })
 * rpc.name // 'http://127.0.0.1:18443'
 */
export function createHttpRpc(options: createHttpRpc.Options): Rpc {
  const { exactNumbers = [] } = options
  if (exactNumbers !== 'all' && !Array.isArray(exactNumbers))
    throw CoreErrors.InvalidArgument(
      `exactNumbers must be "all" or a list of methods, got ${show(exactNumbers)}`,
      {
        argument: 'exactNumbers',
        received: exactNumbers,
      },
    )
  const endpoint = createEndpoint(options)
  let last = 0
  const ask = async (method: string, params: unknown, signal: AbortSignal): Promise<unknown> => {
    const id = ++last
    const answer = await endpoint.exchange({
      method,
      verb: 'POST',
      path: '',
      body: encodeCall(id, method, params),
      type: 'application/json',
      signal,
    })
    const exact = exactNumbers === 'all' || exactNumbers.includes(method)
    return readAnswer(endpoint, id, method, answer, exact)
  }
  return lift(endpoint, options, ask)
}

export declare namespace createHttpRpc {
  type Options = HttpOptions & {
    /** Methods whose numbers come as text, exactly as the node wrote them (Bitcoin's amounts are decimals); none unless told. */
    readonly exactNumbers?: 'all' | readonly string[]
  }
}

/** An answer to a REST request. 404 is one too: that something isn't there. */
export interface RestAnswer {
  readonly status: number
  readonly body: string
}

/**
 * REST over HTTP, in the same form, so that all middleware fits: the method is `GET` or `POST`, the parameters are a path and, for
 * `POST`, a text; the answer is a {@link RestAnswer} of status 2xx or 404. Others: 429 is `RpcRateLimited` (1205), 4xx `RpcRejected`
 * (1203) with the status as `code` and the text as `message`, 5xx `RpcUnreachable` (1202).
 *
 * @example
 * import { createHttpRest } from '@aitbc/core/rpc'
 * const esplora = createHttpRest({ url: 'https://blockstream.info/api' })
 * esplora.name // 'https://blockstream.info/…'
 */
export function createHttpRest(options: HttpOptions): Rpc {
  const endpoint = createEndpoint(options)
  const ask = async (verb: string, params: unknown, signal: AbortSignal): Promise<RestAnswer> => {
    const [path, body, ...more] = Array.isArray(params) ? params : []
    if (verb !== 'GET' && verb !== 'POST')
      throw CoreErrors.InvalidArgument(`method must be GET or POST, got ${show(verb)}`, {
        argument: 'method',
        received: verb,
      })
    if (
      typeof path !== 'string' ||
      !/^\/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$/.test(path) ||
      /(^|\/)\.\.?(\/|$)/.test(path)
    )
      throw CoreErrors.InvalidArgument(`params[0] must be a path that starts with "/", got ${show(path)}`, {
        argument: 'params[0]',
        received: path,
      })
    if (more.length > 0 || (verb === 'POST' ? typeof body !== 'string' : body !== undefined))
      throw CoreErrors.InvalidArgument(
        `params[1] must be ${verb === 'POST' ? 'a text' : 'absent'}, got ${show(typeof body)}`,
        { argument: 'params[1]', received: typeof body },
      )
    const what = `${verb} ${path.split('/')[1] ?? ''}`
    const answer = await endpoint.exchange({ method: what, verb, path, body, type: 'text/plain', signal })
    if ((answer.status >= 200 && answer.status < 300) || answer.status === 404) return answer
    throw statusError(endpoint, what, answer)
  }
  return lift(endpoint, options, ask)
}

/**
 * Asks a REST endpoint for a path, which starts with `/`. Codes: those of {@link createHttpRest}; 404 is an answer.
 *
 * @example
 * import { createHttpRest, get } from '@aitbc/core/rpc'
 * const esplora = createHttpRest({ url: 'https://blockstream.info/api' })
 * const { status, body } = await get(esplora, '/blocks/tip/height')
 * const height = status === 404 ? undefined : BigInt(body)
 */
export async function get(
  rest: Rpc,
  path: string,
  options?: { readonly signal?: AbortSignal },
): Promise<RestAnswer> {
  return (await rest.request('GET', [path], options)) as RestAnswer
}

/**
 * Sends a text to a path of a REST endpoint. Codes: those of {@link createHttpRest}; 404 is an answer.
 *
 * @example
 * import { createHttpRest, post } from '@aitbc/core/rpc'
 * const esplora = createHttpRest({ url: 'https://blockstream.info/api' })
 * declare const transaction: string // in hex
 * const { body: id } = await post(esplora, '/tx', transaction)
 */
export async function post(
  rest: Rpc,
  path: string,
  body: string,
  options?: { readonly signal?: AbortSignal },
): Promise<RestAnswer> {
  return (await rest.request('POST', [path, body], options)) as RestAnswer
}

// --- JSON-RPC

function encodeCall(id: number, method: string, params: unknown): string {
  try {
    return JSON.stringify({ jsonrpc: '2.0', id, method, params })
  } catch (cause) {
    // The cause names the kind of value and no value: params may hold what must not be seen.
    throw CoreErrors.InvalidArgument(`params of ${method} can't be written as JSON`, {
      argument: 'params',
      reason: (cause as Error).message,
    })
  }
}

function readAnswer(
  endpoint: Endpoint,
  id: number,
  method: string,
  answer: HttpAnswer,
  exact: boolean,
): unknown {
  const malformed = (why: string) =>
    CoreErrors.RpcMalformed(`${endpoint.name} answered ${method} with ${why}`, {
      endpoint: endpoint.name,
      method,
      status: answer.status,
      received: endpoint.scrub(answer.body.slice(0, 200)),
    })
  if (answer.status === 429) throw statusError(endpoint, method, answer)
  const { body } = answer
  let envelope: unknown
  try {
    envelope = JSON.parse(body)
  } catch {
    throw answer.status === 200 ? malformed('what is not JSON') : statusError(endpoint, method, answer)
  }
  if (typeof envelope !== 'object' || envelope === null || Array.isArray(envelope))
    throw answer.status === 200 ? malformed('no object') : statusError(endpoint, method, answer)
  const { jsonrpc, id: theirs, error = null, result } = envelope as Record<string, unknown>
  if (theirs === undefined && answer.status !== 200) throw statusError(endpoint, method, answer)
  if (jsonrpc !== undefined && jsonrpc !== '2.0' && jsonrpc !== '1.0')
    throw malformed(`jsonrpc ${show(jsonrpc)}`)
  if (error !== null) {
    const { code, message, data } = (typeof error === 'object' ? error : {}) as Record<string, unknown>
    // JSON-RPC 2.0, section 5: the id is null where the node could not read it.
    if (theirs !== id && theirs !== null) throw malformed(`the id ${show(theirs)} instead of ${id}`)
    if (typeof code !== 'number' || !Number.isInteger(code) || typeof message !== 'string')
      throw malformed('an error without code and message')
    if (result !== undefined && result !== null) throw malformed('a result and an error')
    throw rejection(endpoint, method, code, message, data)
  }
  if (theirs !== id) throw malformed(`the id ${show(theirs)} instead of ${id}`)
  if (result === undefined) throw malformed('neither result nor error')
  if (exact) return (parseExact(body) as { result: unknown }).result
  const unsafe = unsafeInteger(body)
  if (unsafe !== undefined) throw malformed(`the integer ${brief(unsafe)}, which needs exactNumbers`)
  return result
}

/** bitcoind's `RPC_IN_WARMUP`: the node is up, but not yet. */
const WARMING_UP = -28

function rejection(
  endpoint: Endpoint,
  method: string,
  code: number,
  message: string,
  data: unknown,
): AitbcError {
  const text = endpoint.scrub(message.slice(0, 500))
  const context = {
    endpoint: endpoint.name,
    method,
    code,
    message: text,
    ...(typeof data === 'string' ? { data: endpoint.scrub(data.slice(0, 2000)) } : {}),
  }
  return code === WARMING_UP
    ? CoreErrors.RpcUnreachable(`${endpoint.name} is starting: ${text}`, context)
    : CoreErrors.RpcRejected(`${endpoint.name} refused ${method}: ${text} (${code})`, context)
}

// --- HTTP

interface HttpAnswer {
  readonly status: number
  readonly body: string
  readonly retryAfterMs?: number
}

interface Exchange {
  /** Names the call in errors. */
  readonly method: string
  readonly verb: 'GET' | 'POST'
  readonly path: string
  readonly body: string | undefined
  readonly type: string
  readonly signal: AbortSignal
}

interface Endpoint {
  readonly name: string
  /** Blots out of a text whatever the caller's URL and headers hold that is secret. */
  scrub(text: string): string
  exchange(exchange: Exchange): Promise<HttpAnswer>
}

function lift(
  endpoint: Endpoint,
  options: HttpOptions,
  ask: (method: string, params: unknown, signal: AbortSignal) => Promise<unknown>,
): Rpc {
  const { timeoutMs = 30_000 } = options
  const rpc = fromEffect({ name: endpoint.name, assurance: 'reported' }, (method, params) =>
    Effect.tryPromise({
      try: (signal) => ask(method, params, signal),
      catch: (cause) => (isAitbcError(cause) ? cause : unreachable(endpoint, method, cause)),
    }),
  )
  return timeout(timeoutMs)(rpc)
}

function createEndpoint(options: HttpOptions): Endpoint {
  const { fetch = globalThis.fetch, headers = {}, maxBytes = 16_777_216 } = options
  const url = parseUrl(options.url)
  if (typeof fetch !== 'function')
    throw CoreErrors.InvalidArgument(`fetch must be a function, got ${show(fetch)}`, { argument: 'fetch' })
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1)
    throw CoreErrors.InvalidArgument(`maxBytes must be a whole number from 1, got ${show(maxBytes)}`, {
      argument: 'maxBytes',
      received: maxBytes,
    })
  for (const [header, value] of Object.entries(headers))
    if (typeof value !== 'string')
      throw CoreErrors.InvalidArgument(`headers["${header}"] must be a text`, {
        argument: `headers["${header}"]`,
        received: typeof value,
      })
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  const name = options.name ?? `${url.origin}${url.pathname === '/' && url.search === '' ? '' : '/…'}`
  const user = decodeURIComponent(url.username)
  const password = decodeURIComponent(url.password)
  const basic = user === '' && password === '' ? undefined : base64(`${user}:${password}`)
  const secrets = [
    basic,
    password,
    url.password,
    ...url.searchParams.values(),
    ...url.pathname.split('/').filter((part) => part.length >= 16),
    ...Object.values(headers)
      .flatMap((value) => [value, ...value.split(' ')])
      .filter((value) => value.length >= 8),
  ]
    .filter((secret): secret is string => secret !== undefined && secret.length >= 3)
    .sort((a, b) => b.length - a.length)
  const scrub = (text: string) => secrets.reduce((out, secret) => out.replaceAll(secret, '***'), text)
  const endpoint: Endpoint = {
    name,
    scrub,
    async exchange({ method, verb, path, body, type, signal }) {
      let response: Response
      try {
        response = await fetch(`${base}${path}${url.search}`, {
          method: verb,
          headers: {
            ...(body === undefined ? {} : { 'content-type': type }),
            ...(basic === undefined ? {} : { authorization: `Basic ${basic}` }),
            ...headers,
          },
          ...(body === undefined ? {} : { body }),
          // A redirect would take the caller's credentials to another place.
          redirect: 'error',
          credentials: 'omit',
          cache: 'no-store',
          referrerPolicy: 'no-referrer',
          signal,
        })
      } catch (cause) {
        throw unreachable(endpoint, method, cause)
      }
      const retryAfter = Number(response.headers?.get('retry-after') ?? Number.NaN)
      return {
        status: response.status,
        body: await readBody(endpoint, method, response, maxBytes),
        ...(retryAfter >= 0 ? { retryAfterMs: retryAfter * 1000 } : {}),
      }
    },
  }
  return endpoint
}

/** Reads a body as UTF-8, and no more of it than allowed. */
async function readBody(
  endpoint: Endpoint,
  method: string,
  response: Response,
  maxBytes: number,
): Promise<string> {
  const tooLarge = () =>
    CoreErrors.RpcTooLarge(`${endpoint.name} answered ${method} with more than ${maxBytes} bytes`, {
      endpoint: endpoint.name,
      method,
      maxBytes,
    })
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    if (Number(response.headers.get('content-length')) > maxBytes) throw tooLarge()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      size += value.length
      if (size > maxBytes) throw tooLarge()
      chunks.push(value)
    }
  } catch (cause) {
    reader.cancel().catch(() => undefined)
    throw isAitbcError(cause) ? cause : unreachable(endpoint, method, cause)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw CoreErrors.RpcMalformed(`${endpoint.name} answered ${method} with what is not UTF-8`, {
      endpoint: endpoint.name,
      method,
    })
  }
}

function statusError(endpoint: Endpoint, method: string, answer: HttpAnswer): AitbcError {
  const { status, retryAfterMs } = answer
  const message = endpoint.scrub(answer.body.slice(0, 500))
  const context = { endpoint: endpoint.name, method, code: status, message }
  const text = `${endpoint.name} answered ${method} with HTTP ${status}`
  if (status === 429)
    return CoreErrors.RpcRateLimited(
      text,
      retryAfterMs === undefined ? context : { ...context, retryAfterMs },
    )
  if (status >= 400 && status < 500) return CoreErrors.RpcRejected(text, context)
  if (status >= 500) return CoreErrors.RpcUnreachable(text, context)
  return CoreErrors.RpcMalformed(text, context)
}

/** The cause is told in words, not kept: fetch implementations put the whole URL into theirs. */
function unreachable(endpoint: Endpoint, method: string, cause: unknown): AitbcError {
  const texts: string[] = []
  for (let at: unknown = cause; at instanceof Error && texts.length < 4; at = at.cause) {
    const { code } = at as { code?: unknown }
    texts.push(at.message || (typeof code === 'string' ? code : at.name))
  }
  const why = endpoint.scrub(texts.join(': ') || 'failed').slice(0, 300)
  return CoreErrors.RpcUnreachable(`${endpoint.name} can't be reached for ${method}: ${why}`, {
    endpoint: endpoint.name,
    method,
    reason: why,
  })
}

function parseUrl(value: unknown): URL {
  const wrong = () =>
    // Of a text that can't be read nobody knows where its secret part begins.
    CoreErrors.InvalidArgument(
      `url must be an http: or https: URL, got ${typeof value === 'string' ? `${show(value.slice(0, 8))}…` : show(value)}`,
      { argument: 'url' },
    )
  let url: URL
  try {
    url = new URL(value as string)
  } catch {
    throw wrong()
  }
  if (typeof value !== 'string' || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw wrong()
  return url
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}

function brief(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text
}
