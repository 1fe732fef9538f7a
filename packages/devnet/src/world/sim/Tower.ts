// A tower as a party of a universe: a watch job, honest nodes, and an account of its own on each chain.
import { type Bytes, isAitbcError, SwapSeed } from '@aitbc/core'
import { WatchJob, Watchtower } from '@aitbc/swap/watch'
import * as Chain from '../Chain.js'
import { createWorldAdapter } from '../createWorldAdapter.js'
import { honest } from '../Endpoint.js'
import * as Random from '../Random.js'
import * as Keys from './Keys.js'
import type { Leg } from './Plan.js'

export interface Options {
  readonly name: string
  readonly chains: { readonly [L in Leg]: Chain.Chain }
  /** The job as its owner sealed it, and the key that opens it: all that the tower has of the owner. */
  readonly job: Bytes.Bytes
  readonly key: Bytes.Bytes32
  /** The job's steps were taken out: it holds nothing but terms. */
  readonly stripped: boolean
  /** UTC, unix seconds. */
  readonly utc: () => bigint
  readonly told: (line: string) => void
}

export interface Tower {
  /** All that it had to do is done. */
  readonly isOver: () => boolean
  readonly error: () => unknown
  end(): void
}

const seeds = new Map<string, SwapSeed.SwapSeed>()

function seedOf(name: string): SwapSeed.SwapSeed {
  const seed = seeds.get(name) ?? Random.of(`tower/${name}`).bytes(32)
  seeds.set(name, seed)
  return seed
}

/** Gives a tower's account on a chain enough to pay fees for others, in a block of its own. */
export function fund(chain: Chain.Chain, name: string, amount: bigint, time: bigint): void {
  const { funding } = Keys.wallet(seedOf(name), chain.network)
  Chain.mine(chain, { time, grants: { [funding.slice(funding.lastIndexOf(':') + 1)]: amount } })
}

export function start(options: Options): Tower {
  const stop = new AbortController()
  let over = false
  let failure: unknown
  const posts: Record<string, Watchtower.Post> = {}
  for (const leg of ['long', 'short'] as const) {
    const chain = options.chains[leg]
    const { network } = chain
    const wallet = Keys.wallet(seedOf(options.name), network)
    const signer = wallet.signer(wallet.funding, new Uint8Array(SwapSeed.NONCE_LENGTH))
    posts[network.id] = {
      adapter: createWorldAdapter({ network, endpoint: honest(chain), arms: true }),
      ...(signer?.kind === 'signs' ? { relay: { account: wallet.funding, signer } } : {}),
    }
  }
  const opened = WatchJob.open(options.job, options.key)
  const tasks = opened.tasks.map((task) => ({ ...task, rungs: [] }))
  const job = options.stripped ? { ...opened, tasks } : opened
  const onProgress = (progress: Watchtower.Progress) => {
    if (progress.is === 'sent' || progress.is === 'ended')
      options.told(`${options.name} ${progress.is} ${progress.task} ${'how' in progress ? progress.how : ''}`)
    if (progress.is === 'trouble' && !isAitbcError(progress.error)) failure ??= progress.error
  }
  Watchtower.run({ posts, utc: options.utc, pauseMs: 0, onProgress }, job, { signal: stop.signal }).then(
    () => {
      over = true
    },
    (error: unknown) => {
      if (!stop.signal.aborted) failure ??= error
    },
  )
  return { isOver: () => over, error: () => failure, end: () => stop.abort(new Error('the tower is lost')) }
}
