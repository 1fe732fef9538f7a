import { type Amount, AssetId, Bytes } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc, toProvider } from '@aitbc/core/rpc'
import { createDevnet, deployHtlc, deployToken, fund, mine, reorg } from '@aitbc/devnet'
import { createEvmVerifier } from '@aitbc/proofs/ethereum'
import { createEvmAdapter, createSeedWallet } from '../../src/evm/index.js'
import { adapterContract } from '../contract.js'
import { createEndpoints } from '../endpoints.js'

const network = networks.evmLocal

adapterContract('EVM', {
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
    const devnet = await createDevnet({
      bitcoin: false,
      evm: { mining: 'manual' },
      startTime: 1_900_000_000n,
    })
    const { rpc, url } = devnet.evm
    const { address, codeHash } = await deployHtlc(devnet)
    const token = await deployToken(devnet)
    const asset = AssetId.canonical(token.asset)
    const endpoints = createEndpoints(url)
    const tokens: readonly Amount.Asset[] = [{ id: asset, symbol: 'TEST', decimals: 18 }]
    return {
      open: async (endpoint) =>
        createEvmAdapter({
          network,
          transport: toProvider(createHttpRpc({ url: await endpoints.url(endpoint) })),
          tokens,
          htlc: address,
          pollMs: 1,
        }),
      wallet: (seed) => createSeedWallet({ network, seed }),
      fund: async (account) => {
        await fund(devnet, 'evm', account, 10n ** 20n)
      },
      backend: {
        network: network.id,
        kind: 'contract',
        address: address.toLowerCase(),
        codeHash: Bytes.fromHex(codeHash.slice(2)),
      },
      amount: 10n ** 15n,
      token: {
        asset,
        amount: 777n,
        fund: async (account) => {
          await fund(devnet, 'evm', account, 1_000_000n, { token: token.address })
        },
      },
      mine: async (blocks = 1) => {
        await mine(devnet, 'evm', blocks)
      },
      reach: async (clock) => {
        const head = await rpc<{ timestamp: string }>('eth_getBlockByNumber', 'latest', false)
        if (BigInt(head.timestamp) >= clock) return
        await rpc('evm_setNextBlockTimestamp', `0x${clock.toString(16)}`)
        await rpc('evm_mine')
      },
      undo: (depth) => reorg(devnet, 'evm', depth, { drop: 'all' }),
      verifier: async (adapter) => {
        const tip = (await adapter.tip()).value
        return createEvmVerifier({
          network: network.id,
          trust: (block) => (block.hash === tip.hash ? { assurance: 'reported', asOf: tip } : undefined),
        })
      },
      close: async () => {
        await endpoints.close()
        await devnet.dispose()
      },
    }
  },
})
