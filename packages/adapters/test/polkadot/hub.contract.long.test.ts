import { readFileSync } from 'node:fs'
import { Bytes, type Network } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createPolkadotNode } from '@aitbc/devnet'
import { createHubVerifier } from '@aitbc/proofs/revive'
import type { ApiPromise } from '@polkadot/api'
import { describe, test } from 'vitest'
import { HtlcDeployment } from '../../src/evm/deployment.js'
import { Address, createPolkadotAdapter, createSeedWallet } from '../../src/polkadot/index.js'
import { adapterContract } from '../contract.js'
import { createConnections } from './connections.js'
import { createProvingApi } from './proving.js'

const chainSpec = process.env['POLKADOT_CHAIN_SPEC'] ?? ''

if (chainSpec === '')
  describe('Polkadot Hub: the adapter contract', () => {
    test.skip('skipped: POLKADOT_CHAIN_SPEC names no specification of a Hub', () => undefined)
  })
else {
  const { properties } = JSON.parse(readFileSync(chainSpec, 'utf8')) as {
    readonly properties: {
      readonly tokenDecimals: number
      readonly tokenSymbol: string
      readonly ss58Format: number
    }
  }
  const { polkadotLocal } = networks
  const network: Network = {
    ...polkadotLocal,
    native: {
      ...polkadotLocal.native,
      symbol: properties.tokenSymbol,
      decimals: properties.tokenDecimals,
    },
    ss58: properties.ss58Format,
  }
  const unit = 10n ** BigInt(properties.tokenDecimals)

  adapterContract('Polkadot Hub', {
    network,
    profile: {
      lateClaims: false,
      payee: 'named',
      unique: true,
      lateLocks: false,
      feesFrom: 'account',
      events: true,
    },
    capabilities: { locks: true, proofs: 'state', replacement: true },
    async create() {
      const node = await createPolkadotNode({ chainSpec })
      const connections = createConnections(node)
      const salt = new Uint8Array(32)
      await node.deploy(Bytes.fromHex(HtlcDeployment.creation.slice(2)), { salt })
      const deployment = { deployer: node.deployer, salt }
      const proving = await createProvingApi(node.url)
      const chainId = BigInt(String(proving.api.consts['revive']?.['chainId']))
      const over = (api: ApiPromise) =>
        createPolkadotAdapter({ network, api, hub: { deployment, chainId }, pollMs: 1 })
      const { prove } = over(proving.api)
      return {
        open: async (endpoint) => {
          const adapter = over(await connections.open(endpoint))
          // Evidence of the state that the runtime has, under the roots that it doesn't compute.
          return endpoint.kind === 'node' ? { ...adapter, prove } : adapter
        },
        wallet: (seed) => createSeedWallet({ network, seed }),
        fund: (account) => node.fund(Address.fromAccountId(account, network, 'account'), 10_000n * unit),
        backend: over(proving.api).backend,
        amount: unit,
        mine: (blocks = 1) => node.produce(blocks),
        reach: async (clock) => {
          const now = (await node.time()) / 1000n
          if (now < clock) await node.advance(clock - now)
        },
        verifier: async (adapter) => {
          const { value: asOf, assurance } = await adapter.tip()
          return createHubVerifier({ network, chainId, trust: () => ({ assurance, asOf }) })
        },
        undo: (depth) => node.reorg(depth, { transactions: 'forget' }),
        close: async () => {
          await connections.close()
          await proving.api.disconnect()
          await node.dispose()
        },
      }
    },
  })
}
