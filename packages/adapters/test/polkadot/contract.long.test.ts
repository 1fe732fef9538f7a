import * as networks from '@aitbc/core/networks'
import { createPolkadotNode } from '@aitbc/devnet'
import { ApiPromise, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { Address, createPolkadotAdapter, createSeedWallet } from '../../src/polkadot/index.js'
import { adapterContract } from '../contract.js'
import type { Endpoint } from '../endpoints.js'

const network = networks.polkadotLocal

// The runtime of this process has no contracts: transfers here, locks on a Hub.
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
    const connections = new Map<string, ApiPromise>()
    let saw: (request: string) => void = () => undefined
    /** A connection of each kind; once it knows the chain, it is what the endpoint says. */
    const connect = async (kind: Endpoint['kind']): Promise<ApiPromise> => {
      const known = connections.get(kind)
      if (known !== undefined) return known
      const provider = new WsProvider(node.url, false)
      await provider.connect()
      const options: ApiOptions = {
        provider: provider as NonNullable<ApiOptions['provider']>,
        noInitWarn: true,
      }
      const api = await ApiPromise.create(options)
      connections.set(kind, api)
      const send = provider.send.bind(provider)
      if (kind === 'silent') provider.send = () => new Promise(() => undefined)
      if (kind === 'spied')
        provider.send = (method, params, cacheable, subscription) => {
          saw(JSON.stringify([method, params]))
          return send(method, params, cacheable, subscription)
        }
      if (kind === 'down') await api.disconnect()
      return api
    }
    return {
      open: async (endpoint) => {
        if (endpoint.kind === 'spied') saw = endpoint.saw
        return createPolkadotAdapter({ network, api: await connect(endpoint.kind), pollMs: 1 })
      },
      wallet: (seed) => createSeedWallet({ network, seed }),
      fund: (account) => node.fund(Address.fromAccountId(account, network, 'account'), 10n ** 15n),
      amount: 10n ** 12n,
      mine: (blocks = 1) => node.produce(blocks),
      reach: async () => undefined,
      undo: (depth) => node.reorg(depth, { transactions: 'forget' }),
      close: async () => {
        for (const api of connections.values()) await api.disconnect()
        await node.dispose()
      },
    }
  },
})
