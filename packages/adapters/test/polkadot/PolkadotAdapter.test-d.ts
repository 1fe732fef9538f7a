import type { ChainAdapter, SwapAdapter } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import type { ApiPromise } from '@polkadot/api'
import { expectTypeOf, test } from 'vitest'
import {
  createKeySigner,
  createPolkadotAdapter,
  type PolkadotAdapter,
  type PolkadotHubAdapter,
} from '../../src/polkadot/index.js'

declare const api: ApiPromise

test('without contracts there are no locks and no proofs; with them the adapter is one that swaps take', () => {
  const plain = createPolkadotAdapter({ network: networks.polkadotHub, api })
  expectTypeOf(plain).toEqualTypeOf<PolkadotAdapter>()
  expectTypeOf<PolkadotAdapter>().not.toHaveProperty('findLocks')
  expectTypeOf<PolkadotAdapter>().not.toHaveProperty('prove')
  expectTypeOf<PolkadotAdapter>().toHaveProperty('replace')
  expectTypeOf<PolkadotAdapter>().toExtend<
    ChainAdapter<{ readonly locks: false; readonly proofs: 'none'; readonly replacement: true }>
  >()
  const hub = { address: `0x${'00'.repeat(20)}`, chainId: 420_420_419n }
  const full = createPolkadotAdapter({ network: networks.polkadotHub, api, hub })
  expectTypeOf(full).toEqualTypeOf<PolkadotHubAdapter>()
  expectTypeOf<PolkadotHubAdapter>().toExtend<SwapAdapter>()
})

test('signers say whether they sign or send', () => {
  const keys = createKeySigner({ network: networks.polkadotHub, privateKey: new Uint8Array(32) })
  expectTypeOf(keys.kind).toEqualTypeOf<'signs'>()
})
