import type { Fact } from '@aitbc/core'
import type * as Chain from '../Chain.js'
import type * as Ledger from '../Ledger.js'
import type { Seen } from './reads.js'

/** What is worked out of a block, or of the ledger as it left it, once for all who look at it. */
export interface Notes {
  readonly of: Chain.Block | Ledger.Ledger
  /** The head as whoever sees so much as final tells it. */
  tip?: { readonly finalized: bigint; readonly tip: Fact.Tip }
  /** What was found in a ledger, by script, as long as the same waits. */
  looked?: {
    readonly mempool: readonly Chain.Waiting[]
    readonly waiting: number
    /** What waits is late or not by it. */
    readonly clock: bigint
    readonly found: Map<string, readonly Seen[]>
  }
}

/** Beside it: a weak map is slow for what is as young, and as soon gone, as blocks are. */
const NOTES = Symbol('notes')

export function notesOf(one: (Chain.Block | Ledger.Ledger) & { [NOTES]?: Notes }): Notes {
  const known = one[NOTES]
  // What was made of another one took the other's along.
  if (known?.of === one) return known
  const notes: Notes = { of: one }
  one[NOTES] = notes
  return notes
}
