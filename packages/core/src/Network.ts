import type { Asset } from './Amount.js'
import type { ChainId } from './ChainId.js'
import type { Clock } from './Deadline.js'

/** The kinds of chain the SDK knows. */
export type Family = 'bitcoin' | 'evm' | 'solana' | 'cosmos' | 'polkadot' | 'aitbc'

/** How cautious the numbers are: `standard` leaves a tail of 1e-3, `conservative` of 1e-6. */
export type Risk = 'standard' | 'conservative'

/** How long things take on a network, in seconds, at one tail probability (the parameters of the planner's inequality). */
export interface Timing {
  /** Most the chain's clock can run ahead of UTC, as the spending rule sees it. */
  readonly lead: bigint
  /** Most the chain's clock can run behind UTC, as the spending rule sees it. */
  readonly lag: bigint
  /** S: worst delay until a properly fee-bumped transaction is included. */
  readonly inclusion: bigint
  /** F: from inclusion until it can no longer be undone. */
  readonly finality: bigint
  /** R: the time that a reorganisation of the tolerated depth takes away. */
  readonly reorg: bigint
  /** Longest halt of the whole chain that is planned for. */
  readonly outage: bigint
}

/** When a block counts as irreversible: so many blocks deep (1 is the tip), the node's own `finalized` tag, or at once. */
export type Finality =
  | { readonly rule: 'depth'; readonly depth: bigint }
  | { readonly rule: 'tag'; readonly tag: 'finalized' | 'safe' }
  | { readonly rule: 'instant' }

/** How fees are priced; `unit` is what {@link FeeRates} are given in. `dust` is the least output or balance, base units. */
export type FeeModel =
  | { readonly model: 'utxo'; readonly unit: 'sat/kvB'; readonly minRelay: bigint; readonly dust: bigint }
  | { readonly model: 'eip1559'; readonly unit: 'wei/gas'; readonly minRelay: bigint; readonly dust: bigint }
  /** Base units of the native coin for 1,000,000 gas: Cosmos chains quote fractions of a base unit for one. */
  | {
      readonly model: 'gas-price'
      readonly unit: 'base/Mgas'
      readonly minRelay: bigint
      readonly dust: bigint
    }
  /** Millionths of a lamport for one compute unit, beside the fixed fee of a signature; `dust` is what an account must hold to exist. */
  | {
      readonly model: 'compute-units'
      readonly unit: 'microlamports/CU'
      readonly minRelay: bigint
      readonly dust: bigint
    }
  /** Planck of tip for one transaction, beside what the runtime charges by weight; `dust` is the existential deposit. */
  | { readonly model: 'tip'; readonly unit: 'planck/tx'; readonly minRelay: bigint; readonly dust: bigint }

/** A network as data: what the planner, the adapters and the machines need to know about it. */
export interface Network<N extends ChainId = ChainId, C extends Clock = Clock> {
  readonly id: N
  readonly family: Family
  readonly name: string
  readonly native: Asset
  /** The clock its locks are bound to. */
  readonly clock: C
  /** Mean time between blocks, milliseconds. */
  readonly blockTimeMs: bigint
  /**
   * Between what bounds the mean time between blocks lies, milliseconds, over the hours of a swap and halts aside (`timing.outage`). Where
   * locks count heights, a height means time by these alone; without them such locks are no leg of a swap.
   */
  readonly pace?: { readonly least: bigint; readonly most: bigint }
  readonly finality: Finality
  /** R in blocks: the deepest reorganisation that is planned for. */
  readonly reorgDepth: bigint
  readonly fees: FeeModel
  readonly timing: { readonly [R in Risk]: Timing }
  /** Human-readable part of its addresses (BIP-173): of SegWit ones on Bitcoin networks, of all on Cosmos networks. */
  readonly hrp?: string
  /** What the chain itself calls its native coin, on Cosmos networks. */
  readonly denom?: string
  /** Prefix of its addresses (SS58), on Polkadot networks. */
  readonly ss58?: number
}
