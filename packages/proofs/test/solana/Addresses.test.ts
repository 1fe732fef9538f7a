import { Address, CompactU16, Pda, Signature } from '@aitbc/proofs/solana'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check, hex, refusal, unhex, value } from '../helpers.js'
import { bytes, hashOf, key } from './world.js'

const utf8 = (text: string) => new TextEncoder().encode(text)

test('A50: a compact-u16 has one form', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff }), (number) => {
      const encoded = value(CompactU16.encode(number))
      expect(encoded.length).toBe(number < 0x80 ? 1 : number < 0x4000 ? 2 : 3)
      expect(value(CompactU16.decode(encoded))).toBe(number)
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), (drawn) => {
      const verdict = CompactU16.decode(drawn)
      if (verdict.ok) expect(value(CompactU16.encode(verdict.value))).toEqual(drawn)
    }),
  )
  const refused = (text: string) => {
    const { check: name, message } = refusal(CompactU16.decode(unhex(text)))
    return `${name}: ${message}`
  }
  expect(refused('8000')).toBe('compact-u16: the last group is zero at byte 2')
  expect(refused('808000')).toBe('compact-u16: the last group is zero at byte 3')
  expect(refused('808004')).toBe('compact-u16: the integer is wider than 16 bits at byte 3')
  // Of a fourth byte nothing is asked.
  expect(refused('80808000')).toBe('compact-u16: the integer is wider than 16 bits at byte 3')
  expect(refused('ffff83')).toBe('compact-u16: the integer is wider than 16 bits at byte 3')
  expect(refused('')).toBe('truncated: 1 bytes are expected at byte 0')
  expect(refused('80')).toBe('truncated: 1 bytes are expected at byte 1')
  expect(refused('0000')).toBe('trailing-bytes: 1 bytes are left at byte 1')
  for (const number of [-1, 0x10000, 0.5, Number.NaN])
    expect(check(CompactU16.encode(number))).toBe('compact-u16')
})

test('an address is base58 of 32 bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (drawn) => {
      expect(value(Address.decode(Address.encode(drawn)))).toEqual(drawn)
    }),
  )
  expect(Address.encode(Address.VOTE_PROGRAM)).toBe('Vote111111111111111111111111111111111111111')
  expect(value(Address.decode('1'.repeat(32)))).toEqual(Address.SYSTEM_PROGRAM)
  expect(check(Address.decode('1'.repeat(31)))).toBe('address-length')
  expect(check(Address.decode('1'.repeat(33)))).toBe('address-length')
  // Longer than any address, and of characters that would be refused: it isn't decoded at all.
  expect(check(Address.decode('0'.repeat(45)))).toBe('address-length')
  expect(check(Address.decode('0'.repeat(44)))).toBe('base58')
  expect(check(Address.decode('z'.repeat(44)))).toBe('address-length')
})

test('A49: the canonical bump is the highest one off the curve, and no other is accepted', () => {
  const program = hashOf('program')
  const bumps = new Set<number>()
  for (let i = 0; i < 20; i++) {
    const seeds = [utf8('vault'), Uint8Array.of(i)]
    const { address, bump } = value(Pda.find(program, seeds))
    bumps.add(bump)
    expect(Signature.isOnCurve(address)).toBe(false)
    for (let higher = 255; higher > bump; higher--)
      expect(check(Pda.create(program, [...seeds, Uint8Array.of(higher)]))).toBe('pda-on-curve')
    const claim = { program, seeds, lengths: [5, 1], address, bump }
    expect(value(Pda.verify(claim))).toEqual({ address, bump })
    for (let lower = bump - 1; lower >= bump - 4; lower--) {
      const other = Pda.create(program, [...seeds, Uint8Array.of(lower)])
      if (other.ok)
        expect(check(Pda.verify({ ...claim, address: other.value, bump: lower }))).toBe('pda-bump')
    }
    expect(check(Pda.verify({ ...claim, address: key('another').address }))).toBe('pda-address')
    expect(check(Pda.verify({ ...claim, program: hashOf('another') }))).toMatch(/^pda-(bump|address)$/)
  }
  expect(bumps.size).toBeGreaterThan(1)
})

test('A49: seeds have no borders, so their lengths are part of the claim', () => {
  const program = hashOf('program')
  const whole = value(Pda.find(program, [utf8('butterfly')]))
  expect(value(Pda.find(program, [utf8('butter'), utf8('fly')]))).toEqual(whole)
  const claim = { program, lengths: [6, 3], ...whole }
  expect(Pda.verify({ ...claim, seeds: [utf8('butter'), utf8('fly')] }).ok).toBe(true)
  for (const seeds of [['butterfly'], ['butte', 'rfly'], ['butter'], ['butter', 'fly', '']])
    expect(refusal(Pda.verify({ ...claim, seeds: seeds.map(utf8) }))).toEqual({
      check: 'pda-seed-shape',
      message: 'seeds of 6, 3 bytes are expected',
    })
})

test('A49: a seed has 32 bytes at most, and there are 16 at most', () => {
  const program = hashOf('program')
  const many = (count: number) => Array.from({ length: count }, () => Uint8Array.of(1))
  expect(check(Pda.create(program, [bytes(33, 1)]))).toBe('pda-seed-length')
  expect(refusal(Pda.find(program, [bytes(32, 1), bytes(33, 1)]))).toEqual({
    check: 'pda-seed-length',
    message: 'a seed has at most 32 bytes',
    context: { index: 1 },
  })
  expect(Pda.find(program, [bytes(32, 1)]).ok).toBe(true)
  expect(check(Pda.create(program, many(17)))).toBe('pda-seeds')
  expect(Pda.find(program, many(15)).ok).toBe(true)
  expect(check(Pda.find(program, many(16)))).toBe('pda-seeds')
  expect(
    check(
      Pda.verify({ program, seeds: many(16), lengths: many(16).map(() => 1), address: program, bump: 255 }),
    ),
  ).toBe('pda-seeds')
  expect(check(Pda.create(bytes(31, 1), []))).toBe('pda-program')
})

test('A49: on the curve is what decodes as a point in any form', () => {
  expect(Signature.isOnCurve(key('somebody').address)).toBe(true)
  // y = p + 1 (the point y = 1, not in its canonical form), and y = 1 with the sign of x = 0 set.
  expect(Signature.isOnCurve(unhex(`ee${'ff'.repeat(30)}7f`))).toBe(true)
  expect(Signature.isOnCurve(unhex(`01${'00'.repeat(30)}80`))).toBe(true)
  expect(Signature.isOnCurve(unhex(`02${'00'.repeat(31)}`))).toBe(false)
  expect(hex(Address.SYSTEM_PROGRAM)).toBe('00'.repeat(32))
})
