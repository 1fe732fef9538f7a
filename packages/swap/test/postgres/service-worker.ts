// A worker as a process of its own: its database is reached directly, the chains through the process that started it.
import type { SwapAdapter } from '@aitbc/core'
import type { Side } from '@aitbc/swap'
import pg from 'pg'
import * as ModelAdapter from '../model/ModelAdapter.js'
import { ALICE, create } from '../model/market.js'
import type { Answer, FromWorker, Setup, ToWorker } from './remote.js'
import * as Service from './service.js'

const setup: Setup = JSON.parse(process.argv[2] ?? '{}')
const { host, schema, leaseMs, skewMs, kinds } = setup
const real = Date.now
Date.now = () => real() + skewMs
let clock = BigInt(setup.clock)
const send = (message: FromWorker) => process.send?.(message)

let calls = 0
const asked = new Map<number, (answer: Answer) => void>()
const ask = async (network: string, method: string, args: readonly unknown[]): Promise<unknown> => {
  const id = calls++
  const answer = new Promise<Answer>((resolve) => {
    asked.set(id, resolve)
  })
  send({ is: 'call', id, network, method, args: args.map(plain) })
  const { value, error } = await answer
  if (error !== undefined) throw new Error(error)
  return value
}
/** Signals and functions stay here. */
const plain = (arg: unknown): unknown =>
  typeof arg !== 'object' || arg === null || arg instanceof Uint8Array
    ? arg
    : Array.isArray(arg)
      ? arg.map(plain)
      : Object.fromEntries(
          Object.entries(arg).flatMap(([name, value]) =>
            typeof value === 'function' || value instanceof AbortSignal ? [] : [[name, plain(value)]],
          ),
        )

const listeners = new Set<() => void>()
async function* watch(signal: AbortSignal | undefined): ReturnType<SwapAdapter['watch']> {
  let news = 0
  let wake = () => {}
  const listener = () => {
    news++
    wake()
  }
  listeners.add(listener)
  signal?.addEventListener('abort', listener)
  try {
    for (;;) {
      signal?.throwIfAborted()
      if (news-- > 0)
        yield { is: 'added', what: { kind: 'block', block: TIP }, asOf: { ...TIP, time: 0n, clock: 0n } }
      else {
        news = 0
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    listeners.delete(listener)
    signal?.removeEventListener('abort', listener)
  }
}
const TIP = { height: 0n, hash: '' }

/** What is asked of the chain; all else about an adapter is the same here as there. */
const REMOTE = new Set(
  'tip balance feeRates prepare submit replace status findLocks findSpend discoverLocks arm dues prove'.split(
    ' ',
  ),
)

// Names, profiles and keys alone: nothing ever happens on these chains.
const market = create(kinds)
const remote = (network: string, side: Side.Side): Side.Side => {
  const { verifier: _, ...rest } = side
  const adapter = new Proxy(side.adapter, {
    get(target, name) {
      if (name === 'watch') return (_subject: unknown, o?: { signal?: AbortSignal }) => watch(o?.signal)
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function' || !REMOTE.has(String(name))) return value
      return (...args: unknown[]) => ask(network, String(name), args)
    },
  })
  return { ...rest, adapter }
}
const sides = (gate: ModelAdapter.Gate) =>
  Object.fromEntries(
    Object.values(market.nets).map((net) => {
      const side = remote(net.network.id, ModelAdapter.side(net, ALICE, gate))
      const counted = new Proxy(side.adapter, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name)
          return typeof value === 'function' && REMOTE.has(String(name))
            ? (...args: unknown[]) => gate(String(name), args, () => value(...args))
            : value
        },
      })
      return [net.network.id, { ...side, adapter: counted }]
    }),
  )

const pool = new pg.Pool({ host, user: 'aitbc', database: 'postgres', max: 4 })
pool.on('error', () => undefined)
const service = Service.start(market, pool, {
  schema,
  leaseMs,
  sides,
  utc: () => clock,
  tell: (one) => {
    if (one.is === 'finished') send({ is: one.is, id: one.id, outcome: one.outcome })
    else if (one.is !== 'swap' && one.is !== 'trouble') send({ is: one.is, id: one.id })
  },
})
process.on('message', (message: ToWorker) => {
  switch (message.is) {
    case 'answer':
      asked.get(message.id)?.(message)
      asked.delete(message.id)
      return
    case 'news':
      clock = message.clock
      for (const listener of [...listeners]) listener()
      return
    case 'quiet':
      Service.quiet().then(() => send({ is: 'quiet', id: message.id }))
      return
    case 'stop':
      service.stop().then(async () => {
        await pool.end()
        process.disconnect()
      })
  }
})
process.on('disconnect', () => process.exit())
send({ is: 'ready' })
