import type { HeaderSync } from '@aitbc/proofs'
import { type Finality, type Inclusion, LightClient } from '@aitbc/proofs/solana'
import { expectTypeOf, test } from 'vitest'

test('the light client has the one shape', () => {
  expectTypeOf(LightClient).toExtend<
    HeaderSync<LightClient.Anchor, LightClient.State, LightClient.Update, Finality.Bank | undefined>
  >()
  // @ts-expect-error no update brings a stake table
  LightClient.apply({} as LightClient.State, { table: {}, now: 0n })
  // @ts-expect-error an anchor is no state
  LightClient.apply({} as LightClient.Anchor, {} as LightClient.Update)
})

test('what is attested says what it leaves open, and is never proved', () => {
  expectTypeOf<Inclusion.Attested['assurance']>().toEqualTypeOf<'attested'>()
  expectTypeOf<Inclusion.Attested['silent']>().toEqualTypeOf<readonly ['success', 'state', 'lookups']>()
})
