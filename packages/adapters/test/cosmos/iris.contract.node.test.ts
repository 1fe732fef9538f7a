import type { AccountId } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc } from '@aitbc/core/rpc'
import { createCosmosNode } from '@aitbc/devnet'
import { createIrisVerifier } from '@aitbc/proofs/irismod'
import { createSeedWallet } from '../../src/cosmos/index.js'
import { createIrisAdapter, IrisHtlc } from '../../src/cosmos/iris.js'
import { adapterContract } from '../contract.js'
import { createEndpoints } from '../endpoints.js'
import { addressOf, LACKS, proving, SECOND, trusting } from './ground.js'

const network = networks.irisnet

adapterContract("Cosmos, IRISnet's own module", {
  network,
  profile: IrisHtlc.profile(),
  capabilities: { locks: true, proofs: 'state', replacement: 'after-drop' },
  // The module takes at least 50 blocks, behind those in which a lock may wait for inclusion.
  span: 80n,
  lacks: { ...LACKS, refunds: 'the module refunds by itself', units: 'deadlines are heights' },
  async create() {
    const [chainId, prefix, denom] = ['irishub-1', network.hrp, network.denom]
    const node = await createCosmosNode({
      ...{ chainId, prefix, denom, gasPrice: network.fees.minRelay, htlc: true },
      ...{ mining: 'manual', validators: 1, startTime: 1_900_000_000n },
    })
    const endpoints = createEndpoints(node.url)
    const open = (url: string) => createIrisAdapter({ network, transport: createHttpRpc({ url }), pollMs: 1 })
    const trusted = trusting(node)
    return {
      open: async (endpoint) => {
        const adapter = open(await endpoints.url(endpoint))
        return endpoint.kind === 'node' ? proving(adapter, () => node.mine()) : adapter
      },
      wallet: (seed) => createSeedWallet({ network, seed }),
      fund: (account: AccountId.AccountId) => node.fund(addressOf(account), 10n ** 12n),
      backend: open(node.url).backend,
      amount: 1_000_000n,
      mine: (blocks = 1) => node.mine(blocks),
      reach: async (clock) => {
        const behind = clock - node.height()
        if (behind > 0n) await node.mine(Number(behind))
      },
      verifier: () => createIrisVerifier({ network, client: () => trusted, now: () => node.time() + SECOND }),
      close: async () => {
        await endpoints.close()
        await node.stop()
      },
    }
  },
})
