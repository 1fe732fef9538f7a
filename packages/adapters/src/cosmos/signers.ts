import {
  AccountId,
  Bytes,
  CoreErrors,
  isAitbcError,
  type Network,
  type Signer,
  type Step,
  show,
} from '@aitbc/core'
import type { OfflineDirectSigner, OfflineSigner } from '@cosmjs/proto-signing'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { AuthInfo, SignDoc } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { assertFamily, assertNetwork } from '../internal/guards.js'
import { fromBase64 } from './CosmosRpc.js'
import * as CosmosTransaction from './CosmosTransaction.js'
import { CosmosErrors } from './errors.js'

/** A wallet's signer in the form that Keplr and others expose (`OfflineDirectSigner`, or `OfflineAminoSigner` for hardware keys). */
export type CosmosWallet = OfflineSigner

/**
 * A signer that holds a secp256k1 private key (32 bytes). It signs steps of its own account and network alone: `CosmosInvalidStep`
 * (3407), `ForeignNetwork` (1016).
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createKeySigner } from '@aitbc/adapters/cosmos'
 * createKeySigner({ network: networks.cosmosLocal, privateKey: new Uint8Array(32).fill(1) }).account
 */
export function createKeySigner(options: {
  readonly network: Network
  readonly privateKey: Bytes.Bytes32
}): Signer & { readonly kind: 'signs' } {
  const { network, privateKey } = options
  assertFamily(network, 'cosmos')
  Bytes.assert(privateKey, 32, 'privateKey')
  if (!secp256k1.utils.isValidSecretKey(privateKey))
    throw CoreErrors.InvalidArgument('privateKey must be a key of secp256k1', { argument: 'privateKey' })
  const publicKey = secp256k1.getPublicKey(privateKey, true)
  const account = AccountId.from(`${network.id}:${CosmosTransaction.addressOf(publicKey, network.hrp ?? '')}`)
  return {
    kind: 'signs',
    account,
    async sign(step, call) {
      call?.signal?.throwIfAborted()
      const transaction = ownStep(step, network, account)
      const bytes = CosmosTransaction.signBytes(transaction, publicKey, 'direct')
      const signature = secp256k1.sign(bytes, privateKey, { lowS: true })
      return CosmosTransaction.sign(step, { publicKey, signature, mode: 'direct' })
    },
  }
}

/**
 * A signer over a wallet's `OfflineSigner`: what `window.keplr.getOfflineSigner(chainId)` gives, amino-only ones of hardware keys too.
 * Before each step it checks that the wallet has the account (`CosmosWalletAccount` 3422); a user's no is `CosmosWalletRefused`
 * (3421), an unknown chain `CosmosWrongChain` (3404), any other failure `CosmosWalletFailed` (3424). Wallets let their users change the
 * fee: that becomes the step's, and any other difference is `CosmosWalletChanged` (3423). Nothing is sent.
 *
 * A wallet may show what it signs to others (simulation, screening): handing it a claim reveals the secret.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createOfflineSigner, type CosmosWallet } from '@aitbc/adapters/cosmos'
 * declare const wallet: CosmosWallet
 * createOfflineSigner(wallet, {
 *   network: networks.cosmosHub,
 *   account: 'cosmos:cosmoshub-4:cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a',
 * })
 */
export function createOfflineSigner(
  wallet: CosmosWallet,
  options: { readonly network: Network; readonly account: AccountId.AccountId },
): Signer & { readonly kind: 'signs' } {
  const { network } = options
  assertFamily(network, 'cosmos')
  const account = AccountId.from(options.account, 'account')
  const address = CosmosTransaction.accountAddress(account, network, 'account')
  return {
    kind: 'signs',
    asks: true,
    account,
    async sign(step, call) {
      call?.signal?.throwIfAborted()
      const transaction = ownStep(step, network, account)
      const accounts = await ask(() => wallet.getAccounts())
      const own = accounts.find((entry) => entry.address === address)
      if (own === undefined)
        throw CosmosErrors.CosmosWalletAccount(
          `the wallet must have ${address}, it has ${show(accounts[0]?.address)}`,
          { expected: address, received: accounts.slice(0, 10).map((entry) => entry.address) },
        )
      const { pubkey: publicKey } = own
      if (own.algo !== 'secp256k1' || CosmosTransaction.addressOf(publicKey, network.hrp ?? '') !== address)
        throw CosmosErrors.CosmosWalletAccount(
          `the wallet must have a secp256k1 key for ${address}, it has ${own.algo}`,
          { expected: address, algo: own.algo },
        )
      const signed = isDirect(wallet)
        ? await direct(wallet, transaction, publicKey)
        : await amino(wallet, transaction)
      call?.signal?.throwIfAborted()
      const { mode, fee, gas, signature } = signed
      const updated = CosmosTransaction.toStep(
        { ...transaction, fee, gas },
        {
          network: step.network,
          kind: step.kind,
          feeAsset: step.maxFee.asset,
          ...(step.validFrom === undefined ? {} : { validFrom: step.validFrom }),
          ...(step.validUntil === undefined ? {} : { validUntil: step.validUntil }),
        },
      )
      try {
        return CosmosTransaction.sign(updated, { publicKey, signature, mode })
      } catch (error) {
        if (isAitbcError(error, 'CosmosInvalidStep')) throw changed(step, 'it does not verify')
        throw error
      }
    },
  }
}

interface WalletSigned {
  readonly mode: CosmosTransaction.SignMode
  readonly fee: CosmosTransaction.Coin
  readonly gas: bigint
  readonly signature: Bytes.Bytes
}

async function direct(
  wallet: OfflineDirectSigner,
  transaction: CosmosTransaction.CosmosTransaction,
  publicKey: Bytes.Bytes,
): Promise<WalletSigned> {
  const { from } = transaction.message
  const asked = SignDoc.decode(CosmosTransaction.signBytes(transaction, publicKey, 'direct'))
  const answer = await ask(() => wallet.signDirect(from, asked))
  const { signed } = answer
  const { fee, gas } = feeOf(() => {
    const { amount = [], gasLimit = 0n } = AuthInfo.decode(signed.authInfoBytes).fee ?? {}
    return { amount, gas: String(gasLimit) }
  }, transaction)
  const again = CosmosTransaction.signBytes({ ...transaction, fee, gas }, publicKey, 'direct')
  const same =
    typeof signed?.chainId === 'string' &&
    Bytes.equal(SignDoc.encode(SignDoc.fromPartial(signed)).finish(), again)
  if (!same) throw changed(transaction, 'more than the fee differs')
  return { mode: 'direct', fee, gas, signature: signatureOf(answer.signature) }
}

async function amino(
  wallet: Exclude<OfflineSigner, OfflineDirectSigner>,
  transaction: CosmosTransaction.CosmosTransaction,
): Promise<WalletSigned> {
  const { from } = transaction.message
  const asked = CosmosTransaction.aminoDoc(transaction)
  const answer = await ask(() => wallet.signAmino(from, asked))
  const { signed } = answer
  const { fee, gas } = feeOf(() => signed.fee, transaction)
  const again = CosmosTransaction.aminoDoc({ ...transaction, fee, gas })
  if (!deepEqual(again, signed)) throw changed(transaction, 'more than the fee differs')
  return { mode: 'amino', fee, gas, signature: signatureOf(answer.signature) }
}

function isDirect(wallet: OfflineSigner): wallet is OfflineDirectSigner {
  return typeof (wallet as Partial<OfflineDirectSigner>)?.signDirect === 'function'
}

/** The fee that a wallet settled on: one coin of the same denomination. */
function feeOf(
  read: () => {
    readonly amount: readonly { readonly denom: string; readonly amount: string }[]
    readonly gas: string
  },
  transaction: CosmosTransaction.CosmosTransaction,
): { readonly fee: CosmosTransaction.Coin; readonly gas: bigint } {
  try {
    const { amount, gas } = read()
    const [coin, ...more] = amount
    if (
      coin?.denom === transaction.fee.denom &&
      more.length === 0 &&
      /^(?:0|[1-9][0-9]{0,38})$/.test(coin.amount) &&
      /^[1-9][0-9]{0,18}$/.test(gas)
    )
      return { fee: { denom: coin.denom, amount: BigInt(coin.amount) }, gas: BigInt(gas) }
  } catch {
    // What can't be read is none either.
  }
  throw changed(transaction, 'its fee is none in the native coin')
}

function signatureOf(given: { readonly signature: string } | undefined): Bytes.Bytes {
  const bytes = typeof given?.signature === 'string' ? fromBase64(given.signature) : undefined
  if (bytes?.length !== 64)
    throw CosmosErrors.CosmosWalletFailed('the wallet must answer a signature of 64 bytes in base64', {
      received: typeof given?.signature,
    })
  return bytes
}

function deepEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    Array.isArray(a) === Array.isArray(b) &&
    names.every(
      (name) =>
        Object.hasOwn(b, name) &&
        deepEqual((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
    )
  )
}

function ownStep(
  step: Step,
  network: Network,
  account: AccountId.AccountId,
): CosmosTransaction.CosmosTransaction {
  assertNetwork(step?.network, network.id, 'step.network')
  const transaction = CosmosTransaction.ofStep(step)
  if (step.from !== account)
    throw CosmosErrors.CosmosInvalidStep(`step.from must be ${account}, got ${show(step.from)}`, {
      argument: 'step.from',
      expected: account,
      received: step.from,
    })
  return transaction
}

/** A wallet's own words for what went wrong, as typed errors. Keplr and Leap throw plain errors, Cosmostation EIP-1193's codes. */
async function ask<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as {
      readonly code?: unknown
      readonly message?: unknown
    }
    const text = String(message ?? error).slice(0, 500)
    const context = { message: text, ...(typeof code === 'number' ? { code } : {}) }
    const said = `the wallet answered: ${text}`
    if (code === 4001 || /reject|denied|declined|cancel/i.test(text))
      throw CosmosErrors.CosmosWalletRefused(said, context, { cause: error })
    if (/no chain info|unknown chain|chain.?id.*(?:mismatch|unmatched|differ)|unmatched chain/i.test(text))
      throw CosmosErrors.CosmosWrongChain(said, context, { cause: error })
    if (/signer (?:address )?mismatch|address .*not found in wallet|key.*(?:mismatch|not found)/i.test(text))
      throw CosmosErrors.CosmosWalletAccount(said, context, { cause: error })
    throw CosmosErrors.CosmosWalletFailed(said, context, { cause: error })
  }
}

function changed(
  { kind }: { readonly kind?: string } | (CosmosTransaction.CosmosTransaction & { readonly kind?: string }),
  why: string,
) {
  return CosmosErrors.CosmosWalletChanged(
    `the wallet signed something else than the ${kind ?? 'transaction'} it was asked for: ${why}`,
    { why },
  )
}
