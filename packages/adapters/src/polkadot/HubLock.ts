import { Bytes, type ChainId, Hashlock, isAitbcError, type LockTerms, type Network } from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import { HubTerms } from '@aitbc/proofs/revive'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { assertContractTerms, refuseWith } from '../internal/terms.js'
import * as Address from './Address.js'
import { PolkadotErrors } from './errors.js'
import * as HubUnits from './HubUnits.js'

/** The contract that holds the locks of an adapter, as `LockTerms.backend` names it. */
export interface HubBackend {
  readonly network: ChainId.ChainId
  readonly kind: 'contract'
  /** `0x` and 20 bytes in lower-case hex. */
  readonly address: string
  /** keccak-256 of the runtime code. */
  readonly codeHash: Bytes.Hash32
}

/** The contract's chain: the network, and the number by which contracts know it. */
export interface HubChain {
  readonly network: Network
  readonly backend: HubBackend
  /** What `block.chainid` is in contracts: 420,420,419 on Polkadot Hub, 420,420,418 on Kusama Hub. */
  readonly chainId: bigint
}

/** keccak-256 of the code of the contract `Htlc`, the same on every chain. */
export const CODE_HASH = '9ff09ddc36ebdd0493a73701db8026ddc2164228c0c913aae2a155faef8cc147'
/** Longest recovery record that the contract takes, bytes. */
export const MAX_RECORD = 2048

const TERMS = '(address,uint256,bytes32,address,address,uint64,bytes32)'
const WORD = 32
/** What stands for the native coin where the contract names a token. */
const NATIVE = /* @__PURE__ */ new Uint8Array(20)
/** Words of the terms in call data. */
const TERMS_WORDS = 7

/** What an event of the contract says. */
export type HubEvent =
  | {
      readonly is: 'locked'
      readonly id: Bytes.Hash32
      readonly hashlock: Bytes.Hash32
      readonly tag: Bytes.Bytes32
      readonly parameters: HtlcStorage.Parameters
      readonly record: Bytes.Bytes
    }
  | { readonly is: 'claimed'; readonly id: Bytes.Hash32; readonly secret: Bytes.Bytes32 }
  | { readonly is: 'refunded'; readonly id: Bytes.Hash32 }

const refuse = /* @__PURE__ */ refuseWith(PolkadotErrors.PolkadotUnsupportedTerms)

/**
 * What terms are to the contract: parties as addresses of 20 bytes, the amount in wei. `PolkadotUnsupportedTerms` (3501) names the term
 * that this contract can't hold, `ForeignNetwork` (1016) and `PolkadotAddress` (3502) a party's account, and `LockTerms.assert` the rest.
 *
 * The native coin only. The contract pays whoever acts: account and payout of a party are one.
 */
export function parameters(terms: LockTerms.LockTerms, chain: HubChain): HtlcStorage.Parameters {
  const { network, backend } = chain
  Address.ofNetwork(`${terms?.backend?.network}:x` as const, network.id, 'terms.backend.network')
  assertContractTerms(terms, backend, refuse)
  if (terms.asset !== network.native.id) throw refuse('asset', network.native.id, terms.asset)
  if (terms.deadline.clock !== 'unix') throw refuse('deadline.clock', '"unix"', terms.deadline.clock)
  for (const side of ['locker', 'beneficiary'] as const)
    Address.fromAccountId(terms[side].account, network, `terms.${side}.account`)
  const found = HubTerms.parameters(terms, chain)
  if (found.ok) return found.value
  const { check, message } = found.refusal
  const field = FIELDS[check] ?? 'backend'
  throw PolkadotErrors.PolkadotUnsupportedTerms(`terms.${field}: ${message}`, {
    argument: `terms.${field}`,
    check,
  })
}

/** The term that a refusal of `HubTerms.parameters` is about, where it wasn't named before. */
const FIELDS: Readonly<Record<string, string>> = {
  'htlc-account': 'beneficiary.account',
  'htlc-amount': 'amount',
  'htlc-asset': 'asset',
  'htlc-deadline': 'deadline',
}

/**
 * Call data of `lock`. `tag` marks the owner's locks in events; `record` is kept in the event alone. `whole` is a record that no event has room
 * for: it stands behind the arguments, where contracts don't look, with its length in two bytes.
 */
export function encodeLock(
  parameters: HtlcStorage.Parameters,
  tag: Bytes.Bytes32,
  record: Bytes.Bytes,
  whole: Bytes.Bytes = new Uint8Array(0),
): Bytes.Bytes {
  const padding = new Uint8Array((WORD - (record.length % WORD)) % WORD)
  return Bytes.concat(
    selector(`lock(${TERMS},bytes32,bytes)`),
    encodeTerms(parameters),
    tag,
    word(BigInt((TERMS_WORDS + 2) * WORD)),
    word(BigInt(record.length)),
    record,
    padding,
    whole.length === 0 ? whole : Bytes.concat(Uint8Array.of(whole.length >> 8, whole.length & 255), whole),
  )
}

/** Call data of `claim`: carries the secret, so it goes to the signer and the pool and nowhere else. */
export function encodeClaim(parameters: HtlcStorage.Parameters, secret: Bytes.Bytes32): Bytes.Bytes {
  return Bytes.concat(selector(`claim(${TERMS},bytes32)`), encodeTerms(parameters), secret)
}

/** Call data of `refund`. */
export function encodeRefund(parameters: HtlcStorage.Parameters): Bytes.Bytes {
  return Bytes.concat(selector(`refund(${TERMS})`), encodeTerms(parameters))
}

/**
 * Call data of `withdraw`: pays an account (its 20 bytes) what the contract owes it of the native coin, for payments that could not be
 * made at the time. Anyone may send it.
 */
export function encodeWithdraw(account: Bytes.Bytes): Bytes.Bytes {
  const to = pad(account)
  return Bytes.concat(selector('withdraw(address,address,address)'), pad(NATIVE), to, to)
}

/**
 * Where the contract stores what it owes an account (its 20 bytes) of the native coin, in wei: its mapping of mappings, by token and then
 * by account, is at slot 1 (Solidity, "Layout of State Variables in Storage").
 */
export function creditSlot(account: Bytes.Bytes): Bytes.Bytes32 {
  return keccak_256(Bytes.concat(pad(account), keccak_256(Bytes.concat(pad(NATIVE), word(1n)))))
}

/** A call of `lock` as it stands in the bytes of a transaction. */
export interface LockCall {
  readonly parameters: HtlcStorage.Parameters
  readonly tag: Bytes.Bytes32
  readonly record: Bytes.Bytes
  /** What stands behind the arguments as a longer record. */
  readonly whole: Bytes.Bytes
}

/** Where a call's function and terms end in its data: what a lock's `lock`, `claim` and `refund` each begin with. */
export const TERMS_END = 4 + TERMS_WORDS * WORD

/** The calls of `lock` in the bytes of a transaction, whatever wraps them; they may have failed. A record that isn't where this writes it is none. */
export function locksIn(bytes: Bytes.Bytes, chain: HubChain): readonly LockCall[] {
  const found: LockCall[] = []
  for (const at of positions(bytes, selector(`lock(${TERMS},bytes32,bytes)`))) {
    // Not a copy, nor those below: anybody may fill a block with nothing but selectors, or calls that say there is much behind them.
    const data = bytes.subarray(at + 4)
    const parameters = decodeTerms(data, chain)
    if (parameters === undefined) continue
    const start = (TERMS_WORDS + 3) * WORD
    const told = Number(uint(data.slice(start - WORD, start)))
    // The contract reads it from wherever the call says that it is.
    const length = told <= MAX_RECORD ? told : 0
    const tag = data.slice(TERMS_WORDS * WORD, (TERMS_WORDS + 1) * WORD)
    const end = start + Math.ceil(length / WORD) * WORD + 2
    const whole = data.subarray(end, end + Number(uint(data.slice(end - 2, end))))
    found.push({ parameters, tag, record: data.subarray(start, start + length), whole })
  }
  return found
}

/** The secret in the bytes of a transaction, where they hold a `claim` of this lock with one that opens its hashlock. */
export function secretIn(bytes: Bytes.Bytes, parameters: HtlcStorage.Parameters): Bytes.Bytes32 | undefined {
  const call = encodeClaim(parameters, new Uint8Array(WORD)).slice(0, TERMS_END)
  return positions(bytes, call)
    .map((at) => bytes.slice(at + TERMS_END, at + TERMS_END + WORD))
    .find((secret) => Hashlock.opens(secret, parameters.hashlock))
}

/** Where bytes stand in longer ones. */
export function positions(bytes: Bytes.Bytes, part: Bytes.Bytes): readonly number[] {
  const found: number[] = []
  const first = part[0] as number
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let same = 1
    while (same < part.length && bytes[at + same] === part[same]) same++
    if (same === part.length) found.push(at)
  }
  return found
}

/**
 * The lock terms that parameters of the contract stand for, with the accounts that its parties' addresses are mapped to; undefined where
 * the SDK has no words for them, such as an amount that is no whole number of planck.
 */
export function terms(
  parameters: HtlcStorage.Parameters,
  { network, backend, chainId }: HubChain,
  accounts: { readonly locker: Bytes.Bytes32; readonly beneficiary: Bytes.Bytes32 },
): LockTerms.LockTerms | undefined {
  const party = (account: Bytes.Bytes32) => {
    const id = Address.toAccountId(account, network)
    return { account: id, payout: id }
  }
  try {
    const full: LockTerms.LockTerms = {
      version: 1,
      backend,
      asset: network.native.id,
      amount: HubUnits.toPlanck(parameters.amount, network.native.decimals),
      hashlock: parameters.hashlock,
      locker: party(accounts.locker),
      beneficiary: party(accounts.beneficiary),
      deadline: { network: network.id, clock: 'unix', value: parameters.deadline },
      salt: parameters.salt,
    }
    const again = HtlcStorage.lockId(parametersOf(full, { network, backend, chainId }))
    return Bytes.equal(again, HtlcStorage.lockId(parameters)) ? full : undefined
  } catch (error) {
    if (isAitbcError(error)) return undefined
    throw error
  }
}

/** Reads an event; undefined where it is none of the contract's, or its terms don't give the id that it names. */
export function decodeEvent(
  event: { readonly topics: readonly Bytes.Bytes[]; readonly data: Bytes.Bytes },
  chain: HubChain,
): HubEvent | undefined {
  const [topic, id, hashlock, tag] = event.topics
  const { data } = event
  if (topic === undefined || id === undefined || event.topics.some((one) => one.length !== WORD))
    return undefined
  const is = (signature: string, topics: number) =>
    event.topics.length === topics && Bytes.equal(topic, keccak_256(utf8(signature)))
  if (is('Refunded(bytes32)', 2)) return data.length === 0 ? { is: 'refunded', id } : undefined
  if (is('Claimed(bytes32,bytes32,bytes32)', 3))
    return data.length === WORD ? { is: 'claimed', id, secret: Bytes.copy(data) } : undefined
  if (!is(`Locked(bytes32,bytes32,bytes32,${TERMS},bytes)`, 4)) return undefined
  const decoded = decodeTerms(data, chain)
  const start = (TERMS_WORDS + 2) * WORD
  const length = Number(uint(data.slice(start - WORD, start)))
  if (
    decoded === undefined ||
    uint(data.slice(TERMS_WORDS * WORD, (TERMS_WORDS + 1) * WORD)) !== BigInt((TERMS_WORDS + 1) * WORD) ||
    !(length <= MAX_RECORD) ||
    data.length !== start + Math.ceil(length / WORD) * WORD ||
    data.slice(start + length).some((byte) => byte !== 0) ||
    !Bytes.equal(HtlcStorage.lockId(decoded), id) ||
    !Bytes.equal(decoded.hashlock, hashlock as Bytes.Bytes)
  )
    return undefined
  return {
    is: 'locked',
    id,
    hashlock: decoded.hashlock,
    tag: tag as Bytes.Bytes,
    parameters: decoded,
    record: data.slice(start, start + length),
  }
}

/** Bytes of a call's function, as Solidity names it. */
export function selector(signature: string): Bytes.Bytes {
  return keccak_256(utf8(signature)).slice(0, 4)
}

const parametersOf = parameters

function encodeTerms(parameters: HtlcStorage.Parameters): Bytes.Bytes {
  const { token, amount, hashlock, locker, beneficiary, deadline, salt } = parameters
  return Bytes.concat(pad(token), word(amount), hashlock, pad(locker), pad(beneficiary), word(deadline), salt)
}

function decodeTerms(data: Bytes.Bytes, chain: HubChain): HtlcStorage.Parameters | undefined {
  if (data.length < (TERMS_WORDS + 2) * WORD) return undefined
  const at = (index: number) => data.slice(index * WORD, (index + 1) * WORD)
  const parameters = {
    chainId: chain.chainId,
    contract: Bytes.fromHex(chain.backend.address.slice(2)),
    token: at(0).slice(12),
    amount: uint(at(1)),
    hashlock: at(2),
    locker: at(3).slice(12),
    beneficiary: at(4).slice(12),
    deadline: uint(at(5)),
    salt: at(6),
  }
  return parameters.deadline < 1n << 64n &&
    Bytes.equal(encodeTerms(parameters), data.slice(0, TERMS_WORDS * WORD))
    ? parameters
    : undefined
}

function pad(bytes: Bytes.Bytes): Bytes.Bytes {
  return Bytes.concat(new Uint8Array(WORD - bytes.length), bytes)
}

function word(value: bigint): Bytes.Bytes {
  return Bytes.fromHex(value.toString(16).padStart(2 * WORD, '0'))
}

function uint(bytes: Bytes.Bytes): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Bytes.toHex(bytes)}`)
}

function utf8(text: string): Bytes.Bytes {
  return new TextEncoder().encode(text)
}
