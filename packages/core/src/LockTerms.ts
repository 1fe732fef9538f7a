import * as AccountId from './AccountId.js'
import * as Amount from './Amount.js'
import * as AssetId from './AssetId.js'
import * as Bytes from './Bytes.js'
import * as ChainId from './ChainId.js'
import * as Codec from './Codec.js'
import * as Deadline from './Deadline.js'
import { CoreErrors } from './errors/CoreErrors.js'
import { show } from './errors/ErrorTable.js'
import * as Hashlock from './Hashlock.js'
import * as TaggedHash from './TaggedHash.js'

/**
 * One side of a lock. `account` acts, `payout` is paid; `publicKey` (33 bytes compressed, or 32 bytes x-only) is there
 * where the chain's script needs it (Bitcoin).
 */
export interface Party {
  readonly account: AccountId.AccountId
  readonly publicKey?: Bytes.Bytes
  readonly payout: AccountId.AccountId
}

/** The on-chain program that holds a lock: script form, contract, program or module. */
export interface Backend {
  readonly network: ChainId.ChainId
  /** `p2wsh`, `p2tr`, `contract`, … */
  readonly kind: string
  /** Contract or program address, where the kind has one; canonical spelling. */
  readonly address?: string
  /** Hash of the program's code by the chain's own rule (keccak-256 on EVM chains), where the kind has one. */
  readonly codeHash?: Bytes.Hash32
}

/** All that is needed to build, find, audit and settle one leg of a swap. */
export interface LockTerms {
  readonly version: 1
  readonly backend: Backend
  readonly asset: AssetId.AssetId
  /** Base units, greater than 0. */
  readonly amount: bigint
  /** SHA-256 of exactly 32 bytes. */
  readonly hashlock: Bytes.Hash32
  readonly locker: Party
  readonly beneficiary: Party
  readonly deadline: Deadline.Deadline
  /** 32 bytes that make equal terms of two swaps distinct. */
  readonly salt: Bytes.Bytes32
}

/**
 * Checks terms once, at the edge: `InvalidLockTerms` (1010) names the field; ids, amounts, hashlock and deadline have
 * their own codes (1002–1008). All parts must be of one network, and ids in their canonical spelling.
 *
 * @example
 * import { isAitbcError, LockTerms } from '@aitbc/core'
 * const network = 'eip155:31337'
 * const account = `${network}:0x${'aa'.repeat(20)}` as const
 * const party = { account, payout: account }
 * const terms: LockTerms.LockTerms = {
 *   ...{ version: 1, asset: `${network}/slip44:60`, amount: 1n, salt: new Uint8Array(32), locker: party, beneficiary: party },
 *   ...{ backend: { network, kind: 'contract', address: `0x${'cc'.repeat(20)}` }, hashlock: new Uint8Array(32).fill(1) },
 *   deadline: { network, clock: 'unix', value: 1_900_000_000n },
 * }
 * LockTerms.assert(terms)
 * let named: unknown
 * try {
 *   LockTerms.assert({ ...terms, asset: 'eip155:1/slip44:60' })
 * } catch (error) {
 *   named = isAitbcError(error, 'InvalidLockTerms') ? error.context['argument'] : undefined
 * }
 * named // 'terms.asset'
 */
export function assert(terms: LockTerms, argument = 'terms'): void {
  const refuse = (field: string, message: string, received: unknown) =>
    CoreErrors.InvalidLockTerms(`${argument}.${field} ${message}, got ${show(received)}`, {
      argument: `${argument}.${field}`,
      received,
    })
  if (typeof terms !== 'object' || terms === null)
    throw CoreErrors.InvalidLockTerms(`${argument} must be an object, got ${show(terms)}`, {
      argument,
      received: typeof terms,
    })
  if (terms.version !== 1) throw refuse('version', 'must be 1', terms.version)
  const network = ChainId.from(terms.backend?.network, `${argument}.backend.network`)
  const { kind, address, codeHash } = terms.backend
  if (typeof kind !== 'string' || !/^[a-z0-9-]{1,32}$/.test(kind))
    throw refuse('backend.kind', 'must be 1 to 32 of a–z, 0–9 and "-"', kind)
  if (address !== undefined) {
    if (typeof address !== 'string') throw refuse('backend.address', 'must be a text', address)
    const account = AccountId.from(`${network}:${address}`, `${argument}.backend.address`)
    if (AccountId.canonical(account) !== account)
      throw refuse('backend.address', 'must be in canonical spelling', address)
  }
  if (codeHash !== undefined) Bytes.assert(codeHash, 32, `${argument}.backend.codeHash`)
  AssetId.from(terms.asset, `${argument}.asset`)
  if (!terms.asset.startsWith(`${network}/`)) throw refuse('asset', `must be on ${network}`, terms.asset)
  if (AssetId.canonical(terms.asset) !== terms.asset)
    throw refuse('asset', 'must be in canonical spelling', terms.asset)
  Amount.assert(terms.amount, { argument: `${argument}.amount`, min: 1n })
  Hashlock.assert(terms.hashlock, `${argument}.hashlock`)
  for (const side of ['locker', 'beneficiary'] as const) {
    const party = terms[side]
    for (const field of ['account', 'payout'] as const) {
      const id = AccountId.from(party?.[field], `${argument}.${side}.${field}`)
      if (!id.startsWith(`${network}:`)) throw refuse(`${side}.${field}`, `must be on ${network}`, id)
      if (AccountId.canonical(id) !== id)
        throw refuse(`${side}.${field}`, 'must be in canonical spelling', id)
    }
    const key = party.publicKey
    if (key !== undefined && !(key instanceof Uint8Array && (key.length === 32 || key.length === 33)))
      throw refuse(`${side}.publicKey`, 'must be 32 or 33 bytes', key)
  }
  Deadline.from(terms.deadline, `${argument}.deadline`)
  if (terms.deadline.network !== network)
    throw refuse('deadline', `must be on ${network}`, terms.deadline.network)
  Bytes.assert(terms.salt, 32, `${argument}.salt`)
}

/**
 * The canonical bytes of terms: one encoding a value, every field bound ({@link Codec}). Refuses what {@link assert} does, `argument`
 * being its name there.
 *
 * @example
 * import { LockTerms } from '@aitbc/core'
 * const network = 'eip155:31337'
 * const account = `${network}:0x${'aa'.repeat(20)}` as const
 * const party = { account, payout: account }
 * const terms: LockTerms.LockTerms = {
 *   ...{ version: 1, asset: `${network}/slip44:60`, amount: 1n, salt: new Uint8Array(32), locker: party, beneficiary: party },
 *   ...{ backend: { network, kind: 'contract', address: `0x${'cc'.repeat(20)}` }, hashlock: new Uint8Array(32).fill(1) },
 *   deadline: { network, clock: 'unix', value: 1_900_000_000n },
 * }
 * LockTerms.decode(LockTerms.encode(terms)).deadline.value // 1900000000n
 */
export function encode(terms: LockTerms, argument?: string): Bytes.Bytes {
  assert(terms, argument)
  const party = (writer: Codec.Writer, value: Party) =>
    writer
      .text(value.account)
      .optional(value.publicKey, (w, key) => w.bytes(key))
      .text(value.payout)
  const writer = Codec.writer()
    .u8(terms.version)
    .text(terms.backend.network)
    .text(terms.backend.kind)
    .optional(terms.backend.address, (w, address) => w.text(address))
    .optional(terms.backend.codeHash, (w, hash) => w.fixed(hash))
    .text(terms.asset)
    .u256(terms.amount)
    .fixed(terms.hashlock)
  party(writer, terms.locker)
  party(writer, terms.beneficiary)
  return writer.text(terms.deadline.clock).u64(terms.deadline.value).fixed(terms.salt).finish()
}

/**
 * Reads canonical bytes back; `InvalidEncoding` (1012), or the code of the field that is wrong.
 *
 * @example
 * import { Bytes, LockTerms } from '@aitbc/core'
 * const network = 'eip155:31337'
 * const account = `${network}:0x${'aa'.repeat(20)}` as const
 * const party = { account, payout: account }
 * const terms: LockTerms.LockTerms = {
 *   ...{ version: 1, asset: `${network}/slip44:60`, amount: 1n, salt: new Uint8Array(32), locker: party, beneficiary: party },
 *   ...{ backend: { network, kind: 'contract', address: `0x${'cc'.repeat(20)}` }, hashlock: new Uint8Array(32).fill(1) },
 *   deadline: { network, clock: 'unix', value: 1_900_000_000n },
 * }
 * const bytes = LockTerms.encode(terms)
 * const again = LockTerms.decode(bytes)
 * again.amount // 1n
 * // One encoding a value.
 * Bytes.equal(LockTerms.encode(again), bytes) // true
 */
export function decode(bytes: Bytes.Bytes): LockTerms {
  const reader = Codec.reader(bytes)
  const terms = read(reader)
  reader.finish()
  return terms
}

/**
 * Reads terms inside a longer record, and leaves the reader behind them. Codes: those of {@link decode}.
 *
 * @example
 * import { Codec, LockTerms } from '@aitbc/core'
 * const network = 'eip155:31337'
 * const account = `${network}:0x${'aa'.repeat(20)}` as const
 * const party = { account, payout: account }
 * const terms: LockTerms.LockTerms = {
 *   ...{ version: 1, asset: `${network}/slip44:60`, amount: 1n, salt: new Uint8Array(32), locker: party, beneficiary: party },
 *   ...{ backend: { network, kind: 'contract', address: `0x${'cc'.repeat(20)}` }, hashlock: new Uint8Array(32).fill(1) },
 *   deadline: { network, clock: 'unix', value: 1_900_000_000n },
 * }
 * const bytes = Codec.writer().text('my leg').fixed(LockTerms.encode(terms)).finish()
 * const reader = Codec.reader(bytes)
 * reader.text() // 'my leg'
 * LockTerms.read(reader).amount // 1n
 * reader.finish()
 */
export function read(reader: Codec.Reader): LockTerms {
  const party = (): Party => {
    const account = reader.text(256) as AccountId.AccountId
    const publicKey = reader.optional((r) => r.bytes(33))
    return { account, ...(publicKey ? { publicKey } : {}), payout: reader.text(256) as AccountId.AccountId }
  }
  const version = reader.u8() as 1
  const network = reader.text(64) as ChainId.ChainId
  const kind = reader.text(32)
  const address = reader.optional((r) => r.text(128))
  const codeHash = reader.optional((r) => r.fixed(32))
  const terms: LockTerms = {
    version,
    backend: {
      network,
      kind,
      ...(address === undefined ? {} : { address }),
      ...(codeHash ? { codeHash } : {}),
    },
    asset: reader.text(300) as AssetId.AssetId,
    amount: reader.u256(),
    hashlock: reader.fixed(32),
    locker: party(),
    beneficiary: party(),
    deadline: { network, clock: reader.text(16) as Deadline.Clock, value: reader.u64() },
    salt: reader.fixed(32),
  }
  assert(terms)
  return terms
}

/**
 * The id of terms: the tagged SHA-256 (BIP-340's form, tag `aitbc/lock-terms/v1`) of {@link encode}; two different
 * terms never share one.
 *
 * @example
 * import { LockTerms } from '@aitbc/core'
 * const network = 'eip155:31337'
 * const account = `${network}:0x00000000000000000000000000000000000000aa` as const
 * const id = LockTerms.id({
 *   version: 1,
 *   backend: { network, kind: 'contract', address: '0x00000000000000000000000000000000000000cc' },
 *   asset: `${network}/slip44:60`,
 *   amount: 1n,
 *   hashlock: new Uint8Array(32).fill(1),
 *   locker: { account, payout: account },
 *   beneficiary: { account, payout: account },
 *   deadline: { network, clock: 'unix', value: 1_900_000_000n },
 *   salt: new Uint8Array(32),
 * })
 * id.length // 32
 */
export function id(terms: LockTerms): Bytes.Hash32 {
  return TaggedHash.of('aitbc/lock-terms/v1', encode(terms))
}
