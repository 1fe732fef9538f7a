import { Batch, Ed25519, Engine } from '@aitbc/proofs/engine'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkOf, SPOILT, torsioned } from './checks.js'

const batch = Batch.create()
const many = Array.from({ length: 13 }, (_, i) => checkOf(i))
const spoilt = (it: Engine.Check) => (SPOILT['a bit of S'] as (typeof SPOILT)[string])(it)

describe('Batch', () => {
  test('none, one and many', async () => {
    expect(batch.verify([])).toEqual([])
    expect(batch.verify(many.slice(0, 1))).toEqual([true])
    expect(batch.verify(many)).toEqual(many.map(() => true))
    expect(await batch.verifyMany(many.slice(0, 3))).toEqual([true, true, true])
  })

  test.each(Object.entries(SPOILT))('A59: one with %s is named, at every position', (_, spoil) => {
    for (let at = 0; at < many.length; at++) {
      const checks = many.map((check, i) => (i === at ? spoil(check) : check))
      expect(batch.verify(checks)).toEqual(
        checks.map((_, i) => i !== at || Engine.noble([checks[at] as never])[0]),
      )
    }
  })

  test('drawn mixtures of good and bad ones get the answers of noble', () => {
    const ways = Object.values(SPOILT)
    const drawn = fc.tuple(fc.nat(200), fc.option(fc.nat(ways.length - 1), { freq: 3 }))
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 12 }), (list) => {
        const checks = list.map(([seed, way]) =>
          way === null ? checkOf(seed) : (ways[way] as (typeof ways)[number])(checkOf(seed)),
        )
        expect(batch.verify(checks)).toEqual(Engine.noble(checks))
      }),
      { numRuns: 20 },
    )
  })

  test('A59: parts of small order count as ZIP-215 and the strict rule say, alone and among others', () => {
    let apart = 0
    for (let key = 0; key < 8; key++)
      for (const nonce of [0, 1, 4, 7]) {
        const check = torsioned(key, nonce)
        expect(batch.verify([check])).toEqual([true])
        expect(Engine.noble([check])).toEqual([true])
        const strict = batch.verify([check], { rule: 'strict' })
        expect(strict).toEqual(Engine.noble([check], 'strict'))
        if (strict[0] === false) apart++
      }
    expect(apart).toBeGreaterThan(0)
    const mixed = Array.from({ length: 16 }, (_, i) => torsioned(i, 3 * i))
    expect(batch.verify(mixed)).toEqual(mixed.map(() => true))
  })

  test('two wrong ones that cancel out in a plain sum are both named', () => {
    const [a, b] = [checkOf(1), checkOf(2)]
    const move = (check: Engine.Check, by: bigint): Engine.Check => {
      const s = (Ed25519.scalarOf(check) + by) % Ed25519.ORDER
      const signature = check.signature.slice()
      for (let i = 0; i < 32; i++) signature[32 + i] = Number((s >> BigInt(8 * i)) & 255n)
      return { ...check, signature }
    }
    const pair = [move(a, 5n), move(b, Ed25519.ORDER - 5n)]
    expect(batch.verify(pair)).toEqual([false, false])
    // The same in an equation without random factors: that is what they are for.
    const one = (length: number) => Uint8Array.from({ length }, (_, i) => (i % 16 === 0 ? 1 : 0))
    expect(Batch.create({ random: one }).verify(pair)).toEqual([true, true])
  })

  test('asks for 16 random bytes a signature', () => {
    const asked: number[] = []
    const random = (length: number) => {
      asked.push(length)
      return crypto.getRandomValues(new Uint8Array(length))
    }
    expect(Batch.create({ random }).verify(many.slice(0, 5))).toEqual([true, true, true, true, true])
    expect(asked).toEqual([80])
  })

  test('a batch that fails is halved, and at most four are asked one by one', () => {
    const asked: number[] = []
    const own = Batch.create({
      random: (length) => {
        asked.push(length / 16)
        return crypto.getRandomValues(new Uint8Array(length))
      },
    })
    const equations = (count: number, wrong: number) => {
      const checks = many.slice(0, count).map((check, i) => (i === wrong ? spoilt(check) : check))
      asked.length = 0
      expect(own.verify(checks)).toEqual(checks.map((_, i) => i !== wrong))
      return [...asked]
    }
    expect(equations(4, 1)).toEqual([4])
    expect(equations(8, 0)).toEqual([8, 4, 4])
    expect(equations(9, 8)).toEqual([9, 4, 5, 2, 3])
    // Parts of small order are no failure: the equation holds eight times.
    asked.length = 0
    expect(own.verify([0, 1, 2, 3, 4].map((i) => torsioned(i, 3 * i)))).toEqual(Array(5).fill(true))
    expect(asked).toEqual([5])
    // What isn't of the form is in no equation, and where nothing is left there is none.
    asked.length = 0
    for (const way of ['a short key', 'a key that is no point', 'an R that is no point'])
      expect(own.verify([(SPOILT[way] as (typeof SPOILT)[string])(checkOf(1))])).toEqual([false])
    expect(asked).toEqual([])
  })

  test('A59: the rule that is asked for, also where it waits', async () => {
    const check = torsioned(1, 0)
    expect(await batch.verifyMany([check], { rule: 'strict' })).toEqual([false])
    expect(await batch.verifyMany([check], { rule: 'zip215' })).toEqual([true])
    expect(await batch.verifyMany([check])).toEqual([true])
  })

  test('A59: the form that every rule asks for: its lengths, and a scalar below the order', () => {
    const good = checkOf(3)
    const { publicKey, signature } = good
    const withScalar = (s: bigint): Engine.Check => {
      const scalar = Uint8Array.from({ length: 32 }, (_, i) => Number((s >> BigInt(8 * i)) & 255n))
      return { ...good, signature: Uint8Array.of(...signature.subarray(0, 32), ...scalar) }
    }
    expect(Ed25519.isShaped(good)).toBe(true)
    expect(Ed25519.isShaped(withScalar(Ed25519.ORDER - 1n))).toBe(true)
    for (const bad of [
      withScalar(Ed25519.ORDER),
      { ...good, publicKey: publicKey.slice(1) },
      { ...good, publicKey: Uint8Array.of(...publicKey, 0) },
      { ...good, signature: signature.slice(1) },
      { ...good, signature: Uint8Array.of(...signature, 0) },
    ])
      expect(Ed25519.isShaped(bad)).toBe(false)
  })

  test('a source of zeros, or of too few bytes, makes nothing pass', () => {
    const bad = spoilt(checkOf(3))
    const zeros = Batch.create({ random: (length) => new Uint8Array(length) })
    expect(zeros.verify([checkOf(1), bad])).toEqual([true, false])
    const short = Batch.create({ random: () => new Uint8Array(0) })
    expect(() => short.verify([checkOf(1), bad])).toThrow('random must be a Uint8Array of 32 bytes')
  })

  test('keeps few keys, and is right all the same', () => {
    const small = Batch.create({ keys: 2 })
    expect(small.verify(many.slice(0, 6))).toEqual(many.slice(0, 6).map(() => true))
    expect(small.verify([...many.slice(0, 3), ...many.slice(0, 3)])).toEqual(Array(6).fill(true))
  })

  test('more than one equation takes', () => {
    const few = many.slice(0, 5)
    const checks = Array.from({ length: 1030 }, (_, i) => few[i % 5] as Engine.Check)
    checks[512] = checks[1029] = spoilt(checkOf(1))
    const answers = batch.verify(checks)
    expect(answers.flatMap((yes, i) => (yes ? [] : [i]))).toEqual([512, 1029])
  })

  test('an abort counts before the work', async () => {
    await expect(batch.verifyMany(many, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow(
      'stop',
    )
  })
})
