// Workers on a real database with model chains: blocks come only when everybody waits, so no test depends on how fast a machine is.
import { Bytes } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import { type Policy, Runner, type Side, type SwapMachine } from '@aitbc/swap'
import {
  createPostgresStorage,
  type Database,
  Lease,
  type PostgresStorage,
  Worker,
} from '@aitbc/swap/postgres'
import * as Board from '../../src/Board.js'
import type { Gate } from '../model/ModelAdapter.js'
import { ALICE, BOB, type Market, mine, risk, seeds, sides } from '../model/market.js'
import * as Process from '../model/process.js'

/** One of Alice's processes, as far as `drive` waits for it. */
export interface Desk {
  /** Calls that haven't been answered, and how many there were. */
  flying: number
  calls: number
  asleep: boolean
  /** Swaps that it drives. */
  readonly holds: Set<string>
  /** Resolves when it has come to rest, where that isn't seen from here. */
  settle?: () => Promise<void>
  note(is: string, id: string): void
  close(): void
}

const desks = new Set<Desk>()
/** Swaps that somebody has to hold before a block comes. */
const unfinished = new Map<string, Market>()
let changed = () => {}

/** Something happened that `drive` may wait for. */
export const wake = (): void => changed()

/** Nobody has to hold a swap whose end is in the database. */
export const settled = (id: string): void => void unfinished.delete(id)

export function desk(): Desk {
  const holds = new Set<string>()
  const made: Desk = {
    flying: 0,
    calls: 0,
    asleep: false,
    holds,
    note(is, id) {
      if (is === 'claimed') holds.add(id)
      if (is === 'lost' || is === 'failed' || is === 'finished') holds.delete(id)
      if (is === 'finished') unfinished.delete(id)
      wake()
    },
    close: () => void desks.delete(made),
  }
  desks.add(made)
  return made
}

const counted = async <T>(desk: Desk, run: () => T | Promise<T>): Promise<T> => {
  desk.flying++
  desk.calls++
  try {
    return await run()
  } finally {
    desk.flying--
  }
}

export interface Options extends Partial<Omit<Worker.Options, 'storage' | 'signal' | 'onProgress'>> {
  readonly schema: string
  readonly turnMs?: number
  /** Its swaps and other workers' don't see each other. */
  readonly apart?: boolean
  /** Called before each statement reaches the pool; may keep it back. */
  readonly before?: (text: string) => Promise<void> | void
  readonly sides?: (gate: Gate) => Side.Sides
  readonly utc?: () => bigint
  readonly tell?: (progress: Worker.Progress) => void
}

/** A worker of Alice's service, and what came of it so far. */
export interface Service {
  readonly storage: PostgresStorage
  readonly progress: Worker.Progress[]
  /** Kinds of transactions it broadcast. */
  readonly sent: string[]
  readonly outcomes: Map<string, SwapMachine.Outcome>
  readonly done: Promise<unknown>
  stop(): Promise<unknown>
  /** Resolves with the first progress that fits. */
  when(fits: (progress: Worker.Progress) => boolean): Promise<Worker.Progress>
}

export function storageOf(pool: Database.Pool, options: Pick<Options, 'schema'>): PostgresStorage {
  return createPostgresStorage({ pool, schema: options.schema })
}

/** Storage whose calls count as work from their beginning to their end, pauses between attempts included. */
function countedStorage(desk: Desk, pool: Database.Pool, options: Options): PostgresStorage {
  const { schema, before, turnMs, apart = false } = options
  const { database, board, ...storage } = createPostgresStorage({
    schema,
    ...(turnMs === undefined ? {} : { turnMs }),
    pool: {
      ...(pool.options && { options: pool.options }),
      query: async (config) => {
        const kept = before?.(config.text)
        if (kept !== undefined) {
          desk.asleep = true
          wake()
          await kept
          desk.asleep = false
        }
        return pool.query(config)
      },
    },
  })
  return {
    get: (...args) => counted(desk, () => storage.get(...args)),
    put: (...args) => counted(desk, () => storage.put(...args)),
    list: (...args) => counted(desk, () => storage.list(...args)),
    compareAndSet: (...args) => counted(desk, () => storage.compareAndSet(...args)),
    log: (...args) => counted(desk, () => storage.log(...args)),
    board: apart
      ? Board.of(createMemoryStorage())
      : {
          enter: (...args) => counted(desk, () => board.enter(...args)),
          put: (...args) => counted(desk, () => board.put(...args)),
          reserve: (...args) => counted(desk, () => board.reserve(...args)),
          turn: (...args) => counted(desk, () => board.turn(...args)),
          leave: (...args) => counted(desk, () => board.leave(...args)),
        },
    database: {
      ...database,
      query: (...args) => counted(desk, () => database.query(...args)),
    },
  }
}

export function start(market: Market, pool: Database.Pool, options: Options): Service {
  const { schema: _, before: __, turnMs: ___, apart: ____, sides: sidesOf, utc, tell, ...rest } = options
  const own = desk()
  const storage = countedStorage(own, pool, options)
  const progress: Worker.Progress[] = []
  const sent: string[] = []
  const outcomes = new Map<string, SwapMachine.Outcome>()
  const waiting = new Set<() => void>()
  const stop = new AbortController()
  const gate: Gate = (method, args, run) => {
    if (method === 'submit') sent.push((args[0] as { step: { kind: string } }).step.kind)
    return counted(own, run)
  }
  const context = {
    seed: seeds[ALICE],
    sides: sidesOf?.(gate) ?? sides(market, ALICE, gate),
    utc: utc ?? (() => market.nets.long.tip.clock),
    pauseMs: 1,
  }
  const done = Worker.run(context, {
    pollMs: 20,
    ...rest,
    storage,
    signal: stop.signal,
    onProgress: (one) => {
      progress.push(one)
      if ('id' in one) own.note(one.is, one.id)
      if (one.is === 'finished') outcomes.set(one.id, one.outcome)
      tell?.(one)
      for (const look of [...waiting]) look()
    },
  })
    .catch((error) => error)
    .finally(() => own.close())
  return {
    storage,
    progress,
    sent,
    outcomes,
    done,
    stop() {
      stop.abort(new Error('closing time'))
      return done
    },
    when: (fits) =>
      new Promise((resolve) => {
        const look = () => {
          const found = progress.find(fits)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}

/** Puts a swap of Alice's into a database, for any worker. */
export async function open(
  market: Market,
  storage: PostgresStorage,
  deal: Process.Deal,
  policy: Policy.Policy = risk,
): Promise<string> {
  const context = {
    storage,
    seed: seeds[ALICE],
    sides: sides(market, ALICE),
    utc: () => market.nets.long.tip.clock,
  }
  const { signed, margins, nonces } = deal
  const swap = await Runner.open(context, {
    role: 'initiator',
    nonce: nonces[ALICE],
    signed,
    margins,
    policy,
  })
  await swap.journal.close()
  await Lease.offer(storage, swap.id)
  unfinished.set(swap.id, market)
  return swap.id
}

/** Her counterparty, in a process of his own. */
export function bob(market: Market, deal: Process.Deal): Process.Process {
  const process = Process.create(market, BOB)
  Process.start(process, deal)
  return process
}

export const idOf = (deal: Process.Deal): string => Bytes.toHex(deal.nonces[ALICE])

/** Resolves when nobody who is awake does anything any more but wait for a block. */
export async function quiet(): Promise<void> {
  const awake = () => [...desks].filter(({ asleep }) => !asleep)
  const calls = () =>
    awake()
      .map((one) => one.calls)
      .join()
  let last = ''
  for (let still = 0; still < 5; still++) {
    await Process.quiet()
    await new Promise((resolve) => setImmediate(resolve))
    if (still === 4) for (const one of awake()) await one.settle?.()
    const now = calls()
    if (awake().some(({ flying }) => flying > 0) || now !== last) still = 0
    last = now
  }
}

/** Blocks come whenever everybody waits and nobody's swap is between two workers, until `until` holds. */
export async function drive(market: Market, until: () => boolean, blocks = 100): Promise<void> {
  const isHeld = () => {
    const held = [...desks].flatMap(({ asleep, holds }) => (asleep ? [] : [...holds]))
    return [...unfinished].every(([id, at]) => at !== market || held.includes(id))
  }
  for (let block = 0; block < blocks; block++) {
    await quiet()
    while (!until() && !isHeld()) {
      await new Promise<void>((resolve) => {
        changed = resolve
      })
      await quiet()
    }
    if (until()) return
    mine(market)
  }
  throw new Error(`not done after ${blocks} blocks`)
}
