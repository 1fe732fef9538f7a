import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isAitbcError } from '@aitbc/core'
import { type WebSocket, WebSocketServer } from 'ws'
import { DevnetErrors } from '../../errors.js'
import { listen, stop } from '../../internal/httpServer.js'
import type { Ledger } from '../ledger.js'
import { stringify } from './json.js'
import { CODES, refusal } from './params.js'
import * as Subscriptions from './subscriptions.js'
import type { Methods } from './views.js'

/** A running RPC server. */
export interface RpcServer {
  readonly url: string
  readonly webSocketUrl: string
  readonly close: () => Promise<void>
}

/** Bytes of a request, as agave allows. */
const MOST_BODY = 50 * 1024
const MOST_BATCH = 1_000
/** Bytes that may wait for a reader of notifications before it is let go. */
const MOST_WAITING = 64 << 20
/** Pings that a client may leave without an answer. */
const MOST_PINGS = 1_000
const MOST_PORTS = 50

interface Request {
  readonly id: string | number | null
  readonly method: string
  readonly params: readonly unknown[]
}

/**
 * Serves the methods by HTTP on a port of 127.0.0.1, and with subscriptions by WebSocket on the next port, where clients of a validator
 * look for it.
 */
export async function serve(ledger: Ledger, methods: Methods): Promise<RpcServer> {
  const http = createServer((request, response) => {
    handle(request, response, methods)
  })
  const upgrades = createServer((_, response) => {
    response.writeHead(405, { 'content-type': 'text/plain' }).end('WebSocket only\n')
  })
  // An idle connection isn't closed under a client that is about to use it again.
  http.keepAliveTimeout = 0
  const port = await listenOnPair(http, upgrades)
  const sockets = new WebSocketServer({ server: upgrades, maxPayload: MOST_BODY })
  sockets.on('connection', (socket) => {
    connect(socket, ledger, methods)
  })
  upgrades.unref()
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
    await Promise.all([http, upgrades].map(stop))
  }
  return {
    url: `http://127.0.0.1:${port}`,
    webSocketUrl: `ws://127.0.0.1:${port + 1}`,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

/** Two free ports in a row: the system names the first one, and somebody may have the second. */
async function listenOnPair(first: Server, second: Server): Promise<number> {
  for (let i = 0; i < MOST_PORTS; i++) {
    const port = await listen(first)
    if (port < 65_535) {
      second.listen(port + 1, '127.0.0.1')
      const taken = await once(second, 'listening').then(
        () => false,
        () => true,
      )
      if (!taken) return port
    }
    await stop(first)
  }
  throw DevnetErrors.PortInUse(`no two free ports in a row on 127.0.0.1 after ${MOST_PORTS} tries`)
}

function handle(request: IncomingMessage, response: ServerResponse, methods: Methods): void {
  response.setHeader('access-control-allow-origin', '*')
  const say = (status: number, body: string, type = 'text/plain') =>
    response.writeHead(status, { 'content-type': type }).end(body)
  if (request.method === 'OPTIONS') {
    response.setHeader('access-control-allow-methods', 'POST, OPTIONS')
    response.setHeader('access-control-allow-headers', '*')
    say(204, '')
    return
  }
  if (request.method === 'GET' && request.url === '/health') {
    say(200, 'ok')
    return
  }
  if (request.method !== 'POST') {
    say(405, 'Used HTTP Method is not allowed. POST or OPTIONS is required\n')
    return
  }
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    say(415, 'Supplied content type is not allowed. Content-Type: application/json is required\n')
    return
  }
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    if (size > MOST_BODY) return
    size += chunk.length
    chunks.push(chunk)
    if (size <= MOST_BODY) return
    response.setHeader('connection', 'close')
    say(413, 'Payload too large\n')
    request.resume()
  })
  request.on('error', () => response.destroy())
  request.on('end', () => {
    if (size > MOST_BODY) return
    say(
      200,
      answerAll(Buffer.concat(chunks).toString('utf8'), (it) => ({ result: run(methods, it) })),
      'application/json',
    )
  })
}

function run(methods: Methods, { method, params }: Request): unknown {
  const found = Object.hasOwn(methods, method) ? methods[method] : undefined
  if (found === undefined) throw refusal(CODES.method, 'Method not found')
  return found(params)
}

function connect(socket: WebSocket, ledger: Ledger, methods: Methods): void {
  const send = (text: string) => {
    if (socket.bufferedAmount > MOST_WAITING) socket.terminate()
    else if (socket.readyState === socket.OPEN) socket.send(text)
  }
  const subscriptions = Subscriptions.create(ledger, (method, subscription, result) => {
    send(stringify({ jsonrpc: '2.0', method, params: { result, subscription } }))
  })
  const waiting = new Map<string, readonly (() => void)[]>()
  let pings = 0
  socket.on('message', (data) => {
    const after: (() => void)[] = []
    const text = answerAll(String(data), (it) => {
      const found = subscriptions.call(it.method, it.params)
      if (found === undefined) return { result: run(methods, it) }
      if (found.later !== undefined) after.push(found.later)
      return found
    })
    send(text)
    if (after.length === 0 || socket.readyState !== socket.OPEN) return
    if (waiting.size >= MOST_PINGS) {
      socket.terminate()
      return
    }
    // A validator tells what has happened before with its next slot, when the client listens. Here its pong says that the answer has arrived.
    waiting.set(String(++pings), after)
    socket.ping(String(pings))
  })
  socket.on('pong', (data) => {
    const known = waiting.get(String(data)) ?? []
    waiting.delete(String(data))
    for (const next of known) next()
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', subscriptions.close)
}

/** The answer to a request or to a batch of them, whatever it is. */
function answerAll(text: string, call: (request: Request) => { readonly result: unknown }): string {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return stringify(failure(null, CODES.parse, 'Parse error'))
  }
  if (!Array.isArray(body)) return stringify(answer(body, call))
  if (body.length === 0 || body.length > MOST_BATCH)
    return stringify(failure(null, CODES.request, 'Invalid request'))
  return stringify(body.map((it) => answer(it, call)))
}

function answer(body: unknown, call: (request: Request) => { readonly result: unknown }): unknown {
  const { jsonrpc, id = null, method, params = [] } = (body ?? {}) as Readonly<Record<string, unknown>>
  const named = id === null || typeof id === 'string' || typeof id === 'number'
  if (jsonrpc !== '2.0' || typeof method !== 'string' || !named)
    return failure(null, CODES.request, 'Invalid request')
  if (!Array.isArray(params))
    return failure(id, CODES.params, 'Invalid params: parameters come by their position.')
  try {
    return { jsonrpc, result: call({ id, method, params }).result, id }
  } catch (error) {
    if (!isAitbcError(error, 'HttpRefused')) return failure(id, CODES.internal, 'Internal error')
    const { code, data } = error.context as { readonly code: number; readonly data?: unknown }
    return failure(id, code, error.message, data)
  }
}

function failure(id: unknown, code: number, message: string, data?: unknown): unknown {
  return { jsonrpc: '2.0', error: { code, message, ...(data === undefined ? {} : { data }) }, id }
}
