import {
  AccountId,
  Bytes,
  type CallOptions,
  isAitbcError,
  type Network,
  type Signer,
  type Step,
  show,
} from '@aitbc/core'
import { hexToBytes, keccak256, toHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { assertNetwork } from '../internal/guards.js'
import * as EvmRpc from './EvmRpc.js'
import * as EvmTransaction from './EvmTransaction.js'
import { EvmErrors } from './errors.js'
import { addressOf, chainIdOf } from './HtlcLock.js'

/** A provider of a wallet (EIP-1193). */
export type EvmProvider = EvmRpc.EvmTransport

/**
 * A signer that holds a private key (32 bytes). It signs steps of its own account and network alone: `EvmInvalidStep` (3207),
 * `ForeignNetwork` (1016).
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createKeySigner } from '@aitbc/adapters/evm'
 * createKeySigner({ network: networks.evmLocal, privateKey: new Uint8Array(32).fill(1) }).account
 */
export function createKeySigner(options: {
  readonly network: Network
  readonly privateKey: Bytes.Bytes32
}): Signer & { readonly kind: 'signs' } {
  Bytes.assert(options.privateKey, 32, 'privateKey')
  const { id: network } = options.network
  const chainId = Number(chainIdOf(network))
  const key = privateKeyToAccount(toHex(options.privateKey))
  const account = AccountId.canonical(`${network}:${key.address}`)
  return {
    kind: 'signs',
    account,
    async sign(step, call) {
      call?.signal?.throwIfAborted()
      const { from, nonce, ...transaction } = ownStep(step, network, account)
      const raw = hexToBytes(
        await key.signTransaction({ ...transaction, type: 'eip1559', chainId, nonce: Number(nonce) }),
      )
      return { step, id: keccak256(raw), raw }
    },
  }
}

/**
 * A signer over a wallet's EIP-1193 provider, which sends by itself. Before each step it checks that the wallet is on the
 * network (`EvmWrongChain` 3204) and has the account connected (`EvmWalletAccount` 3222); a user's no is `EvmWalletRefused`
 * (3221), any other failure `EvmWalletFailed` (3224). What the wallet really sent is read back: its own nonce and fees become the
 * step's, and any other difference is `EvmWalletChanged` (3223).
 *
 * A wallet shows its transactions to others before they are sent (simulation, screening): handing it a claim reveals the secret. What it
 * was asked for can't be taken back: a first claim that is confirmed there after the deadline still shows the secret, for nothing.
 *
 * @example
 * import * as networks from '@aitbc/core/networks'
 * import { createEip1193Signer } from '@aitbc/adapters/evm'
 * const provider = { request: async () => null }
 * createEip1193Signer(provider, {
 *   network: networks.evmLocal,
 *   account: 'eip155:31337:0x00000000000000000000000000000000000000aa',
 * }).kind // 'sends'
 */
export function createEip1193Signer(
  provider: EvmProvider,
  options: { readonly network: Network; readonly account: AccountId.AccountId },
): Signer & { readonly kind: 'sends' } {
  const { id: network } = options.network
  const chainId = chainIdOf(network)
  const account = AccountId.canonical(options.account)
  const address = addressOf(account, network, 'account')
  const ready = async (step: Step, call?: CallOptions) => {
    const asked = ownStep(step, network, account)
    const received = await wallet(() => EvmRpc.chainId(provider, call))
    if (received !== chainId)
      throw EvmErrors.EvmWrongChain(`the wallet must be on ${network}, it is on eip155:${received}`, {
        expected: network,
        received: `eip155:${received}`,
      })
    const accounts = await wallet(() => EvmRpc.call(provider, 'eth_accounts', [], call))
    const connected = Array.isArray(accounts) ? accounts.map((entry) => String(entry).toLowerCase()) : []
    if (!connected.includes(address))
      throw EvmErrors.EvmWalletAccount(
        `the wallet must have ${address} connected, it has ${show(connected[0])}`,
        {
          expected: address,
          received: connected.slice(0, 10),
        },
      )
    return asked
  }
  return {
    kind: 'sends',
    account,
    async ready(step, call) {
      await ready(step, call)
    },
    async send(step, call) {
      const asked = await ready(step, call)
      const id = await wallet(() => EvmRpc.sendByWallet(provider, asked, call))
      const sent = await readBack(provider, id, call)
      if (sent === undefined) return { step, id, attempts: [id] }
      const same =
        sent.from === address &&
        sent.to === asked.to &&
        sent.value === asked.value &&
        sent.data === asked.data
      if (!same)
        throw EvmErrors.EvmWalletChanged(
          `the wallet sent ${id}, which is not the ${step.kind} it was asked for`,
          {
            id,
            kind: step.kind,
          },
        )
      const own = { ...asked, nonce: sent.nonce, ...sent.fees }
      const { network: at, kind, validFrom, validUntil, maxFee } = step
      const updated = EvmTransaction.toStep(own, {
        network: at,
        kind,
        from: account,
        feeAsset: maxFee.asset,
        ...(validFrom === undefined ? {} : { validFrom }),
        ...(validUntil === undefined ? {} : { validUntil }),
      })
      return { step: updated, id, attempts: [id] }
    },
  }
}

function ownStep(step: Step, network: string, account: AccountId.AccountId) {
  assertNetwork(step?.network, network, 'step.network')
  const transaction = EvmTransaction.ofStep(step)
  if (AccountId.canonical(step.from) !== account)
    throw EvmErrors.EvmInvalidStep(`step.from must be ${account}, got ${show(step.from)}`, {
      argument: 'step.from',
      expected: account,
      received: step.from,
    })
  return transaction
}

/** What was sent, where the wallet tells; that it was sent is certain either way. */
async function readBack(provider: EvmProvider, id: `0x${string}`, call?: { readonly signal?: AbortSignal }) {
  try {
    return await EvmRpc.sentTransaction(provider, id, call)
  } catch (error) {
    if (isAitbcError(error)) return undefined
    throw error
  }
}

/** A wallet's own words for what went wrong (EIP-1193, "Provider errors"), as typed errors. */
async function wallet<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!isAitbcError(error, 'RpcRejected') && !isAitbcError(error, 'RpcUnreachable')) throw error
    const { code, message } = error.context
    const context = { code, message }
    const said = `the wallet answered ${String(code ?? 'nothing')}: ${String(message)}`
    if (code === 4001) throw EvmErrors.EvmWalletRefused(said, context, { cause: error })
    if (code === 4100) throw EvmErrors.EvmWalletAccount(said, context, { cause: error })
    if (code === 4901) throw EvmErrors.EvmWrongChain(said, context, { cause: error })
    throw EvmErrors.EvmWalletFailed(said, context, { cause: error })
  }
}
