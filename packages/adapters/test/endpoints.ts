import { once } from 'node:events'
import { createServer, request as forward, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { closedUrl } from '@aitbc/devnet'

/** Where an adapter of the contract suite asks. */
export type Endpoint =
  /** The local chain itself. */
  | { readonly kind: 'node' }
  /** The local chain, behind somebody who reads along: each request as text. */
  | { readonly kind: 'spied'; readonly saw: (request: string) => void }
  /** Nobody listens there. */
  | { readonly kind: 'down' }
  /** Takes every request, and never answers. */
  | { readonly kind: 'silent' }

/** HTTP addresses for each kind of {@link Endpoint} in front of a node; `close` stops what was started for them. */
export function createEndpoints(target: string): {
  url(endpoint: Endpoint): Promise<string>
  close(): Promise<void>
} {
  const servers: Server[] = []
  const serve = async (server: Server): Promise<string> => {
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    server.unref()
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  return {
    async url(endpoint) {
      if (endpoint.kind === 'node') return target
      if (endpoint.kind === 'down') return closedUrl()
      if (endpoint.kind === 'silent') return serve(createServer(() => undefined))
      return serve(
        createServer((request, response) => {
          const chunks: Buffer[] = []
          request.on('data', (chunk: Buffer) => chunks.push(chunk))
          request.on('end', () => {
            const body = Buffer.concat(chunks)
            endpoint.saw(`${request.url ?? ''}\n${body.toString('latin1')}`)
            const { host: _, connection: __, ...headers } = request.headers
            const base = new URL(target)
            const url = new URL(base.pathname.replace(/\/$/, '') + (request.url ?? '/'), base)
            const passed = forward(
              url,
              { method: request.method ?? 'POST', headers, agent: false },
              (answer) => {
                response.writeHead(answer.statusCode ?? 502, answer.headers)
                answer.pipe(response)
              },
            )
            passed.on('error', () => request.socket.destroy())
            passed.end(body)
          })
        }),
      )
    },
    async close() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
      servers.length = 0
    },
  }
}
