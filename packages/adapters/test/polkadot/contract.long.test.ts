import * as networks from '@aitbc/core/networks'
import { createPolkadotNode } from '@aitbc/devnet'
import { Address, createPolkadotAdapter, createSeedWallet } from '../../src/polkadot/index.js'
import { adapterContract } from '../contract.js'
import { createConnections } from './connections.js'

const network = networks.polkadotLocal

// The runtime from npm has no contracts: transfers here, locks on a Hub (`hub.contract.long.test.ts`).
adapterContract('Polkadot', {
  network,
  profile: {
    lateClaims: false,
    payee: 'named',
    unique: true,
    lateLocks: false,
    feesFrom: 'account',
    events: true,
  },
  capabilities: { locks: false, proofs: 'none', replacement: true },
  async create() {
    const node = await createPolkadotNode({ chainSpec: '' })
    const connections = createConnections(node)
    return {
      open: async (endpoint) =>
        createPolkadotAdapter({ network, api: await connections.open(endpoint), pollMs: 1 }),
      wallet: (seed) => createSeedWallet({ network, seed }),
      fund: (account) => node.fund(Address.fromAccountId(account, network, 'account'), 10n ** 15n),
      amount: 10n ** 12n,
      mine: (blocks = 1) => node.produce(blocks),
      reach: async () => undefined,
      undo: (depth) => node.reorg(depth, { transactions: 'forget' }),
      close: async () => {
        await connections.close()
        await node.dispose()
      },
    }
  },
})
