import type { SeedWallet, SwapSeed } from '@aitbc/core'
import { SwapSeed as Seed } from '@aitbc/core'
import { Connection, Keypair, VersionedTransaction } from '@solana/web3.js'
import {
  createConnectionAdapter,
  createKeypairSigner,
  createTransactionSigner,
} from '../../src/solana/web3js.js'
import { adapterContract } from '../contract.js'
import { contractFor } from './ground.js'
import { network } from './world.js'

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

adapterContract(
  'Solana through @solana/web3.js',
  contractFor({
    adapter: ({ url, program, token, nonce }) =>
      createConnectionAdapter({
        ...{ network, program, nonce },
        connection: new Connection(url, 'confirmed'),
        tokens: [token],
        pollMs: 1,
      }),
    wallet: (seed, index) => walletOf(seed, index % 2 === 0 ? 'keypair' : 'transaction'),
  }),
)
