import { AccountId, Bytes, CoreErrors, type Network, type Signed, type Step, show } from '@aitbc/core'
import { Hasher, Scale } from '@aitbc/proofs/substrate'
import { ed25519 } from '@noble/curves/ed25519.js'
import * as Address from './Address.js'
import { PolkadotErrors } from './errors.js'

/** The format of a step's payload: the JSON that injected signers take (`SignerPayloadJSON` of polkadot-js), in one fixed form. */
export const FORMAT = 'polkadot/signer-payload'
/** Longest transaction that is sent, bytes. */
const MAX_LENGTH = 1_000_000
/** Longest life: beyond it the chain keeps the phase coarsely, and the hash of the block it counts from no longer. */
const MAX_PERIOD = 4096n

/** How long a transaction lives: for ever, or from a block for a power of two of blocks. */
export type Era =
  | { readonly is: 'immortal' }
  | {
      readonly is: 'mortal'
      /** Blocks, a power of two from 4 to 4,096. */
      readonly period: bigint
      /** The height that it begins at; `blockHash` is this block's. */
      readonly at: bigint
    }

/** An unsigned transaction of a Substrate chain (extrinsic version 4). */
export interface PolkadotTransaction {
  /** SS58 address of the signer. */
  readonly address: string
  readonly genesisHash: Bytes.Hash32
  /** Hash of the block that the mortality counts from; the genesis hash where it is immortal. */
  readonly blockHash: Bytes.Hash32
  readonly era: Era
  /** Encoded call of the runtime. */
  readonly method: Bytes.Bytes
  readonly nonce: bigint
  /** Planck. */
  readonly tip: bigint
  readonly specVersion: number
  readonly transactionVersion: number
  /** Names of what the runtime wants signed beside the call, in its order. */
  readonly signedExtensions: readonly string[]
}

/** What each extension adds to a transaction, and to what is signed of it; those of no bytes add nothing. */
const EXTENSIONS: Readonly<
  Record<string, { readonly extra?: Part; readonly additional?: Part } | undefined>
> = {
  AuthorizeCall: {},
  ChargeAssetTxPayment: { extra: (t) => Bytes.concat(compact(t.tip), Uint8Array.of(0)) },
  ChargeTransactionPayment: { extra: (t) => compact(t.tip) },
  CheckGenesis: { additional: (t) => t.genesisHash },
  // Mode 0: no hash of the metadata is signed, and none is given.
  CheckMetadataHash: { extra: () => Uint8Array.of(0), additional: () => Uint8Array.of(0) },
  CheckMortality: { extra: (t) => encodeEra(t.era), additional: (t) => t.blockHash },
  CheckNonZeroSender: {},
  CheckNonce: { extra: (t) => compact(t.nonce) },
  CheckSpecVersion: { additional: (t) => u32(t.specVersion) },
  CheckTxVersion: { additional: (t) => u32(t.transactionVersion) },
  CheckWeight: {},
  EthSetOrigin: {},
  PrevalidateAttests: {},
  RestrictOrigins: {},
  StorageWeightReclaim: {},
  WeightReclaim: {},
}
type Part = (transaction: PolkadotTransaction) => Bytes.Bytes

/** Without these a signature would be good on another chain, in another runtime, for ever, or twice (S11, H14). */
const NEEDED = ['CheckGenesis', 'CheckMortality', 'CheckNonce', 'CheckSpecVersion', 'CheckTxVersion']

/**
 * Refuses a runtime whose transactions this version can't make, or that lacks a check that keeps a signature to one chain and one use:
 * `PolkadotUnknownExtension` (3512).
 */
export function assertExtensions(names: readonly string[]): void {
  const unknown = names.find((name) => !Object.hasOwn(EXTENSIONS, name))
  const missing = NEEDED.find((name) => !names.includes(name))
  if (unknown !== undefined || missing !== undefined)
    throw PolkadotErrors.PolkadotUnknownExtension(
      unknown === undefined
        ? `the runtime's transactions must have ${missing}`
        : `the runtime's transactions have ${show(unknown)}, which is not known`,
      { unknown, missing },
    )
}

/** The payload of a transaction: canonical JSON. */
export function encode(transaction: PolkadotTransaction): Bytes.Bytes {
  return new TextEncoder().encode(JSON.stringify(toJson(transaction)))
}

/** A transaction as injected signers take it. */
export function toJson(transaction: PolkadotTransaction): SignerPayload {
  const { era } = transaction
  return {
    address: transaction.address,
    blockHash: hex(transaction.blockHash),
    blockNumber: number(era.is === 'mortal' ? era.at : 0n, 4),
    era: hex(encodeEra(era)),
    genesisHash: hex(transaction.genesisHash),
    method: hex(transaction.method),
    nonce: number(transaction.nonce, 4),
    signedExtensions: [...transaction.signedExtensions],
    specVersion: number(BigInt(transaction.specVersion), 4),
    tip: number(transaction.tip, 16),
    transactionVersion: number(BigInt(transaction.transactionVersion), 4),
    version: 4,
  }
}

/** `SignerPayloadJSON` of polkadot-js, as far as it is used. */
export interface SignerPayload {
  readonly address: string
  readonly blockHash: `0x${string}`
  readonly blockNumber: `0x${string}`
  readonly era: `0x${string}`
  readonly genesisHash: `0x${string}`
  readonly method: `0x${string}`
  readonly nonce: `0x${string}`
  readonly signedExtensions: string[]
  readonly specVersion: `0x${string}`
  readonly tip: `0x${string}`
  readonly transactionVersion: `0x${string}`
  readonly version: 4
}

/** Reads a payload; `PolkadotInvalidStep` (3508) for anything that {@link encode} doesn't write. */
export function decode(bytes: Bytes.Bytes): PolkadotTransaction {
  const refuse = (why: string, cause?: unknown) =>
    PolkadotErrors.PolkadotInvalidStep(
      `the payload must be an unsigned transaction: ${why}`,
      { argument: 'payload', received: bytes instanceof Uint8Array ? bytes.length : typeof bytes },
      cause === undefined ? {} : { cause },
    )
  let transaction: PolkadotTransaction
  try {
    const json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as SignerPayload
    const at = BigInt(json.blockNumber)
    transaction = {
      address: json.address,
      genesisHash: unhex(json.genesisHash),
      blockHash: unhex(json.blockHash),
      era: decodeEra(unhex(json.era), at),
      method: unhex(json.method),
      nonce: BigInt(json.nonce),
      tip: BigInt(json.tip),
      specVersion: Number(json.specVersion),
      transactionVersion: Number(json.transactionVersion),
      signedExtensions: json.signedExtensions,
    }
    Bytes.assert(transaction.genesisHash, 32, 'genesisHash')
    Bytes.assert(transaction.blockHash, 32, 'blockHash')
    Address.decode(transaction.address)
    assertExtensions(transaction.signedExtensions)
  } catch (error) {
    throw refuse('it does not parse', error)
  }
  if (!Bytes.equal(encode(transaction), bytes)) throw refuse('it is not in the one form that it has')
  return transaction
}

/**
 * The bytes whose signature makes a transaction (`SignedPayload` of Substrate): call, extras, and what is only signed; their BLAKE2b-256
 * where they are more than 256.
 */
export function signingBytes(transaction: PolkadotTransaction): Bytes.Bytes {
  const payload = Bytes.concat(
    transaction.method,
    parts(transaction, 'extra'),
    parts(transaction, 'additional'),
  )
  return payload.length > 256 ? Hasher.blake2b256(payload) : payload
}

/** A signed extrinsic (version 4) with a signature of 65 bytes: its kind (0 ed25519, 1 sr25519), then 64 bytes; or 66 of ECDSA (2). */
export function assemble(transaction: PolkadotTransaction, signature: Bytes.Bytes): Bytes.Bytes {
  assertSignature(signature)
  const body = Bytes.concat(
    Uint8Array.of(0x84, 0x00),
    Address.decode(transaction.address).account,
    signature,
    parts(transaction, 'extra'),
    transaction.method,
  )
  return Bytes.concat(compact(BigInt(body.length)), body)
}

/** The account that signed an extrinsic, as {@link assemble} writes it; nothing for any other. */
export function signerOf(raw: Bytes.Bytes): Bytes.Bytes32 | undefined {
  const at = [1, 2, 4, 5][(raw[0] ?? 0) & 3] as number
  return raw[at] === 0x84 && raw[at + 1] === 0 ? raw.slice(at + 2, at + 34) : undefined
}

/** A transaction's id: BLAKE2b-256 of its bytes. */
export function id(raw: Bytes.Bytes): string {
  return hex(Hasher.blake2b256(raw))
}

/** What signing a step gives. */
export function signed(step: Step, signature: Bytes.Bytes): Signed {
  const raw = assemble(ofStep(step), signature)
  return { step, id: id(raw), raw }
}

/** The conflict key of an account's nonce: only one transaction with it can ever be included. */
export function conflictKey(account: AccountId.AccountId, nonce: bigint): string {
  return `${account}#${nonce}`
}

/** The height from which a transaction can no longer be included; `undefined` where it lives for ever. */
export function death(era: Era): bigint | undefined {
  return era.is === 'immortal' ? undefined : era.at + era.period
}

/** The transaction of a step, checked against all that the step says of it; `PolkadotInvalidStep` (3508). */
export function ofStep(step: Step): PolkadotTransaction {
  const refuse = (field: string, expected: unknown, received: unknown) =>
    PolkadotErrors.PolkadotInvalidStep(`step.${field} must be ${show(expected)}, got ${show(received)}`, {
      argument: `step.${field}`,
      expected,
      received,
    })
  if (step?.format !== FORMAT) throw refuse('format', FORMAT, step?.format)
  const transaction = decode(step.payload)
  const from = AccountId.parse(AccountId.from(step.from, 'step.from'))
  if (from.network !== step.network || from.address !== transaction.address)
    throw refuse('from', `${step.network}:${transaction.address}`, step.from)
  const key = conflictKey(step.from, transaction.nonce)
  if (step.conflictKey !== key) throw refuse('conflictKey', key, step.conflictKey)
  if (!isGenesisOf(transaction.genesisHash, step.network))
    throw PolkadotErrors.PolkadotWrongChain(
      `step.payload is for the chain ${hex(transaction.genesisHash)}, the step for ${step.network}`,
      { argument: 'step.payload', expected: step.network, received: hex(transaction.genesisHash) },
    )
  return transaction
}

/** Whether a genesis hash is the one that a network is named by (CAIP-2, namespace `polkadot`). */
export function isGenesisOf(genesis: Bytes.Hash32, network: string): boolean {
  return network === `polkadot:${Bytes.toHex(genesis).slice(0, 32)}`
}

/**
 * Checks that signed bytes are the step's own transaction with a signature of its account; `PolkadotInvalidStep` (3508) names what
 * differs. An ed25519 signature is verified here; sr25519 and ECDSA ones are verified by the chain.
 */
export function assertSigned(signed: Signed): PolkadotTransaction {
  const transaction = ofStep(signed?.step)
  const { raw } = signed
  if (!(raw instanceof Uint8Array) || raw.length > MAX_LENGTH)
    throw CoreErrors.InvalidBytes(
      `signed.raw must be a Uint8Array of at most ${MAX_LENGTH} bytes, got ${show(raw)}`,
      { argument: 'signed.raw' },
    )
  const refuse = (field: string, expected: unknown, received: unknown) =>
    PolkadotErrors.PolkadotInvalidStep(`signed.${field} must be ${show(expected)}, got ${show(received)}`, {
      argument: `signed.${field}`,
      expected,
      received,
    })
  if (signed.id !== id(raw)) throw refuse('id', id(raw), signed.id)
  // The signature stands after the length, the version and the address.
  const kind = [65, 66].find((length) => {
    const at = raw.length - (parts(transaction, 'extra').length + transaction.method.length + length)
    const signature = raw.slice(Math.max(at, 0), at + length)
    return isSignature(signature) && Bytes.equal(assemble(transaction, signature), raw)
  })
  if (kind === undefined) throw refuse('raw', "the step's own transaction", 'another transaction')
  const end = raw.length - (parts(transaction, 'extra').length + transaction.method.length)
  const signature = raw.slice(end - kind, end)
  if (signature[0] === 0) {
    const { account } = Address.decode(transaction.address)
    if (!verifyEd25519(signature.slice(1), signingBytes(transaction), account))
      throw refuse('raw', `a signature of ${transaction.address}`, 'another signature')
  }
  return transaction
}

/** Makes the step of a transaction. */
export function toStep(
  transaction: PolkadotTransaction,
  options: {
    readonly network: Network
    readonly kind: string
    readonly from: AccountId.AccountId
    readonly maxFee: bigint
  } & Pick<Step, 'validFrom' | 'validUntil'>,
): Step {
  const { network, kind, from, maxFee, validFrom } = options
  const end = death(transaction.era)
  const validUntil =
    options.validUntil ??
    (end === undefined ? undefined : ({ network: network.id, clock: 'height', value: end } as const))
  return {
    network: network.id,
    kind,
    from,
    format: FORMAT,
    payload: encode(transaction),
    maxFee: { asset: network.native.id, amount: maxFee },
    conflictKey: conflictKey(from, transaction.nonce),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
  }
}

/** The tip that takes the place of a pending transaction of the same nonce: an eighth more; the pool takes whatever is more at all. */
export function bumped(tip: bigint): bigint {
  return tip + tip / 8n + 1n
}

/** Two bytes: the period's logarithm, and the place in it (`sp_runtime::generic::Era`). */
export function encodeEra(era: Era): Bytes.Bytes {
  if (era.is === 'immortal') return Uint8Array.of(0)
  const { period, at } = era
  if (period < 4n || period > MAX_PERIOD || (period & (period - 1n)) !== 0n || at < 1n)
    throw CoreErrors.InvalidArgument(
      `era must have a period of a power of two from 4 to ${MAX_PERIOD} from block 1 on, got ${period} from ${at}`,
      { argument: 'era', received: period },
    )
  const encoded = BigInt(period.toString(2).length - 2) | ((at % period) << 4n)
  return Uint8Array.of(Number(encoded & 0xffn), Number(encoded >> 8n))
}

function decodeEra(bytes: Bytes.Bytes, at: bigint): Era {
  if (bytes.length === 1 && bytes[0] === 0 && at === 0n) return { is: 'immortal' }
  if (bytes.length !== 2) throw CoreErrors.InvalidBytes('an era has one or two bytes', { argument: 'era' })
  const [low = 0] = bytes
  return { is: 'mortal', period: 2n << BigInt(low & 0xf), at }
}

function parts(transaction: PolkadotTransaction, which: 'extra' | 'additional'): Bytes.Bytes {
  assertExtensions(transaction.signedExtensions)
  return Bytes.concat(
    ...transaction.signedExtensions.map(
      (name) => EXTENSIONS[name]?.[which]?.(transaction) ?? new Uint8Array(0),
    ),
  )
}

function isSignature(signature: Bytes.Bytes): boolean {
  return (
    (signature.length === 65 && (signature[0] === 0 || signature[0] === 1)) ||
    (signature.length === 66 && signature[0] === 2)
  )
}

function assertSignature(signature: Bytes.Bytes): void {
  if (!(signature instanceof Uint8Array) || !isSignature(signature))
    throw PolkadotErrors.PolkadotInvalidStep(
      `a signature is a byte for its kind and 64 bytes (ECDSA 65), got ${show(signature)}`,
      { argument: 'signature' },
    )
}

function verifyEd25519(signature: Bytes.Bytes, message: Bytes.Bytes, publicKey: Bytes.Bytes): boolean {
  try {
    return ed25519.verify(signature, message, publicKey)
  } catch {
    return false
  }
}

const compact = (value: bigint): Bytes.Bytes => Scale.encode(Scale.compact, value)
const u32 = (value: number): Bytes.Bytes => Scale.encode(Scale.u32, value)

function hex(bytes: Bytes.Bytes): `0x${string}` {
  return `0x${Bytes.toHex(bytes)}`
}

function unhex(text: string): Bytes.Bytes {
  if (!text.startsWith('0x')) throw CoreErrors.InvalidBytes('0x is missing', { argument: 'payload' })
  return Bytes.fromHex(text.slice(2))
}

function number(value: bigint, size: number): `0x${string}` {
  if (value < 0n || value >> BigInt(8 * size) !== 0n)
    throw CoreErrors.InvalidArgument(`a number must fit ${size} bytes, got ${value}`, {
      argument: 'transaction',
      received: value,
    })
  return `0x${value.toString(16).padStart(2 * size, '0')}`
}
