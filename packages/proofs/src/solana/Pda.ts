import { Bytes, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import { join } from '../internal/join.js'
import * as Signature from './Signature.js'

/** Most seeds of an address, the bump included. */
export const MAX_SEEDS = 16
/** Most bytes of a seed. */
export const MAX_SEED_LENGTH = 32

const MARKER = /* @__PURE__ */ new TextEncoder().encode('ProgramDerivedAddress')

/** An address that a program derives, with the byte that takes it off the curve. */
export interface Pda {
  readonly address: Bytes.Bytes32
  /** 0 to 255. */
  readonly bump: number
}

/**
 * Derives the address of exactly these seeds (the bump, if any, is the last of them).
 *
 * Refusals: `pda-program` (not 32 bytes), `pda-seeds` (more than 16), `pda-seed-length` (more than 32 bytes), `pda-on-curve`.
 *
 * @example
 * import { Pda } from '@aitbc/proofs/solana'
 * Pda.create(new Uint8Array(32), [new TextEncoder().encode('vault'), Uint8Array.of(254)])
 */
export function create(
  program: Bytes.Bytes32,
  seeds: readonly Bytes.Bytes[],
): Verdict.Verdict<Bytes.Bytes32> {
  if (program.length !== 32)
    return Verdict.refuse('pda-program', `a program's address has 32 bytes, got ${program.length}`)
  if (seeds.length > MAX_SEEDS)
    return Verdict.refuse('pda-seeds', `there are at most ${MAX_SEEDS} seeds, got ${seeds.length}`)
  const long = seeds.findIndex((seed) => seed.length > MAX_SEED_LENGTH)
  if (long >= 0)
    return Verdict.refuse('pda-seed-length', `a seed has at most ${MAX_SEED_LENGTH} bytes`, { index: long })
  const address = sha256(join([...seeds, program, MARKER]))
  if (Signature.isOnCurve(address))
    return Verdict.refuse('pda-on-curve', 'the address is a point of the curve')
  return Verdict.accept(address)
}

/**
 * Finds the canonical address of seeds: that of the highest bump whose address is off the curve.
 *
 * Refusals: those of {@link create}; the bump is the 16th seed.
 *
 * @example
 * import { Pda } from '@aitbc/proofs/solana'
 * Pda.find(new Uint8Array(32), [new TextEncoder().encode('vault')])
 */
export function find(program: Bytes.Bytes32, seeds: readonly Bytes.Bytes[]): Verdict.Verdict<Pda> {
  for (let bump = 255; ; bump--) {
    const found = create(program, [...seeds, Uint8Array.of(bump)])
    if (found.ok) return Verdict.accept({ address: found.value, bump })
    // Each bump is on the curve with one chance in two; 256 in a row is not met.
    if (found.refusal.check !== 'pda-on-curve' || bump === 0) return found
  }
}

/** What an address is claimed to be. */
export interface Claim {
  readonly program: Bytes.Bytes32
  /** Without the bump. */
  readonly seeds: readonly Bytes.Bytes[]
  /** Bytes of each seed, as the program lays them down: seeds are hashed without borders, so `butter, fly` is `butterfly` (A49). */
  readonly lengths: readonly number[]
  readonly address: Bytes.Bytes32
  readonly bump: number
}

/**
 * Checks that an address is the canonical one of seeds of known lengths (A49).
 *
 * Refusals: `pda-seed-shape`, `pda-bump` (not the canonical bump), `pda-address`, and those of {@link find}.
 *
 * @example
 * import { Pda } from '@aitbc/proofs/solana'
 * declare const claim: Pda.Claim
 * Pda.verify(claim).ok
 */
export function verify({ program, seeds, lengths, address, bump }: Claim): Verdict.Verdict<Pda> {
  if (seeds.length !== lengths.length || seeds.some((seed, index) => seed.length !== lengths[index]))
    return Verdict.refuse('pda-seed-shape', `seeds of ${lengths.join(', ')} bytes are expected`)
  const found = find(program, seeds)
  if (!found.ok) return found
  if (found.value.bump !== bump)
    return Verdict.refuse('pda-bump', `the canonical bump is ${found.value.bump}, got ${bump}`)
  if (!Bytes.equal(found.value.address, address))
    return Verdict.refuse('pda-address', 'the seeds give another address')
  return found
}
