import { AccountId, AssetId, type Bytes, type ChainId, LockTerms, type Network, show } from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/ethereum'
import {
  type Address,
  concat,
  decodeEventLog,
  decodeFunctionData,
  encodeFunctionData,
  type Hex,
  hexToBytes,
  keccak256,
  toBytes,
  toHex,
  zeroAddress,
} from 'viem'
import { foreign } from '../internal/guards.js'
import { assertContractTerms, refuseWith } from '../internal/terms.js'
import { EvmErrors } from './errors.js'
import * as HtlcArtifact from './HtlcArtifact.js'

/** A lock's terms as the contract has them. */
export interface ContractTerms {
  /** ERC-20 contract, or the zero address for the native coin. */
  readonly token: Address
  readonly amount: bigint
  readonly hashlock: Hex
  readonly locker: Address
  readonly beneficiary: Address
  /** Unix seconds, below 2^64. */
  readonly deadline: bigint
  readonly salt: Hex
}

/** The contract that holds the locks of an adapter, as `LockTerms.backend` names it. */
export interface HtlcBackend {
  readonly network: ChainId.ChainId
  readonly kind: 'contract'
  /** Lower case. */
  readonly address: Address
  /** keccak-256 of the runtime code. */
  readonly codeHash: Bytes.Hash32
}

/** Longest recovery record that the contract takes, bytes. */
export const MAX_RECORD = 2048
/** The words of the contract's status slot. */
export const STATUS = { none: 0n, locked: 1n, claimed: 2n, refunded: 3n } as const

const refuse = /* @__PURE__ */ refuseWith(EvmErrors.EvmUnsupportedTerms)

/**
 * The contract's form of lock terms; `EvmUnsupportedTerms` (3201) names the term that this contract can't hold, and the codes
 * of `LockTerms.assert` the ones that are wrong on every chain.
 *
 * The contract pays whoever acts: account and payout of a party are the same address here, and keys don't occur.
 */
export function fromLockTerms(
  terms: LockTerms.LockTerms,
  backend: HtlcBackend,
  network: Network,
): ContractTerms {
  assertContractTerms(terms, backend, refuse)
  if (terms.deadline.clock !== 'unix') throw refuse('deadline.clock', '"unix"', terms.deadline.clock)
  const token = tokenOf(terms.asset, network)
  const beneficiary = addressOf(terms.beneficiary.payout, backend.network, 'terms.beneficiary.payout')
  if (beneficiary === zeroAddress || beneficiary === backend.address || beneficiary === token)
    throw refuse(
      'beneficiary.payout',
      'an account, not the zero address, the contract or the token',
      beneficiary,
    )
  return {
    token,
    amount: terms.amount,
    hashlock: toHex(terms.hashlock),
    locker: addressOf(terms.locker.account, backend.network, 'terms.locker.account'),
    beneficiary,
    deadline: terms.deadline.value,
    salt: toHex(terms.salt),
  }
}

/** The lock terms that a lock of the contract stands for; the inverse of {@link fromLockTerms}. */
export function toLockTerms(
  terms: ContractTerms,
  backend: HtlcBackend,
  network: Network,
): LockTerms.LockTerms {
  const party = (address: Address) => {
    const account = AccountId.canonical(`${backend.network}:${address}`)
    return { account, payout: account }
  }
  const full: LockTerms.LockTerms = {
    version: 1,
    backend,
    asset:
      terms.token === zeroAddress
        ? network.native.id
        : AssetId.canonical(`${backend.network}/erc20:${terms.token}`),
    amount: terms.amount,
    hashlock: hexToBytes(terms.hashlock),
    locker: party(terms.locker),
    beneficiary: party(terms.beneficiary),
    deadline: { network: backend.network, clock: 'unix', value: terms.deadline },
    salt: hexToBytes(terms.salt),
  }
  LockTerms.assert(full)
  return full
}

/** A lock's id at the contract: binds the chain, the contract and every term. */
export function id(terms: ContractTerms, backend: HtlcBackend): Hex {
  const { token, amount, hashlock, locker, beneficiary, deadline, salt } = terms
  return toHex(
    HtlcStorage.lockId({
      chainId: chainIdOf(backend.network),
      contract: hexToBytes(backend.address),
      token: hexToBytes(token),
      amount,
      hashlock: hexToBytes(hashlock),
      locker: hexToBytes(locker),
      beneficiary: hexToBytes(beneficiary),
      deadline,
      salt: hexToBytes(salt),
    }),
  )
}

/** The storage slot of a lock's status. */
export function slot(lockId: Hex): Hex {
  return toHex(HtlcStorage.slot(hexToBytes(lockId)))
}

/**
 * Call data of `lock`. `whole` is a record that the event has no room for: it stands behind the arguments, where contracts don't look, with its
 * length in two bytes.
 */
export function encodeLock(
  terms: ContractTerms,
  tag: Bytes.Bytes32,
  record: Bytes.Bytes,
  whole?: Bytes.Bytes,
): Hex {
  const data = encodeFunctionData({
    abi: HtlcArtifact.abi,
    functionName: 'lock',
    args: [terms, toHex(tag), toHex(record)],
  })
  return whole === undefined ? data : concat([data, toHex(whole.length, { size: 2 }), toHex(whole)])
}

/** What stands in a transaction's data behind this call of `lock` as a longer record; nothing where it isn't there. */
export function wholeIn(data: Hex, call: Hex): Bytes.Bytes | undefined {
  const at = data.indexOf(call.slice(2))
  if (at < 0) return undefined
  const rest = data.slice(at + call.length - 2)
  return hexToBytes(`0x${rest.slice(4, 4 + 2 * Number(`0x0${rest.slice(0, 4)}`))}`)
}

/** Call data of `claim`: carries the secret, so it goes to the signer and the mempool and nowhere else. */
export function encodeClaim(terms: ContractTerms, secret: Bytes.Bytes32): Hex {
  return encodeFunctionData({ abi: HtlcArtifact.abi, functionName: 'claim', args: [terms, toHex(secret)] })
}

/** Call data of `refund`. */
export function encodeRefund(terms: ContractTerms): Hex {
  return encodeFunctionData({ abi: HtlcArtifact.abi, functionName: 'refund', args: [terms] })
}

/**
 * Call data of `withdraw`: pays out what the contract owes `account`, for payments that could not be made at the time (a
 * payee that refuses coins, a token that was paused or blocks the payee). Anyone may send it where `to` is the account.
 */
export function encodeWithdraw(token: Address, account: Address, to: Address = account): Hex {
  return encodeFunctionData({ abi: HtlcArtifact.abi, functionName: 'withdraw', args: [token, account, to] })
}

/** Call data of `credit`: what `withdraw` would pay. */
export function encodeCredit(token: Address, account: Address): Hex {
  return encodeFunctionData({ abi: HtlcArtifact.abi, functionName: 'credit', args: [token, account] })
}

/** The secret in the call data of a `claim` of this lock, where it is one. */
export function secretInCall(data: Hex, lockId: Hex, backend: HtlcBackend): Bytes.Bytes32 | undefined {
  try {
    const call = decodeFunctionData({ abi: HtlcArtifact.abi, data })
    if (call.functionName !== 'claim') return undefined
    const [terms, secret] = call.args
    return id(lowerCase(terms), backend) === lockId ? hexToBytes(secret) : undefined
  } catch {
    return undefined
  }
}

/** What an event of the contract says. */
export type HtlcEvent =
  | {
      readonly is: 'locked'
      readonly id: Hex
      readonly tag: Hex
      readonly terms: ContractTerms
      readonly record: Hex
    }
  | { readonly is: 'claimed'; readonly id: Hex; readonly hashlock: Hex; readonly secret: Hex }
  | { readonly is: 'refunded'; readonly id: Hex }

/** Topics of the contract's events. */
export const TOPICS = {
  locked: /* @__PURE__ */ keccak256(
    /* @__PURE__ */ toBytes(
      'Locked(bytes32,bytes32,bytes32,(address,uint256,bytes32,address,address,uint64,bytes32),bytes)',
    ),
  ),
  claimed: /* @__PURE__ */ keccak256(/* @__PURE__ */ toBytes('Claimed(bytes32,bytes32,bytes32)')),
  refunded: /* @__PURE__ */ keccak256(/* @__PURE__ */ toBytes('Refunded(bytes32)')),
} as const

/** Reads an event; undefined where it is none of the contract's, or its terms don't give the id that it names. */
export function decodeEvent(
  log: { readonly topics: readonly Hex[]; readonly data: Hex },
  backend: HtlcBackend,
): HtlcEvent | undefined {
  try {
    const event = decodeEventLog({
      abi: HtlcArtifact.abi,
      topics: log.topics as [Hex, ...Hex[]],
      data: log.data,
      strict: true,
    })
    if (event.eventName === 'Locked') {
      const terms = lowerCase(event.args.terms)
      const consistent = id(terms, backend) === event.args.id && terms.hashlock === event.args.hashlock
      const { tag, record } = event.args
      return consistent && record.length <= 2 + 2 * MAX_RECORD
        ? { is: 'locked', id: event.args.id, tag, terms, record }
        : undefined
    }
    if (event.eventName === 'Claimed')
      return { is: 'claimed', id: event.args.id, hashlock: event.args.hashlock, secret: event.args.secret }
    if (event.eventName === 'Refunded') return { is: 'refunded', id: event.args.id }
    return undefined
  } catch {
    return undefined
  }
}

/** The number of a CAIP-2 id `eip155:N`. */
export function chainIdOf(network: ChainId.ChainId): bigint {
  const match = /^eip155:([1-9][0-9]{0,30})$/.exec(network)
  if (match === null)
    throw EvmErrors.EvmWrongChain(`network must be eip155:<number>, got ${show(network)}`, {
      argument: 'network',
      received: network,
    })
  return BigInt(match[1] as string)
}

/** The lower-case address of an account on the network; `EvmWrongChain` (3204) for an account of another one. */
export function addressOf(account: AccountId.AccountId, network: ChainId.ChainId, argument: string): Address {
  const parts = AccountId.parse(AccountId.canonical(AccountId.from(account, argument)))
  if (parts.network !== network)
    throw EvmErrors.EvmWrongChain(`${argument} must be an account on ${network}, got ${show(account)}`, {
      argument,
      expected: network,
      received: account,
    })
  return parts.address as Address
}

/** The token contract of an asset, or the zero address for the network's native coin; `ForeignNetwork` (1016), `EvmUnsupportedTerms` (3201). */
export function tokenOf(asset: AssetId.AssetId, network: Network, argument = 'terms.asset'): Address {
  if (asset === network.native.id) return zeroAddress
  const parts = AssetId.parse(AssetId.from(asset, argument))
  if (parts.network !== network.id) throw foreign(argument, network.id, asset)
  if (
    parts.namespace !== 'erc20' ||
    parts.tokenId !== undefined ||
    !/^0x[0-9a-f]{40}$/.test(parts.reference) ||
    parts.reference === zeroAddress
  )
    throw EvmErrors.EvmUnsupportedTerms(
      `${argument} must be ${network.native.id} or ${network.id}/erc20:0x… in lower case, got ${show(asset)}`,
      { argument, received: asset },
    )
  return parts.reference as Address
}

function lowerCase(terms: ContractTerms): ContractTerms {
  return {
    ...terms,
    token: terms.token.toLowerCase() as Address,
    locker: terms.locker.toLowerCase() as Address,
    beneficiary: terms.beneficiary.toLowerCase() as Address,
  }
}
