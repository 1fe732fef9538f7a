import { Agent, request } from 'node:http'
import { DevnetErrors } from '../errors.js'

/** Calls one method of a node and returns its `result`; `NodeRejected` (6004) or `NodeUnreachable` (6005) otherwise. */
export type Rpc = <T = unknown>(method: string, ...params: readonly unknown[]) => Promise<T>

/** Where a node listens, and the `Authorization` header that it wants. */
export interface Endpoint {
  readonly name: string
  readonly url: string
  readonly authorization?: string | undefined
}

const TIMEOUT_MS = 60_000

/** A JSON-RPC client for a local node, and how to close its idle connections. */
export function client(endpoint: Endpoint): { readonly rpc: Rpc; readonly close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  let id = 0

  const post = (body: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request(
        endpoint.url,
        {
          method: 'POST',
          agent,
          timeout: TIMEOUT_MS,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            ...(endpoint.authorization === undefined ? {} : { authorization: endpoint.authorization }),
          },
        },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (chunk: string) => {
            text += chunk
          })
          answer.on('error', reject)
          answer.on('end', () =>
            text === '' ? reject(new Error(`HTTP ${answer.statusCode}`)) : resolve(text),
          )
        },
      )
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
      sent.on('error', reject)
      sent.end(body)
    })

  const rpc: Rpc = async <T>(method: string, ...params: readonly unknown[]): Promise<T> => {
    id += 1
    let reply: { result?: unknown; error?: { code: number; message: string } | null }
    try {
      reply = JSON.parse(await post(JSON.stringify({ jsonrpc: '2.0', id, method, params })))
    } catch (cause) {
      const message = `${endpoint.name} gave no answer to ${method}: ${(cause as Error).message}`
      throw DevnetErrors.NodeUnreachable(message, { method, url: endpoint.url }, { cause })
    }
    if (reply.error) {
      const { code, message } = reply.error
      throw DevnetErrors.NodeRejected(`${endpoint.name} refused ${method}: ${message}`, {
        method,
        code,
        message,
      })
    }
    return reply.result as T
  }

  return { rpc, close: () => agent.destroy() }
}
