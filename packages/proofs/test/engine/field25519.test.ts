import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Field from '../../src/engine/internal/field25519.js'

const { P } = Field
const modulo = (value: bigint) => ((value % P) + P) % P
const element = fc.oneof(
  fc.bigInt({ min: 0n, max: P - 1n }),
  fc.constantFrom(0n, 1n, 2n, 19n, P - 1n, P - 2n, P - 19n, (P - 1n) / 2n, 2n ** 254n),
)

describe('field25519', () => {
  test('sums, differences, products and squares are those of bigint', () => {
    const out = Field.zero()
    expect([Field.toBigInt(Field.zero()), Field.toBigInt(Field.one())]).toEqual([0n, 1n])
    fc.assert(
      fc.property(element, element, element, (a, b, c) => {
        const [x, y, z] = [Field.from(a), Field.from(b), Field.from(c)]
        expect(Field.toBigInt(x)).toBe(a)
        Field.mul(out, x, y)
        expect(Field.toBigInt(out)).toBe(modulo(a * b))
        Field.mul(out, out, out)
        expect(Field.toBigInt(out)).toBe(modulo((a * b) ** 2n))
        Field.square(out, z)
        expect(Field.toBigInt(out)).toBe(modulo(c * c))
        Field.add(out, x, y)
        expect(Field.toBigInt(out)).toBe(modulo(a + b))
        Field.sub(out, x, y)
        expect(Field.toBigInt(out)).toBe(modulo(a - b))
        Field.negate(out, x)
        expect(Field.toBigInt(out)).toBe(modulo(-a))
        Field.squareTimes(out, x, 3)
        expect(Field.toBigInt(out)).toBe(modulo(a ** 8n))
      }),
    )
  })

  test('long chains of operations stay exact', () => {
    fc.assert(
      fc.property(element, element, fc.array(fc.nat(4), { minLength: 50, maxLength: 50 }), (a, b, steps) => {
        const [x, y] = [Field.from(a), Field.from(b)]
        // Reduced once, as every number is in the formulas of the curve.
        Field.mul(x, x, Field.from(1n))
        Field.mul(y, y, Field.from(1n))
        let [u, v] = [a, b]
        const [s, d] = [Field.zero(), Field.zero()]
        for (const step of steps) {
          if (step === 0) {
            Field.mul(x, x, y)
            u = modulo(u * v)
          } else if (step === 1) {
            Field.square(y, y)
            v = modulo(v * v)
          } else {
            // The widest factors there are: three and four summands.
            Field.add(s, x, y)
            Field.add(s, s, y)
            Field.sub(d, x, y)
            Field.sub(d, d, y)
            Field.sub(d, d, x)
            Field.mul(x, s, d)
            u = modulo((u + 2n * v) * (-2n * v))
          }
          expect(Field.toBigInt(x)).toBe(u)
          expect(Field.toBigInt(y)).toBe(v)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('the largest limbs there may be, of all signs, are multiplied exactly', () => {
    const start = Array.from({ length: 13 }, (_, i) => Math.ceil(21.25 * i))
    // Whole units of each limb: half the next limb's unit and 2 %, times as many summands.
    const widest = (count: number, sign: (i: number) => number) => {
      const out = Field.zero()
      for (let i = 0; i < 12; i++) {
        const unit = 2 ** (start[i] as number)
        const half = 2 ** ((start[i + 1] as number) - (start[i] as number) - 1)
        out[i] = sign(i) * Math.floor(half * 1.02 * count) * unit
      }
      return out
    }
    const big = (a: Field.Fe) => a.reduce((sum, limb) => sum + BigInt(limb), 0n)
    const out = Field.zero()
    for (const [m, n] of [
      [1, 1],
      [3, 4],
      [3, 5],
      [4, 3],
      [2, 7],
      [5, 3],
    ] as const)
      for (let signs = 0; signs < 64; signs++) {
        const sign = (shift: number) => (i: number) => (((signs * 2654435761) >>> (i + shift)) & 1 ? 1 : -1)
        const positive = () => 1
        for (const [a, b] of [
          [widest(m, sign(0)), widest(n, sign(7))],
          [widest(m, positive), widest(n, positive)],
        ] as const) {
          Field.mul(out, a, b)
          expect(Field.toBigInt(out)).toBe(modulo(big(a) * big(b)))
          if (m < 4) {
            Field.square(out, a)
            expect(Field.toBigInt(out)).toBe(modulo(big(a) ** 2n))
          }
          // And it is carried: small enough to be a factor again.
          for (const [i, limb] of out.entries())
            expect(Math.abs(limb)).toBeLessThanOrEqual(1.02 * 2 ** ((start[i + 1] as number) - 1))
        }
      }
  })

  test('bytes: 255 bits, the least first, whatever the last one is', () => {
    const out = Field.zero()
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        Field.fromBytes(out, bytes)
        let value = 0n
        for (let i = 31; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
        expect(Field.toBigInt(out)).toBe(modulo(BigInt.asUintN(255, value)))
      }),
    )
  })
})
