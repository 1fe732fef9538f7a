import type { SwapAdapter } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc } from '@aitbc/core/rpc'
import type { Connection, Keypair } from '@solana/web3.js'
import { expectTypeOf, test } from 'vitest'
import {
  createKeySigner,
  createSolanaAdapter,
  createWalletSender,
  type SolanaAdapter,
  type StandardWallet,
} from '../../src/solana/index.js'
import { createConnectionAdapter, createKeypairSigner } from '../../src/solana/web3js.js'

const program = '4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM'

test('a Solana adapter is one that swaps take; endpoints of core and connections are its transports', () => {
  expectTypeOf<SolanaAdapter>().toExtend<SwapAdapter>()
  const network = networks.solana
  const rpc = createHttpRpc({ url: 'http://127.0.0.1', exactNumbers: 'all' })
  const adapter = createSolanaAdapter({ network, rpc, program })
  expectTypeOf(adapter.backend.kind).toEqualTypeOf<'program'>()
  // Nothing on Solana proves what an account holds: never `state`.
  expectTypeOf(adapter.capabilities.proofs).toEqualTypeOf<'inclusion'>()
  expectTypeOf(createConnectionAdapter).parameter(0).toHaveProperty('connection').toEqualTypeOf<Connection>()
  // @ts-expect-error: without a program there are no locks
  createSolanaAdapter({ network, rpc })
  // @ts-expect-error: a connection brings its own transport
  createConnectionAdapter({ network, rpc, program })
})

test('signers say whether they sign or send', () => {
  const network = networks.solana
  expectTypeOf(createKeySigner({ network, privateKey: new Uint8Array(32) }).kind).toEqualTypeOf<'signs'>()
  expectTypeOf<ReturnType<typeof createKeypairSigner>['kind']>().toEqualTypeOf<'signs'>()
  expectTypeOf(createKeypairSigner).parameter(0).toEqualTypeOf<Keypair>()
  expectTypeOf(createWalletSender).parameter(0).toEqualTypeOf<StandardWallet>()
  expectTypeOf<ReturnType<typeof createWalletSender>['kind']>().toEqualTypeOf<'sends'>()
})
