// A party as a process: the real runner over storage and adapters that go through one gate, at which it is counted, watched, stopped
// dead or made to fail; and started again over what its disk holds.
import { Bytes, CoreErrors, isAitbcError, type Network, type Storage, SwapSeed } from '@aitbc/core'
import { type Agreement, type Planner, type Policy, Runner, type Side, type SwapMachine } from '@aitbc/swap'
import type * as Chain from '../Chain.js'
import { createWorldAdapter, type WorldAdapter } from '../createWorldAdapter.js'
import { createWorldDisk, type Disk, type WriteFate } from '../createWorldDisk.js'
import { createWorldVerifier } from '../createWorldVerifier.js'
import { createWorldWallet } from '../createWorldWallet.js'
import type { Endpoint } from '../Endpoint.js'
import type { Fault, Leg, Role } from './Plan.js'

/** What all processes of a universe have done so far: as long as it grows, somebody is at work. */
export interface Work {
  count: number
}

export interface Deal {
  readonly signed: Agreement.Signed
  readonly margins: Planner.Margins
  readonly nonces: { readonly [R in Role]: Bytes.Bytes }
}

export interface Options {
  readonly role: Role
  readonly seed: SwapSeed.SwapSeed
  readonly deal: Deal
  readonly policy: Policy.Policy
  readonly chains: { readonly [L in Leg]: Chain.Chain }
  readonly endpoints: { readonly [L in Leg]: Endpoint }
  /** Networks as this party knows them; the chains' own unless told. */
  readonly networks: { readonly [L in Leg]: Network }
  /** Evidence is judged, where the chain has any. */
  readonly proves: boolean
  readonly utc: () => bigint
  readonly faults: readonly Fault[]
  readonly work: Work
  /** Hears of each call before it happens. */
  readonly heard: (method: string, args: readonly unknown[]) => void
  readonly told: (line: string) => void
  /** A fault struck. */
  readonly struck: (fault: Fault) => void
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
  start(): void
}

/** Calls that change something outside the process. */
const SENDS = new Set(['submit'])

export function create(options: Options): Process {
  const { role, deal, work, faults } = options
  const disk: Disk = createWorldDisk()
  const own = faults.filter((fault) => 'who' in fault && fault.who === role)
  let effects = 0
  let calls = 0
  const process: Process = { role, restart: 0, down: 0, offline: false, running: undefined, start }

  function die(seconds: number): void {
    if (process.running === undefined) return
    const { running } = process
    process.running = undefined
    process.down = seconds
    options.told(`${role} dies for ${seconds} s`)
    running.abort(new Error('dead'))
  }

  function crashAt(): Extract<Fault, { is: 'crash' }> | undefined {
    const effect = effects++
    const found = own.find((fault) => fault.is === 'crash' && fault.effect === effect)
    if (found?.is !== 'crash') return undefined
    options.struck(found)
    return found
  }

  function start(): void {
    const run = new AbortController()
    process.running = run
    process.restart = 0
    const never = <T>() => new Promise<T>(() => undefined)
    const gate = async <T>(
      method: string,
      args: readonly unknown[],
      call: () => T | Promise<T>,
    ): Promise<T> => {
      work.count++
      if (run.signal.aborted) return never()
      options.heard(method, args)
      const sends = SENDS.has(method)
      const crash = sends ? crashAt() : undefined
      if (crash !== undefined && crash.when !== 'after') {
        die(crash.down)
        return never()
      }
      const count = calls++
      const fails = own.find((fault) => fault.is === 'hang-up' && fault.call === count)
      const hangUp = () => CoreErrors.RpcUnreachable(`the connection was lost at ${method}`, { method })
      if (process.offline) throw hangUp()
      if (fails?.is === 'hang-up') options.struck(fails)
      if (fails?.is === 'hang-up' && fails.when === 'before') throw hangUp()
      const result = await call()
      if (run.signal.aborted) return never()
      if (crash !== undefined) {
        die(crash.down)
        return never()
      }
      if (fails !== undefined) throw hangUp()
      return result
    }
    let fated = 0
    const fate = (write: string): WriteFate => {
      work.count++
      const crash = crashAt()
      if (crash === undefined) return 'done'
      fated = crash.down
      if (crash.when === 'torn') return write === 'append' ? 'torn' : 'dies-before'
      return crash.when === 'after' ? 'dies-after' : crash.when === 'lost' ? 'lost' : 'dies-before'
    }
    const storage = watched(
      disk.open(fate, () => die(fated)),
      (method, args) => {
        work.count++
        if (!run.signal.aborted) options.heard(method, args)
      },
    )
    const context: Runner.Context = {
      storage,
      seed: options.seed,
      sides: sidesOf(options, gate),
      utc: options.utc,
      pauseMs: 0,
      onProgress: (progress) => {
        if (progress.is === 'trouble' && !isAitbcError(progress.error)) process.error ??= progress.error
        if (progress.is === 'sent' || progress.is === 'raised' || progress.is === 'alarm')
          options.told(`${role} ${progress.is} ${'key' in progress ? progress.key : progress.reason}`)
      },
    }
    const drive = async (): Promise<SwapMachine.Outcome> => {
      const nonce = deal.nonces[role]
      const swap = await take(context, nonce)
      return Runner.run(context, swap, { signal: run.signal })
    }
    const take = async (context: Runner.Context, nonce: Bytes.Bytes): Promise<Runner.Swap> => {
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
    drive().then(
      (outcome) => {
        work.count++
        if (run.signal.aborted) return
        process.outcome = outcome
        process.running = undefined
        options.told(`${role} is finished: ${outcome}`)
      },
      (error: unknown) => {
        work.count++
        if (run.signal.aborted) return
        process.running = undefined
        process.error = error
        options.told(`${role} failed: ${String(error)}`)
      },
    )
  }
  return process
}

type Gate = <T>(method: string, args: readonly unknown[], call: () => T | Promise<T>) => Promise<T>

function sidesOf(options: Options, gate: Gate): Side.Sides {
  const sides: Record<string, Side.Side> = {}
  for (const leg of ['long', 'short'] as const) {
    const chain = options.chains[leg]
    const network = options.networks[leg]
    const seed = SwapSeed.forNetwork(options.seed, network.id)
    const wallet = createWorldWallet({ network, seed })
    const adapter = createWorldAdapter({ network, endpoint: options.endpoints[leg] })
    sides[network.id] = {
      adapter: gated(adapter, gate),
      ...(chain.family.best === 'quorum' || !options.proves ? {} : { verifier: createWorldVerifier(chain) }),
      backend: adapter.backend,
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

function gated(adapter: WorldAdapter, gate: Gate): WorldAdapter {
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
    prove: (claim, o) => gate('prove', [claim], () => adapter.prove(claim, o)),
  }
}

function watched(storage: Storage, saw: (method: string, args: readonly unknown[]) => void): Storage {
  return {
    get: (key, o) => {
      saw('get', [])
      return storage.get(key, o)
    },
    list: (prefix, o) => {
      saw('list', [])
      return storage.list(prefix, o)
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
      const log = await storage.log(name, o)
      return {
        ...log,
        append: (bytes, p) => {
          saw('append', [bytes])
          return log.append(bytes, p)
        },
      }
    },
  }
}
