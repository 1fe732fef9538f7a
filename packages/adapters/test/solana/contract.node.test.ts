import type { AccountId, SeedWallet } from '@aitbc/core'
import { createHttpRpc } from '@aitbc/core/rpc'
import { createSeedWallet, createSolanaAdapter } from '../../src/solana/index.js'
import { adapterContract } from '../contract.js'
import { createEndpoints } from '../endpoints.js'
import { createWorld, network } from './world.js'

/** The nonce account that transfers and locks use: without one, nothing can take their place before their blockhash expires. */
const NONCE = 'aitbc'

adapterContract('Solana', {
  network,
  profile: {
    lateClaims: false,
    payee: 'named',
    unique: true,
    lateLocks: false,
    feesFrom: 'account',
    events: true,
  },
  capabilities: { locks: true, proofs: 'inclusion', replacement: true, pending: false },
  lacks: {
    history: 'nodes tell the present alone',
    outbidding: 'there is no mempool: leaders execute what comes first',
    state: 'nothing proves what an account holds',
    reorg: 'confirmed blocks are undone only where a third of the stake is slashable',
  },
  async create() {
    const world = await createWorld()
    const endpoints = createEndpoints(world.node.url)
    const wallets = new Map<AccountId.AccountId, SeedWallet>()
    return {
      open: async (endpoint) =>
        createSolanaAdapter({
          network,
          rpc: createHttpRpc({ url: await endpoints.url(endpoint), exactNumbers: 'all' }),
          program: world.program,
          tokens: [world.token],
          nonce: NONCE,
          pollMs: 1,
        }),
      wallet: (seed) => {
        const wallet = createSeedWallet({ network, seed })
        wallets.set(wallet.funding, wallet)
        return wallet
      },
      async fund(account) {
        await world.fund(account)
        const signer = wallets.get(account)?.signer(account, new Uint8Array(8))
        if (signer?.kind !== 'signs') throw new Error(`nobody signs for ${account}`)
        for (const step of await world.adapter.prepare({ kind: 'nonce', from: account, name: NONCE }))
          await world.adapter.submit(await signer.sign(step))
        await world.mine()
      },
      backend: world.adapter.backend,
      amount: 5_000_000n,
      token: {
        asset: world.token.id,
        amount: 777n,
        fund: (account) => world.fundToken(account, 1_000_000n),
      },
      mine: (blocks) => world.mine(blocks),
      reach: (clock) => world.reach(clock),
      async close() {
        await endpoints.close()
        await world.close()
      },
    }
  },
})
