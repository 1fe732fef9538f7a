import {
  Block,
  BlockHeader,
  Hash256,
  Inclusion,
  MerkleBlock,
  MerkleTree,
  Transaction,
} from '@aitbc/proofs/bitcoin'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, value } from '../helpers.js'
import { blockOf, coinbase, filler, lockOf, mine, termsOf } from './world.js'

const leavesOf = (n: number, seed = 0): Uint8Array[] =>
  Array.from({ length: n }, (_, i) => Hash256.of(Uint8Array.of(i & 255, i >> 8, seed)))

describe('Transaction', () => {
  const transaction = fc.record({
    version: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    inputs: fc.array(
      fc.record({
        txid: fc.uint8Array({ minLength: 32, maxLength: 32 }),
        index: fc.integer({ min: 0, max: 0xffffffff }),
        script: fc.uint8Array({ maxLength: 300 }),
        sequence: fc.integer({ min: 0, max: 0xffffffff }),
        witness: fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    outputs: fc.array(
      fc.record({
        amount: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        script: fc.uint8Array({ maxLength: 40 }),
      }),
      { maxLength: 3 },
    ),
    lockTime: fc.integer({ min: 0, max: 0xffffffff }),
  })

  test('property: decode ∘ encode is the identity, with witnesses and without', () => {
    fc.assert(
      fc.property(transaction, (tx) => {
        const bytes = Transaction.encode(tx)
        expect(value(Transaction.decode(bytes))).toEqual(tx)
        const bare = { ...tx, inputs: tx.inputs.map((input) => ({ ...input, witness: [] })) }
        expect(value(Transaction.decode(Transaction.encodeStripped(tx)))).toEqual(bare)
      }),
    )
  })

  test('property: what decodes has one encoding; nothing throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.tuple(transaction, fc.nat(), fc.nat(7)).map(([tx, at, bit]) => {
            const bytes = Transaction.encode(tx)
            return flip(bytes, (at % bytes.length) * 8 + bit)
          }),
        ),
        (bytes) => {
          const decoded = Transaction.decode(bytes)
          if (decoded.ok) expect(hex(Transaction.encode(decoded.value))).toBe(hex(bytes))
        },
      ),
    )
  })

  test('behavior: the largest transaction that fits in a block, of the smallest parts', () => {
    const input = concat(new Uint8Array(36).fill(1), Uint8Array.of(0, 0, 0, 0, 0))
    const count = 97_000
    const bytes = new Uint8Array(4 + 5 + count * 41 + 1 + 4)
    bytes.set([2, 0, 0, 0, 0xfe, count & 255, (count >> 8) & 255, count >> 16, 0])
    for (let i = 0; i < count; i++) bytes.set(input, 9 + i * 41)
    const decoded = value(Transaction.decode(bytes))
    expect(decoded.inputs.length).toBe(count)
    expect(Transaction.encode(decoded).length).toBe(bytes.length)
  })

  test('error: a count beyond what is there: nothing of its list is read', () => {
    const wrongAt = (...parts: readonly Uint8Array[]) => refusal(Transaction.decode(concat(...parts))).message
    const many = Uint8Array.of(0xfd, 0xff, 0xff)
    const version = Uint8Array.of(2, 0, 0, 0)
    const input = new Uint8Array(41)
    const output = new Uint8Array(9)
    expect(wrongAt(version, many, input)).toBe('not a whole transaction: wrong at byte 12')
    expect(wrongAt(version, Uint8Array.of(1), input, many, output)).toBe(
      'not a whole transaction: wrong at byte 53',
    )
    const flagged = concat(version, Uint8Array.of(0, 1, 1), input, Uint8Array.of(1), output)
    expect(wrongAt(flagged, many, new Uint8Array(4))).toBe('not a whole transaction: wrong at byte 65')
    const whole = Transaction.encode(filler(1))
    expect(wrongAt(whole.slice(0, -1))).toBe(`not a whole transaction: wrong at byte ${whole.length - 4}`)
  })

  test('error: each cut and each added byte', () => {
    const bytes = Transaction.encode(lockOf(termsOf('p2wsh')))
    for (let length = 0; length < bytes.length; length++)
      expect(Transaction.decode(bytes.subarray(0, length)).ok, `${length}`).toBe(false)
    expect(check(Transaction.decode(concat(bytes, Uint8Array.of(0))))).toBe('transaction-encoding')
  })

  test('error: forms that nobody may write', () => {
    const bare = Transaction.encodeStripped(filler(1))
    const input = bare.subarray(5, 46)
    const tail = bare.subarray(46)
    const with_ = (...parts: Uint8Array[]) => Transaction.decode(concat(bare.subarray(0, 4), ...parts))
    expect(with_(Uint8Array.of(1), input, tail).ok).toBe(true)
    // A count in three bytes that fits in one.
    expect(check(with_(Uint8Array.of(0xfd, 1, 0), input, tail))).toBe('transaction-encoding')
    expect(check(with_(Uint8Array.of(0xfe, 1, 0, 0, 0), input, tail))).toBe('transaction-encoding')
    expect(check(with_(Uint8Array.of(0xff, 1, 0, 0, 0, 0, 0, 0, 0), input, tail))).toBe(
      'transaction-encoding',
    )
    // Counts beyond all bounds.
    expect(check(with_(Uint8Array.of(0xff, ...new Uint8Array(8).fill(255)), input, tail))).toBe(
      'transaction-encoding',
    )
    // The witness flag with no witness at all, and an unknown flag.
    const empty = concat(tail.subarray(0, tail.length - 4), Uint8Array.of(0), tail.subarray(tail.length - 4))
    expect(check(with_(Uint8Array.of(0, 1, 1), input, empty))).toBe('transaction-witness')
    expect(check(with_(Uint8Array.of(0, 2, 1), input, empty))).toBe('transaction-inputs')
    expect(check(with_(Uint8Array.of(0, 1, 0), tail))).toBe('transaction-inputs')
    expect(check(Transaction.decode(new Uint8Array(4_000_001)))).toBe('transaction-size')
  })
})

describe('MerkleTree', () => {
  test('A1: for 1 to 64 transactions, a duplicated tail gives the same root and is refused', () => {
    let forged = 0
    for (let n = 1; n <= 64; n++) {
      const leaves = leavesOf(n)
      const root = hex(value(MerkleTree.root(leaves)))
      for (let size = 1; size < n || size === 1; size *= 2) {
        if (n % size !== 0 || (n / size) % 2 === 0 || n === size) continue
        const longer = [...leaves, ...leaves.slice(n - size)]
        const refused = MerkleTree.root(longer)
        expect(check(refused)).toBe('merkle-duplicate')
        // It is the attack: followed blindly, the root is the same.
        const last = MerkleTree.branch(longer, n)
        let node = longer[n] as Uint8Array
        last.siblings.forEach((sibling, level) => {
          node = (n >> level) & 1 ? Hash256.ofPair(sibling, node) : Hash256.ofPair(node, sibling)
        })
        expect(hex(node)).toBe(root)
        expect(check(MerkleTree.rootOf(longer[n] as Uint8Array, last))).toBe('merkle-duplicate')
        forged++
      }
    }
    expect(forged).toBeGreaterThan(40)
    expect(check(MerkleTree.root([]))).toBe('merkle-empty')
  })

  test('A3: each leaf has one index: every other one in or beyond the tree is refused', () => {
    for (const n of [1, 2, 3, 5, 7, 8, 11, 13]) {
      const leaves = leavesOf(n)
      const root = hex(value(MerkleTree.root(leaves)))
      leaves.forEach((leaf, i) => {
        const branch = MerkleTree.branch(leaves, i)
        expect(hex(value(MerkleTree.rootOf(leaf, branch)))).toBe(root)
        const depth = branch.siblings.length
        for (let index = 0; index < 2 ** depth; index++) {
          if (index === i) continue
          const other = MerkleTree.rootOf(leaf, { ...branch, index })
          if (other.ok) expect(hex(other.value)).not.toBe(root)
          else expect(other.refusal.check).toBe('merkle-duplicate')
        }
        for (const index of [-1, i + 2 ** depth, 2 ** depth, 0.5, Number.NaN, 2 ** 32 + i])
          expect(check(MerkleTree.rootOf(leaf, { ...branch, index }))).toBe('merkle-index')
      })
    }
  })

  test('error: depth and siblings of another form', () => {
    const leaf = leavesOf(1)[0] as Uint8Array
    expect(check(MerkleTree.rootOf(leaf, { index: 0, siblings: leavesOf(16, 1) }))).toBe('merkle-depth')
    expect(MerkleTree.rootOf(leaf, { index: 0, siblings: leavesOf(15, 1) }).ok).toBe(true)
    expect(check(MerkleTree.rootOf(leaf, { index: 0, siblings: [new Uint8Array(31)] }))).toBe(
      'merkle-sibling',
    )
    // A right neighbour above a node that is the last of its level.
    const [a, b] = leavesOf(2, 3) as [Uint8Array, Uint8Array]
    expect(check(MerkleTree.rootOf(a, { index: 0, siblings: [a, b] }))).toBe('merkle-duplicate')
  })
})

const block = (n: number) =>
  blockOf(
    1,
    Array.from({ length: n - 1 }, (_, i) => filler(i)),
  )
const rootOf = (transactions: readonly Transaction.Transaction[]) =>
  value(MerkleTree.root(transactions.map(Transaction.txid)))

describe('Inclusion', () => {
  test('default: every transaction of blocks of 1 to 12', () => {
    for (let n = 1; n <= 12; n++) {
      const transactions = block(n)
      for (let i = 0; i < n; i++) {
        const included = value(Inclusion.verify(rootOf(transactions), Inclusion.of(transactions, i)))
        expect([included.index, hex(included.txid)]).toEqual([
          i,
          hex(Transaction.txid(transactions[i] as Transaction.Transaction)),
        ])
        if (i > 0)
          expect(Inclusion.verifyWitness(rootOf(transactions), Inclusion.ofWitness(transactions, i)).ok).toBe(
            true,
          )
      }
    }
  })

  test('A2: a transaction of 64 bytes is refused, as leaf and as node', () => {
    // A transaction that is exactly two hashes long, and whose second half is the id of another one.
    const fake = filler(200)
    const bytes = new Uint8Array(64)
    bytes.set(
      Transaction.encodeStripped({ ...filler(7), outputs: [{ amount: 0n, script: new Uint8Array(4) }] }),
    )
    const narrow = value(Transaction.decode(bytes))
    expect(Transaction.encodeStripped(narrow).length).toBe(64)
    const transactions = [coinbase(1), narrow]
    const root = rootOf(transactions)
    expect(check(Inclusion.verify(root, Inclusion.of(transactions, 1)))).toBe('transaction-64')
    // Its halves as siblings one level deeper: the coinbase shows the real depth.
    const inclusion: Inclusion.Inclusion = {
      transaction: Transaction.encodeStripped(fake),
      index: 2,
      siblings: [bytes.slice(32), Transaction.txid(transactions[0] as Transaction.Transaction)],
      coinbase: Transaction.encodeStripped(transactions[0] as Transaction.Transaction),
      coinbaseSiblings: [Transaction.txid(narrow)],
    }
    expect(check(Inclusion.verify(root, inclusion))).toBe('merkle-depth')
    // Two sibling ids read as a transaction of 64 bytes, one level higher.
    const four = block(4)
    const ids = four.map(Transaction.txid)
    const node = concat(ids[2] as Uint8Array, ids[3] as Uint8Array)
    const raised = {
      ...Inclusion.of(four, 2),
      transaction: node,
      index: 1,
      siblings: MerkleTree.branch(ids, 2).siblings.slice(1),
    }
    expect(Inclusion.verify(rootOf(four), raised).ok).toBe(false)
  })

  test('A2: the depth is the coinbase’s', () => {
    const transactions = block(6)
    const inclusion = Inclusion.of(transactions, 3)
    const root = rootOf(transactions)
    const shorter = { ...inclusion, coinbaseSiblings: inclusion.coinbaseSiblings.slice(1) }
    expect(check(Inclusion.verify(root, shorter))).toBe('merkle-depth')
    const second = Inclusion.of(transactions, 1)
    expect(
      check(
        Inclusion.verify(root, {
          ...inclusion,
          coinbase: second.transaction,
          coinbaseSiblings: second.siblings,
        }),
      ),
    ).toBe('coinbase')
    const foreign = { ...inclusion, coinbase: Transaction.encodeStripped(coinbase(99)) }
    expect(check(Inclusion.verify(root, foreign))).toBe('merkle-root')
    expect(check(Inclusion.verify(root, { ...inclusion, transaction: second.transaction }))).toBe(
      'merkle-root',
    )
    expect(check(Inclusion.verify(root, { ...Inclusion.of(transactions, 0), index: 1 }))).toBe('coinbase')
    expect(check(Inclusion.verify(root, { ...inclusion, index: 0 }))).toBe('coinbase')
  })

  test('A9: a wtxid is not a txid, and witnesses have no place where only the txid is proved', () => {
    const transactions = blockOf(1, [filler(1), lockOf(termsOf('p2wsh'))])
    const root = rootOf(transactions)
    const wtxids = [new Uint8Array(32), ...transactions.slice(1).map(Transaction.wtxid)]
    const whole = Inclusion.ofWitness(transactions, 2)
    const bare = Inclusion.of(transactions, 2)
    for (const { transaction, coinbase } of [
      whole,
      { ...whole, coinbase: bare.coinbase },
      { ...whole, transaction: bare.transaction },
    ])
      expect(check(Inclusion.verify(root, { ...bare, transaction, coinbase }))).toBe('transaction-form')
    const mixed = { ...Inclusion.of(transactions, 2), siblings: MerkleTree.branch(wtxids, 2).siblings }
    expect(check(Inclusion.verify(root, mixed))).toBe('merkle-root')
    expect(check(Inclusion.verify(value(MerkleTree.root(wtxids)), Inclusion.of(transactions, 2)))).toBe(
      'merkle-root',
    )
  })

  test('A9: witnesses are bound by the commitment', () => {
    const transactions = blockOf(1, [filler(1), lockOf(termsOf('p2wsh'))])
    const root = rootOf(transactions)
    const whole = Inclusion.ofWitness(transactions, 2)
    value(Inclusion.verifyWitness(root, whole))
    const lock = transactions[2] as Transaction.Transaction
    const other = {
      ...lock,
      inputs: lock.inputs.map((input) => ({ ...input, witness: [Uint8Array.of(1)] })),
    }
    const swapped = { ...whole, transaction: Transaction.encode(other) }
    const cut = new Uint8Array(31)
    // The first thing that is wrong is told, though more is.
    const lost = { ...whole, witnessSiblings: whole.siblings }
    expect(check(Inclusion.verifyWitness(flip(root, 0), lost))).not.toBe('witness-commitment')
    const [, ...siblings] = whole.witnessSiblings
    expect(check(Inclusion.verifyWitness(root, { ...whole, witnessSiblings: [cut, ...siblings] }))).toBe(
      'merkle-sibling',
    )
    const [, ...others] = whole.coinbaseSiblings
    expect(check(Inclusion.verifyWitness(root, { ...whole, coinbaseSiblings: [cut, ...others] }))).toBe(
      'merkle-sibling',
    )
    expect(check(Inclusion.verifyWitness(root, swapped))).toBe('witness-commitment')
    expect(check(Inclusion.verifyWitness(root, { ...whole, witnessSiblings: whole.siblings }))).toBe(
      'witness-commitment',
    )
    expect(
      check(Inclusion.verifyWitness(root, { ...whole, witnessSiblings: whole.witnessSiblings.slice(1) })),
    ).toBe('merkle-depth')
    const first = transactions[0] as Transaction.Transaction
    const reserved = (witness: Uint8Array[]) =>
      Inclusion.verifyWitness(root, {
        ...whole,
        coinbase: Transaction.encode({
          ...first,
          inputs: first.inputs.map((input) => ({ ...input, witness })),
        }),
      })
    expect(check(reserved([]))).toBe('witness-reserved')
    expect(check(reserved([new Uint8Array(31)]))).toBe('witness-reserved')
    expect(check(reserved([new Uint8Array(32), new Uint8Array(0)]))).toBe('witness-reserved')
    expect(check(reserved([new Uint8Array(32).fill(1)]))).toBe('witness-commitment')
    expect(check(Inclusion.verifyWitness(root, Inclusion.ofWitness(transactions, 0)))).toBe(
      'coinbase-witness',
    )
    // A block without any commitment.
    const bare = [{ ...coinbase(1), inputs: first.inputs }, ...transactions.slice(1)]
    expect(check(Inclusion.verifyWitness(rootOf(bare), Inclusion.ofWitness(bare, 2)))).toBe(
      'witness-commitment',
    )
  })

  test('A9: the last output of the form commits: not a shorter one, nor one that is alike', () => {
    const commitment = new Uint8Array(32).fill(7)
    const head = Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed)
    const of = (...scripts: readonly Uint8Array[]) =>
      Inclusion.commitmentOf({
        ...coinbase(1),
        outputs: scripts.map((script) => ({ amount: 0n, script })),
      })
    const good = concat(head, commitment)
    expect(of(good)).toEqual(commitment)
    expect(of(concat(head, new Uint8Array(32)), concat(good, Uint8Array.of(1, 2)))).toEqual(commitment)
    for (const other of [good.slice(0, 37), head, concat(Uint8Array.of(0x6a), new Uint8Array(40))]) {
      expect(of(good, other)).toEqual(commitment)
      expect(of(other)).toBeUndefined()
    }
  })

  test('property: every one-bit change of every part is refused', () => {
    const transactions = blockOf(1, [filler(1), filler(2), lockOf(termsOf('p2tr'))])
    const root = rootOf(transactions)
    const whole = Inclusion.ofWitness(transactions, 3)
    const bare = Inclusion.of(transactions, 3)
    const flips = (bytes: Uint8Array, refused: (changed: Uint8Array) => boolean) => {
      for (let bit = 0; bit < bytes.length * 8; bit++)
        expect(refused(flip(bytes, bit)), `bit ${bit}`).toBe(true)
    }
    const judge = (change: Partial<Inclusion.WitnessInclusion>) =>
      !Inclusion.verifyWitness(root, { ...whole, ...change }).ok
    const judgeBare = (change: Partial<Inclusion.Inclusion>) =>
      !Inclusion.verify(root, { ...bare, ...change }).ok
    flips(root, (changed) => !Inclusion.verify(changed, bare).ok)
    flips(bare.transaction, (transaction) => judgeBare({ transaction }))
    flips(bare.coinbase, (coinbase) => judgeBare({ coinbase }))
    flips(whole.transaction, (transaction) => judge({ transaction }))
    flips(whole.coinbase, (coinbase) => judge({ coinbase }))
    for (const name of ['siblings', 'coinbaseSiblings', 'witnessSiblings'] as const)
      whole[name].forEach((sibling, i) => {
        flips(sibling, (changed) => judge({ [name]: whole[name].map((s, j) => (i === j ? changed : s)) }))
      })
    for (let bit = 0; bit < 32; bit++) expect(judgeBare({ index: (3 ^ (1 << bit)) >>> 0 })).toBe(true)
  })
})

describe('Block', () => {
  const transactions = block(5)
  const header = mine({
    previous: new Uint8Array(32),
    time: 1n,
    bits: 0x207fffff,
    merkleRoot: rootOf(transactions),
  })
  const raw = (list: readonly Transaction.Transaction[], count = list.length) =>
    concat(header, Uint8Array.of(count), ...list.map(Transaction.encode))

  test('default: header and transactions, bound to each other', () => {
    const decoded = value(Block.decode(raw(transactions)))
    expect(decoded).toEqual({ header: value(BlockHeader.decode(header)), transactions })
  })

  test('error: cut, trailing, another list', () => {
    const bytes = raw(transactions)
    for (let length = 0; length < bytes.length; length++)
      expect(Block.decode(bytes.subarray(0, length)).ok).toBe(false)
    expect(check(Block.decode(concat(bytes, Uint8Array.of(0))))).toBe('block-encoding')
    expect(check(Block.decode(raw(transactions, 4)))).toBe('block-encoding')
    expect(check(Block.decode(raw(transactions.slice(1))))).toBe('merkle-root')
    expect(check(Block.decode(raw([])))).toBe('merkle-empty')
    expect(check(Block.decode(bytes.subarray(0, 79)))).toBe('header-length')
    // CVE-2012-2459: the same root, and a transaction twice.
    expect(check(Block.decode(raw([...transactions, transactions[4] as Transaction.Transaction])))).toBe(
      'merkle-duplicate',
    )
  })
})

describe('MerkleBlock', () => {
  /** The message of BIP-37 that marks these leaves. */
  const messageOf = (transactions: readonly Transaction.Transaction[], marked: readonly number[]) => {
    const ids = transactions.map(Transaction.txid)
    const levels: Uint8Array[][] = [ids]
    for (let level = ids; level.length > 1; ) {
      level = level.flatMap((left, i) => (i % 2 === 0 ? [Hash256.ofPair(left, level[i + 1] ?? left)] : []))
      levels.push(level)
    }
    const bits: boolean[] = []
    const hashes: Uint8Array[] = []
    const walk = (level: number, index: number) => {
      const has = marked.some((leaf) => leaf >> level === index)
      bits.push(has)
      if (level === 0 || !has) hashes.push((levels[level] as Uint8Array[])[index] as Uint8Array)
      else
        for (const child of [2 * index, 2 * index + 1])
          if (child < (levels[level - 1] as Uint8Array[]).length) walk(level - 1, child)
    }
    walk(levels.length - 1, 0)
    const flags = new Uint8Array(Math.ceil(bits.length / 8))
    bits.forEach((bit, i) => {
      if (bit) flags[i >> 3] = (flags[i >> 3] as number) | (1 << (i & 7))
    })
    const header = value(
      BlockHeader.decode(
        mine({
          previous: new Uint8Array(32),
          time: 1n,
          bits: 0x207fffff,
          merkleRoot: (levels.at(-1) as Uint8Array[])[0] as Uint8Array,
        }),
      ),
    )
    return { header, count: ids.length, hashes, flags }
  }

  test('default: what is marked is found; with the coinbase it is proved', () => {
    for (let n = 1; n <= 12; n++) {
      const transactions = block(n)
      for (let i = 0; i < n; i++) {
        const message = messageOf(transactions, [0, i])
        expect(value(MerkleBlock.decode(MerkleBlock.encode(message)))).toEqual(message)
        const marked = value(MerkleBlock.matches(message))
        expect(marked.map(({ index }) => index)).toEqual(i === 0 ? [0] : [0, i])
        const evidence = Inclusion.of(transactions, i)
        expect(value(MerkleBlock.verify(message, evidence)).index).toBe(i)
      }
    }
    expect(value(MerkleBlock.matches(messageOf(block(5), [])))).toEqual([])
  })

  test('A4: flags that end before the tree does', () => {
    const message = messageOf(block(7), [0, 4])
    const ids = Array.from({ length: 8 }, (_, i) => new Uint8Array(32).fill(i))
    expect(
      check(MerkleBlock.matches({ ...message, count: 16, hashes: ids, flags: Uint8Array.of(0xff) })),
    ).toBe('merkleblock-flags')
  })

  test('error: a coinbase that is no transaction', () => {
    const transactions = block(7)
    const evidence = { ...Inclusion.of(transactions, 4), coinbase: new Uint8Array(9) }
    const message = messageOf(transactions, [0, 4])
    expect(check(MerkleBlock.verify(message, evidence))).toBe('transaction-inputs')
    const other = { ...Inclusion.of(transactions, 4), transaction: new Uint8Array(9) }
    expect(check(MerkleBlock.verify(message, other))).toBe('transaction-inputs')
  })

  test('A9: error: a transaction, or a coinbase, with its witness', () => {
    const transactions = blockOf(1, [filler(1), lockOf(termsOf('p2wsh'))])
    const message = messageOf(transactions, [0, 2])
    const [bare, whole] = [Inclusion.of(transactions, 2), Inclusion.ofWitness(transactions, 2)]
    expect(value(MerkleBlock.verify(message, bare)).index).toBe(2)
    const { transaction, coinbase } = whole
    expect(check(MerkleBlock.verify(message, { ...bare, transaction }))).toBe('transaction-form')
    expect(check(MerkleBlock.verify(message, { ...bare, coinbase }))).toBe('transaction-form')
  })

  test('A4: as many transactions as fit in a block', () => {
    const { header } = messageOf(block(1), [])
    const message = { header, count: 16_666, hashes: [header.merkleRoot], flags: Uint8Array.of(0) }
    expect(value(MerkleBlock.matches(message))).toEqual([])
  })

  test('A2: the coinbase is the one at index 0', () => {
    const transactions = block(4)
    const message = messageOf(transactions, [0, 2])
    const evidence = Inclusion.of(transactions, 2)
    const foreign = Transaction.encodeStripped(coinbase(99))
    expect(check(MerkleBlock.verify(message, { ...evidence, coinbase: foreign }))).toBe('coinbase')
    // What looks like one elsewhere fixes no depth.
    const odd = [filler(1), filler(2), coinbase(1), filler(3)]
    const ids = odd.map((one) => Transaction.encodeStripped(one)) as [Uint8Array, Uint8Array, Uint8Array]
    const marked = messageOf(odd, [1, 2])
    expect(check(MerkleBlock.verify(marked, { transaction: ids[1], coinbase: ids[2] }))).toBe('coinbase')
  })

  test('A4: counts, hashes and flags that no tree has', () => {
    const message = messageOf(block(7), [0, 4])
    const judge = (change: Partial<MerkleBlock.MerkleBlock>) =>
      check(MerkleBlock.matches({ ...message, ...change }))
    expect(judge({ count: 0 })).toBe('merkleblock-count')
    expect(judge({ count: 16_667 })).toBe('merkleblock-count')
    expect(judge({ count: 0xffffffff })).toBe('merkleblock-count')
    expect(judge({ hashes: [] })).toBe('merkleblock-hashes')
    expect(judge({ hashes: [...message.hashes, ...message.hashes] })).toBe('merkleblock-hashes')
    expect(judge({ hashes: [...message.hashes, new Uint8Array(32)] })).toBe('merkleblock-hashes')
    expect(judge({ hashes: message.hashes.slice(1) })).toBe('merkleblock-hashes')
    expect(judge({ flags: new Uint8Array(0) })).toBe('merkleblock-flags')
    expect(judge({ flags: concat(message.flags, Uint8Array.of(0)) })).toBe('merkleblock-flags')
    expect(judge({ flags: concat(message.flags, new Uint8Array(20)) })).toBe('merkleblock-flags')
    const last = message.flags.length * 8 - 1
    expect(judge({ flags: flip(message.flags, last) })).toBe('merkleblock-flags')
    expect(judge({ count: 16 })).toBe('merkle-root')
    expect(judge({ count: 4 })).toBe('merkleblock-hashes')
    const raw = MerkleBlock.encode(message)
    for (let length = 0; length < raw.length; length++)
      expect(MerkleBlock.decode(raw.subarray(0, length)).ok).toBe(false)
    expect(check(MerkleBlock.decode(concat(raw, Uint8Array.of(0))))).toBe('merkleblock-encoding')
    const huge = raw.slice()
    huge.set([0xfe, 0xff, 0xff, 0xff, 0xff], 84)
    expect(check(MerkleBlock.decode(huge))).toBe('merkleblock-encoding')
  })

  test('A1: equal neighbours', () => {
    const transactions = block(3)
    const doubled = [...transactions, transactions[2] as Transaction.Transaction]
    expect(check(MerkleBlock.matches(messageOf(doubled, [0, 3])))).toBe('merkle-duplicate')
  })

  test('A2: a leaf of another depth: the count is the sender’s word', () => {
    // Three transactions presented as two: the second "leaf" is an inner node.
    const transactions = block(4)
    const ids = transactions.map(Transaction.txid)
    const honest = messageOf(transactions, [])
    const right = Hash256.ofPair(ids[2] as Uint8Array, ids[3] as Uint8Array)
    const left = Hash256.ofPair(ids[0] as Uint8Array, ids[1] as Uint8Array)
    const forged = { header: honest.header, count: 2, hashes: [left, right], flags: Uint8Array.of(0b101) }
    expect(value(MerkleBlock.matches(forged)).map(({ txid }) => hex(txid))).toEqual([hex(right)])
    const evidence = Inclusion.of(transactions, 2)
    expect(check(MerkleBlock.verify(forged, evidence))).toBe('coinbase')
    const both = messageOf(transactions, [0, 2])
    const node = concat(ids[2] as Uint8Array, ids[3] as Uint8Array)
    expect(MerkleBlock.verify(both, { ...evidence, transaction: node }).ok).toBe(false)
    expect(check(MerkleBlock.verify(both, Inclusion.of(transactions, 1)))).toBe('merkleblock-marks')
    expect(check(MerkleBlock.verify(messageOf(transactions, [2]), evidence))).toBe('coinbase')
    expect(check(MerkleBlock.verify(messageOf(transactions, [0, 1, 2]), evidence))).toBe('merkleblock-marks')
    expect(check(MerkleBlock.verify(both, { ...evidence, coinbase: evidence.transaction }))).toBe('coinbase')
  })

  test('property: every one-bit change of the tree is refused', () => {
    const transactions = block(5)
    const message = messageOf(transactions, [0, 3])
    const raw = MerkleBlock.encode(message)
    const evidence = Inclusion.of(transactions, 3)
    // The header's other fields are the header chain's matter. The count is bound as far as it shapes what is walked, and no
    // verdict tells it.
    const included = value(MerkleBlock.verify(message, evidence))
    const unbound: number[] = []
    for (let bit = 36 * 8; bit < raw.length * 8; bit++) {
      if (bit >= 68 * 8 && bit < 80 * 8) continue
      const decoded = MerkleBlock.decode(flip(raw, bit))
      if (!decoded.ok) continue
      const verdict = MerkleBlock.verify(decoded.value, evidence)
      if (!verdict.ok) continue
      unbound.push(bit)
      expect(verdict.value).toEqual(included)
    }
    expect(unbound.every((bit) => bit >= 80 * 8 && bit < 84 * 8)).toBe(true)
  })

  test('property: any bytes give a verdict', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const decoded = MerkleBlock.decode(bytes)
        if (decoded.ok) MerkleBlock.matches(decoded.value)
      }),
    )
  })
})
