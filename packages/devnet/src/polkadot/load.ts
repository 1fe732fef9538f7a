import type { MessagePort, Worker } from 'node:worker_threads'
import type * as Chopsticks from '@acala-network/chopsticks-core'
import { expose, type ProxyMarked, transferHandlers } from 'comlink'
import { DevnetErrors } from '../errors.js'

export type Core = typeof Chopsticks

/** Chains of this process that share the runtime's one worker thread. */
let users = 0
/** That thread, which keeps this process alive only while a chain is {@link busy}. */
let worker: Worker | undefined
let working = 0

/** Loads the runtime's executor: heavy, so only when a chain is asked for. Each load needs one {@link release}. */
export async function acquire(): Promise<Core> {
  users++
  try {
    const core = await quietly(() => import('@acala-network/chopsticks-core'))
    letGo()
    await startWorker(core)
    return core
  } catch (cause) {
    users--
    throw DevnetErrors.PolkadotUnavailable(
      "the Substrate runtime's executor could not be loaded",
      { package: '@acala-network/chopsticks-core' },
      { cause },
    )
  }
}

/** Ends the worker thread with the last chain that used it. */
export async function release(core: Core): Promise<void> {
  if (--users > 0) return
  worker = undefined
  await core.destroyWorker()
}

/** Keeps this process alive while a chain is at work: its owner may wait for nothing else. */
export async function busy<T>(run: () => Promise<T>): Promise<T> {
  if (working++ === 0) worker?.ref()
  try {
    return await run()
  } finally {
    if (--working === 0) worker?.unref()
  }
}

/**
 * What the executor asks back of the chain comes over a port a call, which the package never closes: each would keep this process alive.
 * The handler is that of comlink, but for `unref`.
 */
function letGo(): void {
  const handler = transferHandlers.get('proxy')
  if (handler === undefined) return
  transferHandlers.set('proxy', {
    ...handler,
    serialize(value) {
      const { port1, port2 } = new MessageChannel()
      expose(value as ProxyMarked, port1)
      ;(port1 as unknown as MessagePort).unref()
      return [port2, [port2 as unknown as Transferable]]
    },
  })
}

/** The package doesn't hand its thread out; Node tells of each that is made. */
async function startWorker(core: Core): Promise<void> {
  const made: Worker[] = []
  const see = (one: Worker) => void made.push(one)
  // Node tells a turn late: loading the package made a thread as well, for its log.
  await nextTurn()
  process.on('worker', see)
  try {
    await core.getWorker()
    await nextTurn()
  } finally {
    process.off('worker', see)
  }
  // Another thread of the owner's, made meanwhile, is not to be touched: both then keep the process alive.
  if (made.length === 1) worker = made[0]
  if (working === 0) worker?.unref()
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** The package reads its log level once, when it is loaded; what went wrong comes as errors here. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { LOG_LEVEL } = process.env
  process.env['LOG_LEVEL'] = 'fatal'
  try {
    return await load()
  } finally {
    if (LOG_LEVEL === undefined) delete process.env['LOG_LEVEL']
    else process.env['LOG_LEVEL'] = LOG_LEVEL
  }
}
