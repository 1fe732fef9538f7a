import type { Block, Commitment, Executed, View } from '../ledger.js'
import * as Params from './params.js'
import * as Transactions from './transactions.js'
import type { Methods, Views } from './views.js'

const MOST_STATUSES = 256
const MOST_SIGNATURES = 1_000
const MOST_BLOCKS = 500_000n
/** Slots whose transactions `getSignatureStatuses` knows without a search. */
const RECENT = 300n

/** What became of transactions, and blocks. */
export function methods({ ledger, settled, inContext, signatureOf }: Views): Methods {
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

  return {
    getBlockTime: (params) => blockOf(Params.whole(params[0]), ledger.view('confirmed')).time,
    getBlock,
    getBlocks,
    getBlocksWithLimit,
    getSignatureStatuses,
    getSignaturesForAddress,
    getTransaction,
  }
}
