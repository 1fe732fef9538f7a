import { CoreErrors, type Fact } from '@aitbc/core'
import * as Chain from './Chain.js'
import type * as Ledger from './Ledger.js'

/** Somebody who is asked about a chain, and handed transactions for it. */
export interface Endpoint {
  readonly name: string
  /** What its answers are worth before they are proved. */
  readonly assurance: Fact.Told<unknown>['assurance']
  /** What it shows at this moment; `params` say what is asked for, and nothing else leaves the process. */
  ask(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<Chain.View>
  send(tx: Ledger.Tx, signal?: AbortSignal): Promise<Chain.Answer>
  /** Calls back whenever something may have changed; returns what ends that. */
  listen(listener: () => void): () => void
}

/**
 * What everybody can see of a chain: all but what was given to a miner alone.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter, Endpoint } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const chain = world.chain(ethereum.id)
 * // A node of one's own, which lags: it never shows more than the first block.
 * const stale = () => ({ ...Endpoint.viewOf(chain), blocks: chain.blocks.slice(0, 1), finalized: 0n })
 * const endpoint: Endpoint.Endpoint = { ...world.endpoint(ethereum.id), ask: async () => stale() }
 * world.mine(ethereum.id, 3)
 * const { value: tip } = await createWorldAdapter({ network: ethereum, endpoint }).tip()
 * tip.height // 0n
 */
export function viewOf(chain: Chain.Chain): Chain.View {
  return {
    blocks: chain.blocks,
    mempool: chain.mempool.some(({ hidden }) => hidden)
      ? chain.mempool.filter(({ hidden }) => !hidden)
      : chain.mempool,
    finalized: chain.finalized,
    floor: chain.floor,
  }
}

/**
 * A node of the chain that tells the truth, as `World.endpoint` gives one; its word is `reported` unless told.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter, Endpoint } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * // Stands for several nodes that always agree.
 * const endpoint = Endpoint.honest(world.chain(ethereum.id), 'quorum')
 * const fact = await createWorldAdapter({ network: ethereum, endpoint }).tip()
 * fact.assurance // 'quorum'
 */
export function honest(chain: Chain.Chain, assurance: Endpoint['assurance'] = 'reported'): Endpoint {
  return {
    name: 'node',
    assurance,
    async ask(_method, _params, signal) {
      signal?.throwIfAborted()
      return viewOf(chain)
    },
    async send(tx, signal) {
      signal?.throwIfAborted()
      return Chain.accept(chain, tx)
    },
    listen(listener) {
      chain.listeners.add(listener)
      return () => chain.listeners.delete(listener)
    },
  }
}

/**
 * In front of another endpoint: reads along; each request as text.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter, Endpoint } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const asked: string[] = []
 * const endpoint = Endpoint.spied(world.endpoint(ethereum.id), (request) => asked.push(request))
 * await createWorldAdapter({ network: ethereum, endpoint }).tip()
 * asked // ['tip []']
 */
export function spied(endpoint: Endpoint, saw: (request: string) => void): Endpoint {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, part) =>
      typeof part === 'bigint' ? `${part}n` : part instanceof Uint8Array ? [...part] : part,
    )
  return {
    ...endpoint,
    ask(method, params, signal) {
      saw(`${method} ${text(params)}`)
      return endpoint.ask(method, params, signal)
    },
    send(tx, signal) {
      saw(`send ${text(tx)}`)
      return endpoint.send(tx, signal)
    },
  }
}

/**
 * Nobody is there: `RpcUnreachable` (1202).
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter, Endpoint } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const endpoint = Endpoint.down(world.endpoint(ethereum.id))
 * const why = await createWorldAdapter({ network: ethereum, endpoint }).tip().catch(({ code }) => code)
 * why // 1202
 */
export function down(endpoint: Endpoint): Endpoint {
  const fail = (method: string, signal?: AbortSignal) => {
    signal?.throwIfAborted()
    return CoreErrors.RpcUnreachable(`${endpoint.name} can't be reached for ${method}`, { method })
  }
  return {
    ...endpoint,
    ask: async (method, _params, signal) => {
      throw fail(method, signal)
    },
    send: async (_tx, signal) => {
      throw fail('send', signal)
    },
  }
}

/**
 * In front of another endpoint: takes every request, and never answers; an abort rejects with `signal.reason`.
 *
 * @example
 * import { ethereum } from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter, Endpoint } from '@aitbc/devnet/world'
 * const world = createWorld({ seed: '1', networks: [ethereum] })
 * const endpoint = Endpoint.silent(world.endpoint(ethereum.id))
 * const patience = new AbortController()
 * const asked = createWorldAdapter({ network: ethereum, endpoint }).tip({ signal: patience.signal }).catch((why) => why)
 * patience.abort('no answer')
 * await asked // 'no answer'
 */
export function silent(endpoint: Endpoint): Endpoint {
  const never = (signal?: AbortSignal) =>
    new Promise<never>((_, reject) => {
      if (signal?.aborted) reject(signal.reason)
      else signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  return {
    ...endpoint,
    ask: (_method, _params, signal) => never(signal),
    send: (_tx, signal) => never(signal),
  }
}
