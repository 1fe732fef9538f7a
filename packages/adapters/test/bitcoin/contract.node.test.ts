import { AccountId } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc } from '@aitbc/core/rpc'
import { advance, createDevnet, fund, mine, reorg } from '@aitbc/devnet'
import { Consensus, createBitcoinVerifier, HeaderChain } from '@aitbc/proofs/bitcoin'
import { createBitcoinAdapter, createCoreBackend, createSeedWallet } from '../../src/bitcoin/index.js'
import { adapterContract } from '../contract.js'
import { createEndpoints } from '../endpoints.js'

const network = networks.bitcoinRegtest

adapterContract('Bitcoin', {
  network,
  profile: {
    lateClaims: true,
    payee: 'key',
    unique: false,
    lateLocks: true,
    feesFrom: 'lock',
    events: false,
  },
  capabilities: { locks: true, proofs: 'inclusion', replacement: true },
  async create() {
    const devnet = await createDevnet({ evm: false })
    const { url, authorization } = devnet.bitcoin
    const endpoints = createEndpoints(url)
    const open = async (endpoint: Parameters<typeof endpoints.url>[0]) => {
      const rpc = createHttpRpc({ url: await endpoints.url(endpoint), headers: { authorization } })
      return createBitcoinAdapter({ network, backend: createCoreBackend({ rpc }), pollMs: 1 })
    }
    const plain = await open({ kind: 'node' })
    return {
      open,
      wallet: (seed) => createSeedWallet({ network, seed }),
      fund: async (account) => {
        await fund(devnet, 'bitcoin', AccountId.parse(account).address, 100_000_000n)
      },
      backend: { network: network.id, kind: 'p2wsh' },
      amount: 100_000n,
      mine: async (blocks = 1) => {
        await mine(devnet, 'bitcoin', blocks)
      },
      reach: async (clock) => {
        const now = (await plain.tip()).value.clock
        // The median of the last eleven times follows the net's clock.
        if (now < clock) await advance(devnet, clock > devnet.now() ? clock - devnet.now() + 1n : 1n)
      },
      undo: (depth) => reorg(devnet, 'bitcoin', depth, { drop: 'all' }),
      verifier: () => {
        const verdict = createBitcoinVerifier({
          anchor: HeaderChain.genesis(Consensus.regtest),
          now: () => devnet.now(),
        })
        if (!verdict.ok) throw new Error(verdict.refusal.message)
        return verdict.value
      },
      close: async () => {
        await endpoints.close()
        await devnet.dispose()
      },
    }
  },
})
