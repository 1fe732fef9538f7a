import {
  BlockId,
  Commit,
  Header,
  LightBlock,
  LightClient,
  MerkleTree,
  Misbehaviour,
  Quorum,
  Revision,
  RpcJson,
  Signatures,
  Timestamp,
  ValidatorSet,
  Verification,
  Vote,
} from '@aitbc/proofs/tendermint'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, value } from '../helpers.js'
import { anchor, block, client, FOUR, GENESIS, judge, key, keysOf, nowOf, PERIOD, SECOND } from './world.js'

const numRuns = fc.readConfigureGlobal().numRuns ?? 100

/** A block with one of its votes changed. */
function withVote(
  it: LightBlock.LightBlock,
  index: number,
  vote: (old: Commit.CommitSig) => Commit.CommitSig,
): LightBlock.LightBlock {
  const signatures = it.commit.signatures.map((old, i) => (i === index ? vote(old) : old))
  return { ...it, commit: { ...it.commit, signatures } }
}

describe('BlockId', () => {
  test('equal: the block, the number of its parts, and their hash', () => {
    const { blockId } = block({ height: 2n }).commit
    const { hash, parts } = blockId
    expect(BlockId.equal(blockId, { hash: hash.slice(), parts: { ...parts } })).toBe(true)
    expect(BlockId.equal(blockId, { hash: flip(hash, 0), parts })).toBe(false)
    expect(BlockId.equal(blockId, { hash, parts: { ...parts, total: 2 } })).toBe(false)
    expect(BlockId.equal(blockId, { hash, parts: { ...parts, hash: flip(parts.hash, 0) } })).toBe(false)
  })
})

describe('Commit', () => {
  test('hash: the root over its votes, in their order', () => {
    const { commit } = block({ height: 2n })
    const hash = hex(Commit.hash(commit))
    const { signatures } = commit
    expect(hex(Commit.hash({ ...commit, signatures: [...signatures] }))).toBe(hash)
    expect(hex(Commit.hash({ ...commit, signatures: signatures.toReversed() }))).not.toBe(hash)
    const absent = { ...commit, signatures: [{ flag: 'absent' as const }, ...signatures.slice(1)] }
    expect(hex(Commit.hash(absent))).not.toBe(hash)
    // A commit without votes, as the first block has.
    expect(hex(Commit.hash({ ...commit, signatures: [] }))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
  })
})

describe('MerkleTree', () => {
  // RFC 6962 as CometBFT has it (`crypto/merkle/rfc6962_test.go`).
  test('leafHash, innerHash: told apart by their first byte', () => {
    const utf8 = (text: string) => new TextEncoder().encode(text)
    expect(hex(MerkleTree.leafHash(utf8('L123456')))).toBe(
      '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56',
    )
    expect(hex(MerkleTree.innerHash(utf8('N123'), utf8('N456')))).toBe(
      'aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb',
    )
  })
})

describe('Header', () => {
  // Published beside a header of version 11 by tendermint-rs (`header_with_known_hash.json`).
  test('hash: that of a header of another chain', () => {
    const bytes = (digits: string) =>
      Uint8Array.from(digits.match(/../g) ?? [], (it) => Number.parseInt(it, 16))
    const nothing = bytes('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    const validators = bytes('5e20520ec80b84044b64ba0c55b1c06d543bbd57955c27b8a9999ec526bf703c')
    const header: Header.Header = {
      version: { block: 11n, app: 1n },
      chainId: 'dockerchain',
      height: 1608n,
      time: value(Timestamp.fromText('2020-09-14T16:33:54.21191421Z')),
      lastBlockId: {
        hash: bytes('d3b2cc7edaff87433a5dbcdcdf4077a56aacde3606034262b0cdb120f62eb40b'),
        parts: {
          total: 1,
          hash: bytes('3ab411eafe9a3b7ac013b0214990e5653112a39909289e3ea9211f07b8cd6eed'),
        },
      },
      lastCommitHash: bytes('47071b86efc28bec17543967975f35191ba9bec9c2ad77e86f63b149528d71a1'),
      dataHash: nothing,
      validatorsHash: validators,
      nextValidatorsHash: validators,
      consensusHash: bytes('048091bc7ddc283f77bfbf91d73c44da58c3df8a9cbc867405d8b7f3daada22f'),
      appHash: bytes('0000000000000000'),
      lastResultsHash: nothing,
      evidenceHash: nothing,
      proposerAddress: bytes('c8657a30d20c3bad414624a1a963373dd500ccd3'),
    }
    expect(hex(Header.hash(header))).toBe('f30a71f2409fb15aacaedb6cc122dfa2525bee9cae521721b06bfdca291b8d56')
  })
})

describe('trust', () => {
  test('default', () => {
    const state = client()
    expect(LightClient.finalized(state).header.height).toBe(1n)
    expect(LightClient.next(state, 1n)).toEqual({ is: 'done' })
  })

  test('A52: a zero, missing or other hash starts nothing', () => {
    for (const hash of [new Uint8Array(32), new Uint8Array(0), flip(anchor().hash, 0)])
      expect(check(LightClient.trust({ ...anchor(), hash }))).toBe('anchor-hash')
  })

  test('error: an anchor that disagrees with itself', () => {
    const refused = (change: Partial<LightClient.Anchor>) =>
      check(LightClient.trust({ ...anchor(), ...change }))
    expect(refused({ chainId: 'other' })).toBe('anchor-chain-id')
    expect(refused({ nextValidators: keysOf(1, 2, 3) })).toBe('anchor-validators')
    expect(refused({ nextValidators: [...FOUR, ...FOUR] })).toBe('validators-duplicate')
    expect(refused({ maxClockDrift: -1n })).toBe('anchor-clock-drift')
    expect(refused(anchor(block({ height: 1n, header: { version: { block: 10n, app: 0n } } })))).toBe(
      'header-version',
    )
    for (const [numerator, denominator] of [
      [1n, 4n],
      [2n, 1n],
      [1n, 0n],
      [0n, 1n],
      [-1n, -3n],
    ] as const)
      expect(refused({ trustLevel: { numerator, denominator } })).toBe('anchor-trust-level')
  })

  test('A38: a trusting period of the unbonding period or more', () => {
    for (const trustingPeriod of [0n, -1n, 2n * PERIOD, 3n * PERIOD])
      expect(check(LightClient.trust({ ...anchor(), trustingPeriod }))).toBe('anchor-trusting-period')
    expect(LightClient.trust({ ...anchor(), trustingPeriod: 2n * PERIOD - 1n }).ok).toBe(true)
  })
})

describe('apply', () => {
  test('adjacent: the next block by the validators that were named', () => {
    const state = value(judge(client(), block({ height: 2n })))
    expect(LightClient.finalized(state).header.height).toBe(2n)
    expect(check(judge(client(), block({ height: 2n, validators: keysOf(1, 2, 3, 5) })))).toBe(
      'next-validators',
    )
  })

  test('adjacent: a block that follows another', () => {
    const hash = new Uint8Array(32).fill(7)
    const lastBlockId = { hash, parts: { total: 1, hash } }
    expect(check(judge(client(), block({ height: 2n, header: { lastBlockId } })))).toBe('last-block')
    const right = { hash: anchor().hash, parts: { total: 1, hash } }
    expect(judge(client(), block({ height: 2n, header: { lastBlockId: right } })).ok).toBe(true)
  })

  test('skipping: two of four trusted validators suffice, one does not', () => {
    expect(judge(client(), block({ height: 9n, validators: keysOf(1, 2, 5) })).ok).toBe(true)
    expect(check(judge(client(), block({ height: 9n, validators: keysOf(1, 5, 6) })))).toBe(
      'not-enough-trust',
    )
  })

  test('skipping: a higher trust level asks for more', () => {
    const trustLevel = { numerator: 2n, denominator: 3n }
    const it = block({ height: 9n, validators: keysOf(1, 2, 5) })
    expect(check(judge(client({ trustLevel }), it))).toBe('not-enough-trust')
  })

  test('skipping from a block that came without its next validators', () => {
    const state = value(judge(client(), block({ height: 2n })))
    expect(check(judge(state, block({ height: 4n })))).toBe('trusted-validators')
    expect(LightClient.next(state, 9n)).toEqual({ is: 'fetch', height: 3n })
    const richer = value(judge(state, block({ height: 2n }), FOUR))
    expect(LightClient.next(richer, 9n)).toEqual({ is: 'fetch', height: 9n })
    expect(judge(richer, block({ height: 4n })).ok).toBe(true)
  })

  test('a known block changes nothing, whatever its votes', () => {
    const state = value(judge(client(), block({ height: 2n }), FOUR))
    const again = value(judge(state, block({ height: 2n, votes: () => 'nil' })))
    expect(again).toEqual(state)
  })

  test('a gap is filled from below, and must fit what is above', () => {
    const state = value(
      judge(value(judge(client(), block({ height: 5n }), FOUR)), block({ height: 3n }), FOUR),
    )
    expect(LightClient.finalized(state).header.height).toBe(5n)
    expect([5n, 4n, 3n, 2n, 1n].map((height) => LightClient.at(state, height)?.header.height)).toEqual([
      5n,
      undefined,
      3n,
      undefined,
      1n,
    ])
    expect(LightClient.above(state, 3n)?.header.height).toBe(5n)
    expect(check(judge(state, block({ height: 4n, next: keysOf(1, 2, 3) })))).toBe('conflict')
    const hash = new Uint8Array(32).fill(7)
    const lastBlockId = { hash, parts: { total: 1, hash } }
    const named = value(judge(client(), block({ height: 5n, header: { lastBlockId } }), FOUR))
    expect(check(judge(named, block({ height: 4n })))).toBe('conflict')
    expect(judge(named, block({ height: 3n })).ok).toBe(true)
    const late = { time: GENESIS + 5n * SECOND }
    expect(check(judge(state, block({ height: 4n, header: late })))).toBe('conflict')
  })

  test('error: next validators that the header does not name', () => {
    expect(check(judge(client(), block({ height: 2n }), keysOf(1, 2)))).toBe('next-validators-hash')
    expect(check(judge(client(), block({ height: 2n }), [...FOUR, ...FOUR]))).toBe('validators-duplicate')
  })

  test('error: below the anchor', () => {
    const state = client(anchor(block({ height: 5n })))
    expect(check(judge(state, block({ height: 4n })))).toBe('height-below-anchor')
    expect(LightClient.next(state, 4n)).toEqual({ is: 'impossible' })
  })

  test('error: what does not belong together', () => {
    const it = block({ height: 2n })
    const refused = (change: Partial<LightBlock.LightBlock>) => check(judge(client(), { ...it, ...change }))
    expect(refused({ commit: block({ height: 3n }).commit })).toBe('commit-height')
    expect(refused({ commit: { ...block({ height: 3n }).commit, height: 2n } })).toBe('commit-block')
    expect(refused({ validators: [] })).toBe('validators-empty')
    expect(refused({ validators: keysOf(1, 2, 3) })).toBe('validators-hash')
    expect(refused({ validators: [...FOUR, ...FOUR] })).toBe('validators-duplicate')
    expect(refused({ header: { ...it.header, height: 0n } })).toBe('header-height')
    expect(refused({ commit: { ...it.commit, round: -1 } })).toBe('commit-round')
  })

  test('error: a base whose next validators are none', () => {
    const it = block({ height: 9n })
    const { latest, rules } = client()
    const update = { block: it, now: nowOf(it) }
    const checked = value(LightBlock.check(it))
    const forged = { ...latest, nextValidators: [...FOUR, ...FOUR] }
    expect(check(Verification.votes(rules, forged, update, checked))).toBe('validators-duplicate')
  })

  test('error: headers that are wrong by themselves', () => {
    const refused = (header: Partial<Header.Header>) => {
      const it = block({ height: 2n })
      return check(Header.check({ ...it.header, ...header }))
    }
    expect(refused({ version: { block: 12n, app: 0n } })).toBe('header-version')
    expect(refused({ chainId: '' })).toBe('header-chain-id')
    expect(refused({ chainId: 'x'.repeat(51) })).toBe('header-chain-id')
    for (const height of [0n, -1n, 1n << 63n]) expect(refused({ height })).toBe('header-height')
    for (const time of [Timestamp.ZERO - 1n, Timestamp.MAX + 1n])
      expect(refused({ time })).toBe('header-time')
    expect(refused({ dataHash: new Uint8Array(31) })).toBe('header-field')
    expect(refused({ validatorsHash: new Uint8Array(0) })).toBe('header-field')
    expect(refused({ proposerAddress: new Uint8Array(19) })).toBe('header-field')
    const short = { hash: new Uint8Array(31), parts: { total: 1, hash: new Uint8Array(32) } }
    expect(refused({ lastBlockId: short })).toBe('header-field')
  })

  test('behavior: an engine of the caller answers instead of noble', () => {
    const it = block({ height: 2n })
    const prepared = value(LightClient.prepare(client(), { block: it, now: nowOf(it) }))
    expect(prepared.checks.length).toBe(3)
    expect(value(prepared.settle(Signatures.noble(prepared.checks))).latest.header.height).toBe(2n)
    expect(check(prepared.settle([true, false, true]))).toBe('signature')
    for (const answers of [[], [true, true], [true, true, true, true]])
      expect(check(prepared.settle(answers))).toBe('signature-answers')
    // Only `true` is a yes.
    expect(check(prepared.settle([true, true, 1 as unknown as boolean]))).toBe('signature')
  })

  test('behavior: it stops at more than two thirds', () => {
    const it = withVote(
      block({ height: 2n }),
      3,
      (vote) => ({ ...vote, signature: new Uint8Array(64) }) as never,
    )
    expect(judge(client(), it).ok).toBe(true)
  })

  test('error: a signature of nobody', () => {
    expect(
      check(
        Signatures.fold(
          [{} as Signatures.Check],
          Signatures.noble([
            { publicKey: new Uint8Array(31), message: new Uint8Array(0), signature: new Uint8Array(64) },
          ]),
        ),
      ),
    ).toBe('signature')
    expect(
      Signatures.noble([
        {
          publicKey: FOUR[0]?.publicKey as Uint8Array,
          message: new Uint8Array(0),
          signature: new Uint8Array(63),
        },
        {
          publicKey: new Uint8Array(32).fill(255),
          message: new Uint8Array(0),
          signature: new Uint8Array(64),
        },
      ]),
    ).toEqual([false, false])
  })
})

describe('next: bisection', () => {
  test('it reaches any target through any change of validators', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 24 }), fc.integer({ min: 1, max: 4 }), (target, speed) => {
        // Each `speed` blocks one of three validators leaves for a new one.
        const setOf = (height: bigint) => {
          const first = Number(height) / speed
          return keysOf(...[0, 1, 2].map((i) => 20 + Math.floor(first) + i))
        }
        const made = (height: bigint) =>
          block({ height, validators: setOf(height), next: setOf(height + 1n) })
        let state = value(LightClient.trust(anchor(made(1n), setOf(2n))))
        let refused: bigint[] = []
        let fetched = 0
        for (;;) {
          const plan = LightClient.next(state, BigInt(target), refused)
          if (plan.is !== 'fetch') {
            expect(plan.is).toBe('done')
            break
          }
          expect(++fetched).toBeLessThan(6 * target)
          const verdict = judge(state, made(plan.height), setOf(plan.height + 1n))
          if (verdict.ok) {
            state = verdict.value
            refused = []
          } else {
            expect(verdict.refusal.check).toBe('not-enough-trust')
            refused.push(plan.height)
          }
        }
        expect(LightClient.finalized(state).header.height).toBe(BigInt(target))
      }),
      { numRuns: Math.min(numRuns, 8) },
    )
  })

  test('it gives up where even the next block is refused', () => {
    expect(LightClient.next(client(), 9n, [9n, 5n, 3n, 2n])).toEqual({ is: 'impossible' })
    expect(LightClient.next(client(), 9n, [1n, 12n])).toEqual({ is: 'fetch', height: 9n })
    expect(LightClient.next(client(), 9n, [9n])).toEqual({ is: 'fetch', height: 5n })
    expect(LightClient.next(client(), 9n, [9n, 3n])).toEqual({ is: 'fetch', height: 2n })
    expect(LightClient.next(LightClient.freeze(client(), { height: 2n }), 9n)).toEqual({ is: 'impossible' })
  })
})

describe('A34: two validators, one address', () => {
  const EVIL = key(66, 51n)
  const GOOD = key(77, 50n)
  const set = ValidatorSet.from([EVIL, GOOD]) as readonly (typeof EVIL)[]

  test("GOOD's address replaced by EVIL's, who alone signs", () => {
    const it = block({ height: 2n, validators: set, votes: (i) => (i === 0 ? 'commit' : 'absent') })
    const state = value(LightClient.trust(anchor(block({ height: 1n, next: set }), set)))
    expect(check(judge(state, it))).toBe('not-enough-power')
    // The same vote under the other's index.
    const twice = withVote(it, 1, () => it.commit.signatures[0] as Commit.CommitSig)
    expect(check(judge(state, twice))).toBe('commit-address')
    const json = set.map(({ publicKey, power }) => ({
      address: hex(ValidatorSet.addressOf(EVIL.publicKey)),
      pub_key: { type: 'tendermint/PubKeyEd25519', value: btoa(String.fromCharCode(...publicKey)) },
      voting_power: String(power),
    }))
    expect(check(RpcJson.validators(json))).toBe('validators-address')
  })

  test('the same in protobuf', () => {
    const bytes = ValidatorSet.encode(set)
    const good = hex(bytes).indexOf(hex(ValidatorSet.addressOf(GOOD.publicKey))) / 2
    const forged = concat(
      bytes.subarray(0, good),
      ValidatorSet.addressOf(EVIL.publicKey),
      bytes.subarray(good + 20),
    )
    expect(value(ValidatorSet.decode(bytes))).toEqual(
      set.map(({ publicKey, power }) => ({ publicKey, power })),
    )
    expect(check(ValidatorSet.decode(forged))).toBe('validators-address')
  })

  test('one key twice', () => {
    expect(check(ValidatorSet.check([EVIL, EVIL]))).toBe('validators-duplicate')
    expect(check(ValidatorSet.check([EVIL, { ...EVIL, power: 1n }]))).toBe('validators-duplicate')
  })

  test('skipping: one validator at two places of the commit', () => {
    const it = block({ height: 9n, validators: keysOf(1, 5, 6) })
    const mine = it.commit.signatures.findIndex(
      (vote) => vote.flag !== 'absent' && hex(vote.address) === hex(ValidatorSet.addressOf(key(1).publicKey)),
    )
    const twice = withVote(it, (mine + 1) % 3, () => it.commit.signatures[mine] as Commit.CommitSig)
    expect(check(judge(client(), twice))).toBe('commit-duplicate')
  })
})

describe('A35: whose vote counts', () => {
  const votes = (...flags: readonly ('commit' | 'nil' | 'absent')[]) =>
    block({ height: 2n, votes: (i) => flags[i] ?? 'absent' })

  test('nil and absent votes count nothing', () => {
    expect(judge(client(), votes('commit', 'commit', 'commit', 'absent')).ok).toBe(true)
    expect(check(judge(client(), votes('commit', 'commit', 'nil', 'nil')))).toBe('not-enough-power')
    expect(check(judge(client(), votes('commit', 'commit', 'absent', 'absent')))).toBe('not-enough-power')
    expect(check(judge(client(), votes('nil', 'nil', 'nil', 'nil')))).toBe('not-enough-power')
  })

  test('a nil vote shown as one for the block', () => {
    const it = withVote(
      votes('commit', 'commit', 'nil', 'absent'),
      2,
      (vote) => ({ ...vote, flag: 'commit' }) as never,
    )
    expect(check(judge(client(), it))).toBe('signature')
  })

  test('an absent validator that has signed', () => {
    const { commit } = votes('commit', 'commit', 'commit', 'commit')
    // The kind of the first vote becomes `absent`, and the vote stays.
    const bytes = Commit.encode(commit)
    const at = hex(bytes).indexOf('08021214') / 2
    const forged = bytes.slice()
    forged[at + 1] = 1
    expect(check(Commit.decode(forged))).toBe('protobuf')
    expect(value(Commit.decode(bytes))).toEqual(commit)
  })

  test('a vote too many, a vote too few', () => {
    const it = block({ height: 2n })
    for (const signatures of [
      it.commit.signatures.slice(0, 3),
      [...it.commit.signatures, ...it.commit.signatures.slice(0, 1)],
    ])
      expect(check(judge(client(), { ...it, commit: { ...it.commit, signatures } }))).toBe('commit-size')
  })

  test('exactly two thirds, and exactly one third, are not enough', () => {
    const three = keysOf(1, 2, 3)
    const state = value(LightClient.trust(anchor(block({ height: 1n, next: three }), three)))
    const two = (i: number) => (i < 2 ? 'commit' : 'absent')
    expect(check(judge(state, block({ height: 2n, validators: three, votes: two })))).toBe('not-enough-power')
    expect(check(judge(state, block({ height: 5n, validators: keysOf(1, 7, 8) })))).toBe('not-enough-trust')
    expect(judge(state, block({ height: 5n, validators: keysOf(1, 2, 8) })).ok).toBe(true)
  })

  test('the threshold is exact for any power', () => {
    const power = fc.bigInt({ min: 1n, max: ValidatorSet.MAX_POWER / 8n })
    fc.assert(
      fc.property(
        fc.array(power, { minLength: 1, maxLength: 7 }),
        fc.array(fc.boolean()),
        (powers, signed) => {
          const set = ValidatorSet.from(
            powers.map((it, i) => ({ publicKey: new Uint8Array(32).fill(i), power: it })),
          )
          const table = value(ValidatorSet.check(set))
          const it = block({ height: 2n })
          const signatures = set.map(
            ({ publicKey }, i): Commit.CommitSig =>
              signed[i] === true
                ? {
                    flag: 'commit',
                    address: ValidatorSet.addressOf(publicKey),
                    time: 0n,
                    signature: new Uint8Array(64),
                  }
                : { flag: 'absent' },
          )
          const total = set.reduce((sum, each) => sum + each.power, 0n)
          const given = set.reduce((sum, each, i) => (signed[i] === true ? sum + each.power : sum), 0n)
          const commit = { ...it.commit, signatures }
          expect(Quorum.own(commit, table).ok).toBe(given * 3n > total * 2n)
          const third = { numerator: 1n, denominator: 3n }
          expect(Quorum.trusted(commit, table, third).ok).toBe(given * 3n > total)
        },
      ),
      { numRuns },
    )
  })

  test('power that is zero, negative or too much in all; more than 10,000 validators', () => {
    const one = (power: bigint) => ({ publicKey: key(1).publicKey, power })
    expect(check(ValidatorSet.check([one(0n)]))).toBe('validators-power')
    expect(check(ValidatorSet.check([one(-1n)]))).toBe('validators-power')
    expect(ValidatorSet.check([one(ValidatorSet.MAX_POWER)]).ok).toBe(true)
    expect(check(ValidatorSet.check([one(ValidatorSet.MAX_POWER), { ...key(2), power: 1n }]))).toBe(
      'validators-power',
    )
    expect(check(ValidatorSet.check([{ publicKey: new Uint8Array(31), power: 1n }]))).toBe('validators-key')
    const many = Array.from({ length: ValidatorSet.MAX_VALIDATORS + 1 }, () => one(1n))
    expect(check(ValidatorSet.check(many))).toBe('validators-count')
    const commit = block({ height: 2n }).commit
    const signatures = many.map((): Commit.CommitSig => ({ flag: 'absent' }))
    expect(check(Commit.check({ ...commit, signatures }))).toBe('commit-size')
  })
})

describe('A36: what is signed', () => {
  test('votes of another chain', () => {
    for (const chainId of ['', 'other', 'test-chain-2'])
      expect(check(judge(client(), block({ height: 2n, chainId })))).toBe('signature')
    expect(check(judge(client(), block({ height: 2n, header: { chainId: 'other' } })))).toBe('chain-id')
    expect(check(judge(client(), block({ height: 2n, header: { chainId: '' } })))).toBe('chain-id')
  })

  test('votes of another height, round, block or time', () => {
    const it = block({ height: 2n })
    const signedFor = (commit: Partial<Commit.Commit>) => {
      const { signatures } = block({ height: 2n, commit }).commit
      return check(judge(client(), { ...it, commit: { ...it.commit, signatures } }))
    }
    expect(signedFor({ height: 3n })).toBe('signature')
    expect(signedFor({ round: 1 })).toBe('signature')
    const { blockId } = it.commit
    expect(signedFor({ blockId: { ...blockId, parts: { ...blockId.parts, total: 2 } } })).toBe('signature')
    expect(
      check(
        judge(
          client(),
          withVote(it, 0, (vote) => ({ ...vote, time: 1n }) as never),
        ),
      ),
    ).toBe('signature')
  })

  test('a prevote, and a vote for no block, shown as precommits', () => {
    const it = block({ height: 2n })
    const { height, round, blockId } = it.commit
    const shown = (type: Vote.Vote['type'], signed: BlockId.BlockId) => {
      const signatures = it.commit.signatures.map((vote, i): Commit.CommitSig => {
        if (vote.flag === 'absent') return vote
        const message = Vote.signBytes(it.header.chainId, {
          type,
          height,
          round: BigInt(round),
          blockId: signed,
          time: vote.time,
        })
        return { ...vote, signature: ed25519.sign(message, (FOUR[i] as (typeof FOUR)[number]).secret) }
      })
      return judge(client(), { ...it, commit: { ...it.commit, signatures } })
    }
    expect(shown('precommit', blockId).ok).toBe(true)
    expect(check(shown('prevote', blockId))).toBe('signature')
    expect(check(shown('unknown', blockId))).toBe('signature')
    expect(check(shown('precommit', BlockId.ZERO))).toBe('signature')
  })

  test('heights, rounds and times out of range', () => {
    const { commit } = block({ height: 2n })
    const refused = (change: Partial<Commit.Commit>) => check(Commit.check({ ...commit, ...change }))
    for (const height of [0n, -1n, 1n << 63n]) expect(refused({ height })).toBe('commit-height')
    for (const round of [-1, 0.5, 2 ** 31]) expect(refused({ round })).toBe('commit-round')
    expect(refused({ signatures: [] })).toBe('commit-size')
    expect(refused({ blockId: { ...commit.blockId, hash: new Uint8Array(0) } })).toBe('commit-block-id')
    const vote = (change: object) =>
      refused({ signatures: [{ ...(commit.signatures[0] as object), ...change } as Commit.CommitSig] })
    expect(vote({ time: Timestamp.ZERO - 1n })).toBe('commit-time')
    expect(vote({ time: Timestamp.MAX + 1n })).toBe('commit-time')
    expect(vote({ signature: new Uint8Array(63) })).toBe('commit-vote')
    expect(vote({ address: new Uint8Array(21) })).toBe('commit-vote')
  })
})

describe('A37: time', () => {
  const skip = block({ height: 9n })
  const verdict = (now: bigint) => LightClient.apply(client(), { block: skip, now })
  const expires = GENESIS + SECOND + PERIOD

  test('the trusting period ends when it is over', () => {
    expect(verdict(expires - 1n).ok).toBe(true)
    expect(check(verdict(expires))).toBe('trusting-period')
    expect(check(verdict(expires + 1n))).toBe('trusting-period')
  })

  test('a header ahead of the clock', () => {
    const { time } = skip.header
    expect(verdict(time - 10n * SECOND + 1n).ok).toBe(true)
    expect(check(verdict(time - 10n * SECOND))).toBe('time-in-future')
    expect(check(verdict(time - 11n * SECOND))).toBe('time-in-future')
  })

  test('a header that is not later than the trusted one', () => {
    for (const before of [0n, 1n]) {
      const it = block({ height: 2n, header: { time: GENESIS + SECOND - before } })
      expect(check(judge(client(), it))).toBe('time-not-after')
    }
    expect(judge(client(), block({ height: 2n, header: { time: GENESIS + SECOND + 1n } })).ok).toBe(true)
  })

  test('addresses of the votes permuted, signatures in place', () => {
    const it = block({ height: 2n })
    const addresses = it.commit.signatures.map((vote) => (vote.flag === 'absent' ? undefined : vote.address))
    for (const [a, b] of [
      [0, 1],
      [2, 3],
      [0, 3],
    ] as const) {
      const swapped = withVote(
        withVote(it, a, (vote) => ({ ...vote, address: addresses[b] }) as never),
        b,
        (vote) => ({ ...vote, address: addresses[a] }) as never,
      )
      expect(check(judge(client(), swapped))).toBe('commit-address')
    }
  })

  test('times to the nanosecond, from year 1 to 9999', () => {
    for (const [text, time] of [
      ['0001-01-01T00:00:00Z', Timestamp.ZERO],
      ['9999-12-31T23:59:59.999999999Z', Timestamp.MAX],
      ['1969-12-31T23:59:59.999999999Z', -1n],
      ['2000-02-29T12:00:00.1Z', 951_825_600_100_000_000n],
    ] as const)
      expect(value(Timestamp.fromText(text))).toBe(time)
    for (const text of [
      '0000-01-01T00:00:00Z',
      '1900-02-29T00:00:00Z',
      '2023-02-29T00:00:00Z',
      '2023-13-01T00:00:00Z',
      '2023-00-01T00:00:00Z',
      '2023-01-00T00:00:00Z',
      '2023-01-01T24:00:00Z',
      '2023-01-01T00:60:00Z',
      '2023-01-01T00:00:60Z',
      '2023-01-01T00:00:00',
      '2023-01-01T00:00:00+00:00',
      '2023-01-01T00:00:00.0000000001Z',
      '10000-01-01T00:00:00Z',
    ])
      expect(check(Timestamp.fromText(text)), text).toBe('timestamp')
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(value(Timestamp.fromText(date.toISOString()))).toBe(BigInt(date.getTime()) * 1_000_000n)
        },
      ),
      { numRuns },
    )
  })
})

describe('A38: attacks on a light client', () => {
  const state = value(judge(client(), block({ height: 5n }), FOUR))
  const trusted = block({ height: 5n })
  const judged = (conflicting: LightBlock.LightBlock, against = trusted) =>
    Misbehaviour.verify(state, { trusted: against, conflicting, now: nowOf(trusted) })
  const addresses = (list: readonly Uint8Array[]) => list.map(hex).sort()
  const of = (...seeds: readonly number[]) =>
    seeds.map((seed) => hex(ValidatorSet.addressOf(key(seed).publicKey))).sort()

  test('lunatic: a state that never was; those who signed it are named', () => {
    const appHash = new Uint8Array(32).fill(9)
    const conflicting = block({
      height: 5n,
      header: { appHash },
      votes: (i) => (i === 3 ? 'absent' : 'commit'),
    })
    expect(check(judge(state, conflicting))).toBe('conflict')
    const evidence = value(judged(conflicting))
    expect(evidence).toMatchObject({ kind: 'lunatic', height: 5n, common: { height: 1n } })
    const signers = FOUR.slice(0, 3).map(({ publicKey }) => ValidatorSet.addressOf(publicKey))
    expect(addresses(evidence.byzantine)).toEqual(addresses(signers))
    const frozen = LightClient.freeze(state, evidence)
    expect(check(judge(frozen, block({ height: 6n })))).toBe('frozen')
  })

  test('equivocation: two blocks in one round', () => {
    const conflicting = block({ height: 5n, header: { dataHash: new Uint8Array(32).fill(9) } })
    const evidence = value(judged(conflicting))
    expect(evidence.kind).toBe('equivocation')
    expect(addresses(evidence.byzantine)).toEqual(of(1, 2, 3, 4))
  })

  test('amnesia: two blocks in different rounds accuse nobody', () => {
    const conflicting = block({
      height: 5n,
      header: { dataHash: new Uint8Array(32).fill(9) },
      commit: { round: 1 },
    })
    expect(value(judged(conflicting))).toMatchObject({ kind: 'amnesia', byzantine: [] })
  })

  test('a vote that is not its own accuses nobody', () => {
    const honest = block({ height: 5n, header: { dataHash: new Uint8Array(32).fill(9) } })
    const conflicting = withVote(honest, 3, (vote) => ({ ...vote, signature: new Uint8Array(64) }) as never)
    const evidence = value(judged(conflicting))
    expect(evidence.byzantine.length).toBe(3)
  })

  test('time that runs backwards between two blocks', () => {
    const conflicting = block({ height: 3n, header: { time: trusted.header.time } })
    expect(check(judge(state, conflicting))).toBe('conflict')
    expect(value(judged(conflicting))).toMatchObject({ kind: 'lunatic', height: 3n, trusted: { height: 5n } })
    const above = block({ height: 7n, header: { time: trusted.header.time } })
    expect(check(judge(state, above))).toBe('time-not-after')
    expect(value(judged(above))).toMatchObject({ kind: 'lunatic', height: 7n })
  })

  test('lunatic, from a block that came without its next validators', () => {
    const second = value(judge(client(), block({ height: 2n })))
    const third = value(judge(second, block({ height: 3n })))
    const conflicting = block({ height: 3n, header: { appHash: new Uint8Array(32).fill(9) } })
    const own = block({ height: 3n })
    const evidence = value(Misbehaviour.verify(third, { trusted: own, conflicting, now: nowOf(own) }))
    expect(addresses(evidence.byzantine)).toEqual(of(1, 2, 3, 4))
  })

  test('equivocation, where the votes for the trusted block came cut short', () => {
    const conflicting = block({ height: 5n, header: { dataHash: new Uint8Array(32).fill(9) } })
    const signatures = trusted.commit.signatures.slice(0, 3)
    const cut = { ...trusted, commit: { ...trusted.commit, signatures } }
    expect(value(judged(conflicting, cut))).toMatchObject({ kind: 'equivocation', byzantine: [] })
  })

  test('error: no attack, no votes, another trusted block', () => {
    expect(check(judged(trusted))).toBe('no-conflict')
    expect(check(judged(block({ height: 3n })))).toBe('no-conflict')
    const appHash = new Uint8Array(32).fill(9)
    const unsigned = block({ height: 5n, header: { appHash }, votes: (i) => (i < 2 ? 'commit' : 'nil') })
    expect(check(judged(unsigned))).toBe('not-enough-power')
    const forged = withVote(
      block({ height: 5n, header: { appHash } }),
      0,
      (vote) => ({ ...vote, time: 1n }) as never,
    )
    expect(check(judged(forged))).toBe('signature')
    expect(check(judged(unsigned, unsigned))).toBe('trusted-block')
    expect(check(judged(block({ height: 5n, header: { chainId: 'other' } })))).toBe('chain-id')
    const first = block({ height: 1n, header: { appHash } })
    expect(check(judged(first, block({ height: 1n })))).toBe('height-below-anchor')
    expect(check(judged(trusted, { ...trusted, validators: [] }))).toBe('validators-empty')
  })

  test('a proposer that is none of the validators; a total that is not theirs (ASA-2024-009)', () => {
    const bytes = ValidatorSet.encode(FOUR)
    const one = ValidatorSet.encode([key(1)])
    const stranger = ValidatorSet.encode([key(9)])
    const as = (tag: number, set: Uint8Array) => concat(Uint8Array.of(tag), set.subarray(1))
    expect(value(ValidatorSet.decode(concat(bytes, as(0x12, one)))).length).toBe(4)
    expect(check(ValidatorSet.decode(concat(bytes, as(0x12, stranger))))).toBe('validators-proposer')
    expect(ValidatorSet.decode(concat(bytes, Uint8Array.of(0x18, 40))).ok).toBe(true)
    expect(check(ValidatorSet.decode(concat(bytes, Uint8Array.of(0x18, 41))))).toBe('validators-total')
    const none = concat(bytes.subarray(0, bytes.length / 4 - 2), Uint8Array.of(0x18, 0))
    expect(check(ValidatorSet.decode(none))).toBe('protobuf')
    const powerless = bytes.slice(0, bytes.length / 4 - 2)
    powerless[1] = (powerless[1] as number) - 2
    expect(check(ValidatorSet.decode(powerless))).toBe('validators-power')
    const turned = concat(
      ...[3, 2, 1, 0].map((i) => bytes.subarray((i * bytes.length) / 4, ((i + 1) * bytes.length) / 4)),
    )
    expect(check(ValidatorSet.decode(turned))).toBe('validators-order')
  })
})

describe('A39: the client', () => {
  test('frozen', () => {
    const frozen = LightClient.freeze(client(), { height: 7n })
    expect(check(judge(frozen, block({ height: 2n })))).toBe('frozen')
    expect(check(LightClient.appHash(frozen, 0n))).toBe('frozen')
    expect(LightClient.freeze(frozen, { height: 9n }).frozen).toBe(7n)
    expect(LightClient.freeze(frozen, { height: 3n }).frozen).toBe(3n)
  })

  test('another revision of the chain', () => {
    const it = block({ height: 2n, header: { chainId: 'test-chain-2' }, chainId: 'test-chain-2' })
    expect(check(judge(client(), it))).toBe('revision')
    for (const [id, revision] of [
      ['cosmoshub-4', 4n],
      ['cosmoshub', 0n],
      ['a-b-12', 12n],
      ['a-0', 0n],
      ['a-01', 0n],
      ['a--1', 0n],
      ['-1', 0n],
      ['a-', 0n],
    ] as const)
      expect(Revision.of(id), id).toBe(revision)
    expect(Revision.sameChain('a-1', 'a-2')).toBe(true)
    expect(Revision.sameChain('a-1', 'b-1')).toBe(false)
  })

  test('a height that is not known yet', () => {
    const state = value(judge(client(), block({ height: 5n }), FOUR))
    expect(value(LightClient.appHash(state, 4n))).toEqual(block({ height: 5n }).header.appHash)
    expect(value(LightClient.appHash(state, 0n))).toEqual(block({ height: 1n }).header.appHash)
    for (const height of [1n, 3n, 5n, 6n])
      expect(check(LightClient.appHash(state, height))).toBe('height-unknown')
  })
})

describe('encodings', () => {
  const it = block({
    height: 2n,
    votes: (i) => (['commit', 'nil', 'absent', 'commit'] as const)[i] ?? 'absent',
  })
  const bytes = LightBlock.encode(it)

  test('round trip', () => {
    expect(value(LightBlock.decode(bytes))).toEqual(it)
    expect(check(LightBlock.decode(new Uint8Array(0)))).toBe('protobuf')
  })

  test('every changed bit of a signed block is refused', () => {
    const good = LightBlock.encode(block({ height: 2n, votes: (i) => (i === 3 ? 'absent' : 'commit') }))
    const reason = new Set<string>()
    const state = client()
    const step = Math.ceil((good.length * 8) / Math.min(numRuns * 2, 400))
    for (let bit = 0; bit < good.length * 8; bit += step) {
      const decoded = LightBlock.decode(flip(good, bit))
      const verdict = decoded.ok
        ? LightClient.apply(state, { block: decoded.value, now: nowOf(it) })
        : decoded
      expect(verdict.ok, `bit ${bit}`).toBe(false)
      reason.add(check(verdict))
    }
    expect(reason.size).toBeGreaterThan(4)
  })

  test('decoders are total', () => {
    const decoders = [LightBlock.decode, Header.decode, Commit.decode, ValidatorSet.decode]
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length)).map(([at, byte, length]) => {
            const out = bytes.slice(0, length)
            if (at < length) out[at] = byte
            return out
          }),
        ),
        (input) => {
          for (const decode of decoders) {
            const verdict = decode(input)
            if (verdict.ok && decode === Header.decode)
              expect(hex(Header.encode(verdict.value as Header.Header))).toBe(hex(input))
            if (verdict.ok && decode === Commit.decode)
              expect(hex(Commit.encode(verdict.value as Commit.Commit))).toBe(hex(input))
          }
        },
      ),
      { numRuns },
    )
  })

  test('a number that is cut off, or longer than it needs to be', () => {
    for (const height of [
      [0x80],
      [0xff, 0xff],
      [0x80, 0],
      new Array(10).fill(0xff),
      [...new Array(9).fill(0xff), 2],
    ])
      expect(check(Commit.decode(Uint8Array.of(0x08, ...height)))).toBe('protobuf')
  })

  test('a vote of unknown kind', () => {
    for (const flag of [4, 0x7f]) {
      const vote = Uint8Array.of(0x1a, 2, 0x12, 0, 0x22, 6, 0x08, flag, 0x1a, 2, 0x08, 1)
      expect(check(Commit.decode(vote))).toBe('protobuf')
    }
  })

  test('error: JSON of another form', () => {
    const json = {
      version: { block: '11', app: 1 },
      chain_id: 'a',
      height: '2',
      time: '2020-01-01T00:00:00Z',
      last_block_id: { hash: '', parts: { total: 0, hash: '' } },
    }
    expect(value(RpcJson.header(json))).toMatchObject({ height: 2n, version: { block: 11n, app: 1n } })
    for (const change of [
      { height: '02' },
      { height: '-0' },
      { height: 2.5 },
      { height: {} },
      { height: '9223372036854775808' },
      { height: '1'.repeat(30) },
      { chain_id: 1 },
      { data_hash: '0' },
      { data_hash: 'zz' },
      { version: null },
      { version: [] },
      { last_block_id: 'x' },
    ])
      expect(check(RpcJson.header({ ...json, ...change })), JSON.stringify(change)).toBe('json')
    expect(check(RpcJson.header({ ...json, time: '2020-01-01' }))).toBe('timestamp')
    const commit = { height: '1', round: 0, block_id: null, signatures: null }
    expect(value(RpcJson.commit(commit)).signatures).toEqual([])
    const own = block({ height: 2n }).commit.blockId
    for (const named of ['parts', 'part_set_header'] as const) {
      const json = { hash: hex(own.hash), [named]: { total: own.parts.total, hash: hex(own.parts.hash) } }
      expect(value(RpcJson.commit({ ...commit, block_id: json })).blockId).toEqual(own)
    }
    const { block_id: _, ...unnamed } = commit
    expect(value(RpcJson.commit(unnamed)).blockId).toEqual(BlockId.ZERO)
    const vote = {
      validator_address: '00'.repeat(20),
      timestamp: '2020-01-01T00:00:00Z',
      signature: 'AAAA',
    }
    const kinds = [{ block_id_flag: 1 }, { ...vote, block_id_flag: 2 }, { ...vote, block_id_flag: 3 }]
    const read = value(RpcJson.commit({ ...commit, signatures: kinds })).signatures
    expect(read.map(({ flag }) => flag)).toEqual(['absent', 'commit', 'nil'])
    for (const signatures of [
      {},
      [{ block_id_flag: 0 }],
      [{ block_id_flag: 4 }],
      [{ block_id_flag: 1, signature: 'AAAA' }],
      [{ block_id_flag: 1, validator_address: '00' }],
      [{ block_id_flag: 2, timestamp: '2020-01-01T00:00:00Z', signature: '*' }],
    ])
      expect(check(RpcJson.commit({ ...commit, signatures }))).toBe('json')
    const secp = {
      address: '',
      pub_key: { type: 'tendermint/PubKeySecp256k1', value: '' },
      voting_power: '1',
    }
    expect(check(RpcJson.validators([secp]))).toBe('json')
    expect(check(RpcJson.validators({ validators: Array.from({ length: 10_001 }) }))).toBe('json')
    expect(check(RpcJson.lightBlock({ signed_header: {}, validator_set: {} }))).toBe('json')
    const set = { validators: [{ ...secp, pub_key: { type: 'tendermint/PubKeyEd25519', value: '' } }] }
    expect(check(RpcJson.lightBlock({ signed_header: {}, validator_set: set }))).toBe('validators-address')
  })

  test('what is no JSON at all keeps its own error', () => {
    const own = new Error('own')
    const json = {
      get version(): unknown {
        throw own
      },
    }
    expect(() => RpcJson.header(json)).toThrow(own)
  })

  test('the JSON reader is total', () => {
    const readers = [RpcJson.header, RpcJson.commit, RpcJson.validators, RpcJson.lightBlock]
    fc.assert(
      fc.property(fc.jsonValue(), (input) => {
        for (const read of readers) expect(typeof read(input).ok).toBe('boolean')
      }),
      { numRuns },
    )
  })

  test('one encoding: what is longer, out of order, repeated or unknown is refused', () => {
    const header = Header.encode(it.header)
    expect(header.slice(0, 6)).toEqual(Uint8Array.of(0x0a, 4, 0x08, 11, 0x10, 1))
    const forms = {
      'long varint': concat(Uint8Array.of(0x0a, 5, 0x08, 0x8b, 0, 0x10, 1), header.slice(6)),
      'zero written': concat(Uint8Array.of(0x0a, 4, 0x08, 11, 0x10, 0), header.slice(6)),
      'out of order': concat(Uint8Array.of(0x0a, 4, 0x10, 1, 0x08, 11), header.slice(6)),
      repeated: concat(Uint8Array.of(0x0a, 6, 0x08, 11, 0x10, 1, 0x10, 1), header.slice(6)),
      unknown: concat(header, Uint8Array.of(0x78, 1)),
      trailing: concat(header, Uint8Array.of(0)),
      'too large': concat(
        Uint8Array.of(0x0a, 13, 0x08, ...new Uint8Array(9).fill(255), 2, 0x10, 1),
        header.slice(6),
      ),
      'cut off': header.slice(0, -1),
      'no last block': header.slice(0, 6),
    }
    for (const [name, form] of Object.entries(forms))
      expect(check(Header.decode(form)), name).toBe('protobuf')
    const bad = Header.encode({ ...it.header, chainId: 'aa' })
    const at = hex(bad).indexOf('12026161') / 2
    bad[at + 2] = 0xff
    expect(check(Header.decode(bad))).toBe('protobuf')
  })

  test('a nanosecond too many, and a year too many', () => {
    const late = (seconds: bigint, nanos: number[]) => {
      const digits: number[] = []
      for (let rest = seconds; rest > 0n; rest >>= 7n)
        digits.push(Number(rest & 127n) | (rest > 127n ? 128 : 0))
      const time = [0x08, ...digits, ...(nanos.length > 0 ? [0x10, ...nanos] : [])]
      return check(
        Commit.decode(
          Uint8Array.of(0x1a, 2, 0x12, 0, 0x22, time.length + 4, 0x08, 2, 0x1a, time.length, ...time),
        ),
      )
    }
    expect(late(1n, [0x80, 0x94, 0xeb, 0xdc, 3])).toBe('protobuf')
    expect(late(253_402_300_800n, [])).toBe('protobuf')
    const fine = Uint8Array.of(0x1a, 2, 0x12, 0, 0x22, 6, 0x08, 2, 0x1a, 2, 0x08, 1)
    expect(Commit.decode(fine).ok).toBe(true)
  })
})

describe('A52: a fresh verifier accepts nothing', () => {
  test('no hash but that of the trusted header starts a client', () => {
    const trusted = anchor()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (hash) => {
        expect(check(LightClient.trust({ ...trusted, hash }))).toBe('anchor-hash')
      }),
      { numRuns },
    )
  })
})
