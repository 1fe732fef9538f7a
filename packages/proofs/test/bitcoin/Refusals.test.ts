import type { Verdict } from '@aitbc/core'
import {
  Block,
  BlockFilter,
  BlockHeader,
  Cleanup,
  CompactTarget,
  Consensus,
  Hash256,
  HeaderChain,
  HtlcScript,
  MerkleBlock,
  MerkleTree,
  Transaction,
  TransactionRules,
} from '@aitbc/proofs/bitcoin'
import { Address, Base58, InputSignature, Script, Sighash, Wif } from '@aitbc/proofs/bitcoin-script'
import { describe, expect, test } from 'vitest'
import { concat, flip, refusal, unhex, value } from '../helpers.js'
import { coinbase, consensusOf, filler, fresh, mine, mineMany, NOW, SECRET, START, termsOf } from './world.js'

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
    for (const bits of [0x23000000, 0xff000000])
      expect(refusal(CompactTarget.decode(bits)).check).toBe('target-zero')
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
    expect(said(Cleanup.verify({ header, transactions: [locked] }, 6n))).toBe(
      'the coinbase must be locked until height 5, got 4',
    )
    expect(said(Transaction.decode(concat(Transaction.encode(good), new Uint8Array(2))))).toBe(
      '2 bytes after the transaction',
    )
    const body = concat(BlockHeader.encode(header), Uint8Array.of(1), Transaction.encode(good))
    expect(said(Block.decode(concat(body, Uint8Array.of(0))))).toBe(
      `wrong at byte ${body.length} of ${body.length + 1}`,
    )
    const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const
    expect(said(MerkleTree.root([a, b, b, b]))).toBe('nodes 2 and 3 of a level are equal (CVE-2012-2459)')
    expect(() => Hash256.fromDisplay('00')).toThrow(/^hash must be a Uint8Array of 32 bytes/)
  })

  test('merkleblock messages', () => {
    const ids = Array.from({ length: 8 }, (_, i) => new Uint8Array(32).fill(i + 1))
    const judge = (count: number, hashes: number, ...flags: number[]) => {
      const { check, message } = refusal(
        MerkleBlock.matches({
          header: Consensus.regtest.genesis,
          count,
          hashes: ids.slice(0, hashes),
          flags: Uint8Array.from(flags),
        }),
      )
      return `${check}: ${message}`
    }
    expect(judge(7, 0, 1)).toBe('merkleblock-hashes: 0 hashes for 7 transactions')
    expect(judge(7, 8, 1)).toBe('merkleblock-hashes: 8 hashes for 7 transactions')
    expect(judge(7, 5)).toBe('merkleblock-flags: 0 bytes of flags for 5 hashes')
    expect(judge(2, 2, 7, 0, 0)).toBe('merkleblock-flags: 3 bytes of flags for 2 hashes')
    expect(judge(16, 8, 0xff)).toBe('merkleblock-flags: the flags end before the tree does')
    // Nine flags: the last, in a byte of its own, is missing.
    expect(judge(5, 5, 0b01101111)).toBe('merkleblock-flags: the flags end before the tree does')
    expect(judge(2, 1, 7)).toBe('merkleblock-hashes: the hashes end before the tree does')
    expect(judge(3, 3, 1)).toBe('merkleblock-hashes: 1 hashes are unused')
    expect(judge(2, 2, 15)).toBe('merkleblock-flags: there are more flags than the tree has nodes')
    const doubled = [0, 1, 2, 2].map((i) => ids[i] as Uint8Array)
    const { message } = refusal(
      MerkleBlock.matches({
        header: Consensus.regtest.genesis,
        count: 4,
        hashes: doubled,
        flags: Uint8Array.of(0x7f),
      }),
    )
    expect(message).toBe('equal neighbours at level 0 (CVE-2012-2459)')
    // Nothing found after what was wrong first takes its place.
    const zero = new Uint8Array(32)
    const cut = { header: Consensus.regtest.genesis, count: 2, hashes: [zero], flags: Uint8Array.of(5) }
    expect(refusal(MerkleBlock.matches(cut)).message).toBe('the hashes end before the tree does')
  })

  test('locks', () => {
    const { locker } = termsOf('p2wsh')
    const { publicKey: _, ...keyless } = locker
    const from = (kind: 'p2wsh' | 'p2tr', change: Parameters<typeof termsOf>[1]) =>
      said(HtlcScript.from(termsOf(kind, change)))
    const { deadline } = termsOf('p2wsh')
    expect(from('p2wsh', { deadline: { ...deadline, value: 1n } })).toBe(
      'the deadline must be 500000001 to 4294967296',
    )
    expect(from('p2wsh', { locker: keyless })).toBe('both parties need a public key of 33 bytes')
    expect(from('p2tr', { locker: keyless })).toBe('both parties need a public key of 32 or 33 bytes')
  })

  test('witnesses that spend no lock', () => {
    const [p2wsh, p2tr] = (['p2wsh', 'p2tr'] as const).map((kind) =>
      value(HtlcScript.from(termsOf(kind))),
    ) as [HtlcScript.P2wsh, HtlcScript.P2tr]
    const [empty, one, wrong] = [new Uint8Array(0), Uint8Array.of(1), new Uint8Array(32)] as const
    const signature = new Uint8Array(71).fill(0x30)
    const annex = Uint8Array.of(0x50, 1)
    const { claim, refund } = p2tr
    const why = (htlc: HtlcScript.HtlcScript, ...witness: Uint8Array[]) => {
      const spend = HtlcScript.readWitness(htlc, witness)
      return spend.is === 'foreign' ? spend.why : spend.is
    }
    expect(why(p2wsh)).toBe("the witness script isn't the lock's")
    expect(why(p2wsh, signature, SECRET, one, flip(p2wsh.script, 0))).toBe(
      "the witness script isn't the lock's",
    )
    expect(why(p2wsh, signature, SECRET, wrong, one, p2wsh.script)).toBe('a claim has 4 items')
    expect(why(p2wsh, SECRET, one, p2wsh.script)).toBe('a claim has 4 items')
    expect(why(p2wsh, signature, wrong, empty, p2wsh.script)).toBe('a refund has 3 items')
    expect(why(p2wsh, signature, wrong, one, p2wsh.script)).toBe("the secret doesn't open the hashlock")
    expect(why(p2tr)).toBe('the lock has no key path')
    expect(why(p2tr, signature)).toBe('the lock has no key path')
    expect(why(p2tr, annex)).toBe('the lock has no key path')
    expect(why(p2tr, signature, annex)).toBe('the lock has no key path')
    expect(why(p2tr, signature, SECRET, wrong, claim.script, claim.controlBlock)).toBe('a claim has 4 items')
    expect(why(p2tr, signature, wrong, claim.script, claim.controlBlock)).toBe(
      "the secret doesn't open the hashlock",
    )
    expect(why(p2tr, signature, SECRET, refund.script, refund.controlBlock)).toBe('a refund has 3 items')
    for (const [script, control] of [
      [flip(refund.script, 0), refund.controlBlock],
      [refund.script, flip(refund.controlBlock, 0)],
      [refund.script, claim.controlBlock],
    ] as const)
      expect(why(p2tr, signature, script, control)).toBe("neither of the lock's leaves is revealed")
  })

  test('filters', () => {
    const hash = new Uint8Array(32)
    // Four elements take 80 bits at least, and have 72.
    expect(said(BlockFilter.decode(new Uint8Array(10).fill(4, 0, 1), hash))).toBe(
      '10 bytes hold no filter of 4 elements',
    )
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
    expect(said(Wif.decode(Base58.encodeCheck(Uint8Array.of(0x80, 1, 2)), mainnet))).toBe(
      'a key of 32 bytes is expected, got 2 or another ending',
    )
    const pays = (script: string) =>
      said(InputSignature.verify(one, 0, [{ amount: 1n, script: unhex(script) }]))
    expect(pays('0002aabb')).toBe('no program of version 0 has 2 bytes')
    expect(pays('5202aabb')).toBe("a program of version 2: anyone can spend it, and nodes don't relay that")
    expect(told(Sighash.taproot(one, 0, prevouts, 4))).toEqual({ hashType: 4 })
    expect(told(Sighash.taproot({ ...one, outputs: [] }, 0, prevouts, 3))).toEqual({ index: 0 })
  })
})
