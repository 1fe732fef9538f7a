import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer, type Source } from './routes.js'

/** A running Esplora façade. */
export interface EsploraServer {
  readonly url: string
  readonly close: () => Promise<void>
}

const MOST_BODY = 1_000_000

/** Serves Esplora's REST interface on a free port of 127.0.0.1. */
export async function serve(source: Source): Promise<EsploraServer> {
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*')
    if (request.method === 'OPTIONS') {
      response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS')
      response.setHeader('access-control-allow-headers', 'content-type')
      response.writeHead(204).end()
      return
    }
    let body = ''
    let refused = false
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      if (refused) return
      body += chunk
      if (body.length <= MOST_BODY) return
      refused = true
      response.writeHead(413, { 'content-type': 'text/plain', connection: 'close' })
      response.end('Request body too large')
    })
    request.on('error', () => response.destroy())
    request.on('end', () => {
      if (refused) return
      const path = (request.url ?? '/').split('?', 1)[0] as string
      answer(source, request.method ?? 'GET', path, body).then(
        (reply) => {
          response.writeHead(reply.status, { 'content-type': reply.type, 'cache-control': 'no-store' })
          response.end(reply.body)
        },
        () => response.destroy(),
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
