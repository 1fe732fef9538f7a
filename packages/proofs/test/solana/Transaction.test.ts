import { Address, LookupTable, Message, Transaction } from '@aitbc/proofs/solana'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'
import { bytes, hashOf, key, sign, transfer } from './world.js'

const A = key('a')
const B = key('b')

/** Two signers (one read only), two that don't sign (one read only), two tables. */
const MESSAGE: Message.Message = {
  version: 0,
  header: { signatures: 2, readonlySigned: 1, readonlyUnsigned: 1 },
  addresses: [A.address, B.address, hashOf('written'), Address.SYSTEM_PROGRAM],
  lifetime: hashOf('lifetime'),
  instructions: [{ program: 3, accounts: Uint8Array.of(0, 1, 2, 4, 5, 6, 7), data: Uint8Array.of(1, 2, 3) }],
  lookups: [
    { table: hashOf('table 1'), writable: Uint8Array.of(9), readonly: Uint8Array.of(3) },
    { table: hashOf('table 2'), writable: Uint8Array.of(9), readonly: Uint8Array.of(200) },
  ],
}
const BYTES = sign(MESSAGE, A, B)
const LEGACY: Message.Message = {
  ...MESSAGE,
  version: 'legacy',
  lookups: [],
  instructions: [{ program: 3, accounts: Uint8Array.of(0, 1, 2), data: bytes(300, 1) }],
}

test('default: a transaction is read, written and verified', () => {
  const read = value(Transaction.decode(BYTES))
  expect(read.message).toEqual(MESSAGE)
  expect(read.signatures.length).toBe(2)
  expect(Transaction.encode(read)).toEqual(BYTES)
  expect(value(Transaction.verify(read))).toBe(read)
  const legacy = sign(LEGACY, A, B)
  expect(value(Transaction.decode(legacy)).message).toEqual(LEGACY)
})

test('behavior: accounts by their index', () => {
  const at = (index: number) => value(Message.account(MESSAGE, index))
  expect(at(0)).toEqual({ kind: 'static', address: A.address, signer: true, writable: true })
  expect(at(1)).toEqual({ kind: 'static', address: B.address, signer: true, writable: false })
  expect(at(2)).toMatchObject({ signer: false, writable: true })
  expect(at(3)).toMatchObject({ signer: false, writable: false })
  const [first, second] = MESSAGE.lookups.map(({ table }) => table) as [Uint8Array, Uint8Array]
  expect(at(4)).toEqual({ kind: 'lookup', table: first, index: 9, writable: true })
  expect(at(5)).toEqual({ kind: 'lookup', table: second, index: 9, writable: true })
  expect(at(6)).toEqual({ kind: 'lookup', table: first, index: 3, writable: false })
  expect(at(7)).toEqual({ kind: 'lookup', table: second, index: 200, writable: false })
  expect(check(Message.account(MESSAGE, 8))).toBe('account-index')
  expect(check(Message.account(LEGACY, -1))).toBe('account-index')
})

test('behavior: the hash of a message is BLAKE3 behind its tag', () => {
  expect(Message.hash(MESSAGE)).toEqual(Message.hash(value(Message.decode(Message.encode(MESSAGE)))))
  expect(Message.hash(MESSAGE)).not.toEqual(Message.hash(LEGACY))
  expect(Message.hash(MESSAGE).length).toBe(32)
})

test('A50: every bit of a transaction counts', () => {
  for (let bit = 0; bit < 8 * BYTES.length; bit += 3) {
    const read = Transaction.decode(flip(BYTES, bit))
    if (read.ok) {
      expect(hex(Transaction.encode(read.value))).toBe(hex(flip(BYTES, bit)))
      // Signatures are the slow part: one bit in forty.
      if (bit % 40 === 0) expect(check(Transaction.verify(read.value))).toBe('signature')
    }
  }
})

test('A50: a decoder is total and gives what encodes alike', () => {
  const drawn = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.nat(BYTES.length - 1), fc.nat(255))
      .map(([at, byte]) => BYTES.map((old, i) => (i === at ? byte : old))),
    fc.nat(BYTES.length).map((length) => BYTES.slice(0, length)),
  )
  fc.assert(
    fc.property(drawn, (input) => {
      const read = Transaction.decode(input)
      if (read.ok) expect(Transaction.encode(read.value)).toEqual(input)
      const message = Message.decode(input)
      if (message.ok) expect(Message.encode(message.value)).toEqual(input)
    }),
  )
  expect(check(Transaction.decode(concat(BYTES, Uint8Array.of(0))))).toBe('trailing-bytes')
  expect(check(Transaction.decode(BYTES.slice(0, -1)))).toBe('truncated')
  expect(check(Transaction.decode(new Uint8Array(0)))).toBe('truncated')
  // 65,535 signatures announced, and addresses, and none there.
  expect(check(Transaction.decode(unhex('ffff03')))).toBe('truncated')
  expect(check(Message.decode(unhex('010000ffff03')))).toBe('truncated')
})

describe('A50: what a message may not say', () => {
  const refused = (change: Partial<Message.Message>) =>
    check(Message.decode(Message.encode({ ...MESSAGE, ...change })))
  const header = (signatures: number, readonlySigned: number, readonlyUnsigned: number) =>
    refused({ header: { signatures, readonlySigned, readonlyUnsigned } })
  const lookup = (...indexes: readonly (readonly [number[], number[]])[]) =>
    refused({
      lookups: indexes.map(([writable, readonly]) => ({
        table: hashOf('table'),
        writable: Uint8Array.from(writable),
        readonly: Uint8Array.from(readonly),
      })),
    })
  const call = (program: number, ...accounts: number[]) =>
    refused({ instructions: [{ program, accounts: Uint8Array.from(accounts), data: new Uint8Array(0) }] })

  test('more in its header than addresses', () => {
    expect(header(4, 0, 1)).toBe('header-bounds')
    expect(header(2, 0, 3)).toBe('header-bounds')
  })
  test('that nobody pays', () => {
    expect(header(0, 0, 1)).toBe('fee-payer')
    expect(header(2, 2, 1)).toBe('fee-payer')
  })
  test('an address twice', () => {
    expect(refused({ addresses: [A.address, B.address, A.address, Address.SYSTEM_PROGRAM] })).toBe(
      'account-duplicate',
    )
  })
  test('a table without an index, or an entry twice', () => {
    expect(lookup([[], []])).toBe('lookup-empty')
    expect(lookup([[1, 1], []])).toBe('lookup-duplicate')
    expect(lookup([[1], [1]])).toBe('lookup-duplicate')
    expect(lookup([[1], []], [[], [1]])).toBe('lookup-duplicate')
  })
  test('more accounts than one byte tells', () => {
    const all = Array.from({ length: 252 }, (_, i) => i)
    expect(lookup([all, []], [[], [252]])).toBe('account-count')
    expect(
      Message.check({
        ...MESSAGE,
        lookups: [{ table: hashOf('t'), writable: Uint8Array.from(all), readonly: new Uint8Array(0) }],
      }).ok,
    ).toBe(true)
  })
  test('a program that pays, or from a table, or an account that isn’t there', () => {
    expect(call(0)).toBe('program-index')
    expect(call(4)).toBe('program-index')
    expect(call(3, 8)).toBe('account-index')
    expect(
      Message.check({
        ...MESSAGE,
        instructions: [{ program: 3, accounts: Uint8Array.of(7), data: new Uint8Array(0) }],
      }).ok,
    ).toBe(true)
  })
  test('a version that isn’t known', () => {
    const next = Message.encode(MESSAGE)
    next[0] = 0x81
    expect(check(Message.decode(next))).toBe('message-version')
  })
  test('its rules hold in a transaction as well', () => {
    const twice = sign(
      { ...MESSAGE, addresses: [A.address, B.address, A.address, Address.SYSTEM_PROGRAM] },
      A,
      B,
    )
    expect(check(Transaction.decode(twice))).toBe('account-duplicate')
  })
})

test('A50: one signature for each signer, and no more bytes than a packet has', () => {
  expect(check(Transaction.decode(sign(MESSAGE, A)))).toBe('signature-count')
  expect(check(Transaction.decode(sign(MESSAGE, A, B, A)))).toBe('signature-count')
  const read = value(Transaction.decode(BYTES))
  const [first, second] = read.signatures as [Uint8Array, Uint8Array]
  expect(check(Transaction.verify({ ...read, signatures: [] }))).toBe('signature-count')
  expect(check(Transaction.verify({ ...read, signatures: [first] }))).toBe('signature-count')
  expect(check(Transaction.verify({ ...read, signatures: [second, first] }))).toBe('signature')
  expect(check(Transaction.verify({ ...read, signatures: [first, first] }))).toBe('signature')
  const nobody = { ...read.message, header: { signatures: 0, readonlySigned: 0, readonlyUnsigned: 0 } }
  expect(check(Transaction.verify({ message: nobody, signatures: [] }))).toBe('signature-count')
  const large = (size: number) =>
    sign(
      { ...LEGACY, instructions: [{ program: 3, accounts: new Uint8Array(0), data: bytes(size, 1) }] },
      A,
      B,
    )
  const room = Transaction.MAX_SIZE - large(300).length + 300
  expect(Transaction.decode(large(room)).ok).toBe(true)
  expect(check(Transaction.decode(large(room + 1)))).toBe('transaction-size')
  expect(Transaction.decode(transfer(1)).ok).toBe(true)
})

describe('A50: lookup tables', () => {
  const table: LookupTable.LookupTable = {
    closedAt: undefined,
    extendedAt: 50n,
    extendedFrom: 2,
    authority: hashOf('authority'),
    addresses: [hashOf('0'), hashOf('1'), hashOf('2')],
  }
  const lookup = (writable: number[], readonly: number[] = []): Message.Lookup => ({
    table: hashOf('table'),
    writable: Uint8Array.from(writable),
    readonly: Uint8Array.from(readonly),
  })
  const slot = 51n

  test('are read and written', () => {
    for (const one of [table, { ...table, authority: undefined, closedAt: 7n, addresses: [] }])
      expect(value(LookupTable.decode(LookupTable.encode(one)))).toEqual(one)
    expect(value(LookupTable.resolve(table, lookup([2], [0]), { slot }))).toEqual({
      writable: [hashOf('2')],
      readonly: [hashOf('0')],
    })
  })
  test('count only while they are open, and no sooner than the slot after', () => {
    const refused = (it: LookupTable.LookupTable, named: Message.Lookup, at = slot) =>
      check(LookupTable.resolve(it, named, { slot: at }))
    expect(refused({ ...table, closedAt: 60n }, lookup([0]))).toBe('lookup-closed')
    expect(refused(table, lookup([3]))).toBe('lookup-index')
    expect(refused(table, lookup([], [3]))).toBe('lookup-index')
    expect(refused(table, lookup([2]), 50n)).toBe('lookup-fresh')
    expect(refused(table, lookup([0], [2]), 50n)).toBe('lookup-fresh')
    expect(LookupTable.resolve(table, lookup([1]), { slot: 50n }).ok).toBe(true)
  })
  test('have one form', () => {
    const encoded = LookupTable.encode(table)
    const refused = (change: (bytes: Uint8Array) => Uint8Array) =>
      check(LookupTable.decode(change(encoded.slice())))
    const set = (at: number, byte: number) => (it: Uint8Array) => {
      it[at] = byte
      return it
    }
    expect(refused(set(0, 2))).toBe('lookup-state')
    expect(refused(set(21, 2))).toBe('option-flag')
    expect(refused(set(54, 1))).toBe('lookup-padding')
    expect(refused((it) => it.slice(0, -1))).toBe('lookup-size')
    expect(refused((it) => concat(it, bytes(32 * 254, 1)))).toBe('lookup-size')
    expect(refused((it) => it.slice(0, 40))).toBe('truncated')
    expect(refused(() => new Uint8Array(0))).toBe('truncated')
  })
})
