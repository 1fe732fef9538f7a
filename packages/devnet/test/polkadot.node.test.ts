import { createPolkadotNode } from '@aitbc/devnet'
import { expect, test } from 'vitest'

// What a chain of this process does takes long: polkadot.long.test.ts; a transfer on one is in the adapters' tests.
test('error: a specification that is none; what is stopped stays so', async () => {
  await expect(createPolkadotNode({ chainSpec: new URL(import.meta.url).pathname })).rejects.toMatchObject({
    _tag: 'PolkadotSpecInvalid',
  })
  await expect(createPolkadotNode({ signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no')
})
