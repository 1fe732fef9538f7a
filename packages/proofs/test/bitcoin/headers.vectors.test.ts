import {
  Block,
  BlockHeader,
  CompactTarget,
  Consensus,
  Hash256,
  HeaderChain,
  Transaction,
} from '@aitbc/proofs/bitcoin'
import { expect } from 'vitest'
import { type Case, readVectors, type VectorFile } from '../../../../scripts/vectors/reader.js'
import { check, concat, flip, hex, unhex, value } from '../helpers.js'
import { nameOf, provesAll, readBlock, readStored, rulesOf } from './blocks.js'
import { bunzip2 } from './bzip2.js'
import { NOW } from './world.js'

const trust = (rules: Consensus.Consensus) => value(HeaderChain.trust(HeaderChain.genesis(rules)))

/**
 * Headers that follow genesis, one a case: each extends the chain, and no copy with a bit changed does. Where only some cases are run,
 * each takes along the headers since the last.
 */
function chainCases(headers: readonly Uint8Array[], rules: Consensus.Consensus): Case[] {
  let state = trust(rules)
  let broken = false
  return headers.map((header, i) => ({
    name: `header ${i + 1}`,
    run: () => {
      if (broken) throw new Error('an earlier header was refused')
      broken = true
      const between = concat(...headers.slice(state.best.height, i))
      state = value(HeaderChain.apply(state, { headers: between, now: NOW }))
      const bit = 8 * (4 + (i % 76)) + (i % 8)
      expect(HeaderChain.apply(state, { headers: flip(header, bit), now: NOW }).ok).toBe(false)
      state = value(HeaderChain.apply(state, { headers: header, now: NOW }))
      expect(state.best.height).toBe(i + 1)
      expect(hex(state.best.hash)).toBe(hex(Hash256.of(header)))
      broken = false
    },
  }))
}

/** All at once gives the same chain, and two at once in the wrong order give none. */
function batchCase(headers: readonly Uint8Array[], rules: Consensus.Consensus): Case {
  return {
    name: 'all headers in one update',
    run: () => {
      const whole = value(HeaderChain.apply(trust(rules), { headers: concat(...headers), now: NOW }))
      expect(whole.best.height).toBe(headers.length)
      expect(hex(whole.best.hash)).toBe(hex(Hash256.of(headers.at(-1) as Uint8Array)))
      const swapped = concat(...headers.slice(1, 2), ...headers.slice(0, 1))
      if (headers.length > 1)
        expect(check(HeaderChain.apply(trust(rules), { headers: swapped, now: NOW }))).toBe('header-link')
    },
  }
}

/**
 * Bitcoin Core's `test/functional/mining_mainnet.py` publishes times and nonces only: its coinbase pays to a fixed script, and
 * `nBits` is what the chain asks for.
 */
function alternative({
  timestamps,
  nonces,
}: {
  timestamps: readonly number[]
  nonces: readonly number[]
}): Case[] {
  if (timestamps.length !== nonces.length) throw new Error('times and nonces differ in number')
  const script = unhex('76a914eadbac7f36c37e39361168b7aaee3cb24a25312d88ac')
  const rules = Consensus.mainnet
  let previous = BlockHeader.hash(rules.genesis)
  let bits = rules.genesis.bits
  const headers = timestamps.map((time, i) => {
    const height = i + 1
    if (height % HeaderChain.PERIOD === 0) {
      const at = (index: number) => (index < 0 ? rules.genesis.time : BigInt(timestamps[index] as number))
      bits = HeaderChain.retarget(rules, { bits, first: at(i - HeaderChain.PERIOD), last: at(i - 1) })
    }
    const header = BlockHeader.encode({
      version: 0x20000000,
      previous,
      merkleRoot: Transaction.txid({
        version: 2,
        inputs: [
          {
            txid: new Uint8Array(32),
            index: 0xffffffff,
            script: push(height),
            sequence: 0xffffffff,
            witness: [],
          },
        ],
        outputs: [{ amount: 5_000_000_000n, script }],
        lockTime: 0,
      }),
      time: BigInt(time),
      bits,
      nonce: nonces[i] as number,
    })
    previous = Hash256.of(header)
    return header
  })
  return [...chainCases(headers, rules), batchCase(headers, rules)]
}

/** A height as BIP-34 wants it at the start of a coinbase, padded to two bytes. */
function push(height: number): Uint8Array {
  if (height <= 16) return Uint8Array.of(0x50 + height, 0)
  const bytes: number[] = []
  for (let rest = height; rest > 0; rest >>= 8) bytes.push(rest & 255)
  if ((bytes.at(-1) as number) >= 0x80) bytes.push(0)
  return Uint8Array.of(bytes.length, ...bytes)
}

/**
 * For each period its last block's hash and the target of the next one; 0 where the publisher doesn't follow targets (test networks).
 */
function checkpoints(file: VectorFile): Case[] {
  const rows = file.json<[string, number][]>()
  // JSON numbers of this size lose digits.
  const targets = [...file.text().matchAll(/"[0-9a-f]{64}",\s*([0-9]+)/g)].map((match) =>
    BigInt(match[1] as string),
  )
  if (targets.length !== rows.length) throw new Error('a row is no pair of hash and target')
  const { powLimit } = Consensus.mainnet
  return rows.map(([name], i) => ({
    name: `period ${i}`,
    run: () => {
      const target = targets[i] as bigint
      const hash = Hash256.fromDisplay(name)
      const own = i === 0 || target === 0n ? powLimit : (targets[i - 1] as bigint)
      expect(BlockHeader.meets(hash, CompactTarget.toBytes(own))).toBe(true)
      expect(BlockHeader.meets(hash, CompactTarget.toBytes(BigInt(`0x${name}`) - 1n))).toBe(false)
      if (target === 0n) return
      expect(value(CompactTarget.decode(CompactTarget.encode(target)))).toBe(target)
      expect(target <= powLimit).toBe(true)
      const before = targets[i - 1]
      if (before === undefined) {
        expect(CompactTarget.encode(target)).toBe(Consensus.mainnet.genesis.bits)
        return
      }
      // A period of no duration at all and one without end bound what an adjustment can do.
      const bound = (last: bigint) =>
        value(
          CompactTarget.decode(
            HeaderChain.retarget(Consensus.mainnet, { bits: CompactTarget.encode(before), first: 0n, last }),
          ),
        )
      expect(bound(0n) <= target && target <= bound(10n ** 9n)).toBe(true)
    },
  }))
}

/**
 * Blocks of several branches, in the order published: at each step the best is the first with the most work. Where only some cases are
 * run, each takes along the headers since the last.
 */
function branches(blocks: readonly Uint8Array[], rules: Consensus.Consensus): Case[] {
  let state = trust(rules)
  const work = new Map([[nameOf(BlockHeader.encode(rules.genesis)), 0n]])
  let best = nameOf(BlockHeader.encode(rules.genesis))
  let done = 0
  const take = (header: Uint8Array) => {
    done++
    const name = nameOf(header)
    // Genesis stands first in some.
    if (name === best && work.size === 1) return
    expect(HeaderChain.apply(state, { headers: flip(header, 36 * 8), now: NOW }).ok).toBe(false)
    state = value(HeaderChain.apply(state, { headers: header, now: NOW }))
    const { previous, bits } = value(BlockHeader.decode(header))
    const before = work.get(Hash256.toDisplay(previous)) as bigint
    const own = before + CompactTarget.work(value(CompactTarget.decode(bits)))
    work.set(name, own)
    if (own > (work.get(best) as bigint)) best = name
  }
  return blocks.map((raw, i) => ({
    name: `block ${nameOf(raw.subarray(0, 80))}`,
    run: () => {
      provesAll(readBlock(raw))
      expect(Block.decode(raw.subarray(0, -1)).ok).toBe(false)
      for (const before of blocks.slice(done, i)) take(before.subarray(0, 80))
      take(raw.subarray(0, 80))
      expect(Hash256.toDisplay(state.best.hash)).toBe(best)
    },
  }))
}

/** A dump: `Block <name>:` before the hex of each stored block, `File path:` before those of a file. */
function readDump(text: string): Uint8Array {
  const words = text.replaceAll(/^(File path:|Block \w+:).*$/gm, '').replaceAll(/\s/g, '')
  return unhex(words)
}

readVectors({
  topic: 'bitcoin',
  folder: 'bitcoin/headers',
  title: 'A5, A6',
  // Packed files continue each other's branches.
  group: (path) => (path.endsWith('.dat.bz2') ? 'stored blocks' : path),
  cases: (files) => {
    const [file] = files as [VectorFile]
    if (file.path.endsWith('.bz2')) {
      const stored = files.map((one) => readStored(bunzip2(one.bytes())))
      const [first] = stored
      if (first === undefined || stored.some((one) => one?.magic !== first.magic || one.rest.length > 0))
        throw new Error('not whole blocks of one network')
      return branches(
        stored.flatMap((one) => one?.blocks ?? []),
        rulesOf(first.magic),
      )
    }
    if (file.path.endsWith('.json')) {
      const content = file.json<Parameters<typeof alternative>[0] | readonly unknown[]>()
      return 'timestamps' in content ? alternative(content) : checkpoints(file)
    }
    const text = file.text()
    if (text.includes('Block ')) {
      const stored = readStored(readDump(text))
      if (stored === undefined || stored.rest.length > 0) throw new Error('not whole blocks')
      return branches(stored.blocks, rulesOf(stored.magic))
    }
    const headers = text.trim().split(/\s+/).map(unhex)
    if (headers.some((header) => header.length !== BlockHeader.SIZE))
      throw new Error('not headers of 80 bytes')
    return [...chainCases(headers, Consensus.mainnet), batchCase(headers, Consensus.mainnet)]
  },
})
