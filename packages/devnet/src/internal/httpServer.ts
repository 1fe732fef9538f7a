import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Begins to listen on a free port of 127.0.0.1, and keeps no process alive; gives the port. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return (server.address() as AddressInfo).port
}

/** Stops listening, and breaks what is connected. */
export async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

/** Lets pages of any origin ask with GET and POST. True for a request that asked for no more than that, and is answered with it. */
export function welcome(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('access-control-allow-origin', '*')
  if (request.method !== 'OPTIONS') return false
  response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS')
  response.setHeader('access-control-allow-headers', 'content-type')
  response.writeHead(204).end()
  return true
}

/** Reads a request's text, and then goes on with it; one of more than `most` characters is refused (413). */
export function read(
  request: IncomingMessage,
  response: ServerResponse,
  most: number,
  then: (body: string) => void,
): void {
  let body = ''
  let refused = false
  request.setEncoding('utf8')
  request.on('data', (chunk: string) => {
    if (refused) return
    body += chunk
    if (body.length <= most) return
    refused = true
    response.writeHead(413, { 'content-type': 'text/plain', connection: 'close' })
    response.end('Request body too large')
  })
  request.on('error', () => response.destroy())
  request.on('end', () => {
    if (!refused) then(body)
  })
}
