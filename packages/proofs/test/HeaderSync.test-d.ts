import { Bitcoin, type HeaderSync } from '@aitbc/proofs'
import { expectTypeOf, test } from 'vitest'

test('every light client has the one shape', () => {
  const { HeaderChain } = Bitcoin
  expectTypeOf(HeaderChain).toExtend<
    HeaderSync<
      Bitcoin.HeaderChain.Anchor,
      Bitcoin.HeaderChain.State,
      Bitcoin.HeaderChain.Update,
      Bitcoin.HeaderChain.Block
    >
  >()
  // @ts-expect-error a state comes from `trust`, never from an anchor itself
  HeaderChain.apply({} as Bitcoin.HeaderChain.Anchor, { headers: new Uint8Array(0), now: 0n })
  // @ts-expect-error times are bigint
  HeaderChain.apply({} as Bitcoin.HeaderChain.State, { headers: new Uint8Array(0), now: 0 })
})
