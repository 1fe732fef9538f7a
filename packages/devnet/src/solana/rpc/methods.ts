import { Bytes } from '@aitbc/core'
import { Message, Transaction } from '@aitbc/proofs/solana'
import * as Failure from '../Failure.js'
import type { Block, Commitment, Executed, Ledger, View } from '../ledger.js'
import { MOST_AGE } from '../ledger.js'
import * as Runtime from '../runtime.js'
import * as Tokens from '../tokens.js'
import * as Accounts from './accounts.js'
import * as Params from './params.js'
import * as Transactions from './transactions.js'

/** What the methods work on. */
export interface Source {
  readonly ledger: Ledger
  /** Has a transaction executed, and in a block where blocks come by themselves. */
  readonly submit: (it: Runtime.Parsed) => void
  /** Pays lamports out of the chain's purse; the signature. */
  readonly airdrop: (address: string, lamports: bigint) => string
}

export type Method = (params: readonly unknown[]) => unknown

/** The agave release whose runtime this is, by litesvm's dependencies. */
export const VERSION = '4.2.0'
const FEATURE_SET = 0
const SLOTS_IN_EPOCH = 432_000n
const MOST_ACCOUNTS = 100
const MOST_STATUSES = 256
const MOST_SIGNATURES = 1_000
const MOST_FILTERS = 4
const MOST_BLOCKS = 500_000n
/** Characters of a whole transaction in base58 and base64. */
const MOST_BASE58 = 1_683
const MOST_BASE64 = 1_644
/** Blocks whose transactions `getSignatureStatuses` knows without a search. */
const RECENT = 300n
const TYPE = 'solana_transaction::versioned::VersionedTransaction'

/** The JSON-RPC methods of a validator that serve wallets and programs. */
export function methods({ ledger, submit, airdrop }: Source): Readonly<Record<string, Method>> {
  const { kit } = ledger.libraries
  const decode58 = (text: string) => new Uint8Array(kit.getBase58Encoder().encode(text))

  function viewOf(options: Params.Config): View & { readonly commitment: Commitment } {
    const commitment = Params.commitment(options)
    const view = ledger.view(commitment)
    const least = options['minContextSlot']
    if (least !== undefined && least !== null && view.slot < Params.whole(least))
      throw Params.refusal(Params.CODES.contextSlot, 'Minimum context slot has not been reached', {
        contextSlot: view.slot,
      })
    return { ...view, commitment }
  }
  const inContext = ({ slot }: View, value: unknown) => ({ context: { slot, apiVersion: VERSION }, value })
  /** Blocks and transactions are told once they are confirmed. */
  function settled(options: Params.Config): View & { readonly commitment: Commitment } {
    const view = viewOf(options)
    if (view.commitment === 'processed')
      throw Params.invalid('Method does not support commitment below `confirmed`')
    return view
  }
  const mintAt = (commitment: Commitment) => (address: string) =>
    Tokens.mint(ledger.account(address, commitment))
  const encoded = (
    account: ReturnType<Ledger['account']>,
    options: Params.Config,
    commitment: Commitment,
  ) => {
    Accounts.encodingOf(options)
    return account === undefined ? null : Accounts.encode(account, options, mintAt(commitment))
  }

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

  const lifetimeOf = (last: Block) => ({ blockhash: last.hash, lastValidBlockHeight: last.height + MOST_AGE })

  /** How sure a transaction is. */
  function confirmationOf({ slot }: Executed): {
    readonly confirmations: bigint | null
    readonly is: Commitment
  } {
    if (slot <= ledger.view('finalized').slot) return { confirmations: null, is: 'finalized' }
    const { height } = ledger.view('processed')
    const at = ledger.block(slot)?.height ?? height
    return {
      confirmations: height - at,
      is: slot <= ledger.view('confirmed').slot ? 'confirmed' : 'processed',
    }
  }

  function getSignatureStatuses(params: readonly unknown[]): unknown {
    const signatures = Params.texts(params, 0, MOST_STATUSES)
    const search = Params.config(params, 1)['searchTransactionHistory'] === true
    const view = ledger.view('processed')
    const rooted = ledger.view('finalized').slot
    return inContext(
      view,
      signatures.map((text) => {
        const it = ledger.executed(signatureOf(text))
        if (it === undefined || (!search && it.slot + RECENT < rooted)) return null
        const { confirmations, is } = confirmationOf(it)
        return {
          slot: it.slot,
          confirmations,
          err: it.failure,
          status: Transactions.status(it),
          confirmationStatus: is,
        }
      }),
    )
  }

  function signatureOf(text: unknown): string {
    if (typeof text !== 'string' || text.length > 88) throw Params.invalid('Invalid param: WrongSize')
    if (Params.base58(text, 88, decode58).length !== 64) throw Params.invalid('Invalid param: WrongSize')
    return text
  }

  /** Transactions of a view, newest first. */
  const newestFirst = (view: View) =>
    ledger
      .transactions()
      .filter(({ slot }) => slot <= view.slot)
      .reverse()

  function getSignaturesForAddress(params: readonly unknown[]): unknown {
    const address = Params.address(params[0])
    const options = Params.config(params, 1)
    const view = settled(options)
    const limit =
      options['limit'] === undefined ? MOST_SIGNATURES : Number(Params.whole(options['limit'], 'usize'))
    if (limit === 0 || limit > MOST_SIGNATURES) throw Params.invalid(`Invalid limit; max ${MOST_SIGNATURES}`)
    let found = newestFirst(view)
    const cut = (name: 'before' | 'until') => {
      const text = options[name]
      return text === undefined || text === null ? undefined : signatureOf(text)
    }
    const before = cut('before')
    const until = cut('until')
    // One that isn't known cuts nothing off `until`, and everything off `before`.
    if (before !== undefined) {
      const at = found.findIndex(({ signature }) => signature === before)
      found = at < 0 ? [] : found.slice(at + 1)
    }
    if (until !== undefined) {
      const at = found.findIndex(({ signature }) => signature === until)
      if (at >= 0) found = found.slice(0, at)
    }
    return found
      .filter(({ keys }) => keys.includes(address))
      .slice(0, limit)
      .map((it) => ({
        signature: it.signature,
        slot: it.slot,
        err: it.failure,
        memo: Transactions.memo(it),
        blockTime: ledger.block(it.slot)?.time ?? null,
        confirmationStatus: confirmationOf(it).is,
      }))
  }

  /** Options, or the encoding alone, as older clients give it. */
  const encodingOptions = (params: readonly unknown[], index: number): Params.Config =>
    typeof params[index] === 'string' ? { encoding: params[index] } : Params.config(params, index)

  function getTransaction(params: readonly unknown[]): unknown {
    const signature = signatureOf(params[0])
    const options = encodingOptions(params, 1)
    const view = settled(options)
    const it = ledger.executed(signature)
    if (it === undefined || it.slot > view.slot) return null
    return {
      slot: it.slot,
      ...Transactions.encode(it, options),
      blockTime: ledger.block(it.slot)?.time ?? null,
    }
  }

  /** A block that a view has; what isn't there is either to come or was skipped. */
  function blockOf(slot: bigint, view: View): Block {
    if (slot > view.slot)
      throw Params.refusal(Params.CODES.blockUnavailable, `Block not available for slot ${slot}`)
    const block = ledger.block(slot)
    if (block === undefined)
      throw Params.refusal(
        Params.CODES.slotSkipped,
        `Slot ${slot} was skipped, or missing due to ledger jump to recent snapshot`,
      )
    return block
  }

  function getBlock(params: readonly unknown[]): unknown {
    const options = encodingOptions(params, 1)
    const block = blockOf(Params.whole(params[0]), settled(options))
    const details = Params.oneOf(
      options,
      'transactionDetails',
      ['full', 'accounts', 'signatures', 'none'],
      'full',
    )
    const { executed } = block
    return {
      blockhash: block.hash,
      previousBlockhash: ledger.parentOf(block.slot)?.hash ?? block.hash,
      parentSlot: block.parent,
      ...(details === 'full' ? { transactions: executed.map((it) => Transactions.encode(it, options)) } : {}),
      ...(details === 'accounts' ? { transactions: executed.map(Transactions.accountsOf) } : {}),
      ...(details === 'signatures' ? { signatures: executed.map(({ signature }) => signature) } : {}),
      ...(options['rewards'] === false ? {} : { rewards: [] }),
      blockTime: block.time,
      blockHeight: block.height,
    }
  }

  function slots(from: bigint, to: bigint): bigint[] {
    const out: bigint[] = []
    for (let slot = from; slot <= to; slot++) if (ledger.block(slot) !== undefined) out.push(slot)
    return out
  }

  function getBlocks(params: readonly unknown[]): unknown {
    const from = Params.whole(params[0])
    const end = typeof params[1] === 'number' ? Params.whole(params[1]) : undefined
    const view = settled(Params.config(params, end === undefined && params.length < 3 ? 1 : 2))
    const to = end === undefined || end > view.slot ? view.slot : end
    if (to - from > MOST_BLOCKS) throw Params.invalid(`Slot range too large; max ${MOST_BLOCKS}`)
    return slots(from, to)
  }

  function getBlocksWithLimit(params: readonly unknown[]): unknown {
    const from = Params.whole(params[0])
    const limit = Params.whole(params[1], 'usize')
    if (limit > MOST_BLOCKS) throw Params.invalid(`Limit too large; max ${MOST_BLOCKS}`)
    return slots(from, settled(Params.config(params, 2)).slot).slice(0, Number(limit))
  }

  type Filter = (account: { readonly data: Uint8Array }) => boolean
  function filterOf(value: unknown): Filter {
    const filter = value as {
      readonly dataSize?: unknown
      readonly memcmp?: { readonly offset?: unknown; readonly bytes?: unknown; readonly encoding?: unknown }
      readonly tokenAccountState?: unknown
    } | null
    if (filter?.dataSize !== undefined) {
      const size = Params.whole(filter.dataSize)
      return ({ data }) => BigInt(data.length) === size
    }
    if (filter?.memcmp !== undefined && filter.memcmp !== null) {
      const { offset, bytes, encoding = 'base58' } = filter.memcmp
      const at = Params.whole(offset, 'usize')
      if (typeof bytes !== 'string') throw Params.invalid('Invalid param: invalid memcmp bytes')
      const wanted = encoding === 'base64' ? Params.base64(bytes) : Params.base58(bytes, 175, decode58)
      if (wanted.length > 128) throw Params.invalid('encoded bytes too large (max: 128 bytes)')
      return ({ data }) => Params.occursAt(data, at, wanted)
    }
    throw Params.invalid('Invalid params: unknown filter, expected `dataSize` or `memcmp`.')
  }
  function filtersOf(options: Params.Config): Filter {
    const { filters = [] } = options
    if (!Array.isArray(filters)) throw Params.invalid('Invalid params: filters, expected a sequence.')
    if (filters.length > MOST_FILTERS) throw Params.invalid(`Too many filters provided; max ${MOST_FILTERS}`)
    const all = filters.map(filterOf)
    return (account) => all.every((filter) => filter(account))
  }

  function getProgramAccounts(params: readonly unknown[]): unknown {
    const program = Params.address(params[0])
    const options = Params.config(params, 1)
    const view = viewOf(options)
    const filter = filtersOf(options)
    const accounts = [...ledger.programAccounts(program, view.commitment)]
      .filter(([, account]) => filter(account))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([pubkey, account]) => ({ pubkey, account: encoded(account, options, view.commitment) }))
    return options['withContext'] === true ? inContext(view, accounts) : accounts
  }

  function getTokenAccountsByOwner(params: readonly unknown[]): unknown {
    const owner = Params.address(params[0])
    const which = Params.config(params, 1)
    const options = Params.config(params, 2)
    const view = viewOf(options)
    const mint = which['mint'] === undefined ? undefined : Params.address(which['mint'])
    const token = mint === undefined ? undefined : ledger.account(mint, view.commitment)
    if (mint !== undefined && (token === undefined || Tokens.mint(token) === undefined))
      throw Params.invalid('Invalid param: could not find mint')
    const program =
      token === undefined ? Params.address(which['programId']) : (Tokens.tokenProgram(token) as string)
    if (program !== Tokens.TOKEN && program !== Tokens.TOKEN_2022)
      throw Params.invalid('Invalid param: unrecognized Token program id')
    const accounts = [...ledger.programAccounts(program, view.commitment)]
      .filter(([, account]) => {
        const held = Tokens.holding(account)
        return held?.owner === owner && (mint === undefined || held.mint === mint)
      })
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([pubkey, account]) => ({ pubkey, account: encoded(account, options, view.commitment) }))
    return inContext(view, accounts)
  }

  function getTokenAccountBalance(params: readonly unknown[]): unknown {
    const address = Params.address(params[0])
    const view = viewOf(Params.config(params, 1))
    const account = ledger.account(address, view.commitment)
    if (account === undefined) throw Params.invalid('Invalid param: could not find account')
    const held = Tokens.holding(account)
    if (held === undefined) throw Params.invalid('Invalid param: not a Token account')
    const token = mintAt(view.commitment)(held.mint)
    if (token === undefined) throw Params.invalid('Invalid param: could not find mint')
    return inContext(view, Accounts.tokenAmount(held.amount, token.decimals))
  }

  function getTokenSupply(params: readonly unknown[]): unknown {
    const address = Params.address(params[0])
    const view = viewOf(Params.config(params, 1))
    const token = mintAt(view.commitment)(address)
    if (token === undefined) throw Params.invalid('Invalid param: not a Token mint')
    return inContext(view, Accounts.tokenAmount(token.supply, token.decimals))
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
      ledger.isRecent(kit.getBase58Decoder().decode(message.lifetime), view.commitment) ||
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

  function getEpochInfo(params: readonly unknown[]): unknown {
    const view = viewOf(Params.config(params, 0))
    return {
      absoluteSlot: view.slot,
      blockHeight: view.height,
      epoch: view.slot / SLOTS_IN_EPOCH,
      slotIndex: view.slot % SLOTS_IN_EPOCH,
      slotsInEpoch: SLOTS_IN_EPOCH,
      transactionCount: countAt(view),
    }
  }
  const countAt = (view: View) => ledger.transactions().filter(({ slot }) => slot <= view.slot).length

  function requestAirdrop(params: readonly unknown[]): string {
    const address = Params.address(params[0])
    const lamports = Params.whole(params[1])
    return airdrop(address, lamports)
  }

  return {
    getHealth: () => 'ok',
    getVersion: () => ({ 'solana-core': VERSION, 'feature-set': FEATURE_SET }),
    getGenesisHash: () => ledger.genesisHash,
    getFirstAvailableBlock: () => 0,
    minimumLedgerSlot: () => 0,
    getSlot: (params) => viewOf(Params.config(params, 0)).slot,
    getBlockHeight: (params) => viewOf(Params.config(params, 0)).height,
    getTransactionCount: (params) => countAt(viewOf(Params.config(params, 0))),
    getEpochInfo,
    getEpochSchedule: () => ({
      slotsPerEpoch: SLOTS_IN_EPOCH,
      leaderScheduleSlotOffset: SLOTS_IN_EPOCH,
      warmup: false,
      firstNormalEpoch: 0,
      firstNormalSlot: 0,
    }),
    getBlockTime: (params) => blockOf(Params.whole(params[0]), ledger.view('confirmed')).time,
    getBlock,
    getBlocks,
    getBlocksWithLimit,
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
    getMinimumBalanceForRentExemption: (params) =>
      ledger.svm.minimumBalanceForRentExemption(Params.whole(params[0], 'usize')),
    getBalance: (params) => {
      const address = Params.address(params[0])
      const view = viewOf(Params.config(params, 1))
      return inContext(view, ledger.account(address, view.commitment)?.lamports ?? 0n)
    },
    getAccountInfo: (params) => {
      const address = Params.address(params[0])
      const options = Params.config(params, 1)
      const view = viewOf(options)
      return inContext(view, encoded(ledger.account(address, view.commitment), options, view.commitment))
    },
    getMultipleAccounts: (params) => {
      const addresses = Params.texts(params, 0, MOST_ACCOUNTS).map(Params.address)
      const options = { encoding: 'base64', ...Params.config(params, 1) }
      const view = viewOf(options)
      return inContext(
        view,
        addresses.map((it) => encoded(ledger.account(it, view.commitment), options, view.commitment)),
      )
    },
    getProgramAccounts,
    getTokenAccountBalance,
    getTokenAccountsByOwner,
    getTokenSupply,
    getSignatureStatuses,
    getSignaturesForAddress,
    getTransaction,
    sendTransaction,
    simulateTransaction,
    requestAirdrop,
  }
}

/** What a subscription to an account is told: its bytes at a commitment, or that there is none. */
export function isSame(a: ReturnType<Ledger['account']>, b: ReturnType<Ledger['account']>): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.lamports === b.lamports && Bytes.equal(a.owner, b.owner) && Bytes.equal(a.data, b.data)
}
