import { isAitbcError } from '@aitbc/core'
import * as networks from '@aitbc/core/networks'
import { Planner, Policy } from '@aitbc/swap'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const { standard, conservative } = Policy
const numbered = (offline: bigint): Policy.Policy => ({ ...standard, offline })

describe('policies by value', () => {
  it('S7: a value at a bound is still meant, one more is not', () => {
    const tiers = [
      { upTo: 0n, policy: numbered(1n) },
      { upTo: 1000n, policy: standard },
      { policy: conservative },
    ]
    expect(Policy.of(tiers, 0n)).toEqual(numbered(1n))
    expect(Policy.of(tiers, 1n)).toBe(standard)
    expect(Policy.of(tiers, 1000n)).toBe(standard)
    expect(Policy.of(tiers, 1001n)).toBe(conservative)
    expect(Policy.of(tiers, 2n ** 255n)).toBe(conservative)
  })

  it('S7: what is worth more never has the policy of a smaller tier', () => {
    const bounds = fc.uniqueArray(fc.bigInt(0n, 10_000n), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(bounds, fc.bigInt(0n, 12_000n), fc.boolean(), (some, value, isOpen) => {
        const sorted = [...some].sort((a, b) => (a < b ? -1 : 1))
        const tiers: Policy.Tier[] = sorted.map((upTo, i) => ({ upTo, policy: numbered(BigInt(i)) }))
        if (isOpen) tiers.push({ policy: numbered(BigInt(sorted.length)) })
        const below = sorted.filter((upTo) => upTo < value).length
        if (below < tiers.length) expect(Policy.of(tiers, value).offline).toBe(BigInt(below))
        else expect(() => Policy.of(tiers, value)).toThrow(/tiers must have one that is meant for the value/)
      }),
    )
  })

  it.each([
    ['no tier for so much', [{ upTo: 10n, policy: standard }], 11n, 'InvalidPolicy'],
    ['no tier at all', [], 1n, 'InvalidPolicy'],
    ['no list', undefined, 1n, 'InvalidPolicy'],
    ['a hole for a tier', [undefined, { policy: standard }], 1n, 'InvalidPolicy'],
    [
      'bounds that fall',
      [
        { upTo: 10n, policy: standard },
        { upTo: 9n, policy: standard },
      ],
      1n,
      'InvalidPolicy',
    ],
    [
      'the same bound twice',
      [
        { upTo: 10n, policy: standard },
        { upTo: 10n, policy: conservative },
      ],
      1n,
      'InvalidPolicy',
    ],
    ['a tier behind one for all', [{ policy: standard }, { policy: conservative }], 1n, 'InvalidPolicy'],
    [
      'a bad policy of a tier that isn’t meant',
      [{ upTo: 10n, policy: standard }, { policy: {} }],
      1n,
      'InvalidPolicy',
    ],
    ['a negative value', [{ policy: standard }], -1n, 'InvalidAmount'],
    ['a number for a value', [{ policy: standard }], 1, 'InvalidAmount'],
    ['a negative bound', [{ upTo: -1n, policy: standard }], 1n, 'InvalidAmount'],
  ])('%s is refused', (_, tiers, value, tag) => {
    let error: unknown
    try {
      Policy.of(tiers as Policy.Tier[], value as bigint)
    } catch (thrown) {
      error = thrown
    }
    expect(isAitbcError(error, tag), String(error)).toBe(true)
  })

  it('S13: error: what is told by network in another form would pass for nothing told', () => {
    const { id } = networks.ethereum
    for (const bad of [new Map([[id, 5n]]), 5n, 5, [[id, 5n]], null, 'none'])
      for (const field of ['fees', 'spends'] as const)
        expect(() => Policy.assert({ ...standard, [field]: bad } as never), `${field} ${bad}`).toThrow(
          expect.objectContaining({
            _tag: 'InvalidPolicy',
            context: expect.objectContaining({ argument: `policy.${field}`, received: bad }),
          }),
        )
    Policy.assert({ ...standard, fees: {}, spends: Object.assign(Object.create(null), { [id]: 'proved' }) })
  })

  it('S7: deadlines follow from the value’s policy, and a plan says what locks wait for and what is kept back', () => {
    const profile = {
      lateClaims: false,
      payee: 'named',
      unique: true,
      lateLocks: false,
      feesFrom: 'account',
      events: true,
    } as const
    const long = { network: networks.bitcoin, profile } as const
    const short = { network: networks.ethereum, profile } as const
    const tiers = [
      { upTo: 100n, policy: { ...standard, fees: { [networks.ethereum.id]: 7n } } },
      { policy: conservative },
    ]
    const plan = (value: bigint) => Planner.plan(long, short, Policy.of(tiers, value), 1_900_000_000n)
    expect(plan(101n).short.value).toBeGreaterThan(plan(100n).short.value)
    expect(plan(1n).confirmations).toEqual({
      long: networks.bitcoin.finality,
      short: networks.ethereum.finality,
    })
    expect(plan(1n).reserves).toEqual({ short: 7n })
    expect(plan(101n).reserves).toEqual({})
  })
})
