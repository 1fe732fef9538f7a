import type { Verdict } from '@aitbc/core'

/**
 * The one shape of every light client here: a state that starts from a block which the caller trusts, and pure steps. What it
 * calls final, other checks may build on.
 */
export interface HeaderSync<Anchor, State, Update, Final> {
  trust(anchor: Anchor): Verdict.Verdict<State>
  apply(state: State, update: Update): Verdict.Verdict<State>
  finalized(state: State): Final
}
