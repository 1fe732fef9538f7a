import { Jcs, Json } from '@aitbc/ai-registry'
import { isAitbcError } from '@aitbc/core'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'

const utf8 = (text: string) => new TextEncoder().encode(text)

/** JSON texts with irregular spacing, made independently of the parser. */
const jsonText = fc
  .json({ maxDepth: 6 })
  .chain((text) => fc.constantFrom(text, JSON.stringify(JSON.parse(text), null, '\t ')))

function refused(input: string | Uint8Array) {
  const verdict = Json.decode(input)
  if (verdict.ok) throw new Error(`accepted ${JSON.stringify(verdict.value)}`)
  return verdict.refusal
}

describe('default', () => {
  test.each([
    ['null', null],
    [' true ', true],
    ['\r\n\tfalse', false],
    ['0', 0],
    ['-1.5e-3', -0.0015],
    ['1E30', 1e30],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-9007199254740991', Number.MIN_SAFE_INTEGER],
    ['5e-324', 5e-324],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['""', ''],
    ['"\\u00e9\\n\\/\\ud83d\\ude02\u2028"', 'é\n/😂\u2028'],
    ['[]', []],
    ['{}', {}],
    ['[1,[2,{"a":[]}] ]', [1, [2, { a: [] }]]],
    ['{ "a" : 1 , "constructor":2,"toString":3}', { a: 1, constructor: 2, toString: 3 }],
  ] as const)('%s', (text, value) => {
    expect(Json.decode(text)).toEqual({ ok: true, value })
    expect(Json.decode(utf8(text))).toEqual({ ok: true, value })
  })

  property.prop([jsonText])('reads what JSON.parse reads, or says why not', (text) => {
    const verdict = Json.decode(text)
    if (verdict.ok) expect(verdict.value).toEqual(JSON.parse(text))
    else
      expect(['negative-zero', 'unsafe-integer', 'forbidden-key', 'lone-surrogate']).toContain(
        verdict.refusal.check,
      )
  })

  property.prop([jsonText, fc.nat(), fc.constantFrom(...'{}[]",:\\u0e+-. \n\0x', '')])(
    'never reads what JSON.parse refuses, however a text is damaged',
    (text, where, what) => {
      const at = where % (text.length + 1)
      const damaged = text.slice(0, at) + what + text.slice(at + 1)
      const verdict = Json.decode(damaged)
      if (verdict.ok) expect(verdict.value).toEqual(JSON.parse(damaged))
    },
  )

  property.prop([fc.uint8Array({ maxLength: 64 })])('is total over bytes', (bytes) => {
    const verdict = Json.decode(bytes)
    if (verdict.ok) expect(verdict.value).toEqual(JSON.parse(new TextDecoder().decode(bytes)))
    else expect(verdict.refusal.message).not.toBe('')
  })
})

describe('A62: what two parsers could read differently is refused', () => {
  test.each([
    ['{"a":1,"a":1}', 'duplicate-key', '/a'],
    ['{"a":1,"\\u0061":2}', 'duplicate-key', '/a'],
    ['{"x":[{"b":1,"c":2,"b":3}]}', 'duplicate-key', '/x/0/b'],
    ['{"__proto__":{"admin":true}}', 'forbidden-key', '/__proto__'],
    ['{"a":{"\\u005f_proto__":1}}', 'forbidden-key', '/a/__proto__'],
    ['"\\ud83d"', 'lone-surrogate', ''],
    ['["\\ude02\\ud83d"]', 'lone-surrogate', '/0'],
    ['{"\\ud800":1}', 'lone-surrogate', ''],
    ['"\ud83dx"', 'lone-surrogate', ''],
    ['1e400', 'number-range', ''],
    ['[-1e400]', 'number-range', '/0'],
    ['1e-400', 'number-range', ''],
    ['-1e-400', 'number-range', ''],
    [`1${'0'.repeat(400)}`, 'number-range', ''],
    ['-0', 'negative-zero', ''],
    ['-0.0e9', 'negative-zero', ''],
    ['9007199254740992', 'unsafe-integer', ''],
    ['9007199254740993', 'unsafe-integer', ''],
    ['-9007199254740993', 'unsafe-integer', ''],
    ['9007199254740993.0', 'unsafe-integer', ''],
    ['9007199254740993e0', 'unsafe-integer', ''],
    ['{"amount":123456789012345678901234567890}', 'unsafe-integer', '/amount'],
    ['\uFEFF{}', 'bom', undefined],
    ['NaN', 'syntax', ''],
    ['Infinity', 'syntax', ''],
    ['-Infinity', 'syntax', ''],
    ['-', 'syntax', ''],
    ['+1', 'syntax', ''],
    ['01', 'syntax', ''],
    ['-01', 'syntax', ''],
    ['1.', 'syntax', ''],
    ['.5', 'syntax', ''],
    ['1e', 'syntax', ''],
    ['1E', 'syntax', ''],
    ['00', 'syntax', ''],
    ['09', 'syntax', ''],
    ['1.e5', 'syntax', ''],
    ['1.5.5', 'syntax', ''],
    ['0x10', 'trailing', ''],
    ['1_000', 'trailing', ''],
    ['', 'syntax', ''],
    [' \n', 'syntax', ''],
    ['undefined', 'syntax', ''],
    ['True', 'syntax', ''],
    ['nul', 'syntax', ''],
    ['nullx', 'trailing', ''],
    ['[1,]', 'syntax', '/1'],
    ['[,1]', 'syntax', '/0'],
    ['[1 2]', 'syntax', ''],
    ['[1', 'syntax', ''],
    ['[', 'syntax', '/0'],
    ['{"a":1,}', 'syntax', ''],
    ['{a:1}', 'syntax', ''],
    ["{'a':1}", 'syntax', ''],
    ['{"a"}', 'syntax', '/a'],
    ['{"a":}', 'syntax', '/a'],
    ['{"a":1]', 'syntax', ''],
    ['{"a":1 "b":2}', 'syntax', ''],
    ['{1:2}', 'syntax', ''],
    ['"', 'syntax', ''],
    ['"\\"', 'syntax', ''],
    ['"\\x41"', 'syntax', ''],
    ['"\\u00g0"', 'syntax', ''],
    ['"\\u00"', 'syntax', ''],
    ['"\\U0041"', 'syntax', ''],
    ['"\t"', 'syntax', ''],
    ['"\0"', 'syntax', ''],
    ['"\n"', 'syntax', ''],
    ["'a'", 'syntax', ''],
    ['/* c */ 1', 'syntax', ''],
    ['1 // c', 'trailing', ''],
    ['1\f', 'trailing', ''],
    ['\u00a01', 'syntax', ''],
    ['{}{}', 'trailing', ''],
    ['[]]', 'trailing', ''],
    ['1\0', 'trailing', ''],
  ])('A62: %j is refused as %s', (text, check, path) => {
    const refusal = refused(text)
    expect(refusal.check).toBe(check)
    expect(refusal.context?.['path']).toBe(path)
  })

  test.each([
    ['a bare continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a code point above U+10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
    ['a cut sequence', [0x22, 0xe2, 0x82, 0x22]],
    ['a cut last sequence', [0x22, 0xe2, 0x82]],
    ['UTF-16', [0xff, 0xfe, 0x31, 0x00]],
    ['Latin-1', [0x22, 0xe9, 0x22]],
  ])('A62: %s is refused as utf8', (_, bytes) => {
    expect(refused(Uint8Array.from(bytes)).check).toBe('utf8')
  })

  test('A62: a byte order mark is refused in bytes too', () => {
    expect(refused(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)).check).toBe('bom')
  })

  test('A62: nesting is bounded, one level more is refused and no depth overflows the stack', () => {
    const nest = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(Json.decode(nest(Json.MAX_DEPTH)).ok).toBe(true)
    expect(refused(nest(Json.MAX_DEPTH + 1)).check).toBe('depth')
    expect(refused('['.repeat(100_000)).check).toBe('depth')
    expect(refused('{"a":'.repeat(100_000)).check).toBe('depth')
  })

  test('A62: NFC and NFD names are two names', () => {
    expect(Json.decode('{"\u00e9":1,"e\u0301":2}')).toEqual({
      ok: true,
      value: { '\u00e9': 1, 'e\u0301': 2 },
    })
  })

  test('A62: no prototype is reached through any accepted name', () => {
    const verdict = Json.decode('{"constructor":{"prototype":{"polluted":true}}}')
    expect(verdict.ok).toBe(true)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('size: one more than allowed is refused before anything is read', () => {
    expect(Json.decode('[1]', { maxSize: 3 }).ok).toBe(true)
    expect(Json.decode('[1]', { maxSize: 2 })).toMatchObject({ ok: false, refusal: { check: 'size' } })
    expect(refused(new Uint8Array(Json.MAX_SIZE + 1)).check).toBe('size')
  })

  test('a refusal says where', () => {
    expect(refused('{"a~b/c":[0,-0]}').context).toEqual({ offset: 12, path: '/a~0b~1c/1' })
    expect(refused('[1').message).toBe('"," or "]" was expected, got the end of the text (offset 2)')
    expect(refused('"a').message).toBe('a string was not closed (offset 2)')
    expect(refused('"\t').message).toBe('a control character must be escaped, got "\\t" (offset 1)')
    expect(refused('[1;').message).toBe('"," or "]" was expected, got ";" (offset 2)')
  })
})

describe('error: wrong argument', () => {
  test.each([[undefined], [null], [1], [{}], [[91, 93]], [new ArrayBuffer(2)]])('%o', (input) => {
    expect(() => Json.decode(input as never)).toThrowError(
      expect.toSatisfy((error: unknown) => isAitbcError(error, 'InvalidArgument')),
    )
  })
})

property.prop([fc.jsonValue({ maxDepth: 5 })])(
  'round trip: what Jcs writes is read back as it was',
  (value) => {
    let text: string
    try {
      text = Jcs.stringify(value as Json.Value)
    } catch (error) {
      expect(isAitbcError(error, 'NotJson')).toBe(true) // half of a surrogate pair
      return
    }
    const verdict = Json.decode(text)
    if (verdict.ok) expect(Jcs.stringify(verdict.value)).toBe(text)
    else expect(['unsafe-integer', 'forbidden-key']).toContain(verdict.refusal.check)
  },
)
