import { type AccountId, Bytes, type Network, type Signer, type Step, show } from '@aitbc/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import { assertFamily, assertNetwork } from '../internal/guards.js'
import * as Address from './Address.js'
import { PolkadotErrors } from './errors.js'
import * as PolkadotTransaction from './PolkadotTransaction.js'

/** What an extension of a browser gives an application for one account's signatures (`InjectedSigner` of @polkadot/extension-inject). */
export interface InjectedSigner {
  readonly signPayload?: (
    payload: PolkadotTransaction.SignerPayload,
  ) => Promise<{ readonly signature: string; readonly signedTransaction?: unknown }>
}

/** What an extension gives once the user has let the application in (`Injected` of @polkadot/extension-inject). */
export interface InjectedExtension {
  readonly accounts: {
    get(): Promise<readonly { readonly address: string; readonly genesisHash?: string | null }[]>
  }
  readonly signer: InjectedSigner
}

/**
 * A signer that holds an ed25519 key (32 bytes of seed, RFC 8032). It signs steps of its own account and network alone:
 * `PolkadotInvalidStep` (3508), `ForeignNetwork` (1016).
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createKeySigner } from '@aitbc/adapters/polkadot'
 * createKeySigner({ network: networks.polkadotLocal, privateKey: new Uint8Array(32).fill(1) }).account
 */
export function createKeySigner(options: {
  readonly network: Network
  readonly privateKey: Bytes.Bytes32
}): Signer & { readonly kind: 'signs' } {
  Bytes.assert(options.privateKey, 32, 'privateKey')
  const { network } = options
  assertFamily(network, 'polkadot')
  const key = Bytes.copy(options.privateKey)
  const account = Address.toAccountId(ed25519.getPublicKey(key), network)
  return {
    kind: 'signs',
    account,
    async sign(step, call) {
      call?.signal?.throwIfAborted()
      const transaction = ownStep(step, network, account)
      const signature = ed25519.sign(PolkadotTransaction.signingBytes(transaction), key)
      return PolkadotTransaction.signed(step, Bytes.concat(Uint8Array.of(0), signature))
    },
  }
}

/**
 * A signer over an injected extension (polkadot-js, Talisman, SubWallet …). Before each step it checks that the wallet has the account, on
 * this network (`PolkadotWalletAccount` 3522, `PolkadotWrongChain` 3503); a user's no is `PolkadotWalletRefused` (3521), any other failure
 * `PolkadotWalletFailed` (3524). What comes back must be a signature of exactly the step: a wallet that changed it is
 * `PolkadotWalletChanged` (3523), and nothing is sent.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { Address, createInjectedSigner } from '@aitbc/adapters/polkadot'
 * const account = Address.toAccountId(new Uint8Array(32).fill(1), networks.polkadotLocal)
 * const extension = { accounts: { get: async () => [] }, signer: {} }
 * createInjectedSigner(extension, { network: networks.polkadotLocal, account }).kind // 'signs'
 */
export function createInjectedSigner(
  extension: InjectedExtension,
  options: { readonly network: Network; readonly account: AccountId.AccountId },
): Signer & { readonly kind: 'signs' } {
  const { network, account } = options
  assertFamily(network, 'polkadot')
  const own = Address.fromAccountId(account, network, 'account')
  return {
    kind: 'signs',
    asks: true,
    account,
    async sign(step, call) {
      call?.signal?.throwIfAborted()
      const transaction = ownStep(step, network, account)
      const { accounts, signer } = extension
      const listed = await wallet(() => accounts.get())
      const entry = Array.isArray(listed) ? listed.find((one) => isAccount(one?.address, own)) : undefined
      if (entry === undefined)
        throw PolkadotErrors.PolkadotWalletAccount(`the wallet must have ${account}, it has not`, {
          expected: account,
        })
      const genesisHash = `0x${Bytes.toHex(transaction.genesisHash)}`
      if (typeof entry.genesisHash === 'string' && entry.genesisHash !== genesisHash)
        throw PolkadotErrors.PolkadotWrongChain(
          `the wallet must allow ${account} on ${network.id}, it allows ${entry.genesisHash} alone`,
          { expected: network.id, received: entry.genesisHash },
        )
      const { signPayload } = signer
      if (signPayload === undefined)
        throw PolkadotErrors.PolkadotWalletFailed('the wallet signs no transactions', { account })
      const answer = await wallet(() => signPayload.call(signer, PolkadotTransaction.toJson(transaction)))
      call?.signal?.throwIfAborted()
      const signature = signatureOf(answer?.signature)
      const raw = PolkadotTransaction.assemble(transaction, signature)
      if (answer.signedTransaction !== undefined && !isSame(answer.signedTransaction, raw))
        throw PolkadotErrors.PolkadotWalletChanged(
          `the wallet signed another transaction than the ${step.kind} it was asked for`,
          { kind: step.kind, account },
        )
      if (signature[0] === 0 && !verifies(signature, transaction, own))
        throw PolkadotErrors.PolkadotWalletChanged(
          `the wallet's signature is not of the ${step.kind} it was asked for`,
          { kind: step.kind, account },
        )
      return { step, id: PolkadotTransaction.id(raw), raw }
    },
  }
}

function ownStep(
  step: Step,
  network: Network,
  account: AccountId.AccountId,
): PolkadotTransaction.PolkadotTransaction {
  assertNetwork(step?.network, network.id, 'step.network')
  const transaction = PolkadotTransaction.ofStep(step)
  if (step.from !== account)
    throw PolkadotErrors.PolkadotInvalidStep(`step.from must be ${account}, got ${show(step.from)}`, {
      argument: 'step.from',
      expected: account,
      received: step.from,
    })
  return transaction
}

/** Whether a wallet's spelling of an account, with any chain's prefix, is an account. */
function isAccount(address: unknown, account: Bytes.Bytes32): boolean {
  try {
    return Bytes.equal(Address.decode(address as string).account, account)
  } catch {
    // Accounts of other kinds, such as Ethereum's, aren't ours.
    return false
  }
}

function signatureOf(text: unknown): Bytes.Bytes {
  const match = typeof text === 'string' ? /^0x((?:00|01)[0-9a-f]{128}|02[0-9a-f]{130})$/i.exec(text) : null
  if (match === null)
    throw PolkadotErrors.PolkadotWalletFailed('the wallet answered no signature with its kind before it', {
      received: show(text),
    })
  return Bytes.fromHex((match[1] as string).toLowerCase())
}

function isSame(signedTransaction: unknown, raw: Bytes.Bytes): boolean {
  if (signedTransaction instanceof Uint8Array) return Bytes.equal(signedTransaction, raw)
  return signedTransaction === `0x${Bytes.toHex(raw)}`
}

function verifies(
  signature: Bytes.Bytes,
  transaction: PolkadotTransaction.PolkadotTransaction,
  account: Bytes.Bytes32,
): boolean {
  try {
    return ed25519.verify(signature.slice(1), PolkadotTransaction.signingBytes(transaction), account)
  } catch {
    return false
  }
}

/** Extensions throw what their pages say: `Cancelled` or `Rejected by user` where the user declined. */
async function wallet<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const message = String((error as { readonly message?: unknown } | undefined)?.message ?? error).slice(
      0,
      200,
    )
    const context = { message }
    if (/cancel|reject|denied|declin/i.test(message))
      throw PolkadotErrors.PolkadotWalletRefused(`the wallet answered: ${message}`, context, { cause: error })
    throw PolkadotErrors.PolkadotWalletFailed(`the wallet answered: ${message}`, context, { cause: error })
  }
}
