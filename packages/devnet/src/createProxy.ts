import { once } from 'node:events'
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import { refuse } from './internal/guards.js'
import { listen, stop } from './internal/httpServer.js'
import { freePort } from './internal/ports.js'

/** What goes wrong with an answer. */
export type Fault =
  /** The connection breaks and no answer comes; the node never sees the request. */
  | { readonly kind: 'close' }
  /** The node does what it is asked, and the connection breaks before its answer arrives. */
  | { readonly kind: 'swallow' }
  /** The answer breaks off after so many bytes. */
  | { readonly kind: 'cut'; readonly after: number }
  /** The answer is kept back until `release()`: a delay without a clock. */
  | { readonly kind: 'hold' }
  /** Another HTTP status, and a body of choice. */
  | { readonly kind: 'status'; readonly status: number; readonly body?: string }
  /** A JSON-RPC error instead of the result. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  /** A lie: another JSON-RPC result, made from the true one and the request's parameters. */
  | { readonly kind: 'result'; readonly of: (result: unknown, params: readonly unknown[]) => unknown }
  /** A lie: another body, made from the true one and the request's path. Also garbles. */
  | { readonly kind: 'body'; readonly of: (body: string, path: string) => string }

/** Which requests a fault meets: all that match both, from the `after`-th on, at most `times` of them. */
export interface Rule {
  /** JSON-RPC method; any by default. */
  readonly method?: string | RegExp
  /** HTTP path; any by default. */
  readonly path?: string | RegExp
  /** So many matching requests pass unharmed first; 0 by default. */
  readonly after?: number
  /** So many requests are met; all by default. */
  readonly times?: number
  readonly fault: Fault
}

/** A request that came through. */
export interface Exchange {
  /** JSON-RPC methods of the request, several in a batch, none with REST. */
  readonly methods: readonly string[]
  readonly path: string
  /** The fault it met, if any. */
  readonly fault: Fault['kind'] | undefined
}

/** A proxy in front of a node, on 127.0.0.1. */
export interface FaultProxy extends AsyncDisposable {
  readonly url: string
  /** Adds a rule; the first that matches counts. Returns what takes it away again. */
  rule(rule: Rule): () => void
  /** Takes all rules away; answers that are held stay held. */
  clear(): void
  /** How many answers are held; {@link FaultProxy.whenHeld} waits for one. */
  held(): number
  /** Resolves as soon as an answer is held. */
  whenHeld(): Promise<void>
  /** Lets all held answers go. */
  release(): void
  /** What came through, oldest first; at most the last 10,000. */
  readonly exchanges: readonly Exchange[]
  /** Stops: open connections break, new ones are refused. */
  close(): Promise<void>
}

const MOST_EXCHANGES = 10_000
const MOST_BYTES = 64 << 20

/**
 * A proxy in front of a node's HTTP interface (JSON-RPC or REST) that fails or lies by rule, for tests of what a
 * client does then. Headers, such as `Authorization`, pass through.
 *
 * Errors: 6007 `InvalidDevnetArgument` (`target` is no `http:` address).
 *
 * @example
 * import { createDevnet, createProxy } from '@aitbc/devnet'
 * await using devnet = await createDevnet({ bitcoin: false })
 * await using proxy = await createProxy(devnet.evm.url)
 * proxy.rule({ method: 'eth_blockNumber', fault: { kind: 'result', of: () => '0xffff' } })
 */
export async function createProxy(target: string, rules: readonly Rule[] = []): Promise<FaultProxy> {
  if (!URL.canParse(target) || new URL(target).protocol !== 'http:')
    refuse('target', 'an http: address', target)
  const active: { readonly rule: Rule; seen: number }[] = rules.map((rule) => ({ rule, seen: 0 }))
  const exchanges: Exchange[] = []
  const releases = new Set<() => void>()
  const watchers = new Set<() => void>()

  const ruleFor = (methods: readonly string[], path: string): Rule | undefined => {
    for (const entry of active) {
      const { method, path: wanted, after = 0, times = Number.POSITIVE_INFINITY } = entry.rule
      if (method !== undefined && !methods.some((name) => matches(method, name))) continue
      if (wanted !== undefined && !matches(wanted, path)) continue
      entry.seen += 1
      if (entry.seen > after && entry.seen <= after + times) return entry.rule
    }
    return undefined
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readAll(request)
    const path = request.url ?? '/'
    const calls = parseCalls(body.toString('utf8'))
    const methods = calls.map(({ method }) => method)
    const rule = ruleFor(methods, path)
    const fault = rule?.fault
    exchanges.push({ methods, path, fault: fault?.kind })
    if (exchanges.length > MOST_EXCHANGES) exchanges.shift()
    if (fault?.kind === 'close') {
      request.socket.destroy()
      return
    }
    if (fault?.kind === 'status') {
      response.writeHead(fault.status, { 'content-type': 'text/plain' }).end(fault.body ?? '')
      return
    }
    const answer = await pass(target, request, body)
    if (fault?.kind === 'swallow') {
      request.socket.destroy()
      return
    }
    if (fault?.kind === 'hold')
      await new Promise<void>((resolve) => {
        releases.add(resolve)
        for (const watcher of watchers) watcher()
        watchers.clear()
      })
    const bent = rule === undefined ? answer.body : bend(rule, answer.body, calls, path)
    response.writeHead(answer.status, { ...answer.headers, 'content-length': bent.length })
    if (fault?.kind === 'cut') {
      // The headers promise the whole: the client sees a body that ends too soon.
      response.write(bent.subarray(0, fault.after), () => request.socket.destroy())
      return
    }
    response.end(bent)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy())
  })
  const port = await listen(server)

  const release = (): void => {
    for (const resolve of releases) resolve()
    releases.clear()
  }
  const close = async (): Promise<void> => {
    release()
    if (server.listening) await stop(server)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    rule: (rule) => {
      const entry = { rule, seen: 0 }
      active.push(entry)
      return () => {
        const at = active.indexOf(entry)
        if (at >= 0) active.splice(at, 1)
      }
    },
    clear: () => {
      active.length = 0
    },
    held: () => releases.size,
    whenHeld: () => (releases.size > 0 ? Promise.resolve() : new Promise((resolve) => watchers.add(resolve))),
    release,
    exchanges,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The address of a node that isn't there: every connection is refused. */
export async function closedUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`
}

interface Call {
  readonly id: unknown
  readonly method: string
  readonly params: readonly unknown[]
}

function parseCalls(body: string): readonly Call[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return []
  }
  return (Array.isArray(parsed) ? parsed : [parsed]).flatMap((call) =>
    typeof call?.method === 'string'
      ? [{ id: call.id, method: call.method, params: Array.isArray(call.params) ? call.params : [] }]
      : [],
  )
}

function bend({ method, fault }: Rule, body: Buffer, calls: readonly Call[], path: string): Buffer {
  if (fault.kind === 'body') return Buffer.from(fault.of(body.toString('utf8'), path))
  if (fault.kind !== 'error' && fault.kind !== 'result') return body
  const parsed = JSON.parse(body.toString('utf8')) as Answer | readonly Answer[]
  const change = (answer: Answer): Answer => {
    const call = calls.find(({ id }) => id === answer.id)
    if (method !== undefined && (call === undefined || !matches(method, call.method))) return answer
    const { result, error: _, ...rest } = answer
    if (fault.kind === 'error') return { ...rest, error: { code: fault.code, message: fault.message } }
    return { ...rest, result: fault.of(result, call?.params ?? []) }
  }
  return Buffer.from(JSON.stringify(Array.isArray(parsed) ? parsed.map(change) : change(parsed as Answer)))
}

interface Answer {
  readonly id: unknown
  readonly result?: unknown
  readonly error?: unknown
}

function matches(wanted: string | RegExp, value: string): boolean {
  return typeof wanted === 'string' ? wanted === value : wanted.test(value)
}

interface Passed {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

async function pass(target: string, request: IncomingMessage, body: Buffer): Promise<Passed> {
  const base = new URL(target)
  const url = new URL(base.pathname.replace(/\/$/, '') + (request.url ?? '/'), base)
  const { host: _, connection: __, ...headers } = request.headers
  const sent = forward(url, {
    ...(request.method === undefined ? {} : { method: request.method }),
    headers: { ...headers, 'content-length': body.length },
    agent: false,
  })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const kept: Record<string, string> = {}
  for (const name of ['content-type', 'access-control-allow-origin', 'www-authenticate']) {
    const value = answer.headers[name]
    if (typeof value === 'string') kept[name] = value
  }
  return { status: answer.statusCode ?? 502, headers: kept, body: await readAll(answer) }
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer)
    length += (chunk as Buffer).length
    if (length > MOST_BYTES) throw new RangeError(`more than ${MOST_BYTES} bytes`)
  }
  return Buffer.concat(chunks)
}
