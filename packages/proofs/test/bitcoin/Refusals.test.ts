import type { Verdict } from '@aitbc/core'
import {
  BlockFilter,
  BlockHeader,
  Cleanup,
  CompactTarget,
  Consensus,
  Hash256,
  HeaderChain,
  Transaction,
  TransactionRules,
} from '@aitbc/proofs/bitcoin'
import { Address, Base58, InputSignature, Script, Sighash, Wif } from '@aitbc/proofs/bitcoin-script'
import { describe, expect, test } from 'vitest'
import { concat, refusal } from '../helpers.js'
import { coinbase, consensusOf, filler, fresh, mine, mineMany, NOW, START } from './world.js'

const EASY = 0x207fffff
const told = (verdict: Verdict.Verdict<unknown>) => refusal(verdict).context
const said = (verdict: Verdict.Verdict<unknown>) => refusal(verdict).message

describe('A refusal names what it found, and where', () => {
  test('A5: targets', () => {
    expect(refusal(CompactTarget.decode(0x01fedcba))).toEqual({
      check: 'target-negative',
      message: 'nBits 0x01fedcba has its sign bit set',
      context: { bits: 0x01fedcba },
    })
    expect(refusal(CompactTarget.decode(0x23000001))).toEqual({
      check: 'target-overflow',
      message: 'nBits 0x23000001 exceeds 256 bits',
      context: { bits: 0x23000001 },
    })
    expect(refusal(CompactTarget.decode(0x00003456))).toEqual({
      check: 'target-zero',
      message: 'nBits 0x00003456 is a target of zero',
      context: { bits: 0x3456 },
    })
  })

  test('A5: a header by itself', () => {
    const { genesis, powLimit } = Consensus.mainnet
    expect(told(BlockHeader.decode(new Uint8Array(79)))).toEqual({ length: 79 })
    expect(told(BlockHeader.verifyWork({ ...genesis, bits: EASY }, powLimit))).toEqual({ bits: EASY })
    const other = { ...genesis, nonce: 1 }
    expect(told(BlockHeader.verifyWork(other, powLimit))).toEqual({
      hash: Hash256.toDisplay(BlockHeader.hash(other)),
    })
  })

  test('A5: a header in its chain', () => {
    const rules = consensusOf(0x2000ffff)
    const state = fresh(rules)
    const { hash: previous, time } = state.best
    const judge = (header: Uint8Array, now = NOW, from = state) =>
      HeaderChain.apply(from, { headers: header, now })
    const header = mine({ previous, time: BigInt(time + 600), bits: 0x2000ffff })
    const bits = BlockHeader.encode({
      version: 4,
      previous,
      merkleRoot: new Uint8Array(32),
      time: 0n,
      bits: EASY,
      nonce: 0,
    })
    expect(told(judge(bits))).toEqual({ index: 0, expected: 0x2000ffff, received: EASY })
    const work = header.with(79, (header[79] as number) ^ 1)
    expect(told(judge(work))).toEqual({ index: 0, hash: Hash256.toDisplay(Hash256.of(work)) })
    const old = mine({ previous, time: BigInt(time), bits: 0x2000ffff })
    expect(told(judge(old))).toEqual({ index: 0, earliest: time + 1, time })
    expect(told(judge(header, BigInt(time - 7000)))).toEqual({
      index: 0,
      latest: time + 200,
      time: time + 600,
    })
    expect(said(judge(header, BigInt(time - 7000)))).toBe(
      `header 0: the time must be at most ${time + 200}, got ${time + 600}`,
    )
    expect(told(judge(header.with(4, (header[4] as number) ^ 1)))).toEqual({ index: 0 })
    const checkpoints = [{ height: 1n, hash: new Uint8Array(32).fill(1) }]
    const anchor = { ...HeaderChain.genesis(rules), checkpoints }
    const bound = HeaderChain.trust(anchor)
    expect(bound.ok && told(judge(header, NOW, bound.value))).toEqual({ index: 0, height: 1n })
  })

  test('A52: an anchor', () => {
    const consensus = Consensus.regtest
    const headers = mineMany({ hash: new Uint8Array(32).fill(3), time: START }, 3)
    const of = (length: number, height = 15n) =>
      told(HeaderChain.anchorOf({ consensus, height, headers: headers.subarray(0, length) }))
    expect(of(0)).toEqual({ length: 0 })
    expect(of(81)).toEqual({ length: 81 })
    expect(of(80)).toEqual({ height: 15n })
    const torn = concat(headers.subarray(0, 80), headers.subarray(160))
    expect(told(HeaderChain.anchorOf({ consensus, height: 15n, headers: torn }))).toEqual({ index: 1 })
    const genesis = HeaderChain.genesis(Consensus.mainnet)
    for (const height of [-1n, 0x8000_0000n])
      expect(told(HeaderChain.trust({ ...genesis, height }))).toEqual({ height })
    const easy = { ...genesis, height: 1n, previousTimes: [1n], bits: 0x1d010000 }
    expect(told(HeaderChain.trust(easy))).toEqual({ bits: 0x1d010000 })
  })

  test('transactions and blocks', () => {
    const good = filler(1)
    const [input] = good.inputs as [Transaction.Input]
    const nothing = { ...input, txid: new Uint8Array(32), index: 0xffffffff }
    const paid = (amount: bigint) => ({ amount, script: new Uint8Array(0) })
    const of = (change: Partial<Transaction.Transaction>) =>
      told(TransactionRules.verify({ ...good, ...change }))
    expect(told(Transaction.decode(new Uint8Array(4_000_001)))).toEqual({ length: 4_000_001 })
    expect(of({ outputs: [paid(1n), paid(-1n)] })).toEqual({ output: 1 })
    expect(of({ inputs: [input, { ...input, sequence: 1 }] })).toEqual({ input: 1 })
    expect(of({ inputs: [input, nothing] })).toEqual({ input: 1 })
    const first = coinbase(5)
    const [own] = first.inputs as [Transaction.Input]
    const locked = { ...first, lockTime: 4, inputs: [{ ...own, sequence: 0 }] }
    const small = { ...good, outputs: [{ amount: 0n, script: new Uint8Array(4) }] }
    const header = Consensus.regtest.genesis
    expect(told(Cleanup.verify({ header, transactions: [locked, good, small] }, 5n))).toEqual({ index: 2 })
  })

  test('filters', () => {
    const hash = new Uint8Array(32)
    const hashes = [hash, hash.subarray(1)]
    expect(refusal(BlockFilter.verifyHeaders(hashes, { previous: hash, trusted: hash }))).toEqual({
      check: 'filter-hash',
      message: 'hash 1 must be 32 bytes, got 31',
      context: { index: 1 },
    })
  })

  test('A7, A10: scripts, inputs, addresses and keys', () => {
    expect(told(Script.pushes(Uint8Array.of(0x51, 0xac)))).toEqual({ code: 0xac })
    const { mainnet } = Address
    const key = Wif.encode({ key: new Uint8Array(32).fill(3), compressed: true }, mainnet)
    expect(told(Address.toScript(key, mainnet))).toEqual({ version: 0x80 })
    expect(told(Wif.decode(Base58.encodeCheck(new Uint8Array(33)), mainnet))).toEqual({ version: 0 })
    const one = filler(1)
    const prevouts = [{ amount: 1n, script: Uint8Array.of(0x51) }]
    expect(told(InputSignature.verify(one, 1, prevouts))).toEqual({ index: 1 })
    expect(told(Sighash.legacy(one, 1, new Uint8Array(0), 1))).toEqual({ index: 1 })
    expect(told(Sighash.taproot(one, 0, prevouts, 4))).toEqual({ hashType: 4 })
    expect(told(Sighash.taproot({ ...one, outputs: [] }, 0, prevouts, 3))).toEqual({ index: 0 })
  })
})
