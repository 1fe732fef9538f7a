// The gate that whatever a party does goes through: there it is watched and numbered, fails, or ends its process.
import { CoreErrors } from '@aitbc/core'
import type { WriteFate } from '../../createWorldDisk.js'
import type { Fault, Role } from '../Plan.js'

/** Where a process can be stopped dead: before or after a call, a read or a write, or where it waits for the next block. */
export interface Boundary {
  /** Its number, from 0: among all that the party's processes came to, the one that was started after a crash counts on. */
  readonly at: number
  readonly label: string
  /** Writes and broadcasts that this party has carried out so far: what outlasts its process. */
  readonly effects: number
  /** It stands before a write of which a part may be there afterwards. */
  readonly tears: boolean
}

/** How a process ends: how many seconds it stays down, and whether its storage is lost with it. */
export interface Doom {
  readonly down: number
  readonly wipe?: boolean
}

export interface Options {
  readonly role: Role
  readonly faults: readonly Fault[]
  readonly utc: () => bigint
  /** Hears of each call before it happens. */
  readonly heard: (method: string, args: readonly unknown[]) => void
  /** A fault struck. */
  readonly struck: (fault: Fault) => void
  /** Hears of each boundary that a process comes to. */
  readonly passed: ((boundary: Boundary) => void) | undefined
  /** No endpoint can be reached. */
  readonly isOffline: () => boolean
  /** A process is to end where it stands. */
  readonly die: (run: AbortController, label: string, doom: Doom | undefined) => void
  /** The party did what it never may. */
  readonly failed: (error: Error) => void
}

export interface Gate {
  /** A process comes to its next boundary: whether it is dead then. */
  stops(run: AbortController, label: string): boolean
  /** Where one process goes through. */
  passage(run: AbortController): Passage
}

export interface Passage {
  /** Calls an endpoint, or has something signed. */
  call<T>(method: string, args: readonly unknown[], call: () => T | Promise<T>): Promise<T>
  /** Storage is asked for something. */
  heard(method: string, args: readonly unknown[]): void
  /** Reads from storage. */
  read<T>(method: string, call: () => Promise<T>): Promise<T>
  /** What becomes of a write. */
  fate(write: string): WriteFate
  /** The disk did what it was told, and the process ends. */
  died(): void
  /** The process comes to a boundary that is no call; absent where boundaries aren't numbered. */
  readonly stops?: (label: string) => boolean
}

/** Most calls of a party at one instant: far more than it ever needs. */
const MOST_CALLS = 5_000

/** Calls that change something outside the process. */
const SENDS = new Set(['submit'])

const never = <T>() => new Promise<T>(() => undefined)

export function create(options: Options): Gate {
  const { role, struck } = options
  const own = options.faults.filter((fault) => 'who' in fault && fault.who === role)
  const hangUps = firsts(
    own.filter((fault) => fault.is === 'hang-up'),
    ({ call }) => call,
  )
  const crashes = firsts(
    own.filter((fault) => fault.is === 'crash'),
    ({ effect }) => effect,
  )
  const kills = firsts(
    own.filter((fault) => fault.is === 'kill'),
    ({ boundary }) => boundary,
  )
  const numbers = kills.size > 0 || options.passed !== undefined
  /** All that any process of the party came to: the count goes on when it is started again. */
  let boundaries = 0
  let calls = 0
  /** Writes and broadcasts that were begun, and those that were carried out. */
  let effects = 0
  let lasting = 0
  let instant = 0n
  let busy = 0

  /** Whoever calls on and on at one instant never comes to rest. */
  function isEndless(): boolean {
    const now = options.utc()
    if (now !== instant) busy = 0
    instant = now
    if (++busy <= MOST_CALLS) return false
    options.failed(new Error(`more than ${MOST_CALLS} calls at one instant`))
    return true
  }

  function crashAt(): Extract<Fault, { is: 'crash' }> | undefined {
    const found = crashes.get(effects++)
    if (found !== undefined) struck(found)
    return found
  }

  /** A process comes to its next boundary: what ends it there. */
  function reaches(label: string, tears = false): Extract<Fault, { is: 'kill' }> | undefined {
    if (!numbers) return undefined
    const at = boundaries++
    options.passed?.({ at, label, effects: lasting, tears })
    const kill = kills.get(at)
    if (kill !== undefined) struck(kill)
    return kill
  }

  function stops(run: AbortController, label: string): boolean {
    const kill = run.signal.aborted ? undefined : reaches(label)
    if (kill !== undefined) options.die(run, label, kill)
    return run.signal.aborted
  }

  function passage(run: AbortController): Passage {
    const { signal } = run
    let doom: { readonly label: string; readonly of: Doom | undefined } | undefined
    return {
      async call<T>(method: string, args: readonly unknown[], call: () => T | Promise<T>): Promise<T> {
        if (signal.aborted || isEndless()) return never()
        if (numbers && stops(run, `before ${method}`)) return never()
        options.heard(method, args)
        const sends = SENDS.has(method)
        const crash = sends ? crashAt() : undefined
        if (crash !== undefined && crash.when !== 'after') {
          options.die(run, `before ${method}`, crash)
          return never()
        }
        const fails = hangUps.get(calls++)
        const hangUp = () => CoreErrors.RpcUnreachable(`the connection was lost at ${method}`, { method })
        if (options.isOffline()) throw hangUp()
        if (fails !== undefined) struck(fails)
        if (fails?.when === 'before') throw hangUp()
        let result: T
        try {
          const pending = call()
          if (sends) lasting++
          result = await pending
        } catch (error) {
          if (stops(run, `after ${method} failed`)) return never()
          throw error
        }
        if (signal.aborted) return never()
        if (crash !== undefined) {
          options.die(run, `after ${method}`, crash)
          return never()
        }
        if (numbers && stops(run, `after ${method}`)) return never()
        if (fails !== undefined) throw hangUp()
        return result
      },
      heard(method, args) {
        if (!signal.aborted) options.heard(method, args)
      },
      read: (method, call) => (numbers ? read(run, method, call) : call()),
      fate(write) {
        const crash = crashAt()
        if (crash !== undefined) {
          doom = { label: `at ${write} (${crash.when})`, of: crash }
          if (crash.when === 'torn') return write === 'append' ? 'torn' : 'dies-before'
          return crash.when === 'after' ? 'dies-after' : crash.when === 'lost' ? 'lost' : 'dies-before'
        }
        const tears = write === 'append'
        const before = reaches(`before ${write}`, tears)
        if (before !== undefined) {
          const torn = tears && before.torn === true
          doom = { label: torn ? `in ${write}` : `before ${write}`, of: before }
          return torn ? 'torn' : 'dies-before'
        }
        lasting++
        const after = reaches(`after ${write}`)
        if (after === undefined) return 'done'
        doom = { label: `after ${write}`, of: after }
        return 'dies-after'
      },
      died: () => options.die(run, doom?.label ?? 'at a write', doom?.of),
      ...(numbers ? { stops: (label) => stops(run, label) } : {}),
    }
  }

  async function read<T>(run: AbortController, method: string, call: () => Promise<T>): Promise<T> {
    if (stops(run, `before ${method}`)) return never()
    const value = await call()
    return stops(run, `after ${method}`) ? never() : value
  }

  return { stops, passage }
}

/** The first fault at each number: one call or effect strikes once. */
function firsts<F extends Fault>(faults: readonly F[], at: (fault: F) => number): ReadonlyMap<number, F> {
  const found = new Map<number, F>()
  for (const fault of faults) if (!found.has(at(fault))) found.set(at(fault), fault)
  return found
}
