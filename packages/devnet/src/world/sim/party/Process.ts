// An honest party as a process: the real runner over storage and adapters behind one gate, started again over what its disk holds.
import { type Bytes, isAitbcError, SwapSeed } from '@aitbc/core'
import { type Agreement, Runner, type SwapMachine } from '@aitbc/swap'
import { WatchJob } from '@aitbc/swap/watch'
import { createWorldDisk, type Disk } from '../../createWorldDisk.js'
import * as Bug from '../Bug.js'
import type { Deal } from '../Deal.js'
import type { Fault } from '../Plan.js'
import * as Errand from './Errand.js'
import * as Gate from './Gate.js'
import * as Gated from './Gated.js'
import * as Sides from './Sides.js'

export interface Options extends Omit<Sides.Options, 'seed'>, Errand.Errand {
  readonly deal: Deal
  readonly faults: readonly Fault[]
  /** Hears of each call before it happens. */
  readonly heard: (method: string, args: readonly unknown[]) => void
  readonly told: (line: string) => void
  /** A fault struck. */
  readonly struck: (fault: Fault) => void
  /** Hears of each boundary that the process comes to. */
  readonly passed: ((boundary: Gate.Boundary) => void) | undefined
  /** The process is dead, and its storage `lost` with it or not. */
  readonly died: (label: string, lost: boolean) => void
}

export interface Process extends Pick<Options, 'role'> {
  /** It reaches no endpoint. */
  offline: boolean
  readonly isRunning: () => boolean
  /** Whatever runs of the party has lost its storage, looked for its swaps on the chains, and found none so far. */
  readonly isBereft: () => boolean
  readonly outcome: () => SwapMachine.Outcome | undefined
  readonly error: () => unknown
  /** The last watch job that it made, sealed. */
  readonly job: () => Bytes.Bytes | undefined
  start(): void
  /** An instant begins: who is dead starts again when it was down for so long as it was to be. */
  wake(now: number): void
  /** The next instant after `from` that it waits for to be started again; `undefined` for none. */
  wakes(from: number): number | undefined
  /** An instant is over: where nothing is left to do but to wait, it may die too. */
  rest(): void
  /** A second process of the party starts over the same storage, beside the first one, or over empty storage. */
  twin(wiped: boolean): void
  /** Asks it to take another swap under a hashlock that it has used, which it must refuse (S10); `took` hears that it doesn't. */
  reuse(signed: Agreement.Signed, took: (what: string) => void): void
  /** Ends all processes of the party, for good. */
  end(): void
}

export function create(options: Options): Process {
  const { role, deal, told } = options
  const seed = deal.seeds[role]
  let disk: Disk = createWorldDisk()
  let wiped = false
  /** All that run, the one of them that counts, and what it runs with. */
  const alive = new Set<AbortController>()
  let running: AbortController | undefined
  let latest: Runner.Context | undefined
  const bereft = new Set<AbortController>()
  const logs = new Map<string, Bug.Log>()
  /** Seconds that it is to stay down once it is dead, and no instant before which it is started again; 0 while it runs. */
  let down = 0
  let restart = 0
  let outcome: SwapMachine.Outcome | undefined
  let failure: unknown
  let job: Bytes.Bytes | undefined
  const failed = (error: unknown) => {
    failure ??= error
  }
  const gate = Gate.create({ ...options, isOffline: () => process.offline, die, failed })

  const process: Process = {
    role,
    offline: false,
    isRunning: () => running !== undefined,
    isBereft: () => alive.size > 0 && [...alive].every((run) => bereft.has(run)),
    outcome: () => outcome,
    error: () => failure,
    job: () => job,
    start,
    wake(now) {
      if (down > 0 && restart === 0) {
        restart = now + down
        down = 0
      } else if (restart > 0 && restart <= now) {
        told(`${role} starts again`)
        start()
      }
    },
    wakes: (from) => (down > 0 ? from + 1 : restart === 0 ? undefined : restart),
    rest() {
      if (running !== undefined) gate.stops(running, 'waiting')
    },
    twin(empty) {
      if (running === undefined) return
      if (empty) lose()
      start()
    },
    reuse(signed, took) {
      const run = running
      if (run === undefined || latest === undefined || bereft.has(run)) return
      Errand.takeAgain(latest, options, signed).then(
        (swap) => {
          if (swap !== undefined) took(`took swap ${swap.id} under a hashlock that it had used`)
        },
        (error: unknown) => {
          if (!run.signal.aborted && !isAitbcError(error)) failed(error)
        },
      )
    },
    end() {
      for (const run of alive) run.abort(new Error('the party is at its end'))
      running = undefined
      down = restart = 0
    },
  }

  function lose(): void {
    disk = createWorldDisk()
    wiped = true
  }

  function die(run: AbortController, label: string, doom: Gate.Doom | undefined): void {
    if (run.signal.aborted) return
    const seconds = doom?.down ?? 0
    if (running === run) {
      running = undefined
      down = seconds
      if (doom?.wipe === true) lose()
    }
    told(`${role} dies ${label} for ${seconds} s${doom?.wipe === true ? ', and its storage with it' : ''}`)
    options.died(label, doom?.wipe === true)
    alive.delete(run)
    run.abort(new Error('dead'))
  }

  function start(): void {
    const run = new AbortController()
    alive.add(run)
    running = run
    restart = 0
    const { signal } = run
    const recovering = wiped
    const context = contextOf(run)
    latest = context
    const found = (any: boolean) => {
      if (any) bereft.delete(run)
      else bereft.add(run)
    }
    const drive = async (): Promise<SwapMachine.Outcome> => {
      if (recovering) return Errand.rebuild(context, options, { signal, found })
      return Runner.run(context, await Errand.take(context, options), { signal })
    }
    drive().then(
      (end) => {
        if (signal.aborted) return
        alive.delete(run)
        // A process that found nothing has nothing to say beside the one that has the journal.
        if (running !== run && !bereft.has(running as AbortController)) return
        outcome = end
        told(`${role} is finished: ${end}`)
        process.end()
      },
      (error: unknown) => {
        if (signal.aborted) return
        alive.delete(run)
        // Another process of this party has the journal now.
        const [other] = alive
        const current = running === run
        if (current) running = other
        if (isAitbcError(error, 'SwapBusy') && !(current && other === undefined)) return
        failure = error
        told(`${role} failed: ${String(error)}`)
      },
    )
  }

  function contextOf(run: AbortController): Runner.Context {
    const passage = gate.passage(run)
    const disked = disk.open(passage.fate, passage.died)
    // Whoever is the only one has no log of another open.
    if (alive.size === 1) logs.clear()
    const onWatchable = (swap: Runner.Swap) => {
      if (!run.signal.aborted)
        job = WatchJob.seal(WatchJob.of(context, swap), SwapSeed.tower(seed, swap.nonce))
    }
    const context: Runner.Context = {
      storage: Gated.storage(Bug.storage(options.bug, disked, logs), passage),
      seed,
      sides: Sides.of({ ...options, seed }, passage),
      utc: options.utc,
      pauseMs: 0,
      ...(options.watched ? { onWatchable } : {}),
      onProgress: (progress) => {
        if (progress.is === 'trouble' && !isAitbcError(progress.error)) failed(progress.error)
        if (progress.is === 'sent' || progress.is === 'raised' || progress.is === 'alarm')
          told(`${role} ${progress.is} ${'key' in progress ? progress.key : progress.reason}`)
      },
    }
    return context
  }

  return process
}
