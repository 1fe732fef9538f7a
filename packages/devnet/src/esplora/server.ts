import { createServer } from 'node:http'
import { listen, read, stop, welcome } from '../internal/httpServer.js'
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
    if (welcome(request, response)) return
    read(request, response, MOST_BODY, (body) => {
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
  const port = await listen(server)
  return { url: `http://127.0.0.1:${port}`, close: () => stop(server) }
}
