import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { listen, read, stop, welcome } from '../internal/httpServer.js'
import * as EventQuery from './eventQuery.js'
import { type Method, RpcFault } from './rpcMethods.js'

/** A running RPC server on 127.0.0.1. */
export interface RpcServer {
  readonly url: string
  readonly webSocketUrl: string
  /** Tells all who subscribed to such events. */
  readonly publish: (tags: EventQuery.Tags, data: unknown) => void
  readonly close: () => Promise<void>
}

type Id = string | number | null

interface Subscription {
  readonly id: Id
  readonly query: string
  readonly conditions: NonNullable<ReturnType<typeof EventQuery.parse>>
}

const MOST_BODY = 2_000_000
const MOST_SUBSCRIPTIONS = 100

/** Serves CometBFT's JSON-RPC: POST (single and batch), GET, and `/websocket` with subscriptions. */
export async function serve(methods: Readonly<Record<string, Method>>): Promise<RpcServer> {
  const sockets = new Map<WebSocket, Map<string, Subscription>>()

  const error = (id: Id, code: number, message: string, data?: string) => ({
    ...{ jsonrpc: '2.0', id },
    error: { code, message, ...(data === undefined ? {} : { data }) },
  })
  async function call(request: unknown, more: Readonly<Record<string, Method>> = {}): Promise<unknown> {
    const { id: given, method, params } = (request ?? {}) as { id?: Id; method?: unknown; params?: unknown }
    const id = given ?? -1
    const run = typeof method === 'string' ? (more[method] ?? methods[method]) : undefined
    if (run === undefined) return error(id, -32601, 'Method not found')
    try {
      return { jsonrpc: '2.0', id, result: await run((params ?? {}) as Record<string, unknown>) }
    } catch (cause) {
      if (cause instanceof RpcFault) return error(id, cause.code, cause.message, cause.data)
      return error(id, -32603, 'Internal error', cause instanceof Error ? cause.message : 'unknown')
    }
  }
  async function answer(body: string, more?: Readonly<Record<string, Method>>): Promise<unknown> {
    let request: unknown
    try {
      request = JSON.parse(body)
    } catch {
      return error(null, -32700, 'Parse error. Invalid JSON')
    }
    return Array.isArray(request) ? Promise.all(request.map((it) => call(it, more))) : call(request, more)
  }

  const server = createServer((request, response) => {
    if (welcome(request, response)) return
    const reply = (value: unknown) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(value))
    }
    if (request.method === 'GET') {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
      const params = Object.fromEntries(
        [...searchParams].map(([key, value]) => [
          key,
          value === 'true' ? true : value.startsWith('"') ? value.slice(1, -1) : value,
        ]),
      )
      call({ id: -1, method: pathname.slice(1), params }).then(reply, () => response.destroy())
      return
    }
    read(request, response, MOST_BODY, (body) => {
      answer(body).then(reply, () => response.destroy())
    })
  })

  const webSockets = new WebSocketServer({ server, path: '/websocket', maxPayload: MOST_BODY })
  webSockets.on('connection', (socket) => {
    const subscriptions = new Map<string, Subscription>()
    sockets.set(socket, subscriptions)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.terminate())
    socket.on('message', (data) => {
      const body = String(data)
      const subscribing = (id: Id): Readonly<Record<string, Method>> => ({
        subscribe: ({ query }) => {
          const text = String(query)
          const conditions = EventQuery.parse(text)
          if (conditions === undefined)
            throw new RpcFault(-32603, 'Internal error', `failed to parse query: ${text}`)
          if (subscriptions.has(text) || subscriptions.size >= MOST_SUBSCRIPTIONS)
            throw new RpcFault(-32603, 'Internal error', 'already subscribed')
          subscriptions.set(text, { id, query: text, conditions })
          return {}
        },
        unsubscribe: ({ query }) => {
          if (!subscriptions.delete(String(query)))
            throw new RpcFault(-32603, 'Internal error', 'subscription not found')
          return {}
        },
        unsubscribe_all: () => {
          subscriptions.clear()
          return {}
        },
      })
      answer(body, subscribing(idOf(body))).then(
        (value) => socket.send(JSON.stringify(value)),
        () => socket.terminate(),
      )
    })
  })

  // A connection that waits is closed by its client alone: closed by the server at the same moment as the client uses it again, it
  // would look like a node that is gone.
  server.keepAliveTimeout = 0
  server.headersTimeout = 0
  server.requestTimeout = 0
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}`,
    webSocketUrl: `ws://127.0.0.1:${port}/websocket`,
    publish: (tags, data) => {
      for (const [socket, subscriptions] of sockets)
        for (const { id, query, conditions } of subscriptions.values())
          if (EventQuery.matches(conditions, tags))
            socket.send(
              JSON.stringify({
                ...{ jsonrpc: '2.0', id },
                result: { query, data, events: Object.fromEntries(tags) },
              }),
            )
    },
    close: async () => {
      for (const socket of sockets.keys()) socket.terminate()
      webSockets.close()
      await stop(server)
    },
  }
}

function idOf(body: string): Id {
  try {
    return (JSON.parse(body) as { id?: Id }).id ?? -1
  } catch {
    return null
  }
}
