import { AccountId, type AssetId, type ChainId, CoreErrors, type Network, show } from '@aitbc/core'
import * as Chain from './Chain.js'
import { type Endpoint, honest } from './Endpoint.js'
import { familyOf } from './families/index.js'
import { balanceKey } from './Ledger.js'
import * as Random from './Random.js'

/** Chains of several families in one process, whose blocks come when somebody says so. */
export interface World {
  readonly random: Random.Random
  readonly chains: readonly Chain.Chain[]
  /** The chain of a network; `InvalidArgument` (1013). */
  chain(network: ChainId.ChainId): Chain.Chain
  /** A node of a network that tells the truth. */
  endpoint(network: ChainId.ChainId): Endpoint
  /** The next blocks of a chain, one by one. */
  mine(network: ChainId.ChainId, blocks?: number): void
  /** Blocks until the chain's clock, as locks read it, is at least a value. */
  reach(network: ChainId.ChainId, clock: bigint): void
  /** Undoes blocks of a chain; what was in them waits again, or is forgotten by everybody. */
  reorg(network: ChainId.ChainId, depth: number, options?: { readonly drop?: boolean }): void
  /** Gives an account base units of an asset, the native coin unless told, in a block of its own. */
  fund(account: AccountId.AccountId, amount: bigint, asset?: AssetId.AssetId): void
}

/**
 * A world: a chain for each network, all at one instant, with no block but the first. One seed, one world.
 *
 * `InvalidNetwork` (1011) for a family that worlds don't have, `InvalidArgument` (1013) for a network that is named twice.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createWorld, createWorldAdapter } from '@aitbc/devnet/world'
 * const { bitcoin } = networks
 * const world = createWorld({ seed: '1', networks: [bitcoin] })
 * const adapter = createWorldAdapter({ network: bitcoin, endpoint: world.endpoint(bitcoin.id) })
 * world.mine(bitcoin.id, 3)
 * const { value: tip } = await adapter.tip()
 * tip.height // 3n
 */
export function createWorld(options: createWorld.Options): World {
  const { seed, networks, time = 1_900_000_000n } = options
  const chains = new Map<ChainId.ChainId, Chain.Chain>()
  for (const network of networks) {
    if (chains.has(network.id))
      throw CoreErrors.InvalidArgument(`networks must name each one once, got ${network.id} twice`, {
        argument: 'networks',
        received: network.id,
      })
    chains.set(network.id, Chain.create(network, familyOf(network), time))
  }
  const chain = (network: ChainId.ChainId): Chain.Chain => {
    const found = chains.get(network)
    if (found === undefined)
      throw CoreErrors.InvalidArgument(`network must be of this world, got ${show(network)}`, {
        argument: 'network',
        received: network,
      })
    return found
  }
  return {
    random: Random.of(seed),
    chains: [...chains.values()],
    chain,
    endpoint: (network) => honest(chain(network)),
    mine(network, blocks = 1) {
      for (let i = 0; i < blocks; i++) Chain.mine(chain(network))
    },
    reach(network, clock) {
      const of = chain(network)
      // The median follows eleven blocks behind.
      for (let i = 0; Chain.tip(of).clock < clock && i < 12; i++)
        Chain.mine(of, { time: Chain.tip(of).time < clock ? clock : Chain.tip(of).time + 1n })
    },
    reorg(network, depth, { drop = false } = {}) {
      const of = chain(network)
      if (drop) Chain.forget(of, () => true)
      Chain.reorganise(of, BigInt(depth), { drop: () => drop })
    },
    fund(account, amount, asset) {
      const { network, address } = AccountId.parse(AccountId.canonical(account))
      const of = chain(network)
      const name = asset === undefined || asset === of.network.native.id ? '' : asset
      Chain.mine(of, { grants: { [balanceKey(address, name)]: amount } })
    },
  }
}

export declare namespace createWorld {
  type Options = {
    /** What everything in the world that isn't said is drawn from. */
    readonly seed: string
    readonly networks: readonly Network[]
    /** UTC at the first block, unix seconds; 1,900,000,000 unless told. */
    readonly time?: bigint
  }
}
