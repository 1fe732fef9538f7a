import { MerkleTree, Ssz } from '@aitbc/proofs/beacon'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'

const u16 = Ssz.uint(16)
const variable = Ssz.container({ a: u16, b: Ssz.list(u16, 4), c: Ssz.byteList(3) })

describe('decode', () => {
  test('default: fields, offsets, lists', () => {
    const encoded = unhex('010206000000')
    expect(check(Ssz.decode(variable, encoded))).toBe('ssz-length')
    const whole = Ssz.encode(variable, { a: 513n, b: [1n, 2n], c: Uint8Array.of(9) })
    expect(hex(whole)).toBe('01020a0000000e0000000100020009')
    expect(value(Ssz.decode(variable, whole))).toEqual({ a: 513n, b: [1n, 2n], c: Uint8Array.of(9) })
  })

  test('A28: offsets: overlap, gap, backwards, beyond, first wrong', () => {
    const of = (text: string) => check(Ssz.decode(variable, unhex(text)))
    expect(of('0102090000000e0000000100020009')).toBe('ssz-offset')
    expect(of('01020b0000000e0000000100020009')).toBe('ssz-offset')
    expect(of('01020a000000090000000100020009')).toBe('ssz-offset')
    expect(of('01020a000000100000000100020009')).toBe('ssz-offset')
    expect(of('01020a000000ffffffff0100020009')).toBe('ssz-offset')
    expect(of('01020a0000000d0000000100020009')).toBe('ssz-length')
    expect(of('01020a0000000e000000010002000900000000')).toBe('ssz-limit')
    const lists = Ssz.list(Ssz.byteList(8), 3)
    const nested = (text: string) => check(Ssz.decode(lists, unhex(text)))
    expect(value(Ssz.decode(lists, new Uint8Array(0)))).toEqual([])
    expect(value(Ssz.decode(lists, unhex('04000000')))).toEqual([new Uint8Array(0)])
    expect(nested('00000000')).toBe('ssz-offset')
    expect(nested('040000')).toBe('ssz-offset')
    expect(nested('05000000ff')).toBe('ssz-offset')
    expect(nested('08000000')).toBe('ssz-offset')
    expect(nested('ffffffff')).toBe('ssz-offset')
    expect(nested('080000000700000001')).toBe('ssz-offset')
    expect(nested('080000000a00000001')).toBe('ssz-offset')
    expect(nested('10000000100000001000000010000000')).toBe('ssz-limit')
    expect(check(Ssz.decode(lists, concat(unhex('04000000'), new Uint8Array(9))))).toBe('ssz-limit')
    const pair = Ssz.vector(Ssz.byteList(8), 2)
    expect(check(Ssz.decode(pair, unhex('04000000')))).toBe('ssz-length')
  })

  test('what is refused is told by its place', () => {
    const of = (type: Ssz.Type<unknown>, text: string) => {
      const verdict = Ssz.decode(type, unhex(text))
      return verdict.ok ? undefined : verdict.refusal
    }
    const lists = Ssz.list(Ssz.byteList(8), 3)
    expect(of(Ssz.list(u16, 3), '010203')).toMatchObject({
      check: 'ssz-length',
      message: 'elements of 2 bytes are expected, got 3 bytes',
    })
    expect(of(lists, '040000')).toMatchObject({
      check: 'ssz-offset',
      message: 'an offset of 4 bytes is expected, got 3',
    })
    expect(of(lists, '0c0000000e0000000d0000000102')).toMatchObject({
      check: 'ssz-offset',
      message: 'offset 2 goes back to 13',
      context: { index: 2 },
    })
  })

  test('what is read stays as it was when the input changes', () => {
    for (const type of [Ssz.bytes(2), Ssz.byteList(2), Ssz.bitvector(16)]) {
      const input = Uint8Array.of(1, 2)
      const read = value(Ssz.decode(type, input))
      input.fill(9)
      expect(read).toEqual(Uint8Array.of(1, 2))
    }
  })

  test('a list of whole bytes of bits has its end mark in a byte of its own', () => {
    const type = Ssz.bitlist(16)
    expect(value(Ssz.decode(type, Uint8Array.of(5, 1)))).toEqual({ length: 8, bytes: Uint8Array.of(5) })
    expect(value(Ssz.decode(type, Uint8Array.of(1)))).toEqual({ length: 0, bytes: new Uint8Array(0) })
  })

  test('A28: trailing bytes, booleans, bits, types without values', () => {
    expect(check(Ssz.decode(u16, Uint8Array.of(1)))).toBe('ssz-length')
    expect(check(Ssz.decode(u16, Uint8Array.of(1, 2, 3)))).toBe('ssz-length')
    expect(check(Ssz.decode(Ssz.bytes(3), new Uint8Array(4)))).toBe('ssz-length')
    expect(check(Ssz.decode(Ssz.container({ a: u16, b: u16 }), new Uint8Array(5)))).toBe('ssz-length')
    expect(check(Ssz.decode(Ssz.boolean, Uint8Array.of(2)))).toBe('ssz-boolean')
    expect(check(Ssz.decode(Ssz.boolean, new Uint8Array(0)))).toBe('ssz-length')
    expect(check(Ssz.decode(Ssz.list(Ssz.boolean, 3), Uint8Array.of(1, 2)))).toBe('ssz-boolean')
    expect(check(Ssz.decode(Ssz.list(u16, 3), new Uint8Array(3)))).toBe('ssz-length')
    expect(check(Ssz.decode(Ssz.list(u16, 3), new Uint8Array(8)))).toBe('ssz-limit')
    expect(check(Ssz.decode(Ssz.vector(u16, 3), new Uint8Array(8)))).toBe('ssz-length')
    expect(check(Ssz.decode(Ssz.bitvector(3), Uint8Array.of(8)))).toBe('ssz-bits')
    expect(check(Ssz.decode(Ssz.bitvector(9), Uint8Array.of(255)))).toBe('ssz-length')
    expect(check(Ssz.decode(Ssz.bitlist(8), new Uint8Array(0)))).toBe('ssz-bits')
    expect(check(Ssz.decode(Ssz.bitlist(8), Uint8Array.of(1, 0)))).toBe('ssz-bits')
    expect(check(Ssz.decode(Ssz.bitlist(3), Uint8Array.of(16)))).toBe('ssz-limit')
    expect(check(Ssz.decode(Ssz.bitvector(0), new Uint8Array(0)))).toBe('ssz-type')
    expect(check(Ssz.decode(Ssz.vector(u16, 0), new Uint8Array(0)))).toBe('ssz-type')
    expect(check(Ssz.decode(Ssz.list(Ssz.bytes(0), 3), new Uint8Array(0)))).toBe('ssz-type')
  })

  test('A28: property: any bytes give a verdict; what decodes has one encoding', () => {
    const type = Ssz.container({
      a: Ssz.list(variable, 5),
      b: Ssz.bitlist(20),
      c: Ssz.vector(Ssz.byteList(4), 2),
      d: Ssz.boolean,
      e: Ssz.bitvector(11),
    })
    const whole = Ssz.encode(type, {
      a: [
        { a: 1n, b: [2n], c: Uint8Array.of(3) },
        { a: 4n, b: [], c: new Uint8Array(0) },
      ],
      b: { length: 9, bytes: Uint8Array.of(255, 1) },
      c: [Uint8Array.of(1, 2), new Uint8Array(0)],
      d: true,
      e: Uint8Array.of(255, 7),
    })
    value(Ssz.decode(type, whole))
    const judge = (bytes: Uint8Array) => {
      const decoded = Ssz.decode(type, bytes)
      if (decoded.ok) expect(hex(Ssz.encode(type, decoded.value))).toBe(hex(bytes))
    }
    for (let bit = 0; bit < whole.length * 8; bit++) judge(flip(whole, bit))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), judge))
  })

  test('the root of what fits into one chunk is that chunk', () => {
    const chunk = Uint8Array.from({ length: 32 }, (_, i) => i + 1)
    expect(Ssz.hashTreeRoot(Ssz.bytes(32), chunk)).toEqual(chunk)
    expect(Ssz.encode(Ssz.bytes(32), chunk)).toEqual(chunk)
    expect(hex(Ssz.hashTreeRoot(Ssz.boolean, true))).toBe(`01${'00'.repeat(31)}`)
    expect(hex(Ssz.hashTreeRoot(Ssz.boolean, false))).toBe('00'.repeat(32))
  })

  test('defaults', () => {
    expect(Ssz.isZero(variable, variable.zero)).toBe(true)
    expect(Ssz.isZero(variable, { ...variable.zero, a: 1n })).toBe(false)
    expect(value(Ssz.decode(Ssz.bitlist(4), Ssz.encode(Ssz.bitlist(4), Ssz.bitlist(4).zero)))).toEqual({
      length: 0,
      bytes: new Uint8Array(0),
    })
    expect(Ssz.vector(u16, 2).zero).toEqual([0n, 0n])
    expect(Ssz.list(u16, 2).zero).toEqual([])
    expect(Ssz.bitvector(9).zero).toEqual(new Uint8Array(2))
    expect(Ssz.boolean.zero).toBe(false)
  })
})

describe('MerkleTree', () => {
  const chunk = (i: number) => sha256(Uint8Array.of(i))

  test('A24: every leaf at its own index, and at no other', () => {
    for (const count of [1, 2, 3, 5, 8, 16]) {
      const chunks = Array.from({ length: count }, (_, i) => chunk(i))
      const limit = count + 3
      const root = MerkleTree.root(chunks, limit)
      const depth = MerkleTree.depthOf(limit)
      for (let i = 0; i < count; i++) {
        const branch = MerkleTree.branch(chunks, limit, i)
        for (let gindex = 1n; gindex < 1n << BigInt(depth + 2); gindex++)
          expect(MerkleTree.verify(chunk(i), branch, gindex, root).ok, `${count} ${i} ${gindex}`).toBe(
            gindex === (1n << BigInt(depth)) + BigInt(i),
          )
      }
    }
  })

  test('A24: no padding, no missing node, no index beyond', () => {
    const chunks = [chunk(0), chunk(1), chunk(2)]
    const root = MerkleTree.root(chunks, 4)
    const branch = MerkleTree.branch(chunks, 4, 2)
    const zero = new Uint8Array(32)
    const at = (nodes: readonly Uint8Array[], gindex = 6n, top = root, leaf = chunk(2)) =>
      check(MerkleTree.verify(leaf, nodes, gindex, top))
    expect(MerkleTree.verify(chunk(2), branch, 6n, root).ok).toBe(true)
    expect(at([zero, ...branch])).toBe('branch-length')
    expect(at([...branch, zero])).toBe('branch-length')
    expect(at(branch.slice(1))).toBe('branch-length')
    expect(at([...branch, zero], 14n)).toBe('branch-root')
    expect(at(branch, 0n)).toBe('branch-gindex')
    expect(at(branch, -6n)).toBe('branch-gindex')
    expect(at(branch, 1n << 256n)).toBe('branch-gindex')
    expect(at(branch, 6n, zero)).toBe('branch-root-zero')
    expect(at(branch, 6n, new Uint8Array(0))).toBe('branch-root-zero')
    expect(at(branch, 6n, new Uint8Array(31).fill(1))).toBe('branch-root-zero')
    expect(at(branch.map((node) => node.slice(1)))).toBe('branch-node')
    expect(at(branch, 6n, root, chunk(2).slice(1))).toBe('branch-node')
    expect(at([branch[0] as Uint8Array, new Uint8Array(31)])).toBe('branch-node')
    expect(at(branch, 7n)).toBe('branch-root')
    expect(MerkleTree.verify(chunk(2), branch, 7n, root)).toMatchObject({
      refusal: { context: { gindex: 7n } },
    })
    expect(MerkleTree.verify(chunk(2), [], 1n, chunk(2)).ok).toBe(true)
  })

  test('every changed bit of leaf, branch and root is refused', () => {
    const chunks = Array.from({ length: 6 }, (_, i) => chunk(i))
    const root = MerkleTree.root(chunks, 8)
    const branch = MerkleTree.branch(chunks, 8, 5)
    for (let bit = 0; bit < 256; bit++) {
      expect(MerkleTree.verify(flip(chunk(5), bit), branch, 13n, root).ok).toBe(false)
      expect(MerkleTree.verify(chunk(5), branch, 13n, flip(root, bit)).ok).toBe(false)
      for (let i = 0; i < 3; i++)
        expect(
          MerkleTree.verify(
            chunk(5),
            branch.map((node, j) => (i === j ? flip(node, bit) : node)),
            13n,
            root,
          ).ok,
        ).toBe(false)
    }
  })

  test('empty trees', () => {
    expect(MerkleTree.root([], 0)).toEqual(new Uint8Array(32))
    expect(hex(MerkleTree.root([], 2))).toBe(hex(sha256(new Uint8Array(64))))
    expect(MerkleTree.root([new Uint8Array(32)], 4)).toEqual(MerkleTree.zero(2))
  })
})
