import type { AccountId, Amount, SeedWallet, SwapSeed } from '@aitbc/core'
import type { ContractOptions, LockAdapter } from '../contract.js'
import { createEndpoints } from '../endpoints.js'
import { createWorld, network } from './world.js'

/** What an adapter under test works with. */
export interface Ground {
  /** Of the node, or of what stands before it. */
  readonly url: string
  readonly program: string
  readonly token: Amount.Asset
  /** The nonce account that transfers and locks use: without one, nothing can take their place before their blockhash expires. */
  readonly nonce: string
}

const NONCE = 'aitbc'

/** The contract and a token on a local chain, as the adapters' contract suite wants them, for an adapter and the wallets that sign for it. */
export function contractFor(make: {
  adapter(ground: Ground): LockAdapter
  wallet(seed: SwapSeed.NetworkSeed, index: number): SeedWallet
}): ContractOptions {
  return {
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
      const { program, token } = world
      const endpoints = createEndpoints(world.node.url)
      const wallets = new Map<AccountId.AccountId, SeedWallet>()
      return {
        open: async (endpoint) =>
          make.adapter({ url: await endpoints.url(endpoint), program, token, nonce: NONCE }),
        wallet: (seed) => {
          const wallet = make.wallet(seed, wallets.size)
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
          asset: token.id,
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
  }
}
