import { type HeaderSync, Substrate } from '@aitbc/proofs'
import { expectTypeOf, test } from 'vitest'

test('both light clients have the one shape', () => {
  const { BeefyClient, GrandpaClient } = Substrate
  expectTypeOf(GrandpaClient).toExtend<
    HeaderSync<
      Substrate.GrandpaClient.Anchor,
      Substrate.GrandpaClient.State,
      Substrate.GrandpaClient.Update,
      Substrate.Header.Hashed
    >
  >()
  expectTypeOf(BeefyClient).toExtend<
    HeaderSync<
      Substrate.BeefyClient.Anchor,
      Substrate.BeefyClient.State,
      Substrate.BeefyClient.Update,
      Substrate.BeefyClient.Final
    >
  >()
  // @ts-expect-error a state comes from `trust`, never from an anchor itself
  GrandpaClient.apply({} as Substrate.GrandpaClient.Anchor, {} as Substrate.GrandpaClient.Update)
  // @ts-expect-error an update says of which kind it is
  GrandpaClient.apply({} as Substrate.GrandpaClient.State, { proof: new Uint8Array(0) })
  // @ts-expect-error numbers of sets are bigint
  BeefyClient.trust({ current: { id: 1, length: 1, root: new Uint8Array(32) } })
})
