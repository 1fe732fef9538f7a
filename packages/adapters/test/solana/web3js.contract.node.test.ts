import type { AccountId, SeedWallet, SwapSeed } from '@aitbc/core'
import { SwapSeed as Seed } from '@aitbc/core'
import { Connection, Keypair, VersionedTransaction } from '@solana/web3.js'
import {
  createConnectionAdapter,
  createKeypairSigner,
  createTransactionSigner,
} from '../../src/solana/web3js.js'
import { adapterContract } from '../contract.js'
import { createEndpoints } from '../endpoints.js'
import { createWorld, network } from './world.js'

const NONCE = 'aitbc'

/** A wallet of one key pair, which signs by itself or as wallets of applications do. */
function walletOf(seed: SwapSeed.NetworkSeed, way: 'keypair' | 'transaction'): SeedWallet {
  const keypair = Keypair.fromSeed(Seed.derive(seed, 'funding'))
  const signer =
    way === 'keypair'
      ? createKeypairSigner(keypair, { network })
      : createTransactionSigner(
          {
            publicKey: keypair.publicKey,
            async signTransaction(transaction) {
              const copy = VersionedTransaction.deserialize(transaction.serialize())
              copy.sign([keypair])
              return copy
            },
          },
          { network },
        )
  return {
    funding: signer.account,
    party: () => ({ account: signer.account, payout: signer.account }),
    signer: (account) => (account === signer.account ? signer : undefined),
  }
}

adapterContract('Solana through @solana/web3.js', {
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
        createConnectionAdapter({
          network,
          connection: new Connection(await endpoints.url(endpoint), 'confirmed'),
          program: world.program,
          tokens: [world.token],
          nonce: NONCE,
          pollMs: 1,
        }),
      wallet: (seed) => {
        const wallet = walletOf(seed, wallets.size % 2 === 0 ? 'keypair' : 'transaction')
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
