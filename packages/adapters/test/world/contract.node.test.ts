import type { AccountId, AssetId } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createRedundantAdapter } from '@aitbc/core/redundant'
import {
  Chain,
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

/** What an adapter of each chain is made of: one endpoint, or several of which one alone answers. */
const cases = [
  ...(Object.keys(families) as FamilyName[]).map((name) => ({ name, several: false })),
  { name: 'bitcoin', several: true } as const,
  { name: 'evm', several: true } as const,
]

for (const { name, several } of cases) {
  const network = local[name]
  const family = families[name]
  const asset: AssetId.AssetId = `${network.id}/token:test`
  const hasTokens = family.errors.token !== undefined
  const unit = family.kind === 'coins' ? 100_000_000n : 10n ** 18n

  adapterContract(`A simulated ${name} chain${several ? ', three endpoints' : ''}`, {
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
          const adapterOf = (endpoint: Endpoint.Endpoint) =>
            createWorldAdapter({ network, endpoint, ...(hasTokens ? { tokens: [asset] } : {}) })
          if (!several) return adapterOf(over)
          return createRedundantAdapter({
            adapters: [Endpoint.down(node), over, Endpoint.down(node)].map(adapterOf),
            verifier: createWorldVerifier(chain),
            ...{ answers: 1, utc: () => Chain.tip(chain).time },
          })
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
