import {
  BankHash,
  Finality,
  LightClient,
  Message,
  StakeTable,
  Transaction,
  type Vote,
} from '@aitbc/proofs/solana'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, refusal, value } from '../helpers.js'
import {
  BLOCKS,
  bankAt,
  blockAt,
  bytes,
  FRESH,
  hashOf,
  key,
  NOW,
  sign,
  TABLE,
  TOWER,
  towerOf,
  VALIDATORS,
  type Validator,
  voteMessage,
  voteOf,
  votesFor,
} from './world.js'

const BANK = bankAt(101n)
const judge = (change: Partial<Finality.Tower> = {}, bank = BANK, tables = [TABLE], now = NOW) =>
  Finality.verify(tables, bank, { ...TOWER, ...change }, { now })
const refused = (...args: Parameters<typeof judge>) => check(judge(...args))
/** One validator's vote for a slot's bank, changed. */
const other = (index: number, slot: bigint, change: Partial<Vote.Vote>) =>
  voteOf(VALIDATORS[index] as Validator, { ...towerOf(slot, blockAt(slot).hash), ...change })
/** The votes of three, that of the first changed. */
const firstOf = (slot: bigint, change: Partial<Vote.Vote>) => [
  other(0, slot, change),
  ...votesFor(slot, [1, 3]),
]

test('default: more than two thirds of the stake root a bank', () => {
  expect(value(judge())).toEqual(BANK)
  expect(value(Finality.confirmed(TABLE, BANK, TOWER.votes))).toBe(79n)
  expect(value(Finality.confirmed(TABLE, BANK, votesFor(101n, [0, 1, 2, 3])))).toBe(99n)
})

test('A51: votes for the bank alone (confirmed) never make it final', () => {
  expect(Finality.confirmed(TABLE, BANK, TOWER.votes).ok).toBe(true)
  expect(refused({ descendants: [], rooting: [] })).toBe('descendants')
  expect(refused({ rooting: [] })).toBe('stake')
  // The same votes again instead of those that root it.
  expect(refused({ rooting: TOWER.votes })).toBe('vote-bank')
  // Votes one slot too early: their root is slot 100.
  expect(refused({ descendants: TOWER.descendants.slice(0, 30), rooting: votesFor(131n) })).toBe('vote-root')
  // Votes high above without a root, and one slot below.
  expect(refused({ rooting: firstOf(132n, { root: undefined }) })).toBe('vote-root')
  expect(refused({ rooting: firstOf(132n, { root: 100n }) })).toBe('vote-root')
  expect(judge({ rooting: firstOf(132n, { root: 101n }) }).ok).toBe(true)
})

test('A51: processed, the word of one, is nothing', () => {
  expect(refused({ votes: votesFor(101n, [0]) })).toBe('stake')
  expect(refused({ votes: [] })).toBe('stake')
})

test('A51: exactly two thirds are not more than two thirds', () => {
  const table = (total: bigint) => [{ ...TABLE, total }]
  // 79 of 118.5 would be two thirds: 79 of 119 is less, 79 of 118 more.
  expect(refused({}, BANK, table(119n))).toBe('stake')
  expect(judge({}, BANK, table(118n)).ok).toBe(true)
  const even = { ...TABLE, total: 99n, voters: TABLE.voters.map((it) => ({ ...it, stake: 22n })) }
  expect(refused({}, BANK, [even])).toBe('stake')
  expect(judge({}, BANK, [{ ...even, total: 98n }]).ok).toBe(true)
  // Enough for the bank, not enough that root it.
  expect(refused({ rooting: votesFor(132n, [0, 1]) })).toBe('stake')
})

test('A51: a vote for another slot or another bank', () => {
  expect(refused({}, { ...BANK, slot: 102n })).toBe('vote-bank')
  expect(refused({}, { ...BANK, hash: flip(BANK.hash, 0) })).toBe('vote-bank')
  expect(refused({ votes: firstOf(101n, { hash: hashOf('fork') }) })).toBe('vote-bank')
  const lockouts = [{ slot: 100n, confirmations: 1 }]
  expect(refused({ votes: firstOf(101n, { lockouts }) })).toBe('vote-bank')
  expect(refused({ rooting: firstOf(132n, { hash: hashOf('fork') }) })).toBe('vote-bank')
  // The right bank, said to be of a slot that it can't have: there are 32 banks between.
  const early = [{ slot: 131n, confirmations: 1 }]
  expect(refused({ rooting: firstOf(132n, { lockouts: early }) })).toBe('vote-bank')
  const late = [{ slot: 140n, confirmations: 1 }]
  expect(judge({ rooting: firstOf(132n, { lockouts: late }) }).ok).toBe(true)
})

test('behavior: votes that root it may be for different banks', () => {
  const descendants = BLOCKS.slice(2, 36).map(({ parts }) => parts)
  const rooting = [...votesFor(133n, [0]), ...votesFor(134n, [1]), ...votesFor(135n, [3])]
  expect(judge({ descendants, rooting }).ok).toBe(true)
  expect(refused({ descendants, rooting: [...votesFor(131n, [0]), ...rooting.slice(1)] })).toBe('vote-root')
})

test('error: descendants', () => {
  const [first, ...more] = TOWER.descendants as [BankHash.Parts, ...BankHash.Parts[]]
  expect(refused({ descendants: more })).toBe('vote-bank')
  expect(refused({ descendants: [...TOWER.descendants, (BLOCKS[33] as (typeof BLOCKS)[0]).parts] })).toBe(
    'descendant-unused',
  )
  expect(refused({ descendants: [{ ...first, signatures: first.signatures + 1n }, ...more] })).toBe(
    'vote-bank',
  )
  expect(refused({ descendants: [{ ...first, blockhash: bytes(31, 1) }, ...more] })).toBe('bank-parts')
  const many = Array.from({ length: Finality.MAX_DESCENDANTS + 1 }, () => first)
  expect(refused({ descendants: many })).toBe('descendants')
  expect(refused({ descendants: many.slice(1) })).toBe('vote-bank')
})

describe('voters', () => {
  const votes = (changed: readonly Uint8Array[]) => refused({ votes: changed })
  test('count once, in the order of the table', () => {
    const [a, b, d] = votesFor(101n) as [Uint8Array, Uint8Array, Uint8Array]
    expect(votes([a, a, b, d])).toBe('vote-voter')
    expect(votes([b, a, d])).toBe('vote-voter')
    expect(votes([a, b, b])).toBe('vote-voter')
    expect(votes([a, b, d, d, d])).toBe('vote-voter')
  })
  test('are those of the table', () => {
    const outsider: Validator = {
      voter: key('mallory'),
      voteAccount: hashOf('mallory account'),
      stake: 1_000n,
    }
    const tower = towerOf(101n, BANK.hash)
    expect(votes([...votesFor(101n, [0, 1]), voteOf(outsider, tower)])).toBe('vote-voter')
    const thief = { ...(VALIDATORS[3] as Validator), voter: key('mallory') }
    expect(votes([...votesFor(101n, [0, 1]), voteOf(thief, tower)])).toBe('vote-authority')
  })
  test('sign', () => {
    const message = voteMessage(VALIDATORS[3] as Validator, towerOf(101n, BANK.hash))
    expect(votes([...votesFor(101n, [0, 1]), sign(message, key('mallory'))])).toBe('signature')
    const rooting = [...votesFor(132n, [0, 1])]
    const late = voteMessage(VALIDATORS[3] as Validator, towerOf(132n, blockAt(132n).hash))
    expect(refused({ rooting: [...rooting, sign(late, key('mallory'))] })).toBe('signature')
    // No surplus of right votes makes up for one that is wrong.
    expect(votes([...votesFor(101n, [0, 1, 2]), sign(message, key('mallory'))])).toBe('signature')
  })
  test('vote by transactions that are votes', () => {
    expect(votes([...votesFor(101n, [0, 1]), new Uint8Array(3)])).toBe('truncated')
    const message = voteMessage(VALIDATORS[3] as Validator, towerOf(101n, BANK.hash))
    expect(
      votes([
        ...votesFor(101n, [0, 1]),
        sign({ ...message, instructions: [] }, (VALIDATORS[3] as Validator).voter),
      ]),
    ).toBe('vote-instructions')
  })
  test('vote in the slots of the table', () => {
    expect(refused({}, BANK, [{ ...TABLE, slots: [100n, 131n] }])).toBe('vote-slot')
    expect(judge({}, BANK, [{ ...TABLE, slots: [101n, 132n] }]).ok).toBe(true)
    const one = { ...TABLE, slots: [101n, 101n] as const }
    expect(judge({ epoch: 6n }, BANK, [one, { ...TABLE, epoch: 6n, slots: [102n, 199n] }]).ok).toBe(true)
    const [table] = [{ ...TABLE, slots: [102n, 132n] as const }]
    expect(check(Finality.confirmed(table, BANK, TOWER.votes))).toBe('vote-slot')
  })
})

test('A59: a vote that ZIP-215 would take doesn’t count', () => {
  // The neutral element is anybody’s key: R = s·B fits every message.
  const nobody = ed25519.Point.ZERO.toBytes()
  const forged = concat(ed25519.Point.BASE.toBytes(), Uint8Array.of(1), bytes(31, 0))
  const [last] = VALIDATORS.slice(3) as [Validator]
  const message = voteMessage(
    { ...last, voter: { ...last.voter, address: nobody } },
    towerOf(101n, BANK.hash),
  )
  expect(ed25519.verify(forged, Message.encode(message), nobody, { zip215: true })).toBe(true)
  const voters = TABLE.voters.map((it, index) => (index === 3 ? { ...it, authority: nobody } : it))
  const vote = Transaction.encode({ message, signatures: [forged] })
  expect(check(Finality.confirmed({ ...TABLE, voters }, BANK, [...votesFor(101n, [0, 1]), vote]))).toBe(
    'signature',
  )
})

test('A52: a bank’s hash isn’t zero', () => {
  // One byte may be.
  const hash = Uint8Array.of(0, ...BANK.hash.slice(1))
  const votes = VALIDATORS.map((it) => voteOf(it, towerOf(101n, hash)))
  expect(Finality.confirmed(TABLE, { slot: 101n, hash }, votes).ok).toBe(true)
  for (const hash of [bytes(32, 0), bytes(31, 1), bytes(0, 0)])
    expect(check(Finality.confirmed(TABLE, { slot: 101n, hash }, TOWER.votes))).toBe('bank-hash')
})

test('A51: an Alpenglow certificate is told from votes, and why it isn’t judged', () => {
  const verdict = Finality.verify(
    [TABLE],
    BANK,
    { kind: 'alpenglow', certificate: bytes(300, 1) },
    { now: NOW },
  )
  expect(check(verdict)).toBe('unsupported')
  expect(verdict.ok ? '' : verdict.refusal.message).toMatch(/SIMD-0326/)
})

describe('the stake table', () => {
  const next: StakeTable.StakeTable = { ...TABLE, epoch: 6n, slots: [200n, 299n] }
  test('judges its own slots only, until it expires', () => {
    expect(refused({}, BANK, [])).toBe('stake-unknown')
    expect(refused({}, BANK, [{ ...TABLE, slots: [102n, 199n] }])).toBe('stake-unknown')
    expect(refused({}, BANK, [{ ...TABLE, slots: [90n, 100n] }])).toBe('stake-unknown')
    expect(refused({}, BANK, [TABLE], TABLE.expires + 1n)).toBe('stake-expired')
    expect(judge({}, BANK, [TABLE], TABLE.expires).ok).toBe(true)
  })
  test('of the next epoch may judge the votes that root the last slots of an epoch', () => {
    const own = { ...TABLE, slots: [100n, 110n] as const }
    const later = { ...next, slots: [111n, 200n] as const }
    expect(judge({ epoch: 6n }, BANK, [own, later]).ok).toBe(true)
    expect(refused({ epoch: 6n }, BANK, [own])).toBe('stake-unknown')
    expect(refused({ epoch: 7n }, BANK, [own, { ...later, epoch: 7n }])).toBe('stake-unknown')
    expect(refused({ epoch: 4n }, BANK, [own, { ...later, epoch: 4n }])).toBe('stake-unknown')
    expect(refused({ epoch: 6n }, BANK, [own, { ...later, expires: NOW - 1n }])).toBe('stake-expired')
    expect(refused({ epoch: 6n }, BANK, [own, { ...later, total: 1_000n }])).toBe('stake')
    expect(refused({}, BANK, [own, later])).toBe('vote-slot')
  })
  test('says what makes sense', () => {
    const wrong = (change: Partial<StakeTable.StakeTable>) => check(StakeTable.check({ ...TABLE, ...change }))
    const [first, ...more] = TABLE.voters as [StakeTable.Voter, ...StakeTable.Voter[]]
    const voter = (change: Partial<StakeTable.Voter>) => wrong({ voters: [{ ...first, ...change }, ...more] })
    expect(wrong({ slots: [5n, 4n] })).toBe('stake-slots')
    expect(wrong({ slots: [-1n, 4n] })).toBe('stake-slots')
    expect(wrong({ voters: [] })).toBe('stake-voters')
    for (const address of [bytes(31, 1), bytes(32, 0)]) {
      expect(voter({ voteAccount: address })).toBe('stake-voter')
      expect(voter({ authority: address })).toBe('stake-voter')
    }
    expect(voter({ stake: 0n })).toBe('stake-voter')
    expect(voter({ voteAccount: (more[0] as StakeTable.Voter).voteAccount })).toBe('stake-duplicate')
    expect(wrong({ total: 98n })).toBe('stake-total')
    expect(StakeTable.check({ ...TABLE, total: 99n }).ok).toBe(true)
    expect(StakeTable.check({ ...TABLE, slots: [0n, 0n] }).ok).toBe(true)
    // Zero in one byte, as addresses may have.
    const address = Uint8Array.of(...bytes(31, 1), 0)
    const odd = { ...(more[2] as StakeTable.Voter), voteAccount: address, authority: address }
    expect(StakeTable.check({ ...TABLE, voters: [first, odd] }).ok).toBe(true)
    expect(refusal(StakeTable.check({ ...TABLE, voters: [first, { ...odd, stake: 0n }] }))).toEqual({
      check: 'stake-voter',
      message: 'two addresses and a stake are expected',
      context: { index: 1 },
    })
  })
})

describe('the light client', () => {
  const update = { bank: BANK, evidence: TOWER, now: NOW }
  const later: LightClient.Update = {
    bank: bankAt(105n),
    evidence: {
      kind: 'tower',
      votes: votesFor(105n),
      epoch: 5n,
      descendants: BLOCKS.slice(6, 41).map(({ parts }) => parts),
      rooting: votesFor(140n),
    },
    now: NOW,
  }
  test('A52: nothing is final in a fresh one', () => {
    expect(LightClient.finalized(FRESH)).toBeUndefined()
    expect(check(LightClient.trust({ table: { ...TABLE, voters: [] } }))).toBe('stake-voters')
  })
  test('default: follows banks upwards, through every form of their hash', () => {
    const first = value(LightClient.apply(FRESH, update))
    expect(LightClient.finalized(first)).toEqual(BANK)
    expect(LightClient.finalized(FRESH)).toBeUndefined()
    const second = value(LightClient.apply(first, later))
    expect(LightClient.finalized(second)?.slot).toBe(105n)
    expect(check(LightClient.apply(second, update))).toBe('slot-not-newer')
    expect(check(LightClient.apply(first, update))).toBe('slot-not-newer')
    expect(check(LightClient.apply(first, { ...later, now: TABLE.expires + 1n }))).toBe('stake-expired')
  })
  test('the caller alone hands over the next stake table', () => {
    const next: StakeTable.StakeTable = { ...TABLE, epoch: 6n, slots: [200n, 299n] }
    const state = value(LightClient.install(FRESH, next))
    expect(state.tables).toEqual([TABLE, next])
    expect(LightClient.apply(state, update).ok).toBe(true)
    const wrong = (change: Partial<StakeTable.StakeTable>) =>
      check(LightClient.install(FRESH, { ...next, ...change }))
    expect(wrong({ epoch: 5n })).toBe('stake-epoch')
    expect(wrong({ slots: [199n, 299n] })).toBe('stake-epoch')
    expect(wrong({ voters: [] })).toBe('stake-voters')
  })
})

describe('the hash of a bank', () => {
  const { parts } = blockAt(101n)
  const lattice = bytes(BankHash.LATTICE_SIZE, 1)
  const delta = hashOf('delta')
  const forms: readonly BankHash.Parts[] = [
    parts,
    { ...parts, hardForks: 1n },
    { ...parts, accounts: { form: 'delta', delta } },
    { ...parts, accounts: { form: 'delta', delta, epoch: hashOf('epoch') } },
    { ...parts, accounts: { form: 'delta-lattice', delta, lattice } },
    { ...parts, accounts: { form: 'lattice', lattice } },
  ]
  test('differs in each form', () => {
    const hashes = forms.map((it) => BankHash.of(BANK.hash, it).join())
    expect(new Set(hashes).size).toBe(forms.length)
    for (const it of forms) expect(BankHash.check(it).ok).toBe(true)
  })
  test('is of parts of their sizes', () => {
    const wrong = (change: Partial<BankHash.Parts>) => check(BankHash.check({ ...parts, ...change }))
    expect(wrong({ blockhash: bytes(33, 1) })).toBe('bank-parts')
    expect(wrong({ accounts: { form: 'lattice', lattice: bytes(32, 1) } })).toBe('bank-parts')
    expect(wrong({ accounts: { form: 'delta-lattice', delta, lattice: bytes(2047, 1) } })).toBe('bank-parts')
    expect(wrong({ accounts: { form: 'delta-lattice', delta: bytes(31, 1), lattice } })).toBe('bank-parts')
    expect(wrong({ accounts: { form: 'delta', delta: bytes(31, 1) } })).toBe('bank-parts')
    expect(wrong({ accounts: { form: 'delta', delta, epoch: bytes(31, 1) } })).toBe('bank-parts')
    expect(wrong({ hardForks: 0n })).toBe('bank-parts')
    expect(wrong({ signatures: -1n })).toBe('bank-parts')
    expect(wrong({ hardForks: 1n << 64n })).toBe('bank-parts')
  })
})
