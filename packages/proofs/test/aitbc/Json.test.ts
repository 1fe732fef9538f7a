import { Json } from '@aitbc/proofs/aitbc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, value } from '../helpers.js'
import { thrown } from '../thrown.js'
import { utf8 } from './world.js'

const strict = (input: string | Uint8Array) => Json.decode(input)
const node = (input: string | Uint8Array) => Json.decode(input, { reading: 'node' })
const numRuns = Math.min(Number(process.env.FC_NUM_RUNS), 500)

describe('Json', () => {
  test('default: integers stay exact, floats print as Python prints them', () => {
    const same = (text: string) => expect(Json.encode(value(strict(text)))).toBe(text)
    same('{"a":[1,1.0,"x",true,false,null,{}],"b":[]}')
    same('9007199254740993')
    same(`-${'9'.repeat(4300)}`)
    for (const [number, text] of [
      [0, '0.0'],
      [-0, '-0.0'],
      [1, '1.0'],
      [-1.5, '-1.5'],
      [123.456, '123.456'],
      [0.0001, '0.0001'],
      [0.00012, '0.00012'],
      [0.00001, '1e-05'],
      [1.5e-7, '1.5e-07'],
      [-1e-10, '-1e-10'],
      [5e-324, '5e-324'],
      [1e15, '1000000000000000.0'],
      [1234567890123456.8, '1234567890123456.8'],
      [1e16, '1e+16'],
      [1.2345678901234568e17, '1.2345678901234568e+17'],
      [1.7976931348623157e308, '1.7976931348623157e+308'],
      [Number.NaN, 'NaN'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
      [Number.NEGATIVE_INFINITY, '-Infinity'],
    ] as const)
      expect(Json.encode(number)).toBe(text)
  })

  test('A62: strict reading refuses what two readers take in two ways', () => {
    for (const [text, name] of [
      ['{"a":1,"a":1}', 'json-duplicate-key'],
      ['{"a":1,"\\u0061":1}', 'json-duplicate-key'],
      ['{"__proto__":1,"__proto__":2}', 'json-duplicate-key'],
      ['"\\ud800"', 'json-lone-surrogate'],
      ['{"\\udc00":1}', 'json-lone-surrogate'],
      ['"\ud800"', 'json-lone-surrogate'],
      ['NaN', 'json-not-finite'],
      ['[Infinity]', 'json-not-finite'],
      ['-Infinity', 'json-not-finite'],
      ['1e400', 'json-not-finite'],
      ['-1e400', 'json-not-finite'],
      ['-0', 'json-negative-zero'],
      ['-0.0', 'json-negative-zero'],
      ['-0e5', 'json-negative-zero'],
      ['-1e-999', 'json-negative-zero'],
    ] as const)
      expect(check(strict(text))).toBe(name)
  })

  test("A62: the node's reading takes them as Python does", () => {
    const canonical = (text: string) => Json.encode(value(node(text)))
    expect(canonical('{"a":1,"b":0,"a":2}')).toBe('{"a":2,"b":0}')
    expect(canonical('"\\ud800"')).toBe('"\\ud800"')
    expect(canonical('[NaN,Infinity,-Infinity,1e400,-1e400]')).toBe(
      '[NaN,Infinity,-Infinity,Infinity,-Infinity]',
    )
    expect(canonical('[-0,-0.0]')).toBe('[0,-0.0]')
    expect(canonical('{"__proto__":{"a":1}}')).toBe('{"__proto__":{"a":1}}')
    expect(Object.getPrototypeOf(value(node('{"__proto__":{"a":1}}')))).toBe(null)
  })

  test('A62: both refuse what is no JSON, too deep, too long, or no UTF-8', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    for (const read of [strict, node]) {
      for (const text of [
        '',
        ' ',
        '{',
        '[',
        '[1,]',
        '{"a":1,}',
        '{,}',
        '{a:1}',
        "{'a':1}",
        '{"a"}',
        '{"a" 1}',
        '{a":1}',
        '{"a"=1}',
        '{"a":1;"b":2}',
        '[1;2]',
        '{"a":}',
        '[1 2]',
        '{"a":1 "b":2}',
        '"',
        '"\\',
        '"\\x"',
        '"\\u12"',
        '"\\u12g4"',
        '"\\constructor"',
        '"a\nb"',
        '"\u0000"',
        '+1',
        '.5',
        '-',
        'nan',
        'True',
        'tru',
        '--1',
      ])
        expect(check(read(text))).toBe('json-syntax')
      for (const text of ['1 2', '01', '1.', '1.e5', '1e', '0x1', 'null,', '[]]', 'truefalse'])
        expect(check(read(text))).toBe('json-trailing')
      expect(check(read('\ufeff{}'))).toBe('json-bom')
      expect(check(read(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)))).toBe('json-bom')
      expect(check(read(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('json-utf8')
      expect(check(read(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)))).toBe('json-utf8')
      expect(value(read(deep(Json.MAX_DEPTH)))).toBeDefined()
      // What was closed isn't open.
      expect(value(read(`[${'[],'.repeat(2 * Json.MAX_DEPTH)}[]]`))).toBeDefined()
      expect(value(read('" a "'))).toBe(' a ')
      expect(check(read(deep(Json.MAX_DEPTH + 1)))).toBe('json-depth')
      expect(check(read(`${'{"a":'.repeat(200_000)}`))).toBe('json-depth')
      expect(check(read('9'.repeat(4301)))).toBe('json-integer')
      expect(value(read(`${'9'.repeat(4300)}`))).toBe(10n ** 4300n - 1n)
      expect(value(read(`-${'9'.repeat(4300)}`))).toBe(1n - 10n ** 4300n)
      expect(check(read(' '.repeat(Json.MAX_SIZE + 1)))).toBe('json-size')
    }
    for (const [text, message] of [
      ['1 2', 'something follows the value (at 2)'],
      ['['.repeat(129), 'deeper than 128 levels (at 128)'],
      ['NaN', 'only finite numbers are numbers (at 0)'],
      ['x', 'a value was expected (at 0)'],
      ['9'.repeat(4301), 'an integer of more than 4300 digits (at 0)'],
      ['-0', 'zero has no sign (at 0)'],
      ['1e400', 'the number becomes an infinity (at 0)'],
      ['{a', 'a name was expected (at 1)'],
      ['{"a":1,"a":2}', '"a" is there twice (at 10)'],
      ['{"a"=1}', '":" was expected (at 4)'],
      ['[1;2]', '"," or the end of the list was expected (at 2)'],
      ['"a', 'a string ends with a quote, and its control characters are escaped (at 2)'],
      ['"\\ud800"', 'a string holds half of a surrogate pair (at 7)'],
      ['"\\u12"', 'four hex digits were expected (at 1)'],
      ['"\\x"', 'an escape was expected (at 1)'],
    ] as const) {
      const told = strict(text)
      expect(told.ok ? undefined : told.refusal.message).toBe(message)
    }
    const late = strict('[1, 2, x]')
    expect(late.ok ? undefined : late.refusal.context).toEqual({ offset: 7 })
    expect(check(Json.decode('12', { maxSize: 1 }))).toBe('json-size')
    expect(value(Json.decode('1', { maxSize: 1 }))).toBe(1n)
  })

  test('default: white space, escapes and the order of names', () => {
    const read = value(
      strict(' \t\r\n{ "b" : [ 1 , 2 ] , "a" : "\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00" } \n'),
    )
    expect(Json.encode(read)).toBe('{"a":"\\"\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00","b":[1,2]}')
    expect(Json.encode(read, { separators: 'spaced' })).toBe(
      '{"a": "\\"\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00", "b": [1, 2]}',
    )
    expect(Json.encode('\u0000\u001f ~\u007f\u0080')).toBe('"\\u0000\\u001f ~\\u007f\\u0080"')
    expect(Json.encode({ '\u{10000}': 1n, '\uffff': 2n, '\u{10001}': 3n, a: 4n, aa: 5n })).toBe(
      '{"a":4,"aa":5,"\\uffff":2,"\\ud800\\udc00":1,"\\ud800\\udc01":3}',
    )
  })

  test('default: a name that begins another comes first, in whatever order they were put', () => {
    const names = ['', 'a', 'a\u0000', 'a\u0000b', 'a\u0001', 'aa', 'aab']
    const written = `{${names.map((name) => `${Json.encode(name)}:1`).join(',')}}`
    for (const order of [names, [...names].reverse()])
      expect(Json.encode(Object.fromEntries(order.map((name) => [name, 1n])))).toBe(written)
  })

  test('behavior: what is written is read back, in any order of names', () => {
    const { tree } = fc.letrec<{ tree: Json.Value }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.bigInt(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((it) => !Object.is(it, -0)),
        fc.string({ unit: 'binary' }),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.string({ unit: 'binary' }), tie('tree'), { maxKeys: 4 }),
      ),
    }))
    fc.assert(
      fc.property(tree, (one) => {
        const text = Json.encode(one)
        expect(Json.encode(value(strict(text)))).toBe(text)
        expect(Json.encode(value(strict(utf8(Json.encode(one, { separators: 'spaced' })))))).toBe(text)
        expect(/^[ -~]*$/.test(text)).toBe(true)
      }),
      { numRuns },
    )
  })

  test('behavior: floats print digits that give them back', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const text = Json.float(number)
        expect(Object.is(Number(text), number)).toBe(true)
        expect(text).toMatch(/^-?[0-9]+(\.[0-9]+)?(e[-+][0-9]{2,3})?$/)
        expect(text).toMatch(/[.e]/)
      }),
      { numRuns },
    )
  })

  test('behavior: reading never throws', () => {
    const hostile = fc.array(
      fc.oneof(
        fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          '"',
          ':',
          ',',
          '\\',
          '\\u',
          '-',
          '0',
          '1e',
          '.',
          'NaN',
          'true',
          ' ',
        ),
        fc.string({ maxLength: 3 }),
      ),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(hostile, fc.constantFrom('strict', 'node'), (parts, reading) => {
        const verdict = Json.decode(parts.join(''), { reading })
        if (verdict.ok)
          expect(value(Json.decode(Json.encode(verdict.value), { reading }))).toEqual(verdict.value)
      }),
      { numRuns },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(typeof Json.decode(bytes).ok).toBe('boolean')
      }),
      { numRuns },
    )
  })

  test('error: what is no JSON value is not written', () => {
    const refused = (it: unknown) => thrown(() => Json.encode(it as Json.Value)) === 'InvalidArgument value'
    let deep: Json.Value = []
    for (let i = 0; i < Json.MAX_DEPTH - 1; i++) deep = [deep]
    expect(Json.encode(deep).length).toBe(2 * Json.MAX_DEPTH)
    expect(refused([deep])).toBe(true)
    expect(refused({ a: deep })).toBe(true)
    expect(() => Json.encode([deep])).toThrow('value must be at most 128 levels deep')
    expect(() => Json.encode(new Date(0) as unknown as Json.Value)).toThrow('value must be JSON')
    for (const it of [undefined, [undefined], new Array(1), { a: undefined }, () => {}, Symbol('x')])
      expect(refused(it)).toBe(true)
    for (const it of [new Map(), new Date(0), new Uint8Array(1)]) expect(refused(it)).toBe(true)
    expect(Json.isMembers({})).toBe(true)
    for (const it of [null, [], 'a', 1n, undefined]) expect(Json.isMembers(it)).toBe(false)
  })
})
