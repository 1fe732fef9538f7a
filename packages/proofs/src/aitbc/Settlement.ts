import { Bytes, CoreErrors, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Json from './Json.js'

/** Heights of both chains and what a settlement's deadlines follow from; times in seconds. */
export interface Schedule {
  readonly sourceHeight: bigint
  readonly destHeight: bigint
  readonly timeout: bigint
  readonly sourceBlockTime: bigint
  readonly destBlockTime: bigint
}

/** Heights at which refunds open. */
export interface Timelocks {
  readonly source: bigint
  readonly dest: bigint
}

/** Blocks that the source's refund waits beyond the timeout. */
const SOURCE_MARGIN = 10n
/** Seconds by which the destination's refund opens first. */
const DEST_MARGIN = 300n

/**
 * A settlement's hashlock, 64 hex digits: sha256 of the secret's **text** in UTF-8. Other chains hash the 32 bytes that such a text
 * spells, so one secret never opens both: a swap across them can't use this lock.
 *
 * @example
 * import { Settlement } from '@aitbc/proofs/aitbc'
 * Settlement.hashlock('abc') // 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
 */
export function hashlock(secret: string): string {
  return hashOf(secret)
}

/** Tells whether a secret opens a hashlock: the service compares texts as they are, the contract takes off a `0x`. */
export function opens(secret: string, lock: string, judge: 'service' | 'contract'): boolean {
  return hashOf(secret) === (judge === 'contract' && lock.startsWith('0x') ? lock.slice(2) : lock)
}

/** A swap's id: `0x` and sha256 of its fields, accounts as they are spelled. */
export function swapId(swap: swapId.Swap): string {
  const { initiator, participant, hashlock, timelock, amount } = swap
  return `0x${hashOf(`${initiator}:${participant}:${hashlock}:${timelock}:${amount}`)}`
}

export declare namespace swapId {
  type Swap = {
    readonly initiator: string
    readonly participant: string
    readonly hashlock: string
    /** A height of the chain. */
    readonly timelock: bigint
    /** Base units. */
    readonly amount: bigint
  }
}

/**
 * The heights of both refunds. Refusals: `settlement-timelock` (less than one block is left on the destination). `InvalidArgument`
 * (1013) for a block time that isn't positive or anything negative.
 */
export function timelocks(schedule: Schedule): Verdict.Verdict<Timelocks> {
  const { sourceHeight, destHeight, timeout, sourceBlockTime, destBlockTime } = schedule
  if (sourceBlockTime <= 0n || destBlockTime <= 0n || timeout < 0n || sourceHeight < 0n || destHeight < 0n)
    throw CoreErrors.InvalidArgument('schedule must have positive block times and nothing negative', {
      argument: 'schedule',
    })
  const blocks = timeout / sourceBlockTime + SOURCE_MARGIN
  const left = (blocks * sourceBlockTime - DEST_MARGIN) / destBlockTime
  if (left < 1n) return Verdict.refuse('settlement-timelock', 'no block is left on the destination chain')
  return Verdict.accept({ source: sourceHeight + blocks, dest: destHeight + left })
}

/** The hash of a settlement's step: sha256 of its canonical JSON without the hashes, 64 hex digits. */
export function stepHash(step: Json.Members): string {
  const { previous_proof_hash: _, proof_hash: __, ...rest } = step
  return hashOf(Json.encode(rest))
}

/**
 * Decides whether steps join each other, each naming the hash of the one before. It binds no step to any chain: heights and hashes in
 * there are made up by the node. Refusals: `settlement-steps` (none), `settlement-link` (`context.index`).
 */
export function verifySteps(steps: readonly Json.Members[]): Verdict.Verdict<true> {
  if (steps.length === 0) return Verdict.refuse('settlement-steps', 'no step is given')
  let previous = ''
  for (const [index, step] of steps.entries()) {
    if (step['previous_proof_hash'] !== previous)
      return Verdict.refuse('settlement-link', `step ${index} doesn't join the one before`, { index })
    previous = stepHash(step)
  }
  return Verdict.accept(true)
}

function hashOf(text: string): string {
  return Bytes.toHex(sha256(new TextEncoder().encode(text)))
}
