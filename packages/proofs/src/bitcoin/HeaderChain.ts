import { Bytes, Verdict } from '@aitbc/core'
import type { Hashing } from '../engine/Hashing.js'
import { ofEach80 } from '../internal/sha256d.js'
import * as BlockHeader from './BlockHeader.js'
import * as CompactTarget from './CompactTarget.js'
import type { Consensus } from './Consensus.js'
import * as Hash256 from './Hash256.js'

/** Blocks between two adjustments of difficulty. */
export const PERIOD = 2016
const TIMESPAN = 1_209_600n
const MEDIAN_SPAN = 11
/** Most a header may be ahead of the verifier's clock, seconds. */
const MAX_AHEAD = 7200
const BIP94_WARP = 600
const BIP54_WARP = 7200
const MIN_DIFFICULTY_AFTER = 1200

/**
 * The block that a caller trusts, with what later headers depend on. Everything after it is verified, nothing before it.
 * {@link genesis} and {@link anchorOf} make one.
 */
export interface Anchor {
  readonly consensus: Consensus
  readonly height: bigint
  /** In the order of the protocol. */
  readonly hash: Bytes.Hash32
  readonly time: bigint
  readonly bits: number
  /** Times of the blocks before it, oldest first: ten, or all there are. */
  readonly previousTimes: readonly bigint[]
  /** First block of its difficulty period (itself, where its height is a multiple of 2016). */
  readonly period: { readonly time: bigint; readonly bits: number }
  /** `nBits` of the period's newest block that didn't use the 20-minute rule; only networks with that rule need it. */
  readonly realBits?: number
  /** Confirmations from which {@link finalized} calls a block final; 6 unless told. */
  readonly confirmations?: bigint
  /** Further blocks that the caller knows: a header at such a height must have that hash. */
  readonly checkpoints?: readonly { readonly height: bigint; readonly hash: Bytes.Hash32 }[]
}

interface Difficulty {
  readonly bits: number
  readonly target: Bytes.Bytes
  readonly work: bigint
}

/** A verified header in its chain. Chains share their past, so a state costs no more than its headers. */
export interface Block {
  readonly height: number
  /** In the order of the protocol. */
  readonly hash: Bytes.Hash32
  readonly merkleRoot: Bytes.Hash32
  /** Unix seconds. */
  readonly time: number
  readonly parent: Block | undefined
  /** Work from the anchor's successor to the last block before this one that has another difficulty. */
  readonly workBefore: bigint
  /** Blocks since then, this one included; {@link work} sums them. */
  readonly run: number
  readonly difficulty: Difficulty
  readonly period: { readonly time: number; readonly bits: number }
  readonly realBits: number
}

/** A light client's state: plain, immutable data; only {@link trust} and {@link apply} make one. */
export interface State {
  readonly anchor: Anchor
  /** Heads of all known branches. */
  readonly tips: readonly Block[]
  /** The head with the most work; the first seen among equals. */
  readonly best: Block
}

/** Headers that follow each other, 80 bytes each, and the caller's clock in unix seconds. */
export interface Update {
  readonly headers: Bytes.Bytes
  readonly now: bigint
}

export interface Options {
  /** What hashes the headers, all in one call; plain JavaScript unless told. */
  readonly hashing?: Pick<Hashing, 'sha256d'>
}

/** The anchor of a network's genesis block. */
export function genesis(consensus: Consensus): Anchor {
  const { time, bits } = consensus.genesis
  const hash = BlockHeader.hash(consensus.genesis)
  return { consensus, height: 0n, hash, time, bits, previousTimes: [], period: { time, bits } }
}

/**
 * Makes an anchor from raw headers that end with the trusted block: eleven, or all there are.
 *
 * Trust in the block's hash is trust in all of them, as each names the one before. `period` is asked for unless the block's
 * height is a multiple of 2016. Refusals: `anchor-headers`, `header-link`.
 */
export function anchorOf(options: {
  readonly consensus: Consensus
  readonly height: bigint
  readonly headers: Bytes.Bytes
  readonly period?: Anchor['period']
  readonly realBits?: number
}): Verdict.Verdict<Anchor> {
  const { consensus, height, headers, realBits } = options
  const count = headers.length / BlockHeader.SIZE
  if (!Number.isInteger(count) || count === 0)
    return Verdict.refuse('anchor-headers', 'whole headers of 80 bytes are expected', {
      length: headers.length,
    })
  const times: bigint[] = []
  let last: Bytes.Bytes = headers
  let hash: Bytes.Hash32 | undefined
  for (let i = 0; i < count; i++) {
    last = headers.subarray(i * BlockHeader.SIZE, (i + 1) * BlockHeader.SIZE)
    if (hash !== undefined && !Bytes.equal(last.subarray(4, 36), hash))
      return Verdict.refuse('header-link', `header ${i} doesn't name the one before`, { index: i })
    hash = Hash256.of(last)
    times.push(BigInt(viewOf(last).getUint32(68, true)))
  }
  const bits = viewOf(last).getUint32(72, true)
  const time = times.pop() as bigint
  const period = height % BigInt(PERIOD) === 0n ? { time, bits } : options.period
  if (period === undefined)
    return Verdict.refuse('anchor-headers', `the first block of the period of ${height} is needed`, {
      height,
    })
  return Verdict.accept({
    consensus,
    height,
    hash: hash as Bytes.Hash32,
    time,
    bits,
    previousTimes: times.slice(-(MEDIAN_SPAN - 1)),
    period,
    ...(realBits === undefined ? {} : { realBits }),
  })
}

/**
 * Starts a light client from a trusted block. Nothing but this makes a state, so a fresh verifier accepts nothing (A52).
 *
 * Refusals: `anchor-hash` (zero, or not the network's genesis at height 0), `anchor-times`, `anchor-period`,
 * `anchor-real-bits`, and those of `CompactTarget.decode`.
 *
 * @example
 * import { Consensus, HeaderChain } from '@aitbc/proofs/bitcoin'
 * HeaderChain.trust(HeaderChain.genesis(Consensus.mainnet)).ok // true
 */
export function trust(anchor: Anchor): Verdict.Verdict<State> {
  const { consensus, height, hash, bits, period } = anchor
  if (hash.length !== 32 || hash.every((byte) => byte === 0))
    return Verdict.refuse('anchor-hash', 'the anchor has no block hash')
  if (height === 0n && !Bytes.equal(hash, BlockHeader.hash(consensus.genesis)))
    return Verdict.refuse('anchor-hash', `the anchor isn't the genesis block of ${consensus.network}`)
  if (height < 0n || height > 0x7fff_ffffn)
    return Verdict.refuse('anchor-height', `no block has height ${height}`, { height })
  const expected = height < 10n ? Number(height) : MEDIAN_SPAN - 1
  if (anchor.previousTimes.length !== expected)
    return Verdict.refuse(
      'anchor-times',
      `${expected} earlier times are needed, got ${anchor.previousTimes.length}`,
    )
  if (height % BigInt(PERIOD) === 0n && (period.time !== anchor.time || period.bits !== bits))
    return Verdict.refuse('anchor-period', 'a block at a period boundary is the first of its period')
  const difficulty = difficultyOf(bits, consensus)
  if (!difficulty.ok) return difficulty
  const easiest = CompactTarget.encode(consensus.powLimit)
  if (consensus.minDifficulty && consensus.retarget && bits === easiest && height % BigInt(PERIOD) !== 0n)
    if (anchor.realBits === undefined)
      return Verdict.refuse('anchor-real-bits', "the period's real difficulty is needed beside this anchor")
  const best: Block = {
    height: Number(height),
    hash,
    // Inclusion is proved in later blocks only: no root of the anchor itself was verified.
    merkleRoot: new Uint8Array(0),
    time: Number(anchor.time),
    parent: undefined,
    workBefore: 0n,
    run: 0,
    difficulty: difficulty.value,
    period: { time: Number(period.time), bits: period.bits },
    realBits: anchor.realBits ?? bits,
  }
  return Verdict.accept({ anchor, tips: [best], best })
}

/**
 * Verifies headers on top of any known block and gives the next state; all of them are taken, or none.
 *
 * Each must name its parent, carry the difficulty that its chain demands, prove that work, be later than the median of its
 * eleven predecessors and at most two hours ahead of `now`. The branch with the most work is the best, not the longest.
 *
 * Refusals: `header-length`, `header-link`, `header-version`, `header-bits`, `proof-of-work`, `time-too-old`,
 * `time-too-new`, `time-warp`, `checkpoint`; each names the header's index.
 *
 * @example
 * import { Consensus, HeaderChain } from '@aitbc/proofs/bitcoin'
 * const state = HeaderChain.trust(HeaderChain.genesis(Consensus.mainnet))
 * if (state.ok) HeaderChain.apply(state.value, { headers: new Uint8Array(0), now: 1_800_000_000n }).ok // true
 */
export function apply(state: State, update: Update, options: Options = {}): Verdict.Verdict<State> {
  const { headers } = update
  if (headers.length % BlockHeader.SIZE !== 0)
    return Verdict.refuse('header-length', `headers have 80 bytes each, got ${headers.length} in all`)
  if (headers.length === 0) return Verdict.accept(state)
  const first = find(state, headers.subarray(4, 36))
  if (first === undefined)
    return Verdict.refuse('header-link', 'header 0 follows no block known since the anchor', { index: 0 })
  // Only where the parent isn't a head can a header be known already.
  const known = state.tips.includes(first) ? undefined : above(state, first.height)
  const batch = batchOf(state.anchor, update, options)
  let parent = first
  let fresh = false
  for (let i = 0; i < batch.count; i++) {
    if (!fresh) {
      const before = known?.get(Bytes.toHex(hashAt(batch, i)))
      if (before !== undefined && before.parent === parent) {
        parent = before
        continue
      }
      fresh = true
      batch.times = recentTimes(state.anchor, parent)
    }
    const next = extend(batch, parent, i)
    if (!next.ok) {
      const { check, message, context } = next.refusal
      return Verdict.refuse(check, `header ${i}: ${message}`, { ...context, index: i })
    }
    parent = next.value
  }
  if (!fresh) return Verdict.accept(state)
  const tips = [...state.tips.filter((tip) => !isAncestor(tip, parent)), parent]
  return Verdict.accept({ ...state, tips, best: work(parent) > work(state.best) ? parent : state.best })
}

/** Work from the anchor's successor to a block: hashes expected, so chains are compared by it. */
export function work(block: Block): bigint {
  return block.workBefore + BigInt(block.run) * block.difficulty.work
}

/** The newest block of the best chain with the anchor's number of confirmations; the anchor itself where none has. */
export function finalized(state: State): Block {
  const confirmations = Number(state.anchor.confirmations ?? 6n)
  return ancestor(state.best, state.best.height - confirmations + 1) ?? root(state.best)
}

/** A block by its hash (order of the protocol), on any branch. */
export function find(state: State, hash: Bytes.Hash32): Block | undefined {
  const seen = new Set<Block>()
  for (const tip of state.tips)
    for (let block: Block | undefined = tip; block !== undefined && !seen.has(block); block = block.parent) {
      if (Bytes.equal(block.hash, hash)) return block
      if (state.tips.length > 1) seen.add(block)
    }
  return undefined
}

/** Tells whether a block is on the best chain. */
export function isBest(state: State, block: Block): boolean {
  return ancestor(state.best, block.height) === block
}

/** Confirmations of a block on the best chain (1 at the tip); 0 elsewhere. */
export function depth(state: State, block: Block): bigint {
  return isBest(state, block) ? BigInt(state.best.height - block.height + 1) : 0n
}

/**
 * The clock that lock times are compared with in the block after this one: the median time of it and its ten predecessors
 * (BIP-113), unix seconds.
 */
export function medianTime(state: State, block: Block): bigint {
  return BigInt(median(recentTimes(state.anchor, block)))
}

/** Headers on their way into a state: what all of them share is looked up once, and nothing is copied for each. */
interface Batch {
  readonly anchor: Anchor
  readonly count: number
  /** A copy of the headers, which blocks keep views of. */
  readonly headers: Bytes.Bytes
  readonly view: DataView
  /** Their hashes, 32 bytes each, from one call. */
  readonly hashes: Bytes.Bytes
  /** Latest time that isn't too far ahead. */
  readonly latest: number
  /** `nBits` of the easiest target. */
  readonly easiest: number
  readonly checkpoints: ReadonlyMap<number, Bytes.Hash32>
  /** Of the newest eleven blocks, oldest first. */
  times: number[]
}

function batchOf(anchor: Anchor, update: Update, { hashing }: Options): Batch {
  const headers = Bytes.copy(update.headers)
  return {
    anchor,
    count: headers.length / BlockHeader.SIZE,
    headers,
    view: viewOf(headers),
    hashes: hashing === undefined ? ofEach80(headers) : hashing.sha256d(headers),
    latest: Number(update.now) + MAX_AHEAD,
    easiest: CompactTarget.encode(anchor.consensus.powLimit),
    checkpoints: new Map(anchor.checkpoints?.map(({ height, hash }) => [Number(height), hash])),
    times: [],
  }
}

function hashAt(batch: Batch, index: number): Bytes.Hash32 {
  return batch.hashes.subarray(32 * index, 32 * index + 32)
}

function extend(batch: Batch, parent: Block, index: number): Verdict.Verdict<Block> {
  const { anchor, headers, view, latest, easiest, times } = batch
  const { consensus } = anchor
  const at = index * BlockHeader.SIZE
  const height = parent.height + 1
  const time = view.getUint32(at + 68, true)
  const bits = view.getUint32(at + 72, true)
  const boundary = height % PERIOD === 0
  if (!isAt(headers, at + 4, parent.hash))
    return Verdict.refuse('header-link', `doesn't name its parent ${Hash256.toDisplay(parent.hash)}`)
  const required = requiredBits(consensus, parent, { height, time, easiest })
  if (bits !== required)
    return Verdict.refuse('header-bits', `nBits must be ${required}, got ${bits}`, {
      expected: required,
      received: bits,
    })
  let { difficulty, workBefore, run } = parent
  if (difficulty.bits !== bits) {
    const changed = difficultyOf(bits, consensus)
    if (!changed.ok) return changed
    workBefore = work(parent)
    run = 0
    difficulty = changed.value
  }
  const hash = hashAt(batch, index)
  if (!BlockHeader.meets(hash, difficulty.target))
    return Verdict.refuse('proof-of-work', 'the hash exceeds the target', { hash: Hash256.toDisplay(hash) })
  const earliest = median(times) + 1
  if (time < earliest)
    return Verdict.refuse('time-too-old', `the time must be at least ${earliest}, got ${time}`, {
      earliest,
      time,
    })
  if (time > latest)
    return Verdict.refuse('time-too-new', `the time must be at most ${latest}, got ${time}`, { latest, time })
  if (boundary && consensus.bip94 && time < parent.time - BIP94_WARP)
    return Verdict.refuse('time-warp', 'a period starts more than 600 s before its predecessor (BIP-94)')
  if (boundary && consensus.bip54 && time < parent.time - BIP54_WARP)
    return Verdict.refuse('time-warp', 'a period starts more than 7200 s before its predecessor (BIP-54)')
  if (consensus.bip54 && height % PERIOD === PERIOD - 1 && time < parent.period.time)
    return Verdict.refuse('time-warp', 'a period ends before it started (BIP-54)')
  let least = 1
  for (const from of consensus.versions) if (height >= from) least++
  if (view.getInt32(at, true) < least)
    return Verdict.refuse('header-version', `version ${least} at least is needed at height ${height}`)
  const checkpoint = batch.checkpoints.get(height)
  if (checkpoint !== undefined && !Bytes.equal(checkpoint, hash))
    return Verdict.refuse('checkpoint', `another block is known at height ${height}`, {
      height: BigInt(height),
    })
  times.push(time)
  if (times.length > MEDIAN_SPAN) times.shift()
  return Verdict.accept({
    height,
    hash,
    merkleRoot: headers.subarray(at + 36, at + 68),
    time,
    parent,
    workBefore,
    run: run + 1,
    difficulty,
    period: boundary ? { time, bits } : parent.period,
    // Within a period blocks have the bits of its first one or, by the 20-minute rule, the easiest.
    realBits: boundary ? bits : parent.realBits,
  })
}

/** The difficulty that a chain demands of its next block (Bitcoin Core `GetNextWorkRequired`). */
function requiredBits(
  consensus: Consensus,
  parent: Block,
  { height, time, easiest }: { readonly height: number; readonly time: number; readonly easiest: number },
): number {
  if (height % PERIOD !== 0) {
    if (!consensus.minDifficulty) return parent.difficulty.bits
    return time > parent.time + MIN_DIFFICULTY_AFTER ? easiest : parent.realBits
  }
  if (!consensus.retarget) return parent.difficulty.bits
  return retarget(consensus, {
    bits: consensus.bip94 ? parent.period.bits : parent.difficulty.bits,
    first: BigInt(parent.period.time),
    last: BigInt(parent.time),
  })
}

/**
 * The next period's `nBits` (Bitcoin Core `CalculateNextWorkRequired`). The span runs from a period's first block to its
 * last: 2015 intervals count as 2016, an error of 2009 that is consensus ever since.
 */
export function retarget(
  consensus: Pick<Consensus, 'powLimit'>,
  period: { readonly bits: number; readonly first: bigint; readonly last: bigint },
): number {
  const span = period.last - period.first
  const clamped = span < TIMESPAN / 4n ? TIMESPAN / 4n : span > TIMESPAN * 4n ? TIMESPAN * 4n : span
  const target = CompactTarget.decode(period.bits)
  const next = ((target.ok ? target.value : 0n) * clamped) / TIMESPAN
  return CompactTarget.encode(next > consensus.powLimit ? consensus.powLimit : next)
}

function difficultyOf(bits: number, consensus: Consensus): Verdict.Verdict<Difficulty> {
  const target = CompactTarget.decode(bits)
  if (!target.ok) return target
  if (target.value > consensus.powLimit)
    return Verdict.refuse('target-limit', 'the target is easier than the network allows', { bits })
  return Verdict.accept({
    bits,
    target: CompactTarget.toBytes(target.value),
    work: CompactTarget.work(target.value),
  })
}

/** Times of a block and its ten predecessors, oldest first. */
function recentTimes(anchor: Anchor, block: Block): number[] {
  const times: number[] = []
  for (let at: Block | undefined = block; at !== undefined && times.length < MEDIAN_SPAN; at = at.parent)
    times.push(at.time)
  // What precedes the anchor comes with it.
  for (let i = anchor.previousTimes.length - 1; i >= 0 && times.length < MEDIAN_SPAN; i--)
    times.push(Number(anchor.previousTimes[i]))
  return times.reverse()
}

const SORTED: number[] = []

function median(times: readonly number[]): number {
  const { length } = times
  // They come nearly sorted, so that this beats any other way.
  for (let i = 0; i < length; i++) {
    const time = times[i] as number
    let at = i
    for (; at > 0 && (SORTED[at - 1] as number) > time; at--) SORTED[at] = SORTED[at - 1] as number
    SORTED[at] = time
  }
  return SORTED[length >> 1] as number
}

function ancestor(block: Block, height: number): Block | undefined {
  let at: Block | undefined = block
  while (at !== undefined && at.height > height) at = at.parent
  return at?.height === height ? at : undefined
}

function isAncestor(block: Block, of: Block): boolean {
  return ancestor(of, block.height) === block
}

function root(block: Block): Block {
  let at = block
  while (at.parent !== undefined) at = at.parent
  return at
}

function above(state: State, height: number): Map<string, Block> {
  const blocks = new Map<string, Block>()
  for (const tip of state.tips)
    for (let at: Block | undefined = tip; at !== undefined && at.height > height; at = at.parent)
      blocks.set(Bytes.toHex(at.hash), at)
  return blocks
}

function isAt(bytes: Bytes.Bytes, at: number, hash: Bytes.Hash32): boolean {
  for (let i = 0; i < 32; i++) if (bytes[at + i] !== hash[i]) return false
  return true
}

function viewOf(bytes: Bytes.Bytes): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
