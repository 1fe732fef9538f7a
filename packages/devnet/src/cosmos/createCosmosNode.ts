import { type LightBlock, Timestamp } from '@aitbc/proofs/tendermint'
import { TxMsgData } from 'cosmjs-types/cosmos/base/abci/v1beta1/abci'
import { DevnetErrors } from '../errors.js'
import * as Clock from '../internal/Clock.js'
import { bigint, integer, refuse } from '../internal/guards.js'
import { actionsOf, type CosmosActions, type CosmosSendOptions } from './actions.js'
import { base64 } from './bytes.js'
import { type Block, createChain, type Included } from './CosmosChain.js'
import { Fault } from './faults.js'
import { blockJson, MONIKER, methodsOf, resultJson, transactionTags } from './rpcMethods.js'
import { type RpcServer, serve } from './rpcServer.js'

/** How to start a node. */
export interface CosmosOptions {
  /** `aitbc-local-1` unless told. */
  readonly chainId?: string
  /** Bech32 prefix of addresses; `cosmos` unless told. */
  readonly prefix?: string
  /** What fees are paid in; `uatom` unless told. */
  readonly denom?: string
  /** Base units for a million gas, below which no transaction is let in; 5000 unless told. */
  readonly gasPrice?: bigint
  /** Validators of equal power; 4 unless told, of whom the last never votes. */
  readonly validators?: number
  /** `instant` puts each transaction into a block of its own, and an empty one behind it, whose header carries its state; `manual` waits for `mine`. Default: `instant`. */
  readonly mining?: 'instant' | 'manual'
  /** Whether there is IRISnet's module of locks (irismod `htlc`) beside CosmWasm; not unless told. */
  readonly htlc?: boolean
  /** Unix seconds; the present unless told. The chain's clock goes on from there as the wall clock does. */
  readonly startTime?: bigint
}

/** How blocks are made. */
export interface CosmosMineOptions {
  /** Seconds from block to block; skips the chain's time. */
  readonly spacing?: bigint
}

/** What goes along with a transaction to a local node. */
export interface CosmosLocalSendOptions extends CosmosSendOptions {
  /** Nanoseconds of its block, after those of the newest one; the chain's clock goes on from there. */
  readonly time?: bigint
}

/** A running local node. */
export interface CosmosNode extends CosmosActions<CosmosLocalSendOptions> {
  /** CAIP-2. */
  readonly network: `cosmos:${string}`
  readonly chainId: string
  readonly prefix: string
  readonly denom: string
  /** Base units for a million gas. */
  readonly gasPrice: bigint
  readonly url: string
  readonly webSocketUrl: string
  /** What it is: an embedded local node, not wasmd. */
  readonly description: string
  /** Credits an account in a block of its own, as genesis would; of the fee's denomination unless told. */
  fund(address: string, amount: bigint, denom?: string): Promise<void>
  /** A balance now. */
  balance(address: string, denom?: string): bigint
  /** Makes blocks (1 unless told), the first of which has all that waits. */
  mine(blocks?: number, options?: CosmosMineOptions): Promise<void>
  /** Skips at least so many seconds, to a whole one, and makes a block then. */
  advance(seconds: bigint): Promise<void>
  setMining(mining: 'instant' | 'manual'): void
  /** Height of the newest block. */
  height(): bigint
  /** Nanoseconds of the newest block. */
  time(): bigint
  /** A block's header, votes and validators, as a light client takes them. 6007 `InvalidDevnetArgument` where there is none. */
  lightBlock(height: bigint): LightBlock.LightBlock
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const MAX_GAS = 50_000_000n
const MOST_BLOCKS = 10_000
const TEN_YEARS = 315_360_000n
const MOST_AMOUNT = 2n ** 128n - 1n
/** Least time from block to block. */
const TICK = Timestamp.SECOND / 1000n

/**
 * Starts an embedded local Cosmos node in this process, on 127.0.0.1: CometBFT's RPC by HTTP and WebSocket over the SDK's `auth`, `bank`
 * and wasmd's `wasm`, as far as wallets and contracts here need them. It is not wasmd, and says so (`status`, `abci_info`). What a light
 * client sees is real: ed25519 votes over CometBFT's headers, IAVL trees and ICS-23 proofs. One process runs all validators, so there
 * are no forks and no peers. Gas is of wasmd's order: on wasmd 0.61 this repository's contract takes 1.3 to 1.5 times as much for coins,
 * and 0.6 to 0.95 of it for tokens. `createWasmdNode` starts the real thing.
 *
 * Errors: 6007 `InvalidDevnetArgument`, 6010 `DevnetStopped`, 6041 `CosmosRejected`.
 *
 * @example
 * import { createCosmosNode } from '@aitbc/devnet'
 * await using node = await createCosmosNode()
 * const alice = node.account('alice')
 * await node.fund(alice.address, 1_000_000n)
 * node.balance(alice.address) // 1000000n
 */
export async function createCosmosNode(options: CosmosOptions = {}): Promise<CosmosNode> {
  const {
    chainId = 'aitbc-local-1',
    prefix = 'cosmos',
    denom = 'uatom',
    gasPrice = 5000n,
    htlc = false,
  } = options
  if (!/^[A-Za-z0-9-]{1,32}$/.test(chainId)) refuse('chainId', '1 to 32 letters, digits and "-"', chainId)
  if (!/^[a-z]{1,32}$/.test(prefix)) refuse('prefix', '1 to 32 lower-case letters', prefix)
  if (!/^[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$/.test(denom)) refuse('denom', 'a denomination', denom)
  bigint(gasPrice, 'gasPrice', 0n, MOST_AMOUNT)
  const validators = integer(options.validators ?? 4, 'validators', 1, 100)
  if (options.startTime !== undefined) bigint(options.startTime, 'startTime', 0n, 4_000_000_000n)
  let mining = options.mining ?? 'instant'
  const clock = Clock.create(() => Date.now(), options.startTime)
  const chain = createChain({
    chainId,
    prefix,
    validators,
    rules: { gasPrice, denom, maxGas: MAX_GAS },
    htlc,
  })
  const waiting = new Map<string, ((included: Included) => void)[]>()
  let stopped = false
  let server: RpcServer | undefined

  const guard = (): void => {
    if (stopped) throw DevnetErrors.DevnetStopped('this Cosmos node was stopped', {})
  }
  const lastTime = (): bigint => chain.block(chain.height())?.header.time ?? 0n
  const mineOne = (gifts: Parameters<typeof chain.mine>[1] = [], time?: bigint): Block => {
    const last = lastTime()
    if (time !== undefined) clock.reach(bigint(time, 'time', last + 1n, Timestamp.MAX) / Timestamp.SECOND)
    const now = clock.now() * Timestamp.SECOND
    const block = chain.mine(time ?? (now > last ? now : last + TICK), gifts)
    const height = `${block.header.height}`
    server?.publish(
      new Map([
        ['tm.event', ['NewBlock']],
        ['block.height', [height]],
      ]),
      {
        type: 'tendermint/event/NewBlock',
        value: { ...(blockJson(block) as object), result_finalize_block: { events: [] } },
      },
    )
    for (const it of block.transactions) {
      server?.publish(transactionTags(it), {
        type: 'tendermint/event/Tx',
        value: {
          TxResult: {
            ...{ height, index: it.index, tx: base64(it.bytes) },
            result: resultJson(it.result),
          },
        },
      })
      for (const tell of waiting.get(it.hash) ?? []) tell(it)
      waiting.delete(it.hash)
    }
    return block
  }
  const settle = (time?: bigint): void => {
    mineOne([], time)
    mineOne()
  }
  mineOne()
  server = await serve(
    methodsOf(chain, {
      submitted: () => {
        if (mining === 'instant') settle()
      },
      included: (hash) => {
        const found = chain.transaction(hash)
        if (found !== undefined) return Promise.resolve(found)
        return new Promise((resolve) => {
          waiting.set(hash, [...(waiting.get(hash) ?? []), resolve])
        })
      },
    }),
  )
  const { url, webSocketUrl, close } = server
  const actions = actionsOf<CosmosLocalSendOptions>({
    ...{ chainId, prefix, denom, gasPrice },
    query: async (path, data) => {
      guard()
      try {
        return chain.query(path, data, chain.height()) as Uint8Array
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        const { codespace, code, message } = error
        throw DevnetErrors.CosmosRejected(message, { codespace, code, log: message })
      }
    },
    deliver: async (bytes, { time }) => {
      guard()
      const { hash, code, log } = chain.submit(bytes)
      if (code !== 0) throw DevnetErrors.CosmosRejected(log, { code, log })
      settle(time)
      const { height, result } = chain.transaction(hash) as Included
      return {
        ...{ hash, height: BigInt(height), code: result.code, log: result.log },
        ...{ gasUsed: result.gasUsed, events: result.events },
        responses: TxMsgData.decode(result.data).msgResponses,
      }
    },
  })
  const stop = async (): Promise<void> => {
    if (stopped) return
    stopped = true
    await close()
  }
  return {
    network: `cosmos:${chainId}`,
    ...{ chainId, prefix, denom, gasPrice, url, webSocketUrl },
    description: MONIKER,
    ...actions,
    fund: async (to, amount, of = denom) => {
      guard()
      bigint(amount, 'amount', 1n, MOST_AMOUNT)
      mineOne([{ to, coins: [{ denom: of, amount: `${amount}` }] }])
    },
    balance: (address, of = denom) => chain.balance(address, of),
    mine: async (blocks = 1, { spacing } = {}) => {
      guard()
      integer(blocks, 'blocks', 1, MOST_BLOCKS)
      if (spacing !== undefined) bigint(spacing, 'spacing', 1n, TEN_YEARS / BigInt(blocks))
      for (let i = 0; i < blocks; i++) {
        if (spacing !== undefined) clock.shift(spacing)
        mineOne()
      }
    },
    advance: async (seconds) => {
      guard()
      const target = lastTime() + bigint(seconds, 'seconds', 1n, TEN_YEARS) * Timestamp.SECOND
      // Blocks of one second follow each other by milliseconds, so the newest may be ahead of the clock.
      clock.reach((target + Timestamp.SECOND - 1n) / Timestamp.SECOND)
      mineOne()
    },
    setMining: (to) => {
      mining = to
    },
    height: () => BigInt(chain.height()),
    time: lastTime,
    lightBlock: (height) => {
      const found = chain.block(Number(height))
      if (found === undefined) return refuse('height', `1 to ${chain.height()}`, height)
      return { header: found.header, commit: found.commit, validators: chain.validators }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
