import type { Signer, SwapAdapter } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { expectTypeOf, test } from 'vitest'
import {
  type CosmosAdapter,
  type CosmosWallet,
  createCosmosAdapter,
  createOfflineSigner,
} from '../../src/cosmos/index.js'

test('the adapter is what a swap needs', () => {
  expectTypeOf<CosmosAdapter>().toExtend<SwapAdapter>()
  expectTypeOf(createCosmosAdapter).returns.toEqualTypeOf<CosmosAdapter>()
  // @ts-expect-error there is no contract that is at one address on all chains
  createCosmosAdapter({ network: networks.cosmosHub, transport: { request: async () => ({}) } })
  expectTypeOf(createOfflineSigner).returns.toEqualTypeOf<Signer & { readonly kind: 'signs' }>()
  // @ts-expect-error a wallet has accounts
  expectTypeOf<{ readonly signDirect: () => Promise<never> }>().toExtend<CosmosWallet>()
})
