import { Address, type Message, Transaction, Vote } from '@aitbc/proofs/solana'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, unhex, value } from '../helpers.js'
import {
  bytes,
  hashOf,
  key,
  sign,
  towerOf,
  VALIDATORS,
  type Validator,
  voteMessage,
  voteOf,
} from './world.js'

const KINDS = ['vote', 'updateVoteState', 'compactUpdateVoteState', 'towerSync'] as const
const ALICE = VALIDATORS[0] as Validator
const hash = hashOf('bank')

/** The same tower in another form. */
function as(kind: Vote.Kind, vote: Vote.Vote, switchProof?: Uint8Array): Vote.Vote {
  const plain = kind === 'vote'
  return {
    ...vote,
    kind,
    switchProof,
    root: plain ? undefined : vote.root,
    blockId: kind === 'towerSync' ? hashOf('block') : undefined,
    lockouts: plain ? vote.lockouts.map(({ slot }) => ({ slot, confirmations: 0 })) : vote.lockouts,
  }
}

const drawn = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    gaps: fc.array(fc.bigInt({ min: 1n, max: 1n << 40n }), { minLength: 1, maxLength: 31 }),
    root: fc.option(fc.bigInt({ min: 0n, max: 1n << 40n }), { nil: undefined }),
    timestamp: fc.option(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), { nil: undefined }),
    switchProof: fc.option(fc.constant(hashOf('switch')), { nil: undefined }),
  })
  .map(({ kind, gaps, root, timestamp, switchProof }) => {
    let slot = root ?? 0n
    const lockouts = gaps.map((gap, i) => {
      slot += gap
      return { slot, confirmations: gaps.length - i }
    })
    return as(kind, { ...towerOf(100n, hash), lockouts, root, timestamp }, switchProof)
  })

test('default: every form is read and written', () => {
  fc.assert(
    fc.property(drawn, (vote) => {
      expect(value(Vote.decode(Vote.encode(vote)))).toEqual(vote)
    }),
  )
})

test('behavior: a decoder is total, and what it gives encodes alike', () => {
  fc.assert(
    fc.property(drawn, fc.nat(), fc.nat(255), fc.nat(), (vote, at, byte, cut) => {
      const data = Vote.encode(vote)
      const changed = data.map((old, i) => (i === at % data.length ? byte : old))
      for (const input of [changed, data.slice(0, cut % data.length), concat(data, Uint8Array.of(byte))]) {
        const read = Vote.decode(input)
        if (read.ok) expect(hex(Vote.encode(read.value))).toBe(hex(input))
      }
      expect(check(Vote.decode(concat(data, Uint8Array.of(byte))))).toBe('trailing-bytes')
    }),
  )
})

test('default: bytes of TowerSync by hand', () => {
  // Tag 14, root 5, two lockouts (offsets 1 and 128), hash, timestamp 7, block id.
  const data = unhex(
    `0e000000${'0500000000000000'}02${'0102'}${'800101'}${'aa'.repeat(32)}01${'0700000000000000'}${'bb'.repeat(32)}`,
  )
  expect(value(Vote.decode(data))).toEqual({
    kind: 'towerSync',
    root: 5n,
    lockouts: [
      { slot: 6n, confirmations: 2 },
      { slot: 134n, confirmations: 1 },
    ],
    hash: bytes(32, 0xaa),
    timestamp: 7n,
    blockId: bytes(32, 0xbb),
    switchProof: undefined,
  })
})

describe('error: what is no vote', () => {
  const base = towerOf(102n, hash)
  const refused = (change: Partial<Vote.Vote>, kind: Vote.Kind = 'towerSync') =>
    check(Vote.decode(Vote.encode({ ...as(kind, base), ...change })))
  const lockouts = (...rows: readonly (readonly [bigint, number])[]) =>
    rows.map(([slot, confirmations]) => ({ slot, confirmations }))

  test('another instruction', () => {
    for (const tag of [0, 1, 3, 5, 7, 10, 11, 16, 255])
      expect(check(Vote.decode(concat(Uint8Array.of(tag, 0, 0, 0), bytes(100, 1))))).toBe('vote-kind')
    expect(refusal(Vote.decode(Uint8Array.of(14, 0, 0, 1)))).toEqual({
      check: 'vote-kind',
      message: 'instruction 16777230 is no vote at byte 4',
    })
    expect(check(Vote.decode(new Uint8Array(0)))).toBe('truncated')
  })
  test('no slot, more than a tower has, or slots that don’t ascend', () => {
    expect(refused({ lockouts: [] })).toBe('vote-slots')
    expect(
      refused({
        lockouts: lockouts(...Array.from({ length: 32 }, (_, i) => [BigInt(i + 1), 32 - i] as const)),
      }),
    ).toBe('vote-slots')
    expect(refused({ lockouts: lockouts([7n, 2], [7n, 1]) })).toBe('vote-slots')
    expect(refused({ lockouts: lockouts([7n, 0], [6n, 0]) }, 'vote')).toBe('vote-slots')
    expect(refused({ lockouts: lockouts([7n, 2], [6n, 1]) }, 'updateVoteState')).toBe('vote-slots')
    expect(refused({ root: 100n, lockouts: lockouts([100n, 1]) })).toBe('vote-slots')
  })
  test('confirmations that don’t descend, or none, or too many', () => {
    expect(refused({ lockouts: lockouts([1n, 1], [2n, 1]) })).toBe('vote-confirmations')
    expect(refused({ lockouts: lockouts([1n, 0]) })).toBe('vote-confirmations')
    expect(refused({ lockouts: lockouts([1n, 32]) })).toBe('vote-confirmations')
    expect(Vote.check(as('towerSync', { ...base, lockouts: lockouts([1n, 31], [2n, 1]) })).ok).toBe(true)
  })
  test('a slot wider than 64 bits', () => {
    const data = Vote.encode({ ...base, root: (1n << 64n) - 2n, lockouts: lockouts([1n << 64n, 1]) })
    expect(refusal(Vote.decode(data))).toEqual({
      check: 'vote-slots',
      message: 'a slot is wider than 64 bits at byte 14',
    })
    const last = { ...base, root: (1n << 64n) - 3n, lockouts: lockouts([(1n << 64n) - 1n, 1]) }
    expect(value(Vote.decode(Vote.encode(last)))).toEqual(last)
  })
  test('integers and options in another form', () => {
    const data = Vote.encode({ ...base, root: undefined, lockouts: lockouts([5n, 1]) })
    const cut = (at: number, count: number, text: string) =>
      check(Vote.decode(concat(data.slice(0, at), unhex(text), data.slice(at + count))))
    expect(cut(12, 1, '8100')).toBe('compact-u16')
    expect(cut(13, 1, '8500')).toBe('varint')
    expect(cut(13, 1, 'ffffffffffffffffff02')).toBe('varint')
    expect(cut(13, 1, 'ffffffffffffffffff8000')).toBe('varint')
    expect(cut(47, 1, '02')).toBe('option-flag')
  })
  test('a count that the bytes can’t hold', () => {
    for (const tag of ['02000000', '08000000']) {
      expect(check(Vote.decode(unhex(`${tag}ffffffffffffffff`)))).toBe('truncated')
      expect(check(Vote.decode(unhex(`${tag}0000000000000001${'00'.repeat(64)}`)))).toBe('truncated')
    }
    expect(check(Vote.decode(unhex('0c0000000000000000000000ffff03')))).toBe('truncated')
  })
})

describe('a vote in its transaction', () => {
  const cast = (message: Message.Message) => Vote.of({ message, signatures: [] })
  const vote = towerOf(101n, hash)
  const good = voteMessage(ALICE, vote)
  const [instruction] = good.instructions as [Message.Instruction]

  test.each(KINDS)('default: %s', (kind) => {
    const own = as(kind, vote)
    expect(value(Vote.of(value(Transaction.decode(voteOf(ALICE, own)))))).toEqual({
      vote: own,
      voteAccount: ALICE.voteAccount,
      authority: ALICE.voter.address,
    })
  })
  test('stands alone', () => {
    expect(check(cast({ ...good, instructions: [] }))).toBe('vote-instructions')
    expect(check(cast({ ...good, instructions: [instruction, instruction] }))).toBe('vote-instructions')
    expect(
      check(cast({ ...good, instructions: [{ ...instruction, data: Uint8Array.of(3, 0, 0, 0) }] })),
    ).toBe('vote-kind')
  })
  test('A48: is one of the vote program’s', () => {
    const addresses = [...good.addresses.slice(0, 2), flip(Address.VOTE_PROGRAM, 0)]
    expect(check(cast({ ...good, addresses }))).toBe('vote-program')
  })
  test('A48: names the sysvars themselves, in their places', () => {
    const old = voteMessage(ALICE, as('vote', vote))
    for (const at of [2, 3]) {
      const addresses = old.addresses.map((it, i) => (i === at ? hashOf('fake sysvar') : it))
      expect(check(cast({ ...old, addresses }))).toBe('vote-accounts')
    }
    const [own] = old.instructions as [Message.Instruction]
    const accounts = (...indexes: number[]) =>
      check(cast({ ...old, instructions: [{ ...own, accounts: Uint8Array.from(indexes) }] }))
    expect(accounts(1, 3, 2, 0)).toBe('vote-accounts')
    expect(accounts(1, 2, 0)).toBe('vote-accounts')
    expect(accounts(1, 2, 3, 3, 0)).toBe('vote-accounts')
    expect(accounts(2, 2, 3, 0)).toBe('vote-accounts')
  })
  test('names account and authority, which signs', () => {
    const accounts = (...indexes: number[]) =>
      check(cast({ ...good, instructions: [{ ...instruction, accounts: Uint8Array.from(indexes) }] }))
    expect(accounts()).toBe('vote-accounts')
    expect(accounts(1)).toBe('vote-accounts')
    expect(accounts(1, 2, 0)).toBe('vote-accounts')
    expect(accounts(2, 0)).toBe('vote-accounts')
    expect(accounts(1, 2)).toBe('vote-authority')
    // Only met with a message that wasn't decoded.
    expect(accounts(1, 9)).toBe('account-index')
    expect(accounts(1, 9, 0)).toBe('account-index')
  })
  test('A50: no account comes from a table', () => {
    const message: Message.Message = {
      ...good,
      version: 0,
      lookups: [{ table: hashOf('table'), writable: Uint8Array.of(1), readonly: new Uint8Array(0) }],
    }
    const accounts = (...indexes: number[]) => ({
      ...message,
      instructions: [{ ...instruction, accounts: Uint8Array.from(indexes) }],
    })
    expect(check(cast(accounts(3, 0)))).toBe('vote-accounts')
    expect(check(cast(accounts(1, 3)))).toBe('vote-accounts')
    const old = voteMessage(ALICE, as('vote', vote))
    const [own] = old.instructions as [Message.Instruction]
    const looked = { ...old, version: 0 as const, lookups: message.lookups }
    expect(check(cast({ ...looked, instructions: [{ ...own, accounts: Uint8Array.of(1, 5, 3, 0) }] }))).toBe(
      'vote-accounts',
    )
    expect(cast(accounts(1, 0)).ok).toBe(true)
  })
  test('whoever signs: an outsider’s vote is read, and judged by the table alone', () => {
    const mallory = { ...ALICE, voter: key('mallory') }
    const bytesOf = sign(voteMessage(mallory, vote), mallory.voter)
    expect(value(Vote.of(value(Transaction.decode(bytesOf)))).authority).toEqual(mallory.voter.address)
  })
})
