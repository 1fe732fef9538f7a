import type { AnyDevnet } from './createDevnet.js'
import * as Bitcoin from './internal/bitcoinChain.js'
import * as Evm from './internal/evmChain.js'
import { bigint, integer, refuse } from './internal/guards.js'
import { bitcoinOf, evmOf, type State, stateOf } from './internal/state.js'

/** A chain of the devnet. */
export type Chain = 'bitcoin' | 'evm'

/** Options of {@link mine}. */
export interface MineOptions {
  /** Seconds from block to block; skips the net's time. By default all blocks are of the present. */
  readonly spacing?: bigint
  /** Who gets the subsidy (Bitcoin); the faucet by default. */
  readonly to?: string
}

const MOST_BLOCKS = 10_000
const TEN_YEARS = 315_360_000n
const MOST_DEPTH = 256
/** Of a second. */
const MILLISECONDS = 1000n
const NANOSECONDS = 1_000_000_000n

/**
 * Mines blocks (1 by default) with whatever waits in the mempool; returns their hashes, oldest first.
 *
 * Errors: 6006 `ChainNotRunning`, 6007 `InvalidDevnetArgument`, 6010 `DevnetStopped`.
 *
 * @example
 * import { createDevnet, mine } from '@aitbc/devnet'
 * await using devnet = await createDevnet({ evm: false })
 * const [hash] = await mine(devnet, 'bitcoin')
 */
export async function mine(
  devnet: AnyDevnet,
  chain: Chain,
  blocks = 1,
  options: MineOptions = {},
): Promise<readonly string[]> {
  const state = stateOf(devnet)
  integer(blocks, 'blocks', 1, MOST_BLOCKS)
  if (options.spacing !== undefined) bigint(options.spacing, 'spacing', 1n, TEN_YEARS / BigInt(blocks))
  return state.exclusive(() => mineNow(state, chain, blocks, options))
}

/** `mine` for callers that are already alone. */
export async function mineNow(
  state: State,
  chain: Chain,
  blocks: number,
  options: MineOptions = {},
): Promise<readonly string[]> {
  const before = state.clock.now()
  const hashes =
    named(chain) === 'bitcoin'
      ? await Bitcoin.mineBitcoin(bitcoinOf(state), state.clock, blocks, options)
      : await Evm.mineEvm(evmOf(state), state.clock, blocks, options)
  if (state.clock.now() > before) await tellTime(state)
  return hashes
}

/** Options of {@link advance}. */
export interface AdvanceOptions {
  /** Bitcoin blocks mined at the new time; 6 by default, so that median time past (BIP-113) is the new time. */
  readonly bitcoinBlocks?: number
  /** EVM blocks mined at the new time; 1 by default. */
  readonly evmBlocks?: number
}

/**
 * Moves the time of all chains of the net by so many seconds, and mines blocks of the new time, so that every lock
 * clock (height apart) shows it: median time past on Bitcoin, `block.timestamp` on the EVM chain, the time of the newest block on the
 * others (of the slot that is being filled on Solana). Returns the new time, unix seconds.
 *
 * Errors: 6007 `InvalidDevnetArgument`, 6010 `DevnetStopped`.
 *
 * @example
 * import { advance, createDevnet } from '@aitbc/devnet'
 * await using devnet = await createDevnet()
 * await advance(devnet, 3600n)
 */
export async function advance(
  devnet: AnyDevnet,
  seconds: bigint,
  options: AdvanceOptions = {},
): Promise<bigint> {
  const state = stateOf(devnet)
  bigint(seconds, 'seconds', 1n, TEN_YEARS)
  const { bitcoinBlocks = Bitcoin.MEDIAN_BLOCKS, evmBlocks = 1 } = options
  integer(bitcoinBlocks, 'bitcoinBlocks', 0, MOST_BLOCKS)
  integer(evmBlocks, 'evmBlocks', 0, MOST_BLOCKS)
  return state.exclusive(async () => {
    state.clock.shift(seconds)
    const time = state.clock.now()
    await tellTime(state)
    if (state.bitcoin !== undefined && bitcoinBlocks > 0)
      await Bitcoin.mineBitcoin(state.bitcoin, state.clock, bitcoinBlocks)
    if (state.evm !== undefined && evmBlocks > 0) await Evm.mineEvm(state.evm, state.clock, evmBlocks)
    await reachTime(state)
    return time
  })
}

/** Blocks of the net's time on the chains that run in this process, where theirs is behind it. */
export async function reachTime({ clock, solana, cosmos, polkadot }: State): Promise<void> {
  if (solana !== undefined && solana.chain.time() < clock.now()) await solana.chain.produce()
  if (cosmos !== undefined) {
    const behind = clock.now() - cosmos.time() / NANOSECONDS
    if (behind > 0n) await cosmos.advance(behind)
  }
  if (polkadot !== undefined) {
    const behind = clock.now() - (await polkadot.time()) / MILLISECONDS
    if (behind > 0n) await polkadot.advance(behind)
  }
}

/** Sets the clocks of all nodes to the net's. */
async function tellTime(state: State): Promise<void> {
  await Promise.all([
    state.bitcoin?.node.rpc('setmocktime', Number(state.clock.now())),
    state.evm === undefined ? undefined : Evm.setTime(state.evm.node.rpc, state.clock),
  ])
}

/** Options of {@link reorg}. */
export interface ReorgOptions {
  /**
   * Transaction ids of the undone blocks that the new branch leaves out and the mempool forgets, as if nobody had
   * them any more; whoever still has them may send them again. `all` leaves out every one. Default: none.
   */
  readonly drop?: readonly string[] | 'all'
  /** Raw transactions (hex) that the new branch starts with; what conflicts with them is gone for good. */
  readonly include?: readonly string[]
  /** Length of the new branch; by default one block longer on Bitcoin (more work wins), as long on the EVM chain. */
  readonly blocks?: number
}

/**
 * A real reorganisation: the last `depth` blocks (1–256) give way to another branch. Their transactions are mined
 * again in it, but for those in `drop` and what spends those.
 *
 * Errors: 6006 `ChainNotRunning`, 6007 `InvalidDevnetArgument`, 6010 `DevnetStopped`, 6011 `ReorgFailed`.
 *
 * @example
 * import { createDevnet, mine, reorg } from '@aitbc/devnet'
 * await using devnet = await createDevnet()
 * await mine(devnet, 'bitcoin', 2)
 * await reorg(devnet, 'bitcoin', 2)
 */
export async function reorg(
  devnet: AnyDevnet,
  chain: Chain,
  depth: number,
  options: ReorgOptions = {},
): Promise<void> {
  const state = stateOf(devnet)
  integer(depth, 'depth', 1, MOST_DEPTH)
  const least = named(chain) === 'bitcoin' ? depth + 1 : depth
  const blocks = integer(options.blocks ?? least, 'blocks', least, MOST_BLOCKS)
  const { drop = [], include = [] } = options
  const how = { depth, blocks, drop: drop === 'all' ? drop : new Set(drop), include } as const
  await state.exclusive(async () => {
    if (chain === 'bitcoin') await Bitcoin.reorgBitcoin(bitcoinOf(state), state.clock, how)
    else await Evm.reorgEvm(evmOf(state), state.clock, how)
  })
}

/** Options of {@link fund}. */
export interface FundOptions {
  /** Address of a token deployed by `deployToken`; the native coin by default. */
  readonly token?: string
  /** `block` mines the payment at once (the default), `mempool` leaves it waiting. */
  readonly until?: 'block' | 'mempool'
}

const EVM_ADDRESS = /^0x[0-9a-fA-F]{40}$/

/**
 * Pays coins to an address, or to a CAIP-10 account of the net: satoshis to any kind of Bitcoin address, wei, or
 * units of a test token. Returns the transaction's id.
 *
 * Errors: 6004 `NodeRejected` (no address of that chain), 6006 `ChainNotRunning`, 6007 `InvalidDevnetArgument`,
 * 6008 `FaucetEmpty`, 6010 `DevnetStopped`.
 *
 * @example
 * import { createDevnet, fund } from '@aitbc/devnet'
 * await using devnet = await createDevnet()
 * await fund(devnet, 'evm', '0x00000000000000000000000000000000000000a1', 10n ** 18n)
 */
export async function fund(
  devnet: AnyDevnet,
  chain: Chain,
  to: string,
  amount: bigint,
  options: FundOptions = {},
): Promise<string> {
  const state = stateOf(devnet)
  if (named(chain) === 'bitcoin') {
    bigint(amount, 'amount', 1n, 2_100_000_000_000_000n)
    if (options.token !== undefined) refuse('token', 'absent: Bitcoin has none here', options.token)
    return state.exclusive(async () => {
      const bitcoin = bitcoinOf(state)
      const txid = await Bitcoin.payBitcoin(bitcoin, addressOf(to, bitcoin.node.network), amount)
      if (options.until !== 'mempool') await mineNow(state, 'bitcoin', 1)
      return txid
    })
  }
  bigint(amount, 'amount', 1n, 2n ** 256n - 1n)
  if (options.token !== undefined && !EVM_ADDRESS.test(options.token))
    refuse('token', 'an address', options.token)
  return state.exclusive(async () => {
    const evm = evmOf(state)
    const address = addressOf(to, evm.node.network)
    if (!EVM_ADDRESS.test(address)) refuse('to', 'an address of 20 bytes', to)
    const hash = await Evm.sendFromFaucet(
      evm,
      options.token === undefined
        ? { to: address, value: amount }
        : { to: options.token, data: mintCall(address, amount) },
    )
    if (options.until !== 'mempool') await Evm.confirm(evm, state.clock, hash)
    return hash
  })
}

/** `mint(address,uint256)`. */
function mintCall(to: string, amount: bigint): string {
  return `0x40c10f19${to.slice(2).toLowerCase().padStart(64, '0')}${amount.toString(16).padStart(64, '0')}`
}

/** The address in a CAIP-10 account id of this network, or the address as it is. */
function addressOf(to: string, network: string): string {
  if (typeof to !== 'string' || to === '') refuse('to', 'an address or a CAIP-10 account', to)
  const colon = to.lastIndexOf(':')
  if (colon < 0) return to
  if (to.slice(0, colon) !== network) refuse('to', `an account of ${network}`, to)
  return to.slice(colon + 1)
}

/** Options of {@link automine}: milliseconds from block to block. */
export interface AutomineOptions {
  readonly bitcoin?: number
  readonly evm?: number
  /** EVM blocks mined at once each time; 1 by default. */
  readonly evmBlocks?: number
  /** Stops by itself after so many rounds a chain; 10,000 by default. */
  readonly blocks?: number
  /** Told when a block could not be mined; the chain's miner has then stopped. */
  readonly onError?: (error: unknown, chain: Chain) => void
}

/**
 * Mines in the background, for demos: ends with the net, with the returned `stop`, or after `blocks` rounds.
 *
 * Errors: 6006 `ChainNotRunning`, 6007 `InvalidDevnetArgument`, 6010 `DevnetStopped`.
 *
 * @example
 * import { automine, createDevnet } from '@aitbc/devnet'
 * await using devnet = await createDevnet()
 * const miner = automine(devnet, { bitcoin: 500, evm: 200 })
 * await miner.stop()
 */
export function automine(
  devnet: AnyDevnet,
  options: AutomineOptions,
): { readonly stop: () => Promise<void> } {
  const state = stateOf(devnet)
  const most = integer(options.blocks ?? MOST_BLOCKS, 'blocks', 1, MOST_BLOCKS)
  const atOnce = { bitcoin: 1, evm: integer(options.evmBlocks ?? 1, 'evmBlocks', 1, MOST_BLOCKS) } as const
  if (options.bitcoin !== undefined) bitcoinOf(state)
  if (options.evm !== undefined) evmOf(state)
  const timers = new Set<NodeJS.Timeout>()
  let current: Promise<unknown> = Promise.resolve()
  let stopped = false
  const run = (chain: Chain, everyMs: number, left: number): void => {
    if (stopped || left === 0) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      const mined = state.exclusive(() =>
        stopped ? Promise.resolve([]) : mineNow(state, chain, atOnce[chain]),
      )
      current = mined.then(
        () => run(chain, everyMs, left - 1),
        (error) => options.onError?.(error, chain),
      )
    }, everyMs)
    timer.unref()
    timers.add(timer)
  }
  const stop = async (): Promise<void> => {
    stopped = true
    state.closers.delete(stop)
    for (const timer of timers) clearTimeout(timer)
    timers.clear()
    await current
  }
  state.closers.add(stop)
  for (const chain of ['bitcoin', 'evm'] as const) {
    const everyMs = options[chain]
    if (everyMs !== undefined) run(chain, integer(everyMs, chain, 1, 3_600_000), most)
  }
  return { stop }
}

/** Switches the EVM node between a block a transaction at once and blocks on demand. */
export async function setMining(devnet: AnyDevnet, mode: 'instant' | 'manual'): Promise<void> {
  if (mode !== 'instant' && mode !== 'manual') refuse('mode', "'instant' or 'manual'", mode)
  await evmOf(stateOf(devnet)).node.rpc('evm_setAutomine', mode === 'instant')
}

/**
 * Makes the Esplora façade answer `/fee-estimates` with these rates (sat/vB by confirmation target), as a node on
 * regtest has seen too few transactions to estimate any; `undefined` gives the node its word back.
 */
export function setFeeEstimates(
  devnet: AnyDevnet,
  estimates: Readonly<Record<string, number>> | undefined,
): void {
  stateOf(devnet).feeEstimates = estimates
}

function named(chain: Chain): Chain {
  if (chain !== 'bitcoin' && chain !== 'evm') refuse('chain', "'bitcoin' or 'evm'", chain)
  return chain
}
