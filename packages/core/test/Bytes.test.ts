import { Bytes, TaggedHash, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JUNK, thrown } from './support.js'

const bytes = fc.uint8Array({ maxLength: 64 })

test('toHex, fromHex: round trip in both directions', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      expect(Bytes.fromHex(Bytes.toHex(value))).toEqual(value)
    }),
  )
  expect(Bytes.toHex(Uint8Array.of(0, 15, 255))).toBe('000fff')
})

test('error: fromHex takes lower-case hex of whole bytes alone, and shows nothing of what it refuses', () => {
  for (const wrong of ['0', 'AB', '0x00', ' 00', '00\n', 'gg', '٠٠'])
    expect(thrown(() => Bytes.fromHex(wrong, 'key')).context['argument']).toBe('key')
  for (const junk of JUNK)
    if (junk !== '') expect(thrown(() => Bytes.fromHex(junk as string))._tag).toBe('InvalidBytes')
  const secret = `0x${'c0ffee'.repeat(10)}`
  const error = thrown(() => Bytes.fromHex(secret))
  expect(error.message).toBe(
    'hex must be lower-case hex of whole bytes, got a text of 62 characters, wrong at 1',
  )
  expect(JSON.stringify(error.context)).not.toContain('c0ffee')
})

test('equal: by content', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(Bytes.equal(a, a.slice())).toBe(true)
      expect(Bytes.equal(a, b)).toBe(Bytes.toHex(a) === Bytes.toHex(b))
    }),
  )
})

test('concat, copy: new memory', () => {
  fc.assert(
    fc.property(fc.array(bytes), (parts) => {
      expect(Array.from(Bytes.concat(...parts))).toEqual(parts.flatMap((part) => Array.from(part)))
    }),
  )
  const original = Uint8Array.of(1)
  const copy = Bytes.copy(original)
  original[0] = 2
  expect(copy).toEqual(Uint8Array.of(1))
})

test('assert: exactly so many bytes', () => {
  Bytes.assert(new Uint8Array(32), 32, 'x')
  for (const junk of JUNK)
    expect(thrown(() => Bytes.assert(junk, 32, 'salt')).context).toMatchObject({
      argument: 'salt',
      expected: 32,
    })
})

test('TaggedHash: as BIP-340 defines it; tags and data never meet', () => {
  const tag = sha256(new TextEncoder().encode('BIP0340/challenge'))
  const data = Uint8Array.of(1, 2, 3)
  expect(TaggedHash.of('BIP0340/challenge', data)).toEqual(sha256(Bytes.concat(tag, tag, data)))
  expect(TaggedHash.of('a', data)).not.toEqual(TaggedHash.of('b', data))
  expect(TaggedHash.of('a', Uint8Array.of(1), Uint8Array.of(2, 3))).toEqual(TaggedHash.of('a', data))
})

test('Verdict: accepts a value, or refuses by the name of the check', () => {
  expect(Verdict.accept(5)).toEqual({ ok: true, value: 5 })
  expect(Verdict.refuse('root', 'another root')).toEqual({
    ok: false,
    refusal: { check: 'root', message: 'another root' },
  })
  expect(Verdict.refuse('root', 'x', { at: 1 })).toMatchObject({ refusal: { context: { at: 1 } } })
  // Only under test, so that no verifier's test passes on a refusal that doesn't say why.
  expect(() => Verdict.refuse('root', '')).toThrow('no reason for root')
})
