import { Bytes, Verdict } from '@aitbc/core'
import {
  Block,
  BlockHeader,
  Consensus,
  Hash256,
  HeaderChain,
  Inclusion,
  LockEvidence,
  MerkleBlock,
  SpendEvidence,
  Transaction,
} from '@aitbc/proofs/bitcoin'
import {
  blockOf,
  consensusOf,
  filler,
  fresh,
  lockOf,
  mineBlock,
  mineMany,
  NOW,
  termsOf,
} from '../../../packages/proofs/test/bitcoin/world.js'
import { concat, hex, unhex, value } from '../../../packages/proofs/test/helpers.js'
import { type Specimen, specimen, textOf } from '../specimen.js'
import { filesOf } from '../vectors.js'

const ZERO = new Uint8Array(32)

interface Found {
  readonly name: string
  readonly header: Uint8Array
  readonly transactions: readonly Transaction.Transaction[]
}

/** Published blocks; of a file with many, those with the most transactions. */
function blocks(): readonly Found[] {
  const out: Found[] = []
  for (const file of filesOf('bitcoin/blocks')) {
    const bytes = file.bytes()
    const own: Found[] = []
    const add = (raw: Uint8Array, at: number) => {
      const block = Block.decode(raw)
      if (block.ok)
        own.push({
          name: `${file.path} ${at}`,
          header: raw.slice(0, 80),
          transactions: block.value.transactions,
        })
      return block.ok
    }
    // A block alone, or many, each behind a magic number and its length.
    if (!add(bytes, 0)) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (let at = 0; at + 8 < bytes.length; ) {
        const length = view.getUint32(at + 4, true)
        add(bytes.slice(at + 8, at + 8 + length), at)
        at += 8 + length
      }
    }
    out.push(...own.sort((a, b) => b.transactions.length - a.transactions.length).slice(0, 4))
  }
  return out
}

/** Transactions of published blocks, without their witnesses. */
export function* inclusion(): Iterable<Specimen> {
  for (const { name, header, transactions } of blocks()) {
    const { merkleRoot } = value(BlockHeader.decode(header))
    const block = Hash256.of(header)
    for (const index of new Set([0, 1, transactions.length - 1])) {
      const transaction = transactions[index]
      if (transaction === undefined || Transaction.encodeStripped(transaction).length > 1200) continue
      const output = transaction.outputs.length - 1
      const own = LockEvidence.of({ headers: header, block, transactions, index, output })
      // The header and the output are the statement's.
      const judge = (root: Uint8Array) => (it: LockEvidence.LockEvidence) => {
        if (!Bytes.equal(it.headers, header) || !Bytes.equal(it.block, block) || it.output !== output)
          return Verdict.refuse('statement', 'another block or output')
        return Inclusion.verify(root, it.inclusion)
      }
      yield specimen({
        family: 'bitcoin-inclusion',
        name: `${name}: ${index} of ${transactions.length}`,
        kind: 'hash',
        statement: `${hex(block)} ${index}`,
        open: true,
        evidence: LockEvidence.encode(own),
        decode: LockEvidence.decode,
        encode: LockEvidence.encode,
        judge: judge(merkleRoot),
        untrusted: judge(ZERO),
      })
    }
  }
}

/** Transactions with their witnesses. */
export function* witnesses(): Iterable<Specimen> {
  for (const { name, header, transactions } of blocks()) {
    const { merkleRoot } = value(BlockHeader.decode(header))
    const block = Hash256.of(header)
    for (const index of new Set([1, transactions.length - 1])) {
      const transaction = transactions[index]
      if (transaction === undefined || index === 0) continue
      const evidence = Inclusion.ofWitness(transactions, index)
      // Most published blocks are older than witnesses.
      if (!Inclusion.verifyWitness(merkleRoot, evidence).ok) continue
      yield* one(`${name}: ${index}`, header, block, merkleRoot, evidence)
    }
  }
  const transactions = blockOf(7, [1, 2, 3, 4, 5].map(withWitness))
  const header = mineBlock({ hash: ZERO, time: 1_700_000_000 }, transactions)
  const { merkleRoot } = value(BlockHeader.decode(header))
  for (const index of [1, 3, 5])
    yield* one(
      `made: ${index}`,
      header,
      Hash256.of(header),
      merkleRoot,
      Inclusion.ofWitness(transactions, index),
    )
}

function withWitness(seed: number): Transaction.Transaction {
  const { inputs, ...rest } = filler(seed)
  return { ...rest, inputs: inputs.map((input) => ({ ...input, witness: [new Uint8Array(64).fill(seed)] })) }
}

function* one(
  name: string,
  header: Uint8Array,
  block: Uint8Array,
  root: Uint8Array,
  inclusion: Inclusion.WitnessInclusion,
): Iterable<Specimen> {
  const judge = (root: Uint8Array) => (it: SpendEvidence.SpendEvidence) =>
    Bytes.equal(it.headers, header) && Bytes.equal(it.block, block) && it.input === 0
      ? Inclusion.verifyWitness(root, it.inclusion)
      : Verdict.refuse('statement', 'another block or input')
  yield specimen({
    family: 'bitcoin-witness',
    name,
    kind: 'hash',
    statement: `${hex(block)} ${inclusion.index}`,
    open: true,
    evidence: SpendEvidence.encode({ headers: header, block, inclusion, input: 0 }),
    decode: SpendEvidence.decode,
    encode: SpendEvidence.encode,
    judge: judge(root),
    untrusted: judge(ZERO),
  })
}

/** Partial trees: published messages, and one over each published block that marks its coinbase and another transaction. */
export function* merkleBlocks(): Iterable<Specimen> {
  for (const file of filesOf('bitcoin/merkleblock')) {
    const raw = unhex(file.text().trim())
    const message = MerkleBlock.decode(raw)
    if (!message.ok || !MerkleBlock.matches(message.value).ok) continue
    const block = Hash256.of(raw.slice(0, 80))
    // What a sender marks is its choice: the statement is that these and no others are.
    const own = textOf(value(MerkleBlock.matches(message.value)))
    const marked = (it: MerkleBlock.MerkleBlock) => {
      const matches = MerkleBlock.matches(it)
      return matches.ok && textOf(matches.value) !== own
        ? Verdict.refuse('statement', 'other transactions are marked')
        : matches
    }
    yield specimen({
      family: 'bitcoin-merkleblock',
      name: file.path,
      kind: 'hash',
      statement: hex(block),
      evidence: raw,
      decode: MerkleBlock.decode,
      encode: MerkleBlock.encode,
      judge: ofBlock(block, marked),
      untrusted: ofBlock(ZERO, marked),
    })
  }
  for (const { name, header, transactions } of blocks()) {
    const index = transactions.length - 1
    const evidence = Inclusion.of(transactions, index)
    if (!Inclusion.verify(value(BlockHeader.decode(header)).merkleRoot, evidence).ok) continue
    const own = messageOf(header, transactions, [0, index])
    const verify = (it: MerkleBlock.MerkleBlock) => MerkleBlock.verify(it, evidence)
    yield specimen({
      family: 'bitcoin-merkleblock',
      name,
      kind: 'hash',
      statement: hex(Hash256.of(header)),
      evidence: MerkleBlock.encode(own),
      decode: MerkleBlock.decode,
      encode: MerkleBlock.encode,
      judge: ofBlock(Hash256.of(header), verify),
      untrusted: ofBlock(ZERO, verify),
    })
  }
}

/** A message counts for the block that its caller knows. */
function ofBlock(
  hash: Uint8Array,
  verify: (message: MerkleBlock.MerkleBlock) => Verdict.Verdict<unknown>,
): (message: MerkleBlock.MerkleBlock) => Verdict.Verdict<unknown> {
  return (message) =>
    Bytes.equal(BlockHeader.hash(message.header), hash)
      ? verify(message)
      : Verdict.refuse('statement', 'another block')
}

function messageOf(
  header: Uint8Array,
  transactions: readonly Transaction.Transaction[],
  marked: readonly number[],
): MerkleBlock.MerkleBlock {
  const levels: Uint8Array[][] = [transactions.map(Transaction.txid)]
  for (let level = levels[0] as Uint8Array[]; level.length > 1; levels.push(level))
    level = level.flatMap((left, i) => (i % 2 === 0 ? [Hash256.ofPair(left, level[i + 1] ?? left)] : []))
  const bits: boolean[] = []
  const hashes: Uint8Array[] = []
  const walk = (level: number, index: number) => {
    const row = levels[level] as Uint8Array[]
    if (index >= row.length) return
    const has = marked.some((leaf) => leaf >> level === index)
    bits.push(has)
    if (level === 0 || !has) hashes.push(row[index] as Uint8Array)
    else for (const child of [2 * index, 2 * index + 1]) walk(level - 1, child)
  }
  walk(levels.length - 1, 0)
  const flags = new Uint8Array(Math.ceil(bits.length / 8))
  bits.forEach((bit, i) => {
    if (bit) flags[i >> 3] = (flags[i >> 3] as number) | (1 << (i & 7))
  })
  return { header: value(BlockHeader.decode(header)), count: transactions.length, hashes, flags }
}

/** Headers: what proves them is their work. */
export function* headers(): Iterable<Specimen> {
  const state = value(HeaderChain.trust(HeaderChain.genesis(Consensus.mainnet)))
  for (const file of filesOf('bitcoin/headers')) {
    if (!/mainnet-\d+-\d+\.txt$/.test(file.path)) continue
    const lines = file.text().trim().split('\n')
    for (const count of [1, 2, lines.length]) {
      const raw = concat(...lines.slice(0, count).map((line) => unhex(line.trim())))
      const tip = Hash256.of(raw.subarray(-80))
      yield specimen({
        family: 'bitcoin-headers',
        name: `${file.path}: ${count}`,
        kind: 'hash',
        statement: hex(tip),
        evidence: raw,
        decode: (bytes) => Verdict.accept(bytes),
        encode: (bytes) => bytes,
        // That so many follow is the statement; which ones, the verdict tells.
        open: true,
        judge: (bytes) => {
          const next = HeaderChain.apply(state, { headers: bytes, now: NOW * 2n })
          if (!next.ok) return next
          return next.value.best.height === count
            ? Verdict.accept(next.value.best.hash)
            : Verdict.refuse('statement', 'fewer headers')
        },
        untrusted: () => HeaderChain.trust({ ...HeaderChain.genesis(Consensus.mainnet), hash: ZERO }),
      })
    }
  }
}

/** A lock, from an anchor on: headers, inclusion and output. The limit is so low that no changed header is one. */
export function* lock(): Iterable<Specimen> {
  const bits = 0x1f00ffff
  const state = fresh(consensusOf(bits))
  const genesis = { hash: state.best.hash, time: state.best.time }
  for (const kind of ['p2wsh', 'p2tr'] as const) {
    const terms = termsOf(kind)
    const transactions = blockOf(1, [filler(1), lockOf(terms), filler(2)])
    const header = mineBlock(genesis, transactions, bits)
    const block = Hash256.of(header)
    const { time } = value(BlockHeader.decode(header))
    const more = mineMany({ hash: block, time: Number(time) }, 1, bits)
    const own = LockEvidence.of({ headers: concat(header, more), block, transactions, index: 2, output: 1 })
    yield specimen({
      family: 'bitcoin-lock',
      name: kind,
      kind: 'hash',
      statement: kind,
      evidence: LockEvidence.encode(own),
      decode: LockEvidence.decode,
      encode: LockEvidence.encode,
      judge: (it) => {
        const held = LockEvidence.verify(state, terms, it, { now: NOW })
        if (!held.ok) return held
        const { txid, output, amount, depth, medianTime } = held.value
        return Verdict.accept({ txid, output, amount, depth, medianTime, block: held.value.block.hash })
      },
      untrusted: () => HeaderChain.trust({ ...HeaderChain.genesis(Consensus.mainnet), hash: ZERO }),
    })
  }
}
