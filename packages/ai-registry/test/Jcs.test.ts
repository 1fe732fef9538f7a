import { Jcs, Json } from '@aitbc/ai-registry'
import { type AitbcError, isAitbcError } from '@aitbc/core'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'

const utf8 = (text: string) => new TextEncoder().encode(text)

/** Values that JSON holds exactly: safe integers or doubles with a short form, whole strings. */
const value = fc.letrec<{ value: Json.Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger().map((n) => n + 0),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }).map((n) => n + 0),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value

function thrown(run: () => unknown): AitbcError {
  try {
    run()
  } catch (error) {
    if (isAitbcError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('RFC 8785, 3.2.2: numbers as ECMAScript writes them (Appendix B)', () => {
  const fromBits = (hex: string) => {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, BigInt(`0x${hex}`))
    return view.getFloat64(0)
  }

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('%s is %s', (bits, text) => {
    expect(Jcs.stringify(fromBits(bits))).toBe(text)
  })
})

describe('RFC 8785, 3.2.3: names in order of UTF-16 code units', () => {
  test('not of code points: U+1F602 before U+FB33', () => {
    expect(
      Jcs.stringify({ '\ufb33': 1, '\u{1f602}': 2, '\u20ac': 3, é: 4, 1: 5, 10: 6, 9: 7, '\r': 8 }),
    ).toBe('{"\\r":8,"1":5,"10":6,"9":7,"é":4,"€":3,"😂":2,"\ufb33":1}')
  })
})

describe('RFC 8785, 3.2.2.2: strings', () => {
  test('the seven short escapes, \\u00xx in lower case, all else as it is', () => {
    expect(Jcs.stringify('\u0000\u001f\b\t\n\f\r"\\/\u007f\u0080\u2028<\u{1f602}')).toBe(
      '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\u007f\u0080\u2028<\u{1f602}"',
    )
  })

  test('A62: no Unicode normalization', () => {
    expect(Jcs.stringify(['A\u030a', '\u00c5'])).toBe('["A\u030a","\u00c5"]')
  })
})

describe('properties', () => {
  property.prop([value])('idempotent: canonical bytes read back are the same bytes', (value) => {
    const bytes = Jcs.encode(value)
    const verdict = Jcs.decode(bytes)
    expect(verdict.ok).toBe(true)
    if (verdict.ok) {
      expect(verdict.value).toEqual(value)
      expect(Jcs.encode(verdict.value)).toEqual(bytes)
    }
  })

  property.prop([value])('independent of order and spacing', (value) => {
    const reversed = (v: Json.Value): Json.Value =>
      Array.isArray(v)
        ? v.map(reversed)
        : typeof v === 'object' && v !== null
          ? Object.fromEntries(
              Object.entries(v)
                .reverse()
                .map(([k, x]) => [k, reversed(x as Json.Value)]),
            )
          : v
    expect(Jcs.stringify(reversed(value))).toBe(Jcs.stringify(value))
    const spaced = Json.decode(JSON.stringify(value, null, 2))
    expect(spaced.ok && Jcs.stringify(spaced.value)).toBe(Jcs.stringify(value))
  })

  property.prop([value, fc.nat(), fc.integer({ min: 1, max: 255 })])(
    'A62: a changed byte is refused, or is another value with other bytes',
    (value, where, xor) => {
      const bytes = Jcs.encode(value)
      const changed = bytes.slice()
      changed[where % changed.length] = (changed[where % changed.length] as number) ^ xor
      const verdict = Jcs.decode(changed)
      if (verdict.ok) expect(Jcs.encode(verdict.value)).toEqual(changed)
    },
  )

  property.prop([value, fc.nat(), fc.constantFrom(' ', '\n', '0', '\\u0061', '.0', 'e0', '\ufeff')])(
    'A62: one encoding only: an insertion is refused, or is another value',
    (value, where, insert) => {
      const text = Jcs.stringify(value)
      const at = where % (text.length + 1)
      const verdict = Jcs.decode(utf8(text.slice(0, at) + insert + text.slice(at)))
      if (verdict.ok) expect(Jcs.stringify(verdict.value)).not.toBe(text)
    },
  )
})

describe('A62: decode takes the canonical form alone', () => {
  test.each([
    '{"b":1,"a":2}',
    '{"a": 1}',
    ' 1',
    '1 ',
    '1.0',
    '1e2',
    '"\\u0061"',
    '"\\/"',
    '"\\u000A"',
    '1E30',
    '0.10',
  ])('%s', (text) => {
    expect(Jcs.decode(utf8(text))).toMatchObject({ ok: false, refusal: { check: 'not-canonical' } })
  })

  test('a refusal of the parser comes through', () => {
    expect(Jcs.decode(utf8('{"a":1,"a":1}'))).toMatchObject({
      ok: false,
      refusal: { check: 'duplicate-key' },
    })
    expect(Jcs.decode(utf8('[1]'), { maxSize: 2 })).toMatchObject({ ok: false, refusal: { check: 'size' } })
  })
})

describe('error: NotJson names the place and what came', () => {
  const cyclic: unknown[] = []
  cyclic.push(cyclic)
  const deep = (depth: number): unknown => (depth === 0 ? 0 : [deep(depth - 1)])

  test.each([
    ['undefined', undefined, ''],
    ['a property that is undefined', { a: undefined }, '/a'],
    ['NaN', [Number.NaN], '/0'],
    ['an infinity', { 'a/b': { '~': -Number.POSITIVE_INFINITY } }, '/a~1b/~0'],
    ['a bigint', { amount: 5n }, '/amount'],
    ['a function', [() => 1], '/0'],
    ['a symbol', Symbol('x'), ''],
    ['a symbol key', { [Symbol('x')]: 1 }, ''],
    ['a date', new Date(0), ''],
    ['a map', { m: new Map() }, '/m'],
    ['bytes', new Uint8Array(1), ''],
    ['a hole', new Array(1), '/0'],
    ['half of a surrogate pair', ['\ud83d'], '/0'],
    ['half of a surrogate pair in a name', { '\ude02': 1 }, '/\ude02'],
    ['a cycle', cyclic, '/0'.repeat(Json.MAX_DEPTH)],
    ['one level too many', deep(Json.MAX_DEPTH + 1), '/0'.repeat(Json.MAX_DEPTH)],
  ])('%s', (_, value, path) => {
    const error = thrown(() => Jcs.encode(value as Json.Value))
    expect(error).toMatchObject({ _tag: 'NotJson', code: 5001, retryable: false, context: { path } })
  })

  test('the message says where and what', () => {
    expect(thrown(() => Jcs.stringify(undefined as never)).message).toBe(
      'value must be JSON data, got undefined',
    )
    expect(thrown(() => Jcs.stringify([[1n]] as never)).message).toBe('/0/0 must be JSON data, got 1n')
  })

  test('as deep as decode reads', () => {
    expect(Jcs.decode(Jcs.encode(deep(Json.MAX_DEPTH) as Json.Value)).ok).toBe(true)
  })

  test('objects without a prototype are plain', () => {
    expect(Jcs.stringify(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}')
  })
})
