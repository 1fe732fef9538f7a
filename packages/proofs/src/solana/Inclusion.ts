import { Bytes, Verdict } from '@aitbc/core'
import type { Pending } from '../engine/Engine.js'
import * as BankHash from './BankHash.js'
import * as EntryMerkle from './EntryMerkle.js'
import * as Finality from './Finality.js'
import * as LightClient from './LightClient.js'
import * as Poh from './Poh.js'
import * as Transaction from './Transaction.js'

/** The way from a transaction to the hash of its bank. */
export interface Evidence {
  readonly transaction: Bytes.Bytes
  /** One for each of its signatures, side by side in their entry. */
  readonly paths: readonly EntryMerkle.Path[]
  /** The chain's hash right before the entry's mixin went in. */
  readonly state: Bytes.Hash32
  /** The entries after that one, up to the last tick of the slot. */
  readonly entries: readonly Poh.Entry[]
  /** Of the bank before. */
  readonly parent: Bytes.Hash32
  readonly bank: BankHash.Parts
}

/** How much a caller is ready to work, and how long a slot is. */
export interface Options extends Pick<Poh.Options, 'limit' | 'engine'> {
  /** Ticks of a slot: 64 on all clusters of today. */
  readonly ticksPerSlot?: number
}

/** Ticks of a slot (agave, `DEFAULT_TICKS_PER_SLOT`). */
const TICKS_PER_SLOT = 64

/**
 * A transaction stood in a block that more than two thirds of the stake rooted.
 *
 * That is all: not that it succeeded (failed transactions stand in blocks as well, and some that weren't even run), not what state it left
 * (a bank's hash has no path to an account), not what accounts its lookup tables named. It is `attested` by a stake table that the caller
 * took on trust, never `proved`.
 */
export interface Attested {
  readonly assurance: 'attested'
  readonly says: 'included'
  /** What doesn't follow. */
  readonly silent: readonly ['success', 'state', 'lookups']
  readonly bank: Finality.Bank
  /** The hash that later transactions name. */
  readonly blockhash: Bytes.Hash32
  readonly transaction: Transaction.Transaction
}

/**
 * Verifies that a transaction stands in the bank that is final: its signatures by the strict rule, their paths to the entry's root, that
 * root in the proof-of-history chain, the chain's last hash in the bank's hash.
 *
 * Refusals: `not-final` (a fresh light client), `hash-length`, `transaction-paths` (not one a signature), `entry-index` (signatures not side by side),
 * `entry-root` (paths to different roots), `poh-last-tick` (the chain doesn't end with a tick), `blockhash`, `bank-hash` (another bank is
 * final), `poh-slot` (the chain starts before the slot), and those of `Transaction.decode` and `Transaction.verify`, of `EntryMerkle.fold`, `Poh.verify` and `BankHash.check`.
 *
 * @example
 * import { Inclusion } from '@aitbc/proofs/solana'
 * declare const state: import('@aitbc/proofs/solana').LightClient.State
 * declare const evidence: Inclusion.Evidence
 * const verdict = Inclusion.verify(state, evidence)
 * if (verdict.ok) verdict.value.silent // ['success', 'state', 'lookups']
 */
export function verify(
  client: LightClient.State,
  evidence: Evidence,
  options: Options = {},
): Verdict.Verdict<Attested> {
  return Finality.settle(prepare(client, evidence, options))
}

/** {@link verify} for an engine of the caller's, by the rule `strict`. */
export function prepare(
  client: LightClient.State,
  evidence: Evidence,
  options: Options = {},
): Verdict.Verdict<Pending<Attested>> {
  const { paths, state, entries, parent, bank } = evidence
  const final = LightClient.finalized(client)
  if (final === undefined) return Verdict.refuse('not-final', 'nothing is final yet')
  const transaction = Transaction.decode(evidence.transaction)
  if (!transaction.ok) return transaction
  const { signatures } = transaction.value
  if (paths.length !== signatures.length)
    return Verdict.refuse('transaction-paths', `${signatures.length} paths are needed, got ${paths.length}`)
  let first: EntryMerkle.Leaf | undefined
  for (const [at, path] of paths.entries()) {
    const leaf = EntryMerkle.fold(signatures[at] as Bytes.Bytes, path)
    if (!leaf.ok) return leaf
    first ??= leaf.value
    if (!Bytes.equal(leaf.value.root, first.root))
      return Verdict.refuse('entry-root', 'the signatures stand in different entries')
    if (leaf.value.index !== first.index + at)
      return Verdict.refuse('entry-index', "the signatures don't stand side by side")
  }
  const { root } = first as EntryMerkle.Leaf
  if (state.length !== 32 || parent.length !== 32)
    return Verdict.refuse('hash-length', 'the hashes of the chain and of the parent have 32 bytes')
  const checked = BankHash.check(bank)
  if (!checked.ok) return checked
  if (!Bytes.equal(BankHash.of(parent, bank), final.hash))
    return Verdict.refuse('bank-hash', 'another bank is final')
  const last = entries.at(-1)
  if (last === undefined || last.mixin !== undefined)
    return Verdict.refuse('poh-last-tick', 'the last entry of a slot is a tick')
  if (!Bytes.equal(last.hash, bank.blockhash))
    return Verdict.refuse('blockhash', 'the bank has another blockhash')
  const { ticksPerSlot = TICKS_PER_SLOT } = options
  // The chain doesn't stop between slots: behind more ticks stands a transaction of a slot before, whose bank is another.
  if (entries.filter(({ mixin }) => mixin === undefined).length > ticksPerSlot)
    return Verdict.refuse('poh-slot', `more than ${ticksPerSlot} ticks are more than a slot`)
  const chain = Poh.verify(Poh.mix(state, root), entries, options)
  if (!chain.ok) return chain
  const attested: Attested = {
    assurance: 'attested',
    says: 'included',
    silent: ['success', 'state', 'lookups'],
    bank: final,
    blockhash: bank.blockhash,
    transaction: transaction.value,
  }
  return Verdict.accept(Finality.pending(Transaction.checks(transaction.value), attested))
}
