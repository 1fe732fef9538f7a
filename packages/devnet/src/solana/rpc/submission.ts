import { Message, Transaction } from '@aitbc/proofs/solana'
import * as Failure from '../Failure.js'
import type { Block, Ledger } from '../ledger.js'
import { MOST_AGE } from '../ledger.js'
import * as Runtime from '../runtime.js'
import * as Accounts from './accounts.js'
import * as Params from './params.js'
import * as Transactions from './transactions.js'
import type { Methods, Views } from './views.js'

/** How transactions come onto the chain. */
export interface Gate {
  /** Has a transaction executed, and in a block where blocks come by themselves. */
  readonly submit: (it: Runtime.Parsed) => void
  /** Pays lamports out of the chain's purse; the signature. */
  readonly airdrop: (address: string, lamports: bigint) => string
}

/** Characters of a whole transaction in base58 and base64. */
const MOST_BASE58 = 1_683
const MOST_BASE64 = 1_644
const TYPE = 'solana_transaction::versioned::VersionedTransaction'

/** Sending, simulating, and what it costs. */
export function methods(
  { ledger, decode58, encode58, viewOf, inContext, lifetimeOf, mintAt }: Views,
  { submit, airdrop }: Gate,
): Methods {
  function wire(params: readonly unknown[], options: Params.Config): Runtime.Parsed {
    const text = Params.text(params, 0)
    const encoding = Params.oneOf(options, 'encoding', ['base58', 'base64'], 'base58')
    const most = encoding === 'base58' ? MOST_BASE58 : MOST_BASE64
    if (text.length > most)
      throw Params.invalid(
        `${encoding} encoded ${TYPE} too large: ${text.length} bytes (max: encoded/raw ${most}/${Transaction.MAX_SIZE})`,
      )
    const bytes = encoding === 'base58' ? Params.base58(text, most, decode58) : Params.base64(text)
    if (bytes.length > Transaction.MAX_SIZE)
      throw Params.invalid(
        `decoded ${TYPE} too large: ${bytes.length} bytes (max: ${Transaction.MAX_SIZE} bytes)`,
      )
    const read = Runtime.parse(bytes)
    if (!read.ok)
      throw Params.invalid(`failed to deserialize ${TYPE}: ${read.refusal.check}: ${read.refusal.message}`)
    return Runtime.parsed(bytes, read.value)
  }

  type Simulated = ReturnType<Ledger['simulate']>
  const simulated = (it: Simulated) => ({
    err: it.failure,
    logs: it.logs,
    accounts: null,
    unitsConsumed: it.units,
    returnData: Transactions.returned(it),
    innerInstructions: null,
    replacementBlockhash: null,
  })

  function sendTransaction(params: readonly unknown[]): string {
    const options = Params.config(params, 1)
    const it = wire(params, options)
    const { commitment } = viewOf({
      commitment: options['skipPreflight'] === true ? 'processed' : options['preflightCommitment'],
      minContextSlot: options['minContextSlot'],
    })
    if (options['skipPreflight'] !== true) {
      if (!Transaction.verify(it.transaction).ok)
        throw Params.refusal(Params.CODES.signature, 'Transaction signature verification failure')
      const result = ledger.simulate(it, commitment, { signatures: false, lifetime: true })
      if (result.failure !== null)
        throw Params.refusal(
          Params.CODES.preflight,
          `Transaction simulation failed: ${Failure.describe(result.failure)}`,
          simulated(result),
        )
    }
    submit(it)
    return it.signature
  }

  function simulateTransaction(params: readonly unknown[]): unknown {
    const options = Params.config(params, 1)
    const it = wire(params, options)
    const view = viewOf(options)
    const { sigVerify = false, replaceRecentBlockhash = false } = options
    if (sigVerify === true && replaceRecentBlockhash === true)
      throw Params.invalid('sigVerify may not be used with replaceRecentBlockhash')
    const wanted = options['accounts'] as Params.Config | undefined | null
    const addresses = wanted?.['addresses']
    if (addresses !== undefined && !Array.isArray(addresses))
      throw Params.invalid('Invalid params: invalid type, expected a sequence.')
    const result = ledger.simulate(it, view.commitment, {
      signatures: sigVerify === true,
      lifetime: replaceRecentBlockhash !== true,
    })
    const keys = result.resolved?.keys ?? it.addresses
    if (addresses !== undefined && addresses.length > keys.length)
      throw Params.invalid(`Too many accounts provided; max ${keys.length}`)
    const accounts = addresses?.map((address: unknown) => {
      const name = Params.address(address)
      if (result.failure !== null) return null
      const account = result.after.get(name)
      const encoding = Params.oneOf(wanted ?? {}, 'encoding', ['base64', 'jsonParsed'], 'base64')
      return account === undefined ? null : Accounts.encode(account, { encoding }, mintAt(view.commitment))
    })
    return inContext(view, {
      ...simulated(result),
      accounts: accounts ?? null,
      ...(options['innerInstructions'] === true
        ? { innerInstructions: Transactions.inner({ keys, inner: result.inner }, true) }
        : {}),
      ...(replaceRecentBlockhash === true ? { replacementBlockhash: lifetimeOf(view.last) } : {}),
    })
  }

  function getFeeForMessage(params: readonly unknown[]): unknown {
    const bytes = Params.base64(Params.text(params, 0))
    const view = viewOf(Params.config(params, 1))
    const read = Message.decode(bytes)
    if (!read.ok)
      throw Params.invalid(
        `failed to deserialize solana_message::versions::VersionedMessage: ${read.refusal.message}`,
      )
    const message = read.value
    const nonce = Runtime.nonceAccountOf(message)
    const known =
      ledger.isRecent(encode58(message.lifetime), view.commitment) ||
      (nonce !== undefined && Runtime.isNonceOf(ledger.account(nonce, view.commitment), message))
    return inContext(view, known ? Runtime.feeOf(message) : null)
  }

  function getRecentPrioritizationFees(params: readonly unknown[]): unknown {
    const addresses = params[0] === undefined ? [] : Params.texts(params, 0, 128).map(Params.address)
    const out: { slot: bigint; prioritizationFee: bigint }[] = []
    const { last } = ledger.view('processed')
    for (let block: Block | undefined = last; block !== undefined && out.length < Number(MOST_AGE); ) {
      // The least price of a transaction that wrote all these accounts, in a slot; votes pay none and don't count.
      const prices = block.executed
        .filter((it) => !it.vote)
        .filter((it) => addresses.every((address) => Runtime.writableKeys(it).includes(address)))
        .map(({ transaction }) => Runtime.unitPrice(transaction.message))
      out.unshift({
        slot: block.slot,
        prioritizationFee: prices.sort((a, b) => (a < b ? -1 : 1))[0] ?? 0n,
      })
      block = block.slot === 0n ? undefined : ledger.parentOf(block.slot)
    }
    return out
  }

  function requestAirdrop(params: readonly unknown[]): string {
    const address = Params.address(params[0])
    const lamports = Params.whole(params[1])
    return airdrop(address, lamports)
  }

  return {
    getLatestBlockhash: (params) => {
      const view = viewOf(Params.config(params, 0))
      return inContext(view, lifetimeOf(view.last))
    },
    isBlockhashValid: (params) => {
      const blockhash = Params.address(params[0])
      const view = viewOf(Params.config(params, 1))
      return inContext(view, ledger.isRecent(blockhash, view.commitment))
    },
    getFeeForMessage,
    getRecentPrioritizationFees,
    sendTransaction,
    simulateTransaction,
    requestAirdrop,
  }
}
