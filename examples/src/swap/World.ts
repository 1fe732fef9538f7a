import { type Clock, createClock, type SharedClock } from './Clock.js'
import type { FamilyName, LocalChain, StartOptions } from './Family.js'
import { families } from './families.js'

/** The chains of a demo, with one clock for all of them. Stop them with `close`, or declare the world with `await using`. */
export interface World extends AsyncDisposable {
  readonly clock: SharedClock
  readonly chains: readonly LocalChain[]
  chain(name: FamilyName): LocalChain
  /** Does something on a chain while it makes no blocks by itself. */
  exclusive<T>(name: FamilyName, act: (chain: LocalChain) => Promise<T>): Promise<T>
  /** Told at once when time is skipped, before any chain shows it. */
  onTime(tell: () => void): void
  /** Moves all chains to a time, when that is ahead. */
  reach(time: bigint): Promise<void>
  close(): Promise<void>
}

/** What a world is made of. */
export interface WorldOptions {
  readonly families: readonly FamilyName[]
  readonly signal: AbortSignal
  /** Told when a chain makes no blocks any more. */
  readonly onError: (error: unknown) => void
  readonly onProgress?: (message: string) => void
}

/** Starts the chains and lets them make blocks. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const { signal, onError, onProgress } = options
  const listeners: (() => void)[] = []
  const clock = createClock(() => {
    for (const tell of listeners) tell()
  })
  const start: StartOptions = { clock, signal, ...(onProgress === undefined ? {} : { onProgress }) }
  const open = new Map<FamilyName, Running>()
  let stopped = false
  const close = async () => {
    stopped = true
    for (const { stop } of [...open.values()].reverse()) await stop()
    open.clear()
  }
  try {
    for (const name of options.families) {
      signal.throwIfAborted()
      const family = await families[name]()
      const missing = family.missing?.()
      if (missing !== undefined) throw new Error(missing)
      open.set(name, running(await family.start(start), clock))
    }
  } catch (error) {
    await close()
    throw error
  }
  for (const one of open.values()) one.run([...open.values()], onError)
  const of = (name: FamilyName): Running => {
    const found = open.get(name)
    if (found === undefined) throw new Error(`no ${name} chain was started`)
    return found
  }
  return {
    clock,
    chains: [...open.values()].map(({ chain }) => chain),
    chain: (name) => of(name).chain,
    exclusive: (name, act) => of(name).exclusive(act),
    onTime: (tell) => {
      listeners.push(tell)
    },
    async reach(time) {
      clock.reach(time)
      for (const { exclusive } of open.values()) if (!stopped) await exclusive((chain) => chain.catchUp())
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface Running {
  readonly chain: LocalChain
  readonly exclusive: <T>(act: (chain: LocalChain) => Promise<T>) => Promise<T>
  run(all: readonly Running[], onError: (error: unknown) => void): void
  /** The time that its newest block was made for, and the block that it makes now. */
  made(): { readonly at: bigint; readonly now: Promise<unknown> | undefined }
  stop(): Promise<void>
}

/**
 * Seconds that a chain's blocks may be ahead of those of another that makes one just now: on a busy machine the slower chain would be left
 * behind otherwise, and who swaps doubts a chain that shows blocks of ten minutes ago.
 */
const LEAD = 300n

/** A chain that does one thing at a time, and makes blocks in between. */
function running(chain: LocalChain, clock: Clock): Running {
  let at = clock.now()
  let now: Promise<unknown> | undefined
  let last: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const exclusive: Running['exclusive'] = (act) => {
    const next = last.then(() => act(chain))
    last = next.catch(() => undefined)
    return next
  }
  return {
    chain,
    exclusive,
    made: () => ({ at, now }),
    run(all, onError) {
      const produce = async () => {
        for (const { made } of all) if (clock.now() - made().at > LEAD) await made().now
        const next = clock.now()
        const making = exclusive((it) => (stopped ? Promise.resolve() : it.produce()))
        now = making.catch(() => undefined)
        await making
        now = undefined
        at = next
      }
      const again = () => {
        if (stopped) return
        timer = setTimeout(() => {
          produce().then(again, (error) => {
            if (!stopped) onError(error)
          })
        }, chain.everyMs)
      }
      again()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await last
      await chain.close()
    },
  }
}
