import { createEngine, Ed25519, Engine, Hashing, WebCrypto } from '@aitbc/proofs/engine'
import { describe, expect, test, vi } from 'vitest'
import { COFACTORED } from '../../src/engine/internal/acceptFast.js'
import { checkOf, SPOILT, torsioned } from './checks.js'

const checks = Array.from({ length: 6 }, (_, i) => checkOf(i))

/** A platform that answers as told; the first question is the one about the factor of eight. */
function platform(answer: (nth: number) => Promise<boolean>) {
  const asked: number[] = []
  const imported: unknown[][] = []
  const subtle = {
    importKey: async (...told: unknown[]) => {
      imported.push(told)
      return {}
    },
    verify: () => {
      asked.push(asked.length)
      return answer(asked.length - 1)
    },
  } as unknown as SubtleCrypto
  return { subtle, asked, imported }
}

/** Points of small order and other forms of points, as keys and as nonces. */
function oddPoints(): readonly Engine.Check[] {
  const forms = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    // Not of small order, but another form of y = 3.
    'f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ].flatMap((hex) => {
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
    const signed = bytes.slice()
    signed[31] = (signed[31] as number) | 0x80
    return [bytes, signed]
  })
  const good = checkOf(1)
  return forms.flatMap((point) => {
    const signature = good.signature.slice()
    signature.set(point)
    return [
      { ...good, publicKey: point },
      { ...good, signature },
    ]
  })
}

describe('WebCrypto', () => {
  test('A59: answers as noble does, by both rules', async () => {
    const signing = await WebCrypto.create()
    // Node has ed25519, and so have current browsers.
    expect(signing).toBeDefined()
    const all = [
      ...checks,
      ...Object.values(SPOILT).map((spoil) => spoil(checkOf(9))),
      ...Array.from({ length: 8 }, (_, i) => torsioned(i, 5 * i)),
    ]
    for (const rule of ['zip215', 'strict'] as const)
      expect(await signing?.verifyMany(all, { rule })).toEqual(Engine.noble(all, rule))
    expect(await signing?.verifyMany(all)).toEqual(Engine.noble(all))
  })

  test('a platform without ed25519, or without WebCrypto, has no such tier', async () => {
    const { subtle } = platform(async () => {
      throw new Error('NotSupportedError')
    })
    expect(await WebCrypto.create({ subtle })).toBeUndefined()
    expect(await WebCrypto.create({ subtle: null })).toBeUndefined()
    vi.stubGlobal('crypto', undefined)
    try {
      expect(await WebCrypto.create()).toBeUndefined()
    } finally {
      vi.unstubAllGlobals()
    }
  })

  test('keys are imported to verify and for nothing else, once while they are kept', async () => {
    const { subtle, imported } = platform(async (nth) => nth > 0)
    const signing = (await WebCrypto.create({ subtle, keys: 2 })) as Engine.Signing
    expect(imported).toEqual([['raw', expect.any(Uint8Array), { name: 'Ed25519' }, false, ['verify']]])
    const [a, b, c] = checks as [Engine.Check, Engine.Check, Engine.Check]
    for (const check of [a, b, a, c, a, b]) expect(await signing.verifyMany([check])).toEqual([true])
    // The one used longest ago made room.
    expect(imported.slice(1).map(([, key]) => key)).toEqual([a, b, c, b].map(({ publicKey }) => publicKey))
  })

  test('A59: what isn’t of the form gets no further than here', async () => {
    const { subtle, asked } = platform(async (nth) => nth > 0)
    const signing = (await WebCrypto.create({ subtle })) as Engine.Signing
    for (const way of ['a short key', 'a short signature', 'S above the order'])
      expect(await signing.verifyMany([(SPOILT[way] as (typeof SPOILT)[string])(checkOf(3))])).toEqual([
        false,
      ])
    expect(asked.length).toBe(1)
  })

  test('a no, and a failure, of the platform are noble’s to decide', async () => {
    const { subtle, asked } = platform(async (nth) => {
      if (nth % 2 === 0) return false
      throw new Error('broken')
    })
    const signing = (await WebCrypto.create({ subtle })) as Engine.Signing
    const bad = (SPOILT['a bit of S'] as (typeof SPOILT)[string])(checkOf(3))
    expect(await signing.verifyMany([...checks, bad])).toEqual([...checks.map(() => true), false])
    expect(asked.length).toBe(8)
  })

  test('A59: a platform that multiplies by eight is not asked by the strict rule', async () => {
    const { subtle, asked } = platform(async () => true)
    const signing = (await WebCrypto.create({ subtle })) as Engine.Signing
    const check = torsioned(1, 0)
    expect(await signing.verifyMany([check], { rule: 'strict' })).toEqual([false])
    expect(asked.length).toBe(1)
    expect(await signing.verifyMany([check])).toEqual([true])
    expect(asked.length).toBe(2)
  })

  test('A59: what a platform is asked first holds times eight alone', async () => {
    expect(Engine.noble([COFACTORED])).toEqual([true])
    expect(Engine.noble([COFACTORED], 'strict')).toEqual([false])
    // None of its points is of small order: that alone would be no reason to refuse it.
    for (const point of [COFACTORED.publicKey, COFACTORED.signature.slice(0, 32)])
      expect(Ed25519.isRefused(point)).toBe(false)
  })

  test('A59: no point of small order, nor another form of one, gets as far as the platform', async () => {
    const { subtle, asked } = platform(async (nth) => nth > 0)
    const signing = (await WebCrypto.create({ subtle })) as Engine.Signing
    const list = oddPoints()
    // A platform that hashes its own form of a point would say yes to what nobody signed.
    expect(await signing.verifyMany(list)).toEqual(Engine.noble(list))
    expect(Engine.noble(list)).toContain(false)
    expect(await signing.verifyMany(list, { rule: 'strict' })).toEqual(list.map(() => false))
    expect(asked.length).toBe(1)
    expect(Engine.noble(list, 'strict')).toEqual(list.map(() => false))
  })

  test('an abort ends it with its reason', async () => {
    const signing = (await WebCrypto.create()) as Engine.Signing
    const signal = AbortSignal.abort(new Error('stop'))
    await expect(signing.verifyMany(checks, { signal })).rejects.toThrow('stop')
  })
})

describe('createEngine', () => {
  test('takes what is handed in, and else what is there', async () => {
    const engine = await createEngine()
    expect(await engine.verifyMany(checks)).toEqual(checks.map(() => true))
    expect(engine.sha256(new Uint8Array(1))).toEqual(Hashing.noble.sha256(new Uint8Array(1)))
    const own = await createEngine({
      signing: { verifyMany: async () => [false] },
      hashing: { ...Hashing.noble, sha256: () => Uint8Array.of(1) },
    })
    expect(await own.verifyMany(checks)).toEqual([false])
    expect(own.sha256(new Uint8Array(0))).toEqual(Uint8Array.of(1))
  })

  test('without WebCrypto, batches do it', async () => {
    const engine = await createEngine({ subtle: null })
    const bad = checks.map((it, i) => (i === 2 ? (SPOILT['a bit of R'] as (typeof SPOILT)[string])(it) : it))
    expect(await engine.verifyMany(bad)).toEqual(bad.map((_, i) => i !== 2))
    expect(await engine.verifyMany([...bad, ...checks])).toEqual([...bad, ...checks].map((_, i) => i !== 2))
  })

  // With one thread 20 · 1 / (1 + 1.25) of 20 are the platform's, and so on.
  test.each([
    [undefined, 8],
    [{ hardwareConcurrency: 1 }, 8],
    [{ hardwareConcurrency: 3 }, 12],
    [{ hardwareConcurrency: 64 }, 15],
  ])('one processor is left to batches, and four at most are counted on: %o', async (navigator, share) => {
    vi.stubGlobal('navigator', navigator)
    try {
      const { subtle, asked } = platform(async (nth) => nth > 0)
      const engine = await createEngine({ subtle })
      const many = Array.from({ length: 20 }, () => checks[0] as Engine.Check)
      expect(await engine.verifyMany(many)).toEqual(many.map(() => true))
      expect(asked.length - 1).toBe(share)
    } finally {
      vi.unstubAllGlobals()
    }
  })

  test('a platform gets a share of many, and batches the rest', async () => {
    const { subtle, asked } = platform(async (nth) => nth > 0)
    const engine = await createEngine({ subtle })
    const many = Array.from({ length: 20 }, (_, i) => checkOf(i))
    expect(await engine.verifyMany(many)).toEqual(many.map(() => true))
    const theirs = asked.length - 1
    expect(theirs).toBeGreaterThan(0)
    expect(theirs).toBeLessThan(many.length)
    const bad = many.map((it, i) => (i === 19 ? (SPOILT['a bit of S'] as (typeof SPOILT)[string])(it) : it))
    expect(await engine.verifyMany(bad)).toEqual(many.map((_, i) => i !== 19))
  })

  test('a verdict waits for its signatures', async () => {
    const engine = await createEngine()
    const pending = (list: readonly Engine.Check[]) =>
      ({
        ok: true,
        value: { checks: list, settle: (answers: readonly boolean[]) => Engine.fold(list, answers) },
      }) as const
    expect(await Engine.settle(engine, pending(checks))).toEqual({ ok: true, value: true })
    const bad = checks.map((it, i) => (i === 4 ? (SPOILT['another key'] as (typeof SPOILT)[string])(it) : it))
    expect(await Engine.settle(engine, pending(bad))).toMatchObject({
      ok: false,
      refusal: { check: 'signature', context: { index: 4 } },
    })
    const refused = { ok: false, refusal: { check: 'x', message: 'y' } } as const
    expect(await Engine.settle(engine, refused)).toBe(refused)
    expect(Engine.fold(checks, [true])).toMatchObject({ refusal: { check: 'signature-answers' } })
  })
})
