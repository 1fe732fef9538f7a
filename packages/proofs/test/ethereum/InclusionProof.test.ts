import { BlockHeader, InclusionProof, Receipt, Rlp, TrieProof } from '@aitbc/proofs/ethereum'
import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, value } from '../helpers.js'
import { trieOf } from './trie.js'

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill)
const logOf = (address: number, topics: number, data: number): Receipt.Log => ({
  address: bytes(20, address),
  topics: Array.from({ length: topics }, (_, i) => bytes(32, i + 1)),
  data: bytes(data, 9),
})
const receiptOf = (type: number, change: Partial<Receipt.Receipt> = {}): Receipt.Receipt => ({
  type,
  outcome: 'success',
  cumulativeGasUsed: 21_000n * BigInt(type + 1),
  logsBloom: bytes(256, 0),
  logs: [logOf(0xaa, 3, 32), logOf(0xbb, 0, 0), logOf(0xcc, 4, 100)],
  ...change,
})
const receipts: readonly Receipt.Receipt[] = [
  ...[0, 1, 2, 3, 4].map((type) => receiptOf(type)),
  receiptOf(2, { outcome: 'failure', logs: [] }),
  receiptOf(0, { outcome: { stateRoot: bytes(32, 5) } }),
  ...Array.from({ length: 300 }, (_, i) => receiptOf(2, { cumulativeGasUsed: BigInt(i + 1000), logs: [] })),
]
const keyOf = (index: number) => Rlp.encode(Rlp.fromBigInt(BigInt(index)))
const trie = trieOf(receipts.map((one, i) => [keyOf(i), Receipt.encode(one)]))
const FIELDS = [9, 11, 12, 14, 13]
const transactionOf = (type: number, fields = FIELDS[type] as number) =>
  concat(
    ...(type === 0 ? [] : [Uint8Array.of(type)]),
    Rlp.encode(Array.from({ length: fields }, (_, i) => bytes(40, i + 1))),
  )
const transactions = Array.from({ length: 150 }, (_, i) => transactionOf(i % 5))
const sent = trieOf(transactions.map((raw, i) => [keyOf(i), raw]))

const raw = BlockHeader.encode({
  parentHash: bytes(32, 1),
  ommersHash: bytes(32, 2),
  beneficiary: bytes(20, 3),
  stateRoot: bytes(32, 4),
  transactionsRoot: sent.root,
  receiptsRoot: trie.root,
  logsBloom: bytes(256, 255),
  difficulty: 0n,
  number: 42n,
  gasLimit: 1n,
  gasUsed: 1n,
  timestamp: 1_800_000_000n,
  extraData: bytes(0, 0),
  mixHash: bytes(32, 5),
  nonce: bytes(8, 0),
  baseFeePerGas: 7n,
})
const hash = keccak_256(raw)

describe('Receipt', () => {
  test('default: every type and outcome, written and read', () => {
    for (const one of receipts.slice(0, 8)) expect(value(Receipt.decode(Receipt.encode(one)))).toEqual(one)
  })

  test('A18: types that there aren’t, and strings', () => {
    const payload = Receipt.encode(receiptOf(0))
    for (const type of [0, 5, 0x7e, 0x7f, 0x80, 0xb8])
      expect(check(Receipt.decode(concat(Uint8Array.of(type), payload))), `${type}`).toBe('receipt-type')
    expect(refusal(Receipt.decode(Uint8Array.of(5))).message).toBe('no receipt starts with 5')
    expect(check(Receipt.decode(new Uint8Array(0)))).toBe('receipt-type')
    expect(check(Receipt.decode(concat(Uint8Array.of(1, 2), payload)))).toMatch(/^(rlp|receipt)-/)
  })

  test('A18: other fields than four, a transaction among them', () => {
    const items = value(Rlp.decode(Receipt.encode(receiptOf(0)))) as Rlp.Item[]
    const judged = (changed: Rlp.Item[]) => check(Receipt.decode(Rlp.encode(changed)))
    expect(judged(items.slice(0, 3))).toBe('receipt-fields')
    expect(judged([...items, bytes(1, 1)])).toBe('receipt-fields')
    expect(judged([])).toBe('receipt-fields')
    expect(check(Receipt.decode(Uint8Array.of(2, 0x80)))).toBe('receipt-fields')
    for (const at of [0, 1, 2])
      expect(judged(items.map((item, i) => (i === at ? [] : item)))).toBe('receipt-fields')
    expect(judged(items.map((item, i) => (i === 3 ? bytes(1, 1) : item)))).toBe('receipt-fields')
    for (const type of [0, 1, 2, 3, 4])
      expect(check(Receipt.decode(transactionOf(type)))).toBe('receipt-fields')
  })

  test('A18: statuses, gas, blooms and logs in their one form', () => {
    const items = value(Rlp.decode(Receipt.encode(receiptOf(0)))) as Rlp.Item[]
    const judged = (at: number, to: Rlp.Item) =>
      check(Receipt.decode(Rlp.encode(items.map((item, i) => (i === at ? to : item)))))
    expect(judged(0, Uint8Array.of(0))).toBe('receipt-status')
    expect(judged(0, Uint8Array.of(2))).toBe('receipt-status')
    expect(judged(0, bytes(31, 1))).toBe('receipt-status')
    expect(judged(0, new Uint8Array(0))).toBe('receipt-status')
    expect(judged(1, Uint8Array.of(0, 1))).toBe('rlp-integer')
    expect(judged(1, bytes(9, 1))).toBe('rlp-integer')
    expect(judged(2, bytes(255, 0))).toBe('receipt-bloom')
    const address = bytes(20, 1)
    const wrong: Rlp.Item[] = [
      bytes(3, 1),
      [],
      [address, []],
      [address, [], bytes(1, 1), bytes(1, 1)],
      [bytes(19, 1), [], bytes(1, 1)],
      [[], [], bytes(1, 1)],
      [address, bytes(1, 1), bytes(1, 1)],
      [address, [], []],
      [address, [bytes(31, 1)], bytes(1, 1)],
      [address, [[]], bytes(1, 1)],
      [address, Array.from({ length: 5 }, () => bytes(32, 1)), bytes(1, 1)],
    ]
    for (const log of wrong) expect(judged(3, [log])).toBe('receipt-log')
  })

  test('property: any bytes give a verdict; what decodes has one encoding', () => {
    const whole = Receipt.encode(receiptOf(3))
    fc.assert(
      fc.property(fc.nat(whole.length * 8 - 1), (bit) => {
        const changed = flip(whole, bit)
        const decoded = Receipt.decode(changed)
        if (decoded.ok) expect(hex(Receipt.encode(decoded.value))).toBe(hex(changed))
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (any) => {
        expect(Receipt.decode(any).ok).toBe(false)
      }),
    )
  })
})

describe('InclusionProof', () => {
  test('default: each receipt and transaction at its own index, and no other', () => {
    for (const [i, one] of receipts.entries()) {
      const proof = trie.prove(keyOf(i))
      expect(value(InclusionProof.receipt(trie.root, BigInt(i), proof))).toEqual(one)
    }
    for (const [i, one] of transactions.entries()) {
      const found = value(InclusionProof.transaction(sent.root, BigInt(i), sent.prove(keyOf(i))))
      expect(found).toEqual({ type: i % 5, hash: keccak_256(one), raw: one })
    }
    const proof = trie.prove(keyOf(130))
    for (let i = 0n; i < 307n; i++)
      if (i !== 130n) {
        const other = InclusionProof.receipt(trie.root, i, proof)
        expect(other.ok && other.value !== null, `${i}`).toBe(false)
      }
  })

  test('default: one more than there are is proved absent', () => {
    expect(value(InclusionProof.receipt(trie.root, 307n, trie.prove(keyOf(307))))).toBeNull()
    expect(value(InclusionProof.transaction(sent.root, 150n, sent.prove(keyOf(150))))).toBeNull()
    expect(value(InclusionProof.receipt(TrieProof.EMPTY_ROOT, 0n, []))).toBeNull()
  })

  test('error: an index that no block has', () => {
    for (const index of [-1n, 1n << 32n, 1n << 64n]) {
      expect(check(InclusionProof.receipt(trie.root, index, []))).toBe('inclusion-index')
      expect(check(InclusionProof.transaction(sent.root, index, []))).toBe('inclusion-index')
    }
  })

  test('A18: a receipt shown as transaction, a transaction shown as receipt', () => {
    for (let i = 0; i < 5; i++) {
      expect(check(InclusionProof.transaction(trie.root, BigInt(i), trie.prove(keyOf(i))))).toBe(
        'transaction-fields',
      )
      expect(check(InclusionProof.receipt(sent.root, BigInt(i), sent.prove(keyOf(i))))).toBe('receipt-fields')
      expect(check(InclusionProof.receipt(sent.root, BigInt(i), trie.prove(keyOf(i))))).toBe('trie-root')
    }
    for (const [type, fields] of [
      [0, 8],
      [0, 10],
      [1, 12],
      [2, 9],
      [3, 13],
      [4, 14],
    ] as const) {
      const one = trieOf([[keyOf(0), transactionOf(type, fields)]])
      expect(check(InclusionProof.transaction(one.root, 0n, one.prove(keyOf(0))))).toBe('transaction-fields')
    }
    const odd = (value_: Uint8Array) => {
      const one = trieOf([[keyOf(0), value_]])
      return check(InclusionProof.transaction(one.root, 0n, one.prove(keyOf(0))))
    }
    expect(odd(concat(Uint8Array.of(5), transactionOf(0)))).toBe('transaction-type')
    expect(odd(concat(Uint8Array.of(2), bytes(1, 0x80)))).toBe('transaction-fields')
    expect(odd(concat(Uint8Array.of(2), transactionOf(0).slice(1)))).toMatch(/^rlp-/)
  })

  test('A12: 256 first bytes of a path, odd and even, and an index with leading zeros: one is accepted', () => {
    const i = 3
    const proof = trie.prove(keyOf(i))
    const last = proof[proof.length - 1] as Uint8Array
    const leaf = value(Rlp.decode(last)) as Uint8Array[]
    let accepted = 0
    for (let first = 0; first < 256; first++) {
      const path = (leaf[0] as Uint8Array).slice()
      path[0] = first
      const node = Rlp.encode([path, leaf[1] as Uint8Array])
      if (InclusionProof.receipt(trie.root, BigInt(i), [...proof.slice(0, -1), node]).ok) accepted++
    }
    expect(accepted).toBe(1)
    const padded = trieOf(
      receipts.slice(0, 4).map((one, j) => [Rlp.encode(Uint8Array.of(0, j)), Receipt.encode(one)]),
    )
    const found = InclusionProof.receipt(padded.root, 3n, padded.prove(Rlp.encode(Uint8Array.of(0, 3))))
    expect(found.ok && found.value !== null).toBe(false)
  })
})

describe('logs', () => {
  const statement = (
    index: number,
    logIndex: number,
    log = receipts[index]?.logs[logIndex] as Receipt.Log,
  ) => ({
    transactionIndex: BigInt(index),
    logIndex,
    ...log,
  })
  const evidence = (index: number) => ({ header: raw, proof: trie.prove(keyOf(index)) })

  test('default: every log of every type, in its block', () => {
    for (let i = 0; i < 5; i++)
      for (let logIndex = 0; logIndex < 3; logIndex++)
        expect(value(InclusionProof.log(hash, statement(i, logIndex), evidence(i)))).toEqual({
          log: receipts[i]?.logs[logIndex],
          block: { number: 42n, hash, timestamp: 1_800_000_000n },
        })
  })

  test('A18: each part of the statement is held against the receipt', () => {
    const good = statement(2, 0)
    const judged = (change: Partial<InclusionProof.LogStatement>, from = evidence(2)) =>
      check(InclusionProof.log(hash, { ...good, ...change }, from))
    for (const logIndex of [3, -1, 0.5, Number.NaN, 2 ** 53]) expect(judged({ logIndex })).toBe('log-index')
    // The fake emitter: the same event from somebody else.
    expect(judged({ address: bytes(20, 0xab) })).toBe('log-address')
    expect(judged({ logIndex: 1 })).toBe('log-address')
    expect(judged({ topics: good.topics.slice(1) })).toBe('log-topics')
    expect(judged({ topics: [...good.topics, bytes(32, 4)] })).toBe('log-topics')
    expect(judged({ topics: [...good.topics].reverse() })).toBe('log-topics')
    expect(judged({ data: bytes(31, 9) })).toBe('log-data')
    expect(judged({ data: flip(good.data, 3) })).toBe('log-data')
  })

  test('A18: a transaction that failed, doesn’t say, or isn’t there', () => {
    const log = logOf(0xaa, 3, 32)
    expect(check(InclusionProof.log(hash, statement(5, 0, log), evidence(5)))).toBe('log-status')
    expect(check(InclusionProof.log(hash, statement(6, 0), evidence(6)))).toBe('log-status')
    expect(check(InclusionProof.log(hash, statement(307, 0, log), evidence(307)))).toBe('log-absent')
  })

  test('A18: the header’s bloom proves nothing: it says yes to everything here', () => {
    expect(check(InclusionProof.log(hash, statement(7, 0, logOf(0xaa, 3, 32)), evidence(7)))).toBe(
      'log-index',
    )
  })

  test('A52: no zero hash, and no other block', () => {
    // Before anything is hashed.
    for (const none of [new Uint8Array(32), new Uint8Array(0), bytes(31, 1)])
      expect(refusal(InclusionProof.log(none, statement(2, 0), evidence(2)))).toEqual({
        check: 'block-hash',
        message: 'a zero hash names no block',
      })
    // Another one is another block's, also where there is a zero in it.
    for (const other of [flip(hash, 0), hash.with(3, 0)])
      expect(refusal(InclusionProof.log(other, statement(2, 0), evidence(2)))).toEqual({
        check: 'block-hash',
        message: "the header isn't the block's",
      })
    const odd = Uint8Array.of(0xc0)
    expect(check(InclusionProof.log(keccak_256(odd), statement(2, 0), { header: odd, proof: [] }))).toBe(
      'header-fields',
    )
    expect(check(InclusionProof.log(hash, statement(2, 0), { header: raw, proof: [] }))).toBe('trie-empty')
  })

  test('property: every changed bit of the proof is refused', () => {
    const { proof } = evidence(2)
    fc.assert(
      fc.property(fc.nat(proof.length - 1), fc.nat(), (node, at) => {
        const changed = proof.map((one, i) => (i === node ? flip(one, at % (one.length * 8)) : one))
        expect(InclusionProof.log(hash, statement(2, 0), { header: raw, proof: changed }).ok).toBe(false)
      }),
    )
  })
})
