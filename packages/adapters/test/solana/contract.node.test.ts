import { createHttpRpc } from '@aitbc/core/rpc'
import { createSeedWallet, createSolanaAdapter } from '../../src/solana/index.js'
import { adapterContract } from '../contract.js'
import { contractFor } from './ground.js'
import { network } from './world.js'

adapterContract(
  'Solana',
  contractFor({
    adapter: ({ url, program, token, nonce }) =>
      createSolanaAdapter({
        ...{ network, program, nonce },
        rpc: createHttpRpc({ url, exactNumbers: 'all' }),
        tokens: [token],
        pollMs: 1,
      }),
    wallet: (seed) => createSeedWallet({ network, seed }),
  }),
)
