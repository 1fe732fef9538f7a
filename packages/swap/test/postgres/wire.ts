// A wire between clients and the server that can be cut: before a request arrives, after it was carried out, or so that it arrives much
// later than its sender gave up.
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** `lost`: the request never arrives; `unanswered`: it is carried out, and the answer never comes; `late`: as `lost`, until `deliver`. */
export type Cut = 'lost' | 'unanswered' | 'late'

export interface Wire {
  readonly host: string
  /** Decides for each statement that is sent. */
  judge: (statement: string) => Cut | undefined
  /** Statements that were cut so far. */
  readonly cuts: string[]
  /** Lets the late ones arrive; resolves when the server has carried them out. */
  deliver(): Promise<void>
  /** Resolves when the server has carried out all that it was not let answer. */
  carriedOut(): Promise<void>
  stop(): Promise<void>
}

export async function create(socket: string): Promise<Wire> {
  const host = mkdtempSync(join(tmpdir(), 'aitbc-wire-'))
  const all = new Set<Socket>()
  const late: (() => Promise<void>)[] = []
  const unanswered: Promise<void>[] = []
  const wire: Wire = {
    host,
    judge: () => undefined,
    cuts: [],
    async deliver() {
      for (const one of late.splice(0)) await one()
    },
    async carriedOut() {
      await Promise.all(unanswered.splice(0))
    },
    async stop() {
      for (const one of all) one.destroy()
      await new Promise((resolve) => listener.close(resolve))
      rmSync(host, { recursive: true, force: true })
    },
  }
  const listener = createServer((client) => {
    const server = createConnection(socket)
    let cut: Cut | undefined
    for (const one of [client, server]) {
      all.add(one)
      one.on('error', () => undefined)
      one.on('close', () => all.delete(one))
    }
    client.on('data', (bytes) => {
      const text = bytes.toString('latin1')
      cut = /SELECT|INSERT|UPDATE|DELETE/.test(text) ? wire.judge(text) : undefined
      if (cut === undefined || cut === 'unanswered') server.write(bytes)
      if (cut === undefined) return
      wire.cuts.push(text)
      if (cut === 'unanswered')
        unanswered.push(new Promise((resolve) => server.once('close', () => resolve())))
      if (cut === 'lost') server.destroy()
      if (cut === 'late')
        late.push(() => {
          const answered = new Promise<void>((resolve) => server.once('data', () => resolve()))
          server.write(bytes)
          return answered.then(() => void server.destroy())
        })
      if (cut !== 'unanswered') client.destroy()
    })
    server.on('data', (bytes) => {
      // The server answers with one flush, after the commit.
      if (cut === undefined) client.write(bytes)
      else if (cut === 'unanswered') {
        client.destroy()
        server.destroy()
      }
    })
    client.on('close', () => {
      // Whoever dies meanwhile doesn't keep the server from carrying it out, nor this wire from seeing that it did.
      if (cut !== 'late' && cut !== 'unanswered') server.destroy()
    })
    server.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(join(host, '.s.PGSQL.5432'), resolve)
  })
  return wire
}
