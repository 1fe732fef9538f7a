import { Verdict } from '@aitbc/core'
import type { Pending } from '../engine/Engine.js'
import * as Finality from './Finality.js'
import * as StakeTable from './StakeTable.js'

/** What the caller trusts: who votes in an epoch. */
export interface Anchor {
  readonly table: StakeTable.StakeTable
}

/** A light client's state: plain, immutable data; only {@link trust}, {@link install} and {@link apply} make one. */
export interface State {
  /** Those installed, by ascending epoch. */
  readonly tables: readonly StakeTable.StakeTable[]
  /** The highest bank that votes rooted; none at first. */
  readonly final: Finality.Bank | undefined
}

/** A bank, why it is final, and the caller's clock in unix seconds. */
export interface Update {
  readonly bank: Finality.Bank
  readonly evidence: Finality.Evidence
  readonly now: bigint
}

/**
 * Starts a light client from a stake table that the caller trusts. Nothing but this makes a state, and nothing is final in it, so a
 * fresh verifier accepts nothing (A52). Refusals: those of `StakeTable.check`.
 */
export function trust({ table }: Anchor): Verdict.Verdict<State> {
  const checked = StakeTable.check(table)
  return checked.ok ? Verdict.accept({ tables: [checked.value], final: undefined }) : checked
}

/**
 * Installs the table of a later epoch. Only the caller can: no update carries one, for nothing that Solana's validators sign says who
 * they are. Refusals: `stake-epoch` (not after the last one's epoch and slots), and those of `StakeTable.check`.
 *
 * @example
 * import { LightClient } from '@aitbc/proofs/solana'
 * declare const state: LightClient.State
 * declare const table: import('@aitbc/proofs/solana').StakeTable.StakeTable
 * LightClient.install(state, table)
 */
export function install(state: State, table: StakeTable.StakeTable): Verdict.Verdict<State> {
  const checked = StakeTable.check(table)
  if (!checked.ok) return checked
  const last = state.tables.at(-1) as StakeTable.StakeTable
  if (table.epoch <= last.epoch || table.slots[0] <= last.slots[1])
    return Verdict.refuse('stake-epoch', `epoch ${table.epoch} doesn't follow epoch ${last.epoch}`)
  return Verdict.accept({ ...state, tables: [...state.tables, table] })
}

/**
 * Verifies that a bank is final, and gives the next state. Refusals: `slot-not-newer`, and those of `Finality.verify`.
 *
 * @example
 * import { LightClient } from '@aitbc/proofs/solana'
 * declare const state: LightClient.State
 * declare const update: LightClient.Update
 * const verdict = LightClient.apply(state, update)
 * if (verdict.ok) LightClient.finalized(verdict.value)?.slot
 */
export function apply(state: State, update: Update): Verdict.Verdict<State> {
  return Finality.settle(prepare(state, update))
}

/** {@link apply} for an engine of the caller's, by the rule `strict`. */
export function prepare(
  { tables, final }: State,
  { bank, evidence, now }: Update,
): Verdict.Verdict<Pending<State>> {
  if (final !== undefined && bank.slot <= final.slot)
    return Verdict.refuse('slot-not-newer', `slot ${final.slot} is final already`)
  const waiting = Finality.prepare(tables, bank, evidence, { now })
  if (!waiting.ok) return waiting
  const next: State = { tables, final: { slot: bank.slot, hash: bank.hash } }
  return Verdict.accept(Finality.pending(waiting.value.checks, next))
}

/** The highest bank that is final; `undefined` in a fresh state. */
export function finalized(state: State): Finality.Bank | undefined {
  return state.final
}
