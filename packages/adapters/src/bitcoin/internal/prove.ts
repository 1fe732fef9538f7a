import { Bytes, type CallOptions, type Claim, CoreErrors, type Fact, show } from '@aitbc/core'
import {
  Block,
  BlockHeader,
  Hash256,
  Inclusion,
  LockEvidenceForm,
  SpendEvidenceForm,
  Transaction,
} from '@aitbc/proofs/bitcoin'
import { BitcoinErrors } from '../errors.js'
import type { Context } from './context.js'
import { inputOf, type Located } from './reader.js'
import { parseRef } from './ref.js'
import * as Terms from './terms.js'

/** Headers read so far, upwards from the anchor's successor. */
interface Headers {
  readonly anchor: Fact.BlockRef
  readonly hashes: string[]
  readonly raw: Bytes.Bytes[]
}

const stores = /* @__PURE__ */ new WeakMap<Context, Headers>()

/**
 * Evidence for a lock (`bitcoin-lock/1`) or a spend (`bitcoin-spend/1`) that a block holds: headers from the anchor to the tip, the
 * transaction, and its branches. It was verified against its block here, so an endpoint that lies is found now.
 */
export async function prove(
  context: Context,
  claim: Claim,
  options: CallOptions = {},
): Promise<Fact.Evidence> {
  const { network, reader } = context
  Terms.check(network, claim?.terms)
  const outpoint = parseRef(claim.lock?.ref)
  const id = claim.kind === 'lock' ? claim.lock.transaction : claim.spend?.transaction
  if (claim.kind === 'lock' && id !== outpoint.txid)
    throw CoreErrors.InvalidArgument(`lock.transaction must be that of its ref, got ${show(id)}`, {
      argument: 'claim.lock.transaction',
      received: id,
    })
  const located = typeof id === 'string' ? await reader.transaction(id, options) : undefined
  if (located === undefined || located.at === 'mempool')
    throw BitcoinErrors.NotOnChain(`no block holds ${show(id)}`, { id })
  const tip = await reader.tip(options)
  const headers = await headersTo(context, tip, options)
  const block = Hash256.fromDisplay(located.at.hash)
  if (claim.kind === 'lock') {
    const inclusion = await inclusionOf(context, located, options)
    const bytes = LockEvidenceForm.encode({ headers, block, inclusion, output: outpoint.index })
    return { network: network.id, format: LockEvidenceForm.FORMAT, bytes }
  }
  const input = inputOf(located.transaction, outpoint)
  if (input === undefined)
    throw CoreErrors.InvalidArgument(`${id} does not spend ${claim.lock.ref}`, {
      argument: 'claim.spend.transaction',
      received: id,
    })
  const inclusion = await witnessInclusionOf(context, located, options)
  const bytes = SpendEvidenceForm.encode({ headers, block, inclusion, input: input.index })
  return { network: network.id, format: SpendEvidenceForm.FORMAT, bytes }
}

/** The raw headers after the anchor up to a tip, which must stand on the anchor. */
export async function headersTo(
  context: Context,
  tip: Fact.BlockRef,
  options: CallOptions = {},
): Promise<Bytes.Bytes> {
  const { reader } = context
  const anchor = context.anchor ?? (await reader.at(0n, options))
  if (anchor === undefined) throw BitcoinErrors.NotOnChain('the chain has no first block', {})
  let store = stores.get(context)
  if (store === undefined) {
    store = { anchor, hashes: [], raw: [] }
    stores.set(context, store)
  }
  const { hashes, raw } = store
  const wrong = (hash: string) =>
    BitcoinErrors.ContradictoryAnswer(`the tip ${tip.hash} does not stand on the anchor ${anchor.hash}`, {
      anchor,
      received: hash,
    })
  // Walks down from the tip to a header that is known, or to the anchor.
  const fresh: { readonly hash: string; readonly raw: Bytes.Bytes }[] = []
  let hash = tip.hash
  let height = tip.height
  while (height > anchor.height && hashes[Number(height - anchor.height) - 1] !== hash) {
    const header = await reader.header(hash, options)
    fresh.push({ hash, raw: BlockHeader.encode(header) })
    hash = Hash256.toDisplay(header.previous)
    height--
  }
  if (height < anchor.height || (height === anchor.height && hash !== anchor.hash)) throw wrong(hash)
  const kept = Number(height - anchor.height)
  hashes.splice(kept, hashes.length, ...fresh.map((one) => one.hash).reverse())
  raw.splice(kept, raw.length, ...fresh.map((one) => one.raw).reverse())
  return Bytes.concat(...raw)
}

async function inclusionOf(
  context: Context,
  located: Located,
  options: CallOptions,
): Promise<Inclusion.Inclusion> {
  const { backend, reader } = context
  const { hash } = located.at as Fact.BlockRef
  const first = await backend.coinbase(hash, options)
  const coinbase = first === undefined ? undefined : await reader.transaction(first, options)
  if (coinbase === undefined)
    throw BitcoinErrors.ContradictoryAnswer(`${backend.name}: block ${hash} has no coinbase`, { hash })
  const [place, coinbasePlace] = await Promise.all([
    backend.place(located.txid, hash, options),
    backend.place(coinbase.txid, hash, options),
  ])
  const inclusion = {
    transaction: Transaction.encodeStripped(located.transaction),
    index: place.index,
    siblings: place.siblings,
    coinbase: Transaction.encodeStripped(coinbase.transaction),
    coinbaseSiblings: coinbasePlace.siblings,
  }
  const { merkleRoot } = await reader.header(hash, options)
  const verdict = Inclusion.verify(merkleRoot, inclusion)
  if (!verdict.ok) throw contradiction(context, located, verdict.refusal.message)
  return inclusion
}

async function witnessInclusionOf(
  context: Context,
  located: Located,
  options: CallOptions,
): Promise<Inclusion.WitnessInclusion> {
  const { backend, reader } = context
  const { hash } = located.at as Fact.BlockRef
  const raw = await backend.block(hash, options)
  const decoded = raw && Block.decode(raw)
  if (!decoded?.ok) throw contradiction(context, located, `block ${hash} is missing or malformed`)
  const { transactions } = decoded.value
  const index = transactions.findIndex((one) => Hash256.toDisplay(Transaction.txid(one)) === located.txid)
  if (index < 0) throw contradiction(context, located, `block ${hash} does not hold it`)
  const inclusion = Inclusion.ofWitness(transactions, index)
  const { merkleRoot } = await reader.header(hash, options)
  const verdict = Inclusion.verifyWitness(merkleRoot, inclusion)
  if (!verdict.ok) throw contradiction(context, located, verdict.refusal.message)
  return inclusion
}

function contradiction(context: Context, located: Located, why: string) {
  return BitcoinErrors.ContradictoryAnswer(`${context.backend.name} about ${located.txid}: ${why}`, {
    txid: located.txid,
  })
}
