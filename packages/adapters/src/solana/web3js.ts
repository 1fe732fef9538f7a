import {
  AccountId,
  type Bytes,
  CoreErrors,
  type Network,
  type Signed,
  type Signer,
  type Step,
  show,
} from '@aitbc/core'
import {
  type Connection,
  type Keypair,
  type PublicKey,
  type TransactionInstruction,
  VersionedTransaction,
} from '@solana/web3.js'
import { createSolanaAdapter, type SolanaAdapter } from './createSolanaAdapter.js'
import { encodeCall } from './SolanaInstruction.js'
import type { SolanaTransport } from './SolanaRpc.js'
import * as SolanaTransaction from './SolanaTransaction.js'
import { accept, ask, createKeySigner, ownStep } from './signers.js'

/**
 * The adapter over a `Connection` of @solana/web3.js: as `createSolanaAdapter`, with a connection in place of `rpc`.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createConnectionAdapter } from '@aitbc/adapters/solana/web3js'
 * declare const connection: Parameters<typeof createConnectionAdapter>[0]['connection']
 * createConnectionAdapter({
 *   network: networks.solana,
 *   connection,
 *   program: '4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM',
 * }).capabilities.proofs // 'inclusion'
 */
export function createConnectionAdapter(
  options: Omit<createSolanaAdapter.Options, 'rpc'> & { readonly connection: Connection },
): SolanaAdapter {
  const { connection, ...rest } = options
  return createSolanaAdapter({ ...rest, rpc: fromConnection(connection) })
}

/**
 * A transport that asks through a connection's own client, so that its headers, its `fetch` and its middleware serve. An aborted call ends
 * at once; the request behind it goes on, for a connection can't stop it.
 *
 * @example
 * import { fromConnection } from '@aitbc/adapters/solana/web3js'
 * declare const connection: Parameters<typeof fromConnection>[0]
 * fromConnection(connection).request('getSlot')
 */
export function fromConnection(connection: Connection): SolanaTransport {
  const { _rpcRequest: request } = (connection ?? {}) as unknown as {
    readonly _rpcRequest?: (method: string, params: readonly unknown[]) => Promise<unknown>
  }
  if (typeof request !== 'function')
    throw CoreErrors.InvalidArgument(
      `connection must be a Connection of @solana/web3.js, got ${show(connection)}`,
      { argument: 'connection' },
    )
  return {
    assurance: 'reported',
    async request(method, params = [], options = {}) {
      const { signal } = options
      signal?.throwIfAborted()
      const answer = await until(request(method, params), signal)
      const { error, result } = (typeof answer === 'object' && answer !== null ? answer : {}) as {
        readonly error?: unknown
        readonly result?: unknown
      }
      // An object with a numeric code is the node's own answer.
      if (error !== undefined && error !== null) throw error
      if (result === undefined)
        throw CoreErrors.RpcMalformed(`${method} must answer a result or an error, got ${show(answer)}`, {
          method,
          received: show(answer),
        })
      return result
    },
  }
}

/**
 * A signer that holds a `Keypair` of @solana/web3.js.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createKeypairSigner } from '@aitbc/adapters/solana/web3js'
 * declare const keypair: Parameters<typeof createKeypairSigner>[0]
 * createKeypairSigner(keypair, { network: networks.solanaLocal }).kind // 'signs'
 */
export function createKeypairSigner(
  keypair: Keypair,
  options: { readonly network: Network },
): Signer & { readonly kind: 'signs' } {
  const secret = keypair?.secretKey
  if (!(secret instanceof Uint8Array) || secret.length !== 64)
    throw CoreErrors.InvalidArgument('keypair must be a Keypair of @solana/web3.js', { argument: 'keypair' })
  // The first half is ed25519's seed, the other the public key.
  return createKeySigner({ network: options.network, privateKey: secret.slice(0, 32) })
}

/** What applications of @solana/web3.js call a wallet: a key, and a function that signs its transactions. */
export interface TransactionWallet {
  readonly publicKey: PublicKey
  signTransaction(transaction: VersionedTransaction): Promise<VersionedTransaction>
}

/**
 * A signer over a wallet that signs transactions of @solana/web3.js, with the checks and errors of `createWalletSigner`: a user's no is
 * `SolanaWalletRefused` (3321), another transaction `SolanaWalletChanged` (3323).
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createTransactionSigner, type TransactionWallet } from '@aitbc/adapters/solana/web3js'
 * declare const wallet: TransactionWallet
 * createTransactionSigner(wallet, { network: networks.solanaLocal }).kind // 'signs'
 */
export function createTransactionSigner(
  wallet: TransactionWallet,
  options: { readonly network: Network },
): Signer & { readonly kind: 'signs' } {
  const { network } = options
  const account = AccountId.from(`${network.id}:${wallet?.publicKey?.toBase58()}`, 'wallet.publicKey')
  return {
    kind: 'signs',
    asks: true,
    account,
    async sign(step, call) {
      call?.signal?.throwIfAborted()
      const asked = ownStep(step, network.id, account)
      const signed = await ask(() => wallet.signTransaction(toTransaction(step)))
      return accept(step, asked, Uint8Array.from(signed.serialize()))
    },
  }
}

/**
 * A step's transaction as an application of @solana/web3.js takes it; `SolanaInvalidStep` (3307).
 *
 * @example
 * import { toTransaction } from '@aitbc/adapters/solana/web3js'
 * declare const step: Parameters<typeof toTransaction>[0]
 * toTransaction(step).version // 0
 */
export function toTransaction(step: Step): VersionedTransaction {
  SolanaTransaction.ofStep(step)
  return VersionedTransaction.deserialize(step.payload)
}

/**
 * A step that an application signed by itself, ready for `submit`; `SolanaInvalidStep` (3307) where the transaction isn't the step's, or isn't
 * signed.
 *
 * @example
 * import { toSigned } from '@aitbc/adapters/solana/web3js'
 * declare const step: Parameters<typeof toSigned>[0]
 * declare const transaction: Parameters<typeof toSigned>[1]
 * toSigned(step, transaction).id
 */
export function toSigned(step: Step, transaction: VersionedTransaction): Signed {
  const [signature = new Uint8Array(0)] = transaction?.signatures ?? []
  const signed = SolanaTransaction.sign(step, Uint8Array.from(signature))
  SolanaTransaction.assertSigned({ ...signed, raw: Uint8Array.from(transaction.serialize()) })
  return signed
}

/**
 * The `to` and `data` of a `call` intent for an instruction of @solana/web3.js.
 *
 * @example
 * import { toCall } from '@aitbc/adapters/solana/web3js'
 * declare const instruction: Parameters<typeof toCall>[0]
 * declare const from: `${string}:${string}:${string}`
 * const intent = { kind: 'call', from, ...toCall(instruction, { network: 'solana:…' }), value: 0n }
 */
export function toCall(
  instruction: TransactionInstruction,
  options: { readonly network: Network['id'] },
): { readonly to: AccountId.AccountId; readonly data: Bytes.Bytes } {
  return {
    to: AccountId.from(`${options.network}:${instruction.programId.toBase58()}`, 'instruction.programId'),
    data: encodeCall(
      instruction.keys.map(({ pubkey, isSigner, isWritable }) => ({
        address: Uint8Array.from(pubkey.toBytes()),
        signer: isSigner,
        writable: isWritable,
      })),
      Uint8Array.from(instruction.data),
    ),
  }
}

function until<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return answer
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
