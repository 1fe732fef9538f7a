import { cometBftCommit } from './commit.js'
import type { Gate } from './gate.js'
import { bitcoinHeaders } from './headers.js'
import { ics23Existence } from './ics23.js'
import { journalGroupCommit } from './journal.js'
import { syncCommitteeUpdate } from './syncCommittee.js'
import { trieProof } from './trie.js'

export type { Gate }

/** The gates that this package can measure, one group after the other. */
export const groups: readonly (() => Promise<readonly Gate[]>)[] = [
  cometBftCommit,
  syncCommitteeUpdate,
  bitcoinHeaders,
  trieProof,
  ics23Existence,
  journalGroupCommit,
]
