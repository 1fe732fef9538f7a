import {
  type AnyDevnet,
  type BitcoinNode,
  createDevnet,
  type Devnet,
  type EvmNode,
  mine,
} from '@aitbc/devnet'
import { expectTypeOf, test } from 'vitest'

test('a chain that is not started is not there', () => {
  expectTypeOf(createDevnet()).resolves.toEqualTypeOf<Devnet>()
  expectTypeOf(createDevnet({ evm: { mining: 'manual' } })).resolves.toEqualTypeOf<Devnet>()
  expectTypeOf(createDevnet({ evm: false })).resolves.toEqualTypeOf<Devnet<BitcoinNode, undefined>>()
  expectTypeOf(createDevnet({ bitcoin: false })).resolves.toEqualTypeOf<Devnet<undefined, EvmNode>>()
  expectTypeOf<Devnet['bitcoin']>().toEqualTypeOf<BitcoinNode>()
  expectTypeOf<AnyDevnet['bitcoin']>().toEqualTypeOf<BitcoinNode | undefined>()
})

test('what must not compile', () => {
  // @ts-expect-error no such chain
  void ((devnet: Devnet) => mine(devnet, 'solana'))
  // @ts-expect-error no such mining mode
  void (() => createDevnet({ evm: { mining: 'sometimes' } }))
  // @ts-expect-error seconds are a bigint
  void (() => createDevnet({ startTime: 1 }))
})
