import { Hashing } from '@aitbc/proofs/engine'
import { Wasm } from '@aitbc/proofs/wasm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MODULE } from '../../src/engine/internal/hashesModule.js'
import { build } from '../../wasm/hashes.js'
import { hex } from '../helpers.js'

const wasm = (await Wasm.create()) as Hashing.Hashing
const { noble } = Hashing
const message = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255)

describe('Wasm', () => {
  test('what ships is what the source makes', () => {
    expect(btoa(String.fromCharCode(...build()))).toBe(MODULE)
  })

  test('every length around the blocks, and beyond the memory', () => {
    expect(wasm).toBeDefined()
    for (const length of [
      ...Array.from({ length: 300 }, (_, i) => i),
      259_808,
      260_200,
      262_143,
      262_144,
      300_000,
    ]) {
      const bytes = message(length)
      expect(hex(wasm.sha256(bytes))).toBe(hex(noble.sha256(bytes)))
      expect(hex(wasm.keccak256(bytes))).toBe(hex(noble.keccak256(bytes)))
    }
  })

  test('levels and headers of every number, and more than fit at once', () => {
    for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 9, 2016, 2723, 2724, 2725, 6001]) {
      const nodes = message(64 * count)
      expect(hex(wasm.hashLevel(nodes))).toBe(hex(noble.hashLevel(nodes)))
      const headers = message(80 * count)
      expect(hex(wasm.sha256d(headers))).toBe(hex(noble.sha256d(headers)))
    }
  })

  test('drawn messages, one by one and many', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 8 }), (list) => {
        expect(hex(wasm.keccakMany(list))).toBe(hex(noble.keccakMany(list)))
        for (const it of list) {
          expect(hex(wasm.sha256(it))).toBe(hex(noble.sha256(it)))
          expect(hex(wasm.keccak256(it))).toBe(hex(noble.keccak256(it)))
        }
      }),
    )
    const long = [message(300_000), message(3)]
    expect(hex(wasm.keccakMany(long))).toBe(hex(noble.keccakMany(long)))
  })

  test('results are memory of their own', () => {
    const first = wasm.sha256(message(1))
    const before = hex(first)
    wasm.sha256(message(2))
    expect(hex(first)).toBe(before)
  })

  test('anew, and at once', async () => {
    for (const own of [await Wasm.create(), Wasm.createSync()])
      expect(hex(own?.sha256(message(9)) ?? new Uint8Array(0))).toBe(hex(noble.sha256(message(9))))
  })

  test('where WebAssembly is forbidden there is no such tier', async () => {
    const { Module, instantiate } = WebAssembly
    const forbidden = () => {
      throw new Error('CompileError')
    }
    Object.assign(WebAssembly, { Module: forbidden, instantiate: forbidden })
    try {
      expect(await Wasm.create()).toBeUndefined()
      expect(Wasm.createSync()).toBeUndefined()
    } finally {
      Object.assign(WebAssembly, { Module, instantiate })
    }
  })

  test.each([wasm, noble])('error: parts that are not whole', (hashing) => {
    expect(() => hashing.hashLevel(new Uint8Array(65))).toThrow('nodes have 64 bytes each, got 65')
    expect(() => hashing.sha256d(new Uint8Array(79))).toThrow('headers have 80 bytes each, got 79')
    const context = { argument: 'headers', expected: 80, received: 81 }
    expect(() => hashing.sha256d(new Uint8Array(81))).toThrow(expect.objectContaining({ context }))
  })
})
