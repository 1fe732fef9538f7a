import { Account, Signature, Units } from '@aitbc/proofs/aitbc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, flip, hex, unhex, value } from '../helpers.js'
import { thrown } from '../thrown.js'
import { keyOf, sign, twin, utf8 } from './world.js'

const DIGITS = '2b54ccaf70e12fdb1e0d169c86381c2aa35d1df4'

describe('Account', () => {
  test('default: all spellings of an address are one account', () => {
    const all = [`0x${DIGITS}`, `ait1${DIGITS}`, `aitbc1${DIGITS}`]
    for (const one of [...all, ...all.map((it) => it.toUpperCase()), ` ${all[0]}\n\u00a0\u001c`]) {
      expect(Account.compare(one)).toBe(`0x${DIGITS}`)
      expect(Account.stored(one)).toBe(`ait1${DIGITS}`)
      expect(Account.isAddress(one)).toBe(true)
      expect([...Account.spellings(one)].sort()).toEqual([...all].sort())
      expect(Account.same(one, all[1] as string)).toBe(true)
      expect(hex(Account.key(one))).toBe(hex(utf8(`ait1${DIGITS}`)))
    }
  })

  test('behavior: what is no address is a name, which no prefix turns into another', () => {
    for (const name of [
      '',
      'genesis',
      DIGITS,
      `0x${DIGITS}00`,
      `ait1bc1${DIGITS}`,
      `0xait1${DIGITS}`,
      `n0x${DIGITS}`,
      '0x12',
    ]) {
      expect(Account.compare(name)).toBe(name)
      expect(Account.stored(name)).toBe(name)
      expect(Account.spellings(name)).toEqual([name])
      expect(Account.isAddress(name)).toBe(false)
    }
    const odd = 'z'.repeat(40)
    expect(Account.compare(`0x${odd}`)).toBe(`0x${odd}`)
    expect(Account.stored(`0x${odd}`)).toBe(`ait1${odd}`)
    expect(Account.spellings(`ait1${odd}`)).toEqual([`ait1${odd}`, `0x${odd}`, `aitbc1${odd}`])
    expect(Account.same(`0x${odd}`, `ait1${odd}`)).toBe(false)
    // A byte order mark is no white space to Python.
    expect(Account.compare(`\ufeff0x${DIGITS}`)).toBe(`\ufeff0x${DIGITS}`)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const once = Account.compare(text)
        expect(Account.same(text, once)).toBe(true)
        expect(Account.stored(Account.stored(text))).toBe(Account.stored(text))
      }),
    )
  })
})

test('A62: white space within a name costs no more than its length', () => {
  // A look at every run of spaces from each of them would outlast any test.
  const name = `x${' '.repeat(1_000_000)}x`
  expect(Account.trim(` ${name}\t`)).toBe(name)
  expect(Account.trim(' \u2003\n')).toBe('')
})

describe('Units', () => {
  test('default: decimal texts, truncated toward zero', () => {
    for (const [ait, seconds] of [
      ['1', 3600n],
      ['+1', 3600n],
      ['.5', 1800n],
      ['5.', 18000n],
      ['-0.0003', -1n],
      ['0.0002', 0n],
      ['1e3', 3_600_000n],
      ['1E-3', 3n],
      [0.1, 360n],
      [1e-5, 0n],
      [-2.5e-7, 0n],
      [1.25e15, 4_500_000_000_000_000_000n],
      [1e16, undefined],
      ['2562047788015215.5023', undefined],
      ['2562047788015215.5018', 9_223_372_036_854_775_806n],
      ['-2562047788015215.50228', -9_223_372_036_854_775_808n],
      ['-2562047788015215.5026', undefined],
      ['1e9999', undefined],
      ['1e99999', undefined],
      ['', undefined],
      ['.', undefined],
      ['1,5', undefined],
      ['0x10', undefined],
      // A hundred characters are read.
      [`0.5${'0'.repeat(97)}`, 1800n],
      [`0.5${'0'.repeat(98)}`, undefined],
      [Number.NaN, undefined],
      [Number.POSITIVE_INFINITY, undefined],
    ] as const) {
      if (seconds !== undefined) expect(Units.toSeconds(ait)).toBe(seconds)
      else expect(thrown(() => Units.toSeconds(ait))).toBe('InvalidAmount ait')
    }
  })

  test('default: shown exactly, and rounded', () => {
    for (const [seconds, exact, text] of [
      [0n, '0', '0 AIT'],
      [1n, '0.0002777777777777777777777777778', '0.0003 AIT'],
      [36n, '0.01', '0.0100 AIT'],
      [3599n, '0.9997222222222222222222222222', '0.9997 AIT'],
      [3601n, '1.000277777777777777777777778', '1.0003 AIT'],
      [-5400n, '-1.5', '-1.5000 AIT'],
      [-1n, '-0.0002777777777777777777777777778', '-0.0003 AIT'],
      [-7200n, '-2', '-2 AIT'],
    ] as const) {
      expect(Units.toAit(seconds)).toBe(exact)
      expect(Units.format(seconds)).toBe(text)
    }
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), (seconds) => {
        const rounded = Units.toAit(seconds)
        const size = (it: bigint) => (it < 0n ? -it : it)
        // With 28 digits what comes back is off by a rounding at most.
        expect(size(Units.toSeconds(rounded) - seconds) <= 1n).toBe(true)
      }),
    )
  })
})

describe('Signature', () => {
  const key = keyOf('alice')
  const digest = unhex('11'.repeat(32))
  const signature = sign(digest, key)

  test('default: every spelling that the chain takes names the signer', () => {
    const v = signature.slice(-1)
    const eth = `${signature.slice(0, -2)}${v === '0' ? '1b' : '1c'}`
    const upper = [signature, eth].map((it) => `0x${it.slice(2).toUpperCase()}`)
    for (const one of [signature, signature.slice(2), eth, ...upper]) {
      expect(value(Signature.recover(digest, one))).toBe(key.address)
      expect(value(Signature.verify(digest, one, `aitbc1${key.address.slice(2)}`))).toBe(key.address)
    }
  })

  test('A60: a signature has a twin with the other s, which the chain takes too: neither names anything', () => {
    expect(twin(signature)).not.toBe(signature)
    expect(value(Signature.recover(digest, twin(signature)))).toBe(key.address)
  })

  test('A60: recovery ids 2 and 3, and those of EIP-155, are none', () => {
    for (const v of ['02', '03', '1a', '1d', '1e', '23', '25', 'ff'])
      expect(check(Signature.recover(digest, `${signature.slice(0, -2)}${v}`))).toBe('signature-form')
    for (const wrong of [
      '',
      '0x',
      signature.slice(0, -2),
      `${signature}00`,
      `0X${signature.slice(2)}`,
      ` ${signature}`,
      'zz'.repeat(65),
    ])
      expect(check(Signature.recover(digest, wrong))).toBe('signature-form')
  })

  test('behavior: r and s of zero or beyond the order belong to no key; another key is another signer', () => {
    for (const rs of ['00'.repeat(64), 'ff'.repeat(64), `${'00'.repeat(32)}${'01'.repeat(32)}`])
      expect(check(Signature.recover(digest, `0x${rs}00`))).toBe('signature')
    const other = Signature.verify(digest, signature, keyOf('bob').address)
    expect(check(other)).toBe('signature-signer')
    expect(other.ok ? undefined : other.refusal.context).toEqual({ signer: key.address })
    expect(check(Signature.verify(digest, 'ff', key.address))).toBe('signature-form')
    for (let bit = 0; bit < 512; bit += 37) {
      const changed = `0x${hex(flip(unhex(signature), bit))}`
      expect(Signature.verify(digest, changed, key.address).ok).toBe(false)
    }
  })
})
