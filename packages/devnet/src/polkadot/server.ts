import { createServer } from 'node:http'
import { isAitbcError } from '@aitbc/core'
import { type RawData, WebSocketServer } from 'ws'
import { listen, stop } from '../internal/httpServer.js'

/** A running JSON-RPC server. */
export interface RpcServer {
  readonly url: string
  readonly close: () => Promise<void>
}

/** One client's own side: what it subscribed to is cancelled when it leaves. */
export interface Session {
  call(method: string, params: readonly unknown[]): Promise<unknown>
  subscribe(method: string, params: readonly unknown[], onData: (data: unknown) => void): Promise<string>
  unsubscribe(method: string, id: string): Promise<boolean>
  close(): Promise<void>
}

const MOST_BYTES = 16_000_000
/** Methods that begin a subscription, with the name that its notifications bear and the method that ends it. */
const SUBSCRIPTIONS: Readonly<Record<string, readonly [notification: string, end: string]>> = {
  author_submitAndWatchExtrinsic: ['author_extrinsicUpdate', 'author_unwatchExtrinsic'],
  chain_subscribeAllHeads: ['chain_allHead', 'chain_unsubscribeAllHeads'],
  chain_subscribeFinalizedHeads: ['chain_finalizedHead', 'chain_unsubscribeFinalizedHeads'],
  chain_subscribeNewHead: ['chain_newHead', 'chain_unsubscribeNewHead'],
  chain_subscribeNewHeads: ['chain_newHead', 'chain_unsubscribeNewHeads'],
  state_subscribeRuntimeVersion: ['state_runtimeVersion', 'state_unsubscribeRuntimeVersion'],
  state_subscribeStorage: ['state_storage', 'state_unsubscribeStorage'],
}
const ENDS: ReadonlySet<string> = new Set(Object.values(SUBSCRIPTIONS).map(([, end]) => end))

/** Serves JSON-RPC 2.0 over WebSocket on a free port of 127.0.0.1. */
export async function serveRpc(open: () => Session): Promise<RpcServer> {
  const http = createServer()
  const server = new WebSocketServer({ server: http, maxPayload: MOST_BYTES })
  const port = await listen(http)
  server.on('connection', (socket) => {
    const session = open()
    const send = (message: object) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }))
    }
    socket.on('error', () => socket.terminate())
    socket.on('close', () => void session.close())
    socket.on('message', async (data: RawData) => {
      const request = parse(data)
      if (request === undefined) return send({ id: null, error: { code: -32700, message: 'Parse error' } })
      const { id, method, params } = request
      try {
        send({ id, result: await answer(session, method, params, send) })
      } catch (error) {
        send({ id, error: toError(error) })
      }
    })
  })
  return {
    url: `ws://127.0.0.1:${port}`,
    close: async () => {
      server.close()
      for (const socket of server.clients) socket.terminate()
      await stop(http)
    },
  }
}

async function answer(
  session: Session,
  method: string,
  params: readonly unknown[],
  send: (message: object) => void,
): Promise<unknown> {
  const subscription = SUBSCRIPTIONS[method]
  if (subscription !== undefined) {
    const waiting: unknown[] = []
    let id: string | undefined
    const notify = (result: unknown) =>
      send({ method: subscription[0], params: { subscription: id, result } })
    id = await session.subscribe(method, params, (data) => {
      if (id === undefined) waiting.push(data)
      else notify(data)
    })
    // The answer that names the subscription goes first.
    queueMicrotask(() => {
      for (const data of waiting) notify(data)
    })
    return id
  }
  return ENDS.has(method) ? session.unsubscribe(method, String(params[0])) : session.call(method, params)
}

function parse(
  data: RawData,
): { readonly id: unknown; readonly method: string; readonly params: readonly unknown[] } | undefined {
  try {
    const { id, method, params = [] } = JSON.parse(String(data))
    return typeof method === 'string' && Array.isArray(params) ? { id, method, params } : undefined
  } catch {
    return undefined
  }
}

/** A refusal in the words of JSON-RPC; a client's library shows code, message and data. */
function toError(error: unknown): {
  readonly code: number
  readonly message: string
  readonly data?: string
} {
  const { code, data } = (isAitbcError(error, 'NodeRejected') ? error.context : (error ?? {})) as {
    readonly code?: unknown
    readonly data?: unknown
  }
  return {
    code: typeof code === 'number' ? code : -32603,
    message: error instanceof Error ? error.message : String(error),
    ...(typeof data === 'string' ? { data } : {}),
  }
}
