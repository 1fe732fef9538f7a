import { secp256k1 } from '@noble/curves/secp256k1.js'
import { TxMsgData } from 'cosmjs-types/cosmos/base/abci/v1beta1/abci'
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { SignMode } from 'cosmjs-types/cosmos/tx/signing/v1beta1/signing'
import { AuthInfo, SignDoc, type SignerInfo, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import * as Auth from './auth.js'
import * as Bank from './bank.js'
import { utf8 } from './bytes.js'
import { type Context, type Event, emit, whole } from './context.js'
import { Fault, gasOf, sdk } from './faults.js'
import { type Message, type Modules, messageOf } from './messages.js'

/** What became of a transaction (`ExecTxResult` of ABCI). */
export interface Result {
  readonly code: number
  readonly codespace: string
  readonly log: string
  readonly data: Uint8Array
  readonly events: readonly Event[]
  readonly gasWanted: bigint
  readonly gasUsed: bigint
}

/** A transaction, read. */
interface Transaction {
  readonly raw: TxRaw
  readonly body: TxBody
  readonly auth: AuthInfo
  readonly messages: readonly Message[]
  /** Whoever signs, in order, once each. */
  readonly signers: readonly string[]
  readonly length: number
}

/** What an `ante` chain of the SDK needs to know beside. */
export interface Rules {
  /** Base units of `denom` for a million gas, checked before a transaction is let in. */
  readonly gasPrice: bigint
  readonly denom: string
  readonly maxGas: bigint
}

const MAX_MEMO = 256
const MILLION = 1_000_000n
const BYTE_COST = 10n
const SIGNATURE_COST = 1000n

/**
 * Runs a transaction: `check` as the mempool does (nothing but fee, sequence and signatures), `deliver` in a block, `simulate` without
 * signatures and without a limit. What `check` and `simulate` write, their caller forgets.
 */
export function run(
  base: Omit<Context, 'gas' | 'events' | 'depth'>,
  modules: Modules,
  rules: Rules,
  bytes: Uint8Array,
  mode: 'check' | 'deliver' | 'simulate',
): Result {
  let gas = gasOf(mode === 'simulate' ? rules.maxGas : 0n)
  let wanted = 0n
  const events: Event[] = []
  const fail = (error: unknown): Result => {
    if (!(error instanceof Fault)) throw error
    const { codespace, code, message } = error
    return {
      ...{ code, codespace, log: message, data: new Uint8Array(0), events },
      ...{ gasWanted: wanted, gasUsed: gas.used() },
    }
  }
  let transaction: Transaction
  try {
    transaction = decode(modules, bytes)
    wanted = transaction.auth.fee?.gasLimit ?? 0n
    if (mode !== 'simulate') gas = gasOf(wanted)
    const context: Context = { ...base, gas, events: [], depth: 0 }
    whole(context, {}, (inner) => ante(inner, transaction, rules, mode))
    events.push(...context.events)
  } catch (error) {
    return fail(error)
  }
  if (mode === 'check')
    return {
      ...{ code: 0, codespace: '', log: '', data: new Uint8Array(0), events, gasWanted: wanted },
      gasUsed: gas.used(),
    }
  try {
    const context: Context = { ...base, gas, events: [], depth: 0 }
    const msgResponses = whole(context, {}, (inner) =>
      transaction.messages.map((message, index) => {
        const own: Event[] = []
        const run = { ...inner, events: own }
        emit(run, 'message', { action: message.typeUrl, sender: message.signer })
        try {
          return message.run(run)
        } catch (error) {
          if (error instanceof Fault)
            throw new Fault(
              error.codespace,
              error.code,
              `failed to execute message; message index: ${index}: ${error.message}`,
            )
          throw error
        } finally {
          const at = { key: 'msg_index', value: `${index}` }
          inner.events.push(...own.map(({ type, attributes }) => ({ type, attributes: [...attributes, at] })))
        }
      }),
    )
    return {
      ...{ code: 0, codespace: '', log: '', events: [...events, ...context.events] },
      data: TxMsgData.encode(TxMsgData.fromPartial({ msgResponses })).finish(),
      ...{ gasWanted: wanted, gasUsed: gas.used() },
    }
  } catch (error) {
    return fail(error)
  }
}

function decode(modules: Modules, bytes: Uint8Array): Transaction {
  const malformed = (why: string) => sdk('tx parse error', why)
  let raw: TxRaw
  let body: TxBody
  let auth: AuthInfo
  try {
    raw = TxRaw.decode(bytes)
    body = TxBody.decode(raw.bodyBytes)
    auth = AuthInfo.decode(raw.authInfoBytes)
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : 'malformed')
  }
  if (body.messages.length === 0) throw sdk('invalid request', 'must contain at least one message')
  if (body.extensionOptions.length > 0 || auth.tip !== undefined)
    throw sdk('unknown request', 'this local node knows no extensions')
  const messages = body.messages.map((any) => {
    try {
      return messageOf(modules, any)
    } catch (error) {
      throw error instanceof Fault ? error : malformed(error instanceof Error ? error.message : 'malformed')
    }
  })
  return {
    raw,
    body,
    auth,
    messages,
    signers: [...new Set(messages.map((it) => it.signer))],
    length: bytes.length,
  }
}

function ante(
  context: Context,
  { raw, body, auth, messages, signers, length }: Transaction,
  { gasPrice, denom }: Rules,
  mode: 'check' | 'deliver' | 'simulate',
): void {
  const { fee, signerInfos } = auth
  const coins = fee?.amount ?? []
  if (body.timeoutHeight !== 0n && context.height > body.timeoutHeight)
    throw sdk('tx timeout height', `block height: ${context.height}, timeout height: ${body.timeoutHeight}`)
  if (utf8(body.memo).length > MAX_MEMO)
    throw sdk('memo too large', `maximum number of characters is ${MAX_MEMO}`)
  if (raw.signatures.length === 0) throw sdk('no signatures supplied', 'no signatures')
  if (signerInfos.length !== signers.length || raw.signatures.length !== signers.length)
    throw sdk(
      'unauthorized',
      `wrong number of signers; expected ${signers.length}, got ${signerInfos.length}`,
    )
  context.gas.use(BYTE_COST * BigInt(length), 'txSize')
  if (fee !== undefined && fee.granter !== '')
    throw sdk('unknown request', 'this local node has no fee grants')
  const payer = fee?.payer === undefined || fee.payer === '' ? (signers[0] as string) : fee.payer
  if (!signers.includes(payer)) throw sdk('unauthorized', 'the fee payer does not sign')
  if (mode !== 'simulate') {
    Bank.checkCoins(coins, 'fee')
    const least = ((fee?.gasLimit ?? 0n) * gasPrice + MILLION - 1n) / MILLION
    const paid = BigInt(coins.find((it) => it.denom === denom)?.amount ?? '0')
    if (mode === 'check' && paid < least)
      throw sdk(
        'insufficient fee',
        `insufficient fees; got: ${Bank.textOf(coins)} required: ${least}${denom}`,
      )
  }
  const text = Bank.textOf(coins)
  if (coins.length > 0) Bank.move(context, payer, Bank.moduleAddress(context.prefix, 'fee_collector'), coins)
  emit(context, 'tx', { fee: text, fee_payer: payer })

  for (const [index, signer] of signers.entries()) {
    const info = signerInfos[index] as SignerInfo
    const account = Auth.account(context, signer)
    if (account === undefined) throw sdk('unknown address', `account ${signer} does not exist`)
    const given =
      info.publicKey?.typeUrl === Auth.SECP256K1 ? PubKey.decode(info.publicKey.value).key : undefined
    const key = Auth.keyOf(account) ?? given
    if (mode !== 'simulate' || (key !== undefined && key.length > 0)) {
      if (key === undefined || Auth.addressOfKey(context.prefix, key) !== signer)
        throw sdk('invalid pubkey', `pubKey does not match signer address ${signer}`)
    }
    if (info.sequence !== account.sequence)
      throw sdk(
        'incorrect account sequence',
        `account sequence mismatch, expected ${account.sequence}, got ${info.sequence}`,
      )
    context.gas.use(SIGNATURE_COST, 'ante verify: secp256k1')
    if (mode !== 'simulate') {
      const signed = signedBytes(info, { raw, body, auth, messages }, account, context.chainId)
      if (!verify(raw.signatures[index] as Uint8Array, signed, key as Uint8Array))
        throw sdk(
          'unauthorized',
          `signature verification failed; please verify account number (${account.accountNumber}), sequence (${account.sequence}) and chain-id (${context.chainId})`,
        )
    }
    const known = key === undefined || key.length === 0 ? account : Auth.withKey(account, key)
    Auth.setAccount(context, { ...known, sequence: account.sequence + 1n })
    emit(context, 'tx', { acc_seq: `${signer}/${account.sequence}` })
  }
}

function verify(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  try {
    return secp256k1.verify(signature, message, key, { lowS: true })
  } catch {
    return false
  }
}

function signedBytes(
  info: SignerInfo,
  { raw, body, auth, messages }: Pick<Transaction, 'raw' | 'body' | 'auth' | 'messages'>,
  account: { readonly accountNumber: bigint; readonly sequence: bigint },
  chainId: string,
): Uint8Array {
  const mode = info.modeInfo?.single?.mode
  const { accountNumber, sequence } = account
  if (mode === SignMode.SIGN_MODE_DIRECT)
    return SignDoc.encode(
      SignDoc.fromPartial({
        bodyBytes: raw.bodyBytes,
        authInfoBytes: raw.authInfoBytes,
        chainId,
        accountNumber,
      }),
    ).finish()
  if (mode !== SignMode.SIGN_MODE_LEGACY_AMINO_JSON)
    throw sdk('unauthorized', 'this local node knows the sign modes DIRECT and LEGACY_AMINO_JSON')
  const fee = auth.fee ?? { amount: [], gasLimit: 0n, payer: '', granter: '' }
  const document = {
    account_number: `${accountNumber}`,
    chain_id: chainId,
    fee: {
      amount: fee.amount,
      gas: `${fee.gasLimit}`,
      ...(fee.payer === '' ? {} : { payer: fee.payer }),
    },
    memo: body.memo,
    msgs: messages.map((it) => it.amino),
    sequence: `${sequence}`,
    ...(body.timeoutHeight === 0n ? {} : { timeout_height: `${body.timeoutHeight}` }),
  }
  // As Go writes JSON (`legacytx.StdSignBytes`, `sdk.MustSortJSON`).
  return utf8(
    JSON.stringify(sorted(document)).replace(
      /[<>&\u2028\u2029]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  )
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
