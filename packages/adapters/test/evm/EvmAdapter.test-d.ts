import type { Fact, Lock, SwapAdapter } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { createHttpRpc, toProvider } from '@aitbc/core/rpc'
import { expectTypeOf, test } from 'vitest'
import {
  createEip1193Signer,
  createEvmAdapter,
  createKeySigner,
  type EvmAdapter,
  type EvmProvider,
} from '../../src/evm/index.js'

const provider: EvmProvider = { request: async () => null }

test('an EVM adapter is one that swaps take; endpoints of core and wallets are its transports', () => {
  expectTypeOf<EvmAdapter>().toExtend<SwapAdapter>()
  expectTypeOf(createEvmAdapter).parameter(0).toHaveProperty('transport')
  createEvmAdapter({
    network: networks.ethereum,
    transport: toProvider(createHttpRpc({ url: 'http://127.0.0.1' })),
  })
  createEvmAdapter({ network: networks.ethereum, transport: provider })
  expectTypeOf<ReturnType<EvmAdapter['findLocks']>>().resolves.toEqualTypeOf<readonly Fact.Read<Lock>[]>()
  expectTypeOf<EvmAdapter['backend']['kind']>().toEqualTypeOf<'contract'>()
})

test('signers say whether they sign or send', () => {
  const keys = createKeySigner({ network: networks.ethereum, privateKey: new Uint8Array(32) })
  const wallet = createEip1193Signer(provider, { network: networks.ethereum, account: 'eip155:1:0x00' })
  expectTypeOf(keys.kind).toEqualTypeOf<'signs'>()
  expectTypeOf(wallet.kind).toEqualTypeOf<'sends'>()
  // @ts-expect-error a signer that sends hands no bytes back
  wallet.sign
  // @ts-expect-error a signer with a key does not send
  keys.send
})

test('what must not compile', () => {
  const { ethereum: network } = networks
  // @ts-expect-error an assurance that only a verifier gives
  createEvmAdapter({ network, transport: provider, assurance: 'proved' })
  // @ts-expect-error a key is bytes, not text
  createKeySigner({ network, privateKey: '0x11' })
})
