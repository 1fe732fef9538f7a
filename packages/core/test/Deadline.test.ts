import { Deadline } from '@aitbc/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JUNK, thrown } from './support.js'

const on = <C extends Deadline.Clock>(clock: C, value: bigint) =>
  Deadline.from({ network: 'eip155:1', clock, value })

test('H28: heights are below 500,000,000, times from there to 2^32 − 1, at every boundary', () => {
  for (const [clock, fine, wrong] of [
    ['height', [0n, 1n, 499_999_999n], [-1n, 500_000_000n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 39n, 2n ** 63n]],
    [
      'unix',
      [500_000_000n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n],
      [-1n, 0n, 499_999_999n, 2n ** 32n, 2n ** 40n, 1_900_000_000_000n, 1_900_000_000_000_000_000n],
    ],
    [
      'median-time',
      [500_000_000n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n],
      [-1n, 0n, 499_999_999n, 2n ** 32n, 2n ** 40n, 1_900_000_000_000n],
    ],
  ] as const) {
    for (const value of fine) expect(on(clock, value)).toEqual({ network: 'eip155:1', clock, value })
    for (const value of wrong)
      expect(thrown(() => on(clock, value))._tag, `${clock} ${value}`).toBe('InvalidDeadline')
  }
})

test('H28: no value is valid as a height and as a time', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 40n), max: 2n ** 64n }), (value) => {
      const kinds = (['height', 'unix'] as const).filter((clock) => {
        try {
          return on(clock, value) !== undefined
        } catch {
          return false
        }
      })
      expect(kinds.length).toBeLessThanOrEqual(1)
    }),
  )
})

test('compare, reached, remaining: a total order within one clock', () => {
  const value = fc.bigInt({ min: Deadline.TIME_THRESHOLD, max: Deadline.MAX_VALUE })
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [left, right] = [on('unix', a), on('unix', b)]
      expect(Deadline.compare(left, right)).toBe(a < b ? -1 : a > b ? 1 : 0)
      expect(Deadline.remaining(left, right)).toBe(a - b)
      expect(Deadline.reached(left, right)).toBe(b >= a)
    }),
  )
})

test('S4: reached at the deadline itself', () => {
  const deadline = on('unix', 1_900_000_000n)
  expect(Deadline.reached(deadline, on('unix', 1_899_999_999n))).toBe(false)
  expect(Deadline.reached(deadline, on('unix', 1_900_000_000n))).toBe(true)
})

test('error: across clocks or networks nothing compares', () => {
  const a: Deadline.Deadline = on('unix', 1_900_000_000n)
  const others: Deadline.Deadline[] = [
    { ...a, clock: 'median-time' },
    { ...a, network: 'eip155:10' },
    on('height', 5n),
  ]
  for (const b of others)
    for (const use of [Deadline.compare, Deadline.reached, Deadline.remaining]) {
      expect(thrown(() => use(a, b))._tag).toBe('ClockMismatch')
      expect(thrown(() => use(b, a))._tag).toBe('ClockMismatch')
    }
})

test('error: anything else is refused, and named', () => {
  for (const junk of JUNK) {
    if (!isTrap(junk))
      expect(['InvalidDeadline', 'InvalidChainId']).toContain(thrown(() => Deadline.from(junk as never))._tag)
    if (!isTrap(junk))
      expect(thrown(() => Deadline.compare(junk as never, on('unix', 1_900_000_000n)))._tag).toBe(
        'InvalidDeadline',
      )
    if (junk !== 0n)
      expect(
        thrown(() => Deadline.from({ network: 'eip155:1', clock: 'unix', value: junk as bigint }, 'T'))
          .context,
      ).toMatchObject({ argument: 'T' })
    expect(
      thrown(() => Deadline.from({ network: 'eip155:1', clock: junk as 'unix', value: 1_900_000_000n }))._tag,
    ).toBe('InvalidDeadline')
  }
})

/** A proxy that throws its own error when it is looked at can't be told anything about. */
function isTrap(value: unknown): boolean {
  try {
    void (value as { x?: unknown } | null)?.x
    return false
  } catch {
    return true
  }
}
