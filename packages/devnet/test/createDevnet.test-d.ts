import {
  type AnyDevnet,
  type BitcoinNode,
  type CosmosNode,
  createDevnet,
  type Devnet,
  type DevnetOf,
  type DevnetOptions,
  type EvmNode,
  mine,
  type SolanaNode,
} from '@aitbc/devnet'
import { expectTypeOf, test } from 'vitest'

test('a chain that is not started is not there', () => {
  type Two<B extends BitcoinNode | undefined = BitcoinNode, E extends EvmNode | undefined = EvmNode> = Devnet<
    B,
    E,
    undefined,
    undefined,
    undefined
  >
  expectTypeOf(createDevnet()).resolves.toEqualTypeOf<Two>()
  expectTypeOf(createDevnet({ evm: { mining: 'manual' } })).resolves.toEqualTypeOf<Two>()
  expectTypeOf(createDevnet({ evm: false })).resolves.toEqualTypeOf<Two<BitcoinNode, undefined>>()
  expectTypeOf(createDevnet({ bitcoin: false })).resolves.toEqualTypeOf<Two<undefined, EvmNode>>()
  expectTypeOf(createDevnet({ bitcoin: Math.random() < 2 })).resolves.toEqualTypeOf<
    Two<BitcoinNode | undefined>
  >()
  expectTypeOf(
    createDevnet({ bitcoin: false, solana: true, cosmos: { denom: 'ustake' }, polkadot: false }),
  ).resolves.toEqualTypeOf<Devnet<undefined, EvmNode, SolanaNode, CosmosNode, undefined>>()
  expectTypeOf<DevnetOf<DevnetOptions>>().toEqualTypeOf<AnyDevnet>()
  expectTypeOf<DevnetOf<{ evm: false; polkadot: { mining: 'instant' } }>>().toExtend<AnyDevnet>()
  expectTypeOf<Devnet['bitcoin']>().toEqualTypeOf<BitcoinNode>()
  expectTypeOf<AnyDevnet['bitcoin']>().toEqualTypeOf<BitcoinNode | undefined>()
})

test('what must not compile', () => {
  // @ts-expect-error no such chain
  void ((devnet: Devnet) => mine(devnet, 'solana'))
  // @ts-expect-error no such mining mode
  void (() => createDevnet({ evm: { mining: 'sometimes' } }))
  // @ts-expect-error the net's clock is the node's
  void (() => createDevnet({ solana: { time: 1n } }))
  // @ts-expect-error no such option
  void (() => createDevnet({ cosmos: { denomination: 'ustake' } }))
  // @ts-expect-error seconds are a bigint
  void (() => createDevnet({ startTime: 1 }))
})
