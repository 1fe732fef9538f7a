import type { HeaderSync } from '@aitbc/proofs'
import { type Block, BlockSync } from '@aitbc/proofs/aitbc'
import { expectTypeOf, test } from 'vitest'

test('BlockSync has the shape of every light client here', () => {
  expectTypeOf(BlockSync).toExtend<
    HeaderSync<BlockSync.Anchor, BlockSync.State, Block.Block, BlockSync.Final>
  >()
})

test('what is final is attested, and says nothing of the state', () => {
  expectTypeOf<BlockSync.Final['assurance']>().toEqualTypeOf<'attested'>()
  expectTypeOf<BlockSync.Trusted>().not.toHaveProperty('stateRoot')
  expectTypeOf<BlockSync.Trusted>().not.toHaveProperty('proposer')
})
