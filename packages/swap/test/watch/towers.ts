// Owners who go away, and the towers that stay: what the watch tests are made of.
import { type Storage, type SwapAdapter, SwapSeed } from '@aitbc/core'
import { createMemoryStorage } from '@aitbc/core/storage/memory'
import type { Agreement, Runner } from '@aitbc/swap'
import { WatchJob, Watchtower } from '@aitbc/swap/watch'
import type { Kind } from '../model/Chain.js'
import { LONG, SHORT } from '../model/fixtures.js'
import * as ModelAdapter from '../model/ModelAdapter.js'
import { ALICE, BOB, create, type Market, type Name, nonces, seeds } from '../model/market.js'
import * as Process from '../model/process.js'

/** What towers have of the chains' coins. */
export const PURSE = 1000n
export const TOWERS = ['tower-1', 'tower-2'] as const

/** A market in which towers have money. */
export function marketOf(kinds: { readonly [L in Agreement.Leg]: Kind }): Market {
  return create(kinds, Object.fromEntries(TOWERS.map((name) => [name, PURSE])))
}

/** An owner, with every job that it gave out, sealed. */
export interface Owner {
  readonly process: Process.Process
  readonly jobs: Uint8Array[]
}

export const keyOf = (name: Name) => SwapSeed.tower(seeds[name], nonces[name])

/** `secret`s of jobs aren't kept in sight: they are opened by towers alone. */
export function ownerOf(market: Market, name: Name, options: Process.Options = {}): Owner {
  const jobs: Uint8Array[] = []
  const onWatchable = (swap: Runner.Swap) => {
    const { context } = owner.process
    jobs.push(WatchJob.seal(WatchJob.of(context, swap), keyOf(name)))
  }
  const context = { ...options.context, onWatchable }
  const storage = options.storage ?? createMemoryStorage()
  const owner: Owner = { process: Process.create(market, name, { ...options, storage, context }), jobs }
  return owner
}

/** A tower at work, or done. */
export interface Tower {
  readonly stop: AbortController
  readonly progress: Watchtower.Progress[]
  ended?: Watchtower.Ended
  error?: unknown
}

/** Runs a job as anybody could who has it and its key; `name` is whose money it pays with, if any. */
export function towerOf(
  market: Market,
  job: WatchJob.WatchJob,
  name?: (typeof TOWERS)[number],
  options: {
    readonly storage?: Storage
    readonly wrap?: (adapter: SwapAdapter) => SwapAdapter
    readonly utc?: () => bigint
  } = {},
): Tower {
  const { storage, wrap = (adapter: SwapAdapter) => adapter } = options
  const { utc = () => market.nets.long.tip.clock } = options
  const post = (net: Market['nets']['long'], id: typeof LONG | typeof SHORT): Watchtower.Post => {
    const { adapter: plain, funding, signer } = ModelAdapter.side(net, name ?? 'nobody', Process.counted)
    const adapter = wrap(plain)
    const signs = signer(funding, new Uint8Array(8))
    if (signs?.kind !== 'signs') throw new Error(`no signer on ${id}`)
    return name === undefined ? { adapter } : { adapter, relay: { account: funding, signer: signs } }
  }
  const tower: Tower = { stop: new AbortController(), progress: [] }
  const posts = { [LONG]: post(market.nets.long, LONG), [SHORT]: post(market.nets.short, SHORT) }
  const onProgress = (one: Watchtower.Progress) => tower.progress.push(one)
  const context = {
    posts,
    utc,
    pauseMs: 0,
    onProgress,
    ...(storage && { storage }),
  }
  Watchtower.run(context, job, { signal: tower.stop.signal })
    .then((ended) => {
      tower.ended = ended
    })
    .catch((error: unknown) => {
      tower.error = error
    })
  return tower
}

/** The newest job that an owner gave out. */
export function newest({ process, jobs }: Owner): WatchJob.WatchJob {
  const last = jobs.at(-1)
  if (last === undefined) throw new Error(`${process.name} gave out no job`)
  return WatchJob.open(last, keyOf(process.name))
}

export const isEnded = ({ ended, error }: Tower) => ended !== undefined || error !== undefined
export { ALICE, BOB }
