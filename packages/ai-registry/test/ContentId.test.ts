import { ContentId, Jcs, type Json } from '@aitbc/ai-registry'
import { isAitbcError } from '@aitbc/core'
import { fc, test as property } from '@fast-check/vitest'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'

/** sha256('{}') = 44136fa3…; header and digest put into base32 by hand (Python's base64.b32encode). */
const EMPTY = 'bagaaieraiqjw7i2vwntyuekgvulpp2det2kpwt6cd7tx5ayqybqpmhfk76fa'
const utf8 = (text: string) => new TextEncoder().encode(text)
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe('default', () => {
  test('CIDv1, json, sha2-256, base32', () => {
    expect(ContentId.of({})).toBe(EMPTY)
    expect(ContentId.decode(EMPTY)).toEqual({ ok: true, value: sha256(utf8('{}')) })
    expect(ContentId.verify(EMPTY, utf8('{}'))).toEqual({ ok: true, value: {} })
  })

  test('order and spacing of the source have no part in it', () => {
    expect(ContentId.of({ b: [1], a: 'x' })).toBe(ContentId.of({ a: 'x', b: [1] }))
  })

  property.prop([digest])('round trip', (digest) => {
    const id = ContentId.encode(digest)
    expect(id).toMatch(/^bagaaiera[a-z2-7]{52}$/)
    expect(ContentId.decode(id)).toEqual({ ok: true, value: digest })
  })

  property.prop([digest, fc.nat(60), fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567ABZ01=- ')])(
    'one spelling: a changed character is refused or names another digest',
    (digest, at, character) => {
      const id = ContentId.encode(digest)
      const changed = id.slice(0, at) + character + id.slice(at + 1)
      const verdict = ContentId.decode(changed)
      if (verdict.ok && changed !== id) expect(verdict.value).not.toEqual(digest)
      if (verdict.ok) expect(ContentId.encode(verdict.value)).toBe(changed)
    },
  )

  property.prop([fc.array(fc.string({ unit: 'grapheme' })), fc.nat(), fc.integer({ min: 1, max: 255 })])(
    'any changed byte is refused',
    (value, where, xor) => {
      const bytes = Jcs.encode(value)
      const id = ContentId.of(value)
      expect(ContentId.verify(id, bytes)).toEqual({ ok: true, value })
      const changed = bytes.slice()
      changed[where % bytes.length] = (changed[where % bytes.length] as number) ^ xor
      expect(ContentId.verify(id, changed).ok).toBe(false)
    },
  )
})

describe('refusals', () => {
  const withHeader = (...header: number[]) => base32(Uint8Array.of(...header, ...sha256(utf8('{}'))))

  test('the helper below writes what the codec reads', () => {
    expect(withHeader(0x01, 0x80, 0x04, 0x12, 0x20)).toBe(EMPTY)
  })

  test.each([
    ['nothing', '', 'content-id-syntax'],
    ['CIDv0', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG', 'content-id-syntax'],
    ['upper case', EMPTY.toUpperCase(), 'content-id-syntax'],
    ['padding', `${EMPTY}==`, 'content-id-syntax'],
    ['a blank', ` ${EMPTY}`, 'content-id-syntax'],
    ['padding bits', `${EMPTY.slice(0, -1)}b`, 'content-id-syntax'],
    ['one character less', EMPTY.slice(0, -1), 'content-id-syntax'],
    ['a very long one', `b${'a'.repeat(1_000_000)}`, 'content-id-syntax'],
    ['no string', undefined, 'content-id-syntax'],
    ['a list that reads like one', [EMPTY], 'content-id-syntax'],
    ['codec raw', withHeader(0x01, 0x55, 0x12, 0x20), 'content-id-kind'],
    ['codec dag-json', withHeader(0x01, 0xa9, 0x02, 0x12, 0x20), 'content-id-kind'],
    ['version 2', withHeader(0x02, 0x80, 0x04, 0x12, 0x20), 'content-id-kind'],
    ['hash blake2b-256', withHeader(0x01, 0x80, 0x04, 0xa0, 0xe4, 0x02, 0x20), 'content-id-kind'],
    ['a long varint', withHeader(0x01, 0x80, 0x84, 0x00, 0x12, 0x20), 'content-id-kind'],
    ['a shorter digest', withHeader(0x01, 0x80, 0x04, 0x12, 0x1f), 'content-id-kind'],
    [
      'a trailing byte',
      base32(Uint8Array.of(1, 0x80, 4, 0x12, 0x20, ...new Uint8Array(33))),
      'content-id-kind',
    ],
  ])('%s', (_, id, check) => {
    expect(ContentId.decode(id as string)).toMatchObject({ ok: false, refusal: { check } })
    expect(ContentId.verify(id as string, utf8('{}'))).toMatchObject({ ok: false, refusal: { check } })
  })

  test('other bytes, and the same value in another encoding', () => {
    expect(ContentId.verify(EMPTY, utf8('[]'))).toMatchObject({ ok: false, refusal: { check: 'content-id' } })
    expect(ContentId.verify(EMPTY, utf8('{ }'))).toMatchObject({
      ok: false,
      refusal: { check: 'not-canonical' },
    })
    expect(ContentId.verify(EMPTY, utf8('{'))).toMatchObject({ ok: false, refusal: { check: 'syntax' } })
  })
})

describe('error', () => {
  test('a digest of another length', () => {
    expect(() => ContentId.encode(new Uint8Array(31))).toThrowError(
      expect.toSatisfy((error) => isAitbcError(error, 'InvalidBytes')),
    )
  })
  test('no JSON', () => {
    expect(() => ContentId.of(1n as unknown as Json.Value)).toThrowError(
      expect.toSatisfy((error) => isAitbcError(error, 'NotJson')),
    )
  })
})

/** Base32 (RFC 4648, 6) in lower case, by long division. */
function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return `b${groups.map((group) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(group.padEnd(5, '0'), 2)]).join('')}`
}
