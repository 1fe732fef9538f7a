import { type ChildProcess, fork } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from '../../src/swap/compile.js'
import type { FamilyName, Place } from '../../src/swap/Family.js'
import type { World } from '../../src/swap/World.js'
import { createListeners } from '../listeners.js'
import type { FromParties, Life, ToParties } from './parties.js'

/** What is known of a party, over all its lives. */
export interface Told {
  /** Ids of transactions that it sent, by network. */
  readonly sent: { readonly network: string; readonly kind: string; readonly transaction: string }[]
  readonly locks: { readonly network: string; readonly ref: string }[]
  /** The boundary at which its first life stopped. */
  stopped?: string
  /** Legs that its newest life knew of. */
  legs?: 0 | 1 | 2
  outcome?: string
}

/** One process of many parties. */
export interface Parties {
  live(lives: readonly Life[]): void
  /** `kill -9`. */
  kill(): Promise<void>
}

/** All processes of a test, and what was told of each party. */
export interface Troupe {
  told(id: string): Told
  enter(between: readonly FamilyName[], pollMs: number): Promise<Parties>
  /** Waits until what was told is enough; looks at it whenever something is told. */
  until(what: string, holds: () => boolean): Promise<void>
  close(): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('./parties.ts', import.meta.url))

export async function createTroupe(world: World): Promise<Troupe> {
  const program = await compile(PROGRAM)
  const known = new Map<string, Told>()
  const running = new Set<ChildProcess>()
  /** The last word of each, to be told where nothing goes on any more. */
  const words = new Map<string, string>()
  const listeners = createListeners({
    lastWords: () => [...words].map(([id, text]) => `${id}: ${text}`).join('\n'),
  })
  const killed = new Set<ChildProcess>()
  let failure: Error | undefined
  const post = (child: ChildProcess, message: ToParties) => {
    if (child.connected) child.send(message, () => undefined)
  }
  const timeNow = (): ToParties => ({ is: 'time', ahead: String(world.clock.ahead()) })
  const tellTime = () => {
    for (const child of running) post(child, timeNow())
  }
  world.onTime(tellTime)
  const told = (id: string): Told => {
    const found = known.get(id) ?? { sent: [], locks: [] }
    known.set(id, found)
    return found
  }
  const hear = (message: FromParties) => {
    switch (message.is) {
      case 'ready':
        break
      case 'sent':
        told(message.id).sent.push(message)
        break
      case 'lock':
        told(message.id).locks.push(message)
        break
      case 'stopped':
        told(message.id).stopped = message.at
        break
      case 'took':
        told(message.id).legs = message.legs
        break
      case 'ended':
        told(message.id).outcome = message.outcome
        break
      case 'word':
        words.set(message.id, message.text)
        break
      case 'failed':
        failure ??= new Error(`${message.id}: ${message.message}`)
    }
    listeners.notify()
  }
  return {
    told,
    async enter(between, pollMs) {
      const child = fork(program, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
      running.add(child)
      let errors = ''
      child.stderr?.on('data', (chunk) => {
        errors = `${errors}${chunk}`.slice(-2000)
      })
      child.once('exit', (code, signal) => {
        running.delete(child)
        if (!killed.has(child))
          failure ??= new Error(`a process of parties ended (${signal ?? code}) ${errors}`)
        listeners.notify()
      })
      await new Promise<void>((resolve, reject) => {
        child.once('message', () => resolve())
        child.once('exit', () => reject(new Error(`parties ended before they began: ${errors}`)))
      })
      child.on('message', hear)
      post(child, timeNow())
      return {
        live(lives) {
          const chains: { [F in FamilyName]?: Place } = {}
          for (const family of between) chains[family] = world.chain(family).place()
          post(child, { is: 'live', lives, chains, pollMs })
        },
        kill() {
          killed.add(child)
          return stop(child)
        },
      }
    },
    until: (what, holds) =>
      listeners.until(what, () => {
        if (failure !== undefined) throw failure
        return holds()
      }),
    async close() {
      for (const child of running) killed.add(child)
      await Promise.all([...running].map(stop))
      await rm(dirname(program), { recursive: true, force: true })
    },
  }
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
