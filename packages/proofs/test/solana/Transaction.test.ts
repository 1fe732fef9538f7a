import type { Verdict } from '@aitbc/core'
import { Address, LookupTable, Message, Transaction } from '@aitbc/proofs/solana'
import { blake3 } from '@noble/hashes/blake3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, unhex, value } from '../helpers.js'
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

const LEGACY_BYTES = Message.encode(LEGACY)

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
  const tag = new TextEncoder().encode('solana-tx-message-v1')
  expect(Message.hash(MESSAGE)).toEqual(blake3(concat(tag, Message.encode(MESSAGE))))
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
  const refused = (verdict: Verdict.Verdict<unknown>) => {
    const { check: name, message } = refusal(verdict)
    return `${name}: ${message}`
  }
  expect(refused(Transaction.decode(concat(BYTES, bytes(3, 0))))).toBe(
    `trailing-bytes: 3 bytes are left at byte ${BYTES.length}`,
  )
  // Within the last indexes of the last lookup, and after the first byte of the lifetime.
  expect(refused(Transaction.decode(BYTES.slice(0, -1)))).toBe(
    `truncated: 1 bytes are expected at byte ${BYTES.length - 1}`,
  )
  expect(refused(Message.decode(LEGACY_BYTES.slice(0, 4 + 4 * 32 + 1)))).toBe(
    'truncated: 32 bytes are expected at byte 132',
  )
  expect(refused(Transaction.decode(new Uint8Array(0)))).toBe('truncated: 1 bytes are expected at byte 0')
  // 65,535 signatures announced, and addresses, and none there: refused before one is read, as is one too many.
  expect(refused(Transaction.decode(unhex('ffff03')))).toBe('truncated: 65535 items are announced at byte 3')
  expect(refused(Message.decode(unhex('010000ffff03')))).toBe(
    'truncated: 65535 items are announced at byte 6',
  )
  expect(refused(Message.decode(LEGACY_BYTES.slice(0, 4 + 4 * 32 - 1)))).toBe(
    'truncated: 4 items are announced at byte 4',
  )
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
    // All of them are signers, or may not be written.
    const all = { signatures: 2, readonlySigned: 1, readonlyUnsigned: 2 }
    expect(Message.check({ ...MESSAGE, header: all }).ok).toBe(true)
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
    expect(refusal(Message.decode(next))).toEqual({
      check: 'message-version',
      message: "version 1 isn't known at byte 1",
    })
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
  expect(refusal(Transaction.verify({ ...read, signatures: [first, first] }))).toEqual({
    check: 'signature',
    message: 'signature 1 is wrong',
    context: { index: 1 },
  })
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
    expect(refused(table, lookup([0], [1, 3]))).toBe('lookup-index')
    expect(refused(table, lookup([2]), 50n)).toBe('lookup-fresh')
    expect(refused(table, lookup([0], [2]), 50n)).toBe('lookup-fresh')
    expect(LookupTable.resolve(table, lookup([1]), { slot: 50n }).ok).toBe(true)
  })
  test('have one form', () => {
    const encoded = LookupTable.encode(table)
    const refused = (change: (bytes: Uint8Array) => Uint8Array) => {
      const { check: name, message } = refusal(LookupTable.decode(change(encoded.slice())))
      return `${name}: ${message}`
    }
    const set = (at: number, byte: number) => (it: Uint8Array) => {
      it[at] = byte
      return it
    }
    expect(refused(set(0, 2))).toBe('lookup-state: a table in use has state 1, got 2 at byte 4')
    expect(refused(set(21, 2))).toBe('option-flag: 0 or 1 is expected, got 2 at byte 22')
    expect(refused(set(54, 1))).toBe('lookup-padding: padding must be zero at byte 56')
    expect(refused((it) => it.slice(0, -1))).toBe('lookup-size: 151 bytes are no table at byte 56')
    expect(refused((it) => concat(it, bytes(32 * 254, 1)))).toBe(
      'lookup-size: 8280 bytes are no table at byte 56',
    )
    expect(refused((it) => it.slice(0, 40))).toBe('truncated: 32 bytes are expected at byte 22')
    expect(refused(() => new Uint8Array(0))).toBe('truncated: 4 bytes are expected at byte 0')
    const full = LookupTable.decode(concat(encoded, bytes(32 * 253, 1)))
    expect(value(full).addresses.length).toBe(256)
  })
})
