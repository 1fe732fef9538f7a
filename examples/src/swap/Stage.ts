import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Bytes, Fact } from '@aitbc/core'
import type { Agreement } from '@aitbc/swap'
import type { Watcher } from './Audience.js'
import { compile } from './compile.js'
import type { FamilyName, Place } from './Family.js'
import type { FromParty, PartyConfig, ToParty } from './messages.js'
import type { World } from './World.js'

/** A party as the stage knows it: what survives its processes. */
export interface Actor {
  readonly name: PartyConfig['name']
  readonly role: PartyConfig['role']
  readonly seed: Uint8Array
  readonly folder: string
  /** What it told of each leg. */
  readonly seen: { readonly [L in Agreement.Leg]: Told }
}

/** What a party told of a leg. */
export interface Told {
  /** Ids of all transactions that it said it sent. */
  readonly sent: Set<string>
  /** Refs of the locks that it saw. */
  readonly locks: Set<string>
  /** The best assurance that a lock had for it. */
  assurance: Fact.Assurance
}

/** A running process of an actor. */
export interface Performance {
  readonly actor: Actor
  /** Resolves with the first message that satisfies, also of those that came before; rejects when the process ends without. */
  until(satisfies: (message: FromParty) => boolean): Promise<FromParty>
  /** Resolves to the outcome. */
  outcome(): Promise<string>
  /** `kill -9`. */
  kill(): Promise<void>
}

/** Where the parties meet: the chains, and whoever watches. Everything that is started here is stopped by `close`. */
export interface Stage {
  readonly world: World
  /** Starts a process of an actor, for a swap between two chains. */
  enter(
    actor: Actor,
    between: readonly FamilyName[],
    config: Omit<PartyConfig, 'name' | 'role' | 'seed' | 'folder' | 'chains' | 'pollMs'>,
    watcher: Watcher,
  ): Performance
  cast(name: PartyConfig['name'], role: PartyConfig['role']): Promise<Actor>
  /** Plays a scene; time isn't skipped for others while it goes on. */
  play<T>(scene: (skip: Skip) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Waits until all scenes on stage wait, then moves the time of all chains and parties to what is asked for, or beyond. Gives the milliseconds. */
export type Skip = (to: bigint) => Promise<number>

const PARTY = fileURLToPath(new URL('./party.ts', import.meta.url))
/** No message for so long means that something hangs. */
const PATIENCE_MS = 180_000

/** Sets the stage: parties are processes of their own, and end with it. */
export async function createStage(
  world: World,
  options: {
    /** Milliseconds between two looks of a party at a chain; 400 unless told. */
    readonly pollMs?: number
  } = {},
): Promise<Stage> {
  const { pollMs = 400 } = options
  const program = await compile(PARTY)
  const running = new Set<ChildProcess>()
  const folders: string[] = [dirname(program)]
  const post = (child: ChildProcess, message: ToParty) => {
    if (child.connected) child.send(message, () => undefined)
  }
  const tellTime = () => {
    const ahead = String(world.clock.ahead())
    for (const child of running) post(child, { is: 'time', ahead })
  }
  // The parties' clocks move first: a chain that is behind for a moment is only waited for.
  world.onTime(tellTime)
  let playing = 0
  let waiting: Waiter[] = []
  const skipWhenAllWait = () => {
    if (waiting.length === 0 || waiting.length < playing) return
    const all = waiting
    waiting = []
    let to = 0n
    for (const { time } of all) if (time > to) to = time
    world.reach(to).then(
      () => {
        for (const { resolve } of all) resolve()
      },
      (error) => {
        for (const { reject } of all) reject(error)
      },
    )
  }
  const skip: Skip = async (time) => {
    const began = performance.now()
    await new Promise<void>((resolve, reject) => {
      waiting.push({ time, resolve, reject })
      skipWhenAllWait()
    })
    return performance.now() - began
  }
  return {
    world,
    async cast(name, role) {
      const folder = await mkdtemp(join(tmpdir(), `aitbc-${name.toLowerCase()}-`))
      folders.push(folder)
      const told = (): Told => ({ sent: new Set(), locks: new Set(), assurance: 'reported' })
      const seed = crypto.getRandomValues(new Uint8Array(32))
      return { name, role, seed, folder, seen: { long: told(), short: told() } }
    },
    enter(actor, between, config, watcher) {
      const child = fork(program, {
        execArgv: [],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      })
      running.add(child)
      const performance = perform(child, actor, watcher)
      child.once('exit', () => running.delete(child))
      const { name, role, folder } = actor
      const seed = Bytes.toHex(actor.seed)
      const chains: { [F in FamilyName]?: Place } = {}
      for (const family of between) chains[family] = world.chain(family).place()
      post(child, {
        is: 'config',
        ahead: String(world.clock.ahead()),
        config: { ...config, name, role, seed, folder, chains, pollMs },
      })
      return performance
    },
    async play(scene) {
      playing++
      try {
        return await scene(skip)
      } finally {
        playing--
        skipWhenAllWait()
      }
    },
    async close() {
      await Promise.all([...running].map(stop))
      await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
    },
  }
}

interface Waiter {
  readonly time: bigint
  resolve(): void
  reject(error: unknown): void
}

function perform(child: ChildProcess, actor: Actor, watcher: Watcher): Performance {
  const heard: FromParty[] = []
  const listeners = new Set<() => void>()
  let ended: string | undefined
  let errors = ''
  const notify = () => {
    for (const listener of listeners) listener()
  }
  child.stderr?.on('data', (chunk) => {
    errors = `${errors}${chunk}`.slice(-2000)
  })
  child.on('message', (message: FromParty) => {
    heard.push(message)
    note(actor, message)
    watcher.hear(actor.name, message)
    notify()
  })
  child.once('exit', (code, signal) => {
    ended = `${actor.name}'s process ended (${signal ?? code}) ${errors.trim()}`
    notify()
  })
  const until = (satisfies: (message: FromParty) => boolean): Promise<FromParty> =>
    new Promise((resolve, reject) => {
      let at = 0
      let timer: NodeJS.Timeout
      const settle = (act: () => void) => {
        clearTimeout(timer)
        listeners.delete(look)
        act()
      }
      const patience = () =>
        setTimeout(
          () => settle(() => reject(new Error(`${actor.name} was silent for ${PATIENCE_MS / 1000} s`))),
          PATIENCE_MS,
        )
      const look = () => {
        clearTimeout(timer)
        timer = patience()
        for (; at < heard.length; at++) {
          const message = heard[at] as FromParty
          if (satisfies(message)) return settle(() => resolve(message))
          if (message.is === 'failed')
            return settle(() => reject(new Error(`${actor.name}: ${message.message}`)))
        }
        if (ended !== undefined) settle(() => reject(new Error(ended)))
      }
      timer = patience()
      listeners.add(look)
      look()
    })
  return {
    actor,
    until,
    async outcome() {
      const message = await until((m) => m.is === 'finished')
      return message.is === 'finished' ? message.outcome : ''
    },
    kill: () => stop(child),
  }
}

/** Keeps what a party told of a leg. */
function note(actor: Actor, message: FromParty): void {
  if (message.is !== 'sent' && message.is !== 'raised' && message.is !== 'leg') return
  const told = actor.seen[message.leg]
  if (message.is === 'sent') for (const id of message.ids) told.sent.add(id)
  if (message.is === 'raised') told.sent.add(message.id)
  if (message.is !== 'leg') return
  for (const { ref, assurance } of message.locks) {
    told.locks.add(ref)
    if (Fact.atLeast(assurance, told.assurance)) told.assurance = assurance
  }
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
