// A worker in a process of its own, as the process that has the chains sees it: it can be killed, stopped and continued for real.
import { type ChildProcess, fork } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SwapAdapter } from '@aitbc/core'
import type { SwapMachine } from '@aitbc/swap'
import { ALICE, type Market, sides } from '../model/market.js'
import * as Service from './service.js'

export interface Setup {
  readonly host: string
  readonly schema: string
  readonly leaseMs: number
  /** How wrong this process's own clock is. */
  readonly skewMs: number
  readonly kinds: { readonly long: 'utxo' | 'contract'; readonly short: 'utxo' | 'contract' }
  readonly clock: string
}

export interface Answer {
  readonly is: 'answer'
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

export type ToWorker =
  | Answer
  | { readonly is: 'news'; readonly clock: bigint }
  | { readonly is: 'quiet'; readonly id: number }
  | { readonly is: 'stop' }

export type FromWorker =
  | { readonly is: 'ready' }
  | {
      readonly is: 'call'
      readonly id: number
      readonly network: string
      readonly method: string
      readonly args: readonly unknown[]
    }
  | { readonly is: 'quiet'; readonly id: number }
  | {
      readonly is: 'claimed' | 'finished' | 'cancelled' | 'lost' | 'failed'
      readonly id: string
      readonly outcome?: SwapMachine.Outcome
    }

/** What becomes of a broadcast: the process is killed before it, or when it is done and before its answer. */
export type Judge = (kind: string) => 'kill-before' | 'kill-after' | undefined

export interface Remote {
  readonly sent: string[]
  readonly told: { readonly is: string; readonly id: string }[]
  readonly outcomes: Map<string, SwapMachine.Outcome>
  readonly ended: Promise<unknown>
  readonly process: ChildProcess
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
  when(is: string): Promise<void>
  stop(): Promise<unknown>
}

const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..')
const worker = join(dirname(fileURLToPath(import.meta.url)), 'service-worker.ts')

export async function start(
  market: Market,
  options: Omit<Setup, 'clock' | 'skewMs'> & { readonly skewMs?: number; readonly judge?: Judge },
): Promise<Remote> {
  const { judge, ...rest } = options
  const setup: Setup = { skewMs: 0, ...rest, clock: String(market.nets.long.tip.clock) }
  const child = fork(worker, [JSON.stringify(setup)], {
    cwd: root,
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const send = (message: ToWorker) => {
    if (child.connected) child.send(message, () => undefined)
  }
  const desk = Service.desk()
  const adapters = sides(market, ALICE)
  const sent: string[] = []
  const told: { is: string; id: string }[] = []
  const outcomes = new Map<string, SwapMachine.Outcome>()
  const looks = new Set<() => void>()
  const quiets = new Map<number, () => void>()
  let questions = 0
  let dead = false
  const kill = (signal: NodeJS.Signals) => {
    // Of a process that is killed nothing more counts, though something may still be on its way.
    if (signal === 'SIGKILL') dead = true
    desk.asleep = signal !== 'SIGCONT'
    child.kill(signal)
    for (const done of [...quiets.values()]) done()
    Service.wake()
  }

  const answer = async ({ id, network, method, args }: Extract<FromWorker, { is: 'call' }>) => {
    if (dead) return
    desk.calls++
    const adapter = adapters[network as keyof typeof adapters]?.adapter as SwapAdapter
    const kind = method === 'submit' ? (args[0] as { step: { kind: string } }).step.kind : undefined
    const fate = kind === undefined ? undefined : judge?.(kind)
    if (fate === 'kill-before') return kill('SIGKILL')
    if (kind !== undefined) sent.push(kind)
    try {
      const call = adapter[method as 'tip'] as (...args: unknown[]) => Promise<unknown>
      const value = await call(...args)
      if (fate === 'kill-after') return kill('SIGKILL')
      send({ is: 'answer', id, value })
    } catch (error) {
      send({ is: 'answer', id, error: error instanceof Error ? error.message : String(error) })
    }
  }
  const news = () => send({ is: 'news', clock: market.nets.long.tip.clock })
  for (const net of Object.values(market.nets)) net.listeners.add(news)
  const ended = new Promise((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code)),
  ).finally(() => {
    dead = true
    for (const net of Object.values(market.nets)) net.listeners.delete(news)
    desk.close()
    for (const done of [...quiets.values()]) done()
    Service.wake()
  })
  desk.settle = () =>
    new Promise<void>((resolve) => {
      if (dead || desk.asleep) return resolve()
      const id = questions++
      quiets.set(id, () => {
        quiets.delete(id)
        resolve()
      })
      send({ is: 'quiet', id })
    })
  const ready = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    void ended.then((how) => reject(new Error(`the worker ended with ${how}`)))
    child.on('message', (message: FromWorker) => {
      if (message.is === 'ready') resolve()
      else if (message.is === 'call') void answer(message)
      else if (message.is === 'quiet') quiets.get(message.id)?.()
      else if (!dead) {
        told.push(message)
        desk.note(message.is, message.id)
        if (message.outcome !== undefined) outcomes.set(message.id, message.outcome)
        for (const look of [...looks]) look()
      }
    })
  })
  await ready
  return {
    sent,
    told,
    outcomes,
    ended,
    process: child,
    kill,
    when: (is) =>
      new Promise((resolve) => {
        const look = () => {
          if (!told.some((one) => one.is === is)) return
          looks.delete(look)
          resolve()
        }
        looks.add(look)
        look()
      }),
    stop() {
      send({ is: 'stop' })
      return ended
    },
  }
}
