import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Bytes } from '@aitbc/core'
import { advance, type BeaconNode, type Devnet, mine } from '@aitbc/devnet'
import { build, stop as stopEsbuild } from 'esbuild'
import type { Audience } from './Audience.js'
import type { FromParty, PartyConfig, ToParty } from './messages.js'

/** A party as the stage knows it: what survives its processes. */
export interface Actor {
  readonly name: PartyConfig['name']
  readonly role: PartyConfig['role']
  readonly seed: Uint8Array
  readonly folder: string
  /** Ids of all transactions that it said it sent. */
  readonly sent: Set<string>
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
  readonly devnet: Devnet
  enter(
    actor: Actor,
    config: Omit<PartyConfig, 'name' | 'role' | 'seed' | 'folder' | 'checkpoint'>,
  ): Performance
  cast(name: PartyConfig['name'], role: PartyConfig['role']): Promise<Actor>
  /** Moves the time of both chains and of both parties. */
  advance(seconds: bigint): Promise<void>
  close(): Promise<void>
}

const PARTY = fileURLToPath(new URL('./party.ts', import.meta.url))
/** Epochs after which the first block is final again, where there were none for long. */
const EPOCHS_TO_FINALITY = 5
/** No message for so long means that something hangs. */
const PATIENCE_MS = 45_000

/** Sets the stage: parties are processes of their own, and end with it. */
export async function createStage(devnet: Devnet, beacon: BeaconNode, audience: Audience): Promise<Stage> {
  const program = await compile()
  const running = new Set<ChildProcess>()
  const folders: string[] = [dirname(program)]
  const post = (child: ChildProcess, message: ToParty) => {
    if (child.connected) child.send(message, () => undefined)
  }
  const tellTime = () => {
    for (const child of running) post(child, { is: 'time', utc: String(devnet.now()) })
  }
  const clock = setInterval(tellTime, 100)
  return {
    devnet,
    async cast(name, role) {
      const folder = await mkdtemp(join(tmpdir(), `aitbc-${name.toLowerCase()}-`))
      folders.push(folder)
      return { name, role, seed: crypto.getRandomValues(new Uint8Array(32)), folder, sent: new Set() }
    },
    enter(actor, config) {
      const child = fork(program, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
      running.add(child)
      const performance = perform(child, actor, audience)
      child.once('exit', () => running.delete(child))
      const { name, role, folder } = actor
      const seed = Bytes.toHex(actor.seed)
      // As a wallet would ship one: the newest final block when the process starts.
      const trusted = beacon.finalized()
      const checkpoint = Bytes.toHex(trusted.root)
      audience.say(
        `${name} trusts beacon block ${checkpoint.slice(0, 10)}… of slot ${trusted.slot}, and Bitcoin's genesis block`,
      )
      post(child, {
        is: 'config',
        utc: String(devnet.now()),
        config: { ...config, name, role, seed, folder, checkpoint },
      })
      return performance
    },
    async advance(seconds) {
      // The parties' clocks move first: a chain that is behind for a moment is only waited for.
      for (const child of running) post(child, { is: 'time', utc: String(devnet.now() + seconds) })
      await advance(devnet, seconds)
      // Nobody signed while the time was skipped. Whoever starts from here on needs a checkpoint beyond the gap.
      await mine(devnet, 'evm', EPOCHS_TO_FINALITY * Number(beacon.config.preset.slotsPerEpoch))
      tellTime()
    },
    async close() {
      clearInterval(clock)
      await Promise.all([...running].map(stop))
      await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
    },
  }
}

/** One file of JavaScript for all parties: a process starts four times as fast as from the sources. */
async function compile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'aitbc-party-'))
  const outfile = join(folder, 'party.mjs')
  await build({
    entryPoints: [PARTY],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    // What runs the chains is in the devnet's own process.
    external: ['litesvm', '@solana/*', '@lodestar/*', '@chainsafe/*'],
  })
  await stopEsbuild() // its service would outlive this process for a moment
  return outfile
}

function perform(child: ChildProcess, actor: Actor, audience: Audience): Performance {
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
    if (message.is === 'sent') for (const id of message.ids) actor.sent.add(id)
    if (message.is === 'raised') actor.sent.add(message.id)
    audience.hear(actor.name, message)
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

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}
