import {
  type CallOptions,
  CoreErrors,
  isAitbcError,
  type LockTerms,
  type Log,
  type Signer,
  show,
} from '@aitbc/core'
import type * as Board from '../Board.js'
import { SwapErrors } from '../errors.js'
import { pause } from '../internal/pause.js'
import * as Runner from '../Runner.js'
import type * as Side from '../Side.js'
import type * as SwapMachine from '../SwapMachine.js'
import { openLog, type PostgresStorage, swapOf } from './createPostgresStorage.js'
import { assertMs } from './Database.js'
import * as Lease from './Lease.js'
import * as Wish from './Wish.js'

/** What a worker does, for people. */
export type Progress =
  | { readonly is: 'claimed'; readonly id: string; readonly token: bigint }
  | { readonly is: 'swap'; readonly id: string; readonly progress: Runner.Progress }
  | { readonly is: 'finished'; readonly id: string; readonly outcome: SwapMachine.Outcome }
  /** Somebody asked for it ({@link cancel}), and so it is journaled; or it was too late for that. */
  | { readonly is: 'cancelled'; readonly id: string; readonly stopped: boolean }
  /** Its lease is over, or another process opened its journal: somebody else drives the swap, or will. */
  | { readonly is: 'lost'; readonly id: string; readonly error: unknown }
  /** It was given back, to be taken again in so many milliseconds. */
  | { readonly is: 'failed'; readonly id: string; readonly error: unknown; readonly againMs: number }
  /** The database didn't answer in time; the worker goes on. */
  | { readonly is: 'trouble'; readonly error: unknown }

/** Options of a worker. */
export interface Options extends CallOptions {
  readonly storage: PostgresStorage
  /**
   * Most swaps that are driven at once; 100 unless told. What is due beyond that waits until one of them ends, locked or not: all workers
   * together need room for what a dead one held (`Lease.count` tells what waits).
   */
  readonly concurrency?: number
  /**
   * How long a claim counts without being renewed, milliseconds by the server's clock; 30,000 unless told. As long a killed worker's swaps
   * stand still; longer than the longest pause of this process.
   */
  readonly leaseMs?: number
  /** How often due swaps are looked for, milliseconds; 1000 unless told. */
  readonly pollMs?: number
  /** What each swap is driven to, see `Runner.run`; `paid` unless told. */
  readonly until?: 'paid' | 'collected'
  /** Milliseconds that never go back; `performance.now()` unless told. */
  readonly now?: () => number
  readonly onProgress?: (progress: Progress) => void
}

/** A swap that this worker has a lease of. */
interface Held {
  readonly lease: Lease.Lease
  readonly stop: AbortController
  /** Until when the lease counts here, by the worker's own clock: always before it ends at the server. */
  end: number
  lost?: Error
  /** As soon as it runs. */
  swap?: Runner.Swap
  /** It is being told to stop. */
  heeding?: Promise<void>
  /** It is being given back, or its swap is finished: that nobody holds it any more is no loss. */
  over?: true
  done: Promise<void>
}

const FIRST_AGAIN_MS = 1000
const LAST_AGAIN_MS = 60_000
/** The part of a lease after which it is renewed, and the part that is used at all: clocks run differently, and a call takes its time. */
const RENEW = 1 / 3
const USE = 0.9

/**
 * Drives swaps of a database together with any number of other workers, until the signal: claims what is due, runs it with `Runner`,
 * renews its leases, and gives them back at the end. It rejects with `signal.reason` when all it drove has stopped.
 *
 * No swap is driven by two. A worker that is killed or cut off from the database has its swaps taken over once their leases end by the
 * server's clock. One that was only paused asks before it goes on, and finds its leases gone: nothing more of it reaches a journal (which
 * the next owner's opening has fenced) or a chain (each broadcast asks for the lease before), and its runs end with `SwapBusy` (4012)
 * (L3). What nobody took meanwhile it keeps: the server's clock and token decide, not its own.
 *
 * A swap that fails is given back, and taken again after a pause that doubles up to a minute by the server's clock; one that another
 * process opened by itself is no failure, and is left to that one for a second. `InvalidArgument` (1013) for an option out of range.
 *
 * @example
 * import type { Runner } from '@aitbc/swap'
 * import { type PostgresStorage, Worker } from '@aitbc/swap/postgres'
 * declare const storage: PostgresStorage
 * declare const context: Omit<Runner.Context, 'storage'>
 * const stop = new AbortController()
 * const running = Worker.run(context, { storage, concurrency: 500, signal: stop.signal })
 * stop.abort(new Error('the service ends'))
 * await running.catch((reason) => reason)
 */
export async function run(
  context: Omit<Runner.Context, 'storage' | 'onProgress'>,
  options: Options,
): Promise<never> {
  const { storage, concurrency = 100, leaseMs = 30_000, pollMs = 1000, until = 'paid' } = options
  const now = options.now ?? (() => performance.now())
  if (!Number.isSafeInteger(concurrency) || concurrency < 1)
    throw CoreErrors.InvalidArgument(`concurrency must be an integer from 1 on, got ${show(concurrency)}`, {
      argument: 'concurrency',
      received: concurrency,
    })
  assertMs(leaseMs, 'leaseMs')
  assertMs(pollMs, 'pollMs')
  const tell = (progress: Progress) => options.onProgress?.(progress)
  const stopped = new AbortController()
  const signal =
    options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal])
  signal.throwIfAborted()

  const holding = new Map<string, Held>()
  /** Set when there is room again. */
  let room = () => {}

  const lose = (held: Held, why: string): Error => {
    if (held.lost === undefined) {
      const { id } = held.lease
      held.lost = SwapErrors.SwapBusy(`swap ${id} is not this worker's any more: ${why}`, { id })
      tell({ is: 'lost', id, error: held.lost })
      held.stop.abort(held.lost)
    }
    return held.lost
  }
  /** One question for all swaps that ask at once. */
  const confirm = gathered(async (all: readonly Held[]): Promise<void> => {
    const asked = now()
    const ended = all.filter(({ end }) => asked >= end)
    const held = await Lease.held(
      storage,
      all.filter(({ end }) => asked < end).map(({ lease }) => lease),
      { patienceMs: leaseMs },
    )
    // What ended, here or there, may have been left to this worker.
    const open = all.filter((one) => ended.includes(one) || !held.has(one.lease.id))
    const again = now()
    const renewed = await Lease.renew(
      storage,
      open.map(({ lease }) => lease),
      { leaseMs, patienceMs: leaseMs },
    )
    for (const one of open) {
      if (renewed.has(one.lease.id)) one.end = again + leaseMs * USE
      else lose(one, 'another one has it')
    }
  })
  const assertHeld = async (held: Held): Promise<void> => {
    if (held.lost !== undefined) throw held.lost
    try {
      await confirm(held)
    } catch (error) {
      tell({ is: 'trouble', error })
      throw lose(held, 'the database can’t be asked')
    }
    if (held.lost !== undefined) throw held.lost
    if (now() >= held.end) throw lose(held, 'its lease ended')
  }
  /** What the worker knows by itself, as long as its lease lasts by its own clock, in which a pause of any length shows. */
  const assertOwn = async (held: Held): Promise<void> => {
    if (held.lost !== undefined) throw held.lost
    if (now() >= held.end) await assertHeld(held)
  }

  const ours = leased(storage, holding, assertOwn)

  /** Journals that the swap stops, and answers: whoever has lost it can't do the first. */
  const heed = async (id: string, swap: Runner.Swap): Promise<void> => {
    const stopped = await Runner.cancel(swap)
    await Wish.answer(storage.database, id, stopped)
    tell({ is: 'cancelled', id, stopped })
  }
  const listen = async (): Promise<void> => {
    const running = [...holding].flatMap(([id, held]) => {
      const { swap, heeding, lost, over } = held
      return swap === undefined || heeding || lost || over ? [] : [{ id, held, swap }]
    })
    const asked = await Wish.asked(
      storage.database,
      running.map(({ id }) => id),
      { signal },
    )
    for (const { id, held, swap } of running)
      if (asked.has(id))
        held.heeding = heed(id, swap)
          .catch((error) => {
            if (!signal.aborted && held.lost === undefined) tell({ is: 'trouble', error })
          })
          .finally(() => {
            delete held.heeding
          })
  }

  const drive = async (held: Held): Promise<void> => {
    const { lease, stop } = held
    const { id } = lease
    const own: Runner.Context = {
      ...context,
      storage: ours,
      onProgress: (progress) => tell({ is: 'swap', id, progress }),
    }
    try {
      await assertOwn(held)
      const swap = await Runner.load(own, id)
      // Before anything else: what was asked while nobody had it may have been asked of its lock.
      if ((await Wish.asked(storage.database, [id], { signal: stop.signal })).has(id)) await heed(id, swap)
      const { long, short } = swap.state.durable.terms
      const sides = fenced(
        sidesOf(context.sides, [long, short]),
        () => assertOwn(held),
        () => assertHeld(held),
      )
      held.swap = swap
      const outcome = await Runner.run({ ...own, sides }, swap, { signal: stop.signal, until })
      held.over = true
      await Lease.finish(storage, lease, outcome)
      tell({ is: 'finished', id, outcome })
    } catch (error) {
      if (signal.aborted) return
      const wasLost = held.lost !== undefined
      held.over = true
      // Another process opened the journal, with this one's lease or without: whoever that is drives the swap.
      if (!wasLost && isAitbcError(error, 'SwapBusy')) lose(held, 'its journal was opened elsewhere')
      const failed = held.lost === undefined
      const doubled = failed ? 2 ** Math.min(lease.failures, 10) : 1
      const againMs = wasLost ? 0 : Math.min(LAST_AGAIN_MS, FIRST_AGAIN_MS * doubled)
      if (failed) tell({ is: 'failed', id, error, againMs })
      // Where another one has it, this changes nothing.
      await Lease.release(storage, [lease], { delayMs: againMs, failed }).catch((error) =>
        tell({ is: 'trouble', error }),
      )
    }
  }

  const take = (lease: Lease.Lease, asked: number): void => {
    const before = holding.get(lease.id)
    // The server was first to see it end: what runs under it would go on unrenewed, and deaf to what is asked of the swap.
    if (before !== undefined && before.over === undefined) lose(before, 'its lease ended')
    const held: Held = {
      lease,
      stop: new AbortController(),
      end: asked + leaseMs * USE,
      done: Promise.resolve(),
    }
    holding.set(lease.id, held)
    tell({ is: 'claimed', id: lease.id, token: lease.token })
    // Where a lease was lost and comes back, the run before has to end first.
    held.done = (before?.done ?? Promise.resolve())
      .then(() => drive(held))
      .finally(() => {
        if (holding.get(lease.id) === held) holding.delete(lease.id)
        if (!signal.aborted) room()
      })
  }

  const claiming = async (): Promise<void> => {
    while (!signal.aborted) {
      const free = concurrency - holding.size
      const again = new Promise<void>((resolve) => {
        room = resolve
      })
      let taken = 0
      if (free > 0)
        try {
          const asked = now()
          const leases = await Lease.claim(storage, { max: free, leaseMs, signal })
          taken = leases.length
          for (const lease of leases) take(lease, asked)
        } catch (error) {
          if (!signal.aborted) tell({ is: 'trouble', error })
        }
      try {
        await listen()
      } catch (error) {
        if (!signal.aborted) tell({ is: 'trouble', error })
      }
      // With room and nothing due there is nothing to hurry for; without room the next end is.
      if (taken === 0 || taken === free)
        await pause(pollMs, signal, holding.size >= concurrency ? again : undefined)
    }
  }

  const renewing = async (): Promise<void> => {
    let wait = leaseMs * RENEW
    while (!signal.aborted) {
      await pause(wait, signal)
      if (signal.aborted) return
      const asked = now()
      const mine = [...holding.values()].filter((held) => held.lost === undefined)
      try {
        const still = await Lease.renew(
          storage,
          mine.map(({ lease }) => lease),
          { leaseMs, patienceMs: leaseMs * RENEW, signal },
        )
        for (const held of mine) {
          if (still.has(held.lease.id)) held.end = asked + leaseMs * USE
          else if (!held.over) lose(held, 'another one has it')
        }
      } catch (error) {
        if (!signal.aborted) tell({ is: 'trouble', error })
      }
      // From one question to the next, however long an answer takes.
      wait = Math.max(0, leaseMs * RENEW - (now() - asked))
    }
  }

  try {
    await Promise.all([claiming(), renewing()])
  } finally {
    stopped.abort(new Error('the worker ended'))
    const left = [...holding.values()]
    for (const held of left) held.stop.abort(signal.reason)
    const ended = new Set<Held>()
    const enough = new AbortController()
    // What doesn't end is not given back: its lease ends by itself.
    await Promise.race([
      Promise.all(left.map((held) => held.done.then(() => ended.add(held)))),
      pause(leaseMs, enough.signal),
    ])
    enough.abort()
    const free = left.filter((held) => held.lost === undefined && ended.has(held))
    await Lease.release(
      storage,
      free.map(({ lease }) => lease),
    ).catch((error) => tell({ is: 'trouble', error }))
  }
  throw signal.reason
}

/**
 * Gives a swap up, whichever worker drives it: from here on this party neither locks nor reveals; its refund, and a claim with a secret
 * that is public already, go on. Whoever holds the lease journals it between two turns of the swap, at most `pollMs` of its own later; one
 * that takes the swap over does so before anything else. Resolves once that is journaled, to whether it is so: not where the secret is out
 * or the swap was over before. The wish outlasts the caller and its signal, and may be told again.
 *
 * `InvalidArgument` (1013) where the database has no such swap, `StorageUnavailable` (1105).
 *
 * @example
 * import { type PostgresStorage, Worker } from '@aitbc/swap/postgres'
 * declare const storage: PostgresStorage
 * const stopped = await Worker.cancel(storage, '0011223344556677', { signal: AbortSignal.timeout(60_000) })
 */
export async function cancel(
  { database }: PostgresStorage,
  id: string,
  options: CallOptions & {
    /** How often the answer is looked for, milliseconds; 500 unless told. */
    readonly pollMs?: number
  } = {},
): Promise<boolean> {
  const { pollMs = 500, signal } = options
  assertMs(pollMs, 'pollMs')
  for (let again = false; ; again = true) {
    signal?.throwIfAborted()
    const answer = await Wish.ask(database, id, { again, ...(signal && { signal }) })
    if (answer === 'unknown')
      throw CoreErrors.InvalidArgument(`id must be a swap of this database, got ${show(id)}`, {
        argument: 'id',
        received: id,
      })
    if (answer !== 'waits') return answer === 'stopped'
    await pause(pollMs, signal)
  }
}

/**
 * The storage as one worker may use it: logs of swaps are opened under their lease, and they and the board are written to only while it
 * lasts.
 */
function leased(
  storage: PostgresStorage,
  holding: ReadonlyMap<string, Held>,
  assertOwn: (held: Held) => Promise<void>,
): Board.Shared {
  const { board } = storage
  const owned = async <T>({ swap }: Board.Seat, run: () => Promise<T>): Promise<T> => {
    const held = holding.get(swap)
    if (held === undefined) throw SwapErrors.SwapBusy(`swap ${swap} is not this worker's`, { id: swap })
    await assertOwn(held)
    return run()
  }
  const log = async (name: string, options: CallOptions = {}): Promise<Log> => {
    const id = swapOf(name)
    if (id === undefined) return storage.log(name, options)
    const held = holding.get(id)
    const assert = async () => {
      try {
        if (held === undefined) throw SwapErrors.SwapBusy(`swap ${id} is not this worker's`, { id })
        await assertOwn(held)
      } catch (cause) {
        throw CoreErrors.StorageConflict(`the lease of the log ${name} is over`, { name }, { cause })
      }
    }
    await assert()
    const inner = await openLog(storage.database, name, {
      ...options,
      ...(held === undefined ? {} : { token: held.lease.token }),
    })
    const guarded = async <T>(run: () => Promise<T>): Promise<T> => {
      await assert()
      return run()
    }
    return {
      read: (o) => guarded(() => inner.read(o)),
      append: (bytes, o) => guarded(() => inner.append(bytes, o)),
      truncate: (size, o) => guarded(() => inner.truncate(size, o)),
      close: () => inner.close(),
    }
  }
  return {
    ...storage,
    log,
    board: {
      enter: (seat, turns) => owned(seat, () => board.enter(seat, turns)),
      put: (seat, lines) => owned(seat, () => board.put(seat, lines)),
      reserve: (seat, lines) => owned(seat, () => board.reserve(seat, lines)),
      turn: (seat, account, signal, run) =>
        board.turn(seat, account, signal, (turn) =>
          run({ ...turn, write: (line) => owned(seat, () => turn.write(line)) }),
        ),
      leave: (seat, over) => owned(seat, () => board.leave(seat, over)),
    },
  }
}

/** Those of a swap's legs: a service may know hundreds of networks. */
function sidesOf(sides: Side.Sides, legs: readonly (LockTerms.LockTerms | undefined)[]): Side.Sides {
  const wanted = new Set<string>(
    legs.flatMap((terms) => (terms === undefined ? [] : [terms.backend.network])),
  )
  return Object.fromEntries(Object.entries(sides).filter(([network]) => wanted.has(network)))
}

/** Sides whose broadcasts wait for a yes, and whose keys are used only by who owns the swap, for all it knows. */
function fenced(sides: Side.Sides, own: () => Promise<void>, allow: () => Promise<void>): Side.Sides {
  const guard = (side: Side.Side): Side.Side =>
    override(side, {
      adapter: override(side.adapter, {
        submit: async (signed, options) => {
          await allow()
          return side.adapter.submit(signed, options)
        },
      }),
      signer: (account, nonce): Signer | undefined => {
        const signer = side.signer(account, nonce)
        if (signer === undefined) return undefined
        return signer.kind === 'signs'
          ? override(signer, {
              sign: async (step, options) => {
                await own()
                return signer.sign(step, options)
              },
            })
          : override(signer, {
              send: async (step, options) => {
                await allow()
                return signer.send(step, options)
              },
            })
      },
    })
  return Object.fromEntries(Object.entries(sides).map(([network, side]) => [network, guard(side)]))
}

/** A question that many ask, asked once for all who came while the one before was under way. */
function gathered<T>(ask: (all: readonly T[]) => Promise<void>): (one: T) => Promise<void> {
  let under: Promise<void> = Promise.resolve()
  let next: { readonly all: Set<T>; readonly answer: Promise<void> } | undefined
  return (one) => {
    if (next === undefined) {
      const all = new Set<T>()
      const answer = under.then(() => {
        next = undefined
        return ask([...all])
      })
      next = { all, answer }
      under = answer.catch(() => undefined)
    }
    next.all.add(one)
    return next.answer
  }
}

/** An object with some of its members replaced; all others act on the object itself, whatever it is made of. */
function override<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy({} as T, {
    get(_, name) {
      if (Object.hasOwn(members, name)) return members[name as keyof T]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    has: (_, name) => Reflect.has(target, name),
  })
}
