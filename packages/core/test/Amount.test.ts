import { Amount } from '@aitbc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JUNK, thrown } from './support.js'

const amount = fc.bigInt({ min: 0n, max: Amount.MAX })
const decimals = fc.integer({ min: 0, max: 77 })

test('assert: 0 to 2^256 − 1, or as told', () => {
  for (const fine of [0n, 1n, Amount.MAX]) Amount.assert(fine)
  Amount.assert(-1n, { min: -1n })
  for (const [value, options] of [
    [-1n, {}],
    [Amount.MAX + 1n, {}],
    [0n, { min: 1n }],
    [11n, { max: 10n }],
  ] as const) {
    const error = thrown(() => Amount.assert(value, { argument: 'fee', ...options }))
    expect(error).toMatchObject({
      _tag: 'InvalidAmount',
      code: 1004,
      context: { argument: 'fee', received: value },
    })
    expect(error.message).toContain(`got ${value}n`)
  }
  for (const junk of JUNK)
    if (junk !== 1n) expect(thrown(() => Amount.assert(junk))._tag).toBe('InvalidAmount')
})

test('parse, format: round trip in both directions', () => {
  fc.assert(
    fc.property(amount, decimals, (value, places) => {
      expect(Amount.parse(Amount.format(value, places), places)).toBe(value)
    }),
  )
  for (const [text, places, value] of [
    ['0', 0, 0n],
    ['0.00000001', 8, 1n],
    ['21000000', 8, 2_100_000_000_000_000n],
    ['1.50', 2, 150n],
    ['0.0', 1, 0n],
  ] as const)
    expect(Amount.parse(text, places)).toBe(value)
  expect(Amount.format(1n, 18)).toBe('0.000000000000000001')
  expect(Amount.format(1_500_000n, 6)).toBe('1.5')
  expect(Amount.format(Amount.MAX, 0)).toBe(Amount.MAX.toString())
})

test('error: what would lose a digit, or is no plain decimal, is refused', () => {
  for (const [text, places] of [
    ['0.000000001', 8],
    ['1.5', 0],
    ['01', 8],
    ['1.', 8],
    ['.5', 8],
    ['-1', 8],
    ['+1', 8],
    ['1e3', 8],
    ['1,5', 8],
    ['1_000', 8],
    [' 1', 8],
    ['1 ', 8],
    ['1\n', 8],
    ['0x10', 8],
    ['Infinity', 8],
    ['', 8],
    ['٣', 8],
    [(Amount.MAX + 1n).toString(), 0],
    ['9'.repeat(10_000), 0],
  ] as const)
    expect(thrown(() => Amount.parse(text, places))._tag, text.slice(0, 20)).toBe('InvalidAmount')
  for (const junk of JUNK) {
    expect(thrown(() => Amount.parse(junk as string, 8))._tag).toBe('InvalidAmount')
    if (junk !== 0) expect(thrown(() => Amount.parse('1', junk as number))._tag).toBe('InvalidArgument')
    if (junk !== 1n) expect(thrown(() => Amount.format(junk as bigint, 8))._tag).toBe('InvalidAmount')
  }
  expect(thrown(() => Amount.parse('1', 78)).context['argument']).toBe('decimals')
})

test('S1: mulDiv rounds as it is told, and never by more than one unit', () => {
  const small = fc.bigInt({ min: 0n, max: 2n ** 120n })
  fc.assert(
    fc.property(small, small, fc.bigInt({ min: 1n, max: 2n ** 120n }), (value, numerator, denominator) => {
      const product = value * numerator
      fc.pre(product / denominator < Amount.MAX)
      const down = Amount.mulDiv(value, numerator, denominator, 'down')
      const up = Amount.mulDiv(value, numerator, denominator, 'up')
      expect(down * denominator <= product && product < (down + 1n) * denominator).toBe(true)
      expect(up - down).toBe(product % denominator === 0n ? 0n : 1n)
    }),
  )
})

test('S1: what is split by shares, all but one rounded down, adds up to the whole', () => {
  const share = fc.bigInt({ min: 0n, max: 10n ** 30n })
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 100n }),
      fc.array(share, { minLength: 1, maxLength: 6 }),
      (total, shares) => {
        const sum = shares.reduce((a, b) => a + b, 0n)
        fc.pre(sum > 0n)
        const parts = shares.map((part) => Amount.mulDiv(total, part, sum, 'down'))
        const dust = total - parts.reduce((a, b) => a + b, 0n)
        expect(dust >= 0n && dust < BigInt(shares.length)).toBe(true)
      },
    ),
  )
})

test('error: mulDiv: zero denominator, overflow, unnamed rounding', () => {
  const cases: [() => unknown, string][] = [
    [() => Amount.mulDiv(1n, 1n, 0n, 'down'), 'denominator'],
    [() => Amount.mulDiv(Amount.MAX, 2n, 1n, 'down'), 'result'],
    [() => Amount.mulDiv(1n, -1n, 1n, 'down'), 'numerator'],
    [() => Amount.mulDiv(-1n, 1n, 1n, 'down'), 'amount'],
    [() => Amount.mulDiv(1n, 1n, 1n, undefined as never), 'rounding'],
    [() => Amount.mulDiv(1n, 1n, 1n, 'nearest' as never), 'rounding'],
    [() => Amount.mulDiv(1 as never, 1n, 1n, 'up'), 'amount'],
  ]
  for (const [run, argument] of cases) expect(thrown(run).context['argument']).toBe(argument)
})
