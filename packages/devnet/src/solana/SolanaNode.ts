import * as Clock from '../internal/Clock.js'
import { integer, refuse } from '../internal/guards.js'
import { methods } from './rpc/methods.js'
import { serve } from './rpc/server.js'
import { createSolanaChain, insideOf, type SolanaChain, type SolanaOptions } from './SolanaChain.js'

/** How a local Solana node is made. */
export interface SolanaNodeOptions extends SolanaOptions {
  /**
   * When a slot closes: `instant` closes one after each transaction that a client sends, which is confirmed then; `manual` closes none by
   * itself; or one closes every so many milliseconds, as on a cluster. What `chain` itself sends waits for the next one. Default: `instant`.
   */
  readonly production?: 'instant' | 'manual' | { readonly everyMs: number }
}

/** A local Solana chain that clients reach by JSON-RPC, on 127.0.0.1 alone. */
export interface SolanaNode extends AsyncDisposable {
  /** CAIP-2 id, from the genesis hash. */
  readonly network: `solana:${string}`
  readonly url: string
  /** Where subscriptions are: the next port. */
  readonly webSocketUrl: string
  /** The chain itself: slots, time, forks, programs, tokens. */
  readonly chain: SolanaChain
  /** Closes slots until all that was executed so far is rooted. */
  finalize(): Promise<void>
  /** Stops the server, its connections and timers; resolves when they are gone. */
  close(): Promise<void>
}

/** Characters of the genesis hash that name the chain (CAIP-30). */
const REFERENCE = 32
/** Slots in which what was executed becomes rooted, whatever was skipped. */
const MOST_SLOTS = 100

/**
 * Starts a local Solana chain behind the JSON-RPC and WebSocket interfaces of a validator. Its clock is the wall's unless `time` says another.
 * A transaction is executed as it comes or dropped: nothing is sent again on a client's behalf.
 *
 * Errors: 6018 `SolanaUnavailable`, 6007 `InvalidDevnetArgument`, 6013 `PortInUse`.
 *
 * @example
 * import { createSolanaNode } from '@aitbc/devnet'
 * await using node = await createSolanaNode()
 * await node.chain.produce()
 * node.url // http://127.0.0.1:…
 */
export async function createSolanaNode(options: SolanaNodeOptions = {}): Promise<SolanaNode> {
  const { production = 'instant', time = Clock.create(Date.now).now, ...rest } = options
  if (production !== 'instant' && production !== 'manual') {
    if (typeof production !== 'object' || production === null)
      refuse('production', "'instant', 'manual' or { everyMs }", production)
    integer(production.everyMs, 'production.everyMs', 1, 3_600_000)
  }
  const chain = await createSolanaChain({ ...rest, time })
  const { ledger, pay, produce } = insideOf(chain)
  const settle = () => {
    if (production === 'instant') produce(1)
  }
  const server = await serve(
    ledger,
    methods(ledger, {
      submit: (it) => {
        // What can't stand in a block is dropped without a word, as by a leader; the client learns it by its absence.
        if ('executed' in ledger.execute(it)) settle()
      },
      airdrop: (address, lamports) => {
        const { signature } = pay(address, lamports)
        settle()
        return signature
      },
    }),
  )
  const timer =
    typeof production === 'object' ? setInterval(() => produce(1), production.everyMs).unref() : undefined
  const close = (): Promise<void> => {
    clearInterval(timer)
    return server.close()
  }
  return {
    network: `solana:${ledger.genesisHash.slice(0, REFERENCE)}`,
    url: server.url,
    webSocketUrl: server.webSocketUrl,
    chain,
    async finalize() {
      const { slot } = ledger.view('processed')
      for (let i = 0; i < MOST_SLOTS && ledger.view('finalized').slot < slot; i++) produce(1)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
