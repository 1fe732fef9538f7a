import type { StartedBitcoin } from '../BitcoinNode.js'
import type { CosmosNode } from '../cosmos/createCosmosNode.js'
import type { AnyDevnet } from '../createDevnet.js'
import type { StartedEvm } from '../EvmNode.js'
import { DevnetErrors } from '../errors.js'
import type { PolkadotNode } from '../polkadot/PolkadotNode.js'
import type { SolanaNode } from '../solana/SolanaNode.js'
import type { Clock } from './Clock.js'
import type { Exclusive } from './mutex.js'

/** What the actions need and callers don't: kept beside the handle, not on it. */
export interface State {
  readonly clock: Clock
  /** Actions that change chains run one at a time. */
  readonly exclusive: Exclusive
  readonly bitcoin: StartedBitcoin | undefined
  readonly evm: StartedEvm | undefined
  readonly solana: SolanaNode | undefined
  readonly cosmos: CosmosNode | undefined
  readonly polkadot: PolkadotNode | undefined
  /** Run when the net stops, before its nodes do. */
  readonly closers: Set<() => Promise<void> | void>
  /** What the Esplora façade says of fees, instead of the node's estimate. */
  feeEstimates: Readonly<Record<string, number>> | undefined
  stopped: boolean
}

const states = new WeakMap<AnyDevnet, State>()

/** Attaches the state of a new devnet. */
export function attach(devnet: AnyDevnet, state: State): void {
  states.set(devnet, state)
}

/** The state of a devnet that runs; `DevnetStopped` (6010) otherwise. */
export function stateOf(devnet: AnyDevnet): State {
  const state = states.get(devnet)
  if (state === undefined || state.stopped) throw DevnetErrors.DevnetStopped('this devnet is stopped')
  return state
}

/** The Bitcoin node of a state; `ChainNotRunning` (6006) where the net has none. */
export function bitcoinOf(state: State): StartedBitcoin {
  if (state.bitcoin === undefined)
    throw DevnetErrors.ChainNotRunning('this devnet runs no Bitcoin node', { chain: 'bitcoin' })
  return state.bitcoin
}

/** The EVM node of a state; `ChainNotRunning` (6006) where the net has none. */
export function evmOf(state: State): StartedEvm {
  if (state.evm === undefined)
    throw DevnetErrors.ChainNotRunning('this devnet runs no EVM node', { chain: 'evm' })
  return state.evm
}
