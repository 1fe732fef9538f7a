import type { AccountId, AssetId } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import {
  createWorld,
  createWorldAdapter,
  createWorldVerifier,
  createWorldWallet,
  Endpoint,
  type FamilyName,
  families,
} from '@aitbc/devnet/world'
import { adapterContract, type Lacks } from '../contract.js'

const local = {
  bitcoin: networks.bitcoinRegtest,
  evm: networks.evmLocal,
  solana: networks.solanaLocal,
  cosmos: networks.cosmosLocal,
  polkadot: networks.polkadotLocal,
} as const

/** The same as the real adapters' tests name. */
const lacks: { readonly [F in FamilyName]: Lacks } = {
  bitcoin: {},
  evm: {},
  solana: {
    history: 'nodes tell the present alone',
    outbidding: 'there is no mempool: leaders execute what comes first',
    state: 'nothing proves what an account holds',
    reorg: 'confirmed blocks are undone only where a third of the stake is slashable',
  },
  cosmos: {
    reorg: 'blocks of CometBFT are final',
    outbidding: "CometBFT's mempool keeps the first of two transactions with one sequence",
  },
  polkadot: {},
}

for (const name of Object.keys(families) as FamilyName[]) {
  const network = local[name]
  const family = families[name]
  const asset: AssetId.AssetId = `${network.id}/token:test`
  const hasTokens = family.errors.token !== undefined
  const unit = family.kind === 'coins' ? 100_000_000n : 10n ** 18n

  adapterContract(`A simulated ${name} chain`, {
    network,
    profile: family.profile,
    capabilities: family.capabilities,
    lacks: lacks[name],
    async create() {
      const world = createWorld({ seed: 'contract', networks: [network] })
      const chain = world.chain(network.id)
      // As quick to finish as local nodes are.
      if (network.finality.rule === 'tag') chain.lag = 2n
      const node = world.endpoint(network.id)
      return {
        open(endpoint) {
          const { kind } = endpoint
          const over =
            kind === 'spied'
              ? Endpoint.spied(node, endpoint.saw)
              : kind === 'down'
                ? Endpoint.down(node)
                : kind === 'silent'
                  ? Endpoint.silent(node)
                  : node
          return createWorldAdapter({ network, endpoint: over, ...(hasTokens ? { tokens: [asset] } : {}) })
        },
        wallet: (seed) => createWorldWallet({ network, seed }),
        fund: async (account) => world.fund(account, unit),
        backend: family.backend(network),
        amount: family.kind === 'coins' ? 100_000n : 1_000_000n,
        ...(hasTokens
          ? {
              token: {
                asset,
                amount: 777n,
                fund: async (account: AccountId.AccountId) => world.fund(account, 1_000_000n, asset),
              },
            }
          : {}),
        mine: async (blocks = 1) => world.mine(network.id, blocks),
        reach: async (clock) => world.reach(network.id, clock),
        undo: async (depth) => world.reorg(network.id, depth, { drop: true }),
        verifier: () => createWorldVerifier(chain),
        close: async () => undefined,
      }
    },
  })
}
