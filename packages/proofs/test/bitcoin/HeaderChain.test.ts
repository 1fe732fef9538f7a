import { BlockHeader, CompactTarget, Consensus, Hash256, HeaderChain } from '@aitbc/proofs/bitcoin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ofEach80 } from '../../src/internal/sha256d.js'
import { check, concat, flip, hex, refusal, unhex, value } from '../helpers.js'
import { consensusOf, fresh, mine, mineMany, NOW, START } from './world.js'

const EASY = 0x207fffff
const at = (state: HeaderChain.State) => ({ hash: state.best.hash, time: state.best.time })
const apply = (state: HeaderChain.State, headers: Uint8Array, now = NOW) =>
  HeaderChain.apply(state, { headers, now })

describe('CompactTarget', () => {
  test('default: the examples of Bitcoin Core (arith_uint256_tests, bignum_SetCompact)', () => {
    for (const [bits, target] of [
      [0x01120000, 0x12n],
      [0x02123400, 0x1234n],
      [0x03123456, 0x123456n],
      [0x04123456, 0x12345600n],
      [0x05009234, 0x92340000n],
      [0x20123456, 0x123456n << 232n],
    ] as const) {
      expect(value(CompactTarget.decode(bits))).toBe(target)
      expect(CompactTarget.encode(target)).toBe(bits)
    }
    expect(CompactTarget.encode(0x80n)).toBe(0x02008000)
    expect(CompactTarget.encode(0n)).toBe(0)
  })

  test.each([
    ['target-negative', 0x01fedcba],
    ['target-negative', 0x04923456],
    ['target-overflow', 0xff123456],
    ['target-overflow', 0x21010000],
    ['target-overflow', 0x22000100],
    ['target-overflow', 0x23000001],
    ['target-zero', 0x00000000],
    ['target-zero', 0x00123456],
    ['target-zero', 0x01003456],
    ['target-zero', 0x04000000],
    ['target-zero', 0x04800000],
  ] as const)('A5: %s: nBits %i', (name, bits) => {
    expect(check(CompactTarget.decode(bits))).toBe(name)
  })

  test('the largest targets that fit', () => {
    for (const bits of [0x22000001, 0x220000ff, 0x21000100, 0x2100ffff, 0x20010000, 0x207fffff])
      expect(CompactTarget.decode(bits).ok).toBe(true)
  })

  test('property: decode ∘ encode keeps every target that 24 bits can hold', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fffff }), fc.integer({ min: 0, max: 29 }), (word, shift) => {
        const target = BigInt(word) << BigInt(8 * shift)
        expect(value(CompactTarget.decode(CompactTarget.encode(target)))).toBe(target)
      }),
    )
  })
})

describe('BlockHeader', () => {
  test('error: another length than 80 bytes', () => {
    for (const length of [0, 79, 81, 160])
      expect(check(BlockHeader.decode(new Uint8Array(length)))).toBe('header-length')
  })

  test('property: 80 bytes and a header are one to one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 80, maxLength: 80 }), (raw) => {
        expect(BlockHeader.encode(value(BlockHeader.decode(raw)))).toEqual(raw)
      }),
    )
  })

  test('A5: a hash that equals the target meets it', () => {
    const hash = Uint8Array.from({ length: 32 }, (_, i) => i)
    expect(BlockHeader.meets(hash, hash)).toBe(true)
    expect(BlockHeader.meets(hash, flip(hash, 8))).toBe(false)
  })

  test('A5: work is checked against the limit and the target', () => {
    const { genesis, powLimit } = Consensus.mainnet
    expect(hex(value(BlockHeader.verifyWork(genesis, powLimit)).hash)).toBe(hex(BlockHeader.hash(genesis)))
    expect(check(BlockHeader.verifyWork({ ...genesis, bits: EASY }, powLimit))).toBe('target-limit')
    expect(check(BlockHeader.verifyWork({ ...genesis, nonce: 1 }, powLimit))).toBe('proof-of-work')
    expect(check(BlockHeader.verifyWork({ ...genesis, bits: 0x04923456 }, powLimit))).toBe('target-negative')
  })
})

describe('HeaderChain', () => {
  test('default: headers extend the best chain; the newest with enough confirmations is final', () => {
    const state = value(apply(fresh(), mineMany(at(fresh()), 10)))
    expect(state.best.height).toBe(10)
    expect(HeaderChain.finalized(state).height).toBe(5)
    expect(HeaderChain.finalized(fresh()).height).toBe(0)
    expect(HeaderChain.depth(state, state.best)).toBe(1n)
    expect(HeaderChain.find(state, Hash256.of(BlockHeader.encode(Consensus.regtest.genesis)))?.height).toBe(0)
    expect(HeaderChain.find(state, new Uint8Array(32))).toBeUndefined()
    // All of one difficulty: a run of ten, with no work before it.
    expect([state.best.workBefore, state.best.run]).toEqual([0n, 10])
    // With fewer than six confirmations nothing but the anchor is final.
    expect(HeaderChain.finalized(value(apply(fresh(), mineMany(at(fresh()), 3)))).height).toBe(0)
    // Median of the times of heights 0 to 10.
    expect(HeaderChain.medianTime(state, state.best)).toBe(BigInt(START + 5 * 600))
  })

  test('behavior: state is a value: an older one stays what it was', () => {
    const before = fresh()
    const after = value(apply(before, mineMany(at(before), 3)))
    expect([before.best.height, before.tips.length, after.best.height]).toEqual([0, 1, 3])
  })

  test('behavior: known headers change nothing, and may lead to new ones', () => {
    const headers = mineMany(at(fresh()), 6)
    const state = value(apply(fresh(), headers.subarray(0, 240)))
    expect(value(apply(state, headers.subarray(0, 240)))).toBe(state)
    const longer = value(apply(state, headers))
    expect([longer.best.height, longer.tips.length]).toEqual([6, 1])
    expect(value(apply(state, new Uint8Array(0)))).toBe(state)
  })

  test('error: known headers that don’t follow each other', () => {
    const headers = mineMany(at(fresh()), 6)
    const state = value(apply(fresh(), headers))
    const gap = concat(headers.subarray(0, 80), headers.subarray(160, 240))
    expect(refusal(apply(state, gap))).toMatchObject({ check: 'header-link', context: { index: 1 } })
  })

  test('error: header-length, header-link', () => {
    const headers = mineMany(at(fresh()), 3)
    expect(check(apply(fresh(), headers.subarray(0, 200)))).toBe('header-length')
    expect(check(apply(fresh(), headers.subarray(80)))).toBe('header-link')
    const gap = concat(headers.subarray(0, 80), headers.subarray(160))
    const refused = apply(fresh(), gap)
    expect(check(refused)).toBe('header-link')
    expect(!refused.ok && refused.refusal.context?.['index']).toBe(1)
  })

  test('A5: proof of work, difficulty and limit', () => {
    const rules = consensusOf(0x1f00ffff)
    const start = fresh(rules)
    const header = mine({ previous: start.best.hash, time: BigInt(START + 600), bits: 0x1f00ffff })
    expect(value(apply(start, header)).best.height).toBe(1)
    expect(check(apply(start, flip(header, 79 * 8)))).toBe('proof-of-work')
    for (const bits of [0x1f00fffe, 0x1f010000, EASY, 0, 0x1f80ffff, 0xff00ffff]) {
      const other = header.slice()
      new DataView(other.buffer).setUint32(72, bits, true)
      expect(check(apply(start, other))).toBe('header-bits')
    }
  })

  test('A5: an anchor with an impossible target', () => {
    const anchor = HeaderChain.genesis(Consensus.mainnet)
    const at = { ...anchor, height: 1n, previousTimes: [1n] }
    for (const [name, bits] of [
      ['target-negative', 0x04923456],
      ['target-overflow', 0xff123456],
      ['target-zero', 0],
      ['target-limit', 0x1d010000],
    ] as const)
      expect(check(HeaderChain.trust({ ...at, bits }))).toBe(name)
  })

  test('A5: time: later than the median of eleven, at most two hours ahead of the clock', () => {
    const state = value(apply(fresh(), mineMany(at(fresh()), 11)))
    const median = HeaderChain.medianTime(state, state.best)
    const with_ = (time: bigint, now = NOW) =>
      apply(state, mine({ previous: state.best.hash, time, bits: EASY }), now)
    expect(check(with_(median))).toBe('time-too-old')
    expect(with_(median + 1n).ok).toBe(true)
    expect(with_(NOW + 7200n).ok).toBe(true)
    expect(check(with_(NOW + 7201n))).toBe('time-too-new')
    expect(check(with_(median + 1n, 0n))).toBe('time-too-new')
  })

  test('A5: the median moves on from header to header of one update', () => {
    const judge = (state: HeaderChain.State, count: number, of: number) => {
      const headers = mineMany(at(state), count)
      const previous = Hash256.of(headers.subarray(-80))
      const next = (time: number) =>
        apply(state, concat(headers, mine({ previous, time: BigInt(time), bits: EASY })))
      // The sixth of the newest eleven.
      expect(check(next(START + of * 600))).toBe('time-too-old')
      expect(next(START + of * 600 + 1).ok).toBe(true)
    }
    judge(fresh(), 1, 1)
    judge(fresh(), 2, 1)
    judge(fresh(), 9, 5)
    judge(fresh(), 10, 5)
    judge(fresh(), 11, 6)
    judge(fresh(), 13, 8)
    const later = value(apply(fresh(), mineMany(at(fresh()), 12)))
    judge(later, 1, 8)
    judge(later, 2, 9)
  })

  test('A5: the median is of eleven times and no more', () => {
    const anchor: HeaderChain.Anchor = {
      ...HeaderChain.genesis(Consensus.regtest),
      height: 15n,
      hash: new Uint8Array(32).fill(1),
    }
    const after = (times: Pick<HeaderChain.Anchor, 'time' | 'previousTimes'>, count: number) => {
      const state = value(HeaderChain.trust({ ...anchor, ...times }))
      const extended = value(apply(state, mineMany({ hash: anchor.hash, time: START }, count)))
      return HeaderChain.medianTime(extended, extended.best)
    }
    const start = BigInt(START)
    const nine = Array.from({ length: 9 }, (_, i) => start + BigInt(10 * i))
    // The oldest, far ahead, would move the median by one.
    expect(after({ time: start + 90n, previousTimes: [start + 9999n, ...nine] }, 1)).toBe(start + 50n)
    const ten = new Array<bigint>(10).fill(start)
    expect(after({ time: start + 99_999n, previousTimes: ten }, 11)).toBe(start + 6n * 600n)
  })

  test('A5: the median before an anchor comes with the anchor', () => {
    const headers = mineMany(at(fresh()), 20)
    const full = value(apply(fresh(), headers))
    const anchor = value(
      HeaderChain.anchorOf({
        consensus: Consensus.regtest,
        height: 15n,
        headers: headers.subarray(4 * 80, 15 * 80),
        period: { time: BigInt(START), bits: EASY },
      }),
    )
    const state = value(
      apply(value(HeaderChain.trust({ ...anchor, realBits: EASY })), headers.subarray(15 * 80)),
    )
    expect(hex(state.best.hash)).toBe(hex(full.best.hash))
    expect(HeaderChain.medianTime(state, state.best)).toBe(HeaderChain.medianTime(full, full.best))
    const first = value(HeaderChain.trust(anchor)).best
    expect(HeaderChain.medianTime(state, first)).toBe(BigInt(START + 10 * 600))
  })

  test('error: anchors that lack what later headers depend on', () => {
    const headers = mineMany(at(fresh()), 20)
    const options = { consensus: Consensus.regtest, height: 15n, period: { time: BigInt(START), bits: EASY } }
    const cut = HeaderChain.anchorOf({ ...options, headers: headers.subarray(10 * 80, 15 * 80) })
    expect(check(HeaderChain.trust(value(cut)))).toBe('anchor-times')
    const torn = concat(headers.subarray(3 * 80, 4 * 80), headers.subarray(5 * 80, 15 * 80))
    expect(check(HeaderChain.anchorOf({ ...options, headers: torn }))).toBe('header-link')
    for (const length of [0, 81])
      expect(check(HeaderChain.anchorOf({ ...options, headers: headers.subarray(0, length) }))).toBe(
        'anchor-headers',
      )
    expect(
      check(
        HeaderChain.anchorOf({ consensus: Consensus.regtest, height: 15n, headers: headers.subarray(0, 80) }),
      ),
    ).toBe('anchor-headers')
    const whole = value(HeaderChain.anchorOf({ ...options, headers: headers.subarray(4 * 80, 15 * 80) }))
    expect(check(HeaderChain.trust({ ...whole, height: -1n }))).toBe('anchor-height')
    expect(check(HeaderChain.trust({ ...whole, height: 2016n, period: { time: 1n, bits: EASY } }))).toBe(
      'anchor-period',
    )
    // Beyond the genesis block nothing else says that there is a hash.
    for (const hash of [new Uint8Array(32), new Uint8Array(31).fill(1), new Uint8Array(0)])
      expect(check(HeaderChain.trust({ ...whole, hash }))).toBe('anchor-hash')
    expect(HeaderChain.trust({ ...whole, hash: new Uint8Array(32).fill(1, 31) }).ok).toBe(true)
    expect(HeaderChain.trust({ ...whole, height: 0x7fff_ffffn }).ok).toBe(true)
    const other = { time: whole.time, bits: 0x2007ffff }
    expect(check(HeaderChain.trust({ ...whole, height: 2016n, period: other }))).toBe('anchor-period')
    const testnet = consensusOf(EASY, { minDifficulty: true, retarget: true })
    expect(check(HeaderChain.trust({ ...whole, consensus: testnet }))).toBe('anchor-real-bits')
    // Only the 20-minute rule's blocks hide it: neither a harder one nor the first of a period.
    expect(HeaderChain.trust({ ...whole, consensus: testnet, bits: 0x2007ffff }).ok).toBe(true)
    const { time, bits } = whole
    const first = { ...whole, consensus: testnet, height: 2016n, period: { time, bits } }
    expect(HeaderChain.trust(first).ok).toBe(true)
  })

  test('A52: a verifier without an anchor accepts nothing', () => {
    const anchor = HeaderChain.genesis(Consensus.mainnet)
    expect(check(HeaderChain.trust({ ...anchor, hash: new Uint8Array(32) }))).toBe('anchor-hash')
    expect(check(HeaderChain.trust({ ...anchor, hash: new Uint8Array(0) }))).toBe('anchor-hash')
    expect(check(HeaderChain.trust({ ...anchor, hash: new Uint8Array(32).fill(1) }))).toBe('anchor-hash')
  })

  test('A6: headers with valid work of another chain', () => {
    const regtest = mineMany(at(fresh()), 6)
    expect(check(apply(fresh(Consensus.mainnet), regtest))).toBe('header-link')
    // Relabelled as mainnet's successor: the work is regtest's.
    const { hash, time } = fresh(Consensus.mainnet).best
    const forged = mine({ previous: hash, time: BigInt(time + 600), bits: EASY })
    expect(check(apply(fresh(Consensus.mainnet), forged))).toBe('header-bits')
    // The same genesis header under other rules is another network.
    const anchor = { ...HeaderChain.genesis(Consensus.regtest), consensus: Consensus.mainnet }
    expect(check(HeaderChain.trust(anchor))).toBe('anchor-hash')
  })

  test('A6: a lighter branch never becomes the best', () => {
    const start = fresh()
    const honest = value(apply(start, mineMany(at(start), 8)))
    const both = value(apply(honest, mineMany(at(start), 6, EASY, 700)))
    expect(hex(both.best.hash)).toBe(hex(honest.best.hash))
    expect(both.tips.length).toBe(2)
    const side = both.tips.find((tip) => tip !== both.best) as HeaderChain.Block
    expect(HeaderChain.isBest(both, side)).toBe(false)
    expect(HeaderChain.depth(both, side)).toBe(0n)
    // It overtakes once it has more work, and only then.
    const equal = value(apply(both, mineMany(side, 2, EASY, 700)))
    expect(hex(equal.best.hash)).toBe(hex(honest.best.hash))
    const tip = equal.tips.find((block) => block !== equal.best) as HeaderChain.Block
    const more = value(apply(equal, mineMany(tip, 1, EASY, 700)))
    expect(more.best.height).toBe(9)
    expect(HeaderChain.depth(more, honest.best)).toBe(0n)
  })

  test('A5: most work, not most headers', () => {
    // The 20-minute rule makes a long branch of easy blocks beside a short one of hard ones.
    const HARD = 0x2007ffff
    const rules = {
      ...consensusOf(EASY),
      minDifficulty: true,
      genesis: { ...Consensus.regtest.genesis, bits: HARD },
    }
    const start = fresh(rules)
    const short = value(apply(start, mineMany(at(start), 2, HARD, 600)))
    const both = value(apply(short, mineMany(at(start), 9, EASY, 1201)))
    expect(both.best.height).toBe(2)
    expect(Math.max(...both.tips.map((tip) => tip.height))).toBe(9)
  })

  test('A5: the 20-minute rule holds on test networks only', () => {
    const HARD = 0x2007ffff
    const genesis = { ...Consensus.regtest.genesis, bits: HARD }
    const test3 = { ...consensusOf(EASY), minDifficulty: true, genesis }
    const main = { ...consensusOf(EASY), minDifficulty: false, genesis }
    const next = (rules: Consensus.Consensus, bits: number, after: number) =>
      apply(fresh(rules), mine({ previous: BlockHeader.hash(genesis), time: BigInt(START + after), bits }))
    expect(next(test3, EASY, 1201).ok).toBe(true)
    expect(check(next(test3, EASY, 1200))).toBe('header-bits')
    expect(check(next(test3, HARD, 1201))).toBe('header-bits')
    expect(next(test3, HARD, 1200).ok).toBe(true)
    expect(check(next(main, EASY, 1201))).toBe('header-bits')
    expect(next(main, HARD, 1201).ok).toBe(true)
    // After an easy block the real difficulty is back.
    const easy = value(next(test3, EASY, 1201))
    expect(apply(easy, mineMany(at(easy), 1, HARD)).ok).toBe(true)
    expect(check(apply(easy, mineMany(at(easy), 1, EASY)))).toBe('header-bits')
    for (const rules of [Consensus.mainnet, Consensus.signet]) expect(rules.minDifficulty).toBe(false)
  })

  test('A5: a period’s real difficulty is that of its first block, though it be the easiest', () => {
    const rules = consensusOf(EASY, { retarget: true, minDifficulty: true })
    const last = BigInt(START) + 10n ** 7n
    const previousTimes = Array.from({ length: 10 }, (_, i) => last - 600n * BigInt(10 - i))
    for (const [bits, span, next] of [
      // Twice as easy, as the period took twice as long; and as easy as can be.
      [0x2007ffff, 2n * 1_209_600n, 0x200ffffe],
      [0x203fffff, 8n * 1_209_600n, EASY],
    ] as const) {
      const anchor: HeaderChain.Anchor = {
        consensus: rules,
        height: 2015n,
        hash: new Uint8Array(32).fill(1),
        time: last,
        bits,
        previousTimes,
        period: { time: last - span, bits },
      }
      const state = value(HeaderChain.trust(anchor))
      const first = value(apply(state, mineMany(at(state), 1, next)))
      expect([first.best.realBits, first.best.period.bits]).toEqual([next, next])
      expect(check(apply(first, mineMany(at(first), 1, bits)))).toBe('header-bits')
      const easy = value(apply(first, mineMany(at(first), 1, EASY, 1201)))
      expect(easy.best.realBits).toBe(next)
      expect(apply(easy, mineMany(at(easy), 1, next)).ok).toBe(true)
    }
  })

  test('A5: retarget counts 2015 intervals as 2016', () => {
    const rules = consensusOf(EASY, { retarget: true })
    const headers = mineMany(at(fresh(rules)), 2015, EASY, 500)
    const state = value(apply(fresh(rules), headers))
    const limit = rules.powLimit
    const right = CompactTarget.encode((limit * (2015n * 500n)) / 1_209_600n)
    const wrong = CompactTarget.encode((limit * (2016n * 500n)) / 1_209_600n)
    expect(right).not.toBe(wrong)
    const next = (bits: number) =>
      apply(state, mine({ previous: state.best.hash, time: BigInt(state.best.time + 500), bits }))
    expect(value(next(right)).best.height).toBe(2016)
    expect(check(next(wrong))).toBe('header-bits')
    expect(check(next(EASY))).toBe('header-bits')
    // Regtest never retargets.
    expect(apply(value(apply(fresh(), headers)), mineMany(at(state), 1, EASY, 500)).ok).toBe(true)
  })

  test('A5: retarget is bounded by a factor of four and by the limit', () => {
    const bits = 0x1c00ffff
    const target = value(CompactTarget.decode(bits))
    const of = (last: bigint) => HeaderChain.retarget(Consensus.mainnet, { bits, first: 0n, last })
    expect(of(1_209_600n)).toBe(bits)
    expect(of(1n)).toBe(CompactTarget.encode(target / 4n))
    expect(of(-5n)).toBe(CompactTarget.encode(target / 4n))
    expect(of(10n ** 9n)).toBe(CompactTarget.encode(target * 4n))
    expect(HeaderChain.retarget(Consensus.mainnet, { bits: 0x1d00ffff, first: 0n, last: 10n ** 9n })).toBe(
      0x1d00ffff,
    )
  })

  test('A5: BIP-94 forbids a period that starts 600 s before its predecessor, and retargets from its first block', () => {
    const rules = consensusOf(EASY, { retarget: true, bip94: true })
    const state = value(apply(fresh(rules), mineMany(at(fresh(rules)), 2015, EASY, 600)))
    const bits = HeaderChain.retarget(rules, {
      bits: EASY,
      first: BigInt(START),
      last: BigInt(state.best.time),
    })
    const next = (time: number) => apply(state, mine({ previous: state.best.hash, time: BigInt(time), bits }))
    expect(check(next(state.best.time - 601))).toBe('time-warp')
    expect(next(state.best.time - 600).ok).toBe(true)
  })

  test('A5: BIP-54 forbids a period that starts 7200 s before its predecessor, or ends before it started', () => {
    const rules = consensusOf(EASY, { retarget: true, bip54: true })
    const start = fresh(rules)
    const most = value(apply(start, mineMany(at(start), 2014, EASY, 600)))
    const end = (time: number) =>
      apply(most, mine({ previous: most.best.hash, time: BigInt(time), bits: EASY }))
    const whole = value(end(most.best.time + 600))
    const bits = HeaderChain.retarget(rules, {
      bits: EASY,
      first: BigInt(START),
      last: BigInt(whole.best.time),
    })
    const next = (time: number) => apply(whole, mine({ previous: whole.best.hash, time: BigInt(time), bits }))
    // The median of eleven headers of one hour is older than that.
    const slow = value(apply(start, mineMany(at(start), 2015, EASY, 3600)))
    const slowBits = HeaderChain.retarget(rules, {
      bits: EASY,
      first: BigInt(START),
      last: BigInt(slow.best.time),
    })
    const after = (time: number) =>
      apply(slow, mine({ previous: slow.best.hash, time: BigInt(time), bits: slowBits }))
    expect(check(after(slow.best.time - 7201))).toBe('time-warp')
    expect(after(slow.best.time - 7200).ok).toBe(true)
    expect(next(whole.best.time - 600).ok).toBe(true)
    // Times that stand still, and a first block far ahead of them.
    const anchor: HeaderChain.Anchor = {
      ...whole.anchor,
      height: 2014n,
      hash: most.best.hash,
      time: BigInt(START),
      previousTimes: new Array<bigint>(10).fill(BigInt(START)),
      period: { time: BigInt(START + 100), bits: EASY },
    }
    const late = value(HeaderChain.trust(anchor))
    const last = (time: number) =>
      apply(late, mine({ previous: late.best.hash, time: BigInt(time), bits: EASY }))
    expect(check(last(START + 99))).toBe('time-warp')
    expect(last(START + 100).ok).toBe(true)
  })

  test('A5: a difficulty that runs out refuses what follows', () => {
    const rules = consensusOf(EASY, { retarget: true })
    const genesis = HeaderChain.genesis(rules)
    const anchor: HeaderChain.Anchor = {
      ...genesis,
      height: 2015n,
      hash: new Uint8Array(32).fill(1),
      bits: 0x01010000,
      previousTimes: new Array<bigint>(10).fill(genesis.time),
      period: { time: genesis.time, bits: 0x01010000 },
    }
    const state = value(HeaderChain.trust(anchor))
    const header = BlockHeader.encode({
      version: 4,
      previous: anchor.hash,
      merkleRoot: new Uint8Array(32),
      time: genesis.time + 1n,
      bits: 0,
      nonce: 0,
    })
    expect(check(apply(state, header))).toBe('target-zero')
    expect(HeaderChain.retarget(rules, { bits: 0, first: 0n, last: 1n })).toBe(0)
  })

  test('behavior: an anchor at a period boundary is the first of its period, and keeps what else it is given', () => {
    const rules = consensusOf(EASY, { retarget: true, minDifficulty: true })
    const headers = mineMany({ hash: new Uint8Array(32).fill(3), time: START }, 11)
    const anchor = value(HeaderChain.anchorOf({ consensus: rules, height: 4032n, headers }))
    expect(anchor.period).toEqual({ time: anchor.time, bits: EASY })
    expect('realBits' in anchor).toBe(false)
    const options = { consensus: rules, height: 4033n, headers, period: anchor.period }
    const within = value(HeaderChain.anchorOf({ ...options, realBits: EASY }))
    expect(value(HeaderChain.trust(within)).best.realBits).toBe(EASY)
    // Of more headers the ten times before it, of fewer all.
    const times = Array.from({ length: 14 }, (_, i) => BigInt(START + 600 * (i + 1)))
    const more = mineMany({ hash: new Uint8Array(32).fill(3), time: START }, 15)
    expect(value(HeaderChain.anchorOf({ ...options, headers: more })).previousTimes).toEqual(times.slice(4))
    const three = { ...options, headers: more.subarray(0, 240) }
    expect(value(HeaderChain.anchorOf(three)).previousTimes).toEqual(times.slice(0, 2))
  })

  test('behavior: hashes come in one call, from whoever the caller has for it', () => {
    const headers = mineMany(at(fresh()), 30)
    const calls: number[] = []
    const sha256d = (bytes: Uint8Array) => {
      calls.push(bytes.length)
      return ofEach80(bytes)
    }
    const state = value(HeaderChain.apply(fresh(), { headers, now: NOW }, { hashing: { sha256d } }))
    expect(calls).toEqual([headers.length])
    expect(hex(state.best.hash)).toBe(hex(value(apply(fresh(), headers)).best.hash))
    expect(HeaderChain.work(state.best)).toBe(60n)
  })

  test('behavior: a state keeps nothing of the bytes that it was given', () => {
    const headers = mineMany(at(fresh()), 3)
    const state = value(apply(fresh(), headers))
    const root = hex(state.best.merkleRoot)
    headers.fill(0xff)
    expect(hex(state.best.merkleRoot)).toBe(root)
  })

  test('property: the hashes of many headers are those of each', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 800 }), (bytes) => {
        const whole = bytes.subarray(0, bytes.length - (bytes.length % 80))
        const each = Array.from({ length: whole.length / 80 }, (_, i) =>
          Hash256.of(whole.subarray(80 * i, 80 * i + 80)),
        )
        expect(ofEach80(whole)).toEqual(concat(...each))
      }),
    )
  })

  test('A5: checkpoints bind a height', () => {
    const headers = mineMany(at(fresh()), 5)
    const anchor = HeaderChain.genesis(Consensus.regtest)
    const good = { height: 3n, hash: Hash256.of(headers.subarray(160, 240)) }
    const with_ = (checkpoint: typeof good) =>
      apply(value(HeaderChain.trust({ ...anchor, checkpoints: [checkpoint] })), headers)
    expect(with_(good).ok).toBe(true)
    const refused = with_({ ...good, hash: new Uint8Array(32).fill(1) })
    expect(check(refused)).toBe('checkpoint')
    expect(!refused.ok && refused.refusal.context?.['index']).toBe(2)
  })

  test('A5: header versions that soft forks ended', () => {
    const rules = consensusOf(EASY, { versions: [2, 3, 4] })
    const old = (version: number, from: HeaderChain.State) =>
      apply(from, mine({ previous: from.best.hash, time: BigInt(from.best.time + 600), bits: EASY, version }))
    let state = value(old(1, fresh(rules)))
    for (const version of [2, 3, 4]) {
      expect(check(old(version - 1, state))).toBe('header-version')
      expect(check(old(-1, state))).toBe('header-version')
      state = value(old(version, state))
    }
  })

  test('property: headers in any batches lead to the same state', () => {
    const headers = mineMany(at(fresh()), 24)
    const whole = value(apply(fresh(), headers))
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 24 }), { maxLength: 6 }), (cuts) => {
        const sorted = [0, ...cuts.sort((a, b) => a - b), 24]
        let state = fresh()
        for (let i = 0; i + 1 < sorted.length; i++)
          state = value(
            apply(state, headers.subarray((sorted[i] as number) * 80, (sorted[i + 1] as number) * 80)),
          )
        expect(hex(state.best.hash)).toBe(hex(whole.best.hash))
        expect(state.tips.length).toBe(1)
      }),
    )
  })

  test('property: one changed bit of any header but the last breaks the chain, of the last the work', () => {
    const rules = consensusOf(0x1f00ffff)
    const headers = mineMany(at(fresh(rules)), 3, 0x1f00ffff)
    for (let bit = 0; bit < headers.length * 8; bit++)
      expect(apply(fresh(rules), flip(headers, bit)).ok, `bit ${bit}`).toBe(false)
  })

  test('A52: a fresh verifier accepts no random headers', () => {
    const start = fresh(Consensus.mainnet)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => {
        expect(apply(start, bytes).ok).toBe(false)
      }),
    )
    expect(check(apply(start, unhex('00'.repeat(80))))).toBe('header-link')
  })
})
