import {
  AccountId,
  type AssetId,
  Bytes,
  type ChainId,
  CoreErrors,
  type Deadline,
  type Signed,
  type Step,
  show,
} from '@aitbc/core'
import { HtlcStorage } from '@aitbc/proofs/cosmwasm'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { BinaryReader, BinaryWriter } from 'cosmjs-types/binary'
import { MsgSend } from 'cosmjs-types/cosmos/bank/v1beta1/tx'
import { Coin as CoinMessage } from 'cosmjs-types/cosmos/base/v1beta1/coin'
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { AuthInfo, SignDoc, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { MsgExecuteContract } from 'cosmjs-types/cosmwasm/wasm/v1/tx'
import { hashOf } from './CosmosRpc.js'
import { CosmosErrors } from './errors.js'

/** Name of the payload's form in a `Step`: a `SignDoc` (`cosmos.tx.v1beta1`) whose signer has no public key yet. */
export const FORMAT = 'cosmos/sign-doc'

/** A coin: base units of a denomination. */
export interface Coin {
  readonly denom: string
  readonly amount: bigint
}

/** What a transaction does; the kinds of message that the SDK makes and signs. */
export type Message =
  | {
      readonly kind: 'send'
      readonly from: string
      readonly to: string
      readonly amount: Coin
    }
  | {
      readonly kind: 'execute'
      readonly from: string
      readonly contract: string
      /** JSON, UTF-8. */
      readonly message: Bytes.Bytes
      readonly funds: readonly Coin[]
    }
  /** A lock in IRISnet's own module, and its claim; see `IrisHtlc`. */
  | {
      readonly kind: 'iris-create'
      readonly from: string
      readonly to: string
      readonly amount: Coin
      /** Lower-case hex. */
      readonly hashlock: string
      readonly timeLock: bigint
      /** Free texts of at most 128 characters, which the module keeps and tells, the first one in a searchable event. */
      readonly receiverOnOtherChain?: string
      readonly senderOnOtherChain?: string
    }
  | { readonly kind: 'iris-claim'; readonly from: string; readonly id: string; readonly secret: string }

/** A transaction of one message, unsigned. Addresses are in bech32. */
export interface CosmosTransaction {
  /** The chain's own name, e.g. `cosmoshub-4`. */
  readonly chainId: string
  readonly accountNumber: bigint
  readonly sequence: bigint
  readonly message: Message
  /** Last block that may include it; 0 for no limit. */
  readonly timeoutHeight: bigint
  readonly gas: bigint
  readonly fee: Coin
}

/** How a signature was made: over the transaction's bytes, or over its amino JSON (which some hardware wallets show). */
export type SignMode = 'direct' | 'amino'

const MODES = { direct: 1, amino: 127 } as const
const SEND = '/cosmos.bank.v1beta1.MsgSend'
const EXECUTE = '/cosmwasm.wasm.v1.MsgExecuteContract'
const IRIS_CREATE = '/irismod.htlc.MsgCreateHTLC'
const IRIS_CLAIM = '/irismod.htlc.MsgClaimHTLC'
const PUBKEY = '/cosmos.crypto.secp256k1.PubKey'

/** The step that a transaction is, with what a step says beside its payload. */
export function toStep(
  transaction: CosmosTransaction,
  options: {
    readonly network: ChainId.ChainId
    readonly kind: string
    readonly feeAsset: AssetId.AssetId
    readonly validFrom?: Deadline.Deadline
    readonly validUntil?: Deadline.Deadline
  },
): Step {
  const { network, kind, feeAsset, validFrom, validUntil } = options
  const { from } = transaction.message
  const { timeoutHeight } = transaction
  const until: Deadline.Deadline | undefined =
    validUntil ?? (timeoutHeight === 0n ? undefined : { network, clock: 'height', value: timeoutHeight })
  return {
    network,
    kind,
    from: `${network}:${from}`,
    format: FORMAT,
    payload: encode(transaction),
    maxFee: { asset: feeAsset, amount: transaction.fee.amount },
    conflictKey: `${from}/${transaction.sequence}`,
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(until === undefined ? {} : { validUntil: until }),
  }
}

/**
 * The transaction of a step. `CosmosInvalidStep` (3407) for another format, for bytes that aren't the one encoding of a transaction
 * that the SDK makes, and where the step says something else than its payload.
 */
export function ofStep(step: Step): CosmosTransaction {
  if (step?.format !== FORMAT)
    throw invalid(`step.format must be ${FORMAT}, got ${show(step?.format)}`, { received: step?.format })
  const transaction = decode(step.payload)
  const { message, sequence, fee, chainId } = transaction
  if (step.network !== `cosmos:${chainId}`)
    throw invalid(`step.network must be cosmos:${chainId}, got ${show(step.network)}`, {
      received: step.network,
    })
  if (step.from !== `${step.network}:${message.from}`)
    throw invalid(`step.from must be the account that the payload names, got ${show(step.from)}`, {
      received: step.from,
    })
  if (step.conflictKey !== `${message.from}/${sequence}` || step.maxFee?.amount !== fee.amount)
    throw invalid(`step must say what its payload does, got conflict key ${show(step.conflictKey)}`, {
      received: step.conflictKey,
    })
  return transaction
}

/** The bytes of an unsigned transaction: a `SignDoc` whose signer's public key is still to be filled in. */
export function encode(transaction: CosmosTransaction): Bytes.Bytes {
  return signBytes(transaction, undefined, 'direct')
}

/** Reads what {@link encode} wrote; `CosmosInvalidStep` (3407) for anything else. */
export function decode(payload: Bytes.Bytes): CosmosTransaction {
  let transaction: CosmosTransaction
  try {
    transaction = read(SignDoc.decode(payload))
  } catch (cause) {
    throw invalid('step.payload must be a transaction that the SDK makes', {}, cause)
  }
  if (!Bytes.equal(encode(transaction), payload))
    throw invalid('step.payload must be the one encoding of its transaction', {})
  return transaction
}

/** What a signature commits to: the bytes of a `SignDoc`, or amino's JSON. */
export function signBytes(
  transaction: CosmosTransaction,
  publicKey: Bytes.Bytes | undefined,
  mode: SignMode,
): Bytes.Bytes {
  if (mode === 'amino') return new TextEncoder().encode(sortedJson(aminoDoc(transaction)))
  const { chainId, accountNumber } = transaction
  return SignDoc.encode({
    bodyBytes: bodyBytes(transaction),
    authInfoBytes: authInfoBytes(transaction, publicKey, mode),
    chainId,
    accountNumber,
  }).finish()
}

/** What amino signers are given (Cosmos SDK ADR-020, `SIGN_MODE_LEGACY_AMINO_JSON`): numbers as texts. */
export interface AminoDoc {
  readonly chain_id: string
  readonly account_number: string
  readonly sequence: string
  readonly timeout_height?: string
  readonly fee: {
    readonly amount: readonly { readonly denom: string; readonly amount: string }[]
    readonly gas: string
  }
  readonly msgs: readonly { readonly type: string; readonly value: Readonly<Record<string, unknown>> }[]
  readonly memo: string
}

/** What amino signers are given for a transaction: the document whose sorted JSON is signed (`SIGN_MODE_LEGACY_AMINO_JSON`). */
export function aminoDoc(transaction: CosmosTransaction): AminoDoc {
  const { chainId, accountNumber, sequence, message, timeoutHeight, gas, fee } = transaction
  return {
    chain_id: chainId,
    account_number: String(accountNumber),
    sequence: String(sequence),
    ...(timeoutHeight === 0n ? {} : { timeout_height: String(timeoutHeight) }),
    fee: { amount: [coinText(fee)], gas: String(gas) },
    msgs: [aminoOf(message)],
    memo: '',
  }
}

function aminoOf(message: Message): AminoDoc['msgs'][number] {
  switch (message.kind) {
    case 'send': {
      const { from, to, amount } = message
      return {
        type: 'cosmos-sdk/MsgSend',
        value: { from_address: from, to_address: to, amount: [coinText(amount)] },
      }
    }
    case 'execute': {
      const { from, contract, funds } = message
      const msg: unknown = JSON.parse(new TextDecoder().decode(message.message))
      return {
        type: 'wasm/MsgExecuteContract',
        value: { sender: from, contract, msg, funds: funds.map(coinText) },
      }
    }
    default:
      throw invalid(`step.payload must be signed directly: ${message.kind} has no amino form here`, {})
  }
}

/** The signed transaction: its bytes as they are broadcast, and its id. `CosmosInvalidStep` (3407) for a signature that isn't one. */
export function sign(
  step: Step,
  signature: {
    readonly publicKey: Bytes.Bytes
    readonly signature: Bytes.Bytes
    readonly mode: SignMode
  },
): Signed {
  const transaction = ofStep(step)
  const { publicKey, mode } = signature
  const raw = TxRaw.encode({
    bodyBytes: bodyBytes(transaction),
    authInfoBytes: authInfoBytes(transaction, publicKey, mode),
    signatures: [signature.signature],
  }).finish()
  const signed: Signed = { step, id: hashOf(raw), raw }
  assertSigned(signed)
  return signed
}

/** Refuses bytes that aren't the step's transaction, signed by the step's account: `CosmosInvalidStep` (3407). */
export function assertSigned(signed: Signed): void {
  const transaction = ofStep(signed?.step)
  if (!(signed.raw instanceof Uint8Array) || signed.id !== hashOf(signed.raw))
    throw invalid(`signed.id must be the hash of signed.raw, got ${show(signed.id)}`, { received: signed.id })
  const parts = open(signed.raw)
  if (parts === undefined) throw invalid('signed.raw must be a transaction with one signature', {})
  const { publicKey, signature, mode } = parts
  const again = TxRaw.encode({
    bodyBytes: bodyBytes(transaction),
    authInfoBytes: authInfoBytes(transaction, publicKey, mode),
    signatures: [signature],
  }).finish()
  if (!Bytes.equal(again, signed.raw)) throw invalid("signed.raw must be the step's transaction", {})
  const { hrp } = addressParts(transaction.message.from)
  if (addressOf(publicKey, hrp) !== transaction.message.from || !verifies(transaction, parts))
    throw invalid(`signed.raw must be signed by ${transaction.message.from}`, {})
}

/** What a signed transaction of one signer is made of; undefined for anything else. */
export function open(raw: Bytes.Bytes):
  | {
      readonly publicKey: Bytes.Bytes
      readonly signature: Bytes.Bytes
      readonly mode: SignMode
      readonly sequence: bigint
      readonly timeoutHeight: bigint
      /** Those of its messages that the SDK makes. */
      readonly messages: readonly Message[]
    }
  | undefined {
  try {
    const { bodyBytes: body, authInfoBytes: auth, signatures } = TxRaw.decode(raw)
    const { signerInfos } = AuthInfo.decode(auth)
    const [info] = signerInfos
    const [signature] = signatures
    if (info === undefined || signature === undefined || signatures.length > 1 || signerInfos.length > 1)
      return undefined
    const single = info.modeInfo?.single?.mode
    const mode = single === MODES.direct ? 'direct' : single === MODES.amino ? 'amino' : undefined
    if (mode === undefined || info.publicKey?.typeUrl !== PUBKEY) return undefined
    const { messages: all, timeoutHeight } = TxBody.decode(body)
    const messages = all.flatMap((it) => {
      const message = messageOf(it)
      return message === undefined ? [] : [message]
    })
    return {
      publicKey: PubKey.decode(info.publicKey.value).key,
      signature,
      mode,
      sequence: info.sequence,
      timeoutHeight,
      messages,
    }
  } catch {
    return undefined
  }
}

/** The bytes of a transaction without a signature, for a simulation. */
export function unsigned(transaction: CosmosTransaction): Bytes.Bytes {
  return TxRaw.encode({
    bodyBytes: bodyBytes(transaction),
    authInfoBytes: authInfoBytes(transaction, undefined, 'direct'),
    signatures: [new Uint8Array(0)],
  }).finish()
}

/** The address of a secp256k1 key: RIPEMD-160 of SHA-256 of its 33 bytes, in the network's bech32. */
export function addressOf(publicKey: Bytes.Bytes, hrp: string): string {
  return HtlcStorage.addressText(ripemd160(sha256(publicKey)), { hrp })
}

/** The address of an account on the network in its one spelling; `ForeignNetwork` (1016), or `InvalidAccountId` (1002). */
export function accountAddress(
  account: AccountId.AccountId,
  network: { readonly id: ChainId.ChainId; readonly hrp?: string },
  argument: string,
): string {
  const parts = AccountId.parse(AccountId.from(account, argument))
  if (parts.network !== network.id)
    throw CoreErrors.ForeignNetwork(`${argument} must be on ${network.id}, got ${show(account)}`, {
      argument,
      expected: network.id,
      received: account,
    })
  if (HtlcStorage.addressBytes(parts.address, network) === undefined)
    throw CoreErrors.InvalidAccountId(
      `${argument} must have a ${network.hrp} address in lower case, got ${show(account)}`,
      { argument, received: account },
    )
  return parts.address
}

function addressParts(address: string): { readonly hrp: string } {
  return { hrp: address.slice(0, address.lastIndexOf('1')) }
}

function verifies(
  transaction: CosmosTransaction,
  {
    publicKey,
    signature,
    mode,
  }: {
    readonly publicKey: Bytes.Bytes
    readonly signature: Bytes.Bytes
    readonly mode: SignMode
  },
): boolean {
  try {
    // Cosmos takes no signature with a high s (ADR-036's predecessor, tendermint/crypto): it could be altered by others.
    return secp256k1.verify(signature, signBytes(transaction, publicKey, mode), publicKey, { lowS: true })
  } catch {
    return false
  }
}

function bodyBytes({ message, timeoutHeight }: CosmosTransaction): Bytes.Bytes {
  return TxBody.encode(TxBody.fromPartial({ messages: [toAny(message)], timeoutHeight })).finish()
}

function authInfoBytes(
  { sequence, gas, fee }: CosmosTransaction,
  publicKey: Bytes.Bytes | undefined,
  mode: SignMode,
): Bytes.Bytes {
  const key =
    publicKey === undefined
      ? {}
      : {
          publicKey: { typeUrl: PUBKEY, value: PubKey.encode({ key: publicKey }).finish() },
        }
  return AuthInfo.encode(
    AuthInfo.fromPartial({
      signerInfos: [{ ...key, modeInfo: { single: { mode: MODES[mode] } }, sequence }],
      fee: { amount: [coinText(fee)], gasLimit: gas },
    }),
  ).finish()
}

function toAny(message: Message): { typeUrl: string; value: Uint8Array } {
  if (message.kind === 'send') {
    const { from, to, amount } = message
    return {
      typeUrl: SEND,
      value: MsgSend.encode({ fromAddress: from, toAddress: to, amount: [coinText(amount)] }).finish(),
    }
  }
  if (message.kind === 'execute') {
    const { from, contract, funds } = message
    return {
      typeUrl: EXECUTE,
      value: MsgExecuteContract.encode({
        sender: from,
        contract,
        msg: message.message,
        funds: funds.map(coinText),
      }).finish(),
    }
  }
  const writer = BinaryWriter.create().uint32(10).string(message.from)
  if (message.kind === 'iris-claim')
    return {
      typeUrl: IRIS_CLAIM,
      value: writer.uint32(18).string(message.id).uint32(26).string(message.secret).finish(),
    }
  writer.uint32(18).string(message.to)
  const { receiverOnOtherChain, senderOnOtherChain } = message
  if (receiverOnOtherChain !== undefined) writer.uint32(26).string(receiverOnOtherChain)
  if (senderOnOtherChain !== undefined) writer.uint32(34).string(senderOnOtherChain)
  CoinMessage.encode(coinText(message.amount), writer.uint32(42).fork()).ldelim()
  // No time stamp: with one, the hash would be of secret and time (irismod `GetHashLock`).
  return {
    typeUrl: IRIS_CREATE,
    value: writer.uint32(50).string(message.hashlock).uint32(64).uint64(message.timeLock).finish(),
  }
}

function messageOf(any: { readonly typeUrl: string; readonly value: Uint8Array }): Message | undefined {
  if (any.typeUrl === SEND) {
    const { fromAddress, toAddress, amount } = MsgSend.decode(any.value)
    const [coin, ...more] = amount
    return coin === undefined || more.length > 0
      ? undefined
      : { kind: 'send', from: fromAddress, to: toAddress, amount: coinOf(coin) }
  }
  if (any.typeUrl === IRIS_CREATE || any.typeUrl === IRIS_CLAIM) return irisMessage(any)
  if (any.typeUrl !== EXECUTE) return undefined
  const { sender, contract, msg, funds } = MsgExecuteContract.decode(any.value)
  return { kind: 'execute', from: sender, contract, message: msg, funds: funds.map(coinOf) }
}

/** Messages of IRISnet's module; whatever else than what the SDK writes is none of them. */
function irisMessage(any: { readonly typeUrl: string; readonly value: Uint8Array }): Message | undefined {
  const reader = new BinaryReader(any.value)
  const texts = new Map<number, string>()
  const claims = any.typeUrl === IRIS_CLAIM
  const fields = claims ? [10, 18, 26] : [10, 18, 26, 34, 50]
  let coin: Coin | undefined
  let timeLock = 0n
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === 42 && !claims && coin === undefined)
      coin = coinOf(CoinMessage.decode(reader, reader.uint32()))
    else if (tag === 64 && !claims) timeLock = reader.uint64()
    else if (fields.includes(tag) && !texts.has(tag)) texts.set(tag, reader.string())
    else return undefined
  }
  const [from, second, third] = [texts.get(10), texts.get(18), texts.get(claims ? 26 : 50)]
  if (from === undefined || second === undefined || third === undefined) return undefined
  if (claims) return { kind: 'iris-claim', from, id: second, secret: third }
  const [receiverOnOtherChain, senderOnOtherChain] = [texts.get(26), texts.get(34)]
  return coin === undefined
    ? undefined
    : {
        ...{ kind: 'iris-create', from, to: second, amount: coin, hashlock: third, timeLock },
        ...(receiverOnOtherChain === undefined ? {} : { receiverOnOtherChain }),
        ...(senderOnOtherChain === undefined ? {} : { senderOnOtherChain }),
      }
}

function read({ bodyBytes: body, authInfoBytes: auth, chainId, accountNumber }: SignDoc): CosmosTransaction {
  const { messages, timeoutHeight } = TxBody.decode(body)
  const { signerInfos, fee } = AuthInfo.decode(auth)
  const [any] = messages
  const [info] = signerInfos
  const [paid] = fee?.amount ?? []
  const message = any === undefined ? undefined : messageOf(any)
  if (message === undefined || info === undefined || fee === undefined || paid === undefined)
    throw new TypeError('a message, a signer and a fee are expected')
  return {
    chainId,
    accountNumber,
    sequence: info.sequence,
    message,
    timeoutHeight,
    gas: fee.gasLimit,
    fee: coinOf(paid),
  }
}

function coinText({ denom, amount }: Coin): { denom: string; amount: string } {
  return { denom, amount: String(amount) }
}

function coinOf({ denom, amount }: { readonly denom: string; readonly amount: string }): Coin {
  if (!/^(?:0|[1-9][0-9]{0,77})$/.test(amount)) throw new TypeError('an amount is expected')
  return { denom, amount: BigInt(amount) }
}

/** Amino's JSON: names sorted, no space, and `<`, `>` and `&` escaped as Go does. */
function sortedJson(value: unknown): string {
  const sorted = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(sorted)
    if (typeof part !== 'object' || part === null) return part
    const entries = Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]))
  }
  return JSON.stringify(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** `CosmosInvalidStep` (3407). */
function invalid(message: string, context: Readonly<Record<string, unknown>>, cause?: unknown) {
  return CosmosErrors.CosmosInvalidStep(
    message,
    { argument: 'step', ...context },
    cause === undefined ? {} : { cause },
  )
}
