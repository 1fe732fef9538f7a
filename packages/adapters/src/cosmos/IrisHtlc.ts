import {
  AccountId,
  Bytes,
  Hashlock,
  isAitbcError,
  type LockProfile,
  LockTerms,
  type Network,
  Verdict,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { sha256 } from '@noble/hashes/sha2.js'
import { BinaryReader } from 'cosmjs-types/binary'
import { Coin } from 'cosmjs-types/cosmos/base/v1beta1/coin'
import type { Message } from './CosmosTransaction.js'

/** `LockTerms.backend.kind` of locks in IRISnet's own module (irismod `htlc`); they have neither address nor code. */
export const KIND = 'irismod-htlc'
/** The module's store, and the path that tells one lock (`id` in field 1 of request and answer). */
export const STORE = 'htlc'
export const QUERY = '/irismod.htlc.Query/HTLC'
/** Blocks from inclusion to expiry that the module takes (irismod `modules/htlc/types/validation.go`). */
export const MIN_TIME_LOCK = 50n
export const MAX_TIME_LOCK = 34_560n

/**
 * What these locks enforce. `relative`: expiry counts from inclusion, so that only {@link span} says beforehand when it can be. A refund
 * needs nobody: the module makes it when the block of the expiry begins. The id binds neither expiry nor salt, and events name no hashlock.
 */
export const profile: LockProfile & { readonly relative: true } = {
  lateClaims: false,
  payee: 'named',
  unique: true,
  lateLocks: false,
  feesFrom: 'account',
  events: false,
  relative: true,
}

/** A lock's terms as the module has them; addresses in bech32. */
export interface IrisTerms {
  readonly sender: string
  readonly to: string
  readonly denom: string
  /** Base units. */
  readonly amount: bigint
  readonly hashlock: Bytes.Hash32
  /** The last height at which the lock may expire. */
  readonly deadline: bigint
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

/** What the module says of a lock. */
export interface IrisLock {
  readonly state: 'open' | 'completed' | 'refunded'
  /** From this height on it is refunded. */
  readonly expirationHeight: bigint
  /** Once completed. */
  readonly secret?: Hashlock.Secret
  /** The block that completed or refunded it; 0 while it is open. */
  readonly closedBlock: bigint
}

/**
 * Judges terms offline. Refusals: `terms` (wrong on every chain), `iris-kind`, `iris-network`, `iris-backend` (the module has no
 * address and no code), `iris-asset` (coins alone), `iris-payout` (account and payout must be one), `iris-account`, `iris-deadline`
 * (a height).
 *
 * @example
 * import { IrisHtlc } from '@aitbc/adapters/cosmos'
 * IrisHtlc.profile.relative // true
 */
export function audit(terms: LockTerms.LockTerms, network: Network): Verdict.Verdict<IrisTerms> {
  try {
    LockTerms.assert(terms)
  } catch (error) {
    if (!isAitbcError(error)) throw error
    return Verdict.refuse('terms', error.message, { code: error.code, ...error.context })
  }
  const { backend, locker, beneficiary, deadline } = terms
  if (backend.kind !== KIND)
    return Verdict.refuse('iris-kind', `a lock is in ${KIND} here, not ${backend.kind}`)
  if (backend.network !== network.id)
    return Verdict.refuse('iris-network', `the lock must be on ${network.id}, it is on ${backend.network}`)
  if (backend.address !== undefined || backend.codeHash !== undefined)
    return Verdict.refuse('iris-backend', 'the module has neither address nor code')
  const denom = HtlcStorage.denomOf(terms.asset, network)
  if (denom === undefined) return Verdict.refuse('iris-asset', `the module holds coins, not ${terms.asset}`)
  const addresses: string[] = []
  for (const { account, payout } of [locker, beneficiary]) {
    if (account !== payout) return Verdict.refuse('iris-payout', 'account and payout must be one')
    const { address } = AccountId.parse(account)
    if (HtlcStorage.addressBytes(address, network) === undefined)
      return Verdict.refuse('iris-account', `both parties need an address of ${network.id}`, {
        received: address,
      })
    addresses.push(address)
  }
  if (deadline.clock !== 'height') return Verdict.refuse('iris-deadline', 'the deadline must be a height')
  return Verdict.accept({
    sender: addresses[0] as string,
    to: addresses[1] as string,
    denom,
    amount: terms.amount,
    hashlock: terms.hashlock,
    deadline: deadline.value,
  })
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
  if (timeLock < MIN_TIME_LOCK || timeLock > MAX_TIME_LOCK)
    return Verdict.refuse(
      'iris-time-lock',
      `the lock must last ${MIN_TIME_LOCK} to ${MAX_TIME_LOCK} blocks, it would ${timeLock}`,
      { timeLock },
    )
  return Verdict.accept({ timeLock, timeoutHeight, earliest: height + 1n + timeLock, latest: deadline })
}

/** A lock's id: SHA-256 of hashlock, sender, recipient and amount (irismod `GetID`), upper-case hex as the module writes it. */
export function id(terms: IrisTerms, network: Pick<Network, 'hrp'>): string {
  const { hashlock, sender, to, amount, denom } = terms
  const bytes = (address: string) => HtlcStorage.addressBytes(address, network) ?? new Uint8Array(0)
  const coins = new TextEncoder().encode(`${amount}${denom}`)
  return Bytes.toHex(sha256(Bytes.concat(hashlock, bytes(sender), bytes(to), coins))).toUpperCase()
}

/** The key of a lock in the module's store. */
export function storageKey(lockId: string): Bytes.Bytes {
  return Bytes.concat(Uint8Array.of(1), Bytes.fromHex(lockId.toLowerCase()))
}

/** The message that makes a lock; its transaction must have the span's `timeoutHeight`. */
export function createMessage(
  terms: IrisTerms,
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

/**
 * Reads a lock as the module tells or stores it (`irismod.htlc.HTLC`), and compares every term.
 *
 * Refusals: `iris-encoding`, `iris-id`, `iris-terms` (another sender, recipient, amount or hashlock, or a time stamp in the hash),
 * `iris-transfer` (a swap of the module's bridge), `iris-expiry` (it can expire after the deadline), `iris-secret`.
 */
export function read(
  bytes: Bytes.Bytes,
  terms: IrisTerms,
  network: Pick<Network, 'hrp'>,
): Verdict.Verdict<IrisLock> {
  const raw = decode(bytes)
  if (raw === undefined) return Verdict.refuse('iris-encoding', 'the bytes are no lock of the module')
  const lockId = id(terms, network)
  if (raw.id.toUpperCase() !== lockId)
    return Verdict.refuse('iris-id', `lock ${lockId} is expected, got ${raw.id}`)
  const [coin, ...more] = raw.amount
  const same =
    raw.sender === terms.sender &&
    raw.to === terms.to &&
    coin?.denom === terms.denom &&
    coin.amount === String(terms.amount) &&
    more.length === 0 &&
    raw.hashLock.toLowerCase() === Bytes.toHex(terms.hashlock) &&
    raw.timestamp === 0n
  if (!same) return Verdict.refuse('iris-terms', 'the lock is of other terms')
  const state = (['open', 'completed', 'refunded'] as const)[raw.state]
  if (state === undefined) return Verdict.refuse('iris-encoding', `no lock is in state ${raw.state}`)
  // What follows the state is unset in an open lock of users, whichever version of the module wrote it.
  if (state === 'open' && (raw.rest || raw.closedBlock !== 0n))
    return Verdict.refuse('iris-transfer', "the lock is one of the module's bridge")
  const { expirationHeight, closedBlock } = raw
  if (expirationHeight < 1n || expirationHeight > terms.deadline)
    return Verdict.refuse('iris-expiry', `the lock expires at ${expirationHeight}, after ${terms.deadline}`, {
      expirationHeight,
    })
  if (state !== 'completed') return Verdict.accept({ state, expirationHeight, closedBlock })
  const secret = /^[0-9a-fA-F]{64}$/.test(raw.secret) ? Bytes.fromHex(raw.secret.toLowerCase()) : undefined
  return Hashlock.opens(secret, terms.hashlock)
    ? Verdict.accept({ state, expirationHeight, closedBlock, secret: secret as Hashlock.Secret })
    : Verdict.refuse('iris-secret', "the lock's secret doesn't open the hashlock")
}

interface Raw {
  id: string
  sender: string
  to: string
  amount: { readonly denom: string; readonly amount: string }[]
  hashLock: string
  secret: string
  timestamp: bigint
  expirationHeight: bigint
  state: number
  closedBlock: bigint
  rest: boolean
}

function decode(bytes: Bytes.Bytes): Raw | undefined {
  const raw: Raw = {
    ...{ id: '', sender: '', to: '', amount: [], hashLock: '', secret: '' },
    ...{ timestamp: 0n, expirationHeight: 0n, state: 0, closedBlock: 0n, rest: false },
  }
  if (bytes.length > 65_536) return undefined
  try {
    const reader = new BinaryReader(bytes)
    while (reader.pos < reader.len) {
      const tag = reader.uint32()
      const field = tag >>> 3
      if (tag === 10) raw.id = reader.string()
      else if (tag === 18) raw.sender = reader.string()
      else if (tag === 26) raw.to = reader.string()
      else if (tag === 50) raw.amount.push(Coin.decode(reader, reader.uint32()))
      else if (tag === 58) raw.hashLock = reader.string()
      else if (tag === 66) raw.secret = reader.string()
      else if (tag === 72) raw.timestamp = reader.uint64()
      else if (tag === 80) raw.expirationHeight = reader.uint64()
      else if (tag === 88) raw.state = reader.uint32()
      else if (tag === 96) raw.closedBlock = reader.uint64()
      else if (field === 4 || field === 5 || field > 12) {
        raw.rest ||= field > 12
        reader.skipType(tag & 7)
      } else return undefined
    }
    return raw
  } catch {
    return undefined
  }
}
