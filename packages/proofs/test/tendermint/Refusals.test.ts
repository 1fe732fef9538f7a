import {
  BlockId,
  Commit,
  Header,
  IbcPath,
  type LightBlock,
  LightClient,
  Misbehaviour,
  Multistore,
  Quorum,
  Revision,
  Timestamp,
  ValidatorSet,
  Verification,
} from '@aitbc/proofs/tendermint'
import { describe, expect, test } from 'vitest'
import { check, flip, hex, refusal, value } from '../helpers.js'
import { multistoreOf, treeOf } from './trees.js'
import { anchor, block, client, FOUR, GENESIS, judge, key, keysOf, nowOf, PERIOD, SECOND } from './world.js'

const NONE = new Uint8Array(0)
const MOST = 2n ** 63n - 1n

describe('BlockId', () => {
  const hash = new Uint8Array(32).fill(1)

  test('zero has nothing in any of its parts; complete has all', () => {
    const id = (first: Uint8Array, total: number, second: Uint8Array) => ({
      hash: first,
      parts: { total, hash: second },
    })
    expect(BlockId.isZero(id(NONE, 0, NONE))).toBe(true)
    for (const it of [id(hash, 0, NONE), id(NONE, 1, NONE), id(NONE, 0, hash)])
      expect(BlockId.isZero(it)).toBe(false)
    expect(BlockId.isComplete(id(hash, 1, hash))).toBe(true)
    for (const it of [id(NONE, 1, hash), id(hash, 0, hash), id(hash, 1, NONE)])
      expect(BlockId.isComplete(it)).toBe(false)
  })
})

describe('Commit', () => {
  const { commit } = block({ height: 2n })
  const of = (change: Partial<Commit.Commit>) => Commit.check({ ...commit, ...change })
  const absent = (length: number) => Array.from({ length }, () => ({ flag: 'absent' }) as const)
  const changed = (change: object) => [commit.signatures[0], { ...commit.signatures[1], ...change }] as never

  test('error: what is wrong, and where', () => {
    for (const height of [0n, MOST + 1n])
      expect(refusal(of({ height }))).toEqual({
        check: 'commit-height',
        message: `no block has height ${height}`,
        context: { height },
      })
    for (const round of [-1, 2 ** 31, 0.5])
      expect(refusal(of({ round }))).toEqual({
        check: 'commit-round',
        message: `no round has number ${round}`,
        context: { round },
      })
    expect(refusal(of({ blockId: BlockId.ZERO })).check).toBe('commit-block-id')
    for (const received of [0, 10_001])
      expect(refusal(of({ signatures: absent(received) }))).toEqual({
        check: 'commit-size',
        message: 'a commit has 1 to 10000 votes',
        context: { received },
      })
    for (const change of [{ address: new Uint8Array(19) }, { signature: new Uint8Array(63) }])
      expect(refusal(of({ signatures: changed(change) }))).toEqual({
        check: 'commit-vote',
        message: 'vote 1 has no address of 20 and signature of 64 bytes',
        context: { index: 1 },
      })
    expect(refusal(of({ signatures: changed({ time: Timestamp.MAX + 1n }) }))).toEqual({
      check: 'commit-time',
      message: 'the time of vote 1 lies outside years 1 to 9999',
      context: { index: 1 },
    })
  })

  test('the last height, round, time and size are allowed', () => {
    expect(of({ height: MOST, round: 2 ** 31 - 1, signatures: absent(10_000) }).ok).toBe(true)
    expect(of({ signatures: changed({ time: Timestamp.MAX }) }).ok).toBe(true)
  })
})

describe('Header', () => {
  const { header } = block({ height: 2n })
  const of = (change: Partial<Header.Header>) => Header.check({ ...header, ...change })

  test('error: what is wrong, and where', () => {
    for (const chainId of ['', 'x'.repeat(51)])
      expect(refusal(of({ chainId }))).toEqual({
        check: 'header-chain-id',
        message: 'a chain id has 1 to 50 characters',
        context: { chainId },
      })
    expect(refusal(of({ height: MOST + 1n }))).toEqual({
      check: 'header-height',
      message: `no block has height ${MOST + 1n}`,
      context: { height: MOST + 1n },
    })
    const time = Timestamp.ZERO - 1n
    expect(refusal(of({ time }))).toEqual({
      check: 'header-time',
      message: `${time} ns lies outside years 1 to 9999`,
      context: { time },
    })
    expect(
      refusal(of({ lastBlockId: { ...BlockId.ZERO, hash: NONE, parts: { total: 1, hash: NONE } } })),
    ).toEqual({
      check: 'header-field',
      message: 'lastBlockId is neither whole nor zero',
      context: { field: 'lastBlockId' },
    })
    for (const field of ['lastCommitHash', 'dataHash', 'lastResultsHash', 'evidenceHash'] as const)
      expect(refusal(of({ [field]: new Uint8Array(31) }))).toEqual({
        check: 'header-field',
        message: `${field} has 31 bytes`,
        context: { field },
      })
    for (const field of ['validatorsHash', 'nextValidatorsHash', 'consensusHash'] as const)
      expect(refusal(of({ [field]: NONE }))).toEqual({
        check: 'header-field',
        message: `${field} is missing`,
        context: { field },
      })
    expect(refusal(of({ proposerAddress: NONE }))).toEqual({
      check: 'header-field',
      message: 'proposerAddress has 20 bytes',
      context: { field: 'proposerAddress' },
    })
  })

  test('the longest chain id and the last height are allowed', () => {
    expect(of({ chainId: 'x'.repeat(50), height: MOST }).ok).toBe(true)
  })
})

describe('ValidatorSet', () => {
  test('order: power descending, then address ascending, however they came', () => {
    const strong = key(1, 30n)
    const weak = key(2, 5n)
    const equal = keysOf(3, 4, 5)
    const expected = [strong, ...equal, weak]
    const addresses = equal.map(({ publicKey }) => hex(ValidatorSet.addressOf(publicKey)))
    expect([...addresses].sort()).toEqual(addresses)
    for (let turn = 0; turn < expected.length; turn++) {
      const turned = [...expected.slice(turn), ...expected.slice(0, turn)]
      expect(ValidatorSet.from(turned)).toEqual(expected)
      expect(ValidatorSet.from(turned.reverse())).toEqual(expected)
    }
  })

  test('error: what is wrong, and where', () => {
    const of = (...validators: readonly ValidatorSet.Validator[]) => refusal(ValidatorSet.check(validators))
    const [first, second] = FOUR as unknown as [ValidatorSet.Validator, ValidatorSet.Validator]
    expect(of(...Array.from({ length: 10_001 }, () => first))).toEqual({
      check: 'validators-count',
      message: 'a set has at most 10000 validators',
      context: { received: 10_001 },
    })
    // As many as may be: another check refuses.
    expect(of(...Array.from({ length: 10_000 }, () => first)).check).toBe('validators-duplicate')
    expect(of(first, { ...second, publicKey: new Uint8Array(31) })).toEqual({
      check: 'validators-key',
      message: 'the key of validator 1 has 31 bytes',
      context: { index: 1 },
    })
    expect(of(first, { ...second, power: 0n })).toEqual({
      check: 'validators-power',
      message: 'validator 1 has power 0',
      context: { index: 1, power: 0n },
    })
    expect(of(first, { ...second, power: ValidatorSet.MAX_POWER })).toEqual({
      check: 'validators-power',
      message: `all powers together exceed ${ValidatorSet.MAX_POWER}`,
      context: { index: 1 },
    })
    expect(of(first, second, first)).toEqual({
      check: 'validators-duplicate',
      message: 'validator 2 is there twice',
      context: { index: 2, address: hex(ValidatorSet.addressOf(first.publicKey)) },
    })
  })

  test('error: an address, a total or a proposer that is not theirs', () => {
    const validators = FOUR.map(({ publicKey, power }) => ({
      publicKey,
      power,
      address: ValidatorSet.addressOf(publicKey),
    }))
    const [first, second] = validators as [ValidatorSet.RawValidator, ValidatorSet.RawValidator]
    const of = (set: Partial<ValidatorSet.RawSet>) =>
      ValidatorSet.fromRaw({ validators, proposer: undefined, total: 0n, ...set })
    expect(of({ proposer: second, total: 40n }).ok).toBe(true)
    expect(refusal(of({ validators: [first, { ...second, address: first.address }] }))).toEqual({
      check: 'validators-address',
      message: "validator 1 has another key's address",
      context: { index: 1 },
    })
    for (const proposer of [
      { ...second, power: 11n },
      { ...second, address: first.address },
      { ...second, publicKey: first.publicKey },
    ])
      expect(check(of({ proposer }))).toBe('validators-proposer')
  })
})

describe('Timestamp', () => {
  test('a text is the whole of a time, of days that are', () => {
    expect(Timestamp.isValid(Timestamp.MAX)).toBe(true)
    expect(Timestamp.fromText('2020-02-29T00:00:00Z').ok).toBe(true)
    for (const text of [
      'x2020-01-01T00:00:00Z',
      '12020-01-01T00:00:00Z',
      '2020-01-01T00:00:00Zx',
      '2020-04-31T00:00:00Z',
      '2021-02-29T00:00:00Z',
    ])
      expect(refusal(Timestamp.fromText(text))).toEqual({
        check: 'timestamp',
        message: 'a time of RFC 3339 in UTC is expected',
        context: { received: text },
      })
  })
})

describe('Quorum', () => {
  const { commit, validators } = block({ height: 2n })
  const table = value(ValidatorSet.check(validators))
  const [, second] = commit.signatures

  test('error: what is wrong, and where', () => {
    const votes = (change: object) => ({
      ...commit,
      signatures: commit.signatures.map((vote, i) => (i === 2 ? { ...vote, ...change } : vote)),
    })
    expect(
      refusal(Quorum.own(votes({ address: (second as { address: Uint8Array }).address }), table)),
    ).toEqual({
      check: 'commit-address',
      message: 'vote 2 carries another address than its validator',
      context: { index: 2 },
    })
    const level = { numerator: 1n, denominator: 1n }
    expect(
      refusal(Quorum.trusted(votes({ address: (second as { address: Uint8Array }).address }), table, level)),
    ).toEqual({
      check: 'commit-duplicate',
      message: 'the validator of vote 2 has voted already',
      context: { index: 2 },
    })
  })

  test('the votes picked, and what of them is checked', () => {
    expect(value(Quorum.own(commit, table))).toEqual([0, 1, 2])
    const picked = (set: ValidatorSet.ValidatorSet, ...indices: readonly number[]) =>
      Quorum.checks('test-chain-1', commit, set, indices).map(({ publicKey }) => publicKey)
    expect(picked(validators, 1, 3)).toEqual([FOUR[1]?.publicKey, FOUR[3]?.publicKey])
    // Neither a vote that isn't there, nor one of nobody.
    expect(picked(validators, 4)).toEqual([])
    expect(picked(validators.slice(0, 3), 3)).toEqual([])
  })
})

describe('Verification', () => {
  test('error: what is wrong, and by how much', () => {
    const state = client()
    const it = block({ height: 2n })
    const { time } = it.header
    expect(refusal(LightClient.apply(state, { block: it, now: time - 11n * SECOND }))).toEqual({
      check: 'time-in-future',
      message: 'the block is too far ahead of the clock',
      context: { time },
    })
    const until = GENESIS + SECOND + PERIOD
    expect(refusal(LightClient.apply(state, { block: it, now: until }))).toEqual({
      check: 'trusting-period',
      message: "block 1 can't be trusted any more",
      context: { until },
    })
  })

  test('a block that disagrees with itself is told before its next validators are looked at', () => {
    const it = block({ height: 2n })
    const torn = { ...it, commit: block({ height: 3n }).commit }
    const update = { block: torn, nextValidators: keysOf(9), now: nowOf(it) }
    expect(check(Verification.block(client().rules, update))).toBe('commit-height')
  })
})

describe('LightClient', () => {
  test('the widest and the narrowest that an anchor may ask for', () => {
    const of = (change: Partial<LightClient.Anchor>) => LightClient.trust({ ...anchor(), ...change })
    for (const [numerator, denominator] of [
      [1n, 1n],
      [1n, 3n],
    ] as const)
      expect(of({ trustLevel: { numerator, denominator } }).ok).toBe(true)
    expect(check(of({ trustLevel: { numerator: 0n, denominator: 0n } }))).toBe('anchor-trust-level')
    expect(of({ maxClockDrift: 0n }).ok).toBe(true)
  })

  test('error: what is wrong, and where', () => {
    const state = value(judge(client(), block({ height: 5n }), FOUR))
    const said = (it: ReturnType<typeof block>, of = state) => refusal(judge(of, it))
    expect(said(block({ height: 7n }), LightClient.freeze(state, { height: 4n }))).toEqual({
      check: 'frozen',
      message: 'the chain contradicted itself at height 4',
      context: { height: 4n },
    })
    expect(said(block({ height: 5n, header: { appHash: NONE } }))).toEqual({
      check: 'conflict',
      message: 'another block is trusted at height 5',
      context: { height: 5n },
    })
    expect(said(block({ height: 4n }), client(anchor(block({ height: 5n }))))).toEqual({
      check: 'height-below-anchor',
      message: 'no block at or below height 4 is trusted',
      context: { height: 4n },
    })
    const time = GENESIS + 5n * SECOND
    expect(said(block({ height: 6n, header: { time } }))).toEqual({
      check: 'time-not-after',
      message: "the block isn't later than block 5",
      context: { time },
    })
    expect(said(block({ height: 4n, next: keysOf(1, 2, 3) }))).toEqual({
      check: 'conflict',
      message: 'the trusted block 5 contradicts it',
      context: { height: 4n },
    })
    expect(refusal(LightClient.appHash(state, 7n))).toEqual({
      check: 'height-unknown',
      message: "block 8, which carries the state of 7, isn't trusted",
      context: { height: 7n },
    })
  })

  test('blocks that fit fill the gap below a trusted one, in their order', () => {
    let state = client()
    const fourth = block({ height: 4n })
    const parts = { total: 1, hash: new Uint8Array(32).fill(7) }
    const lastBlockId = { hash: Header.hash(fourth.header), parts }
    for (const it of [
      block({ height: 9n }),
      block({ height: 5n, header: { lastBlockId } }),
      fourth,
      // Names no block before it.
      block({ height: 8n }),
      block({ height: 2n }),
    ])
      state = value(judge(state, it, FOUR))
    const heights: bigint[] = []
    for (let at: LightClient.Trusted | undefined = state.latest; at !== undefined; at = at.below)
      heights.push(at.header.height)
    expect(heights).toEqual([9n, 8n, 5n, 4n, 2n, 1n])
  })

  test('the next height lies below the lowest that was refused, in whatever order these come', () => {
    for (const refused of [
      [3n, 9n],
      [9n, 3n],
      [12n, 3n, 1n],
    ])
      expect(LightClient.next(client(), 9n, refused)).toEqual({ is: 'fetch', height: 2n })
    expect(LightClient.next(client(), 9n, [1n])).toEqual({ is: 'fetch', height: 9n })
  })
})

describe('Misbehaviour', () => {
  const state = value(judge(client(), block({ height: 3n }), FOUR))
  const trusted = block({ height: 3n })

  test('a later block that follows a trusted one is no attack', () => {
    const conflicting = block({ height: 6n })
    expect(check(Misbehaviour.verify(state, { trusted, conflicting, now: nowOf(conflicting) }))).toBe(
      'no-conflict',
    )
  })

  test('error: a block is shown as trusted at a height that is not', () => {
    const conflicting = block({ height: 3n, header: { appHash: NONE } })
    const other = block({ height: 4n })
    expect(refusal(Misbehaviour.verify(state, { trusted: other, conflicting, now: nowOf(other) }))).toEqual({
      check: 'trusted-block',
      message: 'no such block is trusted at height 4',
    })
  })

  test('the evidence names all three blocks', () => {
    const conflicting = block({ height: 3n, header: { appHash: NONE } })
    const id = (it: LightBlock.LightBlock) => ({ height: it.header.height, hash: Header.hash(it.header) })
    expect(value(Misbehaviour.verify(state, { trusted, conflicting, now: nowOf(trusted) }))).toMatchObject({
      kind: 'lunatic',
      height: 3n,
      common: id(block({ height: 1n })),
      trusted: id(trusted),
      conflicting: id(conflicting),
    })
  })
})

test('A39: a revision is what an id ends with, whole', () => {
  expect(Revision.of('a-1b')).toBe(0n)
  expect(Revision.of('a\n-4')).toBe(4n)
})

describe('IbcPath', () => {
  const text = (path: ReturnType<typeof IbcPath.clientState>) => new TextDecoder().decode(value(path))
  const end = (port: string, channel: string) => IbcPath.channelEnd({ port, channel })

  test('A39: the shortest and the longest identifiers, and zero', () => {
    for (const id of ['c'.repeat(9), 'c'.repeat(64)])
      expect(text(IbcPath.clientState(id))).toBe(`clients/${id}/clientState`)
    expect(text(end('pp', 'c'.repeat(8)))).toBe('channelEnds/ports/pp/channels/cccccccc')
    expect(end('p'.repeat(128), 'c'.repeat(64)).ok).toBe(true)
    expect(text(IbcPath.consensusState('c'.repeat(9), { revision: 0n, height: 7n }))).toMatch('/0-7')
  })

  test('A39: error: which of its parts is no identifier or number', () => {
    const refused = { check: 'ibc-identifier', message: 'an identifier or a number of ICS-24 is expected' }
    for (const path of [
      IbcPath.clientState('c'.repeat(8)),
      IbcPath.clientState('c'.repeat(65)),
      end('p', 'c'.repeat(8)),
      end('pp', 'c'.repeat(7)),
      IbcPath.upgradedClient(-1n),
    ])
      expect(refusal(path)).toEqual({ ...refused, context: { index: 0 } })
    expect(refusal(IbcPath.packetReceipt({ port: 'pp', channel: 'c'.repeat(8) }, 2n ** 64n))).toEqual({
      ...refused,
      context: { index: 1 },
    })
  })
})

describe('Multistore', () => {
  const utf8 = (text: string) => new TextEncoder().encode(text)
  const held = treeOf(
    'iavl',
    ['b', 'd', 'f'].map((name) => [utf8(name), utf8('1')] as const),
  )
  const stores = multistoreOf({ bank: held.root, ibc: new Uint8Array(32).fill(3) })
  const inMultistore = { is: 'exist', proof: stores.exist(utf8('bank')) } as const

  test('A33: what is absent has neighbours on one side or on both', () => {
    for (const name of ['a', 'c', 'g']) {
      const key = utf8(name)
      const proof = { is: 'nonexist', proof: held.nonexist(key) } as const
      const statement = { store: 'bank', key, value: null }
      expect(value(Multistore.verify(stores.root, statement, [proof, inMultistore])), name).toBe(null)
    }
  })

  test('A33: error: what is wrong, and where', () => {
    const key = utf8('b')
    const proofs = [{ is: 'exist', proof: held.exist(key) }, inMultistore] as const
    for (const store of ['', 'a/b'])
      expect(refusal(Multistore.verify(stores.root, { store, key, value: utf8('1') }, proofs))).toEqual({
        check: 'store-name',
        message: `no store has the name ${store}`,
        context: { store },
      })
    const ops = [
      { type: 'ics23:iavl', key, data: NONE },
      { type: 'ics23:simple', key: utf8('bank'), data: NONE },
    ] as const
    const of = (...ops: readonly Multistore.ProofOp[]) =>
      refusal(Multistore.fromOps(ops, { store: 'bank', key }))
    expect(of({ ...ops[0], type: 'iavl:v' }, ops[1])).toEqual({
      check: 'proof-op-type',
      message: 'operation 0 is iavl:v, not ics23:iavl',
      context: { index: 0 },
    })
    expect(of({ ...ops[0], key: flip(key, 0) }, ops[1])).toEqual({
      check: 'proof-op-key',
      message: 'operation 0 is of another key',
      context: { index: 0 },
    })
  })
})
