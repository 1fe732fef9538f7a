import { Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'

/** One entry of the proof-of-history chain (agave `entry`): what is hashed so many times since the one before. */
export interface Entry {
  /** Hashes since the entry before, the last of them included. */
  readonly hashes: bigint
  readonly hash: Bytes.Hash32
  /** Root over the entry's signatures; without one the entry is a tick. */
  readonly mixin?: Bytes.Hash32
}

/** Hashes a hash so many times. One in wasm or native code may be handed in by whoever trusts it. */
export type Engine = (hash: Bytes.Hash32, times: bigint) => Bytes.Hash32

/** How much a caller is ready to work, and what it asks of the ticks. */
export interface Options {
  /** Most hashes in all; a slot of mainnet has 64 ticks of 62,500. That of {@link SLOT_HASHES} unless told. */
  readonly limit?: bigint
  /** Hashes from tick to tick; not asked unless told. */
  readonly hashesPerTick?: bigint
  /** Ticks in all; not asked unless told. */
  readonly ticks?: number
  readonly engine?: Engine
}

/** Hashes of a slot of mainnet: 64 ticks of 62,500. */
export const SLOT_HASHES = 4_000_000n

/** The engine that is always there. */
export const noble: Engine = (hash, times) => {
  let out = hash
  for (let left = times; left > 0n; left--) out = sha256(out)
  return out
}

/**
 * The hash after an entry: all but the last are hashes of hashes, the last of the hash or of the hash and the mixin. An entry of no
 * hashes and no mixin changes nothing.
 *
 * @example
 * import { Poh } from '@aitbc/proofs/solana'
 * Poh.next(new Uint8Array(32), { hashes: 1n }) // sha256 of 32 zero bytes
 */
export function next(
  start: Bytes.Hash32,
  { hashes, mixin }: Pick<Entry, 'hashes' | 'mixin'>,
  engine: Engine = noble,
): Bytes.Hash32 {
  if (mixin === undefined) return engine(start, hashes)
  return mix(engine(start, hashes - 1n), mixin)
}

/** The hash of a state and a mixin: the last step of an entry with transactions. */
export function mix(state: Bytes.Hash32, mixin: Bytes.Hash32): Bytes.Hash32 {
  return sha256.create().update(state).update(mixin).digest()
}

/**
 * Checks all of a chain that costs nothing: how many hashes, ticks and entries there are. What it accepts may be hashed in parts, each
 * entry from the hash of the one before, by whoever has threads (see {@link verifyEntry}).
 *
 * Refusals: `poh-length` (a hash of not 32 bytes), `poh-hashes` (an entry without a hash), `poh-work` (more than the limit), `poh-tick-hashes` (a tick too early or too
 * late), `poh-ticks` (not so many ticks, or transactions after the last).
 */
export function check(entries: readonly Entry[], options: Options = {}): Verdict.Verdict<readonly Entry[]> {
  const { limit = SLOT_HASHES, hashesPerTick, ticks } = options
  let work = 0n
  let sinceTick = 0n
  let seen = 0
  for (const [index, entry] of entries.entries()) {
    if (entry.hash.length !== 32 || (entry.mixin !== undefined && entry.mixin.length !== 32))
      return Verdict.refuse('poh-length', `the hashes of entry ${index} have 32 bytes`, { index })
    if (entry.hashes < 1n)
      return Verdict.refuse('poh-hashes', `entry ${index} has ${entry.hashes} hashes`, { index })
    work += entry.hashes
    sinceTick += entry.hashes
    if (work > limit) return Verdict.refuse('poh-work', `more than ${limit} hashes`, { index })
    const tick = entry.mixin === undefined
    if (hashesPerTick !== undefined && (tick ? sinceTick !== hashesPerTick : sinceTick >= hashesPerTick))
      return Verdict.refuse('poh-tick-hashes', `a tick has ${hashesPerTick} hashes, got ${sinceTick}`, {
        index,
      })
    if (tick) {
      sinceTick = 0n
      seen++
    }
  }
  if (ticks !== undefined && (seen !== ticks || sinceTick !== 0n))
    return Verdict.refuse('poh-ticks', `${ticks} ticks are expected, the last of them last, got ${seen}`)
  return Verdict.accept(entries)
}

/** Verifies one entry from the hash before it. Refusal: `poh-hash`. */
export function verifyEntry(
  start: Bytes.Hash32,
  entry: Entry,
  engine: Engine = noble,
): Verdict.Verdict<Bytes.Hash32> {
  if (!Bytes.equal(next(start, entry, engine), entry.hash))
    return Verdict.refuse('poh-hash', 'the entry has another hash')
  return Verdict.accept(entry.hash)
}

/**
 * Verifies a chain of entries and gives its last hash; the work is bounded before it starts.
 *
 * Refusals: those of {@link check} and {@link verifyEntry}.
 *
 * @example
 * import { Poh } from '@aitbc/proofs/solana'
 * declare const start: Uint8Array
 * declare const entries: readonly Poh.Entry[]
 * Poh.verify(start, entries, { hashesPerTick: 62_500n, ticks: 64 })
 */
export function verify(
  start: Bytes.Hash32,
  entries: readonly Entry[],
  options: Options = {},
): Verdict.Verdict<Bytes.Hash32> {
  const bounded = check(entries, options)
  if (!bounded.ok) return bounded
  let hash = start
  for (const entry of entries) {
    const verified = verifyEntry(hash, entry, options.engine)
    if (!verified.ok) return verified
    hash = verified.value
  }
  return Verdict.accept(hash)
}
