import { Commit, Header, LightBlock, ValidatorSet } from '@aitbc/proofs/tendermint'
import { describe, expect, test } from 'vitest'
import * as wire from '../../src/tendermint/internal/wire.js'
import { concat, refusal, unhex, value } from '../helpers.js'
import { block } from './world.js'

/** What is said of bytes where one field is read and nothing else stands. */
function faultOf(text: string, read: (reader: wire.Reader) => unknown): string {
  const { check, message } = refusal(wire.decode(unhex(text), read))
  expect(check).toBe('protobuf')
  return message
}

describe('protobuf: the one encoding of each value', () => {
  test('numbers at the edges of their ranges', () => {
    const long = (number: bigint) => wire.decode(wire.integer(1, number), (it) => wire.readInt64(it, 1))
    for (const number of [1n, 127n, 128n, 16383n, 16384n, 2n ** 63n - 1n, -1n, -(2n ** 63n)])
      expect(value(long(number)), `${number}`).toBe(number)
    expect(wire.varint(127n)).toEqual(Uint8Array.of(127))
    const most = wire.decode(wire.integer(1, 2n ** 64n - 1n), (it) => wire.readUint64(it, 1))
    expect(value(most)).toBe(2n ** 64n - 1n)
    for (const number of [-(2n ** 31n), 2n ** 31n - 1n])
      expect(value(wire.decode(wire.integer(1, number), (it) => wire.readInt32(it, 1)))).toBe(Number(number))
    expect(value(wire.decode(wire.integer(1, 2n ** 32n - 1n), (it) => wire.readUint32(it, 1)))).toBe(
      2 ** 32 - 1,
    )
  })

  test('error: numbers out of their ranges', () => {
    const written = (number: bigint) =>
      [...wire.integer(1, number)].map((it) => it.toString(16).padStart(2, '0'))
    for (const number of [2n ** 31n, -(2n ** 31n) - 1n])
      expect(faultOf(written(number).join(''), (it) => wire.readInt32(it, 1))).toMatch(
        `${number} is out of range`,
      )
    for (const number of [2n ** 32n, -1n])
      expect(faultOf(written(number).join(''), (it) => wire.readUint32(it, 1))).toMatch(
        `${number} is out of range`,
      )
  })

  test('error: each fault is told with its place', () => {
    const number = (it: wire.Reader) => wire.readInt64(it, 1)
    const bytes = (it: wire.Reader) => wire.readBytes(it, 1)
    const cut = 'a varint that is cut off, too long or too large'
    expect(faultOf('0880', number)).toBe(`${cut} at byte 2`)
    expect(faultOf(`08${'ff'.repeat(10)}01`, number)).toBe(`${cut} at byte 11`)
    expect(faultOf(`08${'ff'.repeat(9)}02`, number)).toBe(`${cut} at byte 11`)
    expect(faultOf('088000', number)).toBe(`${cut} at byte 3`)
    expect(faultOf('0800', number)).toBe('a zero is left out at byte 2')
    expect(faultOf('0a00', bytes)).toBe('empty bytes are left out at byte 2')
    expect(faultOf('0a03ffff', bytes)).toBe('3 bytes are announced, 2 are there at byte 2')
    expect(faultOf('0aff', (it) => wire.readText(it, 1))).toBe(`${cut} at byte 2`)
    expect(faultOf('0a01ff', (it) => wire.readText(it, 1))).toBe('text that is not UTF-8 at byte 3')
    expect(faultOf('08010801', number)).toBe(
      'a field that is unknown, repeated, out of order or of another type at byte 2',
    )
    expect(faultOf('', (it) => wire.readRequired(it, 3, number, 0n))).toBe('field 3 is missing at byte 0')
    expect(faultOf('0a00', (it) => wire.readPacked(it, 1))).toBe('an empty list is left out at byte 2')
    expect(faultOf('0802', (it) => wire.readEnum(it, 1, ['none', 'one']))).toBe(
      'an unknown value of an enumeration at byte 2',
    )
    // A number that ends with the message it stands in, whatever comes after it.
    const within = (it: wire.Reader) => [wire.readMessage(it, 1, number), wire.readInt64(it, 2)]
    expect(faultOf('0a01081005', within)).toBe(`${cut} at byte 3`)
    expect(faultOf('0a0208801005', within)).toBe(`${cut} at byte 4`)
  })

  test('a text keeps its byte order mark: without it, two texts would be one', () => {
    const text = '\ufeffa'
    expect(value(wire.decode(wire.text(1, text), (it) => wire.readText(it, 1)))).toBe(text)
  })
})

describe('protobuf: what light clients read', () => {
  const it = block({ height: 2n })

  test('error: a light block lacks its header, its commit or its validators', () => {
    const header = wire.message(1, Header.encode(it.header))
    const commit = wire.message(2, Commit.encode(it.commit))
    const set = wire.message(2, ValidatorSet.encode(it.validators))
    expect(value(LightBlock.decode(concat(wire.message(1, concat(header, commit)), set)))).toEqual(it)
    for (const bytes of [
      set,
      wire.message(1, concat(header, commit)),
      concat(wire.message(1, header), set),
      concat(wire.message(1, commit), set),
    ])
      expect(refusal(LightBlock.decode(bytes))).toEqual({
        check: 'protobuf',
        message: 'a header, a commit and a validator set are expected',
      })
  })

  test('error: a vote of unknown kind, and an absent one that carries something', () => {
    const id = wire.message(3, wire.message(2, new Uint8Array(0)))
    const vote = (...fields: readonly Uint8Array[]) =>
      Commit.decode(concat(id, wire.message(4, concat(...fields))))
    const never = wire.message(3, wire.integer(1, -62135596800n))
    const later = wire.message(3, wire.integer(1, 1n))
    expect(value(vote(wire.integer(1, 1), never)).signatures).toEqual([{ flag: 'absent' }])
    for (const flag of [0, 4])
      expect(refusal(vote(wire.integer(1, flag), never)).message).toMatch('of unknown kind')
    const address = wire.bytes(2, new Uint8Array(20))
    const signature = wire.bytes(4, new Uint8Array(64))
    for (const fields of [[address, never], [never, signature], [later]])
      expect(refusal(vote(wire.integer(1, 1), ...fields)).message).toMatch(
        'an absent vote that carries something',
      )
  })

  test('error: nanoseconds of a second or more, or below zero, and years past 9999', () => {
    const time = (seconds: bigint, nanos: bigint) => {
      const fields = concat(wire.integer(1, seconds), wire.integer(2, nanos))
      const vote = concat(wire.integer(1, 2), wire.message(3, fields))
      return Commit.decode(concat(wire.message(3, wire.message(2, new Uint8Array(0))), wire.message(4, vote)))
    }
    for (const nanos of [0n, 999_999_999n]) expect(time(1n, nanos).ok).toBe(true)
    for (const [seconds, nanos] of [
      [1n, -1n],
      [1n, 1_000_000_000n],
      [253_402_300_800n, 0n],
    ] as const)
      expect(refusal(time(seconds, nanos)).message).toMatch('a time out of range')
  })
})
