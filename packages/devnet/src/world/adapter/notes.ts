import type { Fact } from '@aitbc/core'
import type * as Chain from '../Chain.js'
import type { Seen } from './reads.js'

/** What is worked out of a block once, for all who look at it. */
export interface Notes {
  readonly of: Chain.Block
  /** The head as whoever sees so much as final tells it. */
  tip?: { readonly finalized: bigint; readonly tip: Fact.Tip }
  /** What was found at it, by script, as long as the same waits. */
  looked?: {
    readonly mempool: readonly Chain.Waiting[]
    readonly waiting: number
    readonly found: Map<string, readonly Seen[]>
  }
}

/** Beside the block itself: a weak map is slow for what is as young, and as soon gone, as blocks are. */
const NOTES = Symbol('notes')

export function notesOf(block: Chain.Block & { [NOTES]?: Notes }): Notes {
  const known = block[NOTES]
  // A block that was made of another one took the other's along.
  if (known?.of === block) return known
  const notes: Notes = { of: block }
  block[NOTES] = notes
  return notes
}
