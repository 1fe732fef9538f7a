import { Address, Message, Transaction } from '@aitbc/proofs/solana'
import { ed25519 } from '@noble/curves/ed25519.js'
import type { StandardWallet, WalletAccount } from '../../src/solana/index.js'

const FEATURES = ['solana:signTransaction', 'solana:signAndSendTransaction'] as const

/**
 * A wallet of the Wallet Standard in memory: it announces accounts, chains and features, takes one input or several, asks its user, and
 * signs only for accounts that it shows, on chains that these have.
 */
export function createStandardWallet(
  options: { readonly chain?: string; readonly send?: (wire: Uint8Array) => void } = {},
) {
  const chain = options.chain ?? 'solana:localnet'
  const keys = [11, 12].map((byte) => new Uint8Array(32).fill(byte))
  const account = (key: Uint8Array): WalletAccount & { readonly publicKey: Uint8Array } => {
    const publicKey = ed25519.getPublicKey(key)
    return { address: Address.encode(publicKey), publicKey, chains: [chain], features: FEATURES }
  }
  const state = {
    selected: 0,
    /** What the user says to the next request. */
    user: 'yes' as 'yes' | 'no',
    /** What the wallet does to transactions before it signs them. */
    alter: (transaction: Transaction.Transaction): Transaction.Transaction => transaction,
    asked: 0,
  }
  const sign = (input: {
    readonly account: WalletAccount
    readonly transaction: Uint8Array
    readonly chain?: string
  }): Uint8Array => {
    state.asked++
    const key = keys.find((it) => account(it).address === input.account.address)
    if (key === undefined || input.account.address !== wallet.accounts[0]?.address)
      throw new Error('invalid account')
    if (input.chain !== undefined && !input.account.chains.includes(input.chain))
      throw new Error('invalid chain')
    if (state.user === 'no') throw new Error('User rejected the request.')
    const read = Transaction.decode(input.transaction)
    if (!read.ok) throw new Error('invalid transaction')
    const altered = state.alter(read.value)
    const at = altered.message.addresses.findIndex((it) => Address.encode(it) === input.account.address)
    const signature = ed25519.sign(Message.encode(altered.message), key)
    return Transaction.encode({
      ...altered,
      signatures: altered.signatures.map((it, index) => (index === at ? signature : it)),
    })
  }
  const wallet: StandardWallet = {
    name: 'In memory',
    chains: [chain],
    get accounts() {
      return [account(keys[state.selected] as Uint8Array)]
    },
    features: {
      'standard:connect': { version: '1.0.0', connect: async () => ({ accounts: wallet.accounts }) },
      'solana:signTransaction': {
        version: '1.0.0',
        supportedTransactionVersions: ['legacy', 0],
        signTransaction: async (...inputs: Parameters<typeof sign>[0][]) =>
          inputs.map((input) => ({ signedTransaction: sign(input) })),
      },
      'solana:signAndSendTransaction': {
        version: '1.0.0',
        supportedTransactionVersions: ['legacy', 0],
        signAndSendTransaction: async (...inputs: Parameters<typeof sign>[0][]) =>
          inputs.map((input) => {
            const wire = sign(input)
            options.send?.(wire)
            return { signature: wire.slice(1, 65) }
          }),
      },
    },
  }
  return { wallet, state }
}
