// A party as a process: the real runner over storage and adapters that go through one gate, at which it is counted, watched, stopped
// dead or made to fail; and started again over what its disk holds.
import {
  Bytes,
  CoreErrors,
  isAitbcError,
  type Network,
  type Storage,
  type SwapAdapter,
  SwapSeed,
  type Verifier,
} from '@aitbc/core'
import { createRedundantAdapter } from '@aitbc/core/redundant'
import {
  type Agreement,
  type Planner,
  type Policy,
  Recovery,
  Runner,
  type Side,
  type SwapMachine,
} from '@aitbc/swap'
import { WatchJob } from '@aitbc/swap/watch'
import type * as Chain from '../Chain.js'
import { createWorldAdapter } from '../createWorldAdapter.js'
import { createWorldDisk, type Disk, type WriteFate } from '../createWorldDisk.js'
import { createWorldVerifier } from '../createWorldVerifier.js'
import type { Endpoint } from '../Endpoint.js'
import type { Fault, Leg, Role } from './Plan.js'
import { walletOf } from './parties.js'

export interface Deal {
  readonly signed: Agreement.Signed
  readonly margins: Planner.Margins
  readonly nonces: { readonly [R in Role]: Bytes.Bytes }
}

/** Where a process can be stopped dead: before or after a call, a read or a write, or where it waits for the next block. */
export interface Boundary {
  readonly at: number
  readonly label: string
  /** Writes and broadcasts that this process has carried out so far: what outlasts it. */
  readonly effects: number
  /** It stands before a write of which a part may be there afterwards. */
  readonly tears: boolean
}

export interface Options {
  readonly role: Role
  readonly seed: SwapSeed.SwapSeed
  readonly deal: Deal
  readonly policy: Policy.Policy
  readonly chains: { readonly [L in Leg]: Chain.Chain }
  /** The servers that it asks about each chain: one that it believes, or several of which most may lie. */
  readonly endpoints: { readonly [L in Leg]: readonly [Endpoint, ...Endpoint[]] }
  /** Networks as this party knows them; the chains' own unless told. */
  readonly networks: { readonly [L in Leg]: Network }
  /** How far clocks may be off UTC. */
  readonly risk: 'standard' | 'conservative'
  /** Evidence is judged, where the chain has any. */
  readonly proves: boolean
  readonly utc: () => bigint
  readonly faults: readonly Fault[]
  /** Hears of each call before it happens. */
  readonly heard: (method: string, args: readonly unknown[]) => void
  readonly told: (line: string) => void
  /** A fault struck. */
  readonly struck: (fault: Fault) => void
  /** Hears of each boundary that the process comes to. */
  readonly passed?: (boundary: Boundary) => void
  /** The process is dead. */
  readonly died?: (label: string) => void
  /** What is appended is told to be durable, and written when more is appended. */
  readonly lateJournal?: boolean
  /** Whoever has a log open keeps it, whoever opens it later. */
  readonly unfenced?: boolean
  /** What hashlocks were used is not kept. */
  readonly forgetful?: boolean
  /** Reads balances as a thousand times what they are. */
  readonly rich?: boolean
  /** It has towers, and makes a watch job whenever there is more to tell them. */
  readonly watched?: boolean
}

export interface Process {
  readonly role: Role
  /** No instant before which it is started again, UTC in seconds; 0 while it runs. */
  restart: number
  /** Seconds that it stays down, once it is dead. */
  down: number
  offline: boolean
  running: AbortController | undefined
  outcome?: SwapMachine.Outcome
  error?: unknown
  /** Whatever runs of the party has lost its storage, looked for its swaps on the chains, and found none so far. */
  readonly bereft: () => boolean
  start(): void
  /** An instant is over: where nothing is left to do but to wait, it may die too. */
  rest(): void
  /** A second process of the party starts over the same storage, beside the first one, or over empty storage. */
  twin(wiped: boolean): void
  /** Asks it to take another swap under a hashlock that it has used, which it must refuse (S10); `took` hears that it doesn't. */
  reuse(signed: Agreement.Signed, took: (what: string) => void): void
  /** The last watch job that it made, sealed. */
  job?: Bytes.Bytes
  /** Ends all processes of the party. */
  end(): void
}

/** Most calls of a party at one instant: far more than it ever needs. */
const MOST_CALLS = 5_000

/** Calls that change something outside the process. */
const SENDS = new Set(['submit'])

export function create(options: Options): Process {
  const { role, deal, faults } = options
  let disk: Disk = createWorldDisk()
  let wiped = false
  const own = faults.filter((fault) => 'who' in fault && fault.who === role)
  /** The first of those that strike at a call or an effect, by its number. */
  const hangUps = firsts(own, (fault) => (fault.is === 'hang-up' ? fault.call : undefined))
  const crashes = firsts(own, (fault) => (fault.is === 'crash' ? fault.effect : undefined))
  const kill = own.find((fault) => fault.is === 'kill')
  const counting = kill !== undefined || options.passed !== undefined
  let effects = 0
  let calls = 0
  let boundaries = 0
  let instant = 0n
  let busy = 0
  const bereft = new Set<AbortController>()
  const shared = new Map<string, Log>()
  let latest: Runner.Context | undefined
  const alive = new Set<AbortController>()
  /** What was carried out, unlike `effects`, which counts what was begun. */
  let lasting = 0
  const process: Process = {
    ...{ role, restart: 0, down: 0, offline: false, running: undefined },
    bereft: () => alive.size > 0 && [...alive].every((run) => bereft.has(run)),
    start,
    rest() {
      const { running } = process
      if (running !== undefined && counting && reaches('waiting')) die(running, 'waiting')
    },
    twin(empty) {
      if (process.running === undefined) return
      if (empty) lose()
      start()
    },
    reuse(signed, took) {
      const { running } = process
      if (running === undefined || latest === undefined || bereft.has(running)) return
      const context = latest
      const nonce = Bytes.concat(deal.nonces[role], Uint8Array.of(1)).subarray(1)
      const { margins } = deal
      const knows = async () => {
        // After a crash at the very beginning nothing was taken yet.
        if ((await Runner.list(context.storage)).length === 0) return
        const swap = await Runner.open(context, { role, nonce, signed, margins, policy: options.policy })
        took(`took swap ${swap.id} under a hashlock that it had used`)
      }
      knows().catch((error: unknown) => {
        if (running.signal.aborted || isAitbcError(error, 'HashlockReused')) return
        if (!isAitbcError(error)) process.error ??= error
      })
    },
    end() {
      for (const run of alive) run.abort(new Error('the universe ended'))
    },
  }

  function lose(): void {
    disk = createWorldDisk()
    wiped = true
  }

  function die(run: AbortController, label: string, crash: Doom | undefined = kill): void {
    if (run.signal.aborted) return
    const seconds = crash?.down ?? 0
    if (process.running === run) {
      process.running = undefined
      process.down = seconds
      if (crash?.wipe === true) lose()
    }
    options.told(
      `${role} dies ${label} for ${seconds} s${crash?.wipe === true ? ', and its storage with it' : ''}`,
    )
    options.died?.(label)
    alive.delete(run)
    run.abort(new Error('dead'))
  }

  /** Whoever calls on and on at one instant never comes to rest. */
  function isEndless(): boolean {
    const now = options.utc()
    if (now !== instant) busy = 0
    instant = now
    if (++busy <= MOST_CALLS) return false
    process.error ??= new Error(`more than ${MOST_CALLS} calls at one instant`)
    return true
  }

  function crashAt(): Extract<Fault, { is: 'crash' }> | undefined {
    const found = crashes.get(effects++)
    if (found?.is !== 'crash') return undefined
    options.struck(found)
    return found
  }

  /** The process comes to its next boundary: whether it ends there. */
  function reaches(label: string, tears = false): boolean {
    if (!counting) return false
    const at = boundaries++
    options.passed?.({ at, label, effects: lasting, tears })
    if (kill?.is !== 'kill' || kill.boundary !== at) return false
    options.struck(kill)
    return true
  }

  function start(): void {
    const run = new AbortController()
    alive.add(run)
    process.running = run
    process.restart = 0
    const recovering = wiped
    const never = <T>() => new Promise<T>(() => undefined)
    const stops = (label: string): boolean => {
      if (!run.signal.aborted && reaches(label)) die(run, label)
      return run.signal.aborted
    }
    const gate = async <T>(
      method: string,
      args: readonly unknown[],
      call: () => T | Promise<T>,
    ): Promise<T> => {
      if (run.signal.aborted || isEndless()) return never()
      if (counting && stops(`before ${method}`)) return never()
      options.heard(method, args)
      const sends = SENDS.has(method)
      const crash = sends ? crashAt() : undefined
      if (crash !== undefined && crash.when !== 'after') {
        die(run, `before ${method}`, crash)
        return never()
      }
      const fails = hangUps.get(calls++)
      const hangUp = () => CoreErrors.RpcUnreachable(`the connection was lost at ${method}`, { method })
      if (process.offline) throw hangUp()
      if (fails?.is === 'hang-up') options.struck(fails)
      if (fails?.is === 'hang-up' && fails.when === 'before') throw hangUp()
      let result: T
      try {
        const pending = call()
        if (sends) lasting++
        result = await pending
      } catch (error) {
        if (stops(`after ${method} failed`)) return never()
        throw error
      }
      if (run.signal.aborted) return never()
      if (crash !== undefined) {
        die(run, `after ${method}`, crash)
        return never()
      }
      if (counting && stops(`after ${method}`)) return never()
      if (fails !== undefined) throw hangUp()
      return result
    }
    let doom: { readonly label: string; readonly crash?: Doom } | undefined
    const fate = (write: string): WriteFate => {
      const crash = crashAt()
      if (crash !== undefined) {
        doom = { label: `at ${write} (${crash.when})`, crash }
        if (crash.when === 'torn') return write === 'append' ? 'torn' : 'dies-before'
        return crash.when === 'after' ? 'dies-after' : crash.when === 'lost' ? 'lost' : 'dies-before'
      }
      const tears = write === 'append'
      if (reaches(`before ${write}`, tears)) {
        const torn = tears && kill?.is === 'kill' && kill.torn === true
        doom = { label: torn ? `in ${write}` : `before ${write}` }
        return torn ? 'torn' : 'dies-before'
      }
      lasting++
      if (!reaches(`after ${write}`)) return 'done'
      doom = { label: `after ${write}` }
      return 'dies-after'
    }
    const disked = disk.open(fate, () => die(run, doom?.label ?? 'at a write', doom?.crash))
    if (alive.size === 1) shared.clear()
    const broken = options.unfenced === true ? unfenced(disked, shared) : disked
    const kept = options.forgetful === true ? forgetful(broken) : broken
    const storage = watched(options.lateJournal === true ? postponing(disked) : kept, {
      saw(method, args) {
        if (!run.signal.aborted) options.heard(method, args)
      },
      read: (method, call) => (counting ? gated(method, call) : call()),
    })
    const gated = async <T>(method: string, call: () => Promise<T>): Promise<T> => {
      if (stops(`before ${method}`)) return never()
      const value = await call()
      return stops(`after ${method}`) ? never() : value
    }
    const context: Runner.Context = {
      storage,
      seed: options.seed,
      sides: sidesOf(options, gate, counting ? stops : undefined),
      utc: options.utc,
      pauseMs: 0,
      ...(options.watched === true
        ? {
            onWatchable: (swap: Runner.Swap) => {
              const key = SwapSeed.tower(options.seed, swap.nonce)
              if (!run.signal.aborted) process.job = WatchJob.seal(WatchJob.of(context, swap), key)
            },
          }
        : {}),
      onProgress: (progress) => {
        if (progress.is === 'trouble' && !isAitbcError(progress.error)) process.error ??= progress.error
        if (progress.is === 'sent' || progress.is === 'raised' || progress.is === 'alarm')
          options.told(`${role} ${progress.is} ${'key' in progress ? progress.key : progress.reason}`)
      },
    }
    latest = context
    const drive = async (): Promise<SwapMachine.Outcome> => {
      if (recovering) return rebuild(context, run)
      const swap = await take(context, deal.nonces[role])
      return Runner.run(context, swap, { signal: run.signal })
    }
    drive().then(
      (outcome) => {
        if (run.signal.aborted) return
        alive.delete(run)
        // A process that found nothing has nothing to say beside the one that has the journal.
        if (process.running !== run && !bereft.has(process.running as AbortController)) return
        process.outcome = outcome
        process.running = undefined
        options.told(`${role} is finished: ${outcome}`)
        process.end()
      },
      (error: unknown) => {
        if (run.signal.aborted) return
        alive.delete(run)
        // Another process of this party has the journal now.
        const [other] = alive
        const current = process.running === run
        if (current) process.running = other
        if (isAitbcError(error, 'SwapBusy') && !(current && other === undefined)) return
        process.error = error
        options.told(`${role} failed: ${String(error)}`)
      },
    )
  }

  async function take(context: Runner.Context, nonce: Bytes.Bytes): Promise<Runner.Swap> {
    const id = Bytes.toHex(nonce)
    if ((await Runner.list(context.storage)).includes(id))
      try {
        return await Runner.load(context, id)
      } catch (error) {
        // A crash came before the first entry: nothing was promised to anybody yet.
        if (!isAitbcError(error, 'StateUnreadable')) throw error
      }
    const { signed, margins } = deal
    return Runner.open(context, { role, nonce, signed, margins, policy: options.policy })
  }

  /** Looks for the party's swaps on the chains, again whenever something changed as long as one may be missing, and drives them. */
  async function rebuild(context: Runner.Context, run: AbortController): Promise<SwapMachine.Outcome> {
    const { signal } = run
    for (;;) {
      const changed = change(signal)
      const found = await Recovery.recover(context, { signal, policy: () => options.policy }).catch(
        (error: unknown) => {
          if (signal.aborted || !isAitbcError(error)) throw error
          return { swaps: [], waiting: [], unreachable: [] }
        },
      )
      const shown = found.swaps.filter(({ nonce }) => Bytes.equal(nonce, deal.nonces[role]))
      // What a reorganisation took from the chains is in its new journal.
      const swaps = shown.length > 0 ? shown : await kept(context)
      if (swaps.length > 0) bereft.delete(run)
      else {
        bereft.add(run)
        await changed
        continue
      }
      const { long, short } = (swaps[0] as Runner.Swap).state.durable.terms
      const whole = long !== undefined && short !== undefined
      const stop = new AbortController()
      if (!whole) changed.then(() => stop.abort(AGAIN))
      const both = AbortSignal.any([signal, stop.signal])
      const ends = await Promise.allSettled(swaps.map((swap) => Runner.run(context, swap, { signal: both })))
      const outcomes: SwapMachine.Outcome[] = []
      for (const end of ends)
        if (end.status === 'fulfilled') outcomes.push(end.value)
        else if (end.reason !== AGAIN) throw end.reason
      const [first] = outcomes
      if (outcomes.length === swaps.length && first !== undefined)
        return BEST.find((one) => outcomes.includes(one)) ?? first
    }
  }

  async function kept(context: Runner.Context): Promise<readonly Runner.Swap[]> {
    const nonce = Bytes.toHex(deal.nonces[role])
    const ids = (await Runner.list(context.storage)).filter((id) => id.startsWith(nonce))
    const loaded = ids.map((id) =>
      Runner.load(context, id).catch((error: unknown) => {
        // A crash came before its first entry.
        if (isAitbcError(error, 'StateUnreadable')) return undefined
        throw error
      }),
    )
    return (await Promise.all(loaded)).filter((swap) => swap !== undefined)
  }

  function change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const enough = () => {
        for (const end of ends) end()
        signal.removeEventListener('abort', enough)
        resolve()
      }
      const ends = Object.values(options.endpoints).map(([endpoint]) => endpoint.listen(enough))
      signal.addEventListener('abort', enough)
    })
  }
  return process
}

function firsts(faults: readonly Fault[], at: (fault: Fault) => number | undefined): Map<number, Fault> {
  const found = new Map<number, Fault>()
  for (const fault of faults) {
    const number = at(fault)
    if (number !== undefined && !found.has(number)) found.set(number, fault)
  }
  return found
}

type Log = Awaited<ReturnType<Storage['log']>>
type Doom = { readonly down: number; readonly wipe?: boolean }

const AGAIN = new Error('what is missing is looked for again')
/** Of several swaps that a recovery makes of one, the best end counts: one of them was paid. */
const BEST: readonly SwapMachine.Outcome[] = ['free-ride', 'deal', 'no-deal']

/** Says that all is written, and writes it when there is more to write: what no journal may do, its header and first entry aside. */
function postponing(storage: Storage): Storage {
  return {
    ...storage,
    async log(name, o) {
      const log = await storage.log(name, o)
      let late: Bytes.Bytes | undefined
      let begun = (await log.read()).length > 0 ? 2 : 0
      return {
        ...log,
        async append(bytes) {
          if (begun++ < 2) return log.append(bytes)
          if (late !== undefined) await log.append(late)
          late = bytes
        },
      }
    },
  }
}

/** Gives whoever opens a log the one that is open already: what no storage may do. */
function unfenced(storage: Storage, logs: Map<string, Log>): Storage {
  return {
    ...storage,
    async log(name, o) {
      const log = logs.get(name) ?? (await storage.log(name, o))
      logs.set(name, log)
      return log
    },
  }
}

/** Keeps nothing of which hashlocks were used. */
function forgetful(storage: Storage): Storage {
  const isOf = (key: string) => key.startsWith('hashlock/')
  return {
    ...storage,
    put: (key, value, o) => (isOf(key) ? Promise.resolve(1n) : storage.put(key, value, o)),
    compareAndSet: (key, expected, value, o) =>
      isOf(key) ? Promise.resolve(1n) : storage.compareAndSet(key, expected, value, o),
  }
}

type Gate = <T>(method: string, args: readonly unknown[], call: () => T | Promise<T>) => Promise<T>

function sidesOf(options: Options, gate: Gate, stops: ((label: string) => boolean) | undefined): Side.Sides {
  const sides: Record<string, Side.Side> = {}
  for (const leg of ['long', 'short'] as const) {
    const chain = options.chains[leg]
    const network = options.networks[leg]
    const wallet = walletOf(options.seed, network)
    const provable = chain.family.best !== 'quorum' && options.proves
    const verifier = provable ? createWorldVerifier(chain) : undefined
    const adapter = readerOf(options, leg, verifier)
    sides[network.id] = {
      adapter: gated(options.rich === true ? enriched(adapter) : adapter, gate, stops),
      ...(verifier === undefined ? {} : { verifier }),
      backend: chain.family.backend(network),
      funding: wallet.funding,
      party: wallet.party,
      signer(account, nonce) {
        const signer = wallet.signer(account, nonce)
        if (signer?.kind !== 'signs') return signer
        return { ...signer, sign: (step, o) => gate('sign', [step], () => signer.sign(step, o)) }
      },
    }
  }
  return sides
}

/** An adapter over the one server that is believed, or over all of several. */
function readerOf(options: Options, leg: Leg, verifier: Verifier | undefined): SwapAdapter {
  const network = options.networks[leg]
  const arms = options.watched === true
  const adapters = options.endpoints[leg].map((endpoint) => createWorldAdapter({ network, endpoint, arms }))
  const first = adapters[0] as SwapAdapter
  if (adapters.length === 1) return first
  const { best } = options.chains[leg].family
  return {
    ...createRedundantAdapter({
      adapters,
      ...(verifier === undefined ? {} : { verifier }),
      // What nothing proves takes a majority; a single server that answers is enough for all else.
      ...(best === 'quorum' ? { agree: (adapters.length >> 1) + 1 } : {}),
      ...{ answers: 1, utc: options.utc, risk: options.risk },
      // They answer at once or say that they don't.
      ...{ timeoutMs: Number.POSITIVE_INFINITY, graceMs: Number.POSITIVE_INFINITY },
    }),
    // Whatever happens wakes a party: all servers would say so at once.
    watch: first.watch,
  }
}

function gated(
  adapter: SwapAdapter,
  gate: Gate,
  stops: ((label: string) => boolean) | undefined,
): SwapAdapter {
  const { arm } = adapter
  return {
    ...adapter,
    tip: (o) => gate('tip', [], () => adapter.tip(o)),
    balance: (account, o) => gate('balance', [account], () => adapter.balance(account, o)),
    feeRates: (o) => gate('feeRates', [], () => adapter.feeRates(o)),
    prepare: (intent, o) => gate('prepare', [intent], () => adapter.prepare(intent, o)),
    submit: (signed, o) => gate('submit', [signed], () => adapter.submit(signed, o)),
    replace: (submission, rate, o) =>
      gate('replace', [submission], () => adapter.replace(submission, rate, o)),
    status: (submission, o) => gate('status', [submission], () => adapter.status(submission, o)),
    findLocks: (terms, o) => gate('findLocks', [terms], () => adapter.findLocks(terms, o)),
    findSpend: (terms, lock, o) => gate('findSpend', [lock], () => adapter.findSpend(terms, lock, o)),
    discoverLocks: (hashlock, o) =>
      gate('discoverLocks', [hashlock], () => adapter.discoverLocks(hashlock, o)),
    recoverLocks: (seed, o) => gate('recoverLocks', [], () => adapter.recoverLocks(seed, o)),
    ...(arm === undefined ? {} : { arm: (terms, lock, o) => gate('arm', [lock], () => arm(terms, lock, o)) }),
    prove: (claim, o) => gate('prove', [claim], () => adapter.prove(claim, o)),
    ...(stops === undefined
      ? {}
      : {
          async *watch(subject, o) {
            for await (const event of adapter.watch(subject, o)) {
              if (stops('at a sighting')) return
              yield event
            }
          },
        }),
  }
}

function enriched(adapter: SwapAdapter): SwapAdapter {
  return {
    ...adapter,
    async balance(account, o) {
      const fact = await adapter.balance(account, o)
      return { ...fact, value: fact.value * 1000n }
    },
  }
}

interface Watch {
  saw(method: string, args: readonly unknown[]): void
  read<T>(method: string, call: () => Promise<T>): Promise<T>
}

function watched(storage: Storage, { saw, read }: Watch): Storage {
  return {
    get: (key, o) => {
      saw('get', [])
      return read('get', () => storage.get(key, o))
    },
    list: (prefix, o) => {
      saw('list', [])
      return read('list', () => storage.list(prefix, o))
    },
    put: (key, value, o) => {
      saw('put', [value])
      return storage.put(key, value, o)
    },
    compareAndSet: (key, expected, value, o) => {
      saw('compareAndSet', [value])
      return storage.compareAndSet(key, expected, value, o)
    },
    async log(name, o) {
      saw('log', [])
      const log = await read('log', () => storage.log(name, o))
      return {
        ...log,
        read: (p) => read('read', () => log.read(p)),
        append: (bytes, p) => {
          saw('append', [bytes])
          return log.append(bytes, p)
        },
      }
    },
  }
}
