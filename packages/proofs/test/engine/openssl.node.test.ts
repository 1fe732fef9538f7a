import type * as Crypto from 'node:crypto'
import { Engine } from '@aitbc/proofs/engine'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { checkOf, SPOILT } from './checks.js'

type Answer = (error: Error | null, yes: boolean) => void
type Verify = (
  algorithm: null,
  message: Uint8Array,
  key: unknown,
  signature: Uint8Array,
  answer: Answer,
) => void

/** What Node's own parts do instead of what they do. */
interface Faked {
  readonly verify: Verify
  readonly createPublicKey: () => never
  readonly processors: number
}
const fake: { current: Partial<Faked> } = vi.hoisted(() => ({ current: {} }))
afterEach(() => {
  fake.current = {}
})

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof Crypto>()
  return {
    ...real,
    verify: (...given: Parameters<Verify>) => (fake.current.verify ?? (real.verify as Verify))(...given),
    createPublicKey: (key: Crypto.JsonWebKeyInput) =>
      (fake.current.createPublicKey ?? real.createPublicKey)(key),
  }
})
vi.mock('node:os', async (original) => {
  const real = await original<typeof import('node:os')>()
  return { ...real, availableParallelism: () => fake.current.processors ?? real.availableParallelism() }
})

// Files share their modules: what was loaded before this one has Node's own parts, and what follows must have them again.
vi.resetModules()
const { createNodeEngine } = await import('@aitbc/proofs/node')
afterAll(() => {
  vi.resetModules()
})

/** Answers in the place of OpenSSL, and counts how often it is asked. */
function answering(error: Error | null, yes: boolean, processors = 2): { times: number } {
  const asked = { times: 0 }
  const verify: Verify = (_, __, ___, ____, answer) => {
    asked.times++
    answer(error, yes)
  }
  fake.current = { verify, processors }
  return asked
}

const spoil = (how: string, seed: number) =>
  (SPOILT[how] as (it: Engine.Check) => Engine.Check)(checkOf(seed))
const bad = spoil('another message', 0)
const many = Array.from({ length: 100 }, (_, i) => checkOf(i % 4))

test('A59: where Node’s own ed25519 is switched off, the answers are noble’s', async () => {
  const createPublicKey = () => {
    throw new Error('unsupported')
  }
  fake.current = { createPublicKey }
  const checks = [checkOf(0), spoil('a bit of S', 2), ...Array.from({ length: 20 }, (_, i) => checkOf(i))]
  const engine = createNodeEngine({ threads: 2 })
  for (const rule of ['zip215', 'strict'] as const)
    expect(await engine.verifyMany(checks, { rule })).toEqual(Engine.noble(checks, rule))
})

test('what OpenSSL accepts is not calculated again', async () => {
  const asked = answering(null, true)
  const engine = createNodeEngine({ threads: 1 })
  const checks = many.map(() => bad)
  expect(await engine.verifyMany(checks, { rule: 'strict' })).toEqual(checks.map(() => true))
  expect(asked.times).toBe(100)
  expect(await engine.verifyMany(checks)).toEqual(checks.map((_, i) => i < 44))
  expect(asked.times).toBe(144)
})

test.each([
  [null, false],
  [new Error('busy'), true],
] as const)('A59: noble is asked after an answer of %s, %s', async (error, yes) => {
  const asked = answering(error, yes)
  expect(await createNodeEngine().verifyMany([checkOf(1), bad], { rule: 'strict' })).toEqual([true, false])
  expect(asked.times).toBe(2)
})

test.each([
  [1, 0],
  [3, 61],
  [5, 76],
  [64, 76],
])(
  'of %d processors one is left to this thread, at most four are used: %d of 100',
  async (processors, times) => {
    const asked = answering(null, true, processors)
    await createNodeEngine().verifyMany(many)
    expect(asked.times).toBe(times)
  },
)
