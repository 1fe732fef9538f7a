import { AccountId, AssetId, Bytes, ChainId, Codec, type LockTerms, type Network, Verdict } from '@aitbc/core'
import { sha256 } from '@noble/hashes/sha2.js'
import * as Bech32 from '../bitcoin/Bech32.js'
import * as wire from '../tendermint/internal/wire.js'
import { SECOND } from '../tendermint/Timestamp.js'

/** What a lock can be, by what the contract keeps under its id. */
export type Status = 'none' | 'locked' | 'claimed' | 'refunded'

/** A lock's terms as the CosmWasm contract has them; addresses in bech32. */
export interface Parameters {
  /** The chain's own name, e.g. `cosmoshub-4`. */
  readonly chainId: string
  readonly contract: string
  /** Whether coins are locked, or tokens of a cw20 contract. */
  readonly kind: 'native' | 'cw20'
  /** Denomination, or the token's contract. */
  readonly asset: string
  /** Base units, below 2^128. */
  readonly amount: bigint
  readonly hashlock: Bytes.Hash32
  /** Pays in, and gets refunds. */
  readonly source: string
  /** Gets claims. */
  readonly recipient: string
  /** Nanoseconds since 1970. */
  readonly expires: bigint
  readonly salt: Bytes.Bytes32
}

/** What a stored entry says; a claimed lock keeps its secret. `paid` is false where a payment failed and is owed still. */
export type Entry =
  | { readonly status: 'none' | 'locked' }
  | { readonly status: 'refunded'; readonly paid: boolean }
  | { readonly status: 'claimed'; readonly paid: boolean; readonly secret: Bytes.Bytes32 }

/** The store of the CosmWasm module (wasmd, `x/wasm/types/keys.go`). */
export const STORE = 'wasm'

const DOMAIN = 'aitbc/htlc/v1'
const DENOM = /^[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$/
const OUTCOME =
  /^"number":(?:0|[1-9]\d{0,19}),"status":"(locked|claimed|refunded)","paid":(true|false)(?:,"secret":"([0-9a-f]{64})")?\}$/

/**
 * What terms mean to the contract (backend kind `cosmwasm`). It refunds whoever paid in and pays claims to a named account, so
 * account and payout of the locker must be one; deadlines are seconds here and exactly 10^9 times as many nanoseconds there.
 *
 * Refusals: `htlc-kind`, `htlc-network`, `htlc-contract`, `htlc-asset`, `htlc-amount`, `htlc-payout`, `htlc-account`, `htlc-deadline`.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
 * HtlcStorage.denomOf('cosmos:cosmoshub-4/slip44:118', networks.cosmosHub) // 'uatom'
 */
export function from(terms: LockTerms.LockTerms, network: Network): Verdict.Verdict<Parameters> {
  const { backend, deadline, locker, beneficiary } = terms
  if (backend.kind !== 'cosmwasm')
    return Verdict.refuse('htlc-kind', `a lock is in a contract of kind cosmwasm here, not ${backend.kind}`)
  const { namespace, reference } = ChainId.parse(backend.network)
  if (namespace !== 'cosmos' || backend.network !== network.id)
    return Verdict.refuse('htlc-network', `the lock must be on ${network.id}, it is on ${backend.network}`)
  const { address = '' } = backend
  if (addressBytes(address, network) === undefined)
    return Verdict.refuse('htlc-contract', `the terms name no contract of ${network.id}`)
  const asset = assetOf(terms.asset, network)
  if (asset === undefined)
    return Verdict.refuse(
      'htlc-asset',
      `the contract holds coins or cw20 tokens of ${network.id}, not ${terms.asset}`,
    )
  if (terms.amount >= 1n << 128n)
    return Verdict.refuse('htlc-amount', `amounts are below 2^128, got ${terms.amount}`)
  if (locker.account !== locker.payout)
    return Verdict.refuse(
      'htlc-payout',
      'the contract refunds whoever paid in: account and payout must be one',
    )
  const source = AccountId.parse(locker.account)
  const recipient = AccountId.parse(beneficiary.payout)
  for (const party of [source, recipient])
    if (party.network !== network.id || addressBytes(party.address, network) === undefined)
      return Verdict.refuse('htlc-account', `both parties need an address of ${network.id}`, {
        received: party.address,
      })
  if (deadline.network !== network.id || deadline.clock !== 'unix' || deadline.value * SECOND >= 1n << 64n)
    return Verdict.refuse('htlc-deadline', `the deadline must be unix seconds of ${network.id}`)
  const [kind, held] = asset
  for (const other of [address, held])
    if (recipient.address === other)
      return Verdict.refuse('htlc-account', 'neither the contract nor the token can be paid', {
        received: other,
      })
  return Verdict.accept({
    chainId: reference,
    contract: address,
    kind,
    asset: held,
    amount: terms.amount,
    hashlock: terms.hashlock,
    source: source.address,
    recipient: recipient.address,
    expires: deadline.value * SECOND,
    salt: terms.salt,
  })
}

/**
 * The id of a lock: SHA-256 of domain, chain, contract and every term, each text behind its length in two bytes. The contract computes
 * it too, and takes no other.
 */
export function lockId(parameters: Parameters): Bytes.Hash32 {
  const { chainId, contract, kind, asset, amount, hashlock, source, recipient, expires, salt } = parameters
  return sha256(
    Bytes.concat(
      utf8(DOMAIN),
      ...[chainId, contract, kind, asset, String(amount)].map(text),
      hashlock,
      ...[source, recipient, 'at_time'].map(text),
      Codec.writer().u64(expires).finish(),
      salt,
    ),
  )
}

/** The key of a lock in the contract's own storage. */
export function ownKey(id: Bytes.Hash32): Bytes.Bytes {
  return utf8(`lock/${Bytes.toHex(id)}`)
}

/** The key of a lock in the module's store: prefix 3, the contract, its own key. */
export function lockKey(contract: Bytes.Bytes, id: Bytes.Hash32): Bytes.Bytes {
  return Bytes.concat(Uint8Array.of(3), contract, ownKey(id))
}

/** The key of what the module knows about a contract: prefix 2, the contract. */
export function contractKey(contract: Bytes.Bytes): Bytes.Bytes {
  return Bytes.concat(Uint8Array.of(2), contract)
}

/** The key of what the module knows about a code: prefix 1, its number in 8 bytes. */
export function codeKey(codeId: bigint): Bytes.Bytes {
  return Bytes.concat(Uint8Array.of(1), Codec.writer().u64(codeId).finish())
}

/**
 * The key of a contract's second code: prefix 5, the contract, a number in 8 bytes, which is 1 for the code that it was made with (wasmd,
 * `appendToContractHistory`).
 */
export function historyKey(contract: Bytes.Bytes): Bytes.Bytes {
  return Bytes.concat(Uint8Array.of(5), contract, Codec.writer().u64(2n).finish())
}

/**
 * What a stored entry says; `null` for no entry. The contract writes an entry in one way: all terms, then its number and outcome.
 * Refusals: `lock-terms` (the entry is of other terms), `lock-status` (an outcome that the contract never writes).
 */
export function entryOf(stored: Bytes.Bytes | null, parameters: Parameters): Verdict.Verdict<Entry> {
  if (stored === null) return Verdict.accept({ status: 'none' })
  const { kind, asset, amount, hashlock, source, recipient, expires, salt } = parameters
  const balance =
    kind === 'native'
      ? { native: [{ denom: asset, amount: String(amount) }] }
      : { cw20: { address: asset, amount: String(amount) } }
  const terms = JSON.stringify({
    id: Bytes.toHex(lockId(parameters)),
    hash: Bytes.toHex(hashlock),
    recipient,
    source,
    expires: { at_time: String(expires) },
    balance,
    salt: Bytes.toHex(salt),
  })
  // All but the closing brace, where number and outcome follow.
  const head = utf8(`${terms.slice(0, -1)},`)
  if (!Bytes.equal(stored.slice(0, head.length), head))
    return Verdict.refuse('lock-terms', 'the entry under the id is of other terms')
  const [, status, paid, secret] = OUTCOME.exec(latin(stored.slice(head.length))) ?? []
  if (status === 'locked' && paid === 'false' && secret === undefined) return Verdict.accept({ status })
  if (status === 'refunded' && secret === undefined) return Verdict.accept({ status, paid: paid === 'true' })
  if (status === 'claimed' && secret !== undefined)
    return Verdict.accept({ status, paid: paid === 'true', secret: Bytes.fromHex(secret) })
  return Verdict.refuse('lock-status', 'the contract never writes an outcome of this kind')
}

/** What the module knows about a contract (`cosmwasm.wasm.v1.ContractInfo`): its code, and who may exchange it. Refusal: `protobuf`. */
export function contractInfo(
  bytes: Bytes.Bytes,
): Verdict.Verdict<{ readonly codeId: bigint; readonly admin: string }> {
  return wire.decode(bytes, (reader) => {
    const codeId = wire.readUint64(reader, 1)
    wire.readText(reader, 2)
    const admin = wire.readText(reader, 3)
    wire.readText(reader, 4)
    wire.readMessage(reader, 5, (inner) => [wire.readUint64(inner, 1), wire.readUint64(inner, 2)])
    wire.readText(reader, 6)
    wire.readBytes(reader, 7)
    wire.readText(reader, 8)
    return { codeId, admin }
  })
}

/** The hash of a code (`cosmwasm.wasm.v1.CodeInfo`): SHA-256 of its wasm. Refusal: `protobuf`. */
export function codeHash(bytes: Bytes.Bytes): Verdict.Verdict<Bytes.Bytes> {
  return wire.decode(bytes, (reader) => {
    const hash = wire.readBytes(reader, 1)
    wire.readText(reader, 2)
    wire.readMessage(reader, 5, (inner) => {
      wire.readUint32(inner, 1)
      // Only a permission for named accounts has them; who may instantiate a code changes nothing about a contract.
      for (let before = -1; before !== inner.at; ) {
        before = inner.at
        wire.readText(inner, 3)
      }
    })
    return hash
  })
}

/** The bytes of a bech32 address of the network, 20 or 32 of them; `undefined` for any other text, upper case included. */
export function addressBytes(address: string, network: Pick<Network, 'hrp'>): Bytes.Bytes | undefined {
  const read = address === address.toLowerCase() ? Bech32.decode(address) : undefined
  if (!read?.ok || read.value.form !== 'bech32' || read.value.prefix !== network.hrp) return undefined
  const bytes = Bech32.fromWords(read.value.words)
  return bytes.ok && (bytes.value.length === 20 || bytes.value.length === 32) ? bytes.value : undefined
}

/** The address of 20 or 32 bytes in the network's bech32. */
export function addressText(bytes: Bytes.Bytes, network: Pick<Network, 'hrp'>): string {
  return Bech32.encode({ form: 'bech32', prefix: network.hrp ?? '', words: Bech32.toWords(bytes) })
}

/**
 * What the chain calls a coin: the native one's denomination, and `denom:…` with `%2F` for a slash and so on for all others;
 * `undefined` for what is no coin of the network.
 */
export function denomOf(asset: AssetId.AssetId, network: Network): string | undefined {
  if (asset === network.native.id) return network.denom
  const parts = AssetId.parse(asset)
  if (parts.network !== network.id || parts.namespace !== 'denom' || parts.tokenId !== undefined)
    return undefined
  const denom = parts.reference.replace(/%([0-9A-F]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  // One coin has one id: no other escapes, and the native coin only by its own.
  return DENOM.test(denom) && escaped(denom) === parts.reference && denom !== network.denom
    ? denom
    : undefined
}

/** The asset id of a coin; the inverse of {@link denomOf}. `undefined` for what can't be a denomination. */
export function assetOfDenom(denom: string, network: Network): AssetId.AssetId | undefined {
  if (denom === network.denom) return network.native.id
  const id = `${network.id}/denom:${escaped(denom)}`
  return DENOM.test(denom) && AssetId.is(id) ? id : undefined
}

/** The contract of a cw20 token; `undefined` for what is no token of the network. */
export function tokenOf(asset: AssetId.AssetId, network: Network): string | undefined {
  const parts = AssetId.parse(asset)
  const fits = parts.network === network.id && parts.namespace === 'cw20' && parts.tokenId === undefined
  return fits && addressBytes(parts.reference, network) !== undefined ? parts.reference : undefined
}

function assetOf(asset: AssetId.AssetId, network: Network): readonly ['native' | 'cw20', string] | undefined {
  const token = tokenOf(asset, network)
  if (token !== undefined) return ['cw20', token]
  const denom = denomOf(asset, network)
  return denom === undefined ? undefined : ['native', denom]
}

function escaped(denom: string): string {
  return denom.replace(
    /[^-.a-zA-Z0-9]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function utf8(value: string): Bytes.Bytes {
  return new TextEncoder().encode(value)
}

/** A text behind its length in two bytes. */
function text(value: string): Bytes.Bytes {
  const bytes = utf8(value)
  return Bytes.concat(Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes)
}

/** One character a byte: whatever isn't ASCII can't be what the contract writes. */
function latin(bytes: Bytes.Bytes): string {
  return bytes.length > 256 ? '' : String.fromCharCode(...bytes)
}
