import {
  type BitcoinNode,
  type BitcoinOptions,
  type StartedBitcoin,
  start as startBitcoin,
} from './BitcoinNode.js'
import type { BeaconChain } from './beacon/BeaconChain.js'
import { serveBeacon } from './beacon/server.js'
import { reachTime } from './chain.js'
import { type CosmosNode, type CosmosOptions, createCosmosNode } from './cosmos/createCosmosNode.js'
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
import { createPolkadotNode, type PolkadotNode, type PolkadotOptions } from './polkadot/PolkadotNode.js'
import { createSolanaNode, type SolanaNode, type SolanaNodeOptions } from './solana/SolanaNode.js'

/** Real local nodes, with one clock for all of them. Stop them with `dispose`, or declare the net with `await using`. */
export interface Devnet<
  B extends BitcoinNode | undefined = BitcoinNode,
  E extends EvmNode | undefined = EvmNode,
  S extends SolanaNode | undefined = SolanaNode | undefined,
  C extends CosmosNode | undefined = CosmosNode | undefined,
  P extends PolkadotNode | undefined = PolkadotNode | undefined,
> extends AsyncDisposable {
  readonly bitcoin: B
  readonly evm: E
  readonly solana: S
  readonly cosmos: C
  readonly polkadot: P
  /** The net's own time, unix seconds: the wall clock plus what `advance` skipped. */
  now(): bigint
  /** Stops every node, server and timer of the net and removes their files; resolves when they are gone. */
  dispose(): Promise<void>
}

/** A devnet of whatever chains: what the actions take. */
export type AnyDevnet = Devnet<BitcoinNode | undefined, EvmNode | undefined>

/** What to start: Bitcoin and the EVM chain unless they are `false`, the others where they are asked for. */
export interface DevnetOptions {
  readonly bitcoin?: boolean | BitcoinOptions
  readonly evm?: boolean | EvmOptions
  readonly solana?: boolean | Omit<SolanaNodeOptions, 'time'>
  readonly cosmos?: boolean | Omit<CosmosOptions, 'startTime'>
  readonly polkadot?: boolean | Omit<PolkadotOptions, 'signal'>
  /** What the net's clock shows at the start, unix seconds; the present by default. */
  readonly startTime?: bigint
  /** Gives up the start. A net that has started is stopped by `dispose`. */
  readonly signal?: AbortSignal
  /** Told what happens, one short line at a time. */
  readonly onProgress?: (message: string) => void
}

/** A chain that is there unless its option is `false`. */
type UnlessOff<O, Name extends keyof DevnetOptions, Node> = Name extends keyof O
  ? O[Name] extends false
    ? undefined
    : Node | (false extends O[Name] ? undefined : never)
  : Node

/** A chain that is there where its option asks for it. */
type WhereAsked<O, Name extends keyof DevnetOptions, Node> = Name extends keyof O
  ? O[Name] extends false | undefined
    ? undefined
    : Node | (false extends O[Name] ? undefined : undefined extends O[Name] ? undefined : never)
  : undefined

/** The net that these options make. */
export type DevnetOf<O extends DevnetOptions> = Devnet<
  UnlessOff<O, 'bitcoin', BitcoinNode>,
  UnlessOff<O, 'evm', EvmNode>,
  WhereAsked<O, 'solana', SolanaNode>,
  WhereAsked<O, 'cosmos', CosmosNode>,
  WhereAsked<O, 'polkadot', PolkadotNode>
>

/**
 * Starts nodes on free ports of 127.0.0.1: `bitcoind` on regtest (from `BITCOIND`, else PATH, else fetched from
 * Debian's packages without root) and anvil from npm, which end with this process, however it ends; and, where asked for, those of
 * `createSolanaNode`, `createCosmosNode` and `createPolkadotNode`, which run in this process and don't keep it alive.
 *
 * Errors: 6001 `BitcoindMissing`, 6002 `AnvilMissing`, 6003 `NodeNotStarted` (with the end of the node's log),
 * 6009 `PackagesUnavailable`, 6018 `SolanaUnavailable`, 6031 `PolkadotUnavailable`, 6032 `PolkadotSpecInvalid`,
 * 6007 `InvalidDevnetArgument`; `signal.reason` when aborted.
 *
 * @example
 * import { createDevnet, mine } from '@aitbc/devnet'
 * const devnet = await createDevnet({ solana: true })
 * await mine(devnet, 'bitcoin', 3)
 * await devnet.solana.chain.produce()
 * await devnet.dispose()
 */
export async function createDevnet<const O extends DevnetOptions = Record<never, never>>(
  options?: O & DevnetOptions,
): Promise<DevnetOf<O>>
export async function createDevnet(options: DevnetOptions = {}): Promise<AnyDevnet> {
  options.signal?.throwIfAborted()
  const clock = Clock.create(Date.now, options.startTime)
  const common = { signal: options.signal, onProgress: options.onProgress }
  const [bitcoin, evm, solana, cosmos, polkadot] = await allOrStop(
    options.bitcoin === false ? undefined : startBitcoin({ ...bag(options.bitcoin), ...common }),
    options.evm === false ? undefined : startEvm({ ...bag(options.evm), startTime: clock.now(), ...common }),
    wanted(options.solana) ? createSolanaNode({ ...bag(options.solana), time: clock.now }) : undefined,
    wanted(options.cosmos) ? createCosmosNode({ ...bag(options.cosmos), startTime: clock.now() }) : undefined,
    wanted(options.polkadot)
      ? createPolkadotNode({
          ...bag(options.polkadot),
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        })
      : undefined,
  )
  const state: State = {
    clock,
    exclusive: mutex(),
    bitcoin,
    evm,
    solana,
    cosmos,
    polkadot,
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
    await reachTime(state)
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
    solana,
    cosmos,
    polkadot,
    now: clock.now,
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
  attach(devnet, state)
  options.onProgress?.('devnet is up')
  return devnet
}

/** What a net starts: a process of its own, or a node of this process. */
type Started = StartedBitcoin | StartedEvm | SolanaNode | CosmosNode | PolkadotNode

/** Waits for all that start; where one doesn't, the others are stopped. */
async function allOrStop<T extends readonly (Started | undefined)[]>(
  ...starting: { readonly [K in keyof T]: Promise<T[K]> | T[K] }
): Promise<T> {
  const outcomes = await Promise.allSettled(starting)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  const values = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined))
  if (failed === undefined) return values as unknown as T
  await Promise.all(values.map(stopOne))
  throw failed.reason
}

async function stopOne(started: Started | undefined): Promise<void> {
  if (started === undefined) return
  if (!('process' in started)) return started[Symbol.asyncDispose]()
  started.close()
  await started.process.stop()
}

function wanted<T extends object>(option: boolean | T | undefined): option is true | T {
  return option !== undefined && option !== false
}

/** The options in what may also be just yes. */
function bag<T extends object>(option: boolean | T | undefined): T | Record<never, never> {
  return typeof option === 'object' ? option : {}
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
  await Promise.all([state.bitcoin, state.evm, state.solana, state.cosmos, state.polkadot].map(stopOne))
}
