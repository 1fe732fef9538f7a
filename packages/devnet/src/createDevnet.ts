import {
  type BitcoinNode,
  type BitcoinOptions,
  type StartedBitcoin,
  start as startBitcoin,
} from './BitcoinNode.js'
import type { BeaconChain } from './beacon/BeaconChain.js'
import { serveBeacon } from './beacon/server.js'
import {
  type BeaconNode,
  type EvmNode,
  type EvmOptions,
  type StartedEvm,
  start as startEvm,
} from './EvmNode.js'
import * as ChainIndex from './esplora/ChainIndex.js'
import { type EsploraServer, serve as serveEsplora } from './esplora/server.js'
import { prepareFaucet } from './internal/bitcoinChain.js'
import * as Clock from './internal/Clock.js'
import { mutex } from './internal/mutex.js'
import { attach, type State } from './internal/state.js'

/** Real local nodes, with one clock for all of them. Stop them with `dispose`, or declare the net with `await using`. */
export interface Devnet<
  B extends BitcoinNode | undefined = BitcoinNode,
  E extends EvmNode | undefined = EvmNode,
> extends AsyncDisposable {
  readonly bitcoin: B
  readonly evm: E
  /** The net's own time, unix seconds: the wall clock plus what `advance` skipped. */
  now(): bigint
  /** Stops every node, server and timer of the net and removes their files; resolves when they are gone. */
  dispose(): Promise<void>
}

/** A devnet of whatever chains: what the actions take. */
export type AnyDevnet = Devnet<BitcoinNode | undefined, EvmNode | undefined>

/** What to start; each chain is on unless it is `false`. */
export interface DevnetOptions {
  readonly bitcoin?: boolean | BitcoinOptions
  readonly evm?: boolean | EvmOptions
  /** What the net's clock shows at the start, unix seconds; the present by default. */
  readonly startTime?: bigint
  /** Gives up the start. A net that has started is stopped by `dispose`. */
  readonly signal?: AbortSignal
  /** Told what happens, one short line at a time. */
  readonly onProgress?: (message: string) => void
}

/**
 * Starts real nodes on free ports of 127.0.0.1: `bitcoind` on regtest (from `BITCOIND`, else PATH, else fetched from
 * Debian's packages without root) and anvil from npm. They end with this process, however it ends.
 *
 * Errors: 6001 `BitcoindMissing`, 6002 `AnvilMissing`, 6003 `NodeNotStarted` (with the end of the node's log),
 * 6009 `PackagesUnavailable`; `signal.reason` when aborted.
 *
 * @example
 * import { createDevnet, mine } from '@aitbc/devnet'
 * const devnet = await createDevnet()
 * await mine(devnet, 'bitcoin', 3)
 * await devnet.dispose()
 */
export async function createDevnet(
  options?: DevnetOptions & { readonly bitcoin?: true | BitcoinOptions; readonly evm?: true | EvmOptions },
): Promise<Devnet>
export async function createDevnet(
  options: DevnetOptions & { readonly bitcoin?: true | BitcoinOptions; readonly evm: false },
): Promise<Devnet<BitcoinNode, undefined>>
export async function createDevnet(
  options: DevnetOptions & { readonly bitcoin: false; readonly evm?: true | EvmOptions },
): Promise<Devnet<undefined, EvmNode>>
export async function createDevnet(options: DevnetOptions): Promise<AnyDevnet>
export async function createDevnet(options: DevnetOptions = {}): Promise<AnyDevnet> {
  options.signal?.throwIfAborted()
  const clock = Clock.create(Date.now, options.startTime)
  const common = { signal: options.signal, onProgress: options.onProgress }
  const [bitcoin, evm] = await allOrStop<StartedBitcoin | undefined, StartedEvm | undefined>(
    options.bitcoin === false
      ? Promise.resolve(undefined)
      : startBitcoin({ ...(typeof options.bitcoin === 'object' ? options.bitcoin : {}), ...common }),
    options.evm === false
      ? Promise.resolve(undefined)
      : startEvm({
          ...(typeof options.evm === 'object' ? options.evm : {}),
          startTime: clock.now(),
          ...common,
        }),
  )
  const state: State = {
    clock,
    exclusive: mutex(),
    bitcoin,
    evm,
    closers: new Set(),
    feeEstimates: undefined,
    stopped: false,
  }
  let stopping: Promise<void> | undefined
  const dispose = (): Promise<void> => {
    stopping ??= stop(state)
    return stopping
  }
  let esplora: EsploraServer | undefined
  let beacon: BeaconNode | undefined
  try {
    if (bitcoin !== undefined) {
      await prepareFaucet(bitcoin, clock)
      const { rpc } = bitcoin.node
      esplora = await serveEsplora({
        rpc,
        index: ChainIndex.create(rpc, state.exclusive),
        fees: () => state.feeEstimates,
      })
      state.closers.add(esplora.close)
    }
    if (evm?.beacon !== undefined) {
      const server = await serveBeacon(evm.beacon)
      state.closers.add(server.close)
      beacon = beaconNode(evm.beacon, server.url)
    }
    options.signal?.throwIfAborted()
  } catch (error) {
    await dispose()
    throw error
  }
  const devnet: AnyDevnet = {
    bitcoin:
      bitcoin === undefined || esplora === undefined
        ? undefined
        : { ...bitcoin.node, esplora: { url: esplora.url } },
    evm: evm === undefined || beacon === undefined ? evm?.node : { ...evm.node, beacon },
    now: clock.now,
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
  attach(devnet, state)
  options.onProgress?.('devnet is up')
  return devnet
}

async function allOrStop<B extends StartedBitcoin | undefined, E extends StartedEvm | undefined>(
  bitcoin: Promise<B>,
  evm: Promise<E>,
): Promise<readonly [B, E]> {
  const [b, e] = await Promise.allSettled([bitcoin, evm])
  if (b.status === 'fulfilled' && e.status === 'fulfilled') return [b.value, e.value]
  for (const outcome of [b, e]) {
    if (outcome.status !== 'fulfilled') continue
    outcome.value?.close()
    await outcome.value?.process.stop()
  }
  throw b.status === 'rejected' ? b.reason : (e as PromiseRejectedResult).reason
}

function beaconNode(chain: BeaconChain, url: string): BeaconNode {
  return {
    url,
    config: chain.config,
    finalized() {
      const { slot, root, evm } = chain.finalized()
      return { slot: BigInt(slot), root, execution: evm }
    },
  }
}

async function stop(state: State): Promise<void> {
  state.stopped = true
  for (const close of state.closers) await close()
  state.closers.clear()
  await Promise.all(
    [state.bitcoin, state.evm].map(async (chain) => {
      chain?.close()
      await chain?.process.stop()
    }),
  )
}
