import { Engine } from '@aitbc/proofs/engine'
import { createNodeEngine } from '@aitbc/proofs/node'
import { expect, test, vi } from 'vitest'
import { checkOf, SPOILT } from './checks.js'

vi.mock('node:crypto', async (original) => ({
  ...(await original<typeof import('node:crypto')>()),
  createPublicKey: () => {
    throw new Error('unsupported')
  },
}))

test('A59: where Node’s own ed25519 is switched off, the answers are noble’s', async () => {
  const bad = (SPOILT['a bit of S'] as (typeof SPOILT)[string])(checkOf(2))
  const checks = [checkOf(0), bad, ...Array.from({ length: 20 }, (_, i) => checkOf(i))]
  const engine = createNodeEngine({ threads: 2 })
  for (const rule of ['zip215', 'strict'] as const)
    expect(await engine.verifyMany(checks, { rule })).toEqual(Engine.noble(checks, rule))
})
