import type { Block, Blockchain } from '@acala-network/chopsticks-core'
import { Bytes, type Network } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { Account } from '@aitbc/proofs/revive'
import { DevnetErrors } from '../errors.js'
import * as guards from '../internal/guards.js'
import { type Exclusive, mutex } from '../internal/mutex.js'
import * as ChainSpec from './chainSpec.js'
import { create } from './codec.js'
import { DEPLOYER, deploy } from './deploy.js'
import { acquire, busy, type Core, release } from './load.js'
import { createPool, type Pool, rejected } from './pool.js'
import { type Session, serveRpc } from './server.js'

type Hex = `0x${string}`

/** How a local Polkadot chain is made. */
export interface PolkadotOptions {
  /** File with a chain specification, raw or plain; `POLKADOT_CHAIN_SPEC` unless told, else Rococo's asset hub from npm. */
  readonly chainSpec?: string
  /** `instant`: each transaction gets a block of its own at once; `manual` (by default): blocks come when asked for. */
  readonly mining?: 'instant' | 'manual'
  /** Blocks on top of the one that is called finalized; 2 unless told. */
  readonly finalityLag?: number
  readonly signal?: AbortSignal
}

/**
 * A Substrate runtime of this process, with blocks on demand, behind a JSON-RPC server that any client of a node connects to. Signatures,
 * fees, mortality, nonces and events are the runtime's own. There is no consensus: headers have no state root (all zero) and no GRANDPA
 * justifications, so nothing here can be proved; finality is a fixed depth.
 */
export interface PolkadotNode extends AsyncDisposable {
  /** JSON-RPC over WebSocket on 127.0.0.1. */
  readonly url: string
  /** The profile of the chain, with the runtime's own decimals, address prefix and existential deposit. */
  readonly network: Network
  /** Name and version of its runtime. */
  readonly runtime: { readonly name: string; readonly version: number }
  /** Whether the runtime has contracts (pallet-revive). */
  readonly hub: boolean
  /** Milliseconds of a block. */
  readonly slotMs: bigint
  /** The head's height. */
  height(): bigint
  /** The clock of the head, unix milliseconds. */
  time(): Promise<bigint>
  /** Builds so many blocks with what waits; one unless told. */
  produce(blocks?: number): Promise<void>
  /** Moves the chain's clock on by at least so many seconds, with one block. */
  advance(seconds: bigint): Promise<void>
  /** Gives planck to an account (its 32 bytes) outside of any block, as a genesis does. */
  fund(account: Uint8Array, planck: bigint): Promise<void>
  /**
   * Builds one block of exactly these extrinsics, in this order, past the pool; at `time` (unix milliseconds, a slot or more after the
   * head's) where told. `NodeRejected` (6004) where one doesn't come into the block.
   */
  include(extrinsics: readonly Uint8Array[], options?: { readonly time?: bigint }): Promise<void>
  /**
   * Deploys a contract from its EVM creation code through pallet-revive, in a block of its own, and gives its address (`0x` and 20 bytes).
   * With a salt (32 bytes) that is the address which {@link deployer}, salt and code make (EIP-1014), and each can be there once.
   * `NodeRejected` (6004) where the runtime has no contracts, or refuses this one.
   */
  deploy(creation: Uint8Array, options?: { readonly salt?: Uint8Array }): Promise<string>
  /** By which contracts know who deploys here, 20 bytes. */
  readonly deployer: Uint8Array
  /**
   * Takes the last blocks off the chain and builds one more than went. What they had waits again, and comes in the new ones, unless it is
   * to be forgotten. Errors: `ReorgFailed` (6011).
   */
  reorg(depth: number, options?: { readonly transactions?: 'keep' | 'forget' }): Promise<void>
  setMining(mining: 'instant' | 'manual'): void
  /** Ends server and chain; resolves when they are gone. */
  dispose(): Promise<void>
}

/** Where the relay chain's state keeps its slot (`Babe.CurrentSlot`). */
const RELAY_SLOT: Hex = '0x1cb6f36e027abb2091cfb5110ab5087f06155b3cd9a8c9e5e9a23fd5dc13a5ed'
const RELAY_SLOT_MS = 6000n

/**
 * Starts a local Polkadot chain, some four seconds of work. `PolkadotUnavailable` (6031) where the executor can't be loaded,
 * `PolkadotSpecInvalid` (6032), `NodeNotStarted` (6003).
 *
 * @example
 * import { createPolkadotNode } from '@aitbc/devnet'
 * const node = await createPolkadotNode()
 * await node.produce(2)
 * node.height() // 3n
 * await node.dispose()
 */
export async function createPolkadotNode(options: PolkadotOptions = {}): Promise<PolkadotNode> {
  return busy(() => open(options))
}

async function open(options: PolkadotOptions): Promise<PolkadotNode> {
  const { signal } = options
  signal?.throwIfAborted()
  const lag = guards.integer(options.finalityLag ?? 2, 'finalityLag', 0, 1000)
  const path = options.chainSpec ?? process.env['POLKADOT_CHAIN_SPEC'] ?? ''
  const core = await acquire()
  let chain: Blockchain | undefined
  const stop = async () => {
    await chain?.close()
    await release(core)
  }
  try {
    const spec = path === '' ? await ChainSpec.shipped() : await ChainSpec.read(core, path)
    signal?.throwIfAborted()
    chain = await start(core, spec)
    signal?.throwIfAborted()
    return await serve(core, chain, { lag, mining: options.mining ?? 'manual', stop })
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(core: Core, spec: ChainSpec.RawSpec): Promise<Blockchain> {
  const genesis = new core.GenesisProvider(spec as ConstructorParameters<Core['GenesisProvider']>[0])
  const { send } = genesis
  // A genesis has no contracts, so no child tries either.
  genesis.send = async (method, params, cacheable) =>
    method === 'childstate_getStorage'
      ? null
      : method === 'childstate_getKeysPaged'
        ? []
        : send(method, params, cacheable)
  const chain = await core.setup({
    genesis,
    buildBlockMode: core.BuildBlockMode.Manual,
    mockSignatureHost: false,
    runtimeLogLevel: 0,
  } as Parameters<Core['setup']>[0])
  // It builds the first block itself, from several looks at the wall clock. Where these fall in two slots the runtime refuses it.
  if (chain.head.number === 0)
    await chain.newBlock({ relayChainStateOverrides: await moveTo(core, chain, BigInt(Date.now())) })
  if (chain.head.number === 0) {
    await chain.close()
    throw DevnetErrors.NodeNotStarted('the runtime built no first block', { spec: spec.id })
  }
  return chain
}

async function serve(
  core: Core,
  chain: Blockchain,
  options: { readonly lag: number; mining: 'instant' | 'manual'; readonly stop: () => Promise<void> },
): Promise<PolkadotNode> {
  const alone = mutex()
  const exclusive: Exclusive = (run) => alone(() => busy(run))
  const pool = createPool(chain)
  const facts = await factsOf(chain)
  let { mining } = options
  let disposing: Promise<void> | undefined
  const build = async (relayChainStateOverrides?: [Hex, Hex][], exactly?: readonly Hex[]) => {
    const { number } = chain.head
    const transactions = [...(exactly ?? (await pool.take()))]
    await chain.newBlock({ transactions, ...(relayChainStateOverrides ? { relayChainStateOverrides } : {}) })
    chain.txPool.clear()
    if (chain.head.number !== number + 1)
      throw DevnetErrors.NodeRejected('the runtime built no block', { height: number, transactions })
  }
  /** Sets the clock so that the next block stands at a time; what that block must be told of the relay chain. */
  const travel = async (time?: bigint): Promise<[Hex, Hex][] | undefined> => {
    if (time === undefined) return undefined
    const before = time - facts.slotMs
    if (before < (await timeOf(chain.head))) guards.refuse('time', "a slot or more after the head's", time)
    return moveTo(core, chain, before)
  }
  const give = async (account: Uint8Array, planck: bigint) => {
    const meta = await chain.head.meta
    const key = `0x${Bytes.toHex(account)}`
    const query = meta.query['system']?.['account']
    if (query === undefined) throw DevnetErrors.NodeRejected('the runtime has no accounts', {})
    const stored = await chain.head.get(core.compactHex(query(key)))
    const info = create<AccountInfo>(meta.registry, 'FrameSystemAccountInfo', stored)
    const free = info.data.free.toBigInt() + planck
    await core.setStorage(chain, {
      System: {
        Account: [
          [
            [key],
            {
              ...info.toJSON(),
              providers: Math.max(1, info.providers.toNumber()),
              data: { ...info.data.toJSON(), free: free.toString() },
            },
          ],
        ],
      },
    })
  }
  const running = () => {
    if (disposing !== undefined) throw DevnetErrors.DevnetStopped('the chain has been stopped', {})
  }
  const task = <T>(run: () => Promise<T>): Promise<T> => {
    running()
    return exclusive(run)
  }
  const submitted = () => {
    // The answer doesn't wait for the block.
    if (mining === 'instant') void exclusive(() => build()).catch(() => undefined)
  }
  const server = await serveRpc(() =>
    sessionOf(core, chain, { pool, exclusive, lag: options.lag, submitted }),
  )
  const dispose = (): Promise<void> => {
    disposing ??= server.close().then(() => exclusive(options.stop))
    return disposing
  }
  const clock = () => busy(() => timeOf(chain.head))
  return {
    url: server.url,
    ...facts,
    height: () => BigInt(chain.head.number),
    time: clock,
    produce: (blocks = 1) => {
      guards.integer(blocks, 'blocks', 0, 10_000)
      return task(async () => {
        for (let i = 0; i < blocks; i++) await build()
      })
    },
    advance: (seconds) => {
      guards.bigint(seconds, 'seconds', 0n, 100n * 365n * 86_400n)
      return task(async () => {
        const { slotMs } = facts
        // The block that is built stands one slot after the time that is set.
        const wanted = (await clock()) + seconds * 1000n
        const slot = (wanted + slotMs - 1n) / slotMs
        if ((slot - 1n) * slotMs <= (await clock())) return build()
        await build(await travel(slot * slotMs))
      })
    },
    include: (extrinsics, { time } = {}) => {
      return task(async () => {
        const transactions = extrinsics.map((extrinsic): Hex => `0x${Bytes.toHex(extrinsic)}`)
        await build(await travel(time), transactions)
        const built = new Set((await chain.head.extrinsics) as readonly Hex[])
        const missing = transactions.filter((extrinsic) => !built.has(extrinsic))
        if (missing.length > 0)
          throw DevnetErrors.NodeRejected(
            `${missing.length} of ${transactions.length} extrinsics were refused`,
            {
              height: chain.head.number,
              missing,
            },
          )
      })
    },
    deployer: Account.toH160(DEPLOYER),
    deploy: (creation, { salt } = {}) => {
      if (salt !== undefined) Bytes.assert(salt, 32, 'salt')
      return task(async () => {
        await give(DEPLOYER, 1000n * 10n ** BigInt(facts.network.native.decimals))
        return deploy(chain, { creation, salt }, (extrinsic) => build(undefined, [extrinsic]))
      })
    },
    fund: (account, planck) => {
      Bytes.assert(account, 32, 'account')
      guards.bigint(planck, 'planck', 0n, 2n ** 127n)
      return task(() => give(account, planck))
    },
    reorg: (depth, { transactions = 'keep' } = {}) => {
      guards.integer(depth, 'depth', 1, 10_000)
      return task(async () => {
        const gone: Hex[] = []
        let block: Block | undefined = chain.head
        for (let i = 0; i < depth && block !== undefined; i++) {
          gone.unshift(...(await signedOf(block)))
          block = await block.parentBlock
        }
        if (block === undefined || block.number < 1)
          throw DevnetErrors.ReorgFailed(`the chain has fewer than ${depth} blocks above its first`, {
            depth,
            height: chain.head.number,
          })
        await chain.setHead(block)
        if (transactions === 'keep') await pool.restore(gone)
        else pool.clear()
        // An empty block first: another one than went, even where it holds the same.
        await chain.newBlock({ transactions: [] })
        for (let i = 0; i < depth; i++) await build()
      })
    },
    setMining: (next) => {
      mining = next
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
}

interface AccountInfo {
  readonly providers: { toNumber(): number }
  readonly data: { readonly free: { toBigInt(): bigint }; toJSON(): Record<string, unknown> }
  toJSON(): Record<string, unknown>
}

async function factsOf(
  chain: Blockchain,
): Promise<Pick<PolkadotNode, 'network' | 'runtime' | 'hub' | 'slotMs'>> {
  const { polkadotLocal } = networks
  const meta = await chain.head.meta
  const version = await chain.head.runtimeVersion
  const properties = (await chain.api.chainProperties) as {
    readonly tokenDecimals?: unknown
    readonly tokenSymbol?: unknown
  }
  const first = (value: unknown) => (Array.isArray(value) ? value[0] : value)
  const decimals = first(properties.tokenDecimals)
  const symbol = first(properties.tokenSymbol)
  const constant = (pallet: string, name: string) =>
    (meta.consts[pallet]?.[name] as { toBigInt(): bigint } | undefined)?.toBigInt()
  const slotMs = slotOf(meta)
  const network: Network = {
    ...polkadotLocal,
    native: {
      ...polkadotLocal.native,
      ...(typeof symbol === 'string' ? { symbol } : {}),
      ...(typeof decimals === 'number' ? { decimals } : {}),
    },
    fees: {
      ...polkadotLocal.fees,
      dust: constant('balances', 'existentialDeposit') ?? polkadotLocal.fees.dust,
    },
    ss58: Number(constant('system', 'ss58Prefix') ?? BigInt(polkadotLocal.ss58)),
  }
  return {
    network,
    runtime: { name: version.specName, version: version.specVersion },
    hub: meta.query['revive'] !== undefined,
    slotMs,
  }
}

/** Milliseconds of a slot: Aura's; twice the least time between two blocks where the runtime doesn't tell (newer ones set that to 0). */
function slotOf(meta: Awaited<Block['meta']>): bigint {
  const constant = (pallet: string, name: string) =>
    (meta.consts[pallet]?.[name] as { toBigInt(): bigint } | undefined)?.toBigInt()
  return constant('aura', 'slotDuration') ?? 2n * (constant('timestamp', 'minimumPeriod') ?? 3000n)
}

/** Sets the head's clock, so that the next block stands a slot after it; what that block must be told of the relay chain. */
async function moveTo(core: Core, chain: Blockchain, time: bigint): Promise<[Hex, Hex][]> {
  const slotMs = slotOf(await chain.head.meta)
  await core.timeTravel(chain, Number(time))
  const relay = time / RELAY_SLOT_MS + (slotMs > RELAY_SLOT_MS ? slotMs / RELAY_SLOT_MS : 1n)
  return [[RELAY_SLOT, u64(relay)]]
}

async function timeOf(block: Block): Promise<bigint> {
  const now = await block.read('u64', (await block.meta).query['timestamp']?.['now'] as never)
  return (now as unknown as { toBigInt(): bigint } | undefined)?.toBigInt() ?? 0n
}

/** The signed extrinsics of a block: inherents are made anew. */
async function signedOf(block: Block): Promise<readonly Hex[]> {
  const extrinsics = (await block.extrinsics) as readonly Hex[]
  const { registry } = await block.meta
  return extrinsics.filter(
    (extrinsic) => create<{ readonly isSigned: boolean }>(registry, 'GenericExtrinsic', extrinsic).isSigned,
  )
}

function u64(value: bigint): Hex {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value, true)
  return `0x${Bytes.toHex(bytes)}`
}

interface Shared {
  readonly pool: Pool
  readonly exclusive: <T>(task: () => Promise<T>) => Promise<T>
  readonly lag: number
  readonly submitted: () => void
}

/** One client: the chain's own handlers, but for pool and finality, which are a node's and not the runtime's. */
function sessionOf(core: Core, chain: Blockchain, { pool, exclusive, lag, submitted }: Shared): Session {
  const provider = new core.ChopsticksProvider(chain)
  const subscriptions = new Map<string, string>()
  const finalized = async () => (await chain.getBlockAt(Math.max(0, chain.head.number - lag))) as Block
  const submit = async ([extrinsic]: readonly unknown[]): Promise<Hex> => {
    if (typeof extrinsic !== 'string' || !/^0x([0-9a-f]{2})+$/.test(extrinsic))
      throw rejected({ code: 1001, message: 'Extrinsic has invalid format' })
    const hash = await exclusive(() => pool.submit(extrinsic as Hex))
    submitted()
    return hash
  }
  return {
    async call(method, params) {
      switch (method) {
        case 'author_submitExtrinsic':
          return submit(params)
        case 'author_pendingExtrinsics':
          return pool.pending()
        case 'system_accountNextIndex':
        case 'account_nextIndex':
          return exclusive(async () =>
            pool.nextNonce(String(params[0]), Number(await provider.send(method, [...params]))),
          )
        case 'chain_getFinalizedHead':
          return (await finalized()).hash
        case 'rpc_methods':
          return { methods: Object.keys(core.allHandlers).filter((name) => !name.startsWith('dev_')) }
        default:
          if (method.startsWith('dev_') || !(method in core.allHandlers))
            throw rejected({ code: -32601, message: 'Method not found' })
          return provider.send(method, [...params])
      }
    },
    async subscribe(method, params, onData) {
      if (method === 'author_submitAndWatchExtrinsic') {
        const extrinsic = String(params[0])
        const id = chain.headState.subscribeHead(async (block) => {
          if (!((await block.extrinsics) as readonly string[]).includes(extrinsic)) return
          onData({ inBlock: block.hash })
          onData({ finalized: block.hash })
        })
        subscriptions.set(id, method)
        try {
          await submit(params)
        } catch (error) {
          chain.headState.unsubscribeHead(id)
          subscriptions.delete(id)
          throw error
        }
        onData('ready')
        return id
      }
      if (method === 'chain_subscribeFinalizedHeads') {
        const tell = async () => onData(await provider.send('chain_getHeader', [(await finalized()).hash]))
        const id = chain.headState.subscribeHead(() => void tell())
        subscriptions.set(id, method)
        await tell()
        return id
      }
      const id = String(
        await provider.subscribe('', method, [...params], (_error: unknown, data: unknown) => onData(data)),
      )
      subscriptions.set(id, '')
      return id
    },
    async unsubscribe(method, id) {
      const own = subscriptions.get(id)
      if (own === undefined) return false
      subscriptions.delete(id)
      if (own !== '') chain.headState.unsubscribeHead(id)
      else await provider.unsubscribe('', method, id)
      return true
    },
    async close() {
      for (const [id, own] of subscriptions) {
        if (own !== '') chain.headState.unsubscribeHead(id)
        else await provider.unsubscribe('', 'chain_unsubscribeNewHead', id)
      }
      subscriptions.clear()
      await provider.disconnect()
    },
  }
}
