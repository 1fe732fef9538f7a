import { Bytes } from '@aitbc/core'
import { Batch, Engine } from '@aitbc/proofs/engine'
import {
  BankHash,
  EntryMerkle,
  type Finality,
  Inclusion,
  LightClient,
  Poh,
  Transaction,
  TransactionEvidence,
} from '@aitbc/proofs/solana'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, concat, flip, hex, refusal, value } from '../helpers.js'
import {
  BLOCKS,
  bankAt,
  blockAt,
  bytes,
  EVIDENCE,
  FRESH,
  hashOf,
  inclusionOf,
  NOW,
  TABLE,
  TOWER,
  TRANSACTIONS,
  transfer,
  votesFor,
} from './world.js'

const utf8 = (text: string) => new TextEncoder().encode(text)
const BANK = bankAt(101n)
const FINAL = value(LightClient.apply(FRESH, { bank: BANK, evidence: TOWER, now: NOW }))

describe('the tree of an entry', () => {
  const words = 'my very eager mother just served us nine pizzas make prime'.split(' ').map(utf8)
  test('default: the golden root of agave’s own test', () => {
    expect(hex(EntryMerkle.root(words))).toBe(
      'b40c847546fdceea166f927fc46c5ca33c3638236a36275c1346d3dffb84e1bc',
    )
    expect(EntryMerkle.root([])).toEqual(bytes(32, 0))
  })
  test('every leaf of trees of 1 to 33 has one path, which says its index', () => {
    for (let size = 1; size <= 33; size++) {
      const leaves = Array.from({ length: size }, (_, i) => hashOf(`leaf ${i}`))
      const root = EntryMerkle.root(leaves)
      for (const [index, leaf] of leaves.entries()) {
        const path = EntryMerkle.path(leaves, index) as EntryMerkle.Path
        expect(value(EntryMerkle.fold(leaf, path))).toEqual({ root, index })
        const elsewhere = EntryMerkle.fold(hashOf('another'), path)
        if (elsewhere.ok) expect(elsewhere.value.root).not.toEqual(root)
      }
      expect(EntryMerkle.path(leaves, size)).toBeUndefined()
    }
  })
  test('a doubled last node has its own form: no second index for a leaf (as in A1)', () => {
    const leaves = words.slice(0, 3)
    const last = leaves[2] as Uint8Array
    const path = EntryMerkle.path(leaves, 2) as EntryMerkle.Path
    expect(path[0]).toEqual({ side: 'self' })
    const twin = sha256(concat(Uint8Array.of(0), last))
    for (const side of ['left', 'right'] as const)
      expect(check(EntryMerkle.fold(last, [{ side, hash: twin }, ...path.slice(1)]))).toBe('merkle-duplicate')
  })
  test('a node is no leaf, and a path has an end', () => {
    const pair = EntryMerkle.path(words, 0) as EntryMerkle.Path
    const inner = concat(...words.slice(0, 2).map((it) => sha256(concat(Uint8Array.of(0), it))))
    expect(value(EntryMerkle.fold(inner, pair.slice(1))).root).not.toEqual(EntryMerkle.root(words))
    const self = Array.from({ length: EntryMerkle.MAX_DEPTH }, () => ({ side: 'self' as const }))
    expect(EntryMerkle.fold(inner, self).ok).toBe(true)
    expect(check(EntryMerkle.fold(inner, [...self, { side: 'self' }]))).toBe('merkle-depth')
  })
})

describe('proof of history', () => {
  const { start, entries, parts } = blockAt(101n)
  const rules = { hashesPerTick: 8n, ticks: 2 }
  const refused = (changed: readonly Poh.Entry[], options: Poh.Options = rules) =>
    check(Poh.verify(start, changed, options))
  const [first, second, third, fourth] = entries as [Poh.Entry, Poh.Entry, Poh.Entry, Poh.Entry]

  test('default: a slot from its first hash to its last', () => {
    expect(value(Poh.verify(start, entries, rules))).toEqual(parts.blockhash)
    expect(value(Poh.verify(start, entries))).toEqual(parts.blockhash)
    expect(value(Poh.verify(start, []))).toEqual(start)
  })
  test('hashes by hand', () => {
    const zero = bytes(32, 0)
    const one = sha256(zero)
    expect(Poh.next(zero, { hashes: 0n })).toEqual(zero)
    expect(Poh.next(zero, { hashes: 2n })).toEqual(sha256(one))
    expect(Poh.next(zero, { hashes: 1n, mixin: zero })).toEqual(sha256(concat(zero, zero)))
    expect(Poh.next(zero, { hashes: 2n, mixin: zero })).toEqual(sha256(concat(one, zero)))
  })
  test('entries in parts, each from the hash before it', () => {
    let hash = start
    for (const entry of value(Poh.check(entries, rules))) hash = value(Poh.verifyEntry(hash, entry))
    expect(hash).toEqual(parts.blockhash)
    expect(check(Poh.verifyEntry(hash, first))).toBe('poh-hash')
  })
  test('every field of every entry counts', () => {
    for (const [at, entry] of entries.entries()) {
      const changed = (change: Partial<Poh.Entry>) =>
        refused(
          entries.map((it, i) => (i === at ? { ...it, ...change } : it)),
          {},
        )
      expect(changed({ hashes: entry.hashes + 1n })).toBe('poh-hash')
      expect(changed({ hash: flip(entry.hash, 5) })).toBe('poh-hash')
      expect(changed({ mixin: hashOf('another') })).toBe('poh-hash')
    }
    expect(refused([second, first, third, fourth], {})).toBe('poh-hash')
    expect(refused([first, third, fourth], {})).toBe('poh-hash')
  })
  test('the work is bounded before it starts', () => {
    const endless = { hashes: (1n << 64n) - 1n, hash: first.hash }
    expect(refusal(Poh.verify(start, [first, endless]))).toEqual({
      check: 'poh-work',
      message: 'more than 4000000 hashes',
      context: { index: 1 },
    })
    expect(refused(entries, { limit: 15n })).toBe('poh-work')
    expect(Poh.verify(start, entries, { limit: 16n }).ok).toBe(true)
    expect(check(Poh.check([{ ...endless, hashes: Poh.SLOT_HASHES + 1n }]))).toBe('poh-work')
    expect(Poh.check([{ ...endless, hashes: Poh.SLOT_HASHES }]).ok).toBe(true)
  })
  test('ticks come when they are due, as many as there are', () => {
    expect(refused(entries, { hashesPerTick: 9n })).toBe('poh-tick-hashes')
    expect(refused(entries, { hashesPerTick: 7n })).toBe('poh-tick-hashes')
    const early = [first, second, { ...first, hashes: 4n }]
    expect(refusal(Poh.verify(start, early, { hashesPerTick: 8n }))).toEqual({
      check: 'poh-tick-hashes',
      message: 'a tick has 8 hashes, got 8',
      context: { index: 2 },
    })
    expect(refused(entries, { ticks: 1 })).toBe('poh-ticks')
    expect(refused(entries, { ticks: 3 })).toBe('poh-ticks')
    expect(refused([...entries, first], { ticks: 2 })).toBe('poh-ticks')
  })
  test('an entry has a hash, and hashes have 32 bytes', () => {
    const context = { index: 1 }
    for (const hashes of [0n, -1n])
      expect(refusal(Poh.check([first, { ...first, hashes }]))).toEqual({
        check: 'poh-hashes',
        message: `entry 1 has ${hashes} hashes`,
        context,
      })
    for (const change of [{ hash: bytes(31, 1) }, { mixin: bytes(0, 1) }])
      expect(refusal(Poh.check([first, { ...first, ...change }]))).toEqual({
        check: 'poh-length',
        message: 'the hashes of entry 1 have 32 bytes',
        context,
      })
    const one = Poh.next(start, { hashes: 1n })
    expect(value(Poh.verify(start, [{ hashes: 1n, hash: one }]))).toEqual(one)
  })
  test('an engine of the caller’s hashes instead', () => {
    let asked = 0n
    const engine: Poh.Engine = (hash, times) => {
      asked += times
      return Poh.noble(hash, times)
    }
    expect(Poh.verify(start, entries, { ...rules, engine }).ok).toBe(true)
    // Sixteen hashes, two of them with a mixin.
    expect(asked).toBe(14n)
    expect(check(Poh.verify(start, entries, { engine: (hash) => hash }))).toBe('poh-hash')
  })
})

describe('a transaction in its bank', () => {
  const judge = (change: Partial<Inclusion.Evidence> = {}, base = EVIDENCE.inclusion) =>
    Inclusion.verify(FINAL, { ...base, ...change })
  const refused = (...args: Parameters<typeof judge>) => check(judge(...args))
  const own = EVIDENCE.inclusion

  test('default: every transaction, and what that leaves open', () => {
    for (const [entry, batch] of TRANSACTIONS.entries())
      for (const [at, transaction] of batch.entries()) {
        const attested = value(Inclusion.verify(FINAL, inclusionOf(entry, at)))
        expect(attested).toEqual({
          assurance: 'attested',
          says: 'included',
          silent: ['success', 'state', 'lookups'],
          bank: BANK,
          blockhash: blockAt(101n).parts.blockhash,
          transaction: value(Transaction.decode(transaction)),
        })
      }
  })
  test('A52: a fresh light client attests nothing', () => {
    expect(check(Inclusion.verify(FRESH, own))).toBe('not-final')
  })
  test('another transaction', () => {
    expect(refused({ transaction: transfer(9, 2) })).toBe('entry-root')
    expect(refused({ transaction: transfer(9) })).toBe('transaction-paths')
    expect(refused({ transaction: own.transaction.slice(0, -1) })).toBe('truncated')
    expect(refused({ transaction: transfer(9) }, inclusionOf(0, 0))).toBe('poh-hash')
    // The recorded signatures with another message.
    const lie = concat(own.transaction.slice(0, 129), transfer(9, 2).slice(129))
    expect(refused({ transaction: lie })).toBe('signature')
  })
  test('paths: one a signature, side by side, to one root', () => {
    const [first, second] = own.paths as [EntryMerkle.Path, EntryMerkle.Path]
    expect(refused({ paths: [first] })).toBe('transaction-paths')
    expect(refused({ paths: [first, second, second] })).toBe('transaction-paths')
    expect(refused({ paths: [first, second.slice(1)] })).toBe('entry-root')
    const long = Array.from({ length: 21 }, () => ({ side: 'self' as const }))
    expect(refused({ paths: [long, second] })).toBe('merkle-depth')
    // Two signers who sign two transactions: the first signature of one with the second of the other.
    const both = [transfer(1, 2), transfer(2, 2)].map((it) => value(Transaction.decode(it)))
    const signatures = both.flatMap((it) => it.signatures)
    const path = (index: number) => EntryMerkle.path(signatures, index) as EntryMerkle.Path
    const mixed = {
      message: (both[0] as Transaction.Transaction).message,
      signatures: [signatures[0], signatures[3]] as Uint8Array[],
    }
    expect(refused({ transaction: Transaction.encode(mixed), paths: [path(0), path(3)] })).toBe('entry-index')
  })
  test('another state of the chain, other entries', () => {
    expect(refused({ state: flip(own.state, 0) })).toBe('poh-hash')
    expect(refused({ entries: own.entries.slice(1) })).toBe('poh-hash')
    expect(refused({ entries: [] })).toBe('poh-last-tick')
    expect(
      refused({
        entries: [...own.entries.slice(0, -1), { ...(own.entries.at(-1) as Poh.Entry), mixin: hashOf('m') }],
      }),
    ).toBe('poh-last-tick')
    expect(refused({ entries: own.entries.slice(0, -1) })).toBe('blockhash')
    expect(check(Inclusion.verify(FINAL, own, { limit: 11n }))).toBe('poh-work')
    expect(Inclusion.verify(FINAL, own, { limit: 12n, engine: Poh.noble }).ok).toBe(true)
  })
  test('a transaction of the slot before stands in another bank, though the chain goes on', () => {
    // Slots of this world have two ticks.
    const before = blockAt(100n)
    const [batch] = before.signatures as readonly Uint8Array[][]
    const evidence: Inclusion.Evidence = {
      ...own,
      transaction: transfer(0),
      paths: [EntryMerkle.path(batch as Uint8Array[], 0) as EntryMerkle.Path],
      state: Poh.noble(before.start, 1n),
      entries: [...before.entries.slice(1), ...blockAt(101n).entries],
    }
    expect(check(Inclusion.verify(FINAL, evidence, { ticksPerSlot: 2 }))).toBe('poh-slot')
    expect(Inclusion.verify(FINAL, evidence, { ticksPerSlot: 4 }).ok).toBe(true)
    expect(Inclusion.verify(FINAL, own, { ticksPerSlot: 2 }).ok).toBe(true)
    const tick = own.entries.at(-1) as Poh.Entry
    const ticks = (count: number) => Array.from({ length: count }, () => tick)
    expect(refused({ entries: ticks(64) })).toBe('poh-hash')
    expect(refused({ entries: ticks(65) })).toBe('poh-slot')
  })
  test('another bank', () => {
    expect(refused({ parent: flip(own.parent, 0) })).toBe('bank-hash')
    expect(refused({ bank: { ...own.bank, signatures: own.bank.signatures + 1n } })).toBe('bank-hash')
    expect(refused({ bank: { ...own.bank, hardForks: 1n } })).toBe('bank-hash')
    expect(refused({ bank: { ...own.bank, hardForks: 0n } })).toBe('bank-parts')
    expect(refused({ bank: { ...own.bank, blockhash: hashOf('another') } })).toBe('bank-hash')
    expect(refused({ parent: bytes(31, 1) })).toBe('hash-length')
    expect(refused({ state: bytes(31, 1) })).toBe('hash-length')
    // Without a length, a parent told as the accounts of an older form would hash alike.
    const accounts = own.bank.accounts as Extract<BankHash.Accounts, { form: 'lattice' }>
    const alias = {
      ...own.bank,
      accounts: { ...accounts, form: 'delta-lattice' as const, delta: own.parent },
    }
    expect(BankHash.of(new Uint8Array(0), alias)).toEqual(BANK.hash)
    expect(refused({ parent: new Uint8Array(0), bank: alias })).toBe('hash-length')
    // All of it right, of a slot that isn't the final one.
    const other = value(
      LightClient.apply(FRESH, {
        bank: bankAt(102n),
        evidence: {
          ...TOWER,
          votes: votesFor(102n),
          descendants: BLOCKS.slice(3, 34).map(({ parts }) => parts),
          rooting: votesFor(133n),
        },
        now: NOW,
      }),
    )
    expect(check(Inclusion.verify(other, own))).toBe('bank-hash')
  })
})

describe('evidence in its encoded form', () => {
  const encoded = TransactionEvidence.encode(EVIDENCE)
  const judge = (input: Uint8Array, now = NOW) => TransactionEvidence.verify(FRESH, input, { now })

  test('default: is read, written and verified', () => {
    expect(TransactionEvidence.FORMAT).toBe('solana-transaction/1')
    const read = value(TransactionEvidence.decode(encoded))
    expect(read).toEqual(EVIDENCE)
    // A tick without a mixin, a bank without an epoch's hash and hard forks: what is left out isn't there, rather than undefined.
    expect(read.inclusion.entries).toStrictEqual(EVIDENCE.inclusion.entries)
    const { descendants } = read.finality as Finality.Tower
    expect(descendants[1]).toStrictEqual(blockAt(103n).parts)
    expect(value(judge(encoded)).transaction.signatures.length).toBe(2)
    for (const [entry, at] of [
      [0, 0],
      [1, 0],
      [1, 4],
    ] as const) {
      const one = { ...EVIDENCE, inclusion: inclusionOf(entry, at) }
      expect(value(TransactionEvidence.decode(TransactionEvidence.encode(one)))).toEqual(one)
    }
    expect(check(judge(encoded, TABLE.expires + 1n))).toBe('stake-expired')
    expect(check(judge(encoded.slice(0, -1)))).toBe('evidence-encoding')
  })
  test('an engine of the caller’s answers for the signatures, by the strict rule', async () => {
    const waiting = TransactionEvidence.prepare(FRESH, encoded, { now: NOW })
    const { checks, settle } = value(waiting)
    // Three for the bank, three that root it, two of the transaction itself.
    expect(checks.length).toBe(8)
    const yes = checks.map(() => true)
    expect(value(settle(yes))).toEqual(value(judge(encoded)))
    for (const at of yes.keys()) expect(check(settle(yes.map((it, i) => it && i !== at)))).toBe('signature')
    expect(check(settle(yes.slice(1)))).toBe('signature-answers')
    const engine = Batch.create()
    // The rule is the verifier's to name: an engine left to its own would take what the other rule takes.
    const rules: unknown[] = []
    const spy: Engine.Signing = {
      verifyMany: (list, options) => {
        rules.push(options?.rule)
        return engine.verifyMany(list, options)
      },
    }
    expect((await Engine.settle(spy, waiting)).ok).toBe(true)
    const update = { bank: BANK, evidence: TOWER, now: NOW }
    expect((await Engine.settle(spy, LightClient.prepare(FRESH, update))).ok).toBe(true)
    expect((await Engine.settle(spy, Inclusion.prepare(FINAL, EVIDENCE.inclusion))).ok).toBe(true)
    expect(rules).toEqual(['strict', 'strict', 'strict'])
    const cut = TransactionEvidence.prepare(FRESH, encoded.slice(1), { now: NOW })
    expect(check(await Engine.settle(engine, cut))).toBe('evidence-encoding')
    expect(check(TransactionEvidence.prepare(FRESH, encoded, { now: TABLE.expires + 1n }))).toBe(
      'stake-expired',
    )
    const other = TransactionEvidence.encode({
      ...EVIDENCE,
      inclusion: { ...EVIDENCE.inclusion, parent: hashOf('no') },
    })
    expect(check(judge(other))).toBe('bank-hash')
  })
  test('an Alpenglow certificate is read, and refused by its name', () => {
    const one: TransactionEvidence.TransactionEvidence = {
      ...EVIDENCE,
      finality: { kind: 'alpenglow', certificate: bytes(500, 3) },
    }
    const written = TransactionEvidence.encode(one)
    expect(value(TransactionEvidence.decode(written))).toEqual(one)
    expect(check(judge(written))).toBe('unsupported')
  })
  test('every bit counts', () => {
    fc.assert(
      fc.property(fc.nat(8 * encoded.length - 1), (bit) => {
        expect(judge(flip(encoded, bit)).ok).toBe(false)
      }),
      { numRuns: 40 },
    )
    // What is about the transaction, byte for byte but for the lattice hash.
    const certificate: TransactionEvidence.TransactionEvidence['finality'] = {
      kind: 'alpenglow',
      certificate: bytes(0, 0),
    }
    const short = TransactionEvidence.encode({ ...EVIDENCE, finality: certificate })
    const lattice = short.length - BankHash.LATTICE_SIZE - 1
    for (let at = 45; at < short.length; at += at < lattice || at > short.length - 20 ? 1 : 199) {
      const read = TransactionEvidence.decode(flip(short, 8 * at + (at & 7)))
      if (read.ok) expect(Inclusion.verify(FINAL, read.value.inclusion, { limit: 1_000n }).ok).toBe(false)
    }
  })
  test('a decoder is total, and what it gives encodes alike', () => {
    fc.assert(
      fc.property(fc.nat(encoded.length - 1), fc.nat(255), fc.nat(encoded.length), (at, byte, cut) => {
        const changed = encoded.slice()
        changed[at] = byte
        for (const input of [changed, encoded.slice(0, cut), concat(encoded, Uint8Array.of(byte))]) {
          const read = TransactionEvidence.decode(input)
          if (read.ok) expect(Bytes.equal(TransactionEvidence.encode(read.value), input)).toBe(true)
        }
      }),
    )
  })
  test('tags that mean nothing', () => {
    const at = (offset: number, byte: number) => {
      const changed = encoded.slice()
      changed[offset] = byte
      return TransactionEvidence.decode(changed)
    }
    const said = (verdict: ReturnType<typeof at>) => refusal(verdict).message
    const find = (part: Uint8Array) => {
      const index = hex(encoded).indexOf(hex(part)) / 2
      expect(index).toBeGreaterThan(0)
      return index
    }
    // Kind of finality; form of a descendant's accounts and of the bank's; side of a step.
    for (const kind of [0, 3])
      expect(refusal(at(40, kind))).toMatchObject({
        check: 'evidence-encoding',
        message: expect.stringContaining(`a tag is 1 to 2, got ${kind}`),
        context: { received: kind },
      })
    expect(said(at(find(blockAt(102n).parts.blockhash) + 32, 3))).toMatch(/tag/)
    const bank = hex(encoded).lastIndexOf(hex(blockAt(101n).parts.blockhash)) / 2
    expect(said(at(bank + 32, 3))).toMatch(/tag/)
    const [step] = (EVIDENCE.inclusion.paths[0] as EntryMerkle.Path).filter((it) => it.side !== 'self')
    expect(said(at(find((step as { hash: Uint8Array }).hash) - 1, 3))).toMatch(/tag/)
  })
})
