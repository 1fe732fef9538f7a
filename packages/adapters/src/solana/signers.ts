import { AccountId, Bytes, isAitbcError, type Network, type Signer, type Step, show } from '@aitbc/core'
import { Address, Transaction } from '@aitbc/proofs/solana'
import { ed25519 } from '@noble/curves/ed25519.js'
import { getTransactionDecoder, type TransactionPartialSigner } from '@solana/kit'
import { assertFamily, assertNetwork } from '../internal/guards.js'
import { SolanaErrors } from './errors.js'
import { keyOf } from './HtlcLock.js'
import * as SolanaTransaction from './SolanaTransaction.js'

/**
 * A signer that holds a private key (the 32 bytes that ed25519 calls its seed, RFC 8032). It signs steps of its own account and network alone:
 * `SolanaInvalidStep` (3307), `ForeignNetwork` (1016).
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createKeySigner } from '@aitbc/adapters/solana'
 * createKeySigner({ network: networks.solanaLocal, privateKey: new Uint8Array(32).fill(1) }).account
 */
export function createKeySigner(options: {
  readonly network: Network
  readonly privateKey: Bytes.Bytes32
}): Signer & { readonly kind: 'signs' } {
  const { network } = options
  assertFamily(network, 'solana')
  Bytes.assert(options.privateKey, 32, 'privateKey')
  const key = Bytes.copy(options.privateKey)
  const account = AccountId.canonical(`${network.id}:${Address.encode(ed25519.getPublicKey(key))}`)
  return {
    kind: 'signs',
    account,
    async sign(step, call) {
      call?.signal?.throwIfAborted()
      const { bytes } = ownStep(step, network.id, account)
      return SolanaTransaction.sign(step, ed25519.sign(bytes, key))
    },
  }
}

/**
 * A signer of `@solana/kit`: a key pair's (`createKeyPairSignerFromBytes`), or any that signs transactions partially.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createKitSigner } from '@aitbc/adapters/solana'
 * declare const signer: Parameters<typeof createKitSigner>[0]
 * createKitSigner(signer, { network: networks.solanaLocal }).kind // 'signs'
 */
export function createKitSigner(
  signer: TransactionPartialSigner,
  options: { readonly network: Network },
): Signer & { readonly kind: 'signs' } {
  const { network } = options
  assertFamily(network, 'solana')
  const account = AccountId.from(`${network.id}:${signer?.address}`, 'signer.address')
  keyOf(account, network.id, 'signer.address')
  return {
    kind: 'signs',
    account,
    async sign(step, call) {
      call?.signal?.throwIfAborted()
      ownStep(step, network.id, account)
      const transaction = getTransactionDecoder().decode(step.payload)
      const [signatures] = await signer.signTransactions(
        // What a kit signer wants besides is that the transaction fits a packet, and how long it lives: both were seen to.
        [transaction as never],
        call?.signal === undefined ? {} : { abortSignal: call.signal },
      )
      const signature = signatures?.[signer.address]
      if (signature === undefined)
        throw SolanaErrors.SolanaInvalidStep(`the signer gave no signature of ${signer.address}`, {
          argument: 'signer',
        })
      return SolanaTransaction.sign(step, new Uint8Array(signature))
    },
  }
}

/** An account that a wallet shows (Wallet Standard, `WalletAccount`). */
export interface WalletAccount {
  readonly address: string
  readonly chains: readonly string[]
  readonly features: readonly string[]
}

/** A wallet (Wallet Standard, `Wallet`), as far as a signer needs it. */
export interface StandardWallet {
  readonly name: string
  readonly chains: readonly string[]
  readonly accounts: readonly WalletAccount[]
  readonly features: Readonly<Record<string, unknown>>
}

interface SignTransaction {
  signTransaction(input: {
    readonly account: WalletAccount
    readonly transaction: Uint8Array
    readonly chain?: string
  }): Promise<readonly { readonly signedTransaction: Uint8Array }[]>
}

interface SignAndSendTransaction {
  signAndSendTransaction(input: {
    readonly account: WalletAccount
    readonly transaction: Uint8Array
    readonly chain: string
    readonly options?: { readonly skipPreflight?: boolean; readonly preflightCommitment?: string }
  }): Promise<readonly { readonly signature: Uint8Array }[]>
}

/** The names that wallets give to clusters; a local one has no genesis of its own. */
const CHAINS: Readonly<Record<string, string>> = {
  'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp': 'solana:mainnet',
  'solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1': 'solana:devnet',
  'solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z': 'solana:testnet',
}

/**
 * A signer over a wallet of the Wallet Standard that signs and hands back (`solana:signTransaction`). Before each step it checks that the wallet
 * knows the network (`SolanaWrongChain` 3304) and still shows the account (`SolanaWalletAccount` 3322); a user's no is
 * `SolanaWalletRefused` (3321), any other failure `SolanaWalletFailed` (3324). What the wallet signed may have another limit and price of
 * compute units, up to the step's maximum fee; any other difference is `SolanaWalletChanged` (3323).
 *
 * A wallet shows its transactions to others before they are sent (simulation, screening): handing it a claim reveals the secret.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createWalletSigner, type StandardWallet } from '@aitbc/adapters/solana'
 * declare const wallet: StandardWallet
 * createWalletSigner(wallet, {
 *   network: networks.solana,
 *   account: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM',
 * }).kind // 'signs'
 */
export function createWalletSigner(
  wallet: StandardWallet,
  options: WalletOptions,
): Signer & { readonly kind: 'signs' } {
  const { account, chain, own, shown } = walletOf(wallet, options, 'solana:signTransaction')
  return {
    kind: 'signs',
    asks: true,
    account,
    async sign(step, call) {
      call?.signal?.throwIfAborted()
      const asked = own(step)
      const feature = wallet.features['solana:signTransaction'] as SignTransaction
      const [answer] = await ask(() =>
        feature.signTransaction({ account: shown(), transaction: step.payload, chain }),
      )
      const raw = answer?.signedTransaction
      if (!(raw instanceof Uint8Array)) throw failed('no signed transaction', undefined)
      return accept(step, asked, Bytes.copy(raw))
    },
  }
}

/**
 * A signer over a wallet of the Wallet Standard that sends by itself (`solana:signAndSendTransaction`), with the checks and errors of
 * {@link createWalletSigner}. Wallets keep the bytes, so what they sent can't be compared; claims are sent without simulation by the
 * node, and what the wallet itself does can't be told.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createWalletSender, type StandardWallet } from '@aitbc/adapters/solana'
 * declare const wallet: StandardWallet
 * createWalletSender(wallet, {
 *   network: networks.solana,
 *   account: 'solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM',
 * }).kind // 'sends'
 */
export function createWalletSender(
  wallet: StandardWallet,
  options: WalletOptions,
): Signer & { readonly kind: 'sends' } {
  const { account, chain, own, shown } = walletOf(wallet, options, 'solana:signAndSendTransaction')
  return {
    kind: 'sends',
    account,
    async ready(step) {
      own(step)
      shown()
    },
    async send(step, call) {
      call?.signal?.throwIfAborted()
      own(step)
      const feature = wallet.features['solana:signAndSendTransaction'] as SignAndSendTransaction
      const [answer] = await ask(() =>
        feature.signAndSendTransaction({
          account: shown(),
          transaction: step.payload,
          chain,
          options: { skipPreflight: step.kind === 'claim', preflightCommitment: 'confirmed' },
        }),
      )
      const signature = answer?.signature
      if (!(signature instanceof Uint8Array) || signature.length !== 64)
        throw failed('no signature of 64 bytes', undefined)
      const id = Address.encode(signature)
      return { step, id, attempts: [id] }
    },
  }
}

interface WalletOptions {
  readonly network: Network
  readonly account: AccountId.AccountId
  /** What the wallet calls the network, where the network isn't one of Solana's own clusters: `solana:localnet` unless told. */
  readonly chain?: string
}

function walletOf(wallet: StandardWallet, options: WalletOptions, feature: string) {
  const { network } = options
  assertFamily(network, 'solana')
  const account = AccountId.canonical(options.account)
  const address = Address.encode(keyOf(account, network.id, 'account'))
  const chain = options.chain ?? CHAINS[network.id] ?? 'solana:localnet'
  const shown = (): WalletAccount => {
    if (wallet.features[feature] === undefined)
      throw SolanaErrors.SolanaWalletFailed(`the wallet ${wallet.name} can't ${feature}`, { feature })
    if (!wallet.chains.includes(chain))
      throw SolanaErrors.SolanaWrongChain(`the wallet ${wallet.name} must be on ${chain}`, {
        expected: chain,
        received: wallet.chains.slice(0, 10),
      })
    const found = wallet.accounts.find((it) => it.address === address)
    if (found === undefined || !found.features.includes(feature))
      throw SolanaErrors.SolanaWalletAccount(
        `the wallet must have ${address} connected, it has ${show(wallet.accounts[0]?.address)}`,
        { expected: address, received: wallet.accounts.slice(0, 10).map((it) => it.address) },
      )
    if (!found.chains.includes(chain))
      throw SolanaErrors.SolanaWrongChain(`the wallet's account ${address} must be on ${chain}`, {
        expected: chain,
        received: found.chains.slice(0, 10),
      })
    return found
  }
  return { account, chain, shown, own: (step: Step) => ownStep(step, network.id, account) }
}

/** What a wallet signed: the step's transaction, or one that does the same at another price within the step's maximum fee. */
export function accept(step: Step, asked: SolanaTransaction.Decoded, raw: Bytes.Bytes) {
  const changed = (why: string) =>
    SolanaErrors.SolanaWalletChanged(`the wallet signed another transaction than the ${step.kind}: ${why}`, {
      kind: step.kind,
      reason: why,
    })
  const read = Transaction.decode(raw)
  if (!read.ok) throw changed(read.refusal.message)
  let signed: SolanaTransaction.Decoded
  try {
    signed = SolanaTransaction.decode(raw)
  } catch (error) {
    if (isAitbcError(error)) throw changed(error.message)
    throw error
  }
  const same =
    Bytes.equal(signed.payer, asked.payer) &&
    signed.message.header.signatures === 1 &&
    Bytes.equal(signed.lifetime, asked.lifetime) &&
    (signed.nonce === undefined) === (asked.nonce === undefined) &&
    SolanaTransaction.sameActs(SolanaTransaction.acts(signed), SolanaTransaction.acts(asked))
  if (!same) throw changed('it does something else')
  const more = SolanaTransaction.feeOf(signed) - SolanaTransaction.feeOf(asked)
  if (more > 0n) throw changed(`it costs ${more} lamports more than the maximum`)
  if (signed.units < asked.units) throw changed('it may use fewer compute units than it needs')
  if (!Transaction.verify(read.value).ok) throw changed('its signature is wrong')
  const payload = Transaction.encode({
    signatures: [new Uint8Array(64)],
    message: read.value.message,
  })
  return SolanaTransaction.sign({ ...step, payload }, read.value.signatures[0] as Bytes.Bytes)
}

/** A wallet's own words for what went wrong, as typed errors. */
export async function ask<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    if (isAitbcError(error)) throw error
    const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as {
      code?: unknown
      message?: unknown
    }
    const text = typeof message === 'string' ? message.slice(0, 300) : String(error).slice(0, 300)
    // The standard has no codes; wallets reject with 4001 of EIP-1193, or in words.
    if (
      code === 4001 ||
      /(?:user|request)[^.]*(?:reject|declin|denied|cancel)|rejected the request/i.test(text)
    )
      throw SolanaErrors.SolanaWalletRefused(
        `the wallet answered: ${text}`,
        { code, message: text },
        { cause: error },
      )
    throw failed(text, error)
  }
}

function failed(text: string, cause: unknown) {
  return SolanaErrors.SolanaWalletFailed(`the wallet answered: ${text}`, { message: text }, { cause })
}

export function ownStep(
  step: Step,
  network: string,
  account: AccountId.AccountId,
): SolanaTransaction.Decoded {
  assertNetwork(step?.network, network, 'step.network')
  const decoded = SolanaTransaction.ofStep(step)
  if (step.from !== account)
    throw SolanaErrors.SolanaInvalidStep(`step.from must be ${account}, got ${show(step.from)}`, {
      argument: 'step.from',
      expected: account,
      received: step.from,
    })
  return decoded
}
