import type { HeaderSync } from '@aitbc/proofs'
import { type Commit, LightClient } from '@aitbc/proofs/tendermint'
import { expectTypeOf, test } from 'vitest'

test('the light client has the shape of all', () => {
  expectTypeOf(LightClient).toExtend<
    HeaderSync<LightClient.Anchor, LightClient.State, LightClient.Update, LightClient.Trusted>
  >()
  // @ts-expect-error a state comes from `trust`, never from an anchor itself
  LightClient.apply({} as LightClient.Anchor, {} as LightClient.Update)
  // @ts-expect-error times are bigint
  LightClient.apply({} as LightClient.State, { ...({} as LightClient.Update), now: 0 })
})

test('an absent vote carries nothing', () => {
  // @ts-expect-error no signature
  const absent: Commit.CommitSig = { flag: 'absent', signature: new Uint8Array(64) }
  // @ts-expect-error a vote for the block carries one
  const commit: Commit.CommitSig = { flag: 'commit' }
  expectTypeOf([absent, commit]).toEqualTypeOf<Commit.CommitSig[]>()
})
