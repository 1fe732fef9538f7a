import { Fact } from '@aitbc/core'
import { establish } from '@aitbc/core/verifier'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JUNK } from './support.js'

const tip: Fact.Tip = { height: 100n, hash: 'aa', time: 1_900_000_000n, clock: 1_900_000_000n }
const at: Fact.BlockRef = { height: 98n, hash: 'bb' }
const ALL = ['reported', 'quorum', 'attested', 'proved'] as const
const proved = (assurance: Fact.Assurance = 'proved') =>
  establish({
    value: { ref: 'lock', amount: 5n },
    assurance,
    at,
    asOf: tip,
    anchor: { ...at, network: 'eip155:1', assurance },
    evidence: { network: 'eip155:1', format: 'test/1', bytes: Uint8Array.of(1) },
  })

describe('assuranceOf', () => {
  test('what a verifier of this process made counts', () => {
    for (const assurance of ALL) expect(Fact.assuranceOf(proved(assurance))).toBe(assurance)
  })

  test('H19: a forged, copied or deserialised fact is only reported', () => {
    const real = proved()
    const forged = { ...Fact.reported(5n, at, tip), assurance: 'proved' } as unknown as Fact.Fact<bigint>
    const revived = JSON.parse(
      JSON.stringify(real, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    )
    for (const fake of [forged, { ...real }, structuredClone(real), revived, Object.create(real)])
      expect(Fact.assuranceOf(fake)).toBe('reported')
    expect(Fact.assuranceOf({ ...real, assurance: 'attested' } as never)).toBe('reported')
  })

  test('H19: what was verified can’t be changed afterwards', () => {
    const real = proved()
    for (const change of [
      () => Object.assign(real, { value: 6n }),
      () => Object.assign(real.value, { amount: 6n }),
      () => Object.assign(real.at, { hash: 'cc' }),
      () => Object.assign(real.asOf, { height: 1n }),
      () => Object.assign(real.anchor as object, { hash: 'cc' }),
    ])
      expect(change).toThrow(TypeError)
    expect(real.value.amount).toBe(5n)
    expect(Object.isFrozen(tip)).toBe(false)
  })

  test('total: anything else is reported', () => {
    for (const junk of JUNK.slice(0, -1)) {
      expect(Fact.assuranceOf(junk as never)).toBe('reported')
      expect(Fact.assuranceOf({ assurance: junk } as never)).toBe('reported')
    }
    expect(Fact.assuranceOf({ assurance: 'PROVED' } as never)).toBe('reported')
  })
})

describe('told', () => {
  test('depth counts the block itself; the mempool and what is above the tip have none', () => {
    expect(Fact.reported(1, at, tip)).toEqual({ value: 1, at, asOf: tip, depth: 3n, assurance: 'reported' })
    expect(Fact.quorum(1, tip, tip)).toMatchObject({ depth: 1n, assurance: 'quorum' })
    expect(Fact.told(1, 'mempool', tip, 'reported')).toMatchObject({ at: 'mempool', depth: 0n })
    expect(Fact.reported(1, { height: 101n, hash: 'x' }, tip).depth).toBe(0n)
    expect(proved().depth).toBe(3n)
  })

  test('a tip given as the place leaves only height and hash there', () => {
    expect(Fact.reported(1, tip, tip).at).toEqual({ height: 100n, hash: 'aa' })
  })
})

describe('order of assurances', () => {
  test('atLeast is the order; weaker is its minimum', () => {
    const one = fc.constantFrom(...ALL)
    fc.assert(
      fc.property(one, one, one, (a, b, c) => {
        expect(Fact.atLeast(a, a)).toBe(true)
        expect(Fact.atLeast(a, b)).toBe(ALL.indexOf(a) >= ALL.indexOf(b))
        expect(Fact.weaker(a, b)).toBe(Fact.weaker(b, a))
        expect(Fact.weaker(a, Fact.weaker(b, c))).toBe(Fact.weaker(Fact.weaker(a, b), c))
        expect(Fact.atLeast(a, Fact.weaker(a, b)) && Fact.atLeast(b, Fact.weaker(a, b))).toBe(true)
      }),
    )
  })

  test('what is no assurance is never enough, and never met', () => {
    for (const junk of JUNK)
      for (const real of ALL) {
        expect(Fact.atLeast(junk as never, real)).toBe(false)
        expect(Fact.atLeast(real, junk as never)).toBe(false)
        expect(Fact.atLeast(junk as never, junk as never)).toBe(false)
      }
  })
})
