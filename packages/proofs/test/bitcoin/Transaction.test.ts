import {
  Block,
  BlockHeader,
  Cleanup,
  Inclusion,
  MerkleBlock,
  MerkleTree,
  Taproot,
  Transaction,
  TransactionRules,
} from '@aitbc/proofs/bitcoin'
import { describe, expect, test } from 'vitest'
import { check, hex, unhex, value } from '../helpers.js'
import { blockOf, coinbase, filler, mineBlock } from './world.js'

const MONEY = 2_100_000_000_000_000n

describe('TransactionRules', () => {
  const good = filler(1)
  const [input] = good.inputs as [Transaction.Input]
  const nothing = { ...input, txid: new Uint8Array(32), index: 0xffffffff }
  const of = (change: Partial<Transaction.Transaction>) => TransactionRules.verify({ ...good, ...change })

  test('default', () => {
    expect(value(of({}))).toEqual(good)
    value(TransactionRules.verify(coinbase(1)))
    const output = { amount: MONEY, script: new Uint8Array(0) }
    value(of({ outputs: [output, { ...output, amount: 0n }] }))
    for (const length of [2, 100]) value(of({ inputs: [{ ...nothing, script: new Uint8Array(length) }] }))
    // The same output index of another transaction is another output.
    value(of({ inputs: [input, { ...input, txid: new Uint8Array(32).fill(9) }, { ...input, index: 5 }] }))
    value(of({ inputs: [{ ...nothing, index: 0 }, input] }))
  })

  test.each([
    ['transaction-inputs', { inputs: [] }],
    ['transaction-outputs', { outputs: [] }],
    ['transaction-size', { outputs: [{ amount: 0n, script: new Uint8Array(1_000_000) }] }],
    ['transaction-amount', { outputs: [{ amount: MONEY + 1n, script: new Uint8Array(0) }] }],
    ['transaction-amount', { outputs: [{ amount: -1n, script: new Uint8Array(0) }] }],
    ['transaction-amount', { outputs: [MONEY, 1n].map((amount) => ({ amount, script: new Uint8Array(0) })) }],
    ['transaction-duplicate', { inputs: [input, { ...input, sequence: 1 }] }],
    ['transaction-null', { inputs: [input, nothing] }],
    ['transaction-null', { inputs: [nothing, input] }],
    ['coinbase-script', { inputs: [{ ...nothing, script: new Uint8Array(1) }] }],
    ['coinbase-script', { inputs: [{ ...nothing, script: new Uint8Array(101) }] }],
  ] as const)('error: %s', (name, change) => {
    expect(check(of(change))).toBe(name)
  })

  test('error: transaction-size: a million bytes fit, one more does not', () => {
    const sized = (length: number) => of({ outputs: [{ amount: 0n, script: new Uint8Array(length) }] })
    const { length } = Transaction.encodeStripped({
      ...good,
      outputs: [{ amount: 0n, script: new Uint8Array(70_000) }],
    })
    expect(sized(1_000_000 - (length - 70_000)).ok).toBe(true)
    expect(check(sized(1_000_000 - (length - 70_000) + 1))).toBe('transaction-size')
    expect(check(Transaction.decode(new Uint8Array(4_000_001)))).toBe('transaction-size')
    expect(check(Transaction.decode(new Uint8Array(4_000_000)))).toBe('transaction-inputs')
  })

  test('behavior: counts in each of their lengths', () => {
    expect(
      [0xfc, 0xfd, 0xffff, 0x1_0000, 0xffff_ffff].map((count) => hex(Transaction.compactSize(count))),
    ).toEqual(['fc', 'fdfd00', 'fdffff', 'fe00000100', 'feffffffff'])
  })

  test('behavior: one input’s witness is written beside another’s that has none', () => {
    const one = { ...good, inputs: [input, { ...input, index: 5, witness: [Uint8Array.of(1)] }] }
    expect(value(Transaction.decode(Transaction.encode(one)))).toEqual(one)
  })

  test('behavior: a coinbase has one input, which spends nothing', () => {
    const isCoinbase = (...inputs: Transaction.Input[]) => Transaction.isCoinbase({ ...good, inputs })
    expect(isCoinbase(nothing)).toBe(true)
    expect(isCoinbase()).toBe(false)
    expect(isCoinbase(nothing, input)).toBe(false)
    expect(isCoinbase(nothing, nothing)).toBe(false)
    expect(isCoinbase({ ...nothing, txid: new Uint8Array(32).fill(1, 31) })).toBe(false)
    expect(isCoinbase({ ...nothing, txid: new Uint8Array(32).fill(1) })).toBe(false)
    expect(isCoinbase({ ...nothing, index: 0 })).toBe(false)
  })
})

describe('Cleanup (BIP-54)', () => {
  const first = coinbase(5)
  const [input] = first.inputs as [Transaction.Input]
  const locked = { ...first, lockTime: 4, inputs: [{ ...input, sequence: 0xfffffffe }] }
  const block = (...transactions: Transaction.Transaction[]): Block.Block => ({
    header: value(BlockHeader.decode(new Uint8Array(80))),
    transactions,
  })
  const sized = (length: number): Transaction.Transaction => ({
    ...filler(1),
    outputs: [{ amount: 0n, script: new Uint8Array(length - 60) }],
  })

  test('default', () => {
    for (const length of [63, 65]) {
      expect(Transaction.encodeStripped(sized(length)).length).toBe(length)
      value(Cleanup.verify(block(locked, sized(length)), 5n))
    }
  })

  test('A2: error: coinbase, coinbase-lock-time, transaction-64', () => {
    expect(check(Cleanup.verify(block(), 5n))).toBe('coinbase')
    expect(check(Cleanup.verify(block(filler(1)), 5n))).toBe('coinbase')
    expect(check(Cleanup.verify(block(locked), 6n))).toBe('coinbase-lock-time')
    expect(
      check(Cleanup.verify(block({ ...locked, inputs: [{ ...input, sequence: 0xffffffff }] }), 5n)),
    ).toBe('coinbase-lock-time')
    expect(check(Cleanup.verify(block(locked, sized(64)), 5n))).toBe('transaction-64')
    const narrow = {
      ...locked,
      inputs: locked.inputs.map((one) => ({ ...one, script: new Uint8Array(2) })),
      outputs: [{ amount: 0n, script: new Uint8Array(2) }],
    }
    expect(Transaction.encodeStripped(narrow).length).toBe(64)
    expect(check(Cleanup.verify(block(narrow), 5n))).toBe('transaction-64')
  })
})

describe('Block.decode', () => {
  const transactions = blockOf(5, [filler(1), filler(2)])
  const encode = (header: Uint8Array, all: readonly Transaction.Transaction[]) =>
    Uint8Array.of(...header, all.length, ...all.flatMap((one) => [...Transaction.encode(one)]))
  const header = mineBlock({ hash: new Uint8Array(32), time: 1_700_000_000 }, transactions)

  test('default', () => {
    expect(value(Block.decode(encode(header, transactions))).transactions).toEqual(transactions)
  })

  test('error: header-length, block-encoding, merkle-empty, merkle-root, merkle-duplicate, those of a transaction', () => {
    expect(check(Block.decode(header.subarray(1)))).toBe('header-length')
    expect(check(Block.decode(header))).toBe('block-encoding')
    expect(check(Block.decode(Uint8Array.of(...encode(header, transactions), 0)))).toBe('block-encoding')
    expect(check(Block.decode(encode(header, [])))).toBe('merkle-empty')
    expect(check(Block.decode(encode(header, transactions.slice(1))))).toBe('merkle-root')
    const [a, b, c] = transactions as [
      Transaction.Transaction,
      Transaction.Transaction,
      Transaction.Transaction,
    ]
    expect(check(Block.decode(encode(header, [a, b, c, c])))).toBe('merkle-duplicate')
    expect(check(Block.decode(Uint8Array.of(...header, 1, 2, 0, 0, 0, 0, 0)))).toBe('transaction-inputs')
    expect(MerkleTree.root([]).ok).toBe(false)
  })
})

describe('Taproot', () => {
  test('error: key-off-curve', () => {
    expect(check(Taproot.tweak(new Uint8Array(32).fill(0xff)))).toBe('key-off-curve')
    expect(check(Taproot.tweak(new Uint8Array(31)))).toBe('key-off-curve')
    expect(Taproot.isKey(unhex('02'))).toBe(false)
  })

  test.each([
    [
      '187791b6f712a8ea41c8ecdd0ee77fab3e85263b37e1ec18a3651926b3a6cf27',
      '20d85a959b0290bf19bb89ed43c916be835475d013da4b362117393e25a48229b8ac',
      '5b75adecf53548f3ec6ad7d78383bf84cc57b55a3127c72b9a2481752dd88b21',
      '147c9c57132f6e7ecddba9800bb0c4449251c92a1e60371ee77557b6620f3ea3',
      1,
    ],
    [
      '93478e9488f956df2396be2ce6c5cced75f900dfa18e7dabd2428aae78451820',
      '20b617298552a72ade070667e86ca63b8f5789a9fe8731ef91202a91c9f3459007ac',
      'c525714a7f49c28aedbbba78c005931a81c234b2f6c99a73e4d06082adc8bf2b',
      'e4d810fd50586274face62b8a807eb9719cef49c04177cc6b76a9a4251d5450e',
      0,
    ],
  ] as const)('default: an output of BIP-341: %s', (internal, script, leaf, key, parity) => {
    const hash = Taproot.leafHash(unhex(script))
    expect(hex(hash)).toBe(leaf)
    const output = value(Taproot.tweak(unhex(internal), hash))
    expect([hex(output.key), output.parity]).toEqual([key, parity])
  })

  test('default: an output without a tree, and a branch, of BIP-341', () => {
    const internal = unhex('d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d')
    expect(hex(value(Taproot.tweak(internal)).key)).toBe(
      '53a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343',
    )
    const branch = Taproot.branchHash(
      unhex('8ad69ec7cf41c2a4001fd1f738bf1e505ce2277acdcaa63fe4765192497f47a7'),
      unhex('f224a923cd0021ab202ab139cc56802ddb92dcfc172b9212261a539df79a112a'),
    )
    expect(hex(branch)).toBe('6c2dc106ab816b73f9d07e3cd1ef2c8c1256f519748e0813e4edd2405d277bef')
  })

  test('behavior: a branch has no sides', () => {
    const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const
    expect(Taproot.branchHash(a, b)).toEqual(Taproot.branchHash(b, a))
    expect(Taproot.branchHash(a, a)).not.toEqual(Taproot.branchHash(a, b))
    // Also where only the last bytes differ.
    const c = a.with(31, 2)
    expect(Taproot.branchHash(a, c)).toEqual(Taproot.branchHash(c, a))
  })
})

test('MerkleBlock.decode: error: header-length, merkleblock-encoding', () => {
  expect(check(MerkleBlock.decode(new Uint8Array(79)))).toBe('header-length')
  expect(check(MerkleBlock.decode(new Uint8Array(84)))).toBe('merkleblock-encoding')
})

test('Inclusion of a block without a commitment to witnesses', () => {
  expect(Inclusion.commitmentOf(coinbase(1))).toBeUndefined()
})
