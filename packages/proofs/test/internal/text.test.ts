import { expect, test } from 'vitest'
import * as base58 from '../../src/internal/base58.js'
import * as base64 from '../../src/internal/base64.js'
import { unhex } from '../helpers.js'

test('Base58: the vectors of draft-msporny-base58, and zeros at the beginning', () => {
  for (const [hex, text] of [
    ['', ''],
    ['00', '1'],
    ['000001', '112'],
    ['39', 'z'],
    ['3a', '21'],
    ['ff', '5Q'],
    ['48656c6c6f20576f726c6421', '2NEpo7TZRRrLZSi2U'],
    [
      '54686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f672e',
      'USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z',
    ],
    ['0000287fb4cd', '11233QC4'],
  ] as const) {
    expect(base58.encode(unhex(hex))).toBe(text)
    expect(base58.decode(text)).toEqual(unhex(hex))
  }
  for (const [text, character] of [
    ['a0b', '0'],
    ['O', 'O'],
    ['1I', 'I'],
    ['l1', 'l'],
    ['é', 'é'],
  ] as const)
    expect(base58.decode(text)).toBe(character)
})

test('Base64: the vectors of RFC 4648, each in its one spelling', () => {
  for (const [text, bytes] of [
    ['', ''],
    ['Zg==', '66'],
    ['Zm8=', '666f'],
    ['Zm9v', '666f6f'],
    ['+/8A', 'fbff00'],
  ] as const)
    expect(base64.decode(text)).toEqual(unhex(bytes))
  for (const text of ['Zg', 'Zg=', 'Zh==', 'Zm8', ' Zg==', 'Zm9v\n', 'Zm 9v', '-_8A', '*', 'Zg==='])
    expect(base64.decode(text), text).toBe(undefined)
})
