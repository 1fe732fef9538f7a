import { AccountId, AssetId, Bytes, type ChainId, Hashlock, LockTerms, type Network, show } from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { foreign } from '../internal/guards.js'
import { assertContractTerms, refuseWith } from '../internal/terms.js'
import { type Event, toBase64 } from './CosmosRpc.js'
import type { Message } from './CosmosTransaction.js'
import { CosmosErrors } from './errors.js'

/** The contract that holds the locks of an adapter, as `LockTerms.backend` names it. */
export interface HtlcBackend {
  readonly network: ChainId.ChainId
  readonly kind: 'cosmwasm'
  /** bech32, lower case. */
  readonly address: string
  /** SHA-256 of the wasm. */
  readonly codeHash: Bytes.Hash32
}

/** Longest recovery record that the contract takes, bytes. */
export const MAX_RECORD = 2048

const refuse = /* @__PURE__ */ refuseWith(CosmosErrors.CosmosUnsupportedTerms)

/**
 * The contract's form of lock terms; `CosmosUnsupportedTerms` (3401) names the term that this contract can't hold, and the codes of
 * `LockTerms.assert` the ones that are wrong on every chain.
 */
export function fromLockTerms(
  terms: LockTerms.LockTerms,
  backend: HtlcBackend,
  network: Network,
): HtlcStorage.Parameters {
  assertContractTerms(terms, backend, refuse)
  const parameters = HtlcStorage.from(terms, network)
  if (parameters.ok) return parameters.value
  const { check, message, context } = parameters.refusal
  const { address: source } = AccountId.parse(terms.locker.account)
  const wrongSource = HtlcStorage.addressBytes(source, network) === undefined
  const field = check === 'htlc-account' && wrongSource ? 'locker.account' : FIELDS[check]
  throw CosmosErrors.CosmosUnsupportedTerms(`terms.${field}: ${message}`, {
    argument: `terms.${field}`,
    check,
    ...context,
  })
}

/** The term that a refusal of `HtlcStorage.from` is about. */
const FIELDS: Readonly<Record<string, string>> = {
  'htlc-contract': 'backend.address',
  'htlc-asset': 'asset',
  'htlc-amount': 'amount',
  'htlc-payout': 'locker.payout',
  'htlc-account': 'beneficiary.payout',
  'htlc-deadline': 'deadline',
}

/** What an asset is to the chain: a coin or a token. `ForeignNetwork` (1016), `CosmosUnsupportedTerms` (3401). */
export function holdingOf(
  asset: AssetId.AssetId,
  network: Network,
  argument: string,
): Pick<HtlcStorage.Parameters, 'kind' | 'asset'> {
  const parts = AssetId.parse(AssetId.from(asset, argument))
  if (parts.network !== network.id) throw foreign(argument, network.id, asset)
  const token = HtlcStorage.tokenOf(asset, network)
  if (token !== undefined) return { kind: 'cw20', asset: token }
  const denom = HtlcStorage.denomOf(asset, network)
  if (denom !== undefined) return { kind: 'native', asset: denom }
  throw CosmosErrors.CosmosUnsupportedTerms(
    `${argument} must be ${network.native.id}, or ${network.id}/denom:… or …/cw20:…, got ${show(asset)}`,
    { argument, received: asset },
  )
}

/** The lock terms that a lock of the contract stands for; the inverse of {@link fromLockTerms}. */
export function toLockTerms(
  parameters: HtlcStorage.Parameters,
  backend: HtlcBackend,
  network: Network,
): LockTerms.LockTerms | undefined {
  const { kind, asset, amount, hashlock, source, recipient, expires, salt } = parameters
  const id =
    kind === 'cw20' ? (`${network.id}/cw20:${asset}` as const) : HtlcStorage.assetOfDenom(asset, network)
  // Anybody may lock until an instant between two seconds, which terms have no words for.
  if (id === undefined || expires % NANOSECONDS !== 0n) return undefined
  const party = (address: string) => {
    const account = AccountId.from(`${network.id}:${address}`)
    return { account, payout: account }
  }
  const terms: LockTerms.LockTerms = {
    version: 1,
    backend,
    asset: id,
    amount,
    hashlock,
    locker: party(source),
    beneficiary: party(recipient),
    deadline: { network: network.id, clock: 'unix', value: expires / NANOSECONDS },
    salt,
  }
  LockTerms.assert(terms)
  return terms
}

/** A lock's id at the contract, lower-case hex. */
export function id(parameters: HtlcStorage.Parameters): string {
  return Bytes.toHex(HtlcStorage.lockId(parameters))
}

/** The message that makes a lock: coins go along with it, tokens are sent by their own contract, which calls the contract. */
export function lockMessage(
  parameters: HtlcStorage.Parameters,
  recovery: { readonly tag?: Bytes.Bytes32; readonly record?: Bytes.Bytes } = {},
): Message {
  const { kind, asset, amount, hashlock, source, recipient, expires, salt, contract } = parameters
  const { tag, record } = recovery
  const create = json({
    create: {
      id: id(parameters),
      hash: Bytes.toHex(hashlock),
      recipient,
      expires: { at_time: String(expires) },
      salt: Bytes.toHex(salt),
      ...(tag === undefined ? {} : { tag: Bytes.toHex(tag) }),
      ...(record === undefined || record.length === 0 ? {} : { record: Bytes.toHex(record) }),
    },
  })
  if (kind === 'native')
    return {
      kind: 'execute',
      from: source,
      contract,
      message: create,
      funds: [{ denom: asset, amount }],
    }
  const send = { contract, amount: String(amount), msg: toBase64(create) }
  return { kind: 'execute', from: source, contract: asset, message: json({ send }), funds: [] }
}

/** The message of a claim: carries the secret, so it goes to the signer and the mempool and nowhere else. */
export function claimMessage(
  parameters: HtlcStorage.Parameters,
  secret: Bytes.Bytes32,
  from: string,
): Message {
  return execute(parameters.contract, from, {
    release: { id: id(parameters), preimage: Bytes.toHex(secret) },
  })
}

/** The message of a refund. */
export function refundMessage(parameters: HtlcStorage.Parameters, from: string): Message {
  return execute(parameters.contract, from, { refund: { id: id(parameters) } })
}

/**
 * The JSON of `withdraw`, for `prepare({ kind: 'call', to: <contract>, data, value: 0n })`: pays out what a settled lock still owes,
 * because the payment failed at the time (H26). Anyone may send it to the payee; only the payee may name another address.
 *
 * @example
 * import { HtlcLock } from '@aitbc/adapters/cosmos'
 * HtlcLock.encodeWithdraw('00'.repeat(32)).length > 32 // true
 */
export function encodeWithdraw(lockId: string, to?: string): Bytes.Bytes {
  return json({ withdraw: { id: lockId, ...(to === undefined ? {} : { to }) } })
}

/** The secret in a message, where it is a claim of this lock. */
export function secretInMessage(
  message: Message,
  lockId: string,
  backend: Pick<HtlcBackend, 'address'>,
): Bytes.Bytes32 | undefined {
  if (message.kind !== 'execute' || message.contract !== backend.address || message.message.length > 1024)
    return undefined
  try {
    const { release } = JSON.parse(new TextDecoder().decode(message.message)) as {
      readonly release?: { readonly id?: unknown; readonly preimage?: unknown }
    }
    const { id: named, preimage } = release ?? {}
    // The contract takes either case.
    if (typeof named !== 'string' || named.toLowerCase() !== lockId || typeof preimage !== 'string')
      return undefined
    return /^[0-9a-fA-F]{64}$/.test(preimage) ? Bytes.fromHex(preimage.toLowerCase()) : undefined
  } catch {
    return undefined
  }
}

/** What an event of the contract says. */
export type HtlcEvent =
  | {
      readonly is: 'create'
      readonly id: string
      readonly parameters: HtlcStorage.Parameters
      readonly record: Bytes.Bytes
    }
  | { readonly is: 'release'; readonly id: string; readonly secret: Bytes.Bytes32 }
  | { readonly is: 'refund'; readonly id: string }

/**
 * Reads an event of a transaction; undefined where it is none of the contract's that concerns a lock's fate, where its terms don't
 * give the id that it names, or where its secret doesn't open the hashlock.
 */
export function decodeEvent(event: Event, backend: HtlcBackend, network: Network): HtlcEvent | undefined {
  if (event.type !== 'wasm') return undefined
  // Each message of x/authz around a call writes its place behind what the contract told: whoever wraps it twice hides no lock.
  const own = event.attributes.filter(([name]) => name !== 'authz_msg_index')
  const found = new Map(own)
  if (found.size !== own.length || found.get('_contract_address') !== backend.address) return undefined
  const lockId = found.get('id')
  if (lockId === undefined || !HEX32.test(lockId)) return undefined
  const bytes32 = (name: string) => {
    const text = found.get(name)
    return text !== undefined && HEX32.test(text) ? Bytes.fromHex(text) : undefined
  }
  const hashlock = bytes32('hash')
  switch (found.get('action')) {
    case 'refund':
      return { is: 'refund', id: lockId }
    case 'release': {
      const secret = bytes32('preimage')
      return secret !== undefined && hashlock !== undefined && Hashlock.opens(secret, hashlock)
        ? { is: 'release', id: lockId, secret }
        : undefined
    }
    case 'create': {
      const denom = found.get('denom')
      const asset = denom ?? found.get('cw20')
      const source = found.get('source')
      const recipient = found.get('recipient')
      const amount = natural(found.get('amount'))
      const expires = natural(found.get('at_time'))
      const salt = bytes32('salt')
      const record = found.get('record') ?? ''
      if (
        asset === undefined ||
        source === undefined ||
        recipient === undefined ||
        amount === undefined ||
        expires === undefined ||
        expires >= 1n << 64n ||
        salt === undefined ||
        hashlock === undefined ||
        record.length > 2 * MAX_RECORD ||
        !/^(?:[0-9a-fA-F]{2})*$/.test(record)
      )
        return undefined
      const parameters: HtlcStorage.Parameters = {
        chainId: network.id.slice('cosmos:'.length),
        contract: backend.address,
        kind: denom === undefined ? 'cw20' : 'native',
        asset,
        amount,
        hashlock,
        source,
        recipient,
        expires,
        salt,
      }
      return id(parameters) === lockId
        ? { is: 'create', id: lockId, parameters, record: Bytes.fromHex(record.toLowerCase()) }
        : undefined
    }
    default:
      return undefined
  }
}

const NANOSECONDS = 1_000_000_000n
const HEX32 = /^[0-9a-f]{64}$/

function natural(text: string | undefined): bigint | undefined {
  return text !== undefined && /^(?:0|[1-9][0-9]{0,38})$/.test(text) ? BigInt(text) : undefined
}

function execute(contract: string, from: string, message: unknown): Message {
  return { kind: 'execute', from, contract, message: json(message), funds: [] }
}

function json(value: unknown): Bytes.Bytes {
  return new TextEncoder().encode(JSON.stringify(value))
}
