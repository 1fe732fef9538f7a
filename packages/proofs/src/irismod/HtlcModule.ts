import { AccountId, Bytes, CoreErrors, type LockTerms, type Network, show, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as HtlcStorage from '../cosmwasm/HtlcStorage.js'
import * as wire from '../tendermint/internal/wire.js'

/** `LockTerms.backend.kind` of locks in IRISnet's own module (irismod `htlc`); they have neither address nor code. */
export const KIND = 'irismod-htlc'
/** The module's store (irismod `modules/htlc/types/keys.go`). */
export const STORE = 'htlc'
/** Blocks from inclusion to expiry that the module takes (irismod `modules/htlc/types/validation.go`). */
export const MIN_TIME_LOCK = 50n
export const MAX_TIME_LOCK = 34_560n
/** Blocks that a lock may wait for inclusion, unless told otherwise. */
export const WINDOW = 10n

/** A lock's terms as the module has them; addresses in bech32. */
export interface Parameters {
  readonly sender: string
  readonly to: string
  readonly denom: string
  /** Base units. */
  readonly amount: bigint
  readonly hashlock: Bytes.Hash32
  /** The last height at which the lock may expire. */
  readonly deadline: bigint
}

/** When a lock expires (from this height on it is refunded), and the block that ended it. */
interface Ends {
  readonly expires: bigint
  /** 0 while the lock stands. */
  readonly closed: bigint
}

/** What a stored entry says; a claimed lock keeps its secret. */
export type Entry =
  | { readonly status: 'none' }
  | ({ readonly status: 'locked' | 'refunded' } & Ends)
  | ({ readonly status: 'claimed'; readonly secret: Bytes.Bytes32 } & Ends)

const HEX32 = /^[0-9A-F]{64}$/
const STATES = ['locked', 'claimed', 'refunded'] as const
const DIRECTIONS = ['none', 'incoming', 'outgoing'] as const

/**
 * What terms mean to the module (backend kind `irismod-htlc`): coins of one denomination, refunds to whoever paid in, and a height as
 * the deadline.
 *
 * Refusals: `iris-kind`, `iris-network`, `iris-backend` (the module has no address and no code), `iris-asset` (coins alone),
 * `iris-payout` (account and payout must be one), `iris-account`, `iris-deadline` (a height).
 *
 * @example
 * import { HtlcModule } from '@aitbc/proofs/irismod'
 * HtlcModule.STORE // 'htlc'
 */
export function from(terms: LockTerms.LockTerms, network: Network): Verdict.Verdict<Parameters> {
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
    const { network: at, address } = AccountId.parse(account)
    if (at !== network.id || HtlcStorage.addressBytes(address, network) === undefined)
      return Verdict.refuse('iris-account', `both parties need an address of ${network.id}`, {
        received: address,
      })
    addresses.push(address)
  }
  if (deadline.network !== network.id || deadline.clock !== 'height')
    return Verdict.refuse('iris-deadline', 'the deadline must be a height')
  const [sender, to] = addresses as [string, string]
  const { amount, hashlock } = terms
  return Verdict.accept({ sender, to, denom, amount, hashlock, deadline: deadline.value })
}

/** A lock's id: SHA-256 of hashlock, sender, recipient and amount (irismod `GetID`). It binds neither expiry nor salt. */
export function lockId(parameters: Parameters, network: Pick<Network, 'hrp'>): Bytes.Hash32 {
  const { hashlock, sender, to, amount, denom } = parameters
  // Parameters have addresses of the network: `from` reads each.
  const bytes = (address: string) => HtlcStorage.addressBytes(address, network) as Bytes.Bytes
  const coins = new TextEncoder().encode(`${amount}${denom}`)
  return sha256(Bytes.concat(hashlock, bytes(sender), bytes(to), coins))
}

/** The key of a lock in the module's store: prefix 1, the id (irismod `GetHTLCKey`). */
export function lockKey(id: Bytes.Hash32): Bytes.Bytes {
  return Bytes.concat(Uint8Array.of(1), id)
}

/**
 * What a stored entry (`irismod.htlc.HTLC`, in the one encoding that the module writes) says of the lock of these terms; `null` for no
 * entry. Its expiry is told, not judged: {@link isInTime}.
 *
 * Refusals: `protobuf`, `iris-id` (the entry is of another id than its key), `iris-terms` (another sender, recipient, amount or hashlock, or
 * a time stamp in the hash), `iris-transfer` (a swap of the module's bridge, for which nobody may have paid in), `iris-state` (what the module never
 * writes), `iris-secret`.
 */
export function entryOf(
  stored: Bytes.Bytes | null,
  parameters: Parameters,
  network: Pick<Network, 'hrp'>,
): Verdict.Verdict<Entry> {
  if (stored === null) return Verdict.accept({ status: 'none' })
  const decoded = wire.decode(stored, readHtlc)
  if (!decoded.ok) return decoded
  const it = decoded.value
  const id = hexOf(lockId(parameters, network))
  if (it.id !== id) return Verdict.refuse('iris-id', `lock ${id} is expected, got ${it.id}`)
  const [coin, ...more] = it.amount
  const same =
    it.sender === parameters.sender &&
    it.to === parameters.to &&
    coin?.denom === parameters.denom &&
    coin.amount === String(parameters.amount) &&
    more.length === 0 &&
    it.hashLock === hexOf(parameters.hashlock) &&
    it.timestamp === 0n
  if (!same) return Verdict.refuse('iris-terms', 'the lock is of other terms')
  if (it.transfer || it.direction !== 'none')
    return Verdict.refuse('iris-transfer', "the lock is one of the module's bridge")
  const { state: status, expires, closed, secret } = it
  if (expires < 1n || (closed === 0n) !== (status === 'locked') || (secret !== '' && status !== 'claimed'))
    return Verdict.refuse('iris-state', `the module keeps no ${status} lock so`, { status, expires, closed })
  if (status !== 'claimed') return Verdict.accept({ status, expires, closed })
  const bytes = HEX32.test(secret) ? Bytes.fromHex(secret.toLowerCase()) : undefined
  return bytes !== undefined && Bytes.equal(sha256(bytes), parameters.hashlock)
    ? Verdict.accept({ status, expires, closed, secret: bytes })
    : Verdict.refuse('iris-secret', "the lock's secret doesn't open the hashlock")
}

/** Whether a lock expires at its deadline, or before it by fewer blocks than it may wait for inclusion. */
export function isInTime(
  { expires }: Pick<Ends, 'expires'>,
  { deadline }: Pick<Parameters, 'deadline'>,
  window: bigint,
): boolean {
  return expires <= deadline && expires > deadline - window
}

/** Refuses a window that isn't from 1 to 34,560 blocks: `InvalidArgument` (1013). */
export function assertWindow(window: bigint): void {
  if (typeof window !== 'bigint' || window < 1n || window > MAX_TIME_LOCK)
    throw CoreErrors.InvalidArgument(
      `window must be a bigint from 1 to ${MAX_TIME_LOCK}, got ${show(window)}`,
      {
        argument: 'window',
        received: window,
      },
    )
}

function readHtlc(reader: wire.Reader) {
  const id = wire.readText(reader, 1)
  const sender = wire.readText(reader, 2)
  const to = wire.readText(reader, 3)
  // What swaps of the bridge have there; anybody's words in a lock of users.
  wire.readText(reader, 4)
  wire.readText(reader, 5)
  return {
    id,
    sender,
    to,
    amount: wire.readMany(reader, 6, (coin) => ({
      denom: wire.readText(coin, 1),
      amount: wire.readText(coin, 2),
    })),
    hashLock: wire.readText(reader, 7),
    secret: wire.readText(reader, 8),
    timestamp: wire.readUint64(reader, 9),
    expires: wire.readUint64(reader, 10),
    state: wire.readEnum(reader, 11, STATES),
    closed: wire.readUint64(reader, 12),
    transfer: wire.readUint32(reader, 13) !== 0,
    direction: wire.readEnum(reader, 14, DIRECTIONS),
  }
}

function hexOf(bytes: Bytes.Bytes): string {
  return Bytes.toHex(bytes).toUpperCase()
}
