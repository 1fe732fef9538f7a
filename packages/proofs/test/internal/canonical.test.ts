import { expect, test } from 'vitest'
import { decode, hashes } from '../../src/internal/canonical.js'
import { concat, refusal, value } from '../helpers.js'

const path = (...hashes: readonly Uint8Array[]) => concat(Uint8Array.of(0, 0, 0, hashes.length), ...hashes)
const hash = (byte: number) => new Uint8Array(32).fill(byte)

test('a Merkle path: hashes of 32 bytes, as many as are allowed', () => {
  const written = path(hash(1), hash(2))
  expect(value(decode(written, (reader) => hashes(reader, 2)))).toEqual([hash(1), hash(2)])
  expect(refusal(decode(written, (reader) => hashes(reader, 1))).check).toBe('evidence-encoding')
})

test('error: what is cut off or followed by more is refused, with where', () => {
  for (const bytes of [path(hash(1)).subarray(0, 35), concat(path(hash(1)), Uint8Array.of(0))]) {
    expect(refusal(decode(bytes, (reader) => hashes(reader, 3)))).toMatchObject({
      check: 'evidence-encoding',
      message: expect.stringMatching(/ at byte \d+$/),
      context: { offset: expect.any(Number) },
    })
  }
})

test("an error of the reader's own is not taken for bad evidence", () => {
  const own = new Error('own')
  expect(() =>
    decode(new Uint8Array(0), () => {
      throw own
    }),
  ).toThrow(own)
})
