import { Beacon, Bitcoin, type HeaderSync } from '@aitbc/proofs'
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
  const { LightClient } = Beacon
  expectTypeOf(LightClient).toExtend<
    HeaderSync<
      Beacon.LightClient.Anchor,
      Beacon.LightClient.State,
      Beacon.LightClient.Step,
      Beacon.LightClient.Final
    >
  >()
  // @ts-expect-error an anchor is no state
  LightClient.apply({} as Beacon.LightClient.Anchor, { kind: 'force', now: 0n })
  // @ts-expect-error a step says what it is
  LightClient.apply({} as Beacon.LightClient.State, { now: 0n })
  // @ts-expect-error a state comes from `trust`, never from an anchor itself
  HeaderChain.apply({} as Bitcoin.HeaderChain.Anchor, { headers: new Uint8Array(0), now: 0n })
  // @ts-expect-error times are bigint
  HeaderChain.apply({} as Bitcoin.HeaderChain.State, { headers: new Uint8Array(0), now: 0 })
})
