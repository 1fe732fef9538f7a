import {
  Bytes,
  type Hashlock,
  isAitbcError,
  type LockProfile,
  LockTerms,
  type Network,
  Verdict,
} from '@aitbc/core'
import { HtlcModule } from '@aitbc/proofs/irismod'
import type { Message } from './CosmosTransaction.js'

/**
 * What these locks enforce: expiry counts from inclusion, so that a lock may end up to `window - 1` blocks before its deadline
 * (`early`), as {@link span} says beforehand. A refund needs nobody: the module makes it when the block of the expiry begins. Events name no
 * hashlock.
 *
 * @param window blocks that a lock may wait for inclusion
 *
 * @example
 * import { IrisHtlc } from '@aitbc/adapters/cosmos/iris'
 * IrisHtlc.profile(10n).early // 9n
 */
export function profile(window: bigint = HtlcModule.WINDOW): LockProfile & { readonly early: bigint } {
  return {
    lateClaims: false,
    payee: 'named',
    unique: true,
    lateLocks: false,
    feesFrom: 'account',
    events: false,
    early: window - 1n,
  }
}

/** When a lock can expire, known before it is sent. */
export interface Span {
  /** Blocks from inclusion to expiry. */
  readonly timeLock: bigint
  /** Last block that may include the lock: the transaction's `timeout_height`. */
  readonly timeoutHeight: bigint
  /** The first and the last height at which it can expire. */
  readonly earliest: bigint
  readonly latest: bigint
}

/** Judges terms offline. Refusals: `terms` (wrong on every chain), and those of `HtlcModule.from`. */
export function audit(terms: LockTerms.LockTerms, network: Network): Verdict.Verdict<HtlcModule.Parameters> {
  try {
    LockTerms.assert(terms)
  } catch (error) {
    if (!isAitbcError(error)) throw error
    return Verdict.refuse('terms', error.message, { code: error.code, ...error.context })
  }
  return HtlcModule.from(terms, network)
}

/**
 * Bounds the expiry before the lock is sent: included within `window` blocks after `height` or never, it expires at the deadline at the
 * latest, and at most `window - 1` blocks before it.
 *
 * Refusals: `iris-window` (not from 1), `iris-time-lock` (the module wants 50 to 34,560 blocks).
 */
export function span(options: {
  /** The deadline, a height. */
  readonly deadline: bigint
  /** The newest block. */
  readonly height: bigint
  /** Blocks that the lock may wait for inclusion. */
  readonly window: bigint
}): Verdict.Verdict<Span> {
  const { deadline, height, window } = options
  if (window < 1n) return Verdict.refuse('iris-window', `a lock needs a block at least, got ${window}`)
  const timeoutHeight = height + window
  const timeLock = deadline - timeoutHeight
  if (timeLock < HtlcModule.MIN_TIME_LOCK || timeLock > HtlcModule.MAX_TIME_LOCK)
    return Verdict.refuse(
      'iris-time-lock',
      `the lock must last ${HtlcModule.MIN_TIME_LOCK} to ${HtlcModule.MAX_TIME_LOCK} blocks, it would ${timeLock}`,
      { timeLock },
    )
  return Verdict.accept({ timeLock, timeoutHeight, earliest: height + 1n + timeLock, latest: deadline })
}

/** A lock's id as the module writes it: upper-case hex. */
export function id(terms: HtlcModule.Parameters, network: Pick<Network, 'hrp'>): string {
  return Bytes.toHex(HtlcModule.lockId(terms, network)).toUpperCase()
}

/** The message that makes a lock; its transaction must have the span's `timeoutHeight`. */
export function createMessage(
  terms: HtlcModule.Parameters,
  { timeLock }: Pick<Span, 'timeLock'>,
  texts: { readonly receiverOnOtherChain?: string; readonly senderOnOtherChain?: string } = {},
): Message {
  const { sender, to, denom, amount, hashlock } = terms
  return {
    kind: 'iris-create',
    from: sender,
    to,
    amount: { denom, amount },
    hashlock: Bytes.toHex(hashlock),
    timeLock,
    ...texts,
  }
}

/** The message of a claim: carries the secret, so it goes to the signer and the mempool and nowhere else. */
export function claimMessage(lockId: string, secret: Hashlock.Secret, from: string): Message {
  return { kind: 'iris-claim', from, id: lockId, secret: Bytes.toHex(secret) }
}
